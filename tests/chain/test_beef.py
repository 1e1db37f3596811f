"""BEEF from strangers: one test for each defect found in the SDK's own verifier, and fuzz.

The numbers are those of the defects reproduced in bsv-sdk 2.4.0: 1 junk scripts, 2 unflagged leaves, 3
empty, 4 no inputs and no proof, 5 value from nothing, 6 deep ancestry, 10 real headers refused.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.chain.beef import encode_beef, parse_beef, verify_beef
from firsthand.chain.headers import HEADERS_METADATA, HeaderStore
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.errors import InvalidInput
from firsthand.proof.bump import encode_branch, parse_bump
from firsthand.proof.transaction import Outpoint, TxInput, TxOutput, data_script, encode_transaction
from tests.made import new_engine

KEY = WalletKey(secrets.token_bytes(32), NETWORKS["sandbox"])
POLICY = FeePolicy(1, 1000)


@dataclass
class World:
    headers: HeaderStore
    mined: SignedTransaction
    bump: bytes


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("beef")
    chain = SandboxChain(folder / "chain.db")
    mined = build([Coin(chain.fund(KEY.script, 100_000), 100_000, KEY.script)], [], KEY.script, POLICY, KEY)
    (status,) = chain.broadcast([mined.extended])
    engine = new_engine(folder / "headers.db", HEADERS_METADATA)
    headers = HeaderStore(engine, NETWORKS["sandbox"])
    headers.sync(chain)
    assert status.bump is not None
    return World(headers, mined, status.bump)


def child(parent: SignedTransaction, data: bytes = b"child") -> SignedTransaction:
    coin = Coin(Outpoint(parent.txid, len(parent.outputs) - 1), parent.outputs[-1].satoshis, KEY.script)
    return build([coin], [TxOutput(0, data_script([data]))], KEY.script, POLICY, KEY)


def test_a_true_beef_passes(world: World) -> None:
    spending = child(world.mined)
    beef = encode_beef([(world.mined.raw, world.bump), (spending.raw, None)])
    assert verify_beef(parse_beef(beef), world.headers).txid == spending.txid
    atomic = b"\x01\x01\x01\x01" + spending.txid + beef
    assert verify_beef(parse_beef(atomic), world.headers).txid == spending.txid


def test_defect_1_a_junk_unlocking_script(world: World) -> None:
    spending = child(world.mined).raw
    junk = spending.replace(KEY.public, bytes(33))
    with pytest.raises(InvalidInput, match="script of input 0 fails"):
        verify_beef(parse_beef(encode_beef([(world.mined.raw, world.bump), (junk, None)])), world.headers)


def test_defect_2_a_bump_that_does_not_flag_the_transaction(world: World) -> None:
    bump = parse_bump(world.bump)
    offset = bump.offset(world.mined.txid)
    at = world.bump.index(world.mined.txid) - 1
    unflagged = world.bump[:at] + b"\x00" + world.bump[at + 1 :]
    with pytest.raises(InvalidInput, match="does not flag"):
        verify_beef(parse_beef(encode_beef([(world.mined.raw, unflagged)])), world.headers)
    forged = encode_branch(bump.height, offset, world.mined.txid, [bytes(32)])
    with pytest.raises(InvalidInput, match="does not lead to block"):
        verify_beef(parse_beef(encode_beef([(world.mined.raw, forged)])), world.headers)


def test_defect_3_an_empty_beef() -> None:
    for data in (b"", b"\x02\x00\xbe\xef\x00\x00", b"\x01\x00\xbe\xef\x00\x00"):
        with pytest.raises(InvalidInput):
            parse_beef(data)


def test_defect_4_no_inputs_or_no_ancestry(world: World) -> None:
    made_up = encode_transaction(1, [TxInput(Outpoint(bytes(32), 0), b"")], [TxOutput(1000, KEY.script)], 0)
    with pytest.raises(InvalidInput, match="which is not proven"):
        verify_beef(parse_beef(encode_beef([(made_up, None)])), world.headers)
    without_inputs = b"\x01\0\0\0" + b"\x00" + b"\x01" + (1000).to_bytes(8, "little") + b"\x01\x51" + bytes(4)
    with pytest.raises(InvalidInput, match="at least one input"):
        parse_beef(encode_beef([(without_inputs, None)]))


def test_defect_5_outputs_above_inputs(world: World) -> None:
    coin = Coin(Outpoint(world.mined.txid, 0), 10**9, KEY.script)
    rich = build([coin], [TxOutput(10**8, KEY.script)], None, POLICY, KEY)
    with pytest.raises(InvalidInput, match="only"):
        verify_beef(parse_beef(encode_beef([(world.mined.raw, world.bump), (rich.raw, None)])), world.headers)


def test_defect_6_a_deep_ancestry_does_not_overflow(world: World) -> None:
    line = [world.mined]
    for number in range(1500):
        line.append(child(line[-1], b"%d" % number))
    beef = encode_beef([(line[0].raw, world.bump), *[(item.raw, None) for item in line[1:]]])
    assert verify_beef(parse_beef(beef), world.headers).txid == line[-1].txid


def test_children_before_parents_doubled_and_named_only_are_refused(world: World) -> None:
    spending = child(world.mined)
    backwards = encode_beef([(spending.raw, None), (world.mined.raw, world.bump)])
    with pytest.raises(InvalidInput, match="not proven"):
        verify_beef(parse_beef(backwards), world.headers)
    with pytest.raises(InvalidInput, match="twice"):
        parse_beef(encode_beef([(world.mined.raw, world.bump)] * 2))
    named = b"\x02\x00\xbe\xef\x00\x01\x02" + spending.txid
    with pytest.raises(InvalidInput, match="ID alone"):
        parse_beef(named)


def test_a_transaction_of_64_bytes_is_refused() -> None:
    raw = encode_transaction(1, [TxInput(Outpoint(bytes(32), 0), b"")], [TxOutput(0, b"\x51" * 4)], 0)
    assert len(raw) == 64
    with pytest.raises(InvalidInput, match="64 bytes"):
        parse_beef(encode_beef([(raw, None)]))


@settings(max_examples=400, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_no_changed_byte_gives_another_truth(world: World, data: st.DataObject) -> None:
    spending = child(world.mined)
    beef = encode_beef([(world.mined.raw, world.bump), (spending.raw, None)])
    at = data.draw(st.integers(0, len(beef) - 1))
    changed = beef[:at] + bytes((data.draw(st.integers(0, 255)),)) + beef[at + 1 :]
    if changed != beef:
        with contextlib.suppress(InvalidInput):
            # What passes spends the same proven coin and makes no satoshis.
            found = verify_beef(parse_beef(changed), world.headers)
            assert sum(output.satoshis for output in found.outputs) <= world.mined.outputs[0].satoshis


@given(st.binary(max_size=300))
def test_random_bytes_raise_nothing_else(data: bytes) -> None:
    for head in (
        b"",
        b"\x01\x00\xbe\xef",
        b"\x02\x00\xbe\xef",
        b"\x01\x01\x01\x01" + bytes(32) + b"\x02\x00\xbe\xef",
    ):
        with contextlib.suppress(InvalidInput):
            parse_beef(head + data)
