"""Links of items: data that a party manages, from which the resolver answers.

Only the party that the log names first for an item, or whose own URI the item's begins with, sets its links:
whoever handles a pack later must not be able to lead its buyers elsewhere. A link is of one item in one
spelling: a GS1 Digital Link on GS1's own domain without what does not identify it, or a plain URI.
"""

from __future__ import annotations

import re
from dataclasses import astuple, dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select

from firsthand.errors import Conflict, InvalidInput, NotFound, Unauthorized
from firsthand.events.digital_link import find_link
from firsthand.events.identifiers import canonical
from firsthand.journal.database import Statement, reading
from firsthand.ledger.event_index import Kind
from firsthand.service.tables import ITEM_LINK
from firsthand.service.workspace import Workspace

__all__ = [
    "GS1",
    "MOST_LINKS",
    "Link",
    "NewLink",
    "add_link",
    "find_by_id",
    "first_recorder",
    "is_public",
    "item_uri",
    "link_type_uri",
    "link_value",
    "links_of",
    "links_state",
    "party_links",
    "remove_link",
]

GS1: Final = "https://ref.gs1.org/voc/"
"""The GS1 Web Vocabulary, whose link types go by `gs1:` (GS1-Conformant Resolver 1.2 §2.14)."""

MOST_LINKS: Final = 100
"""Links of one item."""

_OLDER_GS1: Final = ("https://gs1.org/voc/", "http://gs1.org/voc/")
_LINK_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")
# These are said by `default`, or not at all.
_RESERVED: Final = frozenset({"defaultLink", "defaultLinkMulti", "handledBy", "linkset", "all"})
_LANGUAGE: Final = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
_MEDIA: Final = re.compile(r"[a-z]+/[a-z0-9][a-z0-9.+-]{0,79}")
_CONTEXT: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
_TARGET: Final = re.compile(r"https://[!#-;=?-\[\]_a-z~]+")
_LONGEST_URI: Final = 500
_LONGEST_TARGET: Final = 2_000
_LONGEST_TITLE: Final = 200
_ITEM_KINDS: Final = tuple(int(kind) for kind in range(Kind.EPC, Kind.OUTPUT_CLASS + 1))


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link as it is asked for; `language` is as in `en` or `en-GB`, `context` a word of the party's own."""

    item: str
    link_type: str
    href: str
    title: str
    media: str = ""
    language: str = ""
    context: str = ""
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is kept; `item` and `link_type` are URIs, `created` is RFC 3339."""

    id: str
    item: str
    party: str
    link_type: str
    href: str
    title: str
    media: str
    language: str
    context: str
    is_default: bool
    created: str


def link_value(link: Link) -> dict[str, Any]:
    """A link as JSON shows it, with the linkset's names (RFC 9264 §4.2.4)."""
    return {
        "id": link.id,
        "item": link.item,
        "party": link.party,
        "linkType": link.link_type,
        "href": link.href,
        "title": link.title,
        "type": link.media,
        "hreflang": link.language,
        "context": link.context,
        "default": link.is_default,
        "created": link.created,
    }


def item_uri(text: str) -> str:
    """The item that links are kept of: a GS1 key in one spelling, any other URI as it is.

    Raises InvalidInput for what is no http(s) URI or EPC URN, or has a wrong check digit.
    """
    uri = canonical(text) if text.startswith("urn:epc:") else text
    if len(uri) > _LONGEST_URI or not re.fullmatch(r"https?://[^\s/]+/\S+", uri):
        raise InvalidInput(
            f"an item is named by a URI of at most {_LONGEST_URI} characters, got {text[:80]!r}"
        )
    link = find_link(uri)
    return link.levels()[0].uri if link is not None else uri


def link_type_uri(text: str) -> str:
    """The URI of a link type: `gs1:pip`, or its URI in the GS1 Web Vocabulary. Raises InvalidInput."""
    name = text
    for prefix in ("gs1:", GS1, *_OLDER_GS1):
        if text.startswith(prefix):
            name = text.removeprefix(prefix)
            break
    else:
        raise InvalidInput(f"expected a link type of the GS1 Web Vocabulary, e.g. gs1:pip, got {text[:80]!r}")
    if not _LINK_TYPE.fullmatch(name):
        raise InvalidInput(f"{text[:80]!r} is no link type")
    return GS1 + name


def add_link(workspace: Workspace, party: str, wanted: NewLink) -> Link:
    """Set a link as a party (name or URI); the same link again takes its new title and default.

    Raises InvalidInput for a link that breaks a rule, Unauthorized for a party whose item it is not,
    Conflict when the item has `MOST_LINKS` already.
    """
    uri = workspace.parties.find(party).uri
    link = _judged(workspace, uri, wanted)
    _authorise(workspace, uri, link.item)
    table = ITEM_LINK.c
    with workspace.engine.begin() as connection:
        connection.execute(delete(ITEM_LINK).where(table.id == link.id))
        count = select(func.count()).select_from(ITEM_LINK).where(table.item == link.item)
        if connection.execute(count).scalar_one() >= MOST_LINKS:
            raise Conflict(f"{link.item} has {MOST_LINKS} links; remove one first")
        names = Link.__dataclass_fields__
        connection.execute(ITEM_LINK.insert(), dict(zip(names, astuple(link), strict=True)))
    return link


def remove_link(workspace: Workspace, party: str, link_id: str) -> Link:
    """Remove a link as the party (name or URI) that may set it. Raises NotFound, Unauthorized."""
    uri = workspace.parties.find(party).uri
    link = find_by_id(workspace, link_id)
    if uri != link.party:
        _authorise(workspace, uri, link.item)
    with workspace.engine.begin() as connection:
        connection.execute(delete(ITEM_LINK).where(ITEM_LINK.c.id == link_id))
    return link


def find_by_id(workspace: Workspace, link_id: str) -> Link:
    """The link of that ID. Raises NotFound."""
    with reading(workspace.engine) as connection:
        row = connection.execute(select(ITEM_LINK).where(ITEM_LINK.c.id == link_id)).first()
    if row is None:
        raise NotFound(f"there is no link {link_id[:80]!r}")
    return Link(*row)


def links_of(workspace: Workspace, items: list[str]) -> list[Link]:
    """The links of these items, the oldest first."""
    table = ITEM_LINK.c
    query = select(ITEM_LINK).where(table.item.in_(items)).order_by(table.created, table.id)
    with reading(workspace.engine) as connection:
        return [Link(*row) for row in connection.execute(query)]


def party_links(workspace: Workspace, party: str | None, after: str = "", count: int = 1_000) -> list[Link]:
    """The links that a party set, or all, by ID, from after that ID on."""
    table = ITEM_LINK.c
    query = select(ITEM_LINK).where(table.id > after).order_by(table.id).limit(count)
    if party is not None:
        query = query.where(table.party == party)
    with reading(workspace.engine) as connection:
        return [Link(*row) for row in connection.execute(query)]


def links_state(workspace: Workspace) -> str:
    """A text that changes with the links, for what is kept of pages."""
    query = select(func.count(), func.max(ITEM_LINK.c.created)).select_from(ITEM_LINK)
    with reading(workspace.engine) as connection:
        count, newest = connection.execute(query).one()
    return f"{count} {newest}"


def first_recorder(workspace: Workspace, item: str) -> str | None:
    """The party of the first event in the log that speaks of an item, or of a lot or piece of it."""
    uri = canonical(item)
    kinds = ", ".join("?" * len(_ITEM_KINDS))
    # `0` is the character after `/`: whatever is below the URI, and nothing beside it.
    query = Statement(
        "SELECT f.issuer FROM event_fact f WHERE f.number = (SELECT MIN(k.number) FROM event_key k "
        f"WHERE k.kind IN ({kinds}) AND (k.uri = ? OR (k.uri >= ? AND k.uri < ?)))"
    )
    below = (f"{uri}/", f"{uri}0") if find_link(uri) is not None else (uri, uri)
    with reading(workspace.engine) as connection:
        row = query.run(connection, *_ITEM_KINDS, uri, *below).fetchone()
    return None if row is None else str(row[0])


def is_public(workspace: Workspace, uri: str, published: int) -> bool:
    """Whether an event with a number below `published` speaks of the item."""
    kinds = ", ".join("?" * len(_ITEM_KINDS))
    query = Statement(f"SELECT 1 FROM event_key WHERE kind IN ({kinds}) AND uri = ? AND number < ? LIMIT 1")
    with reading(workspace.engine) as connection:
        found = query.run(connection, *_ITEM_KINDS, canonical(uri), published).fetchone()
    return found is not None


def _authorise(workspace: Workspace, party: str, item: str) -> None:
    if item.startswith(party.rstrip("/") + "/"):
        return
    first = first_recorder(workspace, item)
    if first != party:
        who = "nobody has recorded it yet" if first is None else f"{first} recorded it first"
        raise Unauthorized(f"{party} may not set links of {item}: {who}")


def _judged(workspace: Workspace, party: str, wanted: NewLink) -> Link:
    link_type = link_type_uri(wanted.link_type)
    if link_type.removeprefix(GS1) in _RESERVED:
        raise InvalidInput(f"{wanted.link_type} is no link type to set; a default link is set with `default`")
    title = " ".join(wanted.title.split())
    if not 0 < len(title) <= _LONGEST_TITLE or not title.isprintable():
        raise InvalidInput(f"a title has 1 to {_LONGEST_TITLE} printable characters")
    for name, value, pattern, example in (
        ("language", wanted.language, _LANGUAGE, "en or en-GB"),
        ("media type", wanted.media, _MEDIA, "text/html"),
        ("context", wanted.context, _CONTEXT, "retail"),
    ):
        if value and not pattern.fullmatch(value):
            raise InvalidInput(f"{value[:80]!r} is no {name}; expected e.g. {example}")
    item = item_uri(wanted.item)
    href = _target(wanted.href)
    told = (item, link_type, href, wanted.media, wanted.language, wanted.context)
    link_id = sha256("\n".join(told).encode()).hexdigest()[:24]
    return Link(
        link_id,
        item,
        party,
        link_type,
        href,
        title,
        wanted.media,
        wanted.language,
        wanted.context,
        wanted.is_default,
        workspace.now(),
    )


def _target(href: str) -> str:
    """A target that a phone may be sent to: https, a host, nothing hidden. Raises InvalidInput."""
    if len(href) > _LONGEST_TARGET or not _TARGET.fullmatch(href):
        raise InvalidInput(
            f"a target is an encoded https URL of at most {_LONGEST_TARGET} characters, got {href[:60]!r}"
        )
    try:
        parts = urlsplit(href)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if not host or "@" in parts.netloc or not re.fullmatch(r"[a-z0-9.-]+|\[[0-9a-f:.]+\]", host.lower()):
        raise InvalidInput(f"a target names a host and no user, got {href[:80]!r}")
    return href
