"""The Merkle tree of RFC 6962 §2.1 (the same as RFC 9162 §2.1), over leaf hashes of 32 bytes.

A proof is planned first and hashed second: `inclusion_ranges` and `consistency_ranges` name the ranges of
leaves whose subtree hashes make the proof, and whoever holds the leaves (a list here, tiles in the
ledger) hashes them. The verifying half needs only the proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from firsthand.errors import InvalidInput

__all__ = [
    "EMPTY_ROOT",
    "consistency_proof",
    "consistency_ranges",
    "inclusion_proof",
    "inclusion_ranges",
    "leaf_hash",
    "node_hash",
    "root_from_inclusion",
    "tree_root",
    "verify_consistency",
]

EMPTY_ROOT = sha256(b"").digest()
"""The hash of a tree without leaves (RFC 9162 §2.1.1)."""

Range = tuple[int, int]
"""The leaves from `start` up to, not including, `end`."""

MAX_PROOF = 64
"""More nodes than any tree of 2^63 leaves needs (RFC 9162 §2.1.3.1: one a level)."""


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data): the prefix keeps a leaf from passing as a node (RFC 9162 §2.1.1)."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right) (RFC 9162 §2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over these leaf hashes; EMPTY_ROOT for none."""
    if not leaves:
        return EMPTY_ROOT
    level = list(leaves)
    while len(level) > 1:
        # A node without a sibling moves up unchanged: the same as splitting at the largest power of two.
        odd = level[-1:] if len(level) % 2 else []
        level = [
            sha256(b"\x01" + left + right).digest()
            for left, right in zip(level[::2], level[1::2], strict=False)
        ] + odd
    return level[0]


def inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees beside the path from leaf `index` to the root, lowest first (RFC 9162 §2.1.3.1)."""
    if not 0 <= index < size:
        raise InvalidInput(f"leaf {index} is not in a tree of {size}")
    ranges: list[Range] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def consistency_ranges(first: int, second: int) -> list[Range]:
    """The subtrees that show tree `first` to be the beginning of tree `second` (RFC 9162 §2.1.4.1)."""
    if not 0 < first <= second:
        raise InvalidInput(f"no consistency proof from size {first} to size {second}")
    ranges: list[Range] = []
    start, end = 0, second
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((start, middle))
            start = middle
    if start:
        # The old tree is not itself a whole subtree of the new one: its last subtree leads the proof.
        ranges.append((start, end))
    ranges.reverse()
    return ranges


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """The inclusion proof of leaf `index` among these leaf hashes, lowest node first."""
    return _hash_ranges(inclusion_ranges(index, len(leaves)), leaves)


def consistency_proof(leaves: Sequence[bytes], first: int) -> list[bytes]:
    """The proof that the first `first` of these leaf hashes are a prefix of all of them."""
    return _hash_ranges(consistency_ranges(first, len(leaves)), leaves)


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """The root that this proof leads to, to be compared with the expected one (RFC 9162 §2.1.3.2).

    Raises InvalidInput when the proof has not exactly the nodes that (index, size) demand.
    """
    if not 0 <= index < size:
        raise InvalidInput(f"leaf {index} is not in a tree of {size}")
    node, last = index, size - 1
    root = leaf
    for sibling in proof:
        if last == 0:
            raise InvalidInput(f"inclusion proof too long: {len(proof)} nodes for leaf {index} of {size}")
        if node & 1 or node == last:
            root = node_hash(sibling, root)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            root = node_hash(root, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise InvalidInput(f"inclusion proof too short: {len(proof)} nodes for leaf {index} of {size}")
    return root


def verify_consistency(
    first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]
) -> None:
    """Check that tree `first` is the beginning of tree `second` (RFC 9162 §2.1.4.2).

    Raises InvalidInput with the reason when it is not shown to be.
    """
    if first > second:
        raise InvalidInput(f"the log shrank: from size {first} to size {second}")
    if first in (0, second):
        expected = EMPTY_ROOT if first == 0 else second_root
        if proof or first_root != expected:
            raise InvalidInput(f"not the same log: the roots at size {first} differ")
        return
    if not proof or len(proof) > MAX_PROOF:
        raise InvalidInput(f"a consistency proof from {first} to {second} cannot have {len(proof)} nodes")
    nodes = list(proof)
    if first & (first - 1) == 0:
        nodes.insert(0, first_root)
    node, last = first - 1, second - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old = new = nodes[0]
    for sibling in nodes[1:]:
        if last == 0:
            raise InvalidInput("consistency proof too long")
        if node & 1 or node == last:
            old, new = node_hash(sibling, old), node_hash(sibling, new)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        node >>= 1
        last >>= 1
    if last:
        raise InvalidInput("consistency proof too short")
    if old != first_root or new != second_root:
        raise InvalidInput(f"the log of size {second} does not contain the log of size {first}: roots differ")


def _split(width: int) -> int:
    """The largest power of two smaller than `width`."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash_ranges(ranges: list[Range], leaves: Sequence[bytes]) -> list[bytes]:
    return [tree_root(leaves[start:end]) for start, end in ranges]
