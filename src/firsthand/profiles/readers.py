"""Reading one cell: text in, a number, quantity, date or period out, or InvalidInput saying why not.

Nothing is guessed: a cell that could mean two things is unreadable. Numbers are exact (Decimal), so that
2,000 feet are 609.6 metres and 100 pounds 45.359237 kilograms. Times are calendar dates; no reader looks
at a clock or a locale.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Final

from firsthand.errors import InvalidInput
from firsthand.profiles.rows import shown

__all__ = [
    "LONGEST_NUMBER",
    "LONGEST_WHOLE",
    "Calendar",
    "Period",
    "Quantity",
    "Wording",
    "read_date",
    "read_geometry",
    "read_hash",
    "read_list",
    "read_number",
    "read_parts",
    "read_period",
    "read_quantities",
    "read_text",
    "read_uri",
]

LONGEST_NUMBER: Final = 30
"""No number is written with more characters: what is longer is no measurement."""

LONGEST_WHOLE: Final = 15
"""Digits before the decimal mark: JSON carries whole numbers exactly up to 2**53 (RFC 8259 §6)."""

_LONGEST_TEXT: Final = 1_000
# Controls, surrogates, and the marks that turn the direction of the text after them.
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069]")
_SHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|NULL!)")
_NUMBER = r"[0-9]+(?:[.,'’][0-9]+)*"
_ONE_MARK = re.compile(r"[0-9]+[.,][0-9]+")
_GROUPED_OR_DECIMAL = re.compile(r"[1-9][0-9]{0,2}[.,][0-9]{3}")
_GROUPED_SURELY = re.compile(r"[1-9][0-9]{0,2}(?:(?:['’][0-9]{3})+|(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})")
_GROUPED_AND_DECIMAL = re.compile(r"([1-9][0-9]{0,2}(?:([.,'’])[0-9]{3})(?:\2[0-9]{3})*)((?!\2)[.,])([0-9]+)")
_TOKEN = re.compile(rf"\s*(?:({_NUMBER})|([^\W\d_]+(?:\.[^\W\d_]+)*\.?)|(\S))")
_SCIENTIFIC = re.compile(r"[0-9]e[+-]?[0-9]")
_LATIN_OR_NOT = re.compile(r"[a-z\u00c0-\u024f.]+|[^a-z\u00c0-\u024f.]+")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[t ]00:00(?::00(?:\.0+)?)?)?")
_SLASHED = re.compile(r"([0-9]{1,2})([/.-])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MONTH_FIRST = re.compile(r"([^\W\d_]+)\.? ([0-9]{1,2})(?:st|nd|rd|th)?,? ([0-9]{4})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})(?:st|nd|rd|th|º|\.)? (?:de )?([^\W\d_]+)\.?,? (?:de )?([0-9]{4})")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}")
_TWO_YEARS = re.compile(r"((?:19|20)[0-9]{2}) ?[/–-] ?((?:19|20)?[0-9]{2})")
_QUARTER = re.compile(r"([1-4])t/((?:20)?[0-9]{2})")
_HEX_DIGEST = re.compile(r"(?:sha-?256[:;=])?([0-9a-f]{64})", re.IGNORECASE)
_NI_DIGEST = re.compile(r"ni:///sha-256;[A-Za-z0-9_-]{43}")
_URI = re.compile(r"(?:https?://[^\s/?#<>\"]+|urn:[a-z0-9-]+:|did:[a-z0-9]+:)[^\s<>\"]*", re.IGNORECASE)
_DEGREES = r"-?[0-9]{1,3}(?:\.[0-9]{1,15})?"
_POSITION = rf"{_DEGREES} +{_DEGREES}"
_WKT = re.compile(
    rf"POINT *\( *({_POSITION}) *\)|POLYGON *\( *\( *({_POSITION}(?: *, *{_POSITION}){{3,999}}) *\) *\)",
    re.IGNORECASE,
)
_MONTH_YEAR = re.compile(r"([^\W\d_]+)\.?(?: ?/ ?| (?:de )?|$)((?:19|20)[0-9]{2})?")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value or a range in one unit (UN/CEFACT Recommendation 20); `high` None means "at least low"."""

    low: Decimal
    high: Decimal | None
    uom: str | None

    def times(self, factor: Decimal, uom: str) -> Quantity:
        """The same quantity in another unit."""
        return Quantity(self.low * factor, None if self.high is None else self.high * factor, uom)


@dataclass(frozen=True, slots=True)
class Period:
    """The days from `start` to `end`, both included."""

    start: date
    end: date

    def text(self) -> str:
        """As ISO 8601: `2014-06-30`, or `2014-01-01/2014-12-31`."""
        return str(self.start) if self.start == self.end else f"{self.start}/{self.end}"


@dataclass(frozen=True, slots=True)
class Wording:
    """Words around numbers: `units` from a word to its unit, the others as in a profile's phrases."""

    units: dict[str, str]
    range: frozenset[str]
    at_least_before: frozenset[str]
    at_least_after: frozenset[str]
    filler: frozenset[str]


@dataclass(frozen=True, slots=True)
class Calendar:
    """`months` from a name in any language to 1…12; `range` are the words between two months.

    `order` is how the sheet writes dates in numbers, `dmy` or `mdy`, where that is known.
    """

    months: dict[str, int]
    range: frozenset[str]
    order: str | None = None


def read_text(cell: str) -> str:
    """One line of printable text, white space collapsed, in Unicode's composed form (NFC)."""
    text = unicodedata.normalize("NFC", " ".join(cell.split()))
    if len(text) > _LONGEST_TEXT:
        raise InvalidInput(f"the text has {len(text)} characters, at most {_LONGEST_TEXT} are recorded")
    if _CONTROL.search(text):
        raise InvalidInput("the text holds control characters")
    if _SHEET_ERROR.fullmatch(text):
        raise InvalidInput("the spreadsheet shows an error here instead of a value")
    return text


def read_number(cell: str, decimal_mark: str) -> Decimal:
    """A decimal number without a unit. `1,234` is refused where the comma may be either mark."""
    match = re.fullmatch(rf"(-?)({_NUMBER})", cell.strip())
    if not match:
        raise InvalidInput("expected a number")
    (value,) = _values(match[2], decimal_mark, either=False)
    return -value if match[1] else value


def read_quantities(
    cell: str, decimal_mark: str, wording: Wording, *, thousands: bool = False
) -> list[Quantity]:
    """A number or a range with its unit, in all readings that the cell leaves open, at least one.

    `uom` is None where the cell names no unit. With `thousands` a point or comma before three digits may
    group them (`1.250 m`), which leaves two readings.
    """
    phrase = _phrase(unicodedata.normalize("NFKC", cell).casefold(), wording)
    candidates = [_values(text, decimal_mark, either=thousands) for text in phrase.numbers]
    if len(candidates) == 1:
        return [Quantity(value, None if phrase.at_least else value, phrase.uom) for value in candidates[0]]
    readings = [Quantity(low, high, phrase.uom) for low, high in product(*candidates) if low <= high]
    if not readings:
        raise InvalidInput("the range runs downwards")
    return readings


def read_date(cell: str, calendar: Calendar) -> date:
    """A full calendar date: ISO, `June 29th, 2013`, `29 de junio de 2013`, `29/06/2013`.

    Where day and month may be either (`04/05/2013`) it is refused, unless the calendar knows the order;
    then the year may have two digits.
    """
    text = " ".join(cell.casefold().split())
    if match := _ISO.fullmatch(text):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if (match := _MONTH_FIRST.fullmatch(text)) and match[1] in calendar.months:
        return _date(int(match[3]), calendar.months[match[1]], int(match[2]))
    if (match := _DAY_FIRST.fullmatch(text)) and match[2] in calendar.months:
        return _date(int(match[3]), calendar.months[match[2]], int(match[1]))
    if match := _SLASHED.fullmatch(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if calendar.order is not None:
            day, month = (first, second) if calendar.order == "dmy" else (second, first)
            return _date(year if len(match[4]) == 4 else 2000 + year, month, day)
        if len(match[4]) == 2:
            raise InvalidInput("the year has two digits; write the date as 2013-06-29")
        if first <= 12 and second <= 12 and first != second:
            raise InvalidInput("day and month may be either; write the date as 2013-06-29")
        return _date(year, second, first) if first > 12 or first == second else _date(year, first, second)
    raise InvalidInput("expected a date like 2013-06-29 or June 29th, 2013")


def read_period(cell: str, calendar: Calendar) -> Period:
    """A day, month, quarter (`4T/2010`), year, crop year (`2013/2014`), or months of a year.

    A season (`Fall 2009`), whose months differ by hemisphere, and months without a year are refused.
    """
    text = " ".join(cell.casefold().split())
    if _YEAR.fullmatch(text):
        return _months(int(text), 1, int(text), 12)
    if match := _TWO_YEARS.fullmatch(text):
        first, second = int(match[1]), int(match[2])
        second = second if second > 99 else first // 100 * 100 + second
        if second - first == 1:
            return _months(first, 1, second, 12)
        raise InvalidInput("expected a crop year of two years that follow each other")
    if match := _QUARTER.fullmatch(text):
        year, month = int(match[2]) % 100 + 2000, int(match[1]) * 3
        return _months(year, month - 2, year, month)
    if (period := _month_range(text, calendar)) is not None:
        return period
    try:
        day = read_date(cell, calendar)
    except InvalidInput:
        raise InvalidInput("expected a year, a crop year, or months or a day with their year") from None
    return Period(day, day)


def read_parts(cell: str, count: int) -> str:
    """So many groups of digits, as an ICO mark (country, exporter, lot) has; joined by slashes."""
    parts = [part.strip() for part in re.split(r"[/–-]", cell)]
    if len(parts) != count or not all(re.fullmatch(r"[0-9]{1,12}", part) for part in parts):
        raise InvalidInput(f"expected {count} numbers divided by slashes or hyphens")
    return "/".join(parts)


def read_list(cell: str) -> tuple[str, ...]:
    """The values between semicolons, or, where there is none, between commas; no value twice."""
    mark = ";" if ";" in cell else ","
    values = tuple(read_text(value) for value in cell.split(mark) if value.strip())
    if not values:
        raise InvalidInput("there is no value between the marks")
    if len(set(values)) < len(values):
        raise InvalidInput("the same value stands in it twice")
    return values


def read_hash(cell: str) -> str:
    """A SHA-256 digest, in hex or as an `ni` URI, as `ni:///sha-256;…` (RFC 6920 §3)."""
    text = read_text(cell)
    if _NI_DIGEST.fullmatch(text):
        return text
    found = _HEX_DIGEST.fullmatch(text)
    if found is None:
        raise InvalidInput("expected a SHA-256 digest: 64 hex digits, or ni:///sha-256;…")
    digest = base64.urlsafe_b64encode(bytes.fromhex(found[1])).decode().rstrip("=")
    return f"ni:///sha-256;{digest}"


def read_uri(cell: str) -> str:
    """An http(s) URL, a URN or a DID, as it stands."""
    text = read_text(cell)
    if not _URI.fullmatch(text):
        raise InvalidInput("expected a URI: https://…, urn:… or did:…")
    return text


def read_geometry(cell: str) -> str:
    """A point or an area in WGS 84, longitude first, as well-known text (OGC 06-103r4 §7.2).

    Raises InvalidInput for other text, for degrees that do not exist, and for an area that does not close.
    """
    found = _WKT.fullmatch(read_text(cell))
    if found is None:
        raise InvalidInput("expected POINT (longitude latitude) or POLYGON ((…, …, …, …)), in degrees")
    positions = [" ".join(position.split()) for position in (found[1] or found[2]).split(",")]
    for position in positions:
        longitude, latitude = map(Decimal, position.split())
        if abs(longitude) > 180 or abs(latitude) > 90:
            raise InvalidInput(f"{position} is no longitude and latitude in degrees")
    if found[1]:
        return f"POINT ({positions[0]})"
    if positions[0] != positions[-1]:
        raise InvalidInput("the area is not closed: its last position is not its first")
    return f"POLYGON (({', '.join(positions)}))"


@dataclass(frozen=True, slots=True)
class _Phrase:
    numbers: list[str]
    uom: str | None
    at_least: bool


def _phrase(text: str, wording: Wording) -> _Phrase:
    if _SCIENTIFIC.search(text):
        raise InvalidInput("expected a plain number, not one with an exponent")
    numbers: list[str] = []
    units: set[str] = set()
    joined = ""
    bound = at_least = False
    for piece in _pieces(text):
        if piece[0] in "0123456789":
            at_least = at_least or bound
            numbers.append(piece)
        elif piece in wording.range and len(numbers) == 1 and not joined:
            joined = piece
        elif piece in wording.at_least_after and numbers:
            at_least = True
        elif piece in wording.units:
            units.add(wording.units[piece])
        elif piece not in wording.filler and (numbers or piece not in wording.at_least_before):
            raise InvalidInput(f"expected a number with its unit, cannot read {shown(piece)}")
        # "above 1200 m" is a bound, "metres above sea level: 1872" is none: the number follows at once.
        bound = piece in wording.at_least_before and not numbers
    # "1300 a nivel del mar": a word that also joins ranges, and no second number. A sign is no filler.
    loose = len(numbers) == 1 and joined != "" and not joined.isalpha()
    if not numbers or len(numbers) > 2 or loose or (len(numbers) == 2 and (not joined or at_least)):
        raise InvalidInput("expected one number, or a range of two, with a unit")
    if len(units) > 1:
        raise InvalidInput(f"two units in one cell: {' and '.join(sorted(units))}")
    return _Phrase(numbers, next(iter(units), None), at_least)


def _pieces(text: str) -> Iterator[str]:
    for number, word, symbol in _TOKEN.findall(text.strip()):
        if number or symbol:
            yield number or symbol
        else:
            yield from _LATIN_OR_NOT.findall(word.replace(".", ""))


def _values(text: str, decimal_mark: str, *, either: bool) -> list[Decimal]:
    if len(text) > LONGEST_NUMBER or len(re.split("[.,]", text)[0]) > LONGEST_WHOLE:
        raise InvalidInput("the number is too long")
    if text.isdigit() or _GROUPED_SURELY.fullmatch(text):
        return [Decimal(re.sub("[^0-9]", "", text))]
    if match := _GROUPED_AND_DECIMAL.fullmatch(text):
        return [Decimal(f"{re.sub('[^0-9]', '', match[1])}.{match[4]}")]
    if not _ONE_MARK.fullmatch(text):
        raise InvalidInput(f"{shown(text)} is no number")
    as_decimal = Decimal(text.replace(",", "."))
    if not _GROUPED_OR_DECIMAL.fullmatch(text) or (decimal_mark in text and not either):
        return [as_decimal]
    if either:
        return [as_decimal, Decimal(re.sub("[.,]", "", text))]
    raise InvalidInput(f"cannot tell thousands from decimals in {shown(text)}")


def _month_range(text: str, calendar: Calendar) -> Period | None:
    words = [word for word in calendar.range if word.isalpha()]
    joiner = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    pieces = re.split(rf" ?[–-] ?| (?:{joiner}) " if joiner else " ?[–-] ?", text)
    matches = [_MONTH_YEAR.fullmatch(piece) for piece in pieces]
    if len(pieces) > 2 or not all(match and match[1] in calendar.months for match in matches):
        return None
    found = [(calendar.months[match[1]], match[2]) for match in matches if match]
    (first, first_year), (last, last_year) = found[0], found[-1]
    if last_year is None:
        raise InvalidInput("the months have no year")
    if first_year is None and first > last:
        raise InvalidInput("the first month's year is not said")
    start_year = int(first_year or last_year)
    if (start_year, first) > (int(last_year), last):
        raise InvalidInput("the months run backwards")
    return _months(start_year, first, int(last_year), last)


def _months(start_year: int, first: int, end_year: int, last: int) -> Period:
    after = date(end_year + last // 12, last % 12 + 1, 1)
    return Period(date(start_year, first, 1), after - timedelta(days=1))


def _date(year: int, month: int, day: int) -> date:
    try:
        found = date(year, month, day)
    except ValueError:
        raise InvalidInput("there is no such day in the calendar") from None
    if not 1900 <= year <= 2100:
        raise InvalidInput("expected a year from 1900 to 2100")
    return found
