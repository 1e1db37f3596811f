"""EPC patterns: what an identifier in a MATCH_ parameter matches (EPCIS 2.0 §8.2.7.1.1, TDS 2.0 §8).

A pure identity pattern, `urn:epc:idpat:sgtin:0614141.*.*`, has wildcards at its right end. An EPC URN is
compared with it field by field. A Digital Link does not say where the company prefix ends: it is compared
in its canonical spelling, by its digits, where the reference's first digit stands before the company prefix
and a check digit follows; so one wildcard may become several prefixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple
from urllib.parse import unquote

from firsthand.errors import InvalidInput
from firsthand.events.identifiers import canonical, to_digital_link

__all__ = ["EpcPattern", "parse_pattern"]


class _Scheme(NamedTuple):
    """How many fields an EPC has, and its Digital Link, if there is one.

    `ai` is the key's application identifier, `front` what leads the key: the reference's first digit, which
    may be any, a constant zero, or nothing. `joint` stands between the key and the serial. `bare` says that a
    key without serial is meant by its patterns: the class of these EPCs. `made` are fields for wildcards, to
    find what stands before them.
    """

    size: int
    ai: str = ""
    front: tuple[str, ...] = ("",)
    joint: str = ""
    bare: bool = True
    made: tuple[str, ...] = ("1",)


_INDICATOR: Final = tuple("0123456789")
_SCHEMES: Final = {
    "sgtin": _Scheme(3, "01", _INDICATOR, "/21/"),
    "lgtin": _Scheme(3, "01", _INDICATOR, "/10/", bare=False),
    "upui": _Scheme(3, "01", _INDICATOR, "/235/"),
    "itip": _Scheme(5, "8006", _INDICATOR, "/21/", made=("01", "01", "1")),
    "sscc": _Scheme(2, "00", _INDICATOR),
    "sgln": _Scheme(3, "414", joint="/254/"),
    "pgln": _Scheme(2, "417"),
    "grai": _Scheme(3, "8003", ("0",)),
    "gdti": _Scheme(3, "253"),
    "sgcn": _Scheme(3, "255"),
    "gsrn": _Scheme(2, "8018"),
    "gsrnp": _Scheme(2, "8017"),
    "gsin": _Scheme(2, "402"),
    "giai": _Scheme(2, "8004"),
    "ginc": _Scheme(2, "401"),
    "cpi": _Scheme(3, "8010", joint="/8011/"),
    # No GS1 keys, and no Digital Links.
    "gid": _Scheme(3),
    "usdod": _Scheme(2),
    "adi": _Scheme(3),
}
_START: Final = "urn:epc:idpat:"


@dataclass(frozen=True, slots=True)
class EpcPattern:
    """The identifiers `exact`, and those that begin with one of `prefixes`, in canonical spelling.

    Of a pattern's, which has a `scheme`, an EPC URN must also have the pattern's `fields`.
    """

    exact: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    scheme: str = ""
    fields: tuple[str, ...] = ()

    def matches(self, uri: str) -> bool:
        """Whether an identifier, in the spelling it was captured in, is meant."""
        known = canonical(uri)
        if known not in self.exact and not (known.startswith(self.prefixes or "\0") and self._joined(known)):
            return False
        return not self.scheme or not uri.startswith("urn:epc:") or self._has_fields(uri)

    def _joined(self, known: str) -> bool:
        """Whether what follows the key is what may follow it."""
        _, slash, qualifier = known.split("/", 4)[-1].partition("/")
        scheme = _SCHEMES[self.scheme]
        return (slash + qualifier).startswith(scheme.joint) if slash else scheme.bare

    def _has_fields(self, urn: str) -> bool:
        _, _, _, scheme, rest = urn.split(":", 4)
        fields = rest.split(".", len(self.fields) - 1)
        return (
            scheme == self.scheme
            and len(fields) == len(self.fields)
            and all(
                mine in ("*", theirs) or unquote(mine) == unquote(theirs)
                for mine, theirs in zip(self.fields, fields, strict=True)
            )
        )


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> EpcPattern:
    """The pattern of a MATCH_ value: a pure identity pattern, or any other URI for itself.

    Raises InvalidInput for a pattern that has none of the forms of the Tag Data Standard.
    """
    if not text.startswith(_START):
        return EpcPattern((canonical(text),))
    name, _, rest = text.removeprefix(_START).partition(":")
    scheme = _SCHEMES.get(name)
    if scheme is None:
        raise InvalidInput(f"unknown pattern {text[:80]!r}; expected one of {', '.join(_SCHEMES)}")
    fields = tuple(rest.split(".", scheme.size - 1))
    wild = [field == "*" for field in fields]
    if len(fields) != scheme.size or not all(fields) or wild != sorted(wild):
        raise InvalidInput(f"{text[:80]!r}: expected {scheme.size} fields, wildcards only at the right end")
    known = fields[: wild.index(True)] if any(wild) else fields
    exact, prefixes = _links(name, scheme, known) if scheme.ai else ((), (_urn_start(name, scheme, known),))
    return EpcPattern(exact, prefixes, name, fields)


def _links(name: str, scheme: _Scheme, known: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The canonical Digital Links that begin with these fields: themselves, and how they begin."""
    urn = f"urn:epc:{'class' if name == 'lgtin' else 'id'}:{name}:"
    if len(known) == scheme.size:
        return (to_digital_link(urn + ".".join(known)),), ()
    start = f"https://id.gs1.org/{scheme.ai}/"
    if not known:
        return (), (start,)
    company = known[0]
    if not (company.isascii() and company.isdigit() and 6 <= len(company) <= 12):
        raise InvalidInput(f"{urn}{company[:80]}: expected a GS1 Company Prefix of 6 to 12 digits")
    if len(known) == 1:
        return (), tuple(f"{start}{front}{company}" for front in scheme.front)
    # Made-up fields lead through the one translation of identifiers, and are taken off again.
    *pieces, serial = scheme.made[len(known) - scheme.size :]
    link = to_digital_link(urn + ".".join((*known, *pieces, serial)))
    whole = link.removesuffix("".join(pieces) + scheme.joint + serial)
    if pieces:
        return (), (whole,)
    return ((whole,) if scheme.bare else ()), (whole + scheme.joint,)


def _urn_start(name: str, scheme: _Scheme, known: tuple[str, ...]) -> str:
    """How the URNs begin that begin with these fields, as far as there is one spelling of it."""
    start = f"urn:epc:id:{name}:" + ".".join(known)
    return (start + "." * (0 < len(known) < scheme.size)).partition("%")[0]
