"""Named queries and their subscriptions by webhook."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from firsthand.errors import InvalidInput
from firsthand.events.query import QueryParameterError
from firsthand.service import named_queries, subscriptions
from firsthand.service.named_queries import NamedQuery
from firsthand.service.subscriptions import subscription_document
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = [
    "delete_query",
    "delete_subscription",
    "get_queries",
    "get_query",
    "get_subscription",
    "get_subscriptions",
    "post_query",
    "post_redelivery",
    "post_subscription",
]


def get_queries(call: Call) -> Answer:
    """The sender's queries, by name."""
    call.only("perPage", "nextPageToken")
    state = call.page_state()
    size = call.per_page
    after = str(state[0]) if state else ""
    found = named_queries.list_queries(call.server.workspace, call.sender, after, size + 1)
    headers = call.next_page([found[size - 1].name]) if len(found) > size else {}
    return json_answer([_document(query) for query in found[:size]], 200, headers)


def post_query(call: Call) -> Answer:
    """Keep a query under a name."""
    call.only()
    body = call.json_body()
    unknown = sorted(set(body) - {"name", "query"})
    if unknown or type(body.get("name")) is not str or type(body.get("query")) is not dict:
        raise Problem(400, "ValidationException", "expected an object with `name` and `query`, an object")
    made = named_queries.create_query(call.server.workspace, call.sender, body["name"], body["query"])
    return json_answer(_document(made), 201, {"Location": f"{call.base_url}/queries/{quote(made.name)}"})


def get_query(call: Call) -> Answer:
    """One query's definition."""
    call.only()
    return json_answer(_document(named_queries.find_query(call.server.workspace, call.sender, _name(call))))


def delete_query(call: Call) -> Answer:
    """Delete a query; its subscriptions end with it."""
    call.only()
    named_queries.delete_query(call.server.workspace, call.sender, _name(call))
    return Answer(204)


def get_subscriptions(call: Call) -> Answer:
    """A query's subscriptions."""
    call.only("perPage", "nextPageToken")
    state = call.page_state()
    size = call.per_page
    after = str(state[0]) if state else ""
    workspace = call.server.workspace
    found = subscriptions.list_subscriptions(workspace, call.sender, _name(call), after, size + 1)
    headers = call.next_page([found[size - 1].id]) if len(found) > size else {}
    return json_answer([subscription_document(workspace, one) for one in found[:size]], 200, headers)


def post_subscription(call: Call) -> Answer:
    """Subscribe a webhook."""
    call.only()
    body = call.json_body()
    workspace = call.server.workspace
    try:
        made = subscriptions.subscribe(workspace, call.sender, _name(call), body, call.epc_format)
    except QueryParameterError:
        raise
    except InvalidInput as error:
        raise Problem(400, "SubscriptionControlsException", str(error)) from None
    location = f"{call.base_url}/queries/{quote(made.query)}/subscriptions/{made.id}"
    return json_answer(subscription_document(workspace, made), 201, {"Location": location})


def get_subscription(call: Call) -> Answer:
    """One subscription, with how far it is and what was given up."""
    call.only()
    workspace = call.server.workspace
    return json_answer(subscription_document(workspace, _find(call)))


def delete_subscription(call: Call) -> Answer:
    """End a subscription."""
    call.only()
    workspace = call.server.workspace
    subscriptions.unsubscribe(workspace, call.sender, _name(call), call.names["subscriptionID"])
    return Answer(204)


def post_redelivery(call: Call) -> Answer:
    """Deliver everything from the first dead letter on again."""
    call.only()
    workspace = call.server.workspace
    count = subscriptions.redeliver(workspace, call.sender, _name(call), call.names["subscriptionID"])
    return json_answer({"deadLetters": count})


def _find(call: Call) -> subscriptions.Subscription:
    subscription = call.names["subscriptionID"]
    return subscriptions.find_subscription(call.server.workspace, call.sender, _name(call), subscription)


def _name(call: Call) -> str:
    return call.names["queryName"]


def _document(query: NamedQuery) -> dict[str, Any]:
    return {"name": query.name, "query": query.document, "createdAt": query.created}
