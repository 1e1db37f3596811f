"""A copy of a clerk's own sheet with every problem marked where it is.

In a workbook the cell is coloured and has a comment, and a column at the end lists the row's problems; in a
CSV file, and for submissions, there is only that column. Everything else stays as the clerk has it.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.profiles import Problem
from firsthand.service.cell_text import safe_cell
from firsthand.service.spreadsheet import csv_form
from firsthand.service.workbook import check_archive

__all__ = ["COLUMN", "write_marked_copy"]

COLUMN: Final = "Firsthand"
"""The header of the added column."""

LARGEST: Final = 64 * 1024 * 1024
"""Of an unpacked workbook: one that is changed is held in memory whole."""

_ERROR: Final = PatternFill("solid", fgColor="FFC7CE")
_NOTE: Final = PatternFill("solid", fgColor="FFEB9C")

Lines = dict[tuple[str, int], list[Problem]]


def write_marked_copy(
    source: Path, target: Path, problems: Iterable[Problem], headers: Mapping[str, int]
) -> None:
    """Write the copy; `headers` are the header rows by sheet. It has the source's format, and its ending.

    Raises InvalidInput when it does not, or when the target is the source; UnreadableInput for a workbook
    that is too large to be changed.
    """
    with source.open("rb") as file:
        workbook = file.read(4).startswith(b"PK")
    expected = ".xlsx" if workbook else ".csv"
    if target.suffix.lower() not in (expected, ".tsv" if not workbook else expected):
        raise InvalidInput(f"the copy of {source.name} ends in {expected}, got {target.name}")
    if target.exists() and target.samefile(source):
        raise InvalidInput(f"{target} is the sheet itself: give the copy another name")
    lines: Lines = {}
    for problem in problems:
        if problem.at is not None:
            lines.setdefault((problem.at.sheet, problem.at.row), []).append(problem)
    if workbook:
        _mark_workbook(source, target, lines, headers)
    elif source.suffix.lower() == ".json":
        _list_problems(target, lines)
    else:
        _mark_csv(source, target, lines, headers.get("", 1))


def _said(problems: list[Problem], *, header: bool = False) -> str:
    said = "; ".join(f"{problem.kind}: {problem}" for problem in problems)
    return ": ".join(filter(None, (COLUMN, said))) if header else said


# --- XLSX --------------------------------------------------------------------------------------------


def _mark_workbook(source: Path, target: Path, lines: Lines, headers: Mapping[str, int]) -> None:
    with zipfile.ZipFile(source) as archive:
        check_archive(archive)
        if sum(part.file_size for part in archive.infolist()) > LARGEST:
            raise UnreadableInput(
                f"{source} unpacks to more than {LARGEST // 1024 // 1024} MiB and cannot be marked: "
                "save its sheet as CSV UTF-8"
            )
    workbook = openpyxl.load_workbook(source, keep_links=False)
    for sheet in workbook.worksheets:
        marked = {row: problems for (name, row), problems in lines.items() if name == sheet.title}
        if marked:
            _mark_sheet(sheet, marked, headers.get(sheet.title, 1))
    workbook.save(target)


def _mark_sheet(sheet: Any, marked: dict[int, list[Problem]], header: int) -> None:
    last = sheet.max_column + 1
    for row, problems in marked.items():
        for problem in problems:
            assert problem.at is not None
            fill = _ERROR if problem.kind == "error" else _NOTE
            columns = range(1, last) if problem.at.column is None else [problem.at.column + 1]
            for column in columns:
                sheet.cell(row, column).fill = fill
            cell = sheet.cell(row, columns[0])
            before = f"{cell.comment.text}\n" if cell.comment else ""
            cell.comment = Comment(f"{before}{problem.kind}: {problem.reason}"[:2000], COLUMN, 120, 320)
        cell = sheet.cell(row, last, safe_cell(_said(problems)))
        cell.fill = _ERROR if any(problem.kind == "error" for problem in problems) else _NOTE
    head = sheet.cell(header, last, safe_cell(_said(marked.get(header, []), header=True)))
    head.font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(last)].width = 60


# --- CSV ---------------------------------------------------------------------------------------------


def _mark_csv(source: Path, target: Path, lines: Lines, header: int) -> None:
    """The delimiter, the byte order mark and the line ends of the source are kept; one column is added."""
    with source.open("rb") as file:
        start, delimiter = csv_form(file)
        file.seek(start)
        first_line = file.readline()
        file.seek(start)
        ending = "\r\n" if first_line.endswith(b"\r\n") else "\n"
        text = io.TextIOWrapper(file, encoding="utf-8", newline="")
        with target.open("w", encoding="utf-8-sig" if start else "utf-8", newline="") as out:
            _copy_csv(text, out, delimiter, ending, lines, header)


def _copy_csv(text: Any, out: Any, delimiter: str, ending: str, lines: Lines, header: int) -> None:
    writer = csv.writer(out, delimiter=delimiter, lineterminator=ending)
    width = 0
    for row, cells in enumerate(csv.reader(text, delimiter=delimiter, strict=True), 1):
        width = max(width, len(cells))
        said = _said(lines.get(("", row), []), header=row == header)
        padded = [safe_cell(cell) for cell in cells] + [""] * (width - len(cells))
        writer.writerow([*padded, safe_cell(said)])


def _list_problems(target: Path, lines: Lines) -> None:
    """What is no sheet of its own is listed, one submission a row."""
    with target.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["Submission", COLUMN])
        for (_, row), problems in sorted(lines.items()):
            writer.writerow([row, safe_cell(_said(problems))])
