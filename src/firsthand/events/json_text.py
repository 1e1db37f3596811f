"""Reading JSON from strangers: one value, decoded strictly, or the elements of a text too large to hold.

What plain decoders let pass is refused here: doubled keys, numbers that a double cannot carry, deep
nesting, lone surrogates. The fast path leaves all of that to msgspec: a type that bounds integers and
depth, and the value written again, which has fewer colons than the text if a key was dropped. Where
either says no, the value is walked and the keys are counted to find out what is wrong, if anything.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Annotated, Any, Final

import msgspec

from firsthand.errors import InvalidInput, UnreadableInput

__all__ = ["MAX_DEPTH", "MAX_ELEMENT", "MAX_VALUE", "Elements", "decode"]

MAX_DEPTH: Final = 100
"""Objects and lists within each other; no EPCIS document comes near."""

MAX_VALUE: Final = 64_000_000
"""Bytes of one value that is decoded whole."""

MAX_ELEMENT: Final = 16_000_000
"""Bytes of one element of a text that is read element by element."""

_LARGEST: Final = 2**53 - 1
_USUAL_DEPTH: Final = 12
"""Master data in a document's header is so deep, and no event is deeper."""


@cache
def _usual() -> msgspec.json.Decoder[Any]:
    """Of JSON of the usual depth, with exact integers and without lists directly within lists.

    Each level takes half as many types again as the one below, some milliseconds in all: only who reads
    events pays them.
    """
    scalar = Annotated[int, msgspec.Meta(ge=-_LARGEST, le=_LARGEST)] | float | str | bool | None
    element: Any = scalar  # of a list, one level lower
    below: Any = scalar
    value: Any = scalar | dict[str, scalar] | list[scalar]
    for _ in range(_USUAL_DEPTH - 1):
        element, below = scalar | dict[str, below], value
        value = scalar | dict[str, below] | list[element]
    return msgspec.json.Decoder(value)


_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.Encoder().encode
_BOM: Final = b"\xef\xbb\xbf"

_ESCAPED_COLON: Final = re.compile(rb"\\u003[aA]")
# A string, with the colon behind it if it is a key.
_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)
# A whole string, a bracket, or the quote of a string that is not closed yet.
_TOKEN: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]"]', re.DOTALL)
_BLANK: Final = b" \t\r\n"
_BLANKS: Final = 64
"""Blanks and line ends around a colon: more of them only where the text ends."""


def decode(text: bytes, path: str = "$") -> Any:
    """The value of a JSON text.

    Raises UnreadableInput with line and column when it is not JSON in UTF-8, InvalidInput with the path
    when it nests too deeply, doubles a key, or holds a number that no IEEE 754 double carries.
    """
    text = text.removeprefix(_BOM)
    if len(text) > MAX_VALUE:
        raise UnreadableInput(f"one JSON value may have {MAX_VALUE} bytes, this one has {len(text)}", path)
    try:
        value = _usual().decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _decode_unusual(text, path)
    # Written again, a string has the colons that it had, unless one was escaped; a dropped key has none.
    if text.count(b":") != _encode(value).count(b":") or (b"\\" in text and _ESCAPED_COLON.search(text)):
        return _decode_unusual(text, path)
    return value


def _decode_unusual(text: bytes, path: str) -> Any:
    """As `decode`, for any text, with a walk through the value and a count of the keys in the text."""
    try:
        value = _decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(_explain(text, error), path) from None
    if _check(value, path) != sum(map(bool, _STRING.findall(text))):
        _find_doubled(text, path)
    return value


def _check(value: Any, path: str) -> int:
    """The number of keys in a value. Raises InvalidInput for depth or a number out of range."""
    keys = 0
    level = [value]
    for _ in range(MAX_DEPTH):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is dict:
                keys += len(item)
                below += item.values()
            elif kind is list:
                below += item
            elif kind is int and not -_LARGEST <= item <= _LARGEST:
                raise InvalidInput(
                    f"the integer {str(item)[:40]} is beyond 2^53 - 1", _path_to(value, item, path)
                )
        if not below:
            return keys
        level = below
    raise InvalidInput(f"nested more than {MAX_DEPTH} deep", path)


def _path_to(value: Any, wanted: Any, path: str) -> str:
    """The path of the very object `wanted` inside a value that is not too deep."""
    stack = [(value, path)]
    while stack:
        item, where = stack.pop()
        if item is wanted:
            return where
        if type(item) is dict:
            stack += [(member, f"{where}.{name}") for name, member in item.items()]
        elif type(item) is list:
            stack += [(member, f"{where}[{number}]") for number, member in enumerate(item)]
    return path


def _find_doubled(text: bytes, path: str) -> None:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        seen: dict[str, Any] = {}
        for name, member in items:
            if name in seen:
                raise InvalidInput(f"the key {name!r} stands twice in one object", path)
            seen[name] = member
        return seen

    json.loads(text, object_pairs_hook=pairs)


def _explain(text: bytes, error: Exception) -> str:
    """Where the text stops being JSON: line and column, from the decoder that counts them."""
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 at byte {error.start}"
    if isinstance(error, RecursionError):
        return f"nested more than {MAX_DEPTH} deep"
    try:
        json.loads(text)
    except UnicodeDecodeError as other:
        return f"not UTF-8 at byte {other.start}"
    except RecursionError:
        return f"nested more than {MAX_DEPTH} deep"
    except json.JSONDecodeError as other:
        return f"not JSON: {other.msg} at line {other.lineno}, column {other.colno}"
    # The standard library lets pass what JSON does not have.
    if isinstance(error, msgspec.ValidationError):
        return f"a number is beyond what JSON can carry: {error}"
    return f"not JSON: NaN, Infinity or a lone surrogate ({error})"


class Elements:
    """Splits a large text into JSON values, holding one of them at a time.

    `values` yields what follows, at the top or within a list whose bracket was just passed. Only brackets
    and strings are looked at here; each value is decoded by whoever takes it.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._held = b""
        self._first = True

    def _more(self) -> bool:
        """Take in the next piece of the text, the first one without its byte order mark."""
        for chunk in self._chunks:
            self._held += chunk
            if len(self._held) > MAX_ELEMENT:
                raise UnreadableInput(f"one JSON value may have {MAX_ELEMENT} bytes; this one is larger")
            if self._first:
                if len(self._held) < len(_BOM):
                    continue
                self._held = self._held.removeprefix(_BOM)
                self._first = False
            return True
        arrived, self._first = self._first and bool(self._held), False
        return arrived

    def values(self, end: bytes = b"") -> Iterator[bytes]:
        """The objects and lists that follow, until the closing `end` (or the end of the text)."""
        while True:
            start = self._skip(_BLANK + (b"," if end else b""))
            if start is None:
                if end:
                    raise UnreadableInput("the text ends inside a list: it was cut short")
                return
            if end and start == end:
                self._held = self._held[1:]
                return
            yield self.one()

    def open_list(self) -> None:
        """Pass over the bracket of a list that begins here."""
        if self._skip(_BLANK) != b"[":
            raise UnreadableInput("expected a list")
        self._held = self._held[1:]

    def _skip(self, blank: bytes) -> bytes | None:
        """Pass over blank bytes; the first other one, or None at the end of the text."""
        while True:
            self._held = self._held.lstrip(blank)
            if self._held:
                return self._held[:1]
            if not self._more():
                return None

    def one(self) -> bytes:
        """The object or list that begins here. Raises UnreadableInput when it is neither or cut short."""
        if self._held[:1] not in (b"{", b"["):
            shown = self._held[:20].decode(errors="replace")
            raise UnreadableInput(f"expected an object or a list, got {shown!r}")
        depth = at = 0
        while True:
            for token in _TOKEN.finditer(self._held, at):
                text = token[0]
                if text == b'"':
                    at = token.start()  # looked at again when more has come
                    break
                at = token.end()
                if text in (b"{", b"["):
                    depth += 1
                elif text in (b"}", b"]"):
                    depth -= 1
                    if not depth:
                        value, self._held = self._held[:at], self._held[at:]
                        return value
            else:
                at = len(self._held)
            if not self._more():
                raise UnreadableInput("the text ends inside a value: it was cut short")

    def until_list(self, name: bytes) -> bytes:
        """The bytes up to and with the bracket that opens the list under this key, which are passed over.

        Raises UnreadableInput when the text has no such list.
        """
        at = 0
        key = b'"' + name + b'"'
        opening = re.compile(rb"\s*:\s*\[")
        while True:
            for token in _TOKEN.finditer(self._held, at):
                # A string that is not closed, or the key with less behind it than blanks may take, waits.
                waits = token[0] == b'"' or (token[0] == key and len(self._held) < token.end() + _BLANKS)
                if waits and self._more():
                    at = token.start()
                    break
                at = token.end()
                match = opening.match(self._held, at) if token[0] == key else None
                if match:
                    head, self._held = self._held[: match.end()], self._held[match.end() :]
                    return head
            else:
                at = len(self._held)
                if not self._more():
                    raise UnreadableInput(
                        f"the text has no list under {name.decode()!r}, or was cut short before it"
                    )

    def rest(self) -> bytes:
        """All that is left."""
        while self._more():
            pass
        held, self._held = self._held, b""
        return held
