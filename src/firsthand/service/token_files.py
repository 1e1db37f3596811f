"""A token's file, out of a workspace and into one; and what a workspace knows of a token by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from firsthand.chain.beef import check_mined, encode_beef, parse_beef
from firsthand.chain.protocols import TxState
from firsthand.chain.theft import Hop, Theft, standing_theft
from firsthand.chain.token import TokenReport, verify_token
from firsthand.errors import BroadcastUncertain, Conflict, FirsthandError, InvalidInput, NotFound
from firsthand.events.identifiers import canonical as canonical_uri
from firsthand.proof.bump import parse_bump
from firsthand.proof.bundle import parse_bundle
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.capture import event_leaf
from firsthand.proof.token import (
    TOKEN_VOUT,
    Holding,
    event_word,
    is_about,
    parse_token_file,
    write_token_file,
)
from firsthand.proof.transaction import Outpoint, hash_hex
from firsthand.service.chain_access import ChainAccess
from firsthand.service.prove import prove_events
from firsthand.service.token_events import settle
from firsthand.service.token_store import ADDRESS, NOBODY, WORKSPACE, Move, Token, TokenKeys, TokenStore

__all__ = ["Step", "TokenStatus", "export_token", "import_token", "token_status"]


@dataclass(frozen=True, slots=True)
class Step:
    """One transaction of a token's path as this workspace knows it; `height` is None outside of a block."""

    kind: str
    txid: bytes
    created: str
    keeper: str
    height: int | None


@dataclass(frozen=True, slots=True)
class TokenStatus:
    """A token as this workspace knows it; `unspent` is what its live source said when `height` was its tip.

    `claimed` is when a bearer code was swept, `events` the events about the piece as (kind, time, issuer).
    """

    token: Token
    tip: Outpoint | None
    owner: bytes | None
    path: tuple[Step, ...]
    claimed: str | None
    stolen: Theft | None
    events: tuple[tuple[str, str, str], ...]
    unspent: bool | None
    height: int | None

    @property
    def ended(self) -> bool:
        """Whether the token was melted."""
        return self.tip is None


def export_token(access: ChainAccess, name: str) -> Iterator[bytes]:
    """The lines of a token's file: its path, every transaction with its BUMP, and all events about the piece.

    What the chain says is taken in first, if it answers. Raises NotFound when a transaction or an event is
    in no block yet; run `firsthand anchor --wait`.
    """
    with suppress(BroadcastUncertain):
        settle(access)
    token = TokenStore(access).find(name)
    beef = encode_beef([_proven(access, move) for move in TokenStore(access).path(token)])
    return write_token_file(token.outpoint, beef, _bundles(access, token))


def _bundles(access: ChainAccess, token: Token) -> Iterator[bytes]:
    """The proofs of events about the piece: those of other logs, as they came, and our own, made anew."""
    numbers = access.workspace.index.by_item(token.piece)
    ours = list(prove_events(access, numbers))
    known = {_leaf(line) for line in ours}
    yield from (line for line in TokenStore(access).bundles(token.mint) if _leaf(line) not in known)
    yield from ours


def _leaf(line: bytes) -> bytes:
    return event_leaf(parse_bundle(line.removesuffix(b"\n")).event)


def _proven(access: ChainAccess, move: Move) -> tuple[bytes, bytes]:
    """A move's raw transaction and BUMP, under our best chain as it is now."""
    if move.raw is None:
        sent = access.outbox.get(move.txid)
        if sent.bump is None:
            raise NotFound(
                f"the {move.kind} {hash_hex(move.txid)} is in no block yet; "
                "run `firsthand anchor --wait` first"
            )
        return sent.raw, sent.bump
    assert move.bump is not None
    return move.raw, _refreshed(access, move, move.bump)


def _refreshed(access: ChainAccess, move: Move, bump: bytes) -> bytes:
    """The BUMP of a move made elsewhere; after a reorganisation the broadcaster is asked for its new one."""
    try:
        check_mined(move.txid, parse_bump(bump), access.headers)
        return bump
    except InvalidInput:
        pass
    status = access.broadcaster.status(move.txid)
    if status.state is not TxState.MINED or status.bump is None:
        raise NotFound(
            f"{hash_hex(move.txid)} left the best chain and is in no block again yet; try again later"
        )
    fresh = parse_bump(status.bump)
    check_mined(move.txid, fresh, access.headers)
    single = fresh.single(move.txid)
    with access.workspace.engine.begin() as connection:
        TokenStore(access).proven(connection, move.txid, single)
    return single


def import_token(access: ChainAccess, data: bytes) -> TokenReport:
    """Take in a token's file: to hold its token here, or to take up moves that were made elsewhere.

    It is verified by the workspace's own headers first. Raises InvalidInput with the step that failed,
    Conflict when the workspace knows another path of that token.
    """
    access.sync_headers()
    report = verify_token(data, access.headers)
    if not report.valid or report.certificate is None:
        failed = next(step for step in report.steps if step.outcome.value != "passed")
        raise InvalidInput(f"the token does not verify ({failed.name}): {failed.detail}")
    beef = parse_beef(parse_token_file(data).beef)
    store, keys = TokenStore(access), TokenKeys(access)
    now = access.workspace.now()
    kept = {_leaf(line): line for line in store.bundles(report.mint.txid)}
    with access.workspace.engine.begin() as connection:
        known = store.moves(connection, report.mint.txid)
        ours = [move.txid for move in known]
        theirs = [hop.txid for hop in report.hops]
        if ours != theirs[: len(ours)] and theirs != ours[: len(theirs)]:
            raise Conflict("this workspace knows another path of that token; one of them was not mined")
        if not known:
            earlier = store.of_piece(connection, report.certificate.piece)
            generation = earlier[-1].generation + 1 if earlier else 0
            token = Token(report.mint.txid, report.certificate.piece, generation, report.certificate, now)
            store.add(connection, token)
        for number in range(len(known), len(report.hops)):
            hop = report.hops[number]
            kind = "mint" if number == 0 else "transfer" if hop.holding else str(report.state)
            move = Move(
                report.mint.txid, number, hop.txid, kind, _keeper(keys, hop.holding),
                hop.holding.owner if hop.holding else None, now,
                raw=beef.transactions[hop.txid].raw, bump=beef.bumps[hop.txid].single(hop.txid),
            )  # fmt: skip
            store.add_move(connection, move)
            access.coins.follow(connection, beef.transactions[hop.txid], TOKEN_VOUT, hop.holding is not None)
        kept |= {_leaf(line): line + b"\n" for line in parse_token_file(data).bundles}
        store.keep_bundles(connection, report.mint.txid, b"".join(kept.values()))
    return report


def _keeper(keys: TokenKeys, holding: Holding | None) -> str:
    if holding is None:
        return NOBODY
    return WORKSPACE if holding.owner == keys.own.hash160 else ADDRESS


def token_status(access: ChainAccess, name: str, *, ask: bool = False) -> TokenStatus:
    """What this workspace knows of a token; with `ask`, the live source is asked whether its tip is unspent.

    Raises NotFound when the workspace follows no token of that name.
    """
    store = TokenStore(access)
    token = store.find(name)
    moves = store.path(token)
    hops = [_hop(access, move) for move in moves]
    tip = hops[-1].holding
    told, events = _events(access, token)
    stolen, _ = standing_theft(told, token.certificate, token.outpoint, hops)
    unspent, height = live(access, tip.outpoint) if ask and tip is not None else (None, None)
    return TokenStatus(
        token=token,
        tip=tip.outpoint if tip else None,
        owner=tip.owner if tip else None,
        path=tuple(
            Step(move.kind, move.txid, move.created, move.keeper, hop.height)
            for move, hop in zip(moves, hops, strict=True)
        ),
        claimed=next((move.created for move in reversed(moves) if move.kind == "claim"), None),
        stolen=stolen,
        events=tuple(events),
        unspent=unspent,
        height=height,
    )


def live(access: ChainAccess, tip: Outpoint) -> tuple[bool | None, int | None]:
    """Whether the tip is unspent, as far as the workspace's live source can tell, and that source's
    height.
    """
    source = access.coin_source
    if source is None:
        return None, None
    try:
        unspent = source.is_unspent(tip.txid, tip.vout)
        height, _ = access.header_sources[0].tip()
    except BroadcastUncertain:
        return None, None
    return unspent, height


def _hop(access: ChainAccess, move: Move) -> Hop:
    holding = Holding(Outpoint(move.txid, TOKEN_VOUT), move.owner) if move.owner is not None else None
    if move.raw is None:
        return Hop(move.txid, holding, access.outbox.get(move.txid).block_height)
    assert move.bump is not None
    return Hop(move.txid, holding, parse_bump(move.bump).height)


def _events(
    access: ChainAccess, token: Token
) -> tuple[list[tuple[dict[str, Any], str, int | None]], list[tuple[str, str, str]]]:
    """The events about the piece, with issuer and the block that fixed each; and their gist."""
    told: list[tuple[dict[str, Any], str, int | None]] = []
    gist: list[tuple[str, str, str]] = []
    heights: dict[int, int | None] = {}
    for number in access.workspace.index.by_item(canonical_uri(token.piece)):
        entry, _, body = access.workspace.journal.event(number)
        event = parse_canonical(body)
        if not is_about(event, token.piece):
            continue
        if entry.place not in heights:
            heights[entry.place] = _anchored_at(access, entry.place)
        told.append((event, entry.issuer, heights[entry.place]))
        gist.append((event_word(event), str(event.get("eventTime")), entry.issuer))
    return told, gist


def _anchored_at(access: ChainAccess, place: int) -> int | None:
    for anchor in access.workspace.anchors.covering(place):
        try:
            height = access.outbox.get(anchor.txid).block_height
        except FirsthandError:
            continue
        if height is not None:
            return height
    return None
