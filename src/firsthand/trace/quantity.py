"""Quantities as exact rationals, in the base unit of what they measure.

Units are UN/CEFACT Recommendation 20 codes. Masses become kilograms (KGM), lengths metres (MTR), areas
square metres (MTK), volumes cubic metres (MTQ); counts become pieces (C62). A code that is not known, and a
package of Recommendation 21 (`XBG`, a bag), is a unit of its own, until the mass of one is stated. A JSON
number is taken by its decimal text, never as the binary fraction that stands for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, NamedTuple

from firsthand.events.units import convert, dimension

__all__ = ["KILOGRAM", "PIECE", "Quantity", "is_count", "quantity", "stated_quantity", "total"]

KILOGRAM: Final = "KGM"
PIECE: Final = "C62"

_BASE: Final = {"mass": KILOGRAM, "length": "MTR", "area": "MTK", "volume": "MTQ"}
# Recommendation 20: one, piece, each, number of articles; pair; dozen. The standard's own count has no unit.
_COUNTS: Final = {"": 1, PIECE: 1, "H87": 1, "EA": 1, "NAR": 1, "NMB": 1, "NPR": 2, "PR": 2, "DZN": 12}
_MOST_DIGITS: Final = 40
"""A number beyond 1e±40 is none that anybody weighed, and would fill the memory as a fraction."""


class Quantity(NamedTuple):
    """So much of something: the amount, exact, in a base unit."""

    amount: Fraction
    unit: str

    def __str__(self) -> str:
        unit = {KILOGRAM: "kg", PIECE: "pieces", "MTR": "m", "MTK": "m²", "MTQ": "m³"}.get(
            self.unit, self.unit
        )
        text = f"{float(self.amount):,.3f}".rstrip("0").rstrip(".")
        if self.unit == KILOGRAM and 0 < abs(self.amount) < Fraction(1, 10):
            unit, text = "g", f"{float(self.amount * 1000):,.4f}".rstrip("0").rstrip(".")
        return f"{text} {unit}"


@lru_cache(maxsize=65_536)
def quantity(value: float | int, uom: str | None) -> Quantity | None:
    """A quantity element's quantity in its base unit; None for what cannot be one (negative, immense)."""
    amount = _exact(value)
    if amount is None:
        return None
    code = uom or ""
    if code in _COUNTS:
        return Quantity(amount * _COUNTS[code], PIECE)
    base = _BASE.get(dimension(code) or "", code)
    converted = convert(amount, code, base)
    return None if converted is None else Quantity(converted, base)


def stated_quantity(value: Any) -> Quantity | None:
    """A profile's quantity, `{"fh:value": 250, "fh:uom": "GRM"}`; None for anything else."""
    if type(value) is not dict:
        return None
    number, uom = value.get("fh:value"), value.get("fh:uom")
    if type(number) not in (int, float) or type(uom) is not str:
        return None
    return quantity(number, uom)


def is_count(unit: str) -> bool:
    """Whether a unit counts things whose mass may be stated: pieces, or packages (`X` and a Rec. 21 code)."""
    return unit == PIECE or (len(unit) == 3 and unit[0] == "X")


def total(quantities: Iterable[Quantity | None]) -> Quantity | None:
    """The sum; None when there are none, one is missing, or they do not measure the same."""
    whole: Quantity | None = None
    for one in quantities:
        if one is None or (whole is not None and whole.unit != one.unit):
            return None
        whole = one if whole is None else Quantity(whole.amount + one.amount, one.unit)
    return whole


def _exact(value: float | int) -> Fraction | None:
    if type(value) is int:
        return Fraction(value) if 0 <= value < 10**_MOST_DIGITS else None
    if value == 0:
        return Fraction(0)
    # NaN and infinities fail both comparisons.
    if not 10.0**-_MOST_DIGITS < value < 10.0**_MOST_DIGITS:
        return None
    # The shortest text that names the double is what canonical JSON (RFC 8785) holds.
    return Fraction(repr(value))
