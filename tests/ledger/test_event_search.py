"""Pages from the index against looking at every event: the same answers, on both stores."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from firsthand.events.instants import microseconds
from firsthand.events.query import parse_parameters
from firsthand.ledger import event_search
from firsthand.ledger.event_search import (
    Cursor,
    EventSearch,
    FoundEvent,
    QueryTooComplex,
    QueryTooLarge,
    Viewer,
)
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from tests.made import new_access, record

ALL = Viewer(everything=True)
COOP, ADELA = "https://coop.example/id/party/coop", "https://coop.example/id/party/adela"


def made(draw: random.Random, number: int) -> dict[str, Any]:
    """An event with a few of everything, so that each condition finds some."""
    found: dict[str, Any] = {
        "@context": [{"ex": "https://ns.example.com/"}],
        "type": "ObjectEvent",
        "eventTime": f"2026-0{draw.randint(1, 9)}-1{draw.randint(0, 9)}T0{draw.randint(0, 9)}:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": draw.choice(["ADD", "OBSERVE", "DELETE"]),
        "epcList": [
            f"urn:epc:id:sgtin:0614141.107346.{number % 37}",
            f"urn:epc:id:sgtin:06141411.07346.{number % 31}",
            f"urn:epc:id:adi:W81X9C.A%2FB{number % 2}.2WMA52",
        ][: 1 + number % 3],
        "readPoint": {"id": f"https://coop.example/place/{draw.randint(0, 3)}"},
        "sourceList": [{"type": "owning_party", "source": f"https://coop.example/p/{draw.randint(0, 2)}"}],
        "ex:price": draw.randint(0, 5),
        "ex:bag": f"{number % 12:0{1 + number % 2}d}",
    }
    if draw.random() < 0.5:
        found["bizStep"] = draw.choice(["shipping", "receiving", "https://ns.example.com/own"])
    if draw.random() < 0.5:
        found["quantityList"] = [
            {"epcClass": f"https://coop.example/lot/{number % 11}", "quantity": 5, "uom": "KGM"}
        ]
    if draw.random() < 0.1:
        found["bizTransactionList"] = [
            {"type": "po", "bizTransaction": f"https://coop.example/po/{number % 3}"}
        ]
    return found


@pytest.fixture
def store(tmp_path: Path, database: str) -> ChainAccess:
    """300 events in captures of different sizes by two parties."""
    access = new_access(tmp_path / "workspace", database)
    draw = random.Random(7)
    parties = [
        add_party(access.workspace, "Coop", ("cooperative",)).party,
        add_party(access.workspace, "Adela", ("maker",)).party,
    ]
    number = 0
    while number < 300:
        size = min(draw.choice([1, 3, 20]), 300 - number)
        record(access, draw.choice(parties), *[made(draw, number + at) for at in range(size)])
        number += size
    return access


QUERIES: list[list[tuple[str, str]]] = [
    [],
    [("EQ_action", "ADD")],
    [("EQ_bizStep", "shipping|https://ns.example.com/own")],
    [("EQ_bizStep", "urn:epcglobal:cbv:bizstep:receiving")],
    [("MATCH_anyEPC", "https://id.gs1.org/01/10614141073464/21/5")],
    [("MATCH_epc", "urn:epc:idpat:sgtin:0614141.107346.*"), ("EQ_action", "DELETE")],
    [("MATCH_epc", "urn:epc:idpat:sgtin:06141411.*.*")],
    [("MATCH_epc", "urn:epc:idpat:adi:W81X9C.A%2fB1.*")],
    [("MATCH_epcClass", "https://coop.example/lot/3|https://coop.example/lot/4")],
    [("MATCH_anyEPCClass", "https://coop.example/lot/3"), ("EQ_readPoint", "https://coop.example/place/1")],
    [("EQ_readPoint", "https://coop.example/place/2"), ("EQ_source_owning_party", "https://coop.example/p/1")],
    [("EQ_source_owning_party", "https://coop.example/p/1")],
    [("EQ_bizTransaction_po", "https://coop.example/po/1")],
    [("GE_eventTime", "2026-03-01T00:00:00Z"), ("LT_eventTime", "2026-06-01T00:00:00Z")],
    [("EQ_ex:price", "3")],
    [("EQ_ex:bag", "1|02")],
    [("GT_ex:price", "3"), ("EQ_action", "OBSERVE"), ("EQ_readPoint", "https://coop.example/place/0")],
    [("eventType", "AggregationEvent")],
    [("MATCH_anyEPC", "https://coop.example/nothing")],
]  # fmt: skip
ORDERS: list[list[tuple[str, str]]] = [
    [],
    [("orderBy", "eventTime")],
    [("orderBy", "eventTime"), ("orderDirection", "ASC")],
    [("orderBy", "recordTime")],
    [("orderBy", "ex:price"), ("orderDirection", "ASC")],
    [("orderBy", "ex:bag"), ("orderDirection", "ASC")],
]


def every(access: ChainAccess) -> list[tuple[FoundEvent, str]]:
    found = []
    for entry in access.workspace.journal.entries(kind="Capture"):
        for at, body in enumerate(access.workspace.journal.bodies(entry.first_event, entry.count)):
            import msgspec

            found.append(
                (FoundEvent(entry.first_event + at, msgspec.json.decode(body), entry.recorded), entry.issuer)
            )
    return found


def paged(
    search: EventSearch, pairs: list[tuple[str, str]], viewer: Viewer, published: int, size: int
) -> list[FoundEvent]:
    found: list[FoundEvent] = []
    cursor: Cursor | None = None
    query = parse_parameters(pairs, {"ex": "https://ns.example.com/"})
    for _ in range(1000):
        page = search.page(query, viewer, published, size, cursor)
        assert len(page.events) <= size
        found += page.events
        cursor = page.more
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


def test_pages_are_what_looking_at_every_event_gives(
    store: ChainAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Small windows, so that each way through the index is taken.
    search = EventSearch(store.workspace.engine, store.workspace.places)
    events = every(store)
    for few, window in ((2_000, 100_000), (5, 40), (0, 7)):
        monkeypatch.setattr(event_search, "_FEW", few)
        monkeypatch.setattr(event_search, "_WINDOW", window)
        monkeypatch.setattr(event_search, "_READ", 50)
        for conditions in QUERIES:
            query = parse_parameters(conditions, {"ex": "https://ns.example.com/"})
            for viewer, published in ((ALL, 0), (Viewer(ADELA), 0), (Viewer(ADELA), 120), (Viewer(), 120)):
                expected = [
                    one.number
                    for one, issuer in events
                    if query.matches(one.event, (), microseconds(one.recorded))
                    and (viewer.everything or issuer == viewer.party or one.number < published)
                ]
                for size in (1, 30, 500) if len(expected) < 40 else (30, 500):
                    found = paged(search, conditions, viewer, published, size)
                    assert [one.number for one in found] == expected, (conditions, viewer, size, few)


def test_orders(store: ChainAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    search = EventSearch(store.workspace.engine, store.workspace.places)
    events = [one for one, _ in every(store)]
    for few, window in ((2_000, 100_000), (0, 13)):
        monkeypatch.setattr(event_search, "_FEW", few)
        monkeypatch.setattr(event_search, "_WINDOW", window)
        for conditions in QUERIES[:10]:
            for order in ORDERS[1:]:
                query = parse_parameters([*conditions, *order], {"ex": "https://ns.example.com/"})
                expected = sorted(
                    (one for one in events if query.matches(one.event, (), microseconds(one.recorded))),
                    key=lambda one: (query.sort_key(one.event, microseconds(one.recorded)), one.number),
                    reverse=query.descending,
                )
                found = paged(search, [*conditions, *order], ALL, 0, 17)
                if order[0][1] == "recordTime":
                    assert [one.number for one in found] == [one.number for one in expected]
                else:
                    keys = [query.sort_key(one.event, 0) for one in found]
                    assert keys == [query.sort_key(one.event, 0) for one in expected]
                    assert sorted(one.number for one in found) == sorted(one.number for one in expected)


def test_record_time_and_event_ids(store: ChainAccess) -> None:
    search = EventSearch(store.workspace.engine, store.workspace.places)
    some = every(store)[123][0]
    assert [one.number for one in paged(search, [("EQ_eventID", some.hash_id)], ALL, 0, 5)] == [123]
    assert paged(search, [("GE_recordTime", "2020-01-01T00:00:00Z")], ALL, 0, 500)[0].number == 0
    assert paged(search, [("LT_recordTime", "2020-01-01T00:00:00Z")], ALL, 0, 500) == []
    assert paged(search, [("GE_recordTime", "2099-01-01T00:00:00Z")], ALL, 0, 500) == []


def test_limits_of_the_query(store: ChainAccess, monkeypatch: pytest.MonkeyPatch) -> None:
    search = EventSearch(store.workspace.engine, store.workspace.places)
    assert len(paged(search, [("eventCountLimit", "45"), ("orderBy", "recordTime")], ALL, 0, 20)) == 45
    assert len(paged(search, [("eventCountLimit", "45"), ("orderBy", "ex:price")], ALL, 0, 20)) == 45
    assert len(paged(search, [("maxEventCount", "300")], ALL, 0, 200)) == 300
    with pytest.raises(QueryTooLarge, match="299"):
        paged(search, [("maxEventCount", "299")], ALL, 0, 20)
    monkeypatch.setattr(event_search, "_SORTED", 100)
    with pytest.raises(QueryTooComplex, match="100"):
        paged(search, [("orderBy", "ex:price")], ALL, 0, 20)


def test_later_events_are_in_no_page_of_an_earlier_listing(store: ChainAccess) -> None:
    search = EventSearch(store.workspace.engine, store.workspace.places)
    query = parse_parameters([("orderBy", "eventTime")])
    first = search.page(query, ALL, 0, 10)
    party = store.workspace.parties.find("Adela")
    record(store, party, made(random.Random(1), 999))
    rest: list[int] = []
    cursor = first.more
    while cursor is not None:
        page = search.page(query, ALL, 0, 100, cursor)
        rest += [one.number for one in page.events]
        cursor = page.more
    assert len(rest) == 290
    assert 300 not in rest


def test_text_that_is_sql_finds_nothing_and_breaks_nothing(store: ChainAccess) -> None:
    search = EventSearch(store.workspace.engine, store.workspace.places)
    evil = "https://x.example/';DROP%20TABLE%20event;--"
    for name in ("MATCH_anyEPC", "EQ_readPoint", "EQ_bizStep", "EQ_eventID", "EQ_source_owning_party"):
        assert paged(search, [(name, evil)], ALL, 0, 5) == []
        assert paged(search, [(name, "urn:x:%27%20OR%201=1")], ALL, 0, 5) == []
    assert search.end() == 300
