"""What a capture request over HTTP holds: a document, an event, or a capture signed elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput, NotFound, Unauthorized
from firsthand.events.document import EventReader
from firsthand.events.json_text import decode
from firsthand.identity.keys import SigningKey
from firsthand.identity.sealing_keys import field_box, open_box
from firsthand.proof.capture import parse_manifest
from firsthand.proof.data_integrity import verify_proof
from firsthand.service.api_keys import Principal
from firsthand.service.master_data import vocabularies_of
from firsthand.service.sealing import Sealing, SealRules
from firsthand.service.workspace import Workspace

__all__ = [
    "DEFAULTS",
    "DOCUMENT",
    "ENVELOPE",
    "EVENT",
    "Sent",
    "custodial_key",
    "locked_away",
    "read_request",
    "taken_out",
]

DOCUMENT: Final = "document"
EVENT: Final = "event"
ENVELOPE: Final = "envelope"
"""The forms: an EPCIS document, a bare event, or a signed capture with its events (`docs/spec.md`)."""

_ENVELOPE: Final = frozenset(("capture", "events", "disclosures"))

DEFAULTS: Final = SealRules()


@dataclass(frozen=True, slots=True)
class Sent:
    """What a request holds, read but not validated event by event."""

    events: list[dict[str, Any]]
    where: Callable[[int], str]
    issuer: str
    capture: dict[str, Any] | None = None
    vocabularies: list[Any] = field(default_factory=list)
    api_key: str | None = None
    sealing: Sealing | None = None
    disclosures: list[str] = field(default_factory=list)


def locked_away(workspace: Workspace, job_id: str, body: bytes, rules: SealRules) -> bytes:
    """A body as it may wait in the database: its values are not sealed yet, so its key is kept apart."""
    key = bytes.fromhex(job_id)
    text = msgspec.msgpack.encode((body, rules))
    return field_box(workspace.sealing_keys.new(key), text, key)


def taken_out(workspace: Workspace, job_id: str, stored: bytes) -> tuple[bytes, SealRules]:
    key = bytes.fromhex(job_id)
    text = open_box(workspace.sealing_keys.secret(key, 0), stored, key)
    return msgspec.msgpack.decode(text, type=tuple[bytes, SealRules])


def read_request(
    workspace: Workspace, principal: Principal | None, body: bytes, form: str, rules: SealRules
) -> Sent:
    if form == ENVELOPE:
        return _read_envelope(workspace, principal, body)
    if principal is None or principal.party is None:
        raise Unauthorized("plain EPCIS is signed for a party: use an API key of that party's")
    custodial_key(workspace, principal.party)
    reader = EventReader(lambda: [body])
    events = list(reader)
    if form == DOCUMENT and not reader.where(0).startswith("$.epcisBody"):
        raise InvalidInput("expected an EPCISDocument or an EPCISQueryDocument", "$.type")
    vocabularies: list[Any] = []
    if b"epcisMasterData" in body:
        vocabularies = vocabularies_of(decode(body))
    if not events and not vocabularies:
        raise InvalidInput("there are no events to record", "$.epcisBody.eventList")
    sealing = Sealing(workspace, principal.party, rules)
    return Sent(events, reader.where, principal.party, None, vocabularies, principal.key_id, sealing)


def _read_envelope(workspace: Workspace, principal: Principal | None, body: bytes) -> Sent:
    value = decode(body)
    if type(value) is not dict or not {"capture", "events"} <= set(value) <= _ENVELOPE:
        raise InvalidInput("expected an object with `capture`, `events` and no more than `disclosures`", "$")
    capture, events, disclosures = value["capture"], value["events"], value.get("disclosures", [])
    if type(capture) is not dict or type(events) is not list or type(disclosures) is not list:
        raise InvalidInput("expected `capture` to be an object, `events` and `disclosures` lists", "$")
    if any(type(text) is not str for text in disclosures):
        raise InvalidInput("expected strings", "$.disclosures")
    manifest = parse_manifest(capture, "$.capture")
    workspace.parties.require_key(manifest.issuer, verify_proof(capture).did)
    key_id = principal.key_id if principal is not None and principal.party == manifest.issuer else None
    where = "$.events[{}]".format
    return Sent(events, where, manifest.issuer, capture, [], key_id, disclosures=disclosures)


def custodial_key(workspace: Workspace, party: str) -> SigningKey:
    """The key with which the server signs for a party. Raises Unauthorized when it holds none."""
    found = workspace.parties.get(party)
    try:
        if found is None:
            raise NotFound("")
        return workspace.held_key(found.keys)
    except NotFound:
        raise Unauthorized(
            f"this server holds no key of {party}: send captures that the party has signed itself"
        ) from None
