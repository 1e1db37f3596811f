"""did:key identifiers of Ed25519 and P-256 keys, and checking signatures under them.

W3C CCG did:key: `did:key:` and the multibase (base58btc, prefix z) of a multicodec prefix and the key.
Each key has exactly one identifier here; any other spelling of it is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

import base58
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from firsthand.errors import InvalidInput
from firsthand.proof.fields import shown

__all__ = [
    "KeyKind",
    "PublicKey",
    "base58_text",
    "decode_did_key",
    "encode_did_key",
    "from_base58",
    "verification_method",
]

KeyKind = Literal["Ed25519", "P-256"]

# Multicodec table: ed25519-pub is 0xed, p256-pub is 0x1200, both as unsigned varints.
_PREFIXES: Final[dict[KeyKind, bytes]] = {"Ed25519": b"\xed\x01", "P-256": b"\x80\x24"}
_SIZES: Final[dict[KeyKind, int]] = {"Ed25519": 32, "P-256": 33}
_MAX_BASE58: Final = 128

_ED25519_PRIME: Final = 2**255 - 19
# The y of the eight points whose order divides 8: under such a key anyone's signature holds, and RFC 8032's
# two ways to check one part company.
_SMALL_ORDER: Final = frozenset(
    (
        0,
        1,
        _ED25519_PRIME - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        _ED25519_PRIME - 2707385501144840649318225287225658788936804267575313519463743609750303402022,
    )
)
_DID: Final = "did:key:"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key: 32 bytes of Ed25519, or a compressed P-256 point of 33 bytes. Raises InvalidInput."""

    kind: KeyKind
    raw: bytes

    def __post_init__(self) -> None:
        _load(self.kind, self.raw)

    @property
    def did(self) -> str:
        """The key's did:key identifier."""
        return encode_did_key(self.kind, self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether this 64-byte signature over the message holds.

        Ed25519 by RFC 8032; P-256 as r ‖ s with SHA-256 (FIPS 186-5). ECDSA signatures with a high s
        hold, too: phones make them, and no rule of ecdsa-jcs-2019 excludes them.
        """
        if len(signature) != 64:
            return False
        key = _load(self.kind, self.raw)
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, message)
            else:
                r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
                key.verify(encode_dss_signature(r, s), message, ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return True

    def is_point(self, y: bytes) -> bool:
        """Whether the point of a P-256 key has this y coordinate, 32 bytes."""
        key = _load(self.kind, self.raw)
        return isinstance(key, EllipticCurvePublicKey) and key.public_numbers().y == int.from_bytes(y, "big")


def encode_did_key(kind: KeyKind, raw: bytes) -> str:
    """The did:key identifier of a public key."""
    return _DID + base58_text(_PREFIXES[kind] + raw)


@lru_cache(maxsize=4096)
def decode_did_key(did: str) -> PublicKey:
    """The public key that a did:key names. Raises InvalidInput when it names none of ours."""
    if not did.startswith(_DID):
        raise InvalidInput(f"expected a did:key identifier, got {shown(did)}")
    data = from_base58(did.removeprefix(_DID))
    for kind, prefix in _PREFIXES.items():
        if data.startswith(prefix) and len(data) == len(prefix) + _SIZES[kind]:
            return PublicKey(kind, data[len(prefix) :])
    raise InvalidInput("the did:key holds neither an Ed25519 nor a P-256 key")


def verification_method(did: str) -> str:
    """The one verification method of a did:key: its identifier, `#`, and the key again."""
    return f"{did}#{did.removeprefix(_DID)}"


def base58_text(data: bytes) -> str:
    """Multibase base58btc, prefix z."""
    encoded: bytes = base58.b58encode(data)
    return "z" + encoded.decode()


def from_base58(text: str) -> bytes:
    """The bytes of a multibase base58btc text in its one spelling. Raises InvalidInput."""
    if not text.startswith("z") or len(text) > _MAX_BASE58 or not text.isascii():
        raise InvalidInput("expected multibase base58btc: z and base58 characters")
    try:
        data: bytes = base58.b58decode(text[1:])
    except ValueError:
        raise InvalidInput("not base58 in its canonical spelling") from None
    if base58_text(data) != text:
        raise InvalidInput("not base58 in its canonical spelling")
    return data


@lru_cache(maxsize=4096)
def _load(kind: KeyKind, raw: bytes) -> Ed25519PublicKey | EllipticCurvePublicKey:
    if kind == "Ed25519":
        y = int.from_bytes(raw, "little") & ((1 << 255) - 1)
        if y >= _ED25519_PRIME or y in _SMALL_ORDER:
            raise InvalidInput("no Ed25519 public key: not canonical, or of small order")
        return Ed25519PublicKey.from_public_bytes(raw)
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except ValueError:
        raise InvalidInput("no P-256 public key: not a point of the curve") from None
