"""Codes that a person reads off paper, in an alphabet without look-alikes: one-time codes of 80 random bits,
and the shorter ones of labels.

The alphabet is Crockford's base 32 (digits and capitals without I, L, O and U; read back, O is 0 and I or L
is 1). A check symbol of the same alphabet by ISO/IEC 7064's hybrid system, here MOD 33,32, finds every
symbol that was read wrong and nearly all neighbours that were swapped.
"""

from __future__ import annotations

from typing import Final

from firsthand.errors import InvalidInput

__all__ = ["BITS", "code_of", "read_code"]

BITS: Final = 80
"""Of one code. Its commitment is public and names what the code is for, so a guess tests one code: 2^79
hashes on average, some 2,000 years for a thousand processors of 10^10 hashes a second each."""

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VALUES: Final = {symbol: value for value, symbol in enumerate(_ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_GROUP: Final = 4


def code_of(random: bytes, bits: int = BITS) -> str:
    """The code of 10 random bytes: `K7Q2-9XHM-41TA-WZ8CR`, the last symbol being the check.

    Shorter ones have fewer `bits`, a multiple of 40.
    """
    if len(random) != bits // 8:
        raise ValueError(f"expected {bits // 8} bytes, got {len(random)}")
    symbols = bits // 5
    number = int.from_bytes(random, "big")
    values = [number >> 5 * place & 31 for place in reversed(range(symbols))]
    text = "".join(_ALPHABET[value] for value in [*values, _check(values)])
    groups = [text[at : at + _GROUP] for at in range(0, symbols, _GROUP)]
    return "-".join(groups) + text[symbols]


def read_code(text: str, bits: int = BITS) -> str:
    """A code of so many bits as it was typed or scanned, in its one spelling.

    Small letters, blanks and hyphens do not matter. Raises InvalidInput when a symbol is none, when there
    are too few or too many, or when the check symbol does not fit.
    """
    plain = "".join(text.split()).replace("-", "").upper()
    symbols = bits // 5
    if len(plain) != symbols + 1:
        raise InvalidInput(f"a code has {symbols + 1} letters and digits, got {len(plain)}")
    wrong = [symbol for symbol in plain if symbol not in _VALUES]
    if wrong:
        raise InvalidInput(f"no code has the symbol {wrong[0]!r}")
    *values, check = (_VALUES[symbol] for symbol in plain)
    if _check(values) != check:
        raise InvalidInput("the last symbol does not fit the ones before: one was read or typed wrong")
    number = 0
    for value in values:
        number = number << 5 | value
    return code_of(number.to_bytes(bits // 8, "big"), bits)


def _check(values: list[int]) -> int:
    """ISO/IEC 7064:2003 §9, the hybrid system of M + 1 and M with M = 32."""
    product = 32
    for value in values:
        total = (product + value) % 32 or 32
        product = total * 2 % 33
    return (33 - product) % 32
