"""The keys of sealed fields, kept apart from the journal, so that a value can be erased.

Each sealed event has one random secret a field. The field's salt and the AES-256 key that its value is
stored under are derived from it. The secrets are wrapped under a key of the keystore: their store alone opens
nothing, and neither do the journal and the keystore without it. It must stay out of their backups.

A tag finds the secrets of an event that is recorded again, so that it becomes the same capture. It is a keyed
hash of the event with its values: whoever holds both keystore and store could try values against it. When a
field is erased, the event's tag is erased with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from hmac import digest as hmac
from typing import Final, NamedTuple, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from firsthand.errors import NotFound, WorkspaceError
from firsthand.identity.keystore import Keystore

__all__ = ["EventKeys", "KeyStore", "Rows", "SealingKeys", "field_box", "field_salt", "open_box"]

KEYSTORE_NAME: Final = "sealing"
SECRET: Final = 32
_NO_SECRET: Final = bytes(SECRET)
_NONCE: Final = bytes(12)
"""Each derived key encrypts one message, ever: the same field of the same event."""

_BY_TAG: Final = "SELECT id, nonce, box FROM event_key WHERE tag = ?"
_BY_ID: Final = "SELECT id, nonce, box FROM event_key WHERE id = ?"
_INSERT: Final = "INSERT INTO event_key (id, tag, nonce, box) VALUES (?, ?, ?, ?)"
_DELETE: Final = "DELETE FROM event_key WHERE id = ?"


class Rows(Protocol):
    """The one table, within a transaction: `event_key (id, tag, nonce, box)`, the first two unique."""

    def run(self, sql: str, *values: bytes | None) -> list[tuple[bytes, bytes, bytes]]:
        """Execute SQL written with `?`; the rows it gives."""


class KeyStore(Protocol):
    """Where the rows are kept."""

    @property
    def name(self) -> str:
        """What to call it in a message."""

    def writing(self) -> AbstractContextManager[Rows]:
        """A transaction of the only writer, durable when it ends without an error. Raises WorkspaceError."""

    def reading(self) -> AbstractContextManager[Rows | None]:
        """A look at the rows; None when there are none yet. Raises WorkspaceError."""


class EventKeys(NamedTuple):
    """The secrets of an event's sealed fields, in the order of the fields, and by which ID they are found."""

    id: bytes
    secrets: tuple[bytes, ...]


def field_salt(secret: bytes) -> bytes:
    """The salt of a field's digest: 16 bytes that are as random as its secret."""
    return _derived(secret)[1]


def field_box(secret: bytes, text: bytes, bound_to: bytes) -> bytes:
    """A field's value as it is stored: AES-256-GCM, bound to the field's digest."""
    return AESGCM(_derived(secret)[0]).encrypt(_NONCE, text, bound_to)


def open_box(secret: bytes, box: bytes, bound_to: bytes) -> bytes:
    """The inverse of `field_box`. Raises WorkspaceError when the box was tampered with."""
    try:
        return AESGCM(_derived(secret)[0]).decrypt(_NONCE, box, bound_to)
    except InvalidTag:
        raise WorkspaceError("a stored sealed value was tampered with or damaged") from None


@lru_cache(maxsize=64)
def _derived(secret: bytes) -> tuple[bytes, bytes]:
    """The key and the salt of a field; the salt is asked for just before the key."""
    derived = hmac(secret, b"firsthand sealed field", "sha512")
    return derived[:32], derived[32:48]


class SealingKeys:
    """The keys in a store, wrapped under a secret of the keystore."""

    def __init__(self, store: KeyStore, keystore: Keystore) -> None:
        self._store = store
        master = keystore.get_or_put(KEYSTORE_NAME, secrets.token_bytes(32))
        self._wrap = AESGCM(hmac(master, b"firsthand wrap", "sha256"))
        self._tag_key = hmac(master, b"firsthand tag", "sha256")

    def of_events(self, asked: Sequence[tuple[bytes, int]]) -> list[EventKeys]:
        """For each event, given as its text with all values and its number of fields, its keys.

        Those of an event that was asked for before are found again; new ones are on the disk before this
        returns. Keys whose event is then not journaled open nothing.
        """
        tags = [hmac(self._tag_key, text, "sha256") for text, _ in asked]
        found: list[EventKeys] = []
        with self._store.writing() as rows:
            for tag, (_, fields) in zip(tags, asked, strict=True):
                held = rows.run(_BY_TAG, tag)
                if held:
                    found.append(EventKeys(bytes(held[0][0]), self._unwrap(*held[0])))
                else:
                    drawn = secrets.token_bytes(16 + SECRET * fields)
                    found.append(EventKeys(drawn[:16], _split(drawn[16:])))
                    self._insert(rows, found[-1].id, tag, found[-1].secrets)
        return found

    def new(self, key_id: bytes) -> bytes:
        """One new secret under this ID."""
        made = secrets.token_bytes(SECRET)
        with self._store.writing() as rows:
            self._insert(rows, key_id, None, (made,))
        return made

    def secret(self, key_id: bytes, field: int) -> bytes:
        """The secret of a field. Raises NotFound when it was erased, or never was in this store."""
        with self._store.reading() as rows:
            held = rows.run(_BY_ID, key_id) if rows is not None else []
        found = self._unwrap(*held[0])[field : field + 1] if held else ()
        if not found or found[0] == _NO_SECRET:
            raise NotFound(
                f"the key of this sealed value is not in {self.name}: erased, or this is not the store "
                "that it was sealed with"
            )
        return found[0]

    def erase(self, key_id: bytes, fields: Iterable[int] | None = None) -> None:
        """Destroy the secrets of these fields of an event, or of all; those that are gone stay gone."""
        with self._store.reading() as there:
            if there is None or not there.run(_BY_ID, key_id):
                return
        with self._store.writing() as rows:
            held = rows.run(_BY_ID, key_id)
            gone = set(fields) if fields is not None else None
            left = [
                _NO_SECRET if gone is None or at in gone else secret
                for row in held
                for at, secret in enumerate(self._unwrap(*row))
            ]
            rows.run(_DELETE, key_id)
            if any(secret != _NO_SECRET for secret in left):
                self._insert(rows, key_id, None, left)

    @property
    def name(self) -> str:
        """Where the keys are, for a message."""
        return self._store.name

    def _insert(self, rows: Rows, key_id: bytes, tag: bytes | None, made: Sequence[bytes]) -> None:
        nonce = secrets.token_bytes(12)
        rows.run(_INSERT, key_id, tag, nonce, self._wrap.encrypt(nonce, b"".join(made), key_id))

    def _unwrap(self, key_id: bytes, nonce: bytes, box: bytes) -> tuple[bytes, ...]:
        try:
            joined = self._wrap.decrypt(bytes(nonce), bytes(box), bytes(key_id))
        except InvalidTag:
            raise WorkspaceError(
                f"a key in {self.name} does not open with this keystore: they do not belong together, "
                "or it is damaged"
            ) from None
        return _split(joined)


def _split(joined: bytes) -> tuple[bytes, ...]:
    return tuple(joined[at : at + SECRET] for at in range(0, len(joined), SECRET))
