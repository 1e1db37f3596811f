"""Receipts: the log's signed promise that an entry stands at its place."""

from __future__ import annotations

from typing import Any

from firsthand.errors import NotFound
from firsthand.identity.signing import secure
from firsthand.proof.capture import receipt_document
from firsthand.service.workspace import Workspace

__all__ = ["sign_receipt"]


def sign_receipt(workspace: Workspace, place: int) -> dict[str, Any]:
    """The receipt of the entry at `place`. Ed25519 being deterministic, asking again gives the same one.

    Raises NotFound when the journal has no such place.
    """
    for entry in workspace.journal.entries(place, place + 1):
        document = receipt_document(place, entry.leaf, entry.recorded)
        return secure(document, workspace.log_key, entry.recorded)
    raise NotFound(f"the journal has no entry at place {place}")
