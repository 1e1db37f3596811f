"""The tree of places: which location lies within which, from the journaled master data.

EPCIS asks for "read point X and all below it" (WD_readPoint, WD_bizLocation); what lies below is master
data (EPCIS 2.0 §6.5), sent in a document's header, signed and journaled like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, Table, select

from firsthand.events.identifiers import canonical
from firsthand.journal.database import KEY, Upsert, reading
from firsthand.journal.store import METADATA
from firsthand.ledger.event_index import key_text
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical

__all__ = ["MASTER_DATA", "PLACE_CHILD", "PlaceTree"]

MASTER_DATA: Final = "MasterData"
"""The kind of an entry that carries vocabulary elements: `type`, `issuer`, `created`, `vocabularyList`."""

PLACE_CHILD: Final = Table(
    "place_child",
    METADATA,
    Column("parent", KEY, primary_key=True),
    Column("child", KEY, primary_key=True),
    sqlite_with_rowid=False,
)
_CHILDREN: Final = Upsert(PLACE_CHILD)


class PlaceTree(StatementProjection):
    """A projection of the journal's master data into `place_child`."""

    kinds = frozenset({MASTER_DATA})
    tables = (PLACE_CHILD,)

    def below(self, uri: str) -> set[str]:
        """All places within this one, at any depth, in canonical spelling; not itself unless in a circle."""
        found: set[str] = set()
        unvisited = [key_text(canonical(uri))]
        with reading(self._engine) as connection:
            while unvisited:
                query = select(PLACE_CHILD.c.child).where(PLACE_CHILD.c.parent.in_(unvisited[:500]))
                children = set(connection.execute(query).scalars()) - found
                unvisited = unvisited[500:] + list(children)
                found |= children
        return found

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> None:
        """Take in the children that master data names."""
        pairs = set(_children(parse_canonical(document)))
        _CHILDREN.run(connection, sorted(pairs))


def _children(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for vocabulary in document["vocabularyList"]:
        for element in vocabulary.get("vocabularyElementList", ()):
            for child in element.get("children", ()):
                yield key_text(canonical(element["id"])), key_text(canonical(child))
