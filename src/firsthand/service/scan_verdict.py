"""What the scans of a piece tell a shopper: the rules, as a pure function of what is known.

A finding is a hint and not a proof: labels can be copied, and anybody can send a scan. Where the tag itself
answered, scans without its message are left out of the judgement, so that nobody can blacken a genuine piece
from afar.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import asin, cos, radians, sin, sqrt
from typing import Final, Literal, NamedTuple

from firsthand.service.settings import Scans

__all__ = [
    "CELL_KM",
    "Facts",
    "Reason",
    "Scan",
    "Verdict",
    "Word",
    "coarse_point",
    "great_circle_km",
    "judge",
]

Word = Literal["first-scan", "seen-before", "claimed", "be-careful"]

_EARTH_KM: Final = 6371.0088
"""Mean radius R1 of the IUGG (GRS 80, Moritz 2000)."""

CELL_KM: Final = 15.8
"""A place is kept to a tenth of a degree: two of them may each be 7.9 km (half the cell's diagonal at the
equator) off."""

_HOUR: Final = 3600


class Point(NamedTuple):
    """Latitude and longitude in tenths of a degree (WGS 84)."""

    latitude: int
    longitude: int


class Scan(NamedTuple):
    """One scan: `at` in seconds since 1970; `device` tells devices of one piece apart; `tag`: whether the
    piece's tag proved that it was there."""

    at: int
    point: Point | None
    device: bytes | None
    tag: bool


class Reason(NamedTuple):
    """Why: a fixed word for programs, and a sentence."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a piece beside its scans; `tag_trouble` is why a tag's message was refused."""

    recorded: bool = True
    shipped: bool = True
    claimed: str | None = None
    stolen: bool = False
    ended: bool = False
    tag_trouble: Reason | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """A word for the shopper with its reasons; `scans` are those kept of this piece, this one included."""

    word: Word
    text: str
    reasons: tuple[Reason, ...]
    scans: int
    tag: bool


def coarse_point(latitude: float, longitude: float) -> Point:
    """A place in degrees to a tenth of one; the caller checks that it is on Earth."""
    return Point(round(latitude * 10), round(longitude * 10))


def great_circle_km(one: Point, other: Point) -> float:
    """The distance on the sphere, by the haversine formula (Sinnott 1984)."""
    lat1, lon1, lat2, lon2 = (radians(value / 10) for value in (*one, *other))
    half = sin((lat2 - lat1) / 2) ** 2 + cos(lat1) * cos(lat2) * sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_KM * asin(sqrt(min(1.0, half)))


def judge(scans: Sequence[Scan], facts: Facts, limits: Scans) -> Verdict:
    """The word for the newest of these scans, which are in the order of time; none is *first scan*, too.

    Before anything else come reasons to be careful; then that the piece was claimed; then whether it was
    seen before.
    """
    now = scans[-1] if scans else None
    tag = now is not None and now.tag
    weighed = [scan for scan in scans if scan.tag] if tag else list(scans)
    alarms = [*_of_facts(facts), *_far(weighed, limits), *_burst(weighed, limits)]
    if alarms:
        return Verdict("be-careful", f"Be careful: {alarms[0].text}", tuple(alarms), len(scans), tag)
    seen = _seen(scans, limits)
    if facts.claimed is not None:
        day = facts.claimed[:10]
        claimed = Reason(
            "claimed", f"its owner claimed it on {day}; whoever offers it as new is not that owner"
        )
        return Verdict("claimed", f"Claimed on {day}.", (claimed, seen), len(scans), tag)
    if len(scans) > 1:
        return Verdict("seen-before", "Seen before.", (seen,), len(scans), tag)
    return Verdict("first-scan", "First scan.", (seen,), len(scans), tag)


def _of_facts(facts: Facts) -> Iterator[Reason]:
    if facts.tag_trouble is not None:
        yield facts.tag_trouble
    if facts.stolen:
        yield Reason("stolen", "it was reported stolen")
    if facts.ended:
        yield Reason("ended", "its certificate was ended: the piece was destroyed or lost")
    if not facts.recorded:
        yield Reason("not-recorded", "no record here speaks of this serial")
    elif not facts.shipped:
        yield Reason("not-shipped", "this serial was never shipped or sold, by the records here")


def _far(scans: Sequence[Scan], limits: Scans) -> Iterator[Reason]:
    """The last two scans in a row that are too far apart for the time between.

    If each step from place to place was possible, so is every longer way: only neighbours are compared.
    """
    placed = [(scan.at, scan.point) for scan in scans if scan.point is not None]
    for (before, here), (after, there) in reversed(list(pairwise(placed))):
        apart = great_circle_km(here, there)
        hours = (after - before) / _HOUR
        if apart >= limits.far_km and apart - CELL_KM > limits.speed_kmh * hours:
            yield Reason(
                "too-far-too-soon",
                f"it was scanned in two places {apart:.0f} km apart within {_span(after - before)}; "
                "one of them is a copy",
            )
            return


def _burst(scans: Sequence[Scan], limits: Scans) -> Iterator[Reason]:
    if not scans:
        return
    since = scans[-1].at - _HOUR
    recent = [scan for scan in scans if scan.at > since]
    named = {scan.device for scan in recent if scan.device is not None}
    devices = len(named) + sum(scan.device is None for scan in recent)
    if devices >= limits.burst_devices:
        yield Reason(
            "burst", f"{devices} devices scanned this serial within an hour: it may stand on many copies"
        )


def _seen(scans: Sequence[Scan], limits: Scans) -> Reason:
    earlier = scans[:-1]
    if not earlier:
        return Reason("no-other-scan", f"no other scan of it in the last {limits.keep_days} days")
    own = scans[-1].device
    if own is not None and all(scan.device == own for scan in earlier):
        return Reason("same-device", f"{len(earlier)} scans before, all by this device")
    return Reason("earlier-scans", f"{len(earlier)} scans before, in the last {limits.keep_days} days")


def _span(seconds: int) -> str:
    if seconds < 60:
        return "a minute"
    return f"{seconds // 60 + 1} minutes" if seconds < 2 * _HOUR else f"{seconds // _HOUR + 1} hours"
