"""ARC's adapter: every status and code of its API, and answers that promise nothing."""

from __future__ import annotations

import json
import secrets
from pathlib import Path
from typing import Any

import httpx
import pytest

from firsthand.chain.arc import FINAL_CODES, STATES, Arc
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.signing import Coin, SignedTransaction, build
from firsthand.errors import BroadcastUncertain
from firsthand.proof.transaction import Outpoint, TxOutput, data_script, hash_hex

KEY = WalletKey(secrets.token_bytes(32), NETWORKS["testnet"])


def transaction(number: int = 0) -> SignedTransaction:
    coin = Coin(Outpoint(number.to_bytes(32, "little"), 0), 1000, KEY.script)
    return build([coin], [TxOutput(0, data_script([b"x"]))], KEY.script, FeePolicy(1, 1000), KEY)


def arc(answer: Any, status: int = 200, dialect: Any = "arc") -> Arc:
    """An adapter whose service gives one answer."""
    adapter = Arc("http://arc.invalid", dialect=dialect, api_key="secret")
    content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    transport = httpx.MockTransport(lambda request: httpx.Response(status, content=content))
    adapter._http._client = httpx.Client(transport=transport)
    return adapter


def test_every_status_of_the_api_is_known(shared: Path) -> None:
    api = json.loads((shared / "arc" / "openapi.json").read_text())
    text = json.dumps(api)
    named = {word for word in STATES if f'"{word}"' in text}
    assert {"MINED", "MINED_IN_STALE_BLOCK", "REJECTED", "SEEN_ON_NETWORK", "DOUBLE_SPEND_ATTEMPTED"} <= named
    enums = [
        value["enum"]
        for schema in api["components"]["schemas"].values()
        for name, value in schema.get("properties", {}).items()
        if name == "txStatus" and "enum" in value
    ]
    for words in enums:
        assert set(words) <= set(STATES)


def test_every_error_code_of_the_api_is_sorted(shared: Path) -> None:
    api = json.loads((shared / "arc" / "openapi.json").read_text())
    codes = {
        int(code)
        for path in api["paths"].values()
        for call in path.values()
        for code in call.get("responses", {})
        if code.isdigit()
    }
    assert {code for code in codes if 460 <= code < 500} <= set(FINAL_CODES)
    for code in codes - {200, 201, 202, *FINAL_CODES}:
        with pytest.raises(BroadcastUncertain, match=str(code)):
            arc({"status": code, "title": "no"}, code).broadcast([transaction().extended])


@pytest.mark.parametrize("dialect", ["arc", "arcade"])
@pytest.mark.parametrize("word", [*STATES, "SOMETHING_NEW"])
def test_statuses(word: str, dialect: str) -> None:
    signed = transaction()
    answer = {"txid": hash_hex(signed.txid), "txStatus": word, "status": 200, "merklePath": "ab" * 40}
    (status,) = arc(answer, dialect=dialect).broadcast([signed.extended])
    expected = STATES.get(word, TxState.PENDING)
    if word == "DOUBLE_SPEND_ATTEMPTED" and dialect == "arcade":
        expected = TxState.REJECTED
    assert status.state is expected
    assert (status.bump is not None) == (word == "MINED")
    assert arc(answer, dialect=dialect).status(signed.txid).state is expected


@pytest.mark.parametrize("code", FINAL_CODES)
def test_refusals_in_single_answers_and_in_batches(code: int) -> None:
    signed, other = transaction(), transaction(1)
    problem = {"status": code, "title": "Bad", "detail": "because", "txid": hash_hex(signed.txid)}
    (status,) = arc(problem, code).broadcast([signed.extended])
    assert (status.state, status.code) == (TxState.REJECTED, code)
    assert "because" in status.detail
    good = {"txid": hash_hex(other.txid), "txStatus": "RECEIVED", "status": 200}
    first, second = arc([problem, good]).broadcast([signed.extended, other.extended])
    assert (first.state, second.state) == (TxState.REJECTED, TxState.PENDING)


def test_a_batch_is_answered_in_arc_s_order_what_was_taken_first() -> None:
    bad, silent, lost, good = (transaction(number) for number in range(4))
    problem = {"status": 465, "title": "Fee too low", "detail": "fee", "txid": hash_hex(bad.txid)}
    later = {"status": 409, "title": "Generic error", "detail": "busy", "txid": hash_hex(lost.txid)}
    taken = {"txid": hash_hex(good.txid), "txStatus": "RECEIVED", "status": 200}
    sent = [bad.extended, silent.extended, lost.extended, good.extended]
    statuses = arc([taken, problem, later]).broadcast(sent)
    assert [status.txid for status in statuses] == [bad.txid, silent.txid, lost.txid, good.txid]
    # What has no verdict is to be sent again, and holds up nothing else.
    expected = [TxState.REJECTED, TxState.UNKNOWN, TxState.UNKNOWN, TxState.PENDING]
    assert [status.state for status in statuses] == expected


def test_a_refusal_of_another_transaction_refuses_nothing() -> None:
    signed, other = transaction(), transaction(1)
    problem = {"status": 465, "title": "Fee too low", "detail": "fee", "txid": hash_hex(other.txid)}
    with pytest.raises(BroadcastUncertain, match="another transaction"):
        arc(problem, 465).broadcast([signed.extended])
    with pytest.raises(BroadcastUncertain, match="none of the transactions"):
        arc([problem, problem]).broadcast([signed.extended, transaction(2).extended])


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"<html>bad gateway</html>", 502),
        (b"", 200),
        (b"[" * 100_000, 200),
        ([], 200),
        ({}, 200),
        ({"txStatus": "MINED"}, 200),
        ({"txStatus": "MINED", "txid": "00" * 32}, 200),
        ({"txStatus": 5, "txid": None}, 200),
        ({"status": 401, "title": "Unauthorized"}, 401),
        ("text", 200),
        (None, 500),
    ],
)
def test_answers_that_promise_nothing(answer: Any, status: int) -> None:
    signed = transaction()
    for call in (
        lambda: arc(answer, status).broadcast([signed.extended]),
        lambda: arc(answer, status).broadcast([signed.extended, transaction(1).extended]),
        lambda: arc(answer, status).status(signed.txid),
        lambda: arc(answer, status).policy(),
    ):
        with pytest.raises(BroadcastUncertain):
            call()


def test_a_missing_key_says_so() -> None:
    with pytest.raises(BroadcastUncertain, match="API key"):
        arc({"status": 401}, 401).broadcast([transaction().extended])
