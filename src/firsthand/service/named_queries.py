"""Named queries: an EPCIS query under a name, seen by the party that made it and by operators."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, select

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.events.query import Query, parse_query
from firsthand.journal.database import reading
from firsthand.service.api_keys import Principal
from firsthand.service.tables import DEAD_LETTER, NAMED_QUERY, SUBSCRIPTION
from firsthand.service.workspace import Workspace

__all__ = ["NamedQuery", "create_query", "delete_query", "find_query", "list_queries"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,99}")
_PREDEFINED: Final = ("SimpleEventQuery", "SimpleMasterDataQuery")
"""The standard's own queries (EPCIS 2.0 §8.2.7)."""

_MOST: Final = 1_000
"""Queries that one party may keep."""


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A query and its name; `document` is the JSON form that was given."""

    name: str
    party: str | None
    document: dict[str, Any]
    created: str

    @property
    def query(self) -> Query:
        """The query, ready to be run."""
        return parse_query(self.document)


def create_query(
    workspace: Workspace, principal: Principal, name: str, document: dict[str, Any]
) -> NamedQuery:
    """Keep a query. Raises InvalidInput for a bad name or query, Conflict when the name is taken."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            "expected 1 to 100 letters, digits, dots, hyphens, underscores or tildes", "$.name"
        )
    if name in _PREDEFINED:
        raise Conflict(f"{name} is the name of a query of the standard; choose another")
    parse_query(document)
    made = NamedQuery(name, principal.party, document, workspace.now())
    row = {
        "name": name,
        "api_key": principal.key_id,
        "party": principal.party,
        "document": msgspec.json.encode(document).decode(),
        "created": made.created,
    }
    with workspace.engine.begin() as connection:
        if connection.execute(select(NAMED_QUERY.c.name).where(NAMED_QUERY.c.name == name)).first():
            raise Conflict(f"there is a query {name} already")
        kept = connection.execute(select(NAMED_QUERY.c.name).where(NAMED_QUERY.c.party == principal.party))
        if len(kept.all()) >= _MOST:
            raise InvalidInput(f"a party keeps at most {_MOST} queries; delete one first", "$.name")
        connection.execute(NAMED_QUERY.insert(), row)
    return made


def list_queries(workspace: Workspace, principal: Principal, after: str, count: int) -> list[NamedQuery]:
    """The queries that the sender may see, by name: `count` of them after the name `after`."""
    query = select(NAMED_QUERY).where(NAMED_QUERY.c.name > after).order_by(NAMED_QUERY.c.name).limit(count)
    if "admin" not in principal.scopes:
        query = query.where(NAMED_QUERY.c.party == principal.party)
    with reading(workspace.engine) as connection:
        return [_query(row) for row in connection.execute(query)]


def find_query(workspace: Workspace, principal: Principal, name: str) -> NamedQuery:
    """The query of that name. Raises NotFound, also for a query of another party."""
    with reading(workspace.engine) as connection:
        return _find(connection, principal, name)


def delete_query(workspace: Workspace, principal: Principal, name: str) -> None:
    """Delete a query and its subscriptions. Raises NotFound."""
    with workspace.engine.begin() as connection:
        _find(connection, principal, name)
        subscriptions = select(SUBSCRIPTION.c.id).where(SUBSCRIPTION.c.query == name)
        connection.execute(delete(DEAD_LETTER).where(DEAD_LETTER.c.subscription.in_(subscriptions)))
        connection.execute(delete(SUBSCRIPTION).where(SUBSCRIPTION.c.query == name))
        connection.execute(delete(NAMED_QUERY).where(NAMED_QUERY.c.name == name))


def _find(connection: Connection, principal: Principal, name: str) -> NamedQuery:
    row = connection.execute(select(NAMED_QUERY).where(NAMED_QUERY.c.name == name)).first()
    if row is None or not ("admin" in principal.scopes or row.party == principal.party):
        raise NotFound(f"there is no query {name}")
    return _query(row)


def _query(row: Any) -> NamedQuery:
    return NamedQuery(row.name, row.party, msgspec.json.decode(row.document), row.created)
