"""The vectors of sealed fields: bundles that disclose, and disclosures that must fail (docs/spec.md, 1.1)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from firsthand.events.seal import NAMESPACE, SEALED
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.disclosure import make_disclosure
from firsthand.service.anchor import anchor
from firsthand.service.capture import capture_events, prepare_batches, rows_of
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.parties import add_party
from firsthand.service.prove import event_numbers, prove_events
from firsthand.service.sealed_values import held_fields
from firsthand.service.sealing import Sealing, SealRules
from tests.made import LOT, event, new_access


def sealed_vectors(folder: Path, now: Callable[[], str]) -> dict[str, bytes]:
    """Two sealed events in a log of their own: what discloses all, a part, nothing, and what must fail."""
    access = new_access(folder)
    access.workspace.now = access.workspace.journal._now = now
    add_party(access.workspace, "Adela", ("maker",))
    _seal(access)
    anchor(access)
    return {**_disclosures(access), "disclosures-headers.raw": b"".join(export_headers(access))}


def _seal(access: ChainAccess) -> None:
    """One capture; in the first event one field is sealed inside another."""
    context = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"fh": NAMESPACE}]
    wage = {"fh:value": 2.5, "fh:currency": "KES"}
    events = [
        event(
            6, **{"@context": context, "fh:pickerWage": wage, "fh:buyer": "Sample é 😀", "fh:step": "harvest"}
        ),
        event(7, **{"@context": context, "fh:pickerWage": wage, "ilmd": {"fh:plot": "P1"}, "action": "ADD"}),
    ]
    party = access.workspace.parties.find("Adela")
    paths = ("$.fh:pickerWage", "$.fh:pickerWage.fh:value", "$.fh:buyer", "$.ilmd.fh:plot")
    sealing = Sealing(access.workspace, party.uri, SealRules(paths=paths))
    (prepared,) = prepare_batches(rows_of(events, "$[{}]".format, sealing), None)
    capture_events(access.workspace, prepared, party.uri, access.workspace.held_key(party.keys))


def _disclosures(access: ChainAccess) -> dict[str, bytes]:
    """Bundles that disclose all, a part and nothing of what is sealed; and disclosures that must fail."""
    workspace = access.workspace
    first, second = event_numbers(access, [f"{LOT}/6", f"{LOT}/7"])
    held = {
        number: {one.path: one.text for one in held_fields(workspace, number)} for number in (first, second)
    }
    texts = {number: sorted(fields.values()) for number, fields in held.items()}
    good = [
        *prove_events(access, [first, second], texts),
        *prove_events(access, [second], {second: [held[second]["$.ilmd.fh:plot"]]}),
        *prove_events(access, [second]),
    ]
    signed = [parse_canonical(workspace.journal.event(number)[2]) for number in (first, second)]
    wage = held[first]["$.fh:pickerWage"]
    buyer = held[first]["$.fh:buyer"]
    twin = make_disclosure(bytes(16), "fh:buyer", "another")
    doubled = {**signed[0], SEALED: sorted([*signed[0][SEALED], twin.digest])}
    bad = [
        ("of another event", signed[1], texts[first], "of another event"),
        ("altered", signed[0], [make_disclosure(bytes(16), "fh:buyer", "x").text], "no digest"),
        ("given twice", signed[0], [buyer, buyer], "twice"),
        ("out of order", signed[0], texts[first][::-1], "ascending"),
        (
            "sealed inside what is not disclosed",
            signed[0],
            [held[first]["$.fh:pickerWage.fh:value"]],
            "no digest",
        ),
        ("a member is there already", {**signed[0], "fh:pickerWage": 1}, [wage], "already"),
        ("two digests for one member", doubled, sorted([buyer, twin.text]), "already"),
        (
            "no canonical JSON",
            signed[0],
            ["WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0"],
            "canonical",
        ),
        ("padded", signed[0], [buyer + "="], "base64url"),
        ("empty", signed[0], [""], "base64url"),
        (
            "a name that is never sealed",
            signed[0],
            [make_disclosure(bytes(16), "eventID", "urn:x:y").text],
            "never sealed",
        ),
        ("a list with a digest twice", {**signed[0], SEALED: signed[0][SEALED] * 2}, [], "ascending"),
        ("an empty list", {**signed[0], SEALED: []}, [], "not empty"),
        ("no digest", {**signed[0], SEALED: ["abc"]}, [], "base64url"),
        ("one digest in two lists", {**signed[0], "fh:x": {SEALED: signed[0][SEALED]}}, [], "stands twice"),
    ]
    cases = [dict(zip(("name", "event", "disclosures", "error"), case, strict=True)) for case in bad]
    return {
        "disclosures.jsonl": b"".join(good),
        "disclosures-bad.json": json.dumps(cases, indent=1).encode() + b"\n",
    }
