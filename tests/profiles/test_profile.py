"""Profiles and mappings as data: what ships loads, and a wrong file says where it is wrong."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import get_args

import pytest

import firsthand.profiles as profiles
from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.events.units import convert
from firsthand.profiles import load_mapping, load_profile, mapping_names, profile_names, word
from firsthand.profiles.mapping_file import parse_mapping_file
from firsthand.profiles.profile import Certificate, Claim, Element, Kind, Limit, Profile, Step, Unit, Yield
from firsthand.profiles.profile_file import RESERVED, parse_profile

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


@pytest.mark.parametrize("name", profile_names())
def test_every_label_is_in_every_language_of_its_craft(name: str) -> None:
    """What common/common.toml adds may speak more languages than the craft, never fewer."""
    profile = load_profile(name)
    languages = set(profile.label)
    assert languages >= {"en", "es", "fr", "ar"}
    tables = (profile.steps, profile.elements, profile.limits, profile.claims, profile.certificates)
    labels = [entry.label for table in tables for entry in table.values()]
    labels += [*profile.groups.values()]
    labels += [choice for element in profile.elements.values() for choice in element.choices.values()]
    for label in labels:
        assert set(label) >= languages, label
        assert all(text.strip() == text != "" for text in label.values())


def test_a_word_is_found_in_the_language_asked_for_or_near_it() -> None:
    labels = {"en": "Silver", "es": "Plata", "pt-BR": "Prata"}
    assert [word(labels, tag) for tag in ("es", "es-PE", "pt-BR", "fr")] == [
        "Plata",
        "Plata",
        "Prata",
        "Silver",
    ]
    assert word({"ar": "فضة"}, "fr") == "فضة"


def test_units_are_exact() -> None:
    units = load_profile("coffee").units
    assert Decimal(units["FOT"].converts["MTR"]) * 2000 == Decimal("609.6")
    assert Decimal(units["LBR"].converts["KGM"]) * 100 == Decimal("45.359237")


@pytest.mark.parametrize("name", profile_names())
def test_no_word_means_two_units(name: str) -> None:
    seen: dict[str, str] = {}
    for code, unit in load_profile(name).units.items():
        for spelling in unit.words:
            assert seen.setdefault(spelling.casefold(), code) == code


@pytest.mark.parametrize("name", profile_names())
def test_units_that_the_events_room_knows_convert_alike(name: str) -> None:
    for code, unit in load_profile(name).units.items():
        for other, factor in unit.converts.items():
            assert convert(1, code, other) == Fraction(factor)


@pytest.mark.parametrize("name", profile_names())
def test_figures_are_dated_and_sourced(name: str) -> None:
    profile = load_profile(name)
    assert profile.yields
    for found in profile.yields.values():
        assert found.low <= (found.typical or found.low) <= found.high
        assert found.range == (Fraction(str(found.low)), Fraction(str(found.high)))
    for limit in profile.limits.values():
        assert (limit.typical or 0) < limit.high
        assert limit.most == Fraction(str(limit.high))
    for figure in (*profile.yields.values(), *profile.limits.values()):
        assert figure.checked is False or "ours" not in figure.source, figure.source
    for entry in (*profile.yields.values(), *profile.limits.values(), *profile.certificates.values()):
        assert entry.source
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", entry.as_of)


@pytest.mark.parametrize("name", profile_names())
def test_every_transformation_is_measured_and_every_claim_can_be_backed(name: str) -> None:
    profile = load_profile(name)
    for step in profile.steps.values():
        assert bool(step.yields) == (step.type == "TransformationEvent")
    used = {factor for step in profile.steps.values() for factor in step.yields}
    for factor in profile.yields.keys() - used:
        assert factor == "cherryToGreen"  # whole mills quote it; no step of ours goes all the way
    for claim in profile.claims.values():
        assert claim.certificates


def test_which_yield_measures_an_event() -> None:
    coffee = load_profile("coffee")
    natural = {"fh:step": "wetMilling", "ilmd": {"fh:process": "natural"}}
    washed = {"fh:step": "wetMilling", "ilmd": {"fh:process": "washed"}}
    for event, name in ((natural, "cherryToDriedCherry"), (washed, "cherryToParchment")):
        found = coffee.yield_of(event)
        assert found is not None
        assert found == (name, coffee.yields[name])
    assert coffee.yield_of({"fh:step": "wetMilling"}) == (
        "cherryToParchment",
        coffee.yields["cherryToParchment"],
    )
    for event in ({"fh:step": "shipping"}, {"fh:step": "brewing"}, {}):
        assert coffee.yield_of(event) is None


def test_what_an_event_states_of_an_element() -> None:
    coffee = load_profile("coffee")
    event = {"fh:cupScore": {"fh:aroma": 8}, "ilmd": {"cbvmda:lotNumber": "7", "fh:variety": "SL28"}}
    assert [coffee.stated(event, name) for name in ("aroma", "lotNumber", "variety")] == [8, "7", "SL28"]
    assert coffee.stated(event, "altitude") is None
    assert coffee.stated({"ilmd": [], "fh:cupScore": 3}, "aroma") is None


def test_what_is_personal_or_commercial_is_sealed_by_default() -> None:
    sealed = {name: load_profile(name).sealed_by_default for name in profile_names()}
    assert {"plotLocation", "plotBoundary", "wage", "pieceRate", "buyer"} <= frozenset.intersection(
        *sealed.values()
    )
    assert {"farmGatePrice", "pickerWage", "fobPrice"} <= sealed["coffee"]
    assert {"dyeRecipe", "consignee"} <= sealed["textile"]
    assert {"salePrice", "purchasePrice"} <= sealed["jewellery"]


def test_the_certificates_of_every_craft() -> None:
    found = {name: set(load_profile(name).certificates) for name in profile_names()}
    assert frozenset.intersection(*map(frozenset, found.values())) == {"livingWage", "inspectionVisit"}
    assert found["coffee"] >= {"organic", "fairtrade"}
    assert found["textile"] >= {"organic", "fairtrade", "gotsScope", "gotsTransaction"}
    assert found["jewellery"] >= {"hallmark", "gemReport", "fairmined", "kimberley"}
    transaction = load_profile("textile").certificates["gotsTransaction"]
    assert transaction.needs == ("gotsScope",)
    assert transaction.quantity == "certifiedWeight"
    assert transaction.confidential


@pytest.mark.parametrize("name", ["tea", "../coffee", "mappings/cqi", "", "coffee.toml"])
def test_an_unknown_craft_is_not_found(name: str) -> None:
    with pytest.raises(NotFound, match="there are: coffee, jewellery, textile"):
        load_profile(name)


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (b'biz_step = "inspecting"', b'biz_step = "grading"', "$.steps.grading.biz_step"),
        (b'disposition = "in_transit"', b'disposition = "at_sea"', "$.steps.shipping.disposition"),
        (b'uom = "MTR"', b'uom = "ACR"', "$.elements.altitude.uom"),
        (b'uom = "MTR"', b'uom = "metre"', "$.elements"),
        (b'yields = ["greenToRoasted"]', b'yields = ["greenToBlack"]', "$.steps.roasting.yields"),
        (b'step = "harvest"', b'step = "picking"', "$.limits.cherryPerHectare.step"),
        (b'area = "area"', b'area = "altitude"', "$.limits.cherryPerHectare.area"),
        (b"high = 25000", b"high = 0", "$.limits.cherryPerHectare"),
        (b'per = "HAR"', b'per = "KGM"', "$.limits.cherryPerHectare.area"),
        (b'piece_mass = "netWeight"', b'piece_mass = "altitude"', "$.steps.retailPacking.piece_mass"),
        (b'begins = ["harvest"]', b'begins = ["picking"]', "$.claims.organic.begins"),
        (b'begins = ["harvest"]', b"begins = []", "$.claims"),
        (b'certificates = ["organic"]', b'certificates = ["kosher"]', "$.claims.organic.certificates"),
        (b'counts = "input"', b'counts = "both"', "$.claims"),
        (b'quantity = "certifiedWeight"', b'quantity = "standard"', "$.certificates.organic.quantity"),
        (b'required = ["certificateNumber"', b'required = ["altitude"', "$.certificates.organic.required"),
        (b'process = ["natural"]', b'process = ["boiled"]', "$.yields.cherryToDriedCherry.when.process"),
        (b'process = ["natural"]', b'procedure = ["natural"]', "$.yields.cherryToDriedCherry.when"),
        (b"[elements.cupperPoints]", b"[elements.step]", "$.elements.step"),
        (b'kind = "choice"', b'kind = "list"', "$.elements"),
        (b'part_of = "cupScore"', b'part_of = "score"', "$.elements.totalCupPoints.part_of"),
        (b'kind = "period"', b'kind = "season"', "$.elements"),
        (b"low = 0.142857", b"low = 0.9", "$.yields.cherryToGreen"),
        (b"parts = 3", b"parts = 99", "$.elements"),
        (b"version = 1", b"version = 1\nsecret = 2", "$"),
        (b'elements = ["countryCode"', b'elements = ["countryCodes"', "$.steps.plot.elements"),
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
        (b'lot = "lot"\n', b'lot = "lot"\nclaims = "process"\n', "$.events[0].claims"),
        (b'lot = "lot"\n', b'lot = "lot"\ndestination = "buyer"\n', "$.events[0]"),
        (b'lot = "lot"\n', b'lot = "lot"\non_behalf_of = "owner"\n', "$.events[0]"),
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


def test_every_field_kind_and_mapping_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "profiles.md").read_text()
    for form in (Step, Element, Unit, Yield, Limit, Claim, Certificate):
        for field in form.__struct_fields__:
            assert f"`{field}`" in text, (form.__name__, field)
    for table in Profile.__struct_fields__:
        assert table in ("name", "version", "label") or f"[{table}" in text, table
    for word_of_ours in (*get_args(Kind), *RESERVED):
        assert f"`{word_of_ours}`" in text or f"`fh:{word_of_ours}`" in text, word_of_ours
    for name in profile_names():
        assert all(f"| `{mapping}` | {name} |" in text for mapping in mapping_names(name))


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
