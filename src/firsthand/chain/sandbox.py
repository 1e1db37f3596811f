"""The sandbox: an honest little BSV chain in one SQLite file.

It checks scripts, amounts, fees and double spends, mines blocks with real proof of work at regtest's
difficulty, and can reorganise itself. It differs from a real chain in saying so: its own genesis block and
addresses, satoshis from a tap, and no waiting for coinbases to ripen.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from firsthand.chain.networks import NETWORKS
from firsthand.chain.protocols import FeePolicy, TxState, TxStatus
from firsthand.chain.scripts import check_spend
from firsthand.errors import InvalidInput
from firsthand.proof.bump import block_levels, encode_branch, merkle_branch
from firsthand.proof.headers import BlockHeader, bits_to_target, parse_header
from firsthand.proof.transaction import (
    Outpoint,
    Transaction,
    TxInput,
    TxOutput,
    data_script,
    double_sha256,
    encode_transaction,
    hash_hex,
    parse_extended,
    parse_transaction,
)

__all__ = ["SandboxChain"]

_NETWORK: Final = NETWORKS["sandbox"]
_SUBSIDY: Final = 50 * 100_000_000
_NO_OUTPOINT: Final = Outpoint(bytes(32), 0xFFFFFFFF)

# Codes of ARC's error table, so that the sandbox refuses in the words of the real thing.
_BAD_INPUTS, _MALFORMED, _BAD_SCRIPT, _LOW_FEE, _CONFLICT = 462, 463, 461, 465, 466

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS block (height INTEGER PRIMARY KEY, hash BLOB NOT NULL, header BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS tx (
  number INTEGER PRIMARY KEY AUTOINCREMENT, txid BLOB NOT NULL UNIQUE, raw BLOB NOT NULL,
  height INTEGER, coinbase INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS tx_height ON tx (height);
CREATE TABLE IF NOT EXISTS output (
  txid BLOB NOT NULL, vout INTEGER NOT NULL, satoshis INTEGER NOT NULL, script BLOB NOT NULL, spent_by BLOB,
  PRIMARY KEY (txid, vout)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS output_spent ON output (spent_by);
CREATE INDEX IF NOT EXISTS output_script ON output (script) WHERE length(script) = 25;
"""


class _RefusedError(Exception):
    """A transaction that the sandbox does not take, with the code and state that say why."""

    def __init__(self, code: int, reason: str, state: TxState = TxState.REJECTED) -> None:
        super().__init__(reason)
        self.code = code
        self.state = state


class SandboxChain:
    """A sandbox chain; it is a Broadcaster, a HeaderSource and a CoinSource at once.

    With `auto_mine` each broadcast is mined at once, in one block. `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        path: Path,
        *,
        auto_mine: bool = True,
        policy: FeePolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._path = path
        self._auto_mine = auto_mine
        self._policy = policy or FeePolicy(satoshis=1, size=1000)
        self._clock = clock
        with self._transaction() as db:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
            genesis = _NETWORK.genesis
            db.execute("INSERT OR IGNORE INTO block VALUES (0, ?, ?)", (genesis.hash, genesis.raw))

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        db = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("BEGIN IMMEDIATE")
            yield db
            db.execute("COMMIT")
        finally:
            db.close()

    # Broadcaster

    def policy(self) -> FeePolicy:
        """The sandbox's fee rate, 1 satoshi for 1,000 bytes unless told otherwise."""
        return self._policy

    def broadcast(self, transactions: Sequence[bytes]) -> list[TxStatus]:
        """Take transactions in Extended Format or raw."""
        with self._transaction() as db:
            statuses = [self._accept(db, data) for data in transactions]
            waiting = [status.txid for status in statuses if status.state is TxState.SEEN]
            if self._auto_mine and waiting:
                self._mine_block(db, None, with_mempool=True)
                _, height = _tip(db)
                mined = {status.txid: status for status in self._mined(db, height, waiting)}
                statuses = [mined.get(status.txid, status) for status in statuses]
        return statuses

    def status(self, txid: bytes) -> TxStatus:
        """What the sandbox knows of a transaction."""
        with self._transaction() as db:
            return self._status(db, txid)

    # HeaderSource

    def tip(self) -> tuple[int, bytes]:
        """Height and hash of the last block."""
        with self._transaction() as db:
            header, height = _tip(db)
            return height, header.hash

    def headers(self, start: int, count: int) -> bytes:
        """Raw headers of the best chain."""
        query = "SELECT header FROM block WHERE height >= ? AND height < ? ORDER BY height"
        with self._transaction() as db:
            return b"".join(row[0] for row in db.execute(query, (start, start + count)))

    # CoinSource

    def transaction(self, txid: bytes) -> bytes | None:
        """The raw transaction, or None."""
        with self._transaction() as db:
            row = db.execute("SELECT raw FROM tx WHERE txid = ?", (txid,)).fetchone()
            return row[0] if row else None

    def is_unspent(self, txid: bytes, vout: int) -> bool | None:
        """Whether that output is there and unspent, in blocks and mempool."""
        query = "SELECT spent_by IS NULL FROM output WHERE txid = ? AND vout = ?"
        with self._transaction() as db:
            row = db.execute(query, (txid, vout)).fetchone()
            return bool(row[0]) if row else False

    def watch(self, script: bytes) -> None:
        """The sandbox sees everything."""

    def paying(self, script: bytes) -> list[bytes]:
        """The transactions with an unspent output under this P2PKH script, in blocks and mempool."""
        query = (
            "SELECT DISTINCT txid FROM output "
            "WHERE length(script) = 25 AND script = ? AND spent_by IS NULL ORDER BY txid"
        )
        with self._transaction() as db:
            return [row[0] for row in db.execute(query, (script,))]

    # What only a sandbox has

    def fund(self, script: bytes, satoshis: int) -> Outpoint:
        """The tap: mine a block whose coinbase pays so many satoshis under this script."""
        if not 0 < satoshis <= _SUBSIDY:
            raise InvalidInput(f"the tap gives 1 to {_SUBSIDY} satoshis at once")
        with self._transaction() as db:
            txid = self._mine_block(db, TxOutput(satoshis, script), with_mempool=True)
            return Outpoint(txid, 0)

    def mine(self, count: int = 1) -> None:
        """Mine blocks; the first takes in the mempool."""
        with self._transaction() as db:
            for _ in range(count):
                self._mine_block(db, None, with_mempool=True)

    def reorganise(self, depth: int, *, keep_out: bool = False) -> None:
        """Replace the last `depth` blocks by one more of another branch.

        Their transactions return to the mempool and are mined again in the first block, or with
        `keep_out` wait for the next. What spent a coinbase of the lost branch is gone with it.
        """
        with self._transaction() as db:
            _, height = _tip(db)
            if not 1 <= depth <= height:
                raise InvalidInput(f"cannot replace {depth} of {height} blocks")
            keep = height - depth
            lost = db.execute("SELECT txid FROM tx WHERE height > ? AND coinbase", (keep,)).fetchall()
            db.execute("DELETE FROM block WHERE height > ?", (keep,))
            db.execute("UPDATE tx SET height = NULL WHERE height > ?", (keep,))
            for (txid,) in lost:
                self._forget(db, txid)
            for number in range(depth + 1):
                self._mine_block(db, None, with_mempool=number == 0 and not keep_out)

    def _accept(self, db: sqlite3.Connection, data: bytes) -> TxStatus:
        try:
            transaction = (
                parse_extended(data)[0] if data[4:10] == b"\0\0\0\0\0\xef" else parse_transaction(data)
            )
        except InvalidInput as error:
            return TxStatus(double_sha256(data), TxState.REJECTED, str(error), _MALFORMED)
        known = self._status(db, transaction.txid)
        if known.state is not TxState.UNKNOWN:
            return known
        try:
            self._check(db, transaction)
        except _RefusedError as error:
            return TxStatus(transaction.txid, error.state, str(error), error.code)
        self._store(db, transaction, None, coinbase=False)
        return TxStatus(transaction.txid, TxState.SEEN)

    def _check(self, db: sqlite3.Connection, transaction: Transaction) -> None:
        spent: list[TxOutput] = []
        for item in transaction.inputs:
            query = "SELECT satoshis, script, spent_by FROM output WHERE txid = ? AND vout = ?"
            row = db.execute(query, (item.outpoint.txid, item.outpoint.vout)).fetchone()
            if row is None:
                raise _RefusedError(_BAD_INPUTS, f"there is no output {item.outpoint}")
            if row[2] is not None:
                raise _RefusedError(_CONFLICT, f"{item.outpoint} is spent by {hash_hex(row[2])}")
            spent.append(TxOutput(row[0], row[1]))
        try:
            fee = check_spend(transaction, spent)
        except InvalidInput as error:
            raise _RefusedError(_BAD_SCRIPT, str(error)) from None
        needed = len(transaction.raw) * self._policy.satoshis // self._policy.size
        if fee < needed:
            raise _RefusedError(_LOW_FEE, f"the fee is {fee} satoshis, {needed} are asked")

    def _store(
        self, db: sqlite3.Connection, transaction: Transaction, height: int | None, *, coinbase: bool
    ) -> None:
        txid = transaction.txid
        db.execute(
            "INSERT INTO tx (txid, raw, height, coinbase) VALUES (?, ?, ?, ?)",
            (txid, transaction.raw, height, coinbase),
        )
        if not coinbase:
            for item in transaction.inputs:
                place = (txid, item.outpoint.txid, item.outpoint.vout)
                db.execute("UPDATE output SET spent_by = ? WHERE txid = ? AND vout = ?", place)
        rows = [
            (txid, vout, output.satoshis, output.script) for vout, output in enumerate(transaction.outputs)
        ]
        db.executemany("INSERT INTO output (txid, vout, satoshis, script) VALUES (?, ?, ?, ?)", rows)

    def _forget(self, db: sqlite3.Connection, txid: bytes) -> None:
        """Drop a transaction and all that was built on it."""
        doomed = [txid]
        while doomed:
            current = doomed.pop()
            query = "SELECT DISTINCT spent_by FROM output WHERE txid = ? AND spent_by IS NOT NULL"
            doomed += [row[0] for row in db.execute(query, (current,))]
            db.execute("UPDATE output SET spent_by = NULL WHERE spent_by = ?", (current,))
            db.execute("DELETE FROM output WHERE txid = ?", (current,))
            db.execute("DELETE FROM tx WHERE txid = ?", (current,))

    def _mine_block(self, db: sqlite3.Connection, reward: TxOutput | None, *, with_mempool: bool) -> bytes:
        """Mine a block on the tip and return its coinbase's ID."""
        before, tip = _tip(db)
        height = tip + 1
        (number,) = db.execute("SELECT coalesce(max(seq), 0) FROM sqlite_sequence").fetchone()
        # The coinbase's own bytes differ in every block ever mined, also across reorganisations.
        script = data_script([height.to_bytes(4, "little"), number.to_bytes(8, "little"), before.hash])[2:]
        output = reward or TxOutput(_SUBSIDY, data_script([b"firsthand sandbox"]))
        raw = encode_transaction(1, [TxInput(_NO_OUTPOINT, script)], [output], 0)
        coinbase = parse_transaction(raw)
        if with_mempool:
            db.execute("UPDATE tx SET height = ? WHERE height IS NULL", (height,))
        txids = [coinbase.txid, *_txids(db, height)]
        self._store(db, coinbase, height, coinbase=True)
        header = _grind(before, block_levels(txids)[-1][0], max(int(self._clock()), _median_time(db) + 1))
        db.execute("INSERT INTO block VALUES (?, ?, ?)", (height, header.hash, header.raw))
        return coinbase.txid

    def _status(self, db: sqlite3.Connection, txid: bytes) -> TxStatus:
        row = db.execute("SELECT height FROM tx WHERE txid = ?", (txid,)).fetchone()
        if row is None:
            return TxStatus(txid, TxState.UNKNOWN, "the sandbox does not know it")
        if row[0] is None:
            return TxStatus(txid, TxState.SEEN)
        return self._mined(db, row[0], [txid])[0]

    def _mined(self, db: sqlite3.Connection, height: int, wanted: Sequence[bytes]) -> list[TxStatus]:
        """The status of transactions that are all in one block, whose tree is built once."""
        coinbase = db.execute("SELECT txid FROM tx WHERE height = ? AND coinbase", (height,)).fetchone()[0]
        txids = [coinbase, *_txids(db, height)]
        places = {txid: offset for offset, txid in enumerate(txids)}
        levels = block_levels(txids)
        (block_hash,) = db.execute("SELECT hash FROM block WHERE height = ?", (height,)).fetchone()
        statuses = []
        for txid in wanted:
            offset = places[txid]
            bump = encode_branch(height, offset, txid, merkle_branch(levels, offset))
            status = TxStatus(txid, TxState.MINED, block_hash=block_hash, block_height=height, bump=bump)
            statuses.append(status)
        return statuses


def _tip(db: sqlite3.Connection) -> tuple[BlockHeader, int]:
    height, raw = db.execute("SELECT height, header FROM block ORDER BY height DESC LIMIT 1").fetchone()
    return parse_header(raw), height


def _txids(db: sqlite3.Connection, height: int) -> list[bytes]:
    """The block's transactions without its coinbase, parents before children: in order of arrival."""
    query = "SELECT txid FROM tx WHERE height = ? AND NOT coinbase ORDER BY number"
    return [row[0] for row in db.execute(query, (height,))]


def _median_time(db: sqlite3.Connection) -> int:
    rows = db.execute("SELECT header FROM block ORDER BY height DESC LIMIT 11").fetchall()
    times = sorted(parse_header(row[0]).time for row in rows)
    return times[len(times) // 2]


def _grind(before: BlockHeader, root: bytes, block_time: int) -> BlockHeader:
    """A header on top of `before` with the work that regtest's bits ask: two tries on average."""
    bits = before.bits
    target = bits_to_target(bits)
    head = (1).to_bytes(4, "little") + before.hash + root
    head += block_time.to_bytes(4, "little") + bits.to_bytes(4, "little")
    nonce = 0
    while True:
        header = parse_header(head + nonce.to_bytes(4, "little"))
        if int.from_bytes(header.hash, "little") <= target:
            return header
        nonce += 1
