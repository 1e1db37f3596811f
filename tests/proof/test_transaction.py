"""Transactions and BUMPs: strict reading, exact writing, and the SDK and public vectors as oracles."""

from __future__ import annotations

import contextlib
import random
import secrets

import pytest
from bsv.merkle_path import MerklePath
from bsv.transaction import Transaction as SdkTransaction
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.chain.keys import WalletKey, decode_address
from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.scripts import check_spend
from firsthand.chain.signing import Coin, build
from firsthand.errors import InsufficientFunds, InvalidInput, WrongNetwork
from firsthand.proof.bump import block_levels, encode_branch, merkle_branch, parse_bump
from firsthand.proof.transaction import (
    Outpoint,
    TxInput,
    TxOutput,
    data_pushes,
    data_script,
    encode_extended,
    encode_transaction,
    encode_varint,
    from_hash_hex,
    hash_hex,
    parse_extended,
    parse_transaction,
)

OUTPUT = st.builds(TxOutput, st.integers(0, 10**12), st.binary(max_size=80))
INPUT = st.builds(
    TxInput,
    st.builds(Outpoint, st.binary(min_size=32, max_size=32), st.integers(0, 2**32 - 1)),
    st.binary(max_size=80),
    st.integers(0, 2**32 - 1),
)
RAW = st.builds(
    encode_transaction,
    st.integers(0, 2**32 - 1),
    st.lists(INPUT, min_size=1, max_size=4),
    st.lists(OUTPUT, min_size=1, max_size=4),
    st.integers(0, 2**32 - 1),
).filter(lambda raw: len(raw) != 64)


@given(RAW)
def test_reading_is_the_inverse_of_writing_and_equals_the_sdk(raw: bytes) -> None:
    read = parse_transaction(raw)
    assert encode_transaction(read.version, read.inputs, read.outputs, read.locktime) == raw
    sdk = SdkTransaction.from_hex(raw.hex())
    assert sdk is not None
    assert hash_hex(read.txid) == sdk.txid()


@given(RAW, st.data())
def test_extended_format_carries_what_is_spent(raw: bytes, data: st.DataObject) -> None:
    read = parse_transaction(raw)
    spent = [data.draw(OUTPUT) for _ in read.inputs]
    again, outputs = parse_extended(encode_extended(read, spent))
    assert (again.raw, outputs) == (raw, spent)


@given(RAW, st.data())
def test_cut_or_longer_bytes_are_refused(raw: bytes, data: st.DataObject) -> None:
    cut = raw[: data.draw(st.integers(0, len(raw) - 1))]
    for wrong in (cut, raw + b"\x00"):
        with pytest.raises(InvalidInput):
            parse_transaction(wrong)


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    for read in (parse_transaction, parse_extended, parse_bump):
        with contextlib.suppress(InvalidInput):
            read(data)


def test_an_announced_count_beyond_the_bytes_costs_nothing() -> None:
    with pytest.raises(InvalidInput, match="more than its bytes can hold"):
        parse_transaction(bytes(4) + b"\xff" + b"\xff" * 8 + bytes(100))
    with pytest.raises(InvalidInput, match="shortest form"):
        parse_transaction(bytes(4) + b"\xfd\x01\x00" + bytes(100))


@given(st.lists(st.binary(max_size=300), max_size=5))
def test_data_scripts(pushes: list[bytes]) -> None:
    assert data_pushes(data_script(pushes)) == tuple(pushes)


@pytest.mark.parametrize(
    "script", [b"", b"\x6a", b"\x00\x6a\x02a", b"\x00\x6a\x4c\x01a", b"\x00\x6a\x51", b"\x76\xa9"]
)
def test_other_scripts_are_no_data_scripts(script: bytes) -> None:
    assert data_pushes(script) is None


# The example of BRC-74 (bitcoin-sv/BRCs, transactions/0074.md): block 813,706 and its merkle root.
BRC74 = (
    "fe8a6a0c000c04fde80b0011774f01d26412f0d16ea3f0447be0b5ebec67b0782e321a7a01cbdf7f734e30fde90b02004e53753e3fe4667073063a17987292cfdea278824e9888e52180581d7188d8"
    "fdea0b025e441996fc53f0191d649e68a200e752fb5f39e0d5617083408fa179ddc5c998fdeb0b0102fdf405000671394f72237d08a4277f4435e5b6edf7adc272f25effef27cdfe805ce71a81fdf5"
    "0500262bccabec6c4af3ed00cc7a7414edea9c5efa92fb8623dd6160a001450a528201fdfb020101fd7c010093b3efca9b77ddec914f8effac691ecb54e2c81d0ab81cbc4c4b93befe418e8501bf01"
    "015e005881826eb6973c54003a02118fe270f03d46d02681c8bc71cd44c613e86302f8012e00e07a2bb8bb75e5accff266022e1e5e6e7b4d6d943a04faadcf2ab4a22f796ff30116008120cafa17309"
    "c0bb0e0ffce835286b3a2dcae48e4497ae2d2b7ced4f051507d010a00502e59ac92f46543c23006bff855d96f5e648043f0fb87a7a5949e6a9bebae430104001ccd9f8f64f4d0489b30cc815351cf425"
    "e0e78ad79a589350e4341ac165dbe45010301010000af8764ce7e1cc132ab5ed2229a005c87201c9a5ee15c0f91dd53eff31ab30cd4"
)
BRC74_ROOT = "57aab6e6fb1b697174ffb64e062c4728f2ffd33ddcfa02a43b64d8cd29b483b4"
BRC74_TXID = "304e737fdfcb017a1a322e78b067ecebb5e07b44f0a36ed1f01264d2014f7711"


def test_the_vector_of_brc_74() -> None:
    bump = parse_bump(bytes.fromhex(BRC74))
    assert bump.height == 813_706
    flagged = [value for flag, value in bump.levels[0].values() if flag == 2 and value]
    assert len(flagged) == 2
    for txid in flagged:
        assert hash_hex(bump.root(txid)) == BRC74_ROOT
        assert parse_bump(bump.single(txid)).root(txid) == bump.root(txid)
        parse_bump(bump.single(txid)).require_single(txid)
        with pytest.raises(InvalidInput, match=r"does not need|another"):
            bump.require_single(txid)
    with pytest.raises(InvalidInput, match="does not flag"):
        bump.root(from_hash_hex(BRC74_TXID))


@settings(max_examples=60)
@given(st.integers(1, 60), st.data())
def test_branches_of_every_block_size_equal_the_sdk(size: int, data: st.DataObject) -> None:
    draw = random.Random(size)
    txids = [draw.randbytes(32) for _ in range(size)]
    offset = data.draw(st.integers(0, size - 1))
    levels = block_levels(txids)
    raw = encode_branch(900_000, offset, txids[offset], merkle_branch(levels, offset))
    bump = parse_bump(raw)
    assert bump.root(txids[offset]) == levels[-1][0]
    bump.require_single(txids[offset])
    assert bump.single(txids[offset]) == raw
    if size > 1:
        sdk = MerklePath.from_hex(raw.hex())
        assert sdk.compute_root(hash_hex(txids[offset])) == hash_hex(levels[-1][0])


def test_hostile_bumps() -> None:
    txid = bytes(range(32))
    for raw in (
        encode_varint(1) + b"\x00",
        encode_varint(1) + b"\x21" + b"\x00" * 33,
        encode_varint(1) + b"\x01\x01\x02\x02" + txid,
        encode_varint(1) + b"\x01\x02\x01\x00" + txid + b"\x00\x02" + txid,
        encode_varint(1) + b"\x01\x01\x00\x03" + txid,
        encode_varint(1) + b"\x01\x01\x00\x02" + txid + b"\x00",
    ):
        with pytest.raises(InvalidInput):
            parse_bump(raw)
    # CVE-2012-2459: a right node that equals the left one must be told as a duplicate.
    with pytest.raises(InvalidInput, match="without saying duplicate"):
        parse_bump(encode_branch(1, 0, txid, [txid])).root(txid)


KEY = WalletKey(secrets.token_bytes(32), NETWORKS["testnet"])


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(300, 10**9), min_size=1, max_size=4),
    st.lists(st.binary(max_size=400), max_size=3),
    st.integers(1, 500),
)
def test_what_is_built_may_be_spent_so(amounts: list[int], data: list[bytes], rate: int) -> None:
    coins = [
        Coin(Outpoint(secrets.token_bytes(32), at), satoshis, KEY.script)
        for at, satoshis in enumerate(amounts)
    ]
    outputs = [TxOutput(0, data_script([item])) for item in data]
    policy = FeePolicy(rate, 1000)
    try:
        signed = build(coins, outputs, KEY.script, policy, KEY)
    except InsufficientFunds:
        assert sum(amounts) < policy.fee(4000)
        return
    read, spent = parse_extended(signed.extended)
    assert (read.raw, read.txid) == (signed.raw, signed.txid)
    assert check_spend(read, spent) == signed.fee
    assert signed.fee >= policy.fee(len(signed.raw))
    assert signed.fee <= policy.fee(len(signed.raw) + 2 * len(coins) + 1) + (
        0 if len(signed.outputs) > len(outputs) else 10**9
    )


def test_addresses_are_of_one_network() -> None:
    key = WalletKey(bytes(31) + b"\x01", NETWORKS["mainnet"])
    # The address of the private key 1, known from everywhere.
    assert key.address == "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"
    assert decode_address(key.address, NETWORKS["mainnet"]) == key.hash160
    for name in ("testnet", "sandbox"):
        with pytest.raises(WrongNetwork):
            decode_address(key.address, NETWORKS[name])
    for wrong in (key.address[:-1], key.address + "1", key.address[:-1] + "X", "", "0OIl", "1" * 1000):
        with pytest.raises(InvalidInput):
            decode_address(wrong, NETWORKS["mainnet"])
