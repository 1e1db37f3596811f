"""The capture: one signed manifest over one event or ten thousand, and the receipt for it.

A manifest names its issuer, when they say they made it, the number of events and the RFC 6962 root
over them (leaf: the canonical JSON of an event). One Data Integrity proof secures it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.fields import (
    base64_text,
    from_base64,
    member,
    only_members,
    place_of,
    shown,
    timestamp,
)
from firsthand.proof.merkle import leaf_hash

__all__ = [
    "CAPTURE_TYPE",
    "RECEIPT_TYPE",
    "Manifest",
    "SeenBlock",
    "after_member",
    "check_receipt",
    "entry_leaf",
    "event_leaf",
    "manifest_document",
    "parse_after",
    "parse_manifest",
    "receipt_document",
]

CAPTURE_TYPE: Final = "Capture"
RECEIPT_TYPE: Final = "Receipt"

_MEMBERS: Final = frozenset(("type", "issuer", "created", "events", "after", "custodial", "proof"))


@dataclass(frozen=True, slots=True)
class SeenBlock:
    """A block that the signer had seen: the capture was made after it. `hash` is in internal order."""

    height: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a capture says: `count` events under `root`, from `issuer`, claimed to be made at `created`.

    `custodial`: the key that signed is held by the operator for the issuer, who sent the events unsigned.
    """

    issuer: str
    created: str
    count: int
    root: bytes
    after: SeenBlock | None = None
    custodial: bool = False


def event_leaf(event: dict[str, Any]) -> bytes:
    """SHA-256(0x00 ‖ JCS(event)): the event's leaf in its capture."""
    return leaf_hash(canonical(event))


def entry_leaf(document: dict[str, Any]) -> bytes:
    """SHA-256(0x00 ‖ JCS(document)): a signed document's leaf in the log, its proof included."""
    return leaf_hash(canonical(document))


def manifest_document(manifest: Manifest) -> dict[str, Any]:
    """The manifest as JSON, ready to be secured."""
    document: dict[str, Any] = {
        "type": CAPTURE_TYPE,
        "issuer": manifest.issuer,
        "created": manifest.created,
        "events": {"count": manifest.count, "root": base64_text(manifest.root)},
    }
    document |= after_member(manifest.after)
    if manifest.custodial:
        document["custodial"] = True
    return document


def parse_manifest(document: dict[str, Any], path: str = "$") -> Manifest:
    """Read a capture's manifest; its signature is not checked here. Raises InvalidInput with the path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != CAPTURE_TYPE:
        raise InvalidInput(f"expected {CAPTURE_TYPE}, got {shown(document.get('type'))}", f"{path}.type")
    events = member(document, "events", dict, path)
    only_members(events, frozenset(("count", "root")), f"{path}.events")
    count = place_of(events, "count", f"{path}.events")
    if not count:
        raise InvalidInput("a capture has at least one event", f"{path}.events.count")
    if document.get("custodial", True) is not True:
        raise InvalidInput("expected true, or no such member", f"{path}.custodial")
    return Manifest(
        issuer=member(document, "issuer", str, path),
        created=timestamp(document, "created", path),
        count=count,
        root=from_base64(events, "root", f"{path}.events", 32),
        after=parse_after(document, path),
        custodial="custodial" in document,
    )


def after_member(after: SeenBlock | None) -> dict[str, Any]:
    """The member `after` of a signed document; nothing where its signer names no block."""
    return {} if after is None else {"after": {"height": after.height, "hash": after.hash[::-1].hex()}}


def parse_after(document: dict[str, Any], path: str) -> SeenBlock | None:
    """The block that a document's signer had seen, where it names one. Raises InvalidInput."""
    if "after" not in document:
        return None
    after = member(document, "after", dict, path)
    only_members(after, frozenset(("height", "hash")), f"{path}.after")
    text = member(after, "hash", str, f"{path}.after")
    if len(text) != 64 or not set(text) <= set("0123456789abcdef"):
        raise InvalidInput("expected a block hash of 64 lower-case hex digits", f"{path}.after.hash")
    return SeenBlock(place_of(after, "height", f"{path}.after"), bytes.fromhex(text)[::-1])


def receipt_document(place: int, leaf: bytes, recorded: str) -> dict[str, Any]:
    """What the log promises of an entry: that it stands at this place. Secured with the log's key."""
    return {"type": RECEIPT_TYPE, "place": place, "leaf": base64_text(leaf), "recorded": recorded}


def check_receipt(receipt: dict[str, Any], document: dict[str, Any], log_key: str) -> int:
    """Check the log's promise about a signed document and return its place.

    Raises InvalidInput when the receipt is malformed, speaks of another document, or is not signed by
    `log_key` (a did:key).
    """
    only_members(receipt, frozenset(("type", "place", "leaf", "recorded", "proof")), "$")
    if receipt.get("type") != RECEIPT_TYPE:
        raise InvalidInput(f"expected {RECEIPT_TYPE}, got {shown(receipt.get('type'))}", "$.type")
    timestamp(receipt, "recorded", "$")
    if from_base64(receipt, "leaf", "$", 32) != entry_leaf(document):
        raise InvalidInput("the receipt is for another document", "$.leaf")
    signer = verify_proof(receipt).did
    if signer != log_key:
        raise InvalidInput(
            f"signed by {signer}, expected the log's key {log_key}", "$.proof.verificationMethod"
        )
    return place_of(receipt, "place", "$")
