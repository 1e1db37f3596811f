"""`/find`: a label's short code, typed by a person, leads on to the label's item.

It redirects only to what the table of codes names, which are items recorded and labelled here.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Final
from urllib.parse import quote

from firsthand.errors import InvalidInput, NotFound
from firsthand.service.label_words import page_words
from firsthand.service.short_codes import is_web, item_of
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.pages import HTML

__all__ = ["find_code", "get_find"]

_STYLE: Final = (
    "body{font:1.1rem/1.5 system-ui,sans-serif;max-width:30rem;margin:2rem auto;padding:0 1rem;color:#111;"
    "background:#fff}input,button{font:inherit;padding:.5rem;margin:.25rem 0}input{width:100%;"
    "box-sizing:border-box;border:1px solid #555}[role=alert]{color:#a00000}p{overflow-wrap:anywhere}"
)
# No form-action: browsers hold redirects after a form to it, and items live at any host.
_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{b64encode(sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Vary": "Accept-Language",
}
# What a URI may hold unescaped in Location (RFC 3986 §2), % being there for what is escaped already.
_URI: Final = "%:/?#[]@!$&'()*+,;=-._~"


def get_find(call: Call) -> Answer:
    """A page that takes a label's short code; with one, a redirect to the label's item."""
    call.only("code")
    code = call.parameter("code")
    language, said = page_words(call.headers.get("accept-language", ""))
    if code is None or not code.strip():
        return _page(language, said)
    try:
        item = item_of(call.server.workspace, code)
    except InvalidInput:
        return _page(language, said, code, _alert(said["wrong"]), 400)
    except NotFound:
        return _page(language, said, code, _alert(said["nobody"]), 404)
    if is_web(item):
        return Answer(307, headers=_HEADERS | {"Location": quote(item, safe=_URI)})
    return _page(language, said, code, f"<p>{escape(said['item'])}<br><bdi>{escape(item)}</bdi></p>")


def find_code(call: Call) -> Answer:
    """The item of a label's short code."""
    call.only()
    code = call.names["code"]
    return json_answer({"item": item_of(call.server.workspace, code)})


def _alert(text: str) -> str:
    return f'<p role="alert">{escape(text)}</p>'


def _page(
    language: str, said: Mapping[str, str], code: str = "", result: str = "", status: int = 200
) -> Answer:
    direction = "rtl" if language == "ar" else "ltr"
    text = (
        f'<!DOCTYPE html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(said['title'])}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(said['title'])}</h1><p>{escape(said['ask'])}</p>{result}"
        f'<form action="/find" method="get"><label for="code">{escape(said["code"])}</label>'
        f'<input id="code" name="code" dir="ltr" maxlength="40" required autocomplete="off" '
        f'autocapitalize="characters" spellcheck="false" value="{escape(code[:40])}">'
        f"<button>{escape(said['find'])}</button></form></main></body></html>"
    )
    headers = _HEADERS | {"Content-Language": language}
    return Answer(status, text.encode(), f"{HTML}; charset=utf-8", headers)
