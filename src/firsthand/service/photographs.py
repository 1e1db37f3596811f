"""Photographs that a signed record names by their hash: kept in the workspace, shown only while they match.

A record states `ni:///sha-256;…` (RFC 6920 §3); the file lies in the folder `photographs` under the same
base64url text. What was changed there is not shown any more.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from firsthand.errors import InvalidInput, NotFound

__all__ = ["FOLDER", "MOST_BYTES", "add_photograph", "has_photograph", "key_of", "photograph"]

FOLDER: Final = "photographs"
MOST_BYTES: Final = 10_000_000

_HASH: Final = re.compile(r"ni:///sha-256;([A-Za-z0-9_-]{43})", re.ASCII)
_KEY: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"<svg ", "image/svg+xml"),
    (b"<?xml ", "image/svg+xml"),
)


def key_of(name: str) -> str | None:
    """The base64url SHA-256 in a hash's URI; None for anything else."""
    match = _HASH.fullmatch(name)
    return match[1] if match else None


def add_photograph(folder: Path, source: Path) -> str:
    """Take a photograph into a workspace's folder; the hash by which a record names it.

    Raises InvalidInput for what is no JPEG, PNG, WebP or SVG, or is over MOST_BYTES.
    """
    try:
        body = source.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{source} cannot be read: {error.strerror}") from None
    if len(body) > MOST_BYTES:
        raise InvalidInput(f"{source} has over {MOST_BYTES} bytes; make it smaller first")
    if _media(body) is None:
        raise InvalidInput(f"{source} is no JPEG, PNG, WebP or SVG")
    key = _key(body)
    kept = folder / FOLDER
    kept.mkdir(exist_ok=True)
    beside = kept / f".{key}"
    beside.write_bytes(body)
    beside.replace(kept / key)
    return f"ni:///sha-256;{key}"


def has_photograph(folder: Path, key: str) -> bool:
    """Whether a file is kept under that key."""
    return _KEY.fullmatch(key) is not None and (folder / FOLDER / key).is_file()


def photograph(folder: Path, key: str) -> tuple[bytes, str]:
    """A photograph and its media type. Raises NotFound when it is not here, or is not what its hash says."""
    if not has_photograph(folder, key):
        raise NotFound("there is no such photograph here")
    body = (folder / FOLDER / key).read_bytes()
    media = _media(body)
    if _key(body) != key or media is None:
        raise NotFound("the photograph kept under this hash is another one: it was changed")
    return body, media


def _key(body: bytes) -> str:
    return urlsafe_b64encode(sha256(body).digest()).rstrip(b"=").decode()


def _media(body: bytes) -> str | None:
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    return next((media for start, media in _STARTS if body.startswith(start)), None)
