"""Payments in the journal: that makers were paid so much by which transaction, and to whom only by digest.

A record is appended once the transaction is in a block. Its root is over salted disclosures of its lines, so
that each maker can show theirs, and nobody else's is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from firsthand.chain.protocols import TxState
from firsthand.errors import InvalidInput, NotFound
from firsthand.identity.signing import secure
from firsthand.journal.protocol import Appended, NewEntry
from firsthand.proof.account import entry_leaf_of
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import Disclosure, make_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import tree_root
from firsthand.proof.parties import Party
from firsthand.proof.transaction import hash_hex
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay_store import ARRIVAL, FEE, HELD, PAID, Line, PaymentStore, Standing
from firsthand.service.workspace import Workspace

__all__ = ["PAYMENT_RECORD", "line_disclosure", "record_mined"]

PAYMENT_RECORD: Final = "PaymentRecord"
PAYMENT: Final = "payment"
"""The name in the disclosures of a payment's lines."""


def record_mined(access: ChainAccess) -> int:
    """Journal the payments that are in a block and have no record yet; how many."""
    store = PaymentStore(access)
    waiting = [
        one
        for one in store.standings()
        if one.state is TxState.MINED and one.place is None and one.kind != ARRIVAL
    ]
    if not waiting:
        return 0
    lines: dict[bytes, list[Line]] = {}
    for line in store.lines({one.txid for one in waiting}):
        lines.setdefault(line.txid, []).append(line)
    items = {one.id: one.quote.item for one in store.all()}
    done = 0
    for standing in waiting:
        own = lines.get(standing.txid, [])
        issuer = _issuer(access.workspace, own)
        if issuer is None:
            continue
        entry = _entry(access.workspace, issuer, standing, own, items)

        def also(connection: Connection, appended: Sequence[Appended], txid: bytes = standing.txid) -> None:
            store.placed(connection, txid, appended[0].place)

        try:
            access.workspace.journal.append([entry], also)
        except InvalidInput:
            continue  # another process was faster
        done += 1
    return done


def line_disclosure(line: Line, item: str) -> Disclosure:
    """What a maker shows of a record: whose so many satoshis of which output are, and for which item."""
    value = {
        "party": line.party,
        "item": item,
        "satoshis": line.satoshis,
        "output": line.vout,
        "kind": line.kind,
    }
    return make_disclosure(line.salt, PAYMENT, value)


def _entry(
    workspace: Workspace, issuer: Party, standing: Standing, lines: Sequence[Line], items: dict[str, str]
) -> NewEntry:
    key = workspace.held_key(issuer.keys)
    created = workspace.now()
    leaves = [entry_leaf_of(line_disclosure(line, items[line.payment]).text) for line in lines]
    document: dict[str, Any] = {
        "type": PAYMENT_RECORD,
        "issuer": issuer.uri,
        "created": created,
        "transaction": hash_hex(standing.txid),
        "paid": sum(line.satoshis for line in lines if line.kind == PAID),
        "held": sum(line.satoshis for line in lines if line.kind == HELD),
        "fee": sum(line.satoshis for line in lines if line.kind == FEE),
        "lines": {"count": len(leaves), "root": base64_text(tree_root(leaves))},
    }
    return NewEntry(PAYMENT_RECORD, issuer.uri, canonical(secure(document, key, created)), key.did)


def _issuer(workspace: Workspace, lines: Iterable[Line]) -> Party | None:
    """Who records it: the makers' cooperative, or one of those who were paid, whose key is here."""
    parties = [line.party for line in lines]
    named = [workspace.members.cooperative_of(uri) for uri in parties]
    for uri in dict.fromkeys([*(one for one in named if one is not None), *parties]):
        party = workspace.parties.get(uri)
        if party is not None:
            try:
                workspace.held_key(party.keys)
            except NotFound:
                continue
            return party
    return None
