"""The tables: the same from migrations as the code expects, and an older release's workspace taken over."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import MetaData

import firsthand.ledger.accounts
import firsthand.ledger.deliveries  # noqa: F401  (their tables join METADATA)
from firsthand.chain.coins import WALLET_METADATA
from firsthand.chain.headers import HEADERS_METADATA
from firsthand.errors import WorkspaceError
from firsthand.journal.database import database_url, open_engine
from firsthand.journal.store import METADATA
from firsthand.service.master_data import master_data_entry
from firsthand.service.migrate import reindex, upgrade
from firsthand.service.parties import add_party
from firsthand.service.schema import HEAD, check_version, make_tables
from firsthand.service.tables import SERVICE_METADATA
from firsthand.service.workspace import Workspace
from tests.made import LOT, event, new_access, record, tables_in

OURS = (METADATA, WALLET_METADATA, HEADERS_METADATA, SERVICE_METADATA)


def test_the_migrations_make_the_tables_that_the_code_expects(database: str) -> None:
    engine = open_engine(database_url(database, Path(), ""))
    make_tables(engine)
    check_version(engine)
    together = MetaData()
    for metadata in OURS:
        for table in metadata.tables.values():
            table.to_metadata(together)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, together) == []


def test_tables_are_not_made_among_others(database: str) -> None:
    engine = tables_in(database, METADATA)
    with pytest.raises(WorkspaceError, match="holds tables already"):
        make_tables(engine)


def old_workspace(folder: Path) -> Path:
    """A workspace as release 0.1.0 left it: its tables, its index, no Alembic."""
    access = new_access(folder)
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, *[event(number) for number in range(5)])
    access.workspace.engine.dispose()
    path = folder / "firsthand.db"
    with sqlite3.connect(path) as database:
        names = [name for metadata in OURS for name in metadata.tables]
        kept = {"entry", "event", "event_key", "tile_hash", "anchor", "coin", "outbox", "header"}
        for name in {*names, "alembic_version"} - kept:
            database.execute(f"DROP TABLE {name}")
        database.execute("DROP INDEX ix_entry_recorded")
        database.execute("DROP INDEX ix_anchor_size")
        database.execute("ALTER TABLE coin DROP COLUMN token")
        database.execute("DELETE FROM event_key")
        database.execute("INSERT INTO event_key VALUES (1, ?, 3)", (f"{LOT}/3",))
        database.execute("PRAGMA user_version=1")
    database.close()
    return path


def test_an_older_workspace_is_refused_until_it_is_upgraded(tmp_path: Path) -> None:
    path = old_workspace(tmp_path / "old")
    with pytest.raises(WorkspaceError, match=r"schema 0001.*firsthand upgrade"):
        Workspace.open(path.parent, lambda: "")
    workspace = Workspace.open(path.parent, lambda: "", any_version=True)
    assert upgrade(workspace) == ("0001", HEAD)
    assert upgrade(workspace) == (HEAD, HEAD)
    workspace = Workspace.open(path.parent, lambda: "")
    assert workspace.index.by_item(f"{LOT}/4") == [4]
    with sqlite3.connect(f"{path}.before-{HEAD}") as copy:
        assert copy.execute("SELECT count(*) FROM event").fetchone() == (5,)


def test_a_later_schema_is_refused(tmp_path: Path) -> None:
    access = new_access(tmp_path / "new")
    with access.workspace.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(WorkspaceError, match="9999"):
        Workspace.open(tmp_path / "new", lambda: "")
    with pytest.raises(WorkspaceError, match="cannot upgrade schema 9999"):
        upgrade(access.workspace)


def test_the_index_filled_anew_is_the_same(tmp_path: Path, database: str) -> None:
    access = new_access(tmp_path / "workspace", database)
    workspace = access.workspace
    maker = add_party(workspace, "Adela", ("maker",)).party
    record(access, maker, *[event(number, disposition="active") for number in range(30)])
    key = workspace.held_key(maker.keys)
    for country in ("DE", "FR"):
        element = {
            "id": "https://coop.example/mill",
            "children": ["https://coop.example/mill/gate"],
            "attributes": [{"id": "urn:epcglobal:cbv:mda#countryCode", "attribute": country}],
        }
        vocabulary = {
            "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
            "vocabularyElementList": [element],
        }
        workspace.journal.append([master_data_entry(workspace, maker.uri, key, [vocabulary])])

    def index() -> list[list[object]]:
        with workspace.engine.connect() as connection:
            return [
                sorted(map(tuple, connection.exec_driver_sql(f"SELECT * FROM {name}")))
                for name in ("event_key", "event_fact", "event_word", "place_child", "element_attribute")
            ]

    before = index()
    assert all(before)
    assert reindex(workspace) == 30
    assert index() == before


@pytest.mark.parametrize("content", [b"not a database" * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    new_access(tmp_path).workspace.engine.dispose()
    for name in ("firsthand.db-wal", "firsthand.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    (tmp_path / "firsthand.db").write_bytes(content)
    with pytest.raises(WorkspaceError, match="backup"):
        Workspace.open(tmp_path, lambda: "")


def test_a_database_that_cannot_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="cannot be opened") as caught:
        open_engine(database_url("postgresql://coop:secret@127.0.0.1:1/coop", tmp_path, ""))
    assert "secret" not in str(caught.value)
