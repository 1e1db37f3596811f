"""Calling a webhook: how the message is signed, what counts as a yes; `addresses` says where it may lead."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from firsthand.errors import InvalidInput
from firsthand.service import addresses

__all__ = ["Answer", "call", "check_signature", "check_url", "sign"]

_TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0)
_DEADLINE_S: Final = 30
"""For all of a call together, so that it ends while the lease of its subscription holds."""

_READ: Final = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a receiver said: its status, or 0 when there was no answer, and why."""

    status: int
    detail: str

    @property
    def ok(self) -> bool:
        """Whether the receiver has taken it."""
        return 200 <= self.status < 300


def sign(token: str, timestamp: int, body: bytes) -> str:
    """The `GS1-Signature` header: `t=SECONDS,v1=HEX`, HMAC-SHA-256 by the token over `SECONDS.BODY`.

    The time is signed with it, so that an old message cannot be played again later.
    """
    mac = hmac.new(token.encode(), f"{timestamp}.".encode() + body, sha256)
    return f"t={timestamp},v1={mac.hexdigest()}"


def check_signature(header: str, token: str, body: bytes, now: int, tolerance: int = 300) -> bool:
    """Whether a header was made by this token over this body, at most `tolerance` seconds ago."""
    fields = dict(part.partition("=")[::2] for part in header.split(","))
    stamp = fields.get("t", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) < 15) or abs(now - int(stamp)) > tolerance:
        return False
    return hmac.compare_digest(sign(token, int(stamp), body).encode(), header.encode())


def check_url(url: str, allowed: tuple[str, ...]) -> None:
    """Raises InvalidInput when a webhook's URL is none, or is one of an address that may not be called."""
    addresses.check_url(url, allowed, "$.dest")


def call(url: str, body: bytes, token: str | None, timestamp: int, allowed: tuple[str, ...]) -> Answer:
    """Send one message and wait for the answer; never raises."""
    try:
        target = addresses.resolve(url, allowed, "$.dest")
    except InvalidInput as error:
        return Answer(0, error.reason)
    except OSError as error:
        return Answer(0, f"{urlsplit(url).hostname} cannot be resolved: {error}")
    headers = {"Content-Type": "application/json", **target.headers}
    if token is not None:
        headers["GS1-Signature"] = sign(token, timestamp, body)
    request = {"content": body, "headers": headers, "extensions": target.extensions}
    try:
        return asyncio.run(asyncio.wait_for(_post(target.url, request), _DEADLINE_S))
    except TimeoutError:
        return Answer(0, f"no answer within {_DEADLINE_S} seconds")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        return Answer(0, f"{type(error).__name__}: {error}"[:300])


async def _post(url: httpx.URL, request: dict[str, Any]) -> Answer:
    async with (
        httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", url, **request) as response,
    ):
        said = await anext(response.aiter_bytes(_READ), b"")
        return Answer(response.status_code, said[:200].decode(errors="replace"))
