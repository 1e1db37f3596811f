"""Who may do what: keys, scopes, ends, failures, and the trail that they leave."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from firsthand.errors import InvalidInput, Unauthorized
from firsthand.service.anchor import anchor
from firsthand.service.api_keys import authenticate, create_key, list_keys, revoke_key, trail
from firsthand.service.parties import add_party
from firsthand.service.publish import publish
from tests.made import event, new_access
from tests.web.live import Live, captured, document, event_list, served


def test_scopes(live: Live) -> None:
    sent = document(event(1, epcList=["https://coop.example/s/1"]))
    with live.client("reader") as reader:
        refused = reader.post("/capture", json=sent)
        assert (refused.status_code, refused.json()["type"]) == (403, "epcisException:SecurityException")
        assert reader.get("/events").status_code == 200
        assert reader.get("/metrics").status_code == 403
    with live.client("admin") as admin:
        refused = admin.post("/capture", json=sent)
        assert refused.status_code == 403
        assert "party" in refused.json()["detail"]
        metrics = admin.get("/metrics")
        assert "firsthand_journal_entries" in metrics.text
        assert "firsthand_request_seconds_bucket" in metrics.text
    with live.client(None) as stranger:
        for path in ("/events", "/capture", "/queries", "/epcs", "/metrics", "/"):
            answer = stranger.get(path)
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
        assert stranger.post("/capture", json=sent).status_code == 401
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert stranger.get(path).status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer fh_x", "Bearer", "Basic YTpi", "Bearer fh_aaaaaaaaaaaa_" + "A" * 43, "fh"]
)
def test_wrong_keys(live: Live, header: str) -> None:
    with live.client(None) as stranger:
        assert stranger.get("/events", headers={"Authorization": header}).status_code == 401


def test_a_revoked_key_is_refused_at_once(live: Live) -> None:
    access = live.access()
    key, token = create_key(access.workspace, "Adela", ("read",), label="till")
    with live.client(None) as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/events", headers=headers).status_code == 200
        revoke_key(access.workspace, key.id)
        answer = client.get("/events", headers=headers)
        assert answer.status_code == 401
        assert "revoked" in answer.json()["detail"]
    assert next(one for one in list_keys(access.workspace) if one.id == key.id).revoked is not None


def test_keys_end(tmp_path: Path) -> None:
    access = new_access(tmp_path)
    workspace = access.workspace
    add_party(workspace, "Adela", ("maker",))
    key, token = create_key(workspace, "Adela", ("read",), expires="1h")
    assert authenticate(workspace, token).party.endswith("adela")  # type: ignore[union-attr]
    workspace.now = lambda: key.expires or ""
    with pytest.raises(Unauthorized, match="expired"):
        authenticate(workspace, token)
    for expires in ("yesterday", "2020-01-01", "5", "99999999d"):
        with pytest.raises(InvalidInput):
            create_key(workspace, "Adela", ("read",), expires=expires)
    for party, scopes in ((None, ("read",)), ("Adela", ()), ("Adela", ("fly",))):
        with pytest.raises(InvalidInput):
            create_key(workspace, party, scopes)


def test_no_secret_is_stored(live: Live) -> None:
    secret = live.tokens["adela"].split("_", 2)[2].encode()  # base64url: it may hold "_" itself
    for path in live.folder.iterdir():
        assert secret not in path.read_bytes(), path


def test_the_trail_tells_what_a_key_did(live: Live) -> None:
    access = live.access()
    key, token = create_key(access.workspace, "Rosa", ("read", "capture"))
    headers = {"Authorization": f"Bearer {token}"}
    with live.client(None) as client:
        captured(
            client.post(
                "/capture", json=document(event(9, epcList=["https://coop.example/t/9"])), headers=headers
            )
        )
        client.get("/events?EQ_action=STEAL", headers=headers)
        request_id = client.get("/queries", headers=headers).headers["x-request-id"]
    for _ in range(60):
        rows = trail(access.workspace, key.id)
        if len(rows) == 3:
            break
        time.sleep(0.1)
    assert [(row["method"], row["target"], row["status"]) for row in rows] == [
        ("GET", "/queries", 200),
        ("GET", "/events?EQ_action=STEAL", 400),
        ("POST", "/capture", 202),
    ]
    assert rows[0]["request_id"] == request_id
    assert rows[0]["client"] == "127.0.0.1"


def test_who_guesses_keys_has_to_wait(tmp_path: Path) -> None:
    with served(tmp_path, AUTH_FAILURES_PER_MINUTE="5") as live, live.client(None) as stranger:
        statuses = [
            stranger.get("/events", headers={"Authorization": "Bearer fh_x"}).status_code for _ in range(7)
        ]
        assert statuses == [401] * 5 + [429] * 2
        waiting = stranger.get("/events", headers={"Authorization": f"Bearer {live.tokens['adela']}"})
        assert waiting.status_code == 429
        assert 0 < int(waiting.headers["retry-after"]) <= 61
        assert stranger.get("/healthz").status_code == 200


def test_what_is_published_is_seen_by_all(tmp_path: Path) -> None:
    with served(tmp_path, PUBLIC_READ="true") as live:
        with live.client("adela") as adela:
            captured(adela.post("/capture", json=document(event(1, epcList=["https://coop.example/pub/1"]))))
        with live.client("rosa") as rosa, live.client(None) as stranger:
            assert event_list(rosa.get("/events")) == []
            access = live.access()
            anchor(access)
            publish(access)
            time.sleep(5.5)
            for client in (rosa, stranger):
                assert len(event_list(client.get("/events"))) == 1
            with live.client("adela") as adela:
                captured(
                    adela.post("/capture", json=document(event(2, epcList=["https://coop.example/pub/2"])))
                )
            assert len(event_list(stranger.get("/events"))) == 1
            assert stranger.post("/queries", json={"name": "x", "query": {}}).status_code == 401


def test_a_party_whose_key_is_elsewhere_must_sign_itself(live: Live) -> None:
    access = live.access()
    party = add_party(access.workspace, f"Far {live.port}", ("maker",)).party
    _, token = create_key(access.workspace, party.uri, ("capture",))
    names = access.workspace.keystore.names()
    assert f"key:{party.keys[0]}" in names
    access.workspace.keystore.delete(f"key:{party.keys[0]}")
    with live.client(None) as client:
        answer = client.post(
            "/capture", json=document(event(3)), headers={"Authorization": f"Bearer {token}"}
        )
        assert answer.status_code == 403
        assert "signed itself" in answer.json()["detail"]
