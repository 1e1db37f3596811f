"""Fixtures that every room's tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

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
