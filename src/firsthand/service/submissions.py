"""Submissions of KoboToolbox and ODK as rows: nested groups and repeats laid flat, one table a repeat.

A file is the JSON that the API or the export gives: a list of submissions, or an object that holds it under
`results` (KoboToolbox) or `value` (ODK Central's OData). A group's fields are headed by their path,
`group/field`. A repeat is a table of its own, whose rows also have the columns of the submission they
belong to. A geopoint adds the columns `/latitude`, `/longitude`, `/altitude` and `/accuracy`.

`submission` is a column of every table: the identity of the submission, which stays when it is edited
(`meta/rootUuid`, else what the edit replaced, else its own instanceID), so that no submission is recorded
twice. `entry` counts the entries of a repeat.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.profiles import Row, Table
from firsthand.profiles.geometry import odk_points
from firsthand.service.spreadsheet import MOST_COLUMNS, HeaderFinder

__all__ = ["looks_like_submissions", "read_submissions"]

LARGEST: Final = 200_000_000
_DEEPEST: Final = 20
_LISTS: Final = ("results", "value")
_MARKS: Final = (
    "_uuid",
    "meta/instanceID",
    "__id",
    "_xform_id_string",
    "instanceID",
    "formhub/uuid",
    "_submission_time",
)
_IDENTITIES: Final = (
    "meta/rootUuid", "meta/deprecatedID", "deprecatedID", "meta/instanceID", "instanceID", "_uuid", "__id"
)  # fmt: skip
_GEOJSON: Final = ("Point", "LineString", "Polygon")
_POINT_PARTS: Final = ("latitude", "longitude", "altitude", "accuracy")

Record = dict[str, str]


def looks_like_submissions(path: Path) -> bool:
    """Whether a JSON file begins as submissions do."""
    try:
        with path.open("rb") as file:
            head = file.read(200_000).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError:
        return False
    return head.startswith((b"{", b"[")) and any(f'"{mark}"'.encode() in head for mark in _MARKS)


def read_submissions(path: Path, finder: HeaderFinder | None = None) -> Iterator[Row]:
    """The rows of the table that `finder` finds its columns in, the submissions themselves first.

    Without a finder: the submissions. Raises UnreadableInput for what is no such JSON, InvalidInput when
    there are none.
    """
    tables = _tables(_submissions(path))
    chosen = [name for name in tables if finder is not None and finder([_columns(tables[name])]) is not None]
    # A repeat has the columns of its submission as well: it is meant only where its own are needed.
    wanted = (
        [""]
        if "" in chosen or not chosen
        else [name for name in chosen if name.count("/") == chosen[0].count("/")]
    )
    others = sorted(name for name in tables if name and name not in wanted)
    remarks = tuple(f'the repeat "{name}" is not read: the mapping needs none of it' for name in others)
    for name in wanted:
        records = tables[name]
        columns = _columns(records)
        if len(columns) > MOST_COLUMNS:
            raise UnreadableInput(f"the form has {len(columns):,} fields, at most {MOST_COLUMNS:,} are read")
        table = Table(columns, 0, "", ".", remarks)
        for number, record in enumerate(records, 1):
            yield Row(number, tuple(record.get(column, "") for column in columns), table)
        remarks = ()


def _submissions(path: Path) -> list[dict[str, Any]]:
    try:
        if path.stat().st_size > LARGEST:
            raise UnreadableInput(f"the file is larger than {LARGEST:,} bytes: export it in parts")
        text = path.read_bytes().decode("utf-8-sig")
        document = json.loads(text, parse_float=str, parse_int=str, parse_constant=str)
    except OSError as error:
        raise UnreadableInput(f"{path} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"this is not UTF-8: byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise UnreadableInput(f"this is not JSON: {error.msg}", f"line {error.lineno}") from None
    except RecursionError:
        raise UnreadableInput("this JSON is nested too deeply") from None
    if isinstance(document, dict):
        document = next(
            (document[name] for name in _LISTS if isinstance(document.get(name), list)), [document]
        )
    if not isinstance(document, list) or not all(isinstance(one, dict) for one in document):
        raise UnreadableInput("expected a list of submissions, each a JSON object")
    if not document:
        raise InvalidInput("there are no submissions in the file")
    return document


def _tables(submissions: list[dict[str, Any]]) -> dict[str, list[Record]]:
    tables: dict[str, list[Record]] = {"": []}
    for submission in submissions:
        record: Record = {"submission": _identity(submission)}
        repeats: dict[str, list[Any]] = {}
        _flatten(submission, "", record, repeats, 0)
        tables[""].append(record)
        _spread(record, repeats, tables, 0)
    return tables


def _identity(submission: Mapping[str, Any]) -> str:
    meta = submission.get("meta")
    known = {
        **submission,
        **{f"meta/{name}": value for name, value in (meta if isinstance(meta, dict) else {}).items()},
    }
    for name in _IDENTITIES:
        value = known.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip().removeprefix("uuid:")
    return ""


def _spread(
    record: Record, repeats: dict[str, list[Any]], tables: dict[str, list[Record]], depth: int
) -> None:
    """Each repeat's entries as rows with the record above them, and what repeats within them."""
    for name, entries in repeats.items():
        for number, entry in enumerate(entries, 1):
            inner: Record = {
                **record,
                "entry": f"{record['entry']}.{number}" if "entry" in record else str(number),
            }
            nested: dict[str, list[Any]] = {}
            _flatten(entry, _prefix(entry, name), inner, nested, depth + 1)
            tables.setdefault(name, []).append(inner)
            _spread(inner, nested, tables, depth + 1)


def _prefix(entry: Any, name: str) -> str:
    """KoboToolbox writes the whole path in an entry's own names, ODK Central the last part only."""
    named = isinstance(entry, dict) and any(key.startswith(f"{name}/") for key in entry)
    return "" if named else f"{name}/"


def _flatten(value: Any, prefix: str, record: Record, repeats: dict[str, list[Any]], depth: int) -> None:
    if depth > _DEEPEST:
        raise UnreadableInput(f"groups are nested more than {_DEEPEST} deep")
    if not isinstance(value, dict):
        record[prefix.rstrip("/")] = _text(value)
        return
    for key, member in value.items():
        name = f"{prefix}{key}"
        if isinstance(member, dict) and member.get("type") in _GEOJSON and "coordinates" in member:
            _add_geojson(member, name, record)
        elif isinstance(member, dict):
            _flatten(member, f"{name}/", record, repeats, depth + 1)
        elif key == "_attachments" and isinstance(member, list):
            record[name] = " ".join(_file_name(one) for one in member)
        elif key == "_geolocation" and isinstance(member, list):
            _add_text(" ".join(_text(part) for part in member if part is not None), name, record)
        elif isinstance(member, list) and any(isinstance(one, dict) for one in member):
            repeats[name] = member
        elif isinstance(member, list):
            record[name] = " ".join(_text(one) for one in member)
        elif not key.endswith("@odata.navigationLink"):
            _add_text(_text(member), name, record)


def _add_text(text: str, name: str, record: Record) -> None:
    record[name] = text
    points = odk_points(text) if " " in text else None
    if points is not None and len(points) == 1 and not (len(text.split()) == 2 and "." not in text):
        for part, number in zip(_POINT_PARTS, points[0], strict=True):
            record[f"{name}/{part}"] = number or ""


def _add_geojson(geometry: dict[str, Any], name: str, record: Record) -> None:
    """ODK Central writes positions as GeoJSON: longitude first, then latitude and altitude."""
    coordinates = geometry["coordinates"]
    if geometry["type"] == "Polygon" and isinstance(coordinates, list):
        coordinates = coordinates[0] if coordinates else []
    positions = [coordinates] if geometry["type"] == "Point" else coordinates
    turned: list[str] = []
    for position in positions if isinstance(positions, list) else []:
        numbers = [_text(number) for number in position] if isinstance(position, list) else []
        if len(numbers) < 2:
            raise UnreadableInput(f'the position in "{name}" is no list of longitude and latitude')
        accuracy = geometry.get("properties", {}).get("accuracy") if geometry["type"] == "Point" else None
        turned.append(
            " ".join([numbers[1], numbers[0], *numbers[2:3], *([_text(accuracy)] if accuracy else [])])
        )
    _add_text(";".join(turned), name, record)


def _columns(records: list[Record]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for record in records for name in record))


def _file_name(attachment: Any) -> str:
    if not isinstance(attachment, dict):
        return _text(attachment)
    name = attachment.get("media_file_basename") or attachment.get("filename") or attachment.get("name") or ""
    return str(name).rpartition("/")[2]


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)
