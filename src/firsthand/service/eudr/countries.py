"""Where a position lies: by the countries' outlines, which are coarse, and their codes.

Territories that Natural Earth shows as part of another country are listed in `PART_OF`.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import shapely
from babel import Locale

from firsthand.service.outlines import outlines

__all__ = ["NEAR", "PART_OF", "countries_at", "country_code", "country_name", "is_country", "lies_in"]

NEAR: Final = 0.1
"""Degrees, some 11 km: as far as these outlines may be off at a border or a coast."""

PART_OF: Final = {
    "GF": "FR", "GP": "FR", "MQ": "FR", "RE": "FR", "YT": "FR", "BV": "NO", "SJ": "NO", "BQ": "NL",
    "CC": "AU", "CX": "AU", "TK": "NZ",
}  # fmt: skip

# CLDR's codes of regions that are no ISO 3166-1 countries; XK, which is none either, is in use for Kosovo.
_NO_COUNTRIES: Final = frozenset("AC CP CQ DG EA EU EZ IC QO TA UN XA XB ZZ".split())


def is_country(code: str) -> bool:
    """Whether this is an ISO 3166-1 alpha-2 code in use, or XK."""
    return code in _names()


def country_name(code: str) -> str:
    """The country's English name (CLDR), or the code itself."""
    return _names().get(code, code)


def country_code(text: str) -> str | None:
    """What a cell means: a code itself, or a name in English, Spanish, French or Portuguese."""
    word = text.strip()
    if is_country(word.upper()) and len(word) == 2:
        return word.upper()
    return _codes().get(word.casefold())


def countries_at(longitude: float, latitude: float, near: float = NEAR) -> frozenset[str]:
    """The countries that a position lies in, or next to within `near` degrees."""
    tree, codes = outlines()
    found = tree.query(shapely.Point(longitude, latitude), predicate="dwithin", distance=near)
    return frozenset(codes[index] for index in found)


def lies_in(code: str, longitude: float, latitude: float) -> bool:
    """Whether a position lies in or next to a country. True for a country that has no outline here."""
    code = PART_OF.get(code, code)
    return code in countries_at(longitude, latitude) or code not in outlines()[1]


@cache
def _names() -> dict[str, str]:
    territories = Locale("en").territories
    return {
        code: str(name)
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }


@cache
def _codes() -> dict[str, str]:
    codes: dict[str, str] = {}
    for language in ("pt", "fr", "es", "en"):
        for code, name in Locale(language).territories.items():
            if is_country(code):
                codes[str(name).casefold()] = code
    return codes
