"""Rows into events by a mapping: determinism, hostile cells, notes and errors, identities."""

from __future__ import annotations

import json
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.event_hash import event_hash_id
from firsthand.events.identifiers import canonical
from firsthand.events.validation import validate_bare_event
from firsthand.profiles import MappedRow, Row, Table, load_mapping, load_profile

BASE = "https://coop.example"
COFFEE = load_profile("coffee")
DELIVERIES = load_mapping(COFFEE, "deliveries")
CQI = load_mapping(COFFEE, "cqi")
CELLS = {
    "Receipt": "R-1",
    "Farmer no": "7",
    "Farmer name": "Sample Farmer",
    "Date": "2025-10-06",
    "Station": "North",
    "Plot": "P1",
    "Variety": "SL28",
    "Altitude m": "1700",
    "Cherry kg": "52.4",
    "Ripe %": "95",
    "Brix": "21",
    "Price per kg": "0.62",
    "Currency": "USD",
    "Picking wage per kg": "0.14",
}


def mapped(*rows: dict[str, str], base: str = BASE) -> list[MappedRow]:
    """Delivery rows through the mapping; the columns are those of the first row."""
    table = Table(tuple(rows[0]))
    numbered = [Row(number, tuple(cells.values()), table) for number, cells in enumerate(rows, 2)]
    return list(DELIVERIES.events(numbered, base))


def test_a_delivery_becomes_a_harvest_and_a_receipt() -> None:
    (row,) = mapped(CELLS)
    harvest, delivery = row.events
    assert row.problems == ()
    assert (harvest["bizStep"], harvest["action"]) == ("commissioning", "ADD")
    assert harvest["eventTime"] == "2025-10-06T00:00:00Z"
    assert harvest["quantityList"] == [
        {"epcClass": f"{BASE}/id/lot/delivery:R-1", "quantity": 52.4, "uom": "KGM"}
    ]
    assert harvest["ilmd"]["fh:altitude"] == {"fh:value": 1700, "fh:uom": "MTR"}
    assert harvest["readPoint"] == {"id": f"{BASE}/id/place/plot:7:P1"}
    assert delivery["sourceList"] == [{"type": "possessing_party", "source": f"{BASE}/id/party/farmer-7"}]
    assert delivery["fh:farmGatePrice"] == {"fh:value": 0.62, "fh:currency": "USD", "fh:per": "KGM"}
    assert "Sample Farmer" not in json.dumps(row.events)


def test_who_is_recorded_for_what_is_claimed_and_who_received_it() -> None:
    (row,) = mapped(CELLS | {"Received by": "north mill", "Claims": "Fairtrade; organic"})
    harvest, delivery = row.events
    for event in row.events:
        assert event["fh:profile"] == "coffee"
        assert event["fh:onBehalfOf"] == f"{BASE}/id/party/farmer-7"
    assert harvest["fh:claims"] == ["fairtrade", "organic"]
    assert "fh:claims" not in delivery
    assert delivery["destinationList"] == [
        {"type": "possessing_party", "destination": f"{BASE}/id/party/processor-north%20mill"}
    ]
    validate_bare_event(harvest)
    validate_bare_event(delivery)


@pytest.mark.parametrize("claims", ["Demeter", "organic; organic", "organic, Demeter", ";"])
def test_a_claim_that_the_craft_does_not_know_is_left_out_and_said(claims: str) -> None:
    (row,) = mapped(CELLS | {"Claims": claims})
    assert "fh:claims" not in row.events[0]
    (problem,) = row.problems
    assert problem.kind == "note"
    assert "Claims" in problem.place


def test_lists_digests_and_places_of_a_mapping() -> None:
    profile = load_profile("jewellery")
    mapping = load_mapping(profile, "stone-book")
    cells = {
        "Stone no": "D-1",
        "Date": "2026-01-20",
        "Species": "Topaz",
        "Carat": "1.64",
        "Natural or made": "natural",
        "Treatments": "irradiation; heating",
        "Dealer": "x",
    }
    (row,) = mapping.events([Row(2, tuple(cells.values()), Table(tuple(cells)))], BASE)
    (event,) = row.events
    assert event["ilmd"]["fh:treatments"] == ["irradiation", "heating"]
    assert event["quantityList"][0]["uom"] == "CTM"
    unknown = cells | {"Treatments": "irradiation; magic"}
    (row,) = mapping.events([Row(2, tuple(unknown.values()), Table(tuple(unknown)))], BASE)
    assert row.refused


def test_the_same_row_gives_the_same_events() -> None:
    assert mapped(CELLS) == mapped(CELLS)
    assert mapped(CELLS, base=f"{BASE}/") == mapped(CELLS)


def test_headers_count_by_their_letters() -> None:
    respelled = {header.upper().replace(" ", "_"): cell for header, cell in CELLS.items()}
    assert mapped(respelled)[0].events == mapped(CELLS)[0].events


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("Date", "", "blank"),
        ("Date", "04/05/2025", "either"),
        ("Cherry kg", "fifty", "number"),
        ("Cherry kg", "0", "not possible"),
        ("Cherry kg", "-5", "cannot read"),
        ("Cherry kg", "99999", "not possible"),
        ("Receipt", "", "blank"),
        ("Receipt", "\u202e1", "control"),
    ],
)
def test_a_row_without_what_it_needs_is_refused(column: str, cell: str, reason: str) -> None:
    bad, good = mapped(CELLS | {column: cell}, CELLS | {"Receipt": "R-2"})
    assert bad.events == ()
    assert bad.refused
    (problem,) = [problem for problem in bad.problems if problem.kind == "error"]
    assert problem.place == f'row 2, column "{column}"'
    assert reason in problem.reason
    assert len(good.events) == 2


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("Altitude m", "high", "cannot read"),
        ("Altitude m", "19000", "not possible"),
        ("Ripe %", "140", "not possible"),
        ("Price per kg", "free", "number"),
        ("Variety", "#REF!", "error"),
    ],
)
def test_an_optional_cell_is_left_out_and_said_so(column: str, cell: str, reason: str) -> None:
    (row,) = mapped(CELLS | {column: cell})
    assert len(row.events) == 2
    (problem,) = row.problems
    assert (problem.kind, problem.place) == ("note", f'row 2, column "{column}"')
    assert "left out" in problem.reason
    assert reason in problem.reason


def test_what_is_unusual_is_recorded_and_said_so() -> None:
    (row,) = mapped(CELLS | {"Ripe %": "40"})
    assert row.events[1]["fh:ripeness"] == {"fh:value": 40, "fh:uom": "P1"}
    assert "recorded as stated" in row.problems[0].reason


def test_a_price_needs_a_currency() -> None:
    (row,) = mapped(CELLS | {"Currency": "dollars"})
    assert {problem.place for problem in row.problems} == {
        'row 2, column "Price per kg"',
        'row 2, column "Picking wage per kg"',
    }
    assert "fh:farmGatePrice" not in row.events[1]


def test_a_lot_stands_once() -> None:
    first, second = mapped(CELLS, CELLS | {"Cherry kg": "10"})
    assert len(first.events) == 2
    assert second.events == ()
    assert "stands in row 2 already" in second.problems[0].reason


def test_a_row_of_another_width_is_refused() -> None:
    table = Table(tuple(CELLS))
    rows = [Row(2, tuple(CELLS.values())[:-1], table), Row(3, (*CELLS.values(), "x"), table)]
    for row in DELIVERIES.events(rows, BASE):
        assert row.events == ()
        assert row.problems[0].place == f"row {row.row_number}"
        assert "expected 14 cells" in row.problems[0].reason


def test_missing_columns_are_named() -> None:
    cells = {header: cell for header, cell in CELLS.items() if header not in ("Date", "Cherry kg")}
    with pytest.raises(InvalidInput, match=r'row 1: missing columns: "Date" or "Fecha", "Cherry kg"'):
        mapped(cells)


def test_two_columns_for_one_field_are_refused() -> None:
    with pytest.raises(InvalidInput, match='"Date" and row 1, column "Fecha"'):
        mapped(CELLS | {"Fecha": "2025-10-06"})


def test_a_column_that_the_mapping_does_not_know_is_said_so() -> None:
    header, row = mapped(CELLS | {"Mood": "good"})
    assert (header.row_number, header.events) == (1, ())
    assert 'does not know the column "Mood"' in header.problems[0].reason
    assert len(row.events) == 2


def test_places_in_a_worksheet_are_cells() -> None:
    table = Table(tuple(CELLS), sheet="Sheet1")
    (row,) = DELIVERIES.events([Row(12, tuple((CELLS | {"Farmer no": ""}).values()), table)], BASE)
    assert row.problems[0].place == "Sheet1!B12"
    assert table.cell(3, 26) == "Sheet1!AA3"


@pytest.mark.parametrize(
    "base",
    ["", "coop.example", "ftp://coop.example", "https://", "https://coop.example?q", "https://coop.example#f",
     "https://a b", "https://u:p@coop.example", "https://coop.example/{x}", "https://coop.example\n",
     "javascript:1"],
)  # fmt: skip
def test_a_base_must_be_able_to_begin_a_uri(base: str) -> None:
    with pytest.raises(InvalidInput, match="expected one like"):
        mapped(CELLS, base=base)


HOSTILE = st.text(min_size=1, max_size=30) | st.sampled_from(
    [
        "..",
        ".",
        "%2e%2e",
        "/01/09506000134352",
        "a/../../b",
        "x#y?z",
        "1:2",
        "a b",
        "é",
        "🐑",
        "{digest}",
        "%00",
    ]
)


@given(HOSTILE)
def test_no_cell_escapes_its_uri(cell: str) -> None:
    (row,) = mapped(CELLS | {"Receipt": cell})
    if row.refused:
        return
    uri = row.events[0]["quantityList"][0]["epcClass"]
    parts = urlsplit(uri)
    assert (parts.scheme, parts.netloc, parts.query, parts.fragment) == ("https", "coop.example", "", "")
    assert parts.path.startswith("/id/lot/delivery:")
    assert parts.path.count("/") == 3
    assert uri.isascii()
    assert canonical(uri) == uri
    assert unquote(parts.path).removeprefix("/id/lot/delivery:").split() == unquote(parts.path[17:]).split()


@given(st.lists(HOSTILE, min_size=2, max_size=2))
def test_different_cells_give_different_uris(cells: list[str]) -> None:
    first, second = (mapped(CELLS | {"Receipt": cell})[0] for cell in cells)
    if first.refused or second.refused:
        return
    same = first.events[0]["quantityList"] == second.events[0]["quantityList"]
    assert same == (first.events[1]["fh:receiptNumber"] == second.events[1]["fh:receiptNumber"])


@given(st.lists(HOSTILE | st.just(""), min_size=14, max_size=14))
def test_whatever_the_cells_hold_events_are_valid(cells: list[str]) -> None:
    always = {"Date": "2025-10-06", "Cherry kg": "5"}
    (row,) = mapped(dict(zip(CELLS, cells, strict=True)) | always)
    for event in row.events:
        validate_bare_event(json.loads(json.dumps(event)))
        assert event_hash_id(event)
    assert all(problem.place and problem.reason.isprintable() for problem in row.problems)


ROBUSTA = (
    ",Species,Owner,Country.of.Origin,Farm.Name,Lot.Number,Mill,ICO.Number,Company,Altitude,Region,Producer,"
    "Number.of.Bags,Bag.Weight,In.Country.Partner,Harvest.Year,Grading.Date,Owner.1,Variety,Processing.Method,"
    "Fragrance...Aroma,Flavor,Aftertaste,Salt...Acid,Bitter...Sweet,Mouthfeel,Uniform.Cup,Clean.Cup,Balance,"
    "Cupper.Points,Total.Cup.Points,Moisture,Category.One.Defects,Quakers,Color,Category.Two.Defects,Expiration,"
    "Certification.Body,Certification.Address,Certification.Contact,unit_of_measurement,altitude_low_meters,"
    "altitude_high_meters,altitude_mean_meters"
)


@pytest.mark.parametrize("spelling", ["...", " / ", "/"])
def test_the_robusta_sheet_names_scores_otherwise(spelling: str) -> None:
    table = Table(tuple(ROBUSTA.replace("...", spelling).split(",")))
    cells = dict.fromkeys(table.columns, "")
    scores = {
        "Fragrance / Aroma": "7.83",
        "Salt / Acid": "7.5",
        "Bitter / Sweet": "7.25",
        "Mouthfeel": "8",
        "Uniform.Cup": "10",
        "Total.Cup.Points": "81",
    }
    cells |= {"": "1", "Species": "Robusta", "Grading.Date": "June 26th, 2014"}
    cells |= {header.replace(" / ", spelling): score for header, score in scores.items()}
    (row,) = CQI.events([Row(2, tuple(cells.values()), table)], BASE)
    assert row.problems == ()
    assert row.events[2]["fh:cupScore"] == {
        "fh:totalCupPoints": 81,
        "fh:aroma": 7.83,
        "fh:acidity": 7.5,
        "fh:sweetness": 7.25,
        "fh:body": 8,
        "fh:uniformity": 10,
    }
    assert row.events[0]["quantityList"] == [{"epcClass": f"{BASE}/id/lot/cqi:Robusta:1"}]
    assert row.events[0]["fh:eventPeriod"] == "../2014-06-26"
