"""The keystore: named secrets in one file, encrypted at rest.

A key derived from the passphrase by scrypt (RFC 7914) wraps a random data key; AES-256-GCM under the
data key seals each secret with its name as associated data, so that none can be swapped. The file is
replaced as a whole (written beside, fsynced, renamed), under a lock and read anew: a crash leaves the
old or the new one, and two processes never lose each other's keys.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from firsthand.errors import NotFound, WorkspaceError, WrongPassphrase

__all__ = ["Keystore"]

_FORMAT: Final = "firsthand-keystore-1"
_WRAP: Final = b"firsthand keystore data key"
# N = 2^15, r = 8, p = 1: 32 MB and some 60 ms a guess, above RFC 7914's interactive figures.
_SCRYPT_N: Final = 2**15
_MAX_SCRYPT_N: Final = 2**20


class _Sealed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    nonce: bytes
    box: bytes


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format: str
    salt: bytes
    n: int
    empty_passphrase: bool
    data_key: _Sealed
    secrets: dict[str, _Sealed]


class Keystore:
    """An open keystore; `create` and `open` make one."""

    def __init__(self, path: Path, data_key: bytes) -> None:
        self.path = path
        self._cipher = AESGCM(data_key)
        self._data_key = data_key

    @classmethod
    def create(cls, path: Path, passphrase: str) -> Keystore:
        """A new, empty keystore in a file that must not exist yet."""
        if path.exists():
            raise WorkspaceError(f"{path} exists already; a keystore is never overwritten")
        data_key = secrets.token_bytes(32)
        _write(path, _wrapped(passphrase, data_key, {}))
        return cls(path, data_key)

    @classmethod
    def open(cls, path: Path, passphrase: str) -> Keystore:
        """Open it. Raises WrongPassphrase, or WorkspaceError when the file is missing or damaged."""
        file = _read(path)
        key = _derive(passphrase, file.salt, file.n)
        try:
            data_key = AESGCM(key).decrypt(file.data_key.nonce, file.data_key.box, _WRAP)
        except InvalidTag:
            raise WrongPassphrase(
                f"the keystore {path} does not open with this passphrase; "
                "set FIRSTHAND_PASSPHRASE to the right one, or type it at the prompt"
            ) from None
        return cls(path, data_key)

    @staticmethod
    def has_empty_passphrase(path: Path) -> bool:
        """Whether anyone who reads the file can open it."""
        return _read(path).empty_passphrase

    def names(self) -> list[str]:
        """The names of all secrets."""
        return sorted(_read(self.path).secrets)

    def get(self, name: str) -> bytes:
        """The secret of that name. Raises NotFound."""
        sealed = _read(self.path).secrets.get(name)
        if sealed is None:
            raise NotFound(f"the keystore {self.path} has no secret named {name!r}")
        try:
            return self._cipher.decrypt(sealed.nonce, sealed.box, name.encode())
        except InvalidTag:
            raise WorkspaceError(f"the secret {name!r} in {self.path} was tampered with or damaged") from None

    def put(self, name: str, secret: bytes) -> None:
        """Store a secret; one of the same name is replaced."""
        nonce = secrets.token_bytes(12)
        sealed = _Sealed(nonce, self._cipher.encrypt(nonce, secret, name.encode()))
        self._update(lambda file: msgspec.structs.replace(file, secrets={**file.secrets, name: sealed}))

    def get_or_put(self, name: str, secret: bytes) -> bytes:
        """The secret of that name; this one is stored where there was none, whoever asks at the same time."""
        nonce = secrets.token_bytes(12)
        sealed = _Sealed(nonce, self._cipher.encrypt(nonce, secret, name.encode()))
        self._update(lambda file: msgspec.structs.replace(file, secrets={name: sealed, **file.secrets}))
        return self.get(name)

    def delete(self, name: str) -> None:
        """Forget a secret. Raises NotFound."""

        def without(file: _File) -> _File:
            if name not in file.secrets:
                raise NotFound(f"the keystore {self.path} has no secret named {name!r}")
            return msgspec.structs.replace(
                file, secrets={key: value for key, value in file.secrets.items() if key != name}
            )

        self._update(without)

    def change_passphrase(self, passphrase: str) -> None:
        """Wrap the data key under another passphrase."""
        self._update(lambda file: _wrapped(passphrase, self._data_key, file.secrets))

    def _update(self, change: Callable[[_File], _File]) -> None:
        with _locked(self.path):
            _write(self.path, change(_read(self.path)))


def _wrapped(passphrase: str, data_key: bytes, sealed: dict[str, _Sealed]) -> _File:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    box = AESGCM(_derive(passphrase, salt, _SCRYPT_N)).encrypt(nonce, data_key, _WRAP)
    return _File(_FORMAT, salt, _SCRYPT_N, not passphrase, _Sealed(nonce, box), sealed)


def _derive(passphrase: str, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=8, p=1).derive(passphrase.encode())


def _read(path: Path) -> _File:
    try:
        file = msgspec.json.decode(path.read_bytes(), type=_File)
    except FileNotFoundError:
        raise WorkspaceError(f"the keystore {path} is missing") from None
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise WorkspaceError(f"the keystore {path} is damaged: {error}; restore it from a backup") from None
    if file.format != _FORMAT or not 2 <= file.n <= _MAX_SCRYPT_N or file.n & (file.n - 1):
        raise WorkspaceError(f"the keystore {path} is of a format that this version does not read")
    return file


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    descriptor = os.open(path.with_suffix(".lock"), os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write(path: Path, file: _File) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(msgspec.json.format(msgspec.json.encode(file)) + b"\n")
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(beside, path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
