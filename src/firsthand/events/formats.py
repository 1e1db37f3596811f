"""The two formats that EPCIS's JSON schema asserts: URI (RFC 3986) and date-time (RFC 3339)."""

from __future__ import annotations

import re
from ipaddress import AddressValueError, IPv6Address
from typing import Final

__all__ = ["is_date_time", "is_uri"]

_PCT = r"%[0-9A-Fa-f]{2}"
_PCHAR = rf"(?:[A-Za-z0-9\-._~!$&'()*+,;=:@]|{_PCT})"
# RFC 3986 appendix A. A host is a registered name or an address in brackets, which is looked at by itself.
_URI: Final = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*:"
    rf"(?://(?:(?:[A-Za-z0-9\-._~!$&'()*+,;=:]|{_PCT})*@)?"
    rf"(?:\[(?P<literal>[^\]]*)\]|(?:[A-Za-z0-9\-._~!$&'()*+,;=]|{_PCT})*)(?::[0-9]*)?(?:/{_PCHAR}*)*"
    rf"|/(?:{_PCHAR}+(?:/{_PCHAR}*)*)?|{_PCHAR}+(?:/{_PCHAR}*)*|)"
    rf"(?:\?(?:{_PCHAR}|[/?])*)?(?:#(?:{_PCHAR}|[/?])*)?"
)
_IP_FUTURE: Final = re.compile(r"[vV][0-9A-Fa-f]+\.[A-Za-z0-9\-._~!$&'()*+,;=:]+")
# URNs and plain paths are nearly all there is: no authority, so no brackets to look into.
_PLAIN = r"[A-Za-z0-9\-._~!$&'()*+,;=:@/]*"
_COMMON: Final = re.compile(rf"[a-z][a-z0-9]*:(?://[A-Za-z0-9\-.]+(?:/{_PLAIN})?|(?!//){_PLAIN})")

_DATE_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>0[1-9]|1[0-2])-(?P<day>0[1-9]|[12][0-9]|3[01])[Tt]"
    r"(?P<hour>[01][0-9]|2[0-3]):(?P<minute>[0-5][0-9]):(?P<second>[0-5][0-9]|60)(?:\.[0-9]+)?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<zone_hour>[01][0-9]|2[0-3]):(?P<zone_minute>[0-5][0-9]))"
)
_SHORT_MONTHS: Final = {2: 28, 4: 30, 6: 30, 9: 30, 11: 30}


def is_uri(text: str) -> bool:
    """Whether the text is a URI with a scheme (RFC 3986 §3)."""
    if _COMMON.fullmatch(text):
        return True
    match = _URI.fullmatch(text)
    if match is None:
        return False
    literal = match["literal"]
    if literal is None or _IP_FUTURE.fullmatch(literal):
        return True
    try:
        IPv6Address(literal)
    except AddressValueError:
        return False
    return "%" not in literal


def is_date_time(text: str) -> bool:
    """Whether the text is a date and time with a zone (RFC 3339 §5.6), leap seconds at UTC midnight only."""
    match = _DATE_TIME.fullmatch(text)
    if match is None:
        return False
    if match["day"] > "28":
        year, month, day = int(match["year"]), int(match["month"]), int(match["day"])
        leap_year = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
        if day > _SHORT_MONTHS.get(month, 31) + (month == 2 and leap_year):
            return False
    if match["second"] != "60":
        return True
    # A leap second is the last of a day in UTC.
    minutes = int(match["hour"]) * 60 + int(match["minute"])
    if match["sign"]:
        offset = int(match["zone_hour"]) * 60 + int(match["zone_minute"])
        minutes += -offset if match["sign"] == "+" else offset
    return minutes % 1440 == 1439
