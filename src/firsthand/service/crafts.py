"""What the trace room has to know of the crafts, taken out of their profiles."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import msgspec

from firsthand.errors import NotFound
from firsthand.events.units import convert
from firsthand.profiles.profile import Profile
from firsthand.service.workspace import Workspace
from firsthand.trace.craft import AreaLimit, ClaimRule, Craft, YieldRange
from firsthand.trace.quantity import quantity
from firsthand.trace.statement import Statement

__all__ = ["Crafts"]


class Crafts:
    """The crafts that a workspace knows, its own profiles included; each is read once."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, Craft | None] = {}

    def of(self, name: str) -> Craft | None:
        """The craft of a profile's name; None where there is no such profile."""
        if name not in self._known:
            try:
                self._known[name] = _craft(self._workspace.profile(name))
            except NotFound:
                self._known[name] = None
        return self._known[name]

    def concerns(self, claim: str, origin: Statement) -> bool:
        """Whether a claim is about the material that a statement brings in."""
        craft = self.of(origin.profile) if origin.profile else None
        return craft is None or claim not in craft.foreign(origin.step)

    def piece_masses(self) -> dict[tuple[str, str], str]:
        """By profile and step, the property that states the mass of one piece."""
        found: dict[tuple[str, str], str] = {}
        for name in self._workspace.profile_names():
            profile = self._workspace.profile(name)
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
            told = {step.biz_step for step in profile.steps.values() if limit.area in step.elements}
            bound = most.amount * limit.most / square_metres
            limits[limit.step] = AreaLimit(
                name, bound, most.unit, limit.season_days, limit.source, tuple(sorted(told))
            )
    claims = {
        name: ClaimRule(claim.counts, frozenset(claim.begins), frozenset(claim.ends))
        for name, claim in profile.claims.items()
    }
    materials = {name: step.material for name, step in profile.steps.items() if step.material is not None}
    return Craft(_yields(profile), limits, claims, materials)


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
