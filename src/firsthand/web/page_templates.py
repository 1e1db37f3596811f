"""The templates of all pages, filled in: whatever a maker or a reader wrote is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

__all__ = ["PLAIN_HEADERS", "STYLE", "TEMPLATES", "render"]

TEMPLATES: Final = Path(__file__).parent / "templates"
STYLE: Final = "passport.css"

PLAIN_HEADERS: Final = {
    # No form-action: browsers hold redirects after a form to it, and items live at any host.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of pages without scripts."""

_JINJA: Final = Environment(
    loader=FileSystemLoader(TEMPLATES),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(template: str, **values: Any) -> bytes:
    """A template filled in, UTF-8."""
    return _JINJA.get_template(template).render(**values).encode()
