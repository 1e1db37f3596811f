"""Short codes: nine letters and digits that stand on a label and lead to its item, typed at `/find`.

A code is 40 bits of a digest over the workspace's URI and the item's, so that the same item has the same code
when its label is printed again. Among a million items two may well derive the same one: a counter in the
digest tells them apart, and the table keeps who came first.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from typing import Final

from sqlalchemy import Connection, select

from firsthand.errors import InvalidInput, NotFound
from firsthand.events.application_identifiers import CANONICAL_DOMAIN
from firsthand.events.digital_link import find_link
from firsthand.events.identifiers import canonical
from firsthand.journal.database import Upsert, reading
from firsthand.proof.one_time_code import code_of, read_code
from firsthand.service.tables import SHORT_CODE
from firsthand.service.workspace import Workspace

__all__ = ["BITS", "item_of", "short_codes", "web_address"]

BITS: Final = 40
LONGEST_ITEM: Final = 500
"""Characters of an item's URI that a code is made for; a QR code for more fits no label."""

_CHUNK: Final = 400
_WEB: Final = re.compile(r"https?://", re.IGNORECASE)
_OF_GS1: Final = re.compile(r"urn:epc:|https?://id\.gs1\.org/", re.IGNORECASE)
_CODES: Final = Upsert(SHORT_CODE)


def short_codes(workspace: Workspace, items: Sequence[str]) -> dict[str, str]:
    """The code of each item, made where it has none yet: all of them or, on an error, none.

    Raises InvalidInput for a URI that is too long.
    """
    for item in items:
        if len(item) > LONGEST_ITEM:
            raise InvalidInput(f"a label's URI has at most {LONGEST_ITEM} characters: {item[:80]}…")
    with workspace.engine.begin() as connection:
        found = _known(connection, items)
        for attempt in count():
            missing = sorted(set(items).difference(found))
            if not missing:
                return found
            rows = [(_derived(workspace.settings.uri, item, attempt), item) for item in missing]
            _CODES.run(connection, rows)
            found |= _known(connection, missing)
    raise AssertionError("the counter does not end")


def web_address(item: str, base_url: str) -> str | None:
    """Where a browser opens an item: a GS1 key at the resolver below `base_url`, a web URI as it is.

    A Digital Link on another domain than GS1's is its maker's, and resolved there. None for another URI, and
    for a GS1 key that no resolver takes, as one with a wrong check digit.
    """
    uri = canonical(item) if _OF_GS1.match(item) else item
    if not uri.startswith(f"{CANONICAL_DOMAIN}/"):
        return uri if _WEB.match(uri) else None
    try:
        link = find_link(uri)
    except InvalidInput:
        return None
    return None if link is None else base_url.rstrip("/") + link.path


def item_of(workspace: Workspace, text: str) -> str:
    """The item of a code as it was typed. Raises InvalidInput for no code, NotFound for nobody's."""
    code = read_code(text, BITS)
    query = select(SHORT_CODE.c.item).where(SHORT_CODE.c.code == code)
    with reading(workspace.engine) as connection:
        item = connection.execute(query).scalar()
    if item is None:
        raise NotFound(f"no label has the code {code}")
    return str(item)


def _derived(uri: str, item: str, attempt: int) -> str:
    # Neither URI holds a line feed, so no two triples give the same bytes.
    text = f"firsthand short code\n{uri}\n{item}\n{attempt}"
    return code_of(sha256(text.encode()).digest()[: BITS // 8], BITS)


def _known(connection: Connection, items: Sequence[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for start in range(0, len(items), _CHUNK):
        chunk = items[start : start + _CHUNK]
        query = select(SHORT_CODE.c.item, SHORT_CODE.c.code).where(SHORT_CODE.c.item.in_(chunk))
        found.update((row.item, row.code) for row in connection.execute(query))
    return found
