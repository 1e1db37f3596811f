"""`delivery`: what was taken in, its receipts, its reversal, and its confirmation by the member."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli.intake import FONT, PDF, WIDTH, Clerk, receipt_texts, receipt_value
from firsthand.cli.members import COOPERATIVE
from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.session import open_workspace

__all__ = ["register"]

DELIVERY = typer.Argument(help="The delivery's number, as on its receipt.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    delivery = typer.Typer(no_args_is_help=True, help="Deliveries that were taken in.")
    delivery.command("list")(list_deliveries)
    delivery.command("receipt")(receipt)
    delivery.command("reverse")(reverse)
    delivery.command("acknowledge")(acknowledge)
    delivery.command("card")(card)
    app.add_typer(delivery, name="delivery")


def list_deliveries(
    member: Annotated[str | None, typer.Argument(help="A member's number; all members without it.")] = None,
    season: Annotated[str | None, typer.Option(help="The season; all of them without it.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """List deliveries with what they were acknowledged by.

    Example:  firsthand delivery list 17 --season 2025-26
    """
    from firsthand.ledger.deliveries import DeliveryBook
    from firsthand.service.member_views import delivery_values
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    uris = None
    if member is not None:
        family = workspace.members.family(workspace.members.find(member, owner.uri))
        uris = [one.uri for one in family]
    found = DeliveryBook(workspace.engine).all(uris, season, owner.uri)
    values = delivery_values(workspace, found)
    rows = [
        (
            one["number"],
            one["day"],
            one["member"],
            f"{one['net']} {one['uom']}",
            f"{one['amount']} {one['currency']}",
            ", ".join(one["confirmed"]),
            "" if one["reversed"] is None else f"reversed: {one['reason']}",
        )
        for one in values
    ]
    names = ("number", "day", "member", "net", "amount", "confirmed", "")
    emit(as_json, {"deliveries": values}, table("", names, rows))


def receipt(
    number: Annotated[int, DELIVERY],
    language: Annotated[str | None, typer.Option(help="en, es or fr; by default the member's.")] = None,
    pdf: Annotated[Path | None, PDF] = None,
    width: Annotated[int, WIDTH] = 80,
    font: Annotated[Path | None, FONT] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print a receipt again: the same as the first time, its one-time code included.

    Example:  firsthand delivery receipt 5 --language es --pdf receipt.pdf --width 58
    """
    from firsthand.ledger.deliveries import DeliveryBook
    from firsthand.service.paper import pdf_written, receipt_of, receipts_pdf

    workspace = open_workspace()
    found = receipt_of(workspace, DeliveryBook(workspace.engine).get(number), language)
    if pdf is not None:
        pdf_written(pdf, receipts_pdf([found], width, font))
        note(f"Wrote the receipt to {pdf}.")
    emit(as_json, receipt_value(found), receipt_texts([found]))


def reverse(
    number: Annotated[int, DELIVERY],
    reason: Annotated[str, typer.Option(help="Why; kept in the cooperative's book.")],
    instead: Annotated[
        str | None, typer.Option(help='What stands in its place: "MEMBER GROSS [TARE] [PRICE] [DEDUCTION]".')
    ] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take a delivery back: an error declaration in the log, reversed entries, and nothing overwritten.

    Example:  firsthand delivery reverse 5 --reason "wrong tare" --instead "17 48.5 1.5"
    """
    from firsthand.ledger.accounts import AccountBook
    from firsthand.ledger.deliveries import DeliveryBook
    from firsthand.service.intake import Terms, reverse_delivery
    from firsthand.service.intake_events import choose_steps
    from firsthand.service.members import cooperative_party
    from firsthand.service.paper import receipt_of

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    replacement = None
    if instead is not None:
        wrong = DeliveryBook(workspace.engine).get(number)
        craft = workspace.profile(wrong.profile)
        terms = Terms(
            craft, choose_steps(craft), AccountBook(workspace.engine).season(owner.uri, wrong.season)
        )
        clerk = Clerk(workspace, owner, terms, wrong.price, wrong.tare, wrong.day, wrong.brought_by)
        replacement = (terms, clerk.line(instead.split()))
    done = reverse_delivery(workspace, owner, number, reason, instead=replacement)
    receipts = [receipt_of(workspace, one) for one in done.deliveries]
    value = {
        "reversed": number,
        "place": done.captured.place,
        "instead": [receipt_value(one) for one in receipts],
    }
    text = f"Reversed delivery {number} (place {done.captured.place} in the log)."
    emit(as_json, value, "\n\n".join([text, *([receipt_texts(receipts)] if receipts else [])]))


def acknowledge(
    code: Annotated[str, typer.Argument(help="The one-time code, as typed or scanned.")],
    delivery: Annotated[
        int | None, typer.Option(help="The delivery's number; a scanned code names it by itself.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Journal that a member confirmed a delivery, by the one-time code on their receipt or card.

    Example:  firsthand delivery acknowledge K7Q2-9XHM-41TA-WZ8CR --delivery 5
    """
    from firsthand.service.confirm import acknowledge as service

    found, done = service(open_workspace(), code, delivery)
    value = {"delivery": found.number, "place": done.place, "receipt": done.receipt}
    emit(as_json, value, f"Delivery {found.number} is acknowledged (place {done.place} in the log).")


def card(
    member: Annotated[str, typer.Argument(help="The member's number.")],
    codes: Annotated[int, typer.Option(min=1, max=200, help="How many codes.")] = 50,
    pdf: Annotated[Path | None, PDF] = None,
    width: Annotated[int, WIDTH] = 80,
    font: Annotated[Path | None, FONT] = None,
    language: Annotated[str | None, typer.Option(help="en, es or fr; by default the member's.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Make a card of one-time codes for a member, and forget them: it is shown this once.

    From now on the member's deliveries wait for the codes of the card, in order.

    Example:  firsthand delivery card 17 --codes 40 --pdf card17.pdf
    """
    from firsthand.service.confirm import issue_card
    from firsthand.service.members import cooperative_party
    from firsthand.service.paper import card_lines, card_pdf, pdf_written

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    found = workspace.members.resolve(workspace.members.find(member, owner.uri))
    made = issue_card(workspace, found, codes)
    spoken = language or found.record.language or "en"
    if pdf is not None:
        pdf_written(pdf, card_pdf(made, width, spoken, font))
        note(f"Wrote the card to {pdf}. Delete the file when it is printed.")
    value = {"card": made.uri, "member": found.uri, "codes": made.codes}
    emit(as_json, value, "\n".join(card_lines(made, spoken)))
