"""The parts that validation is built of: checkers of one value, of lists and of objects.

A checker takes a value and returns None, or a `Problem` whose path grows on the way back up: so a yes,
which is nearly every answer, builds no path.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from firsthand.events.formats import is_date_time, is_uri

__all__ = [
    "Checker",
    "Problem",
    "boolean",
    "date_time",
    "expected",
    "extension_name",
    "list_of",
    "no_name",
    "number",
    "object_of",
    "pattern",
    "string",
    "uri",
    "word",
]


class Problem:
    """Why a value is refused, and where inside it (innermost first)."""

    __slots__ = ("path", "reason")

    def __init__(self, reason: str, *path: str) -> None:
        self.reason = reason
        self.path = list(path)

    def under(self, step: str) -> Problem:
        self.path.append(step)
        return self


Checker = Callable[[Any], Problem | None]


def expected(what: str, value: object) -> Problem:
    shown = (
        msgspec.json.encode(value).decode() if isinstance(value, (str, int, float, bool)) else kind_of(value)
    )
    return Problem(f"expected {what}, got {shown if len(shown) <= 80 else shown[:77] + '...'}")


def kind_of(value: object) -> str:
    if type(value) is dict:
        return "an object"
    return "a list" if type(value) is list else "null"


def uri(value: Any) -> Problem | None:
    if type(value) is str and is_uri(value):
        return None
    return expected("a URI", value)


def date_time(value: Any) -> Problem | None:
    if type(value) is str and is_date_time(value):
        return None
    return expected("a date and time with its zone, such as 2026-03-01T09:30:00+03:00", value)


def number(value: Any) -> Problem | None:
    kind = type(value)
    return None if kind is int or kind is float else expected("a number", value)


def string(value: Any) -> Problem | None:
    return None if type(value) is str else expected("a string", value)


def boolean(value: Any) -> Problem | None:
    return None if type(value) is bool else expected("true or false", value)


def pattern(pattern: str, what: str) -> Checker:
    match = re.compile(pattern).fullmatch

    def check(value: Any) -> Problem | None:
        return None if type(value) is str and match(value) else expected(what, value)

    return check


def word(words: frozenset[str], what: str, not_from: tuple[str, ...]) -> Checker:
    """One of the bare words, or a URI that is not a long form of such a word."""

    def check(value: Any) -> Problem | None:
        if type(value) is str and (value in words or (is_uri(value) and not value.startswith(not_from))):
            return None
        return expected(f"{what}: a word of the vocabulary, or a URI of another one", value)

    return check


class _Accepted(set[str]):
    """Strings that a checker has said yes to: words, places and parties recur, and need no second look.

    They are strangers' strings, so long ones are left out, and all are forgotten when they are many.
    """

    __slots__ = ()

    def learn(self, text: str) -> None:
        if len(text) <= _LONGEST:
            if len(self) >= _MOST:
                self.clear()
            self.add(text)


_MOST: Final = 4096
_LONGEST: Final = 128
_MOST_KEY_SETS: Final = 256
_LONGEST_KEY_SET: Final = 1024
_ACCEPTED: Final[defaultdict[Checker, _Accepted]] = defaultdict(_Accepted)


def list_of(item: Checker, least: int = 0, unique: bool = False) -> Checker:
    accepted = _ACCEPTED[item]

    def check(value: Any) -> Problem | None:
        if type(value) is not list:
            return expected("a list", value)
        if len(value) < least:
            return Problem(f"expected at least {least} element, got none")
        for number, element in enumerate(value):
            if type(element) is str and element in accepted:
                continue
            problem = item(element)
            if problem is not None:
                return problem.under(f"[{number}]")
            if type(element) is str:
                accepted.learn(element)
        if unique and len(value) > 1 and _repeats(value):
            return Problem("the elements must differ from each other")
        return None

    return check


def _repeats(values: list[Any]) -> bool:
    kinds = set(map(type, values))
    if len(kinds) == len(values):
        return False  # such as a context of a URL and an object
    alike = values if kinds == {str} else [msgspec.json.encode(value, order="sorted") for value in values]
    return len(set(alike)) < len(values)


def object_of(
    fields: Mapping[str, Checker], required: Iterable[str] = (), others: Checker | None = None
) -> Checker:
    """An object: known members by their checkers, other names by `others` (None: any name)."""
    needed = tuple(required)
    # By the keys of an object that was accepted, the members to look into: the keys are known to be right.
    members: dict[tuple[str, ...], list[tuple[str, Checker, _Accepted]]] = {}

    def check(value: Any) -> Problem | None:
        if type(value) is not dict:
            return expected("an object", value)
        names = tuple(value)
        known = members.get(names)
        if known is None:
            return first(value, names)
        for name, field, accepted in known:
            member = value[name]
            if type(member) is str and member in accepted:
                continue
            problem = field(member)
            if problem is not None:
                return problem.under(f".{name}")
            if type(member) is str:
                accepted.learn(member)
        return None

    def first(value: dict[str, Any], names: tuple[str, ...]) -> Problem | None:
        for name, member in value.items():
            field = fields.get(name)
            problem = field(member) if field is not None else others(name) if others is not None else None
            if problem is not None:
                return problem.under(f".{name}")
        for name in needed:
            if name not in value:
                return Problem("is missing", f".{name}")
        if len("".join(names)) <= _LONGEST_KEY_SET:
            if len(members) >= _MOST_KEY_SETS:
                members.clear()
            members[names] = [
                (name, fields[name], _ACCEPTED[fields[name]]) for name in names if name in fields
            ]
        return None

    return check


def extension_name(name: str) -> Problem | None:
    return None if is_uri(name) else Problem("unknown field; an extension is named prefix:field or by a URI")


def no_name(name: str) -> Problem | None:
    return Problem("unknown field; extensions are not allowed here")
