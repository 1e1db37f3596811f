"""Short codes: nine letters and digits that stand on a label and lead to its item, typed at `/find`.

A code is 40 bits of a digest over the workspace's URI and the item's, so that the same item has the same code
when its label is printed again. Among a million items two may well derive the same one: a counter in the
digest tells them apart, and the table keeps who came first.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from itertools import count
from typing import Final

from sqlalchemy import Connection, select

from firsthand.errors import InvalidInput, NotFound
from firsthand.journal.database import Upsert, reading
from firsthand.proof.one_time_code import code_of, read_code
from firsthand.service.tables import SHORT_CODE
from firsthand.service.workspace import Workspace

__all__ = ["BITS", "is_web", "item_of", "short_codes"]

BITS: Final = 40
LONGEST_ITEM: Final = 500
"""Characters of an item's URI that a code is made for; a QR code for more fits no label."""

_CHUNK: Final = 400
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


def is_web(item: str) -> bool:
    """Whether a browser can open an item's URI."""
    return item.lower().startswith(("https://", "http://"))


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
