"""Canonical JSON (JCS, RFC 8785): the only way in which Firsthand turns a value into bytes to hash.

msgspec writes the text with sorted keys; it stands when nothing in it can differ from JCS. Where a number
is one that ECMAScript writes otherwise, or a character is beyond the Basic Multilingual Plane (such keys
sort otherwise in UTF-16), it writes a copy of the value that has these as JCS wants them. Both are held
to the `rfc8785` package by the tests.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from firsthand.errors import InvalidInput

__all__ = ["MAX_DEPTH", "MAX_INTEGER", "canonical", "is_canonical", "parse_canonical"]

MAX_INTEGER = 2**53 - 1
"""Up to here every integer is an IEEE 754 double, and so exact in JCS (RFC 8785 §3.2.2.3)."""

MAX_DEPTH = 128
"""Levels of a value; a limit of ours, so that no verdict hangs on how deep a language can recurse."""

_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")


def canonical(value: Any) -> bytes:
    """The JCS form of a JSON value (dict, list, str, int, float, bool, None), UTF-8.

    Raises InvalidInput for what JCS cannot carry: NaN and infinities, integers that are
    no IEEE 754 double, lone surrogates, keys that are not strings, more than MAX_DEPTH levels.
    """
    try:
        text = _encode_sorted(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"not a JSON value: {error}") from None
    differs = _differs(value)
    beyond = not text.isascii() and _BEYOND_BMP.search(text) is not None
    if not beyond and not differs:
        return text
    try:
        return _encode(_in_utf16_order(_exact(value))) if beyond else _encode_sorted(_exact(value))
    except RecursionError:
        raise InvalidInput("nested too deeply for canonical JSON") from None


def parse_canonical(text: bytes) -> Any:
    """The value of a JSON text that must already be in canonical form.

    Raises InvalidInput when it is not JSON or not canonical: white space, another key order, a doubled
    key or another spelling of a number or string would let two texts pass for one.
    """
    try:
        value = _decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"not JSON: {error}") from None
    if canonical(value) != text:
        raise InvalidInput(
            "not in canonical form (RFC 8785): the bytes differ from the value's canonical text"
        )
    return value


def is_canonical(text: bytes) -> bool:
    """Whether these bytes are the canonical form of a JSON value."""
    try:
        parse_canonical(text)
    except InvalidInput:
        return False
    return True


def _differs(value: Any) -> bool:
    """Whether msgspec may write some number in it otherwise than ECMAScript does.

    Raises InvalidInput when it nests too deeply.
    """
    level = [value]
    found = False
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str:
                continue
            if kind is dict:
                below += item.values()
            elif kind is list:
                below += item
            elif kind is float:
                # Between these bounds both write plain decimals, unless the float is a whole number.
                found = found or not 1e-5 < abs(item) < 1e15 or item.is_integer()
            elif kind is int:
                found = found or not -MAX_INTEGER <= item <= MAX_INTEGER
            elif item is not None and kind is not bool:
                found = True
        if not below:
            return found
        level = below
    raise InvalidInput(f"nested more than {MAX_DEPTH} deep")


def _exact(value: Any) -> Any:
    """A copy whose numbers msgspec writes as ECMAScript does. Raises InvalidInput for what is not JSON."""
    if isinstance(value, dict):
        return {name: item if type(item) is str else _exact(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [item if type(item) is str else _exact(item) for item in value]
    if value is None or isinstance(value, (str, bool)):
        return value
    if isinstance(value, int):
        return value if -MAX_INTEGER <= value <= MAX_INTEGER else msgspec.Raw(_large_integer(value).encode())
    if isinstance(value, float):
        return msgspec.Raw(_number(value).encode())
    raise InvalidInput(f"not a JSON value: {type(value).__name__}")


def _in_utf16_order(value: Any) -> Any:
    """A copy whose keys stand in the order of their UTF-16 code units (RFC 8785 §3.2.3)."""
    if type(value) is dict:
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return {name: _in_utf16_order(value[name]) for name in names}
    if type(value) is list:
        return [_in_utf16_order(item) for item in value]
    return value


def _large_integer(value: int) -> str:
    """An integer beyond 2^53 - 1, which only stands when ECMAScript writes its double with these digits."""
    digits = str(value) if abs(value) < 10**21 else ""
    if not digits or _number(float(value)) != digits:
        raise InvalidInput(
            "an integer is beyond what an IEEE 754 double, and so canonical JSON, carries exactly"
        )
    return digits


def _number(value: float) -> str:
    """ECMAScript's Number::toString (ECMA-262 §6.1.6.1.20), from Python's shortest round-trip digits."""
    if not math.isfinite(value):
        raise InvalidInput(f"{value} is not a JSON number")
    if value == 0:
        return "0"
    sign = "-" if value < 0 else ""
    mantissa, _, exponent = f"{abs(value)!r}e0".partition("e")
    exponent = exponent.removesuffix("e0") or "0"
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(whole) + int(exponent) - (len(whole + fraction) - len(digits))
    digits = digits.rstrip("0")
    if 0 < point <= 21:
        if len(digits) <= point:
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    power = f"e{'+' if point > 0 else '-'}{abs(point - 1)}"
    return sign + (digits if len(digits) == 1 else f"{digits[0]}.{digits[1:]}") + power
