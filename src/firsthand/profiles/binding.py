"""Which column of a sheet each field of a mapping stands in, and the units that the header gives them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.errors import InvalidInput
from firsthand.profiles.headers import HeaderName, read_header
from firsthand.profiles.mapping_file import Field, MappingFile, element_of, kind_of
from firsthand.profiles.profile import Element, Kind, Profile
from firsthand.profiles.readers import Calendar, Wording
from firsthand.profiles.rows import Table, header_key, shown

__all__ = ["Bound", "Columns", "bind", "header_row", "unread_columns", "words_of"]

# What KoboToolbox and ODK add to every submission, and the parts of a position: nobody misses them.
_OF_TOOLS: Final = re.compile(
    r"_.*|formhub/.*|meta/.*|submission|entry|.*/(?:latitude|longitude|altitude|accuracy|precision)"
)


@dataclass(frozen=True, slots=True)
class Bound:
    """A field with the columns it stands in here; None for a column that this sheet does without.

    `header_unit` is the unit that the header names.
    """

    name: str
    field: Field
    element: Element | None
    kind: Kind
    blank: frozenset[str]
    column: int
    unit: int | None
    currency: int | None
    agrees: tuple[int, int] | None
    longitude: int | None = None
    header_unit: str | None = None


class Columns:
    """A table's headers, to be found by their letters, without their unit, or by the end of their path."""

    def __init__(self, table: Table, units: dict[str, str]) -> None:
        self.table = table
        self._units = units
        self.names = [read_header(header, units) for header in table.columns]

    def find(self, headers: Sequence[str]) -> int | None:
        """Where a field stands; two columns that could both be it are refused."""
        for columns in (self._exact(headers), self._loose(headers)):
            if len(columns) > 1:
                table = self.table
                said = " and ".join(table.cell(table.header_row, column) for column in columns)
                raise InvalidInput(
                    f"doubled column: {said} both hold {' or '.join(map(shown, headers))}; keep one",
                    table.line(table.header_row),
                )
            if columns:
                return columns[0]
        return None

    def _exact(self, headers: Sequence[str]) -> list[int]:
        keys = list(dict.fromkeys(map(header_key, headers)))
        return [column for key in keys for column, name in enumerate(self.names) if name.key == key]

    def _loose(self, headers: Sequence[str]) -> list[int]:
        wanted = [read_header(header, self._units) for header in headers]
        keys = {key for name in wanted for key in (name.key, name.name) if key}
        found = [column for column, name in enumerate(self.names) if name.name in keys]
        # Of the ends of paths the first header that one column ends in is meant.
        for one in wanted:
            found = found or [column for column, name in enumerate(self.names) if _ends_in(name, one)]
        return found

    def unit(self, column: int) -> str | None:
        """The code of the unit that a header names."""
        return self.names[column].unit


def _ends_in(name: HeaderName, wanted: HeaderName) -> bool:
    count = len(wanted.parts)
    return len(name.parts) > count and all(wanted.parts) and name.parts[-count:] == wanted.parts


def header_row(mapping: MappingFile, units: dict[str, str], rows: Sequence[Sequence[str]]) -> int | None:
    """Which of these rows has every column that a mapping needs; None when none has."""
    needed = [field.columns for field in mapping.fields.values() if not field.optional]
    needed += [
        (side,)
        for field in mapping.fields.values()
        for side in (field.currency_column, field.longitude_column)
        if side is not None and not field.optional
    ]
    for index, row in enumerate(rows):
        keys: set[str] = set()
        for cell in row:
            name: HeaderName = read_header(cell, units)
            keys |= {name.key, name.name, *("".join(name.parts[at:]) for at in range(len(name.parts)))}
        if all(_has(columns, keys, units) for columns in needed):
            return index
    return None


def _has(columns: tuple[str, ...], keys: set[str], units: dict[str, str]) -> bool:
    if any(not header.strip() for header in columns):
        return True  # the unnamed column is found once the header is known
    return any({name.key, name.name} & keys for name in (read_header(header, units) for header in columns))


def bind(
    profile: Profile, mapping: MappingFile, name: str, field: Field, columns: Columns, missing: list[str]
) -> Bound | None:
    """A field with its columns here; what the sheet should have and has not is added to `missing`."""
    column = columns.find(field.columns)
    if column is None:
        if not field.optional:
            missing.append(" or ".join(f'"{header}"' for header in field.columns))
        return None
    sides: list[int | None] = []
    for header in (field.unit_column, field.currency_column, field.longitude_column):
        side = columns.find((header,)) if header is not None else None
        named = header == field.unit_column and columns.unit(column) is not None
        if header is not None and side is None and not field.optional and not named:
            missing.append(f'"{header}"')
        sides.append(side)
    unit, currency, longitude = sides
    agrees = [columns.find((header,)) for header in field.agrees_with or ()]
    low, high = agrees if agrees else (None, None)
    element = element_of(profile, name, field)
    return Bound(
        name,
        field,
        profile.elements[element] if element else None,
        kind_of(profile, name, field),
        frozenset((*mapping.blank, *field.blank)),
        column,
        unit,
        currency,
        None if low is None or high is None else (low, high),
        longitude,
        columns.unit(column),
    )


def unread_columns(mapping: MappingFile, columns: Columns, bound: Sequence[Bound]) -> list[str]:
    """The headers that the mapping neither reads nor leaves out on purpose."""
    known = {columns.find((header,)) for header in mapping.left_out}
    for one in bound:
        known |= {one.column, one.unit, one.currency, one.longitude, *(one.agrees or ())}
    return [
        header
        for column, header in enumerate(columns.table.columns)
        if header.strip() and column not in known and not _OF_TOOLS.fullmatch(header)
    ]


def words_of(profile: Profile, order: str | None = None) -> tuple[Wording, Calendar]:
    """A profile's units, phrases and months, as the readers look them up."""
    phrases = profile.phrases
    units = {word.casefold(): code for code, unit in profile.units.items() for word in (code, *unit.words)}
    wording = Wording(
        units,
        frozenset(phrases.range),
        frozenset(phrases.at_least_before),
        frozenset(phrases.at_least_after),
        frozenset(phrases.filler),
    )
    months = {
        spelling.casefold(): number
        for names in profile.months.values()
        for number, spellings in enumerate(names, 1)
        for spelling in spellings.split()
    }
    return wording, Calendar(months, frozenset(phrases.range), order)
