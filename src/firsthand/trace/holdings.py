"""Who held what: each party's part of each lot, from the day that it had it to the day that it had not.

A party has a lot when it made it, received it, or speaks of it without anyone having said how it came; it has
it no more when it shipped it, used it up, sold it in retail or destroyed it. What is in a container goes
where the container goes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from firsthand.trace.graph import LotGraph
from firsthand.trace.quantity import PIECE, Quantity, total
from firsthand.trace.statement import Part, Statement

__all__ = ["Holding", "holdings"]

_SELLS: Final = frozenset(("retail_selling", "dispensing"))
_ONE: Final = Quantity(Fraction(1), PIECE)


@dataclass(slots=True)
class Holding:
    """What a party had of a lot: quantities that came and went, and the last event that says so.

    `to` is who it last went to, `sold` whether it went to a consumer, `made` whether it was
    made here. Events are numbers in the
    journal.
    """

    party: str
    lot: str
    came: list[Quantity | None] = field(default_factory=list)
    went: list[Quantity | None] = field(default_factory=list)
    first: int = 0
    last: int = 0
    to: str | None = None
    sold: bool = False
    made: bool = False
    events: list[int] = field(default_factory=list)

    @property
    def left(self) -> Quantity | None:
        """What should still be there; None where it cannot be told."""
        came, went = total(self.came), total(self.went)
        if came is None or (self.went and (went is None or went.unit != came.unit)):
            return None
        return came if went is None else Quantity(came.amount - went.amount, came.unit)

    @property
    def gone(self) -> bool:
        """Whether all of it left again, as far as the quantities tell."""
        left = self.left
        return bool(self.went) and (left is None or left.amount <= 0)


def holdings(graph: LotGraph, lots: Iterable[str]) -> list[Holding]:
    """Each party's holding of each of these lots, in the order of their first events."""
    wanted = set(lots)
    desk = _Desk(graph, wanted)
    for statement in graph.statements:
        desk.take(statement)
    # Who only spoke of a lot had nothing of it.
    had = [one for one in desk.found.values() if one.came or one.went]
    return sorted(had, key=lambda one: (one.first, one.lot, one.party))


class _Desk:
    """Statement by statement in the order of time, with what is in which container now."""

    def __init__(self, graph: LotGraph, wanted: set[str]) -> None:
        self._graph = graph
        self._wanted = wanted
        self._inside: dict[str, dict[str, Quantity | None]] = {}
        self.found: dict[tuple[str, str], Holding] = {}

    def take(self, one: Statement) -> None:
        if one.type == "TransformationEvent":
            self._go(one, one.inputs, one.issuer)
            self._come(one, one.outputs, one.issuer)
        elif one.packs:
            self._pack(one)
        elif one.unpacks:
            self._unpack(one)
        elif one.creates:
            self._come(one, one.things, one.default_maker)
        elif one.destroys:
            self._go(one, one.things, one.issuer)
        elif one.ships:
            self._go(one, one.things, one.giver or one.issuer, one.taker)
        elif one.receives:
            self._come(one, one.things, one.taker or one.issuer)
        elif one.biz_step in _SELLS:
            self._go(one, one.things, one.issuer, sold=True)
        else:
            self._seen(one, one.things)

    def _pack(self, one: Statement) -> None:
        assert one.parent is not None
        self._seen(one, one.things)
        self._inside.setdefault(one.parent, {}).update({part.lot: part.quantity for part in one.things})
        holding = self._holding(one, one.parent, one.issuer)
        if holding is not None and not holding.came:
            holding.came.append(_ONE)

    def _unpack(self, one: Statement) -> None:
        assert one.parent is not None
        self._seen(one, one.things)
        inside = self._inside.get(one.parent, {})
        for lot in [part.lot for part in one.things] or list(inside):
            inside.pop(lot, None)
        holding = self._holding(one, one.parent, one.issuer)
        if holding is not None and not inside:
            holding.went.append(total(holding.came) or _ONE)  # an empty container holds nothing of the lot

    def _come(self, one: Statement, parts: Iterable[Part], party: str) -> None:
        for part in self._all(parts):
            holding = self._holding(one, part.lot, party)
            if holding is None:
                continue
            quantity = self._graph.piecewise(part)
            made_here = one.receives and holding.came and not holding.went and holding.made
            # Whoever made it and took it in wrote down the same twice.
            if not (made_here and holding.left == quantity):
                holding.came.append(quantity)
            holding.made = holding.made or not one.receives
            self._sent_by(one, part.lot, quantity)

    def _go(
        self, one: Statement, parts: Iterable[Part], party: str, to: str | None = None, sold: bool = False
    ) -> None:
        for part in self._all(parts):
            holding = self._holding(one, part.lot, party)
            if holding is None:
                continue
            quantity = self._graph.piecewise(part)
            if not holding.came:
                self._hand_over(holding, quantity)
            holding.went.append(quantity)
            holding.to = to or holding.to
            holding.sold = holding.sold or sold

    def _sent_by(self, one: Statement, lot: str, quantity: Quantity | None) -> None:
        """Who gave what was received has it no more, even if nobody recorded that it was sent."""
        giver = self.found.get((one.giver or "", lot))
        left = giver.left if giver is not None else None
        if giver is None or giver.to is not None or left is None or quantity is None:
            return
        if left.unit == quantity.unit and left.amount >= quantity.amount:
            giver.went.append(quantity)
            giver.to = one.taker or one.issuer

    def _hand_over(self, taker: Holding, quantity: Quantity | None) -> None:
        """What a party gives away without having got it, it had from whoever has enough of it."""
        if quantity is None:
            return
        for giver in sorted(self.found.values(), key=lambda one: one.party):
            left = giver.left
            enough = left is not None and left.unit == quantity.unit and left.amount >= quantity.amount
            if giver.lot == taker.lot and giver.party != taker.party and enough:
                giver.went.append(quantity)
                giver.to = taker.party
                taker.came.append(quantity)
                return

    def _seen(self, one: Statement, parts: Iterable[Part]) -> None:
        for part in parts:
            self._holding(one, part.lot, one.issuer)

    def _all(self, parts: Iterable[Part]) -> Iterable[Part]:
        """These and all that is in them, at any depth."""
        waiting, met = list(parts), set()
        while waiting:
            part = waiting.pop()
            yield part
            if part.lot in self._inside and part.lot not in met:
                met.add(part.lot)
                waiting += [Part(lot, quantity) for lot, quantity in self._inside[part.lot].items()]

    def _holding(self, one: Statement, lot: str, party: str) -> Holding | None:
        if lot not in self._wanted:
            return None
        found = self.found.get((party, lot))
        if found is None:
            found = self.found[(party, lot)] = Holding(party, lot, first=one.time)
        found.last = one.time
        found.events.append(one.number)
        return found
