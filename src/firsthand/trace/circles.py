"""Circles: lots that are made of each other. Nothing real is so; somebody mistyped, or hides something."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from firsthand.trace.findings import Finding
from firsthand.trace.graph import Inflow, LotGraph, Node

__all__ = ["circle_finding", "circle_findings", "circles", "flows_from"]


def circle_findings(graph: LotGraph, nodes: Sequence[Node]) -> Iterator[Finding]:
    """A finding for each circle among what these nodes are made of."""
    for group in circles(graph.back(nodes), graph.sources):
        if len(group) > 1 or group[0] in graph.sources(group[0]):
            yield circle_finding(graph, group)


def circle_finding(graph: LotGraph, group: Collection[Node]) -> Finding:
    """The finding for one circle, with the events that close it."""
    lots = tuple(sorted({node.lot for node in group}))
    inside = set(group)
    events: set[int] = set()
    for node in group:
        for inflow in graph.inflows[node]:
            if inside.intersection(flows_from(inflow)):
                events.add(inflow.statement.number)
    text = f"{', '.join(lots)}: made of each other, or of itself; it counts as one mixture"
    return Finding("cycle", "error", text, (), lots, tuple(sorted(events)))


def flows_from(inflow: Inflow) -> Sequence[Node]:
    """The nodes that an inflow comes from."""
    if inflow.process is not None:
        return [node for node, _, _ in inflow.process.inputs]
    return () if inflow.node is None else (inflow.node,)


def circles(nodes: Iterable[Node], step: Callable[[Node], list[Node]]) -> list[list[Node]]:
    """The strongly connected groups of these nodes (Tarjan 1972), each before what it leads to."""
    index: dict[Node, int] = {}
    low: dict[Node, int] = {}
    stack: list[Node] = []
    on_stack: set[Node] = set()
    groups: list[list[Node]] = []
    for start in nodes:
        if start in index:
            continue
        work: list[tuple[Node, list[Node]]] = [(start, step(start))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, ahead = work[-1]
            if ahead:
                other = ahead.pop()
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    on_stack.add(other)
                    work.append((other, step(other)))
                elif other in on_stack:
                    low[node] = min(low[node], index[other])
                continue
            work.pop()
            if work:
                low[work[-1][0]] = min(low[work[-1][0]], low[node])
            if low[node] == index[node]:
                group: list[Node] = []
                while not group or group[-1] != node:
                    group.append(stack.pop())
                    on_stack.discard(group[-1])
                groups.append(group)
    groups.reverse()
    return groups
