"""Sealed values over HTTP: to their makers, and to whom a consent in force names. To nobody else."""

from __future__ import annotations

from firsthand.errors import NotFound
from firsthand.events.formats import is_uri
from firsthand.proof.canonical import parse_canonical
from firsthand.service.consents import PUBLIC, disclosed_to
from firsthand.service.sealed_values import held_fields, speaks_for
from firsthand.web.calls import Answer, Call, json_answer

__all__ = ["get_disclosures"]


def get_disclosures(call: Call) -> Answer:
    """The sealed fields of an event that the sender may see: its own, or disclosed to it by a consent."""
    call.only()
    event_id = call.names["eventID"]
    workspace, party = call.server.workspace, call.sender.party
    found = []
    for number in workspace.index.by_event_id(event_id) if is_uri(event_id) else ():
        entry, _, body = workspace.journal.event(number)
        event = parse_canonical(body)
        if party is not None and speaks_for(party, entry.issuer, event):
            texts = sorted(field.text for field in held_fields(workspace, number))
        else:
            texts = disclosed_to(workspace, number, party or PUBLIC)
        if texts:
            found.append({"place": entry.place, "event": event, "disclosures": texts})
    if not found:
        raise NotFound(f"no sealed field of an event {event_id[:200]} is disclosed to you")
    return json_answer({"disclosed": found})
