"""Opening the workspace's SQLite database.

Write-ahead log with synchronous=FULL: a commit is on the disk before it is acknowledged, so it survives
the end of the process and of the power. Each transaction begins IMMEDIATE and so never has to upgrade a
read lock, except those opened by `reading`, which never block a writer and are never blocked by one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError

from firsthand.errors import WorkspaceError

__all__ = ["SCHEMA_VERSION", "create_database", "open_database", "reading"]

SCHEMA_VERSION: Final = 1

_BUSY_MS: Final = 30_000
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA cache_size=-65536",
    "PRAGMA foreign_keys=ON",
)


def create_database(path: Path) -> Engine:
    """A new database file, marked with our schema version; the rooms make their tables in it."""
    if path.exists():
        raise WorkspaceError(f"{path} exists already; a journal is never overwritten")
    engine = _engine(path)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"PRAGMA user_version={SCHEMA_VERSION}")
    return engine


def open_database(path: Path) -> Engine:
    """The database of a workspace. Raises WorkspaceError: missing, damaged, or of another version."""
    if not path.is_file():
        raise WorkspaceError(f"the journal {path} is missing")
    engine = _engine(path)
    try:
        with reading(engine) as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    except DatabaseError as error:
        raise WorkspaceError(
            f"the journal {path} cannot be read: {error.orig}; restore it from a backup"
        ) from None
    if version != SCHEMA_VERSION:
        raise WorkspaceError(f"the journal {path} has schema version {version}, expected {SCHEMA_VERSION}")
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, in one consistent snapshot."""
    with engine.connect().execution_options(firsthand_reads=True) as connection, connection.begin():
        yield connection


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": _BUSY_MS / 1000})

    @event.listens_for(engine, "connect")
    def on_connect(connection: sqlite3.Connection, _record: Any) -> None:
        # The driver would otherwise begin transactions by itself, deferred and late.
        connection.isolation_level = None
        for pragma in _PRAGMAS:
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        reads = connection.get_execution_options().get("firsthand_reads")
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
