"""The anchors of a log, of which there are many and mostly one is wanted."""

from __future__ import annotations

import pytest

from firsthand.journal.store import METADATA
from firsthand.ledger.anchors import Anchor, AnchorLedger
from tests.made import tables_in

# More than three pages of them; each size stands twice, as when nothing new was recorded.
ANCHORS = [Anchor(number, bytes([number]) * 32, (number + 1) // 2 * 10, b"", 1) for number in range(60)]


@pytest.fixture
def ledger(database: str) -> AnchorLedger:
    engine = tables_in(database, METADATA)
    ledger = AnchorLedger(engine)
    assert ledger.genesis() is None
    assert ledger.last() is None
    assert list(ledger.newest()) == list(ledger.covering(0)) == []
    with engine.begin() as connection:
        for one in ANCHORS:
            ledger.add(connection, one)
    return ledger


def test_the_first_and_the_last(ledger: AnchorLedger) -> None:
    assert ledger.genesis() == ANCHORS[0]
    assert ledger.last() == ANCHORS[-1]
    assert ledger.all() == ANCHORS


@pytest.mark.parametrize("place", [0, 9, 10, 155, 289, 290, 299, 300])
def test_those_that_cover_an_entry_come_earliest_first(ledger: AnchorLedger, place: int) -> None:
    assert list(ledger.covering(place)) == [one for one in ANCHORS if one.size > place]


def test_the_newest_may_be_dropped_while_they_are_seen(ledger: AnchorLedger) -> None:
    seen = []
    for one in ledger.newest():
        seen.append(one)
        if one.number >= 20:
            ledger.drop(one)
    assert seen == ANCHORS[::-1]
    assert ledger.all() == ANCHORS[:20]
