"""What projections of signed statements share: they take each as it comes, or all anew from the journal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Sequence
from typing import ClassVar

from sqlalchemy import Connection, Engine, Table, delete, select

from firsthand.journal.protocol import EventRow, NewEntry, Projection
from firsthand.journal.store import ENTRY

__all__ = ["StatementProjection"]


class StatementProjection(Projection):
    """A projection of the entries of `kinds` into `tables`, by `take`; events change nothing in it.

    What a subclass keeps beside its `tables` is not derived: `rebuild` leaves it.
    """

    kinds: ClassVar[Collection[str]]
    tables: ClassVar[Sequence[Table]]

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @abstractmethod
    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> object:
        """Bring a statement into the tables, and hand it on. Raises what keeps it out of the journal."""

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Admit an entry that comes into the journal. Raises as `take`."""
        if entry.kind in self.kinds:
            self.take(connection, place, leaf, entry.document)

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Events state nothing of this kind."""

    def rebuild(self, connection: Connection) -> None:
        """Fill the tables from the journal anew."""
        for table in self.tables:
            connection.execute(delete(table))
        query = select(ENTRY.c.place, ENTRY.c.leaf, ENTRY.c.document).where(ENTRY.c.kind.in_(self.kinds))
        for place, leaf, document in connection.execute(query.order_by(ENTRY.c.place)).all():
            self.take(connection, place, leaf, document)
