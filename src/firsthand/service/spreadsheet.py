"""CSV and XLSX files as streams of rows: text cells, each with its place, in bounded memory.

What a file is, its first bytes say, not its name. A file that cannot be read whole and unambiguously is
refused with the reason and what to do about it; nothing is repaired. Formulas are never computed: a cell
has the value that the spreadsheet program last saved with it, and one without such a value is refused.
"""

from __future__ import annotations

import csv
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO, Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.profiles import Row, Table
from firsthand.profiles.rows import header_key, shown

__all__ = ["is_spreadsheet", "read_rows"]

_MIB: Final = 1024 * 1024
LONGEST_LINE: Final = _MIB
LONGEST_ROW: Final = 4 * _MIB
"""Of a CSV file, in bytes: a quote that is never closed would otherwise swallow the file."""

MOST_COLUMNS: Final = 1_000
MOST_ROWS: Final = 1_048_576
LARGEST_WORKBOOK: Final = 512 * _MIB
"""Uncompressed. A workbook is a zip archive, and a small one can hold terabytes."""

LARGEST_STRINGS: Final = 64 * _MIB
LARGEST_PART: Final = 16 * _MIB

_OLE2: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = b"PK\x03\x04"
_UTF8_BOM: Final = b"\xef\xbb\xbf"
_UTF16_BOMS: Final = (b"\xff\xfe", b"\xfe\xff")
# A cell of a formula with no value, or an empty one that is not the text "" (ISO/IEC 29500-1 §18.3.1.4).
_UNSAVED_FORMULA: Final = re.compile(
    rb'<c (?![^>]{0,400}t="str")[^>]{0,200}?r="([A-Z0-9]{1,10})"[^>]{0,200}>'
    rb"<f(?:>|\s[^>]{0,400}>)(?:[^<]*</f>)?(?:<v\s*/>|<v></v>)?</c>"
)
_LONGEST_FORMULA: Final = 16_384
_DELIMITERS: Final = (",", ";", "\t")
_SUFFIXES: Final = frozenset({".csv", ".tsv", ".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods"})

# What openpyxl and zipfile raise for damaged workbooks: XML parsers a SyntaxError, defusedxml a ValueError.
_DAMAGE: Final = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    SyntaxError,
    EOFError,
    NotImplementedError,
    RecursionError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)

# openpyxl warns of styles, validations and dates that we do not need or report ourselves.
warnings.filterwarnings("ignore", module=r"openpyxl\.")


def is_spreadsheet(path: Path) -> bool:
    """Whether a file is to be read here: by its name, or by the first bytes of a workbook."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(8).startswith((_ZIP, _OLE2))
    except OSError:
        return False


def read_rows(path: Path) -> Iterator[Row]:
    """The rows below the header, blank ones left out; every row's `table` is the same.

    The header is the first row that is not blank. A row of a CSV file with too few or too many cells comes
    as it is, for the mapping to refuse. Raises UnreadableInput for what is no readable spreadsheet (empty,
    encrypted, with macros, not UTF-8 …), InvalidInput for doubled columns or a sheet without rows.
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
                yield from _workbook_rows(file)
            else:
                yield from _csv_rows(file, first)
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


def _csv_rows(file: IO[bytes], first: bytes) -> Iterator[Row]:
    if not first:
        raise UnreadableInput("the file is empty")
    if first.startswith(_UTF16_BOMS):
        raise UnreadableInput('the file is in UTF-16: save the sheet as "CSV UTF-8"')
    start = len(_UTF8_BOM) if first.startswith(_UTF8_BOM) else 0
    file.seek(start)
    delimiter = _delimiter(next(_Lines(file), ""))
    file.seek(start)
    yield from _rows(_csv_cells(file, delimiter), "", "," if delimiter == ";" else ".", pad=False)


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


def _workbook_rows(file: IO[bytes]) -> Iterator[Row]:
    try:
        with zipfile.ZipFile(file) as archive:
            _check_archive(archive)
            _check_formulas(archive)
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise _damaged(error) from None
    try:
        sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise UnreadableInput("the workbook has no visible worksheet")
        sheet, *others = sheets
        remarks = tuple(
            f"the worksheet {shown(other.title)} is not read: only the first is" for other in others
        )
        yield from _rows(_sheet_cells(sheet), sheet.title, ".", pad=True, remarks=remarks)
    finally:
        workbook.close()


def _sheet_cells(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    # A sheet's own statement of its size is not to be believed: rows are as long as their last cell.
    sheet.reset_dimensions()
    rows = sheet.iter_rows(max_row=MOST_ROWS, values_only=True)
    number = 0
    while True:
        number += 1
        try:
            values = next(rows, None)
            if values is None:
                return
            cells = [_text(value) for value in values]
        except _DAMAGE as error:
            raise _damaged(error, f"{sheet.title}!{number}:{number}") from None
        yield number, cells


def _check_archive(archive: zipfile.ZipFile) -> None:
    """Refuse what is no plain workbook before anything in it is unpacked."""
    parts = archive.infolist()
    names = {part.filename.lower() for part in parts}
    if any(name.endswith("vbaproject.bin") for name in names):
        raise UnreadableInput(
            "this workbook holds macros, programs that run on whoever opens it, and is not read: "
            "save it as .xlsx without macros, or as CSV UTF-8"
        )
    if "xl/workbook.xml" not in names:
        raise UnreadableInput(
            "this is a zip archive, but no .xlsx workbook: save the sheet as .xlsx or as CSV UTF-8"
        )
    if any(part.flag_bits & 1 for part in parts):
        raise UnreadableInput("this workbook is encrypted: take off its password and save it again")
    if sum(part.file_size for part in parts) > LARGEST_WORKBOOK:
        raise UnreadableInput(
            f"the workbook unpacks to more than {LARGEST_WORKBOOK // _MIB} MiB: save its sheet as CSV UTF-8"
        )
    for part in parts:
        name = part.filename.lower()
        limit = LARGEST_STRINGS if name.endswith("sharedstrings.xml") else LARGEST_PART
        streamed = name.startswith(("xl/worksheets/sheet", "xl/media/"))
        if part.file_size > limit and not streamed:
            raise UnreadableInput(
                f"the workbook's part {part.filename[:80]!r} is larger than {limit // _MIB} MiB unpacked: "
                "save its sheet as CSV UTF-8"
            )
    if b"macroenabled" in archive.read("[Content_Types].xml").lower():
        raise UnreadableInput(
            "this workbook is of a kind that can hold macros (.xlsm) and is not read: save it as .xlsx, "
            "or as CSV UTF-8"
        )


def _check_formulas(archive: zipfile.ZipFile) -> None:
    """Refuse a formula whose value was never saved, as programs that compute nothing write them.

    It would read as a blank cell. The markup is searched as bytes, which is far faster than parsing it.
    """
    for name in archive.namelist():
        if not name.lower().startswith("xl/worksheets/"):
            continue
        with archive.open(name) as part:
            text = b""
            while piece := part.read(_MIB):
                text = text[-_LONGEST_FORMULA:] + piece
                if match := _UNSAVED_FORMULA.search(text):
                    raise UnreadableInput(
                        "the formula has no saved value: open the workbook in a spreadsheet and save it",
                        f"{name.rpartition('/')[2]}, cell {match[1].decode('ascii', 'replace')}",
                    )


def _damaged(error: Exception, path: str = "") -> UnreadableInput:
    said = " ".join(str(error).split())[:120] or type(error).__name__
    return UnreadableInput(f"the workbook is damaged: {said}", path)


def _text(value: object) -> str:
    """A cell's value as text: numbers to 15 digits, as spreadsheets show and keep them; dates in ISO 8601."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return _plain(value)
        case datetime():
            return value.date().isoformat() if value.time() == time() else value.isoformat()
        case date() | time():
            return value.isoformat()
        case timedelta():
            return str(value)
    return str(value)


def _plain(value: float) -> str:
    text = f"{value:.15g}"
    return f"{value:.0f}" if "e+" in text and value.is_integer() else text


# --- both --------------------------------------------------------------------------------------------


def _rows(
    numbered: Iterable[tuple[int, list[str]]],
    sheet: str,
    decimal_mark: str,
    *,
    pad: bool,
    remarks: tuple[str, ...] = (),
) -> Iterator[Row]:
    table: Table | None = None
    empty = True
    for number, cells in numbered:
        if len(cells) > MOST_COLUMNS:
            raise UnreadableInput(
                f"the row has {len(cells):,} cells, at most {MOST_COLUMNS:,} are read", f"row {number}"
            )
        if not any(cell.strip() for cell in cells):
            continue
        if table is None:
            table = Table(_columns(cells), number, sheet, decimal_mark, remarks)
            _check_columns(table)
            continue
        width = len(table.columns)
        while len(cells) > width and not cells[-1].strip():
            cells.pop()
        if pad:
            cells.extend([""] * (width - len(cells)))
        empty = False
        yield Row(number, tuple(cells), table)
    if table is None:
        raise UnreadableInput("the sheet is empty")
    if empty:
        raise InvalidInput("there are no rows below the header", table.line(table.header_row))


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
