"""Scans over HTTP: without a key, within a rate, and with nothing of the sender in the log."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from firsthand.identity.sun import Tap, sun_mac
from firsthand.service.tags import Tags
from tests.identity.test_sun import picc_data
from tests.made import event, record
from tests.web.live import Live, served

PIECE = "https://coop.example/id/item/ring-7"
OTHER = "https://coop.example/id/item/ring-8"
UID = "04DE5F1EACC040"
RATE = 40


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Live, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("scans")
    with served(folder) as live:
        access = live.access()
        maker = access.workspace.parties.find("Adela")
        record(access, maker, event(bizStep="shipping", epcList=[PIECE, OTHER]))
        tags = Tags(access.workspace)
        tags.add(PIECE, UID)
        keys = tags.keys(UID)
        tap = Tap(bytes.fromhex(UID), 1)
        picc = picc_data(bytes.fromhex(keys.meta), tap).hex()
        yield live, {"picc": picc, "cmac": sun_mac(bytes.fromhex(keys.file), tap).hex()}


def test_a_shopper_asks_on_a_page_and_only_then_a_scan_is_kept(shop: tuple[Live, dict[str, str]]) -> None:
    live, tapped = shop
    page = {"Accept": "text/html"}
    with live.client(None) as client:
        asked = client.get("/label", params={"item": OTHER, **tapped, "lang": "es"}, headers=page)
        assert "Preguntar por esta etiqueta" in asked.text
        assert tapped["cmac"] in asked.text
        assert client.get(f"/scans/{quote(OTHER, safe='')}").json()["scans"] == 0
        told = client.post("/label", data={"item": OTHER, "lang": "en"}, headers=page)
        assert "The first scan of this label" in told.text
        again = client.post("/label", data={"item": OTHER}, headers=page)
        assert "This label was seen before" in again.text
        unknown = client.post("/label", data={"item": f"{OTHER}-copy"}, headers=page)
        assert "Be careful" in unknown.text
        assert "no record here speaks of this serial" in unknown.text
        for wrong in ({}, {"item": "ring 7"}, {"item": OTHER, "picc": "zz"}, {"item": "a:" + "x" * 2000}):
            assert client.post("/label", data=wrong, headers=page).status_code == 400
    assert "127.0.0.1" not in "".join(line for line in live.log.read_text().splitlines() if "/label" in line)


def test_scans_from_anybody(shop: tuple[Live, dict[str, str]]) -> None:
    live, tapped = shop
    wrong: list[tuple[dict[str, Any], int]] = [
        ({}, 400),
        ({"piece": PIECE, "x": 1}, 400),
        ({"piece": 7}, 400),
        ({"piece": "ring 7"}, 400),
        ({"piece": PIECE, "place": [91, 0]}, 400),
        ({"piece": PIECE, "place": [10**400, 0]}, 400),
        ({"piece": PIECE, "place": ["1", "2"]}, 400),
        ({"piece": PIECE, "picc": tapped["picc"]}, 400),
        ({"piece": PIECE, "cmac": tapped["cmac"]}, 400),
        ({"picc": "00" * 16, "cmac": "00" * 8}, 404),
    ]
    with live.client(None) as client:
        for body, status in wrong:
            assert client.post("/scans", json=body).status_code == status, body
        path = "/scans/" + PIECE.replace("/", "%2F")
        assert client.get(path).json()["word"] == "first-scan"
        first = client.post("/scans", json=tapped).json()
        assert (first["piece"], first["word"], first["tag"]) == (PIECE, "first-scan", True)
        again = client.post("/scans", json=tapped).json()
        assert again["word"] == "be-careful"
        assert [one["kind"] for one in again["reasons"]] == ["tag-replayed"]
        plain = client.post("/scans", json={"piece": PIECE, "place": [48.1, 11.6], "device": "phone"})
        assert plain.json()["word"] == "seen-before"
        assert client.get(path).json()["scans"] == 3
        assert client.get(path, params={"x": "1"}).status_code == 400
    assert PIECE not in live.log.read_text()
    assert '"path":"/scans/{piece}"' in live.log.read_text()


def test_an_address_that_asks_too_often_waits(shop: tuple[Live, dict[str, str]]) -> None:
    live, _ = shop
    with live.client(None) as client:
        statuses = {client.get("/scans/urn:x:1").status_code for _ in range(RATE)}
        assert statuses == {200, 429}
        refused = client.post("/scans", json={"piece": PIECE})
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 61
