"""Master data: the vocabulary elements of an EPCIS header, signed and journaled beside the events."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.protocol import NewEntry
from firsthand.ledger.places import MASTER_DATA
from firsthand.proof.canonical import canonical
from firsthand.service.workspace import Workspace

__all__ = ["master_data_entry", "vocabularies_of"]


def vocabularies_of(document: dict[str, Any]) -> list[Any]:
    """The header's `vocabularyList` (EPCIS 2.0 §9.6); empty where there is none."""
    header = document.get("epcisHeader")
    found = header.get("epcisMasterData") if type(header) is dict else None
    vocabularies = found.get("vocabularyList") if type(found) is dict else None
    return vocabularies if type(vocabularies) is list else []


def master_data_entry(
    workspace: Workspace, issuer: str, key: SigningKey, vocabularies: list[Any]
) -> NewEntry:
    """The journal's entry for these vocabularies; the same from the same issuer again is one entry."""
    created = workspace.now()
    document = {"type": MASTER_DATA, "issuer": issuer, "created": created, "vocabularyList": vocabularies}
    signed = secure(document, key, created)
    root = sha256(canonical(vocabularies)).digest()
    return NewEntry(MASTER_DATA, issuer, canonical(signed), key.did, root)
