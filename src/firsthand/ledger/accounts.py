"""The members' accounts: an append-only book with two sides to every entry.

An entry moves an amount between a member's account for a season and one of the cooperative's own
(`purchases`, `dues` …); so all balances together are zero. Amounts are whole ten-thousandths of the season's
currency, never floats, and positive where the cooperative comes to owe the member. An entry is never changed
or taken away: its reversal is another entry. What each says is fixed in the journal by a salted digest
(`AccountEntries`); the values stand here alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    select,
)

from firsthand.errors import InvalidInput, NotFound
from firsthand.journal.database import KEY, NUMBER, reading
from firsthand.journal.store import METADATA

__all__ = [
    "ACCOUNT_ENTRY",
    "AGAINST",
    "ENTRY_LEAVES",
    "SEASON",
    "UNITS",
    "AccountBook",
    "AccountEntry",
    "Season",
    "amount_of",
    "units_of",
]

UNITS: Final = 10_000
"""Parts of one currency unit that amounts are counted in: ISO 4217 knows no more than 4 decimals."""

_MOST: Final = 10**17
"""Of an amount, in these parts; sums of some hundred of them still fit 64 bits."""

AGAINST: Final[dict[str, tuple[str, int]]] = {
    "delivery": ("purchases", 1),
    "second-payment": ("purchases", 1),
    "premium": ("premiums", 1),
    "deduction": ("deductions", -1),
    "dues": ("dues", -1),
    "advance": ("cash", -1),
    "repayment": ("cash", 1),
    "payment": ("cash", -1),
    "carried": ("carried", 0),
}
"""Each kind of entry: the cooperative's account on its other side, its sign for the member (0: either)."""

SEASON: Final = Table(
    "season",
    METADATA,
    Column("cooperative", KEY, primary_key=True),
    Column("name", KEY, primary_key=True),
    Column("currency", String, nullable=False),
    Column("opened", String, nullable=False),
)
ACCOUNT_ENTRY: Final = Table(
    "account_entry",
    METADATA,
    Column("id", NUMBER, primary_key=True),
    Column("member", KEY, nullable=False),
    Column("season", KEY, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("kind", String, nullable=False),
    Column("against", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("day", String, nullable=False),
    Column("reference", KEY, nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("reverses", BigInteger, unique=True),
    Column("salt", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("position", Integer, nullable=False),
    UniqueConstraint("member", "season", "sequence"),
)
"""`leaf` is that of the journaled AccountEntries document, in which the entry has this `position`."""

ENTRY_LEAVES: Final = Table(
    "account_document",
    METADATA,
    Column("leaf", LargeBinary, primary_key=True),
    Column("place", BigInteger, nullable=False),
    Column("leaves", LargeBinary, nullable=False),
)
"""The leaf hashes under a document's root, 32 bytes each: what its inclusion proofs are made of."""


@dataclass(frozen=True, slots=True)
class Season:
    """A cooperative's season: its accounts are kept in one currency (ISO 4217)."""

    cooperative: str
    name: str
    currency: str
    opened: str


@dataclass(frozen=True, slots=True)
class AccountEntry:
    """One entry; `amount` and `balance` (after it) in `UNITS`; `sequence` from 1 without gaps."""

    id: int
    member: str
    season: str
    sequence: int
    kind: str
    against: str
    amount: int
    balance: int
    currency: str
    day: str
    reference: str
    detail: str
    reverses: int | None
    salt: bytes
    leaf: bytes
    position: int


_COLUMNS: Final = tuple(ACCOUNT_ENTRY.c[name] for name in AccountEntry.__slots__)


def units_of(amount: Decimal) -> int:
    """An amount in `UNITS`. Raises InvalidInput when it is finer or larger than we count."""
    scaled = amount * UNITS
    if not amount.is_finite() or scaled != scaled.to_integral_value() or abs(scaled) >= _MOST:
        raise InvalidInput(f"{amount} cannot be an amount: at most 13 digits, and 4 after the point")
    return int(scaled)


def amount_of(units: int) -> Decimal:
    """The inverse of `units_of`, exact."""
    return Decimal(units) / UNITS


class AccountBook:
    """Reading the book; `service.accounts` writes it, together with the journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def season(self, cooperative: str, name: str | None = None) -> Season:
        """The season of that name, or the one that was opened last. Raises NotFound."""
        query = select(SEASON).where(SEASON.c.cooperative == cooperative)
        if name is not None:
            query = query.where(SEASON.c.name == name)
        with reading(self._engine) as connection:
            row = connection.execute(query.order_by(SEASON.c.opened.desc(), SEASON.c.name.desc())).first()
        if row is None:
            what = f"there is no season {name!r}" if name else "no season is open yet"
            raise NotFound(f"{what}; open one with `firsthand account season NAME --currency USD`")
        return Season(*row)

    def seasons(self, cooperative: str) -> list[Season]:
        """All seasons, the newest first."""
        query = select(SEASON).where(SEASON.c.cooperative == cooperative)
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(SEASON.c.opened.desc(), SEASON.c.name.desc()))
            return [Season(*row) for row in rows]

    def entries(
        self,
        members: Sequence[str] | None = None,
        *,
        season: str | None = None,
        reference: str | None = None,
    ) -> list[AccountEntry]:
        """Entries in the order in which they were made: of these memberships, this season, this reference."""
        query = select(*_COLUMNS).order_by(ACCOUNT_ENTRY.c.id)
        if members is not None:
            query = query.where(ACCOUNT_ENTRY.c.member.in_(members))
        if season is not None:
            query = query.where(ACCOUNT_ENTRY.c.season == season)
        if reference is not None:
            query = query.where(ACCOUNT_ENTRY.c.reference == reference)
        with reading(self._engine) as connection:
            return [AccountEntry(*row) for row in connection.execute(query)]

    def entry(self, number: int) -> AccountEntry:
        """The entry of that number. Raises NotFound."""
        with reading(self._engine) as connection:
            row = connection.execute(select(*_COLUMNS).where(ACCOUNT_ENTRY.c.id == number)).first()
        if row is None:
            raise NotFound(f"the book has no entry {number}")
        return AccountEntry(*row)

    def reversed_by(self, numbers: Sequence[int]) -> dict[int, int]:
        """Which of these entries were reversed, and by which entry."""
        query = select(ACCOUNT_ENTRY.c.reverses, ACCOUNT_ENTRY.c.id).where(
            ACCOUNT_ENTRY.c.reverses.is_not(None)
        )
        found: dict[int, int] = {}
        with reading(self._engine) as connection:
            for at in range(0, len(numbers), 500):
                some = query.where(ACCOUNT_ENTRY.c.reverses.in_(numbers[at : at + 500]))
                found.update((old, new) for old, new in connection.execute(some))
        return found

    def sums(self, season: str | None = None) -> dict[tuple[str, str], int]:
        """The sum of each membership's entries by kind, in `UNITS`."""
        columns = (ACCOUNT_ENTRY.c.member, ACCOUNT_ENTRY.c.kind)
        query = select(*columns, func.sum(ACCOUNT_ENTRY.c.amount)).group_by(*columns)
        if season is not None:
            query = query.where(ACCOUNT_ENTRY.c.season == season)
        with reading(self._engine) as connection:
            return {(member, kind): int(total) for member, kind, total in connection.execute(query)}

    def mark(self) -> int:
        """The number of the newest entry: what is derived from the book holds while it stays the same."""
        with reading(self._engine) as connection:
            return self.mark_in(connection)

    @staticmethod
    def mark_in(connection: Connection) -> int:
        """The same, within a transaction."""
        return int(connection.execute(select(func.coalesce(func.max(ACCOUNT_ENTRY.c.id), 0))).scalar_one())

    def last(self, members: Sequence[str], season: str) -> dict[str, tuple[int, int]]:
        """The sequence and the balance of each account's last entry; accounts without one are left out."""
        found: dict[str, tuple[int, int]] = {}
        with reading(self._engine) as connection:
            for at in range(0, len(members), 500):
                own = (ACCOUNT_ENTRY.c.season == season) & ACCOUNT_ENTRY.c.member.in_(members[at : at + 500])
                newest = (
                    select(ACCOUNT_ENTRY.c.member, func.max(ACCOUNT_ENTRY.c.sequence).label("sequence"))
                    .where(own)
                    .group_by(ACCOUNT_ENTRY.c.member)
                    .subquery()
                )
                same = (ACCOUNT_ENTRY.c.member == newest.c.member) & (
                    ACCOUNT_ENTRY.c.sequence == newest.c.sequence
                )
                columns = (ACCOUNT_ENTRY.c.member, ACCOUNT_ENTRY.c.sequence, ACCOUNT_ENTRY.c.balance)
                query = select(*columns).join(newest, same).where(ACCOUNT_ENTRY.c.season == season)
                found.update({row[0]: (row[1], row[2]) for row in connection.execute(query)})
        return found

    def document(self, leaf: bytes) -> tuple[int, tuple[bytes, ...]]:
        """The place of an AccountEntries document and the leaves under its root. Raises NotFound."""
        query = select(ENTRY_LEAVES.c.place, ENTRY_LEAVES.c.leaves).where(ENTRY_LEAVES.c.leaf == leaf)
        with reading(self._engine) as connection:
            row: Any = connection.execute(query).first()
        if row is None:
            raise NotFound("the book has no such document")
        packed = row.leaves
        return row.place, tuple(packed[at : at + 32] for at in range(0, len(packed), 32))
