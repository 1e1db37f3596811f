"""Traces, recalls and balances over HTTP, of the events that the sender may see."""

from __future__ import annotations

from typing import Final

from firsthand.service.balance import balance, lot_balance, time_of
from firsthand.service.recall import recall
from firsthand.service.trace import Reader, Trace, trace_back, trace_forward
from firsthand.service.trace_output import balance_document, recall_document, trace_document
from firsthand.trace.picture import picture
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = ["get_balance", "get_lot_balance", "get_picture", "get_recall", "get_trace"]

LONGEST_CLAIM: Final = 64
_SVG: Final = "image/svg+xml"


def get_trace(call: Call) -> Answer:
    """A lot traced back to its origins, or forward to every pack"""
    call.only("direction")
    return json_answer(trace_document(_trace(call)))


def get_picture(call: Call) -> Answer:
    """A trace as a picture"""
    call.only("direction")
    found = _trace(call)
    names = _names(call)
    drawn = picture(found.graph, found.nodes, found.links, found.lot, names, frozenset([found.lot]))
    return Answer(200, drawn.encode(), _SVG)


def get_recall(call: Call) -> Answer:
    """Every lot and holder that a lot reached"""
    call.only()
    server = call.server
    viewer, published = call.sender.viewer, server.published()
    found = recall(server.workspace, call.names["lot"], viewer=viewer, published=published)
    return json_answer(recall_document(found, _names(call)))


def get_lot_balance(call: Call) -> Answer:
    """What came into a lot and left it, with findings"""
    call.only()
    server = call.server
    viewer, published = call.sender.viewer, server.published()
    found = lot_balance(server.workspace, call.names["lot"], viewer=viewer, published=published)
    return json_answer(balance_document(found, Reader(server.workspace, viewer, published)))


def get_balance(call: Call) -> Answer:
    """What came in and went out in a season, for a party or of a claim, with findings"""
    call.only("since", "until", "party", "claim")
    server = call.server
    viewer, published = call.sender.viewer, server.published()
    found = balance(
        server.workspace,
        since=time_of(call.parameter("since")),
        until=time_of(call.parameter("until")),
        party=call.uri_parameter("party"),
        claim=call.parameter("claim", LONGEST_CLAIM),
        viewer=viewer,
        published=published,
    )
    return json_answer(balance_document(found, Reader(server.workspace, viewer, published)))


def _trace(call: Call) -> Trace:
    direction = call.parameter("direction") or "back"
    if direction not in ("back", "forward"):
        raise Problem(400, "QueryParameterException", "direction: expected back or forward")
    server = call.server
    trace = trace_back if direction == "back" else trace_forward
    return trace(server.workspace, call.names["lot"], viewer=call.sender.viewer, published=server.published())


def _names(call: Call) -> dict[str, str]:
    return {party.uri: party.name for party in call.server.workspace.parties.current().parties()}
