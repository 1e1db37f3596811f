"""Who speaks for whom, and from which place in the log on: party statements replayed in order.

The rules, the same for the journal that admits a statement and for the verifier that replays it:

1. A statement gives a party's whole state from its place in the log on: name, roles, keys, voucher.
   What time it claims does not matter.
2. The first statement about a party registers it and is signed by one of the keys that it names.
3. Each later one names its predecessor by leaf hash (`previous`) and is signed by a key that was in
   force just before it; so it renames, rotates or revokes.
4. Or, when the keys are lost, by the party's voucher: the cooperative that the party itself named.
   A voucher may change the keys and nothing else.
5. A key speaks for a party at a place if the last statement about the party before that place names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from firsthand.errors import InvalidInput, Unauthorized
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.did_key import decode_did_key
from firsthand.proof.fields import from_base64, member, only_members, shown, timestamp

__all__ = ["ROLES", "STATEMENT_TYPE", "Party", "PartyHistory", "is_printable", "is_uri"]

STATEMENT_TYPE: Final = "PartyStatement"

ROLES: Final = (
    "maker",
    "cooperative",
    "processor",
    "roaster",
    "brand",
    "retailer",
    "certifier",
    "operator",
    "device",
)

_MEMBERS = frozenset(
    ("type", "party", "name", "roles", "keys", "voucher", "issuer", "created", "previous", "proof")
)
# Both classes are fixed lists, because a verdict must not hang on the Unicode version of whoever reaches it.
_SPACES: Final = "\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:[^\x00-\x20\x7f<>\"{{}}|\\^`{_SPACES}]+")
_UNPRINTABLE = re.compile(
    # Controls, spaces but U+0020, what is invisible or turns the direction, noncharacters, private use.
    rf"[\x00-\x1f\x7f-\x9f{_SPACES}\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    r"\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff\ue000-\uf8ff\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff]"
)
_MAX_KEYS: Final = 64
_LONGEST_URI: Final = 2_000


@dataclass(frozen=True, slots=True)
class Party:
    """A party as of one statement, which stands at `place` in the log with this leaf hash."""

    uri: str
    name: str
    roles: tuple[str, ...]
    keys: tuple[str, ...]
    voucher: str | None
    place: int
    leaf: bytes


def is_uri(text: str) -> bool:
    """Whether a text is an absolute URI, as parties are named by."""
    return len(text) <= _LONGEST_URI and _URI.fullmatch(text) is not None


def is_printable(text: str) -> bool:
    """Whether a text has no invisible and no controlling characters, by the same list for ever."""
    return _UNPRINTABLE.search(text) is None


class PartyHistory:
    """The parties of a log up to some place; `apply` takes it one statement further."""

    def __init__(self) -> None:
        self._current: dict[str, Party] = {}
        self._place = -1

    def copy(self) -> PartyHistory:
        """A history that can go on by itself."""
        other = PartyHistory()
        other._current = dict(self._current)
        other._place = self._place
        return other

    def party(self, uri: str) -> Party | None:
        """The party's state after all statements applied so far."""
        return self._current.get(uri)

    def parties(self) -> list[Party]:
        """All parties, in the order in which they last changed."""
        return sorted(self._current.values(), key=lambda party: party.place)

    def require_key(self, uri: str, key: str) -> Party:
        """The party that this key speaks for now. Raises Unauthorized when it does not (rule 5)."""
        party = self._current.get(uri)
        if party is None:
            raise Unauthorized(f"no party statement about {uri} stands in the log before this place")
        if key not in party.keys:
            raise Unauthorized(
                f"the key {key} does not speak for {party.name} ({uri}): "
                f"since place {party.place} in the log its keys are {', '.join(party.keys) or 'none'}"
            )
        return party

    def apply(self, place: int, leaf: bytes, document: dict[str, Any]) -> Party:
        """Take in the statement at `place`, whose leaf hash is `leaf`, and return the party's new state.

        Raises InvalidInput when it is malformed or badly signed, Unauthorized when its signer may not
        make it; the history is then unchanged.
        """
        if place <= self._place:
            raise InvalidInput(
                f"statement at place {place} comes after the one at {self._place}: out of order"
            )
        party = _read(place, leaf, document)
        issuer = member(document, "issuer", str, "$")
        signer = verify_proof(document).did
        before = self._current.get(party.uri)
        if before is None:
            self._check_registration(party, issuer, signer, document)
        else:
            self._check_change(before, party, issuer, signer, document)
        self._current[party.uri] = party
        self._place = place
        return party

    def _check_registration(self, party: Party, issuer: str, signer: str, document: dict[str, Any]) -> None:
        if "previous" in document:
            raise InvalidInput(f"names a predecessor, but {party.uri} has none in the log", "$.previous")
        if issuer != party.uri or signer not in party.keys:
            raise Unauthorized(f"the registration of {party.uri} must be signed by one of its own keys")
        if party.voucher is not None:
            self._require_voucher(party.voucher)

    def _check_change(
        self, before: Party, party: Party, issuer: str, signer: str, document: dict[str, Any]
    ) -> None:
        if from_base64(document, "previous", "$", 32) != before.leaf:
            raise InvalidInput(f"does not follow the last statement about {party.uri}", "$.previous")
        if issuer == party.uri:
            self.require_key(party.uri, signer)
            if party.voucher is not None and party.voucher != before.voucher:
                self._require_voucher(party.voucher)
            return
        if issuer != before.voucher:
            raise Unauthorized(
                f"{issuer} may not speak for {party.uri}: it is neither the party nor its voucher"
            )
        self._require_voucher(issuer)
        self.require_key(issuer, signer)
        if (party.name, party.roles, party.voucher) != (before.name, before.roles, before.voucher):
            raise Unauthorized("a voucher may replace the keys of a party and change nothing else")

    def _require_voucher(self, uri: str) -> None:
        voucher = self._current.get(uri)
        if voucher is None or "cooperative" not in voucher.roles:
            raise Unauthorized(f"{uri} cannot vouch: no cooperative of that name stands in the log before")


def _read(place: int, leaf: bytes, document: dict[str, Any]) -> Party:
    """The state that a statement gives, its form checked but not its signature."""
    only_members(document, _MEMBERS, "$")
    if document.get("type") != STATEMENT_TYPE:
        raise InvalidInput(f"expected {STATEMENT_TYPE}, got {shown(document.get('type'))}", "$.type")
    timestamp(document, "created", "$")
    name = member(document, "name", str, "$")
    if not name.strip(" ") or len(name) > 200 or not is_printable(name):
        raise InvalidInput("expected 1 to 200 printable characters", "$.name")
    roles = _texts(document, "roles")
    if not roles or any(role not in ROLES for role in roles):
        raise InvalidInput(f"expected one or more of {', '.join(ROLES)}", "$.roles")
    keys = _texts(document, "keys")
    for key in keys:
        decode_did_key(key)
    voucher = member(document, "voucher", str, "$") if "voucher" in document else None
    for label in ("party", "issuer", *(["voucher"] if "voucher" in document else [])):
        if not _URI.fullmatch(member(document, label, str, "$")):
            raise InvalidInput("expected an absolute URI", f"$.{label}")
    return Party(document["party"], name, roles, keys, voucher, place, leaf)


def _texts(document: dict[str, Any], name: str) -> tuple[str, ...]:
    values = member(document, name, list, "$")
    if len(values) > _MAX_KEYS or any(type(value) is not str for value in values):
        raise InvalidInput(f"expected at most {_MAX_KEYS} strings", f"$.{name}")
    if len(set(values)) != len(values):
        raise InvalidInput("names one twice", f"$.{name}")
    return tuple(values)
