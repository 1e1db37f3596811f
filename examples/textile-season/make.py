"""Writes the sample season again, byte for byte: `python make.py` in this folder."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from frauds import FRAUDS  # noqa: E402
from sample_season import Signed, write_events, write_sheet, write_text  # noqa: E402
from season_events import (  # noqa: E402
    BRAND,
    COOPERATIVE,
    DYER,
    GIN,
    INSPECTOR,
    LOOM_HOUSE,
    PARTIES,
    PIECES,
    SEASON,
    SHOP,
    SPINNER,
    WEAVERS,
    brand,
    dye,
    gin,
    inspect,
    intake,
    loom_house,
    plots,
    shawl,
    shop,
    spin,
    weave,
)


def path_of(key: str) -> str:
    """The file that a party signs."""
    return f"{key.removeprefix('processor-')}.json"


def main() -> None:
    """Write every file of the season beside this one, and the planted frauds."""
    names = {party.key: party.name for party in PARTIES}
    plot_files, book, pieces = plots(), intake(), weave()
    gin_events, lint = gin(book)
    spin_events, _ = spin(lint)
    before = {GIN: gin_events, SPINNER: spin_events, DYER: dye()}
    after = {INSPECTOR: inspect(), BRAND: brand(), SHOP: shop()}
    steps = {
        **before,
        **{weaver: pieces[weaver] for weaver in WEAVERS},
        LOOM_HOUSE: loom_house(pieces[LOOM_HOUSE]),
        **after,
    }
    growers = [name for key, name in names.items() if key.startswith("grower-")]
    files = [Signed(path, name) for path, name in zip(plot_files, growers, strict=True)]
    files.append(Signed("fibre-intake.csv", names[COOPERATIVE], "fibre-intake"))
    files += [Signed(path_of(key), names[key]) for key in steps]
    for path, events in plot_files.items():
        write_events(HERE / path, events)
    write_sheet(HERE / "fibre-intake.csv", book)
    for key, events in steps.items():
        write_events(HERE / path_of(key), events)
    (HERE / "photographs").mkdir(exist_ok=True)
    for number in range(len(PIECES)):
        write_text(HERE / "photographs" / f"shawl-{number + 1:03d}.svg", shawl(number))
    SEASON.write(HERE, PARTIES, files)
    SEASON.write_frauds(HERE, FRAUDS)


if __name__ == "__main__":
    main()
