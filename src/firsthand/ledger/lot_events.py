"""The events of lots, found through the event index: the edges of the lot graph, without their own table.

The index leads from a lot to the events that speak of it, and an event's own JSON leads on to other lots. So
a new capture costs the graph nothing beyond its index rows, there is nothing to rebuild, and what a trace
reads grows with the trace (docs/adr/0011).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine

from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.journal.database import Statement, driver_of, reading
from firsthand.ledger.event_index import Kind, key_text
from firsthand.ledger.event_sql import Viewer
from firsthand.proof.canonical import parse_canonical

__all__ = ["BACK", "FORWARD", "MADE", "USED", "LotEvents", "StoredDeclaration", "StoredEvent", "event_id"]

_SEEN: Final = (Kind.EPC, Kind.PARENT, Kind.CLASS)
BACK: Final = (*_SEEN, Kind.OUTPUT_EPC, Kind.OUTPUT_CLASS)
"""By these a lot finds the events that it came into being by, was packed and seen in."""

FORWARD: Final = (*_SEEN, Kind.INPUT_EPC, Kind.INPUT_CLASS)
"""By these a lot finds the events that it was used, packed and seen in."""

MADE: Final = (Kind.OUTPUT_EPC, Kind.OUTPUT_CLASS)
"""By these a lot finds the events that made it."""

USED: Final = (Kind.INPUT_EPC, Kind.INPUT_CLASS)
"""By these a lot finds the events that it was used up in."""

_CHUNK: Final = 400
"""URIs or numbers in one statement; SQLite and PostgreSQL both take far more."""

_SCAN: Final = 5_000


class StoredEvent(NamedTuple):
    """An event as it is journaled; `time` in microseconds since 1970, UTC."""

    number: int
    issuer: str
    time: int
    body: bytes


class StoredDeclaration(NamedTuple):
    """An event with an error declaration; the numbers of the events that it declares and that correct it."""

    number: int
    issuer: str
    reason: str
    declared: tuple[int, ...]
    corrective: tuple[int, ...]


class LotEvents:
    """Reads events by lot; who may see what is the viewer's and the published end's business."""

    def __init__(self, engine: Engine, viewer: Viewer, published: int = 0) -> None:
        self._engine = engine
        self._viewer = viewer
        self._published = published

    def of(self, lots: Collection[str], kinds: Sequence[Kind], known: Collection[int]) -> list[StoredEvent]:
        """The events of these lots (canonical URIs) by these kinds, but those already known, by number."""
        keys = [key_text(lot) for lot in lots]
        with reading(self._engine) as connection:
            numbers: set[int] = set()
            for chunk in _chunks(keys):
                numbers.update(_numbers(connection, kinds, chunk))
            return self._events(connection, sorted(numbers.difference(known)))

    def by_number(self, numbers: Iterable[int]) -> list[StoredEvent]:
        """These events, in journal order."""
        with reading(self._engine) as connection:
            return self._events(connection, sorted(set(numbers)))

    def between(
        self, since: int | None, until: int | None, party: str | None = None
    ) -> Iterator[StoredEvent]:
        """All events by time, from `since` up to, not including, `until` (microseconds); of one issuer."""
        marks, values = ["1 = 1"], []
        for mark, value in (("f.time >= ?", since), ("f.time < ?", until), ("f.issuer = ?", party)):
            if value is not None:
                marks.append(mark)
                values.append(value)
        if not self._viewer.everything:
            marks.append("(f.issuer = ? OR f.number < ?)")
            values += [self._viewer.party or "", self._published]
        query = Statement(
            "SELECT f.number, f.issuer, f.time, e.body FROM event_fact f JOIN event e ON e.number = f.number "
            f"WHERE {' AND '.join(marks)} ORDER BY f.time, f.number"
        )
        with reading(self._engine) as connection:
            cursor = _streaming(connection, query, values)
            while rows := cursor.fetchmany(_SCAN):
                yield from map(StoredEvent._make, rows)

    def declarations(self) -> list[StoredDeclaration]:
        """All error declarations, in journal order, with the numbers of what they speak of."""
        found = []
        with reading(self._engine) as connection:
            query = Statement("SELECT number FROM event_key WHERE kind = ? ORDER BY number")
            numbers = [row[0] for row in query.run(connection, int(Kind.ERROR_DECLARATION)).fetchall()]
            for stored in self._events(connection, numbers):
                event = parse_canonical(stored.body)
                declaration = event["errorDeclaration"]
                ids = declaration.get("correctiveEventIDs", ())
                found.append(
                    StoredDeclaration(
                        stored.number,
                        stored.issuer,
                        str(declaration.get("reason", "")),
                        tuple(n for n in _by_ids(connection, [event_id(event)]) if n != stored.number),
                        tuple(_by_ids(connection, [one for one in ids if type(one) is str])),
                    )
                )
        return found

    def issuers(self, numbers: Iterable[int]) -> dict[int, str]:
        """Who captured these events."""
        return {stored.number: stored.issuer for stored in self.by_number(numbers)}

    def _events(self, connection: Connection, numbers: Sequence[int]) -> list[StoredEvent]:
        found: list[StoredEvent] = []
        for chunk in _chunks(numbers):
            marks = ", ".join("?" * len(chunk))
            query = Statement(
                "SELECT f.number, f.issuer, f.time, e.body FROM event_fact f "
                f"JOIN event e ON e.number = f.number WHERE f.number IN ({marks}) ORDER BY f.number"
            )
            found += map(StoredEvent._make, query.run(connection, *chunk).fetchall())
        if self._viewer.everything:
            return found
        return [one for one in found if one.issuer == self._viewer.party or one.number < self._published]


def event_id(event: dict[str, Any]) -> str:
    """The event's ID: its own, else its event hash ID (CBV 2.0 §8.9)."""
    own = event.get("eventID")
    return own if type(own) is str else event_hash_id(event, HashContext.of(event.get("@context", ())))


def _numbers(connection: Connection, kinds: Sequence[Kind], keys: Sequence[str]) -> Iterator[int]:
    marks, names = ", ".join("?" * len(kinds)), ", ".join("?" * len(keys))
    query = Statement(f"SELECT number FROM event_key WHERE kind IN ({marks}) AND uri IN ({names})")
    return (row[0] for row in query.run(connection, *map(int, kinds), *keys).fetchall())


def _by_ids(connection: Connection, ids: Sequence[str]) -> list[int]:
    if not ids:
        return []
    return sorted(set(_numbers(connection, (Kind.EVENT_ID,), [key_text(one) for one in ids])))


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), _CHUNK):
        yield values[at : at + _CHUNK]


def _streaming(connection: Connection, query: Statement, values: Sequence[Any]) -> Any:
    """A cursor that does not hold the whole answer in memory: on PostgreSQL that takes one with a name."""
    if connection.dialect.name == "sqlite":
        return query.run(connection, *values)
    cursor = driver_of(connection).cursor("firsthand_scan")
    cursor.itersize = _SCAN
    return cursor.execute(query.text(connection), values)
