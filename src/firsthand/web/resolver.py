"""A GS1-conformant resolver: Digital Links and plain item URIs lead on, or answer with their linkset.

Where a link leads was checked when it was set; nothing of a request but its query string goes into it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final
from urllib.parse import unquote

import msgspec

from firsthand.errors import InvalidInput
from firsthand.events.compressed_link import ReadLink, looks_compressed, read_path
from firsthand.service.links import GS1, link_type_uri
from firsthand.service.resolve import Asked, Level, Target, choose, levels_of, linkset, preferences, wishes
from firsthand.web.calls import JSON, Answer, Call, json_answer
from firsthand.web.linkset_page import linkset_page
from firsthand.web.page_templates import PLAIN_HEADERS
from firsthand.web.pages import HTML
from firsthand.web.problems import Problem
from firsthand.web.words import preferred

__all__ = [
    "LINKSET",
    "get_compressed_link",
    "get_description",
    "get_digital_link",
    "item_answer",
    "known_item",
    "linkset_link",
]

LINKSET: Final = "application/linkset+json"
CONTEXT: Final = "https://ref.gs1.org/standards/resolver/linkset-context"
_VARY: Final = {"Vary": "Host, Accept, Accept-Language"}
_OURS: Final = ("linkType", "context")
_ESCAPE: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_ALL: Final = ("all", "linkset", "gs1:linkset")


def get_digital_link(call: Call) -> Answer:
    """Where a GS1 Digital Link leads, or its linkset"""
    return _resolved(call, read_path(call.path))


def get_compressed_link(call: Call) -> Answer:
    """Where a wholly compressed GS1 Digital Link leads, or its linkset"""
    segment = unquote(call.path.strip("/"))
    try:
        read = read_path(segment)
    except InvalidInput:
        if looks_compressed(segment):
            raise
        raise Problem(404, "NoSuchNameException", f"there is nothing at /{segment[:40]}") from None
    return _resolved(call, read)


def known_item(call: Call, uri: str) -> tuple[str, tuple[Level, ...]]:
    """A plain item URI as it is known here, and its levels; the URI as it is where it is not known.

    A last slash is forgiven (§2.13), and the case of escapes does not matter (RFC 3986 §6.2.2.1): they are
    looked for as they came, then in capitals, as RFC 3986 has them written, then in small letters.
    """
    spellings = [
        spelling
        for one in (uri, uri.rstrip("/"))
        for spelling in (one, _recased(one, str.upper), _recased(one, str.lower))
    ]
    for spelling in dict.fromkeys(spellings):
        levels = levels_of(call.server.workspace, call.base_url, spelling, call.server.published())
        if levels:
            return spelling, levels
    return uri, ()


def item_answer(call: Call, levels: tuple[Level, ...]) -> Answer | None:
    """What the resolver has to say of a plain item URI: None where its passport is to be shown."""
    asked = _asked(call)
    if asked is None or asked.link_type:
        return _answer(call, levels, asked)
    found = choose(levels, asked)
    return None if not found or found[0].own else _redirect(call, levels, found[0])


def get_description(call: Call) -> Answer:
    """What this resolver can do: its description file"""
    value = {
        "name": "Firsthand",
        "resolverRoot": call.base_url,
        "supportedPrimaryKeys": ["all"],
        "supportedLinkType": [{"namespace": GS1, "prefix": "gs1:"}],
        "linkTypeDefaultCanBeLinkset": False,
        "jsonLdContextLocation": CONTEXT,
        # The standard's schema has no member for it, and allows others.
        "supportsCompressedLinks": True,
    }
    return json_answer(value, 200, {"Vary": "Host"})


def _resolved(call: Call, read: ReadLink) -> Answer:
    """The answer to a link; a compressed one is answered as what it stands for, and says that (§2.3)."""
    levels = levels_of(call.server.workspace, call.base_url, read.link, call.server.published())
    if not read.compressed:
        return _answer(call, levels, _asked(call))
    query = "&".join(part for part in (read.query, call.raw_query) if part)
    call = replace(call, query=[*read.attributes, *call.query], raw_query=query)
    answer = _answer(call, levels, _asked(call))
    same = f'<{call.base_url}{read.reference}>; rel="owl:sameAs"'
    return replace(answer, headers=answer.headers | {"Link": f"{same}, {answer.headers['Link']}"})


def _recased(uri: str, change: Callable[[str], str]) -> str:
    return _ESCAPE.sub(lambda found: change(found[0]), uri)


def _asked(call: Call) -> Asked | None:
    """What is asked for; None for the linkset. Raises InvalidInput for what is no link type."""
    wanted = call.parameter("linkType")
    accepted = wishes(call.headers.get("accept", ""))
    if wanted in _ALL or (wanted is None and LINKSET in accepted.wanted):
        return None
    return Asked(
        link_type_uri(wanted) if wanted is not None else "",
        wishes(call.headers.get("accept-language", "")),
        accepted,
        call.parameter("context") or "",
    )


def _answer(call: Call, levels: tuple[Level, ...], asked: Asked | None) -> Answer:
    if not levels:
        raise Problem(404, "NoSuchNameException", "nothing is known here of that item")
    if asked is None:
        return _linkset(call, levels)
    found = choose(levels, asked)
    if not found:
        missing = "the item has no link of that type" if asked.link_type else "the item has no default link"
        headers = {**_VARY, "Link": _link_header(levels)}
        raise Problem(404, "NoSuchNameException", f"{missing}; ask for linkType=linkset", headers)
    if len(found) > 1:
        return _linkset(call, (Level(levels[0].anchor, found),), 300)
    return _redirect(call, levels, found[0])


def _redirect(call: Call, levels: tuple[Level, ...], target: Target) -> Answer:
    """307 with the whole query string (§2.12); our own pages need not be told what we ourselves asked for."""
    query = call.raw_query
    if target.own:
        query = "&".join(part for part in query.split("&") if part.partition("=")[0] not in _OURS)
    head, mark, fragment = target.href.partition("#")
    if query:
        head += ("&" if "?" in head else "?") + query
    headers = {**_VARY, "Location": head + mark + fragment, "Link": _link_header(levels)}
    return Answer(307, headers=headers)


def _linkset(call: Call, levels: tuple[Level, ...], status: int = 200) -> Answer:
    value = linkset(levels)
    accepted = preferences(call.headers.get("accept", ""))
    media = next((one for one in accepted if one in (LINKSET, JSON, "application/ld+json", HTML)), LINKSET)
    headers = {**_VARY, "Link": _link_header(levels)}
    if media == HTML:
        return Answer(
            status,
            linkset_page(levels, _as_linked_data(value), preferred(call.headers.get("accept-language", ""))),
            f"{HTML}; charset=utf-8",
            headers | PLAIN_HEADERS,
        )
    if media == "application/ld+json":
        return Answer(status, msgspec.json.encode(_as_linked_data(value)), media, headers)
    context = f'<{CONTEXT}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
    return Answer(
        status, msgspec.json.encode(value), media, {**headers, "Link": f"{headers['Link']}, {context}"}
    )


def _as_linked_data(value: dict[str, Any]) -> dict[str, Any]:
    return {"@context": CONTEXT, **value}


def _link_header(levels: tuple[Level, ...]) -> str:
    return linkset_link(levels[0].anchor)


def linkset_link(anchor: str) -> str:
    """A Link header with the linkset's address; all links in it were deprecated by Resolver 1.0."""
    return f'<{anchor}?linkType=linkset>; rel="linkset"; type="{LINKSET}"'
