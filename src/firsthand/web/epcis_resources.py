"""The top-level resources: what the repository knows of event types, EPCs, steps, places, dispositions."""

from __future__ import annotations

from typing import Final

from firsthand.errors import NotFound
from firsthand.service.epcis_output import CONTEXT
from firsthand.service.resources import EVENT_TYPES, known, resource_names
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.epcis_events import RESOURCE_PARAMETERS

__all__ = ["TOP_LEVEL", "delete_token", "get_names", "get_one", "get_root"]

TOP_LEVEL: Final = (
    "events",
    "eventTypes",
    "epcs",
    "bizSteps",
    "bizLocations",
    "readPoints",
    "dispositions",
    "capture",
    "queries",
)


def get_root(call: Call) -> Answer:
    """The list of top-level resources."""
    call.only()
    return _collection(list(TOP_LEVEL))


def get_names(call: Call) -> Answer:
    """The names of one resource that the sender may know."""
    call.only("perPage", "nextPageToken")
    resource = call.path.split("/")[1]
    state = call.page_state()
    after = str(state[0]) if state else ""
    server = call.server
    viewer = call.sender.viewer
    names, last = resource_names(
        server.workspace.engine, resource, viewer, server.published(), after, call.per_page
    )
    if resource == "eventTypes" and state is None:
        names = [*EVENT_TYPES, *(name for name in names if name not in EVENT_TYPES)]
    elif resource == "eventTypes":
        names = [name for name in names if name not in EVENT_TYPES]
    return _collection(names, call.next_page([last]) if last is not None else None)


def get_one(call: Call) -> Answer:
    """What there is below one name: its events."""
    call.only("perPage", "nextPageToken")
    resource = call.path.split("/")[1]
    value = call.names[RESOURCE_PARAMETERS[resource][0]]
    server = call.server
    if not known(server.workspace.engine, resource, value, call.sender.viewer, server.published()):
        raise NotFound(f"no event that you may see speaks of {value}")
    return _collection(["events"])


def delete_token(call: Call) -> Answer:
    """Release a page token."""
    call.only()
    call.server.tokens.release(call.names["token"])
    return Answer(204)


def _collection(members: list[str], headers: dict[str, str] | None = None) -> Answer:
    return json_answer({"@context": CONTEXT, "type": "Collection", "member": members}, 200, headers)
