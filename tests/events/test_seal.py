"""Paths, and sealing as a change of an event: valid under EPCIS's schema, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.coarse import coarse, coarse_name
from firsthand.events.document import EventReader
from firsthand.events.event_hash import event_hash_id
from firsthand.events.seal import (
    NAMESPACE,
    SEALED,
    find_members,
    named_members,
    parse_path,
    seal_event,
    show_path,
)
from firsthand.events.validation import validate_event
from tests.made import event

names = st.text(min_size=1, max_size=6).filter(lambda name: not {"'", '"'} <= set(name))
steps = names | st.integers(0, 99) | st.none()


@given(st.lists(steps, max_size=4), names)
def test_a_path_comes_back_as_it_was_shown(before: list[Any], last: str) -> None:
    path = (*before, last)
    assert parse_path(show_path(path)) == path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("$.fh:pickerWage", ("fh:pickerWage",)),
        ("readPoint", ("readPoint",)),
        ("$.ilmd.fh:plot", ("ilmd", "fh:plot")),
        ("$.a[0].b", ("a", 0, "b")),
        ("$.a[*]['https://ns.example/x.y']", ("a", None, "https://ns.example/x.y")),
        ('["x"]', ("x",)),
    ],
)
def test_paths(text: str, path: tuple[Any, ...]) -> None:
    assert parse_path(text) == path


@pytest.mark.parametrize(
    "text", ["", "$", "$.", "$..a", "a[0]", "a[-1].b", "a['b", "a[b]", "$.a]", "a..b", "a b["]
)
def test_what_is_no_path(text: str) -> None:
    with pytest.raises(InvalidInput, match="names no member"):
        parse_path(text)


def test_members_are_found_by_pattern_and_by_name() -> None:
    value = {"a": [{"b": 1}, {"c": {"b": 2}}, [{"b": 3}]], "b": {"b": 4}, "@context": {"b": 5}}
    assert find_members(value, parse_path("$.a[*].b")) == [("a", 0, "b")]
    assert find_members(value, parse_path("$.a[7].b")) == []
    assert find_members(value, parse_path("$.a.b")) == []
    assert named_members(value, frozenset("b")) == [
        ("a", 0, "b"),
        ("a", 1, "c", "b"),
        ("a", 2, 0, "b"),
        ("b",),
    ]
    measured = {"sensorElementList": [{"sensorReport": [{"type": "fh:wage", "value": 5, "uom": "KGM"}]}]}
    assert [path[-1] for path in named_members(measured, frozenset(["fh:wage"]))] == ["value", "uom"]


def digest(path: Any, name: str, value: Any) -> str:
    return f"{len(str(path)):042d}A"


def test_every_member_of_the_standards_examples_seals_to_what_the_schema_takes_or_is_refused(
    shared: Path,
) -> None:
    """Differential: each member of each event, alone, against the official EPCIS JSON schema."""
    schema = json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    official = jsonschema_rs.validator_for(schema, validate_formats=True)
    sealed_ones = refused = 0
    for file in sorted((shared / "epcis" / "examples").rglob("*.json*")):
        text = file.read_bytes()
        try:
            events = [one for one in EventReader(lambda text=text: [text]) if type(one) is dict]
            for one in events:
                validate_event(one)
        except InvalidInput:
            continue
        for one in events:
            for path in paths_of(one):
                context = [
                    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
                    {"ext1": "http://example.com/ext1/", "fh": NAMESPACE},
                ]
                original = {**one, "@context": context}
                sealed = sealed_or_path(original, path)
                if type(sealed) is str:
                    refused += 1
                    assert sealed == show_path(path)
                    continue
                sealed_ones += 1
                assert official.is_valid(sealed), (file.name, path)
                if "errorDeclaration" not in path and path[-1] != "recordTime":
                    assert event_hash_id(sealed) != event_hash_id(original)
    assert sealed_ones > 100
    assert refused > 100


def sealed_or_path(original: dict[str, Any], path: tuple[Any, ...]) -> dict[str, Any] | str:
    try:
        return seal_event(original, [path], digest)
    except InvalidInput as error:
        return error.path if "sealed" in error.reason else str(error)


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = value.items() if type(value) is dict else enumerate(value) if type(value) is list else ()
    found = []
    for step, item in items:
        if type(step) is str and step != "@context":
            found.append((*at, step))
        if step != "@context":
            found += paths_of(item, (*at, step))
    return found


def test_the_prefix_is_declared_or_was_ours() -> None:
    base = event(1, **{"ex:a": 1})
    url = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
    for context, declared in (
        (None, [url, {"fh": NAMESPACE}]),
        ("https://other.example/", ["https://other.example/", {"fh": NAMESPACE}]),
        ({"ex": "https://e.example/"}, [{"ex": "https://e.example/"}, {"fh": NAMESPACE}]),
        ([url, {"fh": NAMESPACE}], [url, {"fh": NAMESPACE}]),
        ([url, {"fh": {"@id": NAMESPACE}}], [url, {"fh": {"@id": NAMESPACE}}]),
    ):
        given_ = base if context is None else {**base, "@context": context}
        assert seal_event(given_, [("ex:a",)], digest)["@context"] == declared
    with pytest.raises(InvalidInput, match="fh stands for"):
        seal_event({**base, "@context": [{"fh": "https://else.example/"}]}, [("ex:a",)], digest)


def test_what_is_sealed_inside_something_sealed_and_twice() -> None:
    base = event(1, **{"fh:a": {"fh:b": 1, "fh:c": 2}})
    seen: dict[Any, Any] = {}

    def seal(path: Any, name: str, value: Any) -> str:
        seen[path] = value
        return digest(path, name, value)

    once = seal_event(base, [("fh:a", "fh:b"), ("fh:a",), ("fh:a",)], seal)
    assert list(seen) == [("fh:a", "fh:b"), ("fh:a",)]
    assert set(seen[("fh:a",)]) == {"fh:c", SEALED}
    assert len(once[SEALED]) == 1
    assert base["fh:a"] == {"fh:b": 1, "fh:c": 2}
    again = seal_event({**once, "fh:d": 1}, [("fh:d",)], lambda *_: "0" * 43)
    assert again[SEALED] == sorted([*once[SEALED], "0" * 43])


@pytest.mark.parametrize(
    ("value", "decimals", "point"),
    [
        ("POINT (36.123456 -1.654321)", 1, "POINT (36.1 -1.7)"),
        ("POINT (0.003945 -0.002623)", 1, "POINT (0.0 0.0)"),
        ("point(36.16 -1)", 1, "POINT (36.2 -1.0)"),
        ("POINT Z (36.126 -1.654 1900)", 2, "POINT (36.13 -1.65)"),
        ("SRID=4326;POLYGON ((36 -1, 38 -1, 38 -3, 36 -1))", 0, "POINT (37 -2)"),
        ("MULTIPOLYGON (((1 2, 3 4, 1 2)), ((5 6, 7 8, 5 6)))", 0, "POINT (4 5)"),
        ("geo:-1.654321,36.123456,1900;u=5", 2, "geo:-1.65,36.12"),
        ({"id": "geo:-1.654321,36.123456"}, 0, {"id": "geo:-2,36"}),
        (
            {"type": "Point", "coordinates": [36.16, -1.66, 5]},
            1,
            {"type": "Point", "coordinates": [36.2, -1.7]},
        ),
        (
            {"type": "Polygon", "coordinates": [[[36, -1], [38, -1], [38, -3], [36, -1]]]},
            1,
            {"type": "Point", "coordinates": [37.0, -2.0]},
        ),
        (
            {"type": "Feature", "geometry": {"type": "Point", "coordinates": [1.26, 2]}},
            1,
            {"geometry": {"type": "Point", "coordinates": [1.3, 2.0]}},
        ),
    ],
)
def test_coarse_places(value: Any, decimals: int, point: Any) -> None:
    assert coarse(value, decimals) == point


@pytest.mark.parametrize(
    "value",
    [
        "near the river",
        "POINT EMPTY",
        "POINT (1)",
        "POINT (999 1)",
        "geo:1",
        5,
        None,
        [],
        {},
        {"coordinates": []},
        {"coordinates": [["a"]]},
    ],
)
def test_what_is_no_place_is_not_made_coarse(value: Any) -> None:
    with pytest.raises(InvalidInput, match="no place"):
        coarse(value, 1)


@pytest.mark.parametrize("decimals", [-1, 4])
def test_a_coarse_place_is_coarse(decimals: int) -> None:
    with pytest.raises(InvalidInput, match="decimals"):
        coarse("POINT (1 1)", decimals)


@given(st.decimals(-180, 180, places=9), st.decimals(-90, 90, places=9), st.integers(0, 3))
def test_what_is_coarse_is_the_same_for_all_near_it(x: Any, y: Any, decimals: int) -> None:
    point = coarse(f"POINT ({x:f} {y:f})", decimals)
    found_x, found_y = point.removeprefix("POINT (").rstrip(")").split()
    assert abs(float(found_x) - float(x)) <= 0.5 * 10**-decimals + 1e-9
    assert abs(float(found_y) - float(y)) <= 0.5 * 10**-decimals + 1e-9
    assert len(found_x.partition(".")[2]) == decimals


def test_names_of_coarse_places() -> None:
    assert coarse_name("fh:plotLocation") == "fh:plotLocationCoarse"
    assert coarse_name("readPoint") == "fh:readPointCoarse"
    assert coarse_name("https://ns.example/x#place") == "fh:placeCoarse"
