"""Answering an EPCIS query from the index, a page at a time, in time that does not grow with the journal.

The index narrows down (`event_sql`), `events.query` decides: what the index cannot know is read from each
candidate. Where an identifier leaves few events, these are looked at; else the facts are walked in the
order asked for, a window at a time, and a page ends early, with a cursor to go on from, rather than late.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Engine, text

from firsthand.errors import FirsthandError
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.events.instants import microseconds
from firsthand.events.query import Query
from firsthand.journal.database import reading
from firsthand.ledger.event_sql import EventSql, Viewer, journal_end
from firsthand.ledger.places import PlaceTree
from firsthand.proof.canonical import parse_canonical

__all__ = ["Cursor", "EventSearch", "FoundEvent", "Page", "QueryTooComplex", "QueryTooLarge", "Viewer"]

_FEW: Final = 2_000
"""So many events of one identifier are looked at one by one."""

_WINDOW: Final = 100_000
_WINDOWS: Final = 10
_READ: Final = 5_000
"""A page walks ten windows of facts and reads five thousand events, no more."""

_PAGE_BYTES: Final = 16_000_000
_CHUNK: Final = 50
"""Events are read fifty at a time, and a page is full at 16 MB of what was read."""

_SORTED: Final = 10_000
"""Events that are sorted by a field which no index has."""


class QueryTooLarge(FirsthandError):
    """More events match than the query's own maxEventCount allows (EPCIS 2.0: QueryTooLargeException)."""


class QueryTooComplex(FirsthandError):
    """Answering would take more than a request may (EPCIS 2.0: QueryTooComplexException)."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page ended: the last event looked at, by the order's key and its number.

    `until` is the journal's length in events when the first page was read: no page holds later ones.
    `left` is what remains of the query's eventCountLimit.
    """

    key: int
    number: int
    until: int
    left: int | None = None


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """An event with its number in the journal and when it was recorded (RFC 3339)."""

    number: int
    event: dict[str, Any]
    recorded: str

    @property
    def hash_id(self) -> str:
        """The event hash ID (CBV 2.0 §8.9)."""
        return event_hash_id(self.event, HashContext.of(self.event.get("@context", ())))

    @property
    def event_id(self) -> str:
        """The event's ID: its own, else its hash ID."""
        return str(self.event["eventID"]) if "eventID" in self.event else self.hash_id


@dataclass(frozen=True, slots=True)
class Page:
    """Events in the order asked for; `more` is where the next page begins, None after the last."""

    events: list[FoundEvent]
    more: Cursor | None


class EventSearch:
    """Pages of events that match a query and may be seen."""

    def __init__(self, engine: Engine, places: PlaceTree) -> None:
        self._engine = engine
        self._places = places

    def end(self) -> int:
        """The number that the next event will have."""
        with reading(self._engine) as connection:
            return journal_end(connection)

    def page(
        self,
        query: Query,
        viewer: Viewer,
        published: int,
        per_page: int,
        cursor: Cursor | None = None,
        *,
        start: int = 0,
    ) -> Page:
        """The next page. Events below the number `published` are public; none below `start` is given.

        Raises QueryTooLarge or QueryTooComplex.
        """
        query = query.with_master_data(self._places)
        with reading(self._engine) as connection:
            until = cursor.until if cursor is not None else journal_end(connection)
            sql = EventSql(connection, query, viewer, published, start, until)
            walk = _Walk(connection, query, sql, until)
            if query.max_event_count is not None and cursor is None:
                walk.refuse_more_than(query.max_event_count)
            if query.order_by not in (None, "recordTime", "eventTime"):
                return walk.sorted_page(per_page, cursor)
            return walk.page(per_page, cursor)


Last = tuple[int, int] | None
"""Order key and number of the last event looked at."""


class _Walk:
    """One query on one connection, in its order."""

    def __init__(self, connection: Connection, query: Query, sql: EventSql, until: int) -> None:
        self._connection = connection
        self._query = query
        self._sql = sql
        self._until = until
        self._descending = query.order_by is not None and query.descending
        self._by_time = query.order_by == "eventTime"
        self._needs_ids = any(condition.field == "eventID" for condition in query.conditions)
        self._source, self._fits = self._plan()

    def page(self, per_page: int, cursor: Cursor | None) -> Page:
        """The events after the cursor, at most `per_page` or what the query's eventCountLimit leaves."""
        left = cursor.left if cursor is not None else self._query.event_count_limit
        wanted = per_page if left is None else min(per_page, left)
        found: list[FoundEvent] = []
        last: Last = (cursor.key, cursor.number) if cursor is not None else None
        read = size = 0
        for place, body, recorded in self._candidates(last, wanted + 1):
            last = place
            if body is not None:
                read += 1
                event = parse_canonical(body)
                one = FoundEvent(place[1], event, recorded)
                if self._matches(one):
                    found.append(one)
                size += len(body)
            if len(found) == wanted or read >= _READ or size >= _PAGE_BYTES:
                break
        left = None if left is None else left - len(found)
        if left == 0 or last is None or next(self._candidates(last, 1), None) is None:
            return Page(found, None)
        return Page(found, Cursor(*last, self._until, left))

    def refuse_more_than(self, limit: int) -> None:
        """Raise QueryTooLarge when more events match than the query's maxEventCount."""
        count = 0
        cursor: Cursor | None = None
        for _ in range(_WINDOWS):
            page = self.page(limit + 1 - count, cursor)
            count, cursor = count + len(page.events), page.more
            if count > limit:
                raise QueryTooLarge(f"more than maxEventCount = {limit} events match")
            if cursor is None:
                return
        raise QueryTooComplex("counting what matches takes too long; narrow the query down")

    def sorted_page(self, per_page: int, cursor: Cursor | None) -> Page:
        """A page in the order of a field that no index has; the cursor's number is an offset."""
        found: list[FoundEvent] = []
        after: Cursor | None = Cursor(-1, -1, self._until)
        for _ in range(_WINDOWS):
            page = self.page(_SORTED + 1, after)
            found += page.events
            after = page.more
            if after is None or len(found) > _SORTED:
                break
        if after is not None:
            raise QueryTooComplex(
                f"more than {_SORTED} events would have to be sorted by {self._query.order_by}"
            )
        found.sort(
            key=lambda one: self._query.sort_key(one.event, microseconds(one.recorded)),
            reverse=self._query.descending,
        )
        found = found[: self._query.event_count_limit]
        at = cursor.number if cursor is not None else 0
        more = Cursor(0, at + per_page, self._until) if at + per_page < len(found) else None
        return Page(found[at : at + per_page], more)

    def _matches(self, found: FoundEvent) -> bool:
        ids: Sequence[str] = (found.event_id, found.hash_id) if self._needs_ids else ()
        return self._query.matches(found.event, ids, microseconds(found.recorded))

    def _plan(self) -> tuple[str, list[str]]:
        """Where to walk, and what else must hold: few events, one identifier's, or all facts."""
        sql = self._sql
        for keys in sql.keys:
            query = f"SELECT number FROM event_key k WHERE {sql.key_sql(keys)} LIMIT {_FEW + 1}"
            numbers = set(self._run(query).scalars())
            if len(numbers) <= _FEW:
                listed = ", ".join(map(str, sorted(numbers))) or "-1"
                others = [other for other in sql.keys if other is not keys]
                return f"event_fact f WHERE f.number IN ({listed})", sql.filters + sql.exists(others)
        single = [one for one in sql.keys if len(one.kinds) == len(one.exact) == 1 and not one.spans]
        if single and not self._by_time:
            others = [other for other in sql.keys if other is not single[0]]
            where = sql.key_sql(single[0], "d")
            source = f"event_key d JOIN event_fact f ON f.number = d.number WHERE {where}"
            return source, sql.filters + sql.exists(others)
        return "event_fact f WHERE 1 = 1", sql.filters + sql.exists(sql.keys)

    def _candidates(self, last: Last, first: int) -> Iterator[tuple[tuple[int, int], bytes | None, str]]:
        """Place in the order, canonical JSON and record time of what may match, after `last`.

        `first` is how many are likely to be asked for. At the end of a window there is no JSON. It ends after
        so many windows, or at the end.
        """
        for _ in range(_WINDOWS):
            end = self._window_end(last) if self._fits else None
            size = max(first, 20)
            while True:
                rows = self._select(last, end, size)
                yield from self._bodies(rows)
                if len(rows) < size:
                    break
                last, size = rows[-1], 200
            if end is None:
                return
            last = end
            yield end, None, ""

    def _window_end(self, last: Last) -> Last:
        """The last place of the next window; None when less than a window is left."""
        query = f"SELECT {self._columns()} FROM {self._source}{self._after(last)}{self._order()}"
        row = self._run(f"{query} LIMIT 1 OFFSET {_WINDOW}").first()
        return None if row is None else (row[0], row[1])

    def _select(self, last: Last, end: Last, size: int) -> list[tuple[int, int]]:
        conditions = self._after(last) + self._upto(end) + "".join(f" AND {one}" for one in self._fits)
        query = f"SELECT {self._columns()} FROM {self._source}{conditions}{self._order()} LIMIT {size}"
        return [(row[0], row[1]) for row in self._run(query)]

    def _columns(self) -> str:
        return "f.time, f.number" if self._by_time else "f.number, f.number"

    def _order(self) -> str:
        direction = "DESC" if self._descending else "ASC"
        number = "d.number" if self._source.startswith("event_key") else "f.number"
        return f" ORDER BY {'f.time ' + direction + ', ' if self._by_time else ''}{number} {direction}"

    def _after(self, last: Last) -> str:
        bounds = list(self._sql.bounds)
        if last is not None and last != (-1, -1):
            bounds.append(self._beyond("<" if self._descending else ">", last))
        return "".join(f" AND {bound}" for bound in bounds)

    def _upto(self, end: Last) -> str:
        return "" if end is None else " AND " + self._beyond(">=" if self._descending else "<=", end)

    def _beyond(self, compare: str, place: tuple[int, int]) -> str:
        # Whole numbers of our own, never a client's text.
        key, number = int(place[0]), int(place[1])
        if self._by_time:
            return f"(f.time, f.number) {compare} ({key}, {number})"
        column = "d.number" if self._source.startswith("event_key") else "f.number"
        return f"{column} {compare} {number}"

    def _bodies(self, places: list[tuple[int, int]]) -> Iterator[tuple[tuple[int, int], bytes, str]]:
        for at in range(0, len(places), _CHUNK):
            part = places[at : at + _CHUNK]
            listed = ", ".join(str(int(number)) for _, number in part)
            query = (
                "SELECT e.number, e.body, (SELECT r.recorded FROM entry r WHERE r.first_event <= e.number "
                "AND r.count > 0 ORDER BY r.first_event DESC LIMIT 1) "
                f"FROM event e WHERE e.number IN ({listed})"
            )
            found = {row[0]: (row[1], row[2]) for row in self._run(query)}
            for place in part:
                yield place, *found[place[1]]

    def _run(self, query: str) -> Any:
        return self._connection.execute(text(query), self._sql.values)
