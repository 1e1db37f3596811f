"""The query interface: /events and everything that answers with a list of events."""

from __future__ import annotations

from urllib.parse import parse_qsl

from firsthand.errors import NotFound
from firsthand.events.formats import is_uri
from firsthand.events.query import Query, parse_parameters
from firsthand.ledger.event_search import Cursor
from firsthand.service.epcis_output import query_document
from firsthand.service.named_queries import find_query
from firsthand.service.resources import known
from firsthand.web.calls import JSON, Answer, Call
from firsthand.web.problems import Problem

__all__ = ["events_page", "get_event", "get_events", "get_named_events", "get_resource_events", "prefixes_of"]

RESOURCE_PARAMETERS = {
    "eventTypes": ("eventType", "eventType"),
    "epcs": ("epc", "MATCH_anyEPC"),
    "bizSteps": ("bizStep", "EQ_bizStep"),
    "bizLocations": ("bizLocation", "EQ_bizLocation"),
    "readPoints": ("readPoint", "EQ_readPoint"),
    "dispositions": ("disposition", "EQ_disposition"),
}
"""Each top-level resource: the name in its path, and the condition that it stands for."""

_PAGING = ("perPage", "nextPageToken")


def get_events(call: Call) -> Answer:
    """All events that match the query string."""
    return events_page(call, _query(call), "SimpleEventQuery")


def get_resource_events(call: Call) -> Answer:
    """The events of one event type, EPC, step, place or disposition."""
    resource = call.path.split("/")[1]
    name, parameter = RESOURCE_PARAMETERS[resource]
    value = call.names[name]
    server = call.server
    if not known(server.workspace.engine, resource, value, call.sender.viewer, server.published()):
        raise NotFound(f"no event that you may see speaks of {value}")
    return events_page(call, _query(call).also(parameter, value), "SimpleEventQuery")


def get_event(call: Call) -> Answer:
    """The events of one event ID: itself and its error declarations."""
    call.only()
    if not is_uri(call.names["eventID"]):
        raise NotFound(f"{call.names['eventID'][:100]} is no event ID")
    query = parse_parameters([]).also("EQ_eventID", call.names["eventID"])
    server = call.server
    page = server.search.page(query, call.sender.viewer, server.published(), 1_000)
    if not page.events:
        raise NotFound(f"there is no event {call.names['eventID']}")
    body = query_document(page.events, call.epc_format, server.workspace.now(), "SimpleEventQuery")
    return Answer(200, body, JSON)


def get_named_events(call: Call) -> Answer:
    """The events that match a named query."""
    call.only(*_PAGING)
    name = call.names["queryName"]
    return events_page(call, find_query(call.server.workspace, call.sender, name).query, name)


def events_page(call: Call, query: Query, name: str) -> Answer:
    """One page of a query's events."""
    state = call.page_state()
    cursor = None
    if state is not None:
        key, number, until, left = state
        cursor = Cursor(int(key or 0), int(number or 0), int(until or 0), None if left is None else int(left))
    server = call.server
    page = server.search.page(query, call.sender.viewer, server.published(), call.per_page, cursor)
    headers = {}
    if page.more is not None:
        headers = call.next_page([page.more.key, page.more.number, page.more.until, page.more.left])
    body = query_document(page.events, call.epc_format, server.workspace.now(), name)
    return Answer(200, body, JSON, headers)


def _query(call: Call) -> Query:
    return parse_parameters([pair for pair in call.query if pair[0] not in _PAGING], prefixes_of(call))


def prefixes_of(call: Call) -> dict[str, str]:
    """The namespace prefixes that the `GS1-Extensions` header declares: `prefix=URI, …`."""
    found: dict[str, str] = {}
    for part in call.headers.get("gs1-extensions", "").split(","):
        prefix, separator, uri = part.strip().partition("=")
        if separator and prefix and uri:
            found[prefix.strip()] = uri.strip()
        elif part.strip():
            raise Problem(
                400, "ValidationException", "GS1-Extensions: expected prefix=URI, divided by commas"
            )
    return found


def pairs_of(query_string: str) -> list[tuple[str, str]]:
    """A query string's parameters, decoded. Raises Problem when there are more than a thousand."""
    try:
        return parse_qsl(query_string, keep_blank_values=True, max_num_fields=1_000, errors="strict")
    except ValueError:
        raise Problem(400, "QueryParameterException", "the query string cannot be read") from None
