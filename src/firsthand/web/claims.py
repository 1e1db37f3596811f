"""Claiming a piece over HTTP: its bearer code is used on the reader's phone and never comes here."""

from __future__ import annotations

import re
from typing import Final

from firsthand.chain.keys import encode_address
from firsthand.errors import InvalidInput
from firsthand.proof.transaction import hash_hex
from firsthand.service.passport import name_of
from firsthand.service.token_files import token_status
from firsthand.service.token_moves import claim_signed, place_of
from firsthand.service.trace import lot_uri
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.problems import Problem
from firsthand.web.words import LOCALES, preferred, words_of

__all__ = ["get_claim", "get_place", "post_claim"]

_HEADERS: Final = {
    **PLAIN_HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
_HASH: Final = re.compile(r"[0-9a-f]{40}")
_LANGUAGES: Final = [(one, words_of(one)) for one in LOCALES if one != "en-US"]


def get_claim(call: Call) -> Answer:
    """The page on which a piece's token is claimed with its bearer code"""
    call.only("item", "lang")
    item = lot_uri(call.uri_parameter("item") or "")
    found = token_status(call.server.access, item, ask=False)
    asked = call.parameter("lang")
    words = words_of(asked if asked in LOCALES else preferred(call.headers.get("accept-language", "")))
    text = render(
        "claim.html",
        words=words,
        languages=_LANGUAGES,
        language=lambda tag: f"/claim?item={_escaped(item)}&lang={tag}",
        item=item,
        name=found.token.certificate.name or name_of(item),
        passport=f"/passport?uri={_escaped(item)}",
        open=not found.ended,
    )
    return Answer(200, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": words.tag})


def get_place(call: Call) -> Answer:
    """Where the token lies that a key hash holds: what its holder needs to sign it away"""
    _slow_down(call)
    call.only("owner")
    place = place_of(call.server.access, _hash(call.parameter("owner") or "", "owner"))
    return json_answer(
        {
            "token": str(place.token.outpoint),
            "piece": place.token.piece,
            "outpoint": str(place.coin.outpoint),
            "satoshis": place.coin.satoshis,
            "script": place.coin.script.hex(),
            "addressVersion": call.server.access.network.address_version,
        }
    )


def post_claim(call: Call) -> Answer:
    """Claim a token by its holder's signature; the workspace's wallet pays the network's fee"""
    _slow_down(call)
    call.only()
    body = call.json_body()
    if set(body) != {"token", "owner", "unlocking"} or any(type(one) is not str for one in body.values()):
        raise InvalidInput("expected token, owner and unlocking, all texts", "$")
    owner = encode_address(_hash(body["owner"], "$.owner"), call.server.access.network)
    try:
        unlocking = bytes.fromhex(body["unlocking"])
    except ValueError:
        raise InvalidInput("expected hex", "$.unlocking") from None
    moved = claim_signed(call.server.access, body["token"], owner, unlocking)
    value = {
        "token": str(moved.token.outpoint),
        "piece": moved.token.piece,
        "txid": hash_hex(moved.txid),
        "state": moved.state.value,
    }
    return json_answer(value, 202)


def _hash(text: str, path: str) -> bytes:
    if not _HASH.fullmatch(text):
        raise InvalidInput("expected a key hash: 40 hex digits in small letters", path)
    return bytes.fromhex(text)


def _escaped(item: str) -> str:
    from urllib.parse import quote

    return quote(item, safe="")


def _slow_down(call: Call) -> None:
    wait = call.server.payments.wait(call.client)
    if wait:
        raise Problem(429, "", "too many claims from your address", {"Retry-After": str(wait)})
    call.server.payments.add(call.client)
