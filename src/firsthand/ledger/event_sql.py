"""The SQL of a query: which facts and identifiers an event must have to be worth reading.

What is built here may let through too much and never too little; `events.query` has the last word.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, text

from firsthand.events.epc_patterns import parse_pattern
from firsthand.events.identifiers import canonical
from firsthand.events.instants import timestamp_text
from firsthand.events.query import Condition, Query
from firsthand.ledger.event_index import Kind, key_text

__all__ = ["EventSql", "Viewer", "journal_end"]

_KEYS: Final[dict[str, tuple[Kind, ...]]] = {
    "eventID": (Kind.EVENT_ID,),
    "epc": (Kind.EPC,),
    "parentID": (Kind.PARENT,),
    "inputEPC": (Kind.INPUT_EPC,),
    "outputEPC": (Kind.OUTPUT_EPC,),
    "anyEPC": (Kind.EPC, Kind.PARENT, Kind.INPUT_EPC, Kind.OUTPUT_EPC),
    "epcClass": (Kind.CLASS,),
    "inputEPCClass": (Kind.INPUT_CLASS,),
    "outputEPCClass": (Kind.OUTPUT_CLASS,),
    "anyEPCClass": (Kind.CLASS, Kind.INPUT_CLASS, Kind.OUTPUT_CLASS),
    "transformationID": (Kind.TRANSFORMATION,),
    "readPoint": (Kind.READ_POINT,),
    "bizLocation": (Kind.BIZ_LOCATION,),
}
_TYPED_KEYS: Final = (
    ("bizTransaction.", Kind.BIZ_TRANSACTION),
    ("source.", Kind.SOURCE),
    ("destination.", Kind.DESTINATION),
)
_FACTS: Final = {
    "eventType": ("type", Kind.EVENT_TYPE),
    "action": ("action", None),
    "bizStep": ("biz_step", Kind.BIZ_STEP),
    "disposition": ("disposition", Kind.DISPOSITION),
}
_MOST_LISTED: Final = 10_000
"""Master data may name more places than a statement can list; then the predicate alone decides."""

_COMPARE: Final = {"GE": ">=", "GT": ">", "LE": "<=", "LT": "<"}


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: a party sees its own events and what is published, an operator everything."""

    party: str | None = None
    everything: bool = False


class KeyRange(NamedTuple):
    """What a condition asks of `event_key`: kinds, identifiers, and ranges of them, their ends exclusive."""

    kinds: tuple[int, ...]
    exact: list[str]
    spans: list[tuple[str, str]]


class EventSql:
    """The conditions of one query as SQL over `event_fact f`, with their values.

    `bounds` cut a range out of an index, `filters` are checked at each fact, `keys` are looked up in
    `event_key`.
    """

    def __init__(
        self, connection: Connection, query: Query, viewer: Viewer, published: int, start: int, until: int
    ) -> None:
        self._connection = connection
        self.values: dict[str, Any] = {"until": until}
        self.bounds = ["f.number < :until"]
        self.filters: list[str] = []
        self.keys: list[KeyRange] = []
        if start:
            self.bounds.append(f"f.number >= {self.named(start)}")
        if not viewer.everything:
            party, end = self.named(viewer.party or ""), self.named(published)
            self.filters.append(f"(f.issuer = {party} OR f.number < {end})")
        for condition in query.conditions:
            self._add(condition)

    def named(self, value: Any) -> str:
        """A new parameter of that value."""
        name = f"v{len(self.values)}"
        self.values[name] = value
        return f":{name}"

    def key_sql(self, keys: KeyRange, alias: str = "k") -> str:
        """The condition that a row of `event_key` fits."""
        parts = []
        if keys.exact:
            parts.append(f"{alias}.uri IN ({', '.join(map(self.named, keys.exact))})")
        for low, high in keys.spans:
            parts.append(f"({alias}.uri >= {self.named(low)} AND {alias}.uri < {self.named(high)})")
        kinds = ", ".join(map(str, keys.kinds))
        return f"{alias}.kind IN ({kinds}) AND ({' OR '.join(parts) or '1 = 0'})"

    def exists(self, keys: Iterable[KeyRange]) -> list[str]:
        """Conditions that a fact's event has each of these keys."""
        return [
            f"EXISTS (SELECT 1 FROM event_key k WHERE k.number = f.number AND {self.key_sql(one)})"
            for one in keys
        ]

    def _add(self, condition: Condition) -> None:
        field, operator = condition.field, condition.operator
        if field in _FACTS and operator == "EQ":
            column, kind = _FACTS[field]
            words = self._words(condition, kind)
            self.filters.append(f"f.{column} IN ({', '.join(map(self.named, words))})")
        elif field == "eventTime":
            self.bounds.append(f"f.time {_COMPARE[operator]} {self.named(condition.values[0])}")
        elif field == "recordTime":
            number = self._first_recorded(int(condition.values[0]))
            compare = ">=" if operator == "GE" else "<"
            self.bounds.append(f"f.number {compare} {self.named(number)}")
        elif operator in ("EQ", "MATCH", "WD"):
            kinds = _KEYS.get(field) or tuple(kind for start, kind in _TYPED_KEYS if field.startswith(start))
            if kinds and len(condition.values) <= _MOST_LISTED:
                self.keys.append(_key_range(condition, tuple(int(kind) for kind in kinds)))

    def _words(self, condition: Condition, kind: Kind | None) -> list[str]:
        """The spellings in the journal that may be meant; the predicate knows which are equal."""
        given = {key_text(str(value)) for value in condition.values}
        if kind is None:
            return sorted(given)
        # Words of the standard stand bare; others are URIs or CURIEs, which may be written in several ways.
        query = text("SELECT DISTINCT word FROM event_word WHERE kind = :kind")
        known = set(self._connection.execute(query, {"kind": int(kind)}).scalars())
        return sorted(word for word in known if word in given or ":" in word) or [""]

    def _first_recorded(self, instant: int) -> int:
        """The number of the first event that was recorded at that time or later."""
        second = timestamp_text(-(-instant // 1_000_000) * 1_000_000)[:19] + "Z"
        query = text(
            "SELECT first_event FROM entry WHERE recorded >= :second ORDER BY recorded, place LIMIT 1"
        )
        found = self._connection.execute(query, {"second": second}).scalar()
        return int(self.values["until"]) if found is None else int(found)


def _key_range(condition: Condition, kinds: tuple[int, ...]) -> KeyRange:
    exact: list[str] = []
    spans: list[tuple[str, str]] = []
    for value in map(str, condition.values):
        if condition.operator == "MATCH" and value.startswith("urn:epc:idpat:"):
            pattern = parse_pattern(value)
            exact += pattern.exact
            spans += [(start, start[:-1] + chr(ord(start[-1]) + 1)) for start in pattern.prefixes]
        else:
            exact.append(key_text(value if condition.field == "eventID" else canonical(value)))
    return KeyRange(kinds, exact, spans)


def journal_end(connection: Connection) -> int:
    """The number that the next event will have."""
    query = text("SELECT first_event + count FROM entry ORDER BY place DESC LIMIT 1")
    return int(connection.execute(query).scalar() or 0)
