"""One lot's account: what came, what went, who made it and used it when, and what came with which claim.

A season has millions of them, so an account is small and its amounts are **ticks**: whole 10⁻¹⁵ of the base
unit (a picogram of a kilogram) as an int, exact, or a Fraction where that is not fine enough.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final

import msgspec

from firsthand.trace.quantity import Quantity

__all__ = ["TICKS", "Account", "Ticks", "of_ticks", "portion", "ticks"]

TICKS: Final = 10**15
Ticks = int | Fraction


def ticks(quantity: Quantity) -> Ticks:
    """A quantity in ticks of its unit."""
    numerator, denominator = quantity.amount.as_integer_ratio()
    factor, rest = divmod(TICKS, denominator)
    return quantity.amount * TICKS if rest else numerator * factor


def of_ticks(amount: Ticks, unit: str) -> Quantity:
    """The quantity of so many ticks."""
    return Quantity(Fraction(amount) / TICKS, unit)


def portion(amount: Ticks, part: Ticks, whole: Ticks) -> Ticks:
    """`amount * part / whole`, exactly."""
    product = amount * part
    quotient, rest = divmod(product, whole)
    return Fraction(product) / whole if rest else quotient


class Account(msgspec.Struct, gc=False):
    """A lot's account. `unit` is what it is measured in, "" until something was measured.

    `piece` is the mass of one piece in ticks of a kilogram, for lots that are counted; of a container, what
    is in it. `packed` says that it was put into something, `packed_into` that something was put into it.
    `made_at`, `used_at` are microseconds, the events by number, `over_in` the one that first took more than
    there was. `came_to` and `went_from` are by party. `claims` is what came in with each claim and `foreign`
    what none of them is about; None while there is none.
    """

    unit: str = ""
    came: Ticks = 0
    went: Ticks = 0
    piece: Ticks | None = None
    made_at: int | None = None
    made_by: str | None = None
    made_in: int = -1
    used_at: int | None = None
    used_in: int = -1
    went_in: int = -1
    over_in: int = -1
    packed: bool = False
    packed_into: bool = False
    came_to: dict[str, Ticks] | None = None
    went_from: dict[str, Ticks] | None = None
    claims: dict[str, Ticks] | None = None
    foreign: dict[str, Ticks] | None = None

    def add_to(self, party: str, amount: Ticks) -> None:
        """So much came to a party."""
        if self.came_to is None:
            self.came_to = {party: amount}
        else:
            self.came_to[party] = self.came_to.get(party, 0) + amount

    def take_from(self, party: str, amount: Ticks) -> None:
        """So much left a party."""
        if self.went_from is None:
            self.went_from = {party: amount}
        else:
            self.went_from[party] = self.went_from.get(party, 0) + amount

    def claimed(self, claim: str, amount: Ticks) -> Ticks:
        """How much of so much, taken out of the lot, has a claim: its part of all that came in."""
        if self.claims is None:
            return 0
        backed = self.claims.get(claim, 0)
        if backed >= self.came or not self.came:
            return amount if backed else 0
        return portion(amount, backed, self.came)

    def set_apart(self, claim: str, amount: Ticks) -> None:
        """So much came in that a claim does not concern."""
        if amount:
            if self.foreign is None:
                self.foreign = {}
            self.foreign[claim] = self.foreign.get(claim, 0) + amount

    def carry(self, claim: str, amount: Ticks) -> None:
        """So much came in with a claim."""
        if amount:
            if self.claims is None:
                self.claims = {}
            self.claims[claim] = self.claims.get(claim, 0) + amount
