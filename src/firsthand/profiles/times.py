"""Reading a cell that holds a day and the time on it: scale logs, and forms that people filled in."""

from __future__ import annotations

import re
from datetime import date, datetime, time

from firsthand.errors import InvalidInput
from firsthand.profiles.readers import Calendar, read_date

__all__ = ["event_times", "read_time"]

_ISO = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]{1,9})?)?"
    r"([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)?"
)
_SPLIT = re.compile(
    r"(?P<day>.+?),?[ T]+(?P<hour>[0-9]{1,2})[:h.](?P<minute>[0-9]{2})(?:[:.](?P<second>[0-9]{2}))?"
    r"\s*(?P<half>[ap]\.?\s?m\.?)?",
    re.IGNORECASE,
)


def read_time(cell: str, calendar: Calendar) -> datetime:
    """A day and a time: ISO 8601 with or without an offset, or a date as `read_date` takes it and hours.

    Without an offset it is local time, and the result has no zone. Raises InvalidInput.
    """
    text = " ".join(cell.split())
    if _ISO.fullmatch(text):
        return _iso(text)
    match = _SPLIT.fullmatch(text)
    if match is None:
        raise InvalidInput("expected a day and a time like 2025-10-06 07:31")
    day = read_date(match["day"], calendar)
    hour, half = int(match["hour"]), (match["half"] or "")[:1].lower()
    if half and not 1 <= hour <= 12:
        raise InvalidInput("with am or pm the hour is 1 to 12")
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    try:
        return datetime.combine(day, time(hour, int(match["minute"]), int(match["second"] or 0)))
    except ValueError:
        raise InvalidInput("there is no such time of day") from None


def _iso(text: str) -> datetime:
    head, _, fraction = text.upper().replace(",", ".").partition(".")
    digits = re.match("[0-9]*", fraction)
    kept = digits[0] if digits else ""
    # datetime keeps microseconds.
    joined = head if not fraction else f"{head}.{kept[:6].ljust(6, '0')}{fraction[len(kept) :]}"
    try:
        found = datetime.fromisoformat(joined)
    except ValueError:
        raise InvalidInput("there is no such day or time") from None
    if not date(1900, 1, 1) <= found.date() <= date(2100, 12, 31):
        raise InvalidInput("expected a year from 1900 to 2100")
    return found


def event_times(moment: datetime, offset: str) -> dict[str, str]:
    """`eventTime` and `eventTimeZoneOffset` of an instant; `offset` holds where it says none itself."""
    if moment.tzinfo is not None:
        text = moment.isoformat()
        return {
            "eventTime": text.removesuffix("+00:00") + ("Z" if text.endswith("+00:00") else ""),
            "eventTimeZoneOffset": text[-6:],
        }
    zone = "Z" if offset == "+00:00" else offset
    return {"eventTime": moment.isoformat() + zone, "eventTimeZoneOffset": offset}
