"""Members' own data over HTTP: who sees what, and what a member's device may send."""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal

import pytest

from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.ledger.members import MemberRecord
from firsthand.profiles import load_profile
from firsthand.service.accounts import open_season
from firsthand.service.confirm import countersignatures_to_sign
from firsthand.service.intake import Line, Terms, take
from firsthand.service.intake_events import choose_steps
from firsthand.service.member_keys import link_party, link_statement
from firsthand.service.members import add_member, merge_members
from tests.web.live import Live, served

CREATED = "2026-03-02T00:00:00Z"


@pytest.fixture(scope="module")
def coop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, SigningKey, dict[str, object]]]:
    with served(tmp_path_factory.mktemp("members"), PUBLIC_READ="true") as live:
        workspace = live.access().workspace
        party = workspace.parties.find("Coop")
        for number in ("17", "18", "19"):
            add_member(workspace, party, MemberRecord(number=number, name=f"Sample Farmer {number}"))
        adela = workspace.members.find("17")
        link_party(workspace, adela, "Adela")
        merge_members(workspace, workspace.members.find("19"), workspace.members.find("17"))
        coffee = load_profile("coffee")
        terms = Terms(coffee, choose_steps(coffee), open_season(workspace, party, "2025-26", "USD"))
        weights = Decimal("48.5"), Decimal("0.5"), Decimal("0.62"), "2026-03-01"
        take(workspace, party, terms, [Line(number, *weights) for number in ("17", "18")])
        key = SigningKey.generate("P-256", os.urandom)
        member = workspace.members.find("18")
        statement = {
            "type": "PartyStatement",
            "party": member.uri,
            "name": "Member 18",
            "roles": ["maker"],
            "keys": [key.did],
            "issuer": member.uri,
            "created": CREATED,
        }
        link_statement(workspace, member, secure(statement, key, CREATED))
        (unsigned,) = countersignatures_to_sign(workspace, member)
        yield live, key, unsigned


def test_a_cooperative_sees_its_members_and_a_member_themselves(
    coop: tuple[Live, SigningKey, dict[str, object]],
) -> None:
    live, _, _ = coop
    with live.client("coop") as client:
        assert [one["number"] for one in client.get("/members").json()] == ["17", "18", "19"]
        page = client.get("/members", params={"perPage": 2})
        assert len(page.json()) == 2
        assert [one["number"] for one in client.get(page.links["next"]["url"]).json()] == ["19"]
        assert client.get("/members/19").json()["resolves_to"].endswith("member-17")
        assert client.get("/members/18/account").json()["balance"] == "29.76"
    with live.client("adela") as client:
        assert [one["number"] for one in client.get("/members").json()] == ["17", "19"]
        (delivery,) = client.get("/members/17/deliveries").json()
        assert (delivery["net"], delivery["amount"]) == ("48.0", "29.76")
        assert client.get("/members/17/account", params={"season": "2025-26"}).json()["totals"] == {
            "delivery": "29.76"
        }
        for path in ("/members/18", "/members/18/account", "/members/18/deliveries", "/members/99"):
            assert client.get(path).status_code == 404
        assert client.get("/members/17", params={"x": "1"}).status_code == 400
        assert client.get("/members/17/account", params={"season": "1999"}).status_code == 404


def test_nobody_else_sees_anything(coop: tuple[Live, SigningKey, dict[str, object]]) -> None:
    live, _, _ = coop
    paths = ("/members", "/members/17", "/members/17/deliveries", "/members/17/account")
    with live.client(None) as client:
        assert client.get("/events").status_code == 200, "what is published is open to read"
        assert [client.get(path).status_code for path in paths] == [401] * 4
    with live.client("rosa") as client:
        assert client.get("/members").json() == []
        assert [client.get(path).status_code for path in paths[1:]] == [404] * 3
    with live.client("admin") as client:
        assert len(client.get("/members").json()) == 3
        assert client.get("/members/17").status_code == 200


def test_a_device_sends_its_counter_signature(coop: tuple[Live, SigningKey, dict[str, object]]) -> None:
    live, key, unsigned = coop
    signed = secure(unsigned, key, CREATED)
    forged = secure(unsigned, SigningKey.generate("P-256", os.urandom), CREATED)
    with live.client(None) as client:
        assert client.post("/countersignatures", json=forged).status_code == 403
        assert client.post("/countersignatures", json={**signed, "created": "now"}).status_code == 400
        assert client.post("/countersignatures", json={}).status_code == 400
        assert client.post("/countersignatures", content=b"[]").status_code in (400, 415)
        answer = client.post("/countersignatures", json=signed)
        assert answer.status_code == 201
        assert answer.json()["events"] == 2
        again = client.post("/countersignatures", json=signed)
        assert again.json()["place"] == answer.json()["place"]
