"""Reading what is to be minted: JSON by hand or from a workshop's system, photographs hashed from their
files.

An order is `{"piece", "name", "fingerprint", "photographs"}` with the certificate's own forms (docs/spec.md
§9.1); a photograph may also be `{"file": PATH}`, relative to the order's own file.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.certificate import Fingerprint, Photograph, parse_fingerprint
from firsthand.proof.fields import from_base64, member, only_members
from firsthand.service.mint import Order

__all__ = ["hash_photograph", "read_fingerprint", "read_orders"]

_MEMBERS: Final = frozenset(("piece", "name", "fingerprint", "photographs"))
_CHUNK: Final = 1 << 20


def read_orders(path: Path, to: str) -> list[Order]:
    """The orders of a file: one JSON object, a list of them, or one a line. Raises InvalidInput with the
    place.
    """
    orders = [_order(document, where, path.parent, to) for where, document in _documents(path)]
    if not orders:
        raise InvalidInput("there is no piece to mint", str(path))
    return orders


def read_fingerprint(path: Path) -> Fingerprint:
    """A fingerprint from a JSON file."""
    documents = list(_documents(path))
    if len(documents) != 1:
        raise InvalidInput("expected one fingerprint", str(path))
    return parse_fingerprint(documents[0][1], f"{path}: $")


def hash_photograph(path: Path) -> Photograph:
    """A photograph's SHA-256 and media type. Raises UnreadableInput."""
    hashed = sha256()
    try:
        with path.open("rb") as handle:
            while data := handle.read(_CHUNK):
                hashed.update(data)
    except FileNotFoundError:
        raise UnreadableInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None
    return Photograph(hashed.digest(), mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _documents(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UnreadableInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None
    try:
        whole = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        for number, line in enumerate(data.splitlines(), 1):
            if not line.strip():
                continue
            try:
                yield f"{path}: line {number}", msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise UnreadableInput(f"not JSON: {error}", f"{path}: line {number}") from None
        return
    if isinstance(whole, list):
        yield from ((f"{path}: $[{at}]", item) for at, item in enumerate(whole))
    else:
        yield f"{path}: $", whole


def _order(document: Any, where: str, folder: Path, to: str) -> Order:
    if type(document) is not dict:
        raise InvalidInput("expected an object", where)
    only_members(document, _MEMBERS, where)
    photographs = []
    for at, item in enumerate(
        member(document, "photographs", list, where) if "photographs" in document else []
    ):
        place = f"{where}.photographs[{at}]"
        if type(item) is not dict:
            raise InvalidInput("expected an object", place)
        if set(item) == {"file"}:
            photographs.append(hash_photograph(folder / member(item, "file", str, place)))
            continue
        only_members(item, frozenset(("sha256", "mediaType")), place)
        digest = from_base64(item, "sha256", place, 32)
        photographs.append(Photograph(digest, member(item, "mediaType", str, place)))
    return Order(
        piece=member(document, "piece", str, where),
        name=member(document, "name", str, where),
        fingerprint=parse_fingerprint(member(document, "fingerprint", dict, where), f"{where}.fingerprint"),
        photographs=tuple(photographs),
        to=to,
    )
