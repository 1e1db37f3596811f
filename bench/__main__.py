"""Run every measure, print the table, write `build/bench.json`; a missed target stays in both as missed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path

from rich.console import Console
from rich.table import Table

__all__ = ["MEASURES", "Row"]


@dataclass(frozen=True)
class Row:
    """One measure: `ok` says whether `ratio` (or `value` where there is none) meets `target`."""

    name: str
    value: float
    unit: str
    ratio: float | None
    target: str
    ok: bool


def at_least(value: float, bound: float) -> tuple[str, bool]:
    """A target that is met from `bound` up."""
    return f">= {bound:g}", value >= bound


def at_most(value: float, bound: float) -> tuple[str, bool]:
    """A target that is met up to `bound`."""
    return f"<= {bound:g}", value <= bound


def rows_of(module: str) -> list[Row]:
    """Run one module's measures."""
    measured: dict[str, float] = import_module(f"bench.{module}").measure()
    return MEASURES[module](measured)


def _ratio(name: str, unit: str, bound: float) -> Callable[[dict[str, float]], list[Row]]:
    def rows(measured: dict[str, float]) -> list[Row]:
        target, ok = at_least(measured["ratio"], bound)
        return [Row(name, measured["ours_per_s"], unit, measured["ratio"], f"{target} ×", ok)]

    return rows


def _verify(measured: dict[str, float]) -> list[Row]:
    time_target, time_ok = at_most(measured["median_ms"], 1.0)
    ratio_target, ratio_ok = at_most(measured["ratio"], 4.0)
    return [
        Row(
            "verify one bundle, headers loaded, median",
            measured["median_ms"],
            "ms",
            None,
            time_target,
            time_ok,
        ),
        Row(
            "verify one bundle against its bare signatures and hashes",
            measured["bare_ms"],
            "ms bare",
            measured["ratio"],
            f"{ratio_target} ×",
            ratio_ok,
        ),
    ]


def _bundle(measured: dict[str, float]) -> list[Row]:
    raw, raw_ok = at_most(measured["bytes"], 6000)
    packed, packed_ok = at_most(measured["gzipped"], 4000)
    name = "bundle without its event, 1,000,000 captures, block of 1,000,000"
    return [
        Row(name, measured["bytes"], "B", None, raw, raw_ok),
        Row(f"{name}, gzip", measured["gzipped"], "B", None, packed, packed_ok),
    ]


def _memory(measured: dict[str, float]) -> list[Row]:
    target, ok = at_most(measured["peak_mb"], 500)
    return [
        Row(
            "memory while a file of 1,000,000 events is recorded", measured["peak_mb"], "MB", None, target, ok
        ),
        Row("events/s while it is recorded", measured["events_per_s"], "events/s", None, "-", True),
    ]


def _query(measured: dict[str, float]) -> list[Row]:
    growth, growth_ok = at_most(measured["ratio"], 3.0)
    page, page_ok = at_most(measured["page_ratio"], 1.5)
    return [
        Row(
            "GET /events?MATCH_anyEPC=… p99 at 1,000,000 events, against at 10,000",
            measured["large_ms"],
            "ms",
            measured["ratio"],
            f"{growth} ×",
            growth_ok,
        ),
        Row(
            "a page of 1,000 among 1,000,000 events, the last tenth against the first",
            measured["page_ms"],
            "ms",
            measured["page_ratio"],
            f"{page} ×",
            page_ok,
        ),
    ]


def _browser(measured: dict[str, float]) -> list[Row]:
    target, ok = at_most(measured["ms"], 1000)
    name = "verify 50 bundles that share a log, headless Chromium, page just opened"
    return [Row(name, measured["ms"], "ms", None, target, ok)]


def _credentials(measured: dict[str, float]) -> list[Row]:
    ratio, ratio_ok = at_least(measured["ratio"], 0.5)
    size, size_ok = at_most(measured["list_bytes"], 200_000)
    check, check_ok = at_most(measured["list_ms"], 5.0)
    return [
        Row(
            "credentials issued and journaled against bare signature and JCS",
            measured["ours_per_s"],
            "/s",
            measured["ratio"],
            f"{ratio} ×",
            ratio_ok,
        ),
        Row("status list of 1,000,000 entries, signed", measured["list_bytes"], "B", None, size, size_ok),
        Row("the same, checked, median", measured["list_ms"], "ms", None, check, check_ok),
    ]


def _token(measured: dict[str, float]) -> list[Row]:
    target, ok = at_most(measured["ratio"], 3.0)
    name = "token of 1,000 transfers verified from its file, against bare script and hash checks"
    return [Row(name, measured["ours_ms"], "ms", measured["ratio"], f"{target} ×", ok)]


def _payment(measured: dict[str, float]) -> list[Row]:
    target, ok = at_most(measured["ratio"], 2.0)
    name = "payment split over 1,000 makers: built, signed, verified, against the SDK signing it"
    return [
        Row(name, measured["ours_ms"], "ms", measured["ratio"], f"{target} ×", ok),
        Row("its 1,000 addresses derived", measured["derive_ms"], "ms", None, "-", True),
    ]


def _passport(measured: dict[str, float]) -> list[Row]:
    page_target, page_ok = at_least(measured["ratio"], 0.5)
    cold_target, cold_ok = at_most(measured["cold_ratio"], 10)
    page = "passport pages, one worker, warm, against an empty Litestar page"
    cold = "passport of a pack with 200 events, cold, against warm"
    return [
        Row(page, measured["ours_per_s"], "pages/s", measured["ratio"], f"{page_target} ×", page_ok),
        Row(cold, measured["cold_ms"], "ms", measured["cold_ratio"], f"{cold_target} ×", cold_ok),
    ]


def _trace(measured: dict[str, float]) -> list[Row]:
    trace, trace_ok = at_least(measured["trace_ratio"], 10)
    memory, memory_ok = at_most(measured["balance_mb"], 2_000)
    season, season_ok = at_most(measured["balance_ratio"], 3.0)
    capture, capture_ok = at_most(measured["capture_ratio"], 1.5)
    return [
        Row(
            "trace back 10,000 ancestors in 1,000,000 events, against recursive SQL on the same index",
            measured["trace_ms"],
            "ms",
            measured["trace_ratio"],
            f"{trace} ×",
            trace_ok,
        ),
        Row(
            "… against that query with an index made for it, naming lots only",
            measured["trace_ms"],
            "ms",
            measured["indexed_ratio"],
            "-",
            True,
        ),
        Row(
            "balance of a season of 1,000,000 events, memory",
            measured["balance_mb"],
            "MB",
            None,
            memory,
            memory_ok,
        ),
        Row(
            "… time, against one pass that only reads the events",
            measured["balance_s"],
            "s",
            measured["balance_ratio"],
            f"{season} ×",
            season_ok,
        ),
        Row(
            "a new capture with its lot's trace and balance, at 1,000,000 events against at 20,000",
            measured["capture_large_ms"],
            "ms",
            measured["capture_ratio"],
            f"{capture} ×",
            capture_ok,
        ),
    ]


def _labels(measured: dict[str, float]) -> list[Row]:
    target, ok = at_most(measured["peak_mb"], 300.0)
    name = f"memory while {measured['labels']:,.0f} labels are written to one PDF"
    return [Row(name, measured["peak_mb"], "MB", None, target, ok)]


MEASURES: dict[str, Callable[[dict[str, float]], list[Row]]] = {
    "event_hash": _ratio("event hash IDs against epcis-event-hash-generator", "events/s", 50),
    "capture": _ratio("whole capture path against raw executemany of the same rows", "events/s", 0.4),
    "verify": _verify,
    "bundle": _bundle,
    "signing": _ratio("record transactions built and signed against the SDK's sign()", "tx/s", 1.0),
    "memory": _memory,
    "server": _ratio("POST /capture, one worker, against the in-process capture path", "events/s", 0.7),
    "postgresql": _ratio("capture path on PostgreSQL against raw COPY of the same rows", "events/s", 0.4),
    "query": _query,
    "trace": _trace,
    "browser": _browser,
    "passport": _passport,
    "credentials": _credentials,
    "token": _token,
    "payment": _payment,
    "labels": _labels,
}


def main(names: list[str]) -> None:
    """Run the named measures, or all."""
    rows: list[Row] = []
    for module in names or MEASURES:
        started = time.perf_counter()
        rows += rows_of(module)
        print(f"{module}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    table = Table("measure", "value", "unit", "ratio", "target", "")
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} ×"
        table.add_row(
            row.name, f"{row.value:,.1f}", row.unit, ratio, row.target, "ok" if row.ok else "MISSED"
        )
    Console(width=130).print(table)
    folder = Path("build")
    folder.mkdir(exist_ok=True)
    (folder / "bench.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
