"""Thanking makers on a phone: with a BRC-100 wallet or any other, without scripts, and from a liar."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, Route, expect

from firsthand.chain.beef import parse_beef
from firsthand.proof.transaction import TxOutput, hash_hex
from firsthand.service.pay_out import pass_on
from firsthand.service.pay_store import PaymentStore
from firsthand.web.app import make_server_app
from firsthand.web.sandbox_arc import make_app
from firsthand.web.server import Failures, Server
from tests.browser.conftest import Check, Shot
from tests.paying import PACK, Village, outputs_of, published_village
from tests.web.live import running

PASSPORT = f"/passport?uri={quote(PACK, safe='')}"

# A wallet as BSV Browser puts one into the page (BRC-100's window.CWI); its answers come from Python.
WALLET = """
window.CWI = {
  getVersion: async () => ({ version: "stand-in-1.0" }),
  createAction: async (args, originator) => {
    const answer = await window.standInWallet(JSON.stringify(args), originator);
    if (answer === null) throw new Error("the owner said no");
    return { txid: answer.txid, tx: answer.tx };
  },
};
"""
# The SDK looks for other wallets on the device as well; there are none.
ELSEWHERE = r"localhost:|ERR_CONNECTION_REFUSED|Content Security Policy"


@dataclass
class Shop:
    village: Village
    server: Server
    url: str


@pytest.fixture(scope="module")
def shop(statics: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    village = published_village(tmp_path_factory.mktemp("shop"))
    server = Server(village.access)
    server.payments = Failures(1_000_000)
    with running(make_app(village.access.sandbox, lambda: "2026-01-01T00:00:00Z")) as headers:
        server.sandbox_headers = headers
        with running(make_server_app(server)) as url:
            yield Shop(village, server, url)


@dataclass
class StandIn:
    """What the stand-in was asked; it really builds and signs."""

    village: Village
    asked: list[dict[str, Any]]
    willing: bool = True

    def __call__(self, text: str, originator: str) -> dict[str, Any] | None:
        args = json.loads(text)
        self.asked.append(args)
        if not self.willing:
            return None
        outputs = [TxOutput(one["satoshis"], bytes.fromhex(one["lockingScript"])) for one in args["outputs"]]
        beef = self.village.shopper.pay(outputs)
        return {"txid": hash_hex(parse_beef(beef).subject), "tx": list(beef)}


def with_wallet(shop: Shop, page: Page) -> StandIn:
    wallet = StandIn(shop.village, [])
    page.expose_function("standInWallet", wallet)
    page.add_init_script(WALLET)
    return wallet


def ask_for(shop: Shop, page: Page, path: str, amount: str = "0.05") -> None:
    """From the passport to the page of one payment."""
    page.goto(shop.url + PASSPORT)
    page.get_by_role("link", name="Thank the makers").click()
    page.locator(f'input[value="{path}"]').check()
    page.locator("#other").fill(amount)
    page.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/pay/[0-9a-f-]{36}"))


def test_a_wallet_pays_the_makers_in_one_transaction(
    shop: Shop, new_phone: Any, axe: Check, shot: Shot
) -> None:
    page: Page = new_phone(allow=ELSEWHERE)
    wallet = with_wallet(shop, page)
    page.goto(shop.url + PASSPORT)
    page.get_by_role("link", name="Thank the makers").click()
    axe(page)
    shot(page, "pay-choose")
    ask_for(shop, page, "wallet")
    page.get_by_role("button", name="Pay with my wallet").click()
    expect(page.locator("#payment")).to_have_attribute("data-state", "seen", timeout=20_000)
    expect(page.locator(".checks")).to_contain_text("for 1 of 2 outputs")
    (asked,) = wallet.asked
    assert len(asked["outputs"]) == 2
    assert asked["options"] == {"randomizeOutputs": False, "acceptDelayedBroadcast": False}
    assert 5 <= len(asked["description"].encode()) <= 50
    shop.village.access.sandbox.mine()
    expect(page.locator("#payment")).to_have_attribute("data-state", "mined", timeout=20_000)
    axe(page)
    shot(page, "pay-mined")
    sofar = page.locator("section", has=page.locator("#thank"))
    end = time.monotonic() + 20
    while time.monotonic() < end:
        page.goto(shop.url + PASSPORT)
        if "125,000" in sofar.inner_text():
            break
    expect(sofar).to_contain_text("125,000")
    shot(page, "passport-paid")
    shop.village.check_books()


def test_a_server_that_lies_about_an_output_is_stopped_before_the_wallet_is_asked(
    shop: Shop, new_phone: Any, shot: Shot
) -> None:
    def change(edit: Any) -> Any:
        def answer(route: Route) -> None:
            if route.request.headers.get("accept") != "application/json":
                route.fallback()
                return
            value = route.fetch().json()
            edit(value)
            route.fulfill(json=value)

        return answer

    def another_script(value: dict[str, Any]) -> None:
        value["outputs"][0]["lockingScript"] = value["outputs"][1]["lockingScript"]

    def another_sum(value: dict[str, Any]) -> None:
        value["outputs"][1]["satoshis"] += 1

    def another_key(value: dict[str, Any]) -> None:
        # A key of the server's own, with a script that fits it: only the maker's signature tells.
        value["outputs"][0]["maker"]["statement"]["party"] = "https://coop.example/id/party/coop"

    for edit in (another_script, another_sum, another_key):
        page: Page = new_phone(allow=ELSEWHERE)
        wallet = with_wallet(shop, page)
        ask_for(shop, page, "wallet")
        page.route(re.compile(r"/pay/[0-9a-f-]{36}$"), change(edit))
        page.get_by_role("button", name="Pay with my wallet").click()
        expect(page.locator(".state")).to_contain_text("Stopped", timeout=20_000)
        assert wallet.asked == []
    shot(page, "pay-lie")


def test_a_wallet_that_says_no_and_none_at_all(shop: Shop, new_phone: Any) -> None:
    page: Page = new_phone(allow=ELSEWHERE)
    wallet = with_wallet(shop, page)
    wallet.willing = False
    ask_for(shop, page, "wallet")
    button = page.get_by_role("button", name="Pay with my wallet")
    button.click()
    expect(page.locator(".state")).to_contain_text("Nothing was paid", timeout=20_000)
    expect(button).to_be_enabled()
    bare: Page = new_phone(allow=ELSEWHERE)
    ask_for(shop, bare, "wallet")
    bare.get_by_role("button", name="Pay with my wallet").click()
    expect(bare.locator(".state")).to_contain_text("Nothing was paid", timeout=20_000)


def test_any_other_wallet_pays_an_address(shop: Shop, new_phone: Any, axe: Check, shot: Shot) -> None:
    page: Page = new_phone(locale="ar", allow=ELSEWHERE)
    page.goto(f"{shop.url}/pay?item={quote(PACK, safe='')}")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    axe(page)
    shot(page, "pay-choose-ar")
    assert page.get_by_role("link", name="pack").inner_text().startswith("→"), "back is to the right"
    row, name = page.locator(".makers li").first, page.locator(".makers bdi").first
    row_box, name_box = row.bounding_box(), name.bounding_box()
    assert row_box is not None
    assert name_box is not None
    gap = row_box["x"] + row_box["width"] - name_box["x"] - name_box["width"]
    assert abs(gap) < 1, "a Latin name stands where the line begins, too"
    page.locator('input[value="cooperative"]').check()
    page.get_by_role("button").click()
    page.wait_for_url(re.compile(r"/pay/[0-9a-f-]{36}"))
    axe(page)
    shot(page, "pay-address-ar")
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 0
    payment = PaymentStore(shop.village.access).get(page.locator("#payment").get_attribute("data-id") or "")
    signed, _ = shop.village.shopper.sign(outputs_of(payment))
    shop.village.access.sandbox.broadcast([signed.extended])
    expect(page.locator("#payment")).to_have_attribute("data-state", "passed-on", timeout=30_000)
    shop.village.access.sandbox.mine()
    expect(page.locator("#payment")).to_have_attribute("data-state", "mined", timeout=30_000)
    pass_on(shop.village.access)
    shop.village.check_books()


def test_it_works_without_scripts(shop: Shop, new_phone: Any, shot: Shot) -> None:
    page: Page = new_phone(java_script_enabled=False)
    ask_for(shop, page, "cooperative")
    assert "Coop holds the money" in re.sub("[\u2068\u2069]", "", page.locator("main").inner_text())
    expect(page.locator("img.qr")).to_be_visible()
    shot(page, "pay-without-scripts")
    ask_for(shop, page, "wallet")
    assert "this page needs scripts" in page.locator("#payment").inner_text()
