"""EPC patterns: what an identifier in a MATCH_ parameter matches (EPCIS 2.0 §8.2.7.1.1, TDS 2.0 §8).

A pure identity pattern, `urn:epc:idpat:sgtin:0614141.*.*`, has wildcards at its right end. Identifiers are
compared in their canonical spelling, where the reference's first digit stands before the company prefix and
a check digit follows; so one wildcard may become several prefixes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from firsthand.errors import InvalidInput
from firsthand.events.identifiers import canonical, to_digital_link

__all__ = ["EpcPattern", "parse_pattern"]

# Application identifier; whether the reference's first digit leads the key; what leads it otherwise; what
# stands between the key and the serial.
_KEYS: Final = {
    "sgtin": ("01", True, "", "/21/"),
    "lgtin": ("01", True, "", "/10/"),
    "upui": ("01", True, "", "/235/"),
    "sscc": ("00", True, "", None),
    "sgln": ("414", False, "", "/254/"),
    "pgln": ("417", False, "", None),
    "grai": ("8003", False, "0", ""),
    "gdti": ("253", False, "", ""),
    "sgcn": ("255", False, "", ""),
    "gsrn": ("8018", False, "", None),
    "gsrnp": ("8017", False, "", None),
    "giai": ("8004", False, "", None),
    "cpi": ("8010", False, "", "/8011/"),
}
_START: Final = "urn:epc:idpat:"


@dataclass(frozen=True, slots=True)
class EpcPattern:
    """The identifiers `exact`, and those that begin with one of `prefixes`, in canonical spelling.

    `joint` is what must stand between key and serial where there is more than a key.
    """

    exact: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    joint: str | None = None

    def matches(self, uri: str) -> bool:
        """Whether a canonical identifier is meant."""
        if uri in self.exact:
            return True
        if not uri.startswith(self.prefixes or "\0"):
            return False
        key = uri.split("/", 4)[-1]
        return not self.joint or "/" not in key or key[key.index("/") :].startswith(self.joint)


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> EpcPattern:
    """The pattern of a MATCH_ value: a pure identity pattern, or any other URI for itself.

    Raises InvalidInput for a pattern that has none of the forms of the Tag Data Standard.
    """
    if not text.startswith(_START):
        return EpcPattern((canonical(text),))
    scheme, _, rest = text.removeprefix(_START).partition(":")
    fields = rest.split(".", 2)
    key = _KEYS.get(scheme)
    if key is None:
        raise InvalidInput(f"unknown pattern {text[:80]!r}; expected one of {', '.join(_KEYS)}")
    wild = [field == "*" for field in fields]
    expected = 2 if key[3] is None else 3
    if len(fields) != expected or wild != sorted(wild):
        raise InvalidInput(f"{text[:80]!r}: expected {expected} fields, wildcards only at the right end")
    if not any(wild):
        return EpcPattern((to_digital_link(f"urn:epc:{_identity(scheme)}:{scheme}:{rest}"),))
    ai, leads, lead, joint = key
    start = f"https://id.gs1.org/{ai}/"
    if wild[0]:
        return EpcPattern((), (start,), joint)
    company = fields[0]
    if not (company.isascii() and company.isdigit() and 6 <= len(company) <= 12):
        raise InvalidInput(f"{text[:80]!r}: expected a GS1 Company Prefix of 6 to 12 digits")
    if wild[1]:
        leading = "0123456789" if leads else [lead]
        return EpcPattern((), tuple(f"{start}{digit}{company}" for digit in leading), joint)
    # Only the serial is free: the class itself, and the serial's place after it. A made-up serial leads
    # through the one translation of identifiers, and is taken off again.
    made = to_digital_link(f"urn:epc:{_identity(scheme)}:{scheme}:{company}.{fields[1]}.1")
    whole = made.removesuffix("1").removesuffix(joint or "")
    return EpcPattern((whole,), (whole + (joint or ""),), joint)


def _identity(scheme: str) -> str:
    return "class" if scheme == "lgtin" else "id"
