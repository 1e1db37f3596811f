"""The ledger of scans: who scanned which serial when, as little as is needed to find copies, for as long as
the settings say.

Kept of a scan: the second, the place to a tenth of a degree if the sender gave one, a keyed hash of the
device that differs from piece to piece, and whether the piece's NFC tag answered. Nothing else, and nothing
of it is journaled.

verdict = record_scan(access, piece, device="…", place=(48.1, 11.6))     # .word, .text, .reasons
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from hmac import digest as hmac
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, and_, delete, func, select

from firsthand.errors import InvalidInput, NotFound
from firsthand.events.instants import microseconds
from firsthand.journal.database import reading
from firsthand.service.chain_access import ChainAccess
from firsthand.service.scan_verdict import Facts, Point, Reason, Scan, Verdict, coarse_point, judge
from firsthand.service.shipped import was_shipped
from firsthand.service.tables import SCAN
from firsthand.service.tags import Message, Tags, lasting_secret
from firsthand.service.token_files import token_status
from firsthand.service.trace import lot_uri
from firsthand.service.workspace import Workspace

__all__ = ["Scanned", "forget_scans", "look_at", "record_scan", "scanned_pieces", "scans_of", "verdict_value"]

DEVICE_KEY: Final = "scans"

_DAY: Final = 86_400
_MOST: Final = 1_000
"""Scans of one piece that are judged: the newest."""

_LONGEST_DEVICE: Final = 500


class Scanned(NamedTuple):
    """A piece with its number of scans; `last` in seconds since 1970."""

    piece: str
    scans: int
    last: int


def record_scan(
    access: ChainAccess,
    piece: str | None,
    *,
    device: str | None = None,
    place: tuple[float, float] | None = None,
    message: Message | None = None,
) -> tuple[str, Verdict]:
    """Keep a scan and judge it; the piece's canonical URI and what to tell. Scans that are too old go.

    `place` is latitude and longitude in degrees; `device` whatever the caller tells devices apart by. The
    piece may be left out where its tag's message says it. A message that is refused is a reason to be
    careful, and its scan counts as one without a tag.

    Raises InvalidInput for a wrong place, URI or device, NotFound when a message without a piece names none.
    """
    workspace = access.workspace
    tags = Tags(workspace)
    tap, trouble = None, None
    if message is not None:
        try:
            tap = tags.read(message)
        except InvalidInput as error:
            trouble = Reason("tag-invalid", str(error))
    if piece is None and tap is None:
        raise NotFound("the scan names no piece, and no message of a known tag that would")
    uri = tags.piece_of(tap) if piece is None and tap is not None else lot_uri(piece or "")
    if len(uri) > _MOST:
        raise InvalidInput(f"the piece's URI is longer than {_MOST} characters")
    point = None if place is None else _point(place)
    hashed = None if device is None else _device(workspace, uri, device)
    facts = _facts(access, uri)
    now = _seconds(workspace)
    with workspace.engine.begin() as connection:
        _forget(connection, workspace, now)
        if tap is not None:
            trouble = tags.accept(connection, tap, uri)
        scan = Scan(now, point, hashed, tap is not None and trouble is None)
        row = {"piece": uri, "at": now, "device": hashed, "tag": scan.tag}
        row |= {"latitude": point.latitude, "longitude": point.longitude} if point is not None else {}
        connection.execute(SCAN.insert().values(row))
        scans = _kept(connection, workspace, uri, now)
    return uri, judge(scans, replace(facts, tag_trouble=trouble), workspace.settings.scans)


def look_at(access: ChainAccess, piece: str) -> tuple[str, Verdict]:
    """What the scans of a piece tell so far, without keeping another. Raises InvalidInput."""
    uri = lot_uri(piece)
    return uri, judge(scans_of(access.workspace, uri), _facts(access, uri), access.workspace.settings.scans)


def scans_of(workspace: Workspace, piece: str) -> Sequence[Scan]:
    """The scans of a piece that are kept, in the order of time; the newest thousand."""
    with reading(workspace.engine) as connection:
        return _kept(connection, workspace, lot_uri(piece), _seconds(workspace))


def scanned_pieces(workspace: Workspace) -> list[Scanned]:
    """The pieces with scans that are kept, the last scanned first."""
    last = func.max(SCAN.c.at)
    query = select(SCAN.c.piece, func.count(), last).where(
        SCAN.c.at > _oldest(workspace, _seconds(workspace))
    )
    with reading(workspace.engine) as connection:
        rows = connection.execute(query.group_by(SCAN.c.piece).order_by(last.desc(), SCAN.c.piece))
        return [Scanned(*row) for row in rows]


def forget_scans(workspace: Workspace) -> int:
    """Delete the scans that are older than the settings allow; how many."""
    with workspace.engine.begin() as connection:
        return _forget(connection, workspace, _seconds(workspace))


def verdict_value(piece: str, verdict: Verdict) -> dict[str, Any]:
    """A verdict as it is handed out: no time, place or device of another scan."""
    return {
        "piece": piece,
        "word": verdict.word,
        "text": verdict.text,
        "reasons": [reason._asdict() for reason in verdict.reasons],
        "scans": verdict.scans,
        "tag": verdict.tag,
    }


def _facts(access: ChainAccess, piece: str) -> Facts:
    recorded = bool(access.workspace.index.by_item(piece))
    try:
        status = token_status(access, piece)
    except NotFound:
        return Facts(recorded, recorded and was_shipped(access.workspace, piece))
    shipped = status.claimed is not None or (recorded and was_shipped(access.workspace, piece))
    return Facts(recorded, shipped, status.claimed, status.stolen is not None, status.ended)


def _kept(connection: Connection, workspace: Workspace, piece: str, now: int) -> list[Scan]:
    query = (
        select(SCAN)
        .where(and_(SCAN.c.piece == piece, SCAN.c.at > _oldest(workspace, now)))
        .order_by(SCAN.c.at.desc(), SCAN.c.number.desc())
        .limit(_MOST)
    )
    found = [
        Scan(
            row.at,
            Point(row.latitude, row.longitude) if row.latitude is not None else None,
            row.device,
            row.tag,
        )
        for row in connection.execute(query)
    ]
    return found[::-1]


def _forget(connection: Connection, workspace: Workspace, now: int) -> int:
    return connection.execute(delete(SCAN).where(SCAN.c.at <= _oldest(workspace, now))).rowcount


def _oldest(workspace: Workspace, now: int) -> int:
    return now - workspace.settings.scans.keep_days * _DAY


def _seconds(workspace: Workspace) -> int:
    return microseconds(workspace.now()) // 1_000_000


def _device(workspace: Workspace, piece: str, device: str) -> bytes:
    """Half a hash is enough to tell devices apart. The piece in it keeps a device from being followed."""
    if not device or len(device) > _LONGEST_DEVICE:
        raise InvalidInput(f"expected 1 to {_LONGEST_DEVICE} characters", "$.device")
    key = lasting_secret(workspace, DEVICE_KEY, 32)
    return hmac(key, f"{piece}\0{device}".encode("utf-8", "surrogatepass"), "sha256")[:16]


def _point(place: tuple[float, float]) -> Point:
    latitude, longitude = place
    if not (abs(latitude) <= 90 and abs(longitude) <= 180):
        raise InvalidInput("expected latitude -90 to 90 and longitude -180 to 180, in degrees", "$.place")
    return coarse_point(latitude, longitude)
