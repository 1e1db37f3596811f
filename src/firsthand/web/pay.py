"""Thanking makers over HTTP: pages that work without scripts, each with its JSON twin."""

from __future__ import annotations

import io
from contextlib import suppress
from fractions import Fraction
from typing import Any, Final
from urllib.parse import parse_qsl, quote

import segno

from firsthand.errors import BroadcastUncertain, Conflict, InvalidInput
from firsthand.ledger.event_sql import Viewer
from firsthand.service.paid import paid_to_makers
from firsthand.service.passport import name_of
from firsthand.service.pay import Options, options
from firsthand.service.pay import quote as make_quote
from firsthand.service.pay_out import pass_on
from firsthand.service.pay_receive import receive, watch
from firsthand.service.pay_store import Payment, PaymentStore
from firsthand.service.pay_views import current_rate, options_value, paid_value, payment_value
from firsthand.service.trace import lot_uri
from firsthand.web.calls import JSON, LONGEST_URI, Answer, Call, json_answer
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.problems import Problem
from firsthand.web.server import Server
from firsthand.web.words import LOCALES, Words, preferred, words_of

__all__ = [
    "follow_payments",
    "get_paid",
    "get_pay",
    "get_payment",
    "get_qr",
    "post_pay",
    "post_transaction",
]

_SVG: Final = "image/svg+xml"
_FORM: Final = "application/x-www-form-urlencoded"
_BYTES: Final = "application/octet-stream"
_SATOSHIS: Final = "satoshis"
_LANGUAGES: Final = [(one, words_of(one)) for one in LOCALES if one != "en-US"]
_FIELDS: Final = ("item", "path", "currency", "amount", _SATOSHIS)

_HEADERS: Final = {
    **PLAIN_HEADERS,
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    # The reader's own wallet listens on their device (BRC-100 over HTTP).
    "connect-src 'self' http://localhost:3301 http://localhost:3321 https://localhost:2121; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Vary": "Accept, Accept-Language",
}


def get_pay(call: Call) -> Answer:
    """How the makers of an item can be thanked, as a page or as data"""
    call.only("item", "currency", "lang")
    found = _options(call.server, call.uri_parameter("item"))
    rate = current_rate(call.server.rates, call.parameter("currency", 3))
    value = options_value(call.server.access, found, rate)
    return json_answer(value) if _wants_data(call) else _page(call, value)


def post_pay(call: Call) -> Answer:
    """Ask for a payment: a quote to a wallet, or an address for this payment alone"""
    _slow_down(call)
    call.only()
    form = call.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM
    wanted = _form(call) if form else _asked(call.json_body())
    found = _options(call.server, wanted.get("item"))
    try:
        payment = _quote(call.server, found, wanted)
    except (InvalidInput, Conflict) as error:
        if not form:
            raise
        rate = current_rate(call.server.rates, wanted.get("currency"))
        value = options_value(call.server.access, found, rate)
        return _page(call, value, wanted=wanted, alert=str(error), status=400)
    headers = {"Location": f"/pay/{payment.id}"}
    if form:
        language = f"?lang={wanted['lang']}" if wanted.get("lang") in LOCALES else ""
        return Answer(303, headers=_HEADERS | {"Location": f"/pay/{payment.id}{language}"})
    return json_answer(payment_value(call.server.access, payment), 201, headers)


def get_payment(call: Call) -> Answer:
    """A payment and how far it has come, as a page or as data"""
    call.only("lang")
    payment = PaymentStore(call.server.access).get(call.names["paymentID"])
    value = payment_value(call.server.access, payment)
    return json_answer(value) if _wants_data(call) else _payment_page(call, value)


def post_transaction(call: Call) -> Answer:
    """Send the transaction of a payment: a BEEF (BRC-62, 96, 95), or raw where the chain knows its parents"""
    _slow_down(call)
    call.only()
    payment = PaymentStore(call.server.access).get(call.names["paymentID"])
    receive(call.server.access, payment, _transaction(call))
    return json_answer(payment_value(call.server.access, payment), 202)


def get_qr(call: Call) -> Answer:
    """The QR code of a payment's address"""
    call.only()
    payment = PaymentStore(call.server.access).get(call.names["paymentID"])
    value = payment_value(call.server.access, payment)
    if "uri" not in value:
        raise Problem(404, "NoSuchNameException", "a payment by wallet has no address")
    drawn = io.BytesIO()
    code = segno.make(value["uri"], error="m", micro=False)
    code.save(drawn, kind="svg", border=4, scale=6, light="#fff", dark="#000", xmldecl=False)
    headers = {"Cache-Control": "private, max-age=86400", "X-Content-Type-Options": "nosniff"}
    return Answer(200, drawn.getvalue(), _SVG, headers)


def get_paid(call: Call) -> Answer:
    """What the makers of an item were paid so far, with the transactions that prove it"""
    call.only("item")
    found = _options(call.server, call.uri_parameter("item"))
    return json_answer(paid_value(call.server.access, paid_to_makers(call.server.access, found.item)))


def follow_payments(server: Server) -> None:
    """Look for money at the addresses given in the last days, and pass on what has come."""
    access = server.access
    if not access.workspace.settings.pay.enabled:
        return
    store = PaymentStore(access)
    waiting = store.waiting(server.payments_since())
    if not waiting and not store.is_open():
        return
    with suppress(BroadcastUncertain):
        watch(access, waiting)
    with suppress(BroadcastUncertain):
        pass_on(access)


def _options(server: Server, item: str | None) -> Options:
    if not item or len(item) > LONGEST_URI:
        raise InvalidInput("expected the URI of a lot or piece", "$.item")
    return options(server.access, lot_uri(item), viewer=Viewer(), published=server.published())


def _quote(server: Server, found: Options, wanted: dict[str, str]) -> Payment:
    amount, currency = wanted.get("amount", ""), wanted.get("currency", "")
    if _SATOSHIS in wanted or currency == _SATOSHIS:
        text = wanted.get(_SATOSHIS, amount).strip().replace(" ", "")
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise InvalidInput(f"expected whole satoshis, got {text[:40]!r}", "$.satoshis")
        return make_quote(server.access, found, wanted.get("path", ""), satoshis=int(text))
    path = wanted.get("path", "")
    return make_quote(server.access, found, path, amount=amount, currency=currency, rates=server.rates)


def _asked(body: dict[str, Any]) -> dict[str, str]:
    found = {}
    for name, value in body.items():
        if name not in _FIELDS:
            raise InvalidInput(f"a payment has no field {name[:40]!r}", "$")
        if name == _SATOSHIS and type(value) is int:
            value = str(value)
        if type(value) is not str or not 0 < len(value) <= LONGEST_URI:
            raise InvalidInput("expected a text, or whole satoshis", f"$.{name}")
        found[name] = value
    if "path" not in found or (_SATOSHIS in found) == ("amount" in found):
        raise InvalidInput("expected item, path, and satoshis or amount with currency", "$")
    return found


def _form(call: Call) -> dict[str, str]:
    try:
        pairs = parse_qsl(call.body.decode(), max_num_fields=20, keep_blank_values=False)
    except ValueError:
        raise InvalidInput("the form cannot be read") from None
    found = dict(pairs)
    # A typed amount goes before a chosen one.
    found["amount"] = found.pop("other", "") or found.get("amount", "")
    return found


def _transaction(call: Call) -> bytes:
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == _BYTES:
        return call.body
    value = call.json_body().get("tx")
    try:
        if type(value) is str:
            return bytes.fromhex(value)
        if type(value) is list:
            return bytes(value)
    except (ValueError, TypeError):
        pass
    raise InvalidInput("expected the transaction's bytes, in hex or as a list of numbers", "$.tx")


def _slow_down(call: Call) -> None:
    wait = call.server.payments.wait(call.client)
    if wait:
        raise Problem(429, "", "too many payments from your address", {"Retry-After": str(wait)})
    call.server.payments.add(call.client)


def _wants_data(call: Call) -> bool:
    accept = call.headers.get("accept", "")
    return JSON in accept and HTML not in accept


def _words(call: Call, wanted: str = "") -> Words:
    asked = wanted or call.parameter("lang") or ""
    return words_of(asked if asked in LOCALES else preferred(call.headers.get("accept-language", "")))


def _page(
    call: Call,
    value: dict[str, Any],
    *,
    wanted: dict[str, str] | None = None,
    alert: str = "",
    status: int = 200,
) -> Answer:
    words = _words(call, (wanted or {}).get("lang", ""))
    paid = paid_value(call.server.access, paid_to_makers(call.server.access, value["item"]))
    available = [one for one in value["paths"] if one["available"]]
    text = render(
        "pay.html",
        words=words,
        languages=_LANGUAGES,
        fraction=Fraction,
        value=value,
        paid=paid,
        name=name_of(value["item"]),
        passport=f"/passport?uri={quote(value['item'], safe='')}",
        available=available,
        alert=alert,
        wanted=wanted or {},
        language=lambda tag: f"/pay?item={quote(value['item'], safe='')}&lang={tag}",
    )
    return _html(text, words, status)


def _payment_page(call: Call, value: dict[str, Any]) -> Answer:
    words = _words(call)
    text = render(
        "payment.html",
        words=words,
        languages=_LANGUAGES,
        fraction=Fraction,
        value=value,
        name=name_of(value["item"]),
        passport=f"/passport?uri={quote(value['item'], safe='')}",
        again=f"/pay?item={quote(value['item'], safe='')}",
        language=lambda tag: f"/pay/{value['id']}?lang={tag}",
    )
    return _html(text, words, 200)


def _html(text: bytes, words: Words, status: int) -> Answer:
    return Answer(status, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": words.tag})
