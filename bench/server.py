"""POST /capture against the same work done in process: 100-event documents, signed and journaled.

Ours: `firsthand serve` with one worker, clients that only write bytes to sockets. In process: the same number
of threads that prepare, sign and journal the same kind of documents in a workspace of their own. Alternating
rounds; both keep their SQLite in one folder.
"""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from bench.capture import EVENTS, documents
from firsthand.events.document import EventReader
from firsthand.service.api_keys import create_key
from firsthand.service.capture import capture_events, prepare
from firsthand.service.parties import add_party
from firsthand.service.settings import Settings
from firsthand.service.workspace import Workspace, create_workspace

__all__ = ["measure", "serving"]

ROUNDS = 5
CAPTURES = 60
CLIENTS = 3


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """A server over the workspace in a folder; its port."""
    command = [sys.executable, "-m", "firsthand", "-C", str(folder), "serve", "--port", "0"]
    environ = {**os.environ, "FIRSTHAND_PASSPHRASE": ""}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=environ, text=True)
    assert process.stderr is not None
    port = 0
    for line in process.stderr:
        if match := re.search(r"running on http://127.0.0.1:(\d+)", line):
            port = int(match[1])
            break
    # The log goes on; nobody waits for it.
    ThreadPoolExecutor(1).submit(process.stderr.read)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(40)


def measure() -> dict[str, float]:
    """Events a second of both, and the ratio; 6,000 events a round and side."""
    with tempfile.TemporaryDirectory() as folder:
        ours = create_workspace(Path(folder) / "ours", Settings(), "")
        plain = create_workspace(Path(folder) / "plain", Settings(), "")
        for workspace in (ours, plain):
            add_party(workspace, "Bench", ("maker",))
        token = create_key(ours, "Bench", ("capture",))[1]
        spent = {"ours": 0.0, "plain": 0.0}
        with serving(ours.folder) as port:
            _post(port, token, documents(20, 10**6))  # warm
            _in_process(plain, documents(20, 10**6))
            for number in range(ROUNDS):
                texts = documents(CAPTURES, number * CAPTURES * EVENTS)
                spent["ours"] += _post(port, token, texts)
                spent["plain"] += _in_process(plain, texts)
    events = ROUNDS * CAPTURES * EVENTS
    return {
        "ours_per_s": events / spent["ours"],
        "plain_per_s": events / spent["plain"],
        "ratio": spent["plain"] / spent["ours"],
    }


def _post(port: int, token: str, texts: list[bytes]) -> float:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def client(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for text in texts[number::CLIENTS]:
            connection.request("POST", "/capture", text, headers)
            answer = connection.getresponse()
            assert answer.status == 202, answer.read()
            assert b'"success":true' in answer.read()
        connection.close()

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(client, range(CLIENTS)))
    return time.perf_counter() - started


def _in_process(workspace: Workspace, texts: list[bytes]) -> float:
    party = workspace.parties.find("Bench")
    key = workspace.held_key(party.keys)

    def client(number: int) -> None:
        for text in texts[number::CLIENTS]:
            prepared = prepare(EventReader(lambda text=text: [text]))  # type: ignore[misc]
            capture_events(workspace, prepared, party.uri, key, custodial=True)

    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(client, range(CLIENTS)))
    return time.perf_counter() - started
