"""From labels to files: each is laid out as its turn comes, and a file is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from firsthand.errors import InvalidInput, WorkspaceError
from firsthand.service.label_drawing import FORMATS, draw_pdf, draw_png, draw_svg, draw_zpl
from firsthand.service.label_font import LabelFont
from firsthand.service.label_layout import Drawing, lay_out
from firsthand.service.label_sheets import Sheet, sheet_named, single
from firsthand.service.labels import Label
from firsthand.service.prove import write_whole

__all__ = ["Printed", "print_labels", "sheet_of"]

_SHEET = "avery-l7160"
_SIZE = "40x40mm"


class Named(NamedTuple):
    """What a printed label leads from and to."""

    item: str
    url: str
    code: str


@dataclass(frozen=True, slots=True)
class Printed:
    """The files written and what each label in them is."""

    files: tuple[Path, ...]
    labels: tuple[Named, ...]


def sheet_of(sheet: str | None, size: str | None, form: str, skip: int = 0) -> Sheet:
    """The sheet of these options; by default Avery's L7160 for PDF, else 40x40mm. Raises InvalidInput."""
    if form not in FORMATS:
        raise InvalidInput(f"labels are made as {', '.join(FORMATS)}, not {form[:20]!r}")
    if sheet is not None and size is not None:
        raise InvalidInput("give --sheet or --size, not both")
    if sheet is not None and form != "pdf":
        raise InvalidInput(f"only PDF has sheets; give --size for {form}")
    found = sheet_named(sheet or _SHEET) if form == "pdf" and size is None else single(size or _SIZE)
    if not 0 <= skip < found.count:
        raise InvalidInput(
            f"--skip: a sheet has {found.count} labels, so 0 to {found.count - 1} can be used up"
        )
    return found


def print_labels(
    labels: Iterable[Label],
    sheet: Sheet,
    form: str,
    output: Path,
    font: Path | None = None,
    skip: int = 0,
    told: Callable[[int], None] = lambda done: None,
) -> Printed:
    """Write labels; PNG and SVG hold one each, so more of them go to files with a number in the name.

    Raises InvalidInput for a label that does not fit, UnreadableInput for a font, WorkspaceError.
    """
    face = LabelFont(font)
    named: list[Named] = []

    def drawings() -> Iterator[Drawing]:
        for one in labels:
            drawing = lay_out(one.url, list(one.lines), sheet.label, face, one.short)
            named.append(Named(one.item, drawing.url, one.code))
            yield drawing

    if form == "pdf":
        files = _pdf(drawings(), sheet, face, output, skip, told)
    elif form == "zpl":
        write_whole(output, (draw_zpl(one, face) for one in drawings()), told)
        files = (output,)
    else:
        files = _numbered(drawings(), draw_svg if form == "svg" else draw_png, face, output, told)
    return Printed(files, tuple(named))


def _pdf(
    drawings: Iterator[Drawing],
    sheet: Sheet,
    font: LabelFont,
    output: Path,
    skip: int,
    told: Callable[[int], None],
) -> tuple[Path, ...]:
    beside = output.with_name(f".{output.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            for done in draw_pdf(drawings, sheet, font, file, skip):
                told(done)
        beside.replace(output)
    except OSError as error:
        raise WorkspaceError(f"cannot write {output}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
    return (output,)


def _numbered(
    drawings: Iterator[Drawing],
    draw: Callable[[Drawing, LabelFont], bytes],
    font: LabelFont,
    output: Path,
    told: Callable[[int], None],
) -> tuple[Path, ...]:
    # All are laid out before the first is written: one that does not fit leaves no files behind.
    laid_out = list(drawings)
    files = (
        (output,)
        if len(laid_out) == 1
        else tuple(
            output.with_name(f"{output.stem}-{number:04}{output.suffix}")
            for number in range(1, len(laid_out) + 1)
        )
    )
    for number, (path, one) in enumerate(zip(files, laid_out, strict=True), 1):
        write_whole(path, iter([draw(one, font)]), lambda done: None)
        told(number)
    return files
