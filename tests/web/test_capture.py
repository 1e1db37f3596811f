"""The capture interface as a client sees it, on both stores."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jsonschema_rs
import pytest

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.events.document import EventReader
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.capture import Manifest, check_receipt, manifest_document
from firsthand.proof.verify import verify
from firsthand.service.anchor import anchor
from firsthand.service.capture import prepare
from firsthand.service.export import export_headers
from firsthand.service.prove import event_numbers, prove_events
from tests.made import event
from tests.web.live import CONTEXT, Live, captured, document, event_list

ENVELOPE = "application/vnd.firsthand.capture+json"


def lot(name: str) -> str:
    return f"https://coop.example/id/lot/{name}"


def test_a_small_document_is_done_when_it_is_acknowledged(live: Live) -> None:
    with live.client("adela") as client:
        answer = client.post(
            "/capture", json=document(event(1, epcList=[lot("a1")]), event(2, epcList=[lot("a2")]))
        )
        job = captured(answer)
        assert (job["running"], job["success"], job["captureErrorBehaviour"], job["errors"]) == (
            False,
            True,
            "rollback",
            [],
        )
        assert client.get(answer.headers["location"]).json() == job
        (found,) = event_list(client.get("/events", params={"MATCH_anyEPC": lot("a2")}))
        assert found["eventID"].startswith("ni:///sha-256;")
        assert found["recordTime"] == job["finishedAt"]


def test_a_custodial_capture_says_so_and_is_proven_like_any(live: Live) -> None:
    with live.client("adela") as client:
        captured(client.post("/capture", json=document(event(3, epcList=[lot("proven")]))))
    access = live.access()
    anchor(access)
    (line,) = prove_events(access, event_numbers(access, [lot("proven")]))
    headers = check_headers(b"".join(export_headers(access)), NETWORKS["sandbox"])
    report = verify(line[:-1], headers)
    assert report.valid, report
    assert any("custodial" in step.detail for step in report.steps)
    bundle = json.loads(line)
    manifest = bundle["capture"]["document"]
    assert manifest["custodial"] is True
    assert manifest["issuer"].endswith("/adela")


def test_the_same_document_again_is_the_same_capture(live: Live) -> None:
    sent = document(event(4, epcList=[lot("twice")]))
    with live.client("adela") as client:
        first = captured(client.post("/capture", json=sent))
        second = captured(client.post("/capture", json=sent))
        assert first["captureID"] != second["captureID"]
        assert first["receipts"] == second["receipts"]
        assert len(event_list(client.get("/events", params={"MATCH_anyEPC": lot("twice")}))) == 1


def test_rollback_takes_nothing_and_tells_each_error(live: Live) -> None:
    bad = document(event(5, epcList=[lot("r1")]), event(6, action="STEAL"), event(7, epcList=["no uri"]))
    with live.client("adela") as client:
        job = captured(client.post("/capture", json=bad))
        assert job["success"] is False
        assert [error["path"] for error in job["errors"]] == [
            "$.epcisBody.eventList[1].action",
            "$.epcisBody.eventList[2].epcList[0]",
        ]
        assert all(error["type"] == "epcisException:ValidationException" for error in job["errors"])
        assert event_list(client.get("/events", params={"MATCH_anyEPC": lot("r1")})) == []


def test_proceed_takes_what_is_good(live: Live) -> None:
    mixed = document(event(8, epcList=[lot("p1")]), event(9, action="STEAL"), event(10, epcList=[lot("p2")]))
    with live.client("adela") as client:
        job = captured(
            client.post("/capture", json=mixed, headers={"GS1-Capture-Error-Behaviour": "proceed"})
        )
        assert (job["success"], job["captureErrorBehaviour"], len(job["errors"])) == (False, "proceed", 1)
        for name in ("p1", "p2"):
            assert len(event_list(client.get("/events", params={"MATCH_anyEPC": lot(name)}))) == 1


def test_a_large_document_is_worked_off_later(live: Live) -> None:
    many = document(*[event(n, epcList=[lot(f"large/{n}")]) for n in range(2_500)])
    with live.client("adela") as client:
        answer = client.post("/capture", json=many)
        assert captured(answer)["running"] is True
        for _ in range(200):
            job = client.get(answer.headers["location"]).json()
            if not job["running"]:
                break
            time.sleep(0.1)
        assert job["success"], job
        assert len(event_list(client.get("/events", params={"MATCH_anyEPC": lot("large/2499")}))) == 1


def test_jobs_are_listed_to_their_party_only_newest_first(live: Live) -> None:
    with live.client("coop") as coop, live.client("rosa") as rosa, live.client("admin") as admin:
        ids = [
            captured(rosa.post("/capture", json=document(event(20 + n, epcList=[lot(f"j{n}")]))))["captureID"]
            for n in range(3)
        ]
        page = rosa.get("/capture", params={"perPage": 2})
        assert [job["captureID"] for job in page.json()] == [ids[2], ids[1]]
        rest = rosa.get(page.links["next"]["url"])
        assert rest.json()[0]["captureID"] == ids[0]
        assert "next" not in rest.links
        assert coop.get(f"/capture/{ids[0]}").status_code == 404
        assert admin.get(f"/capture/{ids[0]}").status_code == 200


def test_one_event_synchronously(live: Live) -> None:
    one = {"@context": CONTEXT, **event(30, epcList=[lot("single")])}
    with live.client("adela") as client:
        answer = client.post("/events", json=one)
        assert answer.status_code == 201, answer.text
        made = answer.json()
        assert answer.headers["location"].endswith(quote(made["eventID"], safe=""))
        (found,) = event_list(client.get(answer.headers["location"]))
        assert found["epcList"] == [lot("single")]
        again = client.post("/events", json=one)
        assert again.status_code == 409
        assert again.json()["type"] == "epcisException:ResourceAlreadyExistsException"
        declared = {
            **one,
            "errorDeclaration": {"declarationTime": "2026-03-02T00:00:00Z", "reason": "did_not_occur"},
        }
        assert client.post("/events", json=declared).status_code == 201
        assert len(event_list(client.get(answer.headers["location"]))) == 2
        bad = client.post("/events", json={**one, "action": "STEAL"})
        assert (bad.status_code, bad.json()["type"]) == (400, "epcisException:ValidationException")


def signed(live: Live, key: SigningKey, issuer: str, events: list[dict[str, Any]]) -> dict[str, Any]:
    """What a phone would send: the capture signed by its own key, and its events."""
    texts = json.dumps(events).encode()
    prepared = prepare(EventReader(lambda: [texts]))
    manifest = Manifest(issuer, "2026-03-01T00:00:00Z", prepared.count, prepared.root)
    return {"capture": secure(manifest_document(manifest), key, "2026-03-01T00:00:00Z"), "events": events}


def test_a_capture_that_its_party_signed_needs_no_api_key(live: Live) -> None:
    access = live.access()
    party = access.workspace.parties.find("Rosa")
    key = access.workspace.held_key(party.keys)
    envelope = signed(live, key, party.uri, [event(40, epcList=[lot("signed")])])
    with live.client(None) as stranger, live.client("rosa") as rosa:
        answer = stranger.post("/capture", json=envelope, headers={"Content-Type": ENVELOPE})
        job = captured(answer)
        assert job["success"], job
        assert check_receipt(job["receipts"][0], envelope["capture"], access.workspace.log_key.did) >= 0
        assert stranger.get(answer.headers["location"]).json()["success"] is True
        assert len(event_list(rosa.get("/events", params={"MATCH_anyEPC": lot("signed")}))) == 1
        # An event more than was signed, a changed one, another's key, an unknown party.
        extra = {**envelope, "events": [*envelope["events"], event(41)]}
        changed = {**envelope, "events": [event(40, epcList=[lot("other")])]}
        for wrong in (extra, changed):
            job = captured(stranger.post("/capture", json=wrong, headers={"Content-Type": ENVELOPE}))
            assert job["success"] is False
            assert "under root" in job["errors"][0]["detail"]
        other = access.workspace.held_key(access.workspace.parties.find("Adela").keys)
        forged = signed(live, other, party.uri, [event(42)])
        unknown = signed(live, key, "https://coop.example/id/party/nobody", [event(43)])
        for wrong in (forged, unknown):
            refused = stranger.post("/capture", json=wrong, headers={"Content-Type": ENVELOPE})
            assert (refused.status_code, refused.json()["type"]) == (403, "epcisException:SecurityException")


def test_master_data_makes_places_known(live: Live) -> None:
    header = {
        "epcisMasterData": {
            "vocabularyList": [
                {
                    "type": "urn:epcglobal:epcis:vtype:BusinessLocation",
                    "vocabularyElementList": [
                        {
                            "id": "https://coop.example/place/all",
                            "children": ["https://coop.example/place/mill"],
                        },
                        {
                            "id": "https://coop.example/place/mill",
                            "children": ["urn:epc:id:sgln:0614141.00777.5"],
                        },
                    ],
                }
            ]
        }
    }
    inside = event(50, epcList=[lot("inside")], bizLocation={"id": "urn:epc:id:sgln:0614141.00777.5"})
    with live.client("adela") as client:
        job = captured(client.post("/capture", json=document(inside, epcisHeader=header)))
        assert job["success"], job
        assert len(job["receipts"]) == 2
        wide = client.get("/events", params={"WD_bizLocation": "https://coop.example/place/all"})
        assert [found["epcList"] for found in event_list(wide)] == [[lot("inside")]]
        exact = client.get("/events", params={"EQ_bizLocation": "https://coop.example/place/all"})
        assert event_list(exact) == []
        only = captured(client.post("/capture", json=document(epcisHeader=header)))
        assert only["success"]
        assert only["receipts"] == job["receipts"][:1]


def places(*elements: dict[str, Any], kind: str = "BusinessLocation") -> dict[str, Any]:
    """An EPCIS header with one vocabulary of places."""
    vocabulary = {"type": f"urn:epcglobal:epcis:vtype:{kind}", "vocabularyElementList": list(elements)}
    return {"epcisMasterData": {"vocabularyList": [vocabulary]}}


def test_each_parameter_asks_its_own_vocabulary(live: Live) -> None:
    yard, gate = "https://coop.example/place/yard", "https://coop.example/place/gate"
    at = {"readPoint": {"id": gate}, "bizLocation": {"id": gate}}
    with live.client("adela") as client:

        def found(name: str) -> int:
            return len(event_list(client.get("/events", params={name: yard})))

        header = places({"id": yard, "children": [gate]})
        captured(client.post("/capture", json=document(event(51, **at), epcisHeader=header)))
        assert (found("WD_bizLocation"), found("WD_readPoint")) == (1, 0)
        header = places({"id": yard, "children": [gate]}, kind="ReadPoint")
        captured(client.post("/capture", json=document(epcisHeader=header)))
        assert (found("WD_bizLocation"), found("WD_readPoint")) == (1, 1)


def test_events_are_found_by_the_attributes_of_master_data(live: Live) -> None:
    country, city = "urn:epcglobal:cbv:mda#countryCode", "urn:epcglobal:cbv:mda#city"
    mill, port = "https://coop.example/place/wet-mill", "https://coop.example/place/port"

    def stated(**attributes: object) -> dict[str, Any]:
        names = {"country": country, "city": city}
        listed = [{"id": names[name], "attribute": value} for name, value in attributes.items()]
        return places({"id": mill, "attributes": listed})

    events = [event(52, bizLocation={"id": mill}), event(53, bizLocation={"id": port})]
    with live.client("adela") as client, live.client("rosa") as rosa:

        def found(name: str, value: str) -> list[str]:
            answer = client.get("/events", params={name: value})
            return [one["bizLocation"]["id"] for one in event_list(answer)]

        captured(
            client.post("/capture", json=document(*events, epcisHeader=stated(country="DE", city="Jena")))
        )
        assert found("HASATTR_bizLocation", country) == [mill]
        assert found("HASATTR_bizLocation", f"{city}|urn:x:other") == [mill]
        assert found("HASATTR_bizLocation", "urn:x:other") == []
        assert found("HASATTR_readPoint", country) == []
        assert found(f"EQATTR_bizLocation_{country}", "FR|DE") == [mill]
        assert found(f"EQATTR_bizLocation_{country}", "FR") == []
        captured(client.post("/capture", json=document(epcisHeader=stated(country="FR"))))
        assert found(f"EQATTR_bizLocation_{country}", "DE") == [], "stated again by the same party"
        assert found(f"EQATTR_bizLocation_{country}", "FR") == [mill]
        assert found(f"EQATTR_bizLocation_{city}", "Jena") == [mill]
        captured(rosa.post("/capture", json=document(epcisHeader=stated(country="IT"))))
        assert found(f"EQATTR_bizLocation_{country}", "FR") == [mill], "what another party says stands beside"
        assert found(f"EQATTR_bizLocation_{country}", "IT") == [mill]


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", {}, 400),
        (b"[]", {}, 400),
        (b'{"type":"EPCISDocument"}', {}, 400),
        (json.dumps(document()).encode(), {}, 400),
        (json.dumps(document(event(60), schemaVersion="1.2")).encode(), {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"<xml/>", {"Content-Type": "application/xml"}, 415),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"{}", {"GS1-Capture-Error-Behaviour": "sometimes"}, 400),
        (b"{}", {"GS1-EPCIS-Min": "2.1.0"}, 406),
        (b"{}", {"GS1-EPCIS-Version": "1.2"}, 406),
        (b"{}", {"Accept": "application/xml"}, 406),
    ],
)
def test_what_is_no_capture_is_refused_at_once(
    live: Live, body: bytes, headers: dict[str, str], status: int
) -> None:
    with live.client("adela") as client:
        answer = client.post(
            "/capture", content=body, headers={"Content-Type": "application/json", **headers}
        )
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["status"] == status
        assert answer.json()["instance"] == f"urn:uuid:{answer.headers['x-request-id']}"


def test_the_standards_examples_are_taken_and_found_again(live: Live, shared: Path) -> None:
    schema = json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    with live.client("coop") as client:
        for path in sorted((shared / "epcis" / "examples").glob("*.jsonld")):
            if path.name == "AssociationEvent-h.jsonld":
                continue  # it has a key twice
            job = captured(
                client.post(
                    "/capture", content=path.read_bytes(), headers={"Content-Type": "application/json"}
                )
            )
            assert job["success"], (path.name, job)
            texts = path.read_bytes()
            for sent in EventReader(lambda texts=texts: [texts]):  # type: ignore[misc]
                params = {"GE_eventTime": sent["eventTime"], "eventType": sent["type"]}
                answer = client.get("/events", params=params, headers={"GS1-EPC-Format": "Never_Translates"})
                assert validator.is_valid(answer.json()), path.name
                sent.pop("recordTime", None)
                found = [
                    {
                        k: v
                        for k, v in one.items()
                        if k != "recordTime" and (k != "eventID" or "eventID" in sent)
                    }
                    for one in all_pages(client, answer)
                ]
                assert sent in found, (path.name, sent)


def all_pages(client: Any, answer: Any) -> list[dict[str, Any]]:
    found = event_list(answer)
    while "next" in answer.links:
        answer = client.get(answer.links["next"]["url"], headers={"GS1-EPC-Format": "Never_Translates"})
        found += event_list(answer)
    return found
