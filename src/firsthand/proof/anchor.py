"""What Firsthand writes on chain, read back: genesis, anchors, and the chain of single-use seals.

A log begins with its genesis transaction: output 0 carries the log's public key, output 1 is the first
seal. Each anchor spends the last seal as input 0, carries a checkpoint body in output 0, and makes the
next seal as output 1. An output can be spent once, so a log has one history (the idea is Catena's:
Tomescu & Devadas, IEEE S&P 2017).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.canonical import canonical
from firsthand.proof.checkpoint import ED25519, Checkpoint, parse_body
from firsthand.proof.did_key import PublicKey
from firsthand.proof.fields import base64_text, from_base64, only_members
from firsthand.proof.merkle import verify_consistency
from firsthand.proof.transaction import (
    Outpoint,
    Transaction,
    data_pushes,
    data_script,
    parse_transaction,
)

__all__ = [
    "ANCHOR",
    "GENESIS",
    "PREFIX",
    "PUBLICATION",
    "RECORD",
    "SEAL_VOUT",
    "Seal",
    "anchor_script",
    "anchored_checkpoint",
    "genesis_key",
    "genesis_script",
    "read_seals",
    "walk_seals",
    "write_seals",
]

PREFIX: Final = b"firsthand"
GENESIS: Final = b"\x00"
ANCHOR: Final = b"\x01"
PUBLICATION: Final = b"\x02"
RECORD: Final = b"\x03"

SEAL_VOUT: Final = 1
"""The output of a genesis or anchor transaction that the next anchor spends."""


@dataclass(frozen=True, slots=True)
class Seal:
    """One anchor of a seals file: its transaction and the consistency proof from the anchor before it."""

    transaction: bytes
    consistency: tuple[bytes, ...]


def genesis_script(public: bytes) -> bytes:
    """Output 0 of the genesis transaction of the log with this Ed25519 public key (32 bytes)."""
    return data_script([PREFIX, GENESIS, ED25519 + public])


def anchor_script(checkpoint: Checkpoint) -> bytes:
    """Output 0 of the transaction that anchors this checkpoint."""
    return data_script([PREFIX, ANCHOR, checkpoint.body()])


def genesis_key(transaction: Transaction) -> PublicKey:
    """The log's public key, from its genesis transaction. Raises InvalidInput when it is not one."""
    pushes = _pushes(transaction, GENESIS, "genesis")
    if len(pushes[2]) != 33 or pushes[2][:1] != ED25519:
        raise InvalidInput("the genesis transaction does not carry an Ed25519 public key")
    return PublicKey("Ed25519", pushes[2][1:])


def anchored_checkpoint(transaction: Transaction) -> tuple[Checkpoint, Outpoint]:
    """The checkpoint that an anchor carries and the seal that it spends. Raises InvalidInput."""
    pushes = _pushes(transaction, ANCHOR, "anchor")
    seal = transaction.inputs[0].outpoint
    if seal.vout != SEAL_VOUT:
        raise InvalidInput(
            f"the anchor's first input spends output {seal.vout}; a seal is output {SEAL_VOUT}"
        )
    return parse_body(pushes[2]), seal


def walk_seals(genesis: bytes, seals: Iterable[Seal]) -> Iterator[tuple[bytes, Checkpoint]]:
    """Walk from the genesis transaction along the seals: each anchor's ID and checkpoint in turn.

    Raises InvalidInput at the first anchor that does not spend the seal before it, is of another log, or
    whose log does not contain the one before.
    """
    first = parse_transaction(genesis)
    genesis_key(first)
    expected = Outpoint(first.txid, SEAL_VOUT)
    before: Checkpoint | None = None
    for number, seal in enumerate(seals, 1):
        transaction = parse_transaction(seal.transaction)
        checkpoint, spent = anchored_checkpoint(transaction)
        if spent != expected:
            raise InvalidInput(f"anchor {number} spends {spent}, expected the seal {expected}")
        if checkpoint.genesis != first.txid:
            raise InvalidInput(f"anchor {number} is of another log: {checkpoint.origin}")
        if before is not None:
            verify_consistency(before.size, checkpoint.size, before.root, checkpoint.root, seal.consistency)
        elif seal.consistency:
            raise InvalidInput("the first anchor has nothing to be consistent with")
        yield transaction.txid, checkpoint
        expected, before = Outpoint(transaction.txid, SEAL_VOUT), checkpoint


def write_seals(genesis: bytes, seals: Iterable[Seal]) -> Iterator[bytes]:
    """The lines of a seals file: the genesis transaction, then each anchor with its consistency proof."""
    yield canonical({"genesis": base64_text(genesis)}) + b"\n"
    for seal in seals:
        nodes = base64_text(b"".join(seal.consistency))
        yield canonical({"anchor": base64_text(seal.transaction), "consistency": nodes}) + b"\n"


def read_seals(data: bytes) -> tuple[bytes, list[Seal]]:
    """The genesis transaction and the anchors of a seals file. Raises UnreadableInput with the line."""
    lines = data.splitlines()
    if not lines:
        raise UnreadableInput("the seals file is empty")
    genesis = from_base64(_line(lines[0], 1, frozenset(("genesis",))), "genesis", "line 1")
    seals = []
    for number, line in enumerate(lines[1:], 2):
        document = _line(line, number, frozenset(("anchor", "consistency")))
        nodes = from_base64(document, "consistency", f"line {number}")
        if len(nodes) % 32:
            raise UnreadableInput("expected nodes of 32 bytes", f"line {number}.consistency")
        path = tuple(nodes[start : start + 32] for start in range(0, len(nodes), 32))
        seals.append(Seal(from_base64(document, "anchor", f"line {number}"), path))
    return genesis, seals


def _line(line: bytes, number: int, members: frozenset[str]) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(line, type=dict[str, str])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise UnreadableInput(
            "not a line of a seals file: expected an object of strings", f"line {number}"
        ) from None
    only_members(document, members, f"line {number}")
    return document


def _pushes(transaction: Transaction, kind: bytes, name: str) -> tuple[bytes, ...]:
    pushes = data_pushes(transaction.outputs[0].script)
    if pushes is None or len(pushes) != 3 or pushes[:2] != (PREFIX, kind):
        raise InvalidInput(f"the first output is not that of a Firsthand {name} transaction")
    return pushes
