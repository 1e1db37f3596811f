"""Which events a trace has to read: from a lot along its own statements, level by level.

What reads the events is handed in, so this is the same for the journal and for a list of statements.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Literal

from firsthand.trace.statement import Statement

__all__ = ["Direction", "Gathered", "gather"]

Direction = Literal["back", "forward"]

OfLots = Callable[[Collection[str], Collection[int]], Iterable[Statement]]
"""The statements that speak of these lots, but those of these numbers."""

OfTransformations = Callable[[Collection[str], Collection[int]], Iterable[Statement]]
"""The statements of these transformation IDs, but those of these numbers."""


class Gathered:
    """What was gathered: the statements by number, of which `stands` tells whether they count."""

    def __init__(self, stands: Callable[[int], bool]) -> None:
        self._stands = stands
        self.statements: dict[int, Statement] = {}
        self.lots: dict[str, None] = {}
        self._transformations: set[str] = set()
        self._of: dict[str, list[Statement]] = {}
        self._processes: dict[str, list[Statement]] = {}

    @property
    def standing(self) -> list[Statement]:
        """The statements that count."""
        return [one for number, one in self.statements.items() if self._stands(number)]

    def take(self, statements: Iterable[Statement]) -> None:
        """Take in statements."""
        for one in statements:
            if one.number in self.statements:
                continue
            self.statements[one.number] = one
            if not self._stands(one.number):
                continue
            lots = {part.lot for parts in (one.inputs, one.outputs, one.things) for part in parts}
            if one.parent is not None:
                lots.add(one.parent)
            for lot in lots:
                self._of.setdefault(lot, []).append(one)
            if one.transformation is not None:
                self._processes.setdefault(one.transformation, []).append(one)

    def new_transformations(self) -> set[str]:
        """The transformation IDs whose statements were not all asked for yet."""
        new = self._processes.keys() - self._transformations
        self._transformations |= new
        return new

    def containers(self, lots: Iterable[str]) -> list[str]:
        """Those of the lots that something was put into."""
        return [lot for lot in lots if any(one.packs and one.parent == lot for one in self._of.get(lot, ()))]

    def unmade(self, lots: Iterable[str]) -> list[str]:
        """Those of the lots that nothing brought into being: whoever spoke of them first counts."""
        return [lot for lot in lots if not any(_makes(one, lot) for one in self._of.get(lot, ()))]

    def beyond(self, lot: str, direction: Direction) -> set[str]:
        """The lots that one is made of, or goes into."""
        found: set[str] = set()
        own = self._of.get(lot, [])
        packed = {one.parent for one in own if one.packs and one.parent != lot}
        for one in own:
            if one.type == "TransformationEvent":
                found |= self._through(one, lot, direction)
            elif one.packs:
                if direction == "back" and one.parent == lot:
                    found.update(part.lot for part in one.things)
                elif direction == "forward" and one.parent != lot and one.parent is not None:
                    found.add(one.parent)
            elif one.unpacks and direction == "back" and one.parent != lot and one.parent is not None:
                # Taken out of what it was not put into: it came from there.
                found.update({one.parent} - packed)
            elif one.unpacks and direction == "forward" and one.parent == lot:
                inside = {part.lot for other in own if other.packs for part in other.things}
                found.update(part.lot for part in one.things if part.lot not in inside)
        return found

    def _through(self, one: Statement, lot: str, direction: Direction) -> set[str]:
        group = self._processes.get(one.transformation or "", [one])
        near, far = ("outputs", "inputs") if direction == "back" else ("inputs", "outputs")
        if not any(part.lot == lot for part in getattr(one, near)):
            return set()
        return {part.lot for other in group for part in getattr(other, far)}


def gather(
    starts: Iterable[str],
    direction: Direction,
    of_lots: OfLots,
    otherwise: OfLots,
    of_transformations: OfTransformations,
    stands: Callable[[int], bool] = lambda number: True,
) -> Gathered:
    """All statements about these lots and everything that they are made of, or went into.

    `of_lots` reads them in the direction asked for, `otherwise` those in which lots are used up (back) or
    made (forward): back, these end the fillings of containers. `lots` of the answer are these lots, nearest
    first. A statement that does not stand leads nowhere.
    """
    gathered = Gathered(stands)
    level = list(dict.fromkeys(starts))
    gathered.lots.update(dict.fromkeys(level))
    while level:
        gathered.take(of_lots(level, gathered.statements.keys()))
        wanted = gathered.unmade(level)
        if direction == "back":
            wanted += gathered.containers(level)
        elif len(gathered.lots) > len(level):
            wanted = []  # only where it begins
        gathered.take(otherwise(wanted, gathered.statements.keys()))
        while new := gathered.new_transformations():
            gathered.take(of_transformations(new, gathered.statements.keys()))
        below: dict[str, None] = {}
        for lot in level:
            for other in sorted(gathered.beyond(lot, direction)):
                if other not in gathered.lots:
                    below[other] = None
        gathered.lots.update(below)
        level = list(below)
    return gathered


def _makes(one: Statement, lot: str) -> bool:
    made = one.outputs or (one.things if one.creates else ())
    fills = one.type == "AggregationEvent" and one.packs and one.parent == lot and bool(one.things)
    return fills or any(part.lot == lot for part in made)
