"""`/find`: a label's short code, typed by a person, leads on to the label's item.

It redirects only to what the table of codes names, which are items recorded and labelled here.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from firsthand.errors import InvalidInput, NotFound
from firsthand.service.short_codes import is_web, item_of
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.page_templates import PLAIN_HEADERS, render
from firsthand.web.pages import HTML
from firsthand.web.words import preferred, words_of

__all__ = ["find_code", "follow_code", "get_find"]

_HEADERS: Final = {**PLAIN_HEADERS, "Cache-Control": "no-store", "Vary": "Accept-Language"}
# What a URI may hold unescaped in Location (RFC 3986 §2), % being there for what is escaped already.
_URI: Final = "%:/?#[]@!$&'()*+,;=-._~"


def get_find(call: Call) -> Answer:
    """A page that takes a label's short code; with one, a redirect to the label's item."""
    call.only("code")
    code = call.parameter("code")
    if code is None or not code.strip():
        return _page(preferred(call.headers.get("accept-language", "")))
    return _led(call, code)


def find_code(call: Call) -> Answer:
    """The item of a label's short code."""
    call.only()
    code = call.names["code"]
    return json_answer({"item": item_of(call.server.workspace, code)})


def follow_code(call: Call) -> Answer:
    """The item of a label's short code, at an address as short as can be: `/p/CODE`"""
    call.only()
    return _led(call, call.names["code"])


def _led(call: Call, code: str) -> Answer:
    tag = preferred(call.headers.get("accept-language", ""))
    try:
        item = item_of(call.server.workspace, code)
    except InvalidInput:
        return _page(tag, code, alert="find.wrong", status=400)
    except NotFound:
        return _page(tag, code, alert="find.nobody", status=404)
    if is_web(item):
        return Answer(307, headers=_HEADERS | {"Location": quote(item, safe=_URI)})
    return _page(tag, code, item=item)


def _page(tag: str, code: str = "", *, alert: str = "", item: str = "", status: int = 200) -> Answer:
    text = render("find.html", words=words_of(tag), code=code[:40], alert=alert, item=item)
    return Answer(status, text, f"{HTML}; charset=utf-8", _HEADERS | {"Content-Language": tag})
