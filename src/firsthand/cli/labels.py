"""`label`: QR labels for lots and items, and the scratch labels of pieces."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, progress
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.service.labels import Label, Wanted

__all__ = ["register"]

_LIST = typer.Option("--list", help="A CSV file: the column item, and name, origin, lot where they differ.")
_SHEET = typer.Option(help="A sheet of labels: avery-l7159, -l7160, -l7163, -l7165, -l7173 or -5160.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(label)


def label(
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    items: Annotated[list[str] | None, typer.Argument(help="URIs of lots and items.")] = None,
    listed: Annotated[Path | None, _LIST] = None,
    bearer: Annotated[
        Path | None, typer.Option(help="Scratch labels instead: the output of `token batch --json`.")
    ] = None,
    sheet: Annotated[str | None, _SHEET] = None,
    size: Annotated[str | None, typer.Option(help="One label a page, such as 40x40mm.")] = None,
    form: Annotated[str, typer.Option("--format", help="pdf, svg, png or zpl.")] = "pdf",
    name: Annotated[str, typer.Option(help="What the things are called.")] = "",
    origin: Annotated[str, typer.Option(help="Where they come from.")] = "",
    language: Annotated[str, typer.Option("--lang", help="en, es or fr.")] = "en",
    font: Annotated[Path | None, typer.Option(help="A TrueType file for other letters.")] = None,
    skip: Annotated[int, typer.Option(min=0, help="Labels of the first sheet that are used up.")] = 0,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print labels: a QR code that leads to the item, its name, origin and lot, and a code to type at /find.

    Example:  firsthand label https://coop.example/id/lot/green:S25-A --sheet avery-l7160 -o labels.pdf
    Example:  firsthand label --list bags.csv --size 50x30mm --format zpl -o bags.zpl
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.label_print import print_labels, sheet_of
    from firsthand.service.labels import Wanted, bearer_labels, labels, read_bearer_codes, read_wanted

    paper = sheet_of(sheet, size, form, skip)
    workspace = open_workspace()
    made: Iterator[Label]
    if bearer is not None:
        if items or listed is not None:
            raise InvalidInput("--bearer takes its pieces from its file; name no others")
        codes = read_bearer_codes(bearer)
        made, total = bearer_labels(workspace, codes, language), len(codes)
    else:
        wanted: list[Wanted] = [Wanted(item, name, origin) for item in items or ()]
        wanted += read_wanted(listed, name, origin) if listed is not None else []
        if not wanted:
            raise InvalidInput("say what to label: ITEM…, --list FILE or --bearer FILE")
        made, total = labels(workspace, wanted, language), len(wanted)
    with progress("Labels", total) as told:
        done = print_labels(made, paper, form, output, font, skip, told)
    value = {
        "files": [str(path) for path in done.files],
        "labels": [{"item": one.item, "url": one.url or None, "code": one.code} for one in done.labels],
    }
    shown = ", ".join(map(str, done.files[:3])) + (" …" if len(done.files) > 3 else "")
    emit(as_json, value, f"Wrote {len(done.labels)} labels to {shown}.")
