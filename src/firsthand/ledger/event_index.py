"""The event index: which events there are by an event ID, and by the URI of anything they speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Engine, Integer, SmallInteger, String, Table, select

from firsthand.journal.database import reading
from firsthand.journal.protocol import EventRow, NewEntry
from firsthand.journal.sqlite import METADATA

__all__ = ["EVENT_KEY", "EventIndex", "items_of"]

_EVENT_ID, _ITEM = 0, 1

EVENT_KEY: Final = Table(
    "event_key",
    METADATA,
    Column("kind", SmallInteger, primary_key=True),
    Column("uri", String, primary_key=True),
    Column("number", Integer, primary_key=True),
    sqlite_with_rowid=False,
)

_STANDARD_TYPES: Final = frozenset(
    ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
)

_INSERT: Final = "INSERT INTO event_key (kind, uri, number) VALUES (?, ?, ?)"


class EventIndex:
    """A projection of the journal's events into `event_key`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Entries without events leave nothing here."""

    def events(self, connection: Connection, first: int, rows: Sequence[EventRow]) -> None:
        """Index these events."""
        keys: list[tuple[int, str, int]] = []
        for number, (_, event_ids, items) in enumerate(rows, first):
            keys.extend([(_EVENT_ID, event_id, number) for event_id in event_ids])
            keys.extend([(_ITEM, uri, number) for uri in items])
        connection.exec_driver_sql(_INSERT, keys)

    def by_event_id(self, event_id: str) -> list[int]:
        """The numbers of the events with this event ID, in journal order."""
        return self._find(_EVENT_ID, event_id)

    def by_item(self, uri: str) -> list[int]:
        """The numbers of all events that speak of this lot, item, party or place, in journal order."""
        return self._find(_ITEM, uri)

    def _find(self, kind: int, uri: str) -> list[int]:
        query = (
            select(EVENT_KEY.c.number)
            .where(EVENT_KEY.c.kind == kind, EVENT_KEY.c.uri == uri)
            .order_by(EVENT_KEY.c.number)
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def items_of(event: dict[str, Any]) -> list[str]:
    """The URIs by which a valid event is found, each once: its EPCs, classes, parent and locations."""
    items: dict[str, None] = {}
    if event["type"] not in _STANDARD_TYPES:
        return []  # an extended event: what its fields hold is not known
    for name in ("epcList", "childEPCs", "inputEPCList", "outputEPCList"):
        if name in event:
            items.update(dict.fromkeys(event[name]))
    for name in ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"):
        if name in event:
            items.update((element["epcClass"], None) for element in event[name])
    if "parentID" in event:
        items[event["parentID"]] = None
    for name in ("readPoint", "bizLocation"):
        if name in event:
            items[event[name]["id"]] = None
    return list(items)
