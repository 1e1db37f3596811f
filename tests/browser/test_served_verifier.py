"""The verifier as the server and the command give it out, and the sandbox as a header service for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from firsthand.errors import NotFound
from firsthand.service import pages
from firsthand.service.pages import built_page
from firsthand.web.sandbox_arc import make_app
from tests.browser.conftest import Check
from tests.browser.test_verify_page import drop, name_services, outcomes, verdict
from tests.made import Proven
from tests.web.live import Live, running, served


@pytest.fixture(scope="module")
def live(statics: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with served(tmp_path_factory.mktemp("live")) as it:
        yield it


@pytest.fixture
def sandbox(proven: Proven) -> Iterator[str]:
    """The sandbox's own HTTP face, on a port of its own."""
    with running(make_app(proven.access.sandbox, lambda: "2026-01-01T00:00:00Z")) as url:
        yield url


def test_it_is_served_under_its_own_strict_policy(live: Live) -> None:
    for accept in ("text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"):
        response = httpx.get(f"{live.url}/verify", headers={"Accept": accept})
        assert response.status_code == 200, response.text[:300]
        assert response.headers["content-type"].startswith("text/html")
    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert httpx.get(f"{live.url}/verify", headers={"Accept": "application/json"}).status_code == 406
    again = httpx.get(f"{live.url}/verify", headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_served_page_checks_with_the_sandbox_as_header_service(
    live: Live, sandbox: str, phone: Page, proven: Proven, axe: Check
) -> None:
    phone.goto(f"{live.url}/verify")
    name_services(phone, sandbox)
    drop(phone, ("lot7.fhproof", proven.line + b"\n"))
    assert verdict(phone) == "passed"
    assert outcomes(phone)["header"] == "passed"
    axe(phone)


def test_a_language_may_be_asked_for_in_the_address(live: Live, phone: Page) -> None:
    phone.goto(f"{live.url}/verify?lang=fr")
    expect(phone.locator("html")).to_have_attribute("lang", "fr")


def test_without_scripts_it_says_what_it_needs(live: Live, new_phone: object) -> None:
    page: Page = new_phone(java_script_enabled=False)  # type: ignore[operator]
    page.goto(f"{live.url}/verify")
    assert "JavaScript" in page.locator("body").inner_text()


def test_the_command_writes_the_same_file(statics: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "firsthand", "-C", str(tmp_path / "none"), "export", "verifier"]
    written = subprocess.run(command, capture_output=True, check=True).stdout
    assert written == (statics / "verify.html").read_bytes()


def test_what_is_not_built_says_how(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(pages, "_STATIC", tmp_path)
    with pytest.raises(NotFound, match="make pages"):
        built_page("verify.html")


def test_the_page_and_its_verifier_are_small(statics: Path) -> None:
    import gzip

    page = (statics / "verify.html").read_bytes()
    assert len(gzip.compress(page, 9)) <= 100_000
    assert b"noble-curves - MIT License" in page
