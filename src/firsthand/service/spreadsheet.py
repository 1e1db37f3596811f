"""CSV and XLSX files as streams of rows: text cells, each with its place, in bounded memory.

What a file is, its first bytes say, not its name. A file that cannot be read whole and unambiguously is
refused with the reason and what to do about it; nothing is repaired.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import IO, Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.profiles import Row, Table
from firsthand.profiles.headers import decimal_mark_of, likely_header, units_below
from firsthand.profiles.rows import header_key, shown
from firsthand.service.workbook import NumberText, open_sheets, sheet_cells

__all__ = ["HeaderFinder", "csv_form", "is_spreadsheet", "read_cells", "read_rows"]

HeaderFinder = Callable[[Sequence[Sequence[str]]], int | None]
"""Which of a sheet's first rows that are not blank is its header; None when the sheet is not wanted."""

_MIB: Final = 1024 * 1024
LONGEST_LINE: Final = _MIB
LONGEST_ROW: Final = 4 * _MIB
"""Of a CSV file, in bytes: a quote that is never closed would otherwise swallow the file."""

MOST_COLUMNS: Final = 1_000
LONGEST_LOG: Final = 16 * _MIB

_OLE2: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
_DELIMITERS: Final = (",", ";", "\t")
_WINDOW: Final = 40
"""So many rows are looked at to find the header and the decimal mark."""

_SUFFIXES: Final = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods"})


def is_spreadsheet(path: Path) -> bool:
    """Whether a file is to be read here: by its name, or by the first bytes of a workbook."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(8).startswith((_ZIP, _OLE2))
    except OSError:
        return False


def read_rows(path: Path, finder: HeaderFinder | None = None, sheet: str | None = None) -> Iterator[Row]:
    """The rows below the header, blank ones left out; the rows of one sheet share their `table`.

    `finder` says where the header stands, and which sheets of a workbook are read: all that it finds one
    in. Without it, or when it finds none, the first sheet is read, and its header is the first row that is
    wide and all text. `sheet` is the name of the only worksheet to read. A row of a CSV file with too few
    or too many cells comes as it is, for the mapping to refuse. Raises UnreadableInput for what is no
    readable spreadsheet (empty, encrypted, with macros, not UTF-8 …), InvalidInput for doubled columns or a
    sheet without rows, NotFound for a worksheet that is not there.
    """
    try:
        with path.open("rb") as file:
            first = file.read(8)
            file.seek(0)
            if first.startswith(_OLE2):
                raise UnreadableInput(
                    "this is an encrypted workbook, or one in the old .xls format: open it, take off its "
                    "password if it has one, and save it as .xlsx or as CSV UTF-8"
                )
            if first.startswith(b"PK"):
                with open_sheets(file, sheet) as sheets:
                    yield from _sheets_rows(sheets, finder)
            else:
                yield from _csv_rows(file, first, finder)
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror or error}") from None


# --- CSV ---------------------------------------------------------------------------------------------


class _Lines:
    """The lines of a CSV file as text, one row never longer than LONGEST_ROW."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.row = 1
        self.size = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._file.readline(LONGEST_LINE + 1)
        self.size += len(line)
        if not line:
            raise StopIteration
        if len(line) > LONGEST_LINE or self.size > LONGEST_ROW:
            raise UnreadableInput(
                f"the row is longer than {LONGEST_LINE:,} bytes; is a quotation mark not closed?",
                f"row {self.row}",
            )
        if b"\0" in line:
            raise UnreadableInput("it holds a NUL byte: this is no CSV file in UTF-8", f"row {self.row}")
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            byte = line[error.start]
            raise UnreadableInput(
                f'byte 0x{byte:02x} is not UTF-8: save the sheet as "CSV UTF-8"', f"row {self.row}"
            ) from None


def _csv_rows(file: IO[bytes], first: bytes, finder: HeaderFinder | None) -> Iterator[Row]:
    if not first:
        raise UnreadableInput("the file is empty")
    if first.startswith(_UTF16_BOMS):
        raise UnreadableInput('the file is in UTF-16: save the sheet as "CSV UTF-8"')
    start, delimiter = csv_form(file)
    file.seek(start)
    window, rest = _window(_csv_cells(file, delimiter))
    header = _header(window, finder)
    yield from _rows(
        window,
        rest,
        likely_header(_cells(window)) if header is None else header,
        "",
        "," if delimiter == ";" else ".",
    )


def read_cells(path: Path) -> tuple[list[_Numbered], str] | None:
    """Every row of a CSV file that is not blank, and its usual decimal mark; None for a workbook.

    It is for short logs that have no header: None, too, for a file of more than LONGEST_LOG bytes.
    """
    try:
        with path.open("rb") as file:
            first = file.read(8)
            large = path.stat().st_size > LONGEST_LOG
            if large or not first or first.startswith((_OLE2, b"PK", *_UTF16_BOMS)):
                return None
            start, delimiter = csv_form(file)
            file.seek(start)
            rows = [
                (number, cells) for number, cells in _csv_cells(file, delimiter) if any(map(str.strip, cells))
            ]
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror or error}") from None
    usual = "," if delimiter == ";" else "."
    return rows, decimal_mark_of((cell for _, cells in rows[:_WINDOW] for cell in cells), usual)


def csv_form(file: IO[bytes]) -> tuple[int, str]:
    """Where the text of a CSV file begins, and what divides its cells."""
    file.seek(0)
    start = len(_UTF8_BOM) if file.read(len(_UTF8_BOM)) == _UTF8_BOM else 0
    file.seek(start)
    # A title above the header may hold no delimiter at all, so a few lines are asked.
    lines = _Lines(file)
    text = ""
    for _ in range(_WINDOW):
        lines.size = 0
        try:
            line = next(lines, "")
        except UnreadableInput:
            break  # it is told again, with its place, when the rows are read
        text += line
        if not line or (line.strip() and any(delimiter in line for delimiter in _DELIMITERS)):
            break
    return start, _delimiter(text)


def _csv_cells(file: IO[bytes], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    lines = _Lines(file)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableInput(f"this is not well-formed CSV: {error}", f"row {lines.row}") from None
        yield lines.row, cells
        lines.row += 1
        lines.size = 0


def _delimiter(header: str) -> str:
    """The one that parts the header into most cells; within quotes it does not count."""
    unquoted = "".join(header.split('"')[::2])
    return max(_DELIMITERS, key=unquoted.count)


# --- XLSX --------------------------------------------------------------------------------------------


def _sheets_rows(sheets: list[Any], finder: HeaderFinder | None) -> Iterator[Row]:
    wanted: list[tuple[Any, int | None]] = [(sheets[0], None)]
    if finder is not None:
        found = [(sheet, _header(_window(sheet_cells(sheet))[0], finder)) for sheet in sheets]
        wanted = [(sheet, header) for sheet, header in found if header is not None] or wanted
    read = [sheet for sheet, _ in wanted]
    reason = "only the first is" if finder is None else "it has other columns"
    remarks = tuple(
        f"the worksheet {shown(sheet.title)} is not read: {reason}" for sheet in sheets if sheet not in read
    )
    for sheet, header in wanted:
        window, rest = _window(sheet_cells(sheet))
        at = likely_header(_cells(window)) if header is None else header
        yield from _rows(window, rest, at, sheet.title, ".", remarks=remarks)
        remarks = ()


# --- both --------------------------------------------------------------------------------------------


_Numbered = tuple[int, list[str]]


def _window(numbered: Iterator[_Numbered]) -> tuple[list[_Numbered], Iterator[_Numbered]]:
    """The first rows that are not blank, and the rest."""
    window: list[_Numbered] = []
    for number, cells in numbered:
        if len(cells) > MOST_COLUMNS:
            raise UnreadableInput(
                f"the row has {len(cells):,} cells, at most {MOST_COLUMNS:,} are read", f"row {number}"
            )
        if any(cell.strip() for cell in cells):
            window.append((number, cells))
        if len(window) == _WINDOW:
            break
    return window, numbered


def _cells(window: Iterable[_Numbered]) -> list[list[str]]:
    return [cells for _, cells in window]


def _header(window: list[_Numbered], finder: HeaderFinder | None) -> int | None:
    return None if finder is None or not window else finder(_cells(window))


def _rows(
    window: list[_Numbered],
    rest: Iterator[_Numbered],
    header: int,
    sheet: str,
    usual_mark: str,
    *,
    remarks: tuple[str, ...] = (),
) -> Iterator[Row]:
    if not window:
        raise UnreadableInput("the sheet is empty")
    number, cells = window[header]
    above = tuple(f"row {row} stands above the header: it is not read" for row, _ in window[:header])
    below = window[header + 1 :]
    if below and units_below(cells, below[0][1]):
        cells = [f"{cell} {unit}".strip() for cell, unit in zip_longest(cells, below.pop(0)[1], fillvalue="")]
    texts = (cell for _, row in below for cell in row if not isinstance(cell, NumberText))
    mark = decimal_mark_of(texts, usual_mark)
    table = Table(_columns(cells), number, sheet, mark, (*remarks, *above))
    _check_columns(table)
    empty = True
    for row, values in chain(below, rest):
        if len(values) > MOST_COLUMNS:
            raise UnreadableInput(
                f"the row has {len(values):,} cells, at most {MOST_COLUMNS:,} are read", f"row {row}"
            )
        if not any(value.strip() for value in values):
            continue
        empty = False
        yield Row(row, _values(values, table), table)
    if empty:
        raise InvalidInput("there are no rows below the header", table.line(table.header_row))


def _values(values: list[str], table: Table) -> tuple[str, ...]:
    """A row's cells as the table has them: a worksheet's rows are as long as their last cell."""
    width = len(table.columns)
    while len(values) > width and not values[-1].strip():
        values.pop()
    if table.sheet:
        values.extend([""] * (width - len(values)))
    if table.decimal_mark == ",":
        return tuple(value.replace(".", ",") if isinstance(value, NumberText) else value for value in values)
    return tuple(values)


def _columns(cells: list[str]) -> tuple[str, ...]:
    columns = [" ".join(cell.split()) for cell in cells]
    while not columns[-1]:
        columns.pop()
    return tuple(columns)


def _check_columns(table: Table) -> None:
    seen: dict[str, int] = {}
    for column, header in enumerate(table.columns):
        if not header:
            continue
        first = seen.setdefault(header_key(header), column)
        if first != column:
            raise InvalidInput(
                f"doubled column: {shown(table.columns[first])} is column {first + 1} and again, as "
                f"{shown(header)}, column {column + 1}; rename or remove one",
                table.line(table.header_row),
            )
