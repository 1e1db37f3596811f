"""How the command line speaks: tables and bars for people, JSON for programs, one place for both.

With `--json` each command prints exactly one JSON object on standard output; progress and problems go
to standard error. Without a terminal there are no colours, bars or boxes.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import typer

__all__ = ["JSON_OPTION", "emit", "note", "progress", "table", "write_json"]

JSON_OPTION = typer.Option("--json", help="Print one JSON object instead of text.")


def write_json(value: Any) -> None:
    """Print a value as JSON on standard output; bytes become hex."""
    text = msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2)
    sys.stdout.write(text.decode() + "\n")


def emit(as_json: bool, value: Any, text: str) -> None:
    """Print `value` for programs or `text` for people."""
    if as_json:
        write_json(value)
    else:
        sys.stdout.write(text.rstrip("\n") + "\n")


def note(text: str) -> None:
    """A remark beside the answer, on standard error."""
    sys.stderr.write(text.rstrip("\n") + "\n")


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A table: boxed on a terminal, aligned columns elsewhere."""
    cells = [[str(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from rich.console import Console
        from rich.table import Table

        drawn = Table(*columns, title=title or None, title_justify="left")
        for row in cells:
            drawn.add_row(*row)
        console = Console()
        with console.capture() as capture:
            console.print(drawn)
        return capture.get()
    widths = [max(len(row[i]) for row in [list(columns), *cells]) for i in range(len(columns))]
    lines = [title] if title else []
    lines += [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in [list(columns), *cells]
    ]
    return "\n".join(lines)


@contextmanager
def progress(label: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """A bar on standard error while something long runs; tell the yielded function what is done so far."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        task = bars.add_task(label, total=total)
        yield lambda done: bars.update(task, completed=done)


def _plain(value: object) -> object:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    raise TypeError(f"no JSON form for {type(value).__name__}")
