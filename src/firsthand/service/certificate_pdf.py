"""The insurer's PDF of a token: what was certified, what was recorded since, and how to check it anew.

The PDF proves nothing by itself and says so; the token's file does. A photograph is drawn only if its
SHA-256 is one that the certificate names.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import segno
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle, getSampleStyleSheet
from reportlab.lib.units import mm
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import Flowable, Image, Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from firsthand.chain.token import TokenReport
from firsthand.errors import InvalidInput
from firsthand.proof.certificate import Certificate, Fingerprint, parse_fingerprint
from firsthand.proof.token import event_word, piece_event
from firsthand.proof.verify import Report
from firsthand.service.token_orders import hash_photograph

__all__ = ["certificate_pdf", "current_fingerprint"]

_WIDTH: Final = A4[0] - 40 * mm
_PHOTO: Final = 75 * mm
_CARAT: Final = 200_000
_STYLES: Final = getSampleStyleSheet()
_SMALL: Final = ParagraphStyle("small", parent=_STYLES["BodyText"], fontSize=8, leading=10, wordWrap="CJK")


def certificate_pdf(report: TokenReport, file_name: str, made: str, photographs: Sequence[Path]) -> bytes:
    """The PDF's bytes. Raises InvalidInput when the file has no certificate to show."""
    certificate = report.certificate
    if certificate is None:
        raise InvalidInput("the file holds no certificate that could be shown")
    story: list[Flowable] = [
        Paragraph("Certificate of authenticity", _STYLES["Title"]),
        Paragraph(escape(certificate.name), _STYLES["Heading2"]),
        _verdict(report, made),
        Spacer(1, 4 * mm),
        _pictures(report, certificate, photographs),
        *_fingerprints(report, certificate),
        *_records(report),
        *_checks(report, file_name),
    ]
    buffer = io.BytesIO()
    document = SimpleDocTemplate(
        buffer, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=18 * mm, bottomMargin=18 * mm,
        title=f"Certificate of {certificate.name}", author=certificate.maker,
    )  # fmt: skip
    document.build(story)
    return buffer.getvalue()


def current_fingerprint(report: TokenReport) -> tuple[Fingerprint, str] | None:
    """The fingerprint after the last repair or resize that gave one, and who stated it."""
    for found in reversed(report.events):
        if piece_event(found.event) in ("repair", "resize") and "fh:fingerprint" in found.event:
            try:
                return parse_fingerprint(found.event["fh:fingerprint"]), _who(found)
            except InvalidInput:
                continue
    return None


def _verdict(report: TokenReport, made: str) -> Flowable:
    if not report.valid:
        text, colour = "This token's file did NOT verify. This paper says nothing.", colors.red
    elif report.state != "live":
        text, colour = f"The token has ended: {report.state}.", colors.red
    elif report.stolen is not None:
        text, colour = f"REPORTED STOLEN by its {report.stolen.by} at {report.stolen.time}.", colors.red
    else:
        last = report.hops[-1]
        where = f"block {last.height} of {report.network}, {report.depth} deep"
        text = f"Verified at {made}: in force as of {where}."
        colour = colors.black
    style = ParagraphStyle("verdict", parent=_STYLES["BodyText"], textColor=colour)
    return Paragraph(escape(text), style)


def _pictures(report: TokenReport, certificate: Certificate, paths: Sequence[Path]) -> Flowable:
    """The photograph's slot beside the QR code of the piece and its token."""
    found = {hash_photograph(path).digest: path for path in paths}
    left: list[Flowable] = []
    for photograph in certificate.photographs[:1]:
        path = found.get(photograph.digest)
        left.append(_drawn(path) if path is not None else _frame("photograph not given"))
    if not certificate.photographs:
        left.append(_frame("no photograph certified"))
    for number, photograph in enumerate(certificate.photographs, 1):
        shown = "shown" if photograph.digest in found else "not shown"
        left.append(Paragraph(f"Photograph {number} ({shown}), SHA-256 {photograph.digest.hex()}", _SMALL))
    right: list[Flowable] = [
        _qr(certificate.piece),
        Paragraph(f"Piece: {escape(certificate.piece)}", _SMALL),
        Paragraph(f"Maker: {escape(certificate.maker)}", _SMALL),
        Paragraph(f"Token: {report.mint}", _SMALL),
    ]
    table = Table([[left, right]], colWidths=[_WIDTH * 0.55, _WIDTH * 0.45])
    table.setStyle(TableStyle([("VALIGN", (0, 0), (-1, -1), "TOP")]))
    return table


def _drawn(path: Path) -> Flowable:
    try:
        width, height = ImageReader(str(path)).getSize()
        scale = min(_PHOTO / width, _PHOTO / height)
        return Image(str(path), width * scale, height * scale)
    except Exception:
        # What reportlab raises depends on the image's format; the hash fits, so it is the certified file.
        return _frame("certified photograph, not in a form that can be drawn")


def _frame(text: str) -> Flowable:
    frame = Table([[text]], colWidths=[_PHOTO], rowHeights=[_PHOTO / 2])
    frame.setStyle(
        TableStyle(
            [
                ("BOX", (0, 0), (-1, -1), 0.5, colors.grey),
                ("ALIGN", (0, 0), (-1, -1), "CENTER"),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("TEXTCOLOR", (0, 0), (-1, -1), colors.grey),
            ]
        )
    )
    return frame


def _qr(text: str) -> Flowable:
    image = io.BytesIO()
    segno.make(text, micro=False, error="m").save(image, kind="png", scale=8)
    image.seek(0)
    return Image(image, 32 * mm, 32 * mm)


def _fingerprints(report: TokenReport, certificate: Certificate) -> list[Flowable]:
    parts: list[Flowable] = [Paragraph("Physical fingerprint, as certified", _STYLES["Heading3"])]
    parts.append(_rows(_described(certificate.fingerprint)))
    now = current_fingerprint(report)
    if now is not None:
        fingerprint, who = now
        parts.append(Paragraph(f"After the last work on it, stated by {escape(who)}", _STYLES["Heading3"]))
        parts.append(_rows(_described(fingerprint)))
    return parts


def _described(fingerprint: Fingerprint) -> list[tuple[str, str]]:
    rows = [("Weight", f"{_decimal(fingerprint.milligrams, 1000)} g")]
    rows += [(item.name, f"{_decimal(item.micrometres, 1000)} mm") for item in fingerprint.dimensions]
    for number, stone in enumerate(fingerprint.stones, 1):
        words = [stone.kind, stone.species, f"{_decimal(stone.micrograms, _CARAT)} ct"]
        words.append(f"treatment: {stone.treatment or 'none stated'}")
        words += [f"report {stone.report}"] if stone.report else []
        rows.append((f"Stone {number}", ", ".join(words)))
    if fingerprint.marks:
        rows.append(("Marks", ", ".join(fingerprint.marks)))
    return rows


def _decimal(value: int, unit: int) -> str:
    """The exact decimal: each unit here divides a power of ten, and 28 digits are more than 2^53 has."""
    return f"{Decimal(value) / Decimal(unit):f}"


def _records(report: TokenReport) -> list[Flowable]:
    rows = [
        (
            f"{found.event.get('eventTime')}, block {found.block_height}",
            f"{event_word(found.event)}, stated by {_who(found)}{_certified(found.event)}",
        )
        for found in report.events
    ]
    parts: list[Flowable] = [Paragraph("What was recorded of it", _STYLES["Heading3"])]
    return [*parts, _rows(rows)] if rows else [*parts, Paragraph("Nothing is proven in this file.", _SMALL)]


def _who(report: Report) -> str:
    return report.party.name if report.party else "?"


def _certified(event: dict[str, Any]) -> str:
    """The certificates that an event names (EPCIS 2.0 certificationInfo)."""
    named = event.get("certificationInfo", [])
    names = [named] if isinstance(named, str) else named
    texts = [str(name) for name in names] if isinstance(names, list) else []
    return f"; certificates named: {', '.join(texts)}" if texts else ""


def _checks(report: TokenReport, file_name: str) -> list[Flowable]:
    rows = [(step.name, f"{step.outcome}: {step.detail}") for step in [*report.steps, *report.further]]
    verify = f"<font name='Courier'>firsthand token verify {escape(file_name)} --headers HEADERS</font>"
    challenge = "<font name='Courier'>firsthand token challenge</font>"
    steps = (
        "This paper proves nothing by itself. To check it anew: take the token's file from the owner, and "
        f"block headers from where you like; run {verify}; send the owner the line of {challenge}, and check "
        "their answer with --challenge and --response; ask a node of the chain whether the tip is unspent "
        "(--live). Compare the piece's weight, stones and marks with the above. A token can be seized by the "
        "rules of its chain."
    )
    return [
        Paragraph("How it was checked", _STYLES["Heading3"]),
        _rows(rows),
        Paragraph("How to check it anew", _STYLES["Heading3"]),
        Paragraph(steps, _STYLES["BodyText"]),
    ]


def _rows(rows: Sequence[tuple[str, str]]) -> Flowable:
    widest = max(stringWidth(name, "Helvetica", 8) for name, _ in rows)
    first = min(widest + 6 * mm, _WIDTH * 0.4)
    cells = [[Paragraph(escape(name), _SMALL), Paragraph(escape(value), _SMALL)] for name, value in rows]
    table = Table(cells, colWidths=[first, _WIDTH - first])
    table.setStyle(
        TableStyle(
            [
                ("VALIGN", (0, 0), (-1, -1), "TOP"),
                ("LINEBELOW", (0, 0), (-1, -1), 0.25, colors.lightgrey),
                ("TOPPADDING", (0, 0), (-1, -1), 1),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 1),
            ]
        )
    )
    return table
