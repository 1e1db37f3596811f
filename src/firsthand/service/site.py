"""Passports as a folder of files that any web host can serve, with proofs, headers and the log's tiles.

`id/item/…/index.html` and its other languages, `passport.json`, `passport.fhproof`; the log's
`checkpoint` and `tile/…` (C2SP tlog-tiles); `headers.raw`. The folder is written beside and takes the old
one's place whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote, urlsplit

from firsthand.errors import NotFound, WorkspaceError
from firsthand.ledger.event_sql import Viewer
from firsthand.ledger.log_tree import TILE_WIDTH
from firsthand.proof.canonical import parse_canonical
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_checkpoint, export_headers
from firsthand.service.passport import passport
from firsthand.service.passport_model import Passport
from firsthand.service.prove import prove_events, write_whole
from firsthand.service.publish import published_end
from firsthand.service.trace import lot_uri

__all__ = ["MARK", "PROOFS", "Site", "publish_site", "site_path", "sold_items"]

PROOFS: Final = "passport.fhproof"
MARK: Final = ".firsthand-site"
"""A folder without this file is not ours to replace."""

_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Site:
    """What was written: passports by their path in the folder, and the size of the log."""

    passports: dict[str, str]
    log_size: int


def sold_items(access: ChainAccess, most: int | None = None) -> list[str]:
    """The pieces and lots that a shop sold, in journal order; what a shopper may hold in hand."""
    workspace = access.workspace
    found: dict[str, None] = {}
    for entry in workspace.journal.entries():
        for body in workspace.journal.bodies(entry.first_event, entry.count) if entry.count else ():
            if b'"bizStep":"retail_selling"' not in body:
                continue
            event = parse_canonical(body)
            listed = [
                *event.get("epcList", ()),
                *(one.get("epcClass") for one in event.get("quantityList", ())),
            ]
            found |= dict.fromkeys(one for one in listed if isinstance(one, str))
            if most is not None and len(found) >= most:
                return list(found)[:most]
    return list(found)


def site_path(uri: str, own: str) -> PurePosixPath:
    """Where a passport lies in the folder: an item below the workspace's URI at its path, else by hash."""
    if uri.startswith(f"{own.rstrip('/')}/id/") and "?" not in uri and "#" not in uri:
        parts = [unquote(part) for part in urlsplit(uri).path.strip("/").split("/")]
        if all(
            part.isprintable() and part.strip(".") and len(part.encode()) <= _LONGEST for part in parts
        ) and (not any("/" in part or "\\" in part for part in parts)):
            return PurePosixPath(*parts)
    return PurePosixPath("passport", sha256(uri.encode()).hexdigest()[:32])


def publish_site(
    access: ChainAccess,
    folder: Path,
    uris: Iterable[str],
    pages: Callable[[Passport, PurePosixPath], Mapping[str, bytes]],
    shared: Mapping[str, bytes],
    told: Callable[[str], None] = lambda uri: None,
) -> Site:
    """Write the passports of these lots and pieces; `pages` gives one's files, `shared` those of all.

    Raises NotFound when one of them is not published or not in a block, and WorkspaceError when the folder
    is there and was not written by this, or cannot be written. The old folder then stays as it was.
    """
    if folder.exists() and not (folder / MARK).is_file():
        raise WorkspaceError(f"{folder} is there and is no site of Firsthand's; name a new folder")
    beside = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        beside.mkdir(parents=True)
        site = _write(access, beside, uris, pages, shared, told)
        _swap(beside, folder)
    except OSError as error:
        raise WorkspaceError(f"cannot write {folder}: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return site


def _write(
    access: ChainAccess,
    folder: Path,
    uris: Iterable[str],
    pages: Callable[[Passport, PurePosixPath], Mapping[str, bytes]],
    shared: Mapping[str, bytes],
    told: Callable[[str], None],
) -> Site:
    own, published = access.workspace.settings.uri, _published(access)
    written: dict[str, str] = {}
    for uri in dict.fromkeys(map(lot_uri, uris)):
        found = passport(access, uri, Viewer(), published)
        path = site_path(found.uri, own)
        place = folder / path
        place.mkdir(parents=True, exist_ok=True)
        write_whole(place / PROOFS, prove_events(access, list(found.events)), lambda line: None)
        for name, body in pages(found, path).items():
            (place / name).write_bytes(body)
        written[str(path)] = found.uri
        told(uri)
    if not written:
        raise NotFound("there is nothing to write: nothing was sold yet; name the items")
    for name, body in {**shared, **dict(_log(access))}.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    (folder / "headers.raw").write_bytes(b"".join(export_headers(access)))
    (folder / MARK).write_text("firsthand publish-site\n")
    last = access.workspace.anchors.last()
    return Site(written, last.size if last else 0)


def _published(access: ChainAccess) -> int:
    """The number below which every event is public."""
    end = published_end(access)
    last = next(iter(access.workspace.journal.entries(end - 1, end)), None) if end else None
    return last.first_event + last.count if last is not None else 0


def _log(access: ChainAccess) -> Iterator[tuple[str, bytes]]:
    """The checkpoint and the hash tiles of the anchored log (C2SP tlog-tiles, `<prefix>/tile/<L>/<N>`)."""
    last = access.workspace.anchors.last()
    yield "checkpoint", export_checkpoint(access)
    level, size = 0, last.size if last else 0
    while size:
        for index in range(-(-size // TILE_WIDTH)):
            width = min(TILE_WIDTH, size - index * TILE_WIDTH)
            part = "" if width == TILE_WIDTH else f".p/{width}"
            yield f"tile/{level}/{_tile_name(index)}{part}", access.workspace.tree.tile(level, index, width)
        level, size = level + 1, size // TILE_WIDTH


def _tile_name(index: int) -> str:
    """Three digits an element, all but the last with an x: 1234067 is x001/x234/067."""
    name = f"{index % 1000:03d}"
    while index >= 1000:
        index //= 1000
        name = f"x{index % 1000:03d}/{name}"
    return name


def _swap(beside: Path, folder: Path) -> None:
    """Put the new folder in the old one's place: two renames, and the old one back if the second fails."""
    old = folder.with_name(f".{folder.name}.old.{os.getpid()}")
    if folder.exists():
        folder.rename(old)
    try:
        beside.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)
