"""Payments as plain data, for pages and their JSON twins. Who keeps amounts private is not named."""

from __future__ import annotations

from typing import Any, Final

from firsthand.chain.keys import encode_address
from firsthand.chain.payment import Derivation, offset
from firsthand.chain.protocols import TxState
from firsthand.errors import FirsthandError
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.transaction import hash_hex
from firsthand.service.chain_access import ChainAccess
from firsthand.service.paid import PaidSoFar, accrued, party_lines
from firsthand.service.passport import name_of
from firsthand.service.pay import PATHS, Options
from firsthand.service.pay_store import (
    ARRIVAL,
    FEE,
    HELD,
    INCOMING,
    PAID,
    WALLET,
    Payment,
    PaymentStore,
    QuotedOutput,
    Standing,
)
from firsthand.service.payout_addresses import Notice, payment_identity, payouts_of
from firsthand.service.rates import SATOSHIS, Rate, Rates

__all__ = [
    "SUGGESTED",
    "current_rate",
    "notice_value",
    "options_value",
    "paid_value",
    "parties_value",
    "party_value",
    "payment_uri",
    "payment_value",
]

SUGGESTED: Final = ("1.00", "2.00", "5.00")
"""Amounts that a page offers, in the shopper's currency."""

_SUGGESTED_SATOSHIS: Final = (1_000_000, 5_000_000, 10_000_000)


def current_rate(rates: Rates, currency: str | None) -> Rate | None:
    """The rate of a currency, or of the first that there is one of; None without one that is new enough."""
    for name in (currency, *rates.currencies()):
        if name:
            try:
                return rates.current(name)
            except FirsthandError:
                continue
    return None


def options_value(access: ChainAccess, found: Options, rate: Rate | None) -> dict[str, Any]:
    """How an item's makers can be paid."""
    now = access.workspace.now()
    return {
        "item": found.item,
        "network": access.network.name,
        "makers": [
            {
                **_named(access, maker.party),
                "share": str(maker.share),
                "payout": "accrues" if maker.payout is None else "own",
            }
            for maker in sorted(found.makers, key=lambda one: (-one.share, one.party))
        ],
        "paths": [
            {
                "path": path,
                "available": path not in found.unavailable,
                "why": found.unavailable.get(path),
                "holder": _named(access, found.holder) if found.holder and path == "cooperative" else None,
            }
            for path in PATHS
        ],
        "least": found.least,
        "feePermille": access.workspace.settings.pay.fee_permille,
        "rate": None
        if rate is None
        else {
            "currency": rate.currency,
            "value": str(rate.value),
            "asOf": rate.as_of,
            "source": rate.source,
            "ageSeconds": rate.age(now),
        },
        "suggested": list(SUGGESTED) if rate else [str(one) for one in _SUGGESTED_SATOSHIS],
    }


def payment_value(access: ChainAccess, payment: Payment) -> dict[str, Any]:
    """A quote, and what came of it so far."""
    quote = payment.quote
    public = {
        party for party, payout in payouts_of(access.workspace, quote.shares).items() if payout.record.public
    }
    found: dict[str, Any] = {
        "id": payment.id,
        "item": quote.item,
        "path": quote.path,
        "network": access.network.name,
        "satoshis": quote.satoshis,
        "thanks": quote.thanks,
        "currency": quote.currency or None,
        "amount": quote.amount or None,
        "rate": quote.rate or None,
        "rateSource": quote.rate_source or None,
        "fee": {"service": quote.fee, "network": quote.network_fee},
        "holder": _named(access, quote.holder) if quote.holder and quote.path == "cooperative" else None,
        "grouped": [
            {**(_named(access, party) if party in public else {"uri": None, "name": None}), "satoshis": n}
            for party, n in sorted(quote.grouped.items())
        ],
        "expires": quote.expires,
        "description": f"Thanks to the makers of {name_of(quote.item)}"[:50],
        **_status(access, payment),
    }
    if quote.path == WALLET:
        found["outputs"] = [_output_value(access, one, public) for one in quote.outputs]
    if payment.script is not None:
        address = encode_address(payment.script[3:23], access.network)
        found |= {
            "address": address,
            "uri": payment_uri(address, quote.satoshis),
            "qr": f"/pay/{payment.id}/qr.svg",
        }
    return found


def payment_uri(address: str, satoshis: int) -> str:
    """A `bitcoin:` URI (BIP-21) that says by `sv` which chain it means."""
    return f"bitcoin:{address}?sv&amount={satoshis // SATOSHIS}.{satoshis % SATOSHIS:08d}"


def paid_value(access: ChainAccess, paid: PaidSoFar) -> dict[str, Any]:
    """What an item's makers were paid so far."""
    return {
        "item": paid.item,
        "network": access.network.name,
        "satoshis": paid.satoshis,
        "pending": paid.pending,
        "held": paid.held,
        "payments": paid.payments,
        "makers": [{**_named(access, party), "satoshis": n} for party, n in paid.by_maker.items()],
        "transactions": [
            {
                "txid": proof.txid,
                "satoshis": proof.satoshis,
                "state": proof.state,
                "blockHeight": proof.block_height,
                "bump": proof.bump,
            }
            for proof in paid.proofs
        ],
    }


def party_value(access: ChainAccess, party: str) -> dict[str, Any]:
    """What a party or member got from shoppers, and what is held for it, line by line."""
    found = party_lines(access, [party])
    # What has come and is not passed on yet has no lines.
    held = accrued(access).get(party, 0)
    return {
        **_named(access, party),
        "paid": sum(one.line.satoshis for one in found if one.line.kind == PAID),
        "held": held,
        "lines": [
            {
                "created": one.created,
                "item": one.item,
                "kind": one.line.kind,
                "satoshis": one.line.satoshis,
                "txid": hash_hex(one.line.txid),
                "output": one.line.vout,
                "state": one.standing.state.value,
                "blockHeight": one.standing.block_height,
                "place": one.standing.place,
            }
            for one in found
        ],
    }


def parties_value(access: ChainAccess, cooperative: str | None = None) -> dict[str, Any]:
    """What each party got and what is held for each; of one cooperative and its members, or of all."""
    held = accrued(access)
    paid: dict[str, int] = {}
    for one in party_lines(access, None):
        if one.line.kind == PAID:
            paid[one.line.party] = paid.get(one.line.party, 0) + one.line.satoshis
    members = access.workspace.members
    parties = {
        party
        for party in {*held, *paid}
        if cooperative in (None, party) or members.cooperative_of(party) == cooperative
    }
    payouts = payouts_of(access.workspace, parties)
    rows = []
    for party in sorted(parties):
        record = payouts[party].record if party in payouts else None
        where = "nowhere yet" if record is None else "identity key" if record.identity_key else "address"
        name = members.display_name(party)
        row = {**_named(access, party), "paid": paid.get(party, 0), "held": held.get(party, 0)}
        rows.append({**row, "name": name or row["name"], "payout": where})
    return {
        "parties": rows,
        "paid": sum(paid[one] for one in parties & set(paid)),
        "held": sum(held.values()),
    }


def notice_value(notice: Notice) -> dict[str, Any]:
    """A payout statement and how it stands."""
    stated = notice.stated
    record = stated.record
    return {
        "party": stated.party,
        "issuer": stated.issuer,
        "place": stated.place,
        "recorded": stated.recorded,
        "effective": notice.effective,
        "state": notice.state,
        "identityKey": record.identity_key or None if record else None,
        "address": record.address or None if record else None,
        "public": record.public if record else None,
        "forMembers": record.for_members if record else None,
    }


def _output_value(access: ChainAccess, output: QuotedOutput, public: set[str]) -> dict[str, Any]:
    """An output that the wallet is asked for; what lets a phone check whose it is, where they want that."""
    found: dict[str, Any] = {
        "satoshis": output.satoshis,
        "lockingScript": output.script,
        "kind": {PAID: "maker", HELD: "held", FEE: "fee"}[output.kind],
        "maker": None,
    }
    party = next(iter(output.parts))
    if output.kind == PAID and party in public and output.prefix:
        payout = payouts_of(access.workspace, [party])[party]
        key, stated = payout.key(), payout.stated
        # What another stated for them proves nothing to a stranger.
        if key is not None and stated.issuer == party:
            identity = payment_identity(access.workspace)
            added = offset(identity.secret, key, Derivation(output.prefix, output.suffix).invoice)
            (entry,) = access.workspace.journal.entries(stated.place, stated.place + 1)
            found["maker"] = {
                **_named(access, party),
                "identityKey": key.hex(),
                "offset": added.hex(),
                "statement": parse_canonical(entry.document),
                "disclosure": stated.disclosure(),
            }
    return found


def _status(access: ChainAccess, payment: Payment) -> dict[str, Any]:
    """`waiting`, `sent`, `seen`, `passed-on` or `mined`, or `refused`; and each receipt."""
    store = PaymentStore(access)
    standings = store.standings([payment.id])
    incoming = [one for one in standings if one.kind in INCOMING and one.payment == payment.id]
    live = [one for one in incoming if not one.refused]
    out = [one for one in standings if one.kind not in INCOMING and not one.refused]
    lines = [line for line in store.lines({one.txid for one in standings}) if line.payment == payment.id]
    state = "waiting"
    if incoming:
        state = "refused" if not live else "seen" if all(one.accepted for one in live) else "sent"
    if live and out and all(one.accepted for one in out):
        state = "passed-on"
    carrying = out if any(one.kind == ARRIVAL for one in live) else live
    if carrying and all(one.state is TxState.MINED for one in (*live, *carrying)):
        state = "mined"
    kept = {one.txid for one in standings if not one.refused}
    return {
        "state": state,
        "paid": sum(line.satoshis for line in lines if line.kind == PAID and line.txid in kept),
        "receipts": [_receipt(one) for one in incoming],
        "passedOn": [_receipt(one) for one in out],
    }


def _receipt(standing: Standing) -> dict[str, Any]:
    return {
        "txid": hash_hex(standing.txid),
        "satoshis": standing.satoshis,
        "state": standing.state.value,
        "blockHeight": standing.block_height,
    }


def _named(access: ChainAccess, uri: str) -> dict[str, Any]:
    party = access.workspace.parties.get(uri)
    return {"uri": uri, "name": name_of(uri) if party is None else party.name}
