"""SV Node over JSON-RPC: a Broadcaster, a HeaderSource and a CoinSource.

A node keeps no index of transactions unless it was told to (`txindex`); without one the block of a
transaction is found by `gettxout` while one of its outputs is unspent (an anchor's seal), and after that
by asking the last blocks for its proof. `missing-inputs` alone is therefore no refusal: a node says it of
a transaction that is long mined, too, once all its outputs are spent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

import msgspec

from firsthand.chain.http_json import HttpService
from firsthand.chain.protocols import FeePolicy, TxState, TxStatus
from firsthand.errors import BroadcastUncertain, InvalidInput
from firsthand.proof.bump import encode_branch
from firsthand.proof.headers import HEADER_SIZE
from firsthand.proof.transaction import (
    Reader,
    Transaction,
    from_hash_hex,
    hash_hex,
    parse_extended,
    parse_transaction,
    read_transaction,
)

__all__ = ["Node"]

_ANSWER: Final = 256_000_000
_BATCH: Final = 500
_KNOWN: Final = ("txn-already-known", "txn-already-in-mempool", "already in mempool")
_KNOWN_CODE: Final = "257"
_MISSING: Final = ("missing-inputs", "bad-txns-inputs-missingorspent")
_CONFLICTS: Final = ("txn-mempool-conflict", "txn-double-spend-detected")
_LATER: Final = (
    "mempool full",
    "too-long-mempool-chain",
    "too-long-validation-time",
    "too-long-non-final-chain",
)
"""Reasons of a node that is busy or full (SV Node, validation.cpp): the same bytes may pass later."""

_SEARCHED: Final = 100
"""Blocks below the tip that are asked for a transaction by its proof: as deep as we call final."""

_SEARCHED_AT_ONCE: Final = 10

# Satoshis for 1,000 bytes where a node does not tell its rate: SV Node's documented old default.
_FALLBACK_RATE: Final = 500


class _RpcError(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Turns an answer of another shape than documented into BroadcastUncertain."""
    try:
        yield
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, InvalidInput) as error:
        raise BroadcastUncertain(f"the node's answer to {what} is not readable: {error}") from None


class Node:
    """One node; `url` without credentials, which go with basic authentication."""

    def __init__(self, url: str, *, user: str = "", password: str = "") -> None:
        self._http = HttpService(url, auth=(user, password) if user else None)
        self._ids = count(1)

    # Broadcaster

    def policy(self) -> FeePolicy:
        """The node's minimum mining fee, from `getsettings`, or its relay fee from `getnetworkinfo`."""
        rate: Any = None
        limits: dict[str, Any] = {}
        with _readable("policy"):
            try:
                limits = self._call("getsettings")
                rate = limits.get("minminingtxfee")
            except _RpcError:
                pass  # older nodes have no getsettings
            if not isinstance(rate, (int, float)):
                rate = self._ask("getnetworkinfo").get("relayfee")
            satoshis = round(rate * 100_000_000) if isinstance(rate, (int, float)) else _FALLBACK_RATE
            return FeePolicy(
                max(1, satoshis),
                1000,
                int(limits.get("maxtxsizepolicy") or 10_000_000),
                int(limits.get("maxscriptsizepolicy") or 500_000),
            )

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        """Send transactions by `sendrawtransactions`."""
        statuses: list[TxStatus] = []
        for start in range(0, len(transactions), _BATCH):
            statuses += self._send([parse_extended(data)[0] for data in transactions[start : start + _BATCH]])
        return statuses

    def _send(self, group: Sequence[Transaction]) -> list[TxStatus]:
        answer = self._ask("sendrawtransactions", [{"hex": item.raw.hex()} for item in group])
        with _readable("sendrawtransactions"):
            reasons = {
                str(item["txid"]): str(item.get("reject_reason") or item.get("reject_code") or "refused")
                for item in answer.get("invalid", [])
            }
            evicted = {str(txid) for txid in answer.get("evicted", [])}
        statuses = []
        for item in group:
            txid = hash_hex(item.txid)
            if txid in evicted:
                statuses.append(TxStatus(item.txid, TxState.UNKNOWN, "evicted from the node's mempool"))
            elif txid in reasons:
                statuses.append(self._refused(item, reasons[txid]))
            else:
                statuses.append(TxStatus(item.txid, TxState.SEEN))
        return statuses

    def _refused(self, item: Transaction, reason: str) -> TxStatus:
        txid = item.txid
        if reason == _KNOWN_CODE or any(word in reason for word in _KNOWN):
            return TxStatus(txid, TxState.SEEN, reason)
        if any(word in reason for word in _LATER):
            return TxStatus(txid, TxState.UNKNOWN, f"not taken now: {reason}")
        missing = any(word in reason for word in _MISSING)
        if missing or any(word in reason for word in _CONFLICTS):
            # A node says so, too, of a transaction that it has in a block already.
            known = self.status(txid)
            if known.state is not TxState.UNKNOWN:
                return known
        if missing and not self._knows_parents(item):
            detail = f"{reason}: a parent is not there yet, or this node (txindex=1 would help) cannot tell"
            return TxStatus(txid, TxState.UNKNOWN, detail)
        return TxStatus(txid, TxState.REJECTED, reason)

    def _knows_parents(self, item: Transaction) -> bool:
        """Whether this node has an index of all transactions, and all parents in it or in the mempool.

        Only then does an input that is missing mean that another transaction spent it.
        """
        try:
            self._call("getrawtransaction", hash_hex(item.txid), False)
        except _RpcError as error:
            # SV Node's words: with an index "No such mempool or blockchain transaction", without one
            # "No such mempool transaction. Use -txindex".
            if "mempool or blockchain" not in str(error):
                return False
        parents = {spent.outpoint.txid for spent in item.inputs}
        calls: list[tuple[str, list[Any]]] = [
            ("getrawtransaction", [hash_hex(txid), False]) for txid in parents
        ]
        return all(isinstance(raw, str) for raw in self._batch(calls))

    def status(self, txid: bytes) -> TxStatus:
        """In the mempool, in a block with its BUMP, or unknown."""
        block = self._block_of(txid)
        if block is None:
            if self._in_mempool(hash_hex(txid)):
                return TxStatus(txid, TxState.SEEN)
            return TxStatus(txid, TxState.UNKNOWN, "not known to the node")
        proof = self._ask("getmerkleproof2", block, hash_hex(txid), False, "hash", "json")
        header = self._ask("getblockheader", block, True)
        with _readable("getmerkleproof2"):
            height = int(header["height"])
            if int(header.get("confirmations", 1)) < 0:
                return TxStatus(txid, TxState.STALE, f"block {block} is not in the node's best chain")
            nodes = [None if node == "*" else from_hash_hex(node) for node in proof["nodes"]]
            bump = encode_branch(height, int(proof["index"]), txid, nodes)
            return TxStatus(
                txid, TxState.MINED, block_height=height, block_hash=from_hash_hex(block), bump=bump
            )

    def _block_of(self, txid: bytes) -> str | None:
        text = hash_hex(txid)
        try:
            found = self._call("getrawtransaction", text, True)
            block = found.get("blockhash") if isinstance(found, dict) else None
            return str(block) if block else None
        except _RpcError:
            pass  # no txindex: ask for its outputs instead
        for vout in (1, 0, 2):
            coin = self._ask("gettxout", text, vout, False)
            with _readable("gettxout"):
                if coin is not None and int(coin["confirmations"]) > 0:
                    best = self._ask("getblockheader", str(coin["bestblock"]), True)
                    height = int(best["height"]) - int(coin["confirmations"]) + 1
                    return str(self._ask("getblockhash", height))
        return self._search(text)

    def _search(self, txid: str) -> str | None:
        """The block among the last ones whose Merkle tree has this transaction; it is not in the mempool."""
        if self._in_mempool(txid):
            return None
        height, _ = self.tip()
        lowest = max(0, height - _SEARCHED + 1)
        for top in range(height, lowest - 1, -_SEARCHED_AT_ONCE):
            heights = range(top, max(lowest, top - _SEARCHED_AT_ONCE + 1) - 1, -1)
            hashes = self._batch([("getblockhash", [at]) for at in heights])
            blocks = [block for block in hashes if isinstance(block, str)]
            proofs = self._batch(
                [("getmerkleproof2", [block, txid, False, "hash", "json"]) for block in blocks]
            )
            for block, proof in zip(blocks, proofs, strict=True):
                if isinstance(proof, dict):
                    return block
        return None

    def _in_mempool(self, txid: str) -> bool:
        try:
            self._call("getmempoolentry", txid)
        except _RpcError:
            return False
        return True

    # HeaderSource

    def tip(self) -> tuple[int, bytes]:
        """Height and hash of the node's best block."""
        best = str(self._ask("getbestblockhash"))
        header = self._ask("getblockheader", best, True)
        with _readable("getblockheader"):
            return int(header["height"]), from_hash_hex(best)

    def headers(self, start: int, count: int) -> bytes:
        """Raw headers, asked for in batches of calls."""
        hashes = self._batch([("getblockhash", [height]) for height in range(start, start + count)])
        known = [item for item in hashes if isinstance(item, str)]
        raws = self._batch([("getblockheader", [block, False]) for block in known])
        with _readable("getblockheader"):
            return b"".join(bytes.fromhex(raw) for raw in raws if isinstance(raw, str))

    # CoinSource

    def transaction(self, txid: bytes) -> bytes | None:
        """The raw transaction: from the node's mempool, its index where it keeps one, or else its block."""
        try:
            raw = bytes.fromhex(str(self._call("getrawtransaction", hash_hex(txid), False)))
            return raw if parse_transaction(raw).txid == txid else None
        except (_RpcError, ValueError, InvalidInput):
            block = self._block_of(txid)
        return None if block is None else self._from_block(txid, block)

    def _from_block(self, txid: bytes, block: str) -> bytes | None:
        with _readable("getblock"):
            reader = Reader(bytes.fromhex(self._ask("getblock", block, 0)), "the block")
            reader.take(HEADER_SIZE)
            for _ in range(reader.count(60)):
                transaction = read_transaction(reader)
                if transaction.txid == txid:
                    return transaction.raw
        return None

    def is_unspent(self, txid: bytes, vout: int) -> bool | None:
        """Whether the node's coin set, mempool included, has that output."""
        return self._ask("gettxout", hash_hex(txid), vout, True) is not None

    def watch(self, script: bytes) -> None:
        """Have the node's own wallet look out for the script, from now on and without its key."""
        self._ask("importaddress", script.hex(), "firsthand", False)

    def paying(self, script: bytes) -> list[bytes]:
        """What the node's wallet has seen under a watched script, its mempool included."""
        with _readable("listunspent"):
            coins = self._ask("listunspent", 0, 9_999_999)
            return sorted(
                {from_hash_hex(one["txid"]) for one in coins if one["scriptPubKey"] == script.hex()}
            )

    # JSON-RPC

    def _ask(self, method: str, *parameters: Any) -> Any:
        try:
            return self._call(method, *parameters)
        except _RpcError as error:
            raise BroadcastUncertain(f"the node refuses {method}: {error} (code {error.code})") from None

    def _call(self, method: str, *parameters: Any) -> Any:
        request = {"jsonrpc": "1.0", "id": next(self._ids), "method": method, "params": list(parameters)}
        answer = self._post(request)
        if not isinstance(answer, dict):
            raise BroadcastUncertain(f"the node answered {method} with what is no object")
        return _result(answer)

    def _batch(self, calls: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        """The results of many calls, in their order; None for one that failed."""
        if not calls:
            return []
        requests = [
            {"jsonrpc": "1.0", "id": number, "method": method, "params": parameters}
            for number, (method, parameters) in enumerate(calls)
        ]
        answers = self._post(requests)
        if not isinstance(answers, list):
            raise BroadcastUncertain("the node answered a batch with what is no list")
        results: dict[Any, Any] = {}
        for answer in answers:
            if isinstance(answer, dict) and not answer.get("error"):
                results[answer.get("id")] = answer.get("result")
        return [results.get(number) for number in range(len(calls))]

    def _post(self, body: Any) -> Any:
        sent = {"content": msgspec.json.encode(body), "headers": {"Content-Type": "application/json"}}
        status, answer = self._http.request("POST", "/", limit=_ANSWER, **sent)
        if status in (401, 403):
            raise BroadcastUncertain(f"{self._http.shown} refuses the user and password (status {status})")
        try:
            return msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BroadcastUncertain(f"{self._http.shown} answered {status} with what is not JSON") from None


def _result(answer: dict[str, Any]) -> Any:
    error = answer.get("error")
    if error:
        if isinstance(error, dict):
            raise _RpcError(int(error.get("code", 0)), str(error.get("message", ""))[:300])
        raise _RpcError(0, str(error)[:300])
    return answer.get("result")
