"""The audit workbook: lots, balances, claims, findings and events, each with the event IDs it rests on.

It is written row by row, so that memory does not grow with the events; text that a spreadsheet would take
for a formula is written so that it is none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import WorkbookAlreadySaved

from firsthand.errors import InvalidInput, WorkspaceError
from firsthand.events.instants import microseconds
from firsthand.ledger.lot_events import event_id
from firsthand.proof.canonical import parse_canonical
from firsthand.service.balance import Balanced, balance
from firsthand.service.cell_text import safe_cell
from firsthand.service.eudr.export import final_lots
from firsthand.service.trace import Reader, event_ids, trace_back
from firsthand.service.workspace import Workspace
from firsthand.trace.accounts import of_ticks
from firsthand.trace.balance import Balance
from firsthand.trace.findings import Finding
from firsthand.trace.statement import Statement

__all__ = ["Audit", "write_audit"]

MOST_ROWS: Final = 1_048_576
"""Of a worksheet (ECMA-376)."""

_LISTED: Final = 50
"""So many event IDs stand in one cell; the sheet Events has them all."""

_TRACED: Final = 2_000
"""Of so many final lots the custody model is worked out."""

_HEAD: Final = Font(bold=True, color="FFFFFF")
_HEAD_FILL: Final = PatternFill("solid", fgColor="1F4E4A")
_WRAPPED: Final = Alignment(wrap_text=True, vertical="top")
_SEVERITY: Final = {
    "error": PatternFill("solid", fgColor="FFC7CE"),
    "warning": PatternFill("solid", fgColor="FFEB9C"),
}


@dataclass(frozen=True, slots=True)
class Audit:
    """What went into the workbook."""

    lots: int
    events: int
    findings: int
    errors: int


@dataclass(slots=True)
class _Lot:
    """What the pass over the events leaves of a lot."""

    maker: str = ""
    place: str = ""
    step: str = ""
    count: int = 0
    ids: list[str] = field(default_factory=list)


def write_audit(
    workspace: Workspace,
    target: Path,
    *,
    since: str | None = None,
    until: str | None = None,
    party: str | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Audit:
    """Write the workbook of all that was recorded, or of a time (RFC 3339, `until` not included) or a party.

    `told` hears how many events were read. Raises InvalidInput for what is no time, and when a sheet cannot
    hold the rows.
    """
    balanced = balance(workspace, since=since, until=until, party=party)
    lots = _Pass(workspace, since, until, party, told)
    beside = target.with_name(f".{target.name}.part")
    book = Workbook(write_only=True)
    try:
        with beside.open("wb") as file:
            found = _fill(
                book, workspace, balanced, lots, f"{since or 'the beginning'} to {until or 'now'}", party
            )
            book.save(file)
        beside.replace(target)
    except OSError as error:
        raise WorkspaceError(f"cannot write {target}: {error.strerror}") from None
    finally:
        _close(book)
        beside.unlink(missing_ok=True)
    return found


def _fill(
    book: Any, workspace: Workspace, balanced: Balanced, lots: _Pass, period: str, party: str | None
) -> Audit:
    # The first sheet is to be the first one read, and the events have to be read before the lots are known.
    _about(book, workspace, period, party, balanced)
    events = _sheet(book, "Events", _EVENT_COLUMNS, lots.event_rows())
    found = _sheet(book, "Lots", _LOT_COLUMNS, lots.lot_rows())
    _sheet(book, "Balances", _BALANCE_COLUMNS, _balance_rows(balanced, lots.steps))
    _sheet(book, "Claims", _CLAIM_COLUMNS, _claim_rows(balanced))
    ids = event_ids(lots.reader, {number for one in balanced.findings for number in one.events})
    _sheet(book, "Findings", _FINDING_COLUMNS, (_finding_row(one, ids) for one in balanced.findings))
    book.move_sheet("Events", len(book.worksheets))
    return Audit(found, events, len(balanced.findings), balanced.errors)


def _close(book: Any) -> None:
    """Close the sheets of a workbook that was not saved: each has a temporary file."""
    for sheet in book.worksheets:
        with suppress(WorkbookAlreadySaved):
            sheet.close()
            sheet._writer.cleanup()


# --- the sheets -------------------------------------------------------------------------------------------

_Columns = Sequence[tuple[str, int]]
_EVENT_COLUMNS: Final = (
    ("Number", 10), ("Event time", 26), ("Step", 18), ("Business step", 18), ("Recorded by", 42),
    ("Place", 42), ("Lots in", 48), ("Lots out", 48), ("Claims", 20), ("Event ID", 60),
)  # fmt: skip
_LOT_COLUMNS: Final = (
    ("Lot", 56), ("Made by", 42), ("Place", 42), ("Step", 18), ("Unit", 8), ("Came", 14), ("Went", 14),
    ("Left", 14), ("Custody model", 20), ("Why", 44), ("Events", 9), ("Event IDs", 60),
)  # fmt: skip
_BALANCE_COLUMNS: Final = (
    ("What", 34), ("Unit", 8), ("In", 16), ("Out", 16), ("Out for in", 12), ("Events", 10), ("Event IDs", 60),
)  # fmt: skip
_CLAIM_COLUMNS: Final = (
    ("Party", 48),
    ("Claim", 20),
    ("Unit", 8),
    ("Made with it", 16),
    ("Shipped with it", 16),
)
_FINDING_COLUMNS: Final = (
    ("Severity", 10), ("Kind", 26), ("What", 80), ("Numbers", 44), ("Lots", 56), ("Parties", 42),
    ("Event IDs", 60),
)  # fmt: skip


def _sheet(book: Any, title: str, columns: _Columns, rows: Iterable[Sequence[Any]]) -> int:
    """A sheet with a frozen, filtered header; the number of its rows."""
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, (_, width) in enumerate(columns, 1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    sheet.append([_head(sheet, name) for name, _ in columns])
    count = 0
    for row in rows:
        count += 1
        if count >= MOST_ROWS:
            raise InvalidInput(
                f'the sheet "{title}" would have more than {MOST_ROWS:,} rows: narrow it down '
                "with --since and --until"
            )
        sheet.append([_cell(sheet, value) for value in row])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{count + 1}"
    return count


def _about(book: Any, workspace: Workspace, period: str, party: str | None, found: Balanced) -> None:
    sheet = book.create_sheet("About")
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, 90
    for name, value in (
        ("Workspace", workspace.settings.uri),
        ("Written", workspace.now()),
        ("Time", period),
        ("Party", party or "all"),
        ("Events", found.events),
        ("Lots", found.lots),
        ("Findings", len(found.findings)),
        ("of severity error", found.errors),
        ("Units", "UN/CEFACT Recommendation 20: KGM kilogram, C62 one, MTR metre"),
        ("Event IDs", f"CBV 2.0 §8.9; up to {_LISTED} in a cell, all of them in the sheet Events"),
        ("Custody", f"ISO 22095:2020; worked out for up to {_TRACED:,} lots that were not used up"),
        ("What it is not", "a finding says what does not add up; it accuses nobody"),
    ):
        sheet.append([_head(sheet, name), _cell(sheet, value)])


def _head(sheet: Any, text: str) -> Any:
    cell = WriteOnlyCell(sheet, text)
    cell.font, cell.fill = _HEAD, _HEAD_FILL
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    match value:
        case Fraction():
            return float(value)
        case list() | tuple() | str():
            cell = WriteOnlyCell(sheet, safe_cell(value if isinstance(value, str) else _listed(value)))
            cell.data_type = "s"
            cell.alignment = _WRAPPED
            if isinstance(value, str) and value in _SEVERITY:
                cell.fill = _SEVERITY[value]
            return cell
    return value


def _listed(values: Sequence[Any]) -> str:
    shown = "\n".join(str(value) for value in values[:_LISTED])
    return f"{shown}\n… and {len(values) - _LISTED:,} more" if len(values) > _LISTED else shown


# --- the rows ---------------------------------------------------------------------------------------------


class _Pass:
    """One pass over the events; its rows are read in the order of the methods."""

    def __init__(
        self,
        workspace: Workspace,
        since: str | None,
        until: str | None,
        party: str | None,
        told: Callable[[int], None],
    ) -> None:
        self.reader = Reader(workspace)
        self.steps: dict[str, tuple[int, list[str]]] = {}
        self._workspace = workspace
        self._between = [None if time is None else microseconds(time) for time in (since, until)]
        self._party = party
        self._told = told
        self._kept = Balance(self.reader.crafts.of)
        self._lots: dict[str, _Lot] = {}

    def event_rows(self) -> Iterator[list[Any]]:
        """One row an event that stands."""
        since, until = self._between
        statements = self.reader.statements(self.reader.events.between(since, until, self._party))
        for done, one in enumerate(statements, 1):
            if done % 1_000 == 0:
                self._told(done)
            if not self.reader.corrections.stands(one.number):
                continue
            event = parse_canonical(one.body)
            found = event_id(event)
            self._kept.take(one)
            self._note(one, found)
            yield [
                one.number,
                str(event["eventTime"]),
                one.step,
                one.biz_step,
                one.issuer,
                one.place or "",
                [_part(part) for part in (one.inputs or one.things if not one.creates else ())],
                [_part(part) for part in (one.things if one.creates else one.outputs)],
                ", ".join(one.claims),
                found,
            ]

    def lot_rows(self) -> Iterator[list[Any]]:
        """One row a lot, in the order of the events."""
        final = set(final_lots(self._workspace, self._kept))
        traced = 0
        for uri, lot in self._lots.items():
            account = self._kept.accounts.get(uri)
            unit, came, went, left = "", None, None, None
            if account is not None and account.unit:
                unit = account.unit
                came, went = (of_ticks(amount, unit).amount for amount in (account.came, account.went))
                left = came - went
            model = why = ""
            if uri in final and traced < _TRACED:
                traced += 1
                custody = trace_back(self._workspace, uri).custody()
                model, why = custody.model, custody.reason
            yield [
                uri, lot.maker, lot.place, lot.step, unit, came, went, left, model, why, lot.count,
                _ids(lot.ids, lot.count),
            ]  # fmt: skip

    def _note(self, one: Statement, found: str) -> None:
        step = one.step or one.biz_step
        count, ids = self.steps.get(step, (0, []))
        if len(ids) < _LISTED:
            ids.append(found)
        self.steps[step] = (count + 1, ids)
        made = one.things if one.creates else one.outputs
        for part in (*one.inputs, *one.outputs, *one.things):
            lot = self._lots.setdefault(part.lot, _Lot())
            lot.count += 1
            if len(lot.ids) < _LISTED:
                lot.ids.append(found)
            if part in made and not lot.maker:
                lot.maker, lot.place, lot.step = one.issuer, one.place or "", step


def _ids(ids: list[str], count: int) -> str:
    """Event IDs of which only the first are kept."""
    return "\n".join([*ids, f"… and {count - len(ids):,} more"] if count > len(ids) else ids)


def _part(part: Any) -> str:
    return f"{part.lot} ({part.quantity})" if part.quantity is not None else str(part.lot)


def _balance_rows(found: Balanced, steps: dict[str, tuple[int, list[str]]]) -> Iterator[list[Any]]:
    for step in found.steps:
        count, ids = steps.get(step.step, (step.count, []))
        yield [
            f"step {step.step}", step.inputs.unit, step.inputs.amount, step.outputs.amount, step.ratio,
            step.count, _ids(ids, count),
        ]  # fmt: skip
    stock = {one.unit: one.amount for one in found.stock}
    went = {one.unit: one.amount for one in found.went}
    for one in found.came:
        yield ["came into being, sold or destroyed", one.unit, one.amount, went.get(one.unit), None, None, ""]
        yield ["in stock", one.unit, stock.get(one.unit), None, None, None, ""]


def _claim_rows(found: Balanced) -> Iterator[list[Any]]:
    for one in found.claims:
        yield [one.party, one.claim, one.made.unit, one.made.amount, one.sold.amount]


def _finding_row(one: Finding, ids: dict[int, str]) -> list[Any]:
    numbers = [f"{name}: {value}" for name, value in one.numbers]
    return [
        one.severity, one.kind, one.text, numbers, list(one.lots), list(one.parties),
        [ids[number] for number in one.events if number in ids],
    ]  # fmt: skip
