"""Where this process may call: public addresses by https, and networks that the settings allow.

A name is resolved once and the connection made to that very address, so that it cannot lead elsewhere
between check and call; redirects are not followed.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any
from urllib.parse import SplitResult, urlsplit

import httpx

from firsthand.errors import InvalidInput

__all__ = ["Target", "check_url", "resolve"]

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """A URL with the address that it may be called at, and what the request then needs."""

    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, Any]


def check_url(url: str, allowed: tuple[str, ...], path: str) -> None:
    """Raises InvalidInput at `path` when a URL is none, or is one of an address that may not be called."""
    parts = _parts(url, path)
    if parts.scheme == "http" and not allowed:
        raise InvalidInput("expected an https URL", path)
    try:
        literal = ip_address((parts.hostname or "").strip("[]"))
    except ValueError:
        if (parts.hostname or "").lower().rstrip(".").endswith(("localhost", ".local", ".internal")):
            _require(None, allowed, parts, path)
        return
    _require(literal, allowed, parts, path)


def resolve(url: str, allowed: tuple[str, ...], path: str) -> Target:
    """The address of a URL's host that may be called; all of them must be allowed.

    Raises InvalidInput at `path`, OSError when the name cannot be resolved.
    """
    check_url(url, allowed, path)
    parts = _parts(url, path)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(info[4][0]).partition("%")[0]) for info in found]
    for address in addresses:
        _require(address, allowed, parts, path)
    pinned = httpx.URL(url).copy_with(host=str(addresses[0]))
    return Target(pinned, {"Host": parts.netloc.rpartition("@")[2]}, {"sni_hostname": parts.hostname})


def _parts(url: str, path: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("expected an http or https URL", path) from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or "@" in parts.netloc:
        raise InvalidInput("expected an http or https URL without user or password", path)
    if any(ord(character) < 33 or ord(character) > 126 for character in url):
        raise InvalidInput("expected printable ASCII characters only", path)
    return parts


def _require(address: Address | None, allowed: tuple[str, ...], parts: SplitResult, path: str) -> None:
    if address is None:
        if not allowed:
            raise InvalidInput(f"{parts.hostname} is a local name, which the settings do not allow", path)
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
            path,
        )
    if parts.scheme == "http":
        raise InvalidInput("expected an https URL", path)
