"""A cooperative with members, ready to take in deliveries, for the tests of its services."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from firsthand.ledger.accounts import AccountBook, AccountEntry, Season
from firsthand.ledger.members import Member, MemberRecord
from firsthand.profiles import load_profile
from firsthand.proof.parties import Party
from firsthand.service.accounts import Posting, open_season, post
from firsthand.service.chain_access import ChainAccess
from firsthand.service.intake import Line, Taken, Terms, take
from firsthand.service.intake_events import choose_steps
from firsthand.service.members import add_member
from firsthand.service.parties import add_party
from firsthand.service.workspace import Workspace
from tests.made import new_access

DAY = "2026-03-01"


@dataclass(frozen=True)
class Coop:
    access: ChainAccess
    party: Party
    season: Season

    @property
    def workspace(self) -> Workspace:
        return self.access.workspace

    @property
    def terms(self) -> Terms:
        coffee = load_profile("coffee")
        return Terms(coffee, choose_steps(coffee), self.season)

    def add(self, number: str, **more: Any) -> Member:
        record = MemberRecord(**{"number": number, "name": f"Sample Farmer {number}", **more})
        return add_member(self.workspace, self.party, record)

    def find(self, number: str) -> Member:
        return self.workspace.members.find(number, self.party.uri)

    def line(self, member: str, gross: str = "48.5", tare: str = "0.5", **more: Any) -> Line:
        return Line(member, Decimal(gross), Decimal(tare), Decimal(more.pop("price", "0.62")), DAY, **more)

    def take(self, *lines: Line) -> Taken:
        return take(self.workspace, self.party, self.terms, lines)

    def post(self, member: str, kind: str, amount: int) -> AccountEntry:
        root = self.workspace.members.resolve(self.find(member))
        posting = Posting(root.uri, kind, amount * 10_000, DAY)
        return post(self.workspace, self.party, self.season, lambda: [posting])[0]

    @property
    def book(self) -> AccountBook:
        return AccountBook(self.workspace.engine)


def new_coop(folder: Path, database: str = "", now: Callable[[], str] | None = None) -> Coop:
    access = new_access(folder / "coop", database)
    if now is not None:
        access.workspace.now = access.workspace.journal._now = now
    party = add_party(access.workspace, "Sample Hills Cooperative", ("cooperative",)).party
    return Coop(access, party, open_season(access.workspace, party, "2025-26", "USD"))
