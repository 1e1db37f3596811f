"""Profiles and mappings as data: what ships loads, and a wrong file says where it is wrong."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import firsthand.profiles as profiles
from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.profiles import load_mapping, load_profile, mapping_names, profile_names
from firsthand.profiles.mapping_file import parse_mapping_file
from firsthand.profiles.profile_file import parse_profile

DATA = Path(profiles.__file__).parent
COFFEE = (DATA / "coffee.toml").read_bytes()
CQI = (DATA / "mappings" / "cqi.toml").read_bytes()


@pytest.mark.parametrize("name", profile_names())
def test_what_ships_loads(name: str) -> None:
    profile = load_profile(name)
    assert profile.name == name
    assert mapping_names(name)
    for mapping in mapping_names(name):
        assert load_mapping(profile, mapping).definition.name == mapping


def test_every_label_is_in_every_language_of_its_craft() -> None:
    profile = load_profile("coffee")
    languages = set(profile.label)
    assert len(languages) >= 3
    for labelled in (*profile.steps.values(), *profile.elements.values()):
        assert set(labelled.label) == languages
    assert all(set(labels) == languages for labels in profile.groups.values())
    assert all(set(c) == languages for e in profile.elements.values() for c in e.choices.values())


def test_units_are_exact() -> None:
    units = load_profile("coffee").units
    assert Decimal(units["FOT"].converts["MTR"]) * 2000 == Decimal("609.6")
    assert Decimal(units["LBR"].converts["KGM"]) * 100 == Decimal("45.359237")


def test_no_word_means_two_units() -> None:
    seen: dict[str, str] = {}
    for code, unit in load_profile("coffee").units.items():
        for word in unit.words:
            assert seen.setdefault(word.casefold(), code) == code


def test_yields_are_dated_and_sourced() -> None:
    for found in load_profile("coffee").yields.values():
        assert found.source
        assert found.as_of
        assert found.low <= (found.typical or found.low) <= found.high


def test_names_and_prices_are_sealed_by_default() -> None:
    assert {"plotLocation", "farmGatePrice", "wage"} <= load_profile("coffee").sealed_by_default


@pytest.mark.parametrize("name", ["tea", "../coffee", "mappings/cqi", "", "coffee.toml"])
def test_an_unknown_craft_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="there are: coffee"):
        load_profile(name)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'biz_step = "inspecting"', b'biz_step = "grading"', "$.steps.grading.biz_step"),
        (b'disposition = "retail_sold"', b'disposition = "sold"', "$.steps.selling.disposition"),
        (b'uom = "HAR"', b'uom = "ACR"', "$.elements.area.uom"),
        (b'uom = "HAR"', b'uom = "hectare"', "$.elements"),
        (b'part_of = "cupScore"', b'part_of = "score"', "$.elements.totalCupPoints.part_of"),
        (b'kind = "period"', b'kind = "season"', "$.elements"),
        (b"low = 0.142857", b"low = 0.9", "$.yields.cherryToGreen"),
        (b"parts = 3", b"parts = 99", "$.elements"),
        (b"version = 1", b"version = 1\nsecret = 2", "$"),
        (b'elements = ["plotLocation"', b'elements = ["plotPosition"', "$.steps.plot.elements"),
        (
            b'type = "TransformationEvent"',
            b'type = "TransformationEvent"\naction = "ADD"',
            "$.steps.wetMilling",
        ),
    ],
)
def test_a_wrong_profile_says_where(old: bytes, new: bytes, path: str) -> None:
    assert old in COFFEE
    with pytest.raises(InvalidInput) as caught:
        parse_profile(COFFEE.replace(old, new, 1))
    assert caught.value.path.startswith(path)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'profile = "coffee"', b'profile = "tea"', "$.profile"),
        (b'step = "grading"', b'step = "tasting"', "$.events[2].step"),
        (b'step = "grading"', b'step = "roasting"', "$.events[2]"),
        (b'time = "gradingDate"', b'time = "species"', "$.events[2]"),
        (b'time = "gradingDate"', b'time = "validTo"', "$.events[2]"),
        (b'before = "gradingDate"\nilmd', b"ilmd", "$.events[0]"),
        (b'lot = "lot"\nplace', b'lot = "piece"\nplace', "$.events[0]"),
        (b'sensors = ["moisture"]', b'sensors = ["quakers"]', "$.events[2].sensors"),
        (b'quantity = ["bags", "bagWeight"]', b'quantity = ["bags"]', "$.events[2].quantity"),
        (b'elements = ["process", "mill"]', b'ilmd = ["process", "mill"]', "$.events[1].ilmd"),
        (b'elements = ["process", "mill"]', b'elements = ["number"]', "$.events[1]"),
        (b'"lot/cqi:{species}:{number}"', b'"lot/{species}"', "$.uris.lot[0]"),
        (b'"lot/cqi:{species}:{number}"', b'"../lot/x:{species}"', "$.uris.lot[0]"),
        (b'"lot/cqi:{species}:{number}"', b'"lot/x{species!r}"', "$.uris.lot[0]"),
        (b'"lot/cqi:{species}:{number}"', b'"lot/x{sort}"', "$.uris.lot[0]"),
        (b'"Natural / Dry" = "natural"', b'"Natural / Dry" = "dry"', "$.fields.process.values"),
        (b'unit = "C62"', b'unit = "FRA"', "$.fields.moisture.unit"),
        (b'unit = "C62"\nunknown = ["0"]', b'unknown = ["none"]', "$.fields.moisture.unknown"),
        (b'once = "lot"', b'once = "farmer"', "$.once"),
        (b"required = true", b"reqiured = true", "$.fields"),
    ],
)
def test_a_wrong_mapping_says_where(old: bytes, new: bytes, path: str) -> None:
    assert old in CQI
    with pytest.raises(InvalidInput) as caught:
        parse_mapping_file(load_profile("coffee"), CQI.replace(old, new, 1))
    assert caught.value.path.startswith(path)


def test_what_is_no_toml_is_unreadable() -> None:
    for data in (b"\xff\xfe", b"[", b"a = 1\na = 2", b"\0"):
        with pytest.raises(UnreadableInput):
            parse_profile(data)


def test_anyones_own_mapping_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_bytes(CQI.replace(b'name = "cqi"', b'name = "own"'))
    profile = load_profile("coffee")
    assert load_mapping(profile, own).definition.name == "own"
    assert load_mapping(profile, str(own)).definition.name == "own"
    for missing in ("nothing", str(tmp_path / "nothing.toml"), str(tmp_path), "a\0b"):
        with pytest.raises(NotFound, match="cqi"):
            load_mapping(profile, missing)
    own.write_bytes(b"#" * 1_000_001)
    with pytest.raises(InvalidInput, match="larger"):
        load_mapping(profile, own)
