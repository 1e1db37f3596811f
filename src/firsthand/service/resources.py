"""The top-level resources of EPCIS: which event types, steps, places and EPCs the repository knows.

What only other parties' unpublished events mention is not named.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, Engine, text

from firsthand.events.identifiers import canonical
from firsthand.events.query_names import bare_word
from firsthand.journal.database import reading
from firsthand.ledger.event_index import Kind, key_text
from firsthand.ledger.event_sql import Viewer

__all__ = ["EVENT_TYPES", "known", "resource_names"]

EVENT_TYPES: Final = (
    "AggregationEvent",
    "AssociationEvent",
    "ObjectEvent",
    "TransactionEvent",
    "TransformationEvent",
)

_WORDS: Final = {
    "eventTypes": Kind.EVENT_TYPE,
    "bizSteps": Kind.BIZ_STEP,
    "dispositions": Kind.DISPOSITION,
    "readPoints": Kind.READ_POINT,
    "bizLocations": Kind.BIZ_LOCATION,
}
_EPC_KINDS: Final = (Kind.EPC, Kind.PARENT, Kind.INPUT_EPC, Kind.OUTPUT_EPC)
_SKIPPED: Final = 2_000
"""Names that a page may pass over because the viewer must not see them."""


def resource_names(
    engine: Engine, resource: str, viewer: Viewer, published: int, after: str, count: int
) -> tuple[list[str], str | None]:
    """At most `count` names after the name `after`, in order; and the name to go on from, if any is left."""
    with reading(engine) as connection:
        if resource == "epcs":
            return _epcs(connection, viewer, published, after, count)
        query = "SELECT DISTINCT word FROM event_word WHERE kind = :kind AND word > :after"
        values = {"kind": int(_WORDS[resource]), "after": after, "count": count + 1}
        if not viewer.everything:
            query += " AND (issuer = :party OR number < :published)"
            values |= {"party": viewer.party or "", "published": published}
        rows = list(connection.execute(text(query + " ORDER BY word LIMIT :count"), values).scalars())
    return rows[:count], rows[count - 1] if len(rows) > count else None


def known(engine: Engine, resource: str, name: str, viewer: Viewer, published: int) -> bool:
    """Whether the repository knows this name."""
    if resource == "eventTypes" and name in EVENT_TYPES:
        return True
    with reading(engine) as connection:
        if resource == "epcs":
            return _epc_seen(connection, key_text(canonical(name)), viewer, published)
        spelt = canonical(name) if resource in ("readPoints", "bizLocations") else bare_word(name)
        word = key_text(spelt)
        query = "SELECT 1 FROM event_word WHERE kind = :kind AND word = :word"
        values = {"kind": int(_WORDS[resource]), "word": word}
        if not viewer.everything:
            query += " AND (issuer = :party OR number < :published)"
            values |= {"party": viewer.party or "", "published": published}
        return connection.execute(text(query + " LIMIT 1"), values).first() is not None


def _epcs(
    connection: Connection, viewer: Viewer, published: int, after: str, count: int
) -> tuple[list[str], str | None]:
    """EPCs by name: from one to the next by the index, so that a page costs the same anywhere."""
    parts = " UNION ALL ".join(
        f"SELECT min(uri) AS uri FROM event_key WHERE kind = {int(kind)} AND uri > :after"
        for kind in _EPC_KINDS
    )
    following = text(f"SELECT min(uri) FROM ({parts}) AS smallest")
    found: list[str] = []
    for _ in range(count + _SKIPPED):
        name = connection.execute(following, {"after": after}).scalar()
        if name is None:
            return found, None
        if len(found) == count:
            return found, after
        if _epc_seen(connection, name, viewer, published):
            found.append(name)
        after = name
    return found, after


def _epc_seen(connection: Connection, name: str, viewer: Viewer, published: int) -> bool:
    kinds = ", ".join(str(int(kind)) for kind in _EPC_KINDS)
    query = f"SELECT 1 FROM event_key k WHERE k.kind IN ({kinds}) AND k.uri = :name"
    values: dict[str, object] = {"name": name}
    if not viewer.everything:
        query = (
            f"SELECT 1 FROM event_key k JOIN event_fact f ON f.number = k.number WHERE k.kind IN ({kinds}) "
            "AND k.uri = :name AND (f.issuer = :party OR f.number < :published)"
        )
        values |= {"party": viewer.party or "", "published": published}
    return connection.execute(text(query + " LIMIT 1"), values).first() is not None
