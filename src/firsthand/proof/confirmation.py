"""Confirmations of an event by others than its signer: acknowledgements and counter-signatures.

An **acknowledgement** reveals a one-time code. The event, journaled before, carries the commitment to that
code: whoever knew the code when it was revealed had the paper that it was printed on, or printed it. A
**counter-signature** is a party's own signature over events that somebody else recorded.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import event_leaf
from firsthand.proof.fields import base64_text, from_base64, member, only_members, shown, timestamp
from firsthand.proof.one_time_code import read_code

__all__ = [
    "ACKNOWLEDGED_BY",
    "ACKNOWLEDGEMENT",
    "CARD",
    "CONFIRMATIONS",
    "COUNTER_SIGNATURE",
    "MAX_CODES",
    "MAX_LEAVES",
    "ON_BEHALF_OF",
    "Confirmation",
    "acknowledgement_member",
    "check_confirmation",
    "commitment",
    "parse_card",
    "parse_confirmation",
]

ACKNOWLEDGEMENT: Final = "Acknowledgement"
COUNTER_SIGNATURE: Final = "CounterSignature"
CARD: Final = "AcknowledgementCard"
CONFIRMATIONS: Final = (ACKNOWLEDGEMENT, COUNTER_SIGNATURE)

ACKNOWLEDGED_BY: Final = "fh:acknowledgement"
ON_BEHALF_OF: Final = "fh:onBehalfOf"

MAX_LEAVES: Final = 100
"""Events of one counter-signature: each bundle of one of them carries the whole document."""

MAX_CODES: Final = 200

_COMMITMENT: Final = "firsthand acknowledgement"
_ACKNOWLEDGEMENT_MEMBERS: Final = frozenset(("type", "issuer", "created", "event", "code", "proof"))
_COUNTER_MEMBERS: Final = frozenset(("type", "issuer", "created", "events", "proof"))
_CARD_MEMBERS: Final = frozenset(("type", "issuer", "created", "member", "card", "commitments", "proof"))


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a confirmation says: who journaled it, of which events (leaf hashes), with which code."""

    kind: str
    issuer: str
    created: str
    leaves: tuple[bytes, ...]
    code: str | None = None


def commitment(subject: str, code: str) -> bytes:
    """SHA-256(JCS(["firsthand acknowledgement", subject, code])): `subject` is what the code is for.

    The subject is the delivery's URI for a code on a receipt, the card's URI with `#` and the number of the
    code for one on a card. Raises InvalidInput when the code is none.
    """
    return sha256(canonical([_COMMITMENT, subject, read_code(code)])).digest()


def acknowledgement_member(subject: str, committed: bytes) -> dict[str, str]:
    """The `fh:acknowledgement` of an event: by which code it will be acknowledged, if it is."""
    return {"fh:subject": subject, "fh:commitment": base64_text(committed)}


def parse_confirmation(document: dict[str, Any], path: str = "$") -> Confirmation:
    """Read an acknowledgement or a counter-signature, its signature unchecked. Raises InvalidInput."""
    code: str | None = None
    kind = document.get("type")
    if kind == ACKNOWLEDGEMENT:
        only_members(document, _ACKNOWLEDGEMENT_MEMBERS, path)
        code = member(document, "code", str, path)
        if not _is_code(code):
            raise InvalidInput("expected a one-time code in its one spelling", f"{path}.code")
        leaves: tuple[bytes, ...] = (from_base64(document, "event", path, 32),)
    elif kind == COUNTER_SIGNATURE:
        only_members(document, _COUNTER_MEMBERS, path)
        leaves = _digests(document, "events", MAX_LEAVES, path)
    else:
        raise InvalidInput(f"expected {' or '.join(CONFIRMATIONS)}, got {shown(kind)}", f"{path}.type")
    created = timestamp(document, "created", path)
    return Confirmation(kind, member(document, "issuer", str, path), created, leaves, code)


def check_confirmation(confirmation: Confirmation, event: dict[str, Any]) -> str:
    """What the confirmation says of this event, for a person. Raises InvalidInput when it is not about it."""
    if event_leaf(event) not in confirmation.leaves:
        raise InvalidInput(f"the {confirmation.kind} is about other events")
    if confirmation.code is None:
        itself = event.get(ON_BEHALF_OF) == confirmation.issuer
        whom = "the party it was recorded for" if itself else "another party than it was recorded for"
        return f"counter-signed by {whom}"
    commits = event.get(ACKNOWLEDGED_BY)
    if type(commits) is not dict:
        raise InvalidInput("the event carries no commitment to a code", f"$.{ACKNOWLEDGED_BY}")
    path = f"$.{ACKNOWLEDGED_BY}"
    subject = member(commits, "fh:subject", str, path)
    if commitment(subject, confirmation.code) != from_base64(commits, "fh:commitment", path, 32):
        raise InvalidInput("the revealed code is not the one that the event commits to", path)
    return "acknowledged by the one-time code that it commits to"


def parse_card(document: dict[str, Any], path: str = "$") -> tuple[bytes, ...]:
    """The commitments of a card, in the order of its codes. Raises InvalidInput."""
    only_members(document, _CARD_MEMBERS, path)
    if document.get("type") != CARD:
        raise InvalidInput(f"expected {CARD}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    for name in ("issuer", "member", "card"):
        member(document, name, str, path)
    return _digests(document, "commitments", MAX_CODES, path)


def _is_code(text: str) -> bool:
    try:
        return read_code(text) == text
    except InvalidInput:
        return False


def _digests(document: dict[str, Any], name: str, most: int, path: str) -> tuple[bytes, ...]:
    values = member(document, name, list, path)
    if not 1 <= len(values) <= most:
        raise InvalidInput(f"expected 1 to {most} digests", f"{path}.{name}")
    found = [
        from_base64({f"{name}[{at}]": value}, f"{name}[{at}]", path, 32) for at, value in enumerate(values)
    ]
    if len(set(found)) != len(found):
        raise InvalidInput("names one twice", f"{path}.{name}")
    return tuple(found)
