"""The names of EPCIS query parameters, and what each asks about (EPCIS 2.0 §8.2.7.1, query-schema.json)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

from firsthand.events.vocabulary import (
    ACTIONS,
    BIZ_STEPS,
    DISPOSITIONS,
    ERROR_REASONS,
    MEASUREMENT_TYPES,
)

__all__ = ["CONTROLS", "FIXED_NAMES", "Parameter", "bare_word", "parameter_of"]


class Parameter(NamedTuple):
    """What a name means: operator, field, how its values are read, and the words it takes bare.

    `values`: `words` (bare or URI), `uris`, `texts`, `times`, `numbers`, `flag`, `exists`, `any`.
    `one`: a single value, not a list. `name` is an extension field's own, `uom` a unit, `attribute` one that
    master data has.
    """

    operator: str
    field: str
    values: str
    one: bool = False
    words: frozenset[str] = frozenset()
    name: str = ""
    uom: str = ""
    attribute: str = ""

    def by_value(self) -> Parameter:
        """The parameter that asks for this one's field by its values."""
        return _VOCABULARY_FIELDS.get(self.field) or Parameter("EQ", self.field, "uris", name=self.name)


CONTROLS: Final = ("orderBy", "orderDirection", "eventCountLimit", "maxEventCount")

_EVENT_TYPES: Final = frozenset(
    ("ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent")
)
_MATCHES: Final = (
    "epc parentID inputEPC outputEPC anyEPC epcClass inputEPCClass outputEPCClass anyEPCClass".split()
)
_TIMES: Final = "eventTime recordTime errorDeclarationTime time startTime endTime".split()
_SENSOR_URIS: Final = (
    "deviceID dataProcessingMethod microorganism chemicalSubstance bizRules uriValue".split()
)


def _fixed() -> dict[str, Parameter]:
    names = {
        "eventType": Parameter("EQ", "eventType", "words", words=_EVENT_TYPES),
        "EQ_action": Parameter("EQ", "action", "words", words=ACTIONS),
        "EQ_bizStep": Parameter("EQ", "bizStep", "words", words=BIZ_STEPS),
        "EQ_disposition": Parameter("EQ", "disposition", "words", words=DISPOSITIONS),
        "EQ_transformationID": Parameter("EQ", "transformationID", "uris"),
        "EQ_eventID": Parameter("EQ", "eventID", "uris"),
        "EXISTS_errorDeclaration": Parameter("EXISTS", "errorDeclaration", "exists", True),
        "EQ_errorReason": Parameter("EQ", "errorReason", "words", words=ERROR_REASONS),
        "EQ_correctiveEventID": Parameter("EQ", "correctiveEventID", "uris"),
        "EXISTS_sensorElementList": Parameter("EXISTS", "sensorElementList", "exists", True),
        "EQ_type": Parameter("EQ", "sensor.type", "words", words=MEASUREMENT_TYPES),
        "EQ_stringValue": Parameter("EQ", "sensor.stringValue", "texts"),
        "EQ_hexBinaryValue": Parameter("EQ", "sensor.hexBinaryValue", "texts"),
        "EQ_booleanValue": Parameter("EQ", "sensor.booleanValue", "flag", True),
    }
    for part in ("set", "unset"):
        name = f"EQ_persistentDisposition_{part}"
        names[name] = Parameter("EQ", f"persistentDisposition.{part}", "words", words=DISPOSITIONS)
    for place in ("readPoint", "bizLocation"):
        for operator in ("EQ", "WD"):
            names[f"{operator}_{place}"] = Parameter(operator, place, "uris")
    for field in _MATCHES:
        names[f"MATCH_{field}"] = Parameter("MATCH", field, "uris")
    for field in _TIMES:
        for operator in ("GE", "LT"):
            kept = f"sensor.{field}" if field in ("time", "startTime", "endTime") else field
            names[f"{operator}_{field}"] = Parameter(operator, kept, "times", True)
    # The JSON schema's spelling of what the text of the standard calls errorDeclarationTime.
    for operator in ("GE", "LT"):
        names[f"{operator}_errorDeclaration_Time"] = names[f"{operator}_errorDeclarationTime"]
    for field in _SENSOR_URIS:
        names[f"EQ_{field}"] = Parameter("EQ", f"sensor.{field}", "uris")
    for operator in ("EQ", "GT", "GE", "LT", "LE"):
        names[f"{operator}_quantity"] = Parameter(operator, "quantity", "numbers", operator != "EQ")
        names[f"{operator}_percRank"] = Parameter(operator, "sensor.percRank", "numbers", operator != "EQ")
    return names


_VOCABULARY_FIELDS: Final = {
    "bizStep": Parameter("EQ", "bizStep", "words"),
    "disposition": Parameter("EQ", "disposition", "words"),
    "readPoint": Parameter("EQ", "readPoint", "uris"),
    "bizLocation": Parameter("EQ", "bizLocation", "uris"),
    "epcClass": Parameter("MATCH", "anyEPCClass", "uris"),
}
"""The standard's fields whose values master data may describe."""

_FIXED: Final = _fixed()
FIXED_NAMES: Final = tuple(_FIXED)
_MEASURED: Final = re.compile(
    r"(EQ|GT|GE|LT|LE)_(quantity|value|minValue|maxValue|meanValue|sDev|percValue)_([A-Z0-9]{2,4})"
)
_TYPED: Final = re.compile(r"EQ_(bizTransaction|source|destination)_([^\s|]+)")
_EXTENSION: Final = re.compile(
    r"(EQ|GT|GE|LT|LE|EXISTS)_(INNER_)?"
    r"(ILMD_|ERROR_DECLARATION_|SENSORELEMENT_|SENSORMETADATA_|SENSORREPORT_|readPoint_|bizLocation_)?"
    r"([A-Za-z][^\s|]*[:#][^\s|]+)"
)
_ATTRIBUTE: Final = re.compile(r"(HASATTR|EQ_?ATTR)_([^\s|]+)")
"""The JSON schema writes `EQ_ATTR_` where the text of the standard has `EQATTR_`."""
_OWN_NAME: Final = re.compile(r"[A-Za-z][^\s|]*[:#][^\s|]+")


@lru_cache(maxsize=4096)
def parameter_of(name: str) -> Parameter | None:
    """What a parameter's name means; None for a name that the standard does not know."""
    if name in _FIXED:
        return _FIXED[name]
    if match := _MEASURED.fullmatch(name):
        field = "quantity" if match[2] == "quantity" else f"sensor.{match[2]}"
        return Parameter(match[1], field, "numbers", match[1] != "EQ", uom=match[3])
    if match := _TYPED.fullmatch(name):
        return Parameter("EQ", f"{match[1]}.{bare_word(match[2])}", "uris")
    if match := _ATTRIBUTE.fullmatch(name):
        return _attribute(match[1], match[2])
    if match := _EXTENSION.fullmatch(name):
        where = (match[3] or "").rstrip("_") or "event"
        inner = "INNER_" if match[2] else ""
        values = "exists" if match[1] == "EXISTS" else "any"
        return Parameter(match[1], f"extension.{inner}{where}", values, match[1] != "EQ", name=match[4])
    return None


def _attribute(operator: str, rest: str) -> Parameter | None:
    """What asks for the master data of a field; `rest` is the field, and with EQATTR_ the attribute."""
    field, attribute = rest, ""
    if operator != "HASATTR":
        field, _, attribute = rest.partition("_")
        if field not in _VOCABULARY_FIELDS:
            field, _, attribute = rest.rpartition("_")
        if not attribute:
            return None
    operator, values = ("EQATTR", "any") if attribute else ("HASATTR", "texts")
    if field in _VOCABULARY_FIELDS:
        return Parameter(operator, field, values, attribute=attribute)
    if _OWN_NAME.fullmatch(field):
        return Parameter(operator, "extension.event", values, name=field, attribute=attribute)
    return None


_CBV: Final = re.compile(
    r"urn:epcglobal:cbv:(?:bizstep|disp|btt|sdt|er):(.+)"
    r"|https?://(?:ref|ns)\.gs1\.org/cbv/(?:BizStep|Disp|BTT|SDT|ER)-(.+)"
    r"|https?://(?:www\.)?(?:ref\.)?gs1\.org/voc/(?:MeasurementType-)?(.+)"
)


@lru_cache(maxsize=4096)
def bare_word(value: str) -> str:
    """A word of the CBV in its bare form, from its URN, its web URI, or bare already; others unchanged."""
    match = _CBV.fullmatch(value)
    return value if match is None else str(match[1] or match[2] or match[3])
