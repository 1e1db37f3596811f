"""GS1 identification keys: EPC URN and GS1 Digital Link, two spellings of one identifier.

One table (`_SCHEMES`) describes every key that has both spellings; both directions read it.
The canonical spelling is the one that CBV 2.0 §8.9 hashes: `https://id.gs1.org/{key}/{value}`
with the finest qualifier only, no custom domain, no query, GTINs padded to 14 digits, serials
percent-encoded one way.

A URI that is no GS1 key (a maker's own, `https://weavers.example/piece/7`) is nobody's error:
`canonical` hands it back unchanged. The Digital Link syntax allows any domain and any leading
path, so what holds a key with the right check digit (`https://shop.example/01/09780345418913`)
*is* one; only below `/id/`, where makers without GS1 keys have their things, nothing is.

Sources: GS1 EPC Tag Data Standard 2.0 §6 (URNs), GS1 Digital Link URI Syntax 1.2 §4.11
(canonical form), GS1 General Specifications §7.9.1 (check digit).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
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

__all__ = ["canonical", "check_digit", "hashed_spelling", "to_digital_link", "to_urn"]

_URN_ESCAPES = {ord(c): f"%{ord(c):02X}" for c in '"#%&/<>?'}
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class _Scheme:
    """One EPC scheme and the Digital Link key it translates to.

    `digits` counts company prefix and reference without the check digit; 0 means an alphanumeric
    reference of at most 30 characters and no check digit. `front` is what moves to the front of
    the key: the reference's first digit, a constant zero, or nothing. `joint` stands between the
    key and the serial in a Digital Link; None means that the key has no serial.
    """

    name: str
    ai: str
    digits: int = 0
    front: str = ""
    joint: str | None = None
    longest: int = 0
    charset: frozenset[str] = CHARSET_82
    pieces: bool = False

    @property
    def qualifier(self) -> str:
        """The serial's own application identifier, or "" where the serial follows the key directly."""
        return self.joint.strip("/") if self.joint else ""


_SGTIN = _Scheme("sgtin", "01", 13, "indicator", "/21/", 20)
_SCHEMES = {
    "id:sgtin": _SGTIN,
    "class:lgtin": _Scheme("lgtin", "01", 13, "indicator", "/10/", 20),
    "id:upui": _Scheme("upui", "01", 13, "indicator", "/235/", 28),
    "id:itip": _Scheme("itip", "8006", 13, "indicator", "/21/", 20, pieces=True),
    "id:sscc": _Scheme("sscc", "00", 17, "indicator"),
    "id:sgln": _Scheme("sgln", "414", 12, "", "/254/", 20),
    "id:pgln": _Scheme("pgln", "417", 12),
    "id:grai": _Scheme("grai", "8003", 12, "0", "", 16),
    "id:gdti": _Scheme("gdti", "253", 12, "", "", 17),
    "id:sgcn": _Scheme("sgcn", "255", 12, "", "", 12, DIGITS),
    "id:gsrn": _Scheme("gsrn", "8018", 17),
    "id:gsrnp": _Scheme("gsrnp", "8017", 17),
    "id:gsin": _Scheme("gsin", "402", 16),
    "id:giai": _Scheme("giai", "8004"),
    "id:ginc": _Scheme("ginc", "401"),
    "id:cpi": _Scheme("cpi", "8010", 0, "", "/8011/", 12, DIGITS),
}
# Patterns name a whole class: `urn:epc:idpat:sgtin:….*` is every item of one GTIN.
_PATTERNS = {
    f"idpat:{name}": _SCHEMES[f"id:{name}"]
    for name in ("sgtin", "grai", "gdti", "sgcn", "cpi", "itip", "upui")
}
_URN_SCHEMES = _SCHEMES | _PATTERNS
# The qualifier that would make an item of a class named without one.
_CLASS_OF = {"01": "21", "8006": "21", "8010": "8011", "414": "254"}
_BY_LINK = {(scheme.ai, scheme.qualifier): urn for urn, scheme in _SCHEMES.items()}

# Consumer product variant and service relation are attributes, not a finer identity (CBV 2.0 §8.9).
_ATTRIBUTES = frozenset({"22", "8019"})
_MOST_SEGMENTS = 8
_LONGEST_URN = 200  # the longest key, every character escaped, is shorter

# The plainest and commonest Digital Links, which need no taking apart.
_PLAIN_LINK = re.compile(
    r"https?://[^/?#]+"
    r"(/(?:01/[0-9]{14}(?:/(?:10|21)/[0-9A-Za-z_.'=;-]{1,20})?|00/[0-9]{18}|41[47]/[0-9]{13}))"
)


# The first segment of the path of makers' own URIs.
_OWN = ["id"]


def check_digit(digits: str) -> str:
    """The GS1 check digit of a key given without it; raises InvalidInput when `digits` is no number.

    From the right the digits weigh 3, 1, 3 … and the check digit completes the sum to a multiple of ten.
    """
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidInput(f"a check digit is computed over decimal digits only, got {digits[:80]!r}")
    return _check_digit(digits)


def _check_digit(digits: str) -> str:
    octets = digits.encode()
    odd, even = octets[::-2], octets[-2::-2]
    return "0987654321"[(3 * (sum(odd) - 48 * len(odd)) + sum(even) - 48 * len(even)) % 10]


def canonical(uri: str) -> str:
    """The one spelling of a thing: a GS1 key's canonical Digital Link; any other URI unchanged.

    A link with a wrong check digit names no GS1 key, and what lies below `/id/` is a maker's own: neither
    is taken for the same as another's `…/01/20260115`.
    """
    return _spelling(uri, judged=True)


def hashed_spelling(uri: str) -> str:
    """The spelling that event hashes are made of (CBV 2.0 §8.9), which judges no check digit.

    An event that carries a wrong one still has a hash ID, the same as everyone else computes for it.
    """
    return _spelling(uri, judged=False)


def _spelling(uri: str, *, judged: bool) -> str:
    if uri.startswith("urn:epc:"):
        parts = uri.split(".", 2)
        if len(parts) == 3 and len(uri) <= _LONGEST_URN:
            serial = parts[2]
            start, longest = _cached_start(parts[0], parts[1])
            if len(serial) <= longest and serial.isalnum() and serial.isascii():
                return start + serial
        return _link_of_urn(uri) or uri
    if uri[:4].lower() == "http":
        segments = uri.split("/")
        if KEY_NAMES.keys().isdisjoint(segments) or (judged and segments[3:4] == _OWN):
            return uri
        plain = _PLAIN_LINK.fullmatch(uri)
        if plain is not None and (not judged or _fits(segments[3], segments[4])):
            return CANONICAL_DOMAIN + plain[1]
        link = _parse_link(uri, judged=judged)
        if link is not None:
            ai, key, qualifier, value = link
            uri = f"{CANONICAL_DOMAIN}/{ai}/{key.translate(LINK_ESCAPES)}"
            if qualifier:
                uri = f"{uri}/{qualifier}/{value.translate(LINK_ESCAPES)}"
    return uri


def to_digital_link(urn: str) -> str:
    """The canonical Digital Link of an EPC URN: pure identity, class or pattern (TDS 2.0 §6).

    Raises InvalidInput for anything that is not the URN of a GS1 key with a Digital Link.
    """
    link = _link_of_urn(urn)
    if link is None:
        raise InvalidInput(f"{urn[:120]!r} has no Digital Link: {_fault(urn)}")
    return link


def to_urn(digital_link: str, company_prefix_length: int) -> str:
    """The EPC URN of a Digital Link on any domain, e.g. `urn:epc:id:sgtin:4012345.011111.987`.

    A Digital Link does not say where the GS1 Company Prefix ends: `company_prefix_length`, 6 to 12,
    does. A key without serial becomes the pattern of its class; a GLN becomes an SGLN with extension 0.
    Raises InvalidInput for another URI, a wrong check digit, or a key that has no URN.
    """
    if not 6 <= company_prefix_length <= 12:
        raise InvalidInput(f"a GS1 Company Prefix has 6 to 12 digits, got {company_prefix_length}")
    link = _parse_link(digital_link, judged=False)
    if link is None:
        raise InvalidInput(
            f"{digital_link[:120]!r} is not a GS1 Digital Link; expected e.g. "
            f"{CANONICAL_DOMAIN}/01/04012345111118/21/987"
        )
    ai, key, qualifier, serial = link
    urn = _BY_LINK.get((ai, qualifier or _CLASS_OF.get(ai, "")))
    if urn is None:
        raise InvalidInput(f"a GS1 key /{ai}/ with qualifier /{qualifier}/ has no EPC URN")
    scheme = _SCHEMES[urn]
    body, rest = _split_key(scheme, key)
    if scheme.front == "indicator":
        body = body[1 : company_prefix_length + 1] + body[0] + body[company_prefix_length + 1 :]
    prefix, reference = body[:company_prefix_length], body[company_prefix_length:]
    if len(prefix) < company_prefix_length or not prefix.isdigit() or not (reference or scheme.digits):
        raise InvalidInput(f"{key!r} does not hold a company prefix of {company_prefix_length} digits")
    name = f"{prefix}.{reference.translate(_URN_ESCAPES)}"
    if scheme.joint is None:
        return f"urn:epc:{urn}:{name}"
    if scheme.pieces:
        name += f".{rest[:2]}.{rest[2:]}"
    elif not serial:
        serial = rest or ("0" if scheme.name == "sgln" else "")
    if not serial:
        return f"urn:epc:idpat:{scheme.name}:{name}.*"
    return f"urn:epc:{urn}:{name}.{serial.translate(_URN_ESCAPES)}"


def _split_key(scheme: _Scheme, key: str) -> tuple[str, str]:
    """Company prefix with reference, and what follows the check digit, which is verified."""
    if not scheme.digits:
        return key, ""
    length = scheme.digits + (scheme.front == "0")
    body, found, rest = key[:length], key[length], key[length + 1 :]
    expected = _check_digit(body)
    if found != expected:
        raise InvalidInput(f"check digit of {key!r} is {found}, expected {expected}: was a digit mistyped?")
    if scheme.front == "0" and body[0] != "0":
        raise InvalidInput(f"a {scheme.name.upper()} begins with 0 in a Digital Link, got {key!r}")
    return (body[1:] if scheme.front == "0" else body), rest


def _link_of_urn(urn: str) -> str | None:
    parts = urn.split(":", 4)
    if len(parts) != 5 or len(urn) > _LONGEST_URN or not urn.isascii() or not urn.startswith("urn:epc:"):
        return None
    urn_scheme = f"{parts[2]}:{parts[3]}"
    scheme = _URN_SCHEMES.get(urn_scheme)
    if scheme is None:
        return None
    fields = parts[4].split(".", 4 if scheme.pieces else 1 if scheme.joint is None else 2)
    if scheme.joint is None:
        return _link_of_key(scheme, *fields) if len(fields) == 2 else None
    serial = fields[-1]
    if scheme.pieces:
        if len(fields) != 5 or len(fields[2]) != 2 or len(fields[3]) != 2:
            return None
        head = _link_of_key(scheme, fields[0], fields[1], fields[2] + fields[3])
    else:
        head = _link_of_key(scheme, fields[0], fields[1]) if len(fields) == 3 else None
    if head is None:
        return None
    if urn_scheme in _PATTERNS:
        return head if serial == "*" else None
    if scheme.name == "sgln" and serial == "0":
        return head
    raw = _decoded(serial, scheme.longest, scheme.charset)
    return None if raw is None else f"{head}{scheme.joint}{raw.translate(LINK_ESCAPES)}"


@lru_cache(maxsize=8192)
def _cached_start(urn_to_prefix: str, reference: str) -> tuple[str, int]:
    """What precedes a plain serial in the Digital Link, and that serial's greatest length.

    Serials differ, what they are serials of repeats. The length is 0 where a plain serial cannot be
    appended as it is: another scheme, an SGLN (whose extension 0 means none), a fault.
    """
    parts = urn_to_prefix.split(":", 4)
    scheme = _SCHEMES.get(":".join(parts[2:4]))
    if scheme is None or scheme.charset is not CHARSET_82 or scheme.pieces or scheme.name == "sgln":
        return "", 0
    head = _link_of_key(scheme, parts[4], reference) if scheme.joint is not None and len(parts) == 5 else None
    return ("", 0) if head is None else (f"{head}{scheme.joint}", scheme.longest)


def _link_of_key(scheme: _Scheme, prefix: str, reference: str, pieces: str = "") -> str | None:
    """The Digital Link up to the serial, or None when prefix and reference are not of this scheme."""
    if not (
        6 <= len(prefix) <= 12 and (prefix + pieces).isdigit() and (prefix + reference + pieces).isascii()
    ):
        return None
    if not scheme.digits:
        charset = CHARSET_39 if scheme.name == "cpi" else CHARSET_82
        raw = _decoded(reference, 30 - len(prefix), charset)
        return (
            None if raw is None else f"{CANONICAL_DOMAIN}/{scheme.ai}/{prefix}{raw.translate(LINK_ESCAPES)}"
        )
    digits = prefix + reference
    if len(digits) != scheme.digits or not digits.isdigit():
        return None
    if scheme.front == "indicator":
        digits = reference[0] + prefix + reference[1:]
    else:
        digits = scheme.front + digits
    return f"{CANONICAL_DOMAIN}/{scheme.ai}/{digits}{_check_digit(digits)}{pieces}"


def _decoded(text: str, longest: int, charset: frozenset[str]) -> str | None:
    """Percent-decoded, or None when empty, too long, wrongly escaped or outside the character set."""
    if len(text) > 3 * longest or _BROKEN_ESCAPE.search(text):
        return None
    raw = unquote(text, errors="replace") if "%" in text else text
    return raw if 0 < len(raw) <= longest and charset.issuperset(raw) else None


def _parse_link(uri: str, *, judged: bool) -> tuple[str, str, str, str] | None:
    """Key AI, key, finest qualifier's AI (or "") and its value, decoded; None for any other URI.

    The key may stand behind any path, so it is looked for from the left among the last segments.
    """
    scheme, separator, rest = uri.partition("://")
    if not separator or scheme.lower() not in ("http", "https"):
        return None
    segments = rest.partition("#")[0].partition("?")[0].split("/")
    count = len(segments)
    # Keys and qualifiers come in pairs: only every other segment can be the key.
    first = max(1, count - _MOST_SEGMENTS)
    for at in range(first + (count - first) % 2, count - 1, 2):
        ai = KEY_NAMES.get(segments[at])
        link = _parse_pairs(ai, segments[at + 1], segments[at + 2 :]) if ai is not None else None
        if link is not None and segments[0] and (not judged or _fits(*link[:2])):
            return link
    return None


def _parse_pairs(ai: str, encoded: str, rest: list[str]) -> tuple[str, str, str, str] | None:
    if "%" not in encoded and not KEY_VALUES[ai].fullmatch(encoded):
        return None  # `/id/party/…` of a maker without a GS1 prefix, above all
    key = _decoded(encoded, 30, CHARSET_39 if ai == "8010" else CHARSET_82)
    if key is None or not KEY_VALUES[ai].fullmatch(key):
        return None
    allowed = QUALIFIERS.get(ai, {})
    order = list(allowed)
    reached = 0
    finest = value = ""
    for name, text in zip(rest[::2], rest[1::2], strict=True):
        qualifier = NAMES.get(name, name)
        if qualifier not in order[reached:]:
            return None
        reached = order.index(qualifier) + 1
        numeric = qualifier in NUMERIC_QUALIFIERS
        raw = _decoded(text, allowed[qualifier], DIGITS if numeric else CHARSET_82)
        if raw is None:
            return None
        if qualifier not in _ATTRIBUTES:
            finest, value = qualifier, raw
    return ai, key.zfill(14) if ai == "01" else key, finest, value


def _fits(ai: str, key: str) -> bool:
    """Whether the check digit of a key, if it has one, is right."""
    place = CHECK_DIGITS.get(ai)
    return place is None or key[place - 1] == _check_digit(key[: place - 1])


def _fault(urn: str) -> str:
    """Why `_link_of_urn` refused: expected and got, for a person."""
    parts = urn.split(":", 4)
    scheme = _URN_SCHEMES.get(":".join(parts[2:4]))
    if scheme is None or len(parts) != 5:
        return "expected the EPC URN of a GS1 key, e.g. urn:epc:id:sgtin:4012345.011111.987"
    expected = "a GS1 Company Prefix of 6 to 12 digits, a dot, the reference"
    if scheme.digits:
        expected += f" (prefix and reference together {scheme.digits} digits, no check digit)"
    if scheme.pieces:
        expected += ", a dot, piece and total of 2 digits each with a dot between"
    if scheme.joint is not None:
        expected += f", a dot, 1 to {scheme.longest} characters" + (
            " or * in a pattern" if scheme.name else ""
        )
    return f"after {scheme.name}: expected {expected}; special characters percent-encoded"
