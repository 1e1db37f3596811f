"""Subscriptions by WebSocket."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from tests.made import event
from tests.web.live import Live, captured, document


def listen(live: Live, name: str, query: str, who: str | None = "adela") -> ClientConnection:
    headers = {} if who is None else {"Authorization": f"Bearer {live.tokens[who]}"}
    return connect(f"ws://127.0.0.1:{live.port}/queries/{name}/events{query}", additional_headers=headers)


def received(socket: ClientConnection, count: int, seconds: float = 15) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    end = time.monotonic() + seconds
    while len(found) < count:
        results = json.loads(socket.recv(timeout=max(0.1, end - time.monotonic())))["epcisBody"][
            "queryResults"
        ]
        found += results["resultsBody"]["eventList"]
    return found


def test_new_events_come_as_they_are_captured(live: Live) -> None:
    with live.client("adela") as client, live.client("rosa") as rosa:
        client.post("/queries", json={"name": "ships", "query": {"EQ_bizStep": ["shipping"]}})
        with listen(live, "ships", "?stream=true") as socket:
            time.sleep(0.7)
            captured(
                rosa.post(
                    "/capture",
                    json=document(event(0, bizStep="shipping", epcList=["https://coop.example/ws/rosa"])),
                )
            )
            for n in range(3):
                steps = [
                    event(n, bizStep="shipping", epcList=[f"https://coop.example/ws/{n}"]),
                    event(n, epcList=[f"https://coop.example/no/{n}"]),
                ]
                captured(client.post("/capture", json=document(*steps)))
            found = received(socket, 3)
            assert [one["epcList"] for one in found] == [[f"https://coop.example/ws/{n}"] for n in range(3)]
        with listen(live, "ships", "?stream=true&initialRecordTime=2020-01-01T00:00:00Z") as socket:
            assert len(received(socket, 3)) == 3


def test_places_within_a_place_are_those_of_the_master_data_that_came_along(live: Live) -> None:
    yard, gate = "https://coop.example/ws/yard", "https://coop.example/ws/gate"
    vocabulary = {
        "type": "urn:epcglobal:epcis:vtype:ReadPoint",
        "vocabularyElementList": [{"id": yard, "children": [gate]}],
    }
    header = {"epcisMasterData": {"vocabularyList": [vocabulary]}}
    inside = event(9, readPoint={"id": gate}, epcList=["https://coop.example/ws/inside"])
    with live.client("adela") as client:
        client.post("/queries", json={"name": "yard", "query": {"WD_readPoint": [yard]}})
        with listen(live, "yard", "?stream=true&initialRecordTime=2020-01-01T00:00:00Z") as socket:
            captured(client.post("/capture", json=document(inside, epcisHeader=header)))
            assert [one["epcList"] for one in received(socket, 1)] == [["https://coop.example/ws/inside"]]


def test_a_schedule_sends_at_its_time_even_nothing(live: Live) -> None:
    with live.client("adela") as client:
        client.post("/queries", json={"name": "now", "query": {"MATCH_epc": ["https://coop.example/never"]}})
        with listen(live, "now", "?second=*&reportIfEmpty=true") as socket:
            body = json.loads(socket.recv(timeout=10))
            assert body["epcisBody"]["queryResults"]["resultsBody"]["eventList"] == []


@pytest.mark.parametrize(
    ("name", "query", "who", "code"),
    [
        ("ships2", "?stream=true", None, 4401),
        ("nothing", "?stream=true", "adela", 4404),
        ("ships2", "?stream=true", "rosa", 4404),
        ("ships2", "", "adela", 4400),
        ("ships2", "?stream=true&hour=1", "adela", 4400),
        ("ships2", "?stream=maybe", "adela", 4400),
        ("ships2", "?hour=99", "adela", 4400),
        ("ships2", "?stream=true&initialRecordTime=soon", "adela", 4400),
    ],
)
def test_what_is_refused_is_closed_with_its_reason(
    live: Live, name: str, query: str, who: str | None, code: int
) -> None:
    with live.client("adela") as client:
        client.post("/queries", json={"name": "ships2", "query": {}})
    with listen(live, name, query, who) as socket:
        with pytest.raises(ConnectionClosed) as caught:
            socket.recv(timeout=10)
        assert caught.value.rcvd is not None
        assert caught.value.rcvd.code == code


def test_a_thousand_idle_sockets_do_not_stop_a_capture(live: Live) -> None:
    with live.client("adela") as client:
        client.post("/queries", json={"name": "idle", "query": {"MATCH_epc": ["https://coop.example/idle"]}})
        sockets = [listen(live, "idle", "?stream=true") for _ in range(1_000)]
        try:
            started = time.monotonic()
            captured(client.post("/capture", json=document(event(1, epcList=["https://coop.example/busy"]))))
            assert time.monotonic() - started < 3
            captured(client.post("/capture", json=document(event(2, epcList=["https://coop.example/idle"]))))
            assert len(received(sockets[-1], 1)) == 1
            assert len(received(sockets[0], 1)) == 1
        finally:
            for socket in sockets:
                socket.close()
