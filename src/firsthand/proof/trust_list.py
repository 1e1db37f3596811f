"""The trust list: which certifiers a workspace believes, for which scheme.

One signed, versioned document of the log. What counts is the last version; an issuer that is to be believed
only for a time has `from` and `until`, which are held against the date of what it is asked about. `keys` are
those of an issuer that is neither a DID nor a party of this log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.instants import microseconds
from firsthand.proof.did_key import decode_did_key
from firsthand.proof.fields import from_base64, member, only_members, place_of, shown, timestamp
from firsthand.proof.parties import is_printable, is_uri

__all__ = ["TRUST_TYPE", "Believed", "TrustList", "check_version", "parse_schemes", "parse_trust_list"]

TRUST_TYPE: Final = "TrustList"

_MEMBERS: Final = frozenset(("type", "issuer", "created", "number", "previous", "schemes", "proof"))
_ISSUER: Final = frozenset(("issuer", "name", "keys", "from", "until"))
_MOST: Final = 1_000


@dataclass(frozen=True, slots=True)
class Believed:
    """An issuer that is believed for one scheme; times in microseconds since 1970, None for no bound."""

    issuer: str
    name: str
    keys: tuple[str, ...]
    since: int | None
    until: int | None


@dataclass(frozen=True, slots=True)
class TrustList:
    """A version of the list: its number from 0, its issuer, and by scheme who is believed."""

    issuer: str
    number: int
    previous: bytes | None
    schemes: dict[str, tuple[Believed, ...]]

    def believed(self, scheme: str, issuer: str, at: int | None = None) -> Believed | None:
        """Whether an issuer is believed for a scheme, at that time where one is given."""
        for one in self.schemes.get(scheme, ()):
            early = at is not None and one.since is not None and at < one.since
            late = at is not None and one.until is not None and at > one.until
            if one.issuer == issuer and not early and not late:
                return one
        return None


def parse_trust_list(document: dict[str, Any], path: str = "$") -> TrustList:
    """Read a version; its signature is not checked here. Raises InvalidInput with the path."""
    only_members(document, _MEMBERS, path)
    if document.get("type") != TRUST_TYPE:
        raise InvalidInput(f"expected {TRUST_TYPE}, got {shown(document.get('type'))}", f"{path}.type")
    timestamp(document, "created", path)
    number = place_of(document, "number", path)
    if ("previous" in document) != (number > 0):
        raise InvalidInput("every version but the first names its predecessor", f"{path}.previous")
    return TrustList(
        issuer=_uri(document, "issuer", path),
        number=number,
        previous=from_base64(document, "previous", path, 32) if number else None,
        schemes=parse_schemes(member(document, "schemes", dict, path), f"{path}.schemes"),
    )


def parse_schemes(schemes: dict[str, Any], path: str = "$") -> dict[str, tuple[Believed, ...]]:
    """Read who is believed, by scheme. Raises InvalidInput with the path."""
    found: dict[str, tuple[Believed, ...]] = {}
    for scheme, issuers in schemes.items():
        where = f"{path}.{scheme}"
        if type(issuers) is not list or len(issuers) > _MOST:
            raise InvalidInput(f"expected a list of at most {_MOST} issuers", where)
        found[scheme] = tuple(_believed(one, f"{where}[{at}]") for at, one in enumerate(issuers))
        if len({one.issuer for one in found[scheme]}) != len(issuers):
            raise InvalidInput("names an issuer twice", where)
    return found


def check_version(version: TrustList, before: TrustList | None, leaf: bytes | None) -> None:
    """Whether a version follows the last one, whose leaf hash is `leaf`. Raises InvalidInput."""
    if before is None:
        if version.number:
            raise InvalidInput("the log has no earlier trust list", "$.number")
        return
    if version.number != before.number + 1 or version.previous != leaf:
        raise InvalidInput(f"does not follow version {before.number} of the trust list", "$.previous")
    if version.issuer != before.issuer:
        raise InvalidInput(f"expected {before.issuer}, who keeps the trust list", "$.issuer")


def _believed(value: Any, path: str) -> Believed:
    if type(value) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(value, _ISSUER, path)
    name = member(value, "name", str, path) if "name" in value else ""
    if len(name) > 200 or not is_printable(name):
        raise InvalidInput("expected at most 200 printable characters", f"{path}.name")
    keys = member(value, "keys", list, path) if "keys" in value else []
    for key in keys:
        if type(key) is not str:
            raise InvalidInput("expected did:key identifiers", f"{path}.keys")
        decode_did_key(key)
    return Believed(
        issuer=_uri(value, "issuer", path),
        name=name,
        keys=tuple(keys),
        since=microseconds(timestamp(value, "from", path)) if "from" in value else None,
        until=microseconds(timestamp(value, "until", path)) if "until" in value else None,
    )


def _uri(document: dict[str, Any], name: str, path: str) -> str:
    value = member(document, name, str, path)
    if not is_uri(value):
        raise InvalidInput("expected an absolute URI", f"{path}.{name}")
    return value
