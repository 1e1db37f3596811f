"""Proposing a mapping for a file, and showing its first rows through it, without recording anything."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from firsthand.errors import UnreadableInput
from firsthand.profiles import MappedRow, Mapping, Profile
from firsthand.profiles.proposal import Proposal, propose
from firsthand.service.row_sources import rows_in

__all__ = ["ShownRow", "preview", "propose_for"]

_LOOKED_AT: Final = 10_000
"""Rows of a sheet that a proposal is made from."""
_BASE: Final = "https://example.org"
"""Begins the URIs that are shown; recording uses the workspace's own."""


@dataclass(frozen=True, slots=True)
class ShownRow:
    """A row as it would be recorded."""

    row: int
    events: list[dict[str, Any]]
    problems: list[str]

    @property
    def text(self) -> str:
        """For people: each event's step, time, lot and what is stated."""
        lines = [f"row {self.row}: {_event_text(event)}" for event in self.events]
        return "\n".join(lines + [f"row {self.row}: {problem}" for problem in self.problems])


def propose_for(path: Path, profile: Profile, name: str, sheet: str | None = None) -> Proposal:
    """A mapping for the file. Raises what reading the file raises, InvalidInput without a date."""
    if not path.is_file():
        raise UnreadableInput(f"{path}: there is no such file")
    return propose(profile, list(islice(rows_in(path, sheet=sheet), _LOOKED_AT)), name)


def preview(
    proposal: Proposal, path: Path, profile: Profile, count: int, sheet: str | None = None
) -> list[ShownRow]:
    """The first rows through the proposal."""
    mapping = Mapping(profile, proposal.mapping)
    mapped = mapping.events(rows_in(path, mapping.header, sheet), _BASE)
    rows = (row for row in mapped if row.events or row.refused)
    return [_shown(row) for row in islice(rows, count)]


def _shown(row: MappedRow) -> ShownRow:
    return ShownRow(row.row_number, list(row.events), [str(problem) for problem in row.problems])


def _event_text(event: dict[str, Any]) -> str:
    stated = {**event, **event.get("ilmd", {})}
    values = [
        f"{name.removeprefix('fh:')} {_value(value)}"
        for name, value in stated.items()
        if name.startswith("fh:") and name not in ("fh:step", "fh:mapping", "fh:profile", "fh:eventPeriod")
    ]
    lots = event.get("quantityList") or [{}]
    lot = lots[0].get("epcClass", event.get("readPoint", {}).get("id", ""))
    amount = f" {lots[0]['quantity']} {lots[0]['uom']}" if "quantity" in lots[0] else ""
    return f"{event['fh:step']} {event['eventTime']} {lot}{amount}; {', '.join(values)}"


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(str(member) for member in value.values())
    return str(value)
