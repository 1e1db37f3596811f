"""Coins and outbox: nothing spent twice, nothing lost, nothing built again, whatever happens in between."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine

from firsthand.chain.coins import WALLET_METADATA, CoinStore
from firsthand.chain.headers import HEADERS_METADATA, HeaderStore
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.outbox import Outbox
from firsthand.chain.protocols import TxState, TxStatus
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.errors import BroadcastUncertain, InsufficientFunds, InvalidInput
from firsthand.proof.transaction import TxOutput, data_script
from tests.made import new_engine

NETWORK = NETWORKS["sandbox"]


class Wallet:
    """A wallet with an outbox on a sandbox chain."""

    def __init__(self, folder: Path) -> None:
        self.chain = SandboxChain(folder / "sandbox.db", auto_mine=False)
        self.engine: Engine = new_engine(folder / "wallet.db", WALLET_METADATA, HEADERS_METADATA)
        self.key = WalletKey(secrets.token_bytes(32), NETWORK)
        self.coins = CoinStore(self.engine)
        self.outbox = Outbox(self.engine, self.coins)
        self.headers = HeaderStore(self.engine, NETWORK)

    def fund(self, satoshis: int) -> None:
        outpoint = self.chain.fund(self.key.script, satoshis)
        self.coins.receive(Coin(outpoint, satoshis, self.key.script))

    def put(self, data: bytes = b"data") -> SignedTransaction:
        policy = self.chain.policy()

        def compose(connection: Connection) -> SignedTransaction:
            chosen = self.coins.choose(connection, 2, 2)
            return build(chosen, [TxOutput(0, data_script([data]))], self.key.script, policy, self.key)

        return self.outbox.put("test", compose, ours=self.key.script)

    def settle(self, broadcaster: object = None) -> None:
        sender = broadcaster or self.chain
        self.outbox.flush(sender)  # type: ignore[arg-type]
        self.headers.sync(self.chain)
        self.outbox.refresh(sender, self.headers)  # type: ignore[arg-type]

    def available(self) -> int:
        return self.coins.balance([sent.txid for sent in self.outbox.open()]).available


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return Wallet(tmp_path)


class Silent:
    """A broadcaster that takes the transactions and loses its answer, or loses both."""

    def __init__(self, chain: SandboxChain, takes: bool) -> None:
        self.chain = chain
        self.takes = takes

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        if self.takes:
            self.chain.broadcast(transactions)
        raise BroadcastUncertain("no answer")

    def status(self, txid: bytes) -> TxStatus:
        raise BroadcastUncertain("no answer")


@pytest.mark.parametrize("takes", [True, False])
def test_a_lost_answer_is_followed_by_the_very_same_bytes(wallet: Wallet, takes: bool) -> None:
    wallet.fund(1000)
    signed = wallet.put()
    with pytest.raises(BroadcastUncertain):
        wallet.outbox.flush(Silent(wallet.chain, takes))  # type: ignore[arg-type]
    (sent,) = wallet.outbox.open()
    assert (sent.raw, sent.attempts, sent.detail) == (signed.raw, 1, "no answer")
    wallet.settle()
    wallet.chain.mine()
    wallet.settle()
    assert wallet.outbox.get(signed.txid).state is TxState.MINED
    assert wallet.chain.transaction(signed.txid) == signed.raw


def test_a_coin_is_spent_once(wallet: Wallet) -> None:
    wallet.fund(1000)
    wallet.put()
    wallet.put()  # spends the change of the first
    spent = [sent.raw for sent in wallet.outbox.all()]
    assert len(spent) == 2
    with wallet.engine.begin() as connection:
        chosen = wallet.coins.choose(connection, 1, 1)
        wallet.coins.spend(connection, chosen, b"a" * 32)
        with pytest.raises(InvalidInput, match="not free"):
            wallet.coins.spend(connection, chosen, b"b" * 32)


def test_a_refusal_frees_the_coins_and_takes_what_was_built_on_it(wallet: Wallet) -> None:
    wallet.fund(1000)
    first = wallet.put()
    wallet.put()
    # Somebody else spends the coin first.
    other = build(
        first.spent,
        [TxOutput(0, data_script([b"other"]))],
        wallet.key.script,
        wallet.chain.policy(),
        wallet.key,
    )
    wallet.chain.broadcast([other.extended])
    refused = wallet.outbox.flush(wallet.chain)
    assert refused[0].txid == first.txid
    assert [sent.state for sent in wallet.outbox.all()] == [TxState.REJECTED] * 2
    assert wallet.available() == 1000


def test_an_orphaned_block_is_noticed_and_the_new_proof_found(wallet: Wallet) -> None:
    wallet.fund(1000)
    wallet.chain.mine()
    signed = wallet.put()
    wallet.settle()
    wallet.chain.mine()
    wallet.settle()
    before = wallet.outbox.get(signed.txid)
    assert before.state is TxState.MINED
    wallet.chain.reorganise(1, keep_out=True)
    wallet.settle()
    assert wallet.outbox.get(signed.txid).state is TxState.SEEN
    assert wallet.outbox.get(signed.txid).bump is None
    wallet.chain.mine()
    wallet.settle()
    after = wallet.outbox.get(signed.txid)
    assert after.state is TxState.MINED
    assert after.block_hash not in (None, before.block_hash)


class Liar(Silent):
    """A broadcaster that calls everything mined."""

    def __init__(self, chain: SandboxChain, status: TxStatus) -> None:
        super().__init__(chain, True)
        self.told = status

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        self.chain.broadcast(transactions)
        return [self.told]

    def status(self, txid: bytes) -> TxStatus:
        return self.told


def test_mined_without_a_proof_that_holds_is_not_believed(wallet: Wallet) -> None:
    wallet.fund(1000)
    signed = wallet.put()
    honest = wallet.chain.broadcast([signed.extended])
    wallet.chain.mine()
    honest = [wallet.chain.status(signed.txid)]
    bump = honest[0].bump or b""
    changed = (bump[:-1] + bytes((bump[-1] ^ 1,)), bytes((bump[0] ^ 1,)) + bump[1:])
    for lie in (None, b"", bump[:-1], bump + b"\x00", *changed):
        wallet.settle(Liar(wallet.chain, TxStatus(signed.txid, TxState.MINED, bump=lie)))
        assert wallet.outbox.get(signed.txid).state is TxState.SEEN
    wallet.settle()
    assert wallet.outbox.get(signed.txid).state is TxState.MINED


def test_no_funds_say_how_much_is_missing(wallet: Wallet) -> None:
    with pytest.raises(InsufficientFunds, match="2 are missing"):
        wallet.put()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.sampled_from(["put", "flush", "lost", "mine", "settle", "reorganise"]), max_size=25))
def test_no_satoshi_is_lost_or_made(tmp_path_factory: pytest.TempPathFactory, steps: list[str]) -> None:
    """in = out + fees, at every moment, under lost answers and reorganisations."""
    wallet = Wallet(tmp_path_factory.mktemp("law"))
    wallet.fund(5000)
    wallet.chain.mine(3)
    for step in steps:
        if step == "put":
            wallet.put()
        elif step == "flush":
            wallet.outbox.flush(wallet.chain)
        elif step == "lost":
            try:
                wallet.outbox.flush(Silent(wallet.chain, True))  # type: ignore[arg-type]
            except BroadcastUncertain:
                continue
        elif step == "mine":
            wallet.chain.mine()
        elif step == "settle":
            wallet.settle()
        elif wallet.chain.tip()[0] > 4:
            wallet.chain.reorganise(1)
        fees = sum(sent.fee for sent in wallet.outbox.all() if sent.state is not TxState.REJECTED)
        assert wallet.available() + fees == 5000
    wallet.settle()
    wallet.chain.mine()
    wallet.settle()
    assert all(sent.state is TxState.MINED for sent in wallet.outbox.all())
