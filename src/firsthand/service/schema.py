"""The version of the database's tables: made and checked with Alembic, on SQLite and PostgreSQL alike."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect

from firsthand.errors import WorkspaceError
from firsthand.journal.database import reading

__all__ = ["HEAD", "check_version", "database_version", "make_tables", "migrate"]

HEAD: Final = "0013"
_FIRST: Final = "0001"


def make_tables(engine: Engine) -> None:
    """All tables in an empty database. Raises WorkspaceError when it is not empty."""
    with engine.begin() as connection:
        found = inspect(connection).get_table_names()
        if found:
            raise WorkspaceError(f"the database holds tables already ({', '.join(sorted(found)[:5])} …)")
        command.upgrade(_config(connection), HEAD)


def check_version(engine: Engine) -> None:
    """Raises WorkspaceError when the database is of another release."""
    with reading(engine) as connection:
        version = database_version(connection)
    if version != HEAD:
        found = "none of ours" if version is None else version
        raise WorkspaceError(f"the database has schema {found}, expected {HEAD}; run `firsthand upgrade`")


def database_version(connection: Connection) -> str | None:
    """The schema that the database has; None when it has none of ours."""
    tables = inspect(connection)
    if tables.has_table("alembic_version"):
        return MigrationContext.configure(connection).get_current_revision()
    # Release 0.1.0 made its tables without Alembic.
    return _FIRST if tables.has_table("entry") else None


def migrate(connection: Connection) -> None:
    """Bring the tables to this release's schema, within the caller's transaction."""
    if not inspect(connection).has_table("alembic_version"):
        command.stamp(_config(connection), _FIRST)
    command.upgrade(_config(connection), HEAD)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
