"""Opening the workspace's database, SQLite or PostgreSQL, with the same promises from both.

A commit is on the disk before it is acknowledged. Writing transactions take turns, in one process and
across processes (SQLite: BEGIN IMMEDIATE; PostgreSQL: one advisory lock), so that places in the log have
no gaps and no coin is chosen twice. `reading` sees one consistent snapshot, blocks no writer and is
blocked by none. Which tables there are is the business of `firsthand.service.migrate`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    SmallInteger,
    String,
    Table,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError, DatabaseError

from firsthand.errors import WorkspaceError

__all__ = [
    "KEY",
    "NUMBER",
    "Statement",
    "Upsert",
    "bulk_insert",
    "database_url",
    "driver_of",
    "open_engine",
    "reading",
]

KEY: Final = String().with_variant(String(collation="C"), "postgresql")
"""Text that is found by ranges of its bytes, whatever the database's language."""

NUMBER: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A primary key of 64 bits; SQLite's rowid goes by the name of INTEGER."""

_BUSY_MS: Final = 30_000
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    f"PRAGMA busy_timeout={_BUSY_MS}",
    "PRAGMA cache_size=-32768",
    "PRAGMA foreign_keys=ON",
)
_WRITER_LOCK: Final = 0x66697273  # "firs": one writer in a database, as SQLite has it
_CONNECT_S: Final = 10
_CONNECTIONS: Final = 10
_MORE: Final = 30
"""Connections kept, and more when as many threads ask at once: above what a server's threads can hold."""

_LEAST_POSTGRESQL: Final = 150_000


def database_url(text: str, folder: Path, file_name: str) -> URL:
    """The URL of the settings; empty for the workspace's own SQLite file. Raises WorkspaceError."""
    if not text:
        return URL.create("sqlite", database=str(folder / file_name))
    try:
        url = make_url(text)
    except ArgumentError:
        raise WorkspaceError(
            "database.url cannot be read; expected postgresql://user@host:5432/name, or nothing for SQLite"
        ) from None
    if url.drivername in ("postgresql", "postgres", "postgresql+psycopg"):
        return url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite" and url.database:
        return url
    raise WorkspaceError(f"database.url is for {url.drivername}; expected postgresql:// or sqlite:///FILE")


def open_engine(url: URL) -> Engine:
    """The database behind that URL. Raises WorkspaceError when it cannot be reached or read."""
    engine = _postgresql(url) if url.drivername.startswith("postgresql") else _sqlite(url)
    try:
        with reading(engine) as connection:
            if engine.dialect.name == "postgresql":
                version = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
                if version < _LEAST_POSTGRESQL:
                    raise WorkspaceError(f"PostgreSQL 15 or later is needed, got {version // 10_000}")
            else:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()
    except DatabaseError as error:
        shown = url.render_as_string(hide_password=True)
        raise WorkspaceError(
            f"the database {shown} cannot be opened: {str(error.orig).strip()}; is it running, and ours? "
            "A damaged one is restored from a backup"
        ) from None
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A connection that only reads, in one consistent snapshot."""
    with engine.connect().execution_options(firsthand_reads=True) as connection, connection.begin():
        yield connection


def _sqlite(url: URL) -> Engine:
    engine = create_engine(
        url, connect_args={"timeout": _BUSY_MS / 1000}, pool_size=_CONNECTIONS, max_overflow=_MORE
    )

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


def _postgresql(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=_CONNECTIONS,
        max_overflow=_MORE,
        pool_pre_ping=True,
        connect_args={"connect_timeout": _CONNECT_S, "application_name": "firsthand"},
    )

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver = driver_of(connection)
        if connection.get_execution_options().get("firsthand_reads"):
            driver.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        else:
            driver.execute("SELECT pg_advisory_xact_lock(%s)", (_WRITER_LOCK,))

    return engine


def driver_of(connection: Connection) -> Any:
    """The driver's own connection: in the middle of a capture SQLAlchemy's share would be the largest."""
    return connection.connection.driver_connection


class Statement:
    """SQL written with `?`, in the spelling of each driver; run on the driver's own connection."""

    def __init__(self, sql: str) -> None:
        self._sqlite = sql
        self._psycopg = sql.replace("%", "%%").replace("?", "%s")

    def run(self, connection: Connection, *values: Any) -> Any:
        """Execute and return the driver's cursor."""
        return driver_of(connection).execute(self.text(connection), values)

    def text(self, connection: Connection) -> str:
        """The statement as the connection's driver spells it."""
        return self._sqlite if connection.dialect.name == "sqlite" else self._psycopg


class Upsert:
    """Insert rows that are not there yet: on PostgreSQL in one statement, whatever their number."""

    def __init__(self, table: Table) -> None:
        self._names = [column.name for column in table.columns]
        names, marks = ", ".join(self._names), ", ".join("?" * len(self._names))
        insert = f"INSERT INTO {table.name} ({names})"
        self._sqlite = f"{insert} VALUES ({marks}) ON CONFLICT DO NOTHING"
        arrays = ", ".join(f"%s::{_array_type(column)}[]" for column in table.columns)
        self._psycopg = f"{insert} SELECT * FROM unnest({arrays}) ON CONFLICT DO NOTHING"

    def run(self, connection: Connection, rows: Sequence[Sequence[Any]]) -> None:
        """Insert these."""
        if connection.dialect.name == "sqlite":
            driver_of(connection).executemany(self._sqlite, rows)
        elif rows:
            driver_of(connection).execute(self._psycopg, [list(column) for column in zip(*rows, strict=True)])


def bulk_insert(connection: Connection, table: Table, rows: Iterable[Sequence[Any]]) -> None:
    """Insert rows given in the order of the table's columns: COPY on PostgreSQL, executemany on SQLite."""
    columns: list[Column[Any]] = list(table.columns)
    names = ", ".join(column.name for column in columns)
    driver = driver_of(connection)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", rows)
        return
    iterator = iter(rows)
    first = list(islice(iterator, 1))
    if not first:
        return
    types = [_pg_type(column, connection) for column in columns]
    with driver.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        copy.write_row(first[0])
        for row in iterator:
            copy.write_row(row)


def _array_type(column: Column[Any]) -> str:
    if isinstance(column.type, SmallInteger):
        return "smallint"
    return "bigint" if isinstance(column.type, (BigInteger, Integer)) else "text"


def _pg_type(column: Column[Any], connection: Connection) -> str:
    name = column.type.compile(connection.dialect).lower().partition(" collate")[0]
    return {"smallint": "int2", "integer": "int4", "bigint": "int8", "varchar": "text"}.get(name, name)
