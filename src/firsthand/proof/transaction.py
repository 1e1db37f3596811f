"""Bitcoin transactions as bytes: read strictly, written exactly, in raw and Extended Format (BRC-30).

Hashes are 32 bytes in internal order. What a stranger sends is read by this module and never by the
SDK: every count is bounded by the bytes that are left, every varint is minimal, nothing may trail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from struct import Struct
from typing import Final

import msgspec

from firsthand.errors import InvalidInput

__all__ = [
    "MAX_SATOSHIS",
    "Outpoint",
    "Reader",
    "Transaction",
    "TxInput",
    "TxOutput",
    "data_pushes",
    "data_script",
    "double_sha256",
    "encode_extended",
    "encode_output",
    "encode_push",
    "encode_transaction",
    "encode_varint",
    "from_hash_hex",
    "hash_hex",
    "parse_extended",
    "parse_transaction",
    "read_transaction",
]

MAX_SATOSHIS: Final = 21_000_000 * 100_000_000
"""No more satoshis than this exist (Bitcoin's MAX_MONEY)."""

_EXTENDED_MARKER: Final = b"\x00\x00\x00\x00\x00\xef"
"""BRC-30: five zero bytes and 0xEF after the version."""

_SEQUENCE_FINAL: Final = 0xFFFFFFFF

_OUTPUT_HEAD: Final = Struct("<QB")
"""An output's satoshis and its script's length, where that takes one byte."""


# Structs of msgspec, not dataclasses: a payment has thousands of outputs.
class Outpoint(msgspec.Struct, frozen=True, gc=False):
    """Output `vout` of transaction `txid`."""

    txid: bytes
    vout: int

    def __str__(self) -> str:
        return f"{hash_hex(self.txid)}:{self.vout}"


class TxInput(msgspec.Struct, frozen=True, gc=False):
    """The outpoint that is spent and the unlocking script."""

    outpoint: Outpoint
    script: bytes
    sequence: int = _SEQUENCE_FINAL


class TxOutput(msgspec.Struct, frozen=True, gc=False):
    """An amount in satoshis under a locking script."""

    satoshis: int
    script: bytes


@dataclass(frozen=True)
class Transaction:
    """A transaction and the bytes it was read from."""

    version: int
    inputs: tuple[TxInput, ...]
    outputs: tuple[TxOutput, ...]
    locktime: int
    raw: bytes

    @cached_property
    def txid(self) -> bytes:
        """Its ID: SHA-256d of the raw bytes, in internal order."""
        return double_sha256(self.raw)


class Reader:
    """Bytes read from the front, each read bounded by what is left."""

    def __init__(self, data: bytes, what: str) -> None:
        self.data = data
        self.at = 0
        self.what = what

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises InvalidInput when there are fewer."""
        end = self.at + count
        if end > len(self.data):
            raise InvalidInput(
                f"{self.what} ends at byte {len(self.data)}, expected {count} more from {self.at} on"
            )
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def integer(self, size: int) -> int:
        """A little-endian unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def byte(self) -> int:
        """The next byte: what `integer(1)` gives, faster."""
        at = self.at
        if at >= len(self.data):
            return self.integer(1)
        self.at = at + 1
        return self.data[at]

    def varint(self) -> int:
        """A Bitcoin variable-length integer in its shortest form."""
        first = self.byte()
        if first < 0xFD:
            return first
        size = 2 << (first - 0xFD)
        value = self.integer(size)
        if value < (0xFD, 1 << 16, 1 << 32)[first - 0xFD]:
            raise InvalidInput(
                f"{self.what} has a varint at byte {self.at - size - 1} that is not in shortest form"
            )
        return value

    def output(self) -> TxOutput:
        """The next output."""
        at, data = self.at, self.data
        # The plainest first: all in one look, when script and length are there and short.
        if at + 9 <= len(data):
            satoshis, size = _OUTPUT_HEAD.unpack_from(data, at)
            end = at + 9 + size
            if size < 0xFD and end <= len(data):
                self.at = end
                return TxOutput(satoshis, data[at + 9 : end])
        return TxOutput(self.integer(8), self.take(self.varint()))

    def count(self, smallest: int) -> int:
        """A varint that counts things of at least `smallest` bytes each, bounded by the bytes left."""
        value = self.varint()
        if value * smallest > len(self.data) - self.at:
            raise InvalidInput(
                f"{self.what} announces {value} items at byte {self.at}, more than its bytes can hold"
            )
        return value

    def end(self) -> None:
        """Raises InvalidInput when bytes are left."""
        if self.at != len(self.data):
            raise InvalidInput(
                f"{self.what} has {len(self.data) - self.at} bytes too many from byte {self.at} on"
            )


def double_sha256(data: bytes) -> bytes:
    """SHA-256 of SHA-256."""
    return sha256(sha256(data).digest()).digest()


def hash_hex(value: bytes) -> str:
    """A hash as Bitcoin shows it: hex of the reversed bytes."""
    return value[::-1].hex()


def from_hash_hex(text: str) -> bytes:
    """The inverse of `hash_hex`. Raises InvalidInput unless it is 64 hex digits."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32 or len(text) != 64:
        raise InvalidInput(f"expected 64 hex digits of a hash, got {text[:80]!r}")
    return value[::-1]


def parse_transaction(raw: bytes) -> Transaction:
    """Read a raw transaction.

    Raises InvalidInput naming the byte: truncated or trailing bytes, varints that are not minimal, no
    inputs or outputs, more satoshis than exist, and a length of exactly 64 bytes, which could pass for
    an inner node of a block's Merkle tree.
    """
    if len(raw) == 64:
        raise InvalidInput("a transaction of exactly 64 bytes could be a node of a Merkle tree: refused")
    reader = Reader(raw, "the transaction")
    transaction, _ = _read(reader, extended=False, raw=raw)
    reader.end()
    return transaction


def read_transaction(reader: Reader) -> Transaction:
    """Read the raw transaction that begins where the reader stands (as inside a BEEF)."""
    start = reader.at
    transaction, _ = _read(reader, extended=False, raw=b"")
    raw = reader.data[start : reader.at]
    if len(raw) == 64:
        raise InvalidInput("a transaction of exactly 64 bytes could be a node of a Merkle tree: refused")
    return Transaction(
        transaction.version, transaction.inputs, transaction.outputs, transaction.locktime, raw
    )


def parse_extended(data: bytes) -> tuple[Transaction, list[TxOutput]]:
    """Read a transaction in Extended Format (BRC-30) with the outputs that it spends."""
    if data[4:10] != _EXTENDED_MARKER:
        raise InvalidInput("not in Extended Format (BRC-30): the marker 0000000000ef is missing")
    reader = Reader(data, "the transaction")
    transaction, spent = _read(reader, extended=True, raw=b"")
    reader.end()
    raw = encode_transaction(
        transaction.version, transaction.inputs, transaction.outputs, transaction.locktime
    )
    return parse_transaction(raw), spent


def _read(reader: Reader, *, extended: bool, raw: bytes) -> tuple[Transaction, list[TxOutput]]:
    version = reader.integer(4)
    if extended:
        reader.take(len(_EXTENDED_MARKER))
    inputs: list[TxInput] = []
    spent: list[TxOutput] = []
    for _ in range(reader.count(41)):
        outpoint = Outpoint(reader.take(32), reader.integer(4))
        inputs.append(TxInput(outpoint, reader.take(reader.varint()), reader.integer(4)))
        if extended:
            spent.append(reader.output())
    outputs = [reader.output() for _ in range(reader.count(9))]
    locktime = reader.integer(4)
    if not inputs or not outputs:
        raise InvalidInput("a transaction has at least one input and one output")
    if sum(output.satoshis for output in outputs) > MAX_SATOSHIS:
        raise InvalidInput("the outputs hold more satoshis than exist")
    return Transaction(version, tuple(inputs), tuple(outputs), locktime, raw), spent


def encode_varint(value: int) -> bytes:
    """The shortest Bitcoin variable-length integer."""
    if value < 0xFD:
        return bytes((value,))
    if value < 1 << 16:
        return b"\xfd" + value.to_bytes(2, "little")
    if value < 1 << 32:
        return b"\xfe" + value.to_bytes(4, "little")
    return b"\xff" + value.to_bytes(8, "little")


def encode_output(output: TxOutput) -> bytes:
    """An output as it stands in a transaction."""
    script = output.script
    if len(script) < 0xFD:
        return _OUTPUT_HEAD.pack(output.satoshis, len(script)) + script
    return output.satoshis.to_bytes(8, "little") + encode_varint(len(script)) + script


def encode_transaction(
    version: int, inputs: Sequence[TxInput], outputs: Sequence[TxOutput], locktime: int
) -> bytes:
    """The raw bytes of a transaction; the inverse of `parse_transaction`."""
    parts = [version.to_bytes(4, "little"), encode_varint(len(inputs))]
    parts += [_encode_input(item) for item in inputs]
    parts.append(encode_varint(len(outputs)))
    parts += [encode_output(output) for output in outputs]
    parts.append(locktime.to_bytes(4, "little"))
    return b"".join(parts)


def encode_extended(transaction: Transaction, spent: Sequence[TxOutput]) -> bytes:
    """The transaction in Extended Format (BRC-30), each input followed by the output that it spends."""
    parts = [
        transaction.version.to_bytes(4, "little"),
        _EXTENDED_MARKER,
        encode_varint(len(transaction.inputs)),
    ]
    for item, output in zip(transaction.inputs, spent, strict=True):
        parts += [_encode_input(item), encode_output(output)]
    parts.append(encode_varint(len(transaction.outputs)))
    parts += [encode_output(output) for output in transaction.outputs]
    parts.append(transaction.locktime.to_bytes(4, "little"))
    return b"".join(parts)


def _encode_input(item: TxInput) -> bytes:
    return (
        item.outpoint.txid
        + item.outpoint.vout.to_bytes(4, "little")
        + encode_varint(len(item.script))
        + item.script
        + item.sequence.to_bytes(4, "little")
    )


def data_script(pushes: Sequence[bytes]) -> bytes:
    """`OP_FALSE OP_RETURN` and each push in its shortest direct form (no OP_1 … OP_16)."""
    return b"\x00\x6a" + b"".join([encode_push(push) for push in pushes])


def encode_push(data: bytes) -> bytes:
    """The push of these bytes in its shortest direct form (no OP_1 … OP_16)."""
    size = len(data)
    if size <= 75:
        return bytes((size,)) + data
    if size < 1 << 8:
        return b"\x4c" + size.to_bytes(1, "little") + data
    if size < 1 << 16:
        return b"\x4d" + size.to_bytes(2, "little") + data
    return b"\x4e" + size.to_bytes(4, "little") + data


def data_pushes(script: bytes) -> tuple[bytes, ...] | None:
    """The pushes of a data script, or None when it is none or not in the form of `data_script`."""
    if script[:2] != b"\x00\x6a":
        return None
    pushes: list[bytes] = []
    at = 2
    while at < len(script):
        opcode = script[at]
        width = {0x4C: 1, 0x4D: 2, 0x4E: 4}.get(opcode, 0)
        if opcode > 75 and not width:
            return None
        size = int.from_bytes(script[at + 1 : at + 1 + width], "little") if width else opcode
        at += 1 + width
        pushes.append(script[at : at + size])
        at += size
    return tuple(pushes) if data_script(pushes) == script else None
