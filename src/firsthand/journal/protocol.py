"""What a journal promises, and what it tells the projections that are committed with it.

The journal is a sequence of entries: signed documents in canonical form, a capture's with its events.
An entry's place, from 0 without gaps, is its index in the log. What `append` has returned is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from sqlalchemy import Connection

__all__ = ["Appended", "Entry", "EventRow", "Facts", "Journal", "NewEntry", "Projection", "SealedField"]


class Facts(NamedTuple):
    """What every event has one of, and is narrowed down by; `time` in microseconds since 1970, UTC."""

    time: int
    type: str
    action: str | None
    biz_step: str | None
    disposition: str | None


class SealedField(NamedTuple):
    """A sealed field as it is stored: its digest (32 bytes), and its path and disclosure, encrypted.

    `key` and `field` say which secret, in a file apart from the journal, opens the box.
    """

    key: bytes
    field: int
    digest: bytes
    box: bytes


class EventRow(NamedTuple):
    """One event to journal: its canonical JSON, its event IDs, what it is found by, and its facts.

    `keys` are pairs of a kind (`ledger.event_index.Kind`) and an identifier in canonical spelling; `sealed`
    has what opens its sealed fields, which is kept beside the journal.
    """

    body: bytes
    event_ids: Sequence[str]
    keys: Sequence[tuple[int, str]]
    facts: Facts
    sealed: Sequence[SealedField] = ()


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A signed document to append; `root` and `count` are a capture's, `events` is read once."""

    kind: str
    issuer: str
    document: bytes
    key: str
    root: bytes | None = None
    count: int = 0
    events: Iterable[EventRow] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A journaled document; its events have the global numbers from `first_event` on."""

    place: int
    kind: str
    issuer: str
    document: bytes
    leaf: bytes
    first_event: int
    count: int
    recorded: str


@dataclass(frozen=True, slots=True)
class Appended:
    """Where an entry stands; `new` is False when it, or the same capture, stood there before."""

    place: int
    new: bool
    leaf: bytes
    recorded: str


class Projection(Protocol):
    """What is derived from the journal in the same database transaction: all of both or nothing."""

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        """Admit an entry at its place. Raises FirsthandError to refuse it, and only it."""

    def events(self, connection: Connection, first: int, issuer: str, rows: Sequence[EventRow]) -> None:
        """Take in an issuer's events, the first of which has the global number `first`."""


class Journal(Protocol):
    """A durable, append-only sequence of entries."""

    def append(
        self,
        entries: Sequence[NewEntry],
        also: Callable[[Connection, Sequence[Appended]], None] | None = None,
    ) -> list[Appended]:
        """Append all of these or none, durably. The same entry or capture again is answered with its place.

        `also` stores what belongs to them in the same transaction. Raises what it raised, what a projection
        refused them with, or what reading their events raised.
        """

    def size(self) -> int:
        """The number of entries."""

    def entries(self, start: int = 0, stop: int | None = None, kind: str | None = None) -> Iterator[Entry]:
        """The entries from place `start` up to, not including, `stop`, in order."""

    def event(self, number: int) -> tuple[Entry, int, bytes]:
        """The event of that global number: its entry, its index in it, its canonical JSON."""

    def places(self, numbers: Iterable[int]) -> dict[int, int]:
        """The place of each of these events' entries."""

    def bodies(self, first: int, count: int) -> Iterator[bytes]:
        """The canonical JSON of `count` events from that global number on."""
