"""Proving certificates: gather what shows one to be on record, and how its status went.

A proof shows, of each status list, the changes around the places that are asked about, those that changed
this certificate's bit, and the last; between them others may have changed. With few changes it shows all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from firsthand.chain.outbox import Sent
from firsthand.chain.protocols import TxState
from firsthand.errors import NotFound
from firsthand.events.subjects import certificates_named, event_subjects
from firsthand.journal.protocol import Entry
from firsthand.ledger.anchors import Anchor
from firsthand.ledger.credentials import KeptCredential, PlacedChange
from firsthand.proof.bundle import Placed
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.certificate_proof import CertificateProof, ShownChange, write_certificate_proof
from firsthand.proof.credential import StatusEntry, parse_credential
from firsthand.proof.merkle import inclusion_proof
from firsthand.proof.status_list import (
    BitProof,
    bit_of,
    bit_proof,
    changed_bits,
    decode_bits,
    parse_status_list,
)
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.chain_access import ChainAccess
from firsthand.service.credential_import import observed_document
from firsthand.service.prove import anchor_over, genesis_transaction

__all__ = ["certificate_lines", "certificates_for", "last_change", "prove_certificate"]

_SHOW_ALL: Final = 24
"""Up to so many changes of a list, all are shown."""


def certificates_for(
    access: ChainAccess, numbers: Iterable[int], *, confidential: bool = False
) -> list[tuple[KeptCredential, list[int]]]:
    """The certificates that events name, or that speak of their lots, parties and places; with their places.

    Confidential ones only when they are asked for. The events are given by their numbers in the journal.
    """
    workspace = access.workspace
    found: dict[bytes, tuple[KeptCredential, set[int]]] = {}
    for number in numbers:
        entry, _, body = workspace.journal.event(number)
        event = parse_canonical(body)
        named = [kept for name in certificates_named(event) for kept in workspace.credentials.by_id(name)]
        of = workspace.credentials.of(sorted(event_subjects(event, entry.issuer)))
        for kept in (*named, *of):
            if confidential or not kept.confidential:
                found.setdefault(kept.leaf, (kept, set()))[1].add(entry.place)
    return [(kept, sorted(places)) for kept, places in found.values()]


def certificate_lines(
    access: ChainAccess, wanted: Sequence[tuple[KeptCredential, Sequence[int]]]
) -> Iterator[bytes]:
    """The proofs of certificates, one line each, with the places at which it matters how they stood."""
    book = CertificateBook(access.workspace)
    for kept, places in wanted:
        yield write_certificate_proof(prove_certificate(access, kept, places, book=book))


def prove_certificate(
    access: ChainAccess,
    kept: KeptCredential,
    places: Sequence[int] = (),
    *,
    before: int | None = None,
    book: CertificateBook | None = None,
) -> CertificateProof:
    """The proof of one certificate and of how it stood at these places in the log, and since.

    `before` tells nothing of what stands at that place or later: with the place after a revocation, the
    proof is under the earliest anchor that holds it, and so dates it as narrowly as can be. Raises NotFound
    when something is in no block yet.
    """
    workspace = access.workspace
    book = book or CertificateBook(workspace)
    credential = parse_credential(parse_canonical(kept.document))
    size = _mined_size(access)
    end = size if before is None else min(size, before)
    if kept.place >= end:
        anchor_over(access, kept.place)
        raise NotFound(f"the certificate is on record at place {kept.place}, not before place {end}")
    wanted = [max(place, kept.place + 1) for place in (*places, kept.place)]
    shown: list[ShownChange] = []
    for entry in credential.status:
        changes = [one for one in book.changes(kept, entry) if one.place < end]
        shown += _shown(access, changes, entry, wanted)
    (record,) = workspace.journal.entries(kept.place, kept.place + 1)
    trust = workspace.credentials.trust(end)
    documents = [
        (kept.place, parse_canonical(record.document)),
        *((one.entry.place, one.entry.document) for one in shown),
    ]
    if trust is not None:
        (version,) = workspace.journal.entries(trust[2], trust[2] + 1)
        documents.append((trust[2], parse_canonical(version.document)))
    last = max(place for place, _ in documents)
    anchor, sent = anchor_over(access, last)
    return _assembled(access, kept, record, shown, trust[2] if trust else None, documents, anchor, sent)


def last_change(book: CertificateBook, kept: KeptCredential) -> int:
    """The place of the last change of this certificate's own bits, or of its record where there was none."""
    places = [kept.place]
    for states in book.evidence(kept).states.values():
        places += [state.place for state in states[1:]]
    return max(places)


def _assembled(
    access: ChainAccess,
    kept: KeptCredential,
    record: Entry,
    shown: Sequence[ShownChange],
    trust: int | None,
    documents: Sequence[tuple[int, dict[str, Any]]],
    anchor: Anchor,
    sent: Sent,
) -> CertificateProof:
    workspace = access.workspace
    assert sent.block_height is not None
    assert sent.bump is not None
    header = access.headers.header_at(sent.block_height)
    assert header is not None

    def placed(place: int, document: dict[str, Any]) -> Placed:
        return Placed(document, place, tuple(workspace.tree.inclusion_proof(place, anchor.size)))

    parties = dict.fromkeys([kept.issuer, *(str(document["issuer"]) for _, document in documents)])
    statements = {
        place: document
        for party in parties
        for place, _, document in workspace.parties.statements(party, anchor.size)
    }
    leaves = workspace.credentials.recorded_together(kept.place)
    by_place = dict(documents)
    return CertificateProof(
        credential=parse_canonical(kept.document),
        index=kept.position,
        path=tuple(inclusion_proof(leaves, kept.position)),
        record=placed(kept.place, parse_canonical(record.document)),
        statements=tuple(placed(place, document) for place, document in sorted(statements.items())),
        status=tuple(
            ShownChange(placed(one.entry.place, one.entry.document), one.bit, one.published) for one in shown
        ),
        trust=placed(trust, by_place[trust]) if trust is not None else None,
        checkpoint=anchor.checkpoint,
        genesis=genesis_transaction(access),
        anchor=sent.raw,
        header=header.raw,
        bump=sent.bump,
    )


def _shown(
    access: ChainAccess, changes: Sequence[PlacedChange], entry: StatusEntry, wanted: Sequence[int]
) -> list[ShownChange]:
    """The changes to be shown of one list, each with this entry's bit; their proofs in the log come later."""
    proofs: list[tuple[BitProof, bool, dict[str, Any] | None]] = []
    bits = b""
    for placed in changes:
        published = None
        if placed.change.observed is not None:
            published = observed_document(access.workspace, placed.change)
            bits = decode_bits(parse_status_list(published).encoded)
        else:
            bits = changed_bits(bits or bytes(placed.change.length // 8), placed.change)
        proofs.append((bit_proof(bits, entry.index), bit_of(bits, entry.index), published))
    chosen = _chosen([placed.place for placed in changes], [held for _, held, _ in proofs], wanted)
    return [
        ShownChange(Placed(changes[at].document, changes[at].place, ()), proofs[at][0], proofs[at][2])
        for at in chosen
    ]


def _chosen(places: Sequence[int], held: Sequence[bool], wanted: Sequence[int]) -> list[int]:
    if len(places) <= _SHOW_ALL:
        return list(range(len(places)))
    chosen = {len(places) - 1}
    for place in wanted:
        before = max((at for at, one in enumerate(places) if one < place), default=0)
        chosen |= {before, min(before + 1, len(places) - 1)}
    for at in range(1, len(places)):
        if held[at] != held[at - 1]:
            chosen |= {at - 1, at, min(at + 1, len(places) - 1)}
    return sorted(chosen)


def _mined_size(access: ChainAccess) -> int:
    """The number of entries that the last anchor in a block covers."""
    for anchor in access.workspace.anchors.newest():
        if anchor.size and access.outbox.get(anchor.txid).state is TxState.MINED:
            return anchor.size
    return 0
