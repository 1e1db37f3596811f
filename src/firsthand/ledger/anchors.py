"""The anchors of the log: its genesis and each checkpoint that went on chain, in the order of the seals."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import BigInteger, Column, Connection, Engine, Integer, LargeBinary, Table, delete, select

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
)


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
        query = select(ANCHOR).where(ANCHOR.c.size > place).order_by(ANCHOR.c.number)
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        for row in rows:
            yield Anchor(*row)

    def all(self) -> list[Anchor]:
        """All of them, the genesis first."""
        with reading(self._engine) as connection:
            return [Anchor(*row) for row in connection.execute(select(ANCHOR).order_by(ANCHOR.c.number))]
