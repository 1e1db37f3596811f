"""Memory while `firsthand record` takes in one file of 1,000,000 events: of it and its workers together."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.capture import event

__all__ = ["measure"]

EVENTS = int(os.environ.get("FIRSTHAND_BENCH_EVENTS", "1000000"))


def measure() -> dict[str, float]:
    """The processes' resident memory together at its peak in MB, and events a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "events.json"
        with path.open("w") as file:
            file.write(
                '{"@context":["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",'
                '{"fh":"https://firsthand.example/ns/"}],"type":"EPCISDocument","schemaVersion":"2.0",'
                '"creationDate":"2026-03-01T00:00:00Z","epcisBody":{"eventList":['
            )
            for number in range(EVENTS):
                file.write(("," if number else "") + json.dumps(event(number), separators=(",", ":")))
            file.write("]}}")
        firsthand = [str(Path(sys.executable).with_name("firsthand")), "-C", f"{folder}/workspace"]
        quiet = {"stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
        subprocess.run([*firsthand, "init"], check=True, **quiet)  # type: ignore[call-overload]
        subprocess.run([*firsthand, "party", "add", "Bench", "--role", "maker"], check=True, **quiet)  # type: ignore[call-overload]
        started = time.perf_counter()
        process = subprocess.Popen([*firsthand, "record", str(path), "--as", "Bench"], **quiet)  # type: ignore[call-overload]
        peak = 0
        while process.poll() is None:
            peak = max(peak, _resident(process.pid))
            time.sleep(0.2)
        elapsed = time.perf_counter() - started
        assert process.returncode == 0
    return {"peak_mb": peak / 1024, "events_per_s": EVENTS / elapsed}


def _resident(root: int) -> int:
    """Resident kilobytes of a process and all its descendants (Linux's /proc)."""
    parents: dict[int, int] = {}
    sizes: dict[int, int] = {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            fields = dict(line.split(":", 1) for line in status.read_text().splitlines() if ":" in line)
        except OSError:
            continue  # it has just ended
        pid = int(fields["Pid"])
        parents[pid] = int(fields["PPid"])
        sizes[pid] = int(fields.get("VmRSS", "0 kB").split()[0])
    total = 0
    for pid in sizes:
        ancestor = pid
        while ancestor not in (0, root):
            ancestor = parents.get(ancestor, 0)
        total += sizes[pid] if ancestor == root else 0
    return total
