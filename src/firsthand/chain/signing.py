"""Building and signing transactions that spend our P2PKH coins: the one place that does.

Version 1 with SIGHASH_ALL | FORKID, so that the rules before Chronicle hold. The digest is BIP-143's as
BSV uses it since its UAHF; the parts that all inputs share are hashed once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
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

__all__ = ["Coin", "SignedInput", "SignedTransaction", "build", "sign_single", "transaction_size"]

_VERSION: Final = b"\x01\x00\x00\x00"
_SEQUENCE: Final = b"\xff\xff\xff\xff"
_LOCKTIME: Final = b"\x00\x00\x00\x00"
_SIGHASH: Final = 0x41
_SIGHASH_SINGLE: Final = 0xC3
"""SINGLE | ANYONECANPAY | FORKID: binds the output of the same index, and leaves the fee to others."""

_EXTENDED_MARKER: Final = b"\x00\x00\x00\x00\x00\xef"

_INPUT_SIZE: Final = 36 + 1 + (1 + 72 + 1 + 33) + 4
"""The largest P2PKH input with a compressed key: a low-s DER signature has up to 71 bytes, and its flag."""

_CHANGE_SIZE: Final = 8 + 1 + 25


@dataclass(frozen=True, slots=True)
class Coin:
    """An unspent output of ours; `key` unlocks it where that is not the key of whoever builds."""

    outpoint: Outpoint
    satoshis: int
    script: bytes
    key: WalletKey | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SignedInput:
    """A coin that its owner has unlocked already by `sign_single`."""

    coin: Coin
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
    scripts = [len(output.script) for output in outputs]
    size = 4 + 9 + inputs * _INPUT_SIZE + 9 + 4 + 9 * len(scripts) + sum(scripts)
    size += sum([len(encode_varint(script)) - 1 for script in scripts if script >= 0xFD])
    return size + (_CHANGE_SIZE if change else 0) - 16


def build(
    coins: Sequence[Coin],
    outputs: Sequence[TxOutput],
    change_script: bytes | None,
    policy: FeePolicy,
    key: WalletKey,
    *,
    first: SignedInput | None = None,
) -> SignedTransaction:
    """Spend all these coins into these outputs, and what is left above the fee into a change output.

    `key` unlocks the coins that name none. `first` becomes input 0, already signed for output 0. Without a
    `change_script`, all that is left is the fee. Raises InsufficientFunds saying how much is missing,
    InvalidInput when a script or the whole is above the policy's limits.
    """
    held = sum(coin.satoshis for coin in coins) + (first.coin.satoshis if first else 0)
    spent = sum([output.satoshis for output in outputs])
    size = transaction_size(len(coins) + (first is not None), outputs, change_script is not None)
    longest = max([len(output.script) for output in outputs], default=0)
    if size > policy.max_tx_size or longest > policy.max_script_size:
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
    return _sign(coins, tuple(final), fee, key, first)


def sign_single(coin: Coin, output: TxOutput, key: WalletKey) -> bytes:
    """The script that unlocks this coin of `key` for whatever transaction has `output` at the same index.

    Whoever pays the fee adds inputs and outputs of their own; they cannot send this coin elsewhere.
    """
    message = (
        _VERSION
        + bytes(64)  # BIP-143: no outpoints and no sequences of others
        + coin.outpoint.txid
        + coin.outpoint.vout.to_bytes(4, "little")
        + encode_varint(len(coin.script))
        + coin.script
        + coin.satoshis.to_bytes(8, "little")
        + _SEQUENCE
        + double_sha256(encode_output(output))
        + _LOCKTIME
        + _SIGHASH_SINGLE.to_bytes(4, "little")
    )
    return _unlocking(key.sign_digest(double_sha256(message)), _SIGHASH_SINGLE, key)


def _unlocking(signature: bytes, sighash: int, key: WalletKey) -> bytes:
    return bytes((len(signature) + 1,)) + signature + bytes((sighash,)) + b"\x21" + key.public


def _sign(
    coins: Sequence[Coin],
    outputs: tuple[TxOutput, ...],
    fee: int,
    key: WalletKey,
    first: SignedInput | None,
) -> SignedTransaction:
    spent = (first.coin, *coins) if first else tuple(coins)
    outpoints = [coin.outpoint.txid + coin.outpoint.vout.to_bytes(4, "little") for coin in spent]
    encoded_outputs = b"".join([encode_output(output) for output in outputs])
    # BIP-143: version, hash of outpoints, hash of sequences, then the input's own, hash of outputs.
    head = _VERSION + double_sha256(b"".join(outpoints)) + double_sha256(_SEQUENCE * len(spent))
    tail = _SEQUENCE + double_sha256(encoded_outputs) + _LOCKTIME + _SIGHASH.to_bytes(4, "little")
    count = encode_varint(len(spent))
    raw = [_VERSION, count]
    extended = [_VERSION, _EXTENDED_MARKER, count]
    for index, (coin, outpoint) in enumerate(zip(spent, outpoints, strict=True)):
        script = encode_varint(len(coin.script)) + coin.script
        amount = coin.satoshis.to_bytes(8, "little")
        if first is not None and index == 0:
            unlocking = first.script
        else:
            digest = double_sha256(head + outpoint + script + amount + tail)
            signer = coin.key or key
            unlocking = _unlocking(signer.sign_digest(digest), _SIGHASH, signer)
        spend = outpoint + encode_varint(len(unlocking)) + unlocking + _SEQUENCE
        raw.append(spend)
        extended += [spend, amount, script]
    end = encode_varint(len(outputs)) + encoded_outputs + _LOCKTIME
    raw.append(end)
    extended.append(end)
    transaction = b"".join(raw)
    return SignedTransaction(transaction, b"".join(extended), double_sha256(transaction), fee, spent, outputs)
