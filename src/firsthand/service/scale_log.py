"""The log of a weighing scale as rows: with a header or without, or in the lines that scales print.

Without a header the columns are told by what stands in them: a date and a time, weights with or without
their unit, and a ticket's number or a name. Of three weights that belong together, gross less tare is net.
The lines of many indicators (`ST,GS,+00052.4kg`) say in front whether the weight was stable and whether it
was gross or net.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from firsthand.errors import UnreadableInput
from firsthand.profiles import Row, Table

__all__ = ["COLUMNS", "scale_table"]

COLUMNS: Final = ("Time", "Ticket", "Gross", "Tare", "Net", "Unit", "Status")

_LINE: Final = re.compile(
    r"(?:(?P<time>.+?)[,;\t])?\s*(?P<status>ST|US|OL|S|U|D|SD)\s*[,;\t ]\s*"
    r"(?P<kind>GS|NT|TR|G|N|T)?\s*[,;\t: ]*\s*"
    r"(?P<sign>[+-])?\s*(?P<number>[0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*(?P<unit>kg|g|lb|lbs|t)\s*",
    re.IGNORECASE,
)
_DATE: Final = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}")
_CLOCK: Final = re.compile(
    r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?:\s*[ap]\.?m\.?)?", re.IGNORECASE
)
_STAMP: Final = re.compile(
    rf"({_DATE.pattern})[T ,]+({_CLOCK.pattern})(?:Z|[+-][0-9]{{2}}:?[0-9]{{2}})?", re.IGNORECASE
)
_WEIGHT: Final = re.compile(r"([+-]?\s*[0-9]{1,9}(?:[.,][0-9]{1,6})?)\s*(kgs?|g|lbs?|t)?", re.IGNORECASE)
_UNITS: Final = frozenset(("kg", "kgs", "g", "lb", "lbs", "t"))
_STATUS: Final = frozenset(
    ("st", "us", "ol", "s", "u", "d", "sd", "stable", "unstable", "gs", "nt", "g", "n", "gross", "net")
)
_UNSTABLE: Final = frozenset(("us", "ol", "u", "d", "sd", "unstable"))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Which column holds what; the weights as gross, tare, net, where they are told apart."""

    date: int
    clock: int | None
    weights: tuple[int | None, int | None, int]
    unit: int | None
    status: tuple[int, ...]
    ticket: int | None


def scale_table(rows: Sequence[tuple[int, Sequence[str]]], decimal_mark: str) -> Iterator[Row] | None:
    """The rows of a scale's log that has no header, under COLUMNS; None when this is no such log.

    `rows` are a file's rows that are not blank, with their numbers. Weighings that were not stable are
    rows whose status says so. Raises UnreadableInput for a row that is unlike the others.
    """
    if not rows:
        return None
    if all(_LINE.fullmatch(_joined(cells)) for _, cells in rows[:40]):
        return _printed(rows, Table(COLUMNS, 0, "", decimal_mark))
    layout = _layout([cells for _, cells in rows[:40]])
    return None if layout is None else _laid_out(rows, layout, Table(COLUMNS, 0, "", decimal_mark))


def _joined(cells: Sequence[str]) -> str:
    return ",".join(cells).strip()


def _printed(rows: Sequence[tuple[int, Sequence[str]]], table: Table) -> Iterator[Row]:
    for number, cells in rows:
        match = _LINE.fullmatch(_joined(cells))
        if match is None:
            raise UnreadableInput("expected a line of a scale like ST,GS,+00052.4kg", f"row {number}")
        weight = f"{'-' if match['sign'] == '-' else ''}{_trimmed(match['number'])}"
        kind = (match["kind"] or "N").upper()[0]
        status = "unstable" if match["status"].casefold() in _UNSTABLE else "stable"
        gross, tare, net = (weight if kind == wanted else "" for wanted in "GTN")
        time = " ".join((match["time"] or "").replace(",", " ").split())
        yield Row(number, (time, "", gross, tare, net, match["unit"], status), table)


def _trimmed(number: str) -> str:
    """Scales write leading zeros; a number for people has none."""
    return number.lstrip("0") if number.lstrip("0")[:1].isdigit() else "0" + number.lstrip("0")


def _layout(rows: Sequence[Sequence[str]]) -> _Layout | None:
    width = max(map(len, rows))
    columns = [[row[column].strip() if column < len(row) else "" for row in rows] for column in range(width)]
    stamps = [column for column, cells in enumerate(columns) if _all(_STAMP, cells)]
    dates = stamps or [column for column, cells in enumerate(columns) if _all(_DATE, cells)]
    clocks = [column for column, cells in enumerate(columns) if _all(_CLOCK, cells)]
    if not dates or not (stamps or clocks):
        return None
    units = [
        column for column, cells in enumerate(columns) if all(cell.casefold() in _UNITS for cell in cells)
    ]
    status = [
        column
        for column, cells in enumerate(columns)
        if column not in units and all(cell.casefold() in _STATUS for cell in cells)
    ]
    weights = [
        column
        for column, cells in enumerate(columns)
        if column not in (*dates, *clocks) and _all(_WEIGHT, cells) and _looks_weighed(cells, bool(units))
    ]
    told = _gross_tare_net(columns, weights)
    if told is None:
        return None
    used = {dates[0], *clocks, *units, *status, *weights}
    ticket = next((column for column, cells in enumerate(columns) if column not in used and all(cells)), None)
    return _Layout(
        dates[0], None if stamps else clocks[0], told, units[0] if units else None, tuple(status), ticket
    )


def _all(pattern: re.Pattern[str], cells: Sequence[str]) -> bool:
    return all(pattern.fullmatch(cell) for cell in cells)


def _looks_weighed(cells: Sequence[str], unit_elsewhere: bool) -> bool:
    """A weight has a decimal mark or its unit; a ticket's number has neither."""
    shown = any(re.search(r"[.,]|[a-z]", cell, re.IGNORECASE) for cell in cells)
    return shown or (unit_elsewhere and len(set(cells)) == 1 and cells[0] in ("0", "00"))


def _gross_tare_net(
    columns: Sequence[Sequence[str]], weights: Sequence[int]
) -> tuple[int | None, int | None, int] | None:
    if len(weights) == 1:
        return None, None, weights[0]
    for gross in weights:
        for tare in weights:
            for net in weights:
                if len({gross, tare, net}) == 3 and all(
                    _number(g) - _number(t) == _number(n)
                    for g, t, n in zip(columns[gross], columns[tare], columns[net], strict=True)
                ):
                    # Without tare anywhere, net and gross are one; the order of the columns decides.
                    return (gross, tare, net) if gross < net else (net, tare, gross)
    return None


def _number(cell: str) -> Decimal:
    match = _WEIGHT.fullmatch(cell)
    return Decimal((match[1] if match else "0").replace(" ", "").replace(",", "."))


def _laid_out(rows: Sequence[tuple[int, Sequence[str]]], layout: _Layout, table: Table) -> Iterator[Row]:
    def cell(cells: Sequence[str], column: int | None) -> str:
        return cells[column].strip() if column is not None and column < len(cells) else ""

    for number, cells in rows:
        weights = [_WEIGHT.fullmatch(cell(cells, column)) for column in layout.weights]
        unit = cell(cells, layout.unit) or next((found[2] for found in weights if found and found[2]), "")
        time = " ".join((cell(cells, layout.date), cell(cells, layout.clock))).strip()
        status = {cell(cells, column).casefold() for column in layout.status}
        words = "unstable" if status & _UNSTABLE else "stable" if status else ""
        values = [
            found[1].replace(" ", "").lstrip("+") if found else cell(cells, column)
            for found, column in zip(weights, layout.weights, strict=True)
        ]
        yield Row(number, (time, cell(cells, layout.ticket), *values, unit, words), table)
