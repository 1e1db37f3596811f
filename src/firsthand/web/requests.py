"""What is read off a request before anything is decided; and its count and log line afterwards."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from firsthand.web.metrics import REQUESTS
from firsthand.web.routes import Route

__all__ = ["client_of", "note", "raw_path_of", "request_id_of"]

log = logging.getLogger("firsthand.web")


def raw_path_of(scope: Mapping[str, Any]) -> str:
    """The path as it came, still encoded."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def request_id_of(scope: Any) -> str:
    """The request's ID: a new one, never one that a client made up."""
    found = scope.get("firsthand_request_id")
    if not found:
        found = scope["firsthand_request_id"] = str(uuid4())
    return str(found)


def client_of(scope: Mapping[str, Any]) -> str:
    """The sender's address."""
    client = scope.get("client")
    return str(client[0]) if client else ""


def note(route: Route, scope: Any, status: int, started: float, key: str = "") -> None:
    """Count and log an answer; `started` by time.perf_counter, `key` the ID of the API key."""
    seconds = time.perf_counter() - started
    REQUESTS.labels(route.method, route.path, str(status)).observe(seconds)
    log.info(
        "request",
        extra={
            "request_id": request_id_of(scope),
            "method": route.method,
            "path": route.path if route.unlogged else raw_path_of(scope)[:500],
            "status": status,
            "ms": round(seconds * 1000, 2),
            "api_key": key,
            "client": "" if route.unlogged else client_of(scope),
        },
    )
