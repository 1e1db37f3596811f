"""Claims by mass: what came in with a claim, and what was said to go out with it.

A claim that counts by input (organic) goes with the material: a transformation's outputs carry it in the
part in which its inputs did. To state more is *claim-exceeds-input*; where nothing carried it, it is
*claim-from-nowhere*. A claim that counts by output (hand-woven) begins with what a step of the craft does.
A lot that comes from outside of the journal brings what is stated when it is first seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from firsthand.trace.accounts import Account, Ticks, of_ticks, portion
from firsthand.trace.craft import Craft
from firsthand.trace.findings import Finding
from firsthand.trace.quantity import KILOGRAM, Quantity
from firsthand.trace.statement import Statement

__all__ = ["Certified", "ClaimBook", "ClaimSum", "Source"]

_SHOWN: Final = 100
"""Lots and events that one finding names."""

Certified = Callable[[str, str], Quantity | None]
"""How much a party (URI) may state a claim of, by its certificates; None where nothing limits it."""


@dataclass(slots=True)
class ClaimSum:
    """One party's mass with one claim, in ticks of a kilogram: brought into being with it, and sold with it.

    `stated` and `backed` are those of the statements that went beyond what had come in.
    """

    made: Ticks = 0
    sold: Ticks = 0
    stated: Ticks = 0
    backed: Ticks = 0
    lots: list[str] = field(default_factory=list)
    events: list[int] = field(default_factory=list)


class Source(Protocol):
    """What a transformation used up, in ticks of a kilogram: how much had each claim, or is foreign to it."""

    inputs: Ticks
    claims: dict[str, Ticks]
    foreign: dict[str, Ticks]


class ClaimBook:
    """The claims of one balance."""

    def __init__(self) -> None:
        self.sums: dict[tuple[str, str], ClaimSum] = {}
        self.counting = True
        self._findings: list[Finding] = []

    def begin(
        self,
        one: Statement,
        account: Account,
        lot: str,
        amount: Ticks,
        craft: Craft,
        foreign: tuple[str, ...],
    ) -> None:
        """A lot came into being out of nothing, with the claims of its statement."""
        for claim in foreign:
            account.set_apart(claim, amount)
        for claim in one.claims:
            rule = craft.claims.get(claim)
            if rule is None or not one.step or one.step in rule.begins:
                account.carry(claim, amount)
                self._made(one, account, claim, amount)
            else:
                self._nowhere(one, claim, lot, amount, account.unit)

    def make(
        self, one: Statement, account: Account, lot: str, amount: Ticks | None, source: Source, craft: Craft
    ) -> None:
        """A transformation made so much of a lot."""
        for claim, apart in source.foreign.items():
            rule = craft.claims.get(claim)
            if amount and source.inputs and not (rule and one.step in rule.begins):
                account.set_apart(claim, portion(amount, apart, source.inputs))
        for claim, backed in source.claims.items():
            rule = craft.claims.get(claim)
            if amount and source.inputs and not (rule and one.step in rule.ends):
                account.carry(claim, portion(amount, backed, _concerned(source, claim)))
        for claim in one.claims:
            rule = craft.claims.get(claim)
            self._made(one, account, claim, amount or 0)
            backed = source.claims.get(claim, 0)
            if rule is not None and one.step in rule.ends:
                self._nowhere(one, claim, lot, amount or 0, account.unit)
            elif rule is not None and one.step in rule.begins:
                account.carry(claim, (amount or 0) - (account.claims or {}).get(claim, 0))
            elif not backed:
                self._nowhere(one, claim, lot, amount or 0, account.unit)
            elif amount and backed < _concerned(source, claim):
                self._exceeds(one, claim, lot, amount, portion(amount, backed, _concerned(source, claim)))

    def promise(self, one: Statement, account: Account, amount: Ticks | None) -> None:
        """A transformation in several statements made so much: what backs it is known when it is settled."""
        for claim in one.claims:
            account.carry(claim, amount or 1)
            self._made(one, account, claim, amount or 0)

    def settle(
        self, one: Statement, claim: str, lot: str, stated: Ticks, outputs: Ticks, source: Source
    ) -> None:
        """Judge what a transformation in several statements has stated of `stated` of its `outputs`."""
        backed = source.claims.get(claim, 0)
        if not backed:
            self._nowhere(one, claim, lot, stated, KILOGRAM)
        elif source.inputs and backed < _concerned(source, claim):
            self._exceeds(one, claim, lot, stated, portion(outputs, backed, _concerned(source, claim)))

    def state(self, one: Statement, account: Account, lot: str, amount: Ticks | None, craft: Craft) -> None:
        """A claim was stated of a lot that is only seen, shipped or received."""
        for claim in one.claims:
            rule = craft.claims.get(claim)
            begins = rule is not None and one.step in rule.begins
            if not account.claimed(claim, amount or 1) and (begins or not account.came):
                account.carry(claim, account.came or amount or 1)
            carried = account.claimed(claim, amount or 1)
            if not carried:
                self._nowhere(one, claim, lot, amount or 0, account.unit)
            elif one.ships and amount and account.unit == KILOGRAM:
                if carried < amount:
                    self._exceeds(one, claim, lot, amount, carried)
                if self.counting:
                    self._sum(one.giver or one.issuer, claim).sold += amount

    def findings(self) -> Iterator[Finding]:
        """What was stated beyond what came in."""
        yield from self._findings
        for (party, claim), one in self.sums.items():
            if one.stated > one.backed:
                stated, backed = of_ticks(one.stated, KILOGRAM), of_ticks(one.backed, KILOGRAM)
                text = f"{party} stated {claim} of {stated}, of which {backed} came in with it"
                numbers = (("stated", stated), ("came in", backed))
                lots, events = tuple(one.lots[:_SHOWN]), tuple(one.events[:_SHOWN])
                yield Finding("claim-exceeds-input", "error", text, numbers, lots, events, (party,), claim)

    def over(self, certified: Certified | None) -> Iterator[Finding]:
        """What was stated beyond what is certified."""
        if certified is None:
            return
        for (party, claim), one in self.sums.items():
            limit = certified(party, claim)
            volume = of_ticks(max(one.made, one.sold), KILOGRAM)
            if limit is not None and limit.unit == KILOGRAM and volume.amount > limit.amount:
                text = f"{party} stated {claim} of {volume}, and {limit} are certified"
                numbers = (("stated", volume), ("certified", limit))
                yield Finding("certified-volume-exceeded", "error", text, numbers, (), (), (party,), claim)

    def _sum(self, party: str, claim: str) -> ClaimSum:
        found = self.sums.get((party, claim))
        if found is None:
            found = self.sums[party, claim] = ClaimSum()
        return found

    def _made(self, one: Statement, account: Account, claim: str, amount: Ticks) -> None:
        if self.counting and account.unit == KILOGRAM:
            for party in {one.issuer, one.default_maker}:
                self._sum(party, claim).made += amount

    def _exceeds(self, one: Statement, claim: str, lot: str, stated: Ticks, backed: Ticks) -> None:
        if not self.counting:
            return
        found = self._sum(one.issuer, claim)
        found.stated += stated
        found.backed += backed
        found.lots.append(lot)
        found.events.append(one.number)

    def _nowhere(self, one: Statement, claim: str, lot: str, amount: Ticks, unit: str) -> None:
        numbers = (("stated", of_ticks(amount, unit)),) if unit else ()
        text = f"{one.issuer} stated {claim} of {lot}, and nothing that it was made of has it"
        self._findings.append(
            Finding("claim-from-nowhere", "error", text, numbers, (lot,), (one.number,), (one.issuer,), claim)
        )


def _concerned(source: Source, claim: str) -> Ticks:
    """The part of the inputs that a claim is about; what carries it always is."""
    return max(source.inputs - source.foreign.get(claim, 0), source.claims.get(claim, 0), 1)
