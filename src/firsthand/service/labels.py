"""Labels: a QR code that leads to an item's passport, and the words beside it.

The QR code holds the item's own URI where a browser can open it and the label has room for it, else
`/p/CODE` of this workspace. A GS1 key stands there below the workspace's URI, which GS1's own domain does not
lead to. What a label says comes from the record or from whoever prints it; the log's short name tells two
logs apart.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote

import msgspec

from firsthand.chain.bearer import code_entropy, encode_code
from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.events.identifiers import canonical
from firsthand.profiles.profile import word
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.checkpoint import parse_note
from firsthand.service.label_layout import Line
from firsthand.service.label_words import label_words
from firsthand.service.short_codes import short_codes, web_address
from firsthand.service.workspace import Workspace

__all__ = ["Label", "Wanted", "bearer_labels", "labels", "read_bearer_codes", "read_wanted"]

_COLUMNS: Final = ("item", "name", "origin", "lot")


@dataclass(frozen=True, slots=True)
class Wanted:
    """An item to be labelled; what is empty comes from the record."""

    item: str
    name: str = ""
    origin: str = ""
    lot: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What one label holds; `url` is empty on one without a QR code, `short` is there for want of room."""

    item: str
    url: str
    short: str
    code: str
    lines: tuple[Line, ...]


def read_wanted(path: Path, name: str = "", origin: str = "") -> list[Wanted]:
    """The items of a CSV file with the column `item`, and `name`, `origin`, `lot` where they differ.

    Raises UnreadableInput or InvalidInput naming the line.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file, strict=True)
            if "item" not in (rows.fieldnames or ()):
                raise InvalidInput(f"{path}: expected a first line with the column item")
            unknown = [one for one in rows.fieldnames or () if one not in _COLUMNS]
            if unknown:
                raise InvalidInput(
                    f"{path}: no column {unknown[0]!r} is known; there are {', '.join(_COLUMNS)}"
                )
            found = []
            for row in rows:
                if None in row or not (row["item"] or "").strip():
                    raise InvalidInput(
                        f"{path}, line {rows.line_num}: expected an item and no more than the columns"
                    )
                given = {column: (row.get(column) or "").strip() for column in _COLUMNS}
                found.append(
                    Wanted(given["item"], given["name"] or name, given["origin"] or origin, given["lot"])
                )
            return found
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableInput(f"{path} cannot be read as CSV: {error}") from None


def labels(workspace: Workspace, wanted: Sequence[Wanted], language: str = "en") -> Iterator[Label]:
    """The labels, one by one, with their short codes kept.

    Raises NotFound for an item that no recorded event speaks of, before anything is stored; InvalidInput.
    """
    said = label_words(language)
    events = {one.item: workspace.index.by_item(one.item) for one in wanted}
    for item, numbers in events.items():
        if not numbers:
            raise NotFound(f"no recorded event speaks of {item!r}; record it before it is labelled")
    codes = short_codes(workspace, list(events))
    log = _log_name(workspace)
    return (_label(workspace, one, events[one.item], codes[one.item], log, said, language) for one in wanted)


def read_bearer_codes(path: Path) -> list[tuple[str, str]]:
    """Pieces and bearer codes from what `firsthand token mint --json` or `batch --json` printed.

    Raises UnreadableInput or InvalidInput; pieces without a code are left out.
    """
    try:
        document = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UnreadableInput(f"{path} cannot be read as JSON: {error}") from None
    tokens = document.get("tokens", [document]) if type(document) is dict else None
    if type(tokens) is not list or not all(
        type(one) is dict and type(one.get("piece")) is str and type(one.get("code")) in (str, type(None))
        for one in tokens
    ):
        raise InvalidInput(f"{path}: expected the output of `firsthand token batch --json`")
    found = []
    for one in tokens:
        if one.get("code"):
            try:
                found.append((one["piece"], encode_code(code_entropy(one["code"]))))
            except InvalidInput as error:
                raise InvalidInput(f"{path}: {one['piece']}: {error}") from None
    if not found:
        raise InvalidInput(f"{path}: no piece in it lies under a bearer code")
    return found


def bearer_labels(
    workspace: Workspace, codes: Sequence[tuple[str, str]], language: str = "en"
) -> Iterator[Label]:
    """Scratch labels: the bearer code and, to put it on the right piece, the piece's short code."""
    said = label_words(language)
    for piece, _ in codes:
        if not workspace.index.by_item(piece):
            raise NotFound(f"no recorded event speaks of {piece!r}")
    short = short_codes(workspace, [piece for piece, _ in codes])
    for piece, code in codes:
        groups = code.split("-")
        halves = ("-".join(groups[: len(groups) // 2]) + "-", "-".join(groups[len(groups) // 2 :]))
        lines = (
            Line(said["scratch"]),
            *(Line(half, bold=True, cut=False, whole=True) for half in halves),
            Line(_tail(piece), most=3, cut=False),
            Line(said["code"].format(short[piece]), cut=False, whole=True),
        )
        yield Label(piece, "", "", short[piece], lines)


def _label(
    workspace: Workspace,
    one: Wanted,
    numbers: Sequence[int],
    code: str,
    log: str,
    said: Mapping[str, str],
    language: str,
) -> Label:
    entry, _, body = workspace.journal.event(numbers[0])
    name = one.name or _craft(workspace, parse_canonical(body), language)
    if one.origin:
        origin = said["origin"].format(one.origin)
    else:
        party = workspace.parties.get(entry.issuer)
        origin = said["recorded"].format(party.name if party is not None else entry.issuer)
    kind, number = ("lot", one.lot) if one.lot else _lot(one.item)
    lines = [Line(said["scan"]), Line(name, bold=True)] if name else [Line(said["scan"])]
    lines += [
        Line(origin),
        Line(said[kind].format(number), most=3, cut=False),
        Line(said["code"].format(code), bold=True, cut=False, whole=True),
    ]
    if log:
        lines.append(Line(said["log"].format(log), cut=False, whole=True))
    own = workspace.settings.uri.rstrip("/")
    short = f"{own}/p/{quote(code)}"
    return Label(one.item, web_address(one.item, own) or short, short, code, tuple(lines))


def _log_name(workspace: Workspace) -> str:
    """The log's short name; empty before the first anchor, which names the log."""
    anchor = workspace.anchors.last()
    if anchor is None or not anchor.checkpoint:
        return ""
    return parse_note(anchor.checkpoint).checkpoint.short_name


def _craft(workspace: Workspace, event: dict[str, Any], language: str) -> str:
    """The craft's own word, where the item's first event names a craft that is known here."""
    name = event.get("fh:profile")
    if type(name) is not str or name not in workspace.profile_names():
        return ""
    return word(workspace.profile(name).label, language)


def _lot(item: str) -> tuple[str, str]:
    """Whether an item's last name is a lot's or a single thing's, and that name."""
    segments = _path(canonical(item)).split("/")
    kind = "lot" if "lot" in segments or (len(segments) > 2 and segments[-2] == "10") else "serial"
    return kind, _tail(item)


def _tail(item: str) -> str:
    uri = canonical(item)
    return unquote(_path(uri).rpartition("/")[2]) or uri


def _path(uri: str) -> str:
    return re.split("[?#]", uri, maxsplit=1)[0].rstrip("/")
