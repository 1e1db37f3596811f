"""A real browser for tests of pages: Debian's Chromium by Playwright, on a phone's screen.

`phone` is a page on which nothing may go wrong unseen: an error on its console, or an exception in a script
of it, fails the test. `axe(page)` fails it for what breaks WCAG 2.2 AA. `shot(page, name)` keeps
build/screenshots/NAME.png.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, sync_playwright

PROJECT = Path(__file__).parent.parent.parent
SHOTS = PROJECT / "build" / "screenshots"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

NewPhone = Callable[..., Page]
Check = Callable[[Page], None]
Shot = Callable[[Page, str], None]


@pytest.fixture(scope="session")
def statics() -> Path:
    """The folder of built pages; built when a source is newer."""
    subprocess.run([sys.executable, str(PROJECT / "web-ui" / "build.py")], check=True)
    return PROJECT / "src" / "firsthand" / "web" / "static"


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright, once for the tests of this folder: while it lives, its process runs an event loop."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium, without windows."""
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("chromium is not here; install it: apt-get install chromium")
    running = playwright.chromium.launch(
        executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"]
    )
    yield running
    running.close()


@pytest.fixture
def new_phone(browser: Browser) -> Iterator[NewPhone]:
    """`new_phone(locale="fr", …)`: a page on a phone's screen, with the options of Browser.new_context.

    `allow` is a pattern of console errors that the test itself brings about.
    """
    contexts: list[BrowserContext] = []
    troubles: list[str] = []

    def make(locale: str = "en-GB", allow: str = r"(?!)", **options: object) -> Page:
        context = browser.new_context(
            viewport={"width": 390, "height": 844},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale=locale,
            **options,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)

        def on_console(message: ConsoleMessage) -> None:
            if message.type == "error" and not re.search(allow, message.text):
                troubles.append(message.text)

        page.on("console", on_console)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        return page

    yield make
    for context in contexts:
        context.close()
    assert not troubles, troubles


@pytest.fixture
def phone(new_phone: NewPhone) -> Page:
    """A page on a phone's screen, in English."""
    return new_phone()


@pytest.fixture(scope="session")
def axe() -> Check:
    """`axe(page)`: the page breaks no rule of WCAG 2.2 AA that a machine can check, nor a good habit."""

    def check(page: Page) -> None:
        found = Axe().run(page, options={"runOnly": {"type": "tag", "values": WCAG}})
        broken = [
            f"{one['id']}: {one['help']}: {[node['html'][:160] for node in one['nodes']][:4]}"
            for one in found.response["violations"]
        ]
        assert not broken, "\n".join(broken)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"the page is {wide} pixels wider than the phone"

    return check


@pytest.fixture(scope="session")
def shot() -> Shot:
    """`shot(page, name)`: a picture of the whole page, kept as a build artefact."""
    SHOTS.mkdir(parents=True, exist_ok=True)

    def take(page: Page, name: str) -> None:
        page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    return take
