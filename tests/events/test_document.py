"""Reading EPCIS JSON of every form and size, and refusing what plain decoders let pass."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events import document as document_module
from firsthand.events import json_text
from firsthand.events.document import EventReader, read_document
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.events.json_text import decode
from firsthand.events.validation import validate_event
from tests.made import event

CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
)
KEYS = st.sampled_from(["a", "b", 'a":', '"', "\\", "c:"])
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner), max_leaves=12
)


def read(data: bytes, piece: int = 10**9, large: bool = False) -> list[Any]:
    pieces = [data[at : at + piece] for at in range(0, len(data), piece)]
    with patch.object(document_module, "_LARGE", 300 if large else 10**9):
        return list(EventReader(lambda: pieces))


def document(*events: Any, **more: Any) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
        **more,
    }


EVENTS = [event(number, **{"fh:n": number}) for number in range(5)]
ALONE = [{"@context": CONTEXT, **item} for item in EVENTS]
QUERY = {
    "@context": CONTEXT,
    "type": "EPCISQueryDocument",
    "epcisBody": {"queryResults": {"queryName": "q", "resultsBody": {"eventList": EVENTS}}},
}
FORMS: dict[str, tuple[bytes, list[Any]]] = {
    "document": (json.dumps(document(*EVENTS)).encode(), ALONE),
    "context last": (json.dumps(dict(reversed(document(*EVENTS).items())), indent=2).encode(), ALONE),
    "query document": (json.dumps(QUERY).encode(), ALONE),
    "list": (json.dumps(EVENTS).encode(), EVENTS),
    "lines": ("\n".join(json.dumps(item) for item in EVENTS).encode() + b"\n", EVENTS),
    "byte order mark": (b"\xef\xbb\xbf" + json.dumps(EVENTS).encode(), EVENTS),
    "tricky strings": (
        json.dumps([event(1, **{"fh:x": 'a"]}\\'}), event(2, **{"fh:y": "\\\\"})]).encode(),
        [event(1, **{"fh:x": 'a"]}\\'}), event(2, **{"fh:y": "\\\\"})],
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("piece", [1, 7, 64, 10**6])
def test_every_form_in_pieces_of_every_size_whole_and_streamed(form: str, piece: int) -> None:
    data, expected = FORMS[form]
    assert read(data) == expected
    assert read(data, piece, large=True) == expected


@pytest.mark.parametrize("version", ["2", "2.0", "2.0.1"])
@pytest.mark.parametrize("large", [False, True])
def test_a_document_of_any_version_2_is_read(version: str, large: bool) -> None:
    assert read(json.dumps(document(*EVENTS, schemaVersion=version)).encode(), large=large) == ALONE


def test_a_bare_event_and_its_own_context() -> None:
    bare = {"@context": CONTEXT[0], **event(1)}
    assert read(json.dumps(bare).encode()) == [bare]
    own = {"@context": {"fh": "https://other.example/"}, **event(1)}
    assert read(json.dumps(document(own)).encode()) == [own]


def test_an_event_that_stands_alone_keeps_its_hash(shared: Path) -> None:
    for path in sorted((shared / "epcis" / "hash-vectors").glob("*.jsonld")):
        text, events = read_document(path.read_bytes())
        context = HashContext.of_document(text)
        if context.ignored:
            continue  # a document may leave fields out of the hash; an event alone cannot
        with contextlib.suppress(InvalidInput):
            assert [event_hash_id(item) for item in read(path.read_bytes())] == [
                event_hash_id(item, context) for item in events
            ]


@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize(
    "data",
    [
        json.dumps(document(*EVENTS)).encode()[:-3],
        json.dumps(document(*EVENTS)).encode()[:400],
        json.dumps(EVENTS).encode() + b" x",
        json.dumps(document(*EVENTS, schemaVersion=2)).encode(),
        json.dumps(document(*EVENTS, schemaVersion="1.2")).encode(),
        json.dumps(document(*EVENTS, schemaVersion="20.0")).encode(),
        json.dumps(document(*EVENTS, unknown=1)).encode(),
        json.dumps({**document(), "epcisBody": {"eventList": {}}}).encode(),
        json.dumps(document(*EVENTS)).replace('"fh:n": 3', '"fh:n": 3, "fh:n": 4').encode(),
        json.dumps(document(*EVENTS)).replace('"2.0"', '"2.0", "schemaVersion": "2.0"').encode(),
        json.dumps(document(*EVENTS)).replace('"fh:n": 3', '"fh:n": 1e999').encode(),
        json.dumps(document(*EVENTS)).replace("inspecting", "\\ud800").encode(),
        json.dumps(document(*EVENTS)).encode().replace(b"inspecting", b"\xff"),
    ],
)
def test_bad_texts_are_refused_whole_or_streamed(data: bytes, large: bool) -> None:
    def run() -> None:
        for item in read(data, 50, large=large):
            validate_event(item)

    with pytest.raises(InvalidInput):
        run()


@settings(max_examples=200)
@given(JSON, st.sampled_from([(",", ":"), (", ", ": "), (" ,", " :")]))
def test_a_doubled_key_is_found_among_any_others(value: Any, separators: tuple[str, str]) -> None:
    text = json.dumps(value, separators=separators)
    with pytest.raises(InvalidInput, match="twice"):
        decode(f'[{text},{{"z":1,"y":{text},"z":2}}]'.encode())


@given(JSON)
def test_no_false_alarm_about_keys(value: Any) -> None:
    assert decode(json.dumps(value).encode()) == value
    assert decode(json.dumps(value, indent=1, separators=(" ,", "\t: ")).encode()) == value


SCALAR_TEXTS = st.sampled_from(
    r"""null true 0 -0 -0.0 1 1.0 2.50 1e3 1E-7 9007199254740991 -9007199254740991 9007199254740992 1e999
    -9007199254740992 18446744073709551616 0.1e1 01 NaN "" "a" ":" "a:b" "\u003a" "\u003A:" "\\u003a" "\":"
    "é" "\u00e9" "\ud83d\ude00" "\ud800" "\/" 2026-03-01 "2026-03-01T00:00:00Z" """.split()
)
KEY_TEXTS = st.sampled_from(r'"a" "b" "\u0061" "c:" "c\u003a" "\u003a" ":" "é" ""'.split())
COLONS = st.sampled_from([":", ": ", " :", "\n:"])
JSON_TEXTS = st.recursive(
    SCALAR_TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(st.builds("{}{}{}".format, KEY_TEXTS, COLONS, inner), max_size=4).map(
            lambda members: f"{{{','.join(members)}}}"
        )
        | st.tuples(inner, st.integers(8, 101)).map(lambda pair: "[" * pair[1] + pair[0] + "]" * pair[1])
    ),
    max_leaves=10,
)


def outcome(read_text: Callable[[bytes, str], Any], text: bytes) -> str:
    try:
        return repr(read_text(text, "$"))
    except InvalidInput as error:
        return f"{type(error).__name__} {error.path} {error.reason}"


@settings(max_examples=1000)
@given(JSON_TEXTS)
def test_the_fast_path_reads_and_refuses_as_the_walk_does(text: str) -> None:
    assert outcome(decode, text.encode()) == outcome(json_text._decode_unusual, text.encode())


def test_examples_take_the_fast_path(shared: Path) -> None:
    # AssociationEvent-h has a key twice.
    paths = [path for path in (shared / "epcis").glob("*/*.jsonld") if path.stem != "AssociationEvent-h"]
    with patch.object(json_text, "_decode_unusual", side_effect=AssertionError):
        decoded = [decode(path.read_bytes()) for path in paths]
    assert len(decoded) > 30
    assert all(type(one) is dict for one in decoded)


@settings(max_examples=300)
@given(st.binary(max_size=60) | st.text('{}[]":,ab\\ \n', max_size=40).map(str.encode))
def test_random_texts_raise_nothing_else(data: bytes) -> None:
    for large in (False, True):
        with contextlib.suppress(InvalidInput):
            read(data, 5, large=large)


def test_one_value_beyond_the_limit_is_refused() -> None:
    def endless() -> Iterator[bytes]:
        yield b'[{"a": "'
        for _ in range(100):
            yield b"x" * 1_000_000

    with pytest.raises(UnreadableInput, match="larger"):
        list(EventReader(endless))
