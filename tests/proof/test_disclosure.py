"""Disclosures: sealing and disclosing is the identity, and nothing else opens."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.seal import NAMESPACE, SEALED, Path, seal_event
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import (
    Disclosure,
    digest_of,
    make_disclosure,
    open_event,
    parse_disclosure,
    sealed_digests,
)
from tests.made import event

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"fh": NAMESPACE}]

scalars = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8)
names = st.sampled_from(["fh:a", "fh:b", "fh:c", "https://ns.example/x", "fh:d.e", "fh:it's"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)


class Sealer:
    def __init__(self) -> None:
        self.made: list[Disclosure] = []

    def __call__(self, path: Path, name: str, value: Any) -> str:
        self.made.append(make_disclosure(bytes([len(self.made)]) * 16, name, value))
        return self.made[-1].digest

    @property
    def texts(self) -> list[str]:
        return sorted(disclosure.text for disclosure in self.made)


def whole_event(extensions: dict[str, Any]) -> dict[str, Any]:
    return event(1, **{"@context": CONTEXT}, **extensions)


def member_paths(value: Any, at: Path = ()) -> list[Path]:
    found: list[Path] = []
    if type(value) is list:
        for place, item in enumerate(value):
            found += member_paths(item, (*at, place))
    elif type(value) is dict:
        for name, item in value.items():
            found += [(*at, name), *member_paths(item, (*at, name))]
    return found


@settings(max_examples=300)
@given(st.dictionaries(names, values, min_size=1, max_size=4), st.data())
def test_sealing_and_disclosing_is_the_identity(extensions: dict[str, Any], data: st.DataObject) -> None:
    original = whole_event(extensions)
    choices = [path for path in member_paths(original) if path[0] in extensions]
    paths = data.draw(st.lists(st.sampled_from(choices), unique=True, min_size=1, max_size=4))
    seal = Sealer()
    sealed = seal_event(original, paths, seal)
    opened = open_event(sealed, seal.texts)
    assert opened.event == original
    assert opened.undisclosed == 0
    assert {disclosed.path for disclosed in opened.disclosed} == set(paths)
    assert len(sealed_digests(sealed)) <= len(paths)
    # A part of them opens a part of it, whatever was sealed inside something else.
    part = [text for text in seal.texts if digest_of(text) in sealed_digests(sealed)][:1]
    assert len(open_event(sealed, part).disclosed) == 1


@settings(max_examples=300)
@given(st.data())
def test_no_changed_byte_of_a_disclosure_opens(data: st.DataObject) -> None:
    seal = Sealer()
    sealed = seal_event(whole_event({"fh:wage": {"fh:value": 2.5}, "fh:b": 1}), [("fh:wage",)], seal)
    (text,) = seal.texts
    at = data.draw(st.integers(0, len(text) - 1))
    char = data.draw(st.characters(max_codepoint=127).filter(lambda one: one != text[at]))
    with pytest.raises(InvalidInput):
        open_event(sealed, [text[:at] + char + text[at + 1 :]])
    with pytest.raises(InvalidInput):
        open_event(sealed, [text[:at] + text[at + 1 :]])


def test_a_sealed_event_shows_neither_name_nor_value() -> None:
    secret = "Sample Buyer 81-22"
    sealed = seal_event(whole_event({"fh:buyer": secret}), [("fh:buyer",)], Sealer())
    text = canonical(sealed)
    assert b"buyer" not in text.lower()
    assert b"81-22" not in text
    assert sealed[SEALED] == sealed_digests(sealed)


def refusal(sealed: dict[str, Any], texts: list[str]) -> str:
    with pytest.raises(InvalidInput) as caught:
        open_event(sealed, texts)
    return str(caught.value)


def test_each_attack_fails_by_name() -> None:
    seal, other = Sealer(), Sealer()
    paths: list[Path] = [("fh:wage",), ("fh:plot",)]
    sealed = seal_event(whole_event({"fh:wage": 5, "fh:plot": "P1"}), paths, seal)
    another = seal_event(whole_event({"fh:wage": 6, "fh:plot": "P1"}), paths, other)
    first, second = seal.texts
    assert '"fh:' in refusal(another, seal.texts)
    assert "of another event" in refusal(another, seal.texts)
    assert "given twice" in refusal(sealed, [first, first])
    assert "ascending" in refusal(sealed, [second, first])
    wage = next(made for made in seal.made if made.name == "fh:wage")
    assert "fh:wage already" in refusal({**sealed, "fh:wage": 9}, [wage.text])
    twice = make_disclosure(b"s" * 16, "fh:wage", 7)
    both = {**sealed, SEALED: sorted([*sealed[SEALED], twice.digest])}
    assert "fh:wage already" in refusal(both, sorted([wage.text, twice.text]))


def test_a_digest_stands_once_in_an_event_and_in_what_is_disclosed() -> None:
    inner = make_disclosure(b"i" * 16, "fh:x", 1)
    held = {SEALED: [inner.digest]}
    outer = make_disclosure(b"o" * 16, "fh:y", held)
    for sealed, texts in (
        (whole_event({"fh:a": held, "fh:b": held}), []),
        (whole_event({"fh:a": held, SEALED: [outer.digest]}), [outer.text]),
    ):
        with pytest.raises(InvalidInput, match="stands twice"):
            open_event(sealed, texts)


@pytest.mark.parametrize(
    "list_of_digests",
    [
        None,
        [],
        {},
        "x",
        [1],
        ["x"],
        ["A" * 42],
        ["A" * 42 + "B"],
        ["A" * 43] * 2,
        ["B" * 42 + "A", "A" * 43],
        ["=" * 43],
    ],
)
def test_a_malformed_digest_list_is_refused(list_of_digests: Any) -> None:
    with pytest.raises(InvalidInput, match="fh:sealed"):
        sealed_digests(whole_event({"fh:a": [{SEALED: list_of_digests}]}))


def test_a_context_may_speak_of_the_member() -> None:
    context = [CONTEXT[0], {"fh": NAMESPACE, SEALED: {"@container": "@set"}}]
    assert sealed_digests({**event(1), "@context": context}) == []


def encoded(value: Any, **options: Any) -> str:
    return urlsafe_b64encode(json.dumps(value, **options).encode()).rstrip(b"=").decode()


SALT = urlsafe_b64encode(bytes(16)).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "base64url"),
        ("A", "base64url"),
        ("WyJ=", "base64url"),
        ("éé", "base64url"),
        (encoded([SALT, "fh:a", 1]), "canonical"),
        (encoded([SALT, "fh:a"], separators=(",", ":")), "expected"),
        (encoded({"salt": 1}, separators=(",", ":")), "expected"),
        (encoded([1, "fh:a", 1], separators=(",", ":")), "expected"),
        (encoded([SALT, 5, 1], separators=(",", ":")), "expected"),
        (encoded(["short", "fh:a", 1], separators=(",", ":")), "salt"),
        (encoded([SALT[:-1] + "B", "fh:a", 1], separators=(",", ":")), "salt"),
        (encoded([SALT, "", 1], separators=(",", ":")), "never sealed"),
        (encoded([SALT, "@context", 1], separators=(",", ":")), "never sealed"),
        (encoded([SALT, "eventID", "x"], separators=(",", ":")), "never sealed"),
        (encoded([SALT, SEALED, []], separators=(",", ":")), "never sealed"),
    ],
)
def test_what_is_no_disclosure_is_refused(text: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        parse_disclosure(text)


def test_nesting_without_end_is_refused() -> None:
    value: Any = 1
    texts = []
    for number in range(150):
        made = make_disclosure(number.to_bytes(16, "big"), "fh:n", value)
        texts.append(made.text)
        value = {SEALED: [made.digest]}
    with pytest.raises(InvalidInput, match="deeper"):
        open_event(whole_event({"fh:a": value}), sorted(texts))


def test_the_digest_is_that_of_the_rfc() -> None:
    """RFC 9901 §4.2.3, the disclosure of `family_name`."""
    text = "WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"
    assert digest_of(text) == "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
