"""What the server's own URLs begin with. A Host header is whatever a client or proxy wrote there: it counts
only where it names this server, so that nobody is led elsewhere by it (RFC 9110 §17.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

__all__ = ["base_url"]

_HOST: Final = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]{1,5})?")


def base_url(scope: Mapping[str, Any], uri: str, hosts: Collection[str] = ()) -> str:
    """The base, without a last slash, of the URLs in the answer to a request (ASGI scope).

    It is what the request was sent to where that is the host of the workspace's `uri`, one of `hosts` (in
    small letters), a loopback name or address, or the local address of the connection. For any other Host
    header, and none, it is `uri`. The scheme of `uri` goes before the connection's: a proxy may end TLS.
    """
    own = uri.rstrip("/")
    parts = urlsplit(own)
    given = [value for name, value in scope["headers"] if name == b"host"]
    found = _HOST.fullmatch(given[0].decode("latin-1").lower()) if len(given) == 1 else None
    if found is None or found[0] == parts.netloc.lower():
        return own
    host = found[1] or found[2]
    if host in (parts.hostname, "localhost") or host in hosts or _is_local(host, scope.get("server")):
        return f"{scope['scheme']}://{found[0]}"
    return own


def _is_local(host: str, server: tuple[str, int | None] | None) -> bool:
    address = _address(host)
    return address is not None and (
        address.is_loopback or (server is not None and address == _address(server[0]))
    )


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An IP address; one of IPv4 that is written as IPv6, as sockets for both have it, as IPv4."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
