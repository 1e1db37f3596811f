"""Bearer codes: a token's key as 31 characters that fit under a scratch label.

A code is a word of the Reed-Solomon code over GF(32) with 26 characters of data and 5 of checksum
(distance 6): 128 random bits and a version of 2 bits, in Crockford's base 32. Up to five wrong characters are
always noticed; a single wrong one, or two neighbours swapped, is located. The key is derived by HKDF-SHA-256
(RFC 5869): the entropy is full, so there is nothing for a slow hash to stretch.
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from firsthand.errors import InvalidInput

__all__ = ["ALPHABET", "LENGTH", "code_entropy", "code_secret", "encode_code"]

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no I, L, O, U; read without regard to case, I and L as 1, O as 0."""

DATA: Final = 26
CHECK: Final = 5
LENGTH: Final = DATA + CHECK
ENTROPY: Final = 16
"""Bytes of randomness in a code: 128 bits."""

_READ_AS: Final = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_SALT: Final = b"firsthand bearer code"
_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

# GF(32) by x^5 + x^2 + 1: the powers of its generator, twice around, and their logarithms.
_EXP: Final = [1] * 62
for _at in range(1, 62):
    _EXP[_at] = _EXP[_at - 1] << 1 ^ (0x25 if _EXP[_at - 1] & 16 else 0)
_LOG: Final = {_EXP[_at]: _at for _at in range(31)}


def encode_code(entropy: bytes) -> str:
    """The code of 16 random bytes, in groups of five characters."""
    if len(entropy) != ENTROPY:
        raise InvalidInput(f"a bearer code holds {ENTROPY} bytes, got {len(entropy)}")
    number = int.from_bytes(entropy, "big")  # 130 bits, of which the first two, the version, are 0
    data = [number >> 5 * (DATA - 1 - at) & 31 for at in range(DATA)]
    text = "".join(ALPHABET[symbol] for symbol in [*data, *_checksum(data)])
    return "-".join([*(text[at : at + 5] for at in range(0, 25, 5)), text[25:]])


def code_entropy(text: str) -> bytes:
    """The 16 bytes of a code, however it is spaced or cased.

    Raises InvalidInput saying what is wrong, and where, as far as the checksum tells.
    """
    plain = text.strip().upper().translate(_READ_AS)
    for at, character in enumerate(plain):
        if character not in ALPHABET:
            raise InvalidInput(
                f"a bearer code has no character {character!r} (at place {at + 1}); it is made of {ALPHABET}"
            )
    if len(plain) != LENGTH:
        raise InvalidInput(f"a bearer code has {LENGTH} characters, got {len(plain)}; was one left out?")
    word = [ALPHABET.index(character) for character in plain]
    if any(_syndromes(word)):
        raise InvalidInput(f"the bearer code is mistyped{_located(word)}; look at the label again")
    number = 0
    for symbol in word[:DATA]:
        number = number << 5 | symbol
    if number >> 8 * ENTROPY:
        raise InvalidInput("the bearer code is of a version that this release does not read")
    return number.to_bytes(ENTROPY, "big")


def code_secret(text: str) -> bytes:
    """The secp256k1 secret (32 bytes, big-endian) that a code is. Raises InvalidInput as `code_entropy`."""
    derived = HKDF(SHA256(), 32, _SALT, b"secp256k1").derive(code_entropy(text))
    if not 0 < int.from_bytes(derived, "big") < _ORDER:
        raise InvalidInput("this code gives no key")  # once in 2^127 codes: an encoder draws anew
    return derived


def _times(a: int, b: int) -> int:
    return _EXP[_LOG[a] + _LOG[b]] if a and b else 0


def _generator() -> list[int]:
    """(x − α)(x − α²) … (x − α⁵), highest power first."""
    product = [1]
    for root in range(1, CHECK + 1):
        shifted = [*product, 0]
        for at, coefficient in enumerate(product):
            shifted[at + 1] ^= _times(coefficient, _EXP[root])
        product = shifted
    return product


_GENERATOR: Final = _generator()


def _checksum(data: list[int]) -> list[int]:
    """The remainder of data · x⁵ by the generator."""
    rest = [*data, *[0] * CHECK]
    for at in range(DATA):
        factor = rest[at]
        for offset, coefficient in enumerate(_GENERATOR):
            rest[at + offset] ^= _times(factor, coefficient)
    return rest[DATA:]


def _syndromes(word: list[int]) -> list[int]:
    """The word's polynomial at α … α⁵: all zero for a code."""
    values = []
    for root in range(1, CHECK + 1):
        value = 0
        for symbol in word:
            value = _times(value, _EXP[root]) ^ symbol
        values.append(value)
    return values


def _located(word: list[int]) -> str:
    """Where the mistake is, if one character or one swap explains it.

    With distance 6 a word that is one change from a code is so by five changes or more from any other.
    """
    first, second = _syndromes(word)[:2]
    if first and second:
        power = (_LOG[second] - _LOG[first]) % 31
        at = LENGTH - 1 - power
        changed = [*word]
        changed[at] ^= _EXP[(_LOG[first] - power) % 31]
        if not any(_syndromes(changed)):
            return f" at place {at + 1}: {ALPHABET[word[at]]} should be {ALPHABET[changed[at]]}"
    for at in range(LENGTH - 1):
        changed = [*word]
        changed[at], changed[at + 1] = word[at + 1], word[at]
        if word[at] != word[at + 1] and not any(_syndromes(changed)):
            return f": the characters at places {at + 1} and {at + 2} are swapped"
    return ""
