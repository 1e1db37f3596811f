"""The intake book: one row a delivery, with what the events do not tell (prices, who brought it, the codes).

A delivery is never changed: a correction reverses it, and a new one may stand in its place.
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
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    func,
    select,
)

from firsthand.errors import NotFound
from firsthand.journal.database import KEY, NUMBER, reading
from firsthand.journal.store import METADATA

__all__ = ["CARD_CODE", "DELIVERY", "Delivery", "DeliveryBook"]

DELIVERY: Final = Table(
    "delivery",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("uri", KEY, nullable=False, unique=True),
    Column("cooperative", KEY, nullable=False),
    Column("member", KEY, nullable=False),
    Column("season", KEY, nullable=False, index=True),
    Column("day", KEY, nullable=False),
    Column("profile", String, nullable=False),
    Column("lot", KEY, nullable=False),
    Column("gross", String, nullable=False),
    Column("tare", String, nullable=False),
    Column("uom", String, nullable=False),
    Column("price", String, nullable=False),
    Column("deduction", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("advance", BigInteger, nullable=False),
    Column("balance", BigInteger, nullable=False),
    Column("currency", String, nullable=False),
    Column("brought_by", String, nullable=False),
    Column("paper", KEY, nullable=False, index=True),
    Column("subject", KEY, nullable=False, index=True),
    Column("first_event", BigInteger, nullable=False),
    Column("events", Integer, nullable=False),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("place", BigInteger, nullable=False),
    Column("reversed", BigInteger),
    Column("reason", String, nullable=False),
    Column("instead", BigInteger),
    Index("ix_delivery_member", "member", "day"),
)
"""`leaf` is the delivery event's, `subject` what its one-time code is for; `reversed` the place in the log
of the error declaration, `instead` the number of the delivery that stands in its place. `amount` (the
price's part before the deduction), `advance` (outstanding) and `balance` are the receipt's, in `UNITS`."""

CARD_CODE: Final = Table(
    "card_code",
    METADATA,
    Column("card", KEY, primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("member", KEY, nullable=False, index=True),
    Column("commitment", LargeBinary, nullable=False),
    Column("delivery", BigInteger),
)
"""The commitments of the members' cards; `delivery` is the one that waits for, or had, this code."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as the book has it; quantities are decimal text in `uom`, amounts in `UNITS`."""

    number: int
    uri: str
    cooperative: str
    member: str
    season: str
    day: str
    profile: str
    lot: str
    gross: str
    tare: str
    uom: str
    price: str
    deduction: int
    amount: int
    advance: int
    balance: int
    currency: str
    brought_by: str
    paper: str
    subject: str
    first_event: int
    events: int
    leaf: bytes
    place: int
    reversed: int | None
    reason: str
    instead: int | None

    @property
    def net(self) -> Decimal:
        """Gross less tare, in `uom`."""
        return Decimal(self.gross) - Decimal(self.tare)

    @property
    def by_card(self) -> bool:
        """Whether its code stands on the member's card, not on the receipt."""
        return self.subject != self.uri


class DeliveryBook:
    """Reading the book; `service.intake` writes it, together with the journal."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, number: int) -> Delivery:
        """The delivery of that number. Raises NotFound."""
        found = self._where(DELIVERY.c.number == number)
        if not found:
            raise NotFound(f"there is no delivery {number}")
        return found[0]

    def numbered(self, first: int, last: int) -> list[Delivery]:
        """The deliveries with numbers from `first` to `last`."""
        return self._where(DELIVERY.c.number >= first, DELIVERY.c.number <= last)

    def by_subject(self, subject: str) -> Delivery:
        """The delivery whose code is for this subject. Raises NotFound."""
        found = self._where(DELIVERY.c.subject == subject)
        if not found:
            raise NotFound(f"no delivery has a code for {subject}")
        return found[0]

    def all(
        self, members: Sequence[str] | None = None, season: str | None = None, cooperative: str | None = None
    ) -> list[Delivery]:
        """Deliveries in the order of their numbers: of these memberships, this season, this cooperative."""
        conditions = [DELIVERY.c.number > 0]
        if members is not None:
            conditions.append(DELIVERY.c.member.in_(members))
        if season is not None:
            conditions.append(DELIVERY.c.season == season)
        if cooperative is not None:
            conditions.append(DELIVERY.c.cooperative == cooperative)
        return self._where(*conditions)

    def like(self, members: Sequence[str], day: str) -> list[Delivery]:
        """What these memberships delivered on that day and nobody reversed."""
        return self._where(
            DELIVERY.c.member.in_(members), DELIVERY.c.day == day, DELIVERY.c.reversed.is_(None)
        )

    def of_paper(self, cooperative: str, paper: str) -> Delivery | None:
        """The delivery with this number of a paper receipt book, unless it was reversed."""
        found = self._where(
            DELIVERY.c.cooperative == cooperative, DELIVERY.c.paper == paper, DELIVERY.c.reversed.is_(None)
        )
        return found[0] if found else None

    def last_number(self) -> int:
        """The highest number given so far, 0 before the first."""
        with reading(self._engine) as connection:
            return self.last_number_in(connection)

    @staticmethod
    def last_number_in(connection: Connection) -> int:
        """The same, within a transaction."""
        return int(connection.execute(select(func.coalesce(func.max(DELIVERY.c.number), 0))).scalar_one())

    def free_codes(self, members: Sequence[str]) -> list[tuple[str, int, bytes]]:
        """Card, position and commitment of the codes that no delivery has taken, in order."""
        query = (
            select(CARD_CODE.c.card, CARD_CODE.c.position, CARD_CODE.c.commitment)
            .where(CARD_CODE.c.member.in_(members), CARD_CODE.c.delivery.is_(None))
            .order_by(CARD_CODE.c.card, CARD_CODE.c.position)
        )
        with reading(self._engine) as connection:
            return [(card, position, commits) for card, position, commits in connection.execute(query)]

    def _where(self, *conditions: Any) -> list[Delivery]:
        columns = [DELIVERY.c[name] for name in Delivery.__slots__]
        query = select(*columns).where(*conditions).order_by(DELIVERY.c.number)
        with reading(self._engine) as connection:
            return [Delivery(*row) for row in connection.execute(query)]
