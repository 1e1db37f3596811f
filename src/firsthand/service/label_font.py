"""The font that labels are set in: Bitstream Vera, which comes with reportlab, or a TrueType file.

Vera has the letters of Western Europe's languages. No text is shaped here: Arabic, Hebrew, the scripts of
India and others whose letters join or are written from right to left are refused, whatever the font.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path
from typing import Final

import reportlab
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont

from firsthand.errors import InvalidInput, UnreadableInput

__all__ = ["LabelFont"]

_JOINING: Final = re.compile("[\u1100-\u11ff\u1800-\u18af\ua840-\ua87f\ua960-\ua97f\ud7b0-\ud7ff\u200d]")
"""Letters that join without a mark that says so: Hangul jamo, Mongolian, Phags-pa, and the joiner."""


class LabelFont:
    """Two cuts of a font, registered with reportlab under `name(bold)`, for others at `path(bold)`.

    Raises UnreadableInput for a file that is no TrueType font.
    """

    def __init__(self, file: Path | None = None) -> None:
        folder = Path(reportlab.__file__).parent / "fonts"
        self._paths = (file, file) if file is not None else (folder / "Vera.ttf", folder / "VeraBd.ttf")
        self._fonts = tuple(_load(f"label-{path.stem}", path) for path in self._paths)

    def path(self, bold: bool) -> Path:
        """The file of this cut."""
        return self._paths[bold]

    def name(self, bold: bool) -> str:
        """What reportlab calls this cut."""
        return str(self._fonts[bold].fontName)

    def width(self, text: str, size: float, bold: bool) -> float:
        """How wide a text is, in the unit of `size`, which is the font's em."""
        return float(self._fonts[bold].stringWidth(text, size))

    def check(self, text: str) -> None:
        """Raises InvalidInput for a character that the font lacks, or that could only be set wrong."""
        for symbol in text:
            turned = unicodedata.bidirectional(symbol) in ("R", "AL", "AN")
            if unicodedata.category(symbol)[0] == "M" or turned or _JOINING.match(symbol):
                raise InvalidInput(
                    f"labels cannot be set in the script of {symbol!r} (U+{ord(symbol):04X}) "
                    f"in {text[:60]!r}: its letters would stand apart or in the wrong order; give --name and "
                    "--origin in letters that stand by themselves, such as Latin ones"
                )
        known = self._fonts[0].face.charToGlyph
        for symbol in text:
            if unicodedata.category(symbol)[0] == "C" or ord(symbol) not in known:
                raise InvalidInput(
                    f"the font {self._paths[0].name} has no {symbol!r} (U+{ord(symbol):04X}) "
                    f"of {text[:60]!r}: name another with --font"
                )


def _load(name: str, path: Path) -> TTFont:
    try:
        font = TTFont(name, str(path))
    except (TTFError, OSError) as error:
        raise UnreadableInput(f"{path} is no TrueType font: {error}") from None
    pdfmetrics.registerFont(font)
    return font
