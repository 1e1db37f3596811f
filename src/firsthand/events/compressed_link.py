"""Compressed GS1 Digital Links: the bits of a base64url path segment, read back into the link they stand for.

Sources: GS1 Digital Link standard 1.1.3 §5 (compression) and its tables as GS1's own toolkit has them
(GS1DigitalLinkCompressionPrototype): a value's form (F), the digits of an application identifier (P), and
codes for frequent combinations (Opt). Pure: text in, values out. What does not fit to the last bit is
refused: one link has many compressed forms, but no text is read as more than one link.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Final
from urllib.parse import quote

from firsthand.errors import InvalidInput
from firsthand.events.application_identifiers import CHARSET_39, CHARSET_82, NAMES
from firsthand.events.digital_link import DigitalLink, link_of, parse_path

__all__ = ["ReadLink", "looks_compressed", "read_path"]

LONGEST: Final = 1_000
"""Characters of a compressed segment: far more than any symbol holds."""

_ALPHABET: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HEX: Final = "0123456789abcdef"
_ENCODINGS: Final = {1: (4, _HEX), 2: (4, _HEX.upper()), 3: (6, _ALPHABET), 4: (7, "")}
"""How characters were packed: their bits and alphabet; 4 is ASCII. Encoding 0 is one number of all digits."""

# What may be meant as a compressed link, well formed or not, and not as the name of a file or a plain word.
_MEANT: Final = re.compile(r"(?![a-z_-]*$)[A-Za-z0-9_+/=-]{10,}")
# After a key an application identifier stands for itself: no compressed link is made of such digits.
_IDENTIFIER: Final = re.compile(r"[0-9]{2,4}")
_LAST_BITS: Final = 7
"""So many bits begin nothing: they fill the last character."""

# Table P: the digits of an application identifier, by its first two.
_DIGITS: Final = {
    **dict.fromkeys("00 01 02 10 11 12 13 15 16 17 20 21 22 30 37".split(), 2),
    **dict.fromkeys((str(number) for number in range(90, 100)), 2),
    **dict.fromkeys("23 24 25 40 41 42 71".split(), 3),
    **dict.fromkeys("31 32 33 34 35 36 39 43 70 72 80 81 82".split(), 4),
}
# Table F: the parts of a value. N digits, X characters; `..` is "up to", and then a length stands before.
_FORMS: Final = tuple(
    (re.compile(identifiers), form)
    for form, identifiers in (
        ("N18", "00|8006|8017|8018|8026"),
        ("N14", "01|02|8001"),
        ("X..20", "10|21|22|243|254|420|4318|702[0-2]|71[0-4]|7240|8002|8012"),
        ("N6", "1[1-3567]|3(?:1[0-6]|2.|3[0-7]|4.|5[0-7]|6.)[0-5]|395.|4326|7006|8005"),
        ("N2", "20"),
        ("X..28", "235"),  # the toolkit has three digits before, which no other source knows
        ("X..30", "24[01]|25[01]|40[013]|4308|4319|7002|7023|723.|8004|8010|8013|90"),
        ("N..6", "242"),
        ("N13 X..17", "253"),
        ("N13 N..12", "255"),
        ("N..8", "30|37"),
        ("N..15", "390.|392."),
        ("N3 N..15", "391.|393."),
        ("N4", "394[0-3]|8111"),
        ("N17", "402"),
        ("N13", "41[0-7]|7001"),
        ("N3 X..9", "421"),
        ("N3", "42[246]"),
        ("N3 N..12", "42[35]"),
        ("X..3", "427|7008"),
        ("X..35", "430[01]|431[01]|4320"),
        ("X..70", "430[2-6]|431[2-6]|8110|8112|8200"),
        ("X2", "4307|4317"),
        ("N20", "4309"),
        ("N1", "432[1-3]"),
        ("N10", "432[45]|7003"),
        ("N..4", "7004"),
        ("X..12", "7005"),
        ("N6 N..6", "7007"),
        ("X..10", "7009"),
        ("X..2", "7010"),
        ("N3 X..27", "703."),
        ("N1 X3", "7040"),
        ("N14 X..16", "8003"),
        ("X..24", "8007"),
        ("N8 N..4", "8008"),
        ("X..50", "8009"),
        ("N..12", "8011"),
        ("N..10", "8019"),
        ("X..25", "8020"),
        ("X..90", "9[1-9]"),
    )
)
# Table Opt: one code for application identifiers that often stand together.
_TOGETHER: Final = {
    **{f"0{hexed}": ("01", ai) for hexed, ai in zip("ABCDEF", "22 10 21 17 7003 30".split(), strict=True)},
    "1A": ("01", "10", "21", "17"),
    **{f"1{hexed}": ("01", ai) for hexed, ai in zip("BCDE", "15 11 16 91".split(), strict=True)},
    "1F": ("01", "10", "15"),
    **{f"2{hexed}": ("01", f"310{at}") for at, hexed in enumerate("ABCDEF")},
    **{f"3{hexed}": ("01", f"320{at}") for at, hexed in enumerate("ABCDEF")},
    **{f"A{at}": ("01", f"392{at}") for at in range(10)},
    **{f"C{at}": ("255", f"390{at}") for at in range(10)},
    **{f"C{hexed}": ("255", f"394{at}") for at, hexed in enumerate("ABCD")},
    "9A": ("8010", "8011"),
    "9B": ("8017", "8019"),
    "9C": ("8018", "8019"),
    "9D": ("414", "254"),
}


@dataclass(frozen=True, slots=True)
class ReadLink:
    """A Digital Link as a path gave it; what of it is not in `link` belongs into the query string.

    `compressed` tells whether any of the path was.
    """

    link: DigitalLink
    attributes: tuple[tuple[str, str], ...] = ()
    compressed: bool = False

    @property
    def query(self) -> str:
        """The attributes as a query string, percent-encoded; empty without any."""
        return "&".join(f"{name}={quote(value, safe='')}" for name, value in self.attributes)

    @property
    def reference(self) -> str:
        """Path and query string of the uncompressed link."""
        return f"{self.link.path}?{self.query}" if self.attributes else self.link.path


def looks_compressed(segment: str) -> bool:
    """Whether a path of this one segment, which cannot be read, is meant as a compressed link.

    It is one that begins as a compressed link does, and is neither a plain word nor the name of a file.
    """
    if not _MEANT.fullmatch(segment) or not set(segment[:2]) <= set(_ALPHABET):
        return False
    code = f"{_Bits(segment[:2]).take(8):02X}"
    return code[0] == "F" or code in _TOGETHER or code in _DIGITS


def read_path(path: str) -> ReadLink:
    """The link of a path that begins with a primary key, or is a compressed link, wholly or after its key.

    Raises InvalidInput saying what is wrong, and at which bit where that can be said.
    """
    segments = path.strip("/").split("/")
    if len(segments) == 1:
        found, further = _elements(segments[0])
        link, rest = link_of(found)
    elif len(segments) == 3 and segments[2] not in NAMES and not _IDENTIFIER.fullmatch(segments[2]):
        head = parse_path("/".join(segments[:2]))
        found, further = _elements(segments[2])
        link, rest = link_of(found, head)
    else:
        return ReadLink(parse_path(path))
    return ReadLink(link, (*rest.items(), *further.items()), compressed=True)


class _Bits:
    """The bits of a base64url text, read from the left, each read bounded by what is left."""

    def __init__(self, text: str) -> None:
        if len(text) > LONGEST:
            raise InvalidInput(f"a compressed link has at most {LONGEST} characters, got {len(text)}")
        self._value = 0
        for at, character in enumerate(text):
            digit = _ALPHABET.find(character)
            if digit < 0:
                raise InvalidInput(f"{character!r} at place {at + 1} is no base64url: no compressed link")
            self._value = self._value << 6 | digit
        self._size = 6 * len(text)
        self.at = 0

    @property
    def left(self) -> int:
        return self._size - self.at

    def take(self, count: int) -> int:
        """The next bits as a number. Raises InvalidInput when there are fewer."""
        if count > self.left:
            raise InvalidInput(
                f"a compressed link ends at bit {self._size}, expected {count} bits from {self.at} on"
            )
        self.at += count
        return self._value >> self.left & (1 << count) - 1


def _elements(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """The element strings of a compressed segment, in their order, and its further key=value pairs."""
    bits = _Bits(text)
    found: dict[str, str] = {}
    further: dict[str, str] = {}
    while bits.left > _LAST_BITS:
        start = bits.at
        code = f"{bits.take(8):02X}"
        if code[0] == "F":
            bits.at = start + 4
            _put(further, *_pair(bits))
            continue
        for ai in _TOGETHER.get(code) or (_identifier(bits, code),):
            _put(found, ai, _value(bits, ai))
    if bits.left and bits.take(bits.left):
        raise InvalidInput("a compressed link ends with bits that are not 0 and mean nothing")
    if not found:
        raise InvalidInput("a compressed link holds at least one element")
    return found, further


def _put(into: dict[str, str], name: str, value: str) -> None:
    if name in into:
        raise InvalidInput(f"a compressed link says ({name}) twice")
    into[name] = value


def _identifier(bits: _Bits, code: str) -> str:
    size = _DIGITS.get(code)
    if size is None:
        raise InvalidInput(f"no application identifier begins with {code}: no compressed link")
    ai = code + "".join(f"{bits.take(4):X}" for _ in range(size - 2))
    _form(ai)
    return ai


@cache
def _form(ai: str) -> tuple[tuple[str, bool, int], ...]:
    """The parts of a value: kind, whether the length varies, and the length or the longest."""
    for identifiers, form in _FORMS:
        if ai.isdigit() and identifiers.fullmatch(ai):
            return tuple((part[0], ".." in part, int(part[1:].strip("."))) for part in form.split())
    raise InvalidInput(f"({ai}) is no application identifier that can be compressed")


def _value(bits: _Bits, ai: str) -> str:
    value = ""
    for kind, varies, size in _form(ai):
        encoding = bits.take(3) if kind == "X" else 0
        length = bits.take(size.bit_length()) if varies else size
        if length > size:
            raise InvalidInput(
                f"({ai}) has at most {size} characters there, the compressed link says {length}"
            )
        value += _characters(bits, encoding, length, ai)
    if not value or not (CHARSET_39 if ai == "8010" else CHARSET_82).issuperset(value):
        raise InvalidInput(f"expected characters of GS1's for ({ai}), got {value[:40]!r}")
    return value


def _pair(bits: _Bits) -> tuple[str, str]:
    """A key=value pair of nobody's in GS1: a flag (F), the key's length and 6 bits a character, the value."""
    key = _characters(bits, 3, bits.take(7), "a key")
    if not key or key.isdigit():
        raise InvalidInput(f"{key!r} is no key of a further pair: digits are GS1's")
    encoding = bits.take(3)
    return key, _characters(bits, encoding, bits.take(7), key)


def _characters(bits: _Bits, encoding: int, length: int, name: str) -> str:
    if encoding == 0:
        number = bits.take(math.ceil(length * math.log2(10) + 0.01))  # the toolkit's; a bit even for none
        if number >= 10**length:
            raise InvalidInput(f"({name}) is a number of more than {length} digits")
        return f"{number:0{length}d}" if length else ""
    if encoding not in _ENCODINGS:
        raise InvalidInput(f"({name}) is in encoding {encoding}; there are 0 to 4")
    width, alphabet = _ENCODINGS[encoding]
    codes = [bits.take(width) for _ in range(length)]
    return "".join(alphabet[code] if alphabet else chr(code) for code in codes)
