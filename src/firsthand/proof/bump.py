"""BUMP (BRC-74): the Merkle path from a transaction to its block's merkle root.

A verifier takes a BUMP only when it has the flagged leaf of the very transaction in question and holds
nothing that the proof does not need: one spelling for one proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.errors import InvalidInput
from firsthand.proof.transaction import Reader, double_sha256, encode_varint

__all__ = ["Bump", "block_levels", "encode_branch", "merkle_branch", "parse_bump", "read_bump"]

_MAX_LEVELS: Final = 32
_HASH, _DUPLICATE, _TXID = 0, 1, 2
"""BRC-74's flags of a leaf: a plain hash, a duplicate of its sibling, a transaction ID of the client."""


@dataclass(frozen=True, slots=True)
class Bump:
    """A block height and, for each level from the leaves up, offset → (flag, hash or None)."""

    height: int
    levels: tuple[dict[int, tuple[int, bytes | None]], ...]

    def offset(self, txid: bytes) -> int:
        """The transaction's index in its block. Raises InvalidInput unless it is flagged as a txid."""
        for offset, (flag, value) in self.levels[0].items():
            if value == txid and flag == _TXID:
                return offset
        raise InvalidInput("the BUMP does not flag this transaction")

    def root(self, txid: bytes) -> bytes:
        """The merkle root that the path of this transaction leads to.

        Raises InvalidInput when the BUMP does not flag this very transaction or lacks a node.
        """
        offset = self.offset(txid)
        value = txid
        for number, level in enumerate(self.levels):
            sibling = level.get(offset ^ 1)
            if sibling is None:
                if number == 0 and len(self.levels) == 1 and offset == 0:
                    # The only transaction of its block is the root itself.
                    return value
                raise InvalidInput(f"the BUMP lacks node {offset ^ 1} of level {number}")
            flag, node = sibling
            if flag == _DUPLICATE:
                if offset & 1:
                    raise InvalidInput(f"the BUMP duplicates a left node at level {number}")
                node = value
            elif node == value and not offset & 1:
                # CVE-2012-2459: an equal right node must be written as a duplicate.
                raise InvalidInput(f"the BUMP repeats a node at level {number} without saying duplicate")
            assert node is not None
            value = double_sha256(node + value if offset & 1 else value + node)
            offset >>= 1
        return value

    def single(self, txid: bytes) -> bytes:
        """The BUMP of this transaction alone: what a compound one holds for others is left out."""
        start = offset = self.offset(txid)
        branch: list[bytes | None] = []
        if not (len(self.levels) == 1 and offset == 0 and 1 not in self.levels[0]):
            for number, level in enumerate(self.levels):
                if offset ^ 1 not in level:
                    raise InvalidInput(f"the BUMP lacks node {offset ^ 1} of level {number}")
                branch.append(level[offset ^ 1][1])
                offset >>= 1
        return encode_branch(self.height, start, txid, branch)

    def require_single(self, txid: bytes) -> None:
        """Raises InvalidInput unless the BUMP holds this transaction's path and nothing more."""
        offset = self.offset(txid)
        for number, level in enumerate(self.levels):
            needed = {offset ^ 1} if number else {offset, offset ^ 1}
            extra = set(level) - needed
            if extra:
                raise InvalidInput(
                    f"the BUMP holds node {min(extra)} of level {number}, which the proof does not need"
                )
            flagged = [at for at, (flag, _) in level.items() if flag == _TXID]
            if flagged != ([offset] if number == 0 else []):
                raise InvalidInput(f"the BUMP flags another transaction at level {number}")
            offset >>= 1


def parse_bump(raw: bytes) -> Bump:
    """Read a BUMP (BRC-74).

    Raises InvalidInput: no level or more than 32, an offset beyond its level, offsets not rising, an
    unknown flag, trailing bytes.
    """
    reader = Reader(raw, "the BUMP")
    bump = read_bump(reader)
    reader.end()
    return bump


def read_bump(reader: Reader) -> Bump:
    """Read the BUMP that begins where the reader stands (as inside a BEEF)."""
    height = reader.varint()
    count = reader.integer(1)
    if not 1 <= count <= _MAX_LEVELS:
        raise InvalidInput(f"a BUMP has 1 to {_MAX_LEVELS} levels, got {count}")
    levels: list[dict[int, tuple[int, bytes | None]]] = []
    for number in range(count):
        level: dict[int, tuple[int, bytes | None]] = {}
        last = -1
        for _ in range(reader.count(2)):
            offset, flag = reader.varint(), reader.byte()
            if not last < offset < 1 << (count - number):
                raise InvalidInput(f"offset {offset} at level {number} of the BUMP is out of order or range")
            if flag not in (_HASH, _DUPLICATE, _TXID):
                raise InvalidInput(f"unknown flag {flag} at level {number} of the BUMP")
            level[offset] = (flag, None if flag == _DUPLICATE else reader.take(32))
            last = offset
        levels.append(level)
    return Bump(height, tuple(levels))


def encode_branch(height: int, offset: int, txid: bytes, branch: Sequence[bytes | None]) -> bytes:
    """The BUMP of the transaction at index `offset`; `branch` has its siblings upwards, None a duplicate."""
    parts = [encode_varint(height), bytes((max(1, len(branch)),))]
    if not branch:
        parts += [b"\x01", encode_varint(offset), bytes((_TXID,)), txid]
    for number, node in enumerate(branch):
        sibling = encode_varint(offset ^ 1)
        sibling += bytes((_DUPLICATE,)) if node is None else bytes((_HASH,)) + node
        if number == 0:
            leaf = encode_varint(offset) + bytes((_TXID,)) + txid
            parts += [b"\x02", sibling + leaf if offset & 1 else leaf + sibling]
        else:
            parts += [b"\x01", sibling]
        offset >>= 1
    return b"".join(parts)


def block_levels(txids: Sequence[bytes]) -> list[list[bytes]]:
    """The Merkle tree of a block with these transactions, level by level, the root's last."""
    levels = [list(txids)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        if len(level) % 2:
            level = [*level, level[-1]]
        levels.append([double_sha256(level[i] + level[i + 1]) for i in range(0, len(level), 2)])
    return levels


def merkle_branch(levels: Sequence[Sequence[bytes]], offset: int) -> list[bytes | None]:
    """The branch of the transaction at `offset` in a block's `block_levels`, for `encode_branch`."""
    branch: list[bytes | None] = []
    for level in levels[:-1]:
        sibling = offset ^ 1
        branch.append(level[sibling] if sibling < len(level) else None)
        offset >>= 1
    return branch
