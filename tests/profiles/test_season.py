"""The sample seasons: valid, connected, sums within their profiles' yields, made again byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from firsthand.events.event_hash import event_hash_id
from firsthand.events.units import convert
from firsthand.events.validation import validate_bare_event, validate_document
from firsthand.profiles import Profile, load_mapping, load_profile
from firsthand.profiles.profile_file import RESERVED
from firsthand.proof.parties import ROLES
from firsthand.service.spreadsheet import read_rows

EXAMPLES = Path(__file__).parents[2] / "examples"
CRAFTS = ("coffee", "textile", "jewellery")
KINDS = {
    "claim-exceeds-input",
    "claim-from-nowhere",
    "cycle",
    "delivery-recorded-twice",
    "harvest-above-limit",
    "incompatible-units",
    "negative-stock",
    "quantity-without-unit",
    "shipped-received-differ",
    "used-before-made",
    "yield-out-of-range",
}
"""The findings that a balance can have; each is planted once in each season whose craft can have it."""

Event = dict[str, Any]


@dataclass(frozen=True)
class Season:
    """One sample season as it stands in its folder."""

    folder: Path
    plan: dict[str, Any]
    profile: Profile
    events: list[Event]


def events_of(folder: Path, file: dict[str, str], profile: Profile, base: str) -> list[Event]:
    path = folder / file["path"]
    if "mapping" in file:
        mapped = list(load_mapping(profile, file["mapping"]).events(read_rows(path), base))
        assert [row.problems for row in mapped if row.problems] == []
        return [event for row in mapped for event in row.events]
    document = json.loads(path.read_text(encoding="utf-8"))
    validate_document(document)
    return [{"@context": document["@context"]} | event for event in document["epcisBody"]["eventList"]]


def season_of(craft: str) -> Season:
    folder = EXAMPLES / f"{craft}-season"
    plan = tomllib.loads((folder / "season.toml").read_text(encoding="utf-8"))
    profile = load_profile(craft)
    events = [event for file in plan["files"] for event in events_of(folder, file, profile, plan["base"])]
    return Season(folder, plan, profile, events)


SEASONS = {craft: season_of(craft) for craft in CRAFTS}


@pytest.fixture(params=CRAFTS)
def season(request: pytest.FixtureRequest) -> Season:
    return SEASONS[request.param]


def frauds_of(season: Season) -> list[dict[str, Any]]:
    plan = tomllib.loads((season.folder / "frauds" / "frauds.toml").read_text(encoding="utf-8"))
    return plan["frauds"]


def planted(season: Season, fraud: dict[str, Any]) -> list[Event]:
    folder = season.folder / "frauds"
    return [
        event
        for file in fraud["files"]
        for event in events_of(folder, file, season.profile, season.plan["base"])
    ]


def every_event(season: Season) -> list[Event]:
    return season.events + [event for fraud in frauds_of(season) for event in planted(season, fraud)]


def parties_named(event: Event) -> Iterator[str]:
    if "fh:onBehalfOf" in event:
        yield event["fh:onBehalfOf"]
    for maker in event.get("fh:makers", ()):
        yield maker if isinstance(maker, str) else maker["fh:party"]


def test_the_plan_names_parties_and_files(season: Season) -> None:
    plan = season.plan
    names = {party["name"]: party["uri"] for party in plan["parties"]}
    assert len(names) == len(plan["parties"]) == len(set(names.values()))
    assert all(party["role"] in ROLES for party in plan["parties"])
    assert all(uri.startswith(f"{plan['base']}/id/party/") for uri in names.values())
    signing = {file["signed_by"] for file in plan["files"]}
    assert signing <= set(names)
    worked = {uri for event in season.events for uri in parties_named(event)}
    assert worked <= set(names.values())
    assert all(name in signing or uri in worked for name, uri in names.items())
    written = {path.name for path in season.folder.iterdir() if path.suffix in (".json", ".csv")}
    assert {file["path"] for file in plan["files"]} == written


def test_it_is_small_and_marked_as_a_sample(season: Season) -> None:
    assert sum(path.stat().st_size for path in season.folder.iterdir() if path.is_file()) < 300_000
    assert 50 <= len(season.events) <= 400
    assert all(event.get("fh:sample") or event.get("fh:mapping") for event in every_event(season))
    assert all("Sample" in party["name"] for party in season.plan["parties"])


def test_every_event_is_valid_and_another(season: Season, shared: Path) -> None:
    oracle = jsonschema_rs.validator_for(
        json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    )
    events = every_event(season)
    for event in events:
        oracle.validate(event)
        validate_bare_event(event)
    assert len({event_hash_id(event) for event in events}) == len(events)


def test_every_event_is_a_step_of_the_profile(season: Season) -> None:
    for event in every_event(season):
        assert event["fh:profile"] == season.profile.name
        step = season.profile.steps[event["fh:step"]]
        assert (step.type, step.action, step.biz_step, step.disposition) == (
            event["type"],
            event.get("action"),
            event["bizStep"],
            event.get("disposition"),
        )
        for name, value in [*event.items(), *event.get("ilmd", {}).items()]:
            if name.startswith("fh:") and name[3:] not in RESERVED and name[3:] not in season.profile.groups:
                element = season.profile.elements[name[3:]]
                values = value if element.kind == "list" else [value]
                assert not element.choices or set(values) <= set(element.choices), (name, value)


def test_every_claim_begins_where_it_may_and_has_its_mass(season: Season) -> None:
    claimed: dict[str, set[str]] = {}
    for event in season.events:
        stated = set(event.get("fh:claims", ())) | set(event.get("ilmd", {}).get("fh:claims", ()))
        assert stated <= set(season.profile.claims)
        if event["type"] == "TransformationEvent":
            inputs = [claimed.get(lot, set()) for lot, _, _ in amounts(event, "input")]
            for name in stated:
                claim = season.profile.claims[name]
                assert event["fh:step"] not in claim.ends
                assert event["fh:step"] in claim.begins or any(name in lot for lot in inputs)
            for lot, _, _ in amounts(event, "output"):
                claimed[lot] = stated
        elif event.get("action") == "ADD" and event["type"] == "ObjectEvent":
            assert all(event["fh:step"] in season.profile.claims[name].begins for name in stated)
            for element in event["quantityList"]:
                claimed[element["epcClass"]] = stated
    assert any(claimed.values())


def amounts(event: Event, side: str) -> Iterator[tuple[str, Fraction, str]]:
    """Each lot of one side of a transformation, with quantity and unit; a piece counts as one."""
    for element in event.get(f"{side}QuantityList", ()):
        yield element["epcClass"], Fraction(str(element["quantity"])), element.get("uom", "")
    for epc in event.get(f"{side}EPCList", ()):
        yield epc, Fraction(1), ""


def test_time_runs_forward_and_every_input_was_made_before(season: Season) -> None:
    made: set[str] = set()
    for event in sorted(season.events, key=lambda event: event["eventTime"]):
        used = {lot for lot, _, _ in amounts(event, "input")}
        for name in ("childQuantityList", "quantityList"):
            used |= {element["epcClass"] for element in event.get(name, ())}
        if event.get("action") == "ADD" and event["type"] == "ObjectEvent":
            made |= used
        assert used <= made
        made |= {lot for lot, _, _ in amounts(event, "output")}
        if event["type"] == "AggregationEvent" and event["action"] == "ADD":
            made.add(event["parentID"])
        assert set(event.get("childEPCs", ())) <= made
        assert set(event.get("epcList", ())) <= made


def kilograms(season: Season, pieces: dict[str, Fraction], event: Event, side: str) -> Fraction:
    """The mass on one side of a transformation; a piece has the mass that the event of its making states."""
    total = Fraction(0)
    for lot, value, uom in amounts(event, side):
        mass = convert(value, uom, "KGM") if uom else value * pieces[lot]
        assert mass is not None
        total += mass
    return total


def test_yields_are_within_the_profiles(season: Season) -> None:
    pieces: dict[str, Fraction] = {}
    measured: Counter[str] = Counter()
    for event in sorted(season.events, key=lambda event: event["eventTime"]):
        if event["type"] != "TransformationEvent":
            continue
        piece_mass = season.profile.steps[event["fh:step"]].piece_mass
        if piece_mass is not None:
            stated = season.profile.stated(event, piece_mass)
            mass = convert(Fraction(str(stated["fh:value"])), stated["fh:uom"], "KGM")
            assert mass is not None
            pieces |= {lot: mass for lot, _, uom in amounts(event, "output") if not uom}
        found = season.profile.yield_of(event)
        assert found is not None, event["fh:step"]
        low, high = found[1].range
        ratio = kilograms(season, pieces, event, "output") / kilograms(season, pieces, event, "input")
        assert low <= ratio <= high, (found[0], float(ratio))
        measured[found[0]] += 1
    assert len(measured) >= 3


def test_no_lot_gives_more_than_it_has(season: Season) -> None:
    made: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for event in season.events:
        for lot, value, _ in amounts(event, "output"):
            made[lot] += value
        for lot, value, _ in amounts(event, "input"):
            used[lot] += value
        if event["type"] == "ObjectEvent" and event.get("action") == "ADD":
            for element in event["quantityList"]:
                made[element["epcClass"]] += Fraction(str(element["quantity"]))
    assert used
    assert all(used[lot] <= made[lot] for lot in used)


def test_what_is_shipped_is_received(season: Season) -> None:
    moved: Counter[str] = Counter()
    for event in season.events:
        sign = {"shipping": 1, "receiving": -1}.get(event["fh:step"], 0)
        if sign:
            giver, taker = event["sourceList"][0]["source"], event["destinationList"][0]["destination"]
            for element in event.get("quantityList", ()):
                moved[f"{giver} {taker} {element}"] += sign
            for epc in event.get("epcList", ()):
                moved[f"{giver} {taker} {epc}"] += sign
    assert moved
    assert set(moved.values()) == {0}


def test_no_plot_bears_more_than_it_can(season: Season) -> None:
    profile = season.profile
    for limit in profile.limits.values():
        areas = {
            event["readPoint"]["id"]: Fraction(str(event["fh:area"]["fh:value"]))
            for event in season.events
            if event["fh:step"] == "plot"
        }
        borne: Counter[str] = Counter()
        for event in season.events:
            if event["fh:step"] == limit.step:
                borne[event["readPoint"]["id"]] += sum(
                    Fraction(str(element["quantity"])) for element in event["quantityList"]
                )
        assert borne
        assert all(value <= areas[plot] * limit.most for plot, value in borne.items())


def test_shares_of_makers_sum_to_one(season: Season) -> None:
    for event in season.events:
        shares = [maker["fh:share"] for maker in event.get("fh:makers", ()) if isinstance(maker, dict)]
        assert not shares or sum(map(Fraction, shares)) == 1
        assert 0 < Fraction(event.get("fh:labourShare", "1")) <= 1


def test_photographs_are_the_files_beside_it(season: Season) -> None:
    stated = {
        photograph
        for event in season.events
        for photograph in event.get("ilmd", {}).get("fh:photographs", ())
    }
    files = sorted((season.folder / "photographs").glob("*.svg"))
    digests = {
        base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
        for path in files
    }
    assert stated == {f"ni:///sha-256;{digest}" for digest in digests}
    assert len(stated) == len(files)


def test_every_kind_of_fraud_is_planted_once(season: Season) -> None:
    frauds = frauds_of(season)
    found = Counter(fraud["finding"] for fraud in frauds)
    expected = KINDS if season.profile.limits else KINDS - {"harvest-above-limit"}
    assert found == dict.fromkeys(expected, 1)
    names = {party["name"] for party in season.plan["parties"]}
    table = (season.folder / "frauds" / "README.md").read_text()
    for fraud in frauds:
        assert {file["signed_by"] for file in fraud["files"]} <= names
        assert all(f"`{file['path']}`" in table for file in fraud["files"])
        assert planted(season, fraud)
    files = {file["path"] for fraud in frauds for file in fraud["files"]}
    assert files == {path.name for path in (season.folder / "frauds").glob("*.json")}


def test_it_is_made_again_byte_for_byte(season: Season, tmp_path: Path) -> None:
    again = tmp_path / season.folder.name
    shutil.copytree(season.folder, again)
    shutil.copy(EXAMPLES / "sample_season.py", tmp_path)
    written = [
        path
        for path in again.rglob("*")
        if path.suffix in (".json", ".csv", ".svg")
        or path.name in ("season.toml", "frauds.toml")
        or path == again / "frauds" / "README.md"
    ]
    assert len(written) > 20
    for path in written:
        path.unlink()
    subprocess.run([sys.executable, "-B", str(again / "make.py")], check=True)
    for path in written:
        assert path.read_bytes() == (season.folder / path.relative_to(again)).read_bytes()
