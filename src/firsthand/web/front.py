"""In front of the routes: what was answered a moment ago is answered again, before a route is looked for.

The same answer is given to whoever asks for the same address with the same headers, among those in which an
answer may differ. It is what the route gave, with a request ID of its own, counted and logged as ever.
"""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from firsthand.service.resolve import preferences
from firsthand.web.calls import Answer
from firsthand.web.page_cache import PageCache
from firsthand.web.requests import note, request_id_of
from firsthand.web.routes import Route

__all__ = ["Front", "Page", "asked", "is_unchanged", "packed", "page_of"]

_VARYING: Final = frozenset((b"accept", b"accept-language", b"accept-encoding"))
_OTHERS: Final = (b"gs1-", b"authorization")
"""Requests with headers of these beginnings are none of a reader's, and go to the routes."""

_LONGEST: Final = 2_000
"""Bytes of an address and its headers by which an answer is kept."""

_LEAST_PACKED: Final = 1_000
_PACKED: Final = ("text/", "application/json", "application/jsonl", "image/svg+xml")


class Page(NamedTuple):
    """An answer of a route as it goes out, but for its request ID."""

    route: Route
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    etag: str


class Front:
    """An ASGI application around another: it answers what is kept, and lets all else through.

    `base_url` tells what the URLs in the answer to a request begin with.
    """

    def __init__(
        self, app: ASGIApp, pages: PageCache[Page], base_url: Callable[[Mapping[str, Any]], str]
    ) -> None:
        self._app = app
        self._pages = pages
        self._base_url = base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        started = time.perf_counter()
        page = None
        if scope["type"] == ScopeType.HTTP:
            page = self._pages.fresh(asked(scope, self._base_url(scope)))
        if page is None:
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"if-none-match"), b"")
        same = bool(given) and is_unchanged(page.etag, given.decode("latin-1"))
        status = 304 if same else page.status
        note(page.route, scope, status, started)
        headers = [*page.headers, (b"x-request-id", request_id_of(scope).encode())]
        if not same:
            headers.append((b"content-length", str(len(page.body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if same else page.body, "more_body": False})


def asked(scope: Mapping[str, Any], base_url: str) -> Hashable | None:
    """What an answer is kept by: address and headers; None for what is to go to the routes.

    The address is as the answer would write it: what Host says beside that has no part in an answer.
    """
    if scope["method"] != "GET":
        return None
    key = [base_url, scope["raw_path"], scope["query_string"]]
    for name, value in scope["headers"]:
        if name in _VARYING:
            key += (name, value)
        elif name.startswith(_OTHERS):
            return None
    return tuple(key) if sum(map(len, key)) <= _LONGEST else None


def page_of(route: Route, answer: Answer) -> Page:
    """An answer as it is kept."""
    told = {**route.headers, **answer.headers, "Content-Type": answer.media}
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
    return Page(route, answer.status, headers, answer.body, answer.headers.get("ETag", ""))


def is_unchanged(etag: str, if_none_match: str) -> bool:
    """Whether a reader has what that entity tag stands for (RFC 9110 §13.1.2: weak comparison)."""
    given = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    return bool(etag) and (etag in given or "*" in given)


def packed(answer: Answer, accept_encoding: str, kept: PageCache[Answer]) -> Answer:
    """An answer as it is, or compressed where its reader takes that (RFC 9110 §12.5.3), under its own tag."""
    tag = answer.headers.get("ETag")
    worth = len(answer.body) >= _LEAST_PACKED and answer.media.startswith(_PACKED)
    if answer.status != 200 or tag is None or not worth:
        return answer
    vary = ", ".join(one for one in (answer.headers.get("Vary"), "Accept-Encoding") if one)
    plain = replace(answer, headers=answer.headers | {"Vary": vary})
    if "gzip" not in preferences(accept_encoding):
        return plain

    def make() -> Answer:
        own = {"Content-Encoding": "gzip", "ETag": f'{tag[:-1]}-gzip"'}
        return replace(plain, body=gzip.compress(plain.body, 6, mtime=0), headers=plain.headers | own)

    return kept.get(("gzip", tag), make)
