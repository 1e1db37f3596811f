"""Signing keys of parties and of the log: Ed25519 and P-256."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    derive_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firsthand.errors import InvalidInput
from firsthand.proof.did_key import KeyKind, PublicKey

__all__ = ["SigningKey"]

_TAGS: Final[dict[KeyKind, bytes]] = {"Ed25519": b"e", "P-256": b"p"}


@dataclass(frozen=True)
class SigningKey:
    """A private key: 32 bytes, the Ed25519 seed or the P-256 scalar (big-endian)."""

    kind: KeyKind
    private: bytes

    @classmethod
    def generate(cls, kind: KeyKind, random: Callable[[int], bytes]) -> SigningKey:
        """A new key from a source of random bytes such as `secrets.token_bytes`."""
        while True:
            key = cls(kind, random(32))
            try:
                _ = key.public
            except ValueError:
                continue  # a P-256 scalar of zero or above the order: once in 2^32 draws
            return key

    @cached_property
    def _key(self) -> Ed25519PrivateKey | EllipticCurvePrivateKey:
        if self.kind == "Ed25519":
            return Ed25519PrivateKey.from_private_bytes(self.private)
        return derive_private_key(int.from_bytes(self.private, "big"), SECP256R1())

    @cached_property
    def public(self) -> PublicKey:
        """The public key."""
        if isinstance(self._key, Ed25519PrivateKey):
            return PublicKey(self.kind, self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
        point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        return PublicKey(self.kind, point)

    @cached_property
    def did(self) -> str:
        """Its did:key identifier."""
        return self.public.did

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature: Ed25519 (RFC 8032), or r ‖ s of ECDSA P-256 with SHA-256."""
        if isinstance(self._key, Ed25519PrivateKey):
            return self._key.sign(message)
        r, s = decode_dss_signature(self._key.sign(message, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def to_secret(self) -> bytes:
        """The key as the keystore holds it."""
        return _TAGS[self.kind] + self.private

    @classmethod
    def from_secret(cls, secret: bytes) -> SigningKey:
        """The inverse of `to_secret`. Raises InvalidInput."""
        for kind, tag in _TAGS.items():
            if secret[:1] == tag and len(secret) == 33:
                return cls(kind, secret[1:])
        raise InvalidInput("not a signing key of this keystore")
