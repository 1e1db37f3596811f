"""A spreadsheet as a mapping sees it: a table's columns, and its rows of text with their places.

Whoever reads the file (`firsthand.service.spreadsheet`) makes these; this room never opens a sheet. A row
holds one string a column, in the table's order; a row of another width is kept as it came, so that the
mapping can name it as a bad row instead of shifting its cells.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Place", "Row", "Table", "header_key", "shown"]

_NOT_LETTERS = re.compile(r"[\W_]+")


def shown(text: str) -> str:
    """A cell's text in quotation marks, for messages: short, and nothing that a terminal would act on."""
    short = "".join(c if c.isprintable() else "�" for c in text[:40])
    return f'"{short}…"' if len(text) > 40 else f'"{short}"'


def header_key(header: str) -> str:
    """What two spellings of one header share: `Country.of.Origin`, `country of origin`."""
    folded = unicodedata.normalize("NFKC", header).casefold()
    return _NOT_LETTERS.sub("", folded) or folded.strip()


@dataclass(frozen=True, slots=True)
class Table:
    """One sheet: its columns as headed, where they stand, and how it writes decimals.

    `sheet` is the worksheet's name, empty for a CSV file; `header_row` counts from 1. `decimal_mark` is
    `,` for a CSV file that separates its cells by `;`, as spreadsheets do where the comma is the decimal
    mark. `remarks` are what its reader left unread.
    """

    columns: tuple[str, ...]
    header_row: int = 1
    sheet: str = ""
    decimal_mark: str = "."
    remarks: tuple[str, ...] = ()

    def cell(self, row: int, column: int) -> str:
        """The place of a cell for messages: `Sheet1!C12`, or `row 12, column "Altitude"`."""
        if self.sheet:
            return f"{self.sheet}!{_letters(column)}{row}"
        header = self.columns[column] if column < len(self.columns) else ""
        return f"row {row}, column {shown(header)}" if header else f"row {row}, column {column + 1}"

    def line(self, row: int) -> str:
        """The place of a whole row for messages."""
        return f"{self.sheet}!{row}:{row}" if self.sheet else f"row {row}"


@dataclass(frozen=True, slots=True)
class Place:
    """A cell or a whole row (`column` None) of a sheet, for programs: numbers from 1, columns from 0."""

    sheet: str
    row: int
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its number as a spreadsheet shows it (the first is 1), and its cells as text."""

    number: int
    values: tuple[str, ...]
    table: Table


def _letters(column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
