"""Delivering to subscriptions: at least once, in order, again with growing pauses, in the end a dead letter.

Any number of processes may deliver: each takes a subscription for itself for a while (a lease), so that one
subscription's messages never overtake each other.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final

import msgspec
from sqlalchemy import select, update

from firsthand.errors import FirsthandError
from firsthand.events.instants import timestamp_text
from firsthand.journal.database import reading
from firsthand.ledger.event_search import Cursor, EventSearch, FoundEvent, Viewer
from firsthand.ledger.event_sql import journal_end
from firsthand.service.epcis_output import query_document
from firsthand.service.named_queries import NamedQuery
from firsthand.service.subscriptions import Subscription, next_due, subscription_of
from firsthand.service.tables import API_KEY, DEAD_LETTER, NAMED_QUERY, SUBSCRIPTION
from firsthand.service.webhooks import Answer, call
from firsthand.service.workspace import Workspace

__all__ = ["Delivery"]

LIMIT: Final = 12
"""Attempts before a delivery is given up: with the pauses below, after about a day and a half."""

_AT_ONCE: Final = 8
_LEASE: Final = 60_000_000
_FIRST_PAUSE: Final = 2_000_000
_LONGEST_PAUSE: Final = 6 * 3600 * 1_000_000

Call = Callable[[str, bytes, str | None, int, tuple[str, ...]], Answer]


class Delivery:
    """One deliverer; `published` tells below which event number all is public."""

    def __init__(
        self,
        workspace: Workspace,
        published: Callable[[], int],
        send: Call = call,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        jitter: Callable[[], float] = random.random,
        limit: int = LIMIT,
    ) -> None:
        self._workspace = workspace
        self._published = published
        self._send = send
        self._clock = clock
        self._jitter = jitter
        self._limit = limit
        self._search = EventSearch(workspace.engine, workspace.places)

    def run_once(self) -> int:
        """Serve every subscription that has something due; how many messages were sent."""
        due = self._due()
        if not due:
            return 0
        # A slow receiver holds up none but itself.
        with ThreadPoolExecutor(min(_AT_ONCE, len(due))) as threads:
            return sum(threads.map(self._serve_one, due))

    def _serve_one(self, subscription: str) -> int:
        taken = self._take(subscription)
        return self._serve(taken) if taken is not None else 0

    def _due(self) -> list[str]:
        now = self._clock()
        with reading(self._workspace.engine) as connection:
            end = journal_end(connection)
            waiting = SUBSCRIPTION.c.schedule.is_not(None) | (SUBSCRIPTION.c.position < end)
            query = select(SUBSCRIPTION.c.id).where(
                SUBSCRIPTION.c.due <= now, SUBSCRIPTION.c.leased_until <= now, waiting
            )
            return list(connection.execute(query.order_by(SUBSCRIPTION.c.due)).scalars())

    def _take(self, subscription: str) -> tuple[Subscription, NamedQuery, Viewer] | None:
        now = self._clock()
        mine = (SUBSCRIPTION.c.id == subscription) & (SUBSCRIPTION.c.leased_until <= now)
        with self._workspace.engine.begin() as connection:
            leased = (
                update(SUBSCRIPTION).where(mine, SUBSCRIPTION.c.due <= now).values(leased_until=now + _LEASE)
            )
            if connection.execute(leased).rowcount != 1:
                return None
            row = connection.execute(select(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription)).one()
            query = connection.execute(select(NAMED_QUERY).where(NAMED_QUERY.c.name == row.query)).one()
            key = connection.execute(select(API_KEY).where(API_KEY.c.id == row.api_key)).first()
        named = NamedQuery(query.name, query.party, msgspec.json.decode(query.document), query.created)
        if key is None or key.revoked is not None or (key.expires or "9999") <= self._workspace.now():
            error = "the API key that subscribed is no longer valid"
            self._end(subscription, due=now + _LONGEST_PAUSE, last_error=error)
            return None
        viewer = Viewer(key.party, "admin" in key.scopes.split())
        return subscription_of(row), named, viewer

    def _serve(self, taken: tuple[Subscription, NamedQuery, Viewer]) -> int:
        """Send what is new until all is sent or something fails; how many messages."""
        one, named, viewer = taken
        position, batch, sent = one.position, one.batch, 0
        notified = one.last_notified
        began = self._workspace.now()
        while True:
            try:
                events, stop, more = self._new_events(named, viewer, position, batch)
            except FirsthandError as error:
                self._end(one.id, due=self._clock() + _FIRST_PAUSE, last_error=str(error))
                return sent
            if events or (one.schedule is not None and one.report_if_empty and not sent):
                answer = self._deliver(one, events)
                sent += 1
                if not answer.ok:
                    self._failed(one, position, stop, batch, answer)
                    return sent
                notified = self._workspace.now()
            position = stop
            if not more:
                break
            self._renew(one.id, position, notified)
        self._end(
            one.id,
            position=position,
            batch=min(batch * 2, 100),
            attempts=0,
            last_error=None,
            last_notified=notified,
            min_record_time=began,
            due=next_due(one.schedule, self._clock()),
        )
        return sent

    def _new_events(
        self, named: NamedQuery, viewer: Viewer, position: int, batch: int
    ) -> tuple[list[FoundEvent], int, bool]:
        """The next matching events in journal order, where to go on from, and whether there is more."""
        # What the query says of order and number is for those who ask; who subscribes gets all, in order.
        query = replace(named.query, order_by=None, event_count_limit=None, max_event_count=None)
        end = self._search.end()
        cursor = Cursor(position - 1, position - 1, end)
        page = self._search.page(query, viewer, self._published(), batch, cursor)
        if page.more is not None:
            return page.events, page.more.number + 1, True
        return page.events, max(end, position), False

    def _deliver(self, one: Subscription, events: list[FoundEvent]) -> Answer:
        body = query_document(events, one.epc_format, self._workspace.now(), one.query, one.id)
        allowed = self._workspace.settings.server.webhook_networks
        return self._send(one.dest, body, one.token, self._clock() // 1_000_000, allowed)

    def _failed(self, one: Subscription, position: int, stop: int, batch: int, answer: Answer) -> None:
        error = f"{answer.status or 'no answer'}: {answer.detail}"[:500]
        if answer.status == 413 and batch > 1:
            # The receiver asks for smaller messages (EPCIS 2.0 REST bindings): at once, and no failure.
            self._end(one.id, position=position, batch=max(1, batch // 2), last_error=error, due=0)
            return
        attempts = one.attempts + 1 if position == one.position else 1
        if attempts < self._limit:
            due = self._clock() + self._pause(attempts)
            self._end(one.id, position=position, batch=batch, attempts=attempts, last_error=error, due=due)
            return
        letter = {
            "subscription": one.id,
            "first": position,
            "stop": stop,
            "attempts": attempts,
            "error": error,
            "at": timestamp_text(self._clock()),
        }
        with self._workspace.engine.begin() as connection:
            connection.execute(DEAD_LETTER.insert(), letter)
            values = {"position": stop, "attempts": 0, "last_error": error, "due": 0, "leased_until": 0}
            connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == one.id).values(**values))

    def _pause(self, attempts: int) -> int:
        """Doubled each time up to six hours, a random half of it (full jitter keeps crowds apart)."""
        pause = min(_FIRST_PAUSE * 4 ** (attempts - 1), _LONGEST_PAUSE)
        return int(pause * (0.5 + self._jitter() / 2))

    def _renew(self, subscription: str, position: int, notified: str | None) -> None:
        values = {"position": position, "attempts": 0, "last_notified": notified}
        self._update(subscription, leased_until=self._clock() + _LEASE, **values)

    def _end(self, subscription: str, **values: Any) -> None:
        self._update(subscription, leased_until=0, **values)

    def _update(self, subscription: str, **values: Any) -> None:
        with self._workspace.engine.begin() as connection:
            connection.execute(update(SUBSCRIPTION).where(SUBSCRIPTION.c.id == subscription).values(**values))
