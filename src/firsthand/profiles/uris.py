"""URIs of lots and places, from the cells of a row: templates filled under the operator's base URI.

A filled URI always lies under `{base}/id/`, whatever a cell holds: cells are percent-encoded whole, and
every path segment of a template begins with a letter of its own, so that a cell can form neither `..` nor
a GS1 Digital Link (`/01/…`). Different cells give different URIs.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping
from urllib.parse import quote

from firsthand.errors import InvalidInput

__all__ = ["check_base", "check_template", "fill", "row_digest", "template_names"]

_BASE = re.compile(r"https?://[A-Za-z0-9.-]+(:[1-9][0-9]{0,4})?(/[A-Za-z0-9._~-]+)*/?")
_NAME = re.compile(r"\{([a-z][A-Za-z0-9]*)\}")
_SEGMENT = re.compile(r"[a-z](?:[A-Za-z0-9._~:-]|\{[a-z][A-Za-z0-9]*\})*")
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff]")
_LONGEST = 300
"""Of a percent-encoded cell; a longer one names nothing (its template is passed over)."""


def check_base(base: str) -> str:
    """The base without its last slash. Raises InvalidInput unless it is http(s) with a host and a path."""
    if not _BASE.fullmatch(base):
        raise InvalidInput(
            f'"{base[:80]}" cannot begin the URIs of lots: expected one like https://coop.example'
        )
    return base.rstrip("/")


def check_template(template: str, path: str) -> None:
    """Raises InvalidInput unless each path segment begins with a letter and is safe as it stands."""
    for segment in template.split("/"):
        if not _SEGMENT.fullmatch(segment):
            raise InvalidInput(
                f'"{template}": each path segment begins with a small letter and holds letters, digits, '
                "`.`, `_`, `~`, `:`, `-` and {fields}",
                path,
            )


def template_names(template: str) -> list[str]:
    """The fields that a template names."""
    return _NAME.findall(template)


def fill(base: str, templates: tuple[str, ...], cells: Mapping[str, str]) -> str | None:
    """The first template whose cells are all there, under `{base}/id/`; None when none is."""
    for template in templates:
        segments = {name: _encoded(cells.get(name, "")) for name in template_names(template)}
        if all(segments.values()):
            return f"{base}/id/{template.format_map(segments)}"
    return None


def row_digest(occurrence: int, values: tuple[str, ...]) -> str:
    """32 hex digits that name one row by its cells, for a lot whose own number is blank.

    Of equal rows the first has `occurrence` 1, the next 2: two equal rows are two lots, wherever they stand.
    """
    digest = hashlib.sha256(b"firsthand row\0%d" % occurrence)
    for value in values:
        text = value.encode("utf-8", "surrogatepass")
        digest.update(b"\0%d\0" % len(text) + text)
    return digest.hexdigest()[:32]


def _encoded(cell: str) -> str:
    text = unicodedata.normalize("NFC", " ".join(cell.split()))
    encoded = "" if _CONTROL.search(text) else quote(text, safe="")
    return encoded if len(encoded) <= _LONGEST else ""
