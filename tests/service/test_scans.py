"""The ledger of scans on both stores: what is kept and for how long, tags, what was shipped and claimed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from firsthand.errors import Conflict, InvalidInput, NotFound
from firsthand.identity.sun import Tap, diversify, sun_mac
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.scan_verdict import Verdict
from firsthand.service.scans import forget_scans, look_at, record_scan, scanned_pieces, scans_of
from firsthand.service.shipped import was_shipped
from firsthand.service.tables import SCAN
from firsthand.service.tags import Message, Tags, parse_message
from firsthand.service.token_moves import Sale, claim, sell
from firsthand.service.token_reports import report_theft
from tests.identity.test_sun import picc_data
from tests.made import event, new_access, record
from tests.tokens import atelier, minted, piece_uri

PIECE = "https://coop.example/id/item/ring-7"
OTHER = "https://coop.example/id/item/ring-8"
CARTON = "https://coop.example/id/item/carton-1"
PALLET = "https://coop.example/id/item/pallet-1"
UID = "04DE5F1EACC040"
DAY = 86_400
START = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())


class Clock:
    """The workspace's clock, set by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> str:
        return datetime.fromtimestamp(self.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(tmp_path: Path, database: str, clock: Clock) -> ChainAccess:
    """A workspace on either store with two pieces that were shipped."""
    access = new_access(tmp_path / "workspace", database)
    access.workspace.now = clock
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, event(bizStep="shipping", epcList=[PIECE, OTHER]))
    return access


def message(access: ChainAccess, counter: int, uid: str = UID) -> Message:
    """What a tag programmed with our keys writes at a tap."""
    keys = Tags(access.workspace).keys(UID)
    tap = Tap(bytes.fromhex(uid), counter)
    own = bytes.fromhex(keys.file)
    if uid != UID:
        own = diversify(access.workspace.keystore.get("tag-file"), tap.uid)
    return Message(picc_data(bytes.fromhex(keys.meta), tap), sun_mac(own, tap))


def kinds(found: tuple[str, Verdict]) -> tuple[str, list[str]]:
    return found[1].word, [reason.kind for reason in found[1].reasons]


def test_a_scan_is_kept_coarsely_and_judged(shop: ChainAccess, clock: Clock) -> None:
    assert kinds(look_at(shop, PIECE)) == ("first-scan", ["no-other-scan"])
    assert kinds(record_scan(shop, PIECE, device="phone", place=(48.1374, 11.5755)))[0] == "first-scan"
    clock.at += 60
    assert kinds(record_scan(shop, PIECE, device="other", place=(48.2, 11.6)))[0] == "seen-before"
    clock.at += 60
    assert kinds(record_scan(shop, PIECE, place=(4.71, -74.07)))[0] == "be-careful"
    first, second, third = scans_of(shop.workspace, PIECE)
    assert first.point == (481, 116)
    assert first.device != second.device
    assert third.device is None
    assert scanned_pieces(shop.workspace) == [(PIECE, 3, START + 120)]
    assert kinds(look_at(shop, PIECE))[0] == "be-careful"
    assert len(scans_of(shop.workspace, PIECE)) == 3


def test_a_device_cannot_be_followed_from_piece_to_piece_nor_read(shop: ChainAccess) -> None:
    for piece in (PIECE, PIECE, OTHER):
        record_scan(shop, piece, device="203.0.113.9 Browser")
    one, again = scans_of(shop.workspace, PIECE)
    (other,) = scans_of(shop.workspace, OTHER)
    assert one.device == again.device != other.device
    with shop.workspace.engine.connect() as connection:
        assert "203.0.113.9" not in str(connection.execute(select(SCAN)).all())


@given(ages=st.lists(st.integers(0, 200 * DAY), max_size=12), wait=st.integers(0, 200 * DAY))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_the_configured_days_scans_are_gone(
    shop: ChainAccess, clock: Clock, ages: list[int], wait: int
) -> None:
    keep = shop.workspace.settings.scans.keep_days * DAY
    with shop.workspace.engine.begin() as connection:
        connection.execute(SCAN.delete())
        rows = [{"piece": PIECE, "at": START - age, "tag": False} for age in ages]
        if rows:
            connection.execute(SCAN.insert(), rows)
    clock.at = START + wait
    left = sorted(START - age for age in ages if wait + age < keep)
    # They are out of sight at once, and out of the table with the next scan of any piece, or when told.
    assert [scan.at for scan in scans_of(shop.workspace, PIECE)] == left
    assert forget_scans(shop.workspace) == len(ages) - len(left)
    with shop.workspace.engine.connect() as connection:
        assert sorted(connection.execute(select(SCAN.c.at)).scalars()) == left
    clock.at += keep
    record_scan(shop, OTHER)
    with shop.workspace.engine.connect() as connection:
        assert connection.execute(select(SCAN.c.piece)).scalars().all() == [OTHER]


def test_a_tag_proves_itself_once_a_message(shop: ChainAccess) -> None:
    tags = Tags(shop.workspace)
    assert tags.add(PIECE, UID.lower()) == tags.add(PIECE, UID)
    uri, verdict = record_scan(shop, None, message=message(shop, 5))
    assert (uri, verdict.word, verdict.tag) == (PIECE, "first-scan", True)
    assert tags.get(UID).counter == 5
    for replayed in (5, 4, 0):
        found = record_scan(shop, PIECE, message=message(shop, replayed))
        assert kinds(found) == ("be-careful", ["tag-replayed"])
        assert not found[1].tag
    assert record_scan(shop, PIECE, message=message(shop, 6))[1].word == "seen-before"
    assert tags.get(UID).counter == 6


@given(counters=st.lists(st.integers(0, 2**24 - 1) | st.integers(0, 5), min_size=1, max_size=15))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_replayed_counter_is_never_accepted(shop: ChainAccess, counters: list[int]) -> None:
    tags = Tags(shop.workspace)
    tags.add(PIECE, UID)
    highest = -1 if tags.get(UID).counter is None else int(tags.get(UID).counter or 0)
    for counter in counters:
        tap = tags.read(message(shop, counter))
        with shop.workspace.engine.begin() as connection:
            refused = tags.accept(connection, tap, PIECE)
        assert (refused is None) == (counter > highest)
        highest = max(highest, counter)
        assert tags.get(UID).counter == highest


def test_messages_of_other_tags_and_forged_ones_are_refused(shop: ChainAccess) -> None:
    tags = Tags(shop.workspace)
    tags.add(PIECE, UID)
    taken = message(shop, 9)
    assert kinds(record_scan(shop, OTHER, message=taken)) == ("be-careful", ["tag-of-another"])
    assert tags.get(UID).counter is None
    unknown = message(shop, 9, "04000000000001")
    assert kinds(record_scan(shop, PIECE, message=unknown)) == ("be-careful", ["tag-unknown"])
    with pytest.raises(NotFound, match="04000000000001"):
        record_scan(shop, None, message=unknown)
    forged = Message(taken.picc, bytes(8))
    assert kinds(record_scan(shop, PIECE, message=forged)) == ("be-careful", ["tag-invalid"])
    # One tag's message with another's CMAC, and noise.
    mixed = Message(taken.picc, unknown.mac)
    assert kinds(record_scan(shop, PIECE, message=mixed)) == ("be-careful", ["tag-invalid"])
    with pytest.raises(NotFound, match="names no piece"):
        record_scan(shop, None, message=Message(bytes(16), bytes(8)))
    with pytest.raises(Conflict, match="never moved"):
        tags.add(OTHER, UID)
    # Nothing of this has used the message up.
    assert record_scan(shop, PIECE, message=taken)[1].tag


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"piece": "ring 7"}, "is not the URI"),
        ({"piece": PIECE, "place": (90.1, 0.0)}, "latitude"),
        ({"piece": PIECE, "place": (float("nan"), 0.0)}, "latitude"),
        ({"piece": PIECE, "place": (0.0, float("inf"))}, "latitude"),
        ({"piece": PIECE, "device": ""}, r"\$.device"),
        ({"piece": PIECE, "device": "x" * 501}, r"\$.device"),
        ({"piece": "urn:" + "x" * 1000}, "longer than"),
    ],
)
def test_bad_scans_are_refused_and_leave_nothing(
    shop: ChainAccess, arguments: dict[str, Any], match: str
) -> None:
    with pytest.raises(InvalidInput, match=match):
        record_scan(shop, **arguments)
    assert scanned_pieces(shop.workspace) == []


def test_bad_messages_name_their_part() -> None:
    with pytest.raises(InvalidInput, match=r"\$.picc: expected 32 hex"):
        parse_message("00", "00" * 8)
    with pytest.raises(InvalidInput, match=r"\$.cmac: expected 16 hex"):
        parse_message("00" * 16, "0g" * 8)


def test_a_serial_that_was_never_recorded_or_never_shipped(shop: ChainAccess) -> None:
    maker = shop.workspace.parties.find("Adela")
    made = "https://coop.example/id/item/ring-9"
    record(shop, maker, event(action="ADD", bizStep="commissioning", epcList=[made]))
    assert kinds(record_scan(shop, made)) == ("be-careful", ["not-shipped"])
    assert kinds(record_scan(shop, made + "9")) == ("be-careful", ["not-recorded"])


def packed(number: int, action: str, parent: str, *children: str) -> dict[str, Any]:
    made = event(number, type="AggregationEvent", action=action, bizStep="packing", parentID=parent)
    del made["epcList"]
    return {**made, "childEPCs": list(children)}


def test_what_was_shipped_in_a_carton_on_a_pallet_was_shipped(access: ChainAccess) -> None:
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(
        access,
        maker,
        packed(1, "ADD", CARTON, PIECE, OTHER),
        packed(2, "DELETE", CARTON, OTHER),
        packed(3, "ADD", PALLET, CARTON),
    )
    assert not was_shipped(access.workspace, PIECE)
    record(access, maker, event(4, bizStep="shipping", epcList=[PALLET]))
    assert was_shipped(access.workspace, PIECE)
    # It was taken out before.
    assert not was_shipped(access.workspace, OTHER)


def test_a_claimed_piece_and_a_stolen_one(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database)
    minted(access, "workspace")
    assert kinds(record_scan(access, piece_uri())) == ("be-careful", ["not-shipped"])
    moved, _ = sell(access, piece_uri(), "code", Sale("1200.00 EUR", "Ann"))
    assert moved.code is not None
    assert kinds(look_at(access, piece_uri())) == ("first-scan", ["no-other-scan"])
    claim(access, moved.code, "workspace")
    word, found = kinds(record_scan(access, piece_uri()))
    assert (word, found) == ("claimed", ["claimed", "earlier-scans"])
    report_theft(access, piece_uri(), "stolen", "Aurum")
    assert kinds(look_at(access, piece_uri())) == ("be-careful", ["stolen"])


def test_what_its_maker_withdrew_was_not_shipped(access: ChainAccess) -> None:
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    sent = event(bizStep="shipping", epcList=[PIECE], eventID="urn:uuid:0d6b1c5e-7a55-4c4f-8a6e-3f6f6f0a1b2c")
    record(access, maker, sent)
    assert was_shipped(access.workspace, PIECE)
    wrong = {"declarationTime": "2026-03-02T00:00:00Z", "reason": "did_not_occur"}
    record(access, maker, {**sent, "errorDeclaration": wrong})
    assert not was_shipped(access.workspace, PIECE)
