"""What happens to a piece as EPCIS events: made by the moves of its token, or recorded by themselves.

A move's event is stored with its transaction and journaled once the chain has taken that: a crash in between
loses neither, and neither is done twice. Prices and names of buyers are never in an event.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection

from firsthand.chain.protocols import TxState
from firsthand.errors import BroadcastUncertain
from firsthand.journal.protocol import Appended
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.certificate import Fingerprint, fingerprint_document
from firsthand.proof.token import NAMESPACE, theft_text
from firsthand.proof.transaction import Outpoint, hash_hex
from firsthand.service.capture import Captured, capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.token_store import Move, Token, TokenStore

__all__ = [
    "FUNDING",
    "PURPOSE",
    "TOKEN_PURPOSES",
    "move_event",
    "plain_event",
    "record_event",
    "record_waiting",
    "settle",
    "theft_event",
]

_CONTEXT: Final = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"fh": NAMESPACE}]

_WORDS: Final[dict[str, dict[str, Any]]] = {
    "sale": {"bizStep": "retail_selling", "disposition": "retail_sold"},
    "repair": {"bizStep": "repairing"},
    "resize": {"bizStep": "repairing"},
    "melt": {"action": "DELETE", "bizStep": "destroying", "disposition": "destroyed"},
    "stolen": {"persistentDisposition": {"set": ["stolen"]}},
    "recovered": {"persistentDisposition": {"unset": ["stolen"]}},
}
"""CBV 2.0's words for what has one."""

PURPOSE: Final = "token"
"""What the outbox calls a transaction that mints, moves or ends tokens."""

FUNDING: Final = "token-funding"
"""And one that gives each mint of a batch its coin."""

TOKEN_PURPOSES: Final = (PURPOSE, FUNDING)

_DONE: Final = (TxState.SEEN, TxState.MINED)


def plain_event(kind: str, piece: str, token: Outpoint, time: str, **more: Any) -> dict[str, Any]:
    """An event of this kind about the piece; `time` in UTC, written with `Z`."""
    return {
        "@context": _CONTEXT,
        "type": "ObjectEvent",
        "eventTime": time,
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "epcList": [piece],
        **_WORDS.get(kind, {}),
        "fh:pieceEvent": kind,
        "fh:token": str(token),
        **more,
    }


def move_event(kind: str, piece: str, token: Outpoint, time: str, txid: bytes, **more: Any) -> bytes:
    """The event of a move, canonical: it names the transaction that moved the token."""
    return canonical(plain_event(kind, piece, token, time, **{"fh:tokenMove": hash_hex(txid), **more}))


def repair_details(text: str, fingerprint: Fingerprint | None) -> dict[str, Any]:
    """What was done, and the piece's fingerprint after it where that changed."""
    more: dict[str, Any] = {"fh:work": text}
    if fingerprint is not None:
        more["fh:fingerprint"] = fingerprint_document(fingerprint)
    return more


def theft_event(
    kind: str, token: Token, time: str, held_at: Outpoint | None, signature: str | None, text: str
) -> dict[str, Any]:
    """A report of theft or recovery, with the holder's signature where a holder makes it."""
    more: dict[str, Any] = {"fh:statement": text} if text else {}
    if held_at is not None and signature is not None:
        more |= {"fh:heldAt": str(held_at), "fh:holderSignature": signature}
    return plain_event(kind, token.piece, token.outpoint, time, **more)


def holder_text(kind: str, token: Token, held_at: Outpoint, time: str) -> str:
    """The line that the holder signs for `theft_event`."""
    return theft_text(kind, token.piece, token.outpoint, held_at, time)


def record_event(access: ChainAccess, issuer: str, event: dict[str, Any]) -> Captured:
    """Sign and journal one event as a party of this workspace. Raises Unauthorized or NotFound."""
    workspace = access.workspace
    party = workspace.parties.find(issuer)
    return capture_events(workspace, prepare([event]), party.uri, workspace.held_key(party.keys))


def settle(access: ChainAccess) -> None:
    """Send what is unsent, take back what the chain refused, and journal the events of what it took.

    Raises BroadcastUncertain when nothing is known; all is kept, and the next call goes on.
    """
    uncertain: BroadcastUncertain | None = None
    try:
        access.settle()
    except BroadcastUncertain as error:
        uncertain = error
    forget_refused(access)
    record_waiting(access)
    if uncertain is not None:
        raise uncertain


def forget_refused(access: ChainAccess) -> list[Move]:
    """Forget the moves that the chain refused for good; an event that named one is declared not to have
    been.
    """
    store = TokenStore(access)
    refused = [sent.txid for sent in access.outbox.all((TxState.REJECTED,)) if sent.purpose == PURPOSE]
    moves = store.by_txid(refused)
    for move in moves:
        if move.place is not None and move.event is not None and move.issuer is not None:
            now = access.workspace.now()
            declaration = {"declarationTime": now, "reason": "did_not_occur"}
            record_event(access, move.issuer, parse_canonical(move.event) | {"errorDeclaration": declaration})
    with access.workspace.engine.begin() as connection:
        for move in moves:
            store.forget(connection, move)
    return moves


def record_waiting(access: ChainAccess) -> None:
    """Journal the events of moves that the chain has taken: one capture for each issuer."""
    store = TokenStore(access)
    waiting: dict[str, list[Move]] = {}
    for move in store.unrecorded():
        if move.issuer is not None and access.outbox.get(move.txid).state in _DONE:
            waiting.setdefault(move.issuer, []).append(move)
    for issuer, moves in waiting.items():
        _record(access, store, issuer, moves)


def _record(access: ChainAccess, store: TokenStore, issuer: str, moves: list[Move]) -> None:
    workspace = access.workspace
    party = workspace.parties.find(issuer)
    prepared = prepare([parse_canonical(move.event) for move in moves if move.event is not None])

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        store.recorded(connection, [move.txid for move in moves], appended[-1].place)

    capture_events(workspace, prepared, party.uri, workspace.held_key(party.keys), also=also)
