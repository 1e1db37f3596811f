"""Passport pages a second against an empty Litestar page, and a pack of 200 events cold against warm.

Both are served by one uvicorn worker in a process of its own and asked by the same clients in alternating
rounds. Cold: nothing of the passport is kept, the process itself is warm (profiles read, templates compiled);
warm: the answer is kept.
"""

from __future__ import annotations

import http.client
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.server import serving
from firsthand.ledger.event_sql import Viewer
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.capture import capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.passport import passport
from firsthand.service.publish import publish
from firsthand.service.setup import initialise
from firsthand.web.passport_page import Links, passport_page

__all__ = ["measure"]

ROUNDS = 5
PAGES = 300
CLIENTS = 2
HARVESTS = 100
COLD = 5

_BASE = "https://bench.example"
_PACK = f"{_BASE}/id/lot/pack:1"
_EMPTY = """
import socket, sys, uvicorn
from litestar import Litestar, get
@get("/", media_type="text/html")
async def empty() -> bytes:
    return b""
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(Litestar([empty]), log_level="error", access_log=False)).run([listening])
"""


def measure() -> dict[str, float]:
    """Pages a second of both, the ratio, and the milliseconds of a passport cold and warm."""
    with tempfile.TemporaryDirectory() as folder:
        access = _season(Path(folder) / "workspace")
        cold = _cold(access)
        spent = {"ours": 0.0, "empty": 0.0}
        warm = []
        with serving(access.workspace.folder) as ours, _empty() as empty:
            _ask(ours, "/id/lot/pack:1", 20)
            _ask(empty, "/", 20)
            for _ in range(ROUNDS):
                spent["ours"] += _ask(ours, "/id/lot/pack:1", PAGES)
                spent["empty"] += _ask(empty, "/", PAGES)
                warm.append(_one(ours))
    pages = ROUNDS * PAGES
    warm_ms = statistics.median(warm) * 1000
    return {
        "ours_per_s": pages / spent["ours"],
        "ratio": spent["empty"] / spent["ours"],
        "cold_ms": cold * 1000,
        "warm_ms": warm_ms,
        "cold_ratio": cold * 1000 / warm_ms,
    }


def _season(folder: Path) -> ChainAccess:
    """A published pack of 100 harvests, of which 99 were received, made in one step: 200 events."""
    workspace = initialise(
        folder, network="sandbox", broadcaster="sandbox", url="", headers=(), uri=_BASE, passphrase=""
    )
    access = ChainAccess(workspace)
    farmer, mill = (add_party(workspace, name, ("maker",)).party for name in ("Farmer", "Mill"))
    lots = [{"epcClass": f"{_BASE}/id/lot/cherry:{n}", "quantity": 50, "uom": "KGM"} for n in range(HARVESTS)]
    made = [
        _event(n, action="ADD", bizStep="commissioning", quantityList=[lot]) for n, lot in enumerate(lots)
    ]
    got = [_event(n, action="OBSERVE", bizStep="receiving", quantityList=[lot]) for n, lot in enumerate(lots)]
    packed: dict[str, Any] = {
        "type": "TransformationEvent",
        "inputQuantityList": lots,
        "outputQuantityList": [{"epcClass": _PACK, "quantity": 900, "uom": "KGM"}],
    }
    for party, events in ((farmer, made), (mill, [*got[1:], {**_event(0), **packed}])):
        for event in events:
            if event["type"] == "TransformationEvent":
                event.pop("action", None)
        capture_events(workspace, prepare(events), party.uri, workspace.held_key(party.keys))
    anchor(access)
    publish(access)
    wait_until_mined(access, timeout=60)
    return access


def _event(number: int, **more: Any) -> dict[str, Any]:
    day = f"2026-03-{number % 28 + 1:02d}T08:00:00Z"
    return {"type": "ObjectEvent", "eventTime": day, "eventTimeZoneOffset": "+00:00", **more}


def _cold(access: ChainAccess) -> float:
    links = Links(page=str, data="", proofs="", verifier="", asset=str)
    took = []
    for _ in range(COLD + 1):
        started = time.perf_counter()
        found = passport(access, _PACK, Viewer(), 10**9)
        passport_page(found, "en", links)
        took.append(time.perf_counter() - started)
    assert len(found.events) == 2 * HARVESTS
    return statistics.median(took[1:])


@contextmanager
def _empty() -> Iterator[int]:
    process = subprocess.Popen([sys.executable, "-c", _EMPTY], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        port = int(process.stdout.readline())
        yield port
    finally:
        process.terminate()
        process.wait(20)


def _ask(port: int, path: str, count: int) -> float:
    def client(share: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for _ in range(share):
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 200
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(client, [count // CLIENTS] * CLIENTS))
    return time.perf_counter() - started


def _one(port: int) -> float:
    return _ask(port, "/id/lot/pack:1", 50) / 50 * CLIENTS
