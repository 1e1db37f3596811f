"""Running the server: uvicorn with one process or several, its logs, its limits, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import os
import resource
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import uvicorn
from litestar.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from firsthand.errors import WorkspaceError
from firsthand.service.chain_access import ChainAccess
from firsthand.service.workspace import Workspace
from firsthand.web.problems import PROBLEM, Problem

__all__ = ["HOME", "PASSPHRASE", "check_server", "create_app", "run_server"]

HOME: Final = "FIRSTHAND_HOME"
PASSPHRASE: Final = "FIRSTHAND_PASSPHRASE"

_HEAD_BYTES: Final = 65_536
_STOP_S: Final = 30
_FIELDS: Final = ("request_id", "method", "path", "status", "ms", "api_key", "client")


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's HTTP/1.1, which gives up a client whose request head comes too slowly or is too long."""

    patience = 20.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock with the connection."""
        super().connection_made(transport)
        self._head = 0
        self._timer: asyncio.TimerHandle | None = None
        self._start()

    def data_received(self, data: bytes) -> None:
        """Count what comes before the head is complete."""
        if self._timer is not None:
            self._head += len(data)
            # A body may follow in the same piece; a head alone is never so long.
            if self._head > _HEAD_BYTES and b"\r\n\r\n" not in data:
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A further request on the same connection starts the clock again."""
        super().on_message_begin()
        self._start()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._stop()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """What is not HTTP gets a problem document, too."""
        body = Problem(400, "", "this is no HTTP request that can be read").document(str(uuid4()))
        head = f"HTTP/1.1 400 Bad Request\r\ncontent-type: {PROBLEM}\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is left to wait for."""
        self._stop()
        super().connection_lost(exc)

    def _start(self) -> None:
        if self._timer is None:
            self._head = 0
            self._timer = asyncio.get_running_loop().call_later(self.patience, self.transport.close)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class JsonLines(logging.Formatter):
    """A log record as one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        line: dict[str, Any] = {
            "at": self.formatTime(record, "%Y-%m-%dT%H:%M:%S"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= {name: getattr(record, name) for name in _FIELDS if hasattr(record, name)}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def create_app() -> ASGIApp:
    """The application over the workspace in `FIRSTHAND_HOME`; each worker process makes its own."""
    from firsthand.web.app import make_server_app
    from firsthand.web.server import Server

    workspace = Workspace.open(Path(os.environ[HOME]), lambda: os.environ.get(PASSPHRASE, ""))
    PatientProtocol.patience = float(workspace.settings.server.slow_sender_seconds)
    return make_server_app(Server(ChainAccess(workspace)))


def check_server(folder: Path, passphrase: str, host: str, port: int) -> int:
    """The port to listen on: a free one for 0.

    Raises WorkspaceError or WrongPassphrase when a server could not begin, before its workers find out.
    """
    workspace = Workspace.open(folder, lambda: passphrase)
    _ = workspace.log_key.did
    workspace.engine.dispose()
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.create_server((host, port), family=family) as tried:
            return int(tried.getsockname()[1])
    except OSError as error:
        raise WorkspaceError(
            f"{host}:{port} cannot be listened on: {error.strerror}; try another --port"
        ) from None


def run_server(
    folder: Path,
    passphrase: str,
    host: str,
    port: int,
    workers: int,
    tls: Mapping[str, str],
    told: Callable[[], None],
) -> None:
    """Serve until told to stop (SIGTERM, SIGINT); then finish what was begun, for at most half a minute.

    `tls` may hold `ssl_certfile` and `ssl_keyfile`; `told` is called once the port takes connections.
    """
    os.environ[HOME] = str(folder.resolve())
    os.environ[PASSPHRASE] = passphrase
    # A thousand idle WebSockets are a thousand open files.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    threading.Thread(target=_await_port, args=(host, port, told), daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="firsthand-metrics-") as metrics:
        if workers > 1:
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics
        uvicorn.run(
            "firsthand.web.serve:create_app",
            factory=True,
            host=host,
            port=port,
            workers=workers,
            http=PatientProtocol,
            ws="websockets-sansio",
            ws_max_size=65_536,
            backlog=2048,
            timeout_graceful_shutdown=_STOP_S,
            server_header=False,
            access_log=False,
            log_config=_LOGGING,
            forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", ""),
            **tls,  # type: ignore[arg-type]
        )


def _await_port(host: str, port: int, told: Callable[[], None]) -> None:
    """Wait until a process listens, which each does when its application has started."""
    while True:
        try:
            socket.create_connection((host, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            told()
            return


_LOGGING: Final[dict[str, Any]] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonLines}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {name: {"level": "WARNING"} for name in ("alembic", "httpx", "httpcore")},
}
