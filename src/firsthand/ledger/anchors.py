"""The anchors of the log: its genesis and each checkpoint that went on chain, in the order of the seals."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    delete,
    select,
)

from firsthand.journal.database import reading
from firsthand.journal.store import METADATA

__all__ = ["Anchor", "AnchorLedger"]

ANCHOR: Final = Table(
    "anchor",
    METADATA,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("txid", LargeBinary, nullable=False, unique=True),
    Column("size", BigInteger, nullable=False),
    Column("checkpoint", LargeBinary, nullable=False),
    Column("seal_satoshis", BigInteger, nullable=False),
    Index("ix_anchor_size", "size"),
)

_PAGE: Final = 16
"""Anchors read at once where mostly the first is enough: a log has one every few minutes, for years."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Number 0 is the genesis, with an empty checkpoint; the others carry a signed note of `size` entries."""

    number: int
    txid: bytes
    size: int
    checkpoint: bytes
    seal_satoshis: int


class AnchorLedger:
    """The anchors that were built, whether or not they are mined yet; the outbox knows that."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, connection: Connection, anchor: Anchor) -> None:
        """Store an anchor in the same transaction that puts it into the outbox."""
        row = {
            "number": anchor.number,
            "txid": anchor.txid,
            "size": anchor.size,
            "checkpoint": anchor.checkpoint,
            "seal_satoshis": anchor.seal_satoshis,
        }
        connection.execute(ANCHOR.insert(), row)

    def drop(self, anchor: Anchor) -> None:
        """Forget an anchor that the chain has refused for good."""
        with self._engine.begin() as connection:
            connection.execute(delete(ANCHOR).where(ANCHOR.c.txid == anchor.txid))

    def genesis(self) -> Anchor | None:
        """The first, whose transaction ID is the log's name; None before it."""
        with reading(self._engine) as connection:
            row = connection.execute(select(ANCHOR).where(ANCHOR.c.number == 0)).first()
        return Anchor(*row) if row else None

    def last(self) -> Anchor | None:
        """The last one built, which holds the seal to be spent next."""
        with reading(self._engine) as connection:
            return self.last_in(connection)

    def last_in(self, connection: Connection) -> Anchor | None:
        """The last one built, as this connection sees it."""
        row = connection.execute(select(ANCHOR).order_by(ANCHOR.c.number.desc()).limit(1)).first()
        return Anchor(*row) if row else None

    def covering(self, place: int) -> Iterator[Anchor]:
        """The anchors whose checkpoint contains the entry at `place`, earliest first."""
        query = select(ANCHOR).where(ANCHOR.c.size > place).order_by(ANCHOR.c.size, ANCHOR.c.number)
        return self._pages(query, ANCHOR.c.number.__gt__)

    def newest(self) -> Iterator[Anchor]:
        """All of them, the last one built first; those seen may be dropped on the way."""
        return self._pages(select(ANCHOR).order_by(ANCHOR.c.number.desc()), ANCHOR.c.number.__lt__)

    def _pages(
        self, query: Select[*tuple[Any, ...]], beyond: Callable[[int], ColumnElement[bool]]
    ) -> Iterator[Anchor]:
        """The rows of a query, read as they are asked for; `beyond` tells those that follow a number."""
        page = query.limit(_PAGE)
        while True:
            with reading(self._engine) as connection:
                rows = connection.execute(page).all()
            for row in rows:
                yield Anchor(*row)
            if len(rows) < _PAGE:
                return
            page = query.where(beyond(rows[-1].number)).limit(_PAGE)

    def all(self) -> list[Anchor]:
        """All of them, the genesis first."""
        with reading(self._engine) as connection:
            return [Anchor(*row) for row in connection.execute(select(ANCHOR).order_by(ANCHOR.c.number))]
