"""What Firsthand asks of a chain: three small protocols, each adapter held to one contract test.

Hashes and transaction IDs are 32 bytes in internal byte order; only text shows them reversed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

__all__ = ["Broadcaster", "CoinSource", "FeePolicy", "HeaderSource", "TxState", "TxStatus"]


class TxState(StrEnum):
    """What is known of a transaction that was sent, in the order in which it gets there."""

    UNKNOWN = "unknown"  # the chain has never heard of it: send it again
    PENDING = "pending"  # taken, not yet seen by the network
    SEEN = "seen"  # in the network's mempool
    MINED = "mined"  # in a block, with a BUMP
    STALE = "stale"  # in a block that is no longer in the best chain
    REJECTED = "rejected"  # refused for good; its inputs are free again
    DOUBLE_SPENT = "double spent"  # another transaction spends one of its inputs


@dataclass(frozen=True, slots=True)
class TxStatus:
    """One transaction's state; `bump` (BRC-74 bytes) is set when MINED and is never believed unchecked."""

    txid: bytes
    state: TxState
    detail: str = ""
    code: int | None = None
    block_hash: bytes | None = None
    block_height: int | None = None
    bump: bytes | None = None


@dataclass(frozen=True, slots=True)
class FeePolicy:
    """The broadcaster's fee rate, `satoshis` for `size` bytes, and its limits in bytes."""

    satoshis: int
    size: int
    max_tx_size: int = 10_000_000
    max_script_size: int = 500_000

    def fee(self, size: int) -> int:
        """The smallest fee in satoshis for a transaction of `size` bytes, rounded up, at least 1."""
        return max(1, -(-size * self.satoshis // self.size))


class Broadcaster(Protocol):
    """Somebody who takes transactions to the miners."""

    def policy(self) -> FeePolicy:
        """The fee rate and limits in force now. Raises BroadcastUncertain when it cannot be had."""

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        """Send transactions in Extended Format (BRC-30), parents before children; one status for each.

        A refusal is a status (REJECTED, DOUBLE_SPENT), not an exception; sending again what was
        already taken is not an error. Raises BroadcastUncertain when no answer came.
        """

    def status(self, txid: bytes) -> TxStatus:
        """What is known of a transaction now. Raises BroadcastUncertain when it cannot be had."""


class HeaderSource(Protocol):
    """Somebody who hands out block headers; what they say is checked, never believed."""

    def tip(self) -> tuple[int, bytes]:
        """Height and hash of their best block. Raises BroadcastUncertain when it cannot be had."""

    def headers(self, start: int, count: int) -> bytes:
        """Up to `count` raw 80-byte headers of their best chain from height `start` on, concatenated."""


class CoinSource(Protocol):
    """Somebody who can look a coin up (a node or the sandbox; ARC cannot)."""

    def transaction(self, txid: bytes) -> bytes | None:
        """The raw transaction, or None when they do not know it."""

    def watch(self, script: bytes) -> None:
        """Look out for money under this P2PKH script. Raises BroadcastUncertain when they cannot."""

    def paying(self, script: bytes) -> list[bytes]:
        """The IDs of the transactions with an unspent output under a P2PKH script that is watched."""

    def is_unspent(self, txid: bytes, vout: int) -> bool | None:
        """Whether that output is unspent as far as they can tell; None when they cannot."""
