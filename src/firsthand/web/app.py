"""The application: routes, WebSockets and operations on Litestar, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final
from urllib.parse import unquote

from anyio import to_thread
from litestar import HttpMethod, Litestar, Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Receive, Scope, Send

from firsthand.service import capture_jobs
from firsthand.service.delivery import Delivery
from firsthand.service.pay_store import PaymentStore
from firsthand.service.scans import forget_scans
from firsthand.web.calls import VERSION_HEADERS
from firsthand.web.front import Front
from firsthand.web.gate import SLASH, Gate
from firsthand.web.metrics import DELIVERIES
from firsthand.web.pay import follow_payments
from firsthand.web.problems import PROBLEM, Problem
from firsthand.web.requests import request_id_of
from firsthand.web.routes import Route, by_path
from firsthand.web.server import Server
from firsthand.web.sockets import Hub, socket_route

__all__ = ["make_server_app"]

_TICK_S: Final = 0.5
_FOLLOW_S: Final = 2
"""Between two looks at the chain for payments."""
_NAME: Final = re.compile(r"\{(\w+)\}")
_FORGET_S: Final = 3600.0
"""How often scans are looked for that are too old to be kept."""

log = logging.getLogger("firsthand.web")


def make_server_app(server: Server) -> ASGIApp:
    """The ASGI application of a server; its lifespan starts and ends the work in the background."""
    gate = Gate(server)
    hub = Hub(server)
    handlers: list[Any] = [_handler(gate, path, routes) for path, routes in by_path().items()]
    handlers.append(socket_route(gate, hub))

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_background(server)), asyncio.create_task(hub.run())]
        try:
            yield
        finally:
            server.stopping.set()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await to_thread.run_sync(server.audit.flush)
            server.workspace.engine.dispose()

    app = Litestar(
        handlers,
        lifespan=[lifespan],
        openapi_config=None,
        logging_config=None,
        exception_handlers={HTTPException: _http_problem, Exception: _http_problem},
        request_max_body_size=None,
    )
    return Front(_encoded_slashes(app), server.pages, server.base_url)


def _handler(gate: Gate, path: str, routes: list[Route]) -> HTTPRouteHandler:
    by_method = {route.method: route for route in routes}

    async def handle(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await gate.answer(by_method[request.method], request)

    methods = [HttpMethod(method) for method in by_method]
    return HTTPRouteHandler(_NAME.sub(r"{\1:str}", path), http_method=methods, status_code=200)(handle)


def _http_problem(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """What the framework refuses, as a problem document, too."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    exception = {404: "NoSuchNameException", 500: "ImplementationException"}.get(status, "")
    detail = {404: "there is no such resource", 405: f"{request.method} is no method of this resource"}.get(
        status
    )
    if status >= 500:
        log.error("request failed", exc_info=error, extra={"request_id": request_id_of(request.scope)})
    problem = Problem(status, exception, detail or "the request cannot be read")
    request_id = request_id_of(request.scope)
    return Response(
        problem.document(request_id),
        status_code=status,
        media_type=PROBLEM,
        headers={**VERSION_HEADERS, "X-Request-ID": request_id, **headers},
    )


def _encoded_slashes(app: ASGIApp) -> ASGIApp:
    """Keep `%2F` within its segment: identifiers are URIs, and stand encoded in paths."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            raw = scope.get("raw_path") or scope["path"].encode()
            text = raw.partition(b"?")[0].decode("latin-1")
            kept = text.replace("%2F", SLASH).replace("%2f", SLASH)
            scope["path"] = unquote(kept, errors="replace")
        await app(scope, receive, send)

    return wrapped


async def _background(server: Server) -> None:
    """Waiting capture jobs, deliveries and the audit trail, until the server stops."""
    delivery = Delivery(server.workspace, server.published)
    deliveries: asyncio.Task[None] | None = None
    payments: asyncio.Task[None] | None = None
    forget_at = follow_at = 0.0
    while not server.stopping.is_set():
        await _safely(lambda: _drain(server))
        await _safely(server.audit.flush)
        if time.monotonic() >= follow_at and (payments is None or payments.done()):
            follow_at = time.monotonic() + _FOLLOW_S
            payments = asyncio.create_task(_safely(lambda: follow_payments(server)))
        if time.monotonic() >= forget_at:
            await _safely(lambda: _forget(server))
            forget_at = time.monotonic() + _FORGET_S
        # A slow receiver must hold up neither captures nor the trail.
        if deliveries is None or deliveries.done():
            deliveries = asyncio.create_task(_safely(lambda: _deliver(delivery)))
        await asyncio.sleep(_TICK_S)
    for task in (deliveries, payments):
        if task is not None:
            await task


def _drain(server: Server) -> None:
    while not server.stopping.is_set() and capture_jobs.work(server.workspace):
        pass


def _forget(server: Server) -> None:
    forget_scans(server.workspace)
    PaymentStore(server.access).forget(server.payments_since())


def _deliver(delivery: Delivery) -> None:
    DELIVERIES.inc(delivery.run_once())


async def _safely(work: Callable[[], None]) -> None:
    """Run work in a thread; what goes wrong is logged and tried again at the next tick."""
    try:
        await to_thread.run_sync(work)
    except Exception as error:
        log.error("work in the background failed", exc_info=error)
