"""Where the keys of sealed fields are kept: a file beside the workspace, or a PostgreSQL database of its own.

The file is SQLite, with deleted content overwritten (`secure_delete`) and no write-ahead log, in which
deleted keys would live on. A PostgreSQL database is for servers on several machines; its own write-ahead log
and backups keep deleted rows for as long as they are kept.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import psycopg

from firsthand.errors import WorkspaceError
from firsthand.identity.sealing_keys import KeyStore, Rows

__all__ = ["DatabaseKeyStore", "FileKeyStore", "key_store"]

_BUSY_S: Final = 30
_CONNECT_S: Final = 10
_LOCK: Final = 0x7365616C
_FILE_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS event_key "
    "(id BLOB PRIMARY KEY, tag BLOB UNIQUE, nonce BLOB NOT NULL, box BLOB NOT NULL) WITHOUT ROWID"
)
_DATABASE_TABLE: Final = (
    "CREATE TABLE IF NOT EXISTS event_key "
    "(id bytea PRIMARY KEY, tag bytea UNIQUE, nonce bytea NOT NULL, box bytea NOT NULL)"
)


def key_store(text: str, folder: Path) -> KeyStore:
    """The store that a setting names: a PostgreSQL URL, or a file, by default one in the folder."""
    if text.startswith(("postgresql://", "postgres://")):
        return DatabaseKeyStore(text)
    return FileKeyStore(folder / text)


class _Rows:
    """Either driver's connection."""

    def __init__(self, connection: Any, mark: str) -> None:
        self._connection = connection
        self._mark = mark

    def run(self, sql: str, *values: bytes | None) -> list[tuple[bytes, bytes, bytes]]:
        cursor = self._connection.execute(sql.replace("?", self._mark), values)
        return cursor.fetchall() if cursor.description is not None else []


class FileKeyStore:
    """A SQLite file, made when the first key is; a connection lasts one call."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        """The file's name."""
        return str(self.path)

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        """See `KeyStore`."""
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield _Rows(connection, "?")
            connection.execute("COMMIT")

    @contextmanager
    def reading(self) -> Iterator[Rows | None]:
        """See `KeyStore`."""
        if not self.path.exists():
            yield None
            return
        with self._open() as connection:
            yield _Rows(connection, "?")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            # What was not committed is rolled back when it closes.
            with closing(sqlite3.connect(self.path, timeout=_BUSY_S, isolation_level=None)) as connection:
                for pragma in ("journal_mode=DELETE", "secure_delete=ON", "synchronous=EXTRA"):
                    connection.execute(f"PRAGMA {pragma}")
                connection.execute(_FILE_TABLE)
                yield connection
        except (OSError, sqlite3.Error) as error:
            raise WorkspaceError(f"the keys of sealed fields, {self.path}, cannot be used: {error}") from None


class DatabaseKeyStore:
    """One table in a PostgreSQL database; a connection lasts one call."""

    def __init__(self, url: str) -> None:
        self._url = url

    @property
    def name(self) -> str:
        """The database, without user and password."""
        return (
            f"the database at {self._url.rpartition('@')[2].partition('?')[0].removeprefix('postgresql://')}"
        )

    @contextmanager
    def writing(self) -> Iterator[Rows]:
        """See `KeyStore`."""
        try:
            with psycopg.connect(self._url, connect_timeout=_CONNECT_S) as connection:
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                connection.execute(_DATABASE_TABLE)
                yield _Rows(connection, "%s")
        except psycopg.Error as error:
            raise WorkspaceError(f"the keys of sealed fields, {self.name}, cannot be used: {error}") from None

    @contextmanager
    def reading(self) -> Iterator[Rows | None]:
        """See `KeyStore`."""
        with self.writing() as rows:
            yield rows
