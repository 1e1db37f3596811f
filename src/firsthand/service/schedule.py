"""Query schedules (EPCIS 2.0 §8.2.5.3): when a subscribed query is run.

Each field is a list of numbers and ranges, `1,5,[10-20]`; what is not given matches always. The day of the
week runs from 1, Monday, to 7, Sunday. All times are UTC. `*` and steps (`0/30`) are read, too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from firsthand.errors import InvalidInput

__all__ = ["FIELDS", "Schedule", "parse_schedule"]

FIELDS: Final = {
    "second": (0, 59),
    "minute": (0, 59),
    "hour": (0, 23),
    "dayOfMonth": (1, 31),
    "month": (1, 12),
    "dayOfWeek": (1, 7),
}
_ELEMENT: Final = re.compile(r"(\d{1,2})|\[(\d{1,2})-(\d{1,2})\]|(\*|\d{1,2})/(\d{1,2})|\*", re.ASCII)
_YEARS: Final = 9
"""A 29th of February on a given day of the week comes once in 28 years at the latest, mostly sooner."""


@dataclass(frozen=True)
class Schedule:
    """The values at which each field matches."""

    second: frozenset[int]
    minute: frozenset[int]
    hour: frozenset[int]
    day: frozenset[int]
    month: frozenset[int]
    weekday: frozenset[int]

    def after(self, moment: datetime) -> datetime | None:
        """The first matching second after a moment (UTC); None when none comes within nine years."""
        at = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        last = at.year + _YEARS
        while at.year <= last:
            if at.month not in self.month:
                at = _next_month(at)
            elif at.day not in self.day or at.isoweekday() not in self.weekday:
                at = at.replace(hour=0, minute=0, second=0) + timedelta(days=1)
            elif at.hour not in self.hour:
                at = at.replace(minute=0, second=0) + timedelta(hours=1)
            elif at.minute not in self.minute:
                at = at.replace(second=0) + timedelta(minutes=1)
            elif at.second not in self.second:
                at += timedelta(seconds=1)
            else:
                return at
        return None


def _next_month(at: datetime) -> datetime:
    year, month = (at.year + 1, 1) if at.month == 12 else (at.year, at.month + 1)
    return at.replace(year=year, month=month, day=1, hour=0, minute=0, second=0)


def parse_schedule(document: dict[str, Any], path: str = "$.schedule") -> Schedule:
    """Read a schedule. Raises InvalidInput with the path; a schedule that never comes is one of those.

    Fields coarser than the finest one given match always; finer ones match at their first value, so that
    `{"hour": "1"}` is once at one o'clock.
    """
    unknown = sorted(set(document) - set(FIELDS))
    if unknown:
        raise InvalidInput(f"unknown field; expected {', '.join(FIELDS)}", f"{path}.{unknown[0]}")
    if not document:
        raise InvalidInput(f"expected at least one of {', '.join(FIELDS)}", path)
    values = []
    given = False
    for name, (low, high) in FIELDS.items():
        if name in document:
            values.append(_values(document[name], low, high, f"{path}.{name}"))
            given = True
        elif given or name in ("dayOfMonth", "month", "dayOfWeek"):
            values.append(frozenset(range(low, high + 1)))
        else:
            values.append(frozenset((low,)))
    schedule = Schedule(*values)
    if schedule.after(datetime(2026, 1, 1, tzinfo=UTC)) is None:
        raise InvalidInput("no such day comes", path)
    return schedule


def _values(text: Any, low: int, high: int, path: str) -> frozenset[int]:
    if type(text) is int:
        text = str(text)
    if type(text) is not str or len(text) > 400:
        raise InvalidInput(f"expected numbers and ranges such as 1,5,[10-20], got {text!r}"[:200], path)
    found: set[int] = set()
    for element in text.split(","):
        match = _ELEMENT.fullmatch(element.strip())
        if match is None:
            raise InvalidInput(f"expected numbers and ranges such as 1,5,[10-20], got {text[:40]!r}", path)
        number, first, last, start, step = match.groups()
        if number is not None:
            span = range(int(number), int(number) + 1)
        elif first is not None:
            span = range(int(first), int(last) + 1)
        elif step is not None:
            span = range(low if start == "*" else int(start), high + 1, int(step) or high + 1)
        else:
            span = range(low, high + 1)
        if not span or span[0] < low or span[-1] > high:
            raise InvalidInput(f"expected {low} to {high}, got {element[:20]!r}", path)
        found.update(span)
    return frozenset(found)
