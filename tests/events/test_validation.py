"""Validation, held to the official JSON schema: every example, and mutations of them."""

from __future__ import annotations

import copy
import json
import time
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.formats import is_date_time, is_uri
from firsthand.events.validation import validate_document, validate_event

SHARED = Path(__file__).parents[3] / "shared" / "epcis"
pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the reference data folder ../shared is missing")


@cache
def oracle() -> jsonschema_rs.Draft7Validator:
    schema = json.loads((SHARED / "EPCIS-JSON-Schema.json").read_text())
    return jsonschema_rs.Draft7Validator(schema, validate_formats=True)


@cache
def documents() -> dict[str, Any]:
    paths = sorted([*SHARED.glob("examples/*.jsonld"), *SHARED.glob("hash-vectors/*.jsonld")])
    return {path.name: json.loads(path.read_text()) for path in paths}


def ours(document: Any) -> bool:
    try:
        validate_document(document)
    except InvalidInput:
        return False
    return True


def test_every_example_is_judged_as_by_the_schema() -> None:
    assert len(documents()) > 40
    judged = {name: (ours(document), oracle().is_valid(document)) for name, document in documents().items()}
    assert {name: pair for name, pair in judged.items() if pair[0] != pair[1]} == {}
    assert sum(pair[0] for pair in judged.values()) > 30


WORDS = [
    "ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent",
    "EPCISDocument", "ADD", "OBSERVE", "DELETE", "commissioning", "active", "urn:epcglobal:cbv:bizstep:x",
    "https://ns.gs1.org/cbv/BizStep-shipping", "https://gs1.org/voc/x", "http://www.gs1.org/voc/Temperature",
    "ex:own", "not a uri", "", "KGM", "kgm", "+14:00", "+14:01", "-13:59", "2020-01-01T00:00:00Z",
    "2020-01-01T00:00:00", "2.0", "2.", "did_not_occur", "Temperature", "ALARM_CONDITION", "x", "po", "0aF",
    "http://[::1]/", "http://[::g]/", "urn:epc:id:sgtin:1.2.3",
]  # fmt: skip
NAMES = [
    "epcList", "quantityList", "ilmd", "action", "parentID", "childEPCs", "childQuantityList", "@context",
    "inputEPCList", "outputEPCList", "inputQuantityList", "outputQuantityList", "transformationID", "type",
    "persistentDisposition", "set", "unset", "sensorElementList", "sensorReport", "readPoint", "id",
    "errorDeclaration", "declarationTime", "reason", "bizTransactionList", "certificationInfo", "eventTime",
    "uom", "value", "component", "ex:extension", "unknownField", "http://example.com/x", "eventList",
    "vocabularyList", "schemaVersion", "epcisHeader", "attribute", "children",
]  # fmt: skip
STRUCTURES = [
    [], {}, ["ex:a"], ["ex:a", "ex:a"], [{}], {"id": "ex:a"}, {"set": ["active"]}, {"ex:a": 1},
    [{"epcClass": "ex:a", "quantity": 1}],
]  # fmt: skip
VALUES = st.sampled_from([*WORDS, 0, 1, 1.5, True, None, *STRUCTURES])


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every (container, key) below a value."""
    found: list[tuple[Any, Any]] = []
    stack = [value]
    while stack:
        item = stack.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            found.append((item, key))
            stack.append(item[key])
    return found


def mutate(document: Any, data: st.DataObject) -> None:
    container, key = data.draw(st.sampled_from(places(document)))
    change = data.draw(st.sampled_from(["delete", "replace", "add", "rename", "swap", "double"]))
    if change == "delete":
        del container[key]
    elif change == "replace":
        container[key] = copy.deepcopy(data.draw(VALUES))
    elif change == "add" and isinstance(container, dict):
        container[data.draw(st.sampled_from(NAMES))] = copy.deepcopy(data.draw(VALUES))
    elif change == "rename" and isinstance(container, dict):
        container[data.draw(st.sampled_from(NAMES))] = container.pop(key)
    elif change == "double" and isinstance(container, list):
        container.append(copy.deepcopy(container[key]))
    else:
        other, other_key = data.draw(st.sampled_from(places(document)))
        container[key], other[other_key] = copy.deepcopy(other[other_key]), copy.deepcopy(container[key])


@settings(max_examples=2500, suppress_health_check=list(HealthCheck), deadline=None)
@given(st.data())
def test_every_mutation_is_judged_as_by_the_schema(data: st.DataObject) -> None:
    document = copy.deepcopy(documents()[data.draw(st.sampled_from(sorted(documents())))])
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(document, data)
    assert ours(document) == oracle().is_valid(document), json.dumps(document)[:2000]


FORMATS = "abzAZ019:/?#[]@!$&'()*+,;=-._~%^<>\" \\é\nTtZz"


@settings(max_examples=3000)
@given(st.text(FORMATS, max_size=20) | st.from_regex(r"[a-z]+:(//)?[^\n]{0,12}", fullmatch=True))
@example("a://@@")
@example("http://a:1:2/")
@example("a:/b//c")
def test_uris_are_judged_as_by_the_reference(text: str) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string", "format": "uri"}
    assert is_uri(text) == jsonschema_rs.Draft7Validator(schema, validate_formats=True).is_valid(text)


STAMP = st.from_regex(
    r"[0-2][0-9]{3}-[01][0-9]-[0-3][0-9][Tt ][0-2][0-9]:[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]{0,9})?"
    r"(Z|z|[+-][0-2][0-9]:[0-6][0-9]|)",
    fullmatch=True,
)


@settings(max_examples=3000)
@given(STAMP)
def test_times_are_judged_as_by_the_reference(text: str) -> None:
    schema = {"$schema": "http://json-schema.org/draft-07/schema#", "type": "string", "format": "date-time"}
    assert is_date_time(text) == jsonschema_rs.Draft7Validator(schema, validate_formats=True).is_valid(text)


EVENT: dict[str, Any] = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T09:30:00+03:00",
    "eventTimeZoneOffset": "+03:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.1"],
    "action": "OBSERVE",
}


@pytest.mark.parametrize(
    ("change", "path", "reason"),
    [
        ({"action": "SEE"}, "$.action", 'expected OBSERVE, ADD or DELETE, got "SEE"'),
        ({"eventTime": "2026-03-01T09:30:00"}, "$.eventTime", "with its zone"),
        ({"epcList": ["ok:1", "no"]}, "$.epcList[1]", "expected a URI"),
        ({"type": "OtherEvent"}, "$.type", "expected one of ObjectEvent"),
        ({"colour": 1}, "$.colour", "unknown field"),
        ({"ilmd": {}}, "$.ilmd", "ADD only"),
        (
            {"sensorElementList": [{"sensorReport": [{"type": "Temperature", "value": "hot"}]}]},
            "$.sensorElementList[0].sensorReport[0].value",
            "expected a number",
        ),
        ({"readPoint": {}}, "$.readPoint.id", "is missing"),
    ],
)
def test_a_no_names_the_place_and_the_reason(change: dict[str, Any], path: str, reason: str) -> None:
    with pytest.raises(InvalidInput) as error:
        validate_event({**EVENT, **change})
    assert error.value.path == path
    assert reason in error.value.reason


def test_a_yes_is_fast() -> None:
    rounds = []
    for _ in range(10):
        started = time.perf_counter()
        for _ in range(200):
            validate_event(EVENT)
        rounds.append((time.perf_counter() - started) / 200)
    assert min(rounds) < 200e-6
