"""The wallet: where satoshis for anchoring come from, checked before they count."""

from __future__ import annotations

import re

from firsthand.chain.beef import parse_beef, verify_beef
from firsthand.chain.coins import Balance
from firsthand.chain.signing import Coin
from firsthand.errors import InvalidInput, NotFound
from firsthand.proof.transaction import Outpoint, Transaction, from_hash_hex, hash_hex, parse_transaction
from firsthand.service.chain_access import ChainAccess

__all__ = ["Received", "balance", "receive"]

_OUTPOINT = re.compile(r"([0-9a-fA-F]{64}):(\d{1,9})")
_BEEF_VERSIONS = (b"\x01\x00\xbe\xef", b"\x02\x00\xbe\xef", b"\x01\x01\x01\x01")

Received = tuple[list[Coin], str]
"""The coins taken in, and how far they were checked, in words."""


def balance(access: ChainAccess) -> Balance:
    """What is available, held by unmined transactions, in the seal, and spent."""
    return access.coins.balance([sent.txid for sent in access.outbox.open()])


def receive(access: ChainAccess, text: str) -> Received:
    """Take in a coin: `TXID:VOUT`, a raw transaction or a BEEF, the latter two in hex.

    An outpoint is looked up at the chain's adapter; of a transaction every output to our address counts; a
    BEEF is verified by our own headers. Raises InvalidInput or NotFound with what is wrong.
    """
    text = text.strip()
    match = _OUTPOINT.fullmatch(text)
    if match:
        return _receive_outpoint(access, from_hash_hex(match[1].lower()), int(match[2]))
    try:
        data = bytes.fromhex(text)
    except ValueError:
        raise InvalidInput("expected TXID:VOUT, or a raw transaction or BEEF in hex") from None
    if data[:4] in _BEEF_VERSIONS:
        access.sync_headers()
        transaction = verify_beef(parse_beef(data), access.headers)
        return _take(access, transaction, None, data), "proven by its BEEF under our own headers"
    transaction = parse_transaction(data)
    coins = _take(access, transaction, None, data)
    return coins, _told(access, coins)


def _receive_outpoint(access: ChainAccess, txid: bytes, vout: int) -> Received:
    source = access.coin_source
    if source is None:
        raise InvalidInput(
            f"{access.workspace.settings.chain.broadcaster} cannot look transactions up; "
            "give the raw transaction or a BEEF instead of TXID:VOUT"
        )
    raw = source.transaction(txid)
    if raw is None:
        raise NotFound(f"the chain does not know transaction {hash_hex(txid)}")
    transaction = parse_transaction(raw)
    if transaction.txid != txid:
        raise InvalidInput(f"the chain's answer for {hash_hex(txid)} is another transaction")
    coins = _take(access, transaction, vout, raw)
    return coins, _told(access, coins)


def _take(access: ChainAccess, transaction: Transaction, vout: int | None, proof: bytes) -> list[Coin]:
    ours = access.wallet.script
    if vout is not None and vout >= len(transaction.outputs):
        raise InvalidInput(f"the transaction has {len(transaction.outputs)} outputs, no number {vout}")
    coins = [
        Coin(Outpoint(transaction.txid, at), output.satoshis, output.script)
        for at, output in enumerate(transaction.outputs)
        if output.script == ours and output.satoshis and vout in (None, at)
    ]
    if not coins:
        raise InvalidInput(f"the transaction pays nothing to our address {access.wallet.address} there")
    for coin in coins:
        if (
            access.coin_source
            and access.coin_source.is_unspent(coin.outpoint.txid, coin.outpoint.vout) is False
        ):
            raise InvalidInput(f"the coin {coin.outpoint} is spent already, or the chain does not know it")
    for coin in coins:
        access.coins.receive(coin, proof)
    return coins


def _told(access: ChainAccess, coins: list[Coin]) -> str:
    if access.coin_source is None:
        return "its amount is as the transaction says; nobody was asked whether it is unspent"
    return f"unspent as far as {access.workspace.settings.chain.broadcaster} can tell"
