"""The sandbox chain over HTTP: ARC's API (at `/v1`, and at the root as Arcade has it), and headers.

So a workspace, a test or somebody's verifier takes the same path as to a real service. The chain itself
comes in as an argument; this face knows only what it asks of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec
from litestar import Litestar, Request, Response, Router, get, post
from litestar.config.cors import CORSConfig
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, RawBody

__all__ = ["SandboxView", "make_app", "run"]

_MAX_BODY: Final = 64_000_000
_MAX_BATCH: Final = 1_000
_MAX_HEADERS: Final = 10_000
_PROBLEMS: Final = "https://bitcoin-sv.github.io/arc/#/errors?id=_"


class SandboxView(Protocol):
    """What this face asks of the sandbox; all hashes in internal order."""

    def policy(self) -> Any:
        """Fee rate and limits."""

    def broadcast(self, transactions: Sequence[bytes]) -> list[Any]:
        """Take transactions, raw or in Extended Format."""

    def status(self, txid: bytes) -> Any:
        """What is known of one."""

    def tip(self) -> tuple[int, bytes]:
        """Height and hash of the last block."""

    def headers(self, start: int, count: int) -> bytes:
        """Raw headers."""


# The words of ARC's `txStatus` for the states of our own protocol.
_STATUS: Final = {
    "unknown": "UNKNOWN",
    "pending": "RECEIVED",
    "seen": "SEEN_ON_NETWORK",
    "mined": "MINED",
    "stale": "MINED_IN_STALE_BLOCK",
    "rejected": "REJECTED",
    "double spent": "DOUBLE_SPEND_ATTEMPTED",
}


def make_app(chain: SandboxView, now: Callable[[], str]) -> Litestar:
    """The application over one chain; `now` gives RFC 3339 text."""

    @get("/policy", sync_to_thread=True)
    def policy() -> dict[str, Any]:
        rate = chain.policy()
        return {
            "timestamp": now(),
            "policy": {
                "maxscriptsizepolicy": rate.max_script_size,
                "maxtxsigopscountspolicy": 4294967295,
                "maxtxsizepolicy": rate.max_tx_size,
                "miningFee": {"satoshis": rate.satoshis, "bytes": rate.size},
            },
        }

    @get("/health", sync_to_thread=True)
    def health() -> dict[str, Any]:
        return {"healthy": True, "reason": None, "version": "firsthand sandbox"}

    @post("/tx", sync_to_thread=True)
    def submit(request: Request[Any, Any, Any], body: RawBody) -> Response[Any]:
        (transaction,) = _bodies(request, body, single=True)
        answer = _answer(chain.broadcast([transaction])[0], now())
        return Response(answer, status_code=answer["status"], media_type=_media(answer["status"]))

    @post("/txs", sync_to_thread=True, status_code=200)
    def submit_many(request: Request[Any, Any, Any], body: RawBody) -> list[Any]:
        transactions = _bodies(request, body, single=False)
        return [_answer(status, now()) for status in chain.broadcast(transactions)]

    @get("/tx/{txid:str}", sync_to_thread=True)
    def lookup(txid: FromPath[str]) -> Response[Any]:
        status = chain.status(_txid(txid))
        if status.state == "unknown":
            problem = _problem(404, "Not found", status.detail, txid)
            return Response(problem, status_code=404, media_type=_media(404))
        return Response(_answer(status, now()))

    @get("/height", sync_to_thread=True, media_type="text/plain")
    def height() -> str:
        return str(chain.tip()[0])

    @get("/headers", sync_to_thread=True)
    def headers(height: FromQuery[int], count: FromQuery[int] = 1) -> Response[bytes]:
        if height < 0 or not 1 <= count <= _MAX_HEADERS:
            raise HTTPException(
                f"expected a height from 0 and a count of 1 to {_MAX_HEADERS}", status_code=400
            )
        return Response(chain.headers(height, count), media_type="application/octet-stream")

    calls = [policy, health, submit, submit_many, lookup]
    return Litestar(
        [Router("/v1", route_handlers=calls), Router("/", route_handlers=[*calls, height, headers])],
        # Pages of other origins may ask it for headers, as they may ask public services.
        cors_config=CORSConfig(allow_origins=["*"]),
        openapi_config=None,
        request_max_body_size=_MAX_BODY,
    )


def _bodies(request: Request[Any, Any, Any], body: bytes, *, single: bool) -> list[bytes]:
    """The transactions of a request, in any of ARC's three encodings."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    try:
        if kind == "application/octet-stream":
            found = [body]
        elif kind == "application/json":
            items = msgspec.json.decode(body)
            texts = [items["rawTx"]] if single else [item["rawTx"] for item in items]
            found = [bytes.fromhex(text) for text in texts]
        else:
            found = [bytes.fromhex(line) for line in body.decode("ascii").split()]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
        raise HTTPException(
            f"the body is not readable as {kind or 'text/plain'}: {error}", status_code=400
        ) from None
    if not found or len(found) > _MAX_BATCH or (single and len(found) != 1):
        raise HTTPException(f"expected {1 if single else f'1 to {_MAX_BATCH}'} transactions", status_code=400)
    return found


def _answer(status: Any, timestamp: str) -> dict[str, Any]:
    txid = status.txid[::-1].hex()
    if status.state == "rejected":
        return _problem(status.code or 467, "Transaction not accepted", status.detail, txid)
    mined = status.block_hash is not None
    return {
        "blockHash": status.block_hash[::-1].hex() if mined else "",
        "blockHeight": status.block_height or 0,
        "competingTxs": None,
        "extraInfo": status.detail,
        "merklePath": status.bump.hex() if status.bump else "",
        "status": 200,
        "timestamp": timestamp,
        "title": "OK",
        "txStatus": _STATUS[str(status.state)],
        "txid": txid,
    }


def _problem(code: int, title: str, detail: str, txid: str) -> dict[str, Any]:
    return {
        "type": f"{_PROBLEMS}{code}",
        "title": title,
        "status": code,
        "detail": detail,
        "instance": None,
        "txid": txid,
        "extraInfo": detail,
    }


def _media(code: int) -> str:
    return "application/json" if code == 200 else "application/problem+json"


def _txid(text: str) -> bytes:
    try:
        txid = bytes.fromhex(text)
    except ValueError:
        txid = b""
    if len(txid) != 32:
        raise HTTPException("expected a transaction ID of 64 hex digits", status_code=400)
    return txid[::-1]


def run(chain: SandboxView, host: str, port: int, now: Callable[[], str]) -> None:
    """Serve until interrupted."""
    import uvicorn

    uvicorn.run(make_app(chain, now), host=host, port=port, log_level="warning")
