"""The CQI file, whole: 1,311 real lots into 3,933 events, its own dirt reported by row and column."""

from __future__ import annotations

import csv
import json
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from firsthand.events.event_hash import event_hash_id
from firsthand.events.validation import validate_bare_event
from firsthand.profiles import MappedRow, load_mapping, load_profile
from firsthand.service.spreadsheet import read_rows

BASE = "https://coop.example"


@pytest.fixture(scope="module")
def sheet(shared: Path) -> Path:
    return shared / "cqi" / "arabica_data_cleaned.csv"


@pytest.fixture(scope="module")
def source(sheet: Path) -> list[dict[str, str]]:
    with sheet.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def lots(sheet: Path) -> list[MappedRow]:
    return list(load_mapping(load_profile("coffee"), "cqi").events(read_rows(sheet), BASE))


def notes(lots: list[MappedRow], column: str) -> dict[int, str]:
    place = f', column "{column}"'
    return {lot.row_number: p.reason for lot in lots for p in lot.problems if p.place.endswith(place)}


def test_every_lot_becomes_three_valid_events(lots: list[MappedRow], shared: Path) -> None:
    schema = json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    oracle = jsonschema_rs.validator_for(schema)
    steps = ("harvest", "processing", "grading")
    assert len(lots) == 1311
    for lot in lots:
        assert tuple(event["fh:step"] for event in lot.events) == steps
        for event in lot.events:
            oracle.validate(event)
            validate_bare_event(event)


def test_every_event_is_another(lots: list[MappedRow]) -> None:
    ids = {event_hash_id(event) for lot in lots for event in lot.events}
    assert len(ids) == 3933


def test_every_lot_has_its_own_uri(lots: list[MappedRow]) -> None:
    uris = {event["quantityList"][0]["epcClass"] for lot in lots for event in lot.events}
    assert len(uris) == 1311


def test_nothing_personal_is_recorded(lots: list[MappedRow], source: list[dict[str, str]]) -> None:
    written = json.dumps([lot.events for lot in lots], ensure_ascii=False)
    assert "Reinerio Zepeda" in {row["Producer"] for row in source}
    assert "Reinerio Zepeda" not in written
    assert not re.search("wage|price|plot", written, re.IGNORECASE)


def test_every_number_is_the_sheets(lots: list[MappedRow], source: list[dict[str, str]]) -> None:
    scores = {"Aroma": "aroma", "Clean.Cup": "cleanCup", "Total.Cup.Points": "totalCupPoints"}
    for lot, row in zip(lots, source, strict=True):
        grading = lot.events[2]
        if row["Total.Cup.Points"] == "0":
            assert "fh:cupScore" not in grading
        else:
            for column, name in scores.items():
                assert grading["fh:cupScore"][f"fh:{name}"] == float(row[column])
        assert grading["fh:categoryTwoDefects"] == int(row["Category.Two.Defects"])
        assert grading["fh:certificationBody"] == row["Certification.Body"].strip()
        assert grading["eventTime"][:4] == row["Grading.Date"].strip()[-4:]
        reports = grading.get("sensorElementList")
        if row["Moisture"] == "0":
            assert reports is None
        else:
            (report,) = reports[0]["sensorReport"]
            assert Decimal(str(report["value"])) == Decimal(row["Moisture"]) * 100


def altitude_of(lot: MappedRow) -> Any:
    return lot.events[0].get("ilmd", {}).get("fh:altitude")


def test_altitudes_are_metres_and_agree_with_the_row(
    lots: list[MappedRow], source: list[dict[str, str]]
) -> None:
    feet = 0
    for lot, row in zip(lots, source, strict=True):
        altitude = altitude_of(lot)
        if altitude is None:
            continue
        assert altitude["fh:uom"] == "MTR"
        low = altitude.get("fh:value", altitude.get("fh:minValue"))
        assert abs(low - float(row["altitude_low_meters"])) < 0.01
        assert 0 < low <= 5000
        feet += row["unit_of_measurement"] == "ft"
    assert feet == sum(row["unit_of_measurement"] == "ft" and row["Altitude"] != "" for row in source)
    assert altitude_of(lots[[row["Altitude"] for row in source].index("2000 ft")]) == {
        "fh:value": 609.6,
        "fh:uom": "MTR",
    }


def test_impossible_altitudes_are_left_out_and_reported(
    lots: list[MappedRow], source: list[dict[str, str]]
) -> None:
    said = notes(lots, "Altitude")
    impossible = {
        "11000 metros",
        "190164",
        "1100.00 mosl",
        "1901.64",
        "12oo",
        "mmm",
        "-1",
        "1800 meters (5900",
    }
    found = set()
    for lot, row in zip(lots, source, strict=True):
        if row["Altitude"] in impossible:
            found.add(row["Altitude"])
            assert altitude_of(lot) is None
            assert "left out" in said[lot.row_number]
        if row["Altitude"] and altitude_of(lot) is None:
            assert lot.row_number in said
    assert found == impossible


def test_unknown_moisture_is_reported(lots: list[MappedRow]) -> None:
    said = Counter("left out" in reason for reason in notes(lots, "Moisture").values())
    assert said[True] == 252
    assert said[False] > 122


def test_harvests_are_read_or_reported(lots: list[MappedRow], source: list[dict[str, str]]) -> None:
    said = notes(lots, "Harvest.Year")
    periods = {
        row["Harvest.Year"]: lot.events[0]["ilmd"].get("fh:harvestPeriod")
        for lot, row in zip(lots, source, strict=True)
    }
    assert periods["2013/2014"] == "2013-01-01/2014-12-31"
    assert periods["4T/10"] == "2010-10-01/2010-12-31"
    assert periods["23 July 2010"] == "2010-07-23"
    assert periods["Mayo a Julio"] is None
    assert periods["Fall 2009"] is None
    for lot, row in zip(lots, source, strict=True):
        known = "fh:harvestPeriod" in lot.events[0]["ilmd"]
        assert known != (lot.row_number in said or row["Harvest.Year"] == "")


def test_no_event_lies_after_the_grading(lots: list[MappedRow]) -> None:
    for lot in lots:
        harvest, processing, grading = (event["eventTime"] for event in lot.events)
        assert harvest <= processing <= grading
        assert lot.events[1]["fh:eventPeriod"].endswith(grading[:10])


def test_ico_marks_have_three_numbers_or_are_reported(
    lots: list[MappedRow], source: list[dict[str, str]]
) -> None:
    said = notes(lots, "ICO.Number")
    for lot, row in zip(lots, source, strict=True):
        known = re.fullmatch(r"\d+/\d+/\d+", lot.events[2].get("fh:icoMark", "")) is not None
        assert known != (lot.row_number in said or row["ICO.Number"].strip() in ("", "-"))


def test_bags_are_weighed_in_kilograms(lots: list[MappedRow], source: list[dict[str, str]]) -> None:
    for lot, row in zip(lots, source, strict=True):
        quantity = lot.events[2]["quantityList"][0].get("quantity")
        if row["Bag.Weight"] == "100 lbs":
            assert quantity == float(Decimal("45.359237") * int(row["Number.of.Bags"]))
        if row["Bag.Weight"] in ("6", "2 kg,lbs", "0 lbs", "18975 kg"):
            assert quantity is None
