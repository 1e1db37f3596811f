"""Sealed fields over HTTP: sealed at capture, waiting in no clear text, shown to makers and named parties."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import text

from firsthand.events.seal import NAMESPACE, SEALED, seal_event
from firsthand.events.seal import Path as Path_
from firsthand.identity.signing import secure
from firsthand.proof.capture import Manifest, manifest_document
from firsthand.proof.disclosure import Disclosure, make_disclosure, open_event
from firsthand.service.anchor import anchor
from firsthand.service.capture import prepare
from firsthand.service.consents import PUBLIC, Terms, withdraw
from firsthand.service.disclose import disclose
from firsthand.service.sealed_values import held_fields
from tests.made import event
from tests.web.live import CONTEXT, Live, captured, document, event_list
from tests.web.test_capture import ENVELOPE, lot

EXTENDED = [CONTEXT, {"ex": "https://ns.example.com/", "fh": NAMESPACE}]
WAGE = {"fh:value": 3.141592, "fh:currency": "KES"}


def harvest(number: int, name: str, **more: Any) -> dict[str, Any]:
    return event(
        number,
        epcList=[lot(name)],
        **{"fh:profile": "coffee", "fh:pickerWage": WAGE, "fh:buyer": "Buyer 9041", **more},
    )


def sent(*events: dict[str, Any]) -> dict[str, Any]:
    return document(*events, **{"@context": EXTENDED})


def found(live: Live, name: str) -> tuple[str, dict[str, Any]]:
    with live.client("adela") as client:
        (one,) = event_list(client.get("/events", params={"MATCH_anyEPC": lot(name)}))
    return one["eventID"], one


def disclosures(live: Live, who: str, event_id: str) -> list[str]:
    with live.client(who) as client:
        answer = client.get(f"/events/{quote(event_id, safe='')}/disclosures")
    if answer.status_code == 404:
        return []
    assert answer.status_code == 200, answer.text
    return [text_ for one in answer.json()["disclosed"] for text_ in one["disclosures"]]


def test_custodial_captures_are_sealed_and_only_the_maker_reads_them(live: Live) -> None:
    with live.client("adela") as client:
        headers = {"Firsthand-Seal": "$.fh:buyer"}
        job = captured(client.post("/capture", json=sent(harvest(1, "sealed")), headers=headers))
        assert job["success"], job
    event_id, event_ = found(live, "sealed")
    assert len(event_[SEALED]) == 2
    assert "fh:pickerWage" not in event_
    own = disclosures(live, "adela", event_id)
    stored = {key: value for key, value in event_.items() if key not in ("eventID", "recordTime")}
    assert open_event(stored, own).event["fh:pickerWage"] == WAGE
    for other in ("coop", "rosa", "admin"):
        assert disclosures(live, other, event_id) == []
    with live.client(None) as stranger:
        assert stranger.get(f"/events/{quote(event_id, safe='')}/disclosures").status_code == 401
    with live.client("rosa") as rosa:
        assert rosa.get("/events/nonsense/disclosures").status_code == 404


def test_consent_lets_one_party_read_until_it_is_withdrawn(live: Live, tmp_path: Path) -> None:
    with live.client("adela") as client:
        captured(client.post("/capture", json=sent(harvest(2, "consent"), harvest(3, "open"))))
    access = live.access()
    anchor(access)
    coop = access.workspace.parties.find("Coop").uri
    given = disclose(access, [lot("consent")], ["fh:pickerWage"], Terms(coop, "audit"), tmp_path / "c")
    event_id, _ = found(live, "consent")
    assert len(disclosures(live, "coop", event_id)) == 1
    assert disclosures(live, "rosa", event_id) == []
    withdraw(access.workspace, given.consents[0])
    assert disclosures(live, "coop", event_id) == []
    disclose(access, [lot("open")], ["fh:pickerWage"], Terms(PUBLIC), tmp_path / "p")
    event_id, _ = found(live, "open")
    assert len(disclosures(live, "rosa", event_id)) == 1


def test_what_is_sealed_is_asked_for_by_headers(live: Live) -> None:
    with live.client("adela") as client:
        off = {"Firsthand-Seal-Defaults": "off"}
        captured(client.post("/capture", json=sent(harvest(4, "off")), headers=off))
        assert found(live, "off")[1]["fh:pickerWage"] == WAGE
        captured(
            client.post(
                "/capture",
                json=sent(harvest(5, "h", readPoint={"id": "geo:-1.234567,36.765432"})),
                headers={"Firsthand-Open": "pickerWage", "Firsthand-Coarse": "$.readPoint=1, $.fh:buyer=1"},
            )
        )
        job = captured(
            client.post(
                "/capture",
                json=sent(harvest(6, "h", readPoint={"id": "geo:-1.234567,36.765432"})),
                headers={"Firsthand-Open": "pickerWage", "Firsthand-Coarse": "$.readPoint=1"},
            )
        )
        assert job["success"], job
        (one,) = event_list(client.get("/events", params={"MATCH_anyEPC": lot("h")}))
        assert one["fh:readPointCoarse"] == {"id": "geo:-1.2,36.8"}
        assert (one["fh:pickerWage"], "readPoint" in one) == (WAGE, False)
        for headers, status in (
            ({"Firsthand-Seal-Defaults": "maybe"}, 400),
            ({"Firsthand-Coarse": "x"}, 400),
            ({"Firsthand-Seal": "$[0]"}, 400),
        ):
            assert client.post("/capture", json=sent(harvest(7, "x")), headers=headers).status_code == status
        for headers, why in (
            ({"Firsthand-Seal": "$.fh:missing"}, "no event has $.fh:missing"),
            ({"Firsthand-Seal": "$.action"}, "cannot be sealed"),
        ):
            job = captured(client.post("/capture", json=sent(harvest(8, "x")), headers=headers))
            assert (job["success"], why in job["errors"][0]["detail"]) == (False, True)
        answer = client.post("/events", json={**harvest(9, "single"), "@context": EXTENDED})
        assert answer.status_code == 201, answer.text
        assert len(answer.json()[SEALED]) == 2  # wage and buyer


def test_what_was_sealed_and_signed_elsewhere_is_taken_with_its_disclosures(live: Live) -> None:
    access = live.access()
    workspace = access.workspace
    party = workspace.parties.find("Rosa")
    made: list[Disclosure] = []

    def seal(path: Path_, name: str, value: Any) -> str:
        made.append(make_disclosure(bytes([len(made)]) * 16, name, value))
        return made[-1].digest

    original = {**harvest(20, "phone"), "@context": EXTENDED}
    event_ = seal_event(original, [("fh:buyer",), ("fh:pickerWage",)], seal)
    texts = sorted(one.text for one in made)
    prepared = prepare([event_])
    manifest = Manifest(party.uri, workspace.now(), prepared.count, prepared.root)
    capture = secure(manifest_document(manifest), workspace.held_key(party.keys), workspace.now())
    envelope = {"capture": capture, "events": [event_]}
    with live.client(None) as phone:
        kind = {"Content-Type": ENVELOPE}
        moved = {**envelope, "disclosures": [*texts, texts[0][:-1] + "A"]}
        for wrong in (
            moved,
            {**envelope, "disclosures": [5]},
            {**envelope, "disclosures": "x"},
            {**envelope, "x": 1},
        ):
            answer = phone.post("/capture", json=wrong, headers=kind)
            assert answer.status_code == 400 or not captured(answer)["success"], wrong
        refused = phone.post("/capture", json=envelope, headers={**kind, "Firsthand-Seal": "$.readPoint"})
        assert refused.status_code == 400
        job = captured(phone.post("/capture", json={**envelope, "disclosures": texts}, headers=kind))
        assert job["success"], job
    (number,) = workspace.index.by_item(lot("phone"))
    assert [field.path for field in held_fields(workspace, number)] == ["$.fh:buyer", "$.fh:pickerWage"]
    with live.client("rosa") as rosa:
        (one,) = event_list(rosa.get("/events", params={"MATCH_anyEPC": lot("phone")}))
    assert disclosures(live, "rosa", one["eventID"]) == texts
    assert disclosures(live, "adela", one["eventID"]) == []


def written(live: Live) -> bytes:
    """Whatever the server has written: the whole folder, or the rows of its tables."""
    workspace = live.access().workspace
    if workspace.engine.dialect.name == "sqlite":
        return b"".join(path.read_bytes() for path in live.folder.rglob("*") if path.is_file())
    with workspace.engine.connect() as connection:
        return b"".join(
            repr(tuple(row)).encode()
            for table in ("capture_job", "audit", "event", "sealed_field", "event_key", "event_word")
            for row in connection.execute(text(f"SELECT * FROM {table}"))
        )


def test_a_waiting_job_and_an_error_hold_no_value_in_clear(live: Live) -> None:
    secret = {"fh:buyer": "Waiting Buyer 7733", "fh:pickerWage": {"fh:value": 9.876543}}
    many = sent(*[harvest(n, f"many/{n}", **secret) for n in range(1_500)])
    wrong = sent(harvest(30, "w", readPoint={"id": "Waiting Buyer 7733 at home"}))
    with live.client("adela") as client:
        answer = client.post("/capture", json=many, headers={"Firsthand-Seal": "$.fh:buyer"})
        assert captured(answer)["running"] is True
        waiting = written(live)
        headers = {"Firsthand-Seal": "$.readPoint, $.fh:buyer"}
        job = captured(client.post("/capture", json=wrong, headers=headers))
        assert job["success"] is False
        assert "expected a URI" in job["errors"][0]["detail"]
        for _ in range(300):
            done = client.get(answer.headers["location"]).json()
            if not done["running"]:
                break
            time.sleep(0.1)
        assert done["success"], done
    for stored in (waiting, written(live), live.log.read_bytes()):
        assert b"Waiting Buyer" not in stored
        assert b"9.876543" not in stored
    workspace = live.access().workspace
    number = workspace.index.by_item(lot("many/7"))[0]
    assert [field.path for field in held_fields(workspace, number)] == ["$.fh:buyer", "$.fh:pickerWage"]
    with workspace.engine.connect() as connection:
        left = connection.execute(text("SELECT count(*) FROM capture_job WHERE body IS NOT NULL")).scalar()
    assert left == 0
