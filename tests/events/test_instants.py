"""Times as instants: the same in every release of Python, and in the browser's verifier."""

from __future__ import annotations

import pytest

from firsthand.errors import InvalidInput
from firsthand.events.instants import microseconds, timestamp_text


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000Z"),
        ("2026-03-01t12:00:00.1234567+05:30", "2026-03-01T06:30:00.123456Z"),
        ("2026-12-31T23:59:60.5Z", "2027-01-01T00:00:00.500Z"),
        ("0001-01-01T00:00:00-23:59", "0001-01-01T23:59:00.000Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_is_one_instant(text: str, instant: str) -> None:
    assert timestamp_text(microseconds(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        *("2026-03-01", "2026-03-01T12:00:00", "2026-02-29T12:00:00Z", "0000-01-01T00:00:00Z", ""),
        *("2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z", "2026-03-01T12:00:61Z", "2026-03-01T12:00:00z"),
        *("2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+05:60", "9999-12-31T23:59:60Z"),
        *("2026-03-01T12:00:00.Z", "2026-03-01T12:00:00,5Z", "2026-03-01 12:00:00Z", "٢٠٢٦-03-01T12:00:00Z"),
    ],
)
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(InvalidInput, match="expected a time with zone"):
        microseconds(text)


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00"])
def test_a_time_that_its_zone_leads_out_of_the_calendar_has_no_text(text: str) -> None:
    with pytest.raises(InvalidInput, match="beyond the years"):
        timestamp_text(microseconds(text))
