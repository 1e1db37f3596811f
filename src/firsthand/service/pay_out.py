"""Passing makers' money on: what came to the cooperative goes out in one transaction, what cannot waits.

The coins of makers' money are marked as tokens are, so that no other transaction spends them, and a
transaction that passes them on is stored with its lines in one database transaction. Whether a coin was
passed on is read from the coins themselves: no crash leaves money sent twice, or not at all.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from sqlalchemy import Connection

from firsthand.chain.keys import address_script
from firsthand.chain.payment import Derivation, locking_script, own_key, split
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.signing import Coin, SignedTransaction, build, transaction_size
from firsthand.errors import BroadcastUncertain, InvalidInput
from firsthand.proof.disclosure import SALT_SIZE
from firsthand.proof.transaction import Outpoint, TxOutput
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay import least_output, own_derivation
from firsthand.service.pay_record import record_mined
from firsthand.service.pay_store import (
    ARRIVAL,
    FANOUT,
    FEE,
    HELD,
    PAID,
    SETTLE,
    Line,
    Payment,
    PaymentStore,
)
from firsthand.service.payout_addresses import Payout, payment_identity, payouts_of

__all__ = ["Claims", "Held", "held_money", "pass_on"]

PURPOSES = {FANOUT: "payment fan-out", SETTLE: "payment settlement"}
_MOST_COINS = 200
"""Held coins that one settlement spends."""

Claims = dict[tuple[str, str], int]
"""Satoshis by payment and party."""


@dataclass(frozen=True, slots=True)
class Held:
    """A coin of makers' money with whose it is: `claims`, and `fee` for the operator out of an arrival."""

    coin: Coin
    claims: Claims
    fee: int
    arrival: bool
    accepted: bool
    mined: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    paid: dict[str, Claims]
    kept: Claims
    fee: int
    network_fee: int


def pass_on(access: ChainAccess) -> None:
    """Settle with the chain, pass on what came and what has waited, and journal what is in a block.

    Raises BroadcastUncertain when nothing is known of what was sent; all is kept, and the next call goes on.
    """
    uncertain: BroadcastUncertain | None = None
    try:
        access.settle()
        for held in held_money(access):
            if held.arrival and held.accepted:
                _spread(access, [held], FANOUT)
        waiting = [held for held in held_money(access) if held.mined][:_MOST_COINS]
        if any(not held.arrival for held in waiting) or len(waiting) > 1:
            _spread(access, waiting, SETTLE)
        access.settle()
    except BroadcastUncertain as error:
        uncertain = error
    record_mined(access)
    if uncertain is not None:
        raise uncertain


def held_money(access: ChainAccess) -> list[Held]:
    """Every coin of makers' money that is held now, oldest first, with whose it is."""
    with access.workspace.engine.connect() as connection:
        return _held(access, connection)


def _held(access: ChainAccess, connection: Connection) -> list[Held]:
    store = PaymentStore(access)
    coins = store.unspent(connection)
    txids = {coin.outpoint.txid for coin in coins}
    standings = {one.txid: one for one in store.standings() if one.txid in txids}
    payments = {one.id: one for one in store.all({one.payment for one in standings.values() if one.payment})}
    lines: dict[tuple[bytes, int], list[Line]] = {}
    for line in store.lines(txids):
        lines.setdefault((line.txid, line.vout), []).append(line)
    identity = payment_identity(access.workspace)
    found = []
    for coin in coins:
        standing = standings[coin.outpoint.txid]
        arrival = standing.kind == ARRIVAL
        if arrival:
            assert standing.payment is not None
            payment = payments[standing.payment]
            claims, fee = _arrived(payment, coin.satoshis)
            derivation = Derivation(payment.quote.prefix, payment.quote.suffix)
        else:
            own = lines[coin.outpoint.txid, coin.outpoint.vout]
            claims, fee = {(line.payment, line.party): line.satoshis for line in own}, 0
            assert own[0].derivation is not None
            derivation = own[0].derivation
        keyed = Coin(
            coin.outpoint, coin.satoshis, coin.script, own_key(identity.secret, derivation, access.network)
        )
        mined = standing.state is TxState.MINED
        found.append(Held(keyed, claims, fee, arrival, standing.accepted, mined))
    return found


def _arrived(payment: Payment, satoshis: int) -> tuple[Claims, int]:
    """Whose what arrived is, whatever was offered: the operator's fee in proportion, the rest by shares."""
    quote = payment.quote
    fee = satoshis * quote.fee // quote.satoshis
    parts = split(satoshis - fee, quote.shares, 0)
    return {(payment.id, party): part for party, part in parts.paid.items()}, fee


def _spread(access: ChainAccess, held: Sequence[Held], kind: str) -> None:
    """Pay out what these coins hold, if there is anybody to pay; in one transaction."""
    policy = access.broadcaster.policy()
    parties = {party for one in held for _, party in one.claims}
    payouts = payouts_of(access.workspace, parties)
    plan = _plan(access, held, payouts, policy)
    if plan is None:
        return
    outputs, lines = _outputs(access, plan, payouts)
    total = sum(one.coin.satoshis for one in held)
    payment = next(iter(held[0].claims))[0] if kind == FANOUT else None
    store, now = PaymentStore(access), access.workspace.now()
    with access.workspace.engine.begin() as connection:
        signed = build([one.coin for one in held], outputs, None, policy, access.wallet)
        access.outbox.store(connection, PURPOSES[kind], signed, ours=b"")
        _keep_held(access, connection, signed, lines)
        store.put(connection, signed.txid, kind, payment, total - signed.fee, now, lines)


def _keep_held(
    access: ChainAccess, connection: Connection, signed: SignedTransaction, lines: Sequence[Line]
) -> None:
    for vout in sorted({line.vout for line in lines if line.kind == HELD}):
        output = signed.outputs[vout]
        coin = Coin(Outpoint(signed.txid, vout), output.satoshis, output.script)
        access.coins.add(connection, coin, token=True)


def _plan(
    access: ChainAccess, held: Sequence[Held], payouts: dict[str, Payout], policy: FeePolicy
) -> _Plan | None:
    """Who is paid what; None when nobody can be. What is too small or has no address is kept."""
    smallest = least_output(access)
    now = access.workspace.now()
    payable: dict[str, Claims] = {}
    kept: Claims = {}
    for one in held:
        for (payment, party), satoshis in one.claims.items():
            payout = payouts.get(party)
            if payout is not None and (one.arrival or payout.accrued_from <= now):
                payable.setdefault(party, {})[payment, party] = (
                    payable.get(party, {}).get((payment, party), 0) + satoshis
                )
            else:
                kept[payment, party] = kept.get((payment, party), 0) + satoshis
    fee = sum(one.fee for one in held)
    if 0 < fee < smallest:
        return None
    while payable:
        outputs = len(payable) + bool(kept) + bool(fee)
        size = transaction_size(len(held), [TxOutput(0, bytes(25))] * outputs, change=False)
        network_fee = policy.fee(size)
        paid = _less(payable, network_fee)
        short = [party for party, claims in paid.items() if sum(claims.values()) < smallest]
        if not short:
            return _Plan(paid, kept, fee, network_fee)
        # The least first: what it leaves may be enough for the others.
        least = min(short, key=lambda party: (sum(payable[party].values()), party))
        for claim, satoshis in payable.pop(least).items():
            kept[claim] = kept.get(claim, 0) + satoshis
    return None


def _less(payable: dict[str, Claims], network_fee: int) -> dict[str, Claims]:
    """The claims less the network's fee, which they bear in proportion."""
    claims = {claim: satoshis for own in payable.values() for claim, satoshis in own.items()}
    total = sum(claims.values())
    if total <= network_fee:
        return {party: {} for party in payable}
    names = {f"{payment}\0{party}": (payment, party) for payment, party in claims}
    shares = {name: Fraction(claims[claim], total) for name, claim in names.items()}
    # Of what is left, so that no claim goes below nothing.
    left = split(total - network_fee, shares, 0).paid
    found: dict[str, Claims] = {party: {} for party in payable}
    for name, satoshis in left.items():
        payment, party = names[name]
        found[party][payment, party] = satoshis
    return found


def _outputs(
    access: ChainAccess, plan: _Plan, payouts: dict[str, Payout]
) -> tuple[list[TxOutput], list[Line]]:
    identity = payment_identity(access.workspace)
    outputs: list[TxOutput] = []
    lines: list[Line] = []

    def add(kind: str, claims: Claims, script: bytes, derivation: Derivation | None) -> None:
        vout = len(outputs)
        outputs.append(TxOutput(sum(claims.values()), script))
        for (payment, party), satoshis in sorted(claims.items()):
            salt = secrets.token_bytes(SALT_SIZE)
            lines.append(Line(vout, kind, payment, party, satoshis, derivation, salt))

    for party, claims in sorted(plan.paid.items()):
        payout = payouts[party]
        key = payout.key()
        if key is None:
            add(PAID, claims, address_script(payout.record.address, access.network), None)
        else:
            derivation = own_derivation()
            add(PAID, claims, locking_script(identity.secret, key, derivation), derivation)
    kept = {claim: satoshis for claim, satoshis in plan.kept.items() if satoshis}
    if kept:
        derivation = own_derivation()
        add(HELD, kept, locking_script(identity.secret, identity.public, derivation), derivation)
    if plan.fee:
        address = access.workspace.settings.pay.fee_address
        payment = min(payment for payment, _ in (*plan.kept, *next(iter(plan.paid.values()))))
        add(FEE, {(payment, address): plan.fee}, address_script(address, access.network), None)
    if not outputs:
        raise InvalidInput("there is nothing to pass on")
    return outputs, lines
