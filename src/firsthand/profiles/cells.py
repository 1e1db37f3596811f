"""The cells of one row, read into values: what each field holds, and what had to be left out and why.

A problem names its cell. A value that cannot be read, is not possible, or contradicts another cell of its
row is left out with a note, or, where the mapping needs it, the whole row is refused with an error. What
is possible but unusual is recorded as stated, with a note.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal

from firsthand.errors import InvalidInput
from firsthand.profiles.binding import Bound, Columns, bind, unread_columns, words_of
from firsthand.profiles.geometry import as_wkt, read_degrees
from firsthand.profiles.headers import is_total
from firsthand.profiles.mapping_file import Field, MappingFile
from firsthand.profiles.profile import Element, Profile
from firsthand.profiles.readers import (
    Period,
    Quantity,
    read_date,
    read_geometry,
    read_hash,
    read_list,
    read_number,
    read_parts,
    read_period,
    read_quantities,
    read_text,
    read_uri,
)
from firsthand.profiles.rows import Place, Row, Table, shown
from firsthand.profiles.times import read_time

__all__ = ["Price", "Problem", "Reading", "RowReader", "Value", "problem"]

_CLOSE: Final = Decimal("0.01")
"""Two statements of one quantity in a row agree up to this much of their unit."""

_READ_ONE: Final = {"hash": read_hash, "uri": read_uri}


@dataclass(frozen=True, slots=True)
class Problem:
    """What happened at one place of the sheet: an `error` refuses its row, a `note` does not."""

    kind: Literal["error", "note"]
    place: str
    reason: str
    at: Place | None = None

    def __str__(self) -> str:
        return f"{self.place}: {self.reason}"


def problem(
    kind: Literal["error", "note"], table: Table, row: int, column: int | None, reason: str
) -> Problem:
    """A problem at a cell, or with a whole row (`column` None)."""
    place = table.line(row) if column is None else table.cell(row, column)
    return Problem(kind, place, reason, Place(table.sheet, row, column))


@dataclass(frozen=True, slots=True)
class Price:
    """An amount of money for one unit."""

    amount: Decimal
    currency: str


Value = str | Decimal | Quantity | Price | datetime | date | Period | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """A row that was read: values by field, text by field for URIs, and all problems."""

    values: dict[str, Value]
    texts: dict[str, str]
    problems: list[Problem]
    total: bool = False
    """Whether it is no record but the sum of the rows above it."""


class RowReader:
    """Reads the rows of one table by one mapping. Raises InvalidInput when the columns do not fit."""

    def __init__(
        self,
        profile: Profile,
        mapping: MappingFile,
        table: Table,
        attachment: Callable[[str], str | None] = lambda name: None,
    ) -> None:
        self._profile = profile
        self._table = table
        self._attachment = attachment
        self._mark = mapping.decimal_mark or table.decimal_mark
        self._wording, self._calendar = words_of(profile, mapping.date_order)
        columns = Columns(table, self._wording.units)
        missing: list[str] = []
        self._fields = [
            bound
            for name, field in mapping.fields.items()
            if (bound := bind(profile, mapping, name, field, columns, missing))
        ]
        if missing:
            raise InvalidInput(
                f"missing columns: {', '.join(missing)}; the sheet has: {_listed(table.columns)}",
                table.line(table.header_row),
            )
        self.unread = unread_columns(mapping, columns, self._fields)

    def read(self, row: Row) -> Reading:
        """The values of a row, with a problem for each cell that could not be taken as it stands."""
        reading = Reading({}, {}, [])
        if len(row.values) != len(self._table.columns):
            reason = f"expected {len(self._table.columns)} cells as in the header, got {len(row.values)}"
            reading.problems.append(problem("error", self._table, row.number, None, reason))
            return reading
        for bound in self._fields:
            self._read_field(bound, row, reading)
        if any(one.kind == "error" for one in reading.problems) and is_total(row.values):
            reason = "it adds up the rows above and is not recorded"
            return Reading({}, {}, [problem("note", self._table, row.number, None, reason)], total=True)
        for bound in self._fields:
            needed = bound.field.only_with
            if needed is not None and needed not in reading.values and bound.name in reading.values:
                self.drop(bound.name, row, reading, f"it goes with {needed}, which is not known")
        return reading

    def drop(self, name: str, row: Row, reading: Reading, reason: str) -> None:
        """Take a value back, and say why."""
        del reading.values[name]
        bound = next(bound for bound in self._fields if bound.name == name)
        reading.problems.append(self._refusal(bound, row, reason))

    def _read_field(self, bound: Bound, row: Row, reading: Reading) -> None:
        cell = row.values[bound.column].strip()
        if cell in bound.blank:
            if bound.field.required:
                reading.problems.append(self._refusal(bound, row, "it is blank, and the row needs it"))
            return
        if cell in bound.field.refused:
            reason = f"{shown(cell)}: such a row is not recorded"
            reading.problems.append(problem("error", self._table, row.number, bound.column, reason))
            return
        notes: list[str] = []
        try:
            value = self._value(bound, cell, row, notes)
            if bound.element is not None:
                _check_range(bound.element, value, notes)
        except InvalidInput as refusal:
            reading.problems.append(self._refusal(bound, row, refusal.reason))
            return
        reading.values[bound.name] = value
        # A day is written in one way, so that a URI does not change with how a sheet was saved.
        text = value.isoformat() if isinstance(value, date) else cell
        reading.texts[bound.name] = value if isinstance(value, str) else text
        if notes:
            reading.problems.extend(
                problem("note", self._table, row.number, bound.column, f"{shown(cell)} {note}")
                for note in notes
            )

    def _refusal(self, bound: Bound, row: Row, reason: str) -> Problem:
        cell = shown(row.values[bound.column].strip())
        if bound.field.required:
            said = f"{cell} cannot be taken: {reason}"
            return problem("error", self._table, row.number, bound.column, said)
        return problem("note", self._table, row.number, bound.column, f"{cell} left out: {reason}")

    def _value(self, bound: Bound, cell: str, row: Row, notes: list[str]) -> Value:
        value: Value
        match bound.kind:
            case "quantity":
                value = self._quantity(bound, cell, row, notes)
            case "number":
                value = read_number(cell, self._mark)
            case "price":
                value = self._price(bound, cell, row)
            case "date":
                value = read_date(cell, self._calendar)
            case "time":
                value = read_time(cell, self._calendar)
            case "period":
                value = read_period(cell, self._calendar)
            case "parts":
                value = read_parts(cell, _parts(bound))
            case "hash":
                value = self._attached(cell) if bound.field.attachment else read_hash(cell)
            case "geometry":
                value = read_geometry(self._geometry(bound, cell, row))
            case "uri":
                value = read_uri(cell)
            case "list":
                value = self._list(bound, cell)
            case "text" | "choice":
                value = _translated(bound, read_text(cell))
        if _is_unknown(bound.field, value):
            raise InvalidInput("it stands for a value that is not known")
        return value

    def _geometry(self, bound: Bound, cell: str, row: Row) -> str:
        if bound.longitude is None:
            return as_wkt(cell)
        longitude = read_degrees(row.values[bound.longitude].strip(), self._mark)
        return f"POINT ({longitude} {read_degrees(cell, self._mark)})"

    def _list(self, bound: Bound, cell: str) -> tuple[str, ...]:
        if bound.field.attachment:
            return tuple(self._attached(name) for name in cell.replace(",", " ").split())
        read = _READ_ONE.get((bound.element and bound.element.of) or "text", read_text)
        # Collection tools divide the answers of one question by spaces, and their names hold none.
        parts = cell.split() if bound.field.values and set(cell.split()) <= set(bound.field.values) else None
        return tuple(_translated(bound, read(value)) for value in parts or read_list(cell))

    def _attached(self, name: str) -> str:
        digest = self._attachment(name.strip())
        if digest is None:
            raise InvalidInput("the file that it names is not among the attachments")
        return digest

    def _price(self, bound: Bound, cell: str, row: Row) -> Price:
        currency = (
            row.values[bound.currency].strip() if bound.currency is not None else bound.field.currency or ""
        )
        if not (len(currency) == 3 and currency.isascii() and currency.isupper()):
            raise InvalidInput(f"expected a currency of three letters (ISO 4217), got {shown(currency)}")
        return Price(read_number(cell, self._mark), currency)

    def _quantity(self, bound: Bound, cell: str, row: Row, notes: list[str]) -> Quantity:
        uom = bound.element.uom if bound.element else None
        assert uom is not None  # a quantity's element has a unit: checked with the profile
        readings = read_quantities(cell, self._mark, self._wording, thousands=bound.field.thousands)
        stated = readings[0].uom
        declared = self._declared_unit(bound, row)
        if stated and bound.header_unit and stated != bound.header_unit and declared is None:
            raise InvalidInput(f"the cell says {stated}, its header {bound.header_unit}")
        unit = declared or stated or bound.header_unit or bound.field.unit
        if unit is None:
            raise InvalidInput("the unit is not said")
        found = [self._converted(reading, unit, uom) for reading in readings]
        expected = self._expected(bound, row)
        if expected is not None:
            found = [quantity for quantity in found if _agree(quantity, expected)]
            if not found:
                low, high = expected
                raise InvalidInput(f"the row's own columns say {low} to {high} {uom}")
        if len(found) > 1:
            raise InvalidInput("cannot tell thousands from decimals")
        if declared and stated and declared != stated:
            if expected is None:
                raise InvalidInput(f"the cell says {stated}, its unit column {declared}")
            notes.append(f"read as {declared}, as the row's other columns say, though it says {stated}")
        return found[0]

    def _declared_unit(self, bound: Bound, row: Row) -> str | None:
        word = row.values[bound.unit].strip().casefold() if bound.unit is not None else ""
        if not word or word in bound.blank:
            return None
        if word not in self._wording.units:
            raise InvalidInput(f"its unit column says {shown(word)}, which is not a known unit")
        return self._wording.units[word]

    def _converted(self, quantity: Quantity, unit: str, uom: str) -> Quantity:
        if unit == uom:
            return Quantity(quantity.low, quantity.high, uom)
        factor = self._profile.units[unit].converts.get(uom)
        if factor is None:
            raise InvalidInput(f"{unit} cannot be expressed in {uom}")
        return quantity.times(Decimal(factor), uom)

    def _expected(self, bound: Bound, row: Row) -> tuple[Decimal, Decimal] | None:
        if bound.agrees is None:
            return None
        low, high = (row.values[column].strip() for column in bound.agrees)
        if low in bound.blank or high in bound.blank:
            return None
        return read_number(low, self._mark), read_number(high, self._mark)


def _check_range(element: Element, value: Value, notes: list[str]) -> None:
    match value:
        case Decimal():
            ends, uom = [value], ""
        case Quantity():
            ends, uom = [value.low] if value.high is None else [value.low, value.high], f" {value.uom}"
        case Price():
            ends, uom = [value.amount], ""
        case _:
            return
    for limits, possible in ((element.possible, True), (element.usual, False)):
        if limits is None:
            continue
        outside = next((end for end in ends if not limits[0] <= end <= limits[1]), None)
        if outside is not None:
            said = f"{outside.normalize():f}{uom} is outside {limits[0]:g} to {limits[1]:g}"
            if possible:
                raise InvalidInput(f"{said}, which is not possible")
            notes.append(f"recorded as stated: {said}, the usual range")


def _agree(quantity: Quantity, expected: tuple[Decimal, Decimal]) -> bool:
    high = expected[1] if quantity.high is None else quantity.high
    return abs(quantity.low - expected[0]) <= _CLOSE and abs(high - expected[1]) <= _CLOSE


def _is_unknown(field: Field, value: Value) -> bool:
    if isinstance(value, Quantity):
        value = value.low
    if isinstance(value, Decimal):
        return any(value == Decimal(word) for word in field.unknown)
    return value in field.unknown


def _translated(bound: Bound, text: str) -> str:
    if not bound.field.values:
        return text
    found = bound.field.values.get(text)
    if found is None:
        raise InvalidInput("it is not one of the values that the mapping knows")
    return found


def _parts(bound: Bound) -> int:
    parts = bound.element.parts if bound.element else None
    assert parts is not None  # checked with the profile
    return parts


def _listed(columns: tuple[str, ...]) -> str:
    most = 60
    listed = ", ".join(map(shown, columns[:most]))
    return f"{listed} and {len(columns) - most} more" if len(columns) > most else listed
