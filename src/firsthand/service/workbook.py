"""XLSX workbooks as rows of text cells, in bounded memory, and what of them is refused before it is unpacked.

Formulas are never computed: a cell has the value that the spreadsheet program last saved with it, and one
without such a value is refused.
"""

from __future__ import annotations

import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from typing import IO, Any, Final

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from firsthand.errors import NotFound, UnreadableInput
from firsthand.profiles.rows import shown

__all__ = ["NumberText", "check_archive", "open_sheets", "sheet_cells"]

_MIB: Final = 1024 * 1024
MOST_ROWS: Final = 1_048_576
LARGEST_WORKBOOK: Final = 512 * _MIB
"""Uncompressed. A workbook is a zip archive, and a small one can hold terabytes."""

LARGEST_STRINGS: Final = 64 * _MIB
LARGEST_PART: Final = 16 * _MIB

# A cell of a formula with no value, or an empty one that is not the text "" (ISO/IEC 29500-1 §18.3.1.4).
_UNSAVED_FORMULA: Final = re.compile(
    rb'<c (?![^>]{0,400}t="str")[^>]{0,200}?r="([A-Z0-9]{1,10})"[^>]{0,200}>'
    rb"<f(?:>|\s[^>]{0,400}>)(?:[^<]*</f>)?(?:<v\s*/>|<v></v>)?</c>"
)
_LONGEST_FORMULA: Final = 16_384

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


class NumberText(str):
    """A number of a workbook as text: there is no doubt about its decimal mark."""


@contextmanager
def open_sheets(file: IO[bytes], name: str | None = None) -> Iterator[list[Any]]:
    """The visible worksheets, or the one of that name. Raises UnreadableInput, NotFound."""
    try:
        with zipfile.ZipFile(file) as archive:
            check_archive(archive)
            _check_formulas(archive)
        workbook = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _DAMAGE as error:
        raise _damaged(error) from None
    try:
        if name is not None:
            sheets = [sheet for sheet in workbook.worksheets if sheet.title == name]
            if not sheets:
                titles = ", ".join(shown(sheet.title) for sheet in workbook.worksheets[:30])
                raise NotFound(f"there is no worksheet {shown(name)}; there are: {titles}")
        else:
            sheets = [sheet for sheet in workbook.worksheets if sheet.sheet_state == "visible"]
        if not sheets:
            raise UnreadableInput("the workbook has no visible worksheet")
        yield sheets
    finally:
        workbook.close()


def sheet_cells(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row's number, from 1, and its cells. Raises UnreadableInput."""
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


def check_archive(archive: zipfile.ZipFile) -> None:
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
        case int():
            return NumberText(value)
        case float():
            return NumberText(_plain(value))
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
