"""Finding and reading a sheet's header: which row it is, and what each header says beside its name.

Clerks write a title above the header, put the unit behind the name (`Peso (kg)`, `Altitude [m]`), or give
the units a row of their own. Collection tools head a column by its path (`plot/peso`).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from firsthand.profiles.rows import header_key

__all__ = [
    "HeaderName",
    "decimal_mark_of",
    "is_total",
    "likely_header",
    "path_end",
    "read_header",
    "units_below",
    "words_in",
]

_BRACKETED: Final = re.compile(r"^(.*?)\s*[(\[{]\s*([^()\[\]{}]{1,24}?)\s*[)\]}]\s*$")
_ONLY_BRACKETED: Final = re.compile(r"[(\[{][^()\[\]{}]{1,24}[)\]}]")
_WORDS: Final = re.compile(r"[^\W\d_]+|%")
_JOINERS: Final = frozenset(("in", "en", "em", "de", "per", "por", "par"))
_NUMBER_OR_DATE: Final = re.compile(r"[+-]?[0-9][0-9.,:/' -]*(?:[^\W\d_%]{1,4}|%)?")
_WITH_COMMA: Final = re.compile(r"[+-]?[0-9]+(?:\.[0-9]{3})*,(?:[0-9]{1,2}|[0-9]{4,})\s*[^\d.,/:-]*")
_WITH_POINT: Final = re.compile(r"[+-]?[0-9]+(?:,[0-9]{3})*\.(?:[0-9]{1,2}|[0-9]{4,})\s*[^\d.,/:-]*")
_TOTALS: Final = frozenset(
    (
        "total",
        "totals",
        "totales",
        "totaux",
        "totais",
        "subtotal",
        "sum",
        "suma",
        "somme",
        "soma",
        "gran",
        "grand",
    )
)
_FULL: Final = 0.6
"""A header fills at least so much of the widest row near it; a title above it does not."""


@dataclass(frozen=True, slots=True)
class HeaderName:
    """A header as people mean it. The keys are as `header_key` makes them; `unit` is a code, or None.

    `name` is the header without its unit, `parts` are those of its path, the last one without its unit.
    """

    key: str
    name: str
    parts: tuple[str, ...]
    unit: str | None


def read_header(header: str, units: Mapping[str, str]) -> HeaderName:
    """A header with its unit split off; `units` leads from a word to its code."""
    text = unicodedata.normalize("NFKC", header)
    name, unit = _without_unit(text, units)
    return HeaderName(header_key(header), header_key(name), tuple(map(header_key, _path(name))), unit)


def path_end(header: str) -> str:
    """The last part of a path, as collection tools head columns by; other headers as they stand."""
    return _path(header)[-1]


def _path(header: str) -> list[str]:
    return [header] if "(" in header or " " in header else header.rstrip("/").split("/")


def _without_unit(text: str, units: Mapping[str, str]) -> tuple[str, str | None]:
    if match := _BRACKETED.match(text):
        unit = _unit(match[2], units)
        return (match[1], unit) if unit and match[1].strip() else (text, None)
    words = [word for word in re.split(r"[\s_.,;:-]+", text) if word]
    joined = len(words) > 2 and words[-2].casefold() in ("in", "en", "em")
    # A single letter at the end is more often a number's name than a unit: "Plot G".
    if len(words) > 1 and (len(words[-1]) > 1 or joined) and (unit := units.get(words[-1].casefold())):
        rest = text[: text.rindex(words[-1])].rstrip(" _.,;:-")
        if joined:
            rest = rest[: rest.rindex(words[-2])].rstrip(" _.,;:-")
        return (rest, unit) if rest else (text, None)
    return text, None


def _unit(text: str, units: Mapping[str, str]) -> str | None:
    words = [word for word in text.casefold().split() if word not in _JOINERS]
    joined = "".join(words).replace(".", "")
    return units.get(joined) or (units.get(words[0].replace(".", "")) if len(words) == 1 else None)


def words_in(text: str) -> list[str]:
    """The words of a header without case and accents: `Código_socio` gives `codigo`, `socio`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    plain = unicodedata.normalize("NFKD", spaced.casefold())
    return _WORDS.findall("".join(character for character in plain if not unicodedata.combining(character)))


def likely_header(rows: Sequence[Sequence[str]]) -> int:
    """Which of a sheet's first rows heads it: the first that is wide, all text, and has no word twice."""
    widest = max((_filled(row) for row in rows), default=0)
    for index, row in enumerate(rows):
        cells = [cell.strip() for cell in row if cell.strip()]
        if len(cells) < _FULL * widest or len(cells) < min(2, widest):
            continue
        if not any(_NUMBER_OR_DATE.fullmatch(cell) for cell in cells):
            return index
    return 0


def units_below(header: Sequence[str], row: Sequence[str]) -> bool:
    """Whether the row under a header holds nothing but units in brackets."""
    cells = [(index, cell.strip()) for index, cell in enumerate(row) if cell.strip()]
    return bool(cells) and all(
        _ONLY_BRACKETED.fullmatch(cell) and index < len(header) and header[index].strip()
        for index, cell in cells
    )


def is_total(cells: Iterable[str]) -> bool:
    """Whether a row adds up those above it, by the first word in it."""
    first = next((cell for cell in cells if cell.strip()), "")
    words = words_in(first)
    return bool(words) and words[0] in _TOTALS


def decimal_mark_of(cells: Iterable[str], usual: str) -> str:
    """The decimal mark that a sheet's cells show, where they all show the same one; else the usual one."""
    comma = point = False
    for cell in cells:
        text = cell.strip()
        comma = comma or _WITH_COMMA.fullmatch(text) is not None
        point = point or _WITH_POINT.fullmatch(text) is not None
    return usual if comma == point else "," if comma else "."


def _filled(row: Sequence[str]) -> int:
    return sum(1 for cell in row if cell.strip())
