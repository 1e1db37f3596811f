"""The event index: which events there are by identifier, by time and by what every event has one of.

Identifiers stand in it in their canonical spelling (`events.identifiers`), so that an EPC URN finds what
was captured as a GS1 Digital Link. The index narrows down; what an event says is read from the event.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Index,
    SmallInteger,
    String,
    Table,
    delete,
    select,
)

from firsthand.errors import InvalidInput
from firsthand.events.identifiers import canonical
from firsthand.events.instants import microseconds
from firsthand.journal.database import KEY, NUMBER, Upsert, bulk_insert, reading
from firsthand.journal.protocol import EventRow, Facts, NewEntry
from firsthand.journal.store import METADATA
from firsthand.proof.confirmation import ON_BEHALF_OF

__all__ = [
    "EVENT_FACT",
    "EVENT_KEY",
    "EVENT_WORD",
    "ITEM_KINDS",
    "EventIndex",
    "Kind",
    "facts_of",
    "key_text",
    "keys_of",
]


class Kind(IntEnum):
    """What an identifier is to the events that it finds."""

    EVENT_ID = 0
    EPC = 1
    PARENT = 2
    INPUT_EPC = 3
    OUTPUT_EPC = 4
    CLASS = 5
    INPUT_CLASS = 6
    OUTPUT_CLASS = 7
    READ_POINT = 8
    BIZ_LOCATION = 9
    BIZ_TRANSACTION = 10
    SOURCE = 11
    DESTINATION = 12
    TRANSFORMATION = 13
    EVENT_TYPE = 14
    BIZ_STEP = 15
    DISPOSITION = 16
    ON_BEHALF_OF = 17
    ERROR_DECLARATION = 18
    AREA = 19
    """The read point of an event that states an area: a plot's, among thousands of what grew there."""


AREA: Final = "fh:area"
"""The member that states a plot's area."""

ITEM_KINDS: Final = tuple(range(Kind.EPC, Kind.BIZ_LOCATION + 1))
"""The kinds by which a lot, an item, a party or a place is looked up as such."""

EVENT_KEY: Final = Table(
    "event_key",
    METADATA,
    Column("kind", SmallInteger, primary_key=True),
    Column("uri", KEY, primary_key=True),
    Column("number", BigInteger, primary_key=True),
    sqlite_with_rowid=False,
)
EVENT_FACT: Final = Table(
    "event_fact",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("time", BigInteger, nullable=False),
    Column("issuer", String, nullable=False),
    Column("type", String, nullable=False),
    Column("action", String),
    Column("biz_step", String),
    Column("disposition", String),
    Index("ix_event_fact_time", "time", "number"),
)
EVENT_WORD: Final = Table(
    "event_word",
    METADATA,
    Column("kind", SmallInteger, primary_key=True),
    Column("word", KEY, primary_key=True),
    Column("issuer", KEY, primary_key=True),
    Column("number", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""The words of the standard's top-level resources: which issuer used them, and in which event first."""

_WORD_KINDS: Final = (int(Kind.READ_POINT), int(Kind.BIZ_LOCATION))
_TYPE, _STEP, _DISPOSITION = int(Kind.EVENT_TYPE), int(Kind.BIZ_STEP), int(Kind.DISPOSITION)
_WORDS: Final = Upsert(EVENT_WORD)

_LONGEST_KEY: Final = 500
"""PostgreSQL's index rows hold 2,700 bytes; what is longer is found by its digest."""

_STANDARD_TYPES: Final = frozenset(
    ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
)
# Plain numbers from here on: these stand in every row, and pickle small.
_PARENT, _READ_POINT, _BIZ_LOCATION, _TRANSFORMATION, _ON_BEHALF_OF, _DECLARATION, _AREA = (
    int(kind)
    for kind in (
        Kind.PARENT,
        Kind.READ_POINT,
        Kind.BIZ_LOCATION,
        Kind.TRANSFORMATION,
        Kind.ON_BEHALF_OF,
        Kind.ERROR_DECLARATION,
        Kind.AREA,
    )
)
_EPC_LISTS: Final = (
    ("epcList", int(Kind.EPC)),
    ("childEPCs", int(Kind.EPC)),
    ("inputEPCList", int(Kind.INPUT_EPC)),
    ("outputEPCList", int(Kind.OUTPUT_EPC)),
)
_CLASS_LISTS: Final = (
    ("quantityList", int(Kind.CLASS)),
    ("childQuantityList", int(Kind.CLASS)),
    ("inputQuantityList", int(Kind.INPUT_CLASS)),
    ("outputQuantityList", int(Kind.OUTPUT_CLASS)),
)
_TYPED_LISTS: Final = (
    ("bizTransactionList", "bizTransaction", int(Kind.BIZ_TRANSACTION)),
    ("sourceList", "source", int(Kind.SOURCE)),
    ("destinationList", "destination", int(Kind.DESTINATION)),
)


class EventIndex:
    """A projection of the journal's events into these tables."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Entries without events leave nothing here."""

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Index these events."""
        keys: list[tuple[int, str, int]] = []
        facts: list[tuple[Any, ...]] = []
        words: dict[tuple[int, str], int] = {}
        for number, (_, event_ids, found, fact, _) in enumerate(rows, first):
            keys += [(0, key_text(event_id), number) for event_id in event_ids]
            keys += [(kind, uri, number) for kind, uri in found]
            time, event_type, action, biz_step, disposition = fact
            facts.append((number, time, issuer, event_type, action, biz_step, disposition))
            for key in found:
                if key[0] in _WORD_KINDS:
                    words.setdefault(key, number)
            for kind, word in ((_TYPE, event_type), (_STEP, biz_step), (_DISPOSITION, disposition)):
                if word is not None:
                    words.setdefault((kind, word), number)
        bulk_insert(connection, EVENT_KEY, keys)
        bulk_insert(connection, EVENT_FACT, facts)
        _WORDS.run(connection, [(kind, word, issuer, number) for (kind, word), number in words.items()])

    def clear(self, connection: Connection) -> None:
        """Forget everything, to be filled from the journal anew."""
        for table in (EVENT_KEY, EVENT_FACT, EVENT_WORD):
            connection.execute(delete(table))

    def by_event_id(self, event_id: str) -> list[int]:
        """The numbers of the events with this event ID, in journal order."""
        return self._find((Kind.EVENT_ID,), key_text(event_id))

    def by_item(self, uri: str) -> list[int]:
        """The numbers of all events that speak of this lot, item, party or place, in journal order."""
        return self._find(ITEM_KINDS, key_text(canonical(uri)))

    def on_behalf_of(self, uris: Sequence[str]) -> list[int]:
        """The numbers of the events that were recorded for one of these parties, in journal order."""
        numbers = {
            number for uri in uris for number in self._find((Kind.ON_BEHALF_OF,), key_text(canonical(uri)))
        }
        return sorted(numbers)

    def _find(self, kinds: Sequence[int], uri: str) -> list[int]:
        query = (
            select(EVENT_KEY.c.number)
            .where(EVENT_KEY.c.kind.in_(kinds), EVENT_KEY.c.uri == uri)
            .order_by(EVENT_KEY.c.number)
            .distinct()
        )
        with reading(self._engine) as connection:
            return list(connection.execute(query).scalars())


def key_text(uri: str) -> str:
    """A canonical identifier as it stands in the index."""
    if len(uri) <= _LONGEST_KEY and "\0" not in uri:
        return uri
    return uri[:100].replace("\0", "") + "#" + sha256(uri.encode("utf-8", "surrogatepass")).hexdigest()


def keys_of(event: dict[str, Any]) -> list[tuple[int, str]]:
    """What a valid event is found by, each once, beside its event IDs."""
    # An extended event's fields may hold anything: only what has the standard's shape is taken.
    pairs = _standard_keys(event) if event["type"] in _STANDARD_TYPES else _raw_keys(event)
    if "errorDeclaration" in event:
        pairs = [*pairs, (_DECLARATION, str(event["errorDeclaration"].get("reason", "")))]
    if AREA in event:
        pairs = [*pairs, (_AREA, _member(event.get("readPoint"), "id"))]
    return list(dict.fromkeys([(kind, _indexed(uri)) for kind, uri in pairs if type(uri) is str]))


@lru_cache(maxsize=65_536)
def _indexed(uri: str) -> str:
    """The identifier as the index has it; places, parties and orders come again and again."""
    return key_text(canonical(uri))


def _standard_keys(event: dict[str, Any]) -> list[tuple[int, str]]:
    keys: list[tuple[int, str]] = []
    for name, kind in _EPC_LISTS:
        if name in event:
            keys += [(kind, epc) for epc in event[name]]
    for name, kind in _CLASS_LISTS:
        if name in event:
            keys += [(kind, element["epcClass"]) for element in event[name]]
    for name, member, kind in _TYPED_LISTS:
        if name in event:
            keys += [(kind, element[member]) for element in event[name]]
    if "parentID" in event:
        keys.append((_PARENT, event["parentID"]))
    if "readPoint" in event:
        keys.append((_READ_POINT, event["readPoint"]["id"]))
    if "bizLocation" in event:
        keys.append((_BIZ_LOCATION, event["bizLocation"]["id"]))
    if "transformationID" in event:
        keys.append((_TRANSFORMATION, event["transformationID"]))
    if ON_BEHALF_OF in event:
        keys.append((_ON_BEHALF_OF, event[ON_BEHALF_OF]))
    return keys


def _raw_keys(event: dict[str, Any]) -> Iterable[tuple[int, Any]]:
    for name, kind in _EPC_LISTS:
        yield from ((kind, epc) for epc in _list(event, name))
    for name, kind in _CLASS_LISTS:
        yield from ((kind, _member(element, "epcClass")) for element in _list(event, name))
    for name, member, kind in _TYPED_LISTS:
        yield from ((kind, _member(element, member)) for element in _list(event, name))
    yield _PARENT, event.get("parentID")
    yield _READ_POINT, _member(event.get("readPoint"), "id")
    yield _BIZ_LOCATION, _member(event.get("bizLocation"), "id")
    yield _TRANSFORMATION, event.get("transformationID")
    yield _ON_BEHALF_OF, event.get(ON_BEHALF_OF)


def _list(event: dict[str, Any], name: str) -> list[Any]:
    value = event.get(name)
    return value if type(value) is list else []


def _member(value: Any, name: str) -> Any:
    return value.get(name) if type(value) is dict else None


def facts_of(event: dict[str, Any]) -> Facts:
    """What a valid event has one of. Raises InvalidInput for a time that no calendar has."""
    try:
        time = microseconds(event["eventTime"])
    except InvalidInput as error:
        raise InvalidInput(error.reason, "$.eventTime") from None
    words = [event.get(name) for name in ("action", "bizStep", "disposition")]
    return Facts(
        time, key_text(event["type"]), *[key_text(word) if type(word) is str else None for word in words]
    )
