"""A real server on a real port for the tests of `web`, and a receiver of webhooks."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from firsthand.service.api_keys import create_key
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from tests.made import new_access

CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def document(*events: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT, {"ex": "https://ns.example.com/"}],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Live:
    """A workspace with a server process over it; `adela` and `coop` are clients with their keys."""

    folder: Path
    port: int
    tokens: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    log: Path = Path()
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, name: str | None) -> httpx.Client:
        headers = {} if name is None else {"Authorization": f"Bearer {self.tokens[name]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def start(self, workers: int = 1) -> None:
        command = [
            sys.executable,
            "-m",
            "firsthand",
            "-C",
            str(self.folder),
            "serve",
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(workers)],
                stderr=log,
                stdout=log,
                env={**os.environ, "FIRSTHAND_PASSPHRASE": "", **self.environ},
            )
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            time.sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(40)

    def access(self) -> ChainAccess:
        from firsthand.service.workspace import Workspace

        return ChainAccess(Workspace.open(self.folder, lambda: ""))


def make_live(folder: Path, database: str = "", **settings: str) -> Live:
    """A workspace of a cooperative and two makers, with keys for all of them; not started."""
    access = new_access(folder / "workspace", database)
    workspace = access.workspace
    tokens = {}
    for name, role in (("Coop", "cooperative"), ("Adela", "maker"), ("Rosa", "maker")):
        add_party(workspace, name, (role,))
        tokens[name.lower()] = create_key(workspace, name, ("read", "capture"))[1]
    tokens["reader"] = create_key(workspace, "Adela", ("read",))[1]
    tokens["admin"] = create_key(workspace, None, ("admin",))[1]
    workspace.engine.dispose()
    live = Live(workspace.folder, free_port(), tokens, log=folder / "server.log")
    defaults = {"WEBHOOK_NETWORKS": "127.0.0.0/8", "AUTH_FAILURES_PER_MINUTE": "1000000"}
    live.environ = {
        f"FIRSTHAND_{name if '__' in name else f'SERVER__{name}'}": value
        for name, value in {**defaults, **settings}.items()
    }
    return live


@contextmanager
def served(folder: Path, database: str = "", workers: int = 1, **settings: str) -> Iterator[Live]:
    """A running server; other settings than the server's are named with their section, SECTION__NAME."""
    live = make_live(folder, database, **settings)
    try:
        # A server that is late must be ended, too.
        live.start(workers)
        yield live
    finally:
        if live.process is not None and live.process.poll() is None:
            live.stop()


@contextmanager
def running(app: Any) -> Iterator[str]:
    """An application served by a thread of this process."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


class Receiver:
    """A webhook: keeps what it gets; `answers` are the statuses that it gives first."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.answers.pop(0) if receiver.answers else 200
                if 200 <= status < 300:
                    receiver.got.append((dict(self.headers.items()), body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for _, body in self.got:
            found += json.loads(body)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        return found

    def wait(self, count: int, seconds: float = 15) -> list[dict[str, Any]]:
        end = time.monotonic() + seconds
        while time.monotonic() < end and len(self.events()) < count:
            time.sleep(0.05)
        return self.events()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def event_list(response: httpx.Response) -> list[dict[str, Any]]:
    assert response.status_code == 200, response.text
    results: list[dict[str, Any]] = response.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
    return results


def captured(response: httpx.Response) -> dict[str, Any]:
    assert response.status_code == 202, response.text
    job: dict[str, Any] = response.json()
    return job
