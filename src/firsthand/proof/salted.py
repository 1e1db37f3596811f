"""Salted digests: a value fixed in a public document without being told there.

A disclosure is RFC 9901's (§4.2.1): the base64url text, without padding, of the JSON array of a salt of 128
random bits, a name and the value. Whoever is shown it can hash it and find the digest in the document.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from hashlib import sha256
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical, parse_canonical

__all__ = ["SALT_BYTES", "disclose", "disclosure_digest", "read_disclosure"]

SALT_BYTES: Final = 16


def disclose(salt: bytes, name: str, value: Any) -> str:
    """The disclosure of a named value under a salt of 16 random bytes, used once."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"expected a salt of {SALT_BYTES} bytes, got {len(salt)}")
    return _base64url(canonical([_base64url(salt), name, value]))


def disclosure_digest(disclosure: str) -> bytes:
    """SHA-256 over the disclosure's ASCII text (RFC 9901 §4.2.3)."""
    return sha256(disclosure.encode("ascii", "replace")).digest()


def read_disclosure(disclosure: str, path: str = "$") -> tuple[str, Any]:
    """The name and the value of a disclosure. Raises InvalidInput."""
    try:
        padded = disclosure + "=" * (-len(disclosure) % 4)
        data = urlsafe_b64decode(padded.encode("ascii"))
        value = parse_canonical(data)
    except (UnicodeEncodeError, Base64Error, InvalidInput):
        raise InvalidInput("not a disclosure (RFC 9901 §4.2.1)", path) from None
    if type(value) is not list or len(value) != 3 or not all(type(part) is str for part in value[:2]):
        raise InvalidInput("expected the base64url of a salt, a name and a value", path)
    if _base64url(data) != disclosure:
        raise InvalidInput("not the one spelling of its bytes", path)
    return value[1], value[2]


def _base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
