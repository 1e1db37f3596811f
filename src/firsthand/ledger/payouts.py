"""Where parties are paid: the payout statements of the journal, and beside them what their digests stand for.

`payout_statement` is a projection and holds nothing personal; `payout_value` is a table of its own, whose row
can be erased without breaking a proof.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    LargeBinary,
    Table,
    Text,
    insert,
    select,
)

from firsthand.errors import Conflict, Unauthorized
from firsthand.journal.database import KEY, reading
from firsthand.journal.protocol import NewEntry
from firsthand.journal.store import ENTRY, METADATA
from firsthand.ledger.members import MEMBER
from firsthand.ledger.parties import PartyLedger
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.disclosure import make_disclosure
from firsthand.proof.payout import PAYOUT, PAYOUT_STATEMENT, PayoutStatement, parse_payout_statement

__all__ = ["PAYOUT_VALUE", "PayoutLedger", "PayoutRecord", "Stated"]

STATEMENT: Final = Table(
    "payout_statement",
    METADATA,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("party", KEY, nullable=False, index=True),
    Column("issuer", KEY, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)
PAYOUT_VALUE: Final = Table(
    "payout_value",
    METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("record", Text, nullable=False),
)


class PayoutRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a party is paid: under keys derived from an identity key (BRC-29), or at one address; or nowhere.

    `identity_key` is a compressed secp256k1 key in hex. `public` is whether amounts may be shown with the
    party's name; `for_members` that a cooperative receives for its members.
    """

    identity_key: str = ""
    address: str = ""
    public: bool = False
    for_members: bool = False

    @property
    def receives(self) -> bool:
        """Whether there is somewhere to pay to."""
        return bool(self.identity_key or self.address)


@dataclass(frozen=True, slots=True)
class Stated:
    """A payout statement at its place; `recorded` is when the log took it (RFC 3339).

    `record` is None where it was erased, or the journal was rebuilt from the chain alone.
    """

    place: int
    party: str
    issuer: str
    leaf: bytes
    recorded: str
    record: PayoutRecord | None
    salt: bytes | None

    def disclosure(self) -> str | None:
        """The text whose digest the statement holds; None where the record was erased."""
        if self.record is None or self.salt is None:
            return None
        return make_disclosure(self.salt, PAYOUT, msgspec.to_builtins(self.record)).text


class PayoutLedger(StatementProjection):
    """The projection, and the statements of each party."""

    kinds = frozenset({PAYOUT_STATEMENT})
    tables = (STATEMENT,)

    def __init__(self, engine: Engine, parties: PartyLedger) -> None:
        super().__init__(engine)
        self._parties = parties

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Admit a payout statement that follows the one before. Raises Conflict or Unauthorized."""
        if entry.kind in self.kinds:
            stated = self.take(connection, place, leaf, entry.document)
            self._require_issuer(connection, stated.party, stated.issuer)

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> PayoutStatement:
        """Take in a statement that follows the party's last. Raises Conflict or InvalidInput."""
        stated = parse_payout_statement(parse_canonical(document))
        last = select(STATEMENT.c.leaf).where(STATEMENT.c.party == stated.party)
        before = connection.execute(last.order_by(STATEMENT.c.place.desc()).limit(1)).scalar()
        if before != stated.previous:
            raise Conflict(f"the payout of {stated.party} was changed meanwhile; look at it and try again")
        row = {"place": place, "party": stated.party, "issuer": stated.issuer, "leaf": leaf}
        connection.execute(insert(STATEMENT), row)
        return stated

    def _require_issuer(self, connection: Connection, party: str, issuer: str) -> None:
        """A party states its own payout; a cooperative that of a member who has no key."""
        if party == issuer:
            return
        member = connection.execute(select(MEMBER).where(MEMBER.c.uri == party)).first()
        if self._parties.is_known(party) or (member is not None and member.party is not None):
            raise Unauthorized(f"{party} has a key: its payout is stated by nobody else")
        if member is None or member.cooperative != issuer:
            raise Unauthorized(f"{party} is no member of {issuer}")

    def of(self, parties: Collection[str]) -> dict[str, list[Stated]]:
        """The statements of each of these parties that has any, in the order of the log."""
        found: dict[str, list[Stated]] = {}
        wanted = sorted(parties)
        for at in range(0, len(wanted), 500):
            for stated in self._read(STATEMENT.c.party.in_(wanted[at : at + 500])):
                found.setdefault(stated.party, []).append(stated)
        return found

    def all(self) -> list[Stated]:
        """Every statement, in the order of the log."""
        return self._read(None)

    def _read(self, where: Any) -> list[Stated]:
        query = (
            select(STATEMENT, ENTRY.c.recorded, PAYOUT_VALUE.c.record, PAYOUT_VALUE.c.salt)
            .join(ENTRY, ENTRY.c.place == STATEMENT.c.place)
            .outerjoin(PAYOUT_VALUE, PAYOUT_VALUE.c.leaf == STATEMENT.c.leaf)
            .order_by(STATEMENT.c.place)
        )
        if where is not None:
            query = query.where(where)
        with reading(self._engine) as connection:
            return [
                Stated(
                    row.place,
                    row.party,
                    row.issuer,
                    row.leaf,
                    row.recorded,
                    None if row.record is None else msgspec.json.decode(row.record, type=PayoutRecord),
                    row.salt,
                )
                for row in connection.execute(query)
            ]
