"""Sealing at capture: which members of an event are sealed, with which keys, and what is kept to open them.

Values go from the reader's memory into an encrypted box and nowhere else: what is journaled, spooled, indexed
or published is the sealed form. An event that is recorded again gets the same salts, and so is the same.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput, NotFound
from firsthand.events.coarse import MOST_DECIMALS, coarse, coarse_name
from firsthand.events.seal import Path, find_members, named_members, parse_path, seal_event, show_path
from firsthand.events.validation import validate_event
from firsthand.identity.sealing_keys import EventKeys, field_box, field_salt
from firsthand.journal.protocol import SealedField
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import (
    Disclosed,
    belonging,
    digest_of,
    make_disclosure,
    open_event,
    parse_disclosure,
)
from firsthand.service.workspace import Workspace

__all__ = ["Numbered", "SealRules", "Sealing", "keep_disclosures", "parse_coarse"]

PROFILE: Final = "fh:profile"
_CHUNK: Final = 500
"""Events whose keys are made in one transaction."""

_encode = msgspec.json.Encoder(order="deterministic").encode

Numbered = tuple[int, dict[str, Any], Sequence[SealedField]]
"""An event with its number in its document, and what opens its sealed fields."""


class SealRules(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sealed: `paths`; what the profile of an event seals by default, but for the elements in
    `opened`; and `coarse` paths, each with the decimals of the rounded place that stands beside it.
    """

    paths: tuple[str, ...] = ()
    profile: str | None = None
    defaults: bool = True
    opened: tuple[str, ...] = ()
    coarse: tuple[tuple[str, int], ...] = ()

    @property
    def explicit(self) -> bool:
        """Whether they ask for something whatever the events say."""
        return bool(self.paths or self.coarse or (self.defaults and self.profile))


def parse_coarse(text: str) -> tuple[str, int]:
    """A rule `PATH=N`. Raises InvalidInput."""
    path, _, decimals = text.rpartition("=")
    if not path or not decimals.isascii() or not decimals.isdigit() or int(decimals) > MOST_DECIMALS:
        raise InvalidInput(f"expected PATH=N with 0 to {MOST_DECIMALS} decimals, got {text!r}")
    return path, int(decimals)


class Sealing:
    """Seals the events of one capture, or of several, for their issuer."""

    def __init__(self, workspace: Workspace, issuer: str, rules: SealRules) -> None:
        self._workspace = workspace
        self._issuer = issuer
        self._rules = rules
        self._patterns = {
            text: parse_path(text) for text in (*rules.paths, *(text for text, _ in rules.coarse))
        }
        self._unused = set(self._patterns)
        self._unknown = set(rules.opened)
        self._by_profile: dict[str, tuple[frozenset[str], dict[str, int]]] = {}
        if rules.defaults and rules.profile is not None:
            self._defaults(rules.profile)

    def seal(self, events: Iterator[Numbered], where: Callable[[int], str]) -> Iterator[Numbered]:
        """Valid events in, the same sealed and with their fields out; others pass as they are.

        Raises InvalidInput with the path, `where` telling that of an event, of what cannot be sealed.
        """
        while chunk := list(islice(events, _CHUNK)):
            found = []
            for number, event, _ in chunk:
                try:
                    found.append(self._plan(event))
                except InvalidInput as error:
                    raise error.under(where(number)) from None
            asked = [(self._text(event, paths), len(paths)) for event, paths in found if paths]
            keys = iter(self._workspace.sealing_keys.of_events(asked) if asked else ())
            for (number, _, _), (event, paths) in zip(chunk, found, strict=True):
                try:
                    sealed, fields = _sealed(event, paths, next(keys)) if paths else (event, [])
                except InvalidInput as error:
                    raise error.under(where(number)) from None
                yield number, sealed, fields

    def require_used(self) -> None:
        """Raises InvalidInput where something was to be sealed, or left open, that no event had."""
        if self._unused:
            raise InvalidInput(f"no event has {' or '.join(sorted(self._unused))}: nothing was sealed there")
        if self._unknown:
            known = sorted(name for names, _ in self._by_profile.values() for name in names)
            raise InvalidInput(
                f"{', '.join(sorted(self._unknown))}: sealed by no profile of these events; "
                f"sealed by default are {', '.join(known) or 'none'}"
            )

    def concealed(self, event: Any, error: InvalidInput) -> InvalidInput:
        """An error about an event as it may be stored: without the value, where that was to be sealed."""
        try:
            _, paths = self._plan(event)
        except (InvalidInput, NotFound, AttributeError, TypeError):
            paths = []
        if any(error.path.removeprefix("$").startswith(show_path(path)[1:]) for path in paths):
            return InvalidInput(error.reason.partition(", got ")[0], error.path)
        return error

    def _text(self, event: dict[str, Any], paths: list[Path]) -> bytes:
        """What two recordings of the same event, sealed alike by the same issuer, have in common."""
        return _encode([self._issuer, event, paths])

    def _plan(self, event: dict[str, Any]) -> tuple[dict[str, Any], list[Path]]:
        """The event with its coarse places, and the members to be sealed, in a fixed order."""
        names, rounded = self._defaults_of(event)
        found = set(named_members(event, names)) if names else set()
        for path in [path for path in found if path[-1] in rounded]:
            event = _with_coarse(event, path, rounded[str(path[-1])], must=False)
        for text, decimals in self._rules.coarse:
            for path in find_members(event, self._patterns[text]):
                event = _with_coarse(event, path, decimals, must=True)
        for text, pattern in self._patterns.items():
            paths = find_members(event, pattern)
            if paths:
                self._unused.discard(text)
                found.update(paths)
        return event, sorted(found, key=repr)

    def _defaults_of(self, event: dict[str, Any]) -> tuple[frozenset[str], dict[str, int]]:
        name = event.get(PROFILE, self._rules.profile)
        if not self._rules.defaults or name is None:
            return frozenset(), {}
        try:
            if type(name) is not str:
                raise NotFound("a profile is named by a string")
            return self._defaults(name)
        except NotFound as error:
            raise InvalidInput(f"what is sealed by default is not known: {error}", f"$.{PROFILE}") from None

    def _defaults(self, name: str) -> tuple[frozenset[str], dict[str, int]]:
        """The names that a profile seals by default, and the decimals of the ones with a coarse place."""
        if name not in self._by_profile:
            profile = self._workspace.profile(name)
            self._unknown -= set(profile.sealed_by_default)
            sealed = profile.sealed_by_default - set(self._rules.opened)
            self._by_profile[name] = (
                frozenset(map(profile.term, sealed)),
                {
                    profile.term(element): decimals
                    for element in sealed
                    if (decimals := profile.elements[element].coarse) is not None
                },
            )
        return self._by_profile[name]


def _sealed(
    event: dict[str, Any], paths: list[Path], keys: EventKeys
) -> tuple[dict[str, Any], list[SealedField]]:
    fields: list[SealedField] = []
    numbers = {path: number for number, path in enumerate(paths)}

    def seal(path: Path, name: str, value: Any) -> str:
        number = numbers[path]
        secret = keys.secrets[number]
        disclosure = make_disclosure(field_salt(secret), name, value)
        digest = disclosure.digest
        fields.append(_boxed(keys.id, number, secret, path, disclosure.text, digest))
        return digest

    return seal_event(event, paths, seal), fields


def _boxed(key: bytes, number: int, secret: bytes, path: Path, text: str, digest: str) -> SealedField:
    bound_to = urlsafe_b64decode(digest + "=")
    return SealedField(key, number, bound_to, field_box(secret, _encode([show_path(path), text]), bound_to))


def _member(event: dict[str, Any], path: Path) -> Any:
    value: Any = event
    for step in path:
        value = value[step]
    return value


def _with_coarse(event: dict[str, Any], path: Path, decimals: int, must: bool) -> dict[str, Any]:
    """A copy with the rounded place beside the exact one, unless the maker gave one.

    What cannot be read as a place is left alone, or where it `must` be one, refused.
    """
    try:
        value = coarse(_member(event, path), decimals)
    except InvalidInput as error:
        if not must:
            return event
        raise error.under(show_path(path)) from None

    def beside(holder: Any, way: Path) -> Any:
        copy: Any = list(holder) if type(holder) is list else dict(holder)
        if len(way) == 1:
            copy.setdefault(coarse_name(str(way[0])), value)
        else:
            copy[way[0]] = beside(copy[way[0]], way[1:])
        return copy

    return beside(event, path)  # type: ignore[no-any-return]


def keep_disclosures(
    workspace: Workspace, events: Sequence[dict[str, Any]], disclosures: Sequence[str]
) -> list[list[SealedField]]:
    """For events that were sealed and signed elsewhere: what is kept of their disclosures, by event.

    Raises InvalidInput when one belongs to none of the events, or opens one into what is no valid EPCIS.
    """
    parsed = [parse_disclosure(text, f"$.disclosures[{at}]") for at, text in enumerate(disclosures)]
    by_digest = {disclosure.digest: disclosure for disclosure in parsed}
    unused = set(by_digest)
    kept: list[list[SealedField]] = []
    for number, event in enumerate(events):
        try:
            texts = belonging(event, by_digest)
            opened = open_event(event, texts)
            if texts:
                validate_event(opened.event)
        except InvalidInput as error:
            # What a job says is stored, and what was refused may be a value.
            raise InvalidInput(error.reason.partition(", got ")[0], f"$.events[{number}]") from None
        unused -= set(map(digest_of, texts))
        kept.append(_kept(workspace, event, opened.disclosed) if texts else [])
    if unused:
        at = min(disclosures.index(by_digest[digest].text) for digest in unused)
        raise InvalidInput("belongs to none of the events", f"$.disclosures[{at}]")
    return kept


def _kept(workspace: Workspace, event: dict[str, Any], disclosed: Sequence[Disclosed]) -> list[SealedField]:
    text = canonical([event, [one.text for one in disclosed]])
    (keys,) = workspace.sealing_keys.of_events([(text, len(disclosed))])
    return [
        _boxed(keys.id, number, secret, one.path, one.text, digest_of(one.text))
        for number, (secret, one) in enumerate(zip(keys.secrets, disclosed, strict=True))
    ]
