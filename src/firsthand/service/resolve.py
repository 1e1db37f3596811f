"""From an identifier to where it leads: the links of each level, those of the log itself, and the choice.

Sources: GS1-Conformant Resolver 1.2 §2.5 (links), §2.5.9 (levels), §2.6 (choice), §2.10 (linkset), RFC 9264.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from firsthand.events.digital_link import DigitalLink
from firsthand.events.identifiers import canonical
from firsthand.service.links import GS1, Link, is_public, links_of
from firsthand.service.workspace import Workspace

__all__ = [
    "Asked",
    "Level",
    "Target",
    "Wishes",
    "choose",
    "levels_of",
    "linkset",
    "passport_link",
    "preferences",
    "wishes",
]

_DEFAULT: Final = GS1 + "defaultLink"
_DEFAULTS: Final = GS1 + "defaultLinkMulti"
_MOST_PREFERENCES: Final = 20


@dataclass(frozen=True, slots=True)
class Target:
    """Where a link leads; `own` ones lead to pages of this server. What is empty is not said."""

    link_type: str
    href: str
    title: str
    media: str = ""
    language: str = ""
    context: str = ""
    is_default: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """The links of one entity; `anchor` is its URI on this server."""

    anchor: str
    targets: tuple[Target, ...]


@dataclass(frozen=True, slots=True)
class Wishes:
    """The ranges of an Accept or Accept-Language header, in small letters; the best wanted one first."""

    wanted: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    def refuse(self, value: str) -> bool:
        """Whether the most specific range that a value is in has q=0 (RFC 9110 §12.4.2, §12.5.1)."""
        named = next((one for one in _ranges(value) if one in self.wanted or one in self.refused), "")
        return named in self.refused and named not in self.wanted


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for: a link type's URI or "" for the default; preferences, the best first."""

    link_type: str = ""
    languages: Wishes = Wishes()
    media: Wishes = Wishes()
    context: str = ""


def passport_link(base_url: str, uri: str) -> str:
    """Where the passport of an item is shown: the default link of whatever the log knows."""
    return f"{base_url}/passport?uri={quote(uri, safe='')}"


def levels_of(
    workspace: Workspace, base_url: str, item: DigitalLink | str, published: int
) -> tuple[Level, ...]:
    """The levels of an item that have links, from the finest; `published` as in `Trace`.

    The log's own links are of the finest level that a public event speaks of.
    """
    named = (
        [(one.uri, base_url + one.path) for one in item.levels()]
        if isinstance(item, DigitalLink)
        else [(item, item)]
    )
    kept = links_of(workspace, [uri for uri, _ in named])
    found = []
    known = False
    for uri, anchor in named:
        targets = [_target(one) for one in kept if one.item == uri]
        if not known and is_public(workspace, uri, published):
            known = True
            default = not any(one.is_default for one in targets)
            targets += _own(base_url, canonical(uri), default)
        if targets:
            found.append(Level(anchor, tuple(targets)))
    return tuple(found)


def choose(levels: Sequence[Level], asked: Asked) -> tuple[Target, ...]:
    """The one target that is asked for; several where nothing decides between them; none where none fits.

    A finer level's link goes before a coarser one's. Context, language and media type narrow the choice
    where they can, and never leave nothing (§2.6.3). Of several defaults the oldest wins.
    """
    for level in levels:
        found = [
            one
            for one in level.targets
            if (one.link_type == asked.link_type if asked.link_type else one.is_default)
        ]
        if found:
            narrowed = _narrowed(found, asked)
            return narrowed if asked.link_type else narrowed[:1]
    return ()


def linkset(levels: Sequence[Level], description: str = "") -> dict[str, Any]:
    """The linkset (RFC 9264 §4.2): a context object for each level, its default link among them."""
    return {"linkset": [_context_object(level, description) for level in levels]}


def preferences(header: str) -> tuple[str, ...]:
    """The values of an Accept or Accept-Language header, the best first; those with q=0 are left out."""
    return wishes(header).wanted


def wishes(header: str) -> Wishes:
    """What an Accept or Accept-Language header asks for, and what it refuses."""
    found: list[tuple[float, str]] = []
    for part in header.split(",")[:_MOST_PREFERENCES]:
        value, _, parameters = part.partition(";")
        weight = re.search(r"(?:^|;)\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*(?:;|$)", parameters)
        quality = float(weight[1]) if weight else 1.0
        if value.strip():
            found.append((quality, value.strip().lower()))
    found.sort(key=lambda one: -one[0])
    return Wishes(
        tuple(value for quality, value in found if quality > 0),
        tuple(value for quality, value in found if quality == 0),
    )


def _target(link: Link) -> Target:
    return Target(
        link.link_type, link.href, link.title, link.media, link.language, link.context, link.is_default
    )


def _own(base_url: str, uri: str, default: bool) -> list[Target]:
    """What the log itself has to say of an item."""
    passport, quoted = passport_link(base_url, uri), quote(uri, safe="")
    html, json = "text/html", "application/json"
    return [
        Target(f"{GS1}pip", passport, "Passport", html, is_default=default, own=True),
        Target(f"{GS1}certificationInfo", f"{passport}#claims", "Claims and certificates", html, own=True),
        Target(
            f"{GS1}traceability", f"{base_url}/trace/{quoted}", "Trace back to the makers", json, own=True
        ),
        Target(f"{GS1}epcis", f"{base_url}/events?MATCH_anyEPC={quoted}", "Events", json, own=True)
        if _is_instance(uri)
        else Target(f"{GS1}epcis", f"{base_url}/events?MATCH_anyEPCClass={quoted}", "Events", json, own=True),
    ]


def _is_instance(uri: str) -> bool:
    """Whether EPCIS would list a GS1 key as an EPC; a lot of a product is a class (CBV 2.0 §8.2, §8.3)."""
    return re.search(r"/(?:01/\d{14}(?:/10/[^/]+)?|8006/\d{18}(?:/10/[^/]+)?|8010/[^/]+)$", uri) is None


def _narrowed(found: list[Target], asked: Asked) -> tuple[Target, ...]:
    same = [one for one in found if asked.context and one.context == asked.context]
    found = same or [one for one in found if not one.context] or found
    found = _fitting(found, asked.languages, lambda one: one.language.lower())
    found = _fitting(found, asked.media, lambda one: one.media)
    return tuple({one.href: one for one in reversed(found)}.values())[::-1]


def _fitting(found: list[Target], asked: Wishes, value: Callable[[Target], str]) -> list[Target]:
    """Those of the first wish that any fits, without those that are refused, as long as that leaves any."""
    found = [one for one in found if not asked.refuse(value(one))] or found
    best = next((fits for wish in asked.wanted if (fits := _looked_up(found, wish, value))), [])
    # What says nothing suits everybody better than what says something else.
    return best or [one for one in found if not value(one)] or found


def _looked_up(found: list[Target], wish: str, value: Callable[[Target], str]) -> list[Target]:
    """What a wish names, else the nearest range that it is in (RFC 4647 §3.4), else all that is in it."""
    if wish in ("*", "*/*"):
        return []
    for nearest in _ranges(wish):
        exact = [one for one in found if value(one) == nearest]
        if exact:
            return exact
    return [one for one in found if wish in _ranges(value(one))]


def _ranges(value: str) -> tuple[str, ...]:
    """The ranges that a language tag or media type is in, the most specific first; none of an empty one."""
    if not value:
        return ()
    if "/" in value:
        return value, f"{value.partition('/')[0]}/*", "*/*"
    tags = value.split("-")
    return *("-".join(tags[:size]) for size in range(len(tags), 0, -1)), "*"


def _context_object(level: Level, description: str) -> dict[str, Any]:
    found: dict[str, Any] = {"anchor": level.anchor}
    if description:
        found["description"] = description
    defaults = [one for one in level.targets if one.is_default]
    if defaults:
        found[_DEFAULT] = [{"href": defaults[0].href, "title": defaults[0].title}]
    if len(defaults) > 1:
        found[_DEFAULTS] = [_described(one) for one in defaults]
    for target in level.targets:
        found.setdefault(target.link_type, []).append(_described(target))
    return found


def _described(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = {"href": target.href, "title": target.title}
    if target.media:
        found["type"] = target.media
    if target.language:
        found["hreflang"] = [target.language]
    if target.context:
        found["context"] = [target.context]
    return found
