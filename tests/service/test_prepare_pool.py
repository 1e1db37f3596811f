"""Preparing in other processes: the same rows, the same errors, whatever the form of the text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events import document as document_module
from firsthand.events.document import EventReader
from firsthand.service.capture import prepare, rows_of
from firsthand.service.prepare_pool import PreparePool, prepare_pool
from tests.made import event

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
EVENTS = [event(number, **{"fh:n": number}) for number in range(50)]


@pytest.fixture(scope="module")
def pool() -> Iterator[PreparePool]:
    with prepare_pool() as pool:
        yield pool


def document(events: list[dict[str, Any]]) -> bytes:
    head = {"@context": CONTEXT, "type": "EPCISDocument", "schemaVersion": "2.0"}
    return json.dumps(
        {**head, "creationDate": "2026-01-01T00:00:00Z", "epcisBody": {"eventList": events}}
    ).encode()


def forms(events: list[dict[str, Any]]) -> dict[str, bytes]:
    lines = "\n".join(json.dumps(item) for item in events)
    return {"document": document(events), "list": json.dumps(events).encode(), "lines": lines.encode()}


@pytest.mark.parametrize("form", ["document", "list", "lines"])
def test_the_same_rows_as_alone(pool: PreparePool, form: str) -> None:
    text = forms(EVENTS)[form]
    alone = EventReader(lambda: [text])
    expected = list(rows_of(alone, alone.where))
    with patch.object(document_module, "_LARGE", 300):
        reader = EventReader(lambda: [text[at : at + 100] for at in range(0, len(text), 100)])
        assert reader.is_large()
        assert list(pool.rows(reader, size=7)) == expected


@pytest.mark.parametrize(
    ("form", "path"),
    [
        ("document", "$.epcisBody.eventList[33].action"),
        ("list", "$[33].action"),
        ("lines", "line 34: $.action"),
    ],
)
def test_the_first_wrong_event_is_named(pool: PreparePool, form: str, path: str) -> None:
    wrong = [{**item, "action": "SEE"} if number in (33, 40) else item for number, item in enumerate(EVENTS)]
    text = forms(wrong)[form]
    with patch.object(document_module, "_LARGE", 300), pytest.raises(InvalidInput) as error:
        list(pool.rows(EventReader(lambda: [text]), size=7))
    assert error.value.path == path


def test_captures_in_order_and_errors_of_their_kind(pool: PreparePool) -> None:
    texts = [document(EVENTS[number : number + 3]) for number in range(20)]
    roots = [prepared.root for prepared in pool.captures(texts)]
    assert roots == [prepare(EventReader(lambda text=text: [text])).root for text in texts]  # type: ignore[misc]
    with pytest.raises(UnreadableInput, match="line 1, column"):
        list(pool.captures([texts[0], texts[1][:-5]]))
