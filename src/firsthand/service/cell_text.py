"""Text that is safe in the cell of a spreadsheet that somebody else will open."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["LONGEST_CELL", "safe_cell"]

LONGEST_CELL: Final = 32_767
"""Characters that a cell of an XLSX file holds."""

# What spreadsheets take for the beginning of a formula (OWASP, CSV Injection), with the wide forms.
_FORMULA: Final = re.compile(r"[\s\x00]*[=+\-@\t\r＝＋－＠]")
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.,' ]*(?:%|[A-Za-z]{1,3})?|[-–—]")
_CONTROL: Final = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")


def safe_cell(text: str) -> str:
    """The text, with an apostrophe before it where a spreadsheet would compute it, without what XML forbids.

    Plain numbers and dashes stay as they are. What is longer than a cell holds is cut, and ends in `…`.
    """
    text = _CONTROL.sub("�", text)
    if _FORMULA.match(text) and not _NUMBER.fullmatch(text.strip()):
        text = "'" + text
    return text if len(text) <= LONGEST_CELL else text[: LONGEST_CELL - 1] + "…"
