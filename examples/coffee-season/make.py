"""Writes the sample season again, byte for byte: `python make.py` in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from frauds import FRAUDS  # noqa: E402
from sample_season import Signed, write_events, write_sheet  # noqa: E402
from season_events import (  # noqa: E402
    COOPERATIVE,
    DRY_MILL,
    EXPORTER,
    LABORATORY,
    NAMES,
    PARTIES,
    ROASTER,
    SEASON,
    SHOP,
    WET_MILL,
    deliveries,
    dry_mill,
    export,
    grading,
    plots,
    roast,
    shop,
    wet_mill,
)


def path_of(key: str) -> str:
    """The file that a party signs."""
    return f"{key.removeprefix('processor-')}.json"


def main() -> None:
    """Write every file of the season beside this one, and the planted frauds."""
    plot_files, book = plots(), deliveries()
    wet_events, parchment = wet_mill(book)
    dry_events, green, bags = dry_mill(parchment)
    roast_events, packs = roast(bags)
    steps = {
        WET_MILL: wet_events,
        DRY_MILL: dry_events,
        LABORATORY: grading(green),
        EXPORTER: export(bags),
        ROASTER: roast_events,
        SHOP: shop(packs),
    }
    farmers = [party.name for party in PARTIES if party.role == "maker"]
    files = [Signed(name, farmer) for name, farmer in zip(plot_files, farmers, strict=True)]
    files.append(Signed("deliveries.csv", NAMES[COOPERATIVE][0], "deliveries"))
    files += [Signed(path_of(key), NAMES[key][0]) for key in steps]
    for name, events in plot_files.items():
        write_events(HERE / name, events)
    write_sheet(HERE / "deliveries.csv", book)
    for key, events in steps.items():
        write_events(HERE / path_of(key), events)
    SEASON.write(HERE, PARTIES, files)
    SEASON.write_frauds(HERE, FRAUDS)


if __name__ == "__main__":
    main()
