"""Validation: yes and no exactly as the EPCIS 2.0 JSON schema, with the path and reason of each no.

The tables follow the schema's definitions (EPCIS 2.0 §10). Formats `uri` and `date-time` are asserted, as
draft-07 validators do.
"""

from __future__ import annotations

from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.checkers import (
    Checker,
    Problem,
    boolean,
    date_time,
    expected,
    extension_name,
    list_of,
    no_name,
    number,
    object_of,
    pattern,
    string,
    uri,
    word,
)
from firsthand.events.formats import is_uri
from firsthand.events.vocabulary import (
    ACTIONS,
    BIZ_STEPS,
    BIZ_TRANSACTION_TYPES,
    COMPONENTS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENT_TYPES,
    SENSOR_ALERTS,
    SOURCE_DEST_TYPES,
)

__all__ = ["EVENT_TYPES", "validate_bare_event", "validate_document", "validate_event"]

EVENT_TYPES: Final = (
    "ObjectEvent",
    "AggregationEvent",
    "TransactionEvent",
    "TransformationEvent",
    "AssociationEvent",
)


_CBV: Final = ("urn:epcglobal:cbv", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
_WEB_VOC: Final = tuple(
    f"{head}gs1.org/voc/" for head in ("http://", "https://", "http://www.", "https://www.")
)


def _context_part(value: Any) -> Problem | None:
    return None if type(value) is dict else uri(value)


_context_parts = list_of(_context_part, unique=True)


def _context(value: Any) -> Problem | None:
    return _context_part(value) if type(value) in (dict, str) else _context_parts(value)


_uris = list_of(uri)
_unique_uris = list_of(uri, unique=True)
_biz_step = word(BIZ_STEPS, "a business step", _CBV)
_disposition = word(DISPOSITIONS, "a disposition", _CBV)
_source_dest_type = word(SOURCE_DEST_TYPES, "a source or destination type", _CBV)
_place = object_of({"id": uri}, ["id"])
_quantities = list_of(
    object_of(
        {
            "epcClass": uri,
            "quantity": number,
            "uom": pattern("[A-Z0-9]{2,3}", "a UN/CEFACT unit code of 2 or 3 letters and digits"),
        },
        ["epcClass"],
        no_name,
    )
)
_disposition_set = list_of(_disposition, least=1, unique=True)
_persistent_fields = object_of({"set": _disposition_set, "unset": _disposition_set}, (), no_name)


def _persistent_disposition(value: Any) -> Problem | None:
    problem = _persistent_fields(value)
    if problem is None and not value:
        problem = Problem("expected set or unset")
    return problem


def _certification(value: Any) -> Problem | None:
    return _uris(value) if type(value) is list else uri(value)


_sensor_metadata = object_of(
    {
        **dict.fromkeys(("time", "startTime", "endTime"), date_time),
        **dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), uri),
    },
    (),
    extension_name,
)
_sensor_report = object_of(
    {
        "type": word(MEASUREMENT_TYPES, "a measurement type", _WEB_VOC),
        "exception": word(SENSOR_ALERTS, "an alert", _WEB_VOC),
        "component": word(COMPONENTS, "a component", _CBV),
        "time": date_time,
        "stringValue": string,
        "uom": string,
        "booleanValue": boolean,
        "hexBinaryValue": pattern("[A-Fa-f0-9]+", "hex digits"),
        **dict.fromkeys(
            (
                "deviceID",
                "deviceMetadata",
                "rawData",
                "dataProcessingMethod",
                "bizRules",
                "microorganism",
                "chemicalSubstance",
                "coordinateReferenceSystem",
                "uriValue",
            ),
            uri,
        ),
        **dict.fromkeys(
            ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), number
        ),
    },
    ["type"],
    extension_name,
)
_sensor_elements = list_of(
    object_of(
        {"sensorMetadata": _sensor_metadata, "sensorReport": list_of(_sensor_report, least=1)},
        ["sensorReport"],
        extension_name,
    )
)
_ilmd = object_of({}, (), extension_name)
_transaction = object_of(
    {"type": word(BIZ_TRANSACTION_TYPES, "a transaction type", _CBV), "bizTransaction": uri},
    ["bizTransaction"],
    no_name,
)
_transactions = list_of(_transaction)

_COMMON: Final[dict[str, Checker]] = {
    "@context": _context,
    "eventTime": date_time,
    "recordTime": date_time,
    "eventTimeZoneOffset": pattern(r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)", "an offset such as +03:00"),
    "eventID": uri,
    "certificationInfo": _certification,
    "errorDeclaration": object_of(
        {
            "declarationTime": date_time,
            "reason": word(ERROR_REASONS, "a reason", _CBV),
            "correctiveEventIDs": _uris,
        },
        ["declarationTime"],
        extension_name,
    ),
}
_WHERE_AND_WHY: Final[dict[str, Checker]] = {
    "type": string,
    "bizStep": _biz_step,
    "disposition": _disposition,
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _transactions,
    "sourceList": list_of(object_of({"type": _source_dest_type, "source": uri}, ["type", "source"], no_name)),
    "destinationList": list_of(
        object_of({"type": _source_dest_type, "destination": uri}, ["type", "destination"], no_name)
    ),
    "sensorElementList": _sensor_elements,
}
_TIMED: Final = ("eventTime", "eventTimeZoneOffset", "type")


def _action(value: Any) -> Problem | None:
    if type(value) is str and value in ACTIONS:
        return None
    return expected("OBSERVE, ADD or DELETE", value)


def _event(fields: dict[str, Checker], required: tuple[str, ...]) -> Checker:
    return object_of({**_COMMON, **_WHERE_AND_WHY, **fields}, (*_TIMED, *required), extension_name)


_PARENT_AND_CHILDREN: Final[dict[str, Checker]] = {
    "parentID": uri,
    "childEPCs": _uris,
    "childQuantityList": _quantities,
    "action": _action,
}
_FIELDS: Final[dict[str, Checker]] = {
    "ObjectEvent": _event(
        {
            "epcList": _unique_uris,
            "quantityList": _quantities,
            "action": _action,
            "persistentDisposition": _persistent_disposition,
            "ilmd": _ilmd,
        },
        ("action",),
    ),
    "AggregationEvent": _event(_PARENT_AND_CHILDREN, ("action",)),
    "AssociationEvent": _event(_PARENT_AND_CHILDREN, ("action", "parentID")),
    "TransactionEvent": _event(
        {
            "bizTransactionList": list_of(_transaction, least=1),
            "parentID": uri,
            "epcList": _uris,
            "quantityList": _quantities,
            "action": _action,
        },
        ("bizTransactionList", "action"),
    ),
    "TransformationEvent": _event(
        {
            "inputEPCList": _unique_uris,
            "inputQuantityList": _quantities,
            "outputEPCList": _unique_uris,
            "outputQuantityList": _quantities,
            "transformationID": uri,
            "persistentDisposition": _persistent_disposition,
            "ilmd": _ilmd,
        },
        (),
    ),
}
_EXTENDED: Final = object_of({**_COMMON, "type": uri}, _TIMED)


def _check_event(event: Any) -> Problem | None:
    if type(event) is not dict:
        return expected("an event (an object)", event)
    kind = event.get("type")
    if type(kind) is not str:
        return (
            expected(f"one of {', '.join(EVENT_TYPES)}", kind).under(".type")
            if "type" in event
            else Problem("is missing", ".type")
        )
    fields = _FIELDS.get(kind)
    if fields is None:
        if not is_uri(kind):
            return expected(f"one of {', '.join(EVENT_TYPES)}, or the URI of an extended type", kind).under(
                ".type"
            )
        return _EXTENDED(event)
    return fields(event) or _RULES[kind](event)


def _object_rule(event: dict[str, Any]) -> Problem | None:
    sensed = event.get("sensorElementList") and "readPoint" in event
    if "epcList" not in event and not event.get("quantityList") and not sensed:
        return Problem("expected epcList, or a quantityList that is not empty, or sensors at a readPoint")
    if "ilmd" in event and event["action"] != "ADD":
        return Problem(f"is allowed with action ADD only, got {event['action']}", ".ilmd")
    return None


def _children_rule(event: dict[str, Any]) -> Problem | None:
    if event.get("childEPCs") or event.get("childQuantityList") or event["action"] == "DELETE":
        return None
    return Problem("expected childEPCs or a childQuantityList that are not empty, or action DELETE")


def _transaction_rule(event: dict[str, Any]) -> Problem | None:
    if "epcList" in event or event.get("quantityList") or event["action"] == "DELETE":
        return None
    return Problem("expected epcList, or a quantityList that is not empty, or action DELETE")


def _transformation_rule(event: dict[str, Any]) -> Problem | None:
    inputs = event.get("inputEPCList") or event.get("inputQuantityList")
    outputs = event.get("outputEPCList") or event.get("outputQuantityList")
    if (inputs and outputs) or ("transformationID" in event and (inputs or outputs)):
        return None
    return Problem("expected inputs and outputs, or a transformationID with one of them")


_RULES: Final[dict[str, Checker]] = {
    "ObjectEvent": _object_rule,
    "AggregationEvent": _children_rule,
    "AssociationEvent": _children_rule,
    "TransactionEvent": _transaction_rule,
    "TransformationEvent": _transformation_rule,
}

_master_data_element = object_of(
    {
        "id": uri,
        "attributes": list_of(
            object_of(
                {
                    "id": uri,
                    "attribute": lambda value: (
                        None
                        if type(value) in (int, float, str, dict)
                        else expected("a number, a string or an object", value)
                    ),
                },
                ["id"],
            )
        ),
        "children": _uris,
    },
    ["id"],
)
_vocabularies = list_of(
    object_of({"type": uri, "vocabularyElementList": list_of(_master_data_element)}, ["type"])
)
_version = pattern(r"[0-9]+(?:\.[0-9]+)*", "a version such as 2.0")
_events = list_of(_check_event)
_HEAD: Final[dict[str, Checker]] = {
    "@context": _context,
    "id": uri,
    "type": string,
    "schemaVersion": _version,
    "creationDate": date_time,
}
_DOCUMENTS: Final[dict[str, Checker]] = {
    "EPCISDocument": object_of(
        {
            **_HEAD,
            **dict.fromkeys(("instanceIdentifier", "sender", "receiver"), string),
            "epcisHeader": object_of(
                {"epcisMasterData": object_of({"vocabularyList": _vocabularies})}, (), extension_name
            ),
            "epcisBody": object_of({"eventList": _events}, ["eventList"]),
        },
        ("@context", "type", "schemaVersion", "creationDate", "epcisBody"),
        extension_name,
    ),
    "EPCISQueryDocument": object_of(
        {
            **_HEAD,
            "epcisBody": object_of(
                {
                    "queryResults": object_of(
                        {
                            "queryName": string,
                            "subscriptionID": string,
                            "resultsBody": object_of(
                                {"eventList": _events, "vocabularyList": _vocabularies},
                                ["eventList"],
                                extension_name,
                            ),
                        },
                        ["queryName", "resultsBody"],
                        extension_name,
                    )
                },
                ["queryResults"],
                extension_name,
            ),
        },
        ("@context", "type", "epcisBody"),
        extension_name,
    ),
}


def validate_event(event: Any, path: str = "$") -> None:
    """Check one event as it stands in a document. Raises InvalidInput with the JSON path and the reason."""
    problem = _check_event(event)
    if problem is not None:
        _refuse(problem, path)


def validate_bare_event(event: Any, path: str = "$") -> None:
    """Check an event that stands alone, which needs its own `@context`. Raises InvalidInput."""
    validate_event(event, path)
    if "@context" not in event:
        _refuse(Problem("is missing; an event outside a document names its context", ".@context"), path)


def validate_document(document: Any) -> None:
    """Check an EPCISDocument or EPCISQueryDocument with its events, or a bare event. Raises InvalidInput."""
    kind = document.get("type") if type(document) is dict else None
    check = _DOCUMENTS.get(kind) if type(kind) is str else None
    if check is None:
        validate_bare_event(document)
        return
    problem = check(document)
    if problem is not None:
        _refuse(problem, "$")


def _refuse(problem: Problem, path: str) -> None:
    raise InvalidInput(problem.reason, path + "".join(reversed(problem.path)))
