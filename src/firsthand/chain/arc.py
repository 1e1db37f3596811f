"""ARC (bitcoin-sv/arc), and Arcade, its dialect for Teranode: the same API, at the root instead of /v1.

What it says is sorted into what is final, what is under way, and what promises nothing; a MINED is
handed on with its BUMP, for the outbox to check.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec

from firsthand.chain.http_json import HttpService
from firsthand.chain.protocols import FeePolicy, TxState, TxStatus
from firsthand.errors import BroadcastUncertain, InvalidInput
from firsthand.proof.transaction import from_hash_hex, hash_hex, parse_extended

__all__ = ["FINAL_CODES", "STATES", "Arc"]

STATES: Final[dict[str, TxState]] = {
    "UNKNOWN": TxState.UNKNOWN,
    "QUEUED": TxState.PENDING,
    "RECEIVED": TxState.PENDING,
    "STORED": TxState.PENDING,
    "ANNOUNCED_TO_NETWORK": TxState.PENDING,
    "REQUESTED_BY_NETWORK": TxState.PENDING,
    "SENT_TO_NETWORK": TxState.PENDING,
    "ACCEPTED_BY_NETWORK": TxState.SEEN,
    "SEEN_IN_ORPHAN_MEMPOOL": TxState.PENDING,
    "SEEN_ON_NETWORK": TxState.SEEN,
    "DOUBLE_SPEND_ATTEMPTED": TxState.DOUBLE_SPENT,
    "REJECTED": TxState.REJECTED,
    "MINED": TxState.MINED,
    "MINED_IN_STALE_BLOCK": TxState.STALE,
}
"""ARC's statuses (its OpenAPI document, `txStatus`)."""

FINAL_CODES: Final = {
    460: "it is not in Extended Format",
    461: "an unlocking script fails",
    462: "its inputs are invalid",
    463: "it is malformed",
    464: "its outputs are invalid",
    465: "its fee is too low",
    466: "it conflicts with another transaction",
    467: "it is not acceptable",
    468: "its BEEF is invalid",
    469: "its Merkle roots are invalid",
    471: "an input is frozen by policy",
    472: "an input is frozen by consensus",
    473: "its cumulative fee is too low",
    474: "it is too large",
    475: "mined ancestors are missing in its BUMP",
}
"""ARC's error codes that refuse these very bytes for good; any other code promises nothing."""

_BATCH: Final = 500
_ANSWER: Final = 64_000_000


class Arc:
    """A Broadcaster over ARC (`/v1`) or Arcade (root)."""

    def __init__(
        self, url: str, *, dialect: Literal["arc", "arcade"] = "arc", api_key: str | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {api_key}"} if api_key else None
        self._http = HttpService(url, headers=headers)
        self._root = "/v1" if dialect == "arc" else ""
        # Arcade documents a double spend as final; ARC does not.
        self._double_spend = TxState.DOUBLE_SPENT if dialect == "arc" else TxState.REJECTED

    def policy(self) -> FeePolicy:
        """The policy it announces now."""
        status, answer = self._http.json("GET", f"{self._root}/policy", limit=_ANSWER)
        try:
            if status != 200 or not isinstance(answer, dict):
                raise TypeError(f"status {status}")
            policy = answer.get("policy", answer)
            fee = policy["miningFee"]
            satoshis, size = int(fee["satoshis"]), int(fee["bytes"])
            limits = int(policy["maxtxsizepolicy"]), int(policy["maxscriptsizepolicy"])
            if satoshis < 0 or size <= 0 or min(limits) < 0:
                raise ValueError("negative")
        except (TypeError, KeyError, ValueError) as error:
            raise BroadcastUncertain(f"{self._http.shown} gave no readable policy: {error}") from None
        # A limit of 0 means the consensus limit alone.
        return FeePolicy(satoshis, size, limits[0] or 1_000_000_000, limits[1] or 1_000_000_000)

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        """Send transactions in Extended Format, up to 500 a request."""
        statuses: list[TxStatus] = []
        for start in range(0, len(transactions), _BATCH):
            statuses += self._send(transactions[start : start + _BATCH])
        return statuses

    def _send(self, group: Sequence[bytes]) -> list[TxStatus]:
        txids = [parse_extended(data)[0].txid for data in group]
        bodies = [{"rawTx": data.hex()} for data in group]
        single = len(group) == 1
        path = f"{self._root}/{'tx' if single else 'txs'}"
        body = msgspec.json.encode(bodies[0] if single else bodies)
        sent = {"content": body, "headers": {"Content-Type": "application/json"}}
        status, answer = self._http.json("POST", path, limit=_ANSWER, **sent)
        if single:
            return [self._status(txids[0], status, answer)]
        if status not in (200, 202) or not isinstance(answer, list):
            raise self._uncertain(path, status, answer)
        # ARC puts what it took first and what it refused last: the order of a batch is not ours.
        told = {item.get("txid"): item for item in answer if isinstance(item, dict)}
        if not any(hash_hex(txid) in told for txid in txids):
            raise BroadcastUncertain(f"{self._http.shown}{path} answered about none of the transactions sent")
        return [self._told(txid, told.get(hash_hex(txid))) for txid in txids]

    def _told(self, txid: bytes, item: dict[str, Any] | None) -> TxStatus:
        """What a batch's answer says of one; without a verdict it is sent again, and holds up no other."""
        if item is None:
            return TxStatus(txid, TxState.UNKNOWN, "the broadcaster's answer leaves it out")
        try:
            return self._status(txid, 200, item)
        except BroadcastUncertain as error:
            return TxStatus(txid, TxState.UNKNOWN, str(error))

    def status(self, txid: bytes) -> TxStatus:
        """What it knows of a transaction."""
        path = f"{self._root}/tx/{hash_hex(txid)}"
        status, answer = self._http.json("GET", path, limit=_ANSWER)
        if status == 404:
            return TxStatus(txid, TxState.UNKNOWN, "not known to the broadcaster")
        return self._status(txid, status, answer)

    def _status(self, txid: bytes, http_status: int, answer: Any) -> TxStatus:
        if not isinstance(answer, dict):
            raise self._uncertain("", http_status, answer)
        given = answer.get("status")
        code = given if isinstance(given, int) else http_status
        detail = _detail(answer)
        if answer.get("txid") not in (None, "", hash_hex(txid)):
            raise BroadcastUncertain(
                f"{self._http.shown} was asked about {hash_hex(txid)} and answered about another transaction"
            )
        if code in FINAL_CODES:
            return TxStatus(txid, TxState.REJECTED, f"{FINAL_CODES[code]}: {detail}", code)
        name = answer.get("txStatus")
        if http_status not in (200, 201, 202) or not isinstance(name, str):
            raise self._uncertain("", code, answer)
        if not answer.get("txid"):
            raise BroadcastUncertain(f"{self._http.shown} does not say which transaction it answers about")
        state = STATES.get(name, TxState.PENDING)
        if state is TxState.DOUBLE_SPENT:
            state = self._double_spend
        return TxStatus(
            txid,
            state,
            detail if name in STATES else f"unknown status {name[:40]}: {detail}",
            block_height=answer.get("blockHeight") if isinstance(answer.get("blockHeight"), int) else None,
            block_hash=_hash(answer.get("blockHash")),
            bump=_hex(answer.get("merklePath")) if state is TxState.MINED else None,
        )

    def _uncertain(self, path: str, status: int, answer: Any) -> BroadcastUncertain:
        reason = _detail(answer) if isinstance(answer, dict) else type(answer).__name__
        hint = "; the API key is missing or wrong" if status in (401, 403) else ""
        return BroadcastUncertain(f"{self._http.shown}{path} answered {status}: {reason}{hint}")


def _detail(answer: dict[str, Any]) -> str:
    texts = (answer.get(name) for name in ("detail", "title", "extraInfo", "txStatus"))
    return " ".join(text[:200] for text in texts if isinstance(text, str) and text)


def _hex(value: object) -> bytes | None:
    try:
        return bytes.fromhex(value) if isinstance(value, str) and value else None
    except ValueError:
        return None


def _hash(value: object) -> bytes | None:
    try:
        return from_hash_hex(value) if isinstance(value, str) and value else None
    except InvalidInput:
        return None
