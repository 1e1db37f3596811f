"""Paying many makers at once: exact splits, one-time keys, and the check of what a wallet sends back.

Keys are derived as BRC-42 does, under BRC-29's invoice number: child = receiver's key + offset · G, where
the offset is an HMAC under the secret that sender and receiver share. Whoever knows the offset can check that
an output is the receiver's; to spend it takes the receiver's private key as well.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from math import lcm
from typing import Any, Final

from firsthand.chain.keys import WalletKey, key_hash, p2pkh_script
from firsthand.chain.networks import Network
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.sdk import sdk_import
from firsthand.errors import InvalidInput
from firsthand.proof.transaction import Transaction, TxOutput

__all__ = [
    "SPENDING_SIZE",
    "Derivation",
    "Split",
    "child_public",
    "child_secret",
    "find_outputs",
    "locking_script",
    "offset",
    "own_key",
    "public_key",
    "smallest_output",
    "split",
]

SPENDING_SIZE: Final = 148
"""Bytes of an input that spends a P2PKH output: an output worth less than their fee is a loss to keep."""

_PROTOCOL: Final = "2-3241645161d8"
"""BRC-43's security level and protocol ID of BRC-29's payments."""

_ORDER: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@dataclass(frozen=True, slots=True)
class Split:
    """Satoshis by party: `paid` with an output each, and `grouped`, too small for an output of their own."""

    paid: dict[str, int]
    grouped: dict[str, int]


def split(total: int, shares: Mapping[str, Fraction], smallest: int) -> Split:
    """Split `total` satoshis by shares that sum to one, by largest remainder; ties go by the party's URI.

    No satoshi is lost or made. A party whose part is below `smallest` is grouped, one with nothing left out.
    Raises InvalidInput for shares that are negative or do not sum to one.
    """
    # In whole numbers of one denominator: fractions of their own would be reduced a thousand times.
    parties = sorted(shares)
    ratios = [shares[party].as_integer_ratio() for party in parties]
    whole = lcm(*[denominator for _, denominator in ratios])
    weights = [numerator * (whole // denominator) for numerator, denominator in ratios]
    if total < 0 or sum(weights) != whole or min(weights, default=0) < 0:
        raise InvalidInput("shares are at least 0 and sum to exactly 1, of an amount of at least 0")
    parts = [total * weight // whole for weight in weights]
    left = total - sum(parts)
    if left:
        # `sorted` is stable, so equal remainders stand in the order of the URIs.
        for at in sorted(range(len(parts)), key=lambda at: -(total * weights[at] % whole))[:left]:
            parts[at] += 1
    return Split(
        {party: part for party, part in zip(parties, parts, strict=True) if part >= smallest and part},
        {party: part for party, part in zip(parties, parts, strict=True) if 0 < part < smallest},
    )


def smallest_output(policy: FeePolicy) -> int:
    """The least satoshis worth an output: what it costs to spend one, rounded up."""
    return policy.fee(SPENDING_SIZE)


@dataclass(frozen=True, slots=True)
class Derivation:
    """BRC-29's derivation prefix (one a payment) and suffix (one an output), both base64."""

    prefix: str
    suffix: str

    @property
    def invoice(self) -> str:
        """The invoice number of BRC-43: protocol and key ID."""
        return f"{_PROTOCOL}-{self.prefix} {self.suffix}"


def public_key(text: str) -> bytes:
    """A compressed secp256k1 key of 33 bytes from hex. Raises InvalidInput unless it is one of the curve."""
    try:
        data = bytes.fromhex(text)
        if len(data) != 33 or len(text) != 66:
            raise ValueError("not 33 bytes")
        _public(data)
    except ValueError:
        raise InvalidInput(
            f"expected an identity key: 33 bytes of a compressed secp256k1 key in hex, got {text[:80]!r}"
        ) from None
    return data


def offset(secret: bytes, other: bytes, invoice: str) -> bytes:
    """BRC-42's scalar between a private key and the other side's public key: 32 bytes, big-endian."""
    shared: bytes = _public(other).derive_shared_secret(_private(secret))
    return hmac.digest(shared, invoice.encode(), sha256)


def child_public(public: bytes, added: bytes) -> bytes:
    """The compressed public key `public` + `added` · G."""
    with sdk_import():
        from bsv.curve import curve, curve_add, curve_multiply
        from bsv.keys import PublicKey

    point = curve_add(_public(public).point(), curve_multiply(int.from_bytes(added, "big"), curve.g))
    serialized: bytes = PublicKey(point).serialize()
    return serialized


def child_secret(secret: bytes, added: bytes) -> bytes:
    """The private key whose public key is `child_public` of this one's."""
    return ((int.from_bytes(secret, "big") + int.from_bytes(added, "big")) % _ORDER).to_bytes(32, "big")


def locking_script(secret: bytes, receiver: bytes, derivation: Derivation) -> bytes:
    """The P2PKH script that only `receiver` unlocks, derived by the sender's private key."""
    return p2pkh_script(key_hash(child_public(receiver, offset(secret, receiver, derivation.invoice))))


def own_key(secret: bytes, derivation: Derivation, network: Network) -> WalletKey:
    """The key of an output that the owner of `secret` derived for themselves."""
    own = WalletKey(secret, network)
    return WalletKey(child_secret(secret, offset(secret, own.public, derivation.invoice)), network)


def find_outputs(transaction: Transaction, wanted: Sequence[TxOutput]) -> list[int]:
    """Where a transaction has each of these outputs, no output counting twice; in the order of `wanted`.

    Raises InvalidInput naming the first that is missing.
    """
    places: dict[tuple[int, bytes], list[int]] = {}
    for vout in reversed(range(len(transaction.outputs))):
        output = transaction.outputs[vout]
        places.setdefault((output.satoshis, output.script), []).append(vout)
    found = []
    for number, output in enumerate(wanted):
        free = places.get((output.satoshis, output.script))
        if not free:
            raise InvalidInput(
                f"the transaction lacks output {number}: "
                f"{output.satoshis} satoshis under {output.script.hex()}"
            )
        found.append(free.pop())
    return found


def _public(data: bytes) -> Any:
    with sdk_import():
        from bsv.keys import PublicKey

    return PublicKey(data)


def _private(secret: bytes) -> Any:
    with sdk_import():
        from bsv.keys import PrivateKey

    return PrivateKey(secret)
