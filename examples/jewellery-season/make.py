"""Writes the sample season again, byte for byte: `python make.py` in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from frauds import FRAUDS  # noqa: E402
from sample_season import Event, Signed, write_events, write_sheet, write_text  # noqa: E402
from season_events import (  # noqa: E402
    ASSAY,
    DIGGERS,
    GALLERY,
    LABORATORY,
    LAPIDARY,
    MINE,
    NAMES,
    ONE,
    PARTIES,
    REFINERY,
    RINGS,
    SEASON,
    TWO,
    assay,
    bench_scrap,
    cut,
    dig,
    drawing,
    gallery,
    goldsmith,
    mine,
    refine,
    refine_scrap,
    report,
    stone_book,
)


def main() -> None:
    """Write every file of the season beside this one, and the planted frauds."""
    steps: list[tuple[str, str, list[Event]]] = [
        ("miners", MINE, mine()),
        ("refinery", REFINERY, refine()),
        ("diggers", DIGGERS, dig()),
        ("lapidary", LAPIDARY, cut()),
        ("gem-laboratory", LABORATORY, report()),
        ("goldsmith-one", ONE, goldsmith(ONE)),
        ("goldsmith-two", TWO, goldsmith(TWO)),
        ("assay-office", ASSAY, assay()),
        ("gallery", GALLERY, gallery()),
        ("goldsmith-one-later", ONE, bench_scrap()),
        ("refinery-scrap", REFINERY, refine_scrap()),
    ]
    files = [Signed(f"{name}.json", NAMES[key][0]) for name, key, _ in steps]
    files.insert(5, Signed("stones.csv", NAMES[TWO][0], "stone-book"))
    for name, _, events in steps:
        write_events(HERE / f"{name}.json", events)
    write_sheet(HERE / "stones.csv", stone_book())
    (HERE / "photographs").mkdir(exist_ok=True)
    for ring in RINGS:
        write_text(HERE / "photographs" / f"ring-{ring.number:03d}.svg", drawing(ring))
    SEASON.write(HERE, PARTIES, files)
    SEASON.write_frauds(HERE, FRAUDS)


if __name__ == "__main__":
    main()
