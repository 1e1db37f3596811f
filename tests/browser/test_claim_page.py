"""A piece claimed on a phone with its bearer code, which never leaves it; typos, a second claim."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from firsthand.chain.bearer import code_secret
from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import TxState
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.publish import publish
from firsthand.service.token_store import TokenStore
from firsthand.web.app import make_server_app
from firsthand.web.server import Failures, Server
from tests.browser.conftest import Check, Shot
from tests.tokens import atelier, minted, piece_uri
from tests.web.live import running


@dataclass
class Atelier:
    access: ChainAccess
    url: str
    codes: dict[int, str]
    asked: list[str] = field(default_factory=list)

    def page(self, number: int) -> str:
        return f"{self.url}/claim?item={quote(piece_uri(number), safe='')}"


@pytest.fixture(scope="module")
def house(statics: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Atelier]:
    access, _maker = atelier(tmp_path_factory.mktemp("atelier") / "workspace", pieces=5)
    codes = {number: minted(access, "code", number).code or "" for number in range(7, 12)}
    for step in (anchor, publish):
        step(access)
    server = Server(access)
    server.payments = Failures(1_000_000)
    with running(make_server_app(server)) as url:
        yield Atelier(access, url, codes)


def claimed(house: Atelier, number: int) -> bytes | None:
    store = TokenStore(house.access)
    return store.path(store.find(piece_uri(number)))[-1].owner


def test_a_code_is_swept_to_a_new_one_that_only_the_phone_knows(
    house: Atelier, phone: Page, axe: Check, shot: Shot
) -> None:
    sent: list[str] = []
    phone.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    phone.goto(f"{house.url}/passport?uri={quote(piece_uri(7), safe='')}")
    phone.get_by_role("link", name="Claim it with its bearer code").click()
    axe(phone)
    phone.get_by_label("The bearer code").fill(house.codes[7].lower())
    phone.get_by_role("button", name="Claim").click()
    expect(phone.locator(".state")).to_contain_text("Write the new code down first")
    fresh = phone.locator("code.bearer").inner_text()
    phone.get_by_label("I have written it down").check()
    expect(phone.locator(".state")).to_be_empty()
    shot(phone, "claim")
    phone.get_by_role("button", name="Claim").click()
    expect(phone.locator(".state")).to_contain_text("It is yours", timeout=20_000)
    expect(phone.locator(".state code")).to_have_text(fresh)
    axe(phone)
    shot(phone, "claim-done")
    store = TokenStore(house.access)
    last = store.path(store.find(piece_uri(7)))[-1]
    assert (last.kind, house.access.outbox.get(last.txid).state) == ("claim", TxState.MINED)
    assert claimed(house, 7) == WalletKey(code_secret(fresh), house.access.network).hash160
    for code in (house.codes[7], fresh):
        plain = code.replace("-", "")
        assert not any(plain.lower() in re.sub("[- ]", "", one).lower() for one in sent)
    phone.goto(f"{house.url}/passport?uri={quote(piece_uri(7), safe='')}")
    own = phone.locator("section", has=phone.locator("#own"))
    expect(own).to_contain_text("was claimed on", timeout=20_000)


def test_a_code_is_swept_to_an_address_once(house: Atelier, new_phone: Any) -> None:
    owner = WalletKey(b"\x09" * 32, house.access.network)
    for expected in ("It is yours", "was used before"):
        page: Page = new_phone(allow="409")
        page.goto(house.page(8))
        page.get_by_label("The bearer code").fill(house.codes[8])
        page.get_by_label("To an address of my wallet").check()
        page.get_by_label("The address", exact=True).fill(owner.address)
        page.get_by_role("button", name="Claim").click()
        expect(page.locator(".state")).to_contain_text(expected, timeout=20_000)
    assert claimed(house, 8) == owner.hash160


def test_a_lost_answer_is_not_called_a_refusal(house: Atelier, new_phone: Any, shot: Shot) -> None:
    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page: Page = new_phone(allow="ERR_FAILED", locale="fr")
    page.route("**/tokens/claims", lose)
    page.goto(house.page(11))
    page.locator("#code").fill(house.codes[11])
    page.locator('input[name="kept"]').check()
    page.locator("form.claim button").click()
    expect(page.locator(".state")).to_contain_text("Aucune réponse")
    fresh = page.locator("code.bearer").first
    expect(fresh).to_be_visible()
    held = WalletKey(code_secret(fresh.inner_text()), house.access.network).hash160
    assert claimed(house, 11) == held, "it was claimed, and the code that is still shown has it"
    shot(page, "claim-unanswered-fr")


def test_what_is_wrong_is_said_before_anything_is_sent(house: Atelier, phone: Page) -> None:
    sent: list[str] = []
    phone.goto(house.page(9))
    phone.on("request", lambda request: sent.append(request.url))
    code = house.codes[9]
    spoiled = code[:3] + ("X" if code[3] != "X" else "Y") + code[4:]
    phone.get_by_label("To an address of my wallet").check()
    phone.get_by_label("The address", exact=True).fill("1BitcoinEaterAddressDontSendf59kuE")
    for typed, expected in ((spoiled, "mistyped at character 4"), (code[:-1], "The code is mistyped")):
        phone.get_by_label("The bearer code").fill(typed)
        phone.get_by_role("button", name="Claim").click()
        expect(phone.locator(".state")).to_contain_text(expected)
    assert not any("/tokens/" in url for url in sent)
    phone.get_by_label("The bearer code").fill(code)
    phone.get_by_role("button", name="Claim").click()
    expect(phone.locator(".state")).to_contain_text("no address of this network")
    assert not any("claims" in url for url in sent)


def test_the_code_of_another_piece_moves_nothing(house: Atelier, phone: Page) -> None:
    before = claimed(house, 10)
    phone.goto(house.page(9))
    phone.get_by_label("The bearer code").fill(house.codes[10])
    phone.get_by_label("I have written it down").check()
    phone.get_by_role("button", name="Claim").click()
    expect(phone.locator(".state")).to_contain_text("of another piece")
    assert claimed(house, 10) == before


def test_without_scripts_it_says_how(house: Atelier, new_phone: Any) -> None:
    page: Page = new_phone(java_script_enabled=False)
    page.goto(house.page(9))
    assert "firsthand token claim" in page.locator("main").inner_text()
    assert page.locator("form.claim").is_hidden()


def test_the_whole_page_is_small(house: Atelier) -> None:
    page = httpx.get(house.page(9)).text
    loaded = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert "/assets/claim.js" in loaded
    parts = [page.encode(), *(httpx.get(house.url + one).content for one in loaded)]
    assert sum(len(gzip.compress(part, 9)) for part in parts) <= 100_000
