"""The whole capture path against raw SQLite.

Ours: EPCISDocument in (100 events of about 1 kB), read, validated and hashed by worker processes (as
many as cores), signature checked, journaled, indexed, durable. Raw: `executemany` of the very same entry,
event and index rows into the same tables with the same pragmas, one transaction a capture. Both write
files in one folder, in alternating rounds.
"""

from __future__ import annotations

import json
import sqlite3
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from firsthand.events.document import EventReader
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.database import database_url, open_engine
from firsthand.journal.store import METADATA
from firsthand.proof.capture import Manifest, manifest_document
from firsthand.proof.parties import Party
from firsthand.service.capture import prepare, submit
from firsthand.service.parties import add_party
from firsthand.service.prepare_pool import prepare_pool
from firsthand.service.settings import Settings
from firsthand.service.workspace import Workspace, create_workspace

__all__ = ["documents", "event", "measure", "signed"]

EVENTS = 100
ROUNDS = 5
THREADS = 3  # as many clients at once; those that arrive together share an fsync
CAPTURES = 60


def event(number: int) -> dict[str, Any]:
    """One event of about 1 kB, every identifier its own; seven index rows."""
    lot = f"https://coop.example/id/lot/2026-{number:07d}"
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-03-{number % 27 + 1:02d}T{number % 24:02d}:{number % 60:02d}:00.000+03:00",
        "eventTimeZoneOffset": "+03:00",
        "action": "ADD",
        "bizStep": "commissioning",
        "disposition": "active",
        "quantityList": [{"epcClass": lot, "quantity": 60.5 + number % 40, "uom": "KGM"}],
        "readPoint": {"id": f"https://coop.example/id/place/station-{number % 40}"},
        "bizTransactionList": [
            {"type": "po", "bizTransaction": f"https://coop.example/id/order/{number % 500}"}
        ],
        "sourceList": [
            {"type": "possessing_party", "source": f"https://coop.example/id/party/farmer-{number % 300}"}
        ],
        "destinationList": [
            {"type": "possessing_party", "destination": "https://coop.example/id/party/coop"}
        ],
        "ilmd": {
            "fh:variety": "Bourbon",
            "fh:altitude": {"fh:value": 1500 + number % 500, "fh:unit": "MTR"},
            "fh:process": "washed",
            "fh:harvest": "2026-03",
            "fh:price": {"fh:value": 4.35, "fh:currency": "PEN", "fh:form": "cherry"},
            "fh:remark": "Picked ripe, floated, depulped the same evening, dried under cover.",
        },
    }


def documents(count: int, first: int = 0) -> list[bytes]:
    """EPCISDocuments of 100 events each."""
    made = []
    for at in range(first, first + count * EVENTS, EVENTS):
        document = {
            "@context": [
                "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                {"fh": "https://firsthand.example/ns/"},
            ],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": "2026-03-01T00:00:00Z",
            "epcisBody": {"eventList": [event(number) for number in range(at, at + EVENTS)]},
        }
        made.append(json.dumps(document).encode())
    return made


def measure() -> dict[str, float]:
    """Events a second of both, and the ratio; 6,000 events a round and side."""
    with tempfile.TemporaryDirectory() as folder, prepare_pool() as pool:
        list(pool.captures(documents(8)))  # the workers are up before the clock starts
        workspace = create_workspace(Path(folder) / "ours", Settings(), "")
        party = add_party(workspace, "Bench", ("maker",)).party
        key = workspace.held_key(party.keys)
        ours = raw = 0.0
        engine = open_engine(database_url("", Path(folder), "raw.db"))
        METADATA.create_all(engine)
        engine.dispose()
        copied = 0
        for number in range(ROUNDS):
            texts = documents(CAPTURES, number * CAPTURES * EVENTS)
            captures = [signed(workspace, party, key, text) for text in texts]
            started = time.perf_counter()
            with ThreadPoolExecutor(THREADS) as threads:
                list(threads.map(partial(submit, workspace), captures, pool.captures(texts)))
            ours += time.perf_counter() - started
            rows = _rows(workspace, copied)
            copied += CAPTURES
            raw += _insert(Path(folder) / "raw.db", rows)
    events = ROUNDS * CAPTURES * EVENTS
    return {"ours_per_s": events / ours, "raw_per_s": events / raw, "ratio": raw / ours}


def signed(workspace: Workspace, party: Party, key: SigningKey, text: bytes) -> dict[str, Any]:
    """What a maker's own device would send with these events."""
    prepared = prepare(EventReader(lambda: [text]))
    created = workspace.now()
    manifest = Manifest(party.uri, created, prepared.count, prepared.root)
    return secure(manifest_document(manifest), key, created)


Many = list[tuple[Any, ...]]
Rows = list[tuple[tuple[Any, ...], Many, Many, Many]]


def _rows(workspace: Workspace, skip: int) -> Rows:
    """The rows that the captures of one round left, capture by capture."""
    with sqlite3.connect(workspace.folder / "firsthand.db") as db:
        query = "SELECT * FROM entry WHERE kind = 'Capture' ORDER BY place LIMIT -1 OFFSET ?"
        found: Rows = []
        names = [column[1] for column in db.execute("PRAGMA table_info(entry)")]
        first, count = names.index("first_event"), names.index("count")
        for entry in db.execute(query, (skip,)).fetchall():
            span = (entry[first], entry[first] + entry[count])
            bodies = "SELECT number, body FROM event WHERE number >= ? AND number < ?"
            keys = "SELECT kind, uri, number FROM event_key WHERE number >= ? AND number < ? ORDER BY 3, 1"
            facts = "SELECT * FROM event_fact WHERE number >= ? AND number < ?"
            found.append((entry, *(db.execute(sql, span).fetchall() for sql in (bodies, keys, facts))))
        return found


def _insert(path: Path, rows: Rows) -> float:
    db = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536"):
        db.execute(f"PRAGMA {pragma}")
    started = time.perf_counter()
    for entry, bodies, keys, facts in rows:
        db.execute("BEGIN IMMEDIATE")
        db.execute(f"INSERT INTO entry VALUES ({','.join('?' * len(entry))})", entry)
        db.executemany("INSERT INTO event VALUES (?, ?)", bodies)
        db.executemany("INSERT INTO event_key VALUES (?, ?, ?)", keys)
        db.executemany("INSERT INTO event_fact VALUES (?, ?, ?, ?, ?, ?, ?)", facts)
        db.execute("COMMIT")
    elapsed = time.perf_counter() - started
    db.close()
    return elapsed
