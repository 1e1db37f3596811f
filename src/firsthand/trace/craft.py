"""What a balance has to know of a craft: yields, what land can bear, and where claims may begin.

These come in from a profile (`service.crafts`); a balance without them judges quantities alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    """At most `most` of `unit` for each square metre of a plot, within so many days."""

    name: str
    most: Fraction
    unit: str
    days: int
    source: str


@dataclass(frozen=True, slots=True)
class ClaimRule:
    """On which side of a step a claim's mass counts, where it may begin, and after which steps it is over.

    `input`: it comes in with the material. `output`: it is stated of what a step of `begins` does.
    """

    counts: Literal["input", "output"]
    begins: frozenset[str]
    ends: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Craft:
    """One craft; `yield_of` tells the yield that a transformation is measured by, `limits` are by step."""

    yield_of: Callable[[Statement], YieldRange | None] = lambda statement: None
    limits: Mapping[str, AreaLimit] = field(default_factory=dict)
    claims: Mapping[str, ClaimRule] = field(default_factory=dict)
