"""What opens the sealed fields of the journal's events, encrypted; the keys are in a file of their own.

It is stored in the transaction of its capture, and, unlike other projections, cannot be derived from
the journal again: the journal holds digests alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    select,
    update,
)

from firsthand.journal.database import NUMBER, reading
from firsthand.journal.protocol import EventRow, NewEntry, SealedField
from firsthand.journal.store import METADATA

__all__ = ["SEALED_FIELD", "SealedFields", "StoredField"]

SEALED_FIELD: Final = Table(
    "sealed_field",
    METADATA,
    Column("event", NUMBER, primary_key=True, autoincrement=False),
    Column("digest", LargeBinary, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    Column("field", SmallInteger, nullable=False),
    Column("box", LargeBinary, nullable=False),
    Column("erased", String),
    sqlite_with_rowid=False,
)
"""`event` is the event's global number; `box` is empty once the value is erased, `erased` says when."""

_CHUNK: Final = 1000


class StoredField(NamedTuple):
    """A stored field of the event with this global number; `erased` is when its value was destroyed."""

    event: int
    digest: bytes
    key: bytes
    field: int
    box: bytes
    erased: str | None


class SealedFields:
    """The stored fields; a projection that takes them in with their events."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Entries themselves have no sealed fields."""

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Store what belongs to these events."""
        fields = [(first + at, field) for at, row in enumerate(rows) for field in row.sealed]
        if fields:
            self.add(connection, fields)

    def add(self, connection: Connection, fields: Iterable[tuple[int, SealedField]]) -> None:
        """Store fields of these events, where they are not stored yet."""
        rows = [
            {
                "event": number,
                "digest": field.digest,
                "key": field.key,
                "field": field.field,
                "box": field.box,
            }
            for number, field in fields
        ]
        for start in range(0, len(rows), _CHUNK):
            connection.execute(SEALED_FIELD.insert(), rows[start : start + _CHUNK])

    def of_event(self, number: int) -> list[StoredField]:
        """Those of one event, in the order of their digests."""
        query = select(SEALED_FIELD).where(SEALED_FIELD.c.event == number).order_by(SEALED_FIELD.c.digest)
        with reading(self._engine) as connection:
            return [StoredField(*row) for row in connection.execute(query)]

    def newest(self, most: int) -> list[StoredField]:
        """Those of the newest events, so many at the most."""
        query = select(SEALED_FIELD).order_by(SEALED_FIELD.c.event.desc(), SEALED_FIELD.c.digest)
        with reading(self._engine) as connection:
            return [StoredField(*row) for row in connection.execute(query.limit(most))]

    def events_with_values(self) -> Iterator[int]:
        """The events with a value that is not erased, in journal order."""
        query = select(SEALED_FIELD.c.event).where(SEALED_FIELD.c.erased.is_(None)).distinct()
        with reading(self._engine) as connection:
            yield from connection.execute(query.order_by(SEALED_FIELD.c.event)).scalars()

    def mark_erased(self, fields: Sequence[StoredField], when: str) -> None:
        """Empty the boxes of fields whose keys are gone."""
        table: Any = SEALED_FIELD.c
        with self._engine.begin() as connection:
            for field in fields:
                connection.execute(
                    update(SEALED_FIELD)
                    .where(table.event == field.event, table.digest == field.digest)
                    .values(box=b"", erased=when)
                )
