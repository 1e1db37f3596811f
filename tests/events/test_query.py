"""The EPCIS query language: each parameter with an event that it finds and one that it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.query import Query, QueryParameterError, QueryTooComplex, parse_parameters, parse_query
from firsthand.events.query_names import FIXED_NAMES

PREFIXES = {"ex": "https://ns.example.com/"}
SGTIN = "urn:epc:id:sgtin:0614141.107346.2018"
CLASS = "urn:epc:class:lgtin:4012345.012345.998877"
PLACE = "urn:epc:id:sgln:0012345.11111.400"

FULL: dict[str, Any] = {
    "@context": [{"ex": "https://ns.example.com/", "same": "https://ns.example.com/"}],
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T10:00:00.000+01:00",
    "eventTimeZoneOffset": "+01:00",
    "action": "ADD",
    "bizStep": "commissioning",
    "disposition": "active",
    "persistentDisposition": {"set": ["completeness_verified"], "unset": ["in_transit"]},
    "epcList": [SGTIN],
    "childEPCs": ["urn:epc:id:sgtin:0614141.107346.2019"],
    "parentID": "urn:epc:id:sscc:0614141.1234567890",
    "inputEPCList": ["urn:epc:id:sgtin:4012345.011122.25"],
    "outputEPCList": ["urn:epc:id:sgtin:4012345.077889.25"],
    "quantityList": [{"epcClass": CLASS, "quantity": 60.5, "uom": "KGM"}],
    "childQuantityList": [{"epcClass": "urn:epc:idpat:sgtin:4012345.098765.*", "quantity": 10}],
    "inputQuantityList": [{"epcClass": "https://maker.example/lot/1", "quantity": 7, "uom": "MTR"}],
    "outputQuantityList": [{"epcClass": "https://maker.example/lot/2", "quantity": 8, "uom": "GRM"}],
    "transformationID": "urn:epc:id:gdti:0614141.12345.400",
    "readPoint": {"id": PLACE, "ex:gate": 3},
    "bizLocation": {"id": "https://maker.example/place/mill"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "https://maker.example/po/1"}],
    "sourceList": [{"type": "owning_party", "source": "https://maker.example/party/adela"}],
    "destinationList": [{"type": "location", "destination": "urn:epc:id:sgln:0614141.00777.0"}],
    "errorDeclaration": {
        "declarationTime": "2026-03-02T00:00:00Z",
        "reason": "incorrect_data",
        "correctiveEventIDs": ["urn:uuid:5b1b8a0f-9f5a-4c1f-8f0e-1d9e2b0b5a01"],
        "ex:clerk": {"ex:name": "Rosa"},
    },
    "ilmd": {
        "ex:variety": "Bourbon", "ex:altitude": 1850,
        "ex:picked": {"ex:by": "hand", "ex:on": "2026-02-27T06:00:00Z"},
    },
    "ex:price": 4.35,
    "ex:note": ["ripe", "floated"],
    "ex:box": {"ex:size": {"ex:width": 30}, "unit": "CMT"},
    "sensorElementList": [
        {
            "sensorMetadata": {
                "time": "2026-03-01T09:00:00Z",
                "startTime": "2026-03-01T08:00:00Z",
                "endTime": "2026-03-01T09:30:00Z",
                "deviceID": "urn:epc:id:giai:4000001.111",
                "bizRules": "https://maker.example/rules/1",
                "ex:owner": "coop",
            },
            "sensorReport": [
                {
                    "type": "Temperature", "value": 26.0, "uom": "CEL", "minValue": 20, "maxValue": 30,
                    "meanValue": 25.5, "sDev": 0.5, "percRank": 50, "percValue": 24, "ex:probe": "left",
                    "dataProcessingMethod": "https://maker.example/method/1",
                    "microorganism": "https://maker.example/micro/1",
                    "chemicalSubstance": "https://maker.example/chem/1",
                    "stringValue": "ok", "booleanValue": True, "hexBinaryValue": "f0f0",
                    "uriValue": "https://maker.example/value/1",
                }
            ],
            "ex:shelf": "A1",
        }
    ],
}  # fmt: skip
IDS = ("ni:///sha-256;00?ver=CBV2.0", "urn:uuid:00000000-0000-4000-8000-000000000001")
BARE: dict[str, Any] = {
    "type": "AggregationEvent",
    "eventTime": "2026-04-01T10:00:00Z",
    "eventTimeZoneOffset": "+00:00",
    "action": "DELETE",
}
RECORDED, LATER = 1_800_000_000_000_000, 1_900_000_000_000_000

# Parameter, a value that finds FULL, and None or a value that finds nothing at all.
TABLE: list[tuple[str, str, str | None]] = [
    ("eventType", "ObjectEvent|TransactionEvent", "TransactionEvent"),
    ("GE_eventTime", "2026-03-01T09:00:00Z", "2026-05-01T00:00:00Z"),
    ("LT_eventTime", "2026-03-01T09:00:00.001Z", "2026-03-01T09:00:00Z"),
    ("GE_recordTime", "2027-01-15T08:00:00Z", "2035-01-01T00:00:00Z"),
    ("LT_recordTime", "2028-01-01T00:00:00Z", "2020-01-01T00:00:00Z"),
    ("EQ_action", "ADD|OBSERVE", "OBSERVE"),
    ("EQ_bizStep", "commissioning", "shipping"),
    ("EQ_bizStep", "urn:epcglobal:cbv:bizstep:commissioning", "ex:commissioning"),
    ("EQ_disposition", "active|sellable_accessible", "sellable_accessible"),
    ("EQ_persistentDisposition_set", "completeness_verified", "in_transit"),
    ("EQ_persistentDisposition_unset", "in_transit", "completeness_verified"),
    ("EQ_readPoint", PLACE, "urn:epc:id:sgln:0012345.11111.401"),
    ("EQ_readPoint", "https://id.gs1.org/414/0012345111112/254/400", None),
    ("WD_readPoint", PLACE, "urn:epc:id:sgln:0012345.11111.401"),
    ("EQ_bizLocation", "https://maker.example/place/mill", PLACE),
    ("WD_bizLocation", "https://maker.example/place/mill", PLACE),
    ("EQ_transformationID", "urn:epc:id:gdti:0614141.12345.400", "urn:epc:id:gdti:0614141.12345.401"),
    ("MATCH_epc", SGTIN, "urn:epc:id:sgtin:4012345.011122.25"),
    ("MATCH_epc", "urn:epc:id:sgtin:0614141.107346.2019", "urn:epc:id:sscc:0614141.1234567890"),
    ("MATCH_epc", "urn:epc:idpat:sgtin:0614141.107346.*", "urn:epc:idpat:sgtin:0614141.107347.*"),
    ("MATCH_epc", "urn:epc:idpat:sgtin:0614141.*.*", "urn:epc:idpat:sgtin:0614142.*.*"),
    ("MATCH_parentID", "urn:epc:id:sscc:0614141.1234567890", SGTIN),
    ("MATCH_parentID", "urn:epc:idpat:sscc:0614141.*", "urn:epc:idpat:sscc:0614142.*"),
    ("MATCH_inputEPC", "urn:epc:id:sgtin:4012345.011122.25", SGTIN),
    ("MATCH_outputEPC", "urn:epc:id:sgtin:4012345.077889.25", SGTIN),
    ("MATCH_anyEPC", "urn:epc:id:sscc:0614141.1234567890", CLASS),
    ("MATCH_anyEPC", "https://id.gs1.org/01/10614141073464/21/2018", None),
    ("MATCH_epcClass", CLASS, "https://maker.example/lot/1"),
    ("MATCH_epcClass", "urn:epc:idpat:sgtin:4012345.098765.*", "urn:epc:idpat:sgtin:4012345.098766.*"),
    ("MATCH_inputEPCClass", "https://maker.example/lot/1", "https://maker.example/lot/2"),
    ("MATCH_outputEPCClass", "https://maker.example/lot/2", "https://maker.example/lot/1"),
    ("MATCH_anyEPCClass", "https://maker.example/lot/2", SGTIN),
    ("EQ_quantity", "60.5", "60.4"),
    ("GT_quantity", "60", "60.5"),
    ("GE_quantity", "60.5", "61"),
    ("LT_quantity", "8", "7"),
    ("LE_quantity", "7", "6.9"),
    ("EQ_quantity_KGM", "60.5", "10"),
    ("EQ_quantity_GRM", "60500", "60501"),
    ("GT_quantity_LBR", "133", "134"),
    ("LT_quantity_CMT", "701", "700"),
    ("EQ_eventID", IDS[1], "urn:uuid:00000000-0000-4000-8000-000000000002"),
    ("EXISTS_errorDeclaration", "true", None),
    ("GE_errorDeclarationTime", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
    ("LT_errorDeclarationTime", "2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z"),
    ("GE_errorDeclaration_Time", "2026-03-02T00:00:00Z", "2026-03-03T00:00:00Z"),
    ("LT_errorDeclaration_Time", "2026-03-03T00:00:00Z", "2026-03-02T00:00:00Z"),
    ("EQ_errorReason", "incorrect_data", "did_not_occur"),
    ("EQ_correctiveEventID", "urn:uuid:5b1b8a0f-9f5a-4c1f-8f0e-1d9e2b0b5a01", IDS[1]),
    ("EQ_bizTransaction_po", "https://maker.example/po/1", "https://maker.example/po/2"),
    ("EQ_bizTransaction_urn:epcglobal:cbv:btt:po", "https://maker.example/po/1", None),
    ("EQ_source_owning_party", "https://maker.example/party/adela", "https://maker.example/party/b"),
    ("EQ_source_location", "https://maker.example/party/none", "https://maker.example/party/adela"),
    ("EQ_destination_location", "urn:epc:id:sgln:0614141.00777.0", "urn:epc:id:sgln:0614141.00778.0"),
    ("EXISTS_sensorElementList", "true", None),
    ("GE_time", "2026-03-01T09:00:00Z", "2026-03-01T09:00:01Z"),
    ("LT_time", "2026-03-01T09:00:01Z", "2026-03-01T09:00:00Z"),
    ("GE_startTime", "2026-03-01T08:00:00Z", "2026-03-01T08:00:01Z"),
    ("LT_startTime", "2026-03-01T08:00:01Z", "2026-03-01T08:00:00Z"),
    ("GE_endTime", "2026-03-01T09:30:00Z", "2026-03-01T09:30:01Z"),
    ("LT_endTime", "2026-03-01T09:30:01Z", "2026-03-01T09:30:00Z"),
    ("EQ_type", "Temperature", "Speed"),
    ("EQ_deviceID", "urn:epc:id:giai:4000001.111", "urn:epc:id:giai:4000001.112"),
    ("EQ_dataProcessingMethod", "https://maker.example/method/1", "https://maker.example/method/2"),
    ("EQ_microorganism", "https://maker.example/micro/1", "https://maker.example/micro/2"),
    ("EQ_chemicalSubstance", "https://maker.example/chem/1", "https://maker.example/chem/2"),
    ("EQ_bizRules", "https://maker.example/rules/1", "https://maker.example/rules/2"),
    ("EQ_stringValue", "ok|fine", "OK"),
    ("EQ_hexBinaryValue", "f0f0", "f0f1"),
    ("EQ_hexBinaryValue", "F0f0", "00f0f0"),
    ("EQ_uriValue", "https://maker.example/value/1", "https://maker.example/value/2"),
    ("EQ_booleanValue", "true", "false"),
    ("EQ_value_CEL", "26", "27"),
    ("EQ_value_FAH", "78.8", "78.9"),
    ("GT_value_KEL", "299", "299.15"),
    ("GE_value_CEL", "26.0", "26.01"),
    ("LT_value_CEL", "26.1", "26"),
    ("LE_value_CEL", "26", "25.9"),
    ("EQ_minValue_CEL", "20", "21"),
    ("GE_minValue_CEL", "20", "21"),
    ("LE_maxValue_CEL", "30", "29"),
    ("GT_meanValue_CEL", "25", "25.5"),
    ("LT_sDev_CEL", "0.51", "0.5"),
    ("EQ_percValue_CEL", "24", "25"),
    ("EQ_percRank", "50", "51"),
    ("GT_percRank", "49", "50"),
    ("GE_percRank", "50", "51"),
    ("LT_percRank", "51", "50"),
    ("LE_percRank", "50", "49"),
    ("EQ_ex:price", "4.35", "4.36"),
    ("EQ_ex:note", "floated|washed", "washed"),
    ("EQ_https://ns.example.com/price", "4.350", "4"),
    ("GT_ex:price", "4", "4.35"),
    ("GE_ex:price", "4.35", "5"),
    ("LT_ex:price", "4.36", "4.35"),
    ("LE_ex:price", "4.35", "4.34"),
    ("EXISTS_ex:price", "true", None),
    ("EXISTS_ex:altitude", "false", "true"),
    ("EQ_INNER_ex:width", "30", "31"),
    ("GT_INNER_ex:width", "29", "30"),
    ("EXISTS_INNER_ex:size", "", None),
    ("EQ_ILMD_ex:variety", "Bourbon", "Caturra"),
    ("GE_ILMD_ex:altitude", "1850", "1851"),
    ("LE_ILMD_ex:altitude", "1850", "1849"),
    ("EXISTS_ILMD_ex:picked", "true", None),
    ("EXISTS_ILMD_ex:price", "false", "true"),
    ("EQ_INNER_ILMD_ex:by", "hand", "machine"),
    ("LT_INNER_ILMD_ex:on", "2026-02-27T06:00:01Z", "2026-02-27T06:00:00Z"),
    ("GE_INNER_ILMD_ex:on", "2026-02-27T07:00:00+01:00", "2026-02-28T00:00:00Z"),
    ("EXISTS_INNER_ILMD_ex:by", "true", None),
    ("EXISTS_ERROR_DECLARATION_ex:clerk", "true", None),
    ("EQ_INNER_ERROR_DECLARATION_ex:name", "Rosa", "Ana"),
    ("EXISTS_INNER_ERROR_DECLARATION_ex:name", "true", None),
    ("EQ_readPoint_ex:gate", "3", "4"),
    ("EQ_SENSORELEMENT_ex:shelf", "A1", "A2"),
    ("EQ_SENSORMETADATA_ex:owner", "coop", "roaster"),
    ("EQ_SENSORREPORT_ex:probe", "left", "right"),
    ("EXISTS_SENSORELEMENT_ex:shelf", "true", None),
    ("EXISTS_SENSORMETADATA_ex:owner", "true", None),
    ("EXISTS_SENSORREPORT_ex:probe", "true", None),
]  # fmt: skip
NEGATIVE_ONLY = {"EXISTS_ex:altitude", "EXISTS_ILMD_ex:price"}
NO_CONSTRAINT = {("EQ_source_location", "https://maker.example/party/none")}


def query(name: str, value: str) -> Query:
    return parse_parameters([(name, value)], PREFIXES)


@pytest.mark.parametrize(("name", "value", "other"), TABLE, ids=[f"{row[0]}={row[1]}"[:60] for row in TABLE])
def test_parameter(name: str, value: str, other: str | None) -> None:
    found = query(name, value)
    if (name, value) not in NO_CONSTRAINT:
        assert found.matches(FULL, IDS, RECORDED)
    if not (name.startswith(("LT_", "GE_", "GT_")) and ("eventTime" in name or "recordTime" in name)):
        bare = found.matches(BARE, (), LATER)
        assert bare == (name in NEGATIVE_ONLY), "an event without the field"
    if other is not None:
        assert not query(name, other).matches(FULL, IDS, RECORDED)


def test_every_parameter_with_a_fixed_name_is_in_the_table() -> None:
    assert set(FIXED_NAMES) <= {row[0] for row in TABLE}


def test_another_prefix_for_the_same_namespace() -> None:
    other = parse_parameters([("EQ_my:price", "4.35")], {"my": "https://ns.example.com/"})
    assert other.matches(FULL, IDS, RECORDED)
    assert parse_parameters([("EQ_ex:price", "4.35")]).matches(FULL, IDS, RECORDED)
    assert not parse_parameters([("EQ_my:price", "4.35")]).matches(FULL, IDS, RECORDED)
    elsewhere = parse_parameters([("EQ_my:price", "4.35")], {"my": "https://other.example.com/"})
    assert not elsewhere.matches(FULL, IDS, RECORDED)


@pytest.mark.parametrize("where", ["", "INNER_", "ILMD_"])
def test_a_declared_namespace_decides_and_not_an_equal_prefix(where: str) -> None:
    def made(prefix: str, **context: str) -> dict[str, Any]:
        field = {f"{prefix}:f": "same"}
        inside = {"": field, "INNER_": {f"{prefix}:box": field}, "ILMD_": {"ilmd": field}}[where]
        return {**BARE, "@context": [context], **inside}

    one, two = "https://one.example/", "https://two.example/"
    events = [made("x", x=one), made("x", x=two), made("y", y=one), made("x"), made("y")]
    name = f"EQ_{where}x:f"
    declared = parse_parameters([(name, "same")], {"x": one})
    named = parse_query({"@context": {"x": one}, name: ["same"]})
    for query in (declared, named):
        assert [query.matches(event, (), 0) for event in events] == [True, False, True, True, False]
    undeclared = parse_parameters([(name, "same")])
    assert [undeclared.matches(event, (), 0) for event in events] == [True, True, False, True, False]


def test_a_word_with_a_prefix_is_of_its_namespace() -> None:
    one, two = "https://one.example/", "https://two.example/"
    query = parse_parameters([("EQ_bizStep", "x:roasting")], {"x": one})
    for context, step, found in (
        ({"x": one}, "x:roasting", True),
        ({"x": two}, "x:roasting", False),
        ({"y": one}, "y:roasting", True),
        ({}, "x:roasting", True),
        ({}, "https://one.example/roasting", True),
    ):
        assert query.matches({**BARE, "@context": [context], "bizStep": step}, (), 0) is found


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("0012", ["0012", 12]),
        ("12", ["12", 12]),
        ("1.2e1", ["1.2e1", 12]),
        ("100", [100]),
        ("2026-03-01T09:00:00Z", ["2026-03-01T10:00:00+01:00"]),
        ("true", [True]),
    ],
)
def test_a_text_is_equal_as_text_and_a_number_as_a_number(asked: str, found: list[object]) -> None:
    values = ["0012", "12", "12.0", "1.2e1", 12, "1e2", 100, "2026-03-01T10:00:00+01:00", True]
    equal = parse_parameters([("EQ_ILMD_ex:lot", asked)])
    assert [value for value in values if equal.matches({**BARE, "ilmd": {"ex:lot": value}}, (), 0)] == found


def test_a_json_number_is_no_text() -> None:
    query = parse_query({"EQ_ILMD_ex:lot": 12})
    values = ["0012", "12", 12, 12.0, 13]
    assert [value for value in values if query.matches({**BARE, "ilmd": {"ex:lot": value}}, (), 0)] == [
        12,
        12.0,
    ]


def test_a_number_written_as_text_is_greater_or_less_as_a_number() -> None:
    query = parse_parameters([("GT_ex:price", "9")])
    assert query.matches({**BARE, "ex:price": "10"}, (), 0)
    assert not query.matches({**BARE, "ex:price": "8.99"}, (), 0)


def test_conditions_hold_together_and_values_are_alternatives() -> None:
    both = parse_parameters([("EQ_action", "ADD|DELETE"), ("EQ_bizStep", "commissioning")])
    assert both.matches(FULL, IDS, RECORDED)
    assert not both.matches(BARE, (), RECORDED)


COUNTRY = "urn:epcglobal:cbv:mda#countryCode"


class Known:
    """Master data of the places, steps and classes of `FULL`."""

    def below(self, field: str, uri: str) -> list[str]:
        known = {("bizLocation", "https://maker.example/place/all"): ["https://maker.example/place/mill"]}
        return known.get((field, uri), [])

    def attributes(self, field: str, attribute: str) -> list[tuple[str, Any]]:
        known: dict[tuple[str, str], list[tuple[str, Any]]] = {
            ("bizLocation", COUNTRY): [("https://maker.example/place/mill", ["DE", "12"])],
            ("readPoint", COUNTRY): [("https://id.gs1.org/414/0012345111112/254/400", ["FR"])],
            ("bizStep", "https://ns.example.com/paid"): [
                ("urn:epcglobal:cbv:bizstep:commissioning", [True]),
                ("urn:epcglobal:cbv:bizstep:packing", [False]),
            ],
            ("epcClass", "https://ns.example.com/roast"): [("https://maker.example/lot/2", [7])],
            ("extension.event", "https://ns.example.com/age"): [
                ("https://id.gs1.org/417/0614141000005", [41])
            ],
        }
        return known.get((field, attribute), [])


def test_descendants() -> None:
    wide = query("WD_bizLocation", "https://maker.example/place/all")
    assert not wide.matches(FULL, IDS, RECORDED)
    assert wide.with_master_data(Known()).matches(FULL, IDS, RECORDED)
    other = query("WD_readPoint", "https://maker.example/place/all").with_master_data(Known())
    inside = {**BARE, "readPoint": {"id": "https://maker.example/place/mill"}}
    assert not other.matches(inside, (), RECORDED)


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("HASATTR_bizLocation", COUNTRY, True),
        ("HASATTR_bizLocation", f"urn:x:other|{COUNTRY}", True),
        ("HASATTR_bizLocation", "urn:x:other", False),
        ("HASATTR_readPoint", COUNTRY, True),
        ("HASATTR_bizStep", "https://ns.example.com/paid", True),
        ("HASATTR_epcClass", "https://ns.example.com/roast", True),
        ("HASATTR_disposition", COUNTRY, False),
        ("HASATTR_ex:party", "https://ns.example.com/age", True),
        ("HASATTR_ex:party", COUNTRY, False),
        ("HASATTR_ex:box", "https://ns.example.com/age", False),
        (f"EQATTR_bizLocation_{COUNTRY}", "FR|DE", True),
        (f"EQATTR_bizLocation_{COUNTRY}", "FR", False),
        (f"EQATTR_bizLocation_{COUNTRY}", "12.0", False),
        (f"EQ_ATTR_bizLocation_{COUNTRY}", "DE", True),
        (f"EQATTR_readPoint_{COUNTRY}", "FR", True),
        (f"EQATTR_readPoint_{COUNTRY}", "DE", False),
        ("EQATTR_bizStep_https://ns.example.com/paid", "true", True),
        ("EQATTR_bizStep_https://ns.example.com/paid", "false", False),
        ("EQATTR_epcClass_https://ns.example.com/roast", "7", True),
        ("EQATTR_ex:party_https://ns.example.com/age", "41", True),
        ("EQATTR_ex:party_https://ns.example.com/age", "42", False),
    ],
)
def test_attributes_of_master_data(name: str, value: str, found: bool) -> None:
    event = {**FULL, "ex:party": ["https://maker.example/nobody", "urn:epc:id:pgln:0614141.00000"]}
    asked = query(name, value)
    assert asked.with_master_data(Known()).matches(event, IDS, RECORDED) is found
    assert not asked.with_master_data(Known()).matches(BARE, (), RECORDED)
    assert not asked.matches(event, IDS, RECORDED), "without master data"
    assert parse_query(asked.document, PREFIXES).conditions == asked.conditions


@pytest.mark.parametrize(
    ("pairs", "where"),
    [
        ([("EQ_colour", "red")], "EQ_colour"),
        ([("HASATTR_colour", COUNTRY)], "HASATTR_colour"),
        ([("EQATTR_bizLocation", "DE")], "EQATTR_bizLocation"),
        ([("EQATTR_bizLocation_", "DE")], "EQATTR_bizLocation_"),
        ([(f"EQATTR_colour_{COUNTRY}", "DE")], f"EQATTR_colour_{COUNTRY}"),
        ([("EQ_action", "STEAL")], "EQ_action"),
        ([("EQ_bizStep", "comissioning")], "EQ_bizStep"),
        ([("GE_eventTime", "yesterday")], "GE_eventTime"),
        ([("GE_eventTime", "2026-03-01T00:00:00")], "GE_eventTime"),
        ([("GT_quantity", "many")], "GT_quantity"),
        ([("GT_quantity", "1e999999999")], "GT_quantity"),
        ([("EQ_booleanValue", "maybe")], "EQ_booleanValue"),
        ([("EXISTS_errorDeclaration", "perhaps")], "EXISTS_errorDeclaration"),
        ([("MATCH_epc", "not a uri")], "MATCH_epc"),
        ([("MATCH_epc", "urn:epc:idpat:sgtin:*.107346.*")], "MATCH_epc"),
        ([("MATCH_epc", "")], "MATCH_epc"),
        ([("GT_ex:price", "dear")], "GT_ex:price"),
        ([("orderBy", "colour")], "orderBy"),
        ([("orderBy", "eventTime"), ("orderDirection", "UP")], "orderDirection"),
        ([("eventCountLimit", "0"), ("orderBy", "eventTime")], "eventCountLimit"),
        ([("eventCountLimit", "5")], "eventCountLimit"),
        ([("orderDirection", "ASC"), ("eventCountLimit", "5")], "eventCountLimit"),
        ([("orderBy", "eventTime"), ("eventCountLimit", "5"), ("maxEventCount", "5")], "maxEventCount"),
        ([("EQ_action", "ADD"), ("EQ_action", "DELETE")], "EQ_action"),
    ],
)
def test_what_is_no_query_is_refused_by_name(pairs: list[tuple[str, str]], where: str) -> None:
    with pytest.raises(QueryParameterError) as caught:
        parse_parameters(pairs)
    assert caught.value.path == where


def test_too_many_values_are_refused() -> None:
    many = "|".join(f"https://maker.example/{n}" for n in range(2_000))
    with pytest.raises(QueryTooComplex):
        parse_parameters([("MATCH_epc", many)])


def test_a_json_query_declares_its_prefixes() -> None:
    document = {"@context": [{"my": "https://ns.example.com/"}], "EQ_my:price": 4.35, "EQ_action": ["ADD"]}
    assert parse_query(document).matches(FULL, IDS, RECORDED)


@pytest.mark.parametrize(
    "document",
    [
        {"EQ_action": "ADD"},
        {"EQ_action": []},
        {"EQ_action": [1]},
        {"GE_eventTime": 5},
        {"EQ_booleanValue": "true"},
        {"EQ_quantity": ["5"]},
        {"eventCountLimit": 5},
    ],
)
def test_a_json_query_of_wrong_types_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(QueryParameterError):
        parse_query(document)


@given(st.lists(st.sampled_from(TABLE), min_size=1, max_size=4, unique_by=lambda row: row[0]))
def test_the_url_and_the_json_form_agree(rows: list[tuple[str, str, str | None]]) -> None:
    pairs = parse_qsl(urlencode([(row[0], row[1]) for row in rows]), keep_blank_values=True)
    by_url = parse_parameters(pairs, PREFIXES)
    plain = json.loads(json.dumps(by_url.document, default=float))
    by_json = parse_query(plain, PREFIXES)
    for event, ids in ((FULL, IDS), (BARE, ())):
        assert by_url.matches(event, ids, RECORDED) == by_json.matches(event, ids, RECORDED)
    assert parse_query(by_json.document, PREFIXES).conditions == by_json.conditions


@given(
    st.lists(
        st.tuples(
            st.sampled_from([row[0] for row in TABLE] + ["", "EQ_", "x"]) | st.text(max_size=20),
            st.text(max_size=30),
        ),
        max_size=3,
    )
)
def test_any_text_is_a_query_or_refused(pairs: list[tuple[str, str]]) -> None:
    try:
        found = parse_parameters(pairs)
    except InvalidInput:
        return
    found.matches(FULL, IDS, RECORDED)


def test_every_standard_example_can_be_asked_everything(shared: Path) -> None:
    queries = [query(name, value) for name, value, _ in TABLE]
    answers = set()
    for path in sorted((shared / "epcis" / "examples").glob("*.jsonld")):
        body = json.loads(path.read_text()).get("epcisBody", {})
        results = body.get("queryResults", {}).get("resultsBody", body)
        for event in results.get("eventList", []):
            answers |= {one.matches(event, (), 0) for one in queries}
    assert answers == {True, False}


def test_order_by_an_extension_field() -> None:
    found = parse_parameters([("orderBy", "ex:price"), ("orderDirection", "ASC")], PREFIXES)
    events = [{**BARE, "ex:price": price} for price in (10, 9.5, "2026-01-01T00:00:00Z", "b", "a")]
    keys = [found.sort_key(event, 0) for event in [*events, BARE]]
    assert sorted(range(6), key=keys.__getitem__) == [5, 1, 0, 2, 4, 3]


def test_order_by_a_field_of_texts_is_lexical() -> None:
    found = parse_parameters([("orderBy", "ex:lot"), ("orderDirection", "ASC")], PREFIXES)
    texts = ["é", "a", "9", "Infinity", "10", "1e2", "A"]
    ordered = sorted(texts, key=lambda text: found.sort_key({**BARE, "ex:lot": text}, 0))
    assert ordered == ["10", "1e2", "9", "A", "Infinity", "a", "é"]
