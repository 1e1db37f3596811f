"""The credential record: the journaled document that fixes one credential or ten thousand at a place.

It names the root of a tree over the credentials' leaves, as a capture does of its events, and nothing of what
they say: a credential may be confidential, or speak of a person, and everything in the log may be published.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.capture import SeenBlock, after_member, parse_after
from firsthand.proof.did_key import decode_did_key
from firsthand.proof.fields import base64_text, from_base64, member, only_members, place_of, shown, timestamp

__all__ = ["RECORD_TYPE", "CredentialRecord", "parse_record", "record_document"]

RECORD_TYPE: Final = "CredentialRecord"

_MEMBERS: Final = frozenset(("type", "issuer", "created", "credentials", "resolved", "after", "proof"))


@dataclass(frozen=True, slots=True)
class CredentialRecord:
    """`count` credentials under `root`, put on record by `issuer`: who issued them, or who brought them in.

    `resolved` says to which did:key each verification method that is no did:key led when it was looked up.
    """

    issuer: str
    count: int
    root: bytes
    resolved: dict[str, str] = field(default_factory=dict)
    after: SeenBlock | None = None


def record_document(record: CredentialRecord, created: str) -> dict[str, Any]:
    """The record as JSON, ready to be secured."""
    document: dict[str, Any] = {
        "type": RECORD_TYPE,
        "issuer": record.issuer,
        "created": created,
        "credentials": {"count": record.count, "root": base64_text(record.root)},
        **after_member(record.after),
    }
    return {**document, "resolved": record.resolved} if record.resolved else document


def parse_record(document: dict[str, Any], path: str = "$") -> CredentialRecord:
    """Read a record; its signature is not checked here. Raises InvalidInput with the path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != RECORD_TYPE:
        raise InvalidInput(f"expected {RECORD_TYPE}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    credentials = member(document, "credentials", dict, path)
    only_members(credentials, frozenset(("count", "root")), f"{path}.credentials")
    count = place_of(credentials, "count", f"{path}.credentials")
    if not count:
        raise InvalidInput("a record has at least one credential", f"{path}.credentials.count")
    resolved = member(document, "resolved", dict, path) if "resolved" in document else {}
    for method, key in resolved.items():
        if type(key) is not str:
            raise InvalidInput("expected a did:key", f"{path}.resolved.{method}")
        decode_did_key(key)
    root = from_base64(credentials, "root", f"{path}.credentials", 32)
    issuer, after = member(document, "issuer", str, path), parse_after(document, path)
    return CredentialRecord(issuer, count, root, resolved, after)
