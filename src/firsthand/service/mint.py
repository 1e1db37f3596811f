"""Minting: one piece or hundreds, each the certificate of what its maker has recorded before.

All transactions of a run, its funding included, are stored in one database transaction before the first is
sent, with the events that will name them. So a crash leaves all of the run or nothing, and the same run
again finds what is there and goes on: no piece is minted twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from firsthand.chain.keys import decode_address
from firsthand.chain.protocols import FeePolicy
from firsthand.chain.signing import Coin, build, transaction_size
from firsthand.errors import BroadcastRejected, Conflict, InvalidInput, NotFound
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.capture import event_leaf
from firsthand.proof.certificate import (
    Certificate,
    Fingerprint,
    Photograph,
    inscription_script,
)
from firsthand.proof.parties import Party
from firsthand.proof.token import TOKEN_VOUT, brings_into_being
from firsthand.proof.transaction import Outpoint, TxOutput
from firsthand.service.chain_access import ChainAccess
from firsthand.service.token_events import FUNDING, PURPOSE, move_event, settle
from firsthand.service.token_store import ADDRESS, CODE, NOBODY, WORKSPACE, Move, Token, TokenKeys, TokenStore

__all__ = ["MAX_BATCH", "Minted", "Order", "mint"]

MAX_BATCH: Final = 1_000
"""Pieces funded by one transaction and stored together; a longer run is cut into such."""


@dataclass(frozen=True, slots=True)
class Order:
    """A piece to be certified; `to` is `workspace`, `code` (a new bearer code), or an address."""

    piece: str
    name: str
    fingerprint: Fingerprint
    photographs: tuple[Photograph, ...] = ()
    to: str = WORKSPACE


@dataclass(frozen=True, slots=True)
class Minted:
    """A token; `new` is False when the piece had it already, `code` its bearer code if it lies under one."""

    token: Token
    new: bool
    code: str | None


@dataclass(frozen=True, slots=True)
class _Planned:
    order: Order
    certificate: Certificate
    generation: int
    keeper: str
    owner: bytes
    output: TxOutput


def mint(access: ChainAccess, orders: Sequence[Order], maker: str) -> list[Minted]:
    """Mint the certificates of these pieces, each to its keeper, and journal the events that name them.

    Raises InvalidInput when a piece is named twice, NotFound when the maker has recorded no event that
    brings it into being, Conflict when it has a token with another certificate, InsufficientFunds, and
    BroadcastRejected when the chain refuses. After BroadcastUncertain the same call goes on where this one
    ended.
    """
    party = access.workspace.parties.find(maker)
    key = access.workspace.held_key(party.keys).did
    pieces = [order.piece for order in orders]
    if len(set(pieces)) != len(pieces):
        twice = next(piece for piece in pieces if pieces.count(piece) > 1)
        raise InvalidInput(f"{twice} is named twice: a piece has one certificate")
    certificates = [_certificate(access, order, party, key) for order in orders]
    _check_same(access, orders, certificates)
    new: set[str] = set()
    for start in range(0, len(orders), MAX_BATCH):
        group = slice(start, start + MAX_BATCH)
        new |= _store(access, party, orders[group], certificates[group])
    settle(access)
    return _minted(access, orders, new)


def _certificate(access: ChainAccess, order: Order, party: Party, key: str) -> Certificate:
    events = tuple(_being(access, order.piece, party))
    if not events:
        raise NotFound(
            f"{party.name} has recorded no event that brings {order.piece} into being "
            "(an ObjectEvent ADD, or a transformation that puts it out); record it first"
        )
    return Certificate(order.piece, order.name, party.uri, key, events, order.fingerprint, order.photographs)


def _being(access: ChainAccess, piece: str, party: Party) -> Iterator[bytes]:
    for number in access.workspace.index.by_item(piece):
        entry, _, body = access.workspace.journal.event(number)
        event = parse_canonical(body)
        if entry.issuer == party.uri and brings_into_being(event, piece):
            yield event_leaf(event)


def _store(
    access: ChainAccess, party: Party, orders: Sequence[Order], certificates: Sequence[Certificate]
) -> set[str]:
    """Build and store what is not minted yet; the pieces that were."""
    store, keys = TokenStore(access), TokenKeys(access)
    policy = access.broadcaster.policy()
    with access.workspace.engine.begin() as connection:
        planned = [
            plan
            for order, certificate in zip(orders, certificates, strict=True)
            if (plan := _plan(access, connection, store, keys, order, certificate)) is not None
        ]
        if not planned:
            return set()
        funds = _fund(access, connection, policy, [plan.output for plan in planned])
        now = access.workspace.now()
        for plan, coins in zip(planned, funds, strict=True):
            signed = build(coins, [plan.output], access.wallet.script, policy, access.wallet)
            access.outbox.store(connection, PURPOSE, signed, ours=access.wallet.script, token=TOKEN_VOUT)
            token = Token(signed.txid, plan.order.piece, plan.generation, plan.certificate, now)
            event = move_event("mint", token.piece, token.outpoint, now, signed.txid)
            store.add(connection, token)
            store.add_move(
                connection,
                Move(
                    token.mint, 0, token.mint, "mint", plan.keeper, plan.owner, now,
                    issuer=party.uri, event=event,
                ),
            )  # fmt: skip
    return {plan.order.piece for plan in planned}


def _plan(
    access: ChainAccess,
    connection: Connection,
    store: TokenStore,
    keys: TokenKeys,
    order: Order,
    certificate: Certificate,
) -> _Planned | None:
    """How a piece is minted; None when it has a live token already."""
    earlier = store.of_piece(connection, order.piece)
    if earlier and store.last(connection, earlier[-1].mint).keeper != NOBODY:
        return None
    generation = earlier[-1].generation + 1 if earlier else 0
    keeper, owner = keeper_of(access, keys, order.to, order.piece, generation, 0)
    output = TxOutput(1, inscription_script(certificate, owner))
    return _Planned(order, certificate, generation, keeper, owner, output)


def keeper_of(
    access: ChainAccess, keys: TokenKeys, to: str, piece: str, generation: int, number: int
) -> tuple[str, bytes]:
    """Who keeps a token that goes `to` (workspace, code, or an address), and the key hash of it."""
    if to == WORKSPACE:
        return WORKSPACE, keys.own.hash160
    if to == CODE:
        return CODE, keys.of_code(keys.code(piece, generation, number)).hash160
    owner = decode_address(to, access.network)
    if owner == access.wallet.hash160:
        raise InvalidInput("that is the wallet's own address, whose coins pay fees; use `token address`")
    return (WORKSPACE if owner == keys.own.hash160 else ADDRESS), owner


def _fund(
    access: ChainAccess, connection: Connection, policy: FeePolicy, outputs: Sequence[TxOutput]
) -> list[list[Coin]]:
    """The coins of each mint: of the wallet for one, an output of one funding transaction for each of
    many.
    """
    key = access.wallet
    if len(outputs) == 1:
        return [access.coins.afford(connection, outputs, policy)]
    needs = [1 + policy.fee(transaction_size(1, [output], change=True)) for output in outputs]
    funds = [TxOutput(need, key.script) for need in needs]
    signed = build(access.coins.afford(connection, funds, policy), funds, key.script, policy, key)
    access.outbox.store(connection, FUNDING, signed, ours=key.script)
    return [[Coin(Outpoint(signed.txid, at), fund.satoshis, fund.script)] for at, fund in enumerate(funds)]


def _check_same(access: ChainAccess, orders: Sequence[Order], certificates: Sequence[Certificate]) -> None:
    """Raises Conflict for the first piece whose live token says something else."""
    store = TokenStore(access)
    for order, certificate in zip(orders, certificates, strict=True):
        try:
            token = store.find(order.piece)
        except NotFound:
            continue
        there = token.certificate
        if store.path(token)[-1].keeper != NOBODY and (
            (there.name, there.maker, there.fingerprint, there.photographs)
            != (certificate.name, certificate.maker, certificate.fingerprint, certificate.photographs)
        ):
            raise Conflict(
                f"{order.piece} has the token {token.outpoint} with another certificate; "
                "melt that one first if it is wrong"
            )


def _minted(access: ChainAccess, orders: Sequence[Order], new: set[str]) -> list[Minted]:
    store, keys = TokenStore(access), TokenKeys(access)
    found: list[Minted] = []
    for order in orders:
        try:
            token = store.find(order.piece)
        except NotFound:
            raise BroadcastRejected(f"the chain refused the mint of {order.piece}") from None
        last = store.path(token)[-1]
        code = keys.code(token.piece, token.generation, last.number) if last.keeper == CODE else None
        found.append(Minted(token, order.piece in new, code))
    return found
