"""The one contract that every broadcaster, header source and coin source passes.

ARC and Arcade run over HTTP against the sandbox, SV Node's adapter against a small JSON-RPC server that
answers from the sandbox in the node's own words.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import uvicorn

from firsthand.chain.arc import Arc
from firsthand.chain.header_service import HeaderService
from firsthand.chain.headers import check_headers
from firsthand.chain.keys import WalletKey, p2pkh_script
from firsthand.chain.networks import NETWORKS
from firsthand.chain.node import Node
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
    encode_varint,
    from_hash_hex,
    hash_hex,
    parse_transaction,
)
from firsthand.web.sandbox_arc import make_app

KEY = WalletKey(secrets.token_bytes(32), NETWORKS["sandbox"])


@dataclass
class Bench:
    chain: SandboxChain
    broadcaster: Any
    headers: Any
    coins: Any


def served(chain: SandboxChain) -> tuple[str, Callable[[], None]]:
    """The sandbox over HTTP on a port of the system's choice."""
    app = make_app(chain, lambda: "2026-01-01T00:00:00Z")
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]

    def stop() -> None:
        server.should_exit = True
        thread.join()

    return f"http://127.0.0.1:{port}", stop


class RpcServer(BaseHTTPRequestHandler):
    """SV Node's JSON-RPC answers, as documented and as seen, about a sandbox chain."""

    chain: SandboxChain
    txindex = True
    watched: ClassVar[set[str]] = set()

    def do_POST(self) -> None:
        if self.headers["Authorization"] != "Basic dXNlcjpwYXNzd29yZA==":
            self.send_response(401)
            self.end_headers()
            return
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = [self.answer(item) for item in body] if isinstance(body, list) else self.answer(body)
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *args: Any) -> None:
        pass

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        try:
            result = getattr(self, "rpc_" + request["method"])(*request["params"])
            return {"id": request["id"], "result": result, "error": None}
        except LookupError as error:
            return {"id": request["id"], "result": None, "error": {"code": -5, "message": str(error)}}

    def rpc_getsettings(self) -> Any:
        return {"minminingtxfee": 0.00000001, "maxtxsizepolicy": 10_000_000, "maxscriptsizepolicy": 500_000}

    def rpc_sendrawtransactions(self, items: list[Any]) -> Any:
        invalid = []
        for item in items:
            (status,) = self.chain.broadcast([bytes.fromhex(item["hex"])])
            if status.state is TxState.REJECTED:
                reason = {"txid": hash_hex(status.txid), "reject_code": 16, "reject_reason": status.detail}
                invalid.append(reason)
        return {"invalid": invalid} if invalid else {}

    def height_of(self, block: str) -> int:
        tip, _ = self.chain.tip()
        for height in range(tip + 1):
            if hash_hex(parse_header(self.chain.headers(height, 1)).hash) == block:
                return height
        raise LookupError("Block not found")

    def rpc_getblockhash(self, height: int) -> Any:
        raw = self.chain.headers(height, 1)
        if not raw:
            raise LookupError("Block height out of range")
        return hash_hex(parse_header(raw).hash)

    def rpc_getbestblockhash(self) -> Any:
        return hash_hex(self.chain.tip()[1])

    def rpc_getblockheader(self, block: str, verbose: bool = True) -> Any:
        height = self.height_of(block)
        if not verbose:
            return self.chain.headers(height, 1).hex()
        return {"hash": block, "height": height, "confirmations": self.chain.tip()[0] - height + 1}

    def rpc_getblock(self, block: str, verbosity: int) -> Any:
        assert verbosity == 0
        height = self.height_of(block)
        with sqlite3.connect(self.chain._path) as db:
            query = "SELECT raw FROM tx WHERE height = ? ORDER BY coinbase DESC, number"
            raws = [row[0] for row in db.execute(query, (height,))]
        return (self.chain.headers(height, 1) + encode_varint(len(raws)) + b"".join(raws)).hex()

    def rpc_getrawtransaction(self, txid: str, verbose: bool = False, block: str = "") -> Any:
        status = self.chain.status(from_hash_hex(txid))
        raw = self.chain.transaction(status.txid)
        if raw is None or (status.block_hash and not self.txindex):
            raise LookupError("No such mempool transaction")
        if not verbose:
            return raw.hex()
        return {"hex": raw.hex(), **({"blockhash": hash_hex(status.block_hash)} if status.block_hash else {})}

    def rpc_getmempoolentry(self, txid: str) -> Any:
        if self.chain.status(from_hash_hex(txid)).state is not TxState.SEEN:
            raise LookupError("Transaction not in mempool")
        return {}

    def rpc_gettxout(self, txid: str, vout: int, mempool: bool = True) -> Any:
        status = self.chain.status(from_hash_hex(txid))
        if not self.chain.is_unspent(status.txid, vout) or not (mempool or status.block_height):
            return None
        tip, best = self.chain.tip()
        confirmations = tip - status.block_height + 1 if status.block_height else 0
        return {"bestblock": hash_hex(best), "confirmations": confirmations, "value": 1}

    def rpc_importaddress(self, script: str, label: str, rescan: bool) -> None:
        type(self).watched = {*self.watched, script}

    def rpc_listunspent(self, least: int, most: int) -> Any:
        return [
            {"txid": hash_hex(txid), "vout": 0, "scriptPubKey": script, "amount": 0.0001}
            for script in sorted(self.watched)
            for txid in self.chain.paying(bytes.fromhex(script))
        ]

    def rpc_getmerkleproof2(self, block: str, txid: str, full: bool, target: str, form: str) -> Any:
        status = self.chain.status(from_hash_hex(txid))
        if status.bump is None or hash_hex(status.block_hash or b"") != block:
            raise LookupError("Transaction(s) not found in provided block")
        bump = parse_bump(status.bump)
        index = offset = bump.offset(status.txid)
        nodes = []
        for level in bump.levels:
            if offset ^ 1 in level:
                node = level[offset ^ 1][1]
                nodes.append("*" if node is None else hash_hex(node))
            offset >>= 1
        return {"index": index, "txOrId": txid, "target": block, "nodes": nodes}


@pytest.fixture(params=["sandbox", "arc", "arcade", "node", "node without txindex"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    chain = SandboxChain(tmp_path / "sandbox.db", auto_mine=False)
    if request.param == "sandbox":
        yield Bench(chain, chain, chain, chain)
    elif request.param in ("arc", "arcade"):
        url, stop = served(chain)
        yield Bench(chain, Arc(url, dialect=request.param), HeaderService(url), None)
        stop()
    else:
        handler = type(
            "Handler", (RpcServer,), {"chain": chain, "txindex": request.param == "node", "watched": set()}
        )
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        node = Node(f"http://127.0.0.1:{server.server_port}", user="user", password="password")
        yield Bench(chain, node, node, node)
        server.shutdown()
        thread.join()
        server.server_close()


def coin(chain: SandboxChain, satoshis: int = 10_000) -> Coin:
    return Coin(chain.fund(KEY.script, satoshis), satoshis, KEY.script)


def pay(bench: Bench, *coins: Coin, data: bytes = b"x") -> SignedTransaction:
    policy = bench.broadcaster.policy()
    return build(coins, [TxOutput(0, data_script([data]))], KEY.script, policy, KEY)


def test_the_policy_is_the_chain_s_own(bench: Bench) -> None:
    policy = bench.broadcaster.policy()
    assert (policy.fee(1000), policy.fee(1001)) == (1, 2)


def test_taken_then_mined_with_a_proof_that_holds(bench: Bench) -> None:
    signed = pay(bench, coin(bench.chain))
    (status,) = bench.broadcaster.broadcast([signed.extended])
    assert (status.txid, status.state) == (signed.txid, TxState.SEEN)
    assert bench.broadcaster.status(signed.txid).state is TxState.SEEN
    bench.chain.mine(2)
    mined = bench.broadcaster.status(signed.txid)
    assert mined.state is TxState.MINED
    bump = parse_bump(mined.bump)
    header = parse_header(bench.headers.headers(bump.height, 1))
    assert bump.root(signed.txid) == header.merkle_root
    bump.require_single(signed.txid)


def test_the_same_transaction_again_is_no_error(bench: Bench) -> None:
    signed = pay(bench, coin(bench.chain))
    for _ in range(2):
        (status,) = bench.broadcaster.broadcast([signed.extended])
        assert status.state is TxState.SEEN
    bench.chain.mine()
    (status,) = bench.broadcaster.broadcast([signed.extended])
    assert status.state in (TxState.SEEN, TxState.MINED)


def test_a_chain_of_transactions_in_one_call(bench: Bench) -> None:
    first = pay(bench, coin(bench.chain))
    change = Coin(Outpoint(first.txid, 1), first.outputs[1].satoshis, KEY.script)
    second = pay(bench, change)
    statuses = bench.broadcaster.broadcast([first.extended, second.extended])
    assert [status.state for status in statuses] == [TxState.SEEN] * 2
    assert [status.txid for status in statuses] == [first.txid, second.txid]


def test_a_double_spend_is_refused_and_the_first_stays(bench: Bench) -> None:
    spent = coin(bench.chain)
    first, second = pay(bench, spent), pay(bench, spent, data=b"another")
    bench.broadcaster.broadcast([first.extended])
    (status,) = bench.broadcaster.broadcast([second.extended])
    assert status.state is TxState.REJECTED
    assert status.detail
    assert bench.broadcaster.status(first.txid).state is TxState.SEEN
    assert bench.broadcaster.status(second.txid).state is TxState.UNKNOWN


def test_a_bad_signature_or_too_low_a_fee_is_refused(bench: Bench) -> None:
    signed = pay(bench, coin(bench.chain))
    broken = bytearray(signed.extended)
    broken[60] ^= 1
    (status,) = bench.broadcaster.broadcast([bytes(broken)])
    assert status.state is TxState.REJECTED
    outputs = [TxOutput(2000, KEY.script), TxOutput(0, data_script([b"x" * 3000]))]
    free = build([coin(bench.chain, 2001)], outputs, None, FeePolicy(1, 100_000), KEY)
    (status,) = bench.broadcaster.broadcast([free.extended])
    assert status.state is TxState.REJECTED
    assert "fee" in status.detail


def test_an_unknown_transaction_is_unknown(bench: Bench) -> None:
    assert bench.broadcaster.status(bytes(32)).state is TxState.UNKNOWN


def test_headers_are_those_of_the_chain(bench: Bench) -> None:
    bench.chain.mine(5)
    height, tip = bench.headers.tip()
    assert (height, tip) == bench.chain.tip()
    view = check_headers(bench.headers.headers(0, height + 1), NETWORKS["sandbox"])
    assert view.hash_at(height) == tip
    assert bench.headers.headers(3, 100) == bench.chain.headers(3, 100)


def test_after_a_reorganisation_the_proof_is_another(bench: Bench) -> None:
    coin(bench.chain)
    signed = pay(bench, coin(bench.chain))
    bench.broadcaster.broadcast([signed.extended])
    bench.chain.mine()
    before = bench.broadcaster.status(signed.txid)
    bench.chain.reorganise(1)
    after = bench.broadcaster.status(signed.txid)
    assert after.state is TxState.MINED
    assert after.block_hash != before.block_hash
    bench.chain.reorganise(2, keep_out=True)
    assert bench.broadcaster.status(signed.txid).state in (TxState.SEEN, TxState.UNKNOWN)


def test_money_under_a_watched_script_is_found(bench: Bench) -> None:
    if bench.coins is None:
        pytest.skip("ARC cannot look scripts up")
    wanted = p2pkh_script(b"\x07" * 20)
    bench.coins.watch(wanted)
    assert bench.coins.paying(wanted) == []
    policy = bench.broadcaster.policy()
    output = [TxOutput(700, wanted), TxOutput(700, wanted)]
    signed = build([coin(bench.chain)], output, KEY.script, policy, KEY)
    bench.broadcaster.broadcast([signed.extended])
    assert bench.coins.paying(wanted) == [signed.txid]
    bench.chain.mine()
    assert bench.coins.paying(wanted) == [signed.txid]
    assert bench.coins.paying(p2pkh_script(b"\x08" * 20)) == []


def test_coins_are_looked_up(bench: Bench) -> None:
    if bench.coins is None:
        pytest.skip("ARC cannot look coins up")
    spent = coin(bench.chain)
    signed = pay(bench, spent)
    assert bench.coins.is_unspent(spent.outpoint.txid, 0) is True
    bench.broadcaster.broadcast([signed.extended])
    assert bench.coins.is_unspent(spent.outpoint.txid, 0) is False
    for _ in range(2):
        raw = bench.coins.transaction(signed.txid)
        assert parse_transaction(raw).txid == signed.txid
        bench.chain.mine()
    assert bench.coins.transaction(bytes(32)) is None


@pytest.mark.parametrize("make", [Arc, Node, HeaderService])
def test_nobody_there_is_uncertain(make: Any) -> None:
    adapter = make("http://127.0.0.1:9")
    with pytest.raises(BroadcastUncertain, match="does not answer"):
        adapter.tip() if hasattr(adapter, "tip") else adapter.policy()


def test_wrong_credentials_say_so(tmp_path: Path) -> None:
    handler = type("Handler", (RpcServer,), {"chain": SandboxChain(tmp_path / "db")})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with pytest.raises(BroadcastUncertain, match="user and password"):
        Node(f"http://127.0.0.1:{server.server_port}", user="user", password="wrong").tip()
    server.shutdown()
    thread.join()
    server.server_close()
