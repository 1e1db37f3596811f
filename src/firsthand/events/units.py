"""Units of measure by their UN/CEFACT Recommendation 20 codes, converted exactly.

Each unit is `factor × value + offset` of its dimension's base unit, as exact fractions. A code that is not
in the table can still be compared with itself.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Final, NamedTuple

__all__ = ["convert", "dimension"]


class _Unit(NamedTuple):
    dimension: str
    factor: Fraction
    offset: Fraction = Fraction(0)


def _of(dimension: str, **factors: str) -> dict[str, _Unit]:
    return {code: _Unit(dimension, Fraction(factor)) for code, factor in factors.items()}


# Recommendation 20, revision 17, column "conversion factor"; the pound, inch and gallon are exact by the
# international agreement of 1959. Codes that begin with a digit cannot be keywords.
_UNITS: Final = {
    **_of("mass", KGM="1", GRM="1/1000", MGM="1/1000000", TNE="1000", DTN="100", LBR="0.45359237"),
    **_of("mass", ONZ="0.028349523125", APZ="0.0311034768", CTM="0.0002", HGM="0.1", MC="1/1000000000"),
    **_of("mass", CWA="45.359237", CWI="50.80234544", DWT="0.00155517384", GRN="0.00006479891"),
    **_of("mass", STN="907.18474", LTN="1016.0469088"),
    **_of("length", MTR="1", CMT="0.01", MMT="0.001", KMT="1000", INH="0.0254", FOT="0.3048"),
    **_of("length", YRD="0.9144", SMI="1609.344", DMT="0.1"),
    **_of("area", MTK="1", CMK="0.0001", HAR="10000", KMK="1000000", ACR="4046.8564224", FTK="0.09290304"),
    **_of("volume", MTQ="1", LTR="0.001", MLT="0.000001", CLT="0.00001", DLT="0.0001", HLT="0.1"),
    **_of("volume", GLL="0.003785411784", CMQ="0.000001"),
    **_of("time", SEC="1", MIN="60", HUR="3600", DAY="86400", WEE="604800"),
    **_of("ratio", P1="0.01", C62="1", NX="0.001"),
    **_of("pressure", PAL="1", HPA="100", KPA="1000", BAR="100000", MBR="100", ATM="101325"),
    **_of("energy", JOU="1", KJO="1000", KWH="3600000", WHR="3600"),
    **_of("speed", MTS="1", KMH="5/18"),
    **_of("frequency", HTZ="1", KHZ="1000", MHZ="1000000"),
    "KEL": _Unit("temperature", Fraction(1)),
    "CEL": _Unit("temperature", Fraction(1), Fraction("273.15")),
    "FAH": _Unit("temperature", Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
    "4H": _Unit("length", Fraction(1, 1_000_000)),
}


def dimension(uom: str) -> str | None:
    """What a unit measures, such as `mass`; None for a unit that is not in the table."""
    unit = _UNITS.get(uom)
    return None if unit is None else unit.dimension


def convert(value: Fraction | Decimal | int, from_uom: str, to_uom: str) -> Fraction | None:
    """A value in another unit, exactly; None when the two do not measure the same."""
    if from_uom == to_uom:
        return Fraction(value)
    source, target = _UNITS.get(from_uom), _UNITS.get(to_uom)
    if source is None or target is None or source.dimension != target.dimension:
        return None
    return (Fraction(value) * source.factor + source.offset - target.offset) / target.factor
