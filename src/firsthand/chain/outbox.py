"""The outbox: every transaction is stored, with the coins it spends and makes, before it is sent.

What was stored is sent again, the very same bytes, until the chain has said yes or no for good; it is
never rebuilt. A transaction whose block leaves the best chain is unconfirmed again and finds its new proof.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    func,
    select,
    update,
)

from firsthand.chain.coins import WALLET_METADATA, CoinStore
from firsthand.chain.headers import HeaderStore
from firsthand.chain.protocols import Broadcaster, TxState, TxStatus
from firsthand.chain.signing import Coin, SignedTransaction
from firsthand.errors import BroadcastUncertain, InvalidInput, NotFound
from firsthand.proof.bump import parse_bump
from firsthand.proof.transaction import Outpoint

__all__ = ["Outbox", "Sent"]

OUTBOX: Final = Table(
    "outbox",
    WALLET_METADATA,
    Column("number", Integer, primary_key=True),
    Column("txid", LargeBinary, nullable=False, unique=True),
    Column("purpose", String, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("extended", LargeBinary, nullable=False),
    Column("fee", Integer, nullable=False),
    Column("state", String, nullable=False, index=True),
    Column("detail", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("block_height", Integer, index=True),
    Column("block_hash", LargeBinary),
    Column("bump", LargeBinary),
)

_SENT_AT_ONCE: Final = 500
_WATCHED: Final = 2_000
"""Blocks below the tip in which a mined transaction is still looked after: far beyond any reorganisation."""

_OPEN: Final = (TxState.UNKNOWN, TxState.PENDING, TxState.SEEN, TxState.STALE, TxState.DOUBLE_SPENT)


@dataclass(frozen=True, slots=True)
class Sent:
    """One transaction of the outbox; `bump` and the block are set while it is mined in the best chain."""

    txid: bytes
    purpose: str
    raw: bytes
    fee: int
    state: TxState
    detail: str
    attempts: int
    block_height: int | None
    block_hash: bytes | None
    bump: bytes | None


_COLUMNS: Final = tuple(
    OUTBOX.c[name]
    for name in (
        "txid",
        "purpose",
        "raw",
        "fee",
        "state",
        "detail",
        "attempts",
        "block_height",
        "block_hash",
        "bump",
    )
)

Compose = Callable[[Connection], SignedTransaction]


class Outbox:
    """The outbox in `WALLET_METADATA`, over the coins of the same database."""

    def __init__(self, engine: Engine, coins: CoinStore) -> None:
        self._engine = engine
        self._coins = coins

    def put(
        self,
        purpose: str,
        compose: Compose,
        *,
        ours: bytes,
        seal: int | None = None,
        also: Callable[[Connection, SignedTransaction], None] | None = None,
    ) -> SignedTransaction:
        """Build, sign and store a transaction in one database transaction.

        `compose` chooses coins on the connection and signs. Its outputs under the script `ours` become
        coins, the one at index `seal` the next seal; `also` stores what belongs to it. `flush` sends it.
        """
        with self._engine.begin() as connection:
            signed = compose(connection)
            self.store(connection, purpose, signed, ours=ours, seal=seal)
            if also is not None:
                also(connection, signed)
        return signed

    def store(
        self,
        connection: Connection,
        purpose: str,
        signed: SignedTransaction,
        *,
        ours: bytes,
        seal: int | None = None,
        token: int | None = None,
        state: TxState = TxState.UNKNOWN,
    ) -> None:
        """Store a signed transaction, as `put` does, in a larger database transaction.

        The output at index `token` holds a token, whoever's it is: no coin, but known, so that what spends it
        falls with it. A `state` other than UNKNOWN is of what others have sent already.
        """
        self._coins.spend(connection, signed.spent, signed.txid)
        for vout, output in enumerate(signed.outputs):
            if output.script == ours or vout == token:
                coin = Coin(Outpoint(signed.txid, vout), output.satoshis, output.script)
                self._coins.add(connection, coin, seal=vout == seal, token=vout == token)
        row = {
            "txid": signed.txid,
            "purpose": purpose,
            "raw": signed.raw,
            "extended": signed.extended,
            "fee": signed.fee,
            "state": state.value,
            "detail": "not sent yet" if state is TxState.UNKNOWN else "",
            "attempts": 0,
        }
        connection.execute(OUTBOX.insert(), row)

    def flush(self, broadcaster: Broadcaster) -> list[TxStatus]:
        """Send what the chain does not know, parents first; the refusals among the answers.

        Raises BroadcastUncertain when no answer came; the next flush sends the same bytes again.
        """
        refused: list[TxStatus] = []
        query = (
            select(OUTBOX.c.txid, OUTBOX.c.extended)
            .where(OUTBOX.c.state.in_((TxState.UNKNOWN.value, TxState.STALE.value)))
            .order_by(OUTBOX.c.number)
        )
        with self._engine.connect() as connection:
            waiting = connection.execute(query).all()
        for start in range(0, len(waiting), _SENT_AT_ONCE):
            group = waiting[start : start + _SENT_AT_ONCE]
            self._count_attempt([row.txid for row in group])
            try:
                statuses = broadcaster.broadcast([row.extended for row in group])
            except BroadcastUncertain as error:
                self._explain([row.txid for row in group], str(error))
                raise
            for status in statuses:
                self._apply(status)
                if status.state is TxState.REJECTED:
                    refused.append(status)
        return refused

    def refresh(self, broadcaster: Broadcaster, headers: HeaderStore) -> None:
        """Bring every open transaction's state up to date, and take back what left the best chain.

        A block is believed only when the BUMP leads from the transaction to a header of our own best chain.
        """
        self._take_back(headers)
        for sent in self.all(_OPEN):
            if sent.state is TxState.UNKNOWN:
                continue
            status = broadcaster.status(sent.txid)
            if status.txid != sent.txid:
                raise BroadcastUncertain("the broadcaster answered about another transaction")
            if status.state is TxState.MINED:
                self._mine(status, headers)
            else:
                self._apply(status)

    def _take_back(self, headers: HeaderStore) -> None:
        """Mined transactions whose block is no longer in the best chain are unconfirmed again."""
        low = headers.tip_height - _WATCHED
        query = select(OUTBOX.c.block_height, OUTBOX.c.block_hash).where(OUTBOX.c.block_height >= low)
        with self._engine.connect() as connection:
            blocks = connection.execute(query.distinct()).all()
        for height, block_hash in blocks:
            if headers.hash_at(height) != block_hash:
                orphaned = OUTBOX.c.block_hash == block_hash
                detail = f"block {height} left the best chain"
                values = {"block_height": None, "block_hash": None, "bump": None, "detail": detail}
                self._update(orphaned, state=TxState.STALE.value, **values)

    def _mine(self, status: TxStatus, headers: HeaderStore) -> None:
        where = OUTBOX.c.txid == status.txid
        try:
            if status.bump is None:
                raise InvalidInput("the broadcaster calls it mined and gives no BUMP")
            bump = parse_bump(status.bump)
            header = headers.header_at(bump.height)
            if header is None:
                raise InvalidInput(f"block {bump.height} is above our headers")
            if bump.root(status.txid) != header.merkle_root:
                raise InvalidInput(f"the BUMP does not lead to block {bump.height} of our best chain")
        except InvalidInput as error:
            self._update(where, state=TxState.SEEN.value, detail=f"not believed mined: {error}")
            return
        self._update(
            where,
            state=TxState.MINED.value,
            detail="",
            block_height=bump.height,
            block_hash=header.hash,
            bump=bump.single(status.txid),
        )

    def _apply(self, status: TxStatus) -> None:
        if status.state is TxState.REJECTED:
            self._refuse(status.txid, status.detail)
            return
        # MINED is taken from `refresh` alone, where its proof is checked.
        state = TxState.SEEN if status.state is TxState.MINED else status.state
        self._update(OUTBOX.c.txid == status.txid, state=state.value, detail=status.detail)

    def _refuse(self, txid: bytes, detail: str) -> None:
        """A final no: its coins are free again, and what was built on it is refused with it.

        It is not believed while we hold a proof that the transaction, or one built on it, is in a block.
        """
        with self._engine.begin() as connection:
            family = self._coins.built_on(connection, txid)
            # A child is always put after its parents: the youngest first, so no coin outlives its maker.
            query = select(OUTBOX.c.txid, OUTBOX.c.state).where(OUTBOX.c.txid.in_(family))
            rows = connection.execute(query.order_by(OUTBOX.c.number.desc())).all()
            if any(row.state == TxState.MINED.value for row in rows):
                values = {
                    "state": TxState.SEEN.value,
                    "detail": f"in a block, not believed refused: {detail}",
                }
                doubted = (OUTBOX.c.txid == txid) & (OUTBOX.c.state != TxState.MINED.value)
                connection.execute(update(OUTBOX).where(doubted).values(**values))
                return
            values = {"state": TxState.REJECTED.value, "detail": detail}
            for row in rows:
                self._coins.release(connection, row.txid)
                connection.execute(update(OUTBOX).where(OUTBOX.c.txid == row.txid).values(**values))

    def get(self, txid: bytes) -> Sent:
        """One transaction. Raises NotFound."""
        with self._engine.connect() as connection:
            row = connection.execute(select(*_COLUMNS).where(OUTBOX.c.txid == txid)).first()
        if row is None:
            raise NotFound(f"the outbox has no transaction {txid[::-1].hex()}")
        return _sent(row)

    def all(self, states: Sequence[TxState] | None = None) -> list[Sent]:
        """The transactions in these states, or all, in the order in which they were made."""
        query = select(*_COLUMNS).order_by(OUTBOX.c.number)
        if states is not None:
            query = query.where(OUTBOX.c.state.in_([state.value for state in states]))
        with self._engine.connect() as connection:
            return [_sent(row) for row in connection.execute(query)]

    def newest(self, purpose: str) -> Iterator[Sent]:
        """What was put for this purpose and not refused, the newest first."""
        fits = (OUTBOX.c.purpose == purpose) & (OUTBOX.c.state != TxState.REJECTED.value)
        numbers = select(OUTBOX.c.txid).where(fits).order_by(OUTBOX.c.number.desc())
        with self._engine.connect() as connection:
            txids = list(connection.execute(numbers).scalars())
        for txid in txids:
            yield self.get(txid)

    def heights(self, purpose: str) -> dict[bytes, int]:
        """The block heights of what was put for this purpose and is in a block, by transaction ID."""
        query = select(OUTBOX.c.txid, OUTBOX.c.block_height).where(
            OUTBOX.c.purpose == purpose,
            OUTBOX.c.state == TxState.MINED.value,
            OUTBOX.c.block_height.is_not(None),
        )
        with self._engine.connect() as connection:
            return {row.txid: row.block_height for row in connection.execute(query)}

    def open(self) -> list[Sent]:
        """What is not mined yet and not refused."""
        return self.all(_OPEN)

    def fees(self) -> dict[str, tuple[int, int]]:
        """For each purpose the number of transactions that were not refused, and their fees in satoshis."""
        query = (
            select(OUTBOX.c.purpose, func.count(), func.sum(OUTBOX.c.fee))
            .where(OUTBOX.c.state != TxState.REJECTED.value)
            .group_by(OUTBOX.c.purpose)
        )
        with self._engine.connect() as connection:
            return {purpose: (count, int(total)) for purpose, count, total in connection.execute(query)}

    def _count_attempt(self, txids: Sequence[bytes]) -> None:
        self._update(OUTBOX.c.txid.in_(txids), attempts=OUTBOX.c.attempts + 1)

    def _explain(self, txids: Sequence[bytes], detail: str) -> None:
        self._update(OUTBOX.c.txid.in_(txids), detail=detail)

    def _update(self, where: Any, **values: Any) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(OUTBOX).where(where).values(**values))


def _sent(row: Any) -> Sent:
    values = row._asdict()
    return Sent(**{**values, "state": TxState(values["state"])})
