"""GS1 application identifiers as Digital Links have them: the keys, their qualifiers, names and characters.

Sources: GS1 Digital Link URI Syntax 1.2 §4, GS1 General Specifications figure 7.11 (character sets).
"""

from __future__ import annotations

import re

__all__ = [
    "CANONICAL_DOMAIN",
    "CHARSET_39",
    "CHARSET_82",
    "CHECK_DIGITS",
    "DIGITS",
    "KEY_NAMES",
    "KEY_VALUES",
    "LINK_ESCAPES",
    "NAMES",
    "NUMERIC_QUALIFIERS",
    "QUALIFIERS",
]

CANONICAL_DOMAIN = "https://id.gs1.org"

# The 82 and 39 characters that GS1 allows in alphanumeric keys (General Specifications, figure 7.11).
CHARSET_82 = frozenset("!\"%&'()*+,-./0123456789:;<=>?_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
CHARSET_39 = frozenset("#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")

DIGITS = frozenset("0123456789")
LINK_ESCAPES = {ord(c): f"%{ord(c):02X}" for c in '!"#%&()*+,/:<>?'}

# The names that Digital Link 1.1 allowed beside the numeric application identifiers.
NAMES = {
    "gtin": "01",
    "itip": "8006",
    "cpid": "8010",
    "gln": "414",
    "party": "417",
    "gsrnp": "8017",
    "gsrn": "8018",
    "gcn": "255",
    "sscc": "00",
    "gdti": "253",
    "ginc": "401",
    "gsin": "402",
    "grai": "8003",
    "giai": "8004",
    "cpv": "22",
    "lot": "10",
    "ser": "21",
    "glnx": "254",
    "cpsn": "8011",
    "srin": "8019",
}
KEY_VALUES = {
    "00": re.compile(r"[0-9]{18}"),
    "01": re.compile(r"[0-9]{8}|[0-9]{12,14}"),
    "253": re.compile(r"[0-9]{13}.{0,17}"),
    "255": re.compile(r"[0-9]{13,25}"),
    "401": re.compile(r"[0-9]{4}.{1,26}"),
    "402": re.compile(r"[0-9]{17}"),
    "414": re.compile(r"[0-9]{13}"),
    "417": re.compile(r"[0-9]{13}"),
    "8003": re.compile(r"[0-9]{14}.{0,16}"),
    "8004": re.compile(r"[0-9]{4}.{1,26}"),
    "8006": re.compile(r"[0-9]{18}"),
    "8010": re.compile(r"[0-9]{4}.{1,26}"),
    "8017": re.compile(r"[0-9]{18}"),
    "8018": re.compile(r"[0-9]{18}"),
}
KEY_NAMES = {ai: ai for ai in KEY_VALUES} | {name: ai for name, ai in NAMES.items() if ai in KEY_VALUES}
# Each key's qualifiers in their fixed order (Digital Link 1.2 §4.8), with the longest value.
QUALIFIERS: dict[str, dict[str, int]] = {
    "01": {"22": 20, "10": 20, "21": 20, "235": 28},
    "8006": {"22": 20, "10": 20, "21": 20},
    "8010": {"8011": 12},
    "414": {"254": 20},
    "8017": {"8019": 10},
    "8018": {"8019": 10},
}
NUMERIC_QUALIFIERS = frozenset({"8011", "8019"})
# The place of the check digit in each key that has one, counted from 1 (General Specifications §3, §7.9.1).
CHECK_DIGITS = {
    **dict.fromkeys(("00", "8017", "8018"), 18),
    **dict.fromkeys(("01", "8003", "8006"), 14),
    **dict.fromkeys(("253", "255", "410", "411", "412", "413", "414", "415", "417"), 13),
    "402": 17,
}
