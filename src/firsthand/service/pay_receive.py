"""Taking in what a shopper paid: proven down to blocks by our own rules before it counts."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from sqlalchemy import Connection, select

from firsthand.chain.beef import Beef, parse_beef, verify_beef
from firsthand.chain.outbox import OUTBOX
from firsthand.chain.payment import Derivation, find_outputs
from firsthand.chain.protocols import TxState
from firsthand.chain.scripts import check_spend
from firsthand.chain.signing import Coin, SignedTransaction
from firsthand.errors import BroadcastUncertain, InvalidInput
from firsthand.proof.disclosure import SALT_SIZE
from firsthand.proof.transaction import (
    Outpoint,
    Transaction,
    TxOutput,
    encode_extended,
    hash_hex,
    parse_transaction,
)
from firsthand.service.chain_access import ChainAccess
from firsthand.service.pay_out import pass_on
from firsthand.service.pay_store import (
    ARRIVAL,
    DIRECT,
    HELD,
    PAID,
    WALLET,
    Line,
    Payment,
    PaymentStore,
)

__all__ = ["MOST_BYTES", "receive", "watch"]

MOST_BYTES: Final = 4_000_000
"""Of a transaction or BEEF that a shopper sends."""

_MOST_UNMINED: Final = 25
_PURPOSE: Final = "payment"
_ANCESTOR: Final = "payment ancestor"
_BEEF_VERSIONS: Final = (b"\x01\x00\xbe\xef", b"\x02\x00\xbe\xef", b"\x01\x01\x01\x01")


def receive(access: ChainAccess, payment: Payment, data: bytes) -> bytes:
    """Take in a transaction that pays a quote: a BEEF, or raw where the chain's adapter knows its parents.

    Its ID. The same one again changes nothing; another is another receipt of the same quote. What came is
    passed on at once where that can be. Raises InvalidInput naming what is not proven or not paid.
    """
    if len(data) > MOST_BYTES:
        raise InvalidInput(f"a payment has at most {MOST_BYTES:,} bytes, got {len(data):,}")
    if data[:4] in _BEEF_VERSIONS:
        beef = parse_beef(data)
        access.sync_headers()
        transaction = verify_beef(beef, access.headers)
    else:
        transaction = parse_transaction(data)
        beef = _with_parents(access, transaction)
    _keep(access, payment, transaction, beef)
    with suppress(BroadcastUncertain):  # it is kept, and sent again by whoever comes next
        pass_on(access)
    return transaction.txid


def watch(access: ChainAccess, payments: Sequence[Payment]) -> int:
    """Ask the chain for money at these payments' one-time addresses; how many transactions were new.

    Where the chain's adapter cannot tell (ARC), none are found: then whoever pays must send the transaction.
    """
    source = access.coin_source
    found = 0
    if source is None:
        return 0
    store = PaymentStore(access)
    for payment in payments:
        if payment.script is None:
            continue
        for txid in source.paying(payment.script):
            with access.workspace.engine.connect() as connection:
                known = store.has(connection, txid)
            raw = None if known else source.transaction(txid)
            if raw is None:
                continue
            transaction = parse_transaction(raw)
            _keep(access, payment, transaction, _with_parents(access, transaction))
            found += 1
    return found


def _with_parents(access: ChainAccess, transaction: Transaction) -> Beef:
    """The transaction with what it spends, as the chain's adapter knows it; its scripts are run here."""
    source = access.coin_source
    if source is None:
        raise InvalidInput(
            f"{access.workspace.settings.chain.broadcaster} cannot look up what a raw transaction spends; "
            "send a BEEF"
        )
    parents: dict[bytes, Transaction] = {}
    for item in transaction.inputs:
        txid = item.outpoint.txid
        if txid not in parents:
            raw = source.transaction(txid)
            parent = None if raw is None else parse_transaction(raw)
            if parent is None or parent.txid != txid:
                raise InvalidInput(f"the chain does not know {hash_hex(txid)}, which this payment spends")
            parents[txid] = parent
    check_spend(transaction, _spent(transaction, parents))
    return Beef({**parents, transaction.txid: transaction}, {}, transaction.txid)


def _spent(transaction: Transaction, known: dict[bytes, Transaction]) -> list[TxOutput]:
    outputs = []
    for item in transaction.inputs:
        parent = known[item.outpoint.txid]
        if item.outpoint.vout >= len(parent.outputs):
            raise InvalidInput(f"there is no output {item.outpoint}")
        outputs.append(parent.outputs[item.outpoint.vout])
    return outputs


def _keep(access: ChainAccess, payment: Payment, transaction: Transaction, beef: Beef) -> None:
    """Store the transaction, what it is built on, and whose its money is: all or nothing, and once."""
    vouts, lines, coins = _reading(payment, transaction)
    satoshis = sum(transaction.outputs[vout].satoshis for vout in vouts)
    kind = {WALLET: WALLET, DIRECT: DIRECT}.get(payment.quote.path, ARRIVAL)
    store, txid = PaymentStore(access), transaction.txid
    with access.workspace.engine.begin() as connection:
        if store.has(connection, txid):
            return
        _send(access, connection, transaction, beef)
        for vout in coins:
            output = transaction.outputs[vout]
            coin = Coin(Outpoint(txid, vout), output.satoshis, output.script)
            access.coins.add(connection, coin, token=True)
        store.put(connection, txid, kind, payment.id, satoshis, access.workspace.now(), lines)


def _reading(payment: Payment, transaction: Transaction) -> tuple[list[int], list[Line], list[int]]:
    """Which outputs are the payment's, whose they are, and which of them the cooperative holds.

    Raises InvalidInput when it does not pay what was offered.
    """
    quote = payment.quote
    if quote.path == WALLET:
        wanted = [TxOutput(one.satoshis, bytes.fromhex(one.script)) for one in quote.outputs]
        vouts = find_outputs(transaction, wanted)
        lines = [
            Line(vout, one.kind, payment.id, party, satoshis, _derivation(one.prefix, one.suffix), _salt())
            for vout, one in zip(vouts, quote.outputs, strict=True)
            for party, satoshis in sorted(one.parts.items())
        ]
        held = [vout for vout, one in zip(vouts, quote.outputs, strict=True) if one.kind == HELD]
        return vouts, lines, held
    vouts = [
        vout
        for vout, output in enumerate(transaction.outputs)
        if output.script == payment.script and output.satoshis
    ]
    if not vouts:
        raise InvalidInput("the transaction pays nothing to the address that was given for this payment")
    if quote.path == DIRECT:
        derivation = _derivation(quote.prefix, quote.suffix)
        party = quote.sharers[0].party
        return (
            vouts,
            [
                Line(vout, PAID, payment.id, party, transaction.outputs[vout].satoshis, derivation, _salt())
                for vout in vouts
            ],
            [],
        )
    return vouts, [], vouts


def _send(access: ChainAccess, connection: Connection, transaction: Transaction, beef: Beef) -> None:
    """Put the transaction and what it is built on, as far as no block holds it, into the outbox."""
    known = beef.transactions
    wanted = [
        one
        for txid, one in known.items()
        if txid not in beef.bumps and all(item.outpoint.txid in known for item in one.inputs)
    ]
    if len(wanted) > _MOST_UNMINED:
        raise InvalidInput(f"a payment is built on at most {_MOST_UNMINED} unmined transactions")
    for one in wanted:
        extended = encode_extended(one, _spent(one, known))
        _store(
            access, connection, one, extended, TxState.UNKNOWN, _PURPOSE if one is transaction else _ANCESTOR
        )
    if transaction not in wanted:  # in a block already: the outbox only follows it
        _store(access, connection, transaction, transaction.raw, TxState.SEEN, _PURPOSE)


def _store(
    access: ChainAccess,
    connection: Connection,
    one: Transaction,
    extended: bytes,
    state: TxState,
    purpose: str,
) -> None:
    if connection.execute(select(OUTBOX.c.number).where(OUTBOX.c.txid == one.txid)).first() is None:
        signed = SignedTransaction(one.raw, extended, one.txid, 0, (), one.outputs)
        access.outbox.store(connection, purpose, signed, ours=b"", state=state)


def _derivation(prefix: str, suffix: str) -> Derivation | None:
    return Derivation(prefix, suffix) if prefix else None


def _salt() -> bytes:
    return secrets.token_bytes(SALT_SIZE)
