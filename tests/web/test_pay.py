"""Thanking makers over HTTP, by data and by forms; what a stranger may not do is refused clearly."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from firsthand.proof.transaction import TxOutput
from firsthand.service.api_keys import create_key
from firsthand.service.pay_out import pass_on
from firsthand.service.pay_store import PaymentStore
from firsthand.web.app import make_server_app
from firsthand.web.server import Failures, Server
from tests.paying import PACK, Village, outputs_of, published_village
from tests.web.live import running

DATA = {"Accept": "application/json"}


@dataclass
class Shop:
    village: Village
    client: httpx.Client

    def quote(self, **wanted: object) -> httpx.Response:
        return self.client.post("/pay", json={"item": PACK, **wanted}, headers=DATA)


def plain(text: str) -> str:
    """A page's text without the marks that keep names and numbers in their own direction."""
    return text.replace("\u2068", "").replace("\u2069", "")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with opened(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@contextmanager
def opened(folder: Path) -> Iterator[Shop]:
    """A shop in which nobody has paid yet."""
    village = published_village(folder)
    server = Server(village.access)
    server.payments = Failures(1_000_000)
    with running(make_server_app(server)) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield Shop(village, client)


def test_what_is_possible(shop: Shop) -> None:
    found = shop.client.get("/pay", params={"item": PACK}, headers=DATA).json()
    assert [one["path"] for one in found["paths"] if one["available"]] == ["wallet", "cooperative"]
    assert [one["share"] for one in found["makers"]] == ["1/2", "1/3", "1/6"]
    assert found["rate"]["currency"] == "USD"
    assert found["rate"]["source"] == "an example rate (sandbox)"


def test_a_wallet_pays_and_the_passport_says_so(shop: Shop) -> None:
    asked = shop.quote(path="wallet", currency="USD", amount="0.01")
    assert asked.status_code == 201
    quote = asked.json()
    assert quote["satoshis"] == sum(one["satoshis"] for one in quote["outputs"]) == 50_000
    assert quote["outputs"][0]["maker"]["name"] == "Adela"
    assert quote["outputs"][1]["maker"] is None
    assert quote["outputs"][1]["kind"] == "held"
    outputs = [TxOutput(one["satoshis"], bytes.fromhex(one["lockingScript"])) for one in quote["outputs"]]
    beef = shop.village.shopper.pay(outputs)
    sent = shop.client.post(
        f"/pay/{quote['id']}/transactions",
        content=beef,
        headers={**DATA, "Content-Type": "application/octet-stream"},
    )
    assert sent.status_code == 202
    assert sent.json()["state"] == "seen"
    again = shop.client.post(f"/pay/{quote['id']}/transactions", json={"tx": list(beef)}, headers=DATA)
    assert again.json()["receipts"] == sent.json()["receipts"]
    shop.village.access.sandbox.mine()
    pass_on(shop.village.access)
    assert shop.client.get(f"/pay/{quote['id']}", headers=DATA).json()["state"] == "mined"
    paid = shop.client.get("/paid", params={"item": PACK}).json()
    assert paid["satoshis"] == 25_000
    assert paid["held"] == 25_000
    assert paid["makers"] == [{"uri": shop.village.maker.uri, "name": "Adela", "satoshis": 25_000}]
    assert paid["transactions"][0]["bump"]
    page = shop.client.get("/passport", params={"uri": PACK}, headers={"Accept": "text/html"}).text
    assert "25,000 satoshis" in plain(page)


def test_without_scripts_a_form_leads_to_an_address(shop: Shop) -> None:
    page = shop.client.get("/pay", params={"item": PACK, "lang": "fr"}, headers={"Accept": "text/html"})
    assert '<html lang="fr"' in page.text
    form = {"item": PACK, "path": "cooperative", "currency": "USD", "amount": "1.00", "other": "0.02"}
    made = shop.client.post("/pay", data=form)
    assert made.status_code == 303
    shown = shop.client.get(made.headers["Location"], headers={"Accept": "text/html"})
    assert "Coop holds the money until" in plain(shown.text)
    address = re.search(r'href="(bitcoin:[^"?]+)\?sv&amp;amount=0\.00100\d{3}"', shown.text)
    assert address
    code = shop.client.get(made.headers["Location"] + "/qr.svg")
    assert code.headers["content-type"].startswith("image/svg+xml")
    assert code.text.startswith("<svg")
    payment = PaymentStore(shop.village.access).get(made.headers["Location"].rpartition("/")[2])
    signed, _ = shop.village.shopper.sign(outputs_of(payment))
    shop.village.access.sandbox.broadcast([signed.extended])
    end = time.monotonic() + 30
    value = {"state": "waiting"}
    while value["state"] != "passed-on" and time.monotonic() < end:
        time.sleep(0.1)
        value = shop.client.get(made.headers["Location"], headers=DATA).json()
    assert value["state"] == "passed-on"


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        ({"path": "wallet", "satoshis": 1}, 400),
        ({"path": "wallet", "satoshis": -5}, 400),
        ({"path": "wallet", "satoshis": 10**15}, 400),
        ({"path": "wallet", "satoshis": True}, 400),
        ({"path": "wallet", "amount": "1.00", "currency": "ZZZZ"}, 400),
        ({"path": "wallet", "amount": "1.00", "currency": "EUR"}, 404),
        ({"path": "wallet", "amount": "1e9", "currency": "USD"}, 400),
        ({"path": "wallet", "amount": "-1", "currency": "USD"}, 400),
        ({"path": "direct", "satoshis": 5_000}, 409),
        ({"path": "cash", "satoshis": 5_000}, 400),
        ({"path": "wallet"}, 400),
        ({"path": "wallet", "satoshis": 5_000, "to": "me"}, 400),
    ],
)
def test_what_cannot_be_paid(shop: Shop, wanted: dict[str, object], status: int) -> None:
    answer = shop.quote(**wanted)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")


def test_items_and_payments_that_are_not_there(shop: Shop) -> None:
    assert shop.client.get("/pay", params={"item": f"{PACK}x"}, headers=DATA).status_code == 404
    assert shop.client.get("/pay", headers=DATA).status_code == 400
    assert shop.client.get("/pay/none", headers=DATA).status_code == 404
    assert shop.client.get("/pay/none/qr.svg").status_code == 404
    quote = shop.quote(path="wallet", satoshis=5_000).json()
    assert shop.client.get(f"/pay/{quote['id']}/qr.svg").status_code == 404
    for body in ({"tx": "zz"}, {"tx": [256]}, {"tx": 5}, {}, {"tx": ""}):
        answer = shop.client.post(f"/pay/{quote['id']}/transactions", json=body, headers=DATA)
        assert answer.status_code == 400, answer.text


def test_a_flood_of_quotes_is_slowed_down(tmp_path: Path) -> None:
    server = Server(published_village(tmp_path).access)
    with running(make_server_app(server)) as url:
        wanted = {"item": PACK, "path": "wallet", "satoshis": 5_000}
        statuses = [httpx.post(f"{url}/pay", json=wanted, headers=DATA).status_code for _ in range(32)]
    assert statuses[:30] == [201] * 30
    assert statuses[30:] == [429, 429]


def thank(shop: Shop) -> None:
    """Pay the makers by a wallet."""
    quote = shop.quote(path="wallet", currency="USD", amount="0.01").json()
    outputs = [TxOutput(one["satoshis"], bytes.fromhex(one["lockingScript"])) for one in quote["outputs"]]
    tx = list(shop.village.shopper.pay(outputs))
    assert shop.client.post(f"/pay/{quote['id']}/transactions", json={"tx": tx}, headers=DATA).is_success
    shop.village.access.sandbox.mine()
    pass_on(shop.village.access)


def test_a_cooperative_sees_its_members_sums_as_page_and_data(tmp_path: Path) -> None:
    with opened(tmp_path) as shop:
        thank(shop)
        check_sums(shop)


def check_sums(shop: Shop) -> None:
    workspace = shop.village.access.workspace
    keys = {name: create_key(workspace, name, ("read",))[1] for name in ("Coop", "Adela")}
    assert shop.client.get("/payments").status_code == 401
    asked = shop.client.get("/payments", headers={"Accept": "text/html"})
    assert asked.headers["WWW-Authenticate"].startswith("Basic")
    page = shop.client.get("/payments", auth=("", keys["Coop"]), headers={"Accept": "text/html"})
    assert page.status_code == 200, page.text
    assert "Rosa" in page.text
    assert "What shoppers gave" in page.text
    data = shop.client.get("/payments", headers={**DATA, "Authorization": f"Bearer {keys['Coop']}"}).json()
    by_uri = {one["uri"]: one for one in data["parties"]}
    assert by_uri[shop.village.members[0].uri]["held"] > 0
    rosa = f"/payments/{quote(shop.village.members[0].uri, safe='')}"
    assert shop.client.get(rosa, auth=("", keys["Coop"]), headers={"Accept": "text/html"}).status_code == 200
    assert shop.client.get(rosa, auth=("", keys["Adela"])).status_code == 404
    own = f"/payments/{quote(shop.village.maker.uri, safe='')}"
    lines = shop.client.get(own, auth=("x", keys["Adela"]), headers=DATA).json()["lines"]
    assert lines[0]["kind"] == "paid"
    for wrong in ("Basic !", "Basic " + "a" * 10, "Basic Og==", "Digest x"):
        assert shop.client.get("/payments", headers={"Authorization": wrong}).status_code == 401
    # Basic is for pages alone: no other site's form can make a browser write with it.
    assert shop.client.post("/links", json={}, auth=("", keys["Coop"])).status_code == 401
