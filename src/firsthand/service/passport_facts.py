"""The key data elements of events as a passport tells them: values with units, many alike told together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from firsthand.profiles import Profile

__all__ = ["Fact", "facts_of", "merged", "points_of"]

_MOST_WORDS: Final = 6
"""Different words of one element that are told; beyond them it says how many there were."""

_SILENT: Final = frozenset({"hash", "geometry", "place", "uri"})
_POINT: Final = re.compile(r"POINT \((-?\d{1,3}(?:\.\d{1,12})?) (-?\d{1,2}(?:\.\d{1,12})?)\)", re.ASCII)
_POINTS: Final = (("fh:plotLocation", False), ("fh:plotLocationCoarse", True))


@dataclass(frozen=True, slots=True)
class Fact:
    """An element and what was stated of it.

    A number, quantity or price has `low` and `high` (alike for one value) with a `unit` (UN/CEFACT Rec. 20)
    and a price its `currency` (ISO 4217). Everything else has `words`, each with labels by language where the
    profile has them, else under the empty tag; `more` counts those left out.
    """

    element: str
    labels: dict[str, str]
    kind: str
    low: Fraction | None = None
    high: Fraction | None = None
    unit: str = ""
    currency: str = ""
    words: tuple[dict[str, str], ...] = ()
    more: int = 0


def facts_of(profile: Profile, event: Mapping[str, Any]) -> list[Fact]:
    """What an event states of its step's elements; what has not the shape of its kind is left out."""
    step = profile.steps.get(str(event.get("fh:step")))
    found = []
    for name in step.elements if step else ():
        element = profile.elements[name]
        if element.kind in _SILENT or element.of in _SILENT:
            continue
        value = profile.stated(event, name)
        if value is None:
            value = _measured(event, name)
        fact = None if value is None else _fact(profile, name, value)
        if fact is not None:
            found.append(fact)
    return found


def _measured(event: Mapping[str, Any], name: str) -> Any:
    """What an instrument's report says of an element (EPCIS 2.0 §7.3.7)."""
    elements = event.get("sensorElementList")
    for element in elements if isinstance(elements, list) else ():
        reports = element.get("sensorReport") if isinstance(element, dict) else None
        for report in reports if isinstance(reports, list) else ():
            if isinstance(report, dict) and str(report.get("type")).casefold() == name.casefold():
                return {"fh:value": report.get("value"), "fh:uom": report.get("uom", "")}
    return None


def _fact(profile: Profile, name: str, value: Any) -> Fact | None:
    element = profile.elements[name]
    labels = dict(element.label)
    if element.kind in ("number", "quantity", "price"):
        return _number(name, labels, element.kind, value)
    values = value if isinstance(value, list) else [value]
    words = [
        dict(element.choices[one]) if one in element.choices else {"": one}
        for one in values
        if isinstance(one, str) and one
    ]
    return Fact(name, labels, element.kind, words=tuple(words)) if words else None


def _number(name: str, labels: dict[str, str], kind: str, value: Any) -> Fact | None:
    if not isinstance(value, dict):
        amount = _fraction(value)
        return None if amount is None else Fact(name, labels, kind, amount, amount)
    low = _fraction(value.get("fh:value", value.get("fh:minValue")))
    high = _fraction(value.get("fh:value", value.get("fh:maxValue")))
    if low is None or high is None:
        return None
    unit, currency = value.get("fh:per", value.get("fh:uom", "")), value.get("fh:currency", "")
    if not isinstance(unit, str) or not isinstance(currency, str):
        return None
    return Fact(name, labels, kind, low, high, unit[:10], currency[:10])


def _fraction(value: Any) -> Fraction | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return Fraction(repr(value))


def merged(events: Iterable[Sequence[Fact]]) -> list[Fact]:
    """The facts of many events, one for each element and unit: numbers as a range, words each once."""
    found: dict[tuple[str, str, str], list[Fact]] = {}
    for facts in events:
        for fact in facts:
            found.setdefault((fact.element, fact.unit, fact.currency), []).append(fact)
    return [_together(alike) for alike in found.values()]


def _together(alike: list[Fact]) -> Fact:
    first = alike[0]
    lows = [one.low for one in alike if one.low is not None]
    highs = [one.high for one in alike if one.high is not None]
    words = {tuple(word.items()): word for one in alike for word in one.words}
    kept = tuple(words.values())[:_MOST_WORDS]
    return Fact(
        first.element,
        first.labels,
        first.kind,
        min(lows, default=None),
        max(highs, default=None),
        first.unit,
        first.currency,
        kept,
        len(words) - len(kept),
    )


def points_of(events: Iterable[Mapping[str, Any]]) -> dict[str, tuple[float, float, bool]]:
    """By place, the latitude and longitude stated in the open, and whether they are rounded."""
    found: dict[str, tuple[float, float, bool]] = {}
    for event in events:
        read_point = event.get("readPoint")
        uri = read_point.get("id") if isinstance(read_point, dict) else None
        for term, coarse in _POINTS:
            match = _POINT.fullmatch(str(event.get(term, "")))
            if isinstance(uri, str) and match and (uri not in found or found[uri][2]):
                longitude, latitude = float(match[1]), float(match[2])
                if abs(longitude) <= 180 and abs(latitude) <= 90:
                    found[uri] = latitude, longitude, coarse
    return found
