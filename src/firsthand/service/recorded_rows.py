"""Which rows of a sheet were recorded before: the same sheet twice, re-saved, sorted otherwise, or grown.

Nothing is kept for this but the journal. A mapping that says what no two rows may share (`once`) is held
against the events that the same party recorded of the same lot or place by the same mapping; a row that
says something else now is an error, because what was recorded is corrected by an error declaration, not by
a second record. Without `once` a row is known when the party recorded the very same events.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, select

from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.events.identifiers import canonical
from firsthand.journal.database import reading
from firsthand.ledger.event_index import EVENT_FACT, EVENT_KEY, Kind, key_text
from firsthand.profiles import MappedRow, Mapping, Problem
from firsthand.proof.canonical import parse_canonical
from firsthand.service.sealed_values import opened
from firsthand.service.trace import Reader
from firsthand.service.workspace import Workspace

__all__ = ["CheckedRow", "check_rows"]

_BATCH: Final = 200
"""Rows looked up at once; a row has a few identifiers, and a statement takes some thousands."""

_STEP: Final = "fh:step"
_MAPPING: Final = "fh:mapping"
_NOT_COMPARED: Final = frozenset((_MAPPING, "@context", "eventID", "recordTime", "fh:sealed"))


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row, and whether it was recorded before just as it stands."""

    row: MappedRow
    known: bool


def check_rows(
    workspace: Workspace, issuer: str, mapping: Mapping, rows: Iterable[MappedRow]
) -> Iterator[CheckedRow]:
    """The rows in order; one that was recorded otherwise before comes with an error and without events."""
    source = iter(rows)
    check = (
        _OnceCheck(workspace, issuer, mapping) if mapping.definition.once else _HashCheck(workspace, issuer)
    )
    while batch := list(islice(source, _BATCH)):
        with reading(workspace.engine) as connection:
            checked = list(check.batch(connection, batch))
        yield from checked


class _HashCheck:
    """By event hash ID."""

    def __init__(self, workspace: Workspace, issuer: str) -> None:
        self._issuer = issuer

    def batch(self, connection: Connection, rows: list[MappedRow]) -> Iterator[CheckedRow]:
        hashes = [[_hash_id(event) for event in row.events] for row in rows]
        wanted = [key_text(one) for row in hashes for one in row]
        found = set(_find(connection, (Kind.EVENT_ID,), wanted, self._issuer))
        for row, ids in zip(rows, hashes, strict=True):
            yield CheckedRow(row, bool(ids) and found.issuperset(map(key_text, ids)))


class _OnceCheck:
    """By what the rows are about."""

    def __init__(self, workspace: Workspace, issuer: str, mapping: Mapping) -> None:
        self._workspace = workspace
        self._issuer = issuer
        self._source = f"{mapping.profile.name}/{mapping.definition.name}/"
        self._reader = Reader(workspace)
        places = any(rule.lot is None for rule in mapping.definition.events)
        self._kinds = (Kind.CLASS, Kind.READ_POINT) if places else (Kind.CLASS,)

    def batch(self, connection: Connection, rows: list[MappedRow]) -> Iterator[CheckedRow]:
        uris = {_about(event) for row in rows for event in row.events}
        numbers = _find(connection, self._kinds, [key_text(uri) for uri in uris], self._issuer)
        before = self._events({number for found in numbers.values() for number in found})
        for row in rows:
            yield self._checked(row, before)

    def _checked(
        self, row: MappedRow, before: dict[tuple[str, str], tuple[int, dict[str, Any]]]
    ) -> CheckedRow:
        matches = [(event, before.get((_about(event), str(event.get(_STEP))))) for event in row.events]
        if not any(match for _, match in matches):
            return CheckedRow(row, known=False)
        for event, match in matches:
            if match is None:
                said = f"its step {event.get(_STEP)} was not"
            elif differences := list(_differences(match[1], event)):
                said = ", ".join(differences[:5])
            else:
                continue
            number = next(found[0] for _, found in matches if found)
            place = self._workspace.journal.event(number)[0].place
            return CheckedRow(
                _refused(row, f"this was recorded before at place {place}, otherwise: {said}"), False
            )
        return CheckedRow(row, known=True)

    def _events(self, numbers: set[int]) -> dict[tuple[str, str], tuple[int, dict[str, Any]]]:
        """The party's events of this mapping that still stand, by what they are about and step."""
        found: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
        stored = self._reader.events.by_number(filter(self._reader.corrections.stands, numbers))
        for number, _, _, body in stored:
            event = parse_canonical(body)
            if b'"fh:sealed"' in body:
                event = opened(self._workspace, number, event)
            if str(event.get(_MAPPING, "")).startswith(self._source) and "errorDeclaration" not in event:
                found[_about(event), str(event.get(_STEP))] = (number, event)
        return found


def _refused(row: MappedRow, reason: str) -> MappedRow:
    reason = f"{reason}; to correct a record, declare its error (EPCIS 2.0 §7.4.1.4) and record it anew"
    where = (
        f"{row.at.sheet}!{row.at.row}:{row.at.row}" if row.at and row.at.sheet else f"row {row.row_number}"
    )
    return replace(row, events=(), problems=(*row.problems, Problem("error", where, reason, row.at)))


def _find(
    connection: Connection, kinds: tuple[int, ...], uris: list[str], issuer: str
) -> dict[str, list[int]]:
    query = (
        select(EVENT_KEY.c.uri, EVENT_KEY.c.number)
        .join(EVENT_FACT, EVENT_FACT.c.number == EVENT_KEY.c.number)
        .where(EVENT_KEY.c.kind.in_(kinds), EVENT_KEY.c.uri.in_(uris), EVENT_FACT.c.issuer == issuer)
    )
    found: dict[str, list[int]] = {}
    for uri, number in connection.execute(query):
        found.setdefault(uri, []).append(number)
    return found


def _about(event: dict[str, Any]) -> str:
    """The lot of a mapped event, else its place."""
    lots = event.get("quantityList") or [{}]
    return canonical(str(lots[0].get("epcClass") or event.get("readPoint", {}).get("id", "")))


def _hash_id(event: dict[str, Any]) -> str:
    return event_hash_id(event, HashContext.of(event.get("@context", ())))


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    """What the new event says otherwise, as `name was X, is Y`; what stays sealed cannot differ."""
    before, after = dict(_leaves(old, "")), dict(_leaves(new, ""))
    sealed = "fh:sealed" in str(old)
    for name in dict.fromkeys([*before, *after]):
        was, now = before.get(name), after.get(name)
        if was == now or (was is None and sealed):
            continue
        shown = name.removeprefix("fh:")
        yield (
            f"{shown} was {was}, is {now}"
            if was is not None and now is not None
            else (f"{shown} is {now}, was not stated" if was is None else f"{shown} was {was}, is not stated")
        )


def _leaves(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            # Sealing leaves a rounded place beside the exact one.
            coarse = key.endswith("Coarse") and key.removesuffix("Coarse") in value
            if key not in _NOT_COMPARED and not coarse:
                yield from _leaves(member, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _leaves(member, f"{name}[{number}]")
    else:
        yield name, value
