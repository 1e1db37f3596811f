"""Normal forms of single values, as CBV 2.0 §8.9 wants them hashed: times, numbers, URIs, CBV words.

A time is in UTC with milliseconds; a number has neither sign nor zeros that it does not need, in
strings too; a compact URI is expanded; a URN of the CBV and a bare CBV word become the CBV's web
URI; a GS1 key becomes its canonical Digital Link. What is none of these stays as it is, without the
white space around it. Every function raises InvalidInput, without a path, for what has no normal form.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from firsthand.errors import InvalidInput
from firsthand.events import vocabulary
from firsthand.events.identifiers import hashed_spelling

Prefixes = Mapping[str, str]
"""From a prefix to its namespace in braces, as the pre-hash string writes names."""

# The EPCIS 2.0 context defines these for every document.
EPCIS_PREFIXES = {
    "epcis": "https://ref.gs1.org/epcis/",
    "cbv": "https://ref.gs1.org/cbv/",
    "cbvmda": "urn:epcglobal:cbv:mda:",
    "gs1": "https://gs1.org/voc/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dcterms": "http://purl.org/dc/terms/",
}
_CBV_URNS = {
    "urn:epcglobal:cbv:bizstep": "https://ref.gs1.org/cbv/BizStep-",
    "urn:epcglobal:cbv:disp": "https://ref.gs1.org/cbv/Disp-",
    "urn:epcglobal:cbv:btt": "https://ref.gs1.org/cbv/BTT-",
    "urn:epcglobal:cbv:sdt": "https://ref.gs1.org/cbv/SDT-",
    "urn:epcglobal:cbv:er": "https://ref.gs1.org/cbv/ER-",
}


def _words(base: str, words: frozenset[str]) -> dict[str, str]:
    return {word: base + word for word in words}


BIZ_STEPS = _words("https://ref.gs1.org/cbv/BizStep-", vocabulary.BIZ_STEPS)
DISPOSITIONS = _words("https://ref.gs1.org/cbv/Disp-", vocabulary.DISPOSITIONS)
TRANSACTION_TYPES = _words("https://ref.gs1.org/cbv/BTT-", vocabulary.BIZ_TRANSACTION_TYPES)
PARTY_TYPES = _words("https://ref.gs1.org/cbv/SDT-", vocabulary.SOURCE_DEST_TYPES)
COMPONENTS = _words("https://ref.gs1.org/cbv/Comp-", vocabulary.COMPONENTS)
MEASUREMENTS = _words("https://gs1.org/voc/", vocabulary.MEASUREMENT_TYPES)
ALERTS = _words("https://gs1.org/voc/", vocabulary.SENSOR_ALERTS)


def kind_of(value: object) -> str:
    """The JSON kind of a value, with its article, for messages."""
    kinds = {dict: "an object", list: "a list", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def full_name(key: str, prefixes: Prefixes) -> str:
    """`{namespace}local` where the key's prefix is known, else the key itself."""
    prefix, colon, local = key.partition(":")
    return prefixes[prefix] + local if colon and prefix in prefixes else key


def scalar(value: object, prefixes: Prefixes) -> str:
    """Of a string, number or boolean."""
    kind = type(value)
    if kind is str:
        return string(value, prefixes)
    if kind is int or kind is float:
        return _number(value)  # type: ignore[arg-type]
    if kind is bool:
        return "true" if value else "false"
    raise InvalidInput(f"expected a string, number or boolean, got {kind_of(value)}")


def string(value: object, prefixes: Prefixes) -> str:
    """Of a string: prefix expanded, then CBV URN, number, GS1 key, or as it is."""
    if type(value) is not str:
        raise InvalidInput(f"expected a string, got {kind_of(value)}")
    text = value.strip()
    prefix, colon, local = text.partition(":")
    if colon and prefix in prefixes and not local.startswith("//"):
        text = (prefixes[prefix][1:-1] + local).strip()
    return _string(text)


def identifier(value: object, prefixes: Prefixes) -> str:
    """As `string`, past its cache: most EPCs are seen once, and would push out what is seen often."""
    if type(value) is str and value.startswith(("urn:epc:", "https:")):
        return hashed_spelling(value.strip())
    return string(value, prefixes)


def time(value: object) -> str:
    """Of an xsd:dateTimeStamp: UTC, milliseconds, a fourth decimal of 5 or more rounded up."""
    if type(value) is not str:
        raise InvalidInput(f"expected a time, got {kind_of(value)}")
    match = _USUAL_TIME.fullmatch(value)
    if match is None:
        return _time(value)
    hour, minutes, milliseconds, zone = match.groups("000")
    try:
        return f"{_utc_hour(hour, zone)}{minutes}.{milliseconds}Z"
    except InvalidInput:
        return _time(value)  # which refuses it by its own words


_EXACT = 2**53  # doubles hold every integer up to here
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
# With whole seconds or milliseconds, and a zone of whole hours, which leaves minutes and seconds as they are.
_USUAL_TIME = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})(:[0-5][0-9]:[0-5][0-9])(?:\.([0-9]{3}))?(Z|[+-][0-9]{2}:00)"
)
_TIMESTAMP = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[Tt]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.([0-9]+))?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _number(value: float) -> str:
    if type(value) is float and not value.is_integer() and -_EXACT <= value <= _EXACT:
        return repr(value)
    if type(value) is int and -_EXACT <= value <= _EXACT:
        return str(value)
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise InvalidInput("expected a number within the range of a double, got one outside")
    return str(int(double)) if double.is_integer() else repr(double)


def _string(text: str) -> str:
    if text.startswith("urn:epcglobal:cbv:"):
        urn, _, word = text.rpartition(":")
        return _CBV_URNS[urn] + word if urn in _CBV_URNS else text
    if text[:1] <= "9" and _NUMBER.fullmatch(text):  # signs, point and digits stand before all letters
        double = float(text)
        return _number(double) if math.isfinite(double) else text
    return hashed_spelling(text)


def _time(text: str) -> str:
    match = _TIMESTAMP.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(
            f"expected a time with its zone, e.g. 2026-03-01T09:30:00+03:00, got {text[:60]!r}"
        )
    day, clock, decimals, zone = match.groups(default="")
    milliseconds = decimals[:3].ljust(3, "0")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock}{zone.upper()}").astimezone(UTC)
        if decimals[3:4] >= "5":
            moment += timedelta(milliseconds=int(milliseconds) + 1)
            milliseconds = f"{moment.microsecond // 1000:03d}"
    except (ValueError, OverflowError):
        raise InvalidInput(f"there is no such time as {text[:60]!r}") from None
    return f"{moment.isoformat()[:19]}.{milliseconds}Z"


@lru_cache(maxsize=4096)
def _utc_hour(hour: str, zone: str) -> str:
    return _time(f"{hour}:00:00{zone}")[:13]
