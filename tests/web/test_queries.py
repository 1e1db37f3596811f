"""The query interface, the top-level resources and named queries as a client sees them, on both stores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest

from tests.made import event
from tests.web.live import Live, captured, document, event_list

URN = "urn:epc:id:sgtin:0614141.107346.77"
LINK = "https://id.gs1.org/01/10614141073464/21/77"
OWN_STEP = "https://ns.example.com/roasting"


@pytest.fixture(scope="module")
def filled(live: Live) -> Live:
    """Forty events of Adela's, five of Rosa's."""
    with live.client("adela") as adela, live.client("rosa") as rosa:
        mine = [
            event(
                n,
                epcList=[URN if n == 7 else f"https://coop.example/q/{n}"],
                readPoint={"id": f"https://coop.example/place/{n % 3}"},
            )
            for n in range(40)
        ]
        mine[3] |= {"bizStep": OWN_STEP, "disposition": "active", "ex:price": 4.5}
        captured(adela.post("/capture", json=document(*mine)))
        captured(
            rosa.post(
                "/capture",
                json=document(
                    *[
                        event(
                            100 + n,
                            epcList=[f"https://coop.example/rosa/{n}"],
                            bizLocation={"id": "https://rosa.example/home"},
                        )
                        for n in range(5)
                    ]
                ),
            )
        )
    return live


def test_pages_lead_through_everything_once(filled: Live) -> None:
    with filled.client("adela") as client:
        answer = client.get("/events", params={"perPage": 7, "EQ_action": "OBSERVE"})
        seen = event_list(answer)
        while "next" in answer.links:
            assert len(event_list(answer)) == 7
            assert answer.headers["gs1-next-page-token-expires"] > "2026"
            answer = client.get(answer.links["next"]["url"])
            seen += event_list(answer)
        assert len(seen) == 40
        assert len({one["eventID"] for one in seen}) == 40
        assert len(event_list(client.get("/events"))) == 30


def test_a_party_sees_its_own_events_and_an_admin_all(filled: Live) -> None:
    counts = {}
    for name in ("adela", "rosa", "coop", "admin"):
        with filled.client(name) as client:
            counts[name] = len(event_list(client.get("/events", params={"perPage": 1000})))
    assert counts == {"adela": 40, "rosa": 5, "coop": 0, "admin": 45}
    with filled.client("rosa") as rosa, filled.client("adela") as adela:
        hidden = event_list(adela.get("/events", params={"perPage": 1}))[0]["eventID"]
        assert rosa.get(f"/events/{quote(hidden, safe='')}").status_code == 404
        assert rosa.get(f"/epcs/{quote(LINK, safe='')}/events").status_code == 404
        names = rosa.get("/epcs", params={"perPage": 1000}).json()["member"]
        assert names == [f"https://coop.example/rosa/{n}" for n in range(5)]
        assert adela.get("/bizLocations").json()["member"] == []
        assert rosa.get("/bizLocations").json()["member"] == ["https://rosa.example/home"]
        assert rosa.get("/readPoints").json()["member"] == []


def test_identifiers_in_the_spelling_that_is_asked_for(filled: Live) -> None:
    with filled.client("adela") as client:
        for value in (URN, LINK, "https://shop.example/01/10614141073464/21/77"):
            for wanted, expected in (
                (None, LINK),
                ("Never_Translates", URN),
                ("Always_EPC_URN", URN),
                ("Always_GS1_Digital_Link", LINK),
            ):
                headers = {} if wanted is None else {"GS1-EPC-Format": wanted}
                (found,) = event_list(client.get("/events", params={"MATCH_epc": value}, headers=headers))
                assert found["epcList"] == [expected]
        assert client.get("/events", headers={"GS1-EPC-Format": "Klingon"}).status_code == 400


def test_resources_and_their_events(filled: Live) -> None:
    with filled.client("adela") as client:
        root = client.get("/").json()
        assert set(root["member"]) == {
            "events",
            "eventTypes",
            "epcs",
            "bizSteps",
            "bizLocations",
            "readPoints",
            "dispositions",
            "capture",
            "queries",
        }
        assert client.get("/bizSteps").json()["member"] == [OWN_STEP, "inspecting"]
        assert client.get("/dispositions").json()["member"] == ["active"]
        assert "ObjectEvent" in client.get("/eventTypes").json()["member"]
        for path, count in (
            (f"/epcs/{quote(URN, safe='')}", 1),
            (f"/epcs/{quote(LINK, safe='')}", 1),
            (f"/bizSteps/{quote(OWN_STEP, safe='')}", 1),
            ("/bizSteps/urn:epcglobal:cbv:bizstep:inspecting", 39),
            ("/dispositions/active", 1),
            ("/readPoints/" + quote("https://coop.example/place/1", safe=""), 13),
            ("/eventTypes/ObjectEvent", 40),
        ):
            assert client.get(path).json()["member"] == ["events"], path
            assert len(event_list(client.get(f"{path}/events", params={"perPage": 100}))) == count, path
        narrowed = client.get("/eventTypes/ObjectEvent/events", params={"EQ_disposition": "active"})
        assert len(event_list(narrowed)) == 1
        assert event_list(client.get("/eventTypes/TransactionEvent/events")) == []
        missing = client.get("/epcs/urn:epc:id:sgtin:0614141.107346.78/events")
        assert (missing.status_code, missing.json()["type"]) == (404, "epcisException:NoSuchNameException")


def test_names_come_in_pages(filled: Live) -> None:
    with filled.client("adela") as client:
        answer = client.get("/epcs", params={"perPage": 9})
        names = answer.json()["member"]
        while "next" in answer.links:
            answer = client.get(answer.links["next"]["url"])
            names += answer.json()["member"]
        assert names == sorted(set(names))
        assert len(names) == 40


def test_a_token_is_for_its_own_request_and_can_be_released(filled: Live) -> None:
    with filled.client("adela") as client, filled.client("admin") as admin:
        answer = client.get("/events", params={"perPage": 5})
        token = answer.links["next"]["url"].rpartition("=")[2]
        for path, params in (("/events", {"EQ_action": "ADD"}), ("/epcs", {}), ("/capture", {})):
            refused = client.get(path, params={**params, "nextPageToken": token})
            assert refused.status_code == 404, path
        assert admin.get("/events", params={"nextPageToken": token}).status_code == 404
        spoiled = ("A" if token[0] != "A" else "B") + token[1:]
        assert client.get("/events", params={"nextPageToken": spoiled}).status_code == 404
        assert client.get("/events", params={"nextPageToken": token}).status_code == 200
        assert client.delete(f"/nextPageToken/{token}").status_code == 204
        assert client.delete(f"/nextPageToken/{token}").status_code == 204
        assert client.get("/events", params={"nextPageToken": token}).status_code == 404


@pytest.mark.parametrize(
    ("params", "status", "exception"),
    [
        ({"EQ_action": "STEAL"}, 400, "QueryParameterException"),
        ({"colour": "red"}, 400, "QueryParameterException"),
        ({"perPage": "0"}, 400, "QueryParameterException"),
        ({"perPage": "many"}, 400, "QueryParameterException"),
        ({"maxEventCount": "3"}, 413, "QueryTooLargeException"),
        (
            {"maxEventCount": "3", "eventCountLimit": "3", "orderBy": "eventTime"},
            400,
            "QueryParameterException",
        ),
        ({"eventCountLimit": "3"}, 400, "QueryParameterException"),
        ({"MATCH_epc": "|".join(f"urn:x:{n}" for n in range(1200))}, 414, "URITooLongException"),
        ({"EQ_quantity": "|".join(["1"] * 1200)}, 413, "QueryTooComplexException"),
    ],
)
def test_queries_that_are_refused(filled: Live, params: dict[str, str], status: int, exception: str) -> None:
    with filled.client("adela") as client:
        answer = client.get("/events", params=params)
        assert (answer.status_code, answer.json()["type"]) == (status, f"epcisException:{exception}"), (
            answer.text
        )


def test_named_queries(filled: Live, shared: Path) -> None:
    schema = json.loads((shared / "epcis" / "query-schema.json").read_text())
    query: dict[str, Any] = {
        "EQ_readPoint": ["https://coop.example/place/1"],
        "orderBy": "eventTime",
        "orderDirection": "ASC",
    }
    assert jsonschema_rs.validator_for(schema).is_valid(query)
    with filled.client("adela") as client, filled.client("rosa") as rosa:
        made = client.post("/queries", json={"name": "mill", "query": query})
        assert made.status_code == 201, made.text
        assert client.post("/queries", json={"name": "mill", "query": query}).status_code == 409
        assert client.get(made.headers["location"]).json()["query"] == query
        times = [
            one["eventTime"]
            for one in event_list(client.get("/queries/mill/events", params={"perPage": 100}))
        ]
        assert len(times) == 13
        assert times == sorted(times)
        assert [one["name"] for one in client.get("/queries").json()] == ["mill"]
        assert rosa.get("/queries").json() == []
        assert rosa.get("/queries/mill").status_code == 404
        assert rosa.get("/queries/mill/events").status_code == 404
        assert rosa.delete("/queries/mill").status_code == 404
        for bad in (
            {},
            {"name": "x"},
            {"name": "a/b", "query": {}},
            {"name": "x", "query": {"EQ_colour": ["red"]}},
            {"name": "x", "query": {"EQ_action": "ADD"}},
            {"name": "x", "query": {"eventCountLimit": 3}},
        ):
            assert client.post("/queries", json=bad).status_code == 400, bad
        for reserved in ("SimpleEventQuery", "SimpleMasterDataQuery"):
            refused = client.post("/queries", json={"name": reserved, "query": query})
            assert refused.status_code == 409, refused.text
        assert client.delete("/queries/mill").status_code == 204
        assert client.get("/queries/mill").status_code == 404


def test_options_tell_what_can_be_done(filled: Live) -> None:
    with filled.client(None) as stranger:
        for path, methods in (
            ("/", "OPTIONS, GET"),
            ("/capture", "OPTIONS, GET, POST"),
            ("/events", "OPTIONS, GET, POST"),
            ("/queries/x", "OPTIONS, GET, DELETE"),
        ):
            answer = stranger.options(path)
            assert answer.status_code == 204
            assert answer.headers["allow"] == methods
            assert answer.headers["gs1-epcis-version"] == "2.0.0"
        assert answer.content == b""
        limits = stranger.options("/capture").headers
        assert (limits["gs1-epcis-capture-limit"], limits["gs1-capture-error-behaviour"]) == ("10000", "all")
        assert stranger.put("/events").status_code == 405
        assert "GET" in stranger.put("/events").headers["allow"]
        assert stranger.get("/nothing").status_code == 404


def test_paths_and_headers_that_try_something(filled: Live) -> None:
    evil = [
        "..%2F..%2Fetc%2Fpasswd",
        "%00",
        "%F0%28%8C%28",
        "';DROP TABLE event;--",
        "%E2%80%AE",
        "a" * 3000,
        "%0d%0aSet-Cookie:x=1",
    ]
    with filled.client("adela") as client:
        for text in evil:
            for path in (
                f"/events/{text}",
                f"/epcs/{text}",
                f"/epcs/{text}/events",
                f"/queries/{text}",
                f"/bizSteps/{text}",
                f"/capture/{text}",
                f"/nextPageToken/{text}",
            ):
                answer = client.request("DELETE" if "Token" in path else "GET", path)
                assert answer.status_code in (400, 404), (path, answer.status_code, answer.text)
                assert "set-cookie" not in answer.headers
        for name in ("GS1-EPC-Format", "GS1-EPCIS-Min", "GS1-Extensions", "Accept"):
            answer = client.get("/events", headers={name: "<script>"})
            assert answer.status_code in (400, 406), (name, answer.status_code)
        assert client.get("/readyz").json()["events"] == 45


def test_a_link_to_the_next_page_keeps_the_path_as_it_was(filled: Live) -> None:
    odd = "https://coop.example/odd?a=1&b=%20#x"
    with filled.client("coop") as client:
        captured(client.post("/capture", json=document(event(1, epcList=[odd]), event(2, epcList=[odd]))))
        first = client.get(f"/epcs/{quote(odd, safe='')}/events", params={"perPage": 1})
        second = client.get(first.links["next"]["url"])
        times = [event_list(page)[0]["eventTime"] for page in (first, second)]
        assert times[0] != times[1]
        assert "next" not in second.links
