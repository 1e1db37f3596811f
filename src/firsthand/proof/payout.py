"""Payout statements: where a party wants to be paid, fixed in the log without telling it.

A statement gives the whole state from its place on and names the one before, as a party statement does
(ADR 3). The payout itself (identity key or address) stands in it as a salted digest, so that the log ties no
key to a person. What the log's keeper does with it, and after which delay, is `service.payout_addresses`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.fields import from_base64, member, only_members, shown, timestamp

__all__ = ["PAYOUT", "PAYOUT_STATEMENT", "PayoutStatement", "parse_payout_statement"]

PAYOUT_STATEMENT: Final = "PayoutStatement"
PAYOUT: Final = "payout"
"""The name in the disclosure of a payout (`proof.disclosure`)."""

_MEMBERS: Final = frozenset(("type", "issuer", "created", "party", "payout", "previous", "proof"))


@dataclass(frozen=True, slots=True)
class PayoutStatement:
    """Whose payout, who states it, the payout's digest (32 bytes), and the leaf of the statement before."""

    party: str
    issuer: str
    payout: bytes
    previous: bytes | None


def parse_payout_statement(document: dict[str, Any], path: str = "$") -> PayoutStatement:
    """Read a payout statement, its signature unchecked. Raises InvalidInput with the member's path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != PAYOUT_STATEMENT:
        raise InvalidInput(f"expected {PAYOUT_STATEMENT}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    return PayoutStatement(
        party=member(document, "party", str, path),
        issuer=member(document, "issuer", str, path),
        payout=from_base64(document, "payout", path, 32),
        previous=from_base64(document, "previous", path, 32) if "previous" in document else None,
    )
