"""What a balance has to know of a craft: yields, what land can bear, and where claims may begin.

These come in from a profile (`service.crafts`); a balance without them judges quantities alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from firsthand.trace.statement import Statement

__all__ = ["AreaLimit", "ClaimRule", "Craft", "YieldRange"]


@dataclass(frozen=True, slots=True)
class YieldRange:
    """Mass out for mass in, with where the range comes from."""

    name: str
    low: Fraction
    high: Fraction
    source: str


@dataclass(frozen=True, slots=True)
class AreaLimit:
    """At most `most` of `unit` for each square metre of a plot, within so many days.

    `stated_in` are the CBV business steps in which a plot's area is stated.
    """

    name: str
    most: Fraction
    unit: str
    days: int
    source: str
    stated_in: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """On which side of a step a claim's mass counts, where it may begin, and after which steps it is over.

    `input`: it comes in with the material. `output`: it is stated of what a step does.
    """

    counts: Literal["input", "output"]
    begins: frozenset[str]
    ends: frozenset[str] = frozenset()


class Craft:
    """One craft: what a transformation should yield, limits and materials by step, claims by name."""

    def __init__(
        self,
        yield_of: Callable[[Statement], YieldRange | None] = lambda statement: None,
        limits: Mapping[str, AreaLimit] | None = None,
        claims: Mapping[str, ClaimRule] | None = None,
        materials: Mapping[str, str] | None = None,
    ) -> None:
        self.yield_of = yield_of
        self.limits = limits or {}
        self.claims = claims or {}
        self._foreign: dict[str, tuple[str, ...]] = {}
        for step, material in (materials or {}).items():
            about = {
                name: {(materials or {}).get(begin) for begin in rule.begins} - {None}
                for name, rule in self.claims.items()
                if rule.counts == "input"
            }
            self._foreign[step] = tuple(name for name, own in about.items() if own and material not in own)

    def foreign(self, step: str) -> tuple[str, ...]:
        """The claims that are not about the material which a step brings in, and which it does not dilute.

        A stone is no metal: it takes nothing from what is said of a ring's gold.
        """
        return self._foreign.get(step, ())
