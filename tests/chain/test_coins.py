"""Refusals against proofs, and two processes at one wallet: no coin is freed wrongly, none taken twice."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from firsthand.chain.coins import Balance
from firsthand.chain.outbox import OUTBOX
from firsthand.chain.protocols import TxState, TxStatus
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.proof.transaction import Outpoint, TxOutput, data_script, parse_extended
from tests.chain.test_outbox import Silent, Wallet


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return Wallet(tmp_path)


class Refusing(Silent):
    """A broadcaster that forgot everything and refuses what it is sent."""

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        parsed = [parse_extended(data)[0].txid for data in transactions]
        return [TxStatus(txid, TxState.REJECTED, "missing-inputs") for txid in parsed]

    def status(self, txid: bytes) -> TxStatus:
        return self.chain.status(txid)


def test_a_refusal_is_not_believed_against_a_proof_of_what_was_built_on_it(wallet: Wallet) -> None:
    wallet.fund(1000)
    first, second = wallet.put(), wallet.put()
    wallet.settle()
    wallet.chain.mine()
    wallet.settle()
    before = wallet.coins.balance([])
    # The parent's state was lost, as after an answer that never came.
    with wallet.engine.begin() as connection:
        lost = {"state": TxState.UNKNOWN.value, "block_height": None, "block_hash": None, "bump": None}
        connection.execute(update(OUTBOX).where(OUTBOX.c.txid == first.txid).values(**lost))
    assert wallet.outbox.flush(Refusing(wallet.chain, False))  # type: ignore[arg-type]
    assert wallet.outbox.get(first.txid).state is TxState.SEEN
    assert wallet.outbox.get(second.txid).state is TxState.MINED
    assert wallet.coins.balance([]) == before
    wallet.settle()
    assert wallet.outbox.get(first.txid).state is TxState.MINED


def test_refusing_a_diamond_leaves_no_coin_of_it(wallet: Wallet) -> None:
    """Parent -> two outputs; one child spends the first, a grandchild the second and the child's change."""
    wallet.fund(1000)
    policy, key = wallet.chain.policy(), wallet.key

    def split(connection: Connection) -> SignedTransaction:
        chosen = wallet.coins.choose(connection, 2, 2)
        return build(chosen, [TxOutput(400, key.script)], key.script, policy, key)

    def join(connection: Connection) -> SignedTransaction:
        chosen = wallet.coins.choose(connection, 10_000, 1)
        return build(chosen, [TxOutput(0, data_script([b"join"]))], key.script, policy, key)

    first = wallet.outbox.put("test", split, ours=key.script)
    wallet.put()
    wallet.outbox.put("test", join, ours=key.script)
    other = build(first.spent, [TxOutput(0, data_script([b"x"]))], key.script, policy, key)
    wallet.chain.broadcast([other.extended])
    wallet.outbox.flush(wallet.chain)
    assert [sent.state for sent in wallet.outbox.all()] == [TxState.REJECTED] * 3
    assert wallet.coins.balance([]) == Balance(available=1000, locked=0, seal=0, spent=0)


_RACER = """
import sys
from pathlib import Path
from firsthand.chain.coins import CoinStore
from firsthand.errors import InsufficientFunds
from firsthand.journal.database import database_url, open_engine
engine = open_engine(database_url("", Path(sys.argv[1]), "wallet.db"))
coins = CoinStore(engine)
sys.stdin.readline()
for at in range(20):
    try:
        with engine.begin() as connection:
            chosen = coins.choose(connection, 1, 1)
            coins.spend(connection, chosen, bytes((int(sys.argv[2]), at)) * 16)
        print(chosen[0].outpoint.vout)
    except InsufficientFunds:
        break
"""


def test_two_processes_never_take_one_coin(wallet: Wallet, tmp_path: Path) -> None:
    with wallet.engine.begin() as connection:
        for vout in range(20):
            wallet.coins.add(connection, Coin(Outpoint(b"c" * 32, vout), 10, wallet.key.script))
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, str(tmp_path), number],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in "12"
    ]
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("\n")
        racer.stdin.flush()
    taken = [int(vout) for racer in racers for vout in racer.communicate(timeout=60)[0].split()]
    assert sorted(taken) == list(range(20))
