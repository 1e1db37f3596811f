"""What the trace room has to know of the crafts, taken out of their profiles."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import msgspec

from firsthand.errors import NotFound
from firsthand.events.units import convert
from firsthand.profiles import load_profile, profile_names
from firsthand.profiles.profile import Profile
from firsthand.trace.craft import AreaLimit, ClaimRule, Craft, YieldRange
from firsthand.trace.quantity import quantity
from firsthand.trace.statement import Statement

__all__ = ["craft_of", "piece_masses"]


@cache
def craft_of(name: str) -> Craft | None:
    """The craft of a profile's name; None where there is no such profile."""
    try:
        profile = load_profile(name)
    except NotFound:
        return None
    return _craft(profile)


def piece_masses() -> dict[tuple[str, str], str]:
    """By profile and step, the property that states the mass of one piece."""
    found: dict[tuple[str, str], str] = {}
    for name in profile_names():
        profile = load_profile(name)
        for step, form in profile.steps.items():
            if form.piece_mass is not None:
                found[name, step] = profile.term(form.piece_mass)
    return found


def _craft(profile: Profile) -> Craft:
    limits = {}
    for name, limit in profile.limits.items():
        most = quantity(1, limit.uom)
        square_metres = convert(1, limit.per, "MTK")
        if most is not None and square_metres is not None:
            bound = most.amount * limit.most / square_metres
            limits[limit.step] = AreaLimit(name, bound, most.unit, limit.season_days, limit.source)
    claims = {
        name: ClaimRule(claim.counts, frozenset(claim.begins), frozenset(getattr(claim, "ends", ())))
        for name, claim in profile.claims.items()
    }
    return Craft(_yields(profile), limits, claims)


def _yields(profile: Profile) -> Callable[[Statement], YieldRange | None]:
    measured = frozenset(name for name, step in profile.steps.items() if step.yields)

    def yield_of(statement: Statement) -> YieldRange | None:
        if statement.step not in measured:
            return None
        event: dict[str, Any] = msgspec.json.decode(statement.body)
        found = profile.yield_of(event)
        if found is None:
            return None
        low, high = found[1].range
        return YieldRange(found[0], Fraction(low), Fraction(high), found[1].source)

    return yield_of
