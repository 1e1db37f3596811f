"""Schedules against the plain reading: the first second at which every field matches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.service.schedule import FIELDS, Schedule, parse_schedule

START = datetime(2026, 1, 30, 22, 58, 57, tzinfo=UTC)


def matches(schedule: Schedule, at: datetime) -> bool:
    return (
        at.second in schedule.second
        and at.minute in schedule.minute
        and at.hour in schedule.hour
        and at.day in schedule.day
        and at.month in schedule.month
        and at.isoweekday() in schedule.weekday
    )


@settings(max_examples=60, deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "second": st.sampled_from(["0", "5,30", "[10-20]", "0/15"]),
            "minute": st.sampled_from(["0", "59", "[0-59]", "*"]),
            "hour": st.sampled_from(["23", "0,12", "[22-23]"]),
            "dayOfWeek": st.sampled_from(["1", "5,6", "[6-7]"]),
        },
    ).filter(bool)
)
def test_the_next_time_is_the_first_that_matches(document: dict[str, str]) -> None:
    schedule = parse_schedule(document)
    found = schedule.after(START)
    assert found is not None
    assert matches(schedule, found)
    at = START
    while at < min(found, START + timedelta(hours=26)):
        at += timedelta(seconds=1)
        assert at == found or not matches(schedule, at)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({"hour": "1", "minute": "5"}, "2026-01-31T01:05:00"),
        ({"second": "0/30"}, "2026-01-30T22:59:00"),
        ({"dayOfMonth": "31", "month": "3"}, "2026-03-31T00:00:00"),
        ({"dayOfMonth": "29", "month": "2"}, "2028-02-29T00:00:00"),
        ({"dayOfWeek": "7"}, "2026-02-01T00:00:00"),
    ],
)
def test_known_times(document: dict[str, str], expected: str) -> None:
    found = parse_schedule(document).after(START)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "60", "-1", "1-5", "[5-1]", "[1-]", "a", "1,,2", "1/", "*/*", None, 1.5, ["1"]]
)
def test_what_is_no_schedule_is_refused_by_path(text: Any) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_schedule({"minute": text})
    assert caught.value.path == "$.schedule.minute"


def test_days_that_never_come_and_unknown_fields() -> None:
    for document in ({"dayOfMonth": "31", "month": "2"}, {}, {"year": "2030"}):
        with pytest.raises(InvalidInput):
            parse_schedule(document)
    assert set(FIELDS) == {"second", "minute", "hour", "dayOfMonth", "month", "dayOfWeek"}
