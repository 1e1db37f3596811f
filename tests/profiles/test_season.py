"""The sample season: valid, connected, its sums within the profile's yields, and made again byte for byte."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from firsthand.events.event_hash import event_hash_id
from firsthand.events.validation import validate_bare_event, validate_document
from firsthand.profiles import load_mapping, load_profile
from firsthand.proof.parties import ROLES
from firsthand.service.spreadsheet import read_rows

SEASON = Path(__file__).parents[2] / "examples" / "coffee-season"
PLAN = tomllib.loads((SEASON / "season.toml").read_text(encoding="utf-8"))
COFFEE = load_profile("coffee")
Event = dict[str, Any]


def events_of(file: dict[str, str]) -> list[Event]:
    path = SEASON / file["path"]
    if "mapping" in file:
        mapped = list(load_mapping(COFFEE, file["mapping"]).events(read_rows(path), PLAN["base"]))
        assert [row.problems for row in mapped if row.problems] == []
        return [event for row in mapped for event in row.events]
    document = json.loads(path.read_text(encoding="utf-8"))
    validate_document(document)
    context = document["@context"]
    return [{"@context": context} | event for event in document["epcisBody"]["eventList"]]


EVENTS = [event for file in PLAN["files"] for event in events_of(file)]


def test_the_plan_names_parties_and_files() -> None:
    names = [party["name"] for party in PLAN["parties"]]
    assert len(names) == len(set(names)) == 19
    assert all(party["role"] in ROLES for party in PLAN["parties"])
    assert all(party["uri"].startswith("https://coop.example/id/party/") for party in PLAN["parties"])
    assert {file["signed_by"] for file in PLAN["files"]} == set(names)
    written = {path.name for path in SEASON.iterdir() if path.suffix in (".json", ".csv")}
    assert {file["path"] for file in PLAN["files"]} == written


def test_it_is_small_and_marked_as_a_sample() -> None:
    assert sum(path.stat().st_size for path in SEASON.iterdir() if path.is_file()) < 300_000
    assert 250 <= len(EVENTS) <= 400
    assert all(event.get("fh:sample") or event.get("fh:mapping") for event in EVENTS)
    assert all("Sample" in party["name"] for party in PLAN["parties"])


def test_every_event_is_valid_and_another(shared: Path) -> None:
    oracle = jsonschema_rs.validator_for(
        json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    )
    for event in EVENTS:
        oracle.validate(event)
        validate_bare_event(event)
    assert len({event_hash_id(event) for event in EVENTS}) == len(EVENTS)


def test_every_event_is_a_step_of_the_profile() -> None:
    for event in EVENTS:
        step = COFFEE.steps[event["fh:step"]]
        assert (step.type, step.action, step.biz_step, step.disposition) == (
            event["type"],
            event.get("action"),
            event["bizStep"],
            event.get("disposition"),
        )
        for name in event.keys() | event.get("ilmd", {}).keys():
            if name.startswith("fh:") and name not in (
                "fh:step",
                "fh:sample",
                "fh:mapping",
                "fh:eventPeriod",
            ):
                assert name[3:] in COFFEE.elements or name[3:] in COFFEE.groups


def test_time_runs_forward_and_every_input_was_made_before() -> None:
    made: set[str] = set()
    for event in sorted(EVENTS, key=lambda event: event["eventTime"]):
        for name in ("inputQuantityList", "childQuantityList", "quantityList"):
            classes = {element["epcClass"] for element in event.get(name, ())}
            if event.get("action") == "ADD" and event["type"] == "ObjectEvent":
                made |= classes
            assert classes <= made
        made |= {element["epcClass"] for element in event.get("outputQuantityList", ())}
        made |= set(event.get("outputEPCList", ()))
        if event["type"] == "AggregationEvent" and event["action"] == "ADD":
            made.add(event["parentID"])
        assert set(event.get("childEPCs", ())) <= made
        assert set(event.get("epcList", ())) <= made


@pytest.mark.parametrize(
    ("step", "factor"),
    [("wetMilling", "cherryToParchment"), ("dryMilling", "parchmentToGreen"), ("roasting", "greenToRoasted")],
)
def test_yields_are_within_the_profiles(step: str, factor: str) -> None:
    limits = COFFEE.yields[factor]
    found = [event for event in EVENTS if event["fh:step"] == step]
    assert found
    for event in found:
        entered = sum(element["quantity"] for element in event["inputQuantityList"])
        left = sum(element["quantity"] for element in event["outputQuantityList"])
        assert limits.low <= left / entered <= limits.high


def test_no_lot_gives_more_than_it_has() -> None:
    made: Counter[str] = Counter()
    used: Counter[str] = Counter()
    for event in EVENTS:
        lists = [("outputQuantityList", made), ("inputQuantityList", used)]
        if event["fh:step"] == "harvest":
            lists.append(("quantityList", made))
        for name, total in lists:
            for element in event.get(name, ()):
                total[element["epcClass"]] += element["quantity"]
    assert used
    assert all(used[lot] <= made[lot] + 1e-6 for lot in used)


def test_it_is_made_again_byte_for_byte(tmp_path: Path) -> None:
    again = shutil.copytree(SEASON, tmp_path / "season")
    written = [
        path for path in again.iterdir() if path.suffix in (".json", ".csv") or path.name == "season.toml"
    ]
    for path in written:
        path.unlink()
    subprocess.run([sys.executable, "-B", str(again / "make.py")], check=True)
    for path in written:
        assert path.read_bytes() == (SEASON / path.name).read_bytes()
