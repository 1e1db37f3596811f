"""Canonical JSON (JCS, RFC 8785): the only way in which Firsthand turns a value into bytes to hash.

The fast path lets msgspec write the text with sorted keys and keeps it when nothing in it can differ
from JCS: no number that ECMAScript writes otherwise, no character beyond the Basic Multilingual Plane
(such keys sort otherwise in UTF-16). All else takes the slow path, `_write`. Both are held to the
`rfc8785` package by the tests.
"""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec

from firsthand.errors import InvalidInput

__all__ = ["MAX_INTEGER", "canonical", "is_canonical", "parse_canonical"]

MAX_INTEGER = 2**53 - 1
"""Up to here every integer is an IEEE 754 double, and so exact in JCS (RFC 8785 §3.2.2.3)."""

_encode_sorted = msgspec.json.Encoder(order="sorted").encode
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

_BEYOND_BMP = re.compile(rb"[\xf0-\xf4]")


def canonical(value: Any) -> bytes:
    """The JCS form of a JSON value (dict, list, str, int, float, bool, None), UTF-8.

    Raises InvalidInput for what JCS cannot carry: NaN and infinities, integers that are
    no IEEE 754 double, lone surrogates, keys that are not strings.
    """
    try:
        text = _encode_sorted(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(f"not a JSON value: {error}") from None
    if not _differs(value) and (text.isascii() or _BEYOND_BMP.search(text) is None):
        return text
    parts: list[str] = []
    try:
        _write(value, parts)
        return "".join(parts).encode()
    except RecursionError:
        raise InvalidInput("nested too deeply for canonical JSON") from None
    except UnicodeEncodeError as error:
        raise InvalidInput(f"a string holds a lone surrogate: {error.reason}") from None


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
    """Whether msgspec may write some number in it otherwise than ECMAScript does."""
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind is str:
            continue
        if kind is dict:
            stack.extend(item.values())
        elif kind is list:
            stack.extend(item)
        elif kind is float:
            # Between these bounds both write plain decimals, unless the float is a whole number.
            if not 1e-5 < abs(item) < 1e15 or item.is_integer():
                return True
        elif kind is int:
            if not -MAX_INTEGER <= item <= MAX_INTEGER:
                return True
        elif item is not None and kind is not bool:
            return True
    return False


def _write(value: Any, parts: list[str]) -> None:
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_encode(value).decode())
    elif isinstance(value, int):
        parts.append(str(value) if -MAX_INTEGER <= value <= MAX_INTEGER else _large_integer(value))
    elif isinstance(value, float):
        parts.append(_number(value))
    elif isinstance(value, (list, tuple)):
        _write_array(value, parts)
    elif isinstance(value, dict):
        _write_object(value, parts)
    else:
        raise InvalidInput(f"not a JSON value: {type(value).__name__}")


def _write_array(value: list[Any] | tuple[Any, ...], parts: list[str]) -> None:
    parts.append("[")
    for position, item in enumerate(value):
        if position:
            parts.append(",")
        _write(item, parts)
    parts.append("]")


def _write_object(value: dict[str, Any], parts: list[str]) -> None:
    parts.append("{")
    for position, key in enumerate(sorted(value, key=lambda text: text.encode("utf-16-be"))):
        if position:
            parts.append(",")
        parts.append(_encode(key).decode())
        parts.append(":")
        _write(value[key], parts)
    parts.append("}")


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
