"""The wallet's secp256k1 key: addresses, P2PKH scripts and signatures by the SDK's native core."""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from typing import Any

import base58

from firsthand.chain.networks import Network
from firsthand.chain.sdk import sdk_import
from firsthand.errors import InvalidInput, WrongNetwork
from firsthand.proof.transaction import double_sha256, encode_varint

__all__ = [
    "WalletKey",
    "address_script",
    "decode_address",
    "encode_address",
    "key_hash",
    "message_signer",
    "p2pkh_script",
]


class WalletKey:
    """A private key of 32 bytes on one network."""

    def __init__(self, secret: bytes, network: Network) -> None:
        self.network = network
        self.secret = secret

    @cached_property
    def _key(self) -> Any:
        # The SDK takes 0.4 s to import: only who signs pays for it.
        with sdk_import():
            from bsv.keys import PrivateKey

        return PrivateKey(self.secret)

    @cached_property
    def public(self) -> bytes:
        """The compressed public key, 33 bytes."""
        serialized: bytes = self._key.public_key().serialize()
        return serialized

    @cached_property
    def hash160(self) -> bytes:
        """RIPEMD-160 of the SHA-256 of the public key."""
        return key_hash(self.public)

    @property
    def address(self) -> str:
        """Its P2PKH address on its network."""
        return encode_address(self.hash160, self.network)

    @cached_property
    def script(self) -> bytes:
        """The P2PKH locking script that this key unlocks."""
        return p2pkh_script(self.hash160)

    def sign_digest(self, digest: bytes) -> bytes:
        """A DER signature (low s, RFC 6979 nonce) over a 32-byte digest."""
        signature: bytes = self._key.sign(digest, hasher=None)
        return signature

    def sign_message(self, text: str) -> bytes:
        """A Bitcoin Signed Message: 65 bytes, 31 + recovery ID (compressed key), r, s."""
        signature: bytes = self._key.sign_recoverable(_message_digest(text), hasher=None)
        return bytes((31 + signature[64],)) + signature[:64]


def key_hash(public: bytes) -> bytes:
    """RIPEMD-160 of the SHA-256 of a public key: what P2PKH locks to."""
    with sdk_import():
        from bsv.hash import hash160

    hashed: bytes = hash160(public)
    return hashed


def message_signer(text: str, signature: bytes) -> bytes:
    """The key hash of who signed this text as a Bitcoin Signed Message. Raises InvalidInput."""
    if len(signature) != 65 or not 31 <= signature[0] <= 34:
        raise InvalidInput("a Bitcoin Signed Message has 65 bytes and a compressed key")
    with sdk_import():
        from bsv.keys import recover_public_key

    digest = _message_digest(text)
    try:
        compact = signature[1:] + bytes((signature[0] - 31,))
        key = recover_public_key(compact, digest, None)
        hashed: bytes = key.hash160()
    except Exception as error:
        # The native back end raises ValueError; what the one in Python raises, the SDK does not say.
        raise InvalidInput(f"the signature is of no key: {error}") from None
    return hashed


def _message_digest(text: str) -> bytes:
    message = text.encode()
    return double_sha256(b"\x18Bitcoin Signed Message:\n" + encode_varint(len(message)) + message)


def p2pkh_script(hash160: bytes) -> bytes:
    """`OP_DUP OP_HASH160 <hash160> OP_EQUALVERIFY OP_CHECKSIG`."""
    return b"\x76\xa9\x14" + hash160 + b"\x88\xac"


def encode_address(hash160: bytes, network: Network) -> str:
    """Base58Check of the network's version byte and the key hash."""
    payload = bytes((network.address_version,)) + hash160
    text: bytes = base58.b58encode(payload + double_sha256(payload)[:4])
    return text.decode()


def decode_address(address: str, network: Network) -> bytes:
    """The key hash of a P2PKH address. Raises WrongNetwork, or InvalidInput when it is none."""
    try:
        data = base58.b58decode(address) if len(address) <= 40 else b""
    except ValueError:
        data = b""
    if len(data) != 25 or sha256(sha256(data[:21]).digest()).digest()[:4] != data[21:]:
        raise InvalidInput(f"{address[:60]!r} is not an address: its checksum does not fit")
    if data[0] != network.address_version:
        raise WrongNetwork(f"{address} is not an address of {network.name}")
    return data[1:21]


def address_script(address: str, network: Network) -> bytes:
    """The locking script of a P2PKH address."""
    return p2pkh_script(decode_address(address, network))
