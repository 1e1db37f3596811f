"""Events as an EPCIS query document, in the identifiers' spelling that the client asked for.

What stands in the journal is what was signed; here each event also gets its event ID and record time, and
its GS1 identifiers may be written otherwise. To check an event, use its proof bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import msgspec

from firsthand.events.identifiers import canonical
from firsthand.ledger.event_search import FoundEvent

__all__ = ["EPC_FORMATS", "event_document", "event_output", "query_document"]

EPC_FORMATS: Final = ("No_Preference", "Always_GS1_Digital_Link", "Always_EPC_URN", "Never_Translates")

CONTEXT: Final = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

_LISTS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_QUANTITIES: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_PLACES: Final = ("readPoint", "bizLocation")
_TYPED: Final = (
    ("bizTransactionList", "bizTransaction"),
    ("sourceList", "source"),
    ("destinationList", "destination"),
)


def event_output(found: FoundEvent, epc_format: str) -> dict[str, Any]:
    """One event as it goes out.

    `Always_GS1_Digital_Link` is the standard's default. A Digital Link does not say where its company
    prefix ends, so `Always_EPC_URN` leaves Digital Links as they are.
    """
    event = dict(found.event)
    event["eventID"] = found.event_id
    event["recordTime"] = found.recorded
    if epc_format == "Always_GS1_Digital_Link":
        _translate(event)
    return event


def _translate(event: dict[str, Any]) -> None:
    """Write the URNs in the standard's fields as Digital Links, in fresh lists, wherever they have its shape.

    What is a Digital Link already keeps its domain, its finer qualifiers and its attributes.
    """

    def respelt(value: Any) -> Any:
        return canonical(value) if type(value) is str and value.startswith("urn:epc:") else value

    def member(value: Any, name: str) -> Any:
        return {**value, name: respelt(value[name])} if type(value) is dict and name in value else value

    for name in _LISTS:
        if type(event.get(name)) is list:
            event[name] = [respelt(epc) for epc in event[name]]
    for name in _QUANTITIES:
        if type(event.get(name)) is list:
            event[name] = [member(element, "epcClass") for element in event[name]]
    for name, inner in _TYPED:
        if type(event.get(name)) is list:
            event[name] = [member(element, inner) for element in event[name]]
    for name in _PLACES:
        if name in event:
            event[name] = member(event[name], "id")
    for name in ("parentID", "transformationID"):
        if name in event:
            event[name] = respelt(event[name])
    if type(event.get("sensorElementList")) is list:
        event["sensorElementList"] = [_sensor_element(one, member) for one in event["sensorElementList"]]


def _sensor_element(element: Any, member: Callable[[Any, str], Any]) -> Any:
    if type(element) is not dict:
        return element
    told = dict(element)
    if "sensorMetadata" in told:
        told["sensorMetadata"] = member(told["sensorMetadata"], "deviceID")
    if type(told.get("sensorReport")) is list:
        told["sensorReport"] = [member(report, "deviceID") for report in told["sensorReport"]]
    return told


def query_document(
    events: Iterable[FoundEvent], epc_format: str, created: str, query: str, subscription: str | None = None
) -> bytes:
    """An EPCISQueryDocument (EPCIS 2.0 §9.3) of these events."""
    results: dict[str, Any] = {"queryName": query}
    if subscription is not None:
        results["subscriptionID"] = subscription
    results["resultsBody"] = {"eventList": [event_output(found, epc_format) for found in events]}
    return msgspec.json.encode(
        {
            "@context": [CONTEXT],
            "type": "EPCISQueryDocument",
            "schemaVersion": "2.0",
            "creationDate": created,
            "epcisBody": {"queryResults": results},
        }
    )


def event_document(found: FoundEvent, epc_format: str) -> bytes:
    """One event as a document of its own."""
    event = event_output(found, epc_format)
    return msgspec.json.encode({"@context": event.pop("@context", [CONTEXT]), **event})
