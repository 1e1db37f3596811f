"""Taking everything out: events as one EPCIS document, headers and seals for someone else's verifier."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

import msgspec
from sqlalchemy import select

from firsthand.errors import NotFound
from firsthand.events.instants import microseconds
from firsthand.journal.database import reading
from firsthand.ledger.event_index import EVENT_FACT
from firsthand.service.chain_access import ChainAccess
from firsthand.service.workspace import Workspace

__all__ = ["export_checkpoint", "export_events", "export_headers"]

_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"


def export_events(
    access: ChainAccess,
    *,
    lot: str | None = None,
    party: str | None = None,
    since: str | None = None,
    until: str | None = None,
) -> Iterator[bytes]:
    """One EPCISDocument of events in journal order, in pieces; each event stands as it was signed.

    All of them, or those that speak of a lot, item or place, that a party recorded (URI), and whose event
    time is from `since` up to, not including, `until` (RFC 3339). Raises InvalidInput for what is no time.
    """
    start, end = (None if time is None else microseconds(time) for time in (since, until))
    head = {
        "@context": _CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": access.workspace.now(),
    }
    yield msgspec.json.encode(head)[:-1] + b',"epcisBody":{"eventList":['
    first = True
    for body in _bodies(access.workspace, lot, party, start, end):
        yield body if first else b"," + body
        first = False
    yield b"]}}\n"


def _bodies(
    workspace: Workspace, lot: str | None, party: str | None, since: int | None, until: int | None
) -> Iterator[bytes]:
    journal = workspace.journal
    if all(one is None for one in (lot, party, since, until)):
        for entry in journal.entries():
            yield from journal.bodies(entry.first_event, entry.count)
        return
    query = select(EVENT_FACT.c.number).order_by(EVENT_FACT.c.number)
    if party is not None:
        query = query.where(EVENT_FACT.c.issuer == party)
    if since is not None:
        query = query.where(EVENT_FACT.c.time >= since)
    if until is not None:
        query = query.where(EVENT_FACT.c.time < until)
    wanted = None if lot is None else set(workspace.index.by_item(lot))
    with reading(workspace.engine) as connection:
        numbers = [
            number for number in connection.execute(query).scalars() if wanted is None or number in wanted
        ]
    # Neighbours are read in one go.
    for _, run in groupby(enumerate(numbers), lambda one: one[1] - one[0]):
        first, *rest = (number for _, number in run)
        yield from journal.bodies(first, 1 + len(rest))


def export_headers(access: ChainAccess) -> Iterator[bytes]:
    """The workspace's best header chain, raw, from its start on."""
    return access.headers.raw_chain()


def export_checkpoint(access: ChainAccess) -> bytes:
    """The last signed checkpoint, to be kept for `verify --since`. Raises NotFound before the first."""
    last = access.workspace.anchors.last()
    if last is None or not last.size:
        raise NotFound("the log has no checkpoint yet; run `firsthand anchor` first")
    return last.checkpoint
