"""Harvests against the area of their plot, and the same harvest under two names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final

from firsthand.trace.accounts import Ticks, of_ticks
from firsthand.trace.craft import AreaLimit
from firsthand.trace.findings import Finding
from firsthand.trace.quantity import Quantity
from firsthand.trace.statement import Statement

__all__ = ["HarvestBook"]

_DAY: Final = 86_400_000_000
_SQUARE_METRE: Final = "MTK"


@dataclass(slots=True)
class _Plot:
    limit: AreaLimit
    harvests: list[tuple[int, Ticks, int]] = field(default_factory=list)


class HarvestBook:
    """What each plot bore, by its place (readPoint), and the area that was stated of it."""

    def __init__(self) -> None:
        self._plots: dict[str, _Plot] = {}
        self._areas: dict[str, Fraction] = {}
        self._seen: dict[int, tuple[str, int]] = {}
        self._findings: list[Finding] = []

    def state_area(self, place: str, area: Quantity) -> None:
        """A place's area; the last word counts."""
        if area.unit == _SQUARE_METRE:
            self._areas[place] = area.amount

    def without_area(self) -> dict[str, AreaLimit]:
        """The limits of the plots that bore something and whose area nobody stated yet."""
        return {place: plot.limit for place, plot in self._plots.items() if place not in self._areas}

    def add(self, one: Statement, unit: str, amount: Ticks, limit: AreaLimit) -> None:
        """So much was harvested."""
        if one.place is None or unit != limit.unit:
            return
        plot = self._plots.get(one.place)
        if plot is None:
            plot = self._plots[one.place] = _Plot(limit)
        plot.harvests.append((one.time, amount, one.number))

    def compare(self, one: Statement, amounts: tuple[Ticks, ...]) -> None:
        """Whether another party recorded it under another name: same maker, place, day and quantity."""
        if one.place is None or one.things[0].item:
            return
        makers = one.makers or one.default_maker
        key = hash((one.place, one.time // _DAY, amounts, makers, one.step))
        seen = self._seen.get(key)
        if seen is None:
            self._seen[key] = (one.issuer, one.number)
            return
        issuer, number = seen
        if issuer != one.issuer:
            lots = tuple(part.lot for part in one.things)
            text = (
                f"{issuer} and {one.issuer} recorded the same quantity of the same maker, place and day "
                "under different names: one delivery, perhaps, and counted twice"
            )
            parties, events = (issuer, one.issuer), (number, one.number)
            self._findings.append(
                Finding("delivery-recorded-twice", "warning", text, (), lots, events, parties)
            )

    def findings(self) -> Iterator[Finding]:
        """The plots that bore more than their area can, within the days of the limit."""
        yield from self._findings
        for place, plot in self._plots.items():
            area = self._areas.get(place)
            if area is None:
                continue
            most = area * plot.limit.most
            heaviest, events = _heaviest(plot.harvests, plot.limit.days * _DAY)
            found = of_ticks(heaviest, plot.limit.unit)
            if found.amount > most:
                bound = Quantity(most, plot.limit.unit)
                numbers = (("harvested", found), ("limit", bound), ("area", Quantity(area, _SQUARE_METRE)))
                text = f"{place} bore {found} within {plot.limit.days} days; its area can bear {bound}"
                yield Finding("harvest-above-limit", "error", text, numbers, (), events)


def _heaviest(harvests: list[tuple[int, Ticks, int]], span: int) -> tuple[Ticks, tuple[int, ...]]:
    """The most that was harvested within any such span of time (microseconds), and by which events."""
    best: Ticks = 0
    inside: tuple[int, int] = (0, 0)
    total: Ticks = 0
    first = 0
    for last, (time, amount, _) in enumerate(harvests):
        total += amount
        while time - harvests[first][0] >= span:
            total -= harvests[first][1]
            first += 1
        if total > best:
            best, inside = total, (first, last + 1)
    return best, tuple(number for _, _, number in harvests[inside[0] : inside[1]])
