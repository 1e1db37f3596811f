"""The RFC 6962 tree, held to the recursive definitions of RFC 9162 §2.1 and known roots."""

from __future__ import annotations

import contextlib
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.proof.merkle import (
    EMPTY_ROOT,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_from_inclusion,
    tree_root,
    verify_consistency,
)

# The inputs and roots of the certificate-transparency test suite (google/certificate-transparency,
# cpp/merkletree/merkle_tree_test.cc), used by all implementations of RFC 6962.
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [leaf_hash(bytes([n])) for n in range(70)]


def rfc_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return sha256(b"\x01" + rfc_root(leaves[:k]) + rfc_root(leaves[k:])).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size: int) -> None:
    leaves = [leaf_hash(bytes.fromhex(text)) for text in CT_LEAVES[:size]]
    assert tree_root(leaves).hex() == CT_ROOTS[size - 1]


@pytest.mark.parametrize("size", range(len(LEAVES)))
def test_root_equals_the_definition(size: int) -> None:
    assert tree_root(LEAVES[:size]) == rfc_root(LEAVES[:size])


def test_inclusion_for_every_size_and_index() -> None:
    for size in range(1, len(LEAVES)):
        root = tree_root(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(LEAVES[:size], index)
            assert root_from_inclusion(LEAVES[index], index, size, proof) == root


def test_consistency_for_every_pair_of_sizes() -> None:
    for second in range(len(LEAVES)):
        new = tree_root(LEAVES[:second])
        for first in range(second + 1):
            old = tree_root(LEAVES[:first])
            proof = consistency_proof(LEAVES[:second], first) if first else []
            verify_consistency(first, second, old, new, proof)


@given(st.integers(1, 69), st.data())
def test_a_changed_inclusion_proof_never_leads_to_the_root(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(LEAVES[:size], index)
    root = tree_root(LEAVES[:size])
    change = data.draw(st.sampled_from(["index", "leaf", "drop", "add", "node"]))
    leaf, place = LEAVES[index], index
    if change == "index":
        place = data.draw(st.integers(0, size - 1).filter(lambda n: n != index)) if size > 1 else size
    elif change == "leaf":
        leaf = leaf_hash(b"another")
    elif change == "drop":
        proof = proof[:-1] if proof else [leaf]
    elif change == "add":
        proof = [*proof, EMPTY_ROOT]
    elif proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = leaf_hash(proof[at])
    else:
        leaf = EMPTY_ROOT
    with contextlib.suppress(InvalidInput):
        assert root_from_inclusion(leaf, place, size, proof) != root


@given(st.integers(2, 69), st.data())
def test_a_rewritten_log_is_not_consistent(second: int, data: st.DataObject) -> None:
    first = data.draw(st.integers(1, second))
    changed = data.draw(st.integers(0, first - 1))
    rewritten = [*LEAVES[:second]]
    rewritten[changed] = EMPTY_ROOT
    proof = consistency_proof(rewritten, first)
    with pytest.raises(InvalidInput):
        verify_consistency(first, second, tree_root(LEAVES[:first]), tree_root(rewritten), proof)


@given(st.integers(0, 69), st.integers(0, 69), st.lists(st.binary(min_size=32, max_size=32), max_size=9))
def test_random_proofs_are_refused(first: int, second: int, proof: list[bytes]) -> None:
    if first in (0, second) and not proof:
        return
    with pytest.raises(InvalidInput):
        verify_consistency(first, second, tree_root(LEAVES[:first]), tree_root(LEAVES[:second]), proof)
