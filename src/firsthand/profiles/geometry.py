"""Positions as collection tools write them, as well-known text: ODK's points, traces and shapes, and GeoJSON.

ODK and KoboToolbox write latitude first, then longitude, altitude and accuracy in metres, divided by spaces;
the corners of a trace or shape are divided by semicolons (ODK XForms specification, geopoint, geotrace,
geoshape). Well-known text and GeoJSON have longitude first. Numbers keep their decimals as written.
"""

from __future__ import annotations

import re
from decimal import Decimal
from json import JSONDecodeError, loads
from typing import Any, Final

from firsthand.errors import InvalidInput

__all__ = ["OdkPoint", "as_wkt", "odk_points", "read_degrees"]

_NUMBER: Final = r"[+-]?[0-9]{1,9}(?:\.[0-9]{1,15})?"
_POINT: Final = re.compile(rf"({_NUMBER})\s+({_NUMBER})(?:\s+({_NUMBER})(?:\s+({_NUMBER}))?)?")
_LONGEST: Final = 1_000_000

OdkPoint = tuple[str, str, str | None, str | None]
"""Latitude, longitude, altitude and accuracy as written."""


def odk_points(text: str) -> list[OdkPoint] | None:
    """The points of an ODK geopoint, geotrace or geoshape; None when the text is none."""
    if len(text) > _LONGEST:
        return None
    points: list[OdkPoint] = []
    for part in text.strip().rstrip(";").split(";"):
        match = _POINT.fullmatch(part.strip())
        if match is None:
            return None
        points.append((match[1], match[2], match[3], match[4]))
    return points


def as_wkt(cell: str) -> str:
    """Well-known text of an ODK geometry or a GeoJSON geometry; any other text as it stands.

    Raises InvalidInput for a walk that does not come back to where it began.
    """
    text = cell.strip()
    if text.startswith("{"):
        return _from_geojson(text)
    points = odk_points(text)
    if points is None:
        return cell
    positions = [f"{longitude} {latitude}" for latitude, longitude, _, _ in points]
    if len(positions) == 1:
        return f"POINT ({positions[0]})"
    if positions[0] != positions[-1]:
        raise InvalidInput(
            "the walk does not come back to its first corner: its first and last position are to be the same"
        )
    return f"POLYGON (({', '.join(positions)}))"


def read_degrees(cell: str, decimal_mark: str) -> str:
    """Decimal degrees with a decimal point, as written otherwise. Raises InvalidInput."""
    text = cell.strip()
    plain = text.replace(",", ".") if decimal_mark == "," or "." not in text else text
    if not re.fullmatch(r"[+-]?[0-9]{1,3}(?:\.[0-9]{1,15})?", plain):
        raise InvalidInput("expected decimal degrees such as -1.980012")
    return plain.lstrip("+")


def _from_geojson(text: str) -> str:
    try:
        geometry = loads(text, parse_float=Decimal)
    except (JSONDecodeError, RecursionError, ValueError):
        return text
    if isinstance(geometry, dict) and geometry.get("type") == "Feature":
        geometry = geometry.get("geometry")
    match geometry:
        case {"type": "Point", "coordinates": [_, _, *_] as position}:
            return f"POINT ({_position(position)})"
        case {"type": "Polygon", "coordinates": [[*ring]]}:
            return f"POLYGON (({', '.join(map(_position, ring))}))"
    raise InvalidInput("expected a GeoJSON Point, or a Polygon without holes")


def _position(position: Any) -> str:
    match position:
        case [int() | Decimal() as longitude, int() | Decimal() as latitude, *_]:
            return (
                f"{longitude:f} {latitude:f}" if isinstance(longitude, Decimal) else f"{longitude} {latitude}"
            )
    raise InvalidInput("expected positions of a longitude and a latitude")
