"""The rules over scans: distances, speeds, bursts, and which word comes first."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.service.scan_verdict import (
    CELL_KM,
    Facts,
    Point,
    Reason,
    Scan,
    coarse_point,
    great_circle_km,
    judge,
)
from firsthand.service.settings import Scans

LIMITS = Scans()
HOUR = 3600
NOTHING = Facts()

LONDON, MUNICH, BOGOTA, NAIROBI = (
    coarse_point(*place) for place in ((51.5, -0.1), (48.1, 11.6), (4.7, -74.1), (-1.3, 36.8))
)

points = st.builds(Point, st.integers(-900, 900), st.integers(-1800, 1800))


def scan(at: int, point: Point | None = None, device: bytes | None = None, tag: bool = False) -> Scan:
    return Scan(at, point, device, tag)


def kinds(scans: list[Scan], facts: Facts = NOTHING) -> tuple[str, list[str]]:
    verdict = judge(scans, facts, LIMITS)
    return verdict.word, [reason.kind for reason in verdict.reasons]


@given(points, points, points)
def test_the_great_circle_is_a_distance(one: Point, other: Point, third: Point) -> None:
    apart = great_circle_km(one, other)
    assert great_circle_km(one, one) == 0
    assert apart == pytest.approx(great_circle_km(other, one))
    assert 0 <= apart <= 20_015.2
    assert apart <= great_circle_km(one, third) + great_circle_km(third, other) + 1e-3


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        # A quarter and half of a meridian of the sphere of radius 6371.0088 km; across the date line; poles.
        (Point(0, 0), Point(900, 0), 10007.557),
        (Point(0, 0), Point(0, 1800), 20015.115),
        (Point(0, 1799), Point(0, -1799), 22.239),
        (Point(900, 0), Point(900, 1234), 0.0),
    ],
)
def test_known_distances(one: Point, other: Point, expected: float) -> None:
    assert great_circle_km(one, other) == pytest.approx(expected, abs=0.01)


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_a_kept_place_is_at_most_half_a_cell_off(latitude: float, longitude: float) -> None:
    kept = coarse_point(latitude, longitude)
    assert abs(kept.latitude / 10 - latitude) <= 0.05 + 1e-9
    assert abs(kept.longitude / 10 - longitude) <= 0.05 + 1e-9
    # The slack is for two places, each off by half a diagonal at the equator.
    assert great_circle_km(Point(0, 0), Point(1, 1)) <= CELL_KM


def test_the_first_the_second_and_the_same_device() -> None:
    assert kinds([]) == ("first-scan", ["no-other-scan"])
    assert kinds([scan(0)]) == ("first-scan", ["no-other-scan"])
    assert kinds([scan(0, device=b"a"), scan(9, device=b"b")]) == ("seen-before", ["earlier-scans"])
    assert kinds([scan(0, device=b"a"), scan(9, device=b"a")]) == ("seen-before", ["same-device"])
    assert kinds([scan(0), scan(9)]) == ("seen-before", ["earlier-scans"])


def test_two_far_places_in_too_short_a_time() -> None:
    assert kinds([scan(0, LONDON), scan(HOUR // 2, BOGOTA)]) == ("be-careful", ["too-far-too-soon"])
    assert kinds([scan(0, LONDON), scan(9 * HOUR, BOGOTA)])[0] == "seen-before"
    # The suspicion stays while the scans are kept, and needs no place of the newest.
    assert kinds([scan(0, LONDON), scan(60, BOGOTA), scan(99 * HOUR)])[0] == "be-careful"
    # Nearer than 100 km nothing is said, however soon: networks guess places wrongly.
    assert kinds([scan(0, Point(0, 0)), scan(0, Point(0, 8))])[0] == "seen-before"


@given(st.lists(points, min_size=2, max_size=8))
def test_a_journey_that_a_plane_can_make_raises_nothing(places: list[Point]) -> None:
    at, scans = 0, [scan(0, places[0], b"a")]
    for before, after in pairwise(places):
        at += int(great_circle_km(before, after) / LIMITS.speed_kmh * HOUR) + 1
        scans.append(scan(at, after, b"a"))
    assert kinds(scans) == ("seen-before", ["same-device"])


@given(points, points, st.integers(0, 20 * HOUR))
def test_what_is_too_fast_is_found(here: Point, there: Point, seconds: int) -> None:
    apart = great_circle_km(here, there)
    too_fast = apart >= LIMITS.far_km and (apart - CELL_KM) / LIMITS.speed_kmh * HOUR > seconds
    assert (kinds([scan(0, here), scan(seconds, there)])[0] == "be-careful") == too_fast


def test_a_burst_is_of_devices_within_an_hour() -> None:
    many = [scan(at, device=bytes([at])) for at in range(LIMITS.burst_devices)]
    assert kinds(many) == ("be-careful", ["burst"])
    assert kinds(many[1:])[0] == "seen-before"
    assert kinds([scan(at, device=b"a") for at in range(100)])[0] == "seen-before"
    assert kinds([scan(at * HOUR, device=bytes([at])) for at in range(100)])[0] == "seen-before"
    assert kinds([scan(at) for at in range(LIMITS.burst_devices)])[0] == "be-careful"


def test_where_the_tag_answered_scans_without_it_blacken_nothing() -> None:
    forged = [scan(at, BOGOTA if at % 2 else NAIROBI, bytes([at])) for at in range(50)]
    assert kinds([*forged, scan(60, MUNICH)])[0] == "be-careful"
    assert kinds([*forged, scan(60, MUNICH, tag=True)])[0] == "seen-before"
    taps = [scan(0, BOGOTA, tag=True), scan(60, MUNICH, tag=True)]
    assert kinds(taps)[0] == "be-careful"


def test_what_is_known_of_the_piece_comes_before_its_scans() -> None:
    claimed = "2026-05-01T10:00:00Z"
    word, found = kinds([scan(0), scan(9)], Facts(claimed=claimed))
    assert (word, found) == ("claimed", ["claimed", "earlier-scans"])
    assert judge([scan(0)], Facts(claimed=claimed), LIMITS).text == "Claimed on 2026-05-01."
    assert kinds([scan(0)], Facts(recorded=False, shipped=False)) == ("be-careful", ["not-recorded"])
    assert kinds([scan(0)], Facts(shipped=False)) == ("be-careful", ["not-shipped"])
    assert kinds([scan(0)], Facts(claimed=claimed, stolen=True, ended=True)) == (
        "be-careful",
        ["stolen", "ended"],
    )
    trouble = Reason("tag-replayed", "used before")
    verdict = judge([scan(0)], Facts(tag_trouble=trouble), LIMITS)
    assert (verdict.word, verdict.text) == ("be-careful", "Be careful: used before")
