"""Fetching credentials, status lists and DID documents from elsewhere: bounded, and never from within.

The rules are those of webhooks (`addresses`): https to public addresses, anything else only where
`server.webhook_networks` allows it; no redirects, no proxies, so much and no more.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Final, Protocol

import httpx
import msgspec

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.service.addresses import resolve

__all__ = ["MOST_BYTES", "Fetcher", "HttpFetcher", "read_json"]

MOST_BYTES: Final = 5_000_000
"""Of one document: a status list of sixteen million entries fits."""

_TIMEOUT: Final = httpx.Timeout(15.0, connect=5.0)
_DEADLINE_S: Final = 30
_ACCEPT: Final = "application/vc, application/did+ld+json, application/ld+json, application/json"


class Fetcher(Protocol):
    """Gets one document."""

    def fetch(self, url: str) -> bytes:
        """Its bytes. Raises InvalidInput for a URL that may not be called, NotFound when it gives nothing."""


class HttpFetcher:
    """Fetches over http(s); `allowed` are networks, `context` whom to trust by TLS instead of the usual."""

    def __init__(self, allowed: tuple[str, ...] = (), context: ssl.SSLContext | None = None) -> None:
        self._allowed = allowed
        self._context = context

    def fetch(self, url: str) -> bytes:
        """The bytes behind a URL. Raises InvalidInput, NotFound; UnreadableInput when it gives too many."""
        try:
            target = resolve(url, self._allowed, "")
            request = {"headers": {"Accept": _ACCEPT, **target.headers}, "extensions": target.extensions}
            return asyncio.run(asyncio.wait_for(self._get(target.url, request), _DEADLINE_S))
        except InvalidInput as error:
            raise type(error)(f"{url}: {error.reason}") from None
        except TimeoutError:
            raise NotFound(f"{url}: no answer within {_DEADLINE_S} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            raise NotFound(f"{url}: {type(error).__name__}: {error}"[:500]) from None

    async def _get(self, url: httpx.URL, request: dict[str, Any]) -> bytes:
        verify: ssl.SSLContext | bool = self._context or True
        async with (
            httpx.AsyncClient(
                timeout=_TIMEOUT, follow_redirects=False, trust_env=False, verify=verify
            ) as client,
            client.stream("GET", url, **request) as response,
        ):
            if response.status_code != 200:
                raise NotFound(f"{url.path} answered {response.status_code}; redirects are not followed")
            body = bytearray()
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > MOST_BYTES:
                    raise UnreadableInput(f"gives more than {MOST_BYTES} bytes")
            return bytes(body)


def read_json(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object from bytes. Raises UnreadableInput."""
    try:
        value = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(f"{what} is not JSON: {error}") from None
    if type(value) is not dict:
        raise UnreadableInput(f"{what}: expected a JSON object")
    return value
