"""The passport on a phone: read without scripts and with them, checked there, attacked, as static files."""

from __future__ import annotations

import gzip
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from firsthand.service.chain_access import ChainAccess
from firsthand.service.photographs import add_photograph
from firsthand.service.site import publish_site, sold_items
from firsthand.web.app import make_server_app
from firsthand.web.sandbox_arc import make_app
from firsthand.web.server import Server
from firsthand.web.site_pages import page_writer, shared_files
from tests.browser.conftest import Check, Shot
from tests.passport.conftest import PIECE, hostile_workspace
from tests.web.live import running

PATH = "/id/item/shawl:1"


@dataclass
class Shown:
    access: ChainAccess
    server: Server
    url: str


@pytest.fixture(scope="module")
def shown(statics: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    access = hostile_workspace(tmp_path_factory.mktemp("passport") / "workspace")
    server = Server(access)
    with running(make_app(access.sandbox, lambda: "2026-01-01T00:00:00Z")) as headers:
        server.sandbox_headers = headers
        with running(make_server_app(server)) as url:
            yield Shown(access, server, url)


def result(page: Page) -> str:
    found = page.locator(".result")
    expect(found).to_be_visible(timeout=20_000)
    return found.get_attribute("data-outcome") or ""


def test_it_reads_without_scripts(shown: Shown, new_phone: Any, axe: Check, shot: Shot) -> None:
    page: Page = new_phone(java_script_enabled=False)
    page.goto(shown.url + PATH)
    text = page.locator("main").inner_text()
    assert "JavaScript" in text
    assert "So far only this server says so" in text
    assert "verified" not in text.lower()
    assert page.locator("button").is_hidden()
    shot(page, "passport-without-scripts")


@pytest.mark.parametrize("locale", ["en-GB", "es", "fr", "ar"])
def test_the_phone_checks_all_eight_steps(
    shown: Shown, new_phone: Any, axe: Check, shot: Shot, locale: str
) -> None:
    page: Page = new_phone(locale=locale)
    page.on("dialog", lambda dialog: pytest.fail(f"a script of a maker's ran: {dialog.message}"))
    page.goto(shown.url + PATH)
    assert result(page) == "passed"
    steps = page.locator(".steps li")
    assert [one.get_attribute("data-outcome") for one in steps.all()] == ["passed"] * 8
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if locale == "ar" else "ltr")
    axe(page)
    shot(page, f"passport-{locale[:2]}")


def test_a_changed_proof_fails_visibly(shown: Shown, phone: Page, shot: Shot) -> None:
    def change(route: Route) -> None:
        body = route.fetch(headers={"Accept-Encoding": "identity"}).body()
        route.fulfill(body=body.replace(b"2026-03-01T08", b"2026-03-02T08", 1))

    phone.route("**/passport.fhproof*", change)
    phone.goto(shown.url + PATH)
    assert result(phone) == "failed"
    expect(phone.locator(".verdict h2")).to_have_text("Do not rely on this record")
    assert phone.locator('[data-step="capture"]').get_attribute("data-outcome") == "failed"
    shot(phone, "passport-failed")


def test_proofs_of_another_item_are_not_taken_for_this_ones(shown: Shown, phone: Page) -> None:
    phone.goto(f"{shown.url}/passport?uri=javascript:alert(5)")
    assert result(phone) == "passed"
    phone.route(
        "**/passport.fhproof*",
        lambda route: route.continue_(url=f"{shown.url}/passport.fhproof?uri=javascript:alert(5)"),
    )
    phone.goto(shown.url + PATH)
    assert result(phone) == "open"


@pytest.mark.parametrize("body", [b"", b"no proof\n", b"{}\n"])
def test_what_is_no_proof_fails(shown: Shown, phone: Page, body: bytes) -> None:
    phone.route("**/passport.fhproof*", lambda route: route.fulfill(body=body))
    phone.goto(shown.url + PATH)
    expect(phone.locator(".result.failed")).to_be_visible()


def test_without_a_header_service_it_is_not_called_passed(shown: Shown, new_phone: Any) -> None:
    page: Page = new_phone(allow="ERR_FAILED|ERR_CONNECTION")
    page.route(re.compile(re.escape(shown.server.sandbox_headers)), lambda route: route.abort())
    page.goto(shown.url + PATH)
    assert result(page) == "open"
    assert page.locator('[data-step="header"]').get_attribute("data-outcome") == "open"


def test_the_language_may_be_changed(shown: Shown, phone: Page) -> None:
    phone.goto(shown.url + PATH)
    phone.get_by_role("link", name="Español").click()
    expect(phone.locator("html")).to_have_attribute("lang", "es")


def test_nothing_is_published_of_another(shown: Shown, new_phone: Any, axe: Check) -> None:
    page: Page = new_phone(allow="404")
    page.goto(f"{shown.url}/id/item/none")
    expect(page.locator("h1")).to_have_text("Nothing is published here")
    axe(page)


def test_headers_are_strict_and_nothing_is_stored(shown: Shown) -> None:
    response = httpx.get(shown.url + PATH)
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in response.headers
    again = httpx.get(shown.url + PATH, headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    data = httpx.get(shown.url + PATH, headers={"Accept": "application/json"}).json()
    assert data == httpx.get(f"{shown.url}/passport.json", params={"uri": PIECE}).json()
    assert data["uri"] == PIECE
    assert httpx.get(f"{shown.url}/passport").status_code == 400
    assert httpx.get(f"{shown.url}/assets/..%2Fpassport.css").status_code == 404


def test_the_whole_page_is_small(shown: Shown) -> None:
    page = httpx.get(shown.url + PATH).text
    loaded = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page)
    assert len(loaded) == 3
    parts = [page.encode(), *(httpx.get(shown.url + one).content for one in loaded)]
    assert sum(len(gzip.compress(part, 9)) for part in parts) <= 100_000


def test_a_photograph_is_shown_only_as_it_was_recorded(shown: Shown, tmp_path: Path) -> None:
    picture = tmp_path / "a.svg"
    picture.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    folder = shown.access.workspace.folder
    key = add_photograph(folder, picture).rpartition(";")[2]
    found = httpx.get(f"{shown.url}/photographs/{key}")
    assert found.headers["content-type"].startswith("image/svg+xml")
    assert "sandbox" in found.headers["content-security-policy"]
    (folder / "photographs" / key).write_text('<svg xmlns="http://www.w3.org/2000/svg"><a/></svg>')
    assert httpx.get(f"{shown.url}/photographs/{key}").status_code == 404


@dataclass
class StaticSite:
    folder: Path
    url: str


@pytest.fixture
def site(tmp_path: Path) -> Iterator[StaticSite]:
    """A folder under a server that knows nothing of us; asked for before `phone`, it outlives its pages."""
    folder = tmp_path / "site"
    with ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(SimpleHTTPRequestHandler, directory=str(folder))
    ) as web:
        threading.Thread(target=web.serve_forever, daemon=True).start()
        yield StaticSite(folder, f"http://127.0.0.1:{web.server_port}")
        web.shutdown()


def test_a_published_site_is_checked_without_our_server(shown: Shown, site: StaticSite, phone: Page) -> None:
    writer = page_writer(shown.access.workspace.folder, shown.server.sandbox_headers)
    assert sold_items(shown.access) == []
    for _ in range(2):
        made = publish_site(shown.access, site.folder, [PIECE], writer, shared_files())
    assert made.passports == {"id/item/shawl:1": PIECE}
    assert len((site.folder / "tile" / "0" / f"000.p/{made.log_size}").read_bytes()) == 32 * made.log_size
    phone.goto(f"{site.url}{PATH}/")
    assert result(phone) == "passed"
    phone.get_by_role("link", name="Français").click()
    expect(phone.locator("html")).to_have_attribute("lang", "fr")
    assert result(phone) == "passed"
