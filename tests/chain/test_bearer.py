"""Bearer codes: every typo is noticed, a single one is located, and the key is the one that the spec says."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.chain.bearer import ALPHABET, LENGTH, code_entropy, code_secret, encode_code
from firsthand.errors import InvalidInput

ENTROPY = st.binary(min_size=16, max_size=16)
VECTOR = "00041-06105-0R3GG-28A1C-60T3G-F8GVK6"
"""Of the bytes 00 to 0f; the key was derived by hand with HKDF (RFC 5869) from hmac and hashlib."""


def plain(code: str) -> list[str]:
    return [character for character in code if character != "-"]


def test_the_vector() -> None:
    import hashlib
    import hmac

    assert encode_code(bytes(range(16))) == VECTOR
    extracted = hmac.digest(b"firsthand bearer code", bytes(range(16)), hashlib.sha256)
    assert code_secret(VECTOR) == hmac.digest(extracted, b"secp256k1\x01", hashlib.sha256)


@settings(deadline=None)
@given(ENTROPY)
def test_a_code_gives_its_entropy_back_however_it_is_written(entropy: bytes) -> None:
    code = encode_code(entropy)
    assert len(plain(code)) == LENGTH
    read_alike = code.lower().replace("1", "l").replace("0", "o").replace("-", " ")
    for text in (code, code.replace("-", ""), f"  {code}\n", read_alike):
        assert code_entropy(text) == entropy


@settings(deadline=None)
@given(ENTROPY, st.data())
def test_one_wrong_character_is_located(entropy: bytes, data: st.DataObject) -> None:
    word = plain(encode_code(entropy))
    at = data.draw(st.integers(0, LENGTH - 1))
    right = word[at]
    word[at] = data.draw(st.sampled_from([character for character in ALPHABET if character != right]))
    with pytest.raises(InvalidInput, match=rf"at place {at + 1}: {word[at]} should be {right}"):
        code_entropy("".join(word))


@settings(deadline=None)
@given(ENTROPY, st.integers(0, LENGTH - 2))
def test_two_neighbours_swapped_are_located(entropy: bytes, at: int) -> None:
    word = plain(encode_code(entropy))
    if word[at] == word[at + 1]:
        return
    word[at], word[at + 1] = word[at + 1], word[at]
    with pytest.raises(InvalidInput, match=rf"places {at + 1} and {at + 2} are swapped"):
        code_entropy("".join(word))


@settings(deadline=None)
@given(ENTROPY, st.dictionaries(st.integers(0, LENGTH - 1), st.integers(1, 31), min_size=2, max_size=5))
def test_up_to_five_wrong_characters_are_always_noticed(entropy: bytes, errors: dict[int, int]) -> None:
    word = plain(encode_code(entropy))
    for at, by in errors.items():
        word[at] = ALPHABET[ALPHABET.index(word[at]) ^ by]
    with pytest.raises(InvalidInput, match="mistyped"):
        code_entropy("".join(word))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "has 31 characters, got 0"),
        (VECTOR[:-1], "got 30; was one left out"),
        (VECTOR + "0", "got 32"),
        (VECTOR.replace("R", "U"), "no character 'U' (at place 12)"),
        (VECTOR.replace("R", "é"), "no character"),
        ("7" * 10_000, "got 10000"),
    ],
)
def test_what_is_no_code_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(told)):
        code_entropy(text)


def test_another_version_is_refused() -> None:
    from firsthand.chain.bearer import _checksum

    data = [31, *[0] * 25]
    word = "".join(ALPHABET[symbol] for symbol in [*data, *_checksum(data)])
    with pytest.raises(InvalidInput, match="version"):
        code_entropy(word)
