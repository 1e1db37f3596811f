"""Queries over HTTP as the journal grows: one EPC among 10,000 events and 1,000,000; paging through all.

Every event has an EPC of its own. The same server answers, one client asks, one question after the other.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote, urlsplit

from bench.server import serving
from firsthand.service.api_keys import create_key
from firsthand.service.capture import capture_events, prepare_batches, rows_of
from firsthand.service.parties import add_party
from firsthand.service.settings import Settings
from firsthand.service.workspace import Workspace, create_workspace

__all__ = ["measure"]

SMALL = 10_000
LARGE = int(os.environ.get("FIRSTHAND_BENCH_EVENTS", "1000000"))
ASKED = 1_000
PER_PAGE = 1_000


def measure() -> dict[str, float]:
    """The 99th percentile of the answers in ms at both sizes, their ratio, and pages' times at both ends."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = create_workspace(Path(folder) / "workspace", Settings(), "")
        add_party(workspace, "Bench", ("maker",))
        token = create_key(workspace, "Bench", ("read",))[1]
        _fill(workspace, 0, SMALL)
        with serving(workspace.folder) as port:
            small = _ask(port, token, SMALL)
        _fill(workspace, SMALL, LARGE)
        with serving(workspace.folder) as port:
            large = _ask(port, token, LARGE)
            pages = _page(port, token)
    edge = max(1, len(pages) // 10)
    return {
        "small_ms": small,
        "large_ms": large,
        "ratio": large / small,
        "page_ms": median(pages) * 1000,
        "page_ratio": median(pages[-edge:]) / median(pages[:edge]),
        "pages": len(pages),
    }


def _event(number: int) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-03-{number % 27 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "shipping" if number % 3 else "receiving",
        "epcList": [f"https://coop.example/id/piece/{number}"],
        "readPoint": {"id": f"https://coop.example/id/place/{number % 40}"},
    }


def _fill(workspace: Workspace, first: int, stop: int) -> None:
    party = workspace.parties.find("Bench")
    key = workspace.held_key(party.keys)
    events: Iterator[dict[str, Any]] = (_event(number) for number in range(first, stop))
    for prepared in prepare_batches(rows_of(events, "$[{}]".format), 5_000):
        capture_events(workspace, prepared, party.uri, key)


def _get(connection: http.client.HTTPConnection, token: str, target: str) -> tuple[bytes, str]:
    connection.request("GET", target, headers={"Authorization": f"Bearer {token}"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body
    return body, answer.headers.get("Link", "")


def _ask(port: int, token: str, size: int) -> float:
    """The 99th percentile in ms."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    draw = random.Random(1)
    times = []
    for asked in range(ASKED + 50):
        epc = f"https://coop.example/id/piece/{draw.randrange(size)}"
        started = time.perf_counter()
        body, _ = _get(connection, token, f"/events?MATCH_anyEPC={quote(epc, safe='')}")
        if asked >= 50:
            times.append(time.perf_counter() - started)
        assert epc in body.decode()
    connection.close()
    return sorted(times)[ASKED * 99 // 100] * 1000


def _page(port: int, token: str) -> list[float]:
    """Seconds for each page of all events."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    target = f"/events?perPage={PER_PAGE}"
    times = []
    seen = 0
    while target:
        started = time.perf_counter()
        body, link = _get(connection, token, target)
        times.append(time.perf_counter() - started)
        seen += len(json.loads(body)["epcisBody"]["queryResults"]["resultsBody"]["eventList"])
        parts = urlsplit(link.partition(">")[0].removeprefix("<"))
        target = f"{parts.path}?{parts.query}" if link else ""
    connection.close()
    assert seen == LARGE, seen
    return times
