"""Asking an HTTP service: bounded answers, and every failure to answer as one kind of error."""

from __future__ import annotations

from typing import Any, Final

import httpx
import msgspec

from firsthand.errors import BroadcastUncertain

__all__ = ["HttpService"]

_TIMEOUT_SECONDS: Final = 30.0


class HttpService:
    """One HTTP service under a base URL; `shown` never contains credentials."""

    def __init__(
        self, url: str, *, headers: dict[str, str] | None = None, auth: tuple[str, str] | None = None
    ) -> None:
        self.shown = url.rstrip("/")
        self._client = httpx.Client(headers=headers, auth=auth, timeout=_TIMEOUT_SECONDS)

    def request(self, method: str, path: str, *, limit: int, **more: Any) -> tuple[int, bytes]:
        """The status and body of an answer of at most `limit` bytes. Raises BroadcastUncertain."""
        url = self.shown + path
        parts: list[bytes] = []
        size = 0
        try:
            with self._client.stream(method, url, **more) as response:
                for part in response.iter_bytes():
                    size += len(part)
                    if size > limit:
                        raise BroadcastUncertain(f"{url} answered with more than {limit} bytes")
                    parts.append(part)
                return response.status_code, b"".join(parts)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise BroadcastUncertain(f"{url} does not answer: {error or type(error).__name__}") from None

    def json(self, method: str, path: str, *, limit: int, **more: Any) -> tuple[int, Any]:
        """The status and decoded JSON of an answer. Raises BroadcastUncertain when it is not JSON."""
        status, body = self.request(method, path, limit=limit, **more)
        try:
            return status, msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise BroadcastUncertain(f"{self.shown}{path} answered {status} with what is not JSON") from None
