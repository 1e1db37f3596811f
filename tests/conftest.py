"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.chain.sdk import sdk_import
from firsthand.service.chain_access import ChainAccess
from tests.made import Proven, make_proven, new_access

# Tests import the SDK as their reference; it must not change where others are found.
with sdk_import():
    import bsv.transaction  # noqa: F401

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
