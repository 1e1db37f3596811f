"""Traces, corrections, balances and recalls in a workspace, on both stores."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from firsthand.errors import InvalidInput, NotFound
from firsthand.ledger.event_sql import Viewer
from firsthand.proof.parties import Party
from firsthand.service.balance import balance, lot_balance
from firsthand.service.chain_access import ChainAccess
from firsthand.service.migrate import reindex
from firsthand.service.parties import add_party
from firsthand.service.recall import hold, recall
from firsthand.service.trace import Reader, event_ids, lot_shares, trace_back, trace_forward
from firsthand.trace.evidence import Level
from tests.made import new_access, record
from tests.trace.made import BASE, event, item, lot, made, moved, packed, seen, turned


class House:
    """A workspace with a farmer, a mill and a shop."""

    def __init__(self, access: ChainAccess) -> None:
        self.access = access
        self.workspace = access.workspace
        self.coop = add_party(self.workspace, "Coop", ("cooperative",)).party
        self.adela = add_party(self.workspace, "Adela", ("maker",)).party
        self.mill = add_party(self.workspace, "Mill", ("processor",)).party
        self.scale = add_party(self.workspace, "Scale", ("device",)).party

    def say(self, party: Party, *events: dict[str, Any]) -> None:
        record(self.access, party, *events)


@pytest.fixture
def house(tmp_path: Path, request: pytest.FixtureRequest) -> House:
    return House(new_access(tmp_path / "workspace"))


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> House:
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    return House(new_access(tmp_path / "workspace", url))


def wrong(original: dict[str, Any], corrective: str | None, reason: str = "incorrect_data") -> dict[str, Any]:
    declaration: dict[str, Any] = {"declarationTime": "2026-04-01T00:00:00Z", "reason": reason}
    if corrective is not None:
        declaration["correctiveEventIDs"] = [corrective]
    return {**original, "errorDeclaration": declaration}


def id_of(house: House, name: str, at: int = -1) -> str:
    reader = Reader(house.workspace)
    numbers = [one.number for one in trace_back(house.workspace, lot(name)).graph.of(lot(name))]
    return event_ids(reader, numbers)[sorted(numbers)[at]]


def test_a_trace_on_both_stores(stores: House) -> None:
    house = stores
    house.say(house.adela, made("a", 60), made("b", 40, 1))
    house.say(house.mill, seen("a", 60, 5, **moved(house.adela.uri, house.mill.uri)))
    house.say(
        house.mill, turned([("a", 60), ("b", 40)], [("p", 90)], 10), packed(item("bag"), [("p", 30)], 20)
    )
    back = trace_back(house.workspace, lot("p"))
    assert back.lots == [lot("p"), lot("a"), lot("b")]
    assert back.shares() == {house.adela.uri: 1}
    assert back.custody().model == "segregated"
    origin = back.evidence()["origin"]
    assert origin.parts == {Level.COUNTER_SIGNED: 1}
    assert {one.confirmed_by for one in origin.witnesses} == {(house.mill.uri,)}
    assert [(link.target.lot, link.quantity and link.quantity.amount) for link in back.links] == [
        (lot("p"), 60),
        (lot("p"), 40),
    ]
    assert trace_forward(house.workspace, lot("a")).lots == [lot("a"), lot("p"), item("bag")]
    found = balance(house.workspace)
    assert (found.errors, [one.amount for one in found.came]) == (0, [100])
    assert lot_balance(house.workspace, lot("a")).stock[0].amount == 0
    assert balance(house.workspace, since="2026-03-01T00:10:00Z").steps[0].count == 1


def test_a_correction_changes_the_answer_and_stays_visible(stores: House) -> None:
    house = stores
    original = made("a", 60)
    house.say(house.adela, original)
    house.say(house.mill, made("b", 60, 1))
    house.say(house.mill, turned([("a", 60), ("b", 60)], [("p", 90)], 10))
    assert lot_shares(house.workspace, lot("p"))[house.adela.uri] == Fraction(1, 2)
    right = made("a", 60, **{"fh:makers": [house.adela.uri, f"{BASE}/party/sister"]})
    house.say(house.adela, right)
    first, second = id_of(house, "a", 0), id_of(house, "a", 1)
    house.say(house.adela, wrong(original, second))
    corrected = trace_back(house.workspace, lot("p"))
    assert corrected.shares()[f"{BASE}/party/sister"] == Fraction(1, 4)
    (correction,) = corrected.corrections.values()
    assert event_ids(corrected.reader, [correction.withdrawn]) == {correction.withdrawn: first}
    # Its reversal: the correction was wrong, the original right.
    house.say(house.adela, wrong(right, first))
    again = trace_back(house.workspace, lot("p"))
    assert again.shares() == {house.adela.uri: Fraction(1, 2), house.mill.uri: Fraction(1, 2)}
    assert [event_ids(again.reader, [number])[number] for number in again.corrections] == [second]
    before = again.shares()
    reindex(house.workspace)
    assert trace_back(house.workspace, lot("p")).shares() == before


def test_a_season_knows_what_came_before_it(house: House) -> None:
    house.say(house.adela, made("a", 60, **{"fh:claims": ["organic"]}))
    late = turned([("a", 60)], [("p", 50)], 3000, **{"fh:claims": ["organic"]})
    house.say(house.mill, late)
    season = balance(house.workspace, since="2026-03-02T00:00:00Z")
    assert (season.events, season.came, season.findings) == (1, [], [])
    assert [(one.party, one.made.amount) for one in season.claims] == [(house.mill.uri, 50)]
    house.say(house.mill, turned([("a", 1)], [("q", 1)], 10))
    assert [one.kind for one in balance(house.workspace, since="2026-03-02T00:00:00Z").findings] == [
        "negative-stock"
    ]
    assert balance(house.workspace, until="2026-03-02T00:00:00Z").findings == []


def test_nobody_declares_what_another_stated(house: House) -> None:
    original = made("a", 60)
    house.say(house.adela, original)
    house.say(house.mill, wrong(original, None, "did_not_occur"))
    found = trace_back(house.workspace, lot("a"))
    assert found.shares() == {house.adela.uri: 1}
    assert [one.kind for one in found.findings()] == ["foreign-declaration"]


def test_what_never_happened_is_gone_but_not_forgotten(house: House) -> None:
    original = made("a", 60)
    house.say(house.adela, original)
    house.say(house.adela, wrong(original, None, "did_not_occur"))
    found = trace_back(house.workspace, lot("a"))
    assert found.corrections
    with pytest.raises(NotFound, match="declared wrong"):
        found.shares()


def test_a_member_counter_signs_by_capturing_the_same_event(house: House) -> None:
    delivery = made("a", 60, **{"fh:onBehalfOf": house.adela.uri, "fh:claims": ["organic"]})
    house.say(house.coop, delivery)
    before = trace_back(house.workspace, lot("a")).evidence()["organic"]
    assert before.level is Level.SELF_DECLARED
    house.say(house.adela, delivery)
    after = trace_back(house.workspace, lot("a"))
    assert after.evidence()["organic"].level is Level.COUNTER_SIGNED
    assert after.shares() == {house.adela.uri: 1}
    assert after.findings() == []
    assert balance(house.workspace).came[0].amount == 60


def test_mixing_lowers_and_says_the_percentages(house: House) -> None:
    house.say(house.scale, made("a", 30, **{"fh:claims": ["organic"]}))
    house.say(house.adela, made("b", 60, **{"fh:claims": ["organic"]}))
    house.say(house.adela, made("c", 10))
    house.say(
        house.coop, turned([("a", 30), ("b", 60), ("c", 10)], [("p", 90)], 10, **{"fh:claims": ["organic"]})
    )
    found = trace_back(house.workspace, lot("p"))
    organic = found.evidence()["organic"]
    assert organic.level is Level.NONE
    assert organic.parts[Level.MEASURED] == Fraction(3, 10)
    assert organic.parts[Level.NONE] == Fraction(1, 10)
    assert found.custody().model == "mass balance"
    assert "10.0% of it came in without" in found.custody().reason
    (finding,) = [one for one in balance(house.workspace).findings if one.severity == "error"]
    assert (finding.kind, finding.claim) == ("claim-exceeds-input", "organic")


def test_a_credential_of_the_lot_speaks_for_all_of_it(house: House) -> None:
    expected: set[str | int | None] = set()

    class Book:
        def backing(
            self, claim: str, lot: str | None, party: str | None, time: int, number: int | None = None
        ) -> list[str]:
            assert {lot or party, number} <= expected
            return ["https://coop.example/credentials/1"] if lot and lot.endswith("/p") else []

        def expect(self, subjects: Collection[str], numbers: Collection[int]) -> None:
            expected.update([*subjects, *numbers])

    house.say(house.adela, made("a", 60, **{"fh:claims": ["organic"]}), made("b", 40))
    house.say(house.mill, turned([("a", 60), ("b", 40)], [("p", 90)], 10, **{"fh:claims": ["organic"]}))
    found = trace_back(house.workspace, lot("p"), certificates=Book()).evidence()["organic"]
    assert found.parts == {Level.CERTIFIED: 1}
    assert found.witnesses[0].credentials == ("https://coop.example/credentials/1",)


def test_a_container_is_refilled(house: House) -> None:
    pallet = item("pallet")
    house.say(house.adela, made("a", 10), made("b", 10))
    house.say(house.mill, packed(pallet, [("a", 10)], 20), packed(pallet, [("a", 10)], 30, "DELETE"))
    house.say(house.mill, packed(pallet, [("b", 10)], 40))
    used = turned([], [("p", 10)], 50, inputEPCList=[pallet])
    house.say(house.mill, used)
    assert trace_back(house.workspace, lot("p")).lots == [lot("p"), pallet, lot("b")]
    assert trace_forward(house.workspace, lot("a")).lots == [lot("a"), pallet]


def test_a_recall_finds_every_holder_and_holds(stores: House) -> None:
    house = stores
    pack, carton = item("pack"), item("carton")
    house.say(house.adela, made("a", 60))
    house.say(house.mill, turned([("a", 60)], [("p", 50)], 10, outputEPCList=[pack]))
    house.say(house.mill, packed(carton, [("p", 20)], 20))
    shipped = event(
        "ObjectEvent",
        30,
        action="OBSERVE",
        bizStep="shipping",
        epcList=[carton],
        **moved(house.mill.uri, house.coop.uri),
    )
    house.say(house.mill, shipped)
    house.say(house.coop, {**shipped, "bizStep": "receiving", "eventTime": "2026-03-02T00:00:00Z"})
    found = recall(house.workspace, lot("a"))
    held = {(one.party, one.lot): one.left and one.left.amount for one in found.held}
    assert held == {
        (house.mill.uri, lot("p")): 30,
        (house.mill.uri, pack): 1,
        (house.coop.uri, lot("p")): 20,
        (house.coop.uri, carton): 1,
    }
    assert recall(house.workspace, carton).lots == [carton, lot("p")]
    captured = hold(house.workspace, found, "Mill")
    assert captured.count == 2
    entry, _, body = house.workspace.journal.event(5)
    assert entry.issuer == house.mill.uri
    assert b'"disposition":"recalled"' in body
    gone = event("ObjectEvent", 90, action="DELETE", bizStep="destroying", epcList=[item("x")])
    house.say(house.coop, gone)
    with pytest.raises(InvalidInput, match="nothing to hold"):
        hold(house.workspace, recall(house.workspace, item("x")), "Mill")


def test_a_viewer_sees_its_own(house: House) -> None:
    house.say(house.adela, made("a", 60))
    house.say(house.mill, turned([("a", 60)], [("p", 50)], 10))
    adela = Viewer(house.adela.uri)
    assert trace_back(house.workspace, lot("a"), viewer=adela).shares() == {house.adela.uri: 1}
    with pytest.raises(NotFound):
        trace_back(house.workspace, lot("p"), viewer=adela)
    assert trace_back(house.workspace, lot("p"), viewer=adela, published=2).shares() == {house.adela.uri: 1}
    assert balance(house.workspace, viewer=adela).lots == 1


@pytest.mark.parametrize("name", ["", "no uri", "urn:x:never-seen"])
def test_what_is_no_lot_is_said(house: House, name: str) -> None:
    with pytest.raises((InvalidInput, NotFound)):
        trace_back(house.workspace, name)
    with pytest.raises((InvalidInput, NotFound)):
        recall(house.workspace, name)
