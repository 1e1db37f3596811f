"""A small map as numbers: the places of a passport and the outlines of the countries around them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.service.outlines import lands_in

__all__ = ["Drawn", "draw"]

_LEAST: Final = 12.0
"""Degrees that a map is high at least: the outlines say nothing of less."""

_STEPS: Final = 250
"""Of the map's width: finer is no line drawn."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """A map in degrees, north up: longitudes as x, latitudes negated as y; `lands` are SVG path data."""

    x: float
    y: float
    width: float
    height: float
    lands: tuple[str, ...]
    points: tuple[tuple[float, float, bool], ...]

    @property
    def box(self) -> str:
        """SVG's viewBox."""
        return f"{self.x:g} {self.y:g} {self.width:g} {self.height:g}"

    @property
    def radius(self) -> float:
        """Of a place's spot."""
        return round(self.width / 60, 2)

    @property
    def coarse(self) -> bool:
        """Whether any place is rounded."""
        return any(coarse for _, _, coarse in self.points)


def draw(places: Sequence[tuple[float, float, bool]]) -> Drawn | None:
    """The map of places (latitude, longitude, rounded); None of none."""
    if not places:
        return None
    # Hundredths of a degree: what is rounded to more is not made exact by a picture.
    points = tuple(dict.fromkeys((round(lon, 2), -round(lat, 2), coarse) for lat, lon, coarse in places))
    left, right = min(x for x, _, _ in points), max(x for x, _, _ in points)
    top, bottom = min(y for _, y, _ in points), max(y for _, y, _ in points)
    width = max((right - left) * 1.6, _LEAST * 1.5)
    height = max((bottom - top) * 1.6, _LEAST, width / 2.2)
    x, y = round((left + right - width) / 2, 1), round((top + bottom - height) / 2, 1)
    # Cut off outside of what is shown, so that no cut is seen.
    far = width / 20
    rings = lands_in(x - far, -(y + height + far), x + width + far, far - y, width / _STEPS)
    lands = tuple(
        "M" + "L".join(f"{round(a, 2):g} {round(-b, 2):g}" for a, b in ring) + "Z" for ring in rings
    )
    return Drawn(x, y, round(width, 1), round(height, 1), lands, points)
