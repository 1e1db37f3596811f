"""The parties of the journal, and the gate that only lets in what a key in force has signed."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Engine, select

from firsthand.errors import Unauthorized
from firsthand.journal.database import Statement, reading
from firsthand.journal.protocol import EventRow, NewEntry
from firsthand.journal.store import ENTRY
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.parties import STATEMENT_TYPE, Party, PartyHistory

__all__ = ["PartyLedger", "PlacedStatement"]

_NO_END: Final = 2**53
_LAST: Final = Statement("SELECT leaf FROM entry WHERE kind = ? AND place < ? ORDER BY place DESC LIMIT 1")

PlacedStatement = tuple[int, bytes, dict[str, Any]]
"""A statement's place, leaf hash and document."""


class PartyLedger:
    """A projection of the journal's party statements, kept in memory and read anew when they changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._history = PartyHistory()
        self._last: bytes | None = None

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Admit a statement that the rules allow, or a capture whose key speaks for its issuer."""
        with self._lock:
            # The entry itself is already inserted; what counts is what stands before its place.
            self._catch_up(connection, place)
            if entry.kind == STATEMENT_TYPE:
                self._history.apply(place, leaf, parse_canonical(entry.document))
                self._last = leaf
            else:
                self._history.require_key(entry.issuer, entry.key)

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Events change no party."""

    def current(self) -> PartyHistory:
        """The parties as of now; the caller may take it further."""
        with self._lock, reading(self._engine) as connection:
            self._catch_up(connection, None)
            return self._history.copy()

    def require_key(self, uri: str, key: str) -> Party:
        """The party that this key speaks for as of now. Raises Unauthorized."""
        with self._lock, reading(self._engine) as connection:
            self._catch_up(connection, None)
            return self._history.require_key(uri, key)

    def get(self, uri: str) -> Party | None:
        """The party of that URI as of now."""
        with self._lock, reading(self._engine) as connection:
            self._catch_up(connection, None)
            return self._history.party(uri)

    def is_known(self, uri: str) -> bool:
        """Whether the URI is a party's, as of the entry that this projection admitted last."""
        with self._lock:
            return self._history.party(uri) is not None

    def find(self, name: str) -> Party:
        """The party of that URI, or the only one of that name. Raises Unauthorized."""
        parties = self.current().parties()
        for party in parties:
            if party.uri == name:
                return party
        named = [party for party in parties if party.name.casefold() == name.casefold()]
        if len(named) == 1:
            return named[0]
        if named:
            raise Unauthorized(
                f"several parties are named {name!r}: {', '.join(party.uri for party in named)}"
            )
        known = ", ".join(sorted(party.name for party in parties)[:10]) or "none yet"
        raise Unauthorized(f"no party {name!r} (known: {known}); add it with `firsthand party add`")

    def statements(self, uri: str, before: int) -> list[PlacedStatement]:
        """Every statement about a party and those who may vouch for it, up to place `before`."""
        with reading(self._engine) as connection:
            rows = _statements(connection, before)
        wanted = {uri}
        grown = True
        while grown:
            vouchers = {
                row[2]["voucher"] for row in rows if row[2]["party"] in wanted and "voucher" in row[2]
            }
            grown = not vouchers <= wanted
            wanted |= vouchers
        return [row for row in rows if row[2]["party"] in wanted]

    def _catch_up(self, connection: Connection, before: int | None) -> None:
        end = _NO_END if before is None else before
        row = _LAST.run(connection, STATEMENT_TYPE, end).fetchone()
        last = row[0] if row else None
        if last == self._last:
            return
        history = PartyHistory()
        for place, leaf, document in _statements(connection, before):
            history.apply(place, leaf, document)
        self._history, self._last = history, last


def _statements(connection: Connection, before: int | None) -> list[PlacedStatement]:
    query = select(ENTRY.c.place, ENTRY.c.leaf, ENTRY.c.document).where(ENTRY.c.kind == STATEMENT_TYPE)
    if before is not None:
        query = query.where(ENTRY.c.place < before)
    rows: Iterable[Any] = connection.execute(query.order_by(ENTRY.c.place))
    return [(place, leaf, parse_canonical(document)) for place, leaf, document in rows]
