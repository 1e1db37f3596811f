"""Taking everything out: events as one EPCIS document, headers and seals for someone else's verifier."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from firsthand.errors import NotFound
from firsthand.service.chain_access import ChainAccess

__all__ = ["export_checkpoint", "export_events", "export_headers"]

_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def export_events(access: ChainAccess) -> Iterator[bytes]:
    """One EPCISDocument of all events in journal order, in pieces; each event stands as it was signed."""
    head = {
        "@context": _CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": access.workspace.now(),
    }
    yield msgspec.json.encode(head)[:-1] + b',"epcisBody":{"eventList":['
    first = True
    for entry in access.workspace.journal.entries():
        for body in access.workspace.journal.bodies(entry.first_event, entry.count):
            yield body if first else b"," + body
            first = False
    yield b"]}}\n"


def export_headers(access: ChainAccess) -> Iterator[bytes]:
    """The workspace's best header chain, raw, from its start on."""
    return access.headers.raw_chain()


def export_checkpoint(access: ChainAccess) -> bytes:
    """The last signed checkpoint, to be kept for `verify --since`. Raises NotFound before the first."""
    last = access.workspace.anchors.last()
    if last is None or not last.size:
        raise NotFound("the log has no checkpoint yet; run `firsthand anchor` first")
    return last.checkpoint
