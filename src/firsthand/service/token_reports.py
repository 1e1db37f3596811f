"""What is recorded of a piece without moving its token: repair, resize, theft and recovery, ownership
shown.
"""

from __future__ import annotations

from firsthand.chain.keys import WalletKey
from firsthand.errors import Conflict, Unauthorized
from firsthand.proof.certificate import Fingerprint
from firsthand.proof.fields import base64_text
from firsthand.proof.token import TOKEN_VOUT, read_challenge
from firsthand.proof.transaction import Outpoint
from firsthand.service.capture import Captured
from firsthand.service.chain_access import ChainAccess
from firsthand.service.token_events import holder_text, plain_event, record_event, repair_details, theft_event
from firsthand.service.token_store import NOBODY, Token, TokenKeys, TokenStore

__all__ = ["record_work", "report_theft", "respond"]


def record_work(
    access: ChainAccess,
    name: str,
    kind: str,
    issuer: str,
    text: str,
    fingerprint: Fingerprint | None = None,
) -> Captured:
    """Record a `repair` or a `resize` as its workshop: the piece stays the same, its fingerprint may change.

    Raises Conflict when the token has ended, Unauthorized when the party cannot sign here.
    """
    token = TokenStore(access).find(name)
    if TokenStore(access).path(token)[-1].keeper == NOBODY:
        raise Conflict(f"the token of {token.piece} has ended: there is no piece to work on")
    time = access.workspace.now()
    details = repair_details(text, fingerprint)
    return record_event(access, issuer, plain_event(kind, token.piece, token.outpoint, time, **details))


def report_theft(
    access: ChainAccess, name: str, kind: str, issuer: str, text: str = "", code: str | None = None
) -> Captured:
    """Record that a piece was `stolen` or `recovered`.

    Only two may: the piece's maker, who signs as a party; and the holder, whose token key signs the report
    that any party then records. A holder's report counts while the token has not moved on
    (`chain.token.standing_theft`). Raises Unauthorized for anybody else.
    """
    token = TokenStore(access).find(name)
    time = access.workspace.now()
    party = access.workspace.parties.find(issuer)
    key = _holding_key(access, token, code)
    if key is None and party.uri != token.certificate.maker:
        raise Unauthorized(
            f"a theft is reported by the maker, {token.certificate.maker}, or by the holder: "
            "give the bearer code with --code, or report from the workspace that keeps the token"
        )
    held_at = signature = None
    if key is not None:
        held_at = Outpoint(TokenStore(access).path(token)[-1].txid, TOKEN_VOUT)
        signature = base64_text(key.sign_message(holder_text(kind, token, held_at, time)))
    event = theft_event(kind, token, time, held_at, signature, text)
    return record_event(access, issuer, event)


def respond(access: ChainAccess, challenge: str, code: str | None = None) -> str:
    """The answer to a challenge (base64 of a Bitcoin Signed Message), by the key that holds the token.

    Raises InvalidInput when it is no challenge, Unauthorized when the key is not here.
    """
    mint, tip = read_challenge(challenge)
    if code is not None:
        return base64_text(TokenKeys(access).of_code(code).sign_message(challenge))
    token = TokenStore(access).find(mint)
    key = _holding_key(access, token, None)
    if key is None or str(Outpoint(TokenStore(access).path(token)[-1].txid, TOKEN_VOUT)) != tip:
        raise Unauthorized("this workspace does not keep that token there; give the bearer code with --code")
    return base64_text(key.sign_message(challenge))


def _holding_key(access: ChainAccess, token: Token, code: str | None) -> WalletKey | None:
    """The key that holds the token, if it is here or is this code. Raises Unauthorized for another code."""
    keys = TokenKeys(access)
    owner = TokenStore(access).path(token)[-1].owner
    key = keys.own if code is None else keys.of_code(code)
    if key.hash160 == owner:
        return key
    if code is not None:
        raise Unauthorized(f"the token of {token.piece} does not lie under this code")
    return None
