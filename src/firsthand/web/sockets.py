"""Subscriptions by WebSocket: GET /queries/{name}/events with an upgrade.

New events are read once for all sockets and matched in memory, so that idle sockets cost nothing but
themselves. A socket has no memory: whoever must not miss an event subscribes by webhook.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from anyio import to_thread
from litestar import WebSocket, websocket
from litestar.exceptions import WebSocketDisconnect
from litestar.handlers import WebsocketRouteHandler

from firsthand.errors import FirsthandError, InvalidInput
from firsthand.events.instants import microseconds
from firsthand.events.query import MasterData, Query, parse_parameters
from firsthand.ledger.event_search import Cursor, FoundEvent, Viewer
from firsthand.service.api_keys import Principal
from firsthand.service.epcis_output import query_document
from firsthand.service.named_queries import find_query
from firsthand.service.schedule import FIELDS, Schedule, parse_schedule
from firsthand.web.epcis_events import pairs_of
from firsthand.web.gate import SLASH, Gate
from firsthand.web.metrics import SOCKETS
from firsthand.web.problems import Problem, problem_of
from firsthand.web.routes import Route
from firsthand.web.server import Server

__all__ = ["Hub", "socket_route"]

_POLL_S: Final = 0.25
_BATCH: Final = 200
_HELD: Final = 1_000
"""Events that wait for one slow socket before it is closed."""

_ROUTE: Final = Route("GET", "/queries/{queryName}/events", lambda call: None, "read", "key")  # type: ignore[arg-type,return-value]
_REFUSED: Final = {401: 4401, 403: 4403, 404: 4404, 429: 4429}


class Listener:
    """One socket: its query, who listens, and what waits to be sent."""

    def __init__(self, query: Query, viewer: Viewer) -> None:
        self.asked = replace(query, order_by=None, event_count_limit=None, max_event_count=None)
        self._query = self.asked
        self.viewer = viewer
        self.waiting: asyncio.Queue[FoundEvent | None] = asyncio.Queue(_HELD)

    def renew(self, data: MasterData) -> None:
        """Answer anew what the query asks of master data."""
        self._query = self.asked.with_master_data(data)

    def offer(self, found: FoundEvent, issuer: str, ids: tuple[str, str], published: int) -> bool:
        """Queue an event that matches; False when the socket is too slow."""
        seen = self.viewer.everything or issuer == self.viewer.party or found.number < published
        if not seen or not self._query.matches(found.event, ids, microseconds(found.recorded)):
            return True
        try:
            self.waiting.put_nowait(found)
        except asyncio.QueueFull:
            return False
        return True


class Hub:
    """Reads what is new in the journal and hands it to the sockets that listen."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.listeners: set[Listener] = set()
        self._next = 0

    async def run(self) -> None:
        """Until the server stops."""
        self._next = await to_thread.run_sync(self.server.search.end)
        while not self.server.stopping.is_set():
            await asyncio.sleep(_POLL_S)
            try:
                await self._poll()
            except FirsthandError:
                continue
        for listener in list(self.listeners):
            self.listeners.discard(listener)
            with suppress(asyncio.QueueFull):
                listener.waiting.put_nowait(None)

    async def _poll(self) -> None:
        end = await to_thread.run_sync(self.server.search.end)
        if not self.listeners:
            self._next = end
            return
        while self._next < end:
            found = await to_thread.run_sync(self._read, self._next, min(_BATCH, end - self._next))
            published = self.server.published()
            await to_thread.run_sync(self._renew, list(self.listeners))
            for one, issuer in found:
                ids = (one.event_id, one.hash_id)
                for listener in list(self.listeners):
                    if not listener.offer(one, issuer, ids, published):
                        self.listeners.discard(listener)
            self._next += len(found)

    def _renew(self, listeners: list[Listener]) -> None:
        """The captures of new events may have brought master data."""
        for listener in listeners:
            listener.renew(self.server.workspace.places)

    def _read(self, first: int, count: int) -> list[tuple[FoundEvent, str]]:
        page = self.server.search.page(
            parse_parameters([]),
            Viewer(everything=True),
            0,
            count,
            Cursor(first - 1, first - 1, first + count),
        )
        journal = self.server.workspace.journal
        return [(found, journal.event(found.number)[0].issuer) for found in page.events]


def socket_route(gate: Gate, hub: Hub) -> WebsocketRouteHandler:
    """The route of the WebSocket, beside the GET of the same path."""

    @websocket("/queries/{queryName:str}/events")
    async def listen(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        try:
            principal = await to_thread.run_sync(gate.principal, _ROUTE, _Upgrade(socket))
            assert principal is not None
            name = str(socket.path_params["queryName"]).replace(SLASH, "/")
            named = await to_thread.run_sync(find_query, gate.server.workspace, principal, name)
            terms = _terms(pairs_of(socket.scope["query_string"].decode("latin-1")))
        except FirsthandError as error:
            problem = problem_of(error)
            await socket.close(_REFUSED.get(problem.status, 4400), problem.detail[:100])
            return
        SOCKETS.inc()
        try:
            await _serve(hub, socket, principal, named.name, named.query, terms)
        except WebSocketDisconnect:
            pass
        finally:
            SOCKETS.dec()

    return listen


class _Upgrade:
    """A WebSocket's request as `Gate.principal` reads it."""

    method = "GET"

    def __init__(self, socket: WebSocket[Any, Any, Any]) -> None:
        self.headers = socket.headers
        self.scope = socket.scope


class _Terms:
    """What the query string of the upgrade asks for."""

    def __init__(self, schedule: Schedule | None, report_if_empty: bool, initial: int | None) -> None:
        self.schedule = schedule
        self.report_if_empty = report_if_empty
        self.initial = initial


def _terms(pairs: list[tuple[str, str]]) -> _Terms:
    given = dict(pairs)
    known = {*FIELDS, "stream", "reportIfEmpty", "initialRecordTime"}
    for name in given:
        if name not in known:
            raise Problem(
                400, "SubscriptionControlsException", f"{name[:100]} is no parameter of a subscription"
            )
    for name in ("stream", "reportIfEmpty"):
        if given.get(name, "true") not in ("true", "false"):
            raise Problem(400, "SubscriptionControlsException", f"{name}: expected true or false")
    fields = {name: given[name] for name in FIELDS if name in given}
    if bool(fields) == (given.get("stream") == "true"):
        raise InvalidInput("expected either a schedule (hour=1&minute=5) or stream=true")
    initial = microseconds(given["initialRecordTime"]) if "initialRecordTime" in given else None
    schedule = parse_schedule(fields, "") if fields else None
    return _Terms(schedule, given.get("reportIfEmpty") == "true", initial)


async def _serve(
    hub: Hub, socket: WebSocket[Any, Any, Any], principal: Principal, name: str, query: Query, terms: _Terms
) -> None:
    listener = Listener(query, principal.viewer)
    await to_thread.run_sync(listener.renew, hub.server.workspace.places)
    early = await to_thread.run_sync(_since, hub.server, listener, terms.initial)
    hub.listeners.add(listener)
    reader = asyncio.create_task(_until_closed(socket))
    try:
        if early:
            await _send(hub.server, socket, early, name)
        while not reader.done() and listener in hub.listeners:
            events = await _collect(listener, terms, reader)
            if events is None:
                break
            if events or (terms.schedule is not None and terms.report_if_empty):
                await _send(hub.server, socket, events, name)
        if not reader.done():
            await socket.close(1001 if hub.server.stopping.is_set() else 1013, "going away, or too slow")
    finally:
        hub.listeners.discard(listener)
        reader.cancel()


async def _collect(listener: Listener, terms: _Terms, reader: asyncio.Task[None]) -> list[FoundEvent] | None:
    """What is to be sent next: at once for a stream, at its time for a schedule; None at the end."""
    if terms.schedule is not None:
        moment = terms.schedule.after(datetime.now(UTC))
        seconds = (moment - datetime.now(UTC)).total_seconds() if moment is not None else 3600.0
        await asyncio.wait([reader], timeout=max(0.0, seconds))
        return None if reader.done() else _waiting(listener)
    getter = asyncio.create_task(listener.waiting.get())
    await asyncio.wait([getter, reader], return_when=asyncio.FIRST_COMPLETED)
    if not getter.done():
        getter.cancel()
        return None
    first = getter.result()
    return None if first is None else [first, *_waiting(listener)]


def _waiting(listener: Listener) -> list[FoundEvent]:
    found: list[FoundEvent] = []
    while len(found) < _BATCH and not listener.waiting.empty():
        one = listener.waiting.get_nowait()
        if one is not None:
            found.append(one)
    return found


def _since(server: Server, listener: Listener, initial: int | None) -> list[FoundEvent]:
    """What was recorded since the time asked for, at most a thousand events."""
    if initial is None:
        return []
    query = listener.asked.also("GE_recordTime", datetime.fromtimestamp(initial / 1_000_000, UTC).isoformat())
    return server.search.page(query, listener.viewer, server.published(), 1_000).events


async def _send(
    server: Server, socket: WebSocket[Any, Any, Any], events: list[FoundEvent], name: str
) -> None:
    created = server.workspace.now()
    body = await to_thread.run_sync(query_document, events, "Always_GS1_Digital_Link", created, name, name)
    await socket.send_text(body.decode())


async def _until_closed(socket: WebSocket[Any, Any, Any]) -> None:
    """Read and drop what a client sends, to notice when it goes."""
    try:
        while True:
            await socket.receive_data(mode="text")
    except WebSocketDisconnect:
        return
