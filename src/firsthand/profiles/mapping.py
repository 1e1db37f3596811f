"""A row of a spreadsheet in, EPCIS events and problems out: a mapping at work.

Pure and streaming: the same row under the same base always gives the same events, and memory does not grow
with the sheet, but for some hundred bytes a row where the mapping says that a lot may stand in it once
only. A row with an error gives no events at all; a note says what was left out, or recorded though unusual.

    mapping = load_mapping(load_profile("coffee"), "cqi")
    for mapped in mapping.events(rows, "https://coop.example"):
        ...

An event's time is a date that the row states. Where it states no day, only that the step lies between
two dates, `fh:eventPeriod` records both (ISO 8601-2: `2014-01-01/2015-04-04`, `../2015-04-04` when its
beginning is not known), and `eventTime` is the first of them that is known.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from firsthand.profiles.binding import header_row, words_of
from firsthand.profiles.cells import Price, Problem, Reading, RowReader, Value, problem
from firsthand.profiles.mapping_file import DIGEST, EventRule, MappingFile, read_mapping_file
from firsthand.profiles.profile import NAMESPACE, PREFIX, Profile
from firsthand.profiles.readers import Period, Quantity
from firsthand.profiles.rows import Place, Row, Table, shown
from firsthand.profiles.times import event_times
from firsthand.profiles.uris import check_base, fill, row_digest, template_names

__all__ = ["CONTEXT", "MappedRow", "Mapping", "load_mapping"]

CONTEXT: Final[tuple[str, dict[str, str]]] = (
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {PREFIX: NAMESPACE},
)
"""The `@context` that every mapped event carries: EPCIS 2.0's, and ours for extension fields."""


@dataclass(frozen=True, slots=True)
class MappedRow:
    """What one row became. With an error among its problems it has no events.

    The header's own MappedRow comes first when there is something to say of the columns.
    """

    row_number: int
    events: tuple[dict[str, Any], ...]
    problems: tuple[Problem, ...]
    at: Place | None = None

    @property
    def refused(self) -> bool:
        """Whether the row cannot be recorded."""
        return any(problem.kind == "error" for problem in self.problems)


def load_mapping(profile: Profile, name_or_path: str | Path) -> Mapping:
    """A mapping that ships with the craft by its name, or a TOML file by its path.

    Raises NotFound, UnreadableInput or InvalidInput with the place inside the file.
    """
    return Mapping(profile, read_mapping_file(profile, name_or_path))


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping of one profile."""

    profile: Profile
    definition: MappingFile

    def header(self, rows: Sequence[Sequence[str]]) -> int | None:
        """Which of a sheet's first rows has the columns that this mapping needs; None when none has."""
        return header_row(self.definition, words_of(self.profile)[0].units, rows)

    def events(
        self,
        rows: Iterable[Row],
        base: str,
        attachment: Callable[[str], str | None] = lambda name: None,
    ) -> Iterator[MappedRow]:
        """Each row's events, in order. `base` begins every URI (`https://coop.example`).

        `attachment` leads from a file's name to its digest as an `ni` URI (RFC 6920). Raises InvalidInput
        when the base is unusable, or a table's columns are missing or doubled.
        """
        base = check_base(base)
        table: Table | None = None
        seen = _Seen(self.definition)
        for row in rows:
            if row.table is not table:
                table = row.table
                reader = RowReader(self.profile, self.definition, table, attachment)
                if notes := _header_notes(reader, table):
                    yield MappedRow(table.header_row, (), notes)
            yield self._mapped(reader, row, base, seen)

    def _mapped(self, reader: RowReader, row: Row, base: str, seen: _Seen) -> MappedRow:
        reading = reader.read(row)
        at = Place(row.table.sheet, row.number)
        if reading.total:
            return MappedRow(row.number, (), tuple(reading.problems), at)
        self._keep_order(reader, row, reading)
        texts = {**reading.texts, DIGEST: seen.digest(row.values)}
        templates = self.definition.uris
        uris = {name: uri for name in templates if (uri := fill(base, templates[name], texts)) is not None}
        if not _refused(reading.problems):
            reading.problems.extend(self._identity_problems(row, uris, seen))
        if _refused(reading.problems):
            return MappedRow(row.number, (), tuple(reading.problems), at)
        events = tuple(self._event(rule, reading, uris) for rule in self.definition.events)
        if any("quantityList" not in event and "sensorElementList" not in event for event in events):
            reason = "there is neither a lot in it nor a measurement (EPCIS 2.0 §7.4.2)"
            reading.problems.append(problem("error", row.table, row.number, None, reason))
            events = ()
        return MappedRow(row.number, events, tuple(reading.problems), at)

    def _keep_order(self, reader: RowReader, row: Row, reading: Reading) -> None:
        """Leave out a time that begins after the one it must not come after."""
        for rule in self.definition.events:
            before = _days(reading.values, rule.before)
            for name in (rule.time, rule.after):
                days = _days(reading.values, name)
                if name is not None and before and days and days.start > before.end:
                    reader.drop(
                        name, row, reading, f"left out: it begins after {rule.before} ({before.text()})"
                    )

    def _identity_problems(self, row: Row, uris: dict[str, str], seen: _Seen) -> Iterator[Problem]:
        needed = (rule.lot or rule.place for rule in self.definition.events)
        for name in dict.fromkeys(name for name in needed if name is not None):
            if name not in uris:
                reason = f"the cells that would name its {name} are blank or unusable"
                yield problem("error", row.table, row.number, None, reason)
        once = self.definition.once
        if once in uris and (first := seen.before(uris[once], row)) is not None:
            reason = f"{uris[once]} stands in {first} already"
            yield problem("error", row.table, row.number, None, reason)

    def _event(self, rule: EventRule, reading: Reading, uris: dict[str, str]) -> dict[str, Any]:
        step = self.profile.steps[rule.step]
        event: dict[str, Any] = {
            "@context": [CONTEXT[0], dict(CONTEXT[1])],
            "type": step.type,
            **self._time(rule, reading),
            "action": step.action,
            "bizStep": step.biz_step,
        }
        if rule.lot is not None:
            lot: dict[str, Any] = {"epcClass": uris[rule.lot]}
            if (quantity := _product(rule, reading)) is not None:
                lot |= {"quantity": _number(quantity.low), "uom": quantity.uom}
            event["quantityList"] = [lot]
        if step.disposition is not None:
            event["disposition"] = step.disposition
        if rule.place in uris:
            event["readPoint"] = {"id": uris[rule.place]}
            event["bizLocation"] = {"id": uris[rule.place]}
        if rule.source in uris:
            event["sourceList"] = [{"type": "possessing_party", "source": uris[rule.source]}]
        if rule.destination in uris:
            event["destinationList"] = [{"type": "possessing_party", "destination": uris[rule.destination]}]
        if ilmd := self._elements(rule.ilmd, reading):
            event["ilmd"] = ilmd
        reports = [
            self._report(name, reading.values[name]) for name in rule.sensors if name in reading.values
        ]
        if reports:
            event["sensorElementList"] = [{"sensorReport": reports}]
        event[f"{PREFIX}:profile"] = self.profile.name
        event[f"{PREFIX}:step"] = rule.step
        event[f"{PREFIX}:mapping"] = f"{self.profile.name}/{self.definition.name}/{self.definition.version}"
        if rule.on_behalf_of in uris:
            event[f"{PREFIX}:onBehalfOf"] = uris[rule.on_behalf_of]
        if rule.claims in reading.values:
            event[f"{PREFIX}:claims"] = _json(reading.values[rule.claims], None)
        return event | self._elements(rule.elements, reading)

    def _time(self, rule: EventRule, reading: Reading) -> dict[str, str]:
        if rule.time is not None and isinstance(moment := reading.values.get(rule.time), datetime):
            return event_times(moment, self.definition.utc_offset)
        time, after, before = (_days(reading.values, name) for name in (rule.time, rule.after, rule.before))
        first = max((days.start for days in (time, after) if days), default=None)
        last = min(days.end for days in (time, before) if days)
        offset = self.definition.utc_offset
        zone = "Z" if offset == "+00:00" else offset
        return {
            "eventTime": f"{first or last}T00:00:00{zone}",
            "eventTimeZoneOffset": offset,
            f"{PREFIX}:eventPeriod": Period(first, last).text() if first else f"../{last}",
        }

    def _elements(self, names: tuple[str, ...], reading: Reading) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in names:
            if name in reading.values:
                element_name = self.definition.fields[name].element or name
                element = self.profile.elements[element_name]
                group = (
                    found if element.part_of is None else found.setdefault(f"{PREFIX}:{element.part_of}", {})
                )
                group[self.profile.term(element_name)] = _json(reading.values[name], element.uom)
        return found

    def _report(self, name: str, value: Value) -> dict[str, Any]:
        term = self.profile.term(self.definition.fields[name].element or name)
        assert isinstance(value, Quantity)  # the mapping was checked
        report: dict[str, Any] = {"type": term}
        if value.high == value.low:
            report["value"] = _number(value.low)
        else:
            report["minValue"] = _number(value.low)
            if value.high is not None:
                report["maxValue"] = _number(value.high)
        return report | {"uom": value.uom}


class _Seen:
    """What of a file went by already, in some ten bytes a row: a sheet of a million rows takes 100 MB."""

    def __init__(self, mapping: MappingFile) -> None:
        templates = (template for templates in mapping.uris.values() for template in templates)
        self._digests = any(DIGEST in template_names(template) for template in templates)
        self._equal: dict[bytes, int] = {}
        self._places: dict[bytes, tuple[Table, int]] = {}

    def digest(self, values: tuple[str, ...]) -> str:
        """The digest that names this row; it counts the equal rows above it."""
        if not self._digests:
            return ""
        key = _short("\0".join(values))
        self._equal[key] = self._equal.get(key, 0) + 1
        return row_digest(self._equal[key], values)

    def before(self, uri: str, row: Row) -> str | None:
        """The row that had this URI before, if any."""
        table, number = self._places.setdefault(_short(uri), (row.table, row.number))
        if table is row.table and number == row.number:
            return None
        return f"row {number}" if table is row.table else table.line(number)


def _short(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _header_notes(reader: RowReader, table: Table) -> tuple[Problem, ...]:
    unread = [
        f"the mapping does not know the column {shown(header)}: it is not recorded"
        for header in reader.unread
    ]
    return tuple(
        problem("note", table, table.header_row, None, remark) for remark in (*table.remarks, *unread)
    )


def _refused(problems: Iterable[Problem]) -> bool:
    return any(problem.kind == "error" for problem in problems)


def _days(values: Fields[str, Value], name: str | None) -> Period | None:
    value = values.get(name) if name is not None else None
    if isinstance(value, datetime):
        value = value.date()
    return Period(value, value) if isinstance(value, date) else value if isinstance(value, Period) else None


def _product(rule: EventRule, reading: Reading) -> Quantity | None:
    """The lot's quantity, or None where a factor is not known or the quantity is no single value."""
    product, uom = Decimal(1), None
    for name in rule.quantity:
        match reading.values.get(name):
            case Quantity(low=low, high=high, uom=unit) if low == high:
                product, uom = product * low, unit
            case Decimal() as factor:
                product *= factor
            case _:
                return None
    return Quantity(product, product, uom) if uom else None


def _json(value: Value, uom: str | None) -> Any:
    match value:
        case Quantity(low=low, high=high):
            if low == high:
                return {f"{PREFIX}:value": _number(low), f"{PREFIX}:uom": value.uom}
            ends = {f"{PREFIX}:minValue": _number(low)}
            if high is not None:
                ends[f"{PREFIX}:maxValue"] = _number(high)
            return ends | {f"{PREFIX}:uom": value.uom}
        case Price(amount=amount, currency=currency):
            price = {f"{PREFIX}:value": _number(amount), f"{PREFIX}:currency": currency}
            return price | ({f"{PREFIX}:per": uom} if uom else {})
        case Decimal():
            return _number(value)
        case Period():
            return value.text()
        case tuple():
            return list(value)
    return str(value)


def _number(value: Decimal) -> int | float:
    """As JSON: a whole number where it is one, else the nearest double."""
    return int(value) if value == value.to_integral_value() else float(value)
