"""Subscriptions by webhook: who is told of a named query's new events, where, when, and how far they are.

`position` is the first event not looked at; it moves only when the receiver has said yes, or when a
delivery was given up and put among the dead letters. So delivery is at least once and in order.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import uuid4

import msgspec
from sqlalchemy import delete, func, select, text, update

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.events.instants import microseconds, timestamp_text
from firsthand.journal.database import reading
from firsthand.ledger.event_sql import journal_end
from firsthand.service.api_keys import Principal
from firsthand.service.epcis_output import EPC_FORMATS
from firsthand.service.named_queries import find_query
from firsthand.service.schedule import Schedule, parse_schedule
from firsthand.service.tables import DEAD_LETTER, SUBSCRIPTION
from firsthand.service.webhooks import check_url
from firsthand.service.workspace import Workspace

__all__ = [
    "Subscription",
    "find_subscription",
    "list_subscriptions",
    "redeliver",
    "subscribe",
    "subscription_document",
    "unsubscribe",
]

_MOST: Final = 1_000
_MEMBERS: Final = frozenset(
    ("dest", "signatureToken", "initialRecordTime", "stream", "schedule", "reportIfEmpty", "epcFormat")
)
FIRST_BATCH: Final = 100


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription's terms and state; times are RFC 3339, `due` microseconds since 1970."""

    id: str
    query: str
    api_key: str
    dest: str
    token: str | None
    schedule: Schedule | None
    schedule_document: dict[str, Any] | None
    report_if_empty: bool
    epc_format: str
    created: str
    initial_record_time: str | None
    min_record_time: str | None
    last_notified: str | None
    position: int
    batch: int
    attempts: int
    last_error: str | None
    due: int


def subscribe(
    workspace: Workspace, principal: Principal, query: str, document: dict[str, Any], epc_format: str
) -> Subscription:
    """Subscribe a webhook to a query. Raises NotFound, or InvalidInput with the path of what is wrong."""
    find_query(workspace, principal, query)
    unknown = sorted(set(document) - _MEMBERS)
    if unknown:
        raise InvalidInput(f"unknown member; expected {', '.join(sorted(_MEMBERS))}", f"$.{unknown[0]}")
    dest = _text(document, "dest", required=True)
    assert dest is not None
    check_url(dest, workspace.settings.server.webhook_networks)
    token = _text(document, "signatureToken")
    schedule = _schedule(document)
    initial = _text(document, "initialRecordTime")
    now = workspace.now()
    row = {
        "id": str(uuid4()),
        "query": query,
        "api_key": principal.key_id,
        "dest": dest,
        "token": token,
        "schedule": None if schedule is None else msgspec.json.encode(document["schedule"]).decode(),
        "report_if_empty": _flag(document, "reportIfEmpty"),
        "epc_format": _format(document, epc_format),
        "created": now,
        "initial_record_time": initial,
        "min_record_time": initial or now,
        "last_notified": None,
        "batch": FIRST_BATCH,
        "attempts": 0,
        "last_error": None,
        "due": next_due(schedule, time.time_ns() // 1000),
        "leased_until": 0,
    }
    with workspace.engine.begin() as connection:
        count = select(func.count()).select_from(SUBSCRIPTION)
        if connection.execute(count).scalar_one() >= _MOST:
            raise InvalidInput(f"there are {_MOST} subscriptions already", "$")
        row["position"] = journal_end(connection)
        if initial is not None:
            second = timestamp_text(-(-_instant(initial) // 1_000_000) * 1_000_000)[:19] + "Z"
            found = connection.execute(
                text(
                    "SELECT first_event FROM entry WHERE recorded >= :second ORDER BY recorded, place LIMIT 1"
                ),
                {"second": second},
            ).scalar()
            row["position"] = row["position"] if found is None else found
        connection.execute(SUBSCRIPTION.insert(), row)
    return find_subscription(workspace, principal, query, str(row["id"]))


def next_due(schedule: Schedule | None, now: int) -> int:
    """When to look next, in microseconds: at once for a stream."""
    if schedule is None:
        return 0
    moment = schedule.after(datetime.fromtimestamp(now / 1_000_000, UTC))
    return 2**62 if moment is None else int(moment.timestamp()) * 1_000_000


def list_subscriptions(
    workspace: Workspace, principal: Principal, query: str, after: str, count: int
) -> list[Subscription]:
    """The subscriptions of a query, by ID: `count` of them after the ID `after`. Raises NotFound."""
    find_query(workspace, principal, query)
    wanted = select(SUBSCRIPTION).where(SUBSCRIPTION.c.query == query, SUBSCRIPTION.c.id > after)
    with reading(workspace.engine) as connection:
        rows = connection.execute(wanted.order_by(SUBSCRIPTION.c.id).limit(count)).all()
    return [subscription_of(row) for row in rows]


def find_subscription(
    workspace: Workspace, principal: Principal, query: str, subscription: str
) -> Subscription:
    """One subscription of a query. Raises NotFound."""
    find_query(workspace, principal, query)
    wanted = select(SUBSCRIPTION).where(SUBSCRIPTION.c.query == query, SUBSCRIPTION.c.id == subscription)
    with reading(workspace.engine) as connection:
        row = connection.execute(wanted).first()
    if row is None:
        raise NotFound(f"the query {query} has no subscription {subscription}")
    return subscription_of(row)


def unsubscribe(workspace: Workspace, principal: Principal, query: str, subscription: str) -> None:
    """Delete a subscription and its dead letters. Raises NotFound."""
    found = find_subscription(workspace, principal, query, subscription)
    with workspace.engine.begin() as connection:
        connection.execute(delete(DEAD_LETTER).where(DEAD_LETTER.c.subscription == found.id))
        connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.id == found.id))


def redeliver(workspace: Workspace, principal: Principal, query: str, subscription: str) -> int:
    """Go back to the first dead letter and deliver everything from there again; how many letters that were.

    Raises NotFound, or Conflict while a delivery is on its way.
    """
    found = find_subscription(workspace, principal, query, subscription)
    with workspace.engine.begin() as connection:
        letters = DEAD_LETTER.c.subscription == found.id
        leased = select(SUBSCRIPTION.c.leased_until).where(SUBSCRIPTION.c.id == found.id)
        if int(connection.execute(leased).scalar() or 0) > time.time_ns() // 1000:
            raise Conflict("a delivery is on its way; try again in a minute")
        first = connection.execute(select(func.min(DEAD_LETTER.c.first), func.count()).where(letters)).one()
        if first[0] is None:
            return 0
        values = {"position": first[0], "attempts": 0, "due": 0, "last_error": None}
        connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == found.id).values(**values))
        connection.execute(delete(DEAD_LETTER).where(letters))
    return int(first[1])


def subscription_document(workspace: Workspace, one: Subscription) -> dict[str, Any]:
    """A subscription in the standard's words, its state beside them; the signature token stays hidden."""
    document: dict[str, Any] = {
        "subscriptionID": one.id,
        "queryName": one.query,
        "dest": one.dest,
        "createdAt": one.created,
        "reportIfEmpty": one.report_if_empty,
        "epcFormat": one.epc_format,
    }
    if one.schedule_document is None:
        document["stream"] = True
    else:
        document["schedule"] = {name: str(value) for name, value in one.schedule_document.items()}
    times = {
        "initialRecordTime": one.initial_record_time,
        "minRecordTime": one.min_record_time,
        "lastNotifiedAt": one.last_notified,
    }
    document |= {name: value for name, value in times.items() if value is not None}
    letters = select(DEAD_LETTER).where(DEAD_LETTER.c.subscription == one.id).order_by(DEAD_LETTER.c.number)
    with reading(workspace.engine) as connection:
        document["deadLetters"] = [
            {
                "firstEvent": row.first,
                "lastEvent": row.stop - 1,
                "attempts": row.attempts,
                "error": row.error,
                "givenUpAt": row.at,
            }
            for row in connection.execute(letters.limit(100))
        ]
    if one.attempts:
        document["failedAttempts"] = one.attempts
        document["lastError"] = one.last_error
        document["nextAttemptAt"] = timestamp_text(one.due)
    return document


def subscription_of(row: Any) -> Subscription:
    """A row of the table, read."""
    document = None if row.schedule is None else msgspec.json.decode(row.schedule)
    return Subscription(
        row.id,
        row.query,
        row.api_key,
        row.dest,
        row.token,
        None if document is None else parse_schedule(document),
        document,
        row.report_if_empty,
        row.epc_format,
        row.created,
        row.initial_record_time,
        row.min_record_time,
        row.last_notified,
        row.position,
        row.batch,
        row.attempts,
        row.last_error,
        row.due,
    )


def _schedule(document: dict[str, Any]) -> Schedule | None:
    """The schedule, or None for a stream; exactly one of the two must be asked for."""
    stream = document.get("stream", False)
    if ("schedule" in document) == (stream is True) or type(stream) is not bool:
        raise InvalidInput("expected either `schedule` or `stream: true`", "$.stream")
    if "schedule" not in document:
        return None
    if type(document["schedule"]) is not dict:
        raise InvalidInput("expected an object", "$.schedule")
    return parse_schedule(document["schedule"])


def _text(document: dict[str, Any], name: str, *, required: bool = False) -> str | None:
    value = document.get(name)
    if value is None and not required and name not in document:
        return None
    if type(value) is not str or not 0 < len(value) <= 2_000 or "\0" in value:
        raise InvalidInput("expected a text of 1 to 2,000 characters", f"$.{name}")
    if name == "initialRecordTime":
        _instant(value)
    return value


def _instant(text_: str) -> int:
    try:
        return microseconds(text_)
    except InvalidInput as error:
        raise InvalidInput(error.reason, "$.initialRecordTime") from None


def _flag(document: dict[str, Any], name: str) -> bool:
    value = document.get(name, False)
    if type(value) is not bool:
        raise InvalidInput("expected true or false", f"$.{name}")
    return value


def _format(document: dict[str, Any], epc_format: str) -> str:
    value = document.get("epcFormat", epc_format)
    if value not in EPC_FORMATS:
        raise InvalidInput(f"expected one of {', '.join(EPC_FORMATS)}", "$.epcFormat")
    return str(value)
