"""The sealed values that a workspace holds: opened for whoever owns it, and erased."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from firsthand.errors import NotFound
from firsthand.events.seal import Pattern, parse_path, show_path
from firsthand.identity.sealing_keys import open_box
from firsthand.ledger.sealed_fields import StoredField
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.disclosure import belonging, open_event, parse_disclosure
from firsthand.service.workspace import Workspace

__all__ = ["HeldField", "erase_fields", "erase_party", "held_fields", "opened", "pick", "speaks_for"]


@dataclass(frozen=True, slots=True)
class HeldField:
    """A sealed field whose value can be opened here: where it stood, and its disclosure."""

    stored: StoredField
    path: str
    text: str


def held_fields(workspace: Workspace, number: int) -> list[HeldField]:
    """The sealed fields of the event of this number that can be opened, by their paths.

    What was erased, or whose keys are not here, is left out.
    """
    found: list[HeldField] = []
    for stored in workspace.sealed.of_event(number):
        if stored.erased is None:
            try:
                secret = workspace.sealing_keys.secret(stored.key, stored.field)
            except NotFound:
                continue
            path, text = msgspec.json.decode(open_box(secret, stored.box, stored.digest))
            found.append(HeldField(stored, path, text))
    return sorted(found, key=lambda field: field.path)


def opened(workspace: Workspace, number: int, event: dict[str, Any]) -> dict[str, Any]:
    """The event of this number with every value that can be opened here in its place."""
    by_digest = {
        parsed.digest: parsed
        for parsed in (parse_disclosure(field.text) for field in held_fields(workspace, number))
    }
    # What was sealed inside an erased field cannot be reached, and stays sealed.
    return open_event(event, belonging(event, by_digest)).event


def pick(fields: Sequence[HeldField], paths: Sequence[str]) -> list[HeldField]:
    """Those of the fields that these paths name. Raises NotFound when one names none."""
    chosen: dict[str, HeldField] = {}
    for text in paths:
        pattern = parse_path(text)
        named = [field for field in fields if _fits(parse_path(field.path), pattern)]
        if not named:
            there = ", ".join(field.path for field in fields) or "none that can still be opened"
            raise NotFound(f"the event has no sealed field {show_path(pattern)}; it has {there}")
        chosen.update((field.path, field) for field in named)
    return list(chosen.values())


def _fits(path: Pattern, pattern: Pattern) -> bool:
    return len(path) == len(pattern) and all(
        asked == step or (asked is None and type(step) is int)
        for step, asked in zip(path, pattern, strict=True)
    )


def erase_fields(workspace: Workspace, numbers: Sequence[int], paths: Sequence[str] = ()) -> int:
    """Destroy the keys of these events' sealed fields, or of the named ones; how many there were.

    The events and every proof of them stay as they are. Raises NotFound when there is nothing to erase.
    """
    chosen: list[StoredField] = []
    for number in numbers:
        if paths:
            chosen += [field.stored for field in pick(held_fields(workspace, number), paths)]
        else:
            chosen += [field for field in workspace.sealed.of_event(number) if field.erased is None]
    if not chosen:
        raise NotFound("there is no sealed value to erase")
    _erase(workspace, chosen)
    return len(chosen)


def erase_party(workspace: Workspace, party: str) -> int:
    """Erase every sealed value of the events that a party issued, or that were recorded for it."""
    chosen = [
        field
        for number in events_of(workspace, party)
        for field in workspace.sealed.of_event(number)
        if field.erased is None
    ]
    if not chosen:
        raise NotFound(f"there is no sealed value of {party} to erase")
    _erase(workspace, chosen)
    return len(chosen)


def events_of(workspace: Workspace, party: str) -> Iterator[int]:
    """The events with sealed values that are a party's own."""
    for number in list(workspace.sealed.events_with_values()):
        entry, _, body = workspace.journal.event(number)
        if speaks_for(party, entry.issuer, parse_canonical(body)):
            yield number


def speaks_for(party: str, issuer: str, event: dict[str, Any]) -> bool:
    """Whether an event is this party's: issued by it, recorded on its behalf, or naming it as a maker."""
    makers = event.get("fh:makers", ())
    named = [one.get("fh:party") if type(one) is dict else one for one in makers if type(makers) is list]
    return party in (issuer, event.get("fh:onBehalfOf"), *named)


def _erase(workspace: Workspace, fields: Sequence[StoredField]) -> None:
    by_key: dict[bytes, list[int]] = {}
    for field in fields:
        by_key.setdefault(field.key, []).append(field.field)
    for key, places in by_key.items():
        workspace.sealing_keys.erase(key, places)
    workspace.sealed.mark_erased(fields, workspace.now())
