"""Validation: yes and no exactly as the EPCIS 2.0 JSON schema, with the path and reason of each no.

A checker takes a value and returns None, or a `_Problem` whose path grows on the way back up: so a yes,
which is nearly every answer, builds no path. The tables follow the schema's definitions (EPCIS 2.0 §10).
Formats `uri` and `date-time` are asserted, as draft-07 validators do.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput
from firsthand.events.formats import is_date_time, is_uri
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


class _Problem:
    """Why a value is refused, and where inside it (innermost first)."""

    __slots__ = ("path", "reason")

    def __init__(self, reason: str, *path: str) -> None:
        self.reason = reason
        self.path = list(path)

    def under(self, step: str) -> _Problem:
        self.path.append(step)
        return self


Checker = Callable[[Any], _Problem | None]


def _expected(what: str, value: object) -> _Problem:
    shown = (
        msgspec.json.encode(value).decode() if isinstance(value, (str, int, float, bool)) else _kind(value)
    )
    return _Problem(f"expected {what}, got {shown if len(shown) <= 80 else shown[:77] + '...'}")


def _kind(value: object) -> str:
    if type(value) is dict:
        return "an object"
    return "a list" if type(value) is list else "null"


def _uri(value: Any) -> _Problem | None:
    if type(value) is str and is_uri(value):
        return None
    return _expected("a URI", value)


def _time(value: Any) -> _Problem | None:
    if type(value) is str and is_date_time(value):
        return None
    return _expected("a date and time with its zone, such as 2026-03-01T09:30:00+03:00", value)


def _number(value: Any) -> _Problem | None:
    kind = type(value)
    return None if kind is int or kind is float else _expected("a number", value)


def _string(value: Any) -> _Problem | None:
    return None if type(value) is str else _expected("a string", value)


def _boolean(value: Any) -> _Problem | None:
    return None if type(value) is bool else _expected("true or false", value)


def _pattern(pattern: str, what: str) -> Checker:
    match = re.compile(pattern).fullmatch

    def check(value: Any) -> _Problem | None:
        return None if type(value) is str and match(value) else _expected(what, value)

    return check


def _word(words: frozenset[str], what: str, not_from: tuple[str, ...]) -> Checker:
    """One of the bare words, or a URI that is not a long form of such a word."""

    def check(value: Any) -> _Problem | None:
        if type(value) is str and (value in words or (is_uri(value) and not value.startswith(not_from))):
            return None
        return _expected(f"{what}: a word of the vocabulary, or a URI of another one", value)

    return check


_CBV: Final = ("urn:epcglobal:cbv", "http://ns.gs1.org/cbv/", "https://ns.gs1.org/cbv/")
_WEB_VOC: Final = tuple(
    f"{head}gs1.org/voc/" for head in ("http://", "https://", "http://www.", "https://www.")
)


def _list(item: Checker, least: int = 0, unique: bool = False) -> Checker:
    def check(value: Any) -> _Problem | None:
        if type(value) is not list:
            return _expected("a list", value)
        if len(value) < least:
            return _Problem(f"expected at least {least} element, got none")
        for number, element in enumerate(value):
            problem = item(element)
            if problem is not None:
                return problem.under(f"[{number}]")
        if unique and len(value) > 1 and len(set(map(_identity, value))) != len(value):
            return _Problem("the elements must differ from each other")
        return None

    return check


def _identity(value: Any) -> Any:
    return value if type(value) is str else msgspec.json.encode(value, order="sorted")


def _object(
    fields: Mapping[str, Checker], required: Iterable[str] = (), others: Checker | None = None
) -> Checker:
    """An object: known members by their checkers, other names by `others` (None: any name)."""
    needed = tuple(required)

    def check(value: Any) -> _Problem | None:
        if type(value) is not dict:
            return _expected("an object", value)
        for name, member in value.items():
            field = fields.get(name)
            if field is not None:
                problem = field(member)
                if problem is not None:
                    return problem.under(f".{name}")
            elif others is not None:
                problem = others(name)
                if problem is not None:
                    return problem.under(f".{name}")
        for name in needed:
            if name not in value:
                return _Problem("is missing", f".{name}")
        return None

    return check


def _extension(name: str) -> _Problem | None:
    return None if is_uri(name) else _Problem("unknown field; an extension is named prefix:field or by a URI")


def _no_other(name: str) -> _Problem | None:
    return _Problem("unknown field; extensions are not allowed here")


def _context(value: Any) -> _Problem | None:
    if type(value) is dict:
        return None
    if type(value) is str:
        return _uri(value)
    return _list(lambda item: None if type(item) is dict else _uri(item), unique=True)(value)


_uris = _list(_uri)
_unique_uris = _list(_uri, unique=True)
_biz_step = _word(BIZ_STEPS, "a business step", _CBV)
_disposition = _word(DISPOSITIONS, "a disposition", _CBV)
_source_dest_type = _word(SOURCE_DEST_TYPES, "a source or destination type", _CBV)
_place = _object({"id": _uri}, ["id"])
_quantities = _list(
    _object(
        {
            "epcClass": _uri,
            "quantity": _number,
            "uom": _pattern("[A-Z0-9]{2,3}", "a UN/CEFACT unit code of 2 or 3 letters and digits"),
        },
        ["epcClass"],
        _no_other,
    )
)
_disposition_set = _list(_disposition, least=1, unique=True)
_persistent_fields = _object({"set": _disposition_set, "unset": _disposition_set}, (), _no_other)


def _persistent_disposition(value: Any) -> _Problem | None:
    problem = _persistent_fields(value)
    if problem is None and not value:
        problem = _Problem("expected set or unset")
    return problem


def _certification(value: Any) -> _Problem | None:
    return _uris(value) if type(value) is list else _uri(value)


_sensor_metadata = _object(
    {
        **dict.fromkeys(("time", "startTime", "endTime"), _time),
        **dict.fromkeys(("deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules"), _uri),
    },
    (),
    _extension,
)
_sensor_report = _object(
    {
        "type": _word(MEASUREMENT_TYPES, "a measurement type", _WEB_VOC),
        "exception": _word(SENSOR_ALERTS, "an alert", _WEB_VOC),
        "component": _word(COMPONENTS, "a component", _CBV),
        "time": _time,
        "stringValue": _string,
        "uom": _string,
        "booleanValue": _boolean,
        "hexBinaryValue": _pattern("[A-Fa-f0-9]+", "hex digits"),
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
            _uri,
        ),
        **dict.fromkeys(
            ("value", "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue"), _number
        ),
    },
    ["type"],
    _extension,
)
_sensor_elements = _list(
    _object(
        {"sensorMetadata": _sensor_metadata, "sensorReport": _list(_sensor_report, least=1)},
        ["sensorReport"],
        _extension,
    )
)
_ilmd = _object({}, (), _extension)
_transaction = _object(
    {"type": _word(BIZ_TRANSACTION_TYPES, "a transaction type", _CBV), "bizTransaction": _uri},
    ["bizTransaction"],
    _no_other,
)
_transactions = _list(_transaction)

_COMMON: Final[dict[str, Checker]] = {
    "@context": _context,
    "eventTime": _time,
    "recordTime": _time,
    "eventTimeZoneOffset": _pattern(
        r"[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)", "an offset such as +03:00"
    ),
    "eventID": _uri,
    "certificationInfo": _certification,
    "errorDeclaration": _object(
        {
            "declarationTime": _time,
            "reason": _word(ERROR_REASONS, "a reason", _CBV),
            "correctiveEventIDs": _uris,
        },
        ["declarationTime"],
        _extension,
    ),
}
_WHERE_AND_WHY: Final[dict[str, Checker]] = {
    "type": _string,
    "bizStep": _biz_step,
    "disposition": _disposition,
    "readPoint": _place,
    "bizLocation": _place,
    "bizTransactionList": _transactions,
    "sourceList": _list(_object({"type": _source_dest_type, "source": _uri}, ["type", "source"], _no_other)),
    "destinationList": _list(
        _object({"type": _source_dest_type, "destination": _uri}, ["type", "destination"], _no_other)
    ),
    "sensorElementList": _sensor_elements,
}
_TIMED: Final = ("eventTime", "eventTimeZoneOffset", "type")


def _action(value: Any) -> _Problem | None:
    if type(value) is str and value in ACTIONS:
        return None
    return _expected("OBSERVE, ADD or DELETE", value)


def _event(fields: dict[str, Checker], required: tuple[str, ...]) -> Checker:
    return _object({**_COMMON, **_WHERE_AND_WHY, **fields}, (*_TIMED, *required), _extension)


_PARENT_AND_CHILDREN: Final[dict[str, Checker]] = {
    "parentID": _uri,
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
            "bizTransactionList": _list(_transaction, least=1),
            "parentID": _uri,
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
            "transformationID": _uri,
            "persistentDisposition": _persistent_disposition,
            "ilmd": _ilmd,
        },
        (),
    ),
}
_EXTENDED: Final = _object({**_COMMON, "type": _uri}, _TIMED)


def _check_event(event: Any) -> _Problem | None:
    if type(event) is not dict:
        return _expected("an event (an object)", event)
    kind = event.get("type")
    if type(kind) is not str:
        return (
            _expected(f"one of {', '.join(EVENT_TYPES)}", kind).under(".type")
            if "type" in event
            else _Problem("is missing", ".type")
        )
    fields = _FIELDS.get(kind)
    if fields is None:
        if not is_uri(kind):
            return _expected(f"one of {', '.join(EVENT_TYPES)}, or the URI of an extended type", kind).under(
                ".type"
            )
        return _EXTENDED(event)
    return fields(event) or _RULES[kind](event)


def _object_rule(event: dict[str, Any]) -> _Problem | None:
    sensed = event.get("sensorElementList") and "readPoint" in event
    if "epcList" not in event and not event.get("quantityList") and not sensed:
        return _Problem("expected epcList, or a quantityList that is not empty, or sensors at a readPoint")
    if "ilmd" in event and event["action"] != "ADD":
        return _Problem(f"is allowed with action ADD only, got {event['action']}", ".ilmd")
    return None


def _children_rule(event: dict[str, Any]) -> _Problem | None:
    if event.get("childEPCs") or event.get("childQuantityList") or event["action"] == "DELETE":
        return None
    return _Problem("expected childEPCs or a childQuantityList that are not empty, or action DELETE")


def _transaction_rule(event: dict[str, Any]) -> _Problem | None:
    if "epcList" in event or event.get("quantityList") or event["action"] == "DELETE":
        return None
    return _Problem("expected epcList, or a quantityList that is not empty, or action DELETE")


def _transformation_rule(event: dict[str, Any]) -> _Problem | None:
    inputs = event.get("inputEPCList") or event.get("inputQuantityList")
    outputs = event.get("outputEPCList") or event.get("outputQuantityList")
    if (inputs and outputs) or ("transformationID" in event and (inputs or outputs)):
        return None
    return _Problem("expected inputs and outputs, or a transformationID with one of them")


_RULES: Final[dict[str, Checker]] = {
    "ObjectEvent": _object_rule,
    "AggregationEvent": _children_rule,
    "AssociationEvent": _children_rule,
    "TransactionEvent": _transaction_rule,
    "TransformationEvent": _transformation_rule,
}

_master_data_element = _object(
    {
        "id": _uri,
        "attributes": _list(
            _object(
                {
                    "id": _uri,
                    "attribute": lambda value: (
                        None
                        if type(value) in (int, float, str, dict)
                        else _expected("a number, a string or an object", value)
                    ),
                },
                ["id"],
            )
        ),
        "children": _uris,
    },
    ["id"],
)
_vocabularies = _list(_object({"type": _uri, "vocabularyElementList": _list(_master_data_element)}, ["type"]))
_version = _pattern(r"[0-9]+(?:\.[0-9]+)*", "a version such as 2.0")
_events = _list(_check_event)
_HEAD: Final[dict[str, Checker]] = {
    "@context": _context,
    "id": _uri,
    "type": _string,
    "schemaVersion": _version,
    "creationDate": _time,
}
_DOCUMENTS: Final[dict[str, Checker]] = {
    "EPCISDocument": _object(
        {
            **_HEAD,
            **dict.fromkeys(("instanceIdentifier", "sender", "receiver"), _string),
            "epcisHeader": _object(
                {"epcisMasterData": _object({"vocabularyList": _vocabularies})}, (), _extension
            ),
            "epcisBody": _object({"eventList": _events}, ["eventList"]),
        },
        ("@context", "type", "schemaVersion", "creationDate", "epcisBody"),
        _extension,
    ),
    "EPCISQueryDocument": _object(
        {
            **_HEAD,
            "epcisBody": _object(
                {
                    "queryResults": _object(
                        {
                            "queryName": _string,
                            "subscriptionID": _string,
                            "resultsBody": _object(
                                {"eventList": _events, "vocabularyList": _vocabularies},
                                ["eventList"],
                                _extension,
                            ),
                        },
                        ["queryName", "resultsBody"],
                        _extension,
                    )
                },
                ["queryResults"],
                _extension,
            ),
        },
        ("@context", "type", "epcisBody"),
        _extension,
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
        _refuse(_Problem("is missing; an event outside a document names its context", ".@context"), path)


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


def _refuse(problem: _Problem, path: str) -> None:
    raise InvalidInput(problem.reason, path + "".join(reversed(problem.path)))
