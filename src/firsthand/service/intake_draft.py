"""From a clerk's lines to events, entries and rows, upon the books as they are now. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.ledger.accounts import AccountBook, Season
from firsthand.ledger.deliveries import Delivery, DeliveryBook
from firsthand.ledger.members import Member
from firsthand.profiles import Profile
from firsthand.profiles.rows import shown
from firsthand.proof.capture import event_leaf
from firsthand.proof.confirmation import commitment
from firsthand.proof.parties import Party
from firsthand.service.accounts import Posting
from firsthand.service.confirm import receipt_codes
from firsthand.service.intake_events import Weighed, check_weight, delivery_events, weight_unit
from firsthand.service.money import rounded
from firsthand.service.workspace import Workspace

__all__ = ["AlreadyRecorded", "Draft", "Drafting", "Line", "Terms", "check_day", "find_twin"]


class AlreadyRecorded(Conflict):
    """The same delivery stands in the book; `delivery` is that one."""

    def __init__(self, message: str, delivery: Delivery | None) -> None:
        self.delivery = delivery
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class Line:
    """One delivery as a clerk types it. `deduction` in `UNITS`; `price` for one unit of the weight.

    `brought_by` is the number of a member, or a name; `paper` the number in a paper receipt book; `again`
    says that it is another one of the same day and weight.
    """

    member: str
    gross: Decimal
    tare: Decimal
    price: Decimal
    day: str
    deduction: int = 0
    plot: str = ""
    brought_by: str = ""
    paper: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What is the same for every line: the craft, its steps, the season, the place."""

    profile: Profile
    steps: tuple[str, ...]
    season: Season
    station: str = ""
    utc_offset: str = "+00:00"


@dataclass(slots=True)
class Draft:
    """What is journaled and stored at one go."""

    events: list[dict[str, Any]] = field(default_factory=list)
    postings: list[Posting] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    cards: list[tuple[str, int, int]] = field(default_factory=list)
    reversed: list[tuple[int, str, int | None]] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


class Drafting:
    """Lines into events, postings and rows, upon the book as it is now."""

    def __init__(
        self, workspace: Workspace, cooperative: Party, terms: Terms, base: int, replaced: int | None = None
    ) -> None:
        self._workspace = workspace
        self._cooperative = cooperative
        self._terms = terms
        self._number = base
        self._replaced = replaced
        self._book = DeliveryBook(workspace.engine)
        self._families: dict[str, list[Member]] = {}
        self._owed: dict[str, tuple[int, int]] = {}
        self._codes: dict[str, list[tuple[str, int, bytes]]] = {}
        self._seen: dict[tuple[str, ...], int] = {}
        self._receipt_code = receipt_codes(workspace)
        self._uom = weight_unit(terms.profile, terms.steps)

    def draft(self, lines: Sequence[Line]) -> Draft:
        """All lines. Raises InvalidInput naming the line, NotFound, or AlreadyRecorded."""
        draft = Draft()
        for at, line in enumerate(lines, 1):
            try:
                self._add(draft, line, at)
            except InvalidInput as error:
                raise InvalidInput(error.reason, f"line {at}" if len(lines) > 1 else "") from None
        return draft

    def _add(self, draft: Draft, line: Line, at: int) -> None:
        family = self._family(line.member)
        member = family[0]
        check_day(line.day)
        # East of Greenwich it is tomorrow already.
        if date.fromisoformat(line.day) > date.fromisoformat(self._workspace.now()[:10]) + timedelta(days=1):
            draft.remarks.append(f"{member.record.number}: {line.day} has not come yet; is the date right?")
        remark = check_weight(self._terms.profile, self._terms.steps, line.gross, line.tare)
        if remark:
            draft.remarks.append(f"{member.record.number}: {remark}")
        self._refuse_twin(line, family, at)
        self._number += 1
        weighed, card = self._weighed(line, family)
        if card is not None:
            draft.cards.append((*card, self._number))
        currency = self._terms.season.currency
        amount = rounded((line.gross - line.tare) * line.price, currency)
        if line.deduction > amount:
            raise InvalidInput("the deduction is more than the delivery is worth")
        first = len(draft.events)
        draft.events += delivery_events(self._terms.profile, self._terms.steps, weighed)
        draft.postings += _postings(weighed, member, line, amount)
        advance, balance = self._owing(family)
        balance += amount - line.deduction
        self._owed[member.uri] = (advance, balance)
        draft.rows.append(
            {
                "number": self._number,
                "uri": weighed.uri,
                "cooperative": self._cooperative.uri,
                "member": member.uri,
                "season": self._terms.season.name,
                "day": line.day,
                "profile": self._terms.profile.name,
                "lot": weighed.lot,
                "gross": f"{line.gross:f}",
                "tare": f"{line.tare:f}",
                "uom": self._uom,
                "price": f"{line.price:f}",
                "deduction": line.deduction,
                "amount": amount,
                "advance": advance,
                "balance": balance,
                "currency": currency,
                "brought_by": line.brought_by,
                "paper": line.paper,
                "subject": weighed.subject,
                "first_event": first,
                "events": len(self._terms.steps),
                "leaf": event_leaf(draft.events[-1]),
                "reversed": None,
                "reason": "",
                "instead": None,
            }
        )

    def _family(self, name: str) -> list[Member]:
        if name not in self._families:
            member = self._workspace.members.find(name, self._cooperative.uri)
            self._families[name] = self._workspace.members.family(member)
        return self._families[name]

    def _weighed(self, line: Line, family: list[Member]) -> tuple[Weighed, tuple[str, int] | None]:
        member = family[0]
        bringer = self._bringer(line.brought_by)
        base = self._workspace.settings.uri.rstrip("/")
        plots = member.record.plots
        plot = line.plot or (plots[0] if len(plots) == 1 else "")
        # The first number: a plot keeps its URI when its farmer gets another one.
        farmer = quote(member.numbers[0] if member.numbers else member.record.number, safe="")
        subject, committed, card = self._code(family, f"{base}/id/delivery/{self._number}")
        weighed = Weighed(
            base=base,
            number=self._number,
            member=member.party or member.uri,
            brought_by=bringer,
            day=line.day,
            utc_offset=self._terms.utc_offset,
            gross=line.gross,
            tare=line.tare,
            uom=self._uom,
            plot=f"{base}/id/place/plot:{farmer}:{quote(plot, safe='')}" if plot else "",
            station=self._terms.station,
            subject=subject,
            committed=committed,
        )
        return weighed, card

    def _bringer(self, name: str) -> str:
        """The URI of the member who brought it; empty for somebody else, whose name no event tells."""
        if not name:
            return ""
        try:
            family = self._family(name)
        except NotFound:
            if any(symbol.isdigit() for symbol in name):
                raise InvalidInput(f"brought by {shown(name)}: no member has that number") from None
            return ""
        return family[0].party or family[0].uri

    def _code(self, family: list[Member], uri: str) -> tuple[str, bytes, tuple[str, int] | None]:
        """What acknowledges the delivery: the next code of the member's card, else one on the receipt."""
        root = family[0].uri
        if root not in self._codes:
            self._codes[root] = self._book.free_codes([member.uri for member in family])
        if self._codes[root]:
            card, position, committed = self._codes[root].pop(0)
            return f"{card}#{position}", committed, (card, position)
        return uri, commitment(uri, self._receipt_code(uri)), None

    def _owing(self, family: list[Member]) -> tuple[int, int]:
        """Outstanding advance and balance of a member before this line."""
        root = family[0].uri
        if root not in self._owed:
            uris = [member.uri for member in family]
            entries = AccountBook(self._workspace.engine).entries(uris, season=self._terms.season.name)
            taken = sum(entry.amount for entry in entries if entry.kind in ("advance", "repayment"))
            self._owed[root] = (max(0, -taken), sum(entry.amount for entry in entries))
        return self._owed[root]

    def _refuse_twin(self, line: Line, family: list[Member], at: int) -> None:
        twin = find_twin(self._book, self._cooperative.uri, line, family)
        if twin is not None and twin.number != self._replaced:
            raise AlreadyRecorded(
                f"the same delivery of member {family[0].record.number} on {line.day}, {line.gross} gross "
                f"and {line.tare} tare, stands in the book as number {twin.number}; say so if it is "
                "another (--again)",
                twin,
            )
        keys: list[tuple[str, ...]] = [("paper", line.paper)] if line.paper else []
        if not line.again and not line.paper:
            keys.append((family[0].uri, line.day, f"{line.gross:f}", f"{line.tare:f}"))
        for key in keys:
            if key in self._seen:
                raise InvalidInput(f"is the same delivery as line {self._seen[key]}")
            self._seen[key] = at


def find_twin(
    deliveries: DeliveryBook, cooperative: str, line: Line, family: list[Member]
) -> Delivery | None:
    """The delivery in the book that this line tells of again.

    Raises Conflict when its paper number stands there with other values.
    """
    if line.paper:
        known = deliveries.of_paper(cooperative, line.paper)
        if known is not None:
            uris = {member.uri for member in family}
            same = (Decimal(known.gross), Decimal(known.tare), known.day) == (line.gross, line.tare, line.day)
            if not same or known.member not in uris:
                raise Conflict(
                    f"paper receipt {line.paper} stands in the book as delivery {known.number} with other "
                    "values; correct it with `firsthand delivery reverse`"
                )
            return known
    if line.again:
        return None
    for known in deliveries.like([member.uri for member in family], line.day):
        other_paper = line.paper and known.paper
        if (Decimal(known.gross), Decimal(known.tare)) == (line.gross, line.tare) and not other_paper:
            return known
    return None


def _postings(weighed: Weighed, member: Member, line: Line, amount: int) -> list[Posting]:
    reference = f"delivery {weighed.number}"
    detail = {
        "net": f"{line.gross - line.tare:f}",
        "uom": weighed.uom,
        "price": f"{line.price:f}",
        "lot": weighed.lot,
    }
    postings = []
    if amount:
        postings.append(Posting(member.uri, "delivery", amount, line.day, reference, detail))
    if line.deduction:
        postings.append(Posting(member.uri, "deduction", -line.deduction, line.day, reference))
    return postings


def check_day(text: str) -> None:
    """Raises InvalidInput unless it is an ISO date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(f"expected a day such as 2026-03-01, got {text[:40]!r}") from None
