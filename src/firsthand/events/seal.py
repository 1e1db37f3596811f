"""Sealing: members of an event taken out of it, a salted digest of each left in their place.

The digests stand under `fh:sealed` in the object that had the member, in ascending order, so that their
order tells nothing (RFC 9901 §4.2.4.1 with another name: EPCIS's schema refuses a bare `_sd`). Which digest
it is comes from whoever seals, as this room is pure; `proof.disclosure` is the reading half.

A path names a member: `$.fh:pickerWage`, `$.ilmd.fh:plot`, `$.sensorElementList[*].sensorReport[0].value`,
or in brackets (RFC 9535 §2.3.1) where the name has other characters: `$['https://ns.example/x']`. The
leading `$.` may be left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.validation import validate_event

__all__ = [
    "NAMESPACE",
    "NEVER_SEALED",
    "SEALED",
    "Path",
    "Pattern",
    "find_members",
    "named_members",
    "parse_path",
    "seal_event",
    "show_path",
]

NAMESPACE: Final = "https://firsthand.example/ns/"
"""The namespace of extension fields; every event that carries one declares it in its `@context`."""

SEALED: Final = "fh:sealed"
"""The member that holds the digests."""

NEVER_SEALED: Final = frozenset(("@context", "eventID", "errorDeclaration", SEALED))
"""What names an event, corrects one or gives its words their meaning stays in the open."""

_EPCIS_CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

Path = tuple[str | int, ...]
"""The way to one member: names, and places in lists from 0."""

Pattern = tuple[str | int | None, ...]
"""A path, None standing for every place of a list (`[*]`)."""

_PLAIN: Final = re.compile(r"[A-Za-z_@][A-Za-z0-9_:-]*")
_STEP: Final = re.compile(r"\.([^.\[\]'\"]+)|\[(\d{1,9})\]|\[(\*)\]|\['([^']+)'\]|\[\"([^\"]+)\"\]")
_VALUES: Final = "sensorReport"


def parse_path(text: str) -> Pattern:
    """Read a path. Raises InvalidInput when it is none, or names the whole event."""
    rest = text[1:] if text.startswith("$") else text if text.startswith("[") else f".{text}"
    steps: list[str | int | None] = []
    at = 0
    while at < len(rest):
        found = _STEP.match(rest, at)
        if found is None:
            break
        name, place, every, single, double = found.groups()
        steps.append(int(place) if place else None if every else name or single or double)
        at = found.end()
    if not steps or at < len(rest) or not isinstance(steps[-1], str):
        raise InvalidInput(
            f"{text!r} names no member; expected a path such as $.fh:pickerWage or $.ilmd.fh:plot"
        )
    return tuple(steps)


def show_path(path: Pattern) -> str:
    """The path as text; the inverse of `parse_path`."""
    shown = "$"
    for step in path:
        if type(step) is not str:
            shown += "[*]" if step is None else f"[{step}]"
        elif _PLAIN.fullmatch(step):
            shown += f".{step}"
        else:
            shown += f'["{step}"]' if "'" in step else f"['{step}']"
    return shown


def find_members(event: dict[str, Any], pattern: Pattern) -> list[Path]:
    """The members of an event that a pattern names; none where it does not lead to one."""
    found: list[tuple[Any, Path]] = [(event, ())]
    for step in pattern:
        below: list[tuple[Any, Path]] = []
        for value, path in found:
            if isinstance(step, str):
                if type(value) is dict and step in value:
                    below.append((value[step], (*path, step)))
            elif type(value) is list:
                places = range(len(value)) if step is None else range(len(value))[step : step + 1]
                below += [(value[place], (*path, place)) for place in places]
        found = below
    return [path for _, path in found]


def named_members(event: dict[str, Any], names: frozenset[str]) -> list[Path]:
    """Every member with one of these names, wherever it stands, and not inside another such one.

    A sensor report whose `type` is such a name gives up its other members, as `type` must stay.
    """
    return list(_named(event, names, ()))


def _named(value: Any, names: frozenset[str], at: Path) -> Iterator[Path]:
    if type(value) is list:
        for place, item in enumerate(value):
            if type(item) is dict or type(item) is list:
                yield from _named(item, names, (*at, place))
        return
    measured = len(at) > 1 and at[-2] == _VALUES and value.get("type") in names
    for name, item in value.items():
        if name in names or (measured and name not in ("type", SEALED)):
            yield (*at, name)
        elif (type(item) is dict or type(item) is list) and name != "@context":
            yield from _named(item, names, (*at, name))


Seal = Callable[[Path, str, Any], str]
"""Gives the digest of the member with this path, name and value, and keeps what is needed to open it."""


def seal_event(event: dict[str, Any], paths: Sequence[Path], seal: Seal) -> dict[str, Any]:
    """A copy of a valid event with these members sealed; it declares the prefix `fh` and is valid again.

    A path inside another one is sealed first. Raises InvalidInput naming the member that cannot be sealed:
    one that EPCIS requires, one that must stay open, an element of a list.
    """
    for path in paths:
        _require_member(path)
    sealed: dict[str, Any] = _sealed(event, sorted(set(paths), key=repr), (), seal)
    try:
        validate_event(sealed)
    except InvalidInput as error:
        _blame(event, paths, error)
    context = event.get("@context")
    return {**sealed, "@context": _declared(context)}


def _sealed(value: Any, below: Iterable[Path], at: Path, seal: Seal) -> Any:
    copy: Any = list(value) if type(value) is list else dict(value)
    groups: dict[str | int, list[Path]] = {}
    for path in below:
        groups.setdefault(path[0], []).append(path[1:])
    digests: list[str] = []
    for step, rests in groups.items():
        path = (*at, step)
        inner = [rest for rest in rests if rest]
        member = _sealed(value[step], inner, path, seal) if inner else value[step]
        if len(inner) < len(rests):
            digests.append(seal(path, str(step), member))
            del copy[step]
        else:
            copy[step] = member
    if digests:
        copy[SEALED] = sorted([*copy.get(SEALED, ()), *digests])
    return copy


def _require_member(path: Path) -> None:
    if type(path[-1]) is not str:
        raise InvalidInput("an element of a list cannot be sealed; seal the list", show_path(path))
    if path[-1] in NEVER_SEALED or "@context" in path:
        raise InvalidInput("cannot be sealed: it must stay in the open", show_path(path))


def _blame(event: dict[str, Any], paths: Sequence[Path], error: InvalidInput) -> None:
    """Name the member without which the event is no valid EPCIS. Always raises."""
    reason, culprit = error, paths[0]
    for path in paths:
        try:
            validate_event(_sealed(event, [path], (), lambda *_: ""))
        except InvalidInput as alone:
            reason, culprit = alone, path
            break
    raise InvalidInput(
        f"cannot be sealed: EPCIS would not accept the event ({reason}); "
        "seal a member around it, or leave it open",
        show_path(culprit),
    )


def _declared(context: Any) -> Any:
    """The context with the prefix `fh` for our namespace. Raises InvalidInput where it is another's."""
    parts = context if type(context) is list else [_EPCIS_CONTEXT if context is None else context]
    known = [part["fh"] for part in parts if type(part) is dict and "fh" in part]
    if not known:
        return [*parts, {"fh": NAMESPACE}]
    term = known[-1]
    if (term.get("@id") if type(term) is dict else term) != NAMESPACE:
        raise InvalidInput(
            f"the prefix fh stands for {term}, not {NAMESPACE}: nothing can be sealed", "$.@context"
        )
    return context
