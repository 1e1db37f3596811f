"""Recall: every lot, pack and holder that a lot reached; holding them; and a sheet to telephone from."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput, NotFound
from firsthand.ledger.event_sql import Viewer
from firsthand.service.capture import Captured, capture_events, prepare
from firsthand.service.trace import EVERYTHING, Reader, lot_uri
from firsthand.service.workspace import Workspace
from firsthand.trace.graph import LotGraph
from firsthand.trace.holdings import Holding, holdings

__all__ = ["Recall", "hold", "recall"]

_MOST: Final = 5_000
"""Lots in one event of holding."""


@dataclass(frozen=True, slots=True)
class Recall:
    """What a lot reached. `items` are the lots that stand for single things (EPCs), of which there is one
    each.

    `holdings` are each party's, those who still have something first; then what went to consumers.
    """

    lot: str
    lots: list[str]
    items: frozenset[str]
    holdings: list[Holding]
    events: list[int]

    @property
    def held(self) -> list[Holding]:
        """What is still somewhere, as far as it was recorded."""
        return [one for one in self.holdings if not one.gone]

    @property
    def sold(self) -> list[Holding]:
        """What went to consumers."""
        return [one for one in self.holdings if one.sold]


def recall(workspace: Workspace, lot: str, *, viewer: Viewer = EVERYTHING, published: int = 0) -> Recall:
    """Everything that a lot reached, and of a container all that is in it. Raises NotFound."""
    uri = lot_uri(lot)
    reader = Reader(workspace, viewer, published)
    inside = _contents(reader, uri)
    gathered = reader.gather([uri, *inside], "forward")
    # What brought the lots into being tells how much there was of them.
    graph = LotGraph({one.number: one for one in (*gathered.standing, *reader.made(gathered.lots))}.values())
    nodes = graph.forward([node for one in (uri, *inside) for node in graph.nodes(one)])
    if not nodes:
        raise NotFound(f"no event that you may see speaks of the lot or item {uri}")
    lots = list(dict.fromkeys(node.lot for node in nodes))
    items = frozenset(
        part.lot
        for one in graph.statements
        for parts in (one.inputs, one.outputs, one.things)
        for part in parts
        if part.item
    )
    found = holdings(graph, lots)
    found.sort(key=lambda one: (one.gone, one.party, one.lot))
    events = sorted({number for one in found for number in one.events})
    return Recall(uri, lots, items.union(one.parent for one in graph.statements if one.parent), found, events)


def hold(workspace: Workspace, found: Recall, party: str) -> Captured:
    """Record, as a party of this workspace, that what is still somewhere is held: disposition `recalled`.

    One event for each holder, with the holder as `fh:holder`. Raises NotFound or Unauthorized when the party
    may not sign, InvalidInput when there is nothing to hold.
    """
    issuer = workspace.parties.find(party)
    key = workspace.held_key(issuer.keys)
    by_holder: dict[str, list[str]] = defaultdict(list)
    for one in found.held:
        by_holder[one.party].append(one.lot)
    if not by_holder:
        raise InvalidInput(
            f"nothing that {found.lot} reached is still with anybody: there is nothing to hold"
        )
    now = workspace.now()
    events = [
        _holding_event(found, holder, lots[at : at + _MOST], now)
        for holder, lots in sorted(by_holder.items())
        for at in range(0, len(lots), _MOST)
    ]
    return capture_events(workspace, prepare(events), issuer.uri, key)


def _holding_event(found: Recall, holder: str, lots: list[str], now: str) -> dict[str, Any]:
    epcs = [lot for lot in lots if lot in found.items]
    classes = [{"epcClass": lot} for lot in lots if lot not in found.items]
    return {
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            {"fh": "https://firsthand.example/ns/"},
        ],
        "type": "ObjectEvent",
        "eventTime": now,
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "holding",
        "disposition": "recalled",
        **({"epcList": epcs} if epcs else {}),
        **({"quantityList": classes} if classes else {}),
        "fh:recalledFor": found.lot,
        "fh:holder": holder,
    }


def _contents(reader: Reader, uri: str) -> list[str]:
    """What is or was in a container, at any depth."""
    graph = LotGraph(reader.gather([uri], "back").standing)
    found: dict[str, None] = {}
    waiting = graph.nodes(uri)
    while waiting:
        node = waiting.pop()
        for inflow in graph.inflows.get(node, ()):
            if inflow.kind == "contents" and inflow.node is not None and inflow.node.lot not in found:
                found[inflow.node.lot] = None
                waiting.append(inflow.node)
    return list(found)
