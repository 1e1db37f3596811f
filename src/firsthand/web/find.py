"""`/find` and `/p`: a label's short code, typed by a person or scanned, leads on to the label's item.

It redirects only to what the table of codes names, which are items recorded and labelled here.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from firsthand.errors import InvalidInput, NotFound
from firsthand.service.short_codes import item_of, web_address
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.words import preferred, words_of

__all__ = ["find_code", "get_find", "get_label"]

_HEADERS: Final = {**PLAIN_HEADERS, "Cache-Control": "no-store", "Vary": "Host, Accept-Language"}
# What a URI may hold unescaped in Location (RFC 3986 §2), % being there for what is escaped already.
_URI: Final = "%:/?#[]@!$&'()*+,;=-._~"


def get_find(call: Call) -> Answer:
    """A page that takes a label's short code; with one, a redirect to the label's item."""
    call.only("code")
    code = call.parameter("code")
    tag = preferred(call.headers.get("accept-language", ""))
    if code is None or not code.strip():
        return _page(tag)
    return _lead(call, tag, code)


def get_label(call: Call) -> Answer:
    """The item of a label's short code: a redirect, as short as a link can be for small labels"""
    call.only()
    return _lead(call, preferred(call.headers.get("accept-language", "")), call.names["code"])


def _lead(call: Call, tag: str, code: str) -> Answer:
    try:
        item = item_of(call.server.workspace, code)
    except InvalidInput:
        return _page(tag, code, alert="find.wrong", status=400)
    except NotFound:
        return _page(tag, code, alert="find.nobody", status=404)
    address = web_address(item, call.base_url)
    if address is not None:
        return Answer(307, headers=_HEADERS | {"Location": quote(address, safe=_URI)})
    return _page(tag, code, item=item)


def find_code(call: Call) -> Answer:
    """The item of a label's short code."""
    call.only()
    code = call.names["code"]
    return json_answer({"item": item_of(call.server.workspace, code)})


def _page(tag: str, code: str = "", *, alert: str = "", item: str = "", status: int = 200) -> Answer:
    text = render("find.html", words=words_of(tag), code=code[:40], alert=alert, item=item)
    return Answer(status, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": tag})
