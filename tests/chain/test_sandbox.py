"""The sandbox is honest: it makes no satoshi, takes no bad script, and its headers are a chain with work."""

from __future__ import annotations

import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.chain.headers import check_headers
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import Coin, build
from firsthand.proof.transaction import (
    Outpoint,
    TxInput,
    TxOutput,
    encode_transaction,
    parse_transaction,
)

KEY = WalletKey(secrets.token_bytes(32), NETWORKS["sandbox"])
POLICY = FeePolicy(1, 1000)


@pytest.fixture
def chain(tmp_path: Path) -> SandboxChain:
    return SandboxChain(tmp_path / "sandbox.db", auto_mine=False)


def fund(chain: SandboxChain, satoshis: int) -> Coin:
    return Coin(chain.fund(KEY.script, satoshis), satoshis, KEY.script)


def test_more_out_than_in_is_refused(chain: SandboxChain) -> None:
    rich = Coin(fund(chain, 100).outpoint, 1_000_000, KEY.script)
    # Signed over an amount that is not there: the chain knows the true one.
    signed = build([rich], [TxOutput(900_000, KEY.script)], None, POLICY, KEY)
    (status,) = chain.broadcast([signed.extended])
    assert status.state is TxState.REJECTED
    assert chain.status(signed.txid).state is TxState.UNKNOWN


def test_one_outpoint_twice_is_refused(chain: SandboxChain) -> None:
    coin = fund(chain, 1000)
    signed = build([coin, coin], [TxOutput(1500, KEY.script)], None, POLICY, KEY)
    (status,) = chain.broadcast([signed.extended])
    assert status.state is TxState.REJECTED


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.sampled_from(["pay", "mine", "reorganise", "leave out"]), st.integers(0, 9)))
)
def test_what_can_be_spent_is_what_was_funded_less_the_fees(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    """satoshis of all coins + fees paid = satoshis funded, whatever is mined or reorganised."""
    chain = SandboxChain(tmp_path_factory.mktemp("law") / "sandbox.db", auto_mine=False)
    coins = [fund(chain, 5000) for _ in range(3)]
    chain.mine(4)
    fees = 0
    for step, number in steps:
        if step == "pay":
            coin = coins.pop(number % len(coins))
            signed = build([coin], [TxOutput(coin.satoshis // 3, KEY.script)], KEY.script, POLICY, KEY)
            (status,) = chain.broadcast([signed.extended])
            assert status.state is TxState.SEEN
            coins += [
                Coin(Outpoint(signed.txid, v), o.satoshis, KEY.script) for v, o in enumerate(signed.outputs)
            ]
            fees += signed.fee
        elif step == "mine":
            chain.mine()
        else:
            # Never so deep that the coinbases that were funded are lost.
            depth = min(1 + number % 3, chain.tip()[0] - 3)
            if depth > 0:
                chain.reorganise(depth, keep_out=step == "leave out")
    assert all(chain.is_unspent(coin.outpoint.txid, coin.outpoint.vout) for coin in coins)
    assert sum(coin.satoshis for coin in coins) + fees == 15_000
    height, tip = chain.tip()
    raw = chain.headers(0, height + 1)
    assert check_headers(raw, NETWORKS["sandbox"]).hash_at(height) == tip


def test_a_reorganisation_forgets_what_spent_a_lost_coinbase(chain: SandboxChain) -> None:
    chain.mine()
    coin = fund(chain, 1000)
    signed = build([coin], [TxOutput(500, KEY.script)], KEY.script, POLICY, KEY)
    chain.broadcast([signed.extended])
    chain.mine()
    chain.reorganise(2)
    assert chain.status(signed.txid).state is TxState.UNKNOWN
    assert chain.is_unspent(coin.outpoint.txid, 0) is False


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(locking=st.binary(max_size=40), unlocking=st.binary(max_size=40))
def test_any_script_gives_an_answer(
    tmp_path_factory: pytest.TempPathFactory, locking: bytes, unlocking: bytes
) -> None:
    chain = SandboxChain(tmp_path_factory.mktemp("script") / "sandbox.db", auto_mine=False)
    outpoint = chain.fund(locking, 1000)
    raw = encode_transaction(1, [TxInput(outpoint, unlocking)], [TxOutput(900, KEY.script)], 0)
    (status,) = chain.broadcast([raw])
    assert status.state in (TxState.SEEN, TxState.REJECTED)


# Byte strings seldom hold operators that do anything: these do, with operands that do not fit them.
_OPERATORS = st.lists(
    st.sampled_from([b"\x00", b"\x51", b"\x4f", b"\x02\xff\xff", b"\x05abcde"])
    | st.integers(0x61, 0xBA).map(lambda code: bytes((code,))),
    max_size=12,
).map(b"".join)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(locking=_OPERATORS, unlocking=_OPERATORS)
def test_any_operators_give_an_answer(
    tmp_path_factory: pytest.TempPathFactory, locking: bytes, unlocking: bytes
) -> None:
    chain = SandboxChain(tmp_path_factory.mktemp("script") / "sandbox.db", auto_mine=False)
    outpoint = chain.fund(locking, 1000)
    raw = encode_transaction(1, [TxInput(outpoint, unlocking)], [TxOutput(900, KEY.script)], 0)
    (status,) = chain.broadcast([raw])
    assert status.state in (TxState.SEEN, TxState.REJECTED)


@pytest.mark.parametrize(
    "data", [b"", b"\x00", b"\x01\x00\x00\x00\x00\x00\x00\x00\x00\xef", b"\xff" * 200, b"\x01" * 64]
)
def test_what_is_no_transaction_is_malformed(chain: SandboxChain, data: bytes) -> None:
    (status,) = chain.broadcast([data])
    assert (status.state, status.code) == (TxState.REJECTED, 463)


_MINER = """
import sys
from pathlib import Path
from firsthand.chain.sandbox import SandboxChain
chain = SandboxChain(Path(sys.argv[1]))
sys.stdin.readline()
for number in range(15):
    chain.fund(b"Q", 1000)
"""


def test_two_processes_on_one_file_make_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    SandboxChain(path)
    miners = [
        subprocess.Popen([sys.executable, "-c", _MINER, str(path)], stdin=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for miner in miners:
        assert miner.stdin is not None
        miner.stdin.write("\n")
        miner.stdin.flush()
    for miner in miners:
        miner.communicate(timeout=60)
        assert miner.returncode == 0
    chain = SandboxChain(path)
    height, tip = chain.tip()
    assert height == 30
    assert check_headers(chain.headers(0, 31), NETWORKS["sandbox"]).hash_at(30) == tip


def test_it_is_all_there_when_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "sandbox.db"
    chain = SandboxChain(path, auto_mine=False)
    signed = build([fund(chain, 1000)], [TxOutput(500, KEY.script)], KEY.script, POLICY, KEY)
    chain.broadcast([signed.extended])
    again = SandboxChain(path, auto_mine=False)
    assert (again.tip(), again.status(signed.txid).state) == (chain.tip(), TxState.SEEN)
    raw = again.transaction(signed.txid)
    assert raw is not None
    assert parse_transaction(raw).txid == signed.txid


def test_the_sdk_does_not_change_where_modules_are_found(tmp_path: Path) -> None:
    """bsv-sdk 2.4 puts its own folder first, where its base58 would shadow the real one."""
    lines = (
        "import sys",
        "before = list(sys.path)",
        "from firsthand.chain.keys import WalletKey",
        "from firsthand.chain.networks import NETWORKS",
        "WalletKey(bytes(31) + b'1', NETWORKS['sandbox']).address",
        "assert sys.path == before, sys.path",
    )
    script = "\n".join(lines)
    subprocess.run([sys.executable, "-c", script], check=True, cwd=tmp_path)
