"""What a passport says, to whom, and that nothing in it becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listens_for

from firsthand.errors import NotFound
from firsthand.ledger.event_sql import Viewer
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.passport import passport
from firsthand.service.passport_facts import Fact, merged, points_of
from firsthand.service.photographs import add_photograph
from firsthand.web.passport_page import Links, passport_data, passport_page
from firsthand.web.position import position_of
from firsthand.web.words import LOCALES
from tests.made import event, new_access, record
from tests.passport.conftest import HOSTILE, PIECE, TURNED
from tests.trace.made import lot, made, seen, turned

ALL = 10**9
LINKS = Links(
    page=lambda tag: f"?lang={tag}", data="d", proofs="p", verifier="v", asset=lambda name: f"/assets/{name}"
)


class Tags(HTMLParser):
    """Collects a page's elements."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("tag", list(LOCALES))
@pytest.mark.parametrize("uri", [PIECE, "javascript:alert(5)"])
def test_nothing_a_maker_wrote_becomes_markup(hostile: ChainAccess, tag: str, uri: str) -> None:
    page = passport_page(passport(hostile, uri, Viewer(), ALL), tag, LINKS)
    for name, attributes in Tags(page).found:
        assert name not in ("img", "b", "iframe", "object", "form", "style")
        assert not [one for one in attributes if one.startswith("on") or one == "style"]
        if name == "script":
            assert attributes["src"] == "/assets/passport.js"
        for address in (attributes.get("href"), attributes.get("src")):
            assert not re.match(r"\s*(javascript|data|vbscript):", address or "", re.I)
            assert not re.match(r"(https?:)?//", address or "")


def test_what_turns_text_around_is_kept_inside_its_own_element(hostile: ChainAccess) -> None:
    page = passport_page(passport(hostile, PIECE, Viewer(), ALL), "en", LINKS).decode()
    assert TURNED in page
    assert f"<bdi>{TURNED}</bdi>" in page


def test_it_says_what_was_stated(hostile: ChainAccess) -> None:
    found = passport(hostile, PIECE, Viewer(), ALL)
    assert found.verdict == "proven"
    assert [(one.party.name, one.share) for one in found.makers] == [(HOSTILE[:60], 1)]
    (stage,) = found.stages
    assert (stage.step, stage.count) == ("harvest", 1)
    facts = {fact.element: fact for fact in stage.facts}
    assert (facts["altitude"].low, facts["altitude"].unit) == (1500, "MTR")
    assert facts["variety"].words == ({"": HOSTILE},)
    assert {claim.name: claim.level for claim in found.claims} == {
        "origin": "self-declared",
        "<b>organic</b>": "self-declared",
    }
    assert found.anchored is not None
    assert found.anchored.network == "sandbox"
    assert b'"1/1"' not in passport_data(found, "p")


def test_a_stranger_sees_only_what_is_published(hostile: ChainAccess, tmp_path: Path) -> None:
    maker = hostile.workspace.parties.current().parties()[0]
    secret = "https://coop.example/id/item/secret:1"
    record(hostile, maker, event(7, epcList=[secret]))
    published = hostile.workspace.journal.size()
    with pytest.raises(NotFound):
        passport(hostile, secret, Viewer(), 2)
    assert passport(hostile, secret, Viewer(everything=True), published).verdict == "waiting"


def test_many_alike_are_told_as_a_range() -> None:
    def weight(value: int, unit: str = "KGM") -> Fact:
        from fractions import Fraction

        return Fact("weight", {}, "quantity", Fraction(value), Fraction(value), unit)

    words = [Fact("variety", {}, "text", words=({"": f"v{n % 9}"},)) for n in range(30)]
    found = merged([[weight(3), weight(1)], [weight(2), weight(5, "GRM")], words])
    assert [(one.low, one.high, one.unit) for one in found[:2]] == [(1, 3, "KGM"), (5, 5, "GRM")]
    assert (len(found[2].words), found[2].more) == (6, 3)


@pytest.mark.parametrize("text", ["POINT (1)", "POINT (999 1)", "POINT (1 95)", "<svg>", "POINT (1e9 1)"])
def test_what_is_no_place_is_not_drawn(text: str) -> None:
    assert points_of([{"readPoint": {"id": "x"}, "fh:plotLocation": text}]) == {}
    exact = {"readPoint": {"id": "x"}, "fh:plotLocation": "POINT (1.5 2)"}
    assert points_of([{**exact, "fh:plotLocation": text}, exact]) == {"x": (2.0, 1.5, False)}


def test_a_passport_of_many_events_asks_the_database_no_more_often(tmp_path: Path) -> None:
    access = new_access(tmp_path / "workspace")
    farmer, mill = (add_party(access.workspace, name, ("maker",)).party for name in ("Farmer", "Mill"))
    asked: list[str] = []

    @listens_for(access.workspace.engine, "checkout")
    def watch(connection: Any, *_: Any) -> None:
        connection.set_trace_callback(asked.append)

    counts = []
    for size in (2, 30):
        lots = [(f"c{size}-{number}", 10 + number) for number in range(size)]
        record(access, farmer, *[made(*one) for one in lots])
        record(access, mill, *[seen(*one, 1) for one in lots], turned(lots, [(f"pack{size}", size)]))
        asked.clear()
        found = passport(access, lot(f"pack{size}"), Viewer(), ALL)
        assert len(found.events) == 2 * size + 1
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_kept_page_is_made_anew_for_whatever_it_shows(hostile: ChainAccess) -> None:
    before = position_of(hostile, lambda: 0)
    assert position_of(hostile, lambda: 0) == before
    picture = hostile.workspace.folder / "new.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    add_photograph(hostile.workspace.folder, picture)
    after = position_of(hostile, lambda: 0)
    assert after != before
    hostile.sandbox.mine()
    hostile.sync_headers()
    assert position_of(hostile, lambda: 0) != after
    assert position_of(hostile, lambda: 1) != position_of(hostile, lambda: 0)
