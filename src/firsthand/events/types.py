"""The five EPCIS 2.0 event types as types, for code that looks inside an event (EPCIS 2.0 §7.4).

Events are stored and signed as the JSON that they came in; `typed` gives a view of one, after validation.
Attributes are the standard's names in snake case; extension fields are not part of the view.
"""

from __future__ import annotations

from typing import Any

import msgspec

from firsthand.errors import InvalidInput

__all__ = [
    "AggregationEvent",
    "AssociationEvent",
    "BizTransaction",
    "Destination",
    "ErrorDeclaration",
    "Event",
    "ObjectEvent",
    "PersistentDisposition",
    "Place",
    "QuantityElement",
    "SensorElement",
    "Source",
    "TransactionEvent",
    "TransformationEvent",
    "typed",
]


class _Element(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A part of an event."""


class QuantityElement(_Element, frozen=True, kw_only=True):
    """So much of a class of things (`uom`: UN/CEFACT Rec. 20), or some where no quantity is given."""

    epc_class: str
    quantity: float | None = None
    uom: str | None = None


class Place(_Element, frozen=True, kw_only=True):
    """A read point or business location."""

    id: str


class BizTransaction(_Element, frozen=True, kw_only=True):
    """A business document that the event belongs to."""

    biz_transaction: str
    type: str | None = None


class Source(_Element, frozen=True, kw_only=True):
    """Where the things came from."""

    type: str
    source: str


class Destination(_Element, frozen=True, kw_only=True):
    """Where they go."""

    type: str
    destination: str


class PersistentDisposition(_Element, frozen=True, kw_only=True):
    """Conditions that begin or end with the event."""

    set: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()


class ErrorDeclaration(_Element, frozen=True, kw_only=True):
    """The event is declared wrong; the named ones correct it."""

    declaration_time: str
    reason: str | None = None
    corrective_event_ids: tuple[str, ...] = msgspec.field(default=(), name="correctiveEventIDs")


class SensorElement(_Element, frozen=True, kw_only=True):
    """What sensors reported; the reports keep their JSON."""

    sensor_report: tuple[dict[str, Any], ...]
    sensor_metadata: dict[str, Any] = {}


class _Event(_Element, frozen=True, kw_only=True, tag_field="type"):
    """What all five have: when, why, where, who to whom, how."""

    event_time: str
    event_time_zone_offset: str
    record_time: str | None = None
    event_id: str | None = msgspec.field(default=None, name="eventID")
    certification_info: str | tuple[str, ...] = ()
    error_declaration: ErrorDeclaration | None = None
    biz_step: str | None = None
    disposition: str | None = None
    read_point: Place | None = None
    biz_location: Place | None = None
    biz_transaction_list: tuple[BizTransaction, ...] = ()
    source_list: tuple[Source, ...] = ()
    destination_list: tuple[Destination, ...] = ()
    sensor_element_list: tuple[SensorElement, ...] = ()


class ObjectEvent(_Event, frozen=True, kw_only=True, tag="ObjectEvent"):
    """Something happened to things (§7.4.2)."""

    action: str
    epc_list: tuple[str, ...] = ()
    quantity_list: tuple[QuantityElement, ...] = ()
    persistent_disposition: PersistentDisposition | None = None
    ilmd: dict[str, Any] = {}


class AggregationEvent(_Event, frozen=True, kw_only=True, tag="AggregationEvent"):
    """Things were put into, or taken out of, a parent (§7.4.3)."""

    action: str
    parent_id: str | None = msgspec.field(default=None, name="parentID")
    child_epcs: tuple[str, ...] = msgspec.field(default=(), name="childEPCs")
    child_quantity_list: tuple[QuantityElement, ...] = ()


class AssociationEvent(_Event, frozen=True, kw_only=True, tag="AssociationEvent"):
    """Things were fixed to, or taken off, a parent (§7.4.7)."""

    action: str
    parent_id: str = msgspec.field(name="parentID")
    child_epcs: tuple[str, ...] = msgspec.field(default=(), name="childEPCs")
    child_quantity_list: tuple[QuantityElement, ...] = ()


class TransactionEvent(_Event, frozen=True, kw_only=True, tag="TransactionEvent"):
    """Things became part of, or left, business transactions (§7.4.5)."""

    action: str
    parent_id: str | None = msgspec.field(default=None, name="parentID")
    epc_list: tuple[str, ...] = ()
    quantity_list: tuple[QuantityElement, ...] = ()


class TransformationEvent(_Event, frozen=True, kw_only=True, tag="TransformationEvent"):
    """Inputs were used up to make outputs (§7.4.6)."""

    input_epc_list: tuple[str, ...] = msgspec.field(default=(), name="inputEPCList")
    input_quantity_list: tuple[QuantityElement, ...] = ()
    output_epc_list: tuple[str, ...] = msgspec.field(default=(), name="outputEPCList")
    output_quantity_list: tuple[QuantityElement, ...] = ()
    transformation_id: str | None = msgspec.field(default=None, name="transformationID")
    persistent_disposition: PersistentDisposition | None = None
    ilmd: dict[str, Any] = {}


Event = ObjectEvent | AggregationEvent | AssociationEvent | TransactionEvent | TransformationEvent


def typed(event: dict[str, Any]) -> Event:
    """A view of a valid event of one of the five types. Raises InvalidInput for any other."""
    try:
        return msgspec.convert(event, Event)  # type: ignore[no-any-return]
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), "$") from None
