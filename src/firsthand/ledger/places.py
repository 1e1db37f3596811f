"""Master data: which place lies within which, and what attributes the elements of vocabularies have.

EPCIS asks for "read point X and all below it" (WD_readPoint, WD_bizLocation) and for events whose places,
steps or classes have an attribute (HASATTR_, EQATTR_). Both are master data (EPCIS 2.0 §6.5), sent in a
document's header, signed and journaled like everything else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Column, Connection, Table, Text, bindparam, delete, select

from firsthand.events.identifiers import canonical
from firsthand.journal.database import KEY, Upsert, bulk_insert, reading
from firsthand.journal.store import METADATA
from firsthand.ledger.event_index import key_text
from firsthand.ledger.statements import StatementProjection
from firsthand.proof.canonical import parse_canonical

__all__ = ["ELEMENT_ATTRIBUTE", "MASTER_DATA", "PLACE_CHILD", "PlaceTree"]

MASTER_DATA: Final = "MasterData"
"""The kind of an entry that carries vocabulary elements: `type`, `issuer`, `created`, `vocabularyList`."""

_VTYPE: Final = "urn:epcglobal:epcis:vtype:"
_VOCABULARIES: Final = {
    "readPoint": (f"{_VTYPE}ReadPoint", f"{_VTYPE}Location"),
    "bizLocation": (f"{_VTYPE}BusinessLocation", f"{_VTYPE}Location"),
    "bizStep": (f"{_VTYPE}BusinessStep",),
    "disposition": (f"{_VTYPE}Disposition",),
    "epcClass": (f"{_VTYPE}EPCClass",),
}
"""The vocabularies of the standard's fields (EPCIS 2.0 §7.2); Location is of places of both kinds."""

PLACE_CHILD: Final = Table(
    "place_child",
    METADATA,
    Column("vocabulary", KEY, primary_key=True),
    Column("parent", KEY, primary_key=True),
    Column("child", KEY, primary_key=True),
    sqlite_with_rowid=False,
)
_CHILDREN: Final = Upsert(PLACE_CHILD)

ELEMENT_ATTRIBUTE: Final = Table(
    "element_attribute",
    METADATA,
    Column("attribute", KEY, primary_key=True),
    Column("vocabulary", KEY, primary_key=True),
    Column("element", KEY, primary_key=True),
    Column("issuer", KEY, primary_key=True),
    Column("content", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""The values of an attribute, a JSON list, as an issuer stated them last."""

_STATED_BEFORE: Final = delete(ELEMENT_ATTRIBUTE).where(
    *(column == bindparam(f"of_{column.name}") for column in ELEMENT_ATTRIBUTE.primary_key)
)


class PlaceTree(StatementProjection):
    """A projection of the journal's master data into `place_child` and `element_attribute`."""

    kinds = frozenset({MASTER_DATA})
    tables = (PLACE_CHILD, ELEMENT_ATTRIBUTE)

    def below(self, field: str, uri: str) -> set[str]:
        """All places within this read point or business location, at any depth, in canonical spelling.

        Not itself unless in a circle.
        """
        found: set[str] = set()
        unvisited = [key_text(canonical(uri))]
        known = PLACE_CHILD.c.vocabulary.in_(_VOCABULARIES[field])
        with reading(self._engine) as connection:
            while unvisited:
                query = select(PLACE_CHILD.c.child).where(known, PLACE_CHILD.c.parent.in_(unvisited[:500]))
                children = set(connection.execute(query).scalars()) - found
                unvisited = unvisited[500:] + list(children)
                found |= children
        return found

    def attributes(self, field: str, attribute: str) -> list[tuple[str, Any]]:
        """The elements that have this attribute, in canonical spelling, each with its values, a list.

        Of the field's own vocabulary; of all, where it is an extension field.
        """
        row = ELEMENT_ATTRIBUTE.c
        query = select(row.element, row.content).where(row.attribute == key_text(attribute))
        if field in _VOCABULARIES:
            query = query.where(row.vocabulary.in_(_VOCABULARIES[field]))
        with reading(self._engine) as connection:
            return [(element, msgspec.json.decode(content)) for element, content in connection.execute(query)]

    def take(self, connection: Connection, place: int, leaf: bytes, document: bytes) -> None:
        """Take in the children and the attributes that master data names."""
        stated = parse_canonical(document)
        _CHILDREN.run(connection, sorted(set(_children(stated))))
        attributes = _attributes(stated)
        if attributes:
            names = [f"of_{column.name}" for column in ELEMENT_ATTRIBUTE.primary_key]
            connection.execute(_STATED_BEFORE, [dict(zip(names, key, strict=True)) for key in attributes])
            rows = [
                (*key, msgspec.json.encode(values).decode()) for key, values in attributes.items() if values
            ]
            bulk_insert(connection, ELEMENT_ATTRIBUTE, rows)


def _elements(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Vocabulary, canonical identifier and content of each element."""
    for vocabulary in document["vocabularyList"]:
        for element in vocabulary.get("vocabularyElementList", ()):
            yield key_text(vocabulary["type"]), key_text(canonical(element["id"])), element


def _children(document: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for vocabulary, parent, element in _elements(document):
        for child in element.get("children", ()):
            yield vocabulary, parent, key_text(canonical(child))


def _attributes(document: dict[str, Any]) -> dict[tuple[str, str, str, str], list[Any]]:
    """The values of each attribute, by the table's key; none where it is named without a value."""
    found: dict[tuple[str, str, str, str], list[Any]] = {}
    for vocabulary, uri, element in _elements(document):
        for one in element.get("attributes", ()):
            key = (key_text(one["id"]), vocabulary, uri, key_text(document["issuer"]))
            found.setdefault(key, []).extend([one["attribute"]] if "attribute" in one else [])
    return found
