"""The words of pages, one catalogue a language, and numbers, dates and units as its readers write them.

A catalogue is a flat JSON object; a value that goes with a count is an object of the plural forms that CLDR
has for the language. A language joins by a file here and its place in `LOCALES`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date
from babel.lists import format_list
from babel.numbers import format_currency, format_decimal, format_percent
from babel.units import format_unit, get_unit_name

from firsthand.events.instants import microseconds
from firsthand.profiles import word

__all__ = ["LOCALES", "Words", "preferred", "words_of"]

LOCALES: Final = {"en": "en_GB", "en-US": "en_US", "es": "es", "fr": "fr", "ar": "ar"}
"""By the tag that an address asks for: the locale of its numbers, dates and units."""

_FOLDER: Final = Path(__file__).parent

_UNITS: Final = {
    "KGM": "mass-kilogram",
    "GRM": "mass-gram",
    "TNE": "mass-tonne",
    "CTM": "mass-carat",
    "MTR": "length-meter",
    "CMT": "length-centimeter",
    "KMT": "length-kilometer",
    "HAR": "area-hectare",
    "MTK": "area-square-meter",
    "LTR": "volume-liter",
    "MLT": "volume-milliliter",
    "MTQ": "volume-cubic-meter",
    "CEL": "temperature-celsius",
    "FAH": "temperature-fahrenheit",
    "SEC": "duration-second",
    "MIN": "duration-minute",
    "HUR": "duration-hour",
    "DAY": "duration-day",
    "MON": "duration-month",
    "KWH": "energy-kilowatt-hour",
    "LBR": "mass-pound",
    "FOT": "length-foot",
    "INH": "length-inch",
    "ACR": "area-acre",
}
"""UN/CEFACT Recommendation 20 to CLDR's units."""

_AMERICAN: Final = {
    "KGM": ("LBR", Fraction("0.45359237")),
    "MTR": ("FOT", Fraction("0.3048")),
    "CMT": ("INH", Fraction("2.54")),
    "HAR": ("ACR", Fraction("0.40468564224")),
}
"""What readers in the United States use instead, and what it is of the unit stated (NIST SP 811, B.8)."""


class Words:
    """One language's words; texts of makers are never formatted into markup here, only into text."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.language = tag.partition("-")[0]
        self.locale = Locale.parse(LOCALES[tag])
        self._texts: Mapping[str, Any] = _catalogue(self.language)

    @property
    def direction(self) -> str:
        """`ltr` or `rtl`."""
        return str(self._texts["direction"])

    def text(self, key: str, **values: Any) -> str:
        """A text with its values put in. Raises KeyError for a key that the catalogue has not."""
        return _filled(self._texts[key], values)

    def maybe(self, key: str) -> str:
        """A text whose key is put together; empty when the catalogue has none."""
        found = self._texts.get(key, "")
        return found if isinstance(found, str) else ""

    def counted(self, key: str, count: int) -> str:
        """A text in the form that goes with a count."""
        forms = self._texts[key]
        text = forms.get(str(self.locale.plural_form(count)), forms["other"])
        return _filled(text, {"count": self.number(count)})

    def label(self, labels: Mapping[str, str]) -> str:
        """A profile's word in this language; what has no language stands as it is."""
        return labels[""] if "" in labels else word(labels, self.tag) if labels else ""

    def number(self, value: int | Fraction) -> str:
        """A number, to two decimals at the most."""
        return str(format_decimal(_decimal(value), "#,##0.##", locale=self.locale))

    def percent(self, value: Fraction) -> str:
        """A part of one; never 100 % of less than all, nor 0 % of something."""
        shown = value if value in (0, 1) else min(max(value, Fraction(1, 1000)), Fraction(999, 1000))
        pattern = "#,##0.#%" if not 10 <= shown * 100 <= 90 else "#,##0%"
        native = self.locale.percent_formats[None].pattern
        return str(format_percent(_decimal(shown), native.replace("#,##0", pattern[:-1]), locale=self.locale))

    def amount(self, value: Fraction, unit: str) -> str:
        """A quantity in the reader's unit, in short."""
        if self.tag == "en-US" and unit in _AMERICAN:
            unit, size = _AMERICAN[unit]
            value = value / size
        if self.tag == "en-US" and unit == "CEL":
            unit, value = "FAH", value * 9 / 5 + 32
        if unit == "P1":
            return self.percent(value / 100)
        if unit in _UNITS:
            return str(format_unit(_decimal(value), _UNITS[unit], "short", "#,##0.##", locale=self.locale))
        return f"{self.number(value)} {unit}".strip()

    def unit(self, code: str) -> str:
        """A unit by itself, in short: what a price is for."""
        if code not in _UNITS:
            return "" if code == "H87" else code
        return str(get_unit_name(_UNITS[code], "short", locale=self.locale) or code)

    def money(self, value: Fraction, currency: str) -> str:
        """An amount of money; a code that is no currency stands as it is."""
        if len(currency) != 3 or not (currency.isascii() and currency.isalpha()):
            return f"{self.number(value)} {currency}"
        return str(format_currency(_decimal(value), currency.upper(), locale=self.locale))

    def day(self, moment: str | int, form: str = "long") -> str:
        """The day (UTC) of an RFC 3339 time, or of seconds since 1970."""
        seconds = moment if isinstance(moment, int) else microseconds(moment) // 1_000_000
        return str(format_date(date.fromordinal(719163 + seconds // 86400), form, locale=self.locale))

    def days(self, since: str, until: str) -> str:
        """A day, or from one to another."""
        first, last = self.day(since, "medium"), self.day(until, "medium")
        return first if first == last else f"{first} – {last}"

    def listed(self, texts: list[str]) -> str:
        """Texts as a list in a sentence."""
        return str(format_list(texts, locale=self.locale))


@cache
def words_of(tag: str) -> Words:
    """The words of a tag in LOCALES."""
    return Words(tag)


def preferred(accept_language: str) -> str:
    """The tag in LOCALES that a reader wants most (RFC 9110 §12.5.4); English when they want none of them."""
    best, most = "en", 0.0
    for part in accept_language[:500].split(","):
        wanted, _, parameters = part.strip().partition(";")
        name, _, value = parameters.strip().partition("=")
        try:
            weight = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        low = wanted.strip().lower()
        tag = "en-US" if low == "en-us" else low.partition("-")[0]
        if tag in LOCALES and most < weight <= 1:
            best, most = tag, weight
    return best


@cache
def _catalogue(language: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((_FOLDER / f"{language}.json").read_text(encoding="utf-8"))
    return found


def _filled(text: str, values: Mapping[str, Any]) -> str:
    # Not format_map: a name with braces must stay a name.
    for name, value in values.items():
        text = text.replace(
            "{" + name + "}", f"\u2068{value}\u2069" if isinstance(value, str) else str(value)
        )
    return text


def _decimal(value: int | Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
