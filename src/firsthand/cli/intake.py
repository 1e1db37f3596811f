"""`intake`: the clerk at the scale, a line a delivery."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.members import COOPERATIVE
from firsthand.cli.output import JSON_OPTION, emit, note
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.ledger.deliveries import Delivery
    from firsthand.proof.parties import Party
    from firsthand.service.intake import Line, Terms
    from firsthand.service.paper import Receipt
    from firsthand.service.workspace import Workspace

__all__ = ["FONT", "PDF", "WIDTH", "Clerk", "receipt_texts", "receipt_value", "register"]

PDF = typer.Option(help="Also write a PDF for a receipt printer to this file.")
WIDTH = typer.Option(help="The width of its paper in mm: 58 or 80.")
FONT = typer.Option(help="A monospaced TrueType font, for names in other than Latin letters.")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(intake)


def intake(
    line: Annotated[
        list[str] | None, typer.Argument(help="One delivery: MEMBER GROSS [TARE] [PRICE] [DEDUCTION].")
    ] = None,
    csv: Annotated[
        Path | None,
        typer.Option("--csv", help="A sheet of deliveries instead, CSV or XLSX: all rows or none."),
    ] = None,
    profile: Annotated[str, typer.Option(help="The craft.")] = "coffee",
    step: Annotated[
        list[str] | None,
        typer.Option(help="The steps to record, the delivery last; by default harvest and delivery."),
    ] = None,
    season: Annotated[str | None, typer.Option(help="The season; by default the one opened last.")] = None,
    price: Annotated[str | None, typer.Option(help="The price of one unit, where a line has none.")] = None,
    tare: Annotated[str, typer.Option(help="The tare, where a line has none.")] = "0",
    station: Annotated[str, typer.Option(help="Where it is weighed.")] = "",
    plot: Annotated[str, typer.Option(help="The plot, where the member has several.")] = "",
    by: Annotated[str, typer.Option(help="Who brought it, if not the member: a number or a name.")] = "",
    date: Annotated[str | None, typer.Option(help="The day, by default today.")] = None,
    utc_offset: Annotated[str, typer.Option(help="The station's time zone.")] = "+00:00",
    again: Annotated[
        bool, typer.Option("--again", help="It is another one of the same member, day and weight.")
    ] = False,
    pdf: Annotated[Path | None, PDF] = None,
    width: Annotated[int, WIDTH] = 80,
    font: Annotated[Path | None, FONT] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take in deliveries, a line each, and print a receipt for each; the cooperative signs for the member.

    Without a line it asks for them, at a terminal, or reads them from standard input, one a line; an empty
    line ends it. A line that cannot be taken is said so, and nothing of it is recorded.

    Example:  firsthand intake 17 48.5 0.5 --price 0.62
    Example:  firsthand intake --price 0.62 --tare 0.5 --pdf today.pdf
    Example:  firsthand intake --csv deliveries.xlsx --price 0.62
    """
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.intake import Terms
    from firsthand.service.intake_events import choose_steps
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    craft = workspace.profile(profile)
    terms = Terms(
        craft,
        choose_steps(craft, tuple(step or ())),
        AccountBook(workspace.engine).season(owner.uri, season),
        station,
        utc_offset,
    )
    clerk = Clerk(workspace, owner, terms, price, tare, date or workspace.now()[:10], by, plot, again)
    if csv is not None:
        receipts = clerk.sheet(csv)
    elif line:
        text = " ".join(line)
        clerk.again = again or text.startswith("=")
        receipts = clerk.take(text.removeprefix("=").split())
    else:
        receipts = clerk.ask(quiet=as_json)
    if pdf is not None and receipts:
        from firsthand.service.paper import pdf_written, receipts_pdf

        pdf_written(pdf, receipts_pdf(receipts, width, font))
        note(f"Wrote {len(receipts)} receipts to {pdf}.")
    shown = "" if clerk.printed else receipt_texts(receipts)
    value = {
        "deliveries": [receipt_value(one) for one in receipts],
        "known": [one.number for one in clerk.known],
    }
    if as_json or shown:
        emit(as_json, value, shown)
    if clerk.known:
        note(f"{len(clerk.known)} stood in the book before and were not taken again.")


@dataclass
class Clerk:
    """One clerk's session: the terms, and what a line that leaves something out is filled up with."""

    workspace: Workspace
    cooperative: Party
    terms: Terms
    price: str | None
    tare: str
    day: str
    by: str = ""
    plot: str = ""
    again: bool = False
    known: list[Delivery] = field(default_factory=list)
    printed: bool = False

    def take(self, fields: list[str]) -> list[Receipt]:
        """Record one line."""
        from firsthand.service.intake import take
        from firsthand.service.paper import receipt_of

        taken = take(self.workspace, self.cooperative, self.terms, [self.line(fields)])
        for remark in taken.remarks:
            note(remark)
        return [receipt_of(self.workspace, one) for one in taken.deliveries]

    def sheet(self, path: Path) -> list[Receipt]:
        """Record a sheet."""
        from firsthand.errors import InvalidInput
        from firsthand.service.cooperative_sheets import import_deliveries
        from firsthand.service.money import decimal_of
        from firsthand.service.paper import receipt_of

        price = None if self.price is None else decimal_of(self.price, "price")
        try:
            done = import_deliveries(
                self.workspace, self.cooperative, self.terms, path, price=price, day=self.day
            )
        except InvalidInput as error:
            raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
        self.known = done.known
        taken = done.taken
        for remark in taken.remarks if taken else ():
            note(f"{path}: {remark}")
        return [receipt_of(self.workspace, one) for one in taken.deliveries] if taken else []

    def ask(self, *, quiet: bool) -> list[Receipt]:
        """Record line by line until an empty one; what is wrong with a line is said, and the next is read."""
        from firsthand.errors import FirsthandError, Unauthorized, WorkspaceError
        from firsthand.profiles.rows import shown
        from firsthand.service.intake import AlreadyRecorded

        typed = sys.stdin.isatty()
        if typed:
            note(
                "MEMBER GROSS [TARE] [PRICE] [DEDUCTION]; `=` before it: the same delivery again; empty ends."
            )
        receipts: list[Receipt] = []
        failed = number = 0
        while text := self._next(typed):
            number += 1
            where = "!" if typed else f"! line {number}, {shown(text)}:"
            fields = text.removeprefix("=").split()
            before = self.again
            self.again = before or text.startswith("=")
            try:
                taken = self.take(fields)
            except (Unauthorized, WorkspaceError):
                raise
            except AlreadyRecorded as error:
                note(f"{where} {error} or `=` before the line")
                failed += 1
            except FirsthandError as error:
                note(f"{where} {error}")
                failed += 1
            else:
                receipts += taken
                if not quiet:
                    # Each at once: the member stands at the scale.
                    sys.stdout.write(receipt_texts(taken) + "\n")
                    sys.stdout.flush()
            self.again = before
        self.printed = not quiet
        if failed and not typed:
            note(f"{failed} lines were not taken.")
            raise typer.Exit(1)
        return receipts

    def _next(self, typed: bool) -> str:
        if typed:
            try:
                return str(typer.prompt(">", default="", show_default=False, err=True)).strip()
            except typer.Abort:
                return ""
        return sys.stdin.readline().strip()

    def line(self, fields: list[str]) -> Line:
        """The line of these fields. Raises InvalidInput."""
        from firsthand.errors import InvalidInput
        from firsthand.service.intake import Line
        from firsthand.service.money import decimal_of, read_amount

        if not 2 <= len(fields) <= 5:
            raise InvalidInput("expected MEMBER GROSS [TARE] [PRICE] [DEDUCTION]")
        member, gross, tare, price, deduction = [*fields, *[""] * (5 - len(fields))]
        price = price or self.price or ""
        if not price:
            raise InvalidInput("what is paid for it? Give a price on the line, or --price")
        currency = self.terms.season.currency
        return Line(
            member=member,
            gross=decimal_of(gross, "gross"),
            tare=decimal_of(tare or self.tare, "tare"),
            price=decimal_of(price, "price"),
            day=self.day,
            deduction=read_amount(deduction, currency) if deduction.strip("0.") else 0,
            plot=self.plot,
            brought_by=self.by,
            again=self.again,
        )


def receipt_texts(receipts: list[Receipt]) -> str:
    """The receipts as text, an empty line between them."""
    from firsthand.service.paper import receipt_lines

    return "\n\n".join("\n".join(receipt_lines(one)) for one in receipts)


def receipt_value(receipt: Receipt) -> dict[str, object]:
    """A receipt as JSON."""
    from firsthand.service.member_views import delivery_value

    value = delivery_value(receipt.delivery, receipt.number)
    return {**value, "name": receipt.name, "code": receipt.code, "scanned": receipt.scanned}
