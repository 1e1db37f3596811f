"""`account`: seasons, dues, advances, payments and statements of a cooperative's members."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.account_proofs import SEASON, prove, verify
from firsthand.cli.members import COOPERATIVE
from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.ledger.accounts import AccountEntry, Season
    from firsthand.proof.parties import Party
    from firsthand.service.statements import AccountStatement
    from firsthand.service.workspace import Workspace

__all__ = ["register"]


class KindOption(StrEnum):
    """The kinds of entry that a clerk books by hand; the sign follows from the kind."""

    DUES = "dues"
    ADVANCE = "advance"
    REPAYMENT = "repayment"
    DEDUCTION = "deduction"
    PREMIUM = "premium"
    PAYMENT = "payment"


def register(app: typer.Typer) -> None:
    """Add the group."""
    account = typer.Typer(no_args_is_help=True, help="The members' accounts, season by season.")
    account.command("season")(season)
    account.command("post")(post)
    account.command("reverse")(reverse)
    account.command("statement")(statement)
    account.command("second-payment")(second_payment)
    account.command("pay")(pay)
    account.command("carry")(carry)
    account.command("prove")(prove)
    account.command("verify")(verify)
    app.add_typer(account, name="account")


def season(
    name: Annotated[
        str | None, typer.Argument(help="The new season's name; without it they are listed.")
    ] = None,
    currency: Annotated[str | None, typer.Option(help="Its currency, such as USD.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Open a season in one currency, or list the seasons.

    Example:  firsthand account season 2025-26 --currency USD
    """
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.accounts import open_season
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    if name is None:
        found = AccountBook(workspace.engine).seasons(owner.uri)
        listed = {
            "seasons": [{"name": one.name, "currency": one.currency, "opened": one.opened} for one in found]
        }
        rows = [(one.name, one.currency, one.opened) for one in found]
        emit(as_json, listed, table("", ("season", "currency", "opened"), rows))
        return
    if currency is None:
        raise typer.BadParameter("a season has one currency: give --currency")
    made = open_season(workspace, owner, name, currency)
    value = {"name": made.name, "currency": made.currency, "opened": made.opened}
    emit(as_json, value, f"Opened the season {made.name} in {made.currency}.")


def post(
    member: Annotated[str, typer.Argument(help="The member's number.")],
    kind: Annotated[KindOption, typer.Argument(help="What it is.")],
    amount: Annotated[str, typer.Argument(help="The amount, above zero, in the season's currency.")],
    reference: Annotated[str, typer.Option(help="A word of yours, such as a voucher's number.")] = "",
    season: Annotated[str | None, SEASON] = None,
    date: Annotated[str | None, typer.Option(help="The day, by default today.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Book an entry: dues, an advance given or paid back, a deduction, a premium, a payment made.

    Example:  firsthand account post 17 advance 20 --reference "voucher 88"
    """
    from firsthand.errors import InvalidInput
    from firsthand.ledger.accounts import AGAINST
    from firsthand.service.accounts import Posting
    from firsthand.service.accounts import post as service
    from firsthand.service.intake_draft import check_day
    from firsthand.service.money import read_amount

    workspace, owner, found = _season(season, cooperative)
    whom = workspace.members.resolve(workspace.members.find(member, owner.uri))
    if len(reference) > 80 or not reference.isprintable() or reference.startswith("delivery "):
        raise InvalidInput(
            "a reference has at most 80 printable characters, and does not begin with `delivery`"
        )
    day = date or workspace.now()[:10]
    check_day(day)
    units = read_amount(amount, found.currency) * AGAINST[kind.value][1]
    posting = Posting(whom.uri, kind.value, units, day, reference)
    (entry,) = service(workspace, owner, found, lambda: [posting])
    _booked(as_json, entry, f"Booked {kind.value} for member {whom.record.number}")


def reverse(
    entry: Annotated[int, typer.Argument(help="The entry's number, as in the statement.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the entry.")],
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Take an entry back by its opposite; both stay in the book.

    Example:  firsthand account reverse 12 --reason "booked to the wrong member"
    """
    from firsthand.service.accounts import reverse_entry
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    made = reverse_entry(workspace, cooperative_party(workspace, cooperative), entry, reason)
    _booked(as_json, made, f"Reversed entry {entry}")


def statement(
    member: Annotated[str, typer.Argument(help="The member's number.")],
    season: Annotated[str | None, SEASON] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print a member's account of a season: every entry, the sums by kind, the balance.

    Example:  firsthand account statement 17 --season 2025-26
    """
    from firsthand.service.member_views import statement_value
    from firsthand.service.statements import account_statement

    workspace, owner, found = _season(season, cooperative)
    shown = account_statement(workspace, workspace.members.find(member, owner.uri), found.name)
    emit(as_json, statement_value(shown), _statement_text(shown))


def second_payment(
    rate: Annotated[str, typer.Option(help="What is paid for one unit delivered, such as 0.08 a kilogram.")],
    season: Annotated[str | None, SEASON] = None,
    reference: Annotated[str, typer.Option(help="A name for it; each is made once.")] = "second payment",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show it, book nothing.")] = False,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Credit each member with what they delivered in the season, times a rate.

    Example:  firsthand account second-payment --season 2025-26 --rate 0.08 --dry-run
    """
    from firsthand.service.money import amount_text, decimal_of
    from firsthand.service.payouts import second_payment as service

    workspace, owner, found = _season(season, cooperative)
    dues = service(workspace, owner, found, decimal_of(rate, "rate"), reference=reference, dry_run=dry_run)
    values = [
        {
            "member": due.member.record.number,
            "uri": due.member.uri,
            "delivered": f"{due.quantity:f}",
            "amount": amount_text(due.amount, found.currency),
        }
        for due in dues
    ]
    total = amount_text(sum(due.amount for due in dues), found.currency)
    value = {
        "season": found.name,
        "currency": found.currency,
        "rate": rate,
        "booked": not dry_run,
        "total": total,
        "members": values,
    }
    rows = [(one["member"], one["delivered"], one["amount"]) for one in values]
    what = "would be booked" if dry_run else "booked"
    text = table("", ("member", "delivered", found.currency), rows)
    emit(as_json, value, f"{text}\n{total} {found.currency} {what} for {len(rows)} members.")


def pay(
    output: Annotated[Path, typer.Option("-o", "--output", help="The CSV file for the bank, to be written.")],
    reference: Annotated[
        str, typer.Option(help="The payment run's name, used once: it finds the file again.")
    ],
    season: Annotated[str | None, SEASON] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Only write the file of an earlier run again.")
    ] = False,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Book a payment of every positive balance, and write the file that a bank or mobile-money service takes.

    A payment that was refused is taken back with `account reverse`; the file can be written again.

    Example:  firsthand account pay --season 2025-26 --reference 2026-03-A -o payments.csv
    """
    from firsthand.service.payouts import pay_out, payment_file
    from firsthand.service.prove import write_whole

    workspace, owner, found = _season(season, cooperative)
    if not again:
        if not output.parent.is_dir():
            raise typer.BadParameter(f"{output.parent} is no folder")
        pay_out(workspace, owner, found, reference)
    data = payment_file(workspace, owner, found, reference)
    write_whole(output, iter([data]), lambda done: None)
    lines = data.count(b"\r\n") - 1
    value = {"file": str(output), "reference": reference, "payments": lines}
    emit(as_json, value, f"Wrote {lines} payments to {output}.")


def carry(
    to: Annotated[str, typer.Argument(help="The season that balances are carried to.")],
    season: Annotated[str | None, typer.Option("--from", help="The season that they come from.")] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Carry what is open at a season's end into the next: advances not worked off, sums not paid.

    Example:  firsthand account carry 2026-27 --from 2025-26
    """
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.payouts import carry_over

    workspace, owner, old = _season(season, cooperative)
    new = AccountBook(workspace.engine).season(owner.uri, to)
    members = carry_over(workspace, owner, old, new)
    value = {"from": old.name, "to": new.name, "members": members}
    emit(as_json, value, f"Carried the balances of {members} members from {old.name} to {new.name}.")


def _statement_text(shown: AccountStatement) -> str:
    from firsthand.service.member_views import statement_value

    value = statement_value(shown)
    rows = [
        (
            one["entry"],
            one["day"],
            one["kind"],
            one["amount"],
            one["reference"],
            f"reverses {one['reverses']}"
            if one["reverses"]
            else f"reversed by {one['reversed_by']}"
            if one["reversed_by"]
            else "",
        )
        for one in value["entries"]
    ]
    title = f"Member {value['member']}, season {value['season']}, in {value['currency']}"
    sums = table("", ("", value["currency"]), [*value["totals"].items(), ("balance", value["balance"])])
    return table(title, ("entry", "day", "kind", "amount", "reference", ""), rows) + "\n\n" + sums


def _season(name: str | None, cooperative: str | None) -> tuple[Workspace, Party, Season]:
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.members import cooperative_party

    workspace = open_workspace()
    owner = cooperative_party(workspace, cooperative)
    return workspace, owner, AccountBook(workspace.engine).season(owner.uri, name)


def _booked(as_json: bool, entry: AccountEntry, text: str) -> None:
    from firsthand.service.money import amount_text

    amount, balance = (amount_text(units, entry.currency) for units in (entry.amount, entry.balance))
    value = {
        "entry": entry.id,
        "kind": entry.kind,
        "amount": amount,
        "balance": balance,
        "currency": entry.currency,
        "season": entry.season,
    }
    emit(as_json, value, f"{text}: entry {entry.id}, {amount} {entry.currency}, balance {balance}.")
