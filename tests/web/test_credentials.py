"""Credentials and status lists over HTTP, on both stores: who may issue, read and withdraw."""

from __future__ import annotations

from typing import Any

import pytest

from firsthand.proof.credential import verify_credential
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.status_list import bit_of, decode_bits, parse_status_list
from firsthand.service.api_keys import create_key
from firsthand.service.parties import add_party
from firsthand.service.trust_lists import believe
from tests.certified import ORGANIC
from tests.service.test_certify import TRANSACTION
from tests.web.live import Live

MAKER = "https://coop.example/id/party/adela"
LOT = "https://coop.example/id/lot/1"


@pytest.fixture(scope="module")
def certifying(live: Live) -> Live:
    """The server with a certifier, whose key may certify, and another one."""
    workspace = live.access().workspace
    for name in ("Control", "Other"):
        add_party(workspace, name, ("certifier",))
        live.tokens[name.lower()] = create_key(workspace, name, ("read", "certify"))[1]
    believe(workspace, "organic", "Control", keeper="Coop")
    workspace.engine.dispose()
    return live


def issue(live: Live, **more: Any) -> dict[str, Any]:
    certificate = {"type": "organic", "subject": MAKER, "elements": ORGANIC, **more}
    body = {"profile": more.pop("profile", "coffee"), "certificates": [certificate]}
    certificate.pop("profile", None)
    answer = live.client("control").post("/credentials", json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["Location"].endswith(made["credentials"][0]["id"].rpartition("/")[2])
    return made


def test_a_credential_stands_at_its_url_for_anyone(certifying: Live) -> None:
    made = issue(certifying)
    document = made["credentials"][0]
    name = document["id"].removeprefix("https://coop.example")
    anyone = certifying.client(None)
    answer = anyone.get(name, headers={"Accept": "application/vc"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/vc")
    assert answer.json() == document
    credential, _ = verify_credential(answer.json())
    assert anyone.get(f"{name}/standing").json()["standing"] == "valid"
    entry = credential.status[0]
    url = entry.list.removeprefix("https://coop.example")
    status = anyone.get(url)
    assert (status.status_code, status.headers["Content-Type"]) == (200, "application/vc")
    verify_proof(status.json())
    assert not bit_of(decode_bits(parse_status_list(status.json()).encoded), entry.index)
    revoke = {"purpose": "revocation", "set": True}
    assert certifying.client("other").post(f"{name}/status", json=revoke).status_code == 403
    assert certifying.client("adela").post(f"{name}/status", json=revoke).status_code == 403
    done = certifying.client("control").post(f"{name}/status", json=revoke)
    assert done.status_code == 200, done.text
    assert done.json()["changes"][0]["receipt"]["place"] == done.json()["changes"][0]["place"]
    assert bit_of(decode_bits(parse_status_list(anyone.get(url).json()).encoded), entry.index)
    assert anyone.get(f"{name}/standing").json()["standing"] == "revoked"
    assert certifying.client("control").post(f"{name}/status", json=revoke).status_code == 400


def test_a_confidential_one_is_for_its_parties(certifying: Live) -> None:
    made = issue(certifying, profile="textile", type="gotsTransaction", subject=LOT, elements=TRANSACTION)
    name = made["credentials"][0]["id"].removeprefix("https://coop.example")
    for who, status in ((None, 404), ("adela", 404), ("other", 404), ("control", 200), ("admin", 200)):
        assert certifying.client(who).get(name).status_code == status, who
        assert certifying.client(who).get(f"{name}/standing").status_code == status, who


def test_each_sees_a_list_of_its_own(certifying: Live) -> None:
    made = issue(certifying)["credentials"][0]["id"]

    def ids(who: str, **parameters: Any) -> list[str]:
        found: list[str] = []
        client = certifying.client(who)
        answer = client.get("/credentials", params={**parameters, "perPage": 1})
        while True:
            assert answer.status_code == 200, answer.text
            found += [one["id"] for one in answer.json()["credentials"]]
            if "next" not in answer.links:
                return found
            answer = client.get(answer.links["next"]["url"])

    assert made in ids("control")
    assert made in ids("adela")
    assert made in ids("admin", subject=MAKER)
    assert ids("other") == []
    assert ids("coop") == []
    assert certifying.client(None).get("/credentials").status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"profile": "coffee", "certificates": []},
        {"profile": "coffee", "certificates": [7]},
        {"profile": "nothing", "certificates": [{"type": "organic", "subject": MAKER}]},
        {"profile": "coffee", "certificates": [{"type": "organic", "subject": MAKER}]},
        {"profile": "coffee", "certificates": [{"type": "halal", "subject": MAKER}]},
        {"profile": "coffee", "certificates": [{"type": "organic", "subject": MAKER, "elements": 1}]},
        {"profile": 1, "certificates": [{"type": "organic", "subject": MAKER}]},
    ],
)
def test_bad_requests_are_named(certifying: Live, body: Any) -> None:
    answer = certifying.client("control").post("/credentials", json=body)
    assert answer.status_code == 400, answer.text
    assert answer.json()["detail"]


def test_who_may_not_issue(certifying: Live) -> None:
    body = {"profile": "coffee", "certificates": [{"type": "organic", "subject": MAKER, "elements": ORGANIC}]}
    for who, status in ((None, 401), ("adela", 403), ("coop", 403), ("admin", 403)):
        assert certifying.client(who).post("/credentials", json=body).status_code == status, who
    for path in ("/credentials/nothing", "/status/nothing", "/credentials/nothing/standing"):
        assert certifying.client(None).get(path).status_code == 404
