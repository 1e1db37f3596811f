"""Servers that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.web.live import Live, Receiver, served


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def live(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A running server on each store; tests take lots of their own in it."""
    url = ""
    if request.param == "postgresql":
        postgresql: str = request.getfixturevalue("postgresql")
        name = f"live_{request.module.__name__.rpartition('.')[2]}"
        with psycopg.connect(postgresql.format("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        url = postgresql.format(name)
    with served(tmp_path_factory.mktemp("live"), url) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook of one test's own."""
    one = Receiver()
    yield one
    one.close()
