"""Member statements: whom a cooperative counts among its members, without telling who they are.

A statement gives one membership's whole state from its place in the log on, as a party statement does for
a party (ADR 3). It names the member by a URI that says nothing about the person, and fixes the
cooperative's record of them (number, name, telephone …) by a salted digest. `sameAs` says that two
memberships turned out to be one person's; a later statement without it takes that back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.fields import from_base64, member, only_members, shown, timestamp

__all__ = ["MEMBER_STATEMENT", "RECORD", "Membership", "parse_membership"]

MEMBER_STATEMENT: Final = "MemberStatement"
RECORD: Final = "member"
"""The name in the disclosure of a member's record (`proof.disclosure`)."""

_MEMBERS: Final = frozenset(
    ("type", "issuer", "created", "member", "record", "party", "sameAs", "previous", "proof")
)


@dataclass(frozen=True, slots=True)
class Membership:
    """One membership: the member's URI, the digest of its record, and what it is tied to.

    `party` is the registered party that the member turned out to be, where that has another URI; `same_as`
    the membership that this one is merged into; `previous` the leaf of the statement before.
    """

    cooperative: str
    member: str
    record: bytes
    party: str | None
    same_as: str | None
    previous: bytes | None


def parse_membership(document: dict[str, Any], path: str = "$") -> Membership:
    """Read a member statement, its signature unchecked. Raises InvalidInput with the member's path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != MEMBER_STATEMENT:
        raise InvalidInput(f"expected {MEMBER_STATEMENT}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    uri = member(document, "member", str, path)
    same_as = member(document, "sameAs", str, path) if "sameAs" in document else None
    if same_as == uri:
        raise InvalidInput("a membership is not merged into itself", f"{path}.sameAs")
    return Membership(
        cooperative=member(document, "issuer", str, path),
        member=uri,
        record=from_base64(document, "record", path, 32),
        party=member(document, "party", str, path) if "party" in document else None,
        same_as=same_as,
        previous=from_base64(document, "previous", path, 32) if "previous" in document else None,
    )
