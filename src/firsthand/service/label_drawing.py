"""A laid out label as PDF, SVG, PNG or ZPL.

PNG and ZPL are pixels of 203 dpi, black and white; ZPL II carries them as a graphic field (`^GFA`), so that
no text of a maker's can be read as a command.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont
from reportlab.pdfgen.canvas import Canvas

from firsthand.service.label_font import LabelFont
from firsthand.service.label_layout import DPI, Drawing
from firsthand.service.label_sheets import Sheet

__all__ = ["FORMATS", "draw_pdf", "draw_png", "draw_svg", "draw_zpl"]

FORMATS: Final = ("pdf", "svg", "png", "zpl")
_POINT: Final = 72 / DPI
_MM: Final = 72 / 25.4


def draw_pdf(
    drawings: Iterable[Drawing], sheet: Sheet, font: LabelFont, file: IO[bytes], skip: int = 0
) -> Iterator[int]:
    """Write labels to a PDF, sheet by sheet, from the place after `skip` used ones; yields what is drawn.

    Drawings are taken one by one and each page is packed as it is full.
    """
    paper = (sheet.paper[0] * _MM, sheet.paper[1] * _MM)
    canvas = Canvas(file, pagesize=paper, pageCompression=1, invariant=1)
    canvas.setTitle("Firsthand")
    for number, drawing in enumerate(drawings):
        at = (skip + number) % sheet.count
        if number and at == 0:
            canvas.showPage()
        x, y = sheet.place(at)
        _draw_on(canvas, drawing, x * _MM, paper[1] - y * _MM, font)
        yield number + 1
    canvas.showPage()
    canvas.save()


def _draw_on(canvas: Any, drawing: Drawing, left: float, top: float, font: LabelFont) -> None:
    canvas.saveState()
    side = drawing.module * _POINT
    canvas.translate(left + drawing.corner[0] * _POINT, top - drawing.corner[1] * _POINT)
    canvas.scale(side, -side)
    path = canvas.beginPath()
    for column, row, length in drawing.runs():
        path.rect(column, row, length, 1)
    if drawing.rows:
        canvas.drawPath(path, stroke=0, fill=1)
    canvas.restoreState()
    for text in drawing.texts:
        canvas.setFont(font.name(text.bold), text.size * _POINT)
        canvas.drawString(left + text.x * _POINT, top - text.y * _POINT, text.text)


def draw_svg(drawing: Drawing, font: LabelFont) -> bytes:
    """A label as SVG, in millimetres. Text stays text, held to its width whatever font draws it."""
    size = f'width="{drawing.width * 25.4 / DPI:.3f}mm" height="{drawing.height * 25.4 / DPI:.3f}mm"'
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n',
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {drawing.width} {drawing.height}">',
        f'<rect width="{drawing.width}" height="{drawing.height}" fill="#fff"/>',
    ]
    path = "".join(f"M{column} {row}h{length}v1h-{length}z" for column, row, length in drawing.runs())
    if path:
        x, y = drawing.corner
        parts.append(f'<path transform="translate({x} {y}) scale({drawing.module})" d="{path}"/>')
    for text in drawing.texts:
        weight = ' font-weight="bold"' if text.bold else ""
        parts.append(
            f'<text x="{text.x}" y="{text.y}" font-family="Bitstream Vera Sans, DejaVu Sans, sans-serif" '
            f'font-size="{text.size}"{weight} textLength="{text.width:.1f}" '
            f'lengthAdjust="spacingAndGlyphs">{escape(text.text)}</text>'
        )
    return "".join([*parts, "</svg>\n"]).encode()


def draw_png(drawing: Drawing, font: LabelFont) -> bytes:
    """A label as PNG, one pixel a dot."""
    buffer = io.BytesIO()
    _pixels(drawing, font).save(buffer, "PNG", dpi=(DPI, DPI))
    return buffer.getvalue()


def draw_zpl(drawing: Drawing, font: LabelFont) -> bytes:
    """A label as ZPL II: one `^XA … ^XZ` with the pixels of the whole label."""
    # In ZPL a set bit is black, in Pillow's mode 1 it is white; the padding of rows stays clear.
    image = Image.new("1", (-(-drawing.width // 8) * 8, drawing.height), 1)
    image.paste(_pixels(drawing, font), (0, 0))
    data = bytes(255 - byte for byte in image.tobytes())
    row = image.width // 8
    return (
        f"^XA^PW{drawing.width}^LL{drawing.height}^FO0,0"
        f"^GFA,{len(data)},{len(data)},{row},{data.hex().upper()}^FS^XZ\n"
    ).encode("ascii")


def _pixels(drawing: Drawing, font: LabelFont) -> Image.Image:
    image = Image.new("1", (drawing.width, drawing.height), 1)
    draw = ImageDraw.Draw(image)
    (x, y), side = drawing.corner, drawing.module
    for column, row, length in drawing.runs():
        left, top = x + column * side, y + row * side
        draw.rectangle((left, top, left + length * side - 1, top + side - 1), fill=0)
    for text in drawing.texts:
        face = _face(font.path(text.bold), text.size)
        draw.text((text.x, text.y), text.text, fill=0, font=face, anchor="ls")
    return image


@lru_cache(maxsize=64)
def _face(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
