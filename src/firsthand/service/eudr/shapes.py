"""The rules that need geometry: sides that cross, area, slivers, plots that cover one another.

Area is that of the ellipsoid (PROJ, WGS 84), in hectares; topology is judged in degrees by GEOS.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any, Final

import shapely

from firsthand.service.eudr.plots import Finding, Plot, Ring
from firsthand.service.eudr.rules import in_range, spans_antimeridian

__all__ = ["check_overlaps", "check_shapes", "plot_hectares", "polygons_of"]

_THINNEST: Final = 1.0
"""Metres of mean width (2 × area / perimeter): less is a slip of the pen, not a plot."""

_SMALLEST: Final = 0.001
"""Hectares, 10 m²."""

_LARGEST: Final = 10_000
_SQUARE_METRES: Final = 10_000
_OFF: Final = 0.2
"""A stated area may differ from the drawn one by a fifth, or by a tenth of a hectare."""

_SAME: Final = 0.5
_TOUCHING: Final = 0.05
"""Shares of the smaller plot: walked borders overlap by a little; half of it is the same land twice."""


@cache
def _geod() -> Any:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def polygons_of(plot: Plot) -> list[Any]:
    """Its polygons whose rings are closed and long enough, as shapely's."""
    return [
        shapely.Polygon(
            [_plain(position) for position in rings[0]], [list(map(_plain, ring)) for ring in rings[1:]]
        )
        for shape in plot.shapes
        for rings in shape.polygons
        if all(_is_ring(ring) for ring in rings)
    ]


def plot_hectares(plot: Plot) -> float:
    """The area of its polygons on the ellipsoid."""
    return sum(_measured(polygon)[0] for polygon in polygons_of(plot))


def check_shapes(plot: Plot) -> Iterator[Finding]:
    """Each polygon simple and wide enough to be land, its parts apart, its area as stated."""
    polygons = polygons_of(plot)
    if not polygons or spans_antimeridian(plot):
        return
    sound = True
    for polygon in polygons:
        for finding in _check_polygon(plot, polygon):
            sound = False
            yield finding
    if not sound:
        return
    if len(polygons) > 1 and not shapely.MultiPolygon(polygons).is_valid:
        yield Finding(
            "error", "overlapping-parts", plot.place, "two of the plot's polygons overlap", plot.identifier
        )
    yield from _check_size(plot, sum(_measured(polygon)[0] for polygon in polygons))


def _check_polygon(plot: Plot, polygon: Any) -> Iterator[Finding]:
    # A hole is an error in itself, so only the outer ring is left to be judged.
    reason = shapely.is_valid_reason(shapely.Polygon(polygon.exterior))
    if reason != "Valid Geometry":
        where = reason.partition("[")[2].rstrip("]")
        yield Finding(
            "error",
            "self-crossing",
            plot.place,
            f"the boundary crosses or touches itself at {where or 'some place'}",
            plot.identifier,
        )
        return
    area, width = _measured(polygon)
    if area < _SMALLEST or width < _THINNEST:
        yield Finding(
            "error",
            "sliver",
            plot.place,
            f"a polygon of {area * _SQUARE_METRES:.3g} m² and {width:.2g} m mean width is no plot",
            plot.identifier,
        )


def _check_size(plot: Plot, area: float) -> Iterator[Finding]:
    if area > _LARGEST:
        yield Finding(
            "warning", "very-large", plot.place, f"{area:,.0f} hectares: is this one plot?", plot.identifier
        )
    if plot.area is not None and abs(float(plot.area) - area) > max(_OFF * area, 0.1):
        yield Finding(
            "warning",
            "area-mismatch",
            plot.place,
            f"{plot.area:f} hectares are stated, the polygon has {area:.2f}",
            plot.identifier,
        )


def check_overlaps(plots: list[Plot]) -> Iterator[Finding]:
    """Plots that name the same land: the same point, the same polygon, or one over another."""
    points: dict[tuple[Decimal, Decimal], Plot] = {}
    for plot in plots:
        if len(plot.shapes) == 1 and len(plot.shapes[0].points) == 1 and not plot.shapes[0].polygons:
            position = plot.shapes[0].points[0]
            first = points.setdefault(position, plot)
            if first is not plot:
                yield _doubled(plot, first, "the same point")
    drawn = [
        (plot, shapely.union_all(polygons))
        for plot in plots
        if (polygons := [polygon for polygon in polygons_of(plot) if polygon.is_valid])
        and all(map(in_range, (position for shape in plot.shapes for position in shape.positions())))
    ]
    if len(drawn) < 2:
        return
    tree = shapely.STRtree([polygon for _, polygon in drawn])
    left, right = tree.query([polygon for _, polygon in drawn], predicate="intersects")
    for first, second in sorted(zip(left.tolist(), right.tolist(), strict=True)):
        if first < second:
            yield from _check_pair(drawn[second], drawn[first])


def _check_pair(later: tuple[Plot, Any], earlier: tuple[Plot, Any]) -> Iterator[Finding]:
    (plot, polygon), (other, under) = later, earlier
    # Shares of one small area: degrees serve as well as metres.
    share = polygon.intersection(under).area / max(min(polygon.area, under.area), 1e-18)
    if share > _SAME:
        yield _doubled(plot, other, f"{share:.0%} of the smaller one" if share < 0.999 else "the same land")
    elif share > _TOUCHING:
        yield Finding(
            "warning",
            "overlap",
            plot.place,
            f"it overlaps {_said(other)} by {share:.0%} of the smaller one",
            plot.identifier,
        )


def _doubled(plot: Plot, other: Plot, what: str) -> Finding:
    return Finding(
        "error", "doubled-geometry", plot.place, f"it is {what} as {_said(other)}", plot.identifier
    )


def _said(plot: Plot) -> str:
    return f"{plot.place} ({plot.identifier})" if plot.identifier else plot.place


def _measured(polygon: Any) -> tuple[float, float]:
    """Hectares, and the mean width in metres."""
    # PROJ adds up rings by their winding: a hole that is wound like its outer ring would add.
    area, perimeter = _geod().geometry_area_perimeter(shapely.orient_polygons(polygon))
    return abs(area) / _SQUARE_METRES, 2 * abs(area) / perimeter if perimeter else 0.0


def _is_ring(ring: Ring) -> bool:
    return len(ring) >= 4 and ring[0] == ring[-1] and len(set(ring)) >= 3 and all(map(in_range, ring))


def _plain(position: tuple[Decimal, Decimal]) -> tuple[float, float]:
    return float(position[0]), float(position[1])
