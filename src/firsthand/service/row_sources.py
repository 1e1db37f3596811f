"""Which reader a file of rows needs: a sheet, a scale's log without a header, or submissions of a form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from firsthand.errors import UnreadableInput
from firsthand.profiles import Row
from firsthand.service.scale_log import COLUMNS, scale_table
from firsthand.service.spreadsheet import HeaderFinder, read_cells, read_rows
from firsthand.service.submissions import looks_like_submissions, read_submissions

__all__ = ["rows_in"]


def rows_in(path: Path, finder: HeaderFinder | None = None, sheet: str | None = None) -> Iterator[Row]:
    """The rows of a file, whatever holds them. Raises what its reader raises."""
    if looks_like_submissions(path):
        yield from read_submissions(path, finder)
        return
    if finder is None or finder([COLUMNS]) is not None:
        log = _scale_log(path)
        if log is not None:
            yield from log
            return
    yield from read_rows(path, finder, sheet)


def _scale_log(path: Path) -> Iterator[Row] | None:
    try:
        cells = read_cells(path)
    except UnreadableInput:
        return None  # read_rows tells it again
    return None if cells is None else scale_table(*cells)
