"""The networks: how their addresses and keys begin, their genesis block, and where a verifier may start.

bitcoinx holds the difficulty rules of mainnet, testnet and regtest. The sandbox is a chain of our own
with regtest's rules, but its own genesis block and address byte, so that nothing of it passes elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from bitcoinx import Bitcoin, BitcoinRegtest, BitcoinTestnet

from firsthand.proof.headers import BlockHeader, parse_header
from firsthand.proof.transaction import from_hash_hex

__all__ = ["NETWORKS", "SANDBOX_GENESIS_MESSAGE", "Network"]

SANDBOX_GENESIS_MESSAGE: Final = b"Firsthand sandbox: provenance that the maker signs and anyone can check"
"""The merkle root of the sandbox's genesis block is the SHA-256d of this text; it has no transactions."""

# Version 1, no predecessor, that root, 2026-01-01T00:00:00Z, regtest's bits, and the first nonce that fits.
_SANDBOX_GENESIS: Final = bytes.fromhex(
    "010000000000000000000000000000000000000000000000000000000000000000000000cc554104"
    "04ec430eec02b39e94901c9b352cd8d3524e1e261faaa3306e2c0d4000b95569ffff7f2000000000"
)


@dataclass(frozen=True)
class Network:
    """One network; `pins` are hashes of blocks that its best chain must contain, by height.

    `start` is the height from which a verifier may begin, its hash being pinned: the headers up to the next
    pin are bound by the links between the two.
    """

    name: str
    address_version: int
    genesis: BlockHeader
    rules: Any
    required_bits: Callable[..., int]
    pins: dict[int, bytes]
    start: int = 0


def _network(name: str, rules: Any, genesis: bytes, address_version: int, **more: Any) -> Network:
    header = parse_header(genesis)
    pins = {0: header.hash, **more.pop("pins", {})}
    return Network(name, address_version, header, rules, rules.required_bits, pins, **more)


# Height 556767 is the block by which the Open BSV licence tells this chain from BCH; the others are in the
# public header files of go-chaintracks.
_MAINNET_PINS: Final = {
    556767: from_hash_hex("000000000000000001d956714215d96ffc00e0afda4cd0a96c96f8d802b1662b"),
    900000: from_hash_hex("000000000000000002feb6a36e1b8bf81409d0252e285449e3d0ef2388c5506a"),
    900200: from_hash_hex("00000000000000000c59e4737e8f6d28a3c11d72e44b58e9e5423ca3f76dd108"),
    910000: from_hash_hex("00000000000000000158a6ac55d1bd5901582df94467c6f065a93fe5f56bc15f"),
}

NETWORKS: Final[dict[str, Network]] = {
    "mainnet": _network("mainnet", Bitcoin, Bitcoin.genesis_header, 0x00, pins=_MAINNET_PINS, start=900000),
    "testnet": _network("testnet", BitcoinTestnet, BitcoinTestnet.genesis_header, 0x6F),
    "regtest": _network("regtest", BitcoinRegtest, BitcoinRegtest.genesis_header, 0x6F),
    "sandbox": _network("sandbox", BitcoinRegtest, _SANDBOX_GENESIS, 0x3F),
}
