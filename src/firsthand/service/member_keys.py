"""A member who gets a key: the party's registration under the URI that they had from the first day.

A party statement is public and has a name in it. The member's own name goes there only when they wish so;
otherwise their number does.
"""

from __future__ import annotations

from typing import Any

from firsthand.errors import Conflict, InvalidInput
from firsthand.journal.protocol import NewEntry
from firsthand.ledger.members import Member
from firsthand.proof.canonical import canonical
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.fields import member as member_of
from firsthand.proof.parties import STATEMENT_TYPE
from firsthand.service.members import tie_party
from firsthand.service.parties import StatementMade, add_party
from firsthand.service.receipts import sign_receipt
from firsthand.service.workspace import Workspace

__all__ = ["link_key", "link_party", "link_statement"]


def link_key(workspace: Workspace, member: Member, public_name: str | None = None) -> StatementMade:
    """Register the member with a new key in this keystore: in the cooperative's hands until they take it.

    Raises Conflict when they are registered already.
    """
    _refuse_registered(workspace, member)
    cooperative = workspace.parties.find(member.cooperative)
    name = public_name or f"Member {member.record.number} of {cooperative.name}"
    return add_party(workspace, name, ("maker",), voucher=cooperative.uri, uri=member.uri)


def link_statement(workspace: Workspace, member: Member, statement: dict[str, Any]) -> StatementMade:
    """Journal a party statement that the member's own device has signed: the key never was here.

    Raises InvalidInput when it is about another party or badly signed, Unauthorized when it breaks the rules.
    """
    if member_of(statement, "party", str, "$") != member.uri:
        raise InvalidInput(f"expected a statement about {member.uri}", "$.party")
    issuer = member_of(statement, "issuer", str, "$")
    key = verify_proof(statement).did
    entry = NewEntry(STATEMENT_TYPE, issuer, canonical(statement), key)
    (appended,) = workspace.journal.append([entry])
    party = workspace.parties.get(member.uri)
    assert party is not None
    return StatementMade(party, sign_receipt(workspace, appended))


def link_party(workspace: Workspace, member: Member, name: str) -> Member:
    """Tie the member to a party that is registered under another URI. Raises Conflict or Unauthorized."""
    return tie_party(workspace, member, workspace.parties.find(name))


def _refuse_registered(workspace: Workspace, member: Member) -> None:
    for uri in member.identifiers:
        if workspace.parties.get(uri) is not None:
            raise Conflict(f"member {member.record.number} is registered already: {uri}")
