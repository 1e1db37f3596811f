"""The capture: validate → hash → sign → append. The way of every event into the journal.

A small capture is held in memory; a large one is spooled to a temporary file while it is validated, so
that nothing is journaled before the last event is known to be good, and memory stays small.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from tempfile import TemporaryFile
from typing import IO, Any, Final

import msgspec

from firsthand.chain.headers import HeaderStore
from firsthand.chain.networks import NETWORKS
from firsthand.errors import InvalidInput
from firsthand.events.document import EventReader
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.events.validation import validate_event
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.journal.protocol import EventRow, NewEntry, SealedField
from firsthand.journal.store import Also
from firsthand.ledger.event_index import facts_of, keys_of
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.capture import (
    CAPTURE_TYPE,
    Manifest,
    SeenBlock,
    manifest_document,
    parse_manifest,
)
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.disclosure import sealed_digests
from firsthand.proof.merkle import leaf_hash, tree_root
from firsthand.service.receipts import sign_receipt
from firsthand.service.sealing import Numbered, Sealing
from firsthand.service.workspace import Workspace

__all__ = [
    "Captured",
    "Prepared",
    "capture_events",
    "event_ids_of",
    "event_row",
    "prepare",
    "prepare_batches",
    "rows_of",
    "seen_block",
    "submit",
]

_SEALED: Final = b'"fh:sealed":'
_decode_sealed = msgspec.json.Decoder(list[SealedField]).decode

_IN_MEMORY: Final = 2_000
"""Up to so many events a capture is held in memory, some 10 MB; beyond, it is spooled."""


@dataclass(frozen=True, slots=True)
class Captured:
    """A journaled capture: its place, whether it is new, its size, and the log's receipt."""

    place: int
    new: bool
    count: int
    receipt: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Prepared:
    """Validated events with the root over their leaves; `rows` can be read once."""

    count: int
    root: bytes
    rows: Iterable[EventRow]


def event_ids_of(event: dict[str, Any], names: HashContext) -> tuple[str, ...]:
    """The event hash ID (CBV 2.0 §8.9), and the event's own `eventID` where it has another."""
    hashed = event_hash_id(event, names)
    own = event.get("eventID", hashed)
    return (hashed,) if own == hashed else (own, hashed)


def prepare(events: Iterable[dict[str, Any]]) -> Prepared:
    """Validate and hash events. Raises InvalidInput with the path of the first that is wrong."""
    where = events.where if isinstance(events, EventReader) else "$[{}]".format
    (prepared,) = prepare_batches(rows_of(events, where), None)
    return prepared


def prepare_batches(
    source: Iterable[EventRow],
    batch: int | None,
    told: Callable[[int], None] = lambda done: None,
) -> list[Prepared]:
    """Take in all rows, then offer them in captures of `batch` events (None: one capture).

    The captures' rows come from one source: each is to be read in turn. `told` hears how many events are
    ready. Raises what making the rows raises, before anything is offered.
    """
    rows: list[EventRow] = []
    leaves: list[bytes] = []
    groups: list[tuple[int, bytes]] = []
    spool: IO[bytes] | None = None
    for row in source:
        if len(leaves) == batch:
            groups.append((len(leaves), tree_root(leaves)))
            leaves.clear()
        leaves.append(leaf_hash(row.body))
        rows.append(row)
        if len(rows) >= _IN_MEMORY:
            # It has no name and goes with the last reader of the rows.
            spool = spool or TemporaryFile()  # noqa: SIM115
            spool.writelines(_spooled(rows))
            rows.clear()
            told(sum(count for count, _ in groups) + len(leaves))
    if not leaves:
        raise InvalidInput("there are no events to record", "$")
    groups.append((len(leaves), tree_root(leaves)))
    if spool is None and len(groups) == 1:
        return [Prepared(*groups[0], rows)]
    if spool is not None:
        spool.writelines(_spooled(rows))
    kept = iter(rows) if spool is None else _unspooled(spool)
    return [Prepared(count, root, islice(kept, count)) for count, root in groups]


def rows_of(
    events: Iterable[dict[str, Any]], where: Callable[[int], str], sealing: Sealing | None = None
) -> Iterator[EventRow]:
    """Each event validated, sealed, hashed and in canonical form.

    `where` tells the path of the event of a number. Raises InvalidInput with the path of the first wrong one.
    """
    names = HashContext.of(())
    valid = _validated(events, where, sealing)
    for number, event, sealed in valid if sealing is None else sealing.seal(valid, where):
        try:
            context = event.get("@context")
            if context is not names.source:
                # Events of one document share their context object, which is then read once.
                names = HashContext.of(context if context is not None else ())
            yield event_row(canonical(event), event, names, sealed)
        except InvalidInput as error:
            raise error.under(where(number)) from None


def _validated(
    events: Iterable[dict[str, Any]], where: Callable[[int], str], sealing: Sealing | None
) -> Iterator[Numbered]:
    for number, event in enumerate(events):
        try:
            validate_event(event, "")
        except InvalidInput as error:
            shown = error if sealing is None else sealing.concealed(event, error)
            raise shown.under(where(number)) from None
        yield number, event, ()


def event_row(
    body: bytes, event: dict[str, Any], names: HashContext, sealed: Sequence[SealedField] = ()
) -> EventRow:
    """A valid event, in canonical form in `body`, with its event IDs and what the index holds of it.

    Raises InvalidInput where it was sealed elsewhere and its digests are malformed.
    """
    if not sealed and _SEALED in body:
        sealed_digests(event)
    return EventRow(body, event_ids_of(event, names), keys_of(event), facts_of(event), sealed)


def capture_events(
    workspace: Workspace,
    prepared: Prepared,
    issuer: str,
    key: SigningKey,
    *,
    after: SeenBlock | None = None,
    custodial: bool = False,
    alongside: Sequence[NewEntry] = (),
    also: Also | None = None,
) -> Captured:
    """Sign prepared events as one capture and journal it, after the entries `alongside`.

    What `also` stores stands in the same transaction; it is told of the capture last. `custodial` says in
    the capture that the key is held for its issuer. Raises Unauthorized when the key may not.
    """
    created = workspace.now()
    manifest = Manifest(issuer, created, prepared.count, prepared.root, after, custodial)
    signed = secure(manifest_document(manifest), key, created)
    return _append(workspace, signed, key.did, manifest, prepared, alongside, also)


def seen_block(workspace: Workspace) -> SeenBlock | None:
    """The tip of our headers: a capture that names it was signed after that block."""
    tip = HeaderStore(workspace.engine, NETWORKS[workspace.settings.chain.network]).tip()
    return SeenBlock(*tip) if tip else None


def submit(
    workspace: Workspace, capture: dict[str, Any], prepared: Prepared, *, also: Also | None = None
) -> Captured:
    """Journal a capture that its issuer has signed elsewhere, over these events.

    Raises InvalidInput when its signature or its root does not fit, Unauthorized when the key does not
    speak for the issuer.
    """
    manifest = parse_manifest(capture)
    key = verify_proof(capture).did
    if (prepared.count, prepared.root) != (manifest.count, manifest.root):
        raise InvalidInput(
            f"the capture names {manifest.count} events under root {manifest.root.hex()}, "
            f"got {prepared.count} under {prepared.root.hex()}",
            "$.events",
        )
    return _append(workspace, capture, key, manifest, prepared, (), also)


def _append(
    workspace: Workspace,
    signed: dict[str, Any],
    key: str,
    manifest: Manifest,
    prepared: Prepared,
    alongside: Sequence[NewEntry],
    also: Also | None,
) -> Captured:
    entry = NewEntry(
        CAPTURE_TYPE,
        manifest.issuer,
        canonical(signed),
        key,
        manifest.root,
        manifest.count,
        prepared.rows,
    )
    appended = workspace.journal.append([*alongside, entry], also)[-1]
    if not appended.new:
        deque(prepared.rows, maxlen=0)  # the next capture's rows come after these
    receipt = sign_receipt(workspace, appended)
    return Captured(appended.place, appended.new, manifest.count, receipt)


def _spooled(rows: list[EventRow]) -> Iterator[bytes]:
    # Canonical JSON has no line breaks, so a line is an event; its keys are derived anew.
    for row in rows:
        yield canonical(list(row.event_ids)) + b"\n"
        yield row.body + b"\n"
        yield msgspec.json.encode(row.sealed) + b"\n"


def _unspooled(spool: IO[bytes]) -> Iterator[EventRow]:
    spool.seek(0)
    for event_ids in spool:
        body = spool.readline()[:-1]
        event = parse_canonical(body)
        sealed = _decode_sealed(spool.readline())
        yield EventRow(body, parse_canonical(event_ids[:-1]), keys_of(event), facts_of(event), sealed)
