"""The tiled log, held to the in-memory tree of `proof.merkle`."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from firsthand.errors import InvalidInput
from firsthand.journal.protocol import NewEntry
from firsthand.journal.store import METADATA, DatabaseJournal
from firsthand.ledger.log_tree import LogTree
from firsthand.proof.merkle import consistency_proof, inclusion_proof, tree_root
from tests.made import new_engine

SIZE = 1300


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = new_engine(tmp_path_factory.mktemp("log") / "db", METADATA)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def log(engine: Engine) -> tuple[LogTree, list[bytes]]:
    tree = LogTree(engine)
    journal = DatabaseJournal(engine, lambda: "2026-01-01T00:00:00Z", (tree,))
    journal.append([NewEntry("Note", "urn:maker", b"%d" % n, "k") for n in range(SIZE)])
    return tree, [entry.leaf for entry in journal.entries()]


def test_roots(log: tuple[LogTree, list[bytes]]) -> None:
    tree, leaves = log
    for size in [*range(270), *range(500, 520), 767, 768, 769, 1024, 1280, 1281, SIZE]:
        assert tree.root(size) == tree_root(leaves[:size]), size


def test_proofs(log: tuple[LogTree, list[bytes]]) -> None:
    tree, leaves = log
    draw = random.Random(1)
    for _ in range(300):
        size = draw.randint(1, SIZE)
        place = draw.randrange(size)
        first = draw.randint(1, size)
        assert tree.inclusion_proof(place, size) == inclusion_proof(leaves[:size], place)
        assert tree.consistency_proof(first, size) == consistency_proof(leaves[:size], first)


def test_tiles(log: tuple[LogTree, list[bytes]]) -> None:
    tree, leaves = log
    assert tree.tile(0, 1) == b"".join(leaves[256:512])
    assert tree.tile(0, 5, 20) == b"".join(leaves[1280:1300])
    assert tree.tile(1, 0, 5) == b"".join(tree_root(leaves[n * 256 : n * 256 + 256]) for n in range(5))


def test_what_the_log_does_not_hold_is_refused(log: tuple[LogTree, list[bytes]]) -> None:
    tree, _ = log
    with pytest.raises(InvalidInput):
        tree.root(SIZE + 1)
    with pytest.raises(InvalidInput):
        tree.inclusion_proof(SIZE, SIZE)
