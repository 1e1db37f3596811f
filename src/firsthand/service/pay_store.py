"""Payments as they are kept: what was offered, which transactions came of it, and whose each satoshi is.

How a transaction stands is never stored here: the outbox knows, and what the chain refuses for good falls out
of every sum by that.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, func, insert, select, update

from firsthand.chain.coins import COIN
from firsthand.chain.outbox import OUTBOX
from firsthand.chain.payment import Derivation
from firsthand.chain.protocols import TxState
from firsthand.chain.signing import Coin
from firsthand.errors import InvalidInput, NotFound
from firsthand.journal.database import reading
from firsthand.proof.transaction import Outpoint
from firsthand.service.chain_access import ChainAccess
from firsthand.service.tables import PAYMENT, PAYMENT_LINE, PAYMENT_TRANSACTION

__all__ = [
    "ARRIVAL",
    "DIRECT",
    "FANOUT",
    "FEE",
    "HELD",
    "INCOMING",
    "PAID",
    "SETTLE",
    "WALLET",
    "Line",
    "Payment",
    "PaymentStore",
    "Quote",
    "QuotedOutput",
    "Sharer",
    "Standing",
]

WALLET: Final = "wallet"
DIRECT: Final = "direct"
ARRIVAL: Final = "arrival"
FANOUT: Final = "fanout"
SETTLE: Final = "settle"
INCOMING: Final = (WALLET, DIRECT, ARRIVAL)

PAID: Final = "paid"
HELD: Final = "held"
FEE: Final = "fee"


_MOST_WATCHED: Final = 200


class Sharer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One who shares in a payment: party or member URI, share as `3/8`, and where they were paid by then."""

    party: str
    share: str
    identity_key: str = ""
    address: str = ""

    @property
    def fraction(self) -> Fraction:
        """The share, exactly."""
        return Fraction(self.share)


class QuotedOutput(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An output that a wallet is asked for; `parts` says whose it is: party → satoshis."""

    satoshis: int
    script: str
    kind: str
    parts: dict[str, int]
    prefix: str = ""
    suffix: str = ""


class Quote(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a shopper was offered. `satoshis` is what they send: thanks, the service's fee and the network's.

    `rate` is `value@as_of`, `prefix` and `suffix` derive the one-time address from `receiver` (hex key).
    """

    item: str
    path: str
    satoshis: int
    thanks: int
    fee: int
    network_fee: int
    expires: str
    sharers: tuple[Sharer, ...]
    currency: str = ""
    amount: str = ""
    rate: str = ""
    rate_source: str = ""
    holder: str = ""
    grouped: dict[str, int] = {}
    outputs: tuple[QuotedOutput, ...] = ()
    receiver: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def shares(self) -> dict[str, Fraction]:
        """Each sharer's part, summing to one."""
        return {one.party: one.fraction for one in self.sharers}


@dataclass(frozen=True, slots=True)
class Payment:
    """A quote under its ID (a UUID); `script` locks its one-time address, where it has one."""

    id: str
    created: str
    script: bytes | None
    quote: Quote


@dataclass(frozen=True, slots=True)
class Line:
    """So many satoshis of one output, and whose they are."""

    vout: int
    kind: str
    payment: str
    party: str
    satoshis: int
    derivation: Derivation | None
    salt: bytes
    txid: bytes = b""


@dataclass(frozen=True, slots=True)
class Standing:
    """One of the transactions and how the chain sees it now; `fee` is the network's."""

    txid: bytes
    number: int
    kind: str
    payment: str | None
    satoshis: int
    created: str
    place: int | None
    state: TxState
    fee: int
    block_height: int | None

    @property
    def refused(self) -> bool:
        """Whether the chain has refused it for good: then it never was."""
        return self.state is TxState.REJECTED

    @property
    def accepted(self) -> bool:
        """Whether the network has it."""
        return self.state in (TxState.SEEN, TxState.MINED)


class PaymentStore:
    """The tables; what changes them takes the connection of a larger transaction."""

    def __init__(self, access: ChainAccess) -> None:
        self._engine = access.workspace.engine

    def add(self, payment: Payment) -> None:
        """Keep a quote."""
        row = {
            "id": payment.id,
            "item": payment.quote.item,
            "path": payment.quote.path,
            "created": payment.created,
            "script": payment.script,
            "quote": msgspec.json.encode(payment.quote).decode(),
        }
        with self._engine.begin() as connection:
            connection.execute(insert(PAYMENT), row)

    def get(self, id: str) -> Payment:
        """The payment of that ID. Raises NotFound."""
        found = self.all([id])
        if not found:
            raise NotFound(f"there is no payment {id[:80]!r}")
        return found[0]

    def all(self, ids: Collection[str] | None = None, item: str | None = None) -> list[Payment]:
        """Payments, oldest first: all, those of these IDs, or those for an item."""
        query = select(PAYMENT).order_by(PAYMENT.c.created, PAYMENT.c.id)
        if ids is not None:
            query = query.where(PAYMENT.c.id.in_(sorted(ids)))
        if item is not None:
            query = query.where(PAYMENT.c.item == item)
        with reading(self._engine) as connection:
            return [_payment(row) for row in connection.execute(query)]

    def waiting(self, since: str) -> list[Payment]:
        """The newest payments to one-time addresses that were offered since then."""
        query = select(PAYMENT).where(PAYMENT.c.created >= since, PAYMENT.c.script.is_not(None))
        query = query.order_by(PAYMENT.c.created.desc(), PAYMENT.c.id).limit(_MOST_WATCHED)
        with reading(self._engine) as connection:
            return [_payment(row) for row in connection.execute(query)]

    def is_open(self) -> bool:
        """Whether there is money that no block holds yet, or whose record is not journaled."""
        query = (
            select(PAYMENT_TRANSACTION.c.number)
            .join(OUTBOX, OUTBOX.c.txid == PAYMENT_TRANSACTION.c.txid)
            .where(PAYMENT_TRANSACTION.c.place.is_(None), OUTBOX.c.state != TxState.REJECTED.value)
            .where((PAYMENT_TRANSACTION.c.kind != ARRIVAL) | (OUTBOX.c.state != TxState.MINED.value))
        )
        with reading(self._engine) as connection:
            return connection.execute(query.limit(1)).first() is not None

    def forget(self, before: str) -> None:
        """Forget what wallets were offered before then and did not pay: nothing can come of it any more."""
        paid = select(PAYMENT_TRANSACTION.c.payment).where(PAYMENT_TRANSACTION.c.payment.is_not(None))
        old = (PAYMENT.c.created < before) & PAYMENT.c.script.is_(None) & PAYMENT.c.id.not_in(paid)
        with self._engine.begin() as connection:
            connection.execute(delete(PAYMENT).where(old))

    def put(
        self,
        connection: Connection,
        txid: bytes,
        kind: str,
        payment: str | None,
        satoshis: int,
        now: str,
        lines: Sequence[Line],
    ) -> None:
        """Keep a transaction with its lines."""
        last = connection.execute(select(func.max(PAYMENT_TRANSACTION.c.number))).scalar()
        row = {
            "txid": txid,
            "number": (last or 0) + 1,
            "kind": kind,
            "payment": payment,
            "satoshis": satoshis,
            "created": now,
        }
        connection.execute(insert(PAYMENT_TRANSACTION), row)
        rows = [
            {
                "txid": txid,
                "number": number,
                "vout": line.vout,
                "kind": line.kind,
                "payment": line.payment,
                "party": line.party,
                "satoshis": line.satoshis,
                "prefix": line.derivation.prefix if line.derivation else "",
                "suffix": line.derivation.suffix if line.derivation else "",
                "salt": line.salt,
            }
            for number, line in enumerate(lines)
        ]
        if rows:
            connection.execute(insert(PAYMENT_LINE), rows)

    def has(self, connection: Connection, txid: bytes) -> bool:
        """Whether the transaction is kept."""
        query = select(PAYMENT_TRANSACTION.c.number).where(PAYMENT_TRANSACTION.c.txid == txid)
        return connection.execute(query).first() is not None

    def placed(self, connection: Connection, txid: bytes, place: int) -> None:
        """Note where a transaction's record stands in the log. Raises InvalidInput when it has one."""
        free = (PAYMENT_TRANSACTION.c.txid == txid) & PAYMENT_TRANSACTION.c.place.is_(None)
        if connection.execute(update(PAYMENT_TRANSACTION).where(free).values(place=place)).rowcount != 1:
            raise InvalidInput("the payment's record stands in the log already")

    def standings(self, payments: Collection[str] | None = None) -> list[Standing]:
        """The transactions, oldest first: all, or those that came with one of these payments."""
        query = (
            select(PAYMENT_TRANSACTION, OUTBOX.c.state, OUTBOX.c.fee, OUTBOX.c.block_height)
            .join(OUTBOX, OUTBOX.c.txid == PAYMENT_TRANSACTION.c.txid)
            .order_by(PAYMENT_TRANSACTION.c.number)
        )
        if payments is not None:
            own = PAYMENT_TRANSACTION.c.payment.in_(sorted(payments))
            spread = select(PAYMENT_LINE.c.txid).where(PAYMENT_LINE.c.payment.in_(sorted(payments)))
            query = query.where(own | PAYMENT_TRANSACTION.c.txid.in_(spread))
        with reading(self._engine) as connection:
            return [_standing(row) for row in connection.execute(query)]

    def lines(
        self, txids: Collection[bytes] | None = None, parties: Collection[str] | None = None
    ) -> list[Line]:
        """The lines of these transactions, of these parties, or all."""
        query = select(PAYMENT_LINE).order_by(PAYMENT_LINE.c.txid, PAYMENT_LINE.c.number)
        if txids is not None:
            query = query.where(PAYMENT_LINE.c.txid.in_(list(txids)))
        if parties is not None:
            query = query.where(PAYMENT_LINE.c.party.in_(sorted(parties)))
        with reading(self._engine) as connection:
            return [_line(row) for row in connection.execute(query)]

    def unspent(self, connection: Connection) -> list[Coin]:
        """Every coin of makers' money that no transaction spends, whatever the chain says of it."""
        query = (
            select(COIN.c.txid, COIN.c.vout, COIN.c.satoshis, COIN.c.script)
            .join(PAYMENT_TRANSACTION, PAYMENT_TRANSACTION.c.txid == COIN.c.txid)
            .where(COIN.c.spent_by.is_(None), COIN.c.token)
            .order_by(PAYMENT_TRANSACTION.c.number, COIN.c.vout)
        )
        return [
            Coin(Outpoint(txid, vout), satoshis, script)
            for txid, vout, satoshis, script in connection.execute(query)
        ]


def _payment(row: Any) -> Payment:
    return Payment(row.id, row.created, row.script, msgspec.json.decode(row.quote, type=Quote))


def _standing(row: Any) -> Standing:
    return Standing(
        row.txid,
        row.number,
        row.kind,
        row.payment,
        row.satoshis,
        row.created,
        row.place,
        TxState(row.state),
        row.fee,
        row.block_height,
    )


def _line(row: Any) -> Line:
    derivation = Derivation(row.prefix, row.suffix) if row.prefix else None
    return Line(row.vout, row.kind, row.payment, row.party, row.satoshis, derivation, row.salt, row.txid)
