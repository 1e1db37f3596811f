"""The custody model of a lot, derived from the graph, with the reason (terms of ISO 22095:2020).

- *identity preserved*: all of it comes from one origin;
- *segregated*: it is mixed, and every part has the characteristics that are stated of the whole;
- *mass balance*: it is mixed with what has not, or with what is of unknown origin.

The characteristics are the claims stated of the lot, and that its origin is known.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from firsthand.trace.composition import Composition, add_part, composition
from firsthand.trace.evidence import Level, evidence, states
from firsthand.trace.graph import LotGraph, Node
from firsthand.trace.statement import Statement

__all__ = ["Custody", "CustodyModel", "custody"]

CustodyModel = Literal["identity preserved", "segregated", "mass balance"]


@dataclass(frozen=True, slots=True)
class Custody:
    """The model, why, and the origins by lot with their parts by mass."""

    model: CustodyModel
    reason: str
    origins: dict[str, Fraction]


def custody(
    graph: LotGraph,
    nodes: Sequence[Node],
    concerns: Callable[[str, Statement], bool] = lambda claim, origin: True,
    made_of: Composition | None = None,
) -> Custody:
    """The custody model of these nodes of one lot; `concerns` as `evidence` has it.

    `made_of` is their composition without labour where it is known already.
    """
    made_of = made_of or composition(graph, nodes, labour=False)
    origins: dict[str, Fraction] = {}
    unknown = Fraction(0)
    for origin, part in made_of.origins.items():
        add_part(origins, origin.node.lot, part)
        if origin.statement is None:
            unknown += part
    if any(finding.kind == "cycle" for finding in made_of.findings):
        reason = "it is made of lots that are made of each other, so its parts cannot be told"
        return Custody("mass balance", reason, origins)
    if len(origins) == 1:
        (lot,) = origins
        if unknown:
            return Custody("mass balance", f"nobody stated where {lot} came from", origins)
        return Custody("identity preserved", f"all of it comes from {lot}", origins)
    if unknown:
        reason = f"{_percent(unknown)} of it is of unknown origin"
        return Custody("mass balance", reason, origins)
    for claim in _stated(graph, nodes):
        without = evidence(graph, nodes, claim, concerns=concerns).parts.get(Level.NONE)
        if without:
            reason = f"{claim} is stated of it, and {_percent(without)} of it came in without"
            return Custody("mass balance", reason, origins)
    reason = f"it is mixed of {len(origins)} known origins that are alike in its claims"
    return Custody("segregated", reason, origins)


def _stated(graph: LotGraph, nodes: Sequence[Node]) -> list[str]:
    """The claims that are stated of the lot itself."""
    return sorted(
        {
            claim
            for node in nodes
            for one in graph.of(node.lot)
            for claim in one.claims
            if states(one, node.lot, claim)
        }
    )


def _percent(part: Fraction) -> str:
    return f"{float(part):.1%}"
