"""The lot graph: what came of what, from the statements of the journal, and how much.

A **node** is a lot or an item; a container that is filled again and again is one node for each filling, from
empty to empty. What flows into a node:

- *origin*: an ObjectEvent with action ADD says that it came into being;
- *process*: a TransformationEvent has it as output (events of one transformation ID are one process);
- *contents*: an aggregation or association put other lots into it;
- *unpacked*: it came out of a container into which nobody had put it.

Taking out what had been put in makes no edge: the lot is what it was, and what is used of the container later
is made of what was left; a container that was emptied keeps all that it held. So the graph has a circle only
where the statements have one. `back` and `forward` are the same edges read in either direction, which makes
them inverse. Nothing here depends on the order in which the statements came.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, NamedTuple

from firsthand.trace.doubles import Doubles
from firsthand.trace.findings import Finding
from firsthand.trace.quantity import KILOGRAM, Quantity, is_count, total
from firsthand.trace.statement import Part, Statement

__all__ = ["Inflow", "Link", "LotGraph", "Node", "Process"]


class Node(NamedTuple):
    """A lot or item by its canonical URI; `filling` counts the fillings of a container, from 0."""

    lot: str
    filling: int = 0


@dataclass(slots=True)
class Process:
    """One transformation: inputs and outputs with their quantities, and the statements that make it up."""

    statements: list[Statement] = field(default_factory=list)
    inputs: list[tuple[Node, Quantity | None, Statement]] = field(default_factory=list)
    outputs: list[tuple[Node, Quantity | None, Statement]] = field(default_factory=list)

    @property
    def labour(self) -> dict[str, Fraction]:
        """What the makers named with a labour share have of the outputs; the rest passes to the inputs."""
        shares: dict[str, Fraction] = {}
        for statement in self.statements:
            for maker, share in statement.makers:
                shares[maker] = shares.get(maker, Fraction(0)) + share * statement.labour
        whole = sum(shares.values(), Fraction(0))
        # Several statements of one process may together claim more than there is.
        return {maker: share / max(whole, Fraction(1)) for maker, share in shares.items() if share}


InflowKind = Literal["origin", "process", "contents", "unpacked"]


class Inflow(NamedTuple):
    """So much came into a node: from nothing, from a process, or from another node."""

    kind: InflowKind
    quantity: Quantity | None
    statement: Statement
    process: Process | None = None
    node: Node | None = None


class Link(NamedTuple):
    """An edge for people to see: one lot into another, how much, and by which events."""

    source: Node
    target: Node
    kind: InflowKind
    quantity: Quantity | None
    events: tuple[int, ...]


class LotGraph:
    """The graph of some statements: all that stand, or all that one lot leads to."""

    def __init__(self, statements: Iterable[Statement]) -> None:
        ordered = sorted(statements, key=lambda one: one.order)
        doubles = Doubles(ordered)
        self.statements: list[Statement] = doubles.kept
        self.confirming: Mapping[int, tuple[Statement, ...]] = doubles.confirming
        self.findings: list[Finding] = list(doubles.findings)
        self.unit_mass: dict[str, Quantity] = {}
        self.inflows: dict[Node, list[Inflow]] = defaultdict(list)
        self._onward: dict[Node, list[Node | Process]] = defaultdict(list)
        self._starts: dict[str, list[tuple[int, int]]] = {}
        self._by_lot: dict[str, list[Statement]] = defaultdict(list)
        self.processes: list[Process] = []
        self._inside: dict[Node, list[Inflow]] = defaultdict(list)
        self._closed: set[Node] = set()
        self._mass: dict[Node, Quantity | None] = {}
        self._build()

    # --- Asking ---------------------------------------------------------------------------------------

    def nodes(self, lot: str) -> list[Node]:
        """The nodes of a lot: one, or a container's fillings; none when no statement speaks of it."""
        if lot not in self._by_lot:
            return []
        return [Node(lot, at) for at in range(max(1, len(self._starts.get(lot, ()))))]

    def of(self, lot: str) -> list[Statement]:
        """The statements that speak of a lot, in the order of time."""
        return self._by_lot.get(lot, [])

    def sources(self, node: Node) -> list[Node]:
        """The nodes that flow into this one."""
        found: dict[Node, None] = {}
        for inflow in self.inflows.get(node, ()):
            if inflow.process is not None:
                found.update(dict.fromkeys(source for source, _, _ in inflow.process.inputs))
            elif inflow.node is not None:
                found[inflow.node] = None
        return list(found)

    def targets(self, node: Node) -> list[Node]:
        """The nodes that this one flows into."""
        found: dict[Node, None] = {}
        for onward in self._onward.get(node, ()):
            if isinstance(onward, Process):
                found.update(dict.fromkeys(target for target, _, _ in onward.outputs))
            else:
                found[onward] = None
        return list(found)

    def back(self, nodes: Iterable[Node]) -> list[Node]:
        """These nodes and everything that they are made of, nearest first."""
        return _reach(nodes, self.sources)

    def forward(self, nodes: Iterable[Node]) -> list[Node]:
        """These nodes and everything that they went into, nearest first."""
        return _reach(nodes, self.targets)

    def measure(self, node: Node, stated: Quantity | None) -> Quantity | None:
        """A stated quantity of a node as mass, where the mass of one piece or of the contents is known."""
        if stated is None or not is_count(stated.unit):
            return stated
        one = self.unit_mass.get(node.lot) or self._contents_mass(node)
        return stated if one is None else Quantity(stated.amount * one.amount, one.unit)

    def links(self, nodes: Collection[Node]) -> Iterator[Link]:
        """The edges among these nodes, each kind once for a pair."""
        among = set(nodes)
        for target in nodes:
            found: dict[tuple[Node, InflowKind], list[tuple[Quantity | None, int]]] = {}
            for inflow in self.inflows.get(target, ()):
                part = self._part(inflow)
                for source, quantity, event in _edges(inflow):
                    if source in among:
                        measured = _times(self.measure(source, quantity), part)
                        found.setdefault((source, inflow.kind), []).append((measured, event))
            for (source, kind), several in found.items():
                quantity = total(one for one, _ in several)
                yield Link(source, target, kind, quantity, tuple(dict.fromkeys(n for _, n in several)))

    def _part(self, inflow: Inflow) -> Fraction | None:
        """Of a process with several outputs, the part of its inputs that went into this one."""
        if inflow.process is None or len(inflow.process.outputs) == 1:
            return Fraction(1)
        whole = total(self.measure(node, quantity) for node, quantity, _ in inflow.process.outputs)
        own = [
            self.measure(node, quantity)
            for node, quantity, statement in inflow.process.outputs
            if statement is inflow.statement and quantity is inflow.quantity
        ]
        if whole is None or not whole.amount or not own or own[0] is None:
            return None
        return own[0].amount / whole.amount

    def node(self, lot: str, statement: Statement) -> Node:
        """The node that a statement speaks of: of a container, the filling at that time."""
        starts = self._starts.get(lot)
        if starts is None:
            return Node(lot)
        return Node(lot, max(0, bisect_right(starts, statement.order[:2]) - 1))

    # --- Building -------------------------------------------------------------------------------------

    def _build(self) -> None:
        processes: dict[str | int, Process] = {}
        fillings: dict[str, list[Statement]] = defaultdict(list)
        for statement in self.statements:
            lots = dict.fromkeys(
                part.lot
                for parts in (statement.inputs, statement.outputs, statement.things)
                for part in parts
            )
            if statement.parent is not None:
                lots[statement.parent] = None
            for lot in lots:
                self._by_lot[lot].append(statement)
            self._note_unit_mass(statement)
            if statement.type == "AggregationEvent" and statement.parent is not None:
                fillings[statement.parent].append(statement)
        for container, history in fillings.items():
            self._starts[container] = self._fillings(container, history)
        for statement in self.statements:
            if statement.type == "TransformationEvent":
                key = statement.transformation or statement.number
                self._take_process(processes.setdefault(key, Process()), statement)
            elif statement.creates:
                for part in statement.things:
                    node = self.node(part.lot, statement)
                    self.inflows[node].append(Inflow("origin", part.quantity, statement))
            elif statement.packs:
                self._take_packing(statement)
            elif statement.unpacks:
                self._take_unpacking(statement)
        for node, inside in self._inside.items():
            self._take_back(node, inside)
        self.processes = list(processes.values())
        for process in self.processes:
            self._connect(process)
        for node in list(self.inflows):
            self._settle(node)

    def _note_unit_mass(self, statement: Statement) -> None:
        if statement.unit_mass is None or statement.unit_mass.unit != KILOGRAM:
            return
        made = statement.outputs or (statement.things if statement.creates or statement.packs else ())
        for part in made:
            if part.quantity is None or is_count(part.quantity.unit):
                self.unit_mass.setdefault(part.lot, statement.unit_mass)

    def _fillings(self, container: str, history: list[Statement]) -> list[tuple[int, int]]:
        """When each filling of a container begins; it ends when nothing that was put in is left."""
        used = [one for one in self._by_lot[container] if any(part.lot == container for part in one.inputs)]
        starts: list[tuple[int, int]] = []
        inside: dict[tuple[str, str], Fraction] = {}
        for statement in sorted([*history, *used], key=lambda one: one.order):
            if statement.packs:
                if not inside:
                    starts.append(statement.order[:2])
                for key, amount in self._amounts(statement):
                    inside[key] = inside.get(key, Fraction(0)) + (amount or 0)
            elif statement.unpacks and statement.things:
                for key, amount in self._amounts(statement):
                    left = inside.get(key, Fraction(0)) - (amount or 0)
                    if amount is None or left <= 0:
                        inside.pop(key, None)
                    else:
                        inside[key] = left
            elif statement.unpacks or statement.type == "TransformationEvent":
                inside.clear()
        return starts or [(0, 0)]

    def _amounts(self, statement: Statement) -> Iterator[tuple[tuple[str, str], Fraction | None]]:
        for part in statement.things:
            quantity = self.piecewise(part)
            yield (
                ((part.lot, ""), None) if quantity is None else ((part.lot, quantity.unit), quantity.amount)
            )

    def piecewise(self, part: Part) -> Quantity | None:
        """A part's quantity, as mass where that of one piece is stated; a container is a piece."""
        return self._by_piece(part.lot, part.quantity)

    def _by_piece(self, lot: str, stated: Quantity | None) -> Quantity | None:
        one = self.unit_mass.get(lot)
        if stated is None or one is None or not is_count(stated.unit):
            return stated
        return Quantity(stated.amount * one.amount, one.unit)

    def _take_process(self, process: Process, statement: Statement) -> None:
        process.statements.append(statement)
        self._closed.update(self.node(part.lot, statement) for part in statement.inputs)
        for parts, into in ((statement.inputs, process.inputs), (statement.outputs, process.outputs)):
            for part in parts:
                into.append((self.node(part.lot, statement), part.quantity, statement))

    def _connect(self, process: Process) -> None:
        for node, quantity, statement in process.outputs:
            self.inflows[node].append(Inflow("process", quantity, statement, process))
        for source in dict.fromkeys(node for node, _, _ in process.inputs):
            self._onward[source].append(process)

    def _take_packing(self, statement: Statement) -> None:
        assert statement.parent is not None
        parent = self.node(statement.parent, statement)
        for part in statement.things:
            child = self.node(part.lot, statement)
            inflow = Inflow("contents", part.quantity, statement, None, child)
            self.inflows[parent].append(inflow)
            self._inside[parent].append(inflow)
            self._onward[child].append(parent)

    def _take_unpacking(self, statement: Statement) -> None:
        assert statement.parent is not None
        packed = {part.lot for one in self.of(statement.parent) if one.packs for part in one.things}
        parent = self.node(statement.parent, statement)
        if not statement.things:
            self._inside[parent].clear()
        for part in statement.things:
            if part.lot in packed:
                self._take_out(parent, part)
                continue
            child = self.node(part.lot, statement)
            self.inflows[child].append(Inflow("unpacked", part.quantity, statement, None, parent))
            self._onward[parent].append(child)
            text = f"{part.lot} came out of {statement.parent}, but nobody had put it in"
            self.findings.append(
                Finding(
                    "unpacked-not-packed", "info", text, (), (part.lot, statement.parent), (statement.number,)
                )
            )

    def _take_out(self, container: Node, part: Part) -> None:
        """Less is left in a container of what came out of it; of an unknown quantity nothing is."""
        if container in self._closed:
            return  # it was used up before
        out = self._by_piece(part.lot, part.quantity)
        left: list[Inflow] = []
        for inflow in self._inside[container]:
            held = self._by_piece(part.lot, inflow.quantity)
            if inflow.node is None or inflow.node.lot != part.lot or (out is not None and not out.amount):
                left.append(inflow)
            elif out is None or held is None or held.unit != out.unit:
                continue
            elif held.amount <= out.amount:
                out = Quantity(out.amount - held.amount, out.unit)
            else:
                rest = (held.amount - out.amount) / held.amount
                left.append(inflow._replace(quantity=_times(inflow.quantity, rest)))
                out = Quantity(Fraction(0), out.unit)
        self._inside[container] = left

    def _take_back(self, container: Node, inside: list[Inflow]) -> None:
        """Let a container consist of what was left in it, unless nothing was."""
        if not inside:
            return
        put_in = [one for one in self.inflows[container] if one.kind == "contents"]
        self.inflows[container] = [one for one in self.inflows[container] if one.kind != "contents"] + inside
        for gone in {one.node for one in put_in} - {one.node for one in inside}:
            assert gone is not None
            self._onward[gone] = [onward for onward in self._onward[gone] if onward != container]

    def _settle(self, node: Node) -> None:
        """Of a node that came about in several ways, keep those that add to it.

        A container is not made of the act of numbering it; an item comes into being once, so its
        transformation says all; so does that of a lot whose quantity an ObjectEvent only repeats.
        """
        inflows = self.inflows[node]
        kinds = {inflow.kind for inflow in inflows}
        origins = [inflow for inflow in inflows if inflow.kind == "origin"]
        if not origins or len(kinds) == 1:
            return
        made = [inflow for inflow in inflows if inflow.kind == "process"]
        same = total(self.measure(node, one.quantity) for one in made)
        repeats = made and same == total(self.measure(node, one.quantity) for one in origins)
        item = any(part.item for one in origins for part in one.statement.things if part.lot == node.lot)
        if "contents" in kinds or repeats or (made and item):
            self.inflows[node] = [inflow for inflow in inflows if inflow.kind != "origin"]

    def _contents_mass(self, node: Node) -> Quantity | None:
        """The mass of what was put into a container, through containers within it."""
        if node in self._mass:
            return self._mass[node]
        self._mass[node] = None  # what lies within itself weighs nothing that we know
        contents = [one for one in self.inflows.get(node, ()) if _aggregated(one)]
        mass = total(self.measure(one.node, one.quantity) for one in contents if one.node is not None)
        self._mass[node] = mass if mass is not None and mass.unit == KILOGRAM else None
        return self._mass[node]


def _aggregated(inflow: Inflow) -> bool:
    return inflow.kind == "contents" and inflow.statement.type == "AggregationEvent"


def _edges(inflow: Inflow) -> Iterator[tuple[Node, Quantity | None, int]]:
    if inflow.process is not None:
        for source, quantity, statement in inflow.process.inputs:
            yield source, quantity, statement.number
    elif inflow.node is not None:
        yield inflow.node, inflow.quantity, inflow.statement.number


def _times(quantity: Quantity | None, part: Fraction | None) -> Quantity | None:
    return None if quantity is None or part is None else Quantity(quantity.amount * part, quantity.unit)


def _reach(nodes: Iterable[Node], step: Callable[[Node], list[Node]]) -> list[Node]:
    found = dict.fromkeys(nodes)
    level = list(found)
    while level:
        below: list[Node] = []
        for node in level:
            for other in step(node):
                if other not in found:
                    found[other] = None
                    below.append(other)
        level = below
    return list(found)
