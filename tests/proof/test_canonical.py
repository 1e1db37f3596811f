"""Canonical JSON, held to the reference implementation of RFC 8785."""

from __future__ import annotations

import json
import struct

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical, parse_canonical

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5),
    max_leaves=20,
)


@settings(max_examples=1500)
@given(JSON)
def test_equals_the_reference(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@settings(max_examples=3000)
@given(st.integers(0, 2**64 - 1))
def test_every_double_equals_the_reference(bits: int) -> None:
    (value,) = struct.unpack(">d", bits.to_bytes(8, "big"))
    if value == value and abs(value) != float("inf"):
        assert canonical([value]) == rfc8785.dumps([value])
        assert canonical({"a": value}) == rfc8785.dumps({"a": value})


@given(JSON)
def test_parse_is_the_inverse(value: object) -> None:
    text = canonical(value)
    assert canonical(parse_canonical(text)) == text


@given(JSON, st.data())
def test_other_spellings_are_refused(value: object, data: st.DataObject) -> None:
    text = canonical(value)
    other = json.dumps(value, indent=data.draw(st.sampled_from([None, 1]))).encode()
    if other != text:
        with pytest.raises(InvalidInput):
            parse_canonical(other)


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        2**53 + 1,
        [-(2**53) - 1],
        10**400,
        {"a": 10**30},
        "\ud800",
        {"\ud800": 1},
        {1: 2},
        object(),
    ],
)
def test_what_canonical_json_cannot_carry_is_refused(value: object) -> None:
    with pytest.raises(InvalidInput):
        canonical(value)


def test_nesting_does_not_overflow() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(InvalidInput):
        canonical(deep)
    with pytest.raises(InvalidInput):
        parse_canonical(b"[" * 100_000 + b"]" * 100_000)
