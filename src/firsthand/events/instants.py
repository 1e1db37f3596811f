"""Times as EPCIS writes them, as instants: whole microseconds since 1970-01-01T00:00:00Z."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from firsthand.errors import InvalidInput

__all__ = ["microseconds", "timestamp_text"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_FIRST: Final = -62_135_596_800_000_000
_END: Final = 253_402_300_800_000_000
"""The years 1 to 9999 in UTC."""

# No looser than any release of Python reads times, so that all of them, and other languages, agree.
_HOUR: Final = r"(?:[01]\d|2[0-3]):[0-5]\d"
_TIMESTAMP: Final = re.compile(rf"\d{{4}}-\d\d-\d\d[Tt]{_HOUR}:(\d\d)(\.\d+)?(Z|[+-]{_HOUR})", re.ASCII)


def microseconds(text: str) -> int:
    """The instant of an xsd:dateTimeStamp (EPCIS 2.0 §7.2); digits beyond microseconds are dropped.

    A leap second counts as the second after it. Raises InvalidInput when it is no time, or has no zone.
    """
    try:
        # By far the commonest spellings; what it takes beyond ours is refused below.
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = _leap_second(text)
    if moment.tzinfo is None or not _TIMESTAMP.fullmatch(text):
        raise InvalidInput(f"expected a time with zone, such as 2026-03-01T12:00:00Z, got {text[:40]!r}")
    return (moment - _EPOCH) // _MICROSECOND


def _leap_second(text: str) -> datetime:
    match = _TIMESTAMP.fullmatch(text)
    if match is not None and match[1] == "60":
        try:
            return datetime.fromisoformat(text[:17] + "59" + text[19:]) + timedelta(seconds=1)
        except (ValueError, OverflowError):
            pass
    raise InvalidInput(f"expected a time with zone, such as 2026-03-01T12:00:00Z, got {text[:40]!r}")


def timestamp_text(instant: int) -> str:
    """An instant as RFC 3339 in UTC with milliseconds, or with microseconds where it has them.

    Raises InvalidInput for one beyond the years 1 to 9999, to which a zone or a term may lead.
    """
    if not _FIRST <= instant < _END:
        raise InvalidInput("a time beyond the years 1 to 9999 cannot be told")
    moment = _EPOCH + instant * _MICROSECOND
    precision = "microseconds" if instant % 1000 else "milliseconds"
    return moment.isoformat(timespec=precision).replace("+00:00", "Z")
