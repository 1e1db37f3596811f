"""The journal in a database, SQLite or PostgreSQL.

Appends that arrive together share one transaction and so one fsync: whoever gets the writer's lock
commits all that is waiting, each caller's entries behind a savepoint of their own. Writers in several
processes take turns (`journal.database`), so that places have no gaps and none is given twice.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    func,
    select,
)

from firsthand.errors import FirsthandError, InvalidInput, NotFound
from firsthand.journal.database import KEY, NUMBER, Statement, bulk_insert, reading
from firsthand.journal.protocol import Appended, Entry, EventRow, NewEntry, Projection

__all__ = ["ENTRY", "METADATA", "Also", "DatabaseJournal"]

METADATA: Final = MetaData()

ENTRY: Final = Table(
    "entry",
    METADATA,
    Column("place", NUMBER, primary_key=True, autoincrement=False),
    Column("kind", String, nullable=False, index=True),
    Column("issuer", KEY, nullable=False),
    Column("leaf", LargeBinary, nullable=False, unique=True),
    Column("root", LargeBinary),
    Column("first_event", BigInteger, nullable=False, index=True),
    Column("count", Integer, nullable=False),
    Column("recorded", KEY, nullable=False, index=True),
    Column("document", LargeBinary, nullable=False),
    UniqueConstraint("issuer", "root", "count"),
)
EVENT: Final = Table(
    "event",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("body", LargeBinary, nullable=False),
)

_MAX_DOCUMENT: Final = 65_535
"""C2SP tlog-tiles gives an entry's length 16 bits."""

_CHUNK: Final = 1000
_INSERT_ENTRY: Final = Statement(
    "INSERT INTO entry (place, kind, issuer, leaf, root, first_event, count, recorded, document) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FIND: Final = Statement(
    "SELECT place, leaf, recorded, -1 FROM entry WHERE leaf = ? UNION ALL "
    "SELECT place, leaf, recorded, -1 FROM entry WHERE issuer = ? AND root = ? AND count = ? UNION ALL "
    "SELECT place, leaf, recorded, first_event + count FROM "
    "(SELECT * FROM entry ORDER BY place DESC LIMIT 1) AS last"
)
"""The same entry, the same capture, and the last entry with the number after its events, at one go."""

_SAVEPOINT: Final = Statement("SAVEPOINT request")
_ROLLBACK: Final = Statement("ROLLBACK TO SAVEPOINT request")
_RELEASE: Final = Statement("RELEASE SAVEPOINT request")

Also = Callable[[Connection, Sequence[Appended]], None]
"""What a caller stores in the same transaction as its entries."""


class _Request:
    """One caller's entries, waiting for a leader to commit them."""

    def __init__(self, entries: Sequence[NewEntry], also: Also | None) -> None:
        self.entries = entries
        self.also = also
        self.done = False
        self.appended: list[Appended] = []
        self.error: BaseException | None = None


class DatabaseJournal:
    """A journal in the tables of `METADATA`; `now` gives the time of recording as RFC 3339 text."""

    def __init__(
        self, engine: Engine, now: Callable[[], str], projections: Sequence[Projection] = ()
    ) -> None:
        self._engine = engine
        self._now = now
        self._projections = projections
        self._queue: list[_Request] = []
        self._queue_lock = threading.Lock()
        self._writer = threading.Lock()

    def append(self, entries: Sequence[NewEntry], also: Also | None = None) -> list[Appended]:
        """Append all of these or none; see `Journal.append`."""
        request = _Request(entries, also)
        with self._queue_lock:
            self._queue.append(request)
        with self._writer:
            if not request.done:
                with self._queue_lock:
                    group, self._queue = self._queue, []
                self._commit(group)
        if request.error is not None:
            raise request.error
        return request.appended

    def _commit(self, group: list[_Request]) -> None:
        try:
            with self._engine.begin() as connection:
                if len(group) == 1:
                    self._do(connection, group[0])  # its refusal rolls everything back
                else:
                    for request in group:
                        self._try(connection, request)
        except BaseException as error:
            # Nothing was committed, so nobody may be told that it was.
            for request in group:
                request.error = request.error or error
            raise
        finally:
            for request in group:
                request.done = True

    def _try(self, connection: Connection, request: _Request) -> None:
        _SAVEPOINT.run(connection)
        try:
            self._do(connection, request)
        except FirsthandError as error:
            _ROLLBACK.run(connection)
            request.error = error
        _RELEASE.run(connection)

    def _do(self, connection: Connection, request: _Request) -> None:
        for entry in request.entries:
            request.appended.append(self._append(connection, entry))
        if request.also is not None:
            request.also(connection, request.appended)

    def _append(self, connection: Connection, entry: NewEntry) -> Appended:
        if len(entry.document) > _MAX_DOCUMENT:
            raise InvalidInput(
                f"a signed document has at most {_MAX_DOCUMENT} bytes, got {len(entry.document)}"
            )
        leaf = sha256(b"\x00" + entry.document).digest()
        rows = _FIND.run(connection, leaf, entry.issuer, entry.root, entry.count).fetchall()
        for there, its_leaf, its_time, end in rows:
            if end < 0:
                return Appended(there, False, its_leaf, its_time)
        # A clock that is behind another process's must not bring record times out of journal order.
        place, first, recorded = 0, 0, self._now()
        if rows:
            place, first, recorded = rows[0][0] + 1, rows[0][3], max(rows[0][2], recorded)
        fields = (entry.kind, entry.issuer, leaf, entry.root, first, entry.count, recorded, entry.document)
        _INSERT_ENTRY.run(connection, place, *fields)
        for projection in self._projections:
            projection.entry(connection, place, leaf, entry)
        self._append_events(connection, first, entry)
        return Appended(place, True, leaf, recorded)

    def _append_events(self, connection: Connection, first: int, entry: NewEntry) -> None:
        number = first
        for rows in _chunks(entry.events):
            bulk_insert(connection, EVENT, [(number + at, row.body) for at, row in enumerate(rows)])
            for projection in self._projections:
                projection.events(connection, number, entry.issuer, rows)
            number += len(rows)
        if number - first != entry.count:
            raise InvalidInput(f"the capture names {entry.count} events, got {number - first}")

    def size(self) -> int:
        """The number of entries."""
        with reading(self._engine) as connection:
            last = connection.execute(select(func.max(ENTRY.c.place))).scalar()
        # Places have no gaps; counting the entries would take longer with every one.
        return 0 if last is None else int(last) + 1

    def entries(self, start: int = 0, stop: int | None = None, kind: str | None = None) -> Iterator[Entry]:
        """The entries from place `start` up to, not including, `stop`, in order."""
        query = select(*_COLUMNS).where(ENTRY.c.place >= start).order_by(ENTRY.c.place)
        if stop is not None:
            query = query.where(ENTRY.c.place < stop)
        if kind is not None:
            query = query.where(ENTRY.c.kind == kind)
        with reading(self._engine) as connection:
            for row in connection.execution_options(yield_per=_CHUNK).execute(query):
                yield Entry(*row)

    def event(self, number: int) -> tuple[Entry, int, bytes]:
        """The event of that global number. Raises NotFound."""
        query = (
            select(*_COLUMNS)
            .where(ENTRY.c.first_event <= number, ENTRY.c.count > 0)
            .order_by(ENTRY.c.first_event.desc())
        )
        with reading(self._engine) as connection:
            row = connection.execute(query.limit(1)).first()
            body = connection.execute(select(EVENT.c.body).where(EVENT.c.number == number)).scalar()
        if row is None or body is None:
            raise NotFound(f"the journal has no event number {number}")
        entry = Entry(*row)
        return entry, number - entry.first_event, body

    def places(self, numbers: Iterable[int]) -> dict[int, int]:
        """The place of each of these events' entries, one look-up an entry. Raises NotFound."""
        found: dict[int, int] = {}
        place, first, end = 0, 0, 0
        with reading(self._engine) as connection:
            for number in sorted(set(numbers)):
                if not first <= number < end:
                    row = _ENTRY_OF.run(connection, number).fetchone()
                    place, first, end = row if row is not None else (0, 0, 0)
                if not first <= number < end:
                    raise NotFound(f"the journal has no event number {number}")
                found[number] = place
        return found

    def bodies(self, first: int, count: int) -> Iterator[bytes]:
        """The canonical JSON of `count` events from that global number on."""
        query = (
            select(EVENT.c.body)
            .where(EVENT.c.number >= first, EVENT.c.number < first + count)
            .order_by(EVENT.c.number)
        )
        with reading(self._engine) as connection:
            yield from connection.execution_options(yield_per=_CHUNK).execute(query).scalars()


_ENTRY_OF: Final = Statement(
    "SELECT place, first_event, first_event + count FROM entry WHERE first_event <= ? AND count > 0 "
    "ORDER BY first_event DESC LIMIT 1"
)
_COLUMNS: Final[tuple[Column[Any], ...]] = (
    ENTRY.c.place,
    ENTRY.c.kind,
    ENTRY.c.issuer,
    ENTRY.c.document,
    ENTRY.c.leaf,
    ENTRY.c.first_event,
    ENTRY.c.count,
    ENTRY.c.recorded,
)


def _chunks(rows: Iterable[EventRow]) -> Iterator[Sequence[EventRow]]:
    if isinstance(rows, list) and len(rows) <= _CHUNK:
        if rows:
            yield rows
        return
    iterator = iter(rows)
    while chunk := list(islice(iterator, _CHUNK)):
        yield chunk
