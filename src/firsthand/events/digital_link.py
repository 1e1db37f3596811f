"""GS1 Digital Link URIs as a resolver reads them: every primary key, path and check digit judged.

`identifiers.canonical` answers what an event speaks of and judges nothing; here a path that breaks a rule is
an error that says which. Pure: text in, values out.

Sources: GS1 Digital Link URI Syntax 1.6 §4 (keys, qualifiers, their order), GS1-Conformant Resolver 1.2
§2.4 (tests) and §2.5.9 (whose links a request is answered from), GS1 General Specifications §7.9.1 and
§7.9.5 (check digit, check character pair).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from firsthand.errors import InvalidInput
from firsthand.events.application_identifiers import (
    CANONICAL_DOMAIN,
    CHARSET_39,
    CHARSET_82,
    CHECK_DIGITS,
    DIGITS,
    KEY_NAMES,
    KEY_VALUES,
    LINK_ESCAPES,
    NAMES,
    NUMERIC_QUALIFIERS,
    QUALIFIERS,
)
from firsthand.events.identifiers import check_digit

__all__ = ["KEY_SEGMENTS", "DigitalLink", "check_pair", "find_link", "link_of", "parse_path"]

_GLN: Final = re.compile(r"[0-9]{13}")
# Keys that no event is about by themselves, and so have no EPC URN.
_FURTHER_KEYS: Final = dict.fromkeys(("410", "411", "412", "413", "415"), _GLN) | {
    "8013": re.compile(r"[0-9]{4}.{1,21}")
}
_FURTHER_NAMES: Final = {
    "shipTo": "410",
    "billTo": "411",
    "purchasedFrom": "412",
    "shipFor": "413",
    "payTo": "415",
    "gmn": "8013",
    "refNo": "8020",
}
_KEYS: Final = KEY_VALUES | _FURTHER_KEYS
KEY_SEGMENTS: Final = {ai: ai for ai in _KEYS} | {
    name: ai for name, ai in (KEY_NAMES | _FURTHER_NAMES).items() if ai in _KEYS
}
"""What a path may begin with: each primary key's application identifier, and the name that it once had."""

_QUALIFIER_NAMES: Final = NAMES | _FURTHER_NAMES
_LENGTHS: Final = {ai: length for ones in QUALIFIERS.values() for ai, length in ones.items()} | {
    "8020": 25,
    "7040": 4,
}
# Each key's ways on: a way's qualifiers keep its order, and ways do not mix (URI Syntax 1.6 §4.9).
_WAYS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "01": (("22", "10", "21"), ("235",)),
    "8006": (("22", "10", "21"),),
    "8010": (("8011",),),
    "414": (("254",), ("7040",)),
    "415": (("8020",),),
    "417": (("7040",),),
    "8004": (("7040",),),
    "8017": (("8019",),),
    "8018": (("8019",),),
}
# Location numbers that are keys of their own, and beside another key say more of it.
_BESIDE: Final = frozenset(("410", "411", "412", "413", "414", "415", "417"))
# How many digits of a key end with its check digit.
_PRIMES: Final = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83)
_PAIR: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_ORDER_82: Final = "".join(sorted(CHARSET_82))
_BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class DigitalLink:
    """A valid GS1 Digital Link: primary key by application identifier, value, qualifiers in their order.

    A GTIN has 14 digits here, however it was written; values are not percent-encoded.
    """

    key: str
    value: str
    qualifiers: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> str:
        """The path with numeric application identifiers, e.g. `/01/04012345111118/10/A%2F7`."""
        pairs = ((self.key, self.value), *self.qualifiers)
        return "".join(f"/{ai}/{value.translate(LINK_ESCAPES)}" for ai, value in pairs)

    @property
    def uri(self) -> str:
        """The URI on GS1's own domain, consumer product variant and all."""
        return CANONICAL_DOMAIN + self.path

    def levels(self) -> tuple[DigitalLink, ...]:
        """Whose links answer a request for this one, from the finest to the key alone (Resolver §2.5.9).

        A serial number belongs to the key, whatever lot the request names beside it.
        """
        held = dict(self.qualifiers)
        wanted = (("21",), ("22", "10"), ("10",), ("22",)) if "10" in held or "21" in held else ()
        ways = wanted or tuple((ai,) for ai in held)
        found = [
            DigitalLink(self.key, self.value, tuple((ai, held[ai]) for ai in way))
            for way in ways
            if held.keys() >= set(way)
        ]
        return (*found, DigitalLink(self.key, self.value))


def parse_path(path: str) -> DigitalLink:
    """The Digital Link of a percent-encoded path that begins with a primary key; a last slash is forgiven.

    Raises InvalidInput: an unknown key or qualifier, a wrong order, length, character or check digit.
    """
    segments = path.strip("/").split("/")
    key = KEY_SEGMENTS.get(segments[0])
    if key is None:
        raise InvalidInput(f"{segments[0][:40]!r} is no primary key of GS1; expected e.g. /01/04012345111118")
    if len(segments) % 2:
        raise InvalidInput(
            f"{segments[-1][:40]!r} has no value: a Digital Link goes /key/value/qualifier/value"
        )
    value = _decoded(key, segments[1], 30, CHARSET_39 if key == "8010" else CHARSET_82)
    if not _KEYS[key].fullmatch(value):
        raise InvalidInput(f"{value!r} is no value of the key ({key}): wrong length or characters")
    value = value.zfill(14) if key == "01" else value
    _check(key, value)
    return DigitalLink(key, value, _qualifiers(key, segments[2:]))


def link_of(
    elements: Mapping[str, str], head: DigitalLink | None = None
) -> tuple[DigitalLink, dict[str, str]]:
    """The link that values by application identifier make, and those that belong into its query string.

    `head` is the key where it stands elsewhere. Raises InvalidInput as `parse_path`, and where there is not
    exactly one key.
    """
    keys = [ai for ai in elements if ai in _KEYS and ai not in _BESIDE]
    if head is not None:
        keys = [head.key, *keys, *(ai for ai in elements if ai == head.key)]
    elif not keys:
        keys = [ai for ai in elements if ai in _BESIDE]
    if len(keys) != 1:
        raise InvalidInput(f"a Digital Link has one primary key, got {', '.join(keys) or 'none'}")
    (key,) = keys
    order = dict.fromkeys(ai for way in _WAYS.get(key, ()) for ai in way)
    values = {**elements, **({key: head.value} if head else {})}
    named = [key, *(ai for ai in order if ai in elements)]
    link = parse_path("".join(f"/{ai}/{values[ai].translate(LINK_ESCAPES)}" for ai in named))
    return link, {ai: value for ai, value in elements.items() if ai not in named}


def find_link(uri: str) -> DigitalLink | None:
    """The Digital Link that an http or https URI is, on any domain and below any path; None for another URI.

    Raises InvalidInput for one with a wrong check digit: somebody mistyped it.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return None
    segments = rest.partition("#")[0].partition("?")[0].rstrip("/").split("/")
    for at in range(1, len(segments) - 1):
        if segments[at] in KEY_SEGMENTS and (len(segments) - at) % 2 == 0:
            try:
                return parse_path("/".join(segments[at:]))
            except _WrongCheckDigit:
                raise
            except InvalidInput:
                continue
    return None


def check_pair(text: str) -> str:
    """The two check characters of a global model number given without them (General Specifications §7.9.5).

    Raises InvalidInput for a character outside GS1's 82, or over 23 characters.
    """
    if len(text) > len(_PRIMES) or not CHARSET_82.issuperset(text):
        raise InvalidInput(f"{text[:40]!r} is no model reference")
    total = sum(
        _ORDER_82.index(character) * weight
        for character, weight in zip(reversed(text), _PRIMES, strict=False)
    )
    return _PAIR[total % 1021 >> 5] + _PAIR[total % 1021 & 31]


class _WrongCheckDigit(InvalidInput):
    """A key whose check digit does not fit."""


def _check(key: str, value: str) -> None:
    if key == "8013":
        found, expected = value[-2:], check_pair(value[:-2])
    elif key in CHECK_DIGITS:
        end = CHECK_DIGITS[key]
        found, expected = value[end - 1], check_digit(value[: end - 1])
    else:
        return
    if found != expected:
        raise _WrongCheckDigit(
            f"the check digit of ({key}) {value} is {found}, expected {expected}: was it mistyped?"
        )


def _qualifiers(key: str, segments: list[str]) -> tuple[tuple[str, str], ...]:
    found: list[tuple[str, str]] = []
    ways = _WAYS.get(key, ())
    for name, text in zip(segments[::2], segments[1::2], strict=True):
        ai = _QUALIFIER_NAMES.get(name, name)
        if not any(ai in way for way in ways):
            raise InvalidInput(f"{name[:40]!r} does not qualify the key ({key})")
        charset = DIGITS if ai in NUMERIC_QUALIFIERS else CHARSET_82
        found.append((ai, _decoded(ai, text, _LENGTHS[ai], charset)))
    names = tuple(ai for ai, _ in found)
    if not any(names == tuple(ai for ai in way if ai in names) for way in ways) and names:
        raise InvalidInput(f"({')('.join(names)}) is no order of qualifiers after the key ({key})")
    return tuple(found)


def _decoded(ai: str, text: str, longest: int, charset: frozenset[str]) -> str:
    if len(text) > 3 * longest or _BROKEN_ESCAPE.search(text):
        raise InvalidInput(f"the value of ({ai}) is too long, or its percent-encoding broken")
    raw = unquote(text, errors="replace")
    if not 0 < len(raw) <= longest or not charset.issuperset(raw):
        raise InvalidInput(f"expected 1 to {longest} of GS1's characters for ({ai}), got {raw[:40]!r}")
    return raw
