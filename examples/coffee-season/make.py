"""Writes the sample season again, byte for byte: `python make.py` in this folder."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from season_events import (
    CONTEXT,
    COOPERATIVE,
    DRY_MILL,
    EXPORTER,
    FARMERS,
    LABORATORY,
    NAMES,
    NUMBERS,
    ROASTER,
    SHOP,
    WET_MILL,
    Event,
    deliveries,
    dry_mill,
    export,
    grading,
    plots,
    roast,
    shop,
    uri,
    wet_mill,
)

HERE = Path(__file__).parent


def write(name: str, events: list[Event]) -> None:
    """One EPCISDocument, one event a line; the context stands in the document."""
    bare = [{key: value for key, value in one.items() if key != "@context"} for one in events]
    lines = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in bare)
    created = max(one["eventTime"] for one in events)
    head = json.dumps(
        {"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0", "creationDate": created}
    )
    text = f'{head[:-1]}, "epcisBody": {{"eventList": [\n{lines}\n]}}}}\n'
    (HERE / name).write_text(text, encoding="utf-8", newline="\n")


def season(plot_files: list[str]) -> str:
    """The parties, and the files in the order in which they are recorded."""
    lines = [
        "# The sample season: who takes part, and which files they sign, in order. Everything is invented.",
        'base = "https://coop.example"',
        'profile = "coffee"',
        "",
    ]
    makers = [
        (f"farmer-{number}", f"Sample Farmer {NUMBERS[at]}", "maker") for at, number in enumerate(FARMERS)
    ]
    others = [(key, name, role) for key, (name, role) in NAMES.items()]
    for key, name, role in others[:1] + makers + others[1:]:
        lines += ["[[parties]]", f'name = "{name}"', f'role = "{role}"', f'uri = "{uri("party", key)}"', ""]
    files = [(file, f"Sample Farmer {NUMBERS[at]}", "") for at, file in enumerate(plot_files)]
    files.append(("deliveries.csv", NAMES[COOPERATIVE][0], 'mapping = "deliveries"'))
    steps = (WET_MILL, DRY_MILL, LABORATORY, EXPORTER, ROASTER, SHOP)
    files += [(f"{key}.json", NAMES[key][0], "") for key in steps]
    for file, name, extra in files:
        lines += ["[[files]]", f'path = "{file}"', f'signed_by = "{name}"', *filter(None, [extra]), ""]
    return "\n".join(lines[:-1]) + "\n"


def main() -> None:
    """Write every file of the season beside this one."""
    plot_files, book = plots(), deliveries()
    for name, events in plot_files.items():
        write(name, events)
    with (HERE / "deliveries.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(book[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(book)
    wet_events, parchment = wet_mill(book)
    dry_events, green, bags = dry_mill(parchment)
    roast_events, packs = roast(bags)
    write(f"{WET_MILL}.json", wet_events)
    write(f"{DRY_MILL}.json", dry_events)
    write(f"{LABORATORY}.json", grading(green))
    write(f"{EXPORTER}.json", export(bags))
    write(f"{ROASTER}.json", roast_events)
    write(f"{SHOP}.json", shop(packs))
    (HERE / "season.toml").write_text(season(list(plot_files)), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
