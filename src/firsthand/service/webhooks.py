"""Calling a webhook: where it may lead, how the message is signed, what counts as a yes.

An address is refused unless it is a public one or lies in a network that the settings allow. The name is
resolved once and the connection made to that very address, so that a name cannot lead elsewhere between
check and call; redirects are not followed.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import httpx

from firsthand.errors import InvalidInput

__all__ = ["Answer", "call", "check_signature", "check_url", "sign"]

_TIMEOUT: Final = httpx.Timeout(20.0, connect=5.0)
_DEADLINE_S: Final = 30
"""For all of a call together, so that it ends while the lease of its subscription holds."""

_READ: Final = 2_000

Address = IPv4Address | IPv6Address


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
    parts = _parts(url)
    if parts.scheme == "http" and not allowed:
        raise InvalidInput("expected an https URL", "$.dest")
    try:
        literal = ip_address((parts.hostname or "").strip("[]"))
    except ValueError:
        if (parts.hostname or "").lower().rstrip(".").endswith(("localhost", ".local", ".internal")):
            _require(None, allowed, parts)
        return
    _require(literal, allowed, parts)


def call(url: str, body: bytes, token: str | None, timestamp: int, allowed: tuple[str, ...]) -> Answer:
    """Send one message and wait for the answer; never raises."""
    try:
        check_url(url, allowed)
        parts = _parts(url)
        address = _resolve(parts, allowed)
    except InvalidInput as error:
        return Answer(0, error.reason)
    except OSError as error:
        return Answer(0, f"{urlsplit(url).hostname} cannot be resolved: {error}")
    headers = {"Content-Type": "application/json", "Host": parts.netloc.rpartition("@")[2]}
    if token is not None:
        headers["GS1-Signature"] = sign(token, timestamp, body)
    host = f"[{address}]" if address.version == 6 else str(address)
    pinned = httpx.URL(url).copy_with(host=host.strip("[]"))
    request = {"content": body, "headers": headers, "extensions": {"sni_hostname": parts.hostname}}
    try:
        return asyncio.run(asyncio.wait_for(_post(pinned, request), _DEADLINE_S))
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


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("expected an http or https URL", "$.dest") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or "@" in parts.netloc:
        raise InvalidInput("expected an http or https URL without user or password", "$.dest")
    if any(ord(character) < 33 or ord(character) > 126 for character in url):
        raise InvalidInput("expected printable ASCII characters only", "$.dest")
    return parts


def _resolve(parts: SplitResult, allowed: tuple[str, ...]) -> Address:
    """The first address of a host that may be called; all of them must be allowed."""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(info[4][0]).partition("%")[0]) for info in found]
    for address in addresses:
        _require(address, allowed, parts)
    return addresses[0]


def _require(address: Address | None, allowed: tuple[str, ...], parts: SplitResult) -> None:
    if address is None:
        if not allowed:
            raise InvalidInput(f"{parts.hostname} is a local name, which the settings do not allow", "$.dest")
        return
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    plain = mapped or address
    if any(
        plain in network
        for text in allowed
        if (network := ip_network(text, strict=False)).version == plain.version
    ):
        return
    if not plain.is_global or plain.is_multicast or plain.is_reserved:
        raise InvalidInput(
            f"{address} is a private, local or reserved address; server.webhook_networks can allow it",
            "$.dest",
        )
    if parts.scheme == "http":
        raise InvalidInput("expected an https URL", "$.dest")
