"""A linkset as a page: the links by their titles, and the same as JSON-LD for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from firsthand.service.resolve import Level

__all__ = ["HTML_HEADERS", "linkset_page"]

HTML_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

_JINJA: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def linkset_page(levels: Sequence[Level], linked_data: dict[str, Any]) -> bytes:
    """The page of these levels."""
    # Within <script> only `<` can end it or begin anything else (HTML §4.12.1.3).
    data = Markup(msgspec.json.encode(linked_data).decode().replace("<", "\\u003c"))
    return _JINJA.get_template("linkset.html").render(levels=levels, data=data).encode()
