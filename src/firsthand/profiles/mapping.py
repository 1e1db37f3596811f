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
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Fields
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from firsthand.profiles.cells import Price, Problem, Reading, RowReader, Value
from firsthand.profiles.mapping_file import DIGEST, EventRule, MappingFile, read_mapping_file
from firsthand.profiles.profile import NAMESPACE, PREFIX, Profile
from firsthand.profiles.readers import Period, Quantity
from firsthand.profiles.rows import Row, Table, shown
from firsthand.profiles.uris import check_base, fill, row_digest

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

    def events(self, rows: Iterable[Row], base: str) -> Iterator[MappedRow]:
        """Each row's events, in order. `base` begins every URI (`https://coop.example`).

        Raises InvalidInput when the base is unusable, or a table's columns are missing or doubled.
        """
        base = check_base(base)
        table: Table | None = None
        seen: dict[bytes, int] = {}
        for row in rows:
            if row.table is not table:
                table = row.table
                reader = RowReader(self.profile, self.definition, table)
                if notes := _header_notes(reader, table):
                    yield MappedRow(table.header_row, (), notes)
            yield self._mapped(reader, row, base, seen)

    def _mapped(self, reader: RowReader, row: Row, base: str, seen: dict[bytes, int]) -> MappedRow:
        reading = reader.read(row)
        self._keep_order(reader, row, reading)
        texts = {**reading.texts, DIGEST: row_digest(row.number, row.values)}
        templates = self.definition.uris
        uris = {name: uri for name in templates if (uri := fill(base, templates[name], texts)) is not None}
        if not _refused(reading.problems):
            reading.problems.extend(self._identity_problems(row, uris, seen))
        if _refused(reading.problems):
            return MappedRow(row.number, (), tuple(reading.problems))
        events = tuple(self._event(rule, reading, uris) for rule in self.definition.events)
        return MappedRow(row.number, events, tuple(reading.problems))

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

    def _identity_problems(self, row: Row, uris: dict[str, str], seen: dict[bytes, int]) -> Iterator[Problem]:
        place = row.table.line(row.number)
        for name in dict.fromkeys(rule.lot for rule in self.definition.events):
            if name not in uris:
                yield Problem("error", place, f"the cells that would name its {name} are blank or unusable")
        once = self.definition.once
        if once in uris:
            # Digests, not URIs: a sheet of a million rows is checked in some 100 MB.
            digest = hashlib.blake2b(uris[once].encode(), digest_size=16).digest()
            first = seen.setdefault(digest, row.number)
            if first != row.number:
                yield Problem("error", place, f"{uris[once]} stands in row {first} already")

    def _event(self, rule: EventRule, reading: Reading, uris: dict[str, str]) -> dict[str, Any]:
        step = self.profile.steps[rule.step]
        lot: dict[str, Any] = {"epcClass": uris[rule.lot]}
        if (quantity := _product(rule, reading)) is not None:
            lot |= {"quantity": _number(quantity.low), "uom": quantity.uom}
        event: dict[str, Any] = {
            "@context": [CONTEXT[0], dict(CONTEXT[1])],
            "type": step.type,
            **self._time(rule, reading),
            "action": step.action,
            "bizStep": step.biz_step,
            "quantityList": [lot],
        }
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


def _header_notes(reader: RowReader, table: Table) -> tuple[Problem, ...]:
    place = table.line(table.header_row)
    unread = [
        f"the mapping does not know the column {shown(header)}: it is not recorded"
        for header in reader.unread
    ]
    return tuple(Problem("note", place, remark) for remark in (*table.remarks, *unread))


def _refused(problems: Iterable[Problem]) -> bool:
    return any(problem.kind == "error" for problem in problems)


def _days(values: Fields[str, Value], name: str | None) -> Period | None:
    value = values.get(name) if name is not None else None
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
