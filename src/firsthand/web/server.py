"""What the routes share: the workspace and what is kept beside it while a server runs."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime, timedelta
from hmac import new as hmac
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.exc import SQLAlchemyError

from firsthand.ledger.event_search import EventSearch
from firsthand.service.capture_jobs import Limits
from firsthand.service.chain_access import ChainAccess
from firsthand.service.page_tokens import PageTokens
from firsthand.service.publish import published_end
from firsthand.service.rates import Rates
from firsthand.service.tables import AUDIT
from firsthand.web.base_url import base_url
from firsthand.web.page_cache import PageCache
from firsthand.web.position import Position, position_of

if TYPE_CHECKING:
    from firsthand.web.calls import Answer
    from firsthand.web.front import Page

__all__ = ["SANDBOX_HEADERS", "Audit", "Failures", "Server"]

SANDBOX_HEADERS: Final = "FIRSTHAND_SANDBOX_HEADERS"
"""Where the sandbox's headers are served to readers' phones; `firsthand demo` sets it."""

_PUBLISHED_FOR: Final = 5.0
_FAILURE_WINDOW: Final = 60.0
_WATCHED_DAYS: Final = 2
_MOST_CLIENTS: Final = 10_000
_MOST_ROWS: Final = 100_000
"""Of the trail that wait for a database which does not answer."""


class Server:
    """One process's server over a workspace."""

    def __init__(self, access: ChainAccess) -> None:
        self.access = access
        self.workspace = access.workspace
        self.settings = access.workspace.settings.server
        self._hosts = frozenset(host.lower() for host in self.settings.hosts)
        self.search = EventSearch(self.workspace.engine, self.workspace.places)
        secret = hmac(self.workspace.log_key.to_secret(), b"firsthand page tokens", "sha256").digest()
        self.tokens = PageTokens(self.workspace, secret)
        self.limits = Limits(self.settings.capture_limit, self.settings.capture_bytes)
        self.audit = Audit(access)
        self.failures = Failures(self.settings.auth_failures_per_minute)
        self.scans = Failures(access.workspace.settings.scans.per_minute)
        self.payments = Failures(access.workspace.settings.scans.per_minute)
        self.rates = Rates(self.workspace)
        self.stopping = threading.Event()
        self._published: tuple[float, int] = (-_PUBLISHED_FOR, 0)
        self.position = Position(lambda: position_of(access, self.published))
        self.passports: PageCache[Answer] = PageCache(self.position)
        self.pages: PageCache[Page] = PageCache(self.position)
        self.sandbox_headers = os.environ.get(SANDBOX_HEADERS, "") if access.network.name == "sandbox" else ""

    def base_url(self, scope: Mapping[str, Any]) -> str:
        """What the URLs in the answer to a request (ASGI scope) begin with."""
        return base_url(scope, self.workspace.settings.uri, self._hosts)

    def payments_since(self) -> str:
        """From when on offered addresses are looked at: money that comes later is found by `pay settle`."""
        earliest = datetime.fromisoformat(self.workspace.now()) - timedelta(days=_WATCHED_DAYS)
        return earliest.strftime("%Y-%m-%dT%H:%M:%SZ")

    def published(self) -> int:
        """The number below which every event is public, at most five seconds old."""
        when, number = self._published
        if time.monotonic() - when > _PUBLISHED_FOR:
            number = self._published_events()
            self._published = (time.monotonic(), number)
        return number

    def _published_events(self) -> int:
        end = published_end(self.access)
        if not end:
            return 0
        last = next(iter(self.workspace.journal.entries(end - 1, end)), None)
        return last.first_event + last.count if last is not None else 0


class Audit:
    """What each key did, gathered and written once a second: a read does not wait for the disk.

    A capture does not depend on it: its job names the key in the transaction that journals it.
    """

    def __init__(self, access: ChainAccess) -> None:
        self._workspace = access.workspace
        self._lock = threading.Lock()
        self._rows: list[dict[str, Any]] = []

    def add(self, key: str, method: str, target: str, status: int, client: str, request_id: str) -> None:
        """Note one request of a key's."""
        row = {
            "at": self._workspace.now(),
            "api_key": key,
            "method": method,
            "target": target.replace("\0", "")[:1_000],
            "status": status,
            "client": client,
            "request_id": request_id,
        }
        with self._lock:
            self._rows.append(row)

    def flush(self) -> None:
        """Write what was gathered."""
        with self._lock:
            rows, self._rows = self._rows, []
        if not rows:
            return
        try:
            with self._workspace.engine.begin() as connection:
                connection.execute(AUDIT.insert(), rows)
        except SQLAlchemyError:
            with self._lock:
                self._rows = [*rows, *self._rows][-_MOST_ROWS:]
            raise


class Failures:
    """How often each client failed to authenticate, or did what is rate-limited, in the last minute."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._times: dict[str, deque[float]] = {}

    def wait(self, client: str) -> int:
        """Seconds for which a client has to wait; 0 when it may try."""
        with self._lock:
            times = self._recent(client)
            if len(times) < self._limit:
                return 0
            return max(1, int(times[0] + _FAILURE_WINDOW - time.monotonic()) + 1)

    def add(self, client: str) -> None:
        """Note one failure, or one use."""
        with self._lock:
            if len(self._times) >= _MOST_CLIENTS:
                self._times.pop(next(iter(self._times)))
            self._times.setdefault(client, deque(maxlen=self._limit)).append(time.monotonic())

    def _recent(self, client: str) -> deque[float]:
        times = self._times.get(client, deque())
        while times and times[0] < time.monotonic() - _FAILURE_WINDOW:
            times.popleft()
        if not times:
            self._times.pop(client, None)
        return times
