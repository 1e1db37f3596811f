"""Building and signing transactions that spend our P2PKH coins: the one place that does.

Version 1 with SIGHASH_ALL | FORKID, so that the rules before Chronicle hold. The digest is BIP-143's as
BSV uses it since its UAHF; the parts that all inputs share are hashed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import FeePolicy
from firsthand.errors import InsufficientFunds, InvalidInput
from firsthand.proof.transaction import (
    Outpoint,
    TxOutput,
    double_sha256,
    encode_output,
    encode_varint,
)

__all__ = ["Coin", "SignedTransaction", "build", "transaction_size"]

_VERSION: Final = b"\x01\x00\x00\x00"
_SEQUENCE: Final = b"\xff\xff\xff\xff"
_LOCKTIME: Final = b"\x00\x00\x00\x00"
_SIGHASH: Final = 0x41
_EXTENDED_MARKER: Final = b"\x00\x00\x00\x00\x00\xef"

_INPUT_SIZE: Final = 36 + 1 + (1 + 72 + 1 + 33) + 4
"""The largest P2PKH input with a compressed key: a low-s DER signature has up to 71 bytes, and its flag."""

_CHANGE_SIZE: Final = 8 + 1 + 25


@dataclass(frozen=True, slots=True)
class Coin:
    """An unspent output of ours."""

    outpoint: Outpoint
    satoshis: int
    script: bytes


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """A signed transaction: raw, in Extended Format (BRC-30), its ID, fee in satoshis, and outputs."""

    raw: bytes
    extended: bytes
    txid: bytes
    fee: int
    spent: tuple[Coin, ...]
    outputs: tuple[TxOutput, ...]


def transaction_size(inputs: int, outputs: Sequence[TxOutput], change: bool) -> int:
    """An upper bound in bytes, at most two an input above what is signed."""
    size = 4 + 9 + inputs * _INPUT_SIZE + 9 + 4
    size += sum(8 + len(encode_varint(len(output.script))) + len(output.script) for output in outputs)
    return size + (_CHANGE_SIZE if change else 0) - 16


def build(
    coins: Sequence[Coin],
    outputs: Sequence[TxOutput],
    change_script: bytes | None,
    policy: FeePolicy,
    key: WalletKey,
) -> SignedTransaction:
    """Spend all these coins of `key` into these outputs, and what is left above the fee into a change output.

    Without a `change_script`, all that is left is the fee. Raises InsufficientFunds saying how much is
    missing, InvalidInput when a script or the whole is above the policy's limits.
    """
    held = sum(coin.satoshis for coin in coins)
    spent = sum(output.satoshis for output in outputs)
    size = transaction_size(len(coins), outputs, change_script is not None)
    if size > policy.max_tx_size or any(len(output.script) > policy.max_script_size for output in outputs):
        raise InvalidInput(f"the transaction of {size} bytes is above the broadcaster's limits")
    fee = policy.fee(size)
    if held < spent + fee:
        raise InsufficientFunds(
            f"the coins hold {held} satoshis, {spent} and a fee of {fee} are needed: "
            f"{spent + fee - held} satoshis are missing"
        )
    final = list(outputs)
    if change_script is not None and held > spent + fee:
        final.append(TxOutput(held - spent - fee, change_script))
    else:
        fee = held - spent
    return _sign(coins, tuple(final), fee, key)


def _sign(
    coins: Sequence[Coin], outputs: tuple[TxOutput, ...], fee: int, key: WalletKey
) -> SignedTransaction:
    outpoints = [coin.outpoint.txid + coin.outpoint.vout.to_bytes(4, "little") for coin in coins]
    encoded_outputs = b"".join([encode_output(output) for output in outputs])
    # BIP-143: version, hash of outpoints, hash of sequences, then the input's own, hash of outputs.
    head = _VERSION + double_sha256(b"".join(outpoints)) + double_sha256(_SEQUENCE * len(coins))
    tail = _SEQUENCE + double_sha256(encoded_outputs) + _LOCKTIME + _SIGHASH.to_bytes(4, "little")
    count = encode_varint(len(coins))
    raw = [_VERSION, count]
    extended = [_VERSION, _EXTENDED_MARKER, count]
    push_key = b"\x21" + key.public
    for coin, outpoint in zip(coins, outpoints, strict=True):
        script = encode_varint(len(coin.script)) + coin.script
        amount = coin.satoshis.to_bytes(8, "little")
        signature = key.sign_digest(double_sha256(head + outpoint + script + amount + tail))
        unlocking = bytes((len(signature) + 1,)) + signature + bytes((_SIGHASH,)) + push_key
        spend = outpoint + bytes((len(unlocking),)) + unlocking + _SEQUENCE
        raw.append(spend)
        extended += [spend, amount, script]
    end = encode_varint(len(outputs)) + encoded_outputs + _LOCKTIME
    raw.append(end)
    extended.append(end)
    transaction = b"".join(raw)
    return SignedTransaction(
        transaction, b"".join(extended), double_sha256(transaction), fee, tuple(coins), outputs
    )
