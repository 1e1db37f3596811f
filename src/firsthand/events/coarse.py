"""Coarse places: a rounded point that may stand in the open beside an exact place that is sealed.

Read are well-known text (OGC 06-103r4 §7: `POINT (36.1 -1.2)`, polygons and the rest), `geo:` URIs (RFC 5870)
and GeoJSON geometries (RFC 7946 §3.1), also as the `id` or `geometry` of an object. The answer is one point
in the same notation: the middle of what was given, rounded. A degree is some 111 km: one decimal hides a
place within some 11 km, two within 1.1 km.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from firsthand.errors import InvalidInput

__all__ = ["MOST_DECIMALS", "coarse", "coarse_name"]

MOST_DECIMALS: Final = 3
"""Some 110 m: with more the place would not be coarse."""

_NUMBER: Final = r"[+-]?(?:\d{1,20}(?:\.\d{0,40})?|\.\d{1,40})"
_GEO: Final = re.compile(rf"geo:({_NUMBER}),({_NUMBER})(?:,{_NUMBER})?(?:;.*)?", re.IGNORECASE)
_WKT: Final = re.compile(
    r"(?:SRID=\d+;)?\s*(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\b[ ZM]*\((.*)\)\s*", re.IGNORECASE
)
_PAIR: Final = re.compile(rf"({_NUMBER})\s+({_NUMBER})")


def coarse_name(name: str) -> str:
    """The member for the coarse place beside the member of this name: `fh:plotLocationCoarse`."""
    return f"fh:{re.split('[:/#]', name)[-1]}Coarse"


def coarse(value: Any, decimals: int) -> Any:
    """One point for a place, rounded to so many decimals (0 to 3) of a degree.

    Raises InvalidInput when it is no place that can be read.
    """
    if not 0 <= decimals <= MOST_DECIMALS:
        raise InvalidInput(f"a coarse place has 0 to {MOST_DECIMALS} decimals, got {decimals}")
    if type(value) is str:
        return _text(value, decimals)
    if type(value) is dict:
        if "coordinates" in value:
            x, y = _middle(_positions(value["coordinates"]), decimals)
            return {"type": "Point", "coordinates": [float(x), float(y)]}
        for name in ("id", "geometry"):
            if name in value:
                return {name: coarse(value[name], decimals)}
    raise _unread()


def _text(text: str, decimals: int) -> str:
    geo = _GEO.fullmatch(text)
    if geo is not None:
        y, x = _middle(iter([(Decimal(geo[1]), Decimal(geo[2]))]), decimals)
        return f"geo:{y},{x}"
    wkt = _WKT.fullmatch(text)
    if wkt is None:
        raise _unread()
    pairs = ((Decimal(x), Decimal(y)) for x, y in _PAIR.findall(wkt[1]))
    x, y = _middle(pairs, decimals)
    return f"POINT ({x} {y})"


def _positions(value: Any) -> Iterator[tuple[Decimal, Decimal]]:
    if type(value) is not list:
        raise _unread()
    if len(value) >= 2 and all(type(item) in (int, float) for item in value):
        yield Decimal(str(value[0])), Decimal(str(value[1]))
        return
    for item in value:
        yield from _positions(item)


def _middle(pairs: Iterator[tuple[Decimal, Decimal]], decimals: int) -> tuple[Decimal, Decimal]:
    points = list(pairs)
    if not points:
        raise _unread()
    firsts, seconds = zip(*points, strict=True)
    return _rounded(firsts, decimals), _rounded(seconds, decimals)


def _rounded(values: tuple[Decimal, ...], decimals: int) -> Decimal:
    middle = (min(values) + max(values)) / 2
    if not abs(middle) <= 180:
        raise _unread()
    rounded = middle.quantize(Decimal(1).scaleb(-decimals))
    return abs(rounded) if rounded == 0 else rounded


def _unread() -> InvalidInput:
    return InvalidInput("no place that can be made coarse: expected well-known text, a geo: URI or GeoJSON")
