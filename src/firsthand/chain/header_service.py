"""Block headers over HTTP: Chaintracks (raw, by height) and the Block Headers Service (JSON, by height).

Which of the two it is shows in its first answer. Nothing it says is believed: links, work and
difficulty are checked by whoever takes the headers in.
"""

from __future__ import annotations

from typing import Any, Final

from firsthand.chain.http_json import HttpService
from firsthand.errors import BroadcastUncertain, InvalidInput
from firsthand.proof.headers import HEADER_SIZE
from firsthand.proof.transaction import double_sha256, from_hash_hex

__all__ = ["HeaderService"]

_ANSWER: Final = 4_000_000


class HeaderService:
    """A HeaderSource over a header service's URL."""

    def __init__(self, url: str) -> None:
        self._http = HttpService(url)
        self._chaintracks: bool | None = None

    def tip(self) -> tuple[int, bytes]:
        """Height and hash of their best block."""
        if self._is_chaintracks():
            height = self._height()
            raw = self.headers(height, 1)
            if len(raw) != HEADER_SIZE:
                raise BroadcastUncertain(f"{self._http.shown} gave no header for its own tip")
            return height, double_sha256(raw)
        status, answer = self._http.json("GET", "/api/v1/chain/tip/longest", limit=_ANSWER)
        try:
            if status != 200:
                raise TypeError(f"status {status}")
            return int(answer["height"]), from_hash_hex(answer["header"]["hash"])
        except (TypeError, KeyError, ValueError, InvalidInput) as error:
            raise BroadcastUncertain(f"{self._http.shown} gave no readable tip: {error}") from None

    def headers(self, start: int, count: int) -> bytes:
        """Raw headers of their best chain."""
        if self._is_chaintracks():
            path = f"/headers?height={start}&count={count}"
            status, raw = self._http.request("GET", path, limit=_ANSWER)
            if status != 200:
                raise BroadcastUncertain(f"{self._http.shown}{path} answered {status}")
            return raw
        path = f"/api/v1/chain/header/byHeight?height={start}&count={count}"
        status, answer = self._http.json("GET", path, limit=_ANSWER)
        if status != 200 or not isinstance(answer, list):
            raise BroadcastUncertain(f"{self._http.shown}{path} answered {status}")
        return b"".join(_raw_header(item) for item in answer)

    def _is_chaintracks(self) -> bool:
        if self._chaintracks is None:
            status, _ = self._http.request("GET", "/height", limit=_ANSWER)
            self._chaintracks = status == 200
        return self._chaintracks

    def _height(self) -> int:
        _, body = self._http.request("GET", "/height", limit=1000)
        digits = "".join(chr(byte) for byte in body if 48 <= byte <= 57)
        if not digits:
            raise BroadcastUncertain(f"{self._http.shown}/height gave no number")
        return int(digits[:10])


def _raw_header(item: Any) -> bytes:
    """A header from the Block Headers Service's JSON, which shows hashes reversed."""
    try:
        return (
            int(item["version"]).to_bytes(4, "little")
            + from_hash_hex(item["prevBlockHash"])
            + from_hash_hex(item["merkleRoot"])
            + int(item["creationTimestamp"]).to_bytes(4, "little")
            + int(item["difficultyTarget"]).to_bytes(4, "little")
            + int(item["nonce"]).to_bytes(4, "little")
        )
    except (TypeError, KeyError, ValueError, OverflowError, InvalidInput) as error:
        raise BroadcastUncertain(f"the header service gave an unreadable header: {error}") from None
