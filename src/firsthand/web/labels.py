"""Checking a label on the passport's side: a shopper asks, and hears first scan, seen before, or be careful.

Nothing is kept of who only reads a passport: a scan is what somebody sends by pressing a button.
"""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl, quote

from firsthand.errors import InvalidInput
from firsthand.service.passport import name_of
from firsthand.service.scans import record_scan, verdict_value
from firsthand.service.tags import parse_message
from firsthand.service.trace import lot_uri
from firsthand.web.calls import Answer, Call
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.scans import slow_down
from firsthand.web.words import LOCALES, preferred, words_of

__all__ = ["get_label", "post_label"]

_POLICY: Final = PLAIN_HEADERS["Content-Security-Policy"] + "; form-action 'self'"
_HEADERS: Final = {
    **PLAIN_HEADERS,
    "Content-Security-Policy": _POLICY,
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
_LANGUAGES: Final = [(one, words_of(one)) for one in LOCALES if one != "en-US"]
_LONGEST: Final = 100


def get_label(call: Call) -> Answer:
    """A page on which a shopper may ask what to think of a label; a tag's link may bring its message"""
    call.only("item", "lang", "picc", "cmac")
    item = lot_uri(call.uri_parameter("item") or "")
    tag = {name: call.parameter(name, _LONGEST) or "" for name in ("picc", "cmac")}
    return _page(call, item, call.parameter("lang") or "", tag=tag)


def post_label(call: Call) -> Answer:
    """Keep a scan of the label and say what to think of it"""
    slow_down(call)
    call.only()
    try:
        form = dict(parse_qsl(call.body.decode(), max_num_fields=10))
    except ValueError:
        raise InvalidInput("the form cannot be read") from None
    item = form.get("item", "")
    if not 0 < len(item) <= 1_000:
        raise InvalidInput("expected the URI of a lot or piece", "$.item")
    picc, cmac = form.get("picc", ""), form.get("cmac", "")
    message = parse_message(picc, cmac) if picc or cmac else None
    device = f"{call.client}\0{call.headers.get('user-agent', '')}"[:500]
    uri, verdict = record_scan(call.server.access, lot_uri(item), device=device, message=message)
    return _page(call, uri, form.get("lang", ""), verdict=verdict_value(uri, verdict))


def _page(
    call: Call,
    item: str,
    asked: str,
    *,
    tag: dict[str, str] | None = None,
    verdict: dict[str, Any] | None = None,
) -> Answer:
    words = words_of(asked if asked in LOCALES else preferred(call.headers.get("accept-language", "")))
    address = quote(item, safe="")
    text = render(
        "label.html",
        words=words,
        languages=_LANGUAGES,
        language=lambda one: f"/label?item={address}&lang={one}",
        item=item,
        name=name_of(item),
        passport=f"/passport?uri={address}",
        tag=tag,
        verdict=verdict,
        days=call.server.workspace.settings.scans.keep_days,
    )
    return Answer(200, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": words.tag})
