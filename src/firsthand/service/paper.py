"""Receipts and cards on paper: the words, the text, and the PDF for a receipt printer of 58 or 80 mm.

A receipt is the intake book's row and nothing else, so that paper and book are equal. Labels come in the
languages that we have; numbers and dates stay as they are.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.ledger.deliveries import Delivery
from firsthand.service.confirm import Card, receipt_code
from firsthand.service.money import amount_text
from firsthand.service.workspace import Workspace

__all__ = [
    "LANGUAGES",
    "Receipt",
    "card_lines",
    "card_pdf",
    "pdf_written",
    "receipt_lines",
    "receipt_of",
    "receipts_pdf",
]

LANGUAGES: Final = ("en", "es", "fr")
_WIDTH: Final = 32
"""Characters of a line: what a 58 mm printer has in its usual font."""

_WORDS: Final[dict[str, tuple[str, str, str]]] = {
    "receipt": ("Receipt", "Recibo", "Reçu"),
    "date": ("Date", "Fecha", "Date"),
    "member": ("Member", "Socio", "Membre"),
    "brought_by": ("Brought by", "Entregado por", "Apporté par"),
    "gross": ("Gross", "Peso bruto", "Brut"),
    "tare": ("Tare", "Tara", "Tare"),
    "net": ("Net", "Peso neto", "Net"),
    "price": ("Price", "Precio", "Prix"),
    "amount": ("Amount", "Importe", "Montant"),
    "deduction": ("Deduction", "Descuento", "Retenue"),
    "advance": ("Advance open", "Anticipo", "Avance due"),
    "balance": ("Balance", "Saldo", "Solde"),
    "season": ("Season", "Cosecha", "Saison"),
    "paper": ("Paper receipt", "Recibo en papel", "Reçu papier"),
    "log": ("Place in log", "Lugar en registro", "Place au registre"),
    "code": ("Code to confirm", "Código para confirmar", "Code pour confirmer"),
    "card_code": ("Confirm with card code", "Confirme con código de tarjeta", "Confirmer par code de carte"),
    "reversed": ("REVERSED", "ANULADO", "ANNULÉ"),
    "card": ("Card", "Tarjeta", "Carte"),
    "keep": (
        "Give one code for one receipt.",
        "Un código por recibo.",
        "Un code par reçu.",
    ),
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """One delivery with the names that its row leaves to others; `code` is empty where a card has it."""

    delivery: Delivery
    cooperative: str
    number: str
    name: str
    code: str
    language: str = "en"

    @property
    def scanned(self) -> str:
        """What its QR code holds: subject and code. Opened as a link, the code is not sent (RFC 3986)."""
        return f"{self.delivery.subject}#{self.code}" if self.code else self.delivery.uri


def receipt_of(workspace: Workspace, delivery: Delivery, language: str | None = None) -> Receipt:
    """The receipt of a delivery, the same whenever it is asked for; in the member's language where known."""
    member = workspace.members.get(delivery.member)
    cooperative = workspace.parties.get(delivery.cooperative)
    spoken = language or (member.record.language if member else "") or "en"
    return Receipt(
        delivery,
        cooperative.name if cooperative else delivery.cooperative,
        member.record.number if member else "",
        member.record.name if member else delivery.member,
        "" if delivery.by_card else receipt_code(workspace, delivery.subject),
        spoken,
    )


def receipt_lines(receipt: Receipt) -> list[str]:
    """The receipt as text, 32 characters a line."""
    delivery, said = receipt.delivery, _words(receipt.language)
    money = _money(delivery)
    lines = [receipt.cooperative[:_WIDTH].center(_WIDTH).rstrip()]
    if delivery.reversed is not None:
        lines.append(f"*** {said['reversed']} ***".center(_WIDTH).rstrip())
    lines += _pair(said["receipt"], str(delivery.number))
    lines += _pair(said["date"], delivery.day)
    lines += _pair(said["season"], delivery.season)
    lines += _pair(said["member"], receipt.number)
    lines.append(receipt.name[:_WIDTH])
    if delivery.brought_by:
        lines += _pair(said["brought_by"], delivery.brought_by)
    if delivery.paper:
        lines += _pair(said["paper"], delivery.paper)
    lines.append("-" * _WIDTH)
    unit = {"KGM": "kg", "GRM": "g", "LBR": "lb", "C62": ""}.get(delivery.uom, delivery.uom)
    for name, weight in (("gross", delivery.gross), ("tare", delivery.tare), ("net", f"{delivery.net:f}")):
        lines += _pair(said[name], f"{weight} {unit}".strip())
    price = f"{Decimal(delivery.price):f} {delivery.currency}"
    lines += _pair(said["price"], f"{price}/{unit}" if unit else price)
    for name in ("amount", "deduction", "advance", "balance"):
        lines += _pair(said[name], f"{money[name]} {delivery.currency}")
    lines.append("-" * _WIDTH)
    lines += _pair(said["log"], str(delivery.place))
    if receipt.code:
        lines += [said["code"], receipt.code]
    else:
        card, _, position = delivery.subject.rpartition("#")
        lines += _pair(said["card_code"], position)
        lines.append(card.rpartition("/")[2])
    return lines


def card_lines(card: Card, language: str = "en") -> list[str]:
    """A card as text: its codes, numbered."""
    said = _words(language)
    lines = [
        *_pair(said["card"], card.uri.rpartition("/")[2]),
        *_pair(said["member"], card.member.record.number),
    ]
    lines += [said["keep"], "-" * _WIDTH]
    return [*lines, *(f"{position:3}  {code}" for position, code in enumerate(card.codes, 1))]


def receipts_pdf(receipts: Sequence[Receipt], width_mm: int = 80, font: Path | None = None) -> bytes:
    """The receipts, one a page of the paper's width and its own length, each with its QR code.

    `font` is a monospaced TrueType file for names in other than Latin letters. Raises InvalidInput for a
    width that no receipt printer takes.
    """
    return _pdf([(receipt_lines(receipt), receipt.scanned) for receipt in receipts], width_mm, font)


def card_pdf(card: Card, width_mm: int = 80, language: str = "en", font: Path | None = None) -> bytes:
    """A card, its codes below each other; a receipt printer cuts it off at the end."""
    return _pdf([(card_lines(card, language), card.uri)], width_mm, font)


def pdf_written(path: Path, data: bytes) -> None:
    """Write a PDF that is there whole or not at all. Raises WorkspaceError."""
    from firsthand.service.prove import write_whole

    write_whole(path, iter([data]), lambda done: None)


def _money(delivery: Delivery) -> dict[str, str]:
    units = {name: getattr(delivery, name) for name in ("amount", "deduction", "advance", "balance")}
    return {name: amount_text(value, delivery.currency) for name, value in units.items()}


def _words(language: str) -> dict[str, str]:
    tag = language.partition("-")[0].lower()
    at = LANGUAGES.index(tag) if tag in LANGUAGES else 0
    return {name: words[at] for name, words in _WORDS.items()}


def _pair(label: str, value: str) -> list[str]:
    if len(label) + 1 + len(value) <= _WIDTH:
        return [label + value.rjust(_WIDTH - len(label))]
    return [label, value[:_WIDTH].rjust(_WIDTH)]


def _pdf(pages: Sequence[tuple[list[str], str]], width_mm: int, font_file: Path | None) -> bytes:
    """Pages of text with a QR code at the end, in Courier, the font's size following the paper's width."""
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas

    if width_mm not in (58, 80):
        raise InvalidInput(f"receipt printers take paper of 58 or 80 mm, not {width_mm}")
    margin = 3 * mm
    # Courier's characters are 0.6 of its size wide.
    size = (width_mm * mm - 2 * margin) / (_WIDTH * 0.6)
    leading = size * 1.25
    font = _font(font_file)
    side = 28 * mm
    buffer = io.BytesIO()
    canvas = Canvas(buffer, invariant=1)
    canvas.setTitle("Firsthand")
    for lines, scanned in pages:
        height = 2 * margin + leading * len(lines) + side + margin
        canvas.setPageSize((width_mm * mm, height))
        canvas.setFont(font, size)
        y = height - margin - size
        for line in lines:
            canvas.drawString(margin, y, line)
            y -= leading
        _draw_qr(canvas, scanned, (width_mm * mm - side) / 2, margin, side)
        canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _font(file: Path | None) -> str:
    """The font to write in: a monospaced TrueType file, or PDF's own Courier for Latin letters."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFError, TTFont

    if file is None:
        return "Courier"
    try:
        pdfmetrics.registerFont(TTFont("receipt", str(file)))
    except (TTFError, OSError) as error:
        raise UnreadableInput(f"{file} is no TrueType font: {error}") from None
    return "receipt"


def _draw_qr(canvas: Any, text: str, x: float, y: float, side: float) -> None:
    import segno

    code = segno.make(text, error="m", micro=False)
    matrix = [list(row) for row in code.matrix_iter(border=4)]
    step = side / len(matrix)
    for down, row in enumerate(matrix):
        for across, dark in enumerate(row):
            if dark:
                canvas.rect(x + across * step, y + side - (down + 1) * step, step, step, stroke=0, fill=1)
