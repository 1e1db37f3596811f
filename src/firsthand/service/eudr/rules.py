"""The rules that a plot's numbers keep: range, decimals, closed rings, winding, axes, country.

Each rule yields findings; none repairs anything. Sources: Regulation (EU) 2023/1115, article 2(28); RFC 7946;
EUDR GeoJSON File Description 1.5 (no holes, no crossing sides, at most 4 hectares to a point).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Final

from firsthand.service.eudr.countries import countries_at, country_name, is_country, lies_in
from firsthand.service.eudr.plots import POINT_LIMIT, Finding, Plot, Position, Ring, Severity, Shape

__all__ = [
    "check_area",
    "check_axes",
    "check_numbers",
    "check_rings",
    "in_range",
    "spans_antimeridian",
    "twice_area",
]

LEAST_DECIMALS: Final = 6
_PREFIX: Final = re.compile(r"([A-Z]{2})[-_/ :.]")
_WIDEST: Final = Decimal(2)
"""Degrees: no plot is some 200 km wide, but one with a position whose axes are swapped is."""

_PROJECTED: Final = Decimal(1000)


def check_numbers(plot: Plot) -> Iterator[Finding]:
    """Positions within WGS 84's range, and with at least six decimals."""
    positions = [position for shape in plot.shapes for position in shape.positions()]
    if not positions:
        return
    outside = next((position for position in positions if not in_range(position)), None)
    if outside is not None:
        yield _found(plot, "error", "out-of-range", _out_of_range(outside))
        return
    if any(not any(position) for position in positions):
        yield _found(
            plot, "error", "null-island", "0, 0 is what a device writes when it does not know where it is"
        )
    yield from _check_decimals(plot, positions)


def in_range(position: Position) -> bool:
    """Whether it is a longitude and a latitude (RFC 7946 §4: WGS 84, decimal degrees)."""
    longitude, latitude = position
    return abs(longitude) <= 180 and abs(latitude) <= 90


def _out_of_range(position: Position) -> str:
    longitude, latitude = position
    said = f"longitude {_short(longitude)}, latitude {_short(latitude)}: expected -180 to 180 and -90 to 90"
    if max(abs(longitude), abs(latitude)) > _PROJECTED:
        return f"{said}; these look like metres of a projected system: reproject to WGS 84"
    if in_range((latitude, longitude)):
        return f"{said}; longitude and latitude seem to be swapped"
    return said


def _check_decimals(plot: Plot, positions: list[Position]) -> Iterator[Finding]:
    """Six decimals, but for zeros at the end, which programs that write JSON numbers drop.

    A number is taken for one that lost its zeros as long as that is likelier than 1 in 20 among so many
    numbers, and as long as most of the plot's numbers have six decimals.
    """
    decimals = [_decimals(number) for position in positions for number in position]
    short = [count for count in decimals if count < LEAST_DECIMALS]
    if not short:
        return
    least = min(short)
    likely = len(decimals) * Decimal(10) ** (least - LEAST_DECIMALS) >= Decimal("0.05")
    if likely and len(short) * 2 <= len(decimals):
        yield _found(
            plot,
            "warning",
            "dropped-zeros",
            f"{len(short)} of {len(decimals)} numbers have fewer than six decimals; zeros at the end may "
            "have been dropped, write them out",
        )
    else:
        yield _found(
            plot,
            "error",
            "too-few-decimals",
            f"a coordinate has {least} decimals, expected at least six "
            "(Regulation (EU) 2023/1115, article 2(28))",
        )


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def check_rings(plot: Plot) -> Iterator[Finding]:
    """Rings closed, with four positions or more, wound as RFC 7946 §3.1.6 says, without holes."""
    for shape in plot.shapes:
        for rings in shape.polygons:
            for number, ring in enumerate(rings):
                yield from _check_ring(plot, shape, ring, hole=number > 0)
            if len(rings) > 1:
                yield _found(plot, "error", "hole", _hole(rings))
    if spans_antimeridian(plot):
        yield _found(
            plot,
            "error",
            "antimeridian",
            "the polygon spans more than 180 degrees: cut it in two at the antimeridian (RFC 7946 §3.1.9)",
        )


def _hole(rings: tuple[Ring, ...]) -> str:
    if any(set(ring) == set(rings[0]) for ring in rings[1:]):
        return "a hole is the same as the outer ring, so that no area is left"
    return (
        "the polygon has a hole, which the EU information system does not read: cut it into polygons without"
    )


def _check_ring(plot: Plot, shape: Shape, ring: Ring, *, hole: bool) -> Iterator[Finding]:
    if ring[:1] != ring[-1:]:
        yield _found(
            plot,
            "error",
            "unclosed-ring",
            "the ring's last position is not its first (RFC 7946 §3.1.6): repeat the first",
        )
    if len(ring) < 4 or len(set(ring)) < 3:
        yield _found(
            plot,
            "error",
            "short-ring",
            f"a ring has {len(ring)} positions, {len(set(ring))} of them different; "
            "expected four, three of them different",
        )
        return
    if any(first == second for first, second in pairwise(ring)):
        yield _found(plot, "warning", "repeated-position", "a position is written twice in a row")
    if shape.wound and ring[:1] == ring[-1:] and (area := twice_area(ring)) and (area < 0) != hole:
        expected = "clockwise" if hole else "counterclockwise"
        yield _found(
            plot, "error", "wrong-winding", f"the ring does not run {expected} (RFC 7946 §3.1.6): reverse it"
        )


def twice_area(ring: Ring) -> Decimal:
    """Twice the signed area in square degrees: positive when it runs counterclockwise."""
    return sum(
        (x * next_y - next_x * y for (x, y), (next_x, next_y) in pairwise(ring)),
        Decimal(0),
    )


def spans_antimeridian(plot: Plot) -> bool:
    """Whether one polygon is wider than half the globe."""
    for shape in plot.shapes:
        for rings in shape.polygons:
            longitudes = [position[0] for ring in rings for position in ring]
            if longitudes and max(longitudes) - min(longitudes) > 180:
                return True
    return False


def check_axes(plot: Plot) -> Iterator[Finding]:
    """Longitude first: a plot lies in the country that it is said to be in, and on land in any case."""
    positions = [position for shape in plot.shapes for position in shape.positions()]
    if not positions or not all(map(in_range, positions)) or spans_antimeridian(plot) or plot.sample:
        return
    if any(_wide(rings) for shape in plot.shapes for rings in shape.polygons):
        yield _found(
            plot,
            "error",
            "too-wide",
            "a polygon is wider than two degrees: is one of its positions swapped or lost?",
        )
        return
    longitude, latitude = (float(number) for number in positions[0])
    if plot.country is not None:
        yield from _check_country(plot, plot.country, longitude, latitude)
        return
    found = countries_at(longitude, latitude)
    turned = _turned(longitude, latitude)
    match = _PREFIX.match(plot.identifier or "")
    hinted = match[1] if match and is_country(match[1]) else None
    if not found and turned:
        yield _swapped(plot, longitude, latitude, turned)
    elif not found:
        yield _found(plot, "error", "not-on-land", f"{longitude}, {latitude} lies in no country")
    elif hinted and not lies_in(hinted, longitude, latitude):
        if hinted in turned:
            yield _swapped(plot, longitude, latitude, frozenset([hinted]))
        else:
            yield _found(
                plot,
                "warning",
                "country-mismatch",
                f"the identifier begins with {hinted}, and the plot lies in {_named(found)}",
            )


def _check_country(plot: Plot, country: str, longitude: float, latitude: float) -> Iterator[Finding]:
    if lies_in(country, longitude, latitude):
        return
    if abs(longitude) <= 90 and lies_in(country, latitude, longitude):
        yield _swapped(plot, longitude, latitude, frozenset([country]))
    elif found := countries_at(longitude, latitude):
        yield _found(
            plot,
            "error",
            "country-mismatch",
            f"the plot is said to be in {country_name(country)}, and lies in {_named(found)}",
        )
    else:
        yield _found(
            plot,
            "error",
            "not-on-land",
            f"the plot is said to be in {country_name(country)}, "
            f"and {longitude}, {latitude} lies in no country",
        )


def _turned(longitude: float, latitude: float) -> frozenset[str]:
    return countries_at(latitude, longitude) if abs(longitude) <= 90 else frozenset()


def _swapped(plot: Plot, longitude: float, latitude: float, countries: frozenset[str]) -> Finding:
    return _found(
        plot,
        "error",
        "swapped-axes",
        f"longitude and latitude seem to be swapped: {latitude}, {longitude} would lie in "
        f"{_named(countries)} "
        "(RFC 7946 §3.1.1: longitude first)",
    )


def _wide(rings: tuple[Ring, ...]) -> bool:
    for axis in (0, 1):
        values = [position[axis] for ring in rings for position in ring]
        if max(values) - min(values) > _WIDEST:
            return True
    return False


def check_area(plot: Plot) -> Iterator[Finding]:
    """Up to 4 hectares a point is enough; cattle establishments may always use one (article 2(28))."""
    points = sum(len(shape.points) for shape in plot.shapes)
    if not points or any(shape.polygons for shape in plot.shapes):
        return
    if plot.area is None:
        yield _found(
            plot,
            "warning",
            "area-missing",
            "a point without Area is taken for 4 hectares by the EU information system",
        )
    elif plot.area > POINT_LIMIT * points and plot.commodity not in ("cattle", "ganado", "bovins", "gado"):
        said = "a point" if points == 1 else f"{points} points"
        yield _found(
            plot,
            "error",
            "point-over-4-ha",
            f"{said} for {plot.area:f} hectares: above 4 hectares a plot needs its polygon "
            "(Regulation (EU) 2023/1115, article 2(28))",
        )


def _named(codes: frozenset[str]) -> str:
    return " or ".join(country_name(code) for code in sorted(codes))


def _short(number: Decimal) -> str:
    return f"{number:.8g}" if abs(number) < Decimal("1e12") else "beyond any"


def _found(plot: Plot, severity: Severity, code: str, message: str) -> Finding:
    return Finding(severity, code, plot.place, message, plot.identifier)
