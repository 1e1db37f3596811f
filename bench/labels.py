"""10,000 labels, each with a URI of its own, to one PDF of Avery sheets: the process's memory at its peak.

`python -m bench.labels N FILE` is the process that is measured.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from firsthand.service.label_layout import Line
from firsthand.service.label_print import print_labels, sheet_of
from firsthand.service.labels import Label

__all__ = ["measure"]

LABELS = int(os.environ.get("FIRSTHAND_BENCH_LABELS", "10000"))


def measure() -> dict[str, float]:
    """Peak resident memory in MB, labels a second, the file's size in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.pdf"
        command = [sys.executable, "-m", "bench.labels", str(LABELS), str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found: dict[str, float] = json.loads(done.stdout)
        return found | {"labels": LABELS, "file_mb": path.stat().st_size / 1e6}


def _labels(count: int) -> Iterator[Label]:
    for number in range(count):
        lines = (
            Line("Scan to see who made this"),
            Line("Highland coffee", bold=True),
            Line("Origin: Marcala, Honduras"),
            Line(f"Lot: S25-{number:05}", most=3, cut=False),
            Line("Code: K7Q2-9XHM4", bold=True, cut=False, whole=True),
        )
        item = f"https://coop.example/id/item/bag:S25-{number:05}"
        yield Label("", item, "https://coop.example/p/K7Q29XHM4", "K7Q2-9XHM4", lines)


def main(count: int, path: Path) -> None:
    """Write the labels and print what it took."""
    started = time.perf_counter()
    print_labels(_labels(count), sheet_of(None, None, "pdf"), "pdf", path)
    elapsed = time.perf_counter() - started
    # Linux gives ru_maxrss in kilobytes.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": peak, "labels_per_s": count / elapsed}))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
