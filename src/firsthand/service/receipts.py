"""Receipts: the log's signed promise that an entry stands at its place."""

from __future__ import annotations

from typing import Any

from firsthand.errors import NotFound
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended
from firsthand.proof.capture import receipt_document
from firsthand.service.workspace import Workspace

__all__ = ["receipt_of", "sign_receipt"]


def sign_receipt(workspace: Workspace, appended: Appended) -> dict[str, Any]:
    """The receipt of an entry. Ed25519 being deterministic, the same entry always has the same one."""
    document = receipt_document(appended.place, appended.leaf, appended.recorded)
    return secure(document, workspace.log_key, appended.recorded)


def receipt_of(workspace: Workspace, place: int) -> dict[str, Any]:
    """The receipt of the entry at a place, signed anew and so the same. Raises NotFound."""
    for entry in workspace.journal.entries(place, place + 1):
        return sign_receipt(workspace, Appended(place, False, entry.leaf, entry.recorded))
    raise NotFound(f"the log has no entry {place}")
