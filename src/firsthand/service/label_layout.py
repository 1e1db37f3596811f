"""Where everything on a label goes, in dots of a printer of 203 dpi; every format is drawn from this.

The QR code's modules are whole dots, so that a label printer prints them sharp. Its error correction is the
highest whose modules still are 4 dots (0.5 mm); on small labels the highest whose modules are 3 dots, which
is the least. The quiet zone of 4 modules (ISO/IEC 18004 §6.3.8) is part of the label and kept free.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import segno

from firsthand.errors import InvalidInput
from firsthand.service.label_font import LabelFont

__all__ = ["DPI", "Drawing", "Line", "Text", "dots", "lay_out"]

DPI: Final = 203
QUIET: Final = 4
_GOOD_MODULE: Final = 4
_LEAST_MODULE: Final = 3
_MARGIN: Final = 10
_LARGEST: Final = 30
_SMALLEST: Final = 12
"""Dots of the font's em: 1.5 mm, the least that is still read."""

_LEADING: Final = 1.2
_ASCENT: Final = 0.95
_CUT: Final = "…"


class Line(NamedTuple):
    """What a label says in one place, on `most` lines.

    Only what may be `cut` ends in an ellipsis; words that are `whole` are not broken.
    """

    text: str
    bold: bool = False
    most: int = 2
    cut: bool = True
    whole: bool = False


class Text(NamedTuple):
    """One line as it is drawn: its baseline's start from the top left, its width, the font's em, in dots."""

    x: int
    y: int
    width: float
    size: int
    text: str
    bold: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A label: its size, the QR code's corner (quiet zone included), module, rows and URL, and the texts."""

    width: int
    height: int
    corner: tuple[int, int]
    module: int
    rows: tuple[bytes, ...]
    error: str
    texts: tuple[Text, ...]
    url: str = ""

    def runs(self) -> list[tuple[int, int, int]]:
        """The dark modules as runs in a row: column, row, length, with the quiet zone counted in."""
        found = []
        for down, row in enumerate(self.rows):
            start = row.find(1)
            while start >= 0:
                end = row.find(0, start)
                end = len(row) if end < 0 else end
                found.append((start + QUIET, down + QUIET, end - start))
                start = row.find(1, end)
        return found


def dots(millimetres: float) -> int:
    """Whole dots within that length."""
    return int(millimetres * DPI / 25.4 + 1e-9)


def lay_out(
    url: str, lines: list[Line], size: tuple[float, float], font: LabelFont, short: str = ""
) -> Drawing:
    """A label of that size in millimetres; without a QR code where `url` is empty, and with one of the
    `short` URL where there is one and no room for the other.

    Raises InvalidInput when the label is too small for what it has to say, or the font lacks a character.
    """
    # One form for letters with accents, however they were typed: combining marks cannot be set.
    lines = [line._replace(text=unicodedata.normalize("NFC", line.text)) for line in lines]
    for line in lines:
        font.check(line.text)
    width, height = dots(size[0]), dots(size[1])
    beside = width * 4 >= height * 5
    if not url:
        region = (_MARGIN, _MARGIN, width - 2 * _MARGIN, height - 2 * _MARGIN)
        return Drawing(width, height, (0, 0), 1, (), "", _texts(lines, region, font, size))
    room = min(height, width * 11 // 20) if beside else min(width, height * 13 // 20)
    if short and not _fits(url, room):
        url = short
    rows, module, error = _qr(url, room, size)
    side = (len(rows) + 2 * QUIET) * module
    if beside:
        corner = (0, (height - side) // 2)
        region = (side, _MARGIN, width - side - _MARGIN, height - 2 * _MARGIN)
    else:
        corner = ((width - side) // 2, 0)
        region = (_MARGIN, side, width - 2 * _MARGIN, height - side - _MARGIN)
    return Drawing(width, height, corner, module, rows, error, _texts(lines, region, font, size), url)


def _fits(url: str, room: int) -> bool:
    return room // (_modules(len(url.encode()), "l") + 2 * QUIET) >= _LEAST_MODULE


def _qr(url: str, room: int, size: tuple[float, float]) -> tuple[tuple[bytes, ...], int, str]:
    length = len(url.encode())
    fits = {error: room // (_modules(length, error) + 2 * QUIET) for error in "hqml"}
    for least in (_GOOD_MODULE, _LEAST_MODULE):
        for error in "hqm" if least == _GOOD_MODULE else "hqml":
            if fits[error] >= least:
                code = segno.make(url, error=error, micro=False, boost_error=False, encoding="utf-8")
                rows = tuple(bytes(row) for row in code.matrix)
                return rows, room // (len(rows) + 2 * QUIET), error
    raise InvalidInput(
        f"a label of {size[0]:g}x{size[1]:g} mm is too small for a QR code of {length} characters: "
        "take a larger one, or shorter URIs"
    )


@lru_cache(maxsize=4096)
def _modules(length: int, error: str) -> int:
    """Modules along one side of the symbol for so many bytes, quiet zone not counted."""
    try:
        side, _ = segno.make("a" * length, error=error, micro=False, boost_error=False).symbol_size(border=0)
    except segno.DataOverflowError:
        return 10_000
    return int(side)


def _texts(
    lines: list[Line], region: tuple[int, int, int, int], font: LabelFont, label: tuple[float, float]
) -> tuple[Text, ...]:
    """The largest text that fits the region, cut only when the smallest does not."""
    x, y, width, height = region
    for size, cutting in [*((s, False) for s in range(_LARGEST, _SMALLEST - 1, -1)), (_SMALLEST, True)]:
        step = round(size * _LEADING)
        pieces = [(piece, line.bold) for line in lines for piece in _wrap(line, width, size, font, cutting)]
        whole = all(piece for piece, _ in pieces)
        if whole and len(pieces) * step <= height:
            top = y + (height - len(pieces) * step) // 2
            return tuple(
                Text(
                    x,
                    top + at * step + round(size * _ASCENT),
                    font.width(piece, size, bold),
                    size,
                    piece,
                    bold,
                )
                for at, (piece, bold) in enumerate(pieces)
            )
    raise InvalidInput(
        f"a label of {label[0]:g}x{label[1]:g} mm is too small for its text beside the QR code: "
        "take a larger one"
    )


def _wrap(line: Line, width: int, size: int, font: LabelFont, cutting: bool) -> list[str]:
    """The line's pieces; one empty piece where it does not fit."""

    def fits(text: str) -> bool:
        return font.width(text, size, line.bold) <= width

    pieces: list[str] = []
    for word in line.text.split():
        if pieces and fits(f"{pieces[-1]} {word}"):
            pieces[-1] += f" {word}"
        elif fits(word):
            pieces.append(word)
        elif line.whole:
            return [""]
        else:
            pieces += _broken(word, fits)
    if len(pieces) <= line.most and all(pieces):
        return pieces
    if not (cutting and line.cut):
        return [""]
    last = pieces[line.most - 1]
    while last and not fits(last + _CUT):
        last = last[:-1]
    return [*pieces[: line.most - 1], last + _CUT]


def _broken(word: str, fits: object) -> list[str]:
    """A word that is wider than the label, broken where it must."""
    assert callable(fits)
    pieces = [""]
    for symbol in word:
        if pieces[-1] and not fits(pieces[-1] + symbol):
            pieces.append("")
        pieces[-1] += symbol
    return pieces
