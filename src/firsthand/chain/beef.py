"""BEEF from strangers (BRC-62, BRC-96, Atomic BRC-95): read strictly, verified by our own rules.

The SDK's `Beef.verify` and `Transaction.verify` accept forged roots, missing inputs and made-up satoshis, and
recurse without bound; none of them is used here. A transaction counts only if its BUMP flags it and leads to
a header of our own chain, or if every input of it is there, counts itself, and may be spent so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.chain.scripts import check_spend
from firsthand.errors import InvalidInput
from firsthand.proof.bump import Bump, read_bump
from firsthand.proof.headers import BlockHeader, HeaderView
from firsthand.proof.transaction import (
    Reader,
    Transaction,
    TxOutput,
    encode_varint,
    hash_hex,
    read_transaction,
)

__all__ = ["Beef", "check_mined", "encode_beef", "parse_beef", "verify_beef"]

_V1: Final = b"\x01\x00\xbe\xef"
_V2: Final = b"\x02\x00\xbe\xef"
_ATOMIC: Final = b"\x01\x01\x01\x01"
_MAX_SIZE: Final = 100_000_000
_RAW, _RAW_WITH_BUMP, _TXID_ONLY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Beef:
    """Transactions in the order given (parents first), the BUMP of those that have one, and the subject."""

    transactions: dict[bytes, Transaction]
    bumps: dict[bytes, Bump]
    subject: bytes


def parse_beef(data: bytes) -> Beef:
    """Read a BEEF of any version.

    Raises InvalidInput: another version, more than 100 MB, a BUMP that is not there, a transaction given
    twice or by its ID alone, none at all, trailing bytes, or an Atomic subject that is not the last one.
    """
    if len(data) > _MAX_SIZE:
        raise InvalidInput(f"a BEEF has at most {_MAX_SIZE} bytes, got {len(data)}")
    reader = Reader(data, "the BEEF")
    version = reader.take(4)
    subject = None
    if version == _ATOMIC:
        subject = reader.take(32)
        version = reader.take(4)
    if version not in (_V1, _V2):
        raise InvalidInput(f"{version.hex()} is no BEEF version")
    bumps = [read_bump(reader) for _ in range(reader.count(2))]
    transactions: dict[bytes, Transaction] = {}
    proven: dict[bytes, Bump] = {}
    for _ in range(reader.count(1)):
        transaction, bump_index = _read_item(reader, version)
        txid = transaction.txid
        if txid in transactions:
            raise InvalidInput(f"the BEEF holds {hash_hex(txid)} twice")
        transactions[txid] = transaction
        if bump_index is not None:
            if bump_index >= len(bumps):
                raise InvalidInput(f"{hash_hex(txid)} names BUMP {bump_index} of {len(bumps)}")
            proven[txid] = bumps[bump_index]
    reader.end()
    if not transactions:
        raise InvalidInput("the BEEF holds no transaction")
    last = next(reversed(transactions))
    if subject is not None and subject != last:
        raise InvalidInput(
            f"the Atomic BEEF is about {hash_hex(subject)}, its last transaction is {hash_hex(last)}"
        )
    return Beef(transactions, proven, last)


def _read_item(reader: Reader, version: bytes) -> tuple[Transaction, int | None]:
    if version == _V1:
        transaction = read_transaction(reader)
        flag = reader.integer(1)
        if flag not in (0, 1):
            raise InvalidInput(f"a transaction of a BEEF has 0 or 1 BUMPs, got {flag}")
        return transaction, reader.varint() if flag else None
    kind = reader.integer(1)
    if kind == _TXID_ONLY:
        raise InvalidInput("the BEEF names a transaction by its ID alone, which proves nothing")
    if kind not in (_RAW, _RAW_WITH_BUMP):
        raise InvalidInput(f"a BEEF has no transaction format {kind}")
    index = reader.varint() if kind == _RAW_WITH_BUMP else None
    return read_transaction(reader), index


def verify_beef(beef: Beef, headers: HeaderView, txid: bytes | None = None) -> Transaction:
    """The transaction `txid` (or the last one), proven down to blocks of our best chain.

    Raises InvalidInput naming the transaction that is not proven and why.
    """
    wanted = beef.subject if txid is None else txid
    good: dict[bytes, Transaction] = {}
    # Parents stand before children, so one pass is enough: no recursion for a stranger to deepen.
    for current, transaction in beef.transactions.items():
        if current in beef.bumps:
            check_mined(current, beef.bumps[current], headers)
        else:
            check_spend(transaction, _spent_outputs(transaction, good))
        good[current] = transaction
    if wanted not in good:
        raise InvalidInput(f"the BEEF does not hold transaction {hash_hex(wanted)}")
    return good[wanted]


def check_mined(
    txid: bytes, bump: Bump, headers: HeaderView, known: BlockHeader | None = None
) -> BlockHeader:
    """The block of our best chain that holds the transaction; `known` is it, if it was looked up before.

    Raises InvalidInput.
    """
    header = known or headers.header_at(bump.height)
    if header is None:
        raise InvalidInput(
            f"{hash_hex(txid)} is said to be in block {bump.height}, which our headers do not have"
        )
    if bump.root(txid) != header.merkle_root:
        raise InvalidInput(
            f"the BUMP of {hash_hex(txid)} does not lead to block {bump.height} of our best chain"
        )
    return header


def _spent_outputs(transaction: Transaction, good: dict[bytes, Transaction]) -> list[TxOutput]:
    spent = []
    for item in transaction.inputs:
        parent = good.get(item.outpoint.txid)
        if parent is None or item.outpoint.vout >= len(parent.outputs):
            raise InvalidInput(
                f"{hash_hex(transaction.txid)} is in no block and spends {item.outpoint}, which is not proven"
            )
        spent.append(parent.outputs[item.outpoint.vout])
    return spent


def encode_beef(transactions: Sequence[tuple[bytes, bytes | None]]) -> bytes:
    """A BEEF V2 (BRC-96) of raw transactions, parents first, each with its BUMP or None."""
    bumps = [bump for _, bump in transactions if bump is not None]
    parts = [_V2, encode_varint(len(bumps)), *bumps, encode_varint(len(transactions))]
    index = 0
    for raw, bump in transactions:
        if bump is None:
            parts += [bytes((_RAW,)), raw]
        else:
            parts += [bytes((_RAW_WITH_BUMP,)), encode_varint(index), raw]
            index += 1
    return b"".join(parts)
