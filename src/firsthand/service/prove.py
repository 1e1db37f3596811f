"""Proving: gather what shows one event to be in the log, anchored, and in a block."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from firsthand.chain.outbox import Sent
from firsthand.chain.protocols import TxState
from firsthand.errors import NotFound, WorkspaceError
from firsthand.journal.protocol import Entry
from firsthand.ledger.anchors import Anchor
from firsthand.proof.anchor import Seal, write_seals
from firsthand.proof.bundle import Bundle, Placed, write_bundle
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.merkle import inclusion_proof, leaf_hash
from firsthand.service.chain_access import ChainAccess
from firsthand.service.consents import public_disclosures

__all__ = [
    "anchor_over",
    "event_numbers",
    "genesis_transaction",
    "prove_document",
    "prove_events",
    "seals_file",
    "write_whole",
]

Confirmed = tuple[int, str, str]
"""Place, kind and issuer of a confirmation."""

NONE: Final[Mapping[int, Sequence[str]]] = MappingProxyType({})


def event_numbers(access: ChainAccess, identifiers: list[str]) -> list[int]:
    """The events that these event IDs, or lot, item, party or place URIs, name, in journal order.

    Raises NotFound for the first that names none.
    """
    index = access.workspace.index
    numbers: set[int] = set()
    for identifier in identifiers:
        found = index.by_event_id(identifier) or index.by_item(identifier)
        if not found:
            raise NotFound(f"no recorded event has the ID {identifier!r} or speaks of such a lot or item")
        numbers.update(found)
    return sorted(numbers)


def prove_events(
    access: ChainAccess, numbers: list[int], disclosures: Mapping[int, Sequence[str]] = NONE
) -> Iterator[bytes]:
    """The bundles of these events, one line each. Raises NotFound when one is not in a block yet.

    They disclose the sealed fields that are public, and by the event's number those in `disclosures`.
    """
    capture: _ProvenCapture | None = None
    for number in numbers:
        entry, index, body = access.workspace.journal.event(number)
        if capture is None or capture.entry.place != entry.place:
            capture = _ProvenCapture(access, entry)
        bundle = capture.bundle(index, body)
        told = {*public_disclosures(access.workspace, number), *disclosures.get(number, ())}
        yield write_bundle(replace(bundle, disclosures=tuple(sorted(told))))


class _ProvenCapture:
    """A capture's share of its events' bundles, gathered once for neighbouring events."""

    def __init__(self, access: ChainAccess, entry: Entry) -> None:
        self.entry = entry
        self._access = access
        workspace = access.workspace
        self._leaves = [leaf_hash(body) for body in workspace.journal.bodies(entry.first_event, entry.count)]
        self._confirmed = workspace.confirmations.of(self._leaves)
        self._documents: dict[tuple[Confirmed, ...], Bundle] = {}

    def bundle(self, index: int, body: bytes) -> Bundle:
        """The bundle of one of its events, under the earliest anchor that contains it and is in a block.

        Where the event was confirmed later, under the earliest that contains the confirmations, too, as far
        as they are in a block.
        """
        confirmed = tuple(self._confirmed.get(self._leaves[index], ()))
        if confirmed not in self._documents:
            self._documents[confirmed] = prove_document(self._access, self.entry, confirmed)
        return replace(
            self._documents[confirmed],
            event=parse_canonical(body),
            event_index=index,
            event_path=tuple(inclusion_proof(self._leaves, index)),
        )


def prove_document(access: ChainAccess, entry: Entry, confirmed: Sequence[Confirmed] = ()) -> Bundle:
    """What shows one journaled document to be in the log, anchored, in a block: a bundle without an event.

    `confirmed` are the places, kinds and issuers of later documents to be shown with it. Raises NotFound when
    it is in no block yet.
    """
    workspace = access.workspace
    anchor, sent = anchor_over(access, entry.place)
    for place, _, _ in sorted(confirmed, reverse=True):
        with suppress(NotFound):
            anchor, sent = anchor_over(access, place)
            break
    assert sent.block_height is not None
    assert sent.bump is not None
    header = access.headers.header_at(sent.block_height)
    assert header is not None
    shown = [(place, issuer) for place, _, issuer in confirmed if place < anchor.size]
    statements = {
        place: document
        for issuer in dict.fromkeys([entry.issuer, *(issuer for _, issuer in shown)])
        for place, _, document in workspace.parties.statements(issuer, anchor.size)
    }

    def placed(place: int, document: dict[str, Any]) -> Placed:
        return Placed(document, place, tuple(workspace.tree.inclusion_proof(place, anchor.size)))

    return Bundle(
        event={},
        event_index=0,
        event_path=(),
        capture=placed(entry.place, parse_canonical(entry.document)),
        statements=tuple(placed(place, statements[place]) for place in sorted(statements)),
        checkpoint=anchor.checkpoint,
        genesis=genesis_transaction(access),
        anchor=sent.raw,
        header=header.raw,
        bump=sent.bump,
        confirmations=tuple(placed(place, _document(access, place)) for place, _ in shown),
    )


def _document(access: ChainAccess, place: int) -> dict[str, Any]:
    (entry,) = access.workspace.journal.entries(place, place + 1)
    document: dict[str, Any] = parse_canonical(entry.document)
    return document


def genesis_transaction(access: ChainAccess) -> bytes:
    """The log's genesis transaction, raw. Raises NotFound before the first anchor."""
    genesis = access.workspace.anchors.genesis()
    if genesis is None:
        raise NotFound("the log has no anchor yet; run `firsthand anchor` first")
    return access.outbox.get(genesis.txid).raw


def anchor_over(access: ChainAccess, place: int) -> tuple[Anchor, Sent]:
    """The earliest anchor that contains the entry at a place and is in a block. Raises NotFound."""
    unconfirmed = False
    for anchor in access.workspace.anchors.covering(place):
        sent = access.outbox.get(anchor.txid)
        if sent.state is TxState.MINED:
            return anchor, sent
        unconfirmed = True
    if unconfirmed:
        raise NotFound("it is anchored, but in no block yet; run `firsthand anchor --wait` first")
    raise NotFound("it is recorded, but not anchored yet; run `firsthand anchor --wait` first")


def seals_file(access: ChainAccess) -> Iterator[bytes]:
    """The log's seals file: its genesis and every anchor, each with its consistency proof."""
    workspace = access.workspace
    anchors = workspace.anchors.all()
    if not anchors:
        raise NotFound("the log has no anchor yet; run `firsthand anchor` first")

    def seals() -> Iterator[Seal]:
        before = 0
        for anchor in anchors[1:]:
            grown = 0 < before < anchor.size
            proof = workspace.tree.consistency_proof(before, anchor.size) if grown else []
            yield Seal(access.outbox.get(anchor.txid).raw, tuple(proof))
            before = anchor.size

    return write_seals(access.outbox.get(anchors[0].txid).raw, seals())


def write_whole(path: Path, lines: Iterator[bytes], told: Callable[[int], None]) -> int:
    """Write a file that is there whole or not at all; its size in bytes."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    size = 0
    try:
        with beside.open("wb") as handle:
            for number, line in enumerate(lines, 1):
                size += handle.write(line)
                told(number)
        beside.replace(path)
    except OSError as error:
        raise WorkspaceError(f"cannot write {path}: {error.strerror}") from None
    finally:
        beside.unlink(missing_ok=True)
    return size
