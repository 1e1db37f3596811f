"""The coins of the wallet: which there are, and which transaction spends each.

A coin is spent in the same database transaction that stores the spending one, so there is no lock that
a crash could leave behind: it is available, held by a transaction that is not yet mined, or spent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    delete,
    func,
    select,
    update,
)

from firsthand.chain.protocols import FeePolicy
from firsthand.chain.signing import Coin, transaction_size
from firsthand.errors import InsufficientFunds, InvalidInput, NotFound
from firsthand.proof.transaction import Outpoint, Transaction, TxOutput

__all__ = ["WALLET_METADATA", "Balance", "CoinStore"]

WALLET_METADATA: Final = MetaData()

COIN: Final = Table(
    "coin",
    WALLET_METADATA,
    Column("txid", LargeBinary, primary_key=True),
    Column("vout", Integer, primary_key=True, autoincrement=False),
    Column("satoshis", BigInteger, nullable=False),
    Column("script", LargeBinary, nullable=False),
    Column("seal", Boolean, nullable=False),
    Column("spent_by", LargeBinary, index=True),
    Column("proof", LargeBinary),
    Column("token", Boolean, nullable=False),
)
"""`seal` and `token` outputs are never spent as ordinary coins: the next anchor, a piece's certificate."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Satoshis: free to spend, held by transactions not yet mined, in the seal, and spent for good."""

    available: int
    locked: int
    seal: int
    spent: int


class CoinStore:
    """The coins in `WALLET_METADATA`; what changes them takes the connection of a larger transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def receive(self, coin: Coin, proof: bytes | None = None) -> None:
        """Take in a coin from outside; `proof` is the transaction or BEEF that it came in.

        Raises InvalidInput when it is here already.
        """
        with self._engine.begin() as connection:
            if self.known(connection, coin.outpoint):
                raise InvalidInput(f"the coin {coin.outpoint} is in the wallet already")
            self.add(connection, coin, proof=proof)

    def add(
        self,
        connection: Connection,
        coin: Coin,
        *,
        seal: bool = False,
        token: bool = False,
        proof: bytes | None = None,
    ) -> None:
        """Add a coin of ours."""
        row = {
            "txid": coin.outpoint.txid,
            "vout": coin.outpoint.vout,
            "satoshis": coin.satoshis,
            "script": coin.script,
            "seal": seal,
            "proof": proof,
            "token": token,
        }
        connection.execute(COIN.insert(), row)

    def follow(self, connection: Connection, transaction: Transaction, vout: int, unspent: bool) -> None:
        """Know of a token's output that was made elsewhere, and which known one its transaction spends."""
        for item in transaction.inputs:
            known = _is(item.outpoint) & COIN.c.token
            connection.execute(update(COIN).where(known).values(spent_by=transaction.txid))
        outpoint = Outpoint(transaction.txid, vout)
        if unspent and not self.known(connection, outpoint):
            output = transaction.outputs[vout]
            self.add(connection, Coin(outpoint, output.satoshis, output.script), token=True)

    def get(self, connection: Connection, outpoint: Outpoint) -> Coin:
        """The coin or token at that outpoint, spent or not. Raises NotFound."""
        row = connection.execute(select(COIN.c.satoshis, COIN.c.script).where(_is(outpoint))).first()
        if row is None:
            raise NotFound(f"the wallet knows no output {outpoint}")
        return Coin(outpoint, row.satoshis, row.script)

    def known(self, connection: Connection, outpoint: Outpoint) -> bool:
        """Whether this coin is in the wallet, spent or not."""
        return connection.execute(select(COIN.c.vout).where(_is(outpoint))).first() is not None

    def choose(self, connection: Connection, wanted: int, least: int) -> list[Coin]:
        """Coins of `wanted` satoshis together, or if there are not so many, of `least` at the least.

        Raises InsufficientFunds saying how much is missing.
        """
        query = (
            select(COIN.c.txid, COIN.c.vout, COIN.c.satoshis, COIN.c.script)
            .where(COIN.c.spent_by.is_(None), COIN.c.seal.is_(False), COIN.c.token.is_(False))
            .order_by(COIN.c.satoshis.desc(), COIN.c.txid, COIN.c.vout)
        )
        chosen: list[Coin] = []
        held = 0
        for txid, vout, satoshis, script in connection.execute(query):
            if held >= wanted:
                break
            chosen.append(Coin(Outpoint(txid, vout), satoshis, script))
            held += satoshis
        if held < least or not chosen:
            raise InsufficientFunds(
                f"the wallet holds {held} satoshis that are free, {least} are needed: "
                f"{least - held} are missing; see `firsthand wallet address`"
            )
        return chosen

    def afford(
        self,
        connection: Connection,
        outputs: Sequence[TxOutput],
        policy: FeePolicy,
        *,
        first: Coin | None = None,
    ) -> list[Coin]:
        """Coins that pay for these outputs, a change output and the fee, beside the input `first`.

        Raises InsufficientFunds saying how much is missing.
        """
        spent = sum(output.satoshis for output in outputs) - (first.satoshis if first else 0)
        count = 0
        while True:
            size = transaction_size(count + (first is not None), outputs, change=True)
            least = spent + policy.fee(size)
            if least <= 0:
                return []  # `first` pays for itself
            coins = self.choose(connection, least, least)
            if len(coins) <= count:
                return coins
            count = len(coins)

    def spend(self, connection: Connection, coins: Sequence[Coin], txid: bytes) -> None:
        """Mark coins as spent by a transaction. Raises InvalidInput if one of them is spent or unknown."""
        for coin in coins:
            free = _is(coin.outpoint) & COIN.c.spent_by.is_(None)
            changed = connection.execute(update(COIN).where(free).values(spent_by=txid)).rowcount
            if changed != 1:
                raise InvalidInput(f"the coin {coin.outpoint} is not free to be spent")

    def built_on(self, connection: Connection, txid: bytes) -> set[bytes]:
        """The transaction and all that spend its outputs, theirs, and so on."""
        family = {txid}
        unvisited = [txid]
        while unvisited:
            spent = (COIN.c.txid == unvisited.pop()) & COIN.c.spent_by.is_not(None)
            children = set(connection.execute(select(COIN.c.spent_by).where(spent)).scalars()) - family
            family |= children
            unvisited += children
        return family

    def release(self, connection: Connection, txid: bytes) -> None:
        """Undo a refused transaction, its children first: its coins are free again, its own outputs gone."""
        connection.execute(update(COIN).where(COIN.c.spent_by == txid).values(spent_by=None))
        connection.execute(delete(COIN).where(COIN.c.txid == txid))

    def balance(self, unmined: Sequence[bytes]) -> Balance:
        """The wallet's satoshis; `unmined` are our transactions that no block holds yet."""

        def total(*conditions: Any) -> int:
            ours = COIN.c.token.is_(False)
            query = select(func.coalesce(func.sum(COIN.c.satoshis), 0)).where(ours, *conditions)
            return int(connection.execute(query).scalar_one())

        held = COIN.c.spent_by.in_(list(unmined))
        with self._engine.connect() as connection:
            return Balance(
                available=total(COIN.c.spent_by.is_(None), COIN.c.seal.is_(False)),
                locked=total(held),
                seal=total(COIN.c.spent_by.is_(None), COIN.c.seal.is_(True)),
                spent=total(COIN.c.spent_by.is_not(None), ~held),
            )


def _is(outpoint: Outpoint) -> Any:
    return (COIN.c.txid == outpoint.txid) & (COIN.c.vout == outpoint.vout)
