"""Verifying 50 bundles that share a log, in headless Chromium, from a page just opened.

One log of 300 captures under one anchor; 50 bundles of as many captures; headers from a file, so that no
network is measured. A new page each time: the scripts are cold, as on a shopper's phone.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
from base64 import b64encode
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench.verify import make_bundle
from firsthand.service.export import export_headers
from firsthand.service.prove import prove_events

__all__ = ["measure"]

PROJECT = Path(__file__).parent.parent
BUNDLES = 50
PAGES = 5

_RUN = """async ([bundles, headers]) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { checkHeaders, verifyBundles } = await import("/verifier.js");
  const started = performance.now();
  const checked = await verifyBundles(bytes(bundles), { headers: checkHeaders(bytes(headers)) });
  const took = performance.now() - started;
  return [took, checked.filter(({ report }) => report?.valid).length];
}"""


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *args: Any) -> None:
        pass


def measure() -> dict[str, float]:
    """Milliseconds, the median of some pages."""
    from playwright.sync_api import sync_playwright

    subprocess.run([sys.executable, str(PROJECT / "web-ui" / "build.py")], check=True)
    statics = PROJECT / "src" / "firsthand" / "web" / "static"
    with tempfile.TemporaryDirectory() as folder:
        _, access = make_bundle(Path(folder) / "workspace")
        # The captures before number 150 have one event each, so these are of 50 captures.
        bundles = b"".join(prove_events(access, list(range(BUNDLES))))
        headers = b"".join(export_headers(access))
    handler = partial(_Quiet, directory=str(statics))
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = [b64encode(bundles).decode(), b64encode(headers).decode()]
    took: list[float] = []
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            for _ in range(PAGES):
                page = browser.new_page()
                # Any page of the origin will do, as long as no script of it runs.
                page.goto(f"http://127.0.0.1:{server.server_port}/none")
                milliseconds, valid = page.evaluate(_RUN, given)
                assert valid == BUNDLES, f"{valid} of {BUNDLES} bundles passed"
                took.append(milliseconds)
                page.close()
            browser.close()
    finally:
        server.shutdown()
        server.server_close()
    return {"ms": statistics.median(took)}
