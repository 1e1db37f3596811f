"""API keys: who may do what over HTTP, for which party.

A key is shown once, as `fh_ID_SECRET`; only the secret's SHA-256 is stored, which is enough for 256 random
bits. It is sent as `Authorization: Bearer …` (RFC 6750).
"""

from __future__ import annotations

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from sqlalchemy import select, update

from firsthand.errors import InvalidInput, NotFound, Unauthorized
from firsthand.journal.database import reading
from firsthand.ledger.event_sql import Viewer
from firsthand.service.tables import API_KEY, AUDIT
from firsthand.service.workspace import Workspace

__all__ = ["SCOPES", "ApiKey", "Principal", "authenticate", "create_key", "list_keys", "revoke_key", "trail"]

SCOPES: Final = ("read", "capture", "certify", "admin")

_TOKEN: Final = re.compile(r"fh_([a-z2-7]{12})_([A-Za-z0-9_-]{43})")
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
_DURATION: Final = re.compile(r"(\d{1,5})([hdwy])")
_HOURS: Final = {"h": 1, "d": 24, "w": 24 * 7, "y": 24 * 365}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is known of a key, without its secret; times are RFC 3339."""

    id: str
    party: str | None
    scopes: tuple[str, ...]
    label: str
    created: str
    expires: str | None
    revoked: str | None


@dataclass(frozen=True, slots=True)
class Principal:
    """Who sent a request: a key, the party that it speaks for, and what it may."""

    key_id: str
    party: str | None
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the key has this scope; `admin` has all."""
        return scope in self.scopes or "admin" in self.scopes

    @property
    def viewer(self) -> Viewer:
        """What it may see: its party's events and what is published; an admin everything."""
        return Viewer(self.party, "admin" in self.scopes)


def create_key(
    workspace: Workspace,
    party: str | None,
    scopes: tuple[str, ...],
    *,
    label: str = "",
    expires: str | None = None,
) -> tuple[ApiKey, str]:
    """A new key and its token, which is not kept. `expires` is a time, or a duration such as `90d`.

    Raises InvalidInput for an unknown scope or a key without a party that is no admin's, Unauthorized for an
    unknown party.
    """
    unknown = set(scopes) - set(SCOPES)
    if unknown or not scopes:
        raise InvalidInput(
            f"expected scopes out of {', '.join(SCOPES)}, got {', '.join(sorted(unknown)) or 'none'}"
        )
    uri = workspace.parties.find(party).uri if party is not None else None
    if uri is None and set(scopes) != {"admin"}:
        raise InvalidInput("only an admin's key speaks for no party; give --party")
    now = workspace.now()
    key_id = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    secret = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    key = ApiKey(key_id, uri, tuple(sorted(scopes)), label, now, _expiry(expires, now), None)
    row = {
        "id": key.id,
        "digest": sha256(secret.encode()).digest(),
        "party": key.party,
        "scopes": " ".join(key.scopes),
        "label": label,
        "created": key.created,
        "expires": key.expires,
        "revoked": None,
    }
    with workspace.engine.begin() as connection:
        connection.execute(API_KEY.insert(), row)
    return key, f"fh_{key_id}_{secret}"


def authenticate(workspace: Workspace, token: str) -> Principal:
    """Whose token this is. Raises Unauthorized when it is unknown, wrong, expired or revoked."""
    match = _TOKEN.fullmatch(token)
    if match is None:
        raise Unauthorized("this is no API key of ours; expected fh_…")
    query = select(API_KEY).where(API_KEY.c.id == match[1])
    with reading(workspace.engine) as connection:
        row = connection.execute(query).first()
    digest = sha256(match[2].encode()).digest()
    if row is None or not hmac.compare_digest(row.digest, digest):
        raise Unauthorized("unknown API key")
    if row.revoked is not None:
        raise Unauthorized(f"this API key was revoked at {row.revoked}")
    if row.expires is not None and row.expires <= workspace.now():
        raise Unauthorized(f"this API key expired at {row.expires}")
    return Principal(row.id, row.party, frozenset(row.scopes.split()))


def list_keys(workspace: Workspace) -> list[ApiKey]:
    """All keys, the newest last."""
    query = select(API_KEY).order_by(API_KEY.c.created, API_KEY.c.id)
    with reading(workspace.engine) as connection:
        return [
            ApiKey(
                row.id, row.party, tuple(row.scopes.split()), row.label, row.created, row.expires, row.revoked
            )
            for row in connection.execute(query)
        ]


def revoke_key(workspace: Workspace, key_id: str) -> None:
    """Withdraw a key at once; revoking again changes nothing. Raises NotFound."""
    key_id = key_id.removeprefix("fh_").partition("_")[0]
    with workspace.engine.begin() as connection:
        if connection.execute(select(API_KEY.c.id).where(API_KEY.c.id == key_id)).first() is None:
            raise NotFound(f"there is no API key {key_id}")
        open_ = (API_KEY.c.id == key_id) & API_KEY.c.revoked.is_(None)
        connection.execute(update(API_KEY).where(open_).values(revoked=workspace.now()))


def trail(workspace: Workspace, key_id: str | None = None, last: int = 100) -> list[dict[str, object]]:
    """What a key, or every key, did: the last requests, the newest first."""
    query = select(AUDIT).order_by(AUDIT.c.number.desc()).limit(last)
    if key_id is not None:
        query = query.where(AUDIT.c.api_key == key_id.removeprefix("fh_").partition("_")[0])
    with reading(workspace.engine) as connection:
        return [dict(row._mapping) for row in connection.execute(query)]


def _expiry(text: str | None, now: str) -> str | None:
    if text is None:
        return None
    match = _DURATION.fullmatch(text)
    try:
        if match is not None:
            moment = datetime.fromisoformat(now) + timedelta(hours=int(match[1]) * _HOURS[match[2]])
        else:
            moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise InvalidInput(f"expected a date, a time or a duration such as 90d, got {text!r}") from None
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    expires = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    if expires <= now:
        raise InvalidInput(f"{expires} is past already")
    return expires
