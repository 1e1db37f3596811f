"""Prometheus metrics: of requests, captures, the journal, deliveries and the outbox."""

from __future__ import annotations

import os
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client import REGISTRY as DEFAULT_REGISTRY
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy import func, select

from firsthand.journal.database import reading
from firsthand.journal.store import ENTRY
from firsthand.ledger.event_sql import journal_end
from firsthand.service.tables import CAPTURE_JOB, DEAD_LETTER, SUBSCRIPTION
from firsthand.web.server import Server

__all__ = ["CONTENT_TYPE_LATEST", "DELIVERIES", "REQUESTS", "SOCKETS", "metrics_text"]

REQUESTS: Final = Histogram(
    "firsthand_request_seconds",
    "Seconds that requests took",
    ("method", "route", "status"),
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0),
)
DELIVERIES: Final = Counter("firsthand_deliveries_total", "Messages sent to subscribed webhooks")
SOCKETS: Final = Gauge("firsthand_websockets", "Open WebSockets", multiprocess_mode="livesum")


def metrics_text(server: Server) -> bytes:
    """All metrics in Prometheus' text format; those of the database are read now."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    else:
        registry = DEFAULT_REGISTRY
    return generate_latest(registry) + _database(server)


def _database(server: Server) -> bytes:
    workspace = server.workspace
    with reading(workspace.engine) as connection:
        running = CAPTURE_JOB.c.finished.is_(None)
        values = {
            "firsthand_journal_entries": connection.execute(select(func.max(ENTRY.c.place))).scalar(),
            "firsthand_journal_events": journal_end(connection),
            "firsthand_capture_jobs_waiting": connection.execute(
                select(func.count()).select_from(CAPTURE_JOB).where(running)
            ).scalar_one(),
            "firsthand_subscriptions": connection.execute(
                select(func.count()).select_from(SUBSCRIPTION)
            ).scalar_one(),
            "firsthand_dead_letters": connection.execute(
                select(func.count()).select_from(DEAD_LETTER)
            ).scalar_one(),
        }
    entries = values["firsthand_journal_entries"]
    values["firsthand_journal_entries"] = 0 if entries is None else entries + 1
    values["firsthand_outbox_open"] = len(server.access.outbox.open())
    lines = [f"# TYPE {name} gauge\n{name} {value}\n" for name, value in values.items()]
    return "".join(lines).encode()
