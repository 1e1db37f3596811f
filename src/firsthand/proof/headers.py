"""Block headers: 80 bytes, their work, and what a verifier asks of its own header chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from firsthand.errors import InvalidInput
from firsthand.proof.transaction import double_sha256

__all__ = ["HEADER_SIZE", "BlockHeader", "HeaderView", "bits_to_target", "header_work", "parse_header"]

HEADER_SIZE: Final = 80


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """A block header; hashes in internal order, `time` in seconds since 1970, `bits` the compact target."""

    version: int
    prev_hash: bytes
    merkle_root: bytes
    time: int
    bits: int
    nonce: int
    hash: bytes
    raw: bytes


class HeaderView(Protocol):
    """The verifier's own best chain, its work and links already checked."""

    @property
    def network(self) -> str:
        """mainnet, testnet, regtest or sandbox: known by the genesis block."""

    @property
    def tip_height(self) -> int:
        """The height of the last block of the best chain."""

    def hash_at(self, height: int) -> bytes | None:
        """The hash of the best chain's block at that height, or None when it is not there."""

    def header_at(self, height: int) -> BlockHeader | None:
        """The best chain's header at that height, or None when it is not there."""


def parse_header(raw: bytes) -> BlockHeader:
    """Read a header. Raises InvalidInput unless it has 80 bytes."""
    if len(raw) != HEADER_SIZE:
        raise InvalidInput(f"a block header has {HEADER_SIZE} bytes, got {len(raw)}")
    return BlockHeader(
        version=int.from_bytes(raw[:4], "little"),
        prev_hash=raw[4:36],
        merkle_root=raw[36:68],
        time=int.from_bytes(raw[68:72], "little"),
        bits=int.from_bytes(raw[72:76], "little"),
        nonce=int.from_bytes(raw[76:80], "little"),
        hash=double_sha256(raw),
        raw=raw,
    )


def bits_to_target(bits: int) -> int:
    """The target of a compact form: mantissa × 256^(exponent − 3).

    Raises InvalidInput for a negative or overlong one, which no valid header has.
    """
    exponent, mantissa = bits >> 24, bits & 0x7FFFFF
    if bits & 0x800000 or exponent > 32:
        raise InvalidInput(f"{bits:#010x} is no difficulty target")
    return mantissa << 8 * (exponent - 3) if exponent >= 3 else mantissa >> 8 * (3 - exponent)


def header_work(bits: int) -> int:
    """The expected number of hashes to find such a header: 2^256 ÷ (target + 1)."""
    return (1 << 256) // (bits_to_target(bits) + 1)
