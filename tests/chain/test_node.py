"""SV Node's adapter against the node's own words for what is missing, known, mined, busy or unreadable.

The server answers as SV Node's source has it (rpc/rawtransaction.cpp, validation.cpp): a transaction sent
again is `known` in the mempool, `txn-already-known` in a block while one of its outputs is unspent, and
`missing-inputs` once all are spent; outputs that can never be spent are not in its coin set.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Connection

from firsthand.chain.coins import WALLET_METADATA, CoinStore
from firsthand.chain.headers import HEADERS_METADATA, HeaderStore
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.node import Node
from firsthand.chain.outbox import Outbox
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.errors import BroadcastUncertain
from firsthand.proof.bump import parse_bump
from firsthand.proof.headers import parse_header
from firsthand.proof.transaction import (
    Outpoint,
    TxOutput,
    data_script,
    from_hash_hex,
    hash_hex,
    parse_transaction,
)
from tests.contracts.test_broadcaster import RpcServer
from tests.made import new_engine

KEY = WalletKey(secrets.token_bytes(32), NETWORKS["sandbox"])
POLICY = FeePolicy(1, 1000)


class SvNode(RpcServer):
    """The contract's server, with the node's reject reasons and its coin set."""

    def rpc_sendrawtransactions(self, items: list[Any]) -> Any:
        answer: dict[str, list[Any]] = {}
        for item in items:
            transaction = parse_transaction(bytes.fromhex(item["hex"]))
            before = self.chain.status(transaction.txid)
            if before.state is TxState.SEEN:
                answer.setdefault("known", []).append(hash_hex(transaction.txid))
                continue
            reason = ""
            if before.state is TxState.MINED:
                unspent = any(self.coin(transaction.txid, vout) for vout in range(len(transaction.outputs)))
                reason = "txn-already-known" if unspent else "missing-inputs"
            elif not all(self.chain.is_unspent(i.outpoint.txid, i.outpoint.vout) for i in transaction.inputs):
                reason = "missing-inputs"
            else:
                self.chain.broadcast([transaction.raw])
            if reason:
                code = 257 if reason == "txn-already-known" else 16
                refusal = {"txid": hash_hex(transaction.txid), "reject_code": code, "reject_reason": reason}
                answer.setdefault("invalid", []).append(refusal)
        return answer

    def coin(self, txid: bytes, vout: int) -> bool:
        raw = self.chain.transaction(txid)
        outputs = parse_transaction(raw).outputs if raw else ()
        spendable = vout < len(outputs) and not outputs[vout].script.startswith(b"\x00\x6a")
        return spendable and bool(self.chain.is_unspent(txid, vout))

    def rpc_gettxout(self, txid: str, vout: int, mempool: bool = True) -> Any:
        return super().rpc_gettxout(txid, vout, mempool) if self.coin(from_hash_hex(txid), vout) else None

    def rpc_getrawtransaction(self, txid: str, verbose: bool = False, block: str = "") -> Any:
        try:
            return super().rpc_getrawtransaction(txid, verbose, block)
        except LookupError:
            words = (
                "mempool or blockchain transaction" if self.txindex else "mempool transaction. Use -txindex"
            )
            raise LookupError(f"No such {words}") from None


class Served:
    """A chain, the adapter to a node that answers from it, and a wallet with its outbox."""

    def __init__(self, folder: Path, server: ThreadingHTTPServer, chain: SandboxChain) -> None:
        self.chain = chain
        self.node = Node(f"http://127.0.0.1:{server.server_port}", user="user", password="password")
        engine = new_engine(folder / "wallet.db", WALLET_METADATA, HEADERS_METADATA)
        self.coins = CoinStore(engine)
        self.outbox = Outbox(engine, self.coins)
        self.headers = HeaderStore(engine, NETWORKS["sandbox"])

    def fund(self, satoshis: int = 10_000) -> Coin:
        return Coin(self.chain.fund(KEY.script, satoshis), satoshis, KEY.script)

    def put(self) -> SignedTransaction:
        def compose(connection: Connection) -> SignedTransaction:
            return pay(*self.coins.choose(connection, 1_000_000, 1))

        return self.outbox.put("test", compose, ours=KEY.script)

    def settle(self) -> None:
        self.outbox.flush(self.node)
        self.headers.sync(self.node)
        self.outbox.refresh(self.node, self.headers)
        self.outbox.flush(self.node)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[bool], Served]]:
    started: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(txindex: bool) -> Served:
        chain = SandboxChain(tmp_path / "sandbox.db", auto_mine=False)
        handler = type("Handler", (SvNode,), {"chain": chain, "txindex": txindex})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        started.append((server, thread))
        return Served(tmp_path, server, chain)

    yield start
    for server, thread in started:
        server.shutdown()
        thread.join()
        server.server_close()


def pay(*coins: Coin, data: bytes = b"x") -> SignedTransaction:
    return build(coins, [TxOutput(0, data_script([data]))], KEY.script, POLICY, KEY)


@pytest.mark.parametrize("txindex", [True, False])
def test_mined_with_all_outputs_spent_is_found_and_never_refused(
    serve: Callable[[bool], Served], txindex: bool
) -> None:
    """Two transactions in a row, one block, no answer to either: the node then says `missing-inputs`."""
    served = serve(txindex)
    served.coins.receive(served.fund())
    first, second = served.put(), served.put()
    served.chain.broadcast([first.extended, second.extended])
    served.chain.mine(3)
    for _ in range(2):
        served.settle()
    for signed in (first, second):
        assert served.outbox.get(signed.txid).state is TxState.MINED
    balance = served.coins.balance([])
    assert balance.available == 10_000 - first.fee - second.fee


def test_too_deep_to_be_found_is_sent_again_and_not_refused(
    serve: Callable[[bool], Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firsthand.chain.node._SEARCHED", 2)
    served = serve(False)
    first = pay(served.fund())
    second = pay(Coin(Outpoint(first.txid, 1), first.outputs[1].satoshis, KEY.script))
    served.chain.broadcast([first.extended, second.extended])
    served.chain.mine(4)
    (status,) = served.node.broadcast([first.extended])
    assert status.state is TxState.UNKNOWN
    assert "missing-inputs" in status.detail


def test_a_parent_that_is_not_there_yet_is_no_refusal(serve: Callable[[bool], Served]) -> None:
    served = serve(True)
    first = pay(served.fund())
    second = pay(Coin(Outpoint(first.txid, 1), first.outputs[1].satoshis, KEY.script))
    (status,) = served.node.broadcast([second.extended])
    assert status.state is TxState.UNKNOWN
    assert [s.state for s in served.node.broadcast([first.extended, second.extended])] == [TxState.SEEN] * 2


@pytest.mark.parametrize(("txindex", "state"), [(True, TxState.REJECTED), (False, TxState.UNKNOWN)])
def test_a_coin_that_another_took_is_refused_by_who_can_tell(
    serve: Callable[[bool], Served], txindex: bool, state: TxState
) -> None:
    served = serve(txindex)
    coin = served.fund()
    other, ours = pay(coin), pay(coin, data=b"ours")
    served.node.broadcast([other.extended])
    served.chain.mine()
    (status,) = served.node.broadcast([ours.extended])
    assert status.state is state


@pytest.mark.parametrize("txindex", [True, False])
def test_the_proof_of_every_transaction_of_a_block(serve: Callable[[bool], Served], txindex: bool) -> None:
    """Blocks of an odd and an even number of transactions, and of one: `*` becomes BUMP's duplicate."""
    served = serve(txindex)
    for count in (1, 2, 3, 5):
        signed = [pay(served.fund()) for _ in range(count)]
        served.node.broadcast([item.extended for item in signed])
        served.chain.mine()
        for item in signed:
            status = served.node.status(item.txid)
            assert status.bump is not None
            bump = parse_bump(status.bump)
            header = parse_header(served.node.headers(bump.height, 1))
            assert (bump.root(item.txid), status.block_hash) == (header.merkle_root, header.hash)


def answering(result: Any, *, error: Any = None, status: int = 200, body: bytes | None = None) -> Node:
    """A node that says the same to everything."""
    node = Node("http://node.invalid", user="user", password="secret")

    def reply(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        one = {"result": result, "error": error}
        content = [{**one, "id": a["id"]} for a in asked] if isinstance(asked, list) else one
        return httpx.Response(status, content=body if body is not None else json.dumps(content).encode())

    node._http._client = httpx.Client(transport=httpx.MockTransport(reply))
    return node


def coinless() -> SignedTransaction:
    return pay(Coin(Outpoint(bytes(32), 0), 1000, KEY.script))


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("txn-already-known", TxState.SEEN),
        ("txn-already-in-mempool", TxState.SEEN),
        ("mempool full", TxState.UNKNOWN),
        ("too-long-mempool-chain", TxState.UNKNOWN),
        ("too-long-validation-time", TxState.UNKNOWN),
        ("mempool min fee not met", TxState.REJECTED),
        ("mandatory-script-verify-flag-failed (Signature must be zero)", TxState.REJECTED),
        ("absurdly-high-fee", TxState.REJECTED),
        ("bad-txns-in-belowout", TxState.REJECTED),
    ],
)
def test_reject_reasons(reason: str, state: TxState) -> None:
    signed = coinless()
    refusal = {"txid": hash_hex(signed.txid), "reject_code": 64, "reject_reason": reason}
    (status,) = answering({"invalid": [refusal]}).broadcast([signed.extended])
    assert (status.txid, status.state) == (signed.txid, state)


def test_evicted_is_sent_again_and_an_empty_answer_means_taken() -> None:
    signed = coinless()
    (status,) = answering({"evicted": [hash_hex(signed.txid)]}).broadcast([signed.extended])
    assert status.state is TxState.UNKNOWN
    (status,) = answering({}).broadcast([signed.extended])
    assert status.state is TxState.SEEN
    (status,) = answering({"known": [hash_hex(signed.txid)]}).broadcast([signed.extended])
    assert status.state is TxState.SEEN


@pytest.mark.parametrize(
    "node",
    [
        lambda: answering(None, error={"code": -28, "message": "Loading block index..."}, status=500),
        lambda: answering(None, error={"code": -22, "message": "TX decode failed"}, status=500),
        lambda: answering(None, error="broken"),
        lambda: answering("text"),
        lambda: answering([]),
        lambda: answering(None),
        lambda: answering({}, status=401, body=b""),
        lambda: answering({}, status=503, body=b"Work queue depth exceeded"),
        lambda: answering({}, body=b"[" * 100_000),
        lambda: answering({}, body=b"\xff\xfe"),
    ],
)
def test_answers_that_promise_nothing(node: Callable[[], Node]) -> None:
    with pytest.raises(BroadcastUncertain) as told:
        node().broadcast([coinless().extended])
    assert "secret" not in str(told.value)


HOSTILE = [
    {"invalid": None},
    {"invalid": "x", "evicted": 5},
    {"invalid": [{"txid": []}]},
    {"evicted": [{}]},
    {"blockhash": 5},
    {"blockhash": "00" * 32, "height": "x"},
    {"blockhash": "00" * 32, "height": -1, "nodes": 3, "index": -1},
    {"blockhash": "00" * 32, "height": 1, "nodes": ["zz"], "index": 0},
    {"blockhash": "00" * 32, "height": 1, "nodes": [7], "index": 0},
    {"height": "1e400", "minminingtxfee": "x", "relayfee": {}},
    {"minminingtxfee": 1e400, "maxtxsizepolicy": "x"},
    {"minminingtxfee": -1},
    7,
    [],
    "00",
]


@pytest.mark.parametrize("result", HOSTILE, ids=str)
def test_a_hostile_answer_is_uncertain_at_worst(result: Any) -> None:
    """Whatever a node says, nothing but a BroadcastUncertain comes out."""
    signed = coinless()
    node = answering(result)
    calls: list[Callable[[], Any]] = [
        lambda: node.broadcast([signed.extended]),
        lambda: node.status(signed.txid),
        lambda: node.policy(),
        lambda: node.tip(),
        lambda: node.headers(0, 3),
        lambda: node.transaction(signed.txid),
        lambda: node.is_unspent(signed.txid, 0),
        lambda: node.watch(b"script"),
        lambda: node.paying(b"script"),
    ]
    for call in calls:
        try:
            call()
        except BroadcastUncertain:
            continue
