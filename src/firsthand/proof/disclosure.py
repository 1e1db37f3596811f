"""Disclosures: values that a public document fixes by a salted digest, and opening sealed fields of events.

A disclosure is a string of RFC 9901 §4.2.1: the base64url of [salt, name, value]; its digest is the base64url
of its SHA-256 (§4.2.3). Stricter than there: the JSON is canonical (RFC 8785), the salt has 128 bits, and a
digest list is in ascending order, so that two readers can never see two things in one text. What
`open_event` refuses follows §7.1: a digest that stands twice, a disclosure that no digest asks for, a
member that is there already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.seal import NEVER_SEALED, SEALED, Path, show_path
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.fields import base64url_text, from_base64url, shown

__all__ = [
    "SALT_SIZE",
    "Disclosed",
    "Disclosure",
    "Opened",
    "belonging",
    "digest_bytes",
    "digest_of",
    "make_disclosure",
    "open_event",
    "parse_disclosure",
    "sealed_digests",
]

SALT_SIZE: Final = 16
"""Bytes: 128 bits (RFC 9901 §9.3)."""

_DIGEST_SIZE: Final = 32
_MAX_DEPTH: Final = 100
_DISCLOSURES: Final = "$.disclosures"
_NESTED: Final = (dict, list)


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One disclosure: the member's name and value, and the string that carries them."""

    text: str
    name: str
    value: Any

    @property
    def digest(self) -> str:
        """What stands for it in the event."""
        return digest_of(self.text)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """A value that was put back, and where; `text` is its disclosure."""

    path: Path
    value: Any
    text: str

    def __str__(self) -> str:
        return show_path(self.path)


@dataclass(frozen=True, slots=True)
class Opened:
    """An event with what was disclosed in its place, and how many digests are left unopened."""

    event: dict[str, Any]
    disclosed: tuple[Disclosed, ...]
    undisclosed: int


def digest_bytes(disclosure: str) -> bytes:
    """SHA-256(ASCII(disclosure)), RFC 9901 §4.2.3."""
    return sha256(disclosure.encode("ascii", "replace")).digest()


def digest_of(disclosure: str) -> str:
    """The digest as it stands in an event: base64url."""
    return base64url_text(digest_bytes(disclosure))


def make_disclosure(salt: bytes, name: str, value: Any) -> Disclosure:
    """The disclosure of a member, with 16 bytes of salt that nobody can guess."""
    if len(salt) != SALT_SIZE:
        raise InvalidInput(f"a salt has {SALT_SIZE} bytes, got {len(salt)}")
    return Disclosure(base64url_text(canonical([base64url_text(salt), name, value])), name, value)


def parse_disclosure(text: str, path: str = "$") -> Disclosure:
    """Read a disclosure. Raises InvalidInput when it is none, or names a member that is never sealed."""
    try:
        value = parse_canonical(from_base64url(text))
    except InvalidInput as error:
        raise InvalidInput(f"not a disclosure: {error.reason}", path) from None
    if type(value) is not list or len(value) != 3 or type(value[0]) is not str or type(value[1]) is not str:
        raise InvalidInput("not a disclosure: expected [salt, name, value]", path)
    salt, name, inner = value
    try:
        size = len(from_base64url(salt))
    except InvalidInput:
        size = 0
    if size != SALT_SIZE:
        raise InvalidInput(f"not a disclosure: its salt is not the base64url of {SALT_SIZE} bytes", path)
    if not name or name in NEVER_SEALED:
        raise InvalidInput(f"discloses a member {shown(name)}, which is never sealed", path)
    return Disclosure(text, name, inner)


def sealed_digests(event: dict[str, Any]) -> list[str]:
    """The digests in an event. Raises InvalidInput with the path of a malformed list or a doubled digest."""
    held: dict[str, _Holder] = {}
    _collect(event, (), held)
    return list(held)


def open_event(event: dict[str, Any], disclosures: Sequence[str]) -> Opened:
    """Put disclosed values back; the event itself is not changed.

    Raises InvalidInput naming the disclosure that is malformed, out of order, given twice, belongs to no
    digest of this event, or would overwrite a member; and the digest list that is malformed.
    """
    opened: dict[str, Any] = parse_canonical(canonical(event)) if disclosures else event
    held: dict[str, _Holder] = {}
    _collect(opened, (), held)
    waiting = _waiting(disclosures)
    ready = [digest for digest in waiting if digest in held]
    touched: list[dict[str, Any]] = []
    found: list[Disclosed] = []
    done: set[str] = set()
    while ready:
        digest = ready.pop()
        done.add(digest)
        disclosure, (holder, at) = waiting.pop(digest), held[digest]
        path = (*at, disclosure.name)
        if disclosure.name in holder:
            raise InvalidInput(f"the event has a member {show_path(path)} already", _DISCLOSURES)
        if len(path) > _MAX_DEPTH:
            raise InvalidInput(f"discloses members nested deeper than {_MAX_DEPTH}", _DISCLOSURES)
        holder[disclosure.name] = disclosure.value
        touched.append(holder)
        found.append(Disclosed(path, disclosure.value, disclosure.text))
        ready += [inner for inner in _collect(disclosure.value, path, held) if inner in waiting]
    for disclosure in waiting.values():
        raise InvalidInput(
            f"{shown(disclosure.name)} belongs to no digest of this event: altered, or of another event",
            _DISCLOSURES,
        )
    for holder in touched:
        _clear(holder, done)
    return Opened(opened, tuple(sorted(found, key=lambda one: one.text)), len(held) - len(done))


def belonging(event: dict[str, Any], by_digest: Mapping[str, Disclosure]) -> list[str]:
    """Those of the disclosures that open something in this event, in ascending order."""
    held: dict[str, _Holder] = {}
    ready = _collect(event, (), held)
    found: set[str] = set()
    while ready:
        disclosure = by_digest.get(ready.pop())
        if disclosure is not None:
            found.add(disclosure.text)
            ready += _collect(disclosure.value, (), held)
    return sorted(found)


_Holder = tuple[dict[str, Any], Path]
"""The object that has a digest in its list, and where it stands."""


def _waiting(disclosures: Sequence[str]) -> dict[str, Disclosure]:
    """The disclosures by digest. Raises InvalidInput when one is malformed, doubled or out of order."""
    waiting: dict[str, Disclosure] = {}
    for number, text in enumerate(disclosures):
        parsed = parse_disclosure(text, f"{_DISCLOSURES}[{number}]")
        if parsed.digest in waiting:
            raise InvalidInput(f"{shown(parsed.name)} is given twice", f"{_DISCLOSURES}[{number}]")
        if number and text < disclosures[number - 1]:
            raise InvalidInput("not in ascending order", f"{_DISCLOSURES}[{number}]")
        waiting[parsed.digest] = parsed
    return waiting


def _collect(value: Any, at: Path, held: dict[str, _Holder]) -> list[str]:
    """Add every digest inside a value to `held`; the new ones. Not recursive: strangers nest deeply."""
    new: list[str] = []
    below: list[tuple[Any, Path]] = [(value, at)]
    while below:
        item, path = below.pop()
        if type(item) is list:
            below += [(inner, (*path, place)) for place, inner in enumerate(item) if type(inner) in _NESTED]
        elif type(item) is dict:
            if SEALED in item:
                for digest in _digest_list(item[SEALED], show_path((*path, SEALED))):
                    if digest in held:
                        raise InvalidInput(
                            f"the digest {digest} stands twice in the event", show_path((*path, SEALED))
                        )
                    held[digest] = (item, path)
                    new.append(digest)
            below += [
                (inner, (*path, name))
                for name, inner in item.items()
                if type(inner) in _NESTED and name != SEALED and name != "@context"
            ]
    return new


def _digest_list(value: Any, path: str) -> list[str]:
    if type(value) is not list or not value or any(type(digest) is not str for digest in value):
        raise InvalidInput("expected a list of digests that is not empty", path)
    for number, digest in enumerate(value):
        if len(from_base64url(digest, f"{path}[{number}]")) != _DIGEST_SIZE:
            raise InvalidInput(f"expected the base64url of {_DIGEST_SIZE} bytes", f"{path}[{number}]")
        if number and digest <= value[number - 1]:
            raise InvalidInput("digests stand in ascending order, each once", f"{path}[{number}]")
    return value


def _clear(holder: dict[str, Any], done: set[str]) -> None:
    left = [digest for digest in holder.get(SEALED, ()) if digest not in done]
    if left:
        holder[SEALED] = left
    else:
        holder.pop(SEALED, None)
