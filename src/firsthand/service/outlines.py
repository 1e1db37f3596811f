"""The countries' outlines, coarse, as an index that is read once.

`outlines.gz` holds one line a country, its ISO 3166-1 alpha-2 code and a multipolygon in WKT: Natural Earth
1:10m, version 4.1 (public domain), each border simplified to 0.05° and rounded to 0.01°. Antarctica, where
nothing grows, is left out, and so lies in nobody's country.
"""

from __future__ import annotations

import gzip
from functools import cache
from importlib import resources
from typing import Any

import shapely

__all__ = ["lands_in", "outlines"]


@cache
def outlines() -> tuple[Any, list[str]]:
    """An index over the outlines' polygons, and the country of each."""
    packed = (resources.files(__package__) / "outlines.gz").read_bytes()
    polygons: list[Any] = []
    codes: list[str] = []
    for line in gzip.decompress(packed).decode().splitlines():
        parts = shapely.get_parts(shapely.from_wkt(line[3:]))
        polygons.extend(parts)
        codes.extend([line[:2]] * len(parts))
    return shapely.STRtree(polygons), codes


def lands_in(
    left: float, bottom: float, right: float, top: float, detail: float
) -> list[list[tuple[float, float]]]:
    """The rings of the lands in a box (degrees), cut off around it; nothing smaller than `detail` degrees."""
    tree, _ = outlines()
    found = tree.geometries[tree.query(shapely.box(left, bottom, right, top))]
    cut = shapely.clip_by_rect(shapely.simplify(found, detail), left, bottom, right, top)
    parts = shapely.get_parts(cut)
    kept = parts[
        (shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > detail * detail)
    ]
    return [[(x, y) for x, y in part.exterior.coords] for part in kept]
