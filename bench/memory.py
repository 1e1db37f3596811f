"""Memory while `firsthand record` takes in one file of 1,000,000 events, in a process of its own."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.capture import event

__all__ = ["measure"]

EVENTS = int(os.environ.get("FIRSTHAND_BENCH_EVENTS", "1000000"))


def measure() -> dict[str, float]:
    """The child's peak resident memory in MB, and events a second."""
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
        subprocess.run([*firsthand, "record", str(path), "--as", "Bench"], check=True, **quiet)  # type: ignore[call-overload]
        elapsed = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"peak_mb": peak, "events_per_s": EVENTS / elapsed}
