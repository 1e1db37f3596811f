"""Paying a season's members: the second payment by what they delivered, and the file that a bank takes."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import Decimal

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.ledger.accounts import AccountBook, AccountEntry, Season
from firsthand.ledger.deliveries import DeliveryBook
from firsthand.ledger.members import Member
from firsthand.proof.parties import Party
from firsthand.service.accounts import Posting, post
from firsthand.service.money import amount_text, rounded
from firsthand.service.workspace import Workspace

__all__ = ["Due", "carry_over", "delivered", "pay_out", "payment_file", "payments_due", "second_payment"]


@dataclass(frozen=True, slots=True)
class Due:
    """What one member gets, in `UNITS`; `quantity` is what it was reckoned by, where by quantity."""

    member: Member
    amount: int
    quantity: Decimal = Decimal(0)


def delivered(workspace: Workspace, cooperative: Party, season: Season) -> dict[str, Decimal]:
    """What each member delivered in a season, reversed deliveries left out, by the leading membership's URI.

    Raises InvalidInput when the season's deliveries were weighed in several units.
    """
    roots = workspace.members.roots(cooperative.uri)
    found: dict[str, Decimal] = {}
    units = set()
    for delivery in DeliveryBook(workspace.engine).all(season=season.name, cooperative=cooperative.uri):
        if delivery.reversed is None:
            units.add(delivery.uom)
            root = roots[delivery.member].uri
            found[root] = found.get(root, Decimal(0)) + delivery.net
    if len(units) > 1:
        raise InvalidInput(
            f"season {season.name} has deliveries in {', '.join(sorted(units))}: no one rate fits"
        )
    return found


def second_payment(
    workspace: Workspace,
    cooperative: Party,
    season: Season,
    rate: Decimal,
    *,
    reference: str = "second payment",
    dry_run: bool = False,
) -> list[Due]:
    """Credit each member with what they delivered × `rate`; what each gets.

    Raises Conflict when a payment of this reference was made already and not reversed, NotFound when nothing
    was delivered.
    """

    def make() -> list[Due]:
        _refuse_second(workspace, cooperative, season, reference)
        roots = {member.uri: member for member in workspace.members.roots(cooperative.uri).values()}
        dues = [
            Due(roots[uri], rounded(quantity * rate, season.currency), quantity)
            for uri, quantity in delivered(workspace, cooperative, season).items()
        ]
        found = sorted((due for due in dues if due.amount), key=lambda due: due.member.record.number)
        if not found:
            raise NotFound(f"nothing was delivered in season {season.name}, or the rate is nothing")
        return found

    if dry_run:
        return make()
    day = workspace.now()[:10]
    dues: list[Due] = []

    def postings() -> list[Posting]:
        dues[:] = make()
        return [
            Posting(
                due.member.uri,
                "second-payment",
                due.amount,
                day,
                reference,
                {"delivered": f"{due.quantity:f}", "rate": f"{rate:f}"},
            )
            for due in dues
        ]

    post(workspace, cooperative, season, postings)
    return dues


def payments_due(workspace: Workspace, cooperative: Party, season: Season) -> list[Due]:
    """Each member whom the cooperative owes something for the season, with all of it."""
    roots = workspace.members.roots(cooperative.uri)
    members = {member.uri: member for member in roots.values()}
    sums = _balances(workspace, cooperative, season)
    dues = [Due(members[uri], total) for uri, total in sums.items() if total > 0]
    return sorted(dues, key=lambda due: due.member.record.number)


def pay_out(workspace: Workspace, cooperative: Party, season: Season, reference: str) -> list[AccountEntry]:
    """Book a payment of all that is due, under a reference of its own.

    Raises Conflict when the reference was used before, NotFound when nothing is due.
    """
    if not reference.strip() or not reference.isprintable() or len(reference) > 40:
        raise InvalidInput("a reference has 1 to 40 printable characters, such as 2026-03-A")
    day = workspace.now()[:10]

    def postings() -> list[Posting]:
        own = sorted(member.uri for member in workspace.members.members(cooperative.uri))
        if AccountBook(workspace.engine).entries(own, season=season.name, reference=reference):
            raise Conflict(f"the reference {reference!r} was used before; write its file again with --again")
        dues = payments_due(workspace, cooperative, season)
        if not dues:
            raise NotFound(f"nothing is due in season {season.name}")
        return [Posting(due.member.uri, "payment", -due.amount, day, reference) for due in dues]

    return post(workspace, cooperative, season, postings)


def carry_over(workspace: Workspace, cooperative: Party, old: Season, new: Season) -> int:
    """Carry every open balance of a season into another, in one booking; how many members had one.

    Raises InvalidInput when the seasons are one or of different currencies, NotFound when nothing is open.
    """
    if old == new or old.currency != new.currency:
        raise InvalidInput(
            f"balances are not carried from {old.name} to {new.name}: expected two of one currency"
        )
    day = workspace.now()[:10]
    carried: list[str] = []

    def postings() -> list[Posting]:
        sums = {uri: total for uri, total in _balances(workspace, cooperative, old).items() if total}
        if not sums:
            raise NotFound(f"every account of season {old.name} is even")
        carried[:] = sums
        reference = f"{old.name} to {new.name}"
        return [
            Posting(uri, "carried", amount, day, reference, season=season)
            for uri, total in sums.items()
            for season, amount in ((old, -total), (new, total))
        ]

    post(workspace, cooperative, old, postings)
    return len(carried)


def payment_file(workspace: Workspace, cooperative: Party, season: Season, reference: str) -> bytes:
    """The CSV of a payment run, from its entries: the same however often it is written.

    A payment that was reversed (the bank refused it) is left out. Raises NotFound for an unknown reference.
    """
    accounts = AccountBook(workspace.engine)
    own = sorted(member.uri for member in workspace.members.members(cooperative.uri))
    entries = accounts.entries(own, season=season.name, reference=reference)
    undone = accounts.reversed_by([entry.id for entry in entries])
    paid = [entry for entry in entries if entry.kind == "payment" and entry.reverses is None]
    if not paid:
        raise NotFound(f"season {season.name} has no payment with the reference {reference!r}")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180 §2
    writer.writerow(("number", "name", "phone", "account", "amount", "currency", "reference", "entry"))
    for entry in paid:
        member = workspace.members.get(entry.member)
        if member is None or entry.id in undone:
            continue
        record = member.record
        amount = amount_text(-entry.amount, season.currency)
        contact = (record.number, record.name, record.phone, record.account)
        writer.writerow((*contact, amount, season.currency, reference, entry.id))
    return text.getvalue().encode()


def _balances(workspace: Workspace, cooperative: Party, season: Season) -> dict[str, int]:
    roots = workspace.members.roots(cooperative.uri)
    sums: dict[str, int] = {}
    for (uri, _), total in AccountBook(workspace.engine).sums(season.name).items():
        if uri in roots:
            sums[roots[uri].uri] = sums.get(roots[uri].uri, 0) + total
    return sums


def _refuse_second(workspace: Workspace, cooperative: Party, season: Season, reference: str) -> None:
    accounts = AccountBook(workspace.engine)
    own = sorted(member.uri for member in workspace.members.members(cooperative.uri))
    made = accounts.entries(own, season=season.name, reference=reference)
    undone = accounts.reversed_by([entry.id for entry in made])
    if any(entry.reverses is None and entry.id not in undone for entry in made):
        raise Conflict(
            f"{reference!r} was made for season {season.name} already; for another one give --reference"
        )
