"""Page tokens: where a listing goes on, signed by the server so that nobody can make one up.

A token holds all that the next page needs, bound to the request that it came from; the server keeps nothing
of it but the digests of tokens that were released before they expired.
"""

from __future__ import annotations

import hmac
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import msgspec
from sqlalchemy import delete, select

from firsthand.errors import NotFound
from firsthand.journal.database import reading
from firsthand.service.tables import RELEASED_TOKEN
from firsthand.service.workspace import Workspace

__all__ = ["LIFETIME", "PageTokens"]

LIFETIME: Final = 24 * 3600
"""Seconds for which a token is good."""


class _Content(msgspec.Struct, frozen=True, array_like=True):
    state: list[int | str | None]
    expires: int
    request: bytes


@dataclass(frozen=True, slots=True)
class PageTokens:
    """Tokens under a secret that all processes of a workspace share."""

    workspace: Workspace
    secret: bytes

    def make(self, state: list[int | str | None], request: str) -> tuple[str, int]:
        """A token for the next page of a request, and when it expires (seconds since 1970)."""
        expires = int(time.time()) + LIFETIME
        content = msgspec.msgpack.encode(_Content(state, expires, _digest(request.encode())[:12]))
        return urlsafe_b64encode(content + self._mac(content)).rstrip(b"=").decode(), expires

    def read(self, token: str, request: str) -> list[int | str | None]:
        """What `make` was given. Raises NotFound: not our token, past, released, another request's."""
        content = self._open(token)
        if content.request != _digest(request.encode())[:12]:
            raise NotFound("this page token belongs to another request")
        if content.expires < time.time():
            raise NotFound("this page token has expired; begin again without it")
        query = select(RELEASED_TOKEN.c.expires).where(RELEASED_TOKEN.c.digest == _digest(token.encode()))
        with reading(self.workspace.engine) as connection:
            if connection.execute(query).first() is not None:
                raise NotFound("this page token was released")
        return content.state

    def release(self, token: str) -> None:
        """Make a token worthless; again changes nothing. Raises NotFound when it is not ours."""
        content = self._open(token)
        row = {"digest": _digest(token.encode()), "expires": content.expires}
        with self.workspace.engine.begin() as connection:
            connection.execute(delete(RELEASED_TOKEN).where(RELEASED_TOKEN.c.expires < int(time.time())))
            query = select(RELEASED_TOKEN.c.expires).where(RELEASED_TOKEN.c.digest == row["digest"])
            if connection.execute(query).first() is None:
                connection.execute(RELEASED_TOKEN.insert(), row)

    def _open(self, token: str) -> _Content:
        try:
            data = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
            content, mac = data[:-16], data[-16:]
            if hmac.compare_digest(mac, self._mac(content)):
                return msgspec.msgpack.decode(content, type=_Content)
        except (Base64Error, UnicodeEncodeError, msgspec.DecodeError):
            pass
        raise NotFound("this is no page token of ours")

    def _mac(self, content: bytes) -> bytes:
        return hmac.new(self.secret, content, sha256).digest()[:16]


def _digest(data: bytes) -> bytes:
    return sha256(data).digest()
