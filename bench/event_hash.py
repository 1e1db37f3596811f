"""Event hash IDs a second, ours against the reference generator on PyPI, on one core.

Both start from the same JSON text and end with the IDs of every event in it; both are called as their
users call them: ours `msgspec.json.decode`, `HashContext.of_document`, `event_hash_id`, the reference
`event_list_from_epcis_document_str`, `epcis_hashes_from_events`. `ours_parsed_per_s` leaves out the
decoding. Documents that the reference cannot read are left out for both.
"""

from __future__ import annotations

import json
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from epcis_event_hash_generator import hash_generator, json_to_py

from firsthand.events.event_hash import HashContext, event_hash_id

__all__ = ["measure"]

SHARED = Path(__file__).parents[2] / "shared" / "epcis"
SECONDS = 6.0

_OWN_EVENT = {
    "type": "ObjectEvent",
    "eventTime": "2026-03-01T09:30:00.000+03:00",
    "eventTimeZoneOffset": "+03:00",
    "epcList": ["urn:epc:id:sgtin:4012345.011111.1", "urn:epc:id:sgtin:4012345.011111.2"],
    "quantityList": [{"epcClass": "urn:epc:class:lgtin:4012345.011111.L1", "quantity": 60.0, "uom": "KGM"}],
    "action": "OBSERVE",
    "bizStep": "shipping",
    "disposition": "in_transit",
    "readPoint": {"id": "urn:epc:id:sgln:4012345.00001.7"},
    "bizTransactionList": [{"type": "po", "bizTransaction": "https://coop.example/po/12"}],
    "sourceList": [{"type": "owning_party", "source": "urn:epc:id:pgln:4012345.00001"}],
    "example:moisture": 11.2,
}
_OWN_DOCUMENT = {
    "@context": [
        "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        {"example": "https://ns.example.com/"},
    ],
    "type": "EPCISDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-03-01T09:30:00Z",
    "epcisBody": {"eventList": [_OWN_EVENT]},
}


def measure() -> dict[str, float]:
    """Events a second of each side and their ratio, from rounds that alternate for about six seconds."""
    warnings.simplefilter("ignore", DeprecationWarning)
    logging.disable(logging.CRITICAL)
    try:
        texts = [text for text in _texts() if _readable(text)]
        documents = [json.loads(text) for text in texts]
        events = sum(len(_events(document)) for document in documents)
        ours = parsed = reference = 0.0
        rounds, repeats = 0, 30
        while reference + ours + parsed < SECONDS:
            reference += _seconds(lambda: [_by_reference(text) for text in texts])
            ours += _seconds(lambda: [_by_us(text) for _ in range(repeats) for text in texts])
            parsed += _seconds(lambda: [_hash(document) for _ in range(repeats) for document in documents])
            rounds += 1
    finally:
        logging.disable(logging.NOTSET)
    ours_per_s = rounds * repeats * events / ours
    reference_per_s = rounds * events / reference
    return {
        "ours_per_s": ours_per_s,
        "ours_parsed_per_s": rounds * repeats * events / parsed,
        "reference_per_s": reference_per_s,
        "ratio": ours_per_s / reference_per_s,
    }


def _texts() -> list[str]:
    folders = [SHARED / "hash-vectors", SHARED / "examples"]
    texts = [path.read_text() for folder in folders for path in sorted(folder.glob("*.jsonld"))]
    return texts or [json.dumps(_OWN_DOCUMENT)] * 50


def _readable(text: str) -> bool:
    """Whether the reference reads it: query documents and expanded term definitions are beyond it."""
    try:
        return len(_by_reference(text)) == len(_by_us(text))
    except (KeyError, TypeError):
        return False


def _by_reference(text: str) -> list[str]:
    ids: list[str] = hash_generator.epcis_hashes_from_events(
        json_to_py.event_list_from_epcis_document_str(text)
    )
    return ids


def _by_us(text: str) -> list[str]:
    return _hash(msgspec.json.decode(text))


def _hash(document: dict[str, Any]) -> list[str]:
    context = HashContext.of_document(document)
    return [event_hash_id(event, context) for event in _events(document)]


def _events(document: dict[str, Any]) -> list[Any]:
    body = document["epcisBody"]
    events: list[Any] = body["eventList"] if "eventList" in body else [body["event"]]
    return events


def _seconds(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
