"""Reading the members of a JSON object that a stranger sent: each with its type, each by its path.

Binary members are base64 (RFC 4648 §4, padded) in its one canonical spelling, so that no other text
stands for the same bytes.
"""

from __future__ import annotations

import re
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Any, TypeVar

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical

__all__ = [
    "base64_text",
    "base64url_text",
    "from_base64",
    "from_base64url",
    "member",
    "only_members",
    "place_of",
    "shown",
    "timestamp",
]

T = TypeVar("T")

_TIMESTAMP = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z",
    re.ASCII,
)
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_NAMES: dict[type, str] = {dict: "an object", list: "a list", str: "a string", int: "an integer"}


def member(document: dict[str, Any], name: str, kind: type[T], path: str) -> T:
    """The member of that name, which must be of that type. Raises InvalidInput naming its path."""
    if name not in document:
        raise InvalidInput("is missing", f"{path}.{name}")
    value = document[name]
    if type(value) is not kind:
        raise InvalidInput(
            f"expected {_NAMES.get(kind, kind.__name__)}, got {shown(value)}", f"{path}.{name}"
        )
    return value


def only_members(document: dict[str, Any], names: frozenset[str], path: str) -> None:
    """Refuse members that nothing checks. Raises InvalidInput naming the first one."""
    unknown = sorted(set(document) - names)
    if unknown:
        raise InvalidInput(f"unknown member; allowed are {', '.join(sorted(names))}", f"{path}.{unknown[0]}")


def place_of(document: dict[str, Any], name: str, path: str) -> int:
    """A count, index or place: an integer from 0 to 2^53 - 1."""
    value = member(document, name, int, path)
    if not 0 <= value < 2**53:
        raise InvalidInput(f"expected an integer from 0 to 2^53 - 1, got {value}", f"{path}.{name}")
    return value


def timestamp(document: dict[str, Any], name: str, path: str) -> str:
    """An RFC 3339 time in UTC, written with `Z`."""
    value = member(document, name, str, path)
    if not _TIMESTAMP.fullmatch(value):
        raise InvalidInput(
            f"expected a UTC time such as 2026-01-31T12:00:00Z, got {shown(value)}", f"{path}.{name}"
        )
    return value


def base64_text(data: bytes) -> str:
    """The canonical base64 text of these bytes."""
    return b64encode(data).decode()


def from_base64(document: dict[str, Any], name: str, path: str, size: int | None = None) -> bytes:
    """The bytes of a base64 member, of exactly `size` bytes when given."""
    text = member(document, name, str, path)
    try:
        data = a2b_base64(text.encode("ascii"), strict_mode=True)
    except (UnicodeEncodeError, Base64Error):
        data = None
    if data is None or b64encode(data).decode() != text:
        raise InvalidInput("not base64 in its canonical spelling (RFC 4648 §4)", f"{path}.{name}")
    if size is not None and len(data) != size:
        raise InvalidInput(f"expected {size} bytes, got {len(data)}", f"{path}.{name}")
    return data


def base64url_text(data: bytes) -> str:
    """The base64url text of these bytes, without padding."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str, path: str = "") -> bytes:
    """The bytes of base64url without padding, in its one canonical spelling (RFC 4648 §5, §3.5)."""
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        raise InvalidInput("not base64url", path)
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if base64url_text(data) != text:
        raise InvalidInput("not the canonical base64url of its bytes", path)
    return data


def shown(value: object) -> str:
    """A value as an error text shows it: canonical JSON, cut short, the same in every implementation."""
    text = canonical(value).decode()
    return text if len(text) <= 60 else f"{text[:57]}..."
