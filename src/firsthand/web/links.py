"""Links of items over HTTP: set and removed by the party that the API key speaks for."""

from __future__ import annotations

from typing import Any, Final

from firsthand.service.links import (
    NewLink,
    add_link,
    find_by_id,
    item_uri,
    link_value,
    links_of,
    party_links,
    remove_link,
)
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = ["delete_link", "get_link", "get_links", "post_link"]

_TEXTS: Final = {
    "item": "item",
    "linkType": "link_type",
    "href": "href",
    "title": "title",
    "type": "media",
    "hreflang": "language",
    "context": "context",
}
_NEEDED: Final = ("item", "linkType", "href", "title")


def get_links(call: Call) -> Answer:
    """The links of an item, or those that the sender's party set; an admin's are all."""
    call.only("item", "perPage", "nextPageToken")
    state = call.page_state()
    workspace, item = call.server.workspace, call.parameter("item")
    after = str(state[0]) if state else ""
    if item is not None:
        kept = sorted(
            (one for one in links_of(workspace, [item_uri(item)]) if one.id > after), key=lambda one: one.id
        )
    elif call.sender.may("admin"):
        kept = party_links(workspace, None, after, call.per_page + 1)
    else:
        kept = party_links(workspace, call.sender.party or "", after, call.per_page + 1)
    page = kept[: call.per_page]
    headers = call.next_page([page[-1].id]) if len(kept) > len(page) else {}
    return json_answer({"links": [link_value(one) for one in page]}, 200, headers)


def get_link(call: Call) -> Answer:
    """One link"""
    call.only()
    return json_answer(link_value(find_by_id(call.server.workspace, call.names["linkID"])))


def post_link(call: Call) -> Answer:
    """Set a link of an item as the sender's party"""
    call.only()
    made = add_link(call.server.workspace, _party(call), _wanted(call.json_body()))
    return json_answer(link_value(made), 201, {"Location": f"{call.base_url}/links/{made.id}"})


def delete_link(call: Call) -> Answer:
    """Remove a link of an item as the sender's party"""
    call.only()
    remove_link(call.server.workspace, _party(call), call.names["linkID"])
    return Answer(204)


def _wanted(body: dict[str, Any]) -> NewLink:
    unknown = sorted(set(body) - {*_TEXTS, "default"})
    missing = [name for name in _NEEDED if name not in body]
    if unknown or missing:
        raise Problem(
            400,
            "ValidationException",
            f"expected {', '.join(_NEEDED)}; missing {missing}, unknown {unknown}"[:500],
        )
    for name in _TEXTS:
        if type(body.get(name, "")) is not str:
            raise Problem(400, "ValidationException", f"{name}: expected a string")
    if type(body.get("default", False)) is not bool:
        raise Problem(400, "ValidationException", "default: expected true or false")
    texts = {ours: body[name] for name, ours in _TEXTS.items() if name in body}
    return NewLink(**texts, is_default=body.get("default", False))


def _party(call: Call) -> str:
    party = call.sender.party
    if party is None:
        raise Problem(403, "SecurityException", "this API key speaks for no party; links are a party's")
    return party
