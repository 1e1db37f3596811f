"""What a document's `@context` says about the names in its events, and what was made of them before.

Documents of one source declare the same prefixes, and their events repeat the same words, places, parties
and key sets: what these become in a pre-hash string is remembered under the prefixes that were declared.
All of it is bounded, as strangers write the strings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.normal_form import EPCIS_PREFIXES, Prefixes, full_name, kind_of, string

__all__ = ["EPCIS_CONTEXT", "HashContext", "Memo", "Names"]

_URI_SCHEMES: Final = frozenset({"urn", "http", "https"})
# A repository's list of the fields it added, under the namespace that the published vectors use.
_IGNORE_FIELDS: Final = "{https://repository-x.example.com/}ignoreFields"
_COMMENTS: Final = frozenset({"comment", "{http://www.w3.org/2000/01/rdf-schema#}comment"})

# What is remembered, so that strangers' strings cannot fill the memory: some MB for each of so many contexts.
_CONTEXTS: Final = 16
_PREFIXES: Final = 64
_LONGEST_PREFIX: Final = 128
_ROOM: Final = 1_000_000
_LONGEST: Final = 1024
_ANSWER: Final = 64
"""An answer takes room for so many characters besides those of its question."""

Function = Callable[[Any, "Names"], Any]
"""Of a string, or of a tuple of strings."""


class Names(dict[Function, "Memo"]):
    """The declared prefixes, and for each function a table of its answers under them.

    With `learns` false nothing is remembered.
    """

    __slots__ = ("extensions", "full", "longest", "prefixes", "room")

    def __init__(self, prefixes: Prefixes, learns: bool = True) -> None:
        super().__init__()
        self.prefixes = prefixes
        self.room = _ROOM
        self.longest = _LONGEST if learns else -1
        self.full = self[_full_name]
        """By an extension's key, its full name, or None where it is no content."""
        self.extensions = self[_extension]
        """By an extension's key, by a string: how it stands in the pre-hash string."""

    def __missing__(self, function: Function) -> Memo:
        memo = self[function] = Memo(function, self)
        return memo

    def forget(self) -> None:
        """Make room."""
        for memo in list(self.values()):
            memo.clear()
        self.room = _ROOM


class Memo(dict[Any, Any]):
    """A function as a table of its answers: a known one costs no call. What it raises, the table raises."""

    __slots__ = ("_function", "_names")

    def __init__(self, function: Function, names: Names) -> None:
        super().__init__()
        self._function = function
        self._names = names

    def __missing__(self, question: Any) -> Any:
        names = self._names
        answer = self._function(question, names)
        length = len(question) if type(question) is str else len("".join(question))
        if length <= names.longest:
            names.room -= length + _ANSWER
            if names.room < 0:
                names.forget()
            self[question] = answer
        return answer


def _full_name(key: str, names: Names) -> str | None:
    name = full_name(key, names.prefixes)
    return None if name in _COMMENTS else name


def _extension(key: str, names: Names) -> Memo:
    name = names.full[key]

    def render(value: str, names: Names) -> str:
        text = string(value, names.prefixes)
        return f"{name}={text}" if text else name

    return Memo(_nothing if name is None else render, names)


def _nothing(value: str, names: Names) -> str:
    return ""


def _names(prefixes: dict[str, str]) -> Names:
    """Those of an earlier document with the same prefixes, with all that they have learnt.

    Where prefixes are very many or very long, so would be the answers.
    """
    if len(prefixes) > _PREFIXES or any(
        len(prefix + name) > _LONGEST_PREFIX for prefix, name in prefixes.items()
    ):
        return Names(prefixes, learns=False)
    return _known_names(tuple(prefixes.items()))


@lru_cache(maxsize=_CONTEXTS)
def _known_names(prefixes: tuple[tuple[str, str], ...]) -> Names:
    return Names(dict(prefixes))


@dataclass(frozen=True, slots=True)
class HashContext:
    """What a document says about the names in its events; build it once for all its events.

    `ignored` names the event fields that stay out of the hash, prefixes resolved. `source` is the very
    context object that this one was made from last: events that carry it need no context of their own.
    """

    names: Names
    ignored: frozenset[str] = frozenset()
    source: object = None

    @classmethod
    def of(cls, context: object) -> HashContext:
        """From a JSON-LD `@context`: a URL, a map, or a list of both. Raises InvalidInput."""
        return EPCIS_CONTEXT.extended(context)

    @classmethod
    def of_document(cls, document: Mapping[str, object]) -> HashContext:
        """From a whole EPCISDocument or EPCISQueryDocument, its `ignoreFields` included."""
        context = cls.of(document.get("@context", ()))
        body = document.get("epcisBody")
        results = body.get("queryResults") if isinstance(body, dict) else None
        for key, names in (results if isinstance(results, dict) else document).items():
            if full_name(key, context.names.prefixes) == _IGNORE_FIELDS and isinstance(names, list):
                known = (full_name(name, context.names.prefixes) for name in names if isinstance(name, str))
                return cls(context.names, frozenset(known))
        return context

    def extended(self, context: object) -> HashContext:
        """With a further `@context`, whose prefixes win. URLs are not fetched: EPCIS's own is known."""
        prefixes = dict(self.names.prefixes)
        for part in context if isinstance(context, (list, tuple)) else (context,):
            if isinstance(part, dict):
                for prefix, term in part.items():
                    namespace = term.get("@id") if isinstance(term, dict) else term
                    if isinstance(namespace, str) and prefix[:1] != "@" and prefix not in _URI_SCHEMES:
                        prefixes[prefix] = f"{{{namespace}}}"
            elif not isinstance(part, str):
                raise InvalidInput(
                    f"a JSON-LD context is a URL, a map or a list of both, got {kind_of(part)}", "$.@context"
                )
        return HashContext(_names(prefixes), self.ignored, context)


EPCIS_CONTEXT: Final = HashContext(Names({prefix: f"{{{iri}}}" for prefix, iri in EPCIS_PREFIXES.items()}))
