"""The typed view of events: all of the standard's examples convert, and say what their JSON says."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.errors import InvalidInput
from firsthand.events.document import read_document
from firsthand.events.types import AssociationEvent, Event, ObjectEvent, TransformationEvent, typed
from firsthand.events.validation import EVENT_TYPES
from tests.made import event


def test_every_example_has_a_typed_view(shared: Path) -> None:
    seen: set[type[Event]] = set()
    for path in sorted((shared / "epcis" / "examples").glob("*.jsonld")):
        if path.name == "AssociationEvent-h.jsonld":
            continue  # it has the key eventID twice in one object, which is refused
        for item in read_document(path.read_bytes())[1]:
            if item["type"] in EVENT_TYPES:
                view = typed(item)
                seen.add(type(view))
                assert view.event_time == item["eventTime"]
                assert view.event_id == item.get("eventID")
                for name in ("epcList", "inputEPCList", "childEPCs"):
                    if name in item:
                        attribute = {"epcList": "epc_list", "inputEPCList": "input_epc_list"}.get(
                            name, "child_epcs"
                        )
                        assert list(getattr(view, attribute)) == item[name]
                if isinstance(view, TransformationEvent):
                    assert [part.epc_class for part in view.output_quantity_list] == [
                        part["epcClass"] for part in item.get("outputQuantityList", [])
                    ]
                if isinstance(view, AssociationEvent):
                    assert view.parent_id == item["parentID"]
    assert len(seen) == 5


def test_what_is_none_of_the_five_is_refused() -> None:
    assert isinstance(typed(event()), ObjectEvent)
    for wrong in ({}, event(type="ex:Other"), event(epcList=1)):
        with pytest.raises(InvalidInput):
            typed(wrong)
