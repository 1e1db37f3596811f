"""`scan`: scans of labels, what they tell, and NFC tags."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_access, open_workspace

if TYPE_CHECKING:
    from firsthand.service.scan_verdict import Scan, Verdict

__all__ = ["register"]

scan = typer.Typer(help="Scans of labels: find copies.", no_args_is_help=True)
tag = typer.Typer(help="NFC tags (NTAG 424 DNA) on pieces.", no_args_is_help=True)
scan.add_typer(tag, name="tag")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(scan, name="scan")


@scan.command("record")
def record(
    piece: Annotated[
        str | None, typer.Argument(help="The URI of the pack or piece; by default what its tag says.")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="LATITUDE,LONGITUDE in degrees; kept to a tenth of one.")
    ] = None,
    device: Annotated[str | None, typer.Option(help="What tells devices apart; only a hash is kept.")] = None,
    picc: Annotated[str | None, typer.Option(help="The tag's encrypted data: 32 hex digits.")] = None,
    cmac: Annotated[str | None, typer.Option(help="The tag's CMAC: 16 hex digits.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Keep a scan and say what to think of the piece.

    Example:  firsthand scan record https://aurum.example/id/item/ring-7 --place 48.1,11.6
    Example:  firsthand scan record --picc EF963FF7828658A599F3041510671E88 --cmac 94EED9EE65337086
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.scans import record_scan, verdict_value
    from firsthand.service.tags import parse_message

    if (picc is None) != (cmac is None) or (piece is None and picc is None):
        raise InvalidInput("say what was scanned: PIECE, or --picc and --cmac, or all three")
    message = parse_message(picc, cmac) if picc is not None and cmac is not None else None
    where = None if place is None else _place(place)
    uri, verdict = record_scan(open_access(), piece, device=device, place=where, message=message)
    emit(as_json, verdict_value(uri, verdict), _text(uri, verdict))


@scan.command("check")
def check(
    piece: Annotated[str, typer.Argument(help="The URI of the pack or piece.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Say what the scans of a piece tell so far, without keeping another.

    Example:  firsthand scan check https://aurum.example/id/item/ring-7
    """
    from firsthand.service.scans import look_at, verdict_value

    uri, verdict = look_at(open_access(), piece)
    emit(as_json, verdict_value(uri, verdict), _text(uri, verdict))


@scan.command("list")
def list_(
    piece: Annotated[str | None, typer.Argument(help="All scans of this piece; else all pieces.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show the pieces that were scanned, or the scans of one.

    Example:  firsthand scan list https://aurum.example/id/item/ring-7
    """
    from firsthand.service.scans import scanned_pieces, scans_of

    workspace = open_workspace()
    if piece is None:
        pieces = scanned_pieces(workspace)
        rows = [(one.piece, one.scans, _time(one.last)) for one in pieces]
        value: dict[str, Any] = {"pieces": [{**one._asdict(), "last": _time(one.last)} for one in pieces]}
        emit(as_json, value, table("Scanned", ("piece", "scans", "last"), rows) if rows else "No scans.")
        return
    scans = [_plain(one) for one in scans_of(workspace, piece)]
    lines = [tuple("" if cell is None else cell for cell in one.values()) for one in scans]
    columns = ("at", "place", "device", "tag")
    emit(as_json, {"scans": scans}, table("Scans", columns, lines) if lines else "No scans.")


@scan.command("forget")
def forget(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Delete the scans that are older than `scans.keep_days`; a server and each new scan do so, too.

    Example:  firsthand scan forget
    """
    from firsthand.service.scans import forget_scans

    done = forget_scans(open_workspace())
    emit(as_json, {"deleted": done}, f"Deleted {done} scans.")


@tag.command("add")
def add(
    piece: Annotated[str, typer.Argument(help="The URI of the piece.")],
    uid: Annotated[str, typer.Argument(help="The tag's UID: 14 hex digits.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Say which tag is on which piece; a tag is never moved.

    Example:  firsthand scan tag add https://aurum.example/id/item/ring-7 04DE5F1EACC040
    """
    from firsthand.service.tags import Tags

    added = Tags(open_workspace()).add(piece, uid)
    emit(as_json, added._asdict(), f"The tag {added.uid} is on {added.piece}.")


@tag.command("list")
def list_tags(
    piece: Annotated[str | None, typer.Argument(help="Only those of this piece.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show the tags with the highest counter that each has proven.

    Example:  firsthand scan tag list
    """
    from firsthand.service.tags import Tags

    tags = Tags(open_workspace()).all(piece)
    rows = [tuple("" if cell is None else cell for cell in one) for one in tags]
    columns = ("uid", "piece", "counter", "created")
    value = {"tags": [one._asdict() for one in tags]}
    emit(as_json, value, table("Tags", columns, rows) if rows else "No tags.")


@tag.command("keys")
def keys(
    uid: Annotated[str, typer.Argument(help="The tag's UID: 14 hex digits.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print the keys to program a tag with. They are secret: whoever has them can be this tag.

    Example:  firsthand scan tag keys 04DE5F1EACC040
    """
    from firsthand.service.tags import Tags

    found = Tags(open_workspace()).keys(uid)
    text = f"SDMMetaRead (all tags)  {found.meta}\nSDMFileRead (this tag)  {found.file}"
    emit(as_json, found._asdict(), text)


def _place(text: str) -> tuple[float, float]:
    from firsthand.errors import InvalidInput

    latitude, _, longitude = text.partition(",")
    try:
        return float(latitude), float(longitude)
    except ValueError:
        raise InvalidInput(f"expected LATITUDE,LONGITUDE such as 48.1,11.6, got {text[:40]!r}") from None


def _text(piece: str, verdict: Verdict) -> str:
    reasons = "".join(f"\n- {reason.text}" for reason in verdict.reasons if reason.text not in verdict.text)
    return f"{piece}\n{verdict.text}{reasons}"


def _time(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _plain(one: Scan) -> dict[str, Any]:
    place = None if one.point is None else f"{one.point.latitude / 10},{one.point.longitude / 10}"
    device = None if one.device is None else one.device.hex()[:8]
    return {"at": _time(one.at), "place": place, "device": device, "tag": one.tag}
