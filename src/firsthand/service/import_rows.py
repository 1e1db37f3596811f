"""Importing a sheet: its rows through a mapping, without those recorded before, problems at their cells."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.profiles import Mapping, Problem, Row
from firsthand.service.marked_copy import write_marked_copy
from firsthand.service.recorded_rows import check_rows
from firsthand.service.row_sources import rows_in
from firsthand.service.workspace import Workspace

__all__ = ["SheetImport", "attachments_in"]

_SHOWN: Final = 20


@dataclass(slots=True)
class SheetImport:
    """One file on its way in. Its lists are filled while `events` is read."""

    workspace: Workspace
    path: Path
    mapping: Mapping
    issuer: str
    skip_bad: bool = False
    sheet: str | None = None
    attachment: Callable[[str], str | None] = lambda name: None
    problems: list[Problem] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    """Where the rows stand that were recorded before, as ranges: `rows 2-151`, `Week 2!7-9`."""

    _headers: dict[str, int] = field(default_factory=dict)
    _runs: list[tuple[str, int, int]] = field(default_factory=list)

    def events(self) -> Iterator[dict[str, Any]]:
        """The events of the rows that are new. Raises InvalidInput at the end when a row was refused."""
        if not self.path.is_file():
            raise UnreadableInput(f"{self.path}: there is no such file")
        errors: list[str] = []
        rows = self.mapping.events(self._rows(), self.workspace.settings.uri, self.attachment)
        for checked in check_rows(self.workspace, self.issuer, self.mapping, rows):
            row = checked.row
            if checked.known:
                self._remember(row.at.sheet if row.at else "", row.row_number)
                continue
            self.problems.extend(row.problems)
            if row.refused:
                errors += [str(problem) for problem in row.problems]
                self.skipped.append(row.row_number)
                continue
            yield from row.events
        self.known = [_range(*run) for run in self._runs]
        if errors and not self.skip_bad:
            raise InvalidInput(_refusal(len(self.skipped), errors))

    def mark(self, target: Path) -> bool:
        """Write a copy of the sheet with the problems marked in it; False when there are none."""
        if not self.problems:
            return False
        write_marked_copy(self.path, target, self.problems, self._headers)
        return True

    def _rows(self) -> Iterator[Row]:
        for row in rows_in(self.path, self.mapping.header, self.sheet):
            self._headers.setdefault(row.table.sheet, row.table.header_row)
            yield row

    def _remember(self, sheet: str, number: int) -> None:
        if self._runs and self._runs[-1][0] == sheet and self._runs[-1][2] == number - 1:
            self._runs[-1] = (sheet, self._runs[-1][1], number)
        else:
            self._runs.append((sheet, number, number))


def _range(sheet: str, first: int, last: int) -> str:
    if sheet:
        return f"{sheet}!{first}:{last}"
    return f"row {first}" if first == last else f"rows {first} to {last}"


def _refusal(rows: int, errors: list[str]) -> str:
    shown = "\n  ".join(errors[:_SHOWN])
    more = f"\n  and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
    said = "1 row" if rows == 1 else f"{rows} rows"
    return (
        f"{said} cannot be recorded; mend them (--mark FILE writes a copy of the sheet with each one marked) "
        f"or leave them out (--skip-bad):\n  {shown}{more}"
    )


def attachments_in(folder: Path) -> Callable[[str], str | None]:
    """Leads from an attachment's name to its digest, an `ni` URI (RFC 6920 §3): files anywhere in a folder.

    A name is never taken as a path. Raises NotFound when there is no such folder.
    """
    if not folder.is_dir():
        raise NotFound(f"{folder}: there is no such folder")
    files: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            files.setdefault(path.name, path)

    def digest(name: str) -> str | None:
        path = files.get(name)
        if path is None:
            return None
        with path.open("rb") as file:
            hashed = sha256()
            while data := file.read(1 << 20):
                hashed.update(data)
        return f"ni:///sha-256;{urlsafe_b64encode(hashed.digest()).decode().rstrip('=')}"

    return digest
