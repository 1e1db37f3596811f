"""Tracing and balancing as the journal grows.

*Trace back*: a pack with 10,000 ancestors in a journal of 1,000,000 events, against a recursive SQL query on
the same index, which names the ancestors and nothing else; and against that query with an index made for it,
which no capture keeps up. *Season*: the balance of a season of 1,000,000 events, its memory, and its time
against a pass that only reads them from their canonical JSON. *Capture*: one new capture of a lot with its
trace and balance, with 20,000 events in the journal and with 1,000,000.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import Any, Final

import msgspec

from firsthand.journal.database import Statement, driver_of, reading
from firsthand.ledger.event_index import Kind
from firsthand.proof.canonical import parse_canonical
from firsthand.service.balance import balance, lot_balance
from firsthand.service.capture import capture_events, prepare, prepare_batches, rows_of
from firsthand.service.parties import add_party
from firsthand.service.settings import Settings
from firsthand.service.trace import Reader, trace_back
from firsthand.service.workspace import Workspace, create_workspace

__all__ = ["measure"]

LARGE: Final = int(os.environ.get("FIRSTHAND_BENCH_EVENTS", "1000000"))
SMALL: Final = 10_000
BASE: Final = "https://coop.example/id/lot"
CONTEXT: Final = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
WIDTH: Final = 9
"""Deliveries that one mill run takes: nine events of harvest to one of milling."""

PATIENCE: Final = 40.0
"""Seconds after which the SQL query is stopped; it would take minutes."""

LEVELS: Final = (1, 10, 100, 1_000, 8_889)
"""Lots on each level below the pack: 10,000 in all."""


def measure() -> dict[str, float]:
    """Seconds and ratios of the three measures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "workspace"
        workspace = create_workspace(folder, Settings(), "")
        add_party(workspace, "Bench", ("maker",))
        _record(workspace, _tree())
        _record(workspace, _season(0, SMALL))
        small = _capture(workspace, "small")
        _record(workspace, _season(SMALL, LARGE - sum(LEVELS)))
        large = _capture(workspace, "large")
        return {
            "capture_small_ms": small * 1000,
            "capture_large_ms": large * 1000,
            "capture_ratio": large / small,
            **_trace(workspace),
            **_balance(folder),
        }


def _season(first: int, stop: int) -> Iterator[dict[str, Any]]:
    """Nine deliveries, the run that mills them, and so on."""
    number = first
    while number < stop:
        lots = [f"{BASE}/d{number + at}" for at in range(WIDTH)]
        for at, lot in enumerate(lots):
            yield _event(
                number + at, "ObjectEvent", "harvest", action="ADD", quantityList=[_mass(lot, 90 + at / 10)]
            )
        outputs = [_mass(f"{BASE}/p{number}", 165.5)]
        inputs = [_mass(lot, 90 + at / 10) for at, lot in enumerate(lots)]
        yield _event(
            number + WIDTH,
            "TransformationEvent",
            "wetMilling",
            inputQuantityList=inputs,
            outputQuantityList=outputs,
        )
        number += WIDTH + 1


def _tree() -> Iterator[dict[str, Any]]:
    """A pack, and on each level below ten lots for one, all of them ancestors."""
    above = ["pack"]
    for level, count in enumerate(LEVELS[1:], 1):
        below = [f"{level}-{at}" for at in range(count)]
        share = -(-len(below) // len(above))
        for at, lot in enumerate(above):
            inputs = [_mass(f"{BASE}/tree{one}", 10) for one in below[at * share : at * share + share]]
            if inputs:
                outputs = [_mass(f"{BASE}/tree{lot}", 9.5 * len(inputs))]
                yield _event(
                    len(LEVELS) - level,
                    "TransformationEvent",
                    "mixing",
                    inputQuantityList=inputs,
                    outputQuantityList=outputs,
                )
        above = below
    for lot in above:
        yield _event(0, "ObjectEvent", "harvest", action="ADD", quantityList=[_mass(f"{BASE}/tree{lot}", 10)])


def _mass(lot: str, kilograms: float) -> dict[str, Any]:
    return {"epcClass": lot, "quantity": kilograms, "uom": "KGM"}


def _event(number: int, kind: str, step: str, **fields: Any) -> dict[str, Any]:
    hours, seconds = divmod(number, 3600)
    return {
        "@context": CONTEXT,
        "type": kind,
        "eventTime": f"2026-{hours // 24 // 28 + 1:02d}-{hours // 24 % 28 + 1:02d}T{hours % 24:02d}"
        f":{seconds // 60:02d}:{seconds % 60:02d}Z",
        "eventTimeZoneOffset": "+00:00",
        "bizStep": "commissioning",
        "readPoint": {"id": f"https://coop.example/id/place/{number % 40}"},
        "fh:profile": "coffee",
        "fh:step": step,
        **fields,
    }


def _record(workspace: Workspace, events: Iterator[dict[str, Any]]) -> None:
    party = workspace.parties.find("Bench")
    key = workspace.held_key(party.keys)
    for prepared in prepare_batches(rows_of(events, "$[{}]".format), 5_000):
        capture_events(workspace, prepared, party.uri, key)


def _capture(workspace: Workspace, name: str) -> float:
    """The median of the seconds for one new capture of a lot, its trace and its balance."""
    party = workspace.parties.find("Bench")
    key = workspace.held_key(party.keys)
    times = []
    for at in range(30):
        lot = f"{BASE}/{name}{at}"
        event = _event(at, "ObjectEvent", "harvest", action="ADD", quantityList=[_mass(lot, 50)])
        started = time.perf_counter()
        capture_events(workspace, prepare([event]), party.uri, key)
        assert trace_back(workspace, lot).shares() == {party.uri: 1}
        assert lot_balance(workspace, lot).stock[0].amount == 50
        times.append(time.perf_counter() - started)
    return median(times)


# The order of the joins is the one that leads from a lot to its events to their inputs.
_RECURSIVE: Final = """
WITH RECURSIVE ancestor(uri) AS (
  SELECT ? UNION
  SELECT i.uri FROM ancestor CROSS JOIN event_key o CROSS JOIN {index} i
  WHERE o.kind IN ({outs}) AND o.uri = ancestor.uri AND i.number = o.number AND i.kind IN ({ins})
) SELECT uri FROM ancestor
"""


def _sql(index: str) -> Statement:
    outs = f"{int(Kind.OUTPUT_EPC)}, {int(Kind.OUTPUT_CLASS)}"
    ins = f"{int(Kind.INPUT_EPC)}, {int(Kind.INPUT_CLASS)}"
    if " " in index:
        table, _, rest = index.partition(" ")
        return Statement(_RECURSIVE.replace("{index} i", f"{table} i {rest}").format(outs=outs, ins=ins))
    return Statement(_RECURSIVE.format(index=index, outs=outs, ins=ins))


def _trace(workspace: Workspace) -> dict[str, float]:
    """Milliseconds of the trace, of the query on the index as it is, and with an index made for the query."""
    pack = f"{BASE}/treepack"
    times = []
    for _ in range(3):
        started = time.perf_counter()
        lots = trace_back(workspace, pack).lots
        times.append(time.perf_counter() - started)
    ours = median(times)
    as_it_is = _limited(workspace, _sql("event_key"), pack)
    with workspace.engine.begin() as connection:
        driver = driver_of(connection)
        driver.execute("CREATE INDEX bench_by_number ON event_key (number, kind, uri)")
        query = _sql("event_key INDEXED BY bench_by_number")
        times = []
        for _ in range(3):
            started = time.perf_counter()
            rows = query.run(connection, pack).fetchall()
            times.append(time.perf_counter() - started)
        driver.execute("DROP INDEX bench_by_number")
    assert len(lots) == len(rows) == sum(LEVELS)
    return {
        "trace_ms": ours * 1000,
        "sql_ms": as_it_is * 1000,
        "trace_ratio": as_it_is / ours,
        "indexed_ratio": median(times) / ours,
    }


def _limited(workspace: Workspace, query: Statement, pack: str) -> float:
    """Seconds of the query, or those after which it was stopped: the ratio is then at least so much."""
    with reading(workspace.engine) as connection:
        driver = driver_of(connection)
        started = time.perf_counter()
        driver.set_progress_handler(lambda: time.perf_counter() - started > PATIENCE, 100_000)
        with suppress(sqlite3.OperationalError):
            query.run(connection, pack).fetchall()
        driver.set_progress_handler(None, 0)
        return time.perf_counter() - started


def _balance(folder: Path) -> dict[str, float]:
    """In a process of its own, whose memory is the balance's alone."""
    code = "from bench.trace import season; import sys; season(sys.argv[1])"
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, check=True)
    return dict(msgspec.json.decode(done.stdout))


def season(folder: str) -> None:
    """Read the season, then balance it; print seconds and megabytes as JSON."""
    workspace = Workspace.open(Path(folder), lambda: "")
    started = time.perf_counter()
    for stored in Reader(workspace).events.between(None, None):
        parse_canonical(stored.body)
    read = time.perf_counter() - started
    started = time.perf_counter()
    found = balance(workspace)
    balanced = time.perf_counter() - started
    assert not found.errors, found.findings[:3]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    answer = {
        "read_s": read,
        "balance_s": balanced,
        "balance_ratio": balanced / read,
        "balance_mb": peak,
        "balanced_events": float(found.events),
    }
    sys.stdout.write(msgspec.json.encode(answer).decode())
