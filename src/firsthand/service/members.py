"""The members of a cooperative: every change is a signed, journaled member statement.

The statement tells nothing of the person; the record that its digest fixes is stored in the same database
transaction. A member needs no key. Their URI is the party's from the first day: what was recorded on their
behalf is theirs when they register a key under it.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

import msgspec
from sqlalchemy import Connection, insert, select

from firsthand.errors import Conflict, InvalidInput, NotFound, Unauthorized
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.ledger.members import MEMBER_NUMBER, MEMBER_RECORD, Member, MemberRecord
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import SALT_SIZE, digest_bytes, make_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.membership import MEMBER_STATEMENT, RECORD
from firsthand.proof.parties import Party
from firsthand.service.workspace import Workspace

__all__ = [
    "Change",
    "add_member",
    "change_member",
    "check_new_uri",
    "check_record",
    "cooperative_party",
    "give_number",
    "member_uri",
    "merge_members",
    "namesake",
    "part_members",
    "same_person",
    "state_members",
    "tie_party",
]

_NUMBER: Final = re.compile(r"[0-9A-Z][0-9A-Z._/-]{0,31}")
_PHONE: Final = re.compile(r"\+?[0-9][0-9 ()./-]{3,29}")
_ACCOUNT: Final = re.compile(r"\+?[0-9A-Za-z][0-9A-Za-z .-]{1,63}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f<>\"{}|\\^`]+")
_UNSAFE: Final = "=+-@"
"""What a spreadsheet program takes for the beginning of a formula: no name in a payment file begins so."""


@dataclass(frozen=True, slots=True)
class Change:
    """One membership's next state: what is None there is taken from the state before."""

    uri: str
    record: MemberRecord
    party: str | None = None
    same_as: str | None = None
    previous: bytes | None = None
    number: str | None = None
    """A number that the membership gets with this statement."""

    @classmethod
    def of(cls, member: Member, **changed: Any) -> Change:
        """The state as it is, but for what is changed."""
        state = {
            "uri": member.uri,
            "record": member.record,
            "party": member.party,
            "same_as": member.same_as,
            "previous": member.leaf,
        }
        return cls(**{**state, **changed})


def cooperative_party(workspace: Workspace, name: str | None = None) -> Party:
    """The cooperative of that name or URI; without a name, the workspace's only one.

    Raises Unauthorized when it is no cooperative, or when there are none or several.
    """
    if name is not None:
        party = workspace.parties.find(name)
        if "cooperative" not in party.roles:
            raise Unauthorized(f"{party.name} is no cooperative; its roles are {', '.join(party.roles)}")
        return party
    found = [party for party in workspace.parties.current().parties() if "cooperative" in party.roles]
    if not found:
        raise Unauthorized(
            "this workspace has no cooperative; add one with `firsthand party add NAME --role cooperative`"
        )
    if len(found) > 1:
        names = ", ".join(sorted(party.name for party in found))
        raise Unauthorized(f"this workspace has several cooperatives; say which (--cooperative): {names}")
    return found[0]


def member_uri(workspace: Workspace, number: str) -> str:
    """The URI that a member of this number gets: the setting `cooperative.member_uri`, under the base URI."""
    path = workspace.settings.cooperative.member_uri.replace("{number}", quote(number, safe=""))
    return f"{workspace.settings.uri.rstrip('/')}/id/{path}"


def check_record(record: MemberRecord) -> MemberRecord:
    """The record with its number, name and texts tidied. Raises InvalidInput for the first that is wrong."""
    number = record.number.strip().upper()
    if not _NUMBER.fullmatch(number):
        raise InvalidInput(
            f"{record.number[:40]!r} is no member number: letters, digits and . _ / -, at most 32", "number"
        )
    name = " ".join(record.name.split())
    if not name or len(name) > 200 or not name.isprintable() or name[0] in _UNSAFE:
        raise InvalidInput("a name has 1 to 200 printable characters and begins with none of = + - @", "name")
    phone, account = " ".join(record.phone.split()), " ".join(record.account.split())
    if phone and not _PHONE.fullmatch(phone):
        raise InvalidInput(f"{phone[:40]!r} is no telephone number", "phone")
    if account and not _ACCOUNT.fullmatch(account):
        raise InvalidInput(f"{account[:40]!r} is no account: letters, digits, blanks, . and -", "account")
    if record.language and not _LANGUAGE.fullmatch(record.language):
        raise InvalidInput(f"{record.language[:40]!r} is no language tag such as es", "language")
    plots = tuple(dict.fromkeys(" ".join(plot.split()) for plot in record.plots))
    if len(plots) > 100 or any(not 0 < len(plot) <= 100 or not plot.isprintable() for plot in plots):
        raise InvalidInput("at most 100 plots, with names of 1 to 100 printable characters", "plots")
    return msgspec.structs.replace(
        record, number=number, name=name, phone=phone, account=account, plots=plots
    )


def add_member(
    workspace: Workspace, cooperative: Party, record: MemberRecord, *, uri: str | None = None
) -> Member:
    """A new member. Raises InvalidInput, or Conflict when the number or the URI is taken."""
    checked = check_record(record)
    own = uri or member_uri(workspace, checked.number)
    with suppress(NotFound):
        taken = workspace.members.find(checked.number, cooperative.uri)
        raise Conflict(f"the number {checked.number} is, or was, another member's: {taken.uri}")
    check_new_uri(workspace, own)
    state_members(workspace, cooperative, [Change(own, checked, number=checked.number)])
    return _now(workspace, own)


def namesake(workspace: Workspace, member: Member) -> Member | None:
    """Another membership of the same name and telephone, which may be the same person's."""
    own = same_person(member.record)
    family = {one.uri for one in workspace.members.family(member)}
    others = workspace.members.members(member.cooperative)
    return next((one for one in others if same_person(one.record) == own and one.uri not in family), None)


def same_person(record: MemberRecord) -> tuple[str, str]:
    """What two records of one person share, however it is written: the name, the telephone's digits."""
    return " ".join(record.name.split()).casefold(), "".join(filter(str.isdigit, record.phone))


def check_new_uri(workspace: Workspace, uri: str) -> None:
    """Raises InvalidInput for what is no absolute URI, Conflict for one that is a member's already."""
    if len(uri) > 1000 or not _URI.fullmatch(uri):
        raise InvalidInput(f"{uri[:80]!r} is no absolute URI", "uri")
    if (member := workspace.members.get(uri)) is not None:
        raise Conflict(f"{uri} is the URI of member {member.record.number} already; give another (--uri)")


def change_member(workspace: Workspace, member: Member, **changed: Any) -> Member:
    """Another name, telephone, account, language or plots. The record before stays with its statement."""
    record = check_record(msgspec.structs.replace(member.record, **changed))
    return _change(workspace, member, record=record)


def give_number(workspace: Workspace, member: Member, number: str) -> Member:
    """Another number; every number before keeps leading to this member. Raises Conflict when it is taken."""
    record = check_record(msgspec.structs.replace(member.record, number=number))
    return _change(workspace, member, record=record, number=record.number)


def merge_members(workspace: Workspace, member: Member, into: Member) -> Member:
    """Say that two memberships are one person's: the numbers of the first lead to the second from now on.

    Nothing is moved: each keeps its own entries and deliveries, so that parting them restores both.
    Raises Conflict when the first is merged already, or the second into the first.
    """
    if member.same_as is not None:
        raise Conflict(f"member {member.record.number} is merged already; part it first")
    if member.cooperative != into.cooperative:
        raise InvalidInput("members of different cooperatives are not merged")
    return _change(workspace, member, same_as=into.uri)


def part_members(workspace: Workspace, member: Member) -> Member:
    """Take a merger back. Raises Conflict when the member is in none."""
    if member.same_as is None:
        raise Conflict(f"member {member.record.number} is not merged into another")
    return _change(workspace, member, same_as=None)


def tie_party(workspace: Workspace, member: Member, party: Party) -> Member:
    """Say that this registered party is the member, where it has a URI of its own. Raises Conflict."""
    if party.uri == member.uri:
        raise Conflict(f"{party.uri} is the member's own URI: nothing to tie")
    other = workspace.members.get(party.uri)
    if other is not None and other.uri != member.uri:
        raise Conflict(f"{party.uri} is tied to member {other.record.number} already")
    return _change(workspace, member, party=party.uri)


def state_members(workspace: Workspace, cooperative: Party, changes: Sequence[Change]) -> list[Appended]:
    """Sign and journal these states: all of them or none.

    Raises Unauthorized when the cooperative's key is not here, Conflict when a number is another member's
    or a state was changed meanwhile.
    """
    key = workspace.held_key(cooperative.keys)
    created = workspace.now()
    salts = [secrets.token_bytes(SALT_SIZE) for _ in changes]
    entries = []
    for change, salt in zip(changes, salts, strict=True):
        digest = digest_bytes(make_disclosure(salt, RECORD, msgspec.to_builtins(change.record)).text)
        document: dict[str, Any] = {
            "type": MEMBER_STATEMENT,
            "issuer": cooperative.uri,
            "created": created,
            "member": change.uri,
            "record": base64_text(digest),
        }
        optional = {"party": change.party, "sameAs": change.same_as}
        document |= {name: value for name, value in optional.items() if value is not None}
        if change.previous is not None:
            document["previous"] = base64_text(change.previous)
        signed = secure(document, key, created)
        entries.append(NewEntry(MEMBER_STATEMENT, cooperative.uri, canonical(signed), key.did))

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        for change, salt, stated in zip(changes, salts, appended, strict=True):
            text = msgspec.json.encode(change.record).decode()
            row = {"leaf": stated.leaf, "uri": change.uri, "salt": salt, "record": text}
            connection.execute(insert(MEMBER_RECORD), row)
            if change.number is not None:
                _number(connection, cooperative.uri, change.number, change.uri, stated.place)

    return workspace.journal.append(entries, also)


def _number(connection: Connection, cooperative: str, number: str, uri: str, place: int) -> None:
    taken = select(MEMBER_NUMBER.c.uri).where(
        MEMBER_NUMBER.c.cooperative == cooperative, MEMBER_NUMBER.c.number == number
    )
    owner = connection.execute(taken).scalar()
    if owner == uri:
        return  # an old number of the same member, taken up again
    if owner is not None:
        raise Conflict(f"the number {number} is, or was, another member's: {owner}")
    row = {"cooperative": cooperative, "number": number, "uri": uri, "since": place}
    connection.execute(insert(MEMBER_NUMBER), row)


def _change(workspace: Workspace, member: Member, **changed: Any) -> Member:
    cooperative = workspace.parties.get(member.cooperative)
    if cooperative is None:
        raise NotFound(f"the cooperative {member.cooperative} is not registered here")
    state_members(workspace, cooperative, [Change.of(member, **changed)])
    return _now(workspace, member.uri)


def _now(workspace: Workspace, uri: str) -> Member:
    member = workspace.members.get(uri)
    assert member is not None
    return member
