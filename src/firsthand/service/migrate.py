"""Upgrading a workspace's database to this release.

The journal itself is never changed by a migration; what is derived from it is filled anew. A new database
is made by the same migrations as an old one is upgraded by.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection

from firsthand.errors import WorkspaceError
from firsthand.events.event_hash import HashContext
from firsthand.journal.database import reading
from firsthand.journal.protocol import Entry, EventRow
from firsthand.ledger.event_index import EventIndex
from firsthand.proof.canonical import parse_canonical
from firsthand.service.capture import event_row
from firsthand.service.schema import HEAD, database_version, migrate

if TYPE_CHECKING:
    from firsthand.service.workspace import Workspace

__all__ = ["reindex", "upgrade"]

_CHUNK: Final = 1000


def upgrade(workspace: Workspace, told: Callable[[int], None] = lambda done: None) -> tuple[str, str]:
    """Migrate to this release and fill the index; the schema before and after.

    A SQLite file is copied to `….before-VERSION` first. `told` hears how many events are indexed. Raises
    WorkspaceError when the database is of a later release.
    """
    engine = workspace.engine
    with reading(engine) as connection:
        version = database_version(connection)
    if version is None or version > HEAD:
        raise WorkspaceError(f"this release cannot upgrade schema {version}; it knows up to {HEAD}")
    if version == HEAD:
        return version, HEAD
    if engine.url.database and engine.dialect.name == "sqlite":
        _copy(Path(engine.url.database), Path(f"{engine.url.database}.before-{HEAD}"))
    with engine.begin() as connection:
        migrate(connection)
        _fill(workspace, connection, told)
    return version, HEAD


def reindex(workspace: Workspace, told: Callable[[int], None] = lambda done: None) -> int:
    """Fill the index anew from the journal, in one transaction; the number of events."""
    with workspace.engine.begin() as connection:
        return _fill(workspace, connection, told)


def _fill(workspace: Workspace, connection: Connection, told: Callable[[int], None]) -> int:
    index = EventIndex(workspace.engine)
    index.clear(connection)
    for projection in (
        workspace.places,
        workspace.members,
        workspace.confirmations,
        workspace.credentials,
        workspace.payouts,
    ):
        projection.rebuild(connection)
    done = 0
    for entry in workspace.journal.entries():
        for first, rows in _rows(workspace, entry):
            index.events(connection, first, entry.issuer, rows)
            done += len(rows)
            told(done)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("ANALYZE")
    return done


def _rows(workspace: Workspace, entry: Entry) -> Iterator[tuple[int, list[EventRow]]]:
    for first in range(entry.first_event, entry.first_event + entry.count, _CHUNK):
        count = min(_CHUNK, entry.first_event + entry.count - first)
        rows = []
        for body in workspace.journal.bodies(first, count):
            event = parse_canonical(body)
            rows.append(event_row(body, event, HashContext.of(event.get("@context", ()))))
        yield first, rows


def _copy(source: Path, target: Path) -> None:
    """A copy of a database that is in use, through SQLite's own backup."""
    if target.exists():
        raise WorkspaceError(f"{target} is there already, from an upgrade that was cut off; move it away")
    partial = target.with_name(target.name + ".partial")
    partial.unlink(missing_ok=True)
    with sqlite3.connect(source) as old, sqlite3.connect(partial) as new:
        old.backup(new)
    new.close()
    old.close()
    partial.rename(target)
