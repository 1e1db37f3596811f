"""Moving a token: transfer, gift, sale, claim by bearer code, melt.

The token's input is signed for output 0 alone (SINGLE | ANYONECANPAY), by whoever holds it; the wallet adds
the fee. So a holder without a coin can sign in their own browser, and nobody who pays the fee can send the
token elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from sqlalchemy import Connection

from firsthand.chain.bearer import ENTROPY, code_secret, encode_code
from firsthand.chain.keys import WalletKey, key_hash, p2pkh_script
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.scripts import check_input
from firsthand.chain.signing import Coin, SignedInput, SignedTransaction, build, sign_single
from firsthand.errors import (
    BroadcastRejected,
    BroadcastUncertain,
    Conflict,
    InvalidInput,
    NotFound,
    Unauthorized,
)
from firsthand.journal.database import reading
from firsthand.proof.canonical import canonical
from firsthand.proof.fields import base64_text
from firsthand.proof.token import TOKEN_VOUT, melt_script, parse_outpoint
from firsthand.proof.transaction import Outpoint, TxOutput, hash_hex, parse_transaction
from firsthand.service.chain_access import ChainAccess
from firsthand.service.mint import keeper_of
from firsthand.service.money import read_price
from firsthand.service.tables import SALE_RECEIPT
from firsthand.service.token_events import PURPOSE, move_event, settle
from firsthand.service.token_store import ADDRESS, CODE, NOBODY, WORKSPACE, Move, Token, TokenKeys, TokenStore

__all__ = [
    "Moved",
    "Place",
    "Sale",
    "claim",
    "claim_signed",
    "fresh_code",
    "melt",
    "place_of",
    "sell",
    "transfer",
]

_RECEIPT: Final = "SaleReceipt"


@dataclass(frozen=True, slots=True)
class Moved:
    """A move that was made: `code` when the token now lies under a bearer code, `event` if one is
    recorded.
    """

    token: Token
    txid: bytes
    state: TxState
    code: str | None = None
    event: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a token lies: what a holder needs to sign it away (see docs/spec.md §9.5)."""

    token: Token
    coin: Coin


@dataclass(frozen=True, slots=True)
class Sale:
    """What a receipt says beside the piece; only its digest is recorded in the open."""

    price: str
    buyer: str = ""
    note: str = ""


def fresh_code(access: ChainAccess) -> tuple[str, str]:
    """A new bearer code that is stored nowhere, and the address under it: show it before anything goes
    there.
    """
    while True:
        code = encode_code(secrets.token_bytes(ENTROPY))
        try:
            return code, WalletKey(code_secret(code), access.network).address
        except InvalidInput:
            continue  # a code that gives no key: once in 2^127


def transfer(
    access: ChainAccess,
    name: str,
    to: str,
    *,
    kind: str = "transfer",
    issuer: str | None = None,
    code: str | None = None,
) -> Moved:
    """Pass a token on to an address, to a new bearer `code`, or to this `workspace`; `kind` also `gift`.

    The workspace must keep it, or `code` be the bearer code that it lies under. The event is signed by
    `issuer`, or by the piece's maker if they are of this workspace, or by nobody. Raises Conflict when it
    has ended, Unauthorized when it is not ours to move, BroadcastRejected when the chain refuses.
    """
    token = TokenStore(access).find(name)
    return _move(access, token, kind, to, _holder(access, token, code), issuer)


def sell(
    access: ChainAccess, name: str, to: str, sale: Sale, *, issuer: str | None = None, code: str | None = None
) -> tuple[Moved, dict[str, Any]]:
    """Sell a piece: pass its token on, and give the receipt of which the event carries the digest.

    Raises as `transfer`, and InvalidInput for a price that is no amount above zero with its currency.
    """
    price = read_price(sale.price)
    token = TokenStore(access).find(name)
    document: dict[str, Any] = {
        "type": _RECEIPT,
        "piece": token.piece,
        "token": str(token.outpoint),
        "seller": _issuer(access, token, issuer),
        "sold": access.workspace.now(),
        "price": price,
        "buyer": sale.buyer,
        "note": sale.note,
        "salt": base64_text(secrets.token_bytes(ENTROPY)),
    }
    digest = receipt_digest(document)

    def also(connection: Connection) -> None:
        row = {"digest": digest, "token": token.mint, "document": canonical(document)}
        connection.execute(SALE_RECEIPT.insert(), row)

    holder = _holder(access, token, code)
    more = {"fh:receipt": base64_text(digest)}
    return _move(access, token, "sale", to, holder, issuer, more=more, also=also), document


def receipt_digest(document: dict[str, Any]) -> bytes:
    """SHA-256 of a receipt's canonical JSON, whose salt of 128 bits keeps price and buyer from a guesser."""
    from hashlib import sha256

    return sha256(canonical(document)).digest()


def melt(
    access: ChainAccess, name: str, *, issuer: str | None = None, code: str | None = None, text: str = ""
) -> Moved:
    """End a token: the piece was melted or destroyed. It cannot be undone."""
    token = TokenStore(access).find(name)
    more = {"fh:statement": text} if text else {}
    return _move(access, token, "melt", None, _holder(access, token, code), issuer, more=more)


def claim(access: ChainAccess, code: str, to: str, *, ready: Callable[[], None] = lambda: None) -> Moved:
    """Sweep a bearer code, once: `to` is an address, or `workspace`. The workspace's wallet pays the fee.

    `ready` is called when all is checked and signed, before anything is sent.
    Raises InvalidInput saying where the code is mistyped, NotFound when nothing known lies under it, Conflict
    when it was used before.
    """
    keys = TokenKeys(access)
    key = keys.of_code(code)
    place = place_of(access, key.hash160)
    if to == CODE:
        raise InvalidInput("claim to a code of your own making: see `token claim --to new`")
    at = place.coin.outpoint.txid
    return _move(
        access, place.token, "claim", to, lambda coin, output: sign_single(coin, output, key), None,
        at=at, also=lambda connection: ready(),
    )  # fmt: skip


def claim_signed(access: ChainAccess, mint: str, to: str, unlocking: bytes) -> Moved:
    """The same, signed elsewhere: `unlocking` is the script of `sign_single` for one satoshi to the address
    `to`.

    The code never comes here. Raises InvalidInput when the script does not hold, NotFound and Conflict as
    `claim`.
    """
    if not 35 < len(unlocking) <= 110:
        raise InvalidInput(f"an unlocking script has 36 to 110 bytes, got {len(unlocking)}")
    # The key that signed stands at its end: who claims twice is told so, not that their script fails.
    place = place_of(access, key_hash(unlocking[-33:]))
    if place.token.outpoint != parse_outpoint(mint):
        raise InvalidInput(f"this key holds {place.token.outpoint}, not {mint}")
    at = place.coin.outpoint.txid
    return _move(access, place.token, "claim", to, lambda coin, output: unlocking, None, at=at)


def place_of(access: ChainAccess, owner: bytes) -> Place:
    """Where the token lies that this key hash can move.

    Raises NotFound when there is none, Conflict when there was: a code can be used once.
    """
    store = TokenStore(access)
    found = store.under(owner)
    if found is None:
        raise NotFound("no token that is known here lies under this code; was it made by another workspace?")
    token, move = found
    last = store.path(token)[-1]
    if last.txid != move.txid:
        after = store.path(token)[move.number + 1]
        raise Conflict(
            f"this code was used before: {token.piece} was moved on {after.created} "
            f"in transaction {hash_hex(after.txid)}; a code can be used once"
        )
    with reading(access.workspace.engine) as connection:
        return Place(token, access.coins.get(connection, Outpoint(move.txid, TOKEN_VOUT)))


Unlock = Callable[[Coin, TxOutput], bytes]


def _move(
    access: ChainAccess,
    token: Token,
    kind: str,
    to: str | None,
    unlock: Unlock,
    issuer: str | None,
    *,
    at: bytes | None = None,
    more: dict[str, Any] | None = None,
    also: Callable[[Connection], None] = lambda connection: None,
) -> Moved:
    """Build, check and store the next transaction of a token's path, with its event; then send it.

    `at` is the transaction that the caller saw it lie in: Conflict when it has moved on since.
    """
    store, keys = TokenStore(access), TokenKeys(access)
    signer = _issuer(access, token, issuer)
    policy = access.broadcaster.policy()
    with access.workspace.engine.begin() as connection:
        last = store.last(connection, token.mint)
        if last.keeper == NOBODY:
            raise Conflict(f"the token of {token.piece} has ended ({last.kind}): nothing can be done with it")
        if at is not None and last.txid != at:
            raise Conflict(
                f"{token.piece} has just been moved, in {hash_hex(last.txid)}; a code can be used once"
            )
        number = last.number + 1
        keeper, owner, output = NOBODY, None, TxOutput(0, melt_script(token.outpoint))
        if to is not None:
            keeper, owner = keeper_of(access, keys, to, token.piece, token.generation, number)
            output = TxOutput(1, p2pkh_script(owner))
        coin = access.coins.get(connection, Outpoint(last.txid, TOKEN_VOUT))
        signed = _signed(access, connection, policy, coin, output, unlock)
        now = access.workspace.now()
        access.outbox.store(
            connection,
            PURPOSE,
            signed,
            ours=access.wallet.script,
            token=None if owner is None else TOKEN_VOUT,
        )
        event = move_event(kind, token.piece, token.outpoint, now, signed.txid, **(more or {}))
        move = Move(
            token.mint, number, signed.txid, kind, keeper, owner, now,
            issuer=signer, event=event if signer else None,
        )  # fmt: skip
        store.add_move(connection, move)
        also(connection)
    state = _sent(access, move)
    code = keys.code(token.piece, token.generation, number) if keeper == CODE else None
    return Moved(token, signed.txid, state, code, signer is not None)


def _signed(
    access: ChainAccess,
    connection: Connection,
    policy: FeePolicy,
    coin: Coin,
    output: TxOutput,
    unlock: Unlock,
) -> SignedTransaction:
    first = SignedInput(coin, unlock(coin, output))
    coins = access.coins.afford(connection, [output], policy, first=coin)
    signed = build(coins, [output], access.wallet.script, policy, access.wallet, first=first)
    # The unlocking script may be a stranger's: nothing is stored that the chain would refuse.
    check_input(parse_transaction(signed.raw), 0, TxOutput(coin.satoshis, coin.script))
    return signed


def _sent(access: ChainAccess, move: Move) -> TxState:
    """Send it; what became of it. Raises BroadcastRejected when it was refused, and it is then undone."""
    try:
        settle(access)
    except BroadcastUncertain:
        return TxState.UNKNOWN
    sent = access.outbox.get(move.txid)
    if sent.state in (TxState.REJECTED, TxState.DOUBLE_SPENT):
        raise BroadcastRejected(
            f"the chain refuses to move the token a second time: {sent.detail or 'double spend'}"
        )
    return sent.state


def _holder(access: ChainAccess, token: Token, code: str | None) -> Unlock:
    """How the token is unlocked: by the workspace's key, or by the bearer code in hand."""
    keys = TokenKeys(access)
    last = TokenStore(access).path(token)[-1]
    key = keys.own if code is None else keys.of_code(code)
    if last.keeper != NOBODY and last.owner != key.hash160:
        held = {
            CODE: "it lies under a bearer code: give that with --code",
            ADDRESS: "it lies under an address of somebody else",
            WORKSPACE: "it does not lie under this code",
        }[last.keeper]
        raise Unauthorized(f"the token of {token.piece} is not ours to move: {held}")
    return lambda coin, output: sign_single(coin, output, key)


def _issuer(access: ChainAccess, token: Token, issuer: str | None) -> str | None:
    """Who signs the event: the party that was named, else the maker if this workspace holds their key."""
    workspace = access.workspace
    if issuer is not None:
        party = workspace.parties.find(issuer)
        workspace.held_key(party.keys)
        return party.uri
    maker = workspace.parties.get(token.certificate.maker)
    if maker is None:
        return None
    try:
        workspace.held_key(maker.keys)
    except NotFound:
        return None
    return maker.uri


def receipts_of(access: ChainAccess, token: Token) -> list[dict[str, Any]]:
    """The receipts of a token's sales that this workspace gave."""
    from sqlalchemy import select

    query = select(SALE_RECEIPT.c.document).where(SALE_RECEIPT.c.token == token.mint)
    with access.workspace.engine.connect() as connection:
        return [msgspec.json.decode(row) for row in connection.execute(query).scalars()]
