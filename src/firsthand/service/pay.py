"""Thanking the makers of a lot or piece: what is possible, and what a shopper is offered.

Three ways, by who holds the money in between: nobody (a BRC-100 wallet pays every maker in one transaction,
or any wallet the one maker's own address), or the makers' cooperative for as long as one transaction takes to
pass it on. The server's operator never holds any of it.
"""

from __future__ import annotations

import base64
import secrets
import uuid
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Final

from firsthand.chain.keys import address_script
from firsthand.chain.payment import Derivation, locking_script, smallest_output, split
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.signing import transaction_size
from firsthand.errors import BroadcastUncertain, Conflict, InvalidInput, NotFound
from firsthand.ledger.event_sql import Viewer
from firsthand.proof.transaction import TxOutput
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay_store import (
    DIRECT,
    FEE,
    HELD,
    PAID,
    WALLET,
    Payment,
    PaymentStore,
    Quote,
    QuotedOutput,
    Sharer,
)
from firsthand.service.payout_addresses import Payout, payment_identity, payouts_of
from firsthand.service.rates import Rate, Rates, satoshis_of
from firsthand.service.trace import EVERYTHING, trace_back
from firsthand.service.workspace import Workspace

__all__ = [
    "COOPERATIVE",
    "Maker",
    "Options",
    "least_output",
    "options",
    "own_derivation",
    "quote",
]

COOPERATIVE: Final = "cooperative"
PATHS: Final = (WALLET, DIRECT, COOPERATIVE)

_WHY: Final = {
    "no-address": "a maker of it has given no address to be paid at",
    "not-one-maker": "that pays one maker, and it is not known to be one maker's alone",
    "no-cooperative": "no cooperative takes payments for its makers",
}
"""What the reasons of a path that is not there mean."""

_LOCKED_S: Final = 60
"""For so long an offer's rate stands."""

_MOST: Final = 100_000_000_000
"""Satoshis of one payment."""


@dataclass(frozen=True, slots=True)
class Maker:
    """One who shares in what is paid for an item; `payout` is None while it accrues for them."""

    party: str
    share: Fraction
    payout: Payout | None


@dataclass(frozen=True, slots=True)
class Options:
    """How the makers of an item can be paid; `unavailable` has the reason of each path that is not there.

    `least` is the least amount in satoshis that does not only feed the network.
    """

    item: str
    makers: tuple[Maker, ...]
    holder: str | None
    unavailable: dict[str, str]
    least: int

    @property
    def shares(self) -> dict[str, Fraction]:
        """Each maker's share."""
        return {maker.party: maker.share for maker in self.makers}


def options(access: ChainAccess, item: str, *, viewer: Viewer = EVERYTHING, published: int = 0) -> Options:
    """How the makers of a lot or piece can be paid.

    Raises NotFound when nobody may see it, or payments are switched off; InvalidInput for no URI.
    """
    workspace = access.workspace
    if not workspace.settings.pay.enabled:
        raise NotFound("this server takes no payments for makers (pay.enabled)")
    trace = trace_back(workspace, item, viewer=viewer, published=published)
    shares = _payees(workspace, trace.shares())
    payouts = payouts_of(workspace, shares)
    makers = tuple(Maker(party, share, payouts.get(party)) for party, share in sorted(shares.items()))
    holder = _holder(workspace, makers)
    smallest = least_output(access)
    unavailable = {}
    if holder is None and any(maker.payout is None for maker in makers):
        unavailable[WALLET] = "no-address"
    if len(makers) != 1 or makers[0].payout is None:
        unavailable[DIRECT] = "not-one-maker" if len(makers) != 1 else "no-address"
    if holder is None:
        unavailable[COOPERATIVE] = "no-cooperative"
    if holder is None:
        least = ceil(smallest / min(maker.share for maker in makers))
    else:
        least = smallest + _fan_out_fee(access.broadcaster.policy(), len(makers))
    return Options(trace.lot, makers, holder, unavailable, least)


def least_output(access: ChainAccess) -> int:
    """The least satoshis that get an output of their own: the setting, else what spending one costs."""
    return access.workspace.settings.pay.smallest_output or smallest_output(access.broadcaster.policy())


def quote(
    access: ChainAccess,
    found: Options,
    path: str,
    *,
    satoshis: int | None = None,
    amount: str = "",
    currency: str = "",
    rates: Rates | None = None,
) -> Payment:
    """Offer to take so many satoshis, or an amount of a currency, for an item's makers; it is kept.

    Raises Conflict naming why the path is not there, InvalidInput for an amount that is none or too small.
    """
    if path not in PATHS:
        raise InvalidInput(f"expected one of {', '.join(PATHS)}, got {path[:40]!r}", "$.path")
    if path in found.unavailable:
        raise Conflict(f"{found.item} cannot be paid for by {path}: {_WHY[found.unavailable[path]]}")
    rate: Rate | None = None
    if satoshis is None:
        rate = (rates or Rates(access.workspace)).current(currency)
        satoshis = satoshis_of(amount, rate)
    if not found.least <= satoshis <= _MOST:
        raise InvalidInput(f"the least is {found.least} satoshis, the most {_MOST}, got {satoshis}")
    sharers = tuple(_sharer(maker) for maker in found.makers)
    fee = _service_fee(access, satoshis)
    now = access.workspace.now()
    made = Quote(
        item=found.item,
        path=path,
        satoshis=satoshis + fee,
        thanks=satoshis,
        fee=fee,
        network_fee=0,
        expires=_later(now),
        sharers=sharers,
        currency=rate.currency if rate else "",
        amount=amount.strip() if rate else "",
        rate=f"{rate.value}@{rate.as_of}" if rate else "",
        rate_source=rate.source if rate else "",
        holder=found.holder or "",
    )
    made, script = _PATHS[path](access, found, made)
    payment = Payment(str(uuid.uuid4()), now, script, made)
    PaymentStore(access).add(payment)
    if script is not None and access.coin_source is not None:
        # Without it the payment is taken in when whoever pays sends the transaction.
        with suppress(BroadcastUncertain):
            access.coin_source.watch(script)
    return payment


def own_derivation() -> Derivation:
    """A derivation that nobody has used."""
    return Derivation(_random(), _random())


def _wallet(access: ChainAccess, found: Options, made: Quote) -> tuple[Quote, None]:
    """An output for each maker, and one that the cooperative holds for those who have none."""
    identity = payment_identity(access.workspace)
    parts = split(made.thanks, found.shares, least_output(access))
    payouts = {maker.party: maker.payout for maker in found.makers}
    held = dict(parts.grouped) | {party: n for party, n in parts.paid.items() if payouts[party] is None}
    if held and found.holder is None:
        raise InvalidInput(f"too little for the smallest share: the least is {found.least} satoshis")
    prefix = _random()
    outputs = []
    for party, satoshis in parts.paid.items():
        payout = payouts[party]
        if payout is not None:
            outputs.append(_output(access, PAID, {party: satoshis}, payout, prefix))
    if held:
        derivation = Derivation(prefix, _random())
        script = locking_script(identity.secret, identity.public, derivation)
        outputs.append(
            QuotedOutput(
                satoshis=sum(held.values()),
                script=script.hex(),
                kind=HELD,
                parts=held,
                prefix=derivation.prefix,
                suffix=derivation.suffix,
            )
        )
    if made.fee:
        address = access.workspace.settings.pay.fee_address
        fee_script = address_script(address, access.network).hex()
        outputs.append(
            QuotedOutput(satoshis=made.fee, script=fee_script, kind=FEE, parts={address: made.fee})
        )
    return _with(made, outputs=tuple(outputs), grouped=dict(parts.grouped)), None


def _output(
    access: ChainAccess, kind: str, parts: dict[str, int], payout: Payout, prefix: str
) -> QuotedOutput:
    satoshis = sum(parts.values())
    key = payout.key()
    if key is None:
        script = address_script(payout.record.address, access.network)
        return QuotedOutput(satoshis=satoshis, script=script.hex(), kind=kind, parts=parts)
    derivation = Derivation(prefix, _random())
    script = locking_script(payment_identity(access.workspace).secret, key, derivation)
    return QuotedOutput(
        satoshis=satoshis,
        script=script.hex(),
        kind=kind,
        parts=parts,
        prefix=derivation.prefix,
        suffix=derivation.suffix,
    )


def _direct(access: ChainAccess, found: Options, made: Quote) -> tuple[Quote, bytes]:
    """The one maker's own address, a fresh one where they gave an identity key. No fee is taken from it."""
    payout = found.makers[0].payout
    assert payout is not None
    made = _with(made, fee=0, satoshis=made.thanks, holder="")
    key = payout.key()
    if key is None:
        return made, address_script(payout.record.address, access.network)
    derivation = own_derivation()
    script = locking_script(payment_identity(access.workspace).secret, key, derivation)
    return _derived(made, key, derivation), script


def _cooperative(access: ChainAccess, found: Options, made: Quote) -> tuple[Quote, bytes]:
    """A one-time address of the cooperative, which passes on what comes there."""
    identity = payment_identity(access.workspace)
    network_fee = _fan_out_fee(access.broadcaster.policy(), len(found.makers))
    made = _with(made, network_fee=network_fee, satoshis=made.thanks + made.fee + network_fee)
    smallest = least_output(access)
    grouped = split(made.thanks, found.shares, smallest).grouped
    derivation = own_derivation()
    script = locking_script(identity.secret, identity.public, derivation)
    return _derived(_with(made, grouped=dict(grouped)), identity.public, derivation), script


_PATHS: Final = {WALLET: _wallet, DIRECT: _direct, COOPERATIVE: _cooperative}


def _derived(made: Quote, receiver: bytes, derivation: Derivation) -> Quote:
    return _with(made, receiver=receiver.hex(), prefix=derivation.prefix, suffix=derivation.suffix)


def _with(made: Quote, **changed: object) -> Quote:
    from msgspec.structs import replace

    return replace(made, **changed)


def _payees(workspace: Workspace, shares: dict[str, Fraction]) -> dict[str, Fraction]:
    """The shares by who is paid: of members of one person their leading membership, or the party it is."""
    found: dict[str, Fraction] = {}
    for uri, share in shares.items():
        member = workspace.members.get(uri)
        root = None if member is None else workspace.members.resolve(member)
        payee = uri if root is None else root.party or root.uri
        found[payee] = found.get(payee, Fraction(0)) + share
    return found


def _holder(workspace: Workspace, makers: tuple[Maker, ...]) -> str | None:
    """The cooperative that receives for its members and has the largest share of these makers in it."""
    of: dict[str, Fraction] = {}
    for maker in makers:
        cooperative = workspace.members.cooperative_of(maker.party) or maker.party
        of[cooperative] = of.get(cooperative, Fraction(0)) + maker.share
    receiving = {
        party: of[party] for party, payout in payouts_of(workspace, of).items() if payout.record.for_members
    }
    return min(receiving, key=lambda party: (-receiving[party], party)) if receiving else None


def _sharer(maker: Maker) -> Sharer:
    record = maker.payout.record if maker.payout else None
    return Sharer(
        party=maker.party,
        share=str(maker.share),
        identity_key=record.identity_key if record else "",
        address=record.address if record else "",
    )


def _service_fee(access: ChainAccess, satoshis: int) -> int:
    """The operator's fee on top, or none where it would be below the smallest output."""
    fee = satoshis * access.workspace.settings.pay.fee_permille // 1000
    return fee if fee >= least_output(access) else 0


def _fan_out_fee(policy: FeePolicy, makers: int) -> int:
    """The network's fee for passing a payment on to so many makers, one output held and one fee."""
    outputs = [TxOutput(0, bytes(25))] * (makers + 2)
    return policy.fee(transaction_size(1, outputs, change=False))


def _random() -> str:
    return base64.b64encode(secrets.token_bytes(12)).decode()


def _later(now: str) -> str:
    return (datetime.fromisoformat(now) + timedelta(seconds=_LOCKED_S)).strftime("%Y-%m-%dT%H:%M:%SZ")
