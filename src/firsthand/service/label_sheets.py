"""Sheets of labels, as data, and labels of one's own size.

Lengths are millimetres from the paper's top left corner, as the makers of the sheets give them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from firsthand.errors import InvalidInput

__all__ = ["SHEETS", "Sheet", "sheet_named", "single"]

_SIZE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,2})?)x([0-9]{1,3}(?:\.[0-9]{1,2})?)(?:mm)?")
_LEAST: Final = 15
_MOST: Final = 300
_A4: Final = (210.0, 297.0)
_LETTER: Final = (215.9, 279.4)


@dataclass(frozen=True, slots=True)
class Sheet:
    """Paper with equal labels: sizes of both, the first label's corner, the steps between corners."""

    paper: tuple[float, float]
    label: tuple[float, float]
    columns: int = 1
    rows: int = 1
    corner: tuple[float, float] = (0.0, 0.0)
    step: tuple[float, float] = (0.0, 0.0)

    @property
    def count(self) -> int:
        """Labels on one sheet."""
        return self.columns * self.rows

    def place(self, number: int) -> tuple[float, float]:
        """The top left corner of the label with this number on its sheet, row by row from 0."""
        row, column = divmod(number, self.columns)
        return self.corner[0] + column * self.step[0], self.corner[1] + row * self.step[1]


SHEETS: Final = {
    "avery-l7159": Sheet(_A4, (63.5, 33.9), 3, 8, (7.25, 12.9), (66.0, 33.9)),
    "avery-l7160": Sheet(_A4, (63.5, 38.1), 3, 7, (7.25, 15.15), (66.0, 38.1)),
    "avery-l7163": Sheet(_A4, (99.1, 38.1), 2, 7, (4.65, 15.15), (101.6, 38.1)),
    "avery-l7165": Sheet(_A4, (99.1, 67.7), 2, 4, (4.65, 13.1), (101.6, 67.7)),
    "avery-l7173": Sheet(_A4, (99.1, 57.0), 2, 5, (4.65, 6.0), (101.6, 57.0)),
    "avery-5160": Sheet(_LETTER, (66.675, 25.4), 3, 10, (4.7625, 12.7), (69.85, 25.4)),
}


def sheet_named(name: str) -> Sheet:
    """A sheet by its name. Raises InvalidInput."""
    try:
        return SHEETS[name.lower()]
    except KeyError:
        raise InvalidInput(f"no sheet is called {name!r}; there are {', '.join(SHEETS)}") from None


def single(size: str) -> Sheet:
    """One label a page, of a size such as `40x40mm`: width, then height. Raises InvalidInput."""
    found = _SIZE.fullmatch(size.strip().lower())
    if found is None:
        raise InvalidInput(f"expected a size such as 40x40mm, width first, got {size[:40]!r}")
    width, height = float(found[1]), float(found[2])
    if not (_LEAST <= width <= _MOST and _LEAST <= height <= _MOST):
        raise InvalidInput(f"a label is {_LEAST} to {_MOST} mm wide and high, not {size}")
    return Sheet((width, height), (width, height))
