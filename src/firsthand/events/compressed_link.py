"""Compressed GS1 Digital Links, read: what a short path of URI-safe base64 stands for.

GS1 Digital Link URI Syntax 1.2 to 1.4 have a compression that later ones dropped; labels that were printed
with it are still scanned. The tables are those of GS1's own toolkit (gs1/GS1DigitalLinkCompressionPrototype).
Pure: text in, values out.
"""

from __future__ import annotations

import re
import string
from math import ceil, log2
from typing import Final
from urllib.parse import quote

from firsthand.errors import InvalidInput
from firsthand.events.digital_link import KEY_SEGMENTS, parse_path

__all__ = ["decompress", "expanded_path"]

_BASE64: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_HEX: Final = "0123456789abcdef"
_LONGEST: Final = 1_000
"""Characters of a compressed segment."""

_FORMATS: Final = tuple(
    (re.compile(names), tuple(parts.split("+")))
    for names, parts in (
        ("1[1235-7]|3[1-6][0-9][0-9]|395[0-9]|4326|7006|8005", "N6"),
        ("00|8006|801[78]|8026", "N18"),
        ("01|02|8001", "N14"),
        ("10|2[12]|243|254|420|4318|702[012]|71[0-4]|7240|8002|8012", "X..20"),
        ("20", "N2"),
        ("235", "X..28"),
        ("242", "N..6"),
        ("24[01]|25[01]|40[013]|43(08|19)|7002|7023|723[0-8]|8004|8010|8013|90", "X..30"),
        ("253", "N13+X..17"),
        ("255", "N13+N..12"),
        ("30|37", "N..8"),
        ("390[0-9]|392[0-9]", "N..15"),
        ("391[0-9]|393[0-9]", "N3+N..15"),
        ("394[0-3]|8111", "N4"),
        ("402", "N17"),
        ("41[0-7]|7001", "N13"),
        ("421", "N3+X..9"),
        ("42[35]", "N3+N..12"),
        ("42[246]", "N3"),
        ("427|7008", "X..3"),
        ("43(00|01|10|11|20)", "X..35"),
        ("43(02|03|04|05|06|12|13|14|15|16)|81(10|12)|8200", "X..70"),
        ("43(07|17)", "X2"),
        ("4309", "N20"),
        ("432[123]", "N1"),
        ("432[45]|7003", "N10"),
        ("7004", "N..4"),
        ("7005", "X..12"),
        ("7007", "N6+N..6"),
        ("7009", "X..10"),
        ("7010", "X..2"),
        ("703[0-9]", "N3+X..27"),
        ("7040", "N1+X3"),
        ("8003", "N14+X..16"),
        ("8007", "X..24"),
        ("8008", "N8+N..4"),
        ("8009", "X..50"),
        ("8011", "N..12"),
        ("8019", "N..10"),
        ("8020", "X..25"),
        ("9[1-9]", "X..90"),
    )
)
"""What the value of each application identifier is made of: digits N or characters X, so or up to so many."""

_LENGTHS: Final = {
    **dict.fromkeys("00 01 02 10 11 12 13 15 16 17 20 21 22 30 37".split(), 2),
    **dict.fromkeys((f"9{digit}" for digit in range(10)), 2),
    **dict.fromkeys("23 24 25 40 41 42 71".split(), 3),
    **dict.fromkeys("31 32 33 34 35 36 39 43 70 72 80 81 82".split(), 4),
}
"""How many digits an application identifier has, by its first two."""

_SEQUENCES: Final = {
    **{
        code: ("01", *ais.split("+"))
        for code, ais in (
            one.split(":")
            for one in (
                "0A:22 0B:10 0C:21 0D:17 0E:7003 0F:30 1A:10+21+17 1B:15 1C:11 1D:16 1E:91 1F:10+15"
            ).split()
        )
    },
    **{f"2{code}": ("01", f"310{at}") for at, code in enumerate("ABCDEF")},
    **{f"3{code}": ("01", f"320{at}") for at, code in enumerate("ABCDEF")},
    "9A": ("8010", "8011"),
    "9B": ("8017", "8019"),
    "9C": ("8018", "8019"),
    "9D": ("414", "254"),
    **{f"A{at}": ("01", f"392{at}") for at in range(10)},
    **{f"C{at}": ("255", f"390{at}") for at in range(10)},
    **{f"C{code}": ("255", f"394{at}") for at, code in enumerate("ABCD")},
}
"""Codes that are no decimal number stand for sequences that often come together."""


class _Bits:
    """Bits read from the left."""

    def __init__(self, text: str) -> None:
        self._bits = "".join(f"{_BASE64.index(character):06b}" for character in text)
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._bits) - self._at

    def take(self, count: int) -> int:
        if count > self.left:
            raise InvalidInput("the compressed Digital Link ends in the middle of a value")
        taken = self._bits[self._at : self._at + count]
        self._at += count
        return int(taken, 2) if taken else 0


def decompress(segment: str) -> list[tuple[str, str]]:
    """The application identifiers and values of a compressed segment, in order; other pairs by their name.

    Raises InvalidInput for what is none.
    """
    if not 0 < len(segment) <= _LONGEST or any(character not in _BASE64 for character in segment):
        raise InvalidInput(
            f"{segment[:40]!r} is no compressed Digital Link: characters of base64url, at most 1000"
        )
    bits = _Bits(segment)
    found: list[tuple[str, str]] = []
    # What is left over fills up the last character.
    while bits.left > 8:
        code = f"{bits.take(4):X}{bits.take(4):X}"
        if code.isdigit():
            length = _LENGTHS.get(code)
            if length is None:
                raise InvalidInput(f"no application identifier begins with {code}")
            ai = code + "".join(f"{bits.take(4):X}" for _ in range(length - 2))
            found.append((ai, _value(bits, ai)))
        elif code in _SEQUENCES:
            found += [(ai, _value(bits, ai)) for ai in _SEQUENCES[code]]
        elif code[0] == "F":
            # Seven bits of length, of which the code has had four.
            length = int(code[1], 16) << 3 | bits.take(3)
            name = "".join(_BASE64[bits.take(6)] for _ in range(length))
            encoding = bits.take(3)
            found.append((name, _characters(bits, encoding, bits.take(7))))
        else:
            raise InvalidInput(f"the code {code} stands for nothing in a compressed Digital Link")
    if not found:
        raise InvalidInput(f"{segment[:40]!r} is too short for a compressed Digital Link")
    return found


def expanded_path(path: str) -> str | None:
    """The path and query that a compressed path stands for; None for one that is not compressed.

    The primary key may stand before the compressed segment. Raises InvalidInput when it expands to no
    Digital Link.
    """
    segments = path.strip("/").split("/")
    if len(segments) == 1 and segments[0] not in KEY_SEGMENTS:
        pairs = decompress(segments[0])
    elif len(segments) == 3 and segments[0] in KEY_SEGMENTS:
        pairs = decompress(segments[2])
    else:
        return None
    held = dict(pairs)
    key = (
        KEY_SEGMENTS[segments[0]]
        if len(segments) == 3
        else next((ai for ai in held if ai in KEY_SEGMENTS), "")
    )
    if not key:
        raise InvalidInput("the compressed Digital Link has no primary key")
    value = segments[1] if len(segments) == 3 else quote(held.pop(key), safe="")
    made = f"/{key}/{value}"
    for ai in _QUALIFIERS:
        if ai in held and not (ai == "8020" and key != "415"):
            made += f"/{ai}/{quote(held.pop(ai), safe='')}"
    parse_path(made)
    query = "&".join(f"{quote(name, safe='')}={quote(text, safe='')}" for name, text in held.items())
    return f"{made}?{query}" if query else made


_QUALIFIERS: Final = ("22", "10", "21", "235", "254", "7040", "8011", "8019", "8020")
"""In the order in which a Digital Link has them."""


def _value(bits: _Bits, ai: str) -> str:
    parts = next((parts for names, parts in _FORMATS if names.fullmatch(ai)), None)
    if parts is None:
        raise InvalidInput(f"the compressed Digital Link has the unknown application identifier {ai}")
    return "".join(_part(bits, part[0], part[1:]) for part in parts)


def _part(bits: _Bits, kind: str, size: str) -> str:
    varies = size.startswith("..")
    most = int(size.removeprefix(".."))
    if kind == "N":
        return _digits(bits, bits.take(_length_bits(most)) if varies else most)
    encoding = bits.take(3)
    return _characters(bits, encoding, bits.take(_length_bits(most)) if varies else most)


def _digits(bits: _Bits, count: int) -> str:
    number = str(bits.take(_value_bits(count))) if count else ""
    if len(number) > count:
        raise InvalidInput(f"{number[:40]} has more than {count} digits")
    return number.zfill(count)


def _characters(bits: _Bits, encoding: int, count: int) -> str:
    if encoding == 0:
        return _digits(bits, count)
    if encoding in (1, 2):
        text = "".join(_HEX[bits.take(4)] for _ in range(count))
        return text.upper() if encoding == 2 else text
    if encoding == 3:
        return "".join(_BASE64[bits.take(6)] for _ in range(count))
    if encoding == 4:
        return "".join(chr(bits.take(7)) for _ in range(count))
    raise InvalidInput(f"a compressed Digital Link has no encoding {encoding}")


def _length_bits(most: int) -> int:
    # As the standard reckons them: a little is added, so that powers of two get a bit more.
    return ceil(log2(most) + 0.01)


def _value_bits(digits: int) -> int:
    return ceil(digits * log2(10) + 0.01)
