"""Pages for people. What a page may load or ask for, it says itself; the header repeats it."""

from __future__ import annotations

from typing import Final

from firsthand.errors import NotFound
from firsthand.service.pages import VERIFIER, built_page
from firsthand.web.calls import Answer, Call
from firsthand.web.problems import Problem

__all__ = ["HTML", "get_verifier"]

HTML: Final = "text/html"


def get_verifier(call: Call) -> Answer:
    """The verifier as one self-contained page."""
    call.only("lang")
    return _page(VERIFIER)


def _page(name: str) -> Answer:
    try:
        page = built_page(name)
    except NotFound as error:
        raise Problem(503, "", str(error)) from None
    headers = {
        "Content-Security-Policy": f"{page.policy}; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "ETag": page.etag,
    }
    return Answer(200, page.body, f"{HTML}; charset=utf-8", headers)
