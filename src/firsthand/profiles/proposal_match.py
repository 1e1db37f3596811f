"""Which column of an unknown sheet is what: by the words of its header, its unit, and what its cells hold."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.profiles.binding import words_of
from firsthand.profiles.geometry import as_wkt
from firsthand.profiles.headers import path_end, read_header, words_in
from firsthand.profiles.mapping_file import MappingFile, element_of, kind_of
from firsthand.profiles.profile import Element, Kind, Profile
from firsthand.profiles.readers import (
    Calendar,
    Wording,
    read_date,
    read_hash,
    read_number,
    read_parts,
    read_period,
    read_quantities,
    read_uri,
)
from firsthand.profiles.rows import Table, header_key
from firsthand.profiles.times import read_time

__all__ = ["BLANK", "Concept", "Match", "Matcher", "date_order", "is_personal", "is_technical"]

_ENOUGH: Final = 0.5
_READ: Final = 0.6
"""So much of a column's cells must be readable as what it may hold; one cell, where its header is known."""

BLANK: Final = ("", "-", "NA")
"""What clerks write where there is nothing."""

_SMALL: Final = frozenset(
    "of the de del la el los las le les des du da do dos das a en in per por par no num numero".split()
)
_STEM: Final = 5


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that a column may hold: a field of a mapping, or an element of the profile."""

    name: str
    kind: Kind
    element: Element | None
    spellings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Match:
    """A column taken for a concept: how sure (0 to 1), and how many of the looked-at cells could be read.

    `unread` are the rows of the sample, from 0, whose cells could not.
    """

    concept: str
    column: int
    score: float
    readable: int
    cells: int
    unit: str | None
    timed: bool = False
    """Whether a column of dates says the time of day, too."""
    unread: tuple[int, ...] = ()


class Matcher:
    """Matches one table's columns, with a sample of its rows."""

    def __init__(
        self, profile: Profile, mappings: Iterable[MappingFile], table: Table, rows: Sequence[Sequence[str]]
    ) -> None:
        self._profile = profile
        self._table = table
        self._columns = [
            [row[column].strip() if column < len(row) else "" for row in rows]
            for column in range(len(table.columns))
        ]
        self.order = date_order(cell for cells in self._columns for cell in cells)
        self._wording, self._calendar = words_of(profile, self.order)
        self._names = [read_header(header, self._wording.units) for header in table.columns]
        self._texts = [
            _without_unit(header, name.unit, self._wording)
            for header, name in zip(table.columns, self._names, strict=True)
        ]
        self.concepts = _concepts(profile, mappings)

    def matches(self) -> dict[str, Match]:
        """The best column of each concept; no column is taken twice."""
        candidates = [
            match
            for concept in self.concepts.values()
            for column in range(len(self._table.columns))
            if (match := self._match(concept, column)) is not None
        ]
        candidates.sort(key=lambda match: (-match.score, match.column))
        found: dict[str, Match] = {}
        taken: set[int] = set()
        for match in candidates:
            if match.concept not in found and match.column not in taken:
                found[match.concept] = match
                taken.add(match.column)
        return found

    def headed(self, column: int) -> str | None:
        """The concept that a column's header names, whatever its cells hold."""
        named = (concept for concept in self.concepts.values() if self._similar(concept, column) == 1)
        return next((concept.name for concept in named), None)

    def _match(self, concept: Concept, column: int) -> Match | None:
        score = similar = self._similar(concept, column)
        unit = self._names[column].unit
        if concept.element is not None and concept.kind == "quantity":
            fits = unit is None or self._converts(unit, concept.element.uom)
            score = score + (0.2 if unit is not None else 0) if fits else 0
        if score < _ENOUGH or is_personal(self._texts[column]) > score:
            return None
        cells = {row: cell for row, cell in enumerate(self._columns[column]) if cell not in BLANK}
        unread = tuple(row for row, cell in cells.items() if not self._reads(concept, cell, unit))
        readable = len(cells) - len(unread)
        if cells and readable < (1 if similar == 1 else _READ * len(cells)):
            return None
        timed = concept.kind == "date" and 2 * sum(map(self._is_time, cells.values())) > readable
        return Match(concept.name, column, min(score, 1.0), readable, len(cells), unit, timed, unread)

    def _is_time(self, cell: str) -> bool:
        try:
            read_time(cell, self._calendar)
        except InvalidInput:
            return False
        return True

    def _similar(self, concept: Concept, column: int) -> float:
        header = path_end(self._texts[column])
        # What stands in brackets may be a currency or a remark, and count for nothing.
        bare = re.sub(r"[(\[].*?[)\]]", " ", header)
        return (
            max(
                1.0
                if header_key(spelling) == header_key(one)
                else _overlap(words, _meaning(words_in(spelling)))
                for one in (header, bare)
                if (words := _meaning(words_in(one)))
                for spelling in concept.spellings
            )
            if words_in(header)
            else 0.0
        )

    def _converts(self, unit: str, uom: str | None) -> bool:
        return uom is not None and (unit == uom or uom in self._profile.units[unit].converts)

    def _reads(self, concept: Concept, cell: str, unit: str | None) -> bool:
        read = _reader(concept, self._table.decimal_mark, self._wording, self._calendar)
        try:
            value = read(cell)
        except InvalidInput:
            return False
        if concept.kind == "quantity" and concept.element is not None:
            stated = value[0].uom or unit
            return stated is None or self._converts(stated, concept.element.uom)
        return True


def _reader(concept: Concept, mark: str, wording: Wording, calendar: Calendar) -> Callable[[str], Any]:
    readers: dict[str, Callable[[str], Any]] = {
        "quantity": lambda cell: read_quantities(cell, mark, wording),
        "number": lambda cell: read_number(cell, mark),
        "price": lambda cell: read_number(cell, mark),
        "date": lambda cell: _date(cell, calendar),
        "time": lambda cell: read_time(cell, calendar),
        "period": lambda cell: read_period(cell, calendar),
        "geometry": _geometry,
        "hash": read_hash,
        "uri": read_uri,
    }
    if concept.kind == "parts" and concept.element is not None:
        parts = concept.element.parts or 1
        return lambda cell: read_parts(cell, parts)
    return readers.get(concept.kind, lambda cell: cell)


def _date(cell: str, calendar: Calendar) -> Any:
    """A day or a time; where the sheet does not tell day from month, in either order."""
    try:
        return read_date(cell, replace(calendar, order=calendar.order or "dmy"))
    except InvalidInput:
        return read_time(cell, calendar)


def _geometry(cell: str) -> str:
    text = as_wkt(cell)
    if not text.upper().startswith(("POINT", "POLYGON")):
        raise InvalidInput("expected a position")
    return text


def _concepts(profile: Profile, mappings: Iterable[MappingFile]) -> dict[str, Concept]:
    spellings: dict[str, list[str]] = {}
    kinds: dict[str, tuple[Kind, Element | None]] = {}
    for name, element in profile.elements.items():
        spellings.setdefault(name, []).extend([*element.label.values(), " ".join(words_in(name))])
        kinds[name] = (element.kind, element)
    for mapping in mappings:
        for name, field in mapping.fields.items():
            known = element_of(profile, name, field) or name
            element_found = profile.elements.get(known)
            kinds.setdefault(known, (kind_of(profile, name, field), element_found))
            spellings.setdefault(known, []).extend(header for header in field.columns if header)
    for name, words in _header_words()["names"].items():
        usual: Kind = "date" if name == "date" else "number" if name in ("latitude", "longitude") else "text"
        kinds.setdefault(name, (usual, None))
        spellings.setdefault(name, []).extend(words)
    return {
        name: Concept(name, *kinds[name], tuple(dict.fromkeys(texts)))
        for name, texts in spellings.items()
        if texts
    }


@cache
def _header_words() -> dict[str, Any]:
    text = (resources.files(__package__) / "common" / "header_words.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def is_personal(header: str) -> float:
    """How surely a header speaks of who somebody is or how to reach them, from 0 to 1."""
    words = words_in(header)
    return 0.9 if set(words) & set(_header_words()["personal"]["words"]) else 0.0


def is_technical(header: str) -> bool:
    """Whether a collection tool added this column for itself."""
    words = words_in(header.rpartition("/")[2])
    joined = "".join(words)
    known = _header_words()["technical"]["words"]
    derived = header.endswith(("/latitude", "/longitude", "/altitude", "/accuracy"))
    return derived or joined in known or header.startswith(("_", "formhub/", "meta/"))


def date_order(cells: Iterable[str]) -> str | None:
    """`dmy` or `mdy`, where the sheet's dates in numbers all allow one only; None where they do not tell."""
    day_first = month_first = False
    for cell in cells:
        parts = cell.split()[0].replace("-", "/").replace(".", "/").split("/") if cell.split() else []
        if (
            len(parts) == 3
            and all(part.isdigit() for part in parts)
            and len(parts[0]) <= 2
            and len(parts[1]) <= 2
        ):
            day_first = day_first or int(parts[0]) > 12
            month_first = month_first or int(parts[1]) > 12
    return None if day_first == month_first else "dmy" if day_first else "mdy"


def _without_unit(header: str, unit: str | None, wording: Wording) -> str:
    if unit is None:
        return header
    words = header.translate(str.maketrans("()[]", "    ")).split()
    kept = [word for word in words if wording.units.get(word.casefold().replace(".", "")) != unit]
    return " ".join(kept) or header


def _meaning(words: list[str]) -> frozenset[str]:
    return frozenset(word[:_STEM] for word in words if word not in _SMALL) or frozenset(words)


def _overlap(left: frozenset[str], right: frozenset[str]) -> float:
    both = len(left & right)
    return 0.95 * both / len(left | right) if both else 0.0
