"""The members of cooperatives: who has which number, who is one and the same person, what they are called.

`member` is a projection of the journal's member statements and holds nothing personal. What a statement's
salted digest stands for, and the numbers, stand in tables of their own (`member_record`, `member_number`):
without them the journal still verifies, and nobody's name is in it. A number once given keeps leading to
its member for ever and is never given to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    LargeBinary,
    Table,
    Text,
    insert,
    select,
    update,
)

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.journal.database import KEY, reading
from firsthand.journal.store import METADATA
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.membership import MEMBER_STATEMENT, parse_membership

__all__ = ["MEMBER", "MEMBER_NUMBER", "MEMBER_RECORD", "Member", "MemberRecord", "MemberRegister"]

MEMBER: Final = Table(
    "member",
    METADATA,
    Column("uri", KEY, primary_key=True),
    Column("cooperative", KEY, nullable=False, index=True),
    Column("party", KEY, index=True),
    Column("same_as", KEY, index=True),
    Column("leaf", LargeBinary, nullable=False),
    Column("place", BigInteger, nullable=False),
)
MEMBER_RECORD: Final = Table(
    "member_record",
    METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("uri", KEY, nullable=False, index=True),
    Column("salt", LargeBinary, nullable=False),
    Column("record", Text, nullable=False),
)
"""What the statement with this leaf fixes by its digest: a row a statement, so that each can be disclosed."""

MEMBER_NUMBER: Final = Table(
    "member_number",
    METADATA,
    Column("cooperative", KEY, primary_key=True),
    Column("number", KEY, primary_key=True),
    Column("uri", KEY, nullable=False, index=True),
    Column("since", BigInteger, nullable=False),
)


class MemberRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a cooperative keeps of a member. `plots` are names that the clerk knows the plots by.

    `account` is where payments go (a mobile-money number, an IBAN), `language` a BCP 47 tag for receipts.
    """

    number: str
    name: str
    phone: str = ""
    account: str = ""
    language: str = ""
    plots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """One membership as of now; `numbers` are all that it ever had, the first one first."""

    uri: str
    cooperative: str
    record: MemberRecord
    numbers: tuple[str, ...]
    party: str | None
    same_as: str | None
    leaf: bytes
    place: int

    @property
    def identifiers(self) -> tuple[str, ...]:
        """The URIs by which events name this member."""
        return (self.uri,) if self.party is None else (self.uri, self.party)


class MemberRegister(StatementProjection):
    """The projection, and the questions that others ask of it."""

    kinds = frozenset({MEMBER_STATEMENT})
    tables = (MEMBER,)

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> None:
        """Take in a member statement that follows the one before it. Raises Conflict or InvalidInput."""
        stated = parse_membership(parse_canonical(document))
        before = connection.execute(select(MEMBER).where(MEMBER.c.uri == stated.member)).first()
        if (before.leaf if before else None) != stated.previous:
            raise Conflict(
                f"the membership of {stated.member} was changed meanwhile; look at it and try again"
            )
        if before and before.cooperative != stated.cooperative:
            raise Conflict(
                f"{stated.member} is a member of {before.cooperative}, not of {stated.cooperative}"
            )
        if stated.same_as is not None:
            _check_merge(connection, stated.member, stated.same_as, stated.cooperative)
        values = {
            "cooperative": stated.cooperative,
            "party": stated.party,
            "same_as": stated.same_as,
            "leaf": leaf,
            "place": place,
        }
        if before:
            connection.execute(update(MEMBER).where(MEMBER.c.uri == stated.member).values(**values))
        else:
            connection.execute(insert(MEMBER).values(uri=stated.member, **values))

    def members(self, cooperative: str | None = None) -> list[Member]:
        """All memberships, of one cooperative or of every one, in the order in which they began."""
        with reading(self._engine) as connection:
            return _members(connection, None if cooperative is None else MEMBER.c.cooperative == cooperative)

    def get(self, uri: str) -> Member | None:
        """The membership of that URI, or of the party of that URI; merged ones as they stand."""
        with reading(self._engine) as connection:
            own = _members(connection, MEMBER.c.uri == uri)
            found = own or _members(connection, MEMBER.c.party == uri)
        return found[0] if found else None

    def find(self, name: str, cooperative: str | None = None) -> Member:
        """The membership of a number, old or new, or of a URI, as it stands. Raises NotFound."""
        wanted = name.strip()
        query = select(MEMBER_NUMBER.c.uri).where(MEMBER_NUMBER.c.number == wanted.upper())
        if cooperative is not None:
            query = query.where(MEMBER_NUMBER.c.cooperative == cooperative)
        with reading(self._engine) as connection:
            uris = list(connection.execute(query).scalars())
        if len(uris) > 1:
            raise NotFound(f"several cooperatives have a member {wanted}; say which (--cooperative)")
        found = self.get(uris[0] if uris else wanted)
        if found is None or cooperative not in (None, found.cooperative):
            raise NotFound(f"there is no member {wanted!r}; see `firsthand member list`")
        return found

    def resolve(self, member: Member) -> Member:
        """The membership that this one is merged into, through every merger; itself where it is in none."""
        while member.same_as is not None:
            into = self.get(member.same_as)
            assert into is not None
            member = into
        return member

    def family(self, member: Member) -> list[Member]:
        """All memberships that are one person's with this one, first the one that the others lead to."""
        root = self.resolve(member)
        found, at = [root], 0
        with reading(self._engine) as connection:
            while at < len(found):
                found += _members(connection, MEMBER.c.same_as == found[at].uri)
                at += 1
        return found

    def roots(self, cooperative: str | None = None) -> dict[str, Member]:
        """Every membership's URI with the membership that it leads to, through every merger."""
        members = {member.uri: member for member in self.members(cooperative)}

        def root(member: Member) -> Member:
            while member.same_as is not None:
                member = members[member.same_as]
            return member

        return {uri: root(member) for uri, member in members.items()}

    def display_name(self, uri: str) -> str | None:
        """What the member of that URI is called in the cooperative's own book; None where it is nobody's.

        Personal data: for the cooperative's and the member's eyes.
        """
        member = self.get(uri)
        return None if member is None else self.resolve(member).record.name

    def cooperative_of(self, uri: str) -> str | None:
        """The URI of the cooperative that vouches for the member of that URI; None when it is nobody's."""
        member = self.get(uri)
        return None if member is None else member.cooperative


def _check_merge(connection: Connection, uri: str, into: str, cooperative: str) -> None:
    at: str | None = into
    while at is not None:
        row = connection.execute(select(MEMBER).where(MEMBER.c.uri == at)).first()
        if row is None or row.cooperative != cooperative:
            raise InvalidInput(f"{at} is no member of {cooperative}", "$.sameAs")
        if row.same_as == uri:
            raise Conflict(
                f"{into} is merged into {uri} already; part them before merging them the other way"
            )
        at = row.same_as


def _members(connection: Connection, where: Any) -> list[Member]:
    query = select(MEMBER, MEMBER_RECORD.c.record).outerjoin(
        MEMBER_RECORD, MEMBER_RECORD.c.leaf == MEMBER.c.leaf
    )
    if where is not None:
        query = query.where(where)
    rows = connection.execute(query.order_by(MEMBER.c.uri)).all()
    numbers: dict[str, list[tuple[int, str]]] = {}
    named = select(MEMBER_NUMBER.c.uri, MEMBER_NUMBER.c.since, MEMBER_NUMBER.c.number)
    if where is not None:
        named = named.where(MEMBER_NUMBER.c.uri.in_([row.uri for row in rows]))
    for uri, since, number in connection.execute(named):
        numbers.setdefault(uri, []).append((since, number))
    members = [
        Member(
            row.uri,
            row.cooperative,
            _record(row.record),
            tuple(number for _, number in sorted(numbers.get(row.uri, ()))),
            row.party,
            row.same_as,
            row.leaf,
            row.place,
        )
        for row in rows
    ]
    return sorted(members, key=lambda one: (numbers.get(one.uri, [(one.place, "")])[0], one.uri))


def _record(text: str | None) -> MemberRecord:
    # Erased, or a journal rebuilt from the chain alone: the membership stands, the person is unknown.
    return MemberRecord(number="", name="") if text is None else msgspec.json.decode(text, type=MemberRecord)
