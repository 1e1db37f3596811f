"""From a request to its answer: who sends it, what it asks for, the body within limits, problems as such."""

from __future__ import annotations

import asyncio
import base64
import logging
import time
from collections.abc import Hashable
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from litestar import Request, Response
from litestar.response.base import ASGIResponse

from firsthand.errors import Unauthorized
from firsthand.service.api_keys import Principal, authenticate
from firsthand.web.calls import JSON, Answer, Call
from firsthand.web.epcis_events import pairs_of
from firsthand.web.front import asked, is_unchanged, packed, page_of
from firsthand.web.pages import HTML
from firsthand.web.problems import PROBLEM, Problem, problem_of
from firsthand.web.requests import client_of, note, raw_path_of, request_id_of
from firsthand.web.routes import Route
from firsthand.web.server import Server

__all__ = ["SLASH", "Gate"]

SLASH: Final = "\ue000"
"""Stands for an encoded slash in a path, so that it does not divide it; a private character of Unicode."""

_LONGEST_URL: Final = 8_000
LONGEST_NAME: Final = 2_000
"""Characters of a name in a path."""

_LEAST_RATE: Final = 5_000
"""Bytes a second below which a sender is too slow."""

_ACCEPTED: Final = (
    JSON,
    "application/ld+json",
    "application/problem+json",
    "application/*",
    "*/*",
)

log = logging.getLogger("firsthand.web")


class _AsTold(Response[bytes]):
    """A response with the media type that it is given; the framework would add to it, or to no body."""

    def to_asgi_response(self, *given: Any, **named: Any) -> ASGIResponse:
        response = super().to_asgi_response(*given, **named)
        if not self.content:
            response.headers.pop("content-type", None)
        return response


class Gate:
    """Runs the routes of one server; what touches the database runs in threads."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._readers = CapacityLimiter(16)
        self._writers = CapacityLimiter(8)

    async def answer(self, route: Route, request: Request[Any, Any, Any]) -> Response[bytes]:
        """The answer to a request on a route, whatever happens."""
        started = time.perf_counter()
        scope = request.scope
        request_id = request_id_of(scope)
        principal: list[Principal] = []
        try:
            answer = await self._run(route, request, principal)
        except Exception as error:
            problem = problem_of(error)
            if problem.status >= 500:
                log.error("request failed", exc_info=error, extra={"request_id": request_id})
            headers = problem.headers
            if problem.status == 413 and route.path == "/capture":
                headers = headers | self._capture_limits()
            answer = Answer(problem.status, problem.document(request_id), PROBLEM, headers)
        if answer.status == 200 and is_unchanged(
            answer.headers.get("ETag", ""), request.headers.get("if-none-match", "")
        ):
            answer = Answer(304, headers=answer.headers)
        key = principal[0].key_id if principal else ""
        note(route, scope, answer.status, started, key)
        if key:
            query = scope["query_string"].decode("latin-1")
            target = f"{raw_path_of(scope)}?{query}" if query else raw_path_of(scope)
            self.server.audit.add(key, route.method, target, answer.status, client_of(scope), request_id)
        told = {"Content-Type": answer.media} if answer.body else {}
        return _AsTold(
            answer.body,
            status_code=answer.status,
            headers={**route.headers, "X-Request-ID": request_id, **answer.headers, **told},
        )

    async def _run(self, route: Route, request: Request[Any, Any, Any], who: list[Principal]) -> Answer:
        scope = request.scope
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > _LONGEST_URL:
            raise Problem(414, "URITooLongException", f"a URL has at most {_LONGEST_URL} bytes")
        if any("\0" in str(name) or len(str(name)) > LONGEST_NAME for name in request.path_params.values()):
            raise Problem(
                404, "NoSuchNameException", f"nothing has a name over {LONGEST_NAME} characters, or with NUL"
            )
        _check_accept(request, (route.media, *route.also))
        principal = None
        if route.access != "public":
            principal = await to_thread.run_sync(self.principal, route, request, limiter=self._readers)
        if principal is not None:
            who.append(principal)
        body = await self._body(request) if route.has_body else b""
        base = self.server.base_url(scope)
        call = Call(
            self.server,
            route.method,
            raw_path_of(scope),
            {name: str(value).replace(SLASH, "/") for name, value in request.path_params.items()},
            pairs_of(scope["query_string"].decode("latin-1")),
            dict(request.headers),
            principal,
            base,
            body,
            client_of(scope),
            scope["query_string"].decode("latin-1"),
        )
        call.check_versions()
        if route.kept:
            return await to_thread.run_sync(
                self._page, route, call, asked(scope, base), limiter=self._readers
            )
        limiter = self._writers if route.has_body else self._readers
        return await to_thread.run_sync(route.endpoint, call, limiter=limiter)

    def _page(self, route: Route, call: Call, key: Hashable | None) -> Answer:
        """The answer of a route whose answers are kept."""
        position = self.server.position.now()
        accepted = call.headers.get("accept-encoding", "")
        answer = packed(route.endpoint(call), accepted, self.server.passports)
        if key is not None:
            self.server.pages.keep(key, position, page_of(route, answer))
        return answer

    def principal(self, route: Route, request: Any) -> Principal | None:
        """Who sends a request, and may. Raises Problem 401, 403 or 429."""
        if route.access == "public":
            return None
        header = request.headers.get("authorization")
        if header is None:
            if route.access == "open":
                return None
            readable = route.scope == "read" and route.access == "key" and request.method == "GET"
            if readable and self.server.settings.public_read:
                return Principal("", None, frozenset(("read",)))
            raise _unauthenticated("an API key is needed: Authorization: Bearer fh_…", route)
        client = client_of(request.scope)
        wait = self.server.failures.wait(client)
        if wait:
            raise Problem(429, "", "too many failed attempts from your address", {"Retry-After": str(wait)})
        scheme, _, token = header.partition(" ")
        try:
            if scheme.lower() == "basic" and HTML in (route.media, *route.also):
                token = _password(token)
            elif scheme.lower() != "bearer":
                raise Unauthorized("expected Authorization: Bearer fh_…")
            principal = authenticate(self.server.workspace, token.strip())
        except Unauthorized as error:
            self.server.failures.add(client)
            raise _unauthenticated(str(error), route) from None
        if not principal.may(route.scope):
            raise Problem(403, "SecurityException", f"this API key has not the scope {route.scope}")
        return principal

    async def _body(self, request: Request[Any, Any, Any]) -> bytes:
        """The body; too large, it is refused before it is read whole; too slow, it is given up."""
        limit = self.server.limits.size
        announced = request.headers.get("content-length", "0")
        if announced.isdigit() and len(announced) < 20 and int(announced) > limit:
            raise Problem(413, "CaptureLimitExceededException", f"a request has at most {limit} bytes")
        body = bytearray()
        patience = self.server.settings.slow_sender_seconds
        started = time.monotonic()
        stream = request.stream()
        while True:
            try:
                piece = await asyncio.wait_for(anext(stream, None), patience)
            except TimeoutError:
                raise Problem(
                    408, "", f"nothing came for {patience} seconds", {"Connection": "close"}
                ) from None
            if piece is None:
                return bytes(body)
            body += piece
            if len(body) > limit:
                raise Problem(413, "CaptureLimitExceededException", f"a request has at most {limit} bytes")
            if time.monotonic() - started > patience + len(body) / _LEAST_RATE:
                raise Problem(408, "", "the body comes too slowly", {"Connection": "close"})

    def _capture_limits(self) -> dict[str, str]:
        limits = self.server.limits
        return {
            "GS1-EPCIS-Capture-Limit": str(limits.events),
            "GS1-EPCIS-Capture-File-Size-Limit": str(limits.size),
        }


def _unauthenticated(detail: str, route: Route) -> Problem:
    # A page's reader is asked by the browser: the password is the API key.
    asked = 'Basic realm="Firsthand", charset="UTF-8"' if HTML in (route.media, *route.also) else "Bearer"
    return Problem(401, "SecurityException", detail, {"WWW-Authenticate": asked})


def _password(credentials: str) -> str:
    """The password of HTTP Basic credentials (RFC 7617). Raises Unauthorized."""
    try:
        return base64.b64decode(credentials.strip(), validate=True).decode().partition(":")[2]
    except ValueError:
        raise Unauthorized("the credentials cannot be read") from None


def _check_accept(request: Request[Any, Any, Any], media_types: tuple[str, ...]) -> None:
    if "*/*" in media_types:
        return
    accepted = {"*/*"}
    for one in media_types:
        accepted |= {*_ACCEPTED} if one == JSON else {one, f"{one.partition('/')[0]}/*"}
    accept = request.headers.get("accept", "*/*")
    for part in accept.split(","):
        media, _, parameters = part.partition(";")
        refused = any(
            name.strip() == "q" and value.strip().strip("0.") == ""
            for name, _, value in (one.partition("=") for one in parameters.split(";"))
        )
        if media.strip().lower() in accepted and not refused:
            return
    raise Problem(
        406, "NotAcceptableException", f"this resource answers in {media_types[0]}, not {accept[:100]}"
    )
