"""A linkset as a page: the links by their titles, and the same as JSON-LD for machines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from markupsafe import Markup

from firsthand.service.resolve import Level
from firsthand.web.page_templates import render
from firsthand.web.words import words_of

__all__ = ["linkset_page"]


def linkset_page(levels: Sequence[Level], linked_data: dict[str, Any], tag: str) -> bytes:
    """The page of these levels, framed in a language of LOCALES."""
    # Within <script> only `<` can end it or begin anything else (HTML §4.12.1.3).
    data = Markup(msgspec.json.encode(linked_data).decode().replace("<", "\\u003c"))
    return render("linkset.html", words=words_of(tag), levels=levels, data=data)
