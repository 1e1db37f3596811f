"""What makers were paid: for an item, for a party, and in all, to the last satoshi."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from firsthand.chain.beef import encode_beef
from firsthand.chain.protocols import TxState
from firsthand.errors import NotFound
from firsthand.proof.transaction import hash_hex
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay_out import held_money
from firsthand.service.pay_store import (
    FEE,
    INCOMING,
    PAID,
    Line,
    PaymentStore,
    Standing,
)
from firsthand.service.payout_addresses import payment_identity, payouts_of

__all__ = [
    "Books",
    "PaidSoFar",
    "PartyLine",
    "Proof",
    "Remittance",
    "accrued",
    "books",
    "paid_to_makers",
    "party_lines",
    "remittances",
]


@dataclass(frozen=True, slots=True)
class Books:
    """Satoshis: arrived = paid + fees (the service's and the network's) + held, at every moment."""

    arrived: int
    paid: int
    service_fees: int
    network_fees: int
    held: int

    @property
    def balance(self) -> int:
        """What is unaccounted for: 0."""
        return self.arrived - self.paid - self.service_fees - self.network_fees - self.held


@dataclass(frozen=True, slots=True)
class Proof:
    """A transaction that paid makers: ID in hex, what it paid them for the item, its BUMP if mined."""

    txid: str
    satoshis: int
    state: str
    block_height: int | None
    bump: str | None


@dataclass(frozen=True, slots=True)
class PaidSoFar:
    """What an item's makers were paid: `satoshis` in blocks, `pending` on the way, and held for them.

    `by_maker` has those makers' sums who show them to everybody.
    """

    item: str
    satoshis: int
    pending: int
    held: int
    payments: int
    proofs: tuple[Proof, ...]
    by_maker: dict[str, int]


@dataclass(frozen=True, slots=True)
class PartyLine:
    """One sum that a party got or that is held for it."""

    line: Line
    item: str
    created: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class Remittance:
    """What a BRC-100 wallet needs to take an output in (`internalizeAction`), once it is in a block."""

    txid: str
    vout: int
    satoshis: int
    prefix: str
    suffix: str
    sender_identity_key: str
    atomic_beef: bytes


def books(access: ChainAccess) -> Books:
    """Every satoshi of payments, by where it is. What the chain refused for good never was."""
    store = PaymentStore(access)
    standings = {one.txid: one for one in store.standings() if not one.refused}
    lines = store.lines(standings)
    return Books(
        arrived=sum(one.satoshis for one in standings.values() if one.kind in INCOMING),
        paid=sum(line.satoshis for line in lines if line.kind == PAID),
        service_fees=sum(line.satoshis for line in lines if line.kind == FEE),
        network_fees=sum(one.fee for one in standings.values()),
        held=sum(one.coin.satoshis for one in held_money(access)),
    )


def accrued(access: ChainAccess) -> dict[str, int]:
    """What is held for each party, in satoshis; the operator's part of what is not passed on is not in it."""
    found: dict[str, int] = {}
    for held in held_money(access):
        for (_, party), satoshis in held.claims.items():
            found[party] = found.get(party, 0) + satoshis
    return found


def paid_to_makers(access: ChainAccess, item: str) -> PaidSoFar:
    """What was paid for an item, with the transactions that prove it."""
    store = PaymentStore(access)
    payments = {one.id for one in store.all(item=item)}
    standings = [one for one in store.standings(payments) if not one.refused] if payments else []
    by_txid: dict[bytes, int] = {}
    sums: dict[str, int] = {}
    states = {one.txid: one.state for one in standings}
    for line in store.lines(states):
        if line.kind == PAID and line.payment in payments:
            by_txid[line.txid] = by_txid.get(line.txid, 0) + line.satoshis
            if states[line.txid] is TxState.MINED:
                sums[line.party] = sums.get(line.party, 0) + line.satoshis
    public = {party for party, payout in payouts_of(access.workspace, sums).items() if payout.record.public}
    held = sum(
        satoshis
        for one in held_money(access)
        for (payment, _), satoshis in one.claims.items()
        if payment in payments
    )
    mined = sum(n for txid, n in by_txid.items() if states[txid] is TxState.MINED)
    return PaidSoFar(
        item=item,
        satoshis=mined,
        pending=sum(by_txid.values()) - mined,
        held=held,
        payments=sum(one.kind in INCOMING for one in standings),
        proofs=tuple(_proof(access, one, by_txid[one.txid]) for one in standings if one.txid in by_txid),
        by_maker={party: sums[party] for party in sorted(public)},
    )


def party_lines(access: ChainAccess, parties: Collection[str] | None) -> list[PartyLine]:
    """What these parties, or all, got, and what is held for them and not passed on, oldest first."""
    store = PaymentStore(access)
    items = {one.id: one.quote.item for one in store.all()}
    standings = {one.txid: one for one in store.standings() if not one.refused}
    held = {(one.coin.outpoint.txid, one.coin.outpoint.vout) for one in held_money(access)}
    found = [
        PartyLine(line, items[line.payment], standings[line.txid].created, standings[line.txid])
        for line in store.lines(parties=parties)
        if line.txid in standings and (line.kind == PAID or (line.txid, line.vout) in held)
    ]
    return sorted(found, key=lambda one: (one.standing.number, one.line.vout))


def remittances(access: ChainAccess, parties: Collection[str]) -> list[Remittance]:
    """The derived outputs that paid these parties and are in blocks, each with its proof (BRC-29)."""
    sender = payment_identity(access.workspace).public.hex()
    found: dict[tuple[bytes, int], Remittance] = {}
    for one in party_lines(access, parties):
        line = one.line
        if line.kind != PAID or line.derivation is None or one.standing.state is not TxState.MINED:
            continue
        sent = access.outbox.get(line.txid)
        if sent.bump is None:
            continue
        before = found.get((line.txid, line.vout))
        atomic = b"\x01\x01\x01\x01" + line.txid + encode_beef([(sent.raw, sent.bump)])
        found[line.txid, line.vout] = Remittance(
            hash_hex(line.txid),
            line.vout,
            line.satoshis + (before.satoshis if before else 0),
            line.derivation.prefix,
            line.derivation.suffix,
            sender,
            atomic,
        )
    return list(found.values())


def _proof(access: ChainAccess, standing: Standing, satoshis: int) -> Proof:
    try:
        bump = access.outbox.get(standing.txid).bump
    except NotFound:
        bump = None
    return Proof(
        hash_hex(standing.txid),
        satoshis,
        standing.state.value,
        standing.block_height,
        bump.hex() if bump else None,
    )
