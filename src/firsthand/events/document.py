"""Reading EPCIS JSON: a document, a query document, a bare event, a list of events, or one event a line.

Every event that comes out stands alone: where the document's `@context` declares extension prefixes and
the event has none of its own, it carries the document's. So its meaning and its event hash ID go with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events.json_text import Elements, decode
from firsthand.events.validation import validate_document

__all__ = ["EventReader", "read_document", "stand_alone"]

_LARGE: Final = 16_000_000
"""From so many bytes on, a text is read event by event."""

_SPLIT_KEY: Final = b"eventList"

Open = Callable[[], Iterable[bytes]]


def read_document(text: bytes) -> tuple[dict[str, Any], list[Any]]:
    """A document as it is, and its events as they stand in it, neither validated.

    The document of a bare event or a list is empty. Raises UnreadableInput when it is not JSON, InvalidInput
    with the path when it is a document without events.
    """
    value = decode(text)
    if type(value) is list:
        return {}, value
    events = _event_list(value)
    return (value, events) if events is not None else ({}, [value])


class EventReader:
    """The events of a text of any size, each standing alone, in bounded memory; iterate it once.

    `open_text` gives the text's bytes in pieces, from the start, each time it is called (a large document
    is read twice: first for all but its events). Events are validated by whoever records them, the
    document around them here. Raises UnreadableInput or InvalidInput with the path.
    """

    def __init__(self, open_text: Open) -> None:
        self._open_text = open_text
        self._path = "$"
        self._first = 0

    def where(self, number: int) -> str:
        """The path of the event of that number (from 0), as far as the reader has come."""
        return self._path.format(number + self._first)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        head = self._head()
        return self._large() if len(head) > _LARGE else self._small(head)

    def _head(self) -> bytes:
        """The whole of a small text, or enough of a large one to tell its form."""
        head = bytearray()
        for piece in self._open_text():
            head += piece
            if len(head) > _LARGE:
                break
        return bytes(head)

    def is_large(self) -> bool:
        """Whether the text is read event by event, and so worth sharing out by `texts`."""
        return len(self._head()) > _LARGE

    def texts(self, size: int) -> Iterator[tuple[list[bytes], Any, int, str]]:
        """The events of a large text undecoded, `size` at a time, for others to decode.

        With each: the document's context, the number of the first, and the path to be formatted with it.
        """
        context, texts = self._large_texts()
        first = self._first
        while batch := list(islice(texts, size)):
            yield batch, context, first, self._path
            first += len(batch)

    def _small(self, text: bytes) -> Iterator[dict[str, Any]]:
        try:
            value = decode(text)
        except UnreadableInput:
            lines = text.split(b"\n")
            if len(lines) < 2 or not lines[0].rstrip().endswith(b"}"):
                raise
            yield from self._lines(iter(lines))
            return
        if type(value) is list:
            self._path = "$[{}]"
            yield from value
            return
        if _event_list(value) is None:
            validate_document(value)
            yield value
            return
        body, path, events = _take_events(value)
        _validate(value)
        body["eventList"] = events
        self._path = path
        for event in events:
            yield stand_alone(event, value.get("@context"))

    def _large(self) -> Iterator[dict[str, Any]]:
        context, texts = self._large_texts()
        for number, text in enumerate(texts):
            yield stand_alone(decode(text, self.where(number)), context)

    def _large_texts(self) -> tuple[Any, Iterator[bytes]]:
        """The context of the document around the events, and each event's text."""
        head = self._head().removeprefix(b"\xef\xbb\xbf").lstrip()
        elements = Elements(self._open_text())
        if head[:1] == b"[":
            self._path = "$[{}]"
            return None, self._list_texts(elements)
        line, _, more = head.partition(b"\n")
        if line.rstrip().endswith(b"}") and more.lstrip()[:1] == b"{":
            self._path, self._first = "line {}: $", 1
            return None, filter(bytes.strip, _split_lines(self._open_text()))
        before = elements.until_list(_SPLIT_KEY)
        for _ in elements.values(b"]"):
            pass
        document = decode(before + b"]" + elements.rest())
        if _event_list(document) is None:
            raise InvalidInput("the document's events are not where EPCIS has them", "$.epcisBody.eventList")
        _, self._path, _ = _take_events(document)
        _validate(document)
        elements = Elements(self._open_text())
        elements.until_list(_SPLIT_KEY)
        return document.get("@context"), elements.values(b"]")

    def _list_texts(self, elements: Elements) -> Iterator[bytes]:
        elements.open_list()
        yield from elements.values(b"]")
        rest = elements.rest().strip()
        if rest:
            raise UnreadableInput(f"the text goes on after its list: {rest[:20].decode(errors='replace')!r}")

    def _lines(self, lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
        self._path, self._first = "line {}: $", 1
        number = 0
        for line in lines:
            if line.strip():
                yield decode(line, self.where(number))
                number += 1


def _take_events(document: dict[str, Any]) -> tuple[dict[str, Any], str, list[Any]]:
    """Take the events out of a document, to validate it without them; and their path, to be formatted."""
    body = document["epcisBody"]
    path = "$.epcisBody.eventList[{}]"
    if "queryResults" in body:
        body = body["queryResults"]["resultsBody"]
        path = "$.epcisBody.queryResults.resultsBody.eventList[{}]"
    events = body["eventList"]
    body["eventList"] = []
    return body, path, events


def _validate(document: dict[str, Any]) -> None:
    """The document around the events, also in what the JSON schema does not say: EPCIS has JSON since 2.0."""
    validate_document(document)
    version = document.get("schemaVersion", "2.0")
    if version.partition(".")[0] != "2":
        raise InvalidInput(
            f"expected a version of EPCIS 2, such as 2.0, got {version[:40]!r}", "$.schemaVersion"
        )


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    held = b""
    for piece in pieces:
        *whole, held = (held + piece).split(b"\n")
        yield from whole
    yield held


def _event_list(value: Any) -> list[dict[str, Any]] | None:
    """A document's list of events, or None when the value is not a document that has one."""
    if type(value) is not dict or value.get("type") not in ("EPCISDocument", "EPCISQueryDocument"):
        return None
    body = value.get("epcisBody")
    if type(body) is dict and value["type"] == "EPCISQueryDocument":
        results = body.get("queryResults")
        body = results.get("resultsBody") if type(results) is dict else None
    events = body.get("eventList") if type(body) is dict else None
    if type(events) is not list:
        validate_document(value)
        raise InvalidInput("is missing", "$.epcisBody.eventList")
    return events


def stand_alone(event: Any, context: Any) -> Any:
    """The event with the document's context where it needs that to be understood outside of it."""
    if type(event) is not dict or "@context" in event or not _declares_prefixes(context):
        return event
    return {"@context": context, **event}


def _declares_prefixes(context: Any) -> bool:
    return type(context) is dict or (type(context) is list and any(type(part) is dict for part in context))
