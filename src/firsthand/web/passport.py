"""Passports over HTTP: the page, the same as JSON, the proofs, and what the page loads.

What was made is kept for as long as the journal, the chain's tip and the day stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final
from urllib.parse import quote, urlsplit

from firsthand.errors import InvalidInput, NotFound
from firsthand.ledger.event_sql import Viewer
from firsthand.service.paid import paid_to_makers
from firsthand.service.passport import passport
from firsthand.service.pay_views import paid_value
from firsthand.service.photographs import has_photograph, key_of, photograph
from firsthand.service.prove import prove_events
from firsthand.web.calls import JSON, Answer, Call
from firsthand.web.pages import HTML
from firsthand.web.passport_page import (
    POLICY,
    Links,
    asset,
    etag_of,
    missing_page,
    passport_data,
    passport_page,
)
from firsthand.web.problems import Problem
from firsthand.web.resolver import item_answer, known_item
from firsthand.web.server import Server
from firsthand.web.words import LOCALES, preferred

__all__ = [
    "get_asset",
    "get_item",
    "get_passport",
    "get_passport_data",
    "get_passport_proofs",
    "get_photograph",
    "passport_answer",
]

_HEADERS: Final = {
    "Content-Security-Policy": f"{POLICY}; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
    "Vary": "Accept, Accept-Language",
}
_PROOFS: Final = "application/jsonl"
_MOST_PROOFS: Final = 1_000
_PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


def get_passport(call: Call) -> Answer:
    """The passport of a lot or piece, as a page; the resolver passes on whatever a code says beside"""
    return _answer(call, _uri(call))


def get_passport_data(call: Call) -> Answer:
    """The passport of a lot or piece, as data"""
    call.only("uri")
    return _kept(call.server, "data", _uri(call), partial(_data, call.server, _uri(call)))


def get_passport_proofs(call: Call) -> Answer:
    """The proof bundles of the events that a passport rests on"""
    call.only("uri")
    uri = _uri(call)
    return _kept(call.server, "proofs", uri, partial(_proofs, call.server, uri))


def get_item(call: Call) -> Answer:
    """The passport of an item below the workspace's own URI, as a page"""
    uri, levels = known_item(call, _own(call.server, call.path))
    return item_answer(call, levels) or _answer(call, uri)


def get_asset(call: Call) -> Answer:
    """A stylesheet or script of the passport's page"""
    call.only()
    body, media = asset(call.names["asset"])
    headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": "max-age=300", "ETag": etag_of(body)}
    return Answer(200, body, media, headers)


def get_photograph(call: Call) -> Answer:
    """A photograph by its hash"""
    call.only()
    body, media = photograph(call.server.workspace.folder, call.names["photograph"])
    headers = {
        "Content-Security-Policy": _PICTURE_POLICY,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "max-age=86400, immutable",
        "ETag": etag_of(body),
    }
    return Answer(200, body, media, headers)


def passport_answer(server: Server, uri: str, language: str) -> Answer:
    """The passport's page of an item's URI, in a language of LOCALES; 404 with a page where there is none."""
    return _kept(server, f"page {language}", uri, partial(_page, server, uri, language))


def _answer(call: Call, uri: str) -> Answer:
    if _wants_data(call):
        return _kept(call.server, "data", uri, partial(_data, call.server, uri))
    return passport_answer(call.server, uri, _language(call))


def _wants_data(call: Call) -> bool:
    accept = call.headers.get("accept", "")
    return JSON in accept and HTML not in accept


def _language(call: Call) -> str:
    asked = call.parameter("lang")
    return asked if asked in LOCALES else preferred(call.headers.get("accept-language", ""))


def _uri(call: Call) -> str:
    uri = call.parameter("uri")
    if not uri:
        raise Problem(400, "QueryParameterException", "uri: expected the URI of a lot or item")
    return uri


def _own(server: Server, path: str) -> str:
    return server.workspace.settings.uri.rstrip("/") + path


def _kept(server: Server, kind: str, uri: str, make: Callable[[], Answer]) -> Answer:
    return server.passports.get((kind, uri), make)


def _viewed(server: Server) -> tuple[Viewer, int]:
    """What a stranger sees: what is published."""
    return Viewer(), server.published()


def _links(server: Server, uri: str, path: str) -> Links:
    address = f"/passport?uri={quote(uri, safe='')}"
    folder = server.workspace.folder

    def shown(name: str) -> str | None:
        key = key_of(name)
        return f"/photographs/{key}" if key is not None and has_photograph(folder, key) else None

    return Links(
        page=lambda tag: f"{path}?lang={tag}" if path else f"{address}&lang={tag}",
        data=f"/passport.json?uri={quote(uri, safe='')}",
        proofs=f"/passport.fhproof?uri={quote(uri, safe='')}",
        verifier="/verify",
        asset=lambda name: f"/assets/{name}",
        headers=server.sandbox_headers,
        shown=shown,
    )


def _page(server: Server, uri: str, language: str) -> Answer:
    own = server.workspace.settings.uri.rstrip("/")
    path = urlsplit(uri).path if uri.startswith(f"{own}/id/") and "?" not in uri and "#" not in uri else ""
    links = _links(server, uri, path)
    try:
        found = passport(server.access, uri, *_viewed(server))
    except (NotFound, InvalidInput):
        body = missing_page(language, links)
        return Answer(404, body, f"{HTML}; charset=utf-8", {**_HEADERS, "Content-Language": language})
    paid = None
    if found.makers and server.workspace.settings.pay.enabled:
        links = replace(links, pay=f"/pay?item={quote(found.uri, safe='')}&lang={language}")
        paid = paid_value(server.access, paid_to_makers(server.access, found.uri))
    links = replace(links, label=f"/label?item={quote(found.uri, safe='')}&lang={language}")
    if found.token is not None and found.token.state == "live":
        links = replace(links, claim=f"/claim?item={quote(found.uri, safe='')}&lang={language}")
    body = passport_page(found, language, links, paid)
    headers = {**_HEADERS, "Content-Language": language, "ETag": etag_of(body)}
    return Answer(200, body, f"{HTML}; charset=utf-8", headers)


def _data(server: Server, uri: str) -> Answer:
    found = passport(server.access, uri, *_viewed(server))
    body = passport_data(found, _links(server, uri, "").proofs)
    return Answer(200, body, JSON, {"Cache-Control": "no-cache", "Vary": "Accept", "ETag": etag_of(body)})


def _proofs(server: Server, uri: str) -> Answer:
    found = passport(server.access, uri, *_viewed(server))
    if len(found.events) > _MOST_PROOFS:
        raise Problem(413, "", f"these are over {_MOST_PROOFS} proofs; use `firsthand prove` instead")
    body = b"".join(prove_events(server.access, list(found.events)))
    headers = {
        "Cache-Control": "no-cache",
        "Content-Disposition": 'attachment; filename="passport.fhproof"',
        "X-Content-Type-Options": "nosniff",
    }
    return Answer(200, body, _PROOFS, {**headers, "ETag": etag_of(body)})
