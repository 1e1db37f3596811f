"""What a lot is made of: the part of each origin in it, by mass, exactly; and so each maker's share.

A lot is the mixture of all that came into it, so whatever is taken out of it, lost or sold, has the same
composition: loss is carried proportionally. From the lot asked for, weights flow back: what came into a node
divides its weight by mass (or by another measure that all of it has), and a transformation passes its
weight on to its inputs, after its makers' labour share. The weights of all origins sum to exactly one.

Where quantities are missing or cannot be compared, the inflows count equally, and a finding says so. Lots in
a circle count as one mixture of what came into the circle from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Final, TypeVar

from firsthand.trace.circles import circle_finding, circles, flows_from
from firsthand.trace.findings import Finding
from firsthand.trace.graph import Inflow, LotGraph, Node, Process
from firsthand.trace.quantity import Quantity
from firsthand.trace.statement import Statement

__all__ = ["Composition", "Origin", "add_part", "composition", "shares"]

_ZERO: Final = Fraction(0)
_K = TypeVar("_K")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a trace ends: a node, and the statement that brought it into being, None when there is none."""

    node: Node
    statement: Statement | None


@dataclass(slots=True)
class Composition:
    """Parts of one, summing to exactly one with `labour`; `findings` say what had to be assumed."""

    origins: dict[Origin, Fraction] = field(default_factory=dict)
    labour: dict[str, Fraction] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def add_part(parts: dict[_K, Fraction], of: _K, part: Fraction) -> None:
    """Add a part to what is there of the same; the first stands as it is."""
    before = parts.get(of)
    parts[of] = part if before is None else before + part


def shares(graph: LotGraph, nodes: Sequence[Node], made_of: Composition | None = None) -> dict[str, Fraction]:
    """Each maker's share of these nodes together, by party URI, summing to exactly one.

    `made_of` is their composition where it is known already. An origin that nobody stated counts as made by
    whoever first spoke of the lot. Raises KeyError for none.
    """
    found: dict[str, Fraction] = {}
    made_of = made_of or composition(graph, nodes)
    for maker, weight in made_of.labour.items():
        add_part(found, maker, weight)
    for origin, weight in made_of.origins.items():
        if origin.statement is not None:
            for maker, share in origin.statement.origin_makers:
                add_part(found, maker, weight * share)
        else:
            # A circle without beginning is by whoever first said how it was made.
            inflows = graph.inflows.get(origin.node)
            first = min((one.statement for one in inflows), key=lambda one: one.order) if inflows else None
            add_part(found, (first or graph.of(origin.node.lot)[0]).default_maker, weight)
    return dict(sorted(found.items()))


def composition(
    graph: LotGraph,
    nodes: Sequence[Node],
    *,
    labour: bool = True,
    stop: Callable[[Node], bool] = lambda node: False,
) -> Composition:
    """What these nodes together are made of.

    With `labour` false, all passes to the inputs by mass. Where `stop` holds of a node, it counts as an
    origin.
    """
    found = Composition()
    walk = _Walk(graph, found, labour, stop)
    for node, weight in zip(nodes, walk.split_nodes(nodes), strict=True):
        add_part(walk.weights, node, weight)
    for group in circles(graph.back(nodes), graph.sources):
        walk.pass_on(group)
    return found


class _Walk:
    """The weights of the nodes, passed on group by group, each after all that it flows into."""

    def __init__(
        self, graph: LotGraph, found: Composition, labour: bool, stop: Callable[[Node], bool]
    ) -> None:
        self._graph = graph
        self._found = found
        self._labour = labour
        self._stop = stop
        self.weights: dict[Node, Fraction] = {}

    def pass_on(self, group: list[Node]) -> None:
        weight = self.weights.pop(group[0], _ZERO)
        for node in group[1:]:
            weight += self.weights.pop(node, _ZERO)
        if not weight:
            return
        if any(self._stop(node) for node in group):
            node = min(group)
            statements = self._graph.of(node.lot)
            add_part(self._found.origins, Origin(node, statements[0] if statements else None), weight)
            return
        inside = set(group)
        inflows = [one for node in group for one in _material(self._graph, node)]
        if len(group) > 1 or group[0] in self._graph.sources(group[0]):
            self._found.findings.append(circle_finding(self._graph, group))
            inflows = [one for one in inflows if not inside.intersection(flows_from(one))]
        if not inflows:
            add_part(self._found.origins, Origin(min(group), None), weight)
            return
        sides = [(one.node, one.quantity, one.statement) for one in inflows]
        for inflow, part in zip(inflows, self._split(weight, min(group), sides, group), strict=True):
            self._into(inflow, part, min(group))

    def _into(self, inflow: Inflow, weight: Fraction, node: Node) -> None:
        if inflow.process is not None and inflow.process.inputs:
            self._through(inflow.process, weight)
        elif inflow.node is not None:
            add_part(self.weights, inflow.node, weight)
        else:
            add_part(self._found.origins, Origin(node, inflow.statement), weight)

    def _through(self, process: Process, weight: Fraction) -> None:
        passed = weight
        if self._labour:
            for maker, share in process.labour.items():
                add_part(self._found.labour, maker, weight * share)
                passed -= weight * share
        parts = self._split(passed, None, process.inputs, ())
        for (source, _, _), part in zip(process.inputs, parts, strict=True):
            add_part(self.weights, source, part)

    def split_nodes(self, nodes: Sequence[Node]) -> list[Fraction]:
        """The weights of several nodes asked for at once: a container's fillings count equally."""
        return [Fraction(1, len(nodes))] * len(nodes)

    def _split(
        self,
        weight: Fraction,
        into: Node | None,
        parts: Sequence[tuple[Node | None, Quantity | None, Statement]],
        group: Sequence[Node],
    ) -> list[Fraction]:
        """The weight of each, by what all of them are measured in; equal weights where nothing is."""
        if len(parts) == 1:
            return [weight]
        measured = [self._graph.measure(node or into or group[0], quantity) for node, quantity, _ in parts]
        units = {one.unit for one in measured if one is not None}
        whole = sum((one.amount for one in measured if one is not None), _ZERO)
        if None not in measured and len(units) == 1 and whole:
            each = weight / whole
            return [one.amount * each for one in measured if one is not None]
        self._assume(into, parts, measured)
        return [weight / len(parts)] * len(parts)

    def _assume(
        self,
        into: Node | None,
        parts: Sequence[tuple[Node | None, Quantity | None, Statement]],
        measured: Sequence[Quantity | None],
    ) -> None:
        lots = tuple(dict.fromkeys(node.lot for node, _, _ in parts if node is not None))
        events = tuple(sorted({statement.number for _, _, statement in parts}))
        named = tuple(
            ((node or into).lot, one)  # type: ignore[union-attr]
            for (node, _, _), one in zip(parts, measured, strict=True)
            if one is not None and (node or into) is not None
        )
        missing = any(one is None for one in measured)
        kind = "quantity-missing" if missing else "incompatible-units"
        reason = "not all quantities are stated" if missing else "the quantities cannot be compared"
        text = f"{reason} of what was mixed: each counts as an equal part"
        self._found.findings.append(
            Finding(kind, "warning", text, named, lots or ((into.lot,) if into else ()), events)
        )


def _material(graph: LotGraph, node: Node) -> list[Inflow]:
    """The inflows that the node is made of: what is only fixed to it is not, unless there is nothing else."""
    inflows = graph.inflows.get(node, [])
    return [one for one in inflows if one.statement.type != "AssociationEvent"]
