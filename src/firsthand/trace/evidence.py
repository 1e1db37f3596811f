"""How well a claim on a lot is backed: derived from statements and signatures, never typed in.

The levels, each above the one before:

- *none*: nobody states it of this part of the lot;
- *self-declared*: its issuer states it;
- *counter-signed*: a capture of another party confirms lot, quantity and date: it has captured the same
event, or
  it received, accepted or used up the lot, in the stated quantity, on the stated day or after it;
- *certified*: a credential that was valid on the day backs the claim for the lot or for who states it;
- *measured*: a party of role `device` signed it.

A claim is stated of the lots that its event brings into being, else of those that it lists. It comes in
with the material: of a mixed lot each part, by mass, has the level that it came in with, and the lot has
the weakest of them. Only where none of the parts has the claim does it begin at the lot itself. A
credential that names the lot, or a device that signs for it, speaks for all of it.

`origin` is a claim that every lot has: that it comes from where and from whom its trace ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Final, Protocol

from firsthand.trace.circles import circles
from firsthand.trace.composition import Origin, add_part, composition
from firsthand.trace.graph import LotGraph, Node
from firsthand.trace.quantity import Quantity, total
from firsthand.trace.statement import Part, Statement

__all__ = ["ORIGIN", "Certificates", "Evidence", "Level", "Witness", "claims_of", "evidence", "states"]

ORIGIN: Final = "origin"
_DAY: Final = 86_400_000_000


class Level(IntEnum):
    """How well a part is backed; the weakest has the smallest value."""

    NONE = 0
    SELF_DECLARED = 1
    COUNTER_SIGNED = 2
    CERTIFIED = 3
    MEASURED = 4

    @property
    def word(self) -> str:
        """As people read it: `counter-signed`."""
        return self.name.lower().replace("_", "-")


class Certificates(Protocol):
    """Where credentials are looked up."""

    def backing(
        self, claim: str, lot: str | None, party: str | None, time: int, number: int | None = None
    ) -> Collection[str]:
        """The IDs of the credentials, valid at that time (microseconds), that back a claim.

        For the lot (canonical URI) when `lot` is given, else for the party's own statements. They need not be
        named in the event. `number` is the statement's in the journal: what had been withdrawn before it
        backs nothing, whatever time the statement gives.
        """

    def expect(self, subjects: Collection[str], numbers: Collection[int]) -> None:
        """These lots, parties and events are asked about next: they may be read at once."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Who backs a part: who stated it in which events, who confirmed it, and by which credentials."""

    lot: str
    level: Level
    part: Fraction
    stated_by: tuple[str, ...]
    confirmed_by: tuple[str, ...]
    credentials: tuple[str, ...]
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """The backing of a claim on a lot: the weakest level of its parts, and each level's part by mass."""

    claim: str
    level: Level
    parts: dict[Level, Fraction]
    witnesses: tuple[Witness, ...]


def states(statement: Statement, lot: str, claim: str) -> bool:
    """Whether the statement makes this claim of this lot."""
    if claim not in statement.claims:
        return False
    parts = statement.outputs or statement.things
    return lot == statement.parent or any(part.lot == lot for part in parts)


def claims_of(graph: LotGraph, nodes: Iterable[Node]) -> list[str]:
    """The claims that are stated of these nodes' lots or of anything that they are made of."""
    found: dict[str, None] = {}
    for node in nodes:
        for statement in graph.of(node.lot):
            for claim in statement.claims:
                if states(statement, node.lot, claim):
                    found[claim] = None
    return sorted(found)


@dataclass(frozen=True, slots=True)
class _Own:
    """What is stated of one lot itself; `whole` says that it speaks for all that the lot is made of."""

    level: Level = Level.NONE
    stated_by: tuple[str, ...] = ()
    confirmed_by: tuple[str, ...] = ()
    credentials: tuple[str, ...] = ()
    events: tuple[int, ...] = ()
    whole: bool = False


def evidence(
    graph: LotGraph,
    nodes: Sequence[Node],
    claim: str,
    is_device: Callable[[str], bool] = lambda party: False,
    certificates: Certificates | None = None,
    concerns: Callable[[str, Statement], bool] = lambda claim, origin: True,
) -> Evidence:
    """The backing of a claim on these nodes.

    `is_device` tells whether a party has the role `device`, `concerns` whether a claim is about the material
    that a statement brings in: gold's is not about the stones.
    """
    own = {node: _own(graph, node.lot, claim, is_device, certificates) for node in graph.back(nodes)}
    ends = _beginnings(graph, nodes, own)
    made_of = composition(graph, nodes, labour=False, stop=ends.__contains__)
    parts: dict[Level, Fraction] = {}
    witnesses = []
    for origin, part in _concerned(made_of.origins, claim, concerns).items():
        # A circle ends at one of its lots: what is stated of it speaks for the circle.
        found = own[origin.node]
        add_part(parts, found.level, part)
        witnesses.append(
            Witness(
                origin.node.lot,
                found.level,
                part,
                found.stated_by,
                found.confirmed_by,
                found.credentials,
                found.events,
            )
        )
    return Evidence(claim, min(parts), dict(sorted(parts.items())), tuple(witnesses))


def _concerned(
    origins: dict[Origin, Fraction], claim: str, concerns: Callable[[str, Statement], bool]
) -> dict[Origin, Fraction]:
    """The origins that a claim is about, their parts summing to one; all of them where it is about none."""
    kept = {
        one: part for one, part in origins.items() if one.statement is None or concerns(claim, one.statement)
    }
    if len(kept) == len(origins):
        return origins
    whole = sum(kept.values(), Fraction(0))
    return {one: part / whole for one, part in kept.items()} if whole else origins


def _beginnings(graph: LotGraph, nodes: Sequence[Node], own: dict[Node, _Own]) -> set[Node]:
    """The nodes at which a claim's way back ends: it begins there, or something speaks for all of it."""
    carried: set[Node] = set()
    ends: set[Node] = set()
    for group in reversed(circles(own, graph.sources)):
        below = any(source in carried for node in group for source in graph.sources(node))
        stated = any(own[node].level for node in group)
        if any(own[node].whole for node in group) or (stated and not below):
            ends.update(group)
        if stated or below:
            carried.update(group)
    return ends


def _own(
    graph: LotGraph,
    lot: str,
    claim: str,
    is_device: Callable[[str], bool],
    certificates: Certificates | None,
) -> _Own:
    statements = [one for one in graph.of(lot) if _about(one, lot, claim)]
    if not statements:
        return _Own()
    confirmed = sorted({party for one in statements for party in _confirmed(graph, one, lot)})
    for_lot = _credentials(certificates, claim, [(lot, None, one.time, one.number) for one in statements])
    parties = [(one.default_maker, one.time, one.number) for one in statements]
    parties += [(one.issuer, one.time, one.number) for one in statements]
    for_party = _credentials(certificates, claim, [(None, *asked) for asked in parties])
    measured = any(is_device(one.issuer) for one in statements)
    level = Level.COUNTER_SIGNED if confirmed else Level.SELF_DECLARED
    if for_lot or for_party:
        level = Level.CERTIFIED
    return _Own(
        level=Level.MEASURED if measured else level,
        stated_by=tuple(sorted({one.issuer for one in statements})),
        confirmed_by=tuple(confirmed),
        credentials=(*for_lot, *for_party),
        events=tuple(one.number for one in statements),
        whole=claim != ORIGIN and (measured or bool(for_lot)),
    )


def _about(one: Statement, lot: str, claim: str) -> bool:
    if claim != ORIGIN:
        return states(one, lot, claim)
    made = one.outputs if one.type == "TransformationEvent" else one.things if one.creates else ()
    return any(part.lot == lot for part in made)


def _credentials(
    certificates: Certificates | None,
    claim: str,
    asked: Iterable[tuple[str | None, str | None, int, int]],
) -> tuple[str, ...]:
    if certificates is None:
        return ()
    return tuple(sorted({one for question in asked for one in certificates.backing(claim, *question)}))


def _confirmed(graph: LotGraph, stated: Statement, lot: str) -> Iterator[str]:
    """The other parties whose captures confirm lot, quantity and date of a statement."""
    for other in graph.confirming.get(stated.number, ()):
        if other.issuer != stated.issuer:
            yield other.issuer
    quantity = _of(graph, stated, stated.outputs or stated.things, lot)
    if quantity is None:
        return
    for other in graph.of(lot):
        if other.issuer == stated.issuer or other.time // _DAY < stated.time // _DAY:
            continue
        used = other.type == "TransformationEvent"
        if (other.receives or used) and quantity == _of(
            graph, other, other.inputs if used else other.things, lot
        ):
            yield other.issuer


def _of(graph: LotGraph, statement: Statement, parts: Iterable[Part], lot: str) -> Quantity | None:
    node = graph.node(lot, statement)
    return total(graph.measure(node, part.quantity) for part in parts if part.lot == lot)
