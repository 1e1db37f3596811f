"""The sheets that a clerk keeps: members and deliveries, CSV or XLSX, with headings as people write them.

All of a sheet is taken or none; every wrong cell is named by its place. What stands in the book already is
noticed, not taken twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

import msgspec

from firsthand.errors import Conflict, InvalidInput, NotFound, UnreadableInput
from firsthand.ledger.accounts import units_of
from firsthand.ledger.deliveries import Delivery, DeliveryBook
from firsthand.ledger.members import Member, MemberRecord
from firsthand.profiles.readers import Calendar, read_date, read_text
from firsthand.profiles.rows import Row, header_key
from firsthand.proof.parties import Party
from firsthand.service.intake import Line, Taken, Terms, take
from firsthand.service.intake_draft import find_twin
from firsthand.service.members import (
    Change,
    check_new_uri,
    check_record,
    member_uri,
    same_person,
    state_members,
)
from firsthand.service.money import decimal_of
from firsthand.service.spreadsheet import read_rows
from firsthand.service.workspace import Workspace

__all__ = ["ImportedDeliveries", "ImportedMembers", "import_deliveries", "import_members"]

_MEMBER_COLUMNS: Final = {
    "number": "number, no, member, member no, member number, farmer no, farmer number, número, socio, "
    "no. de socio, no. de productor, numéro, numéro de membre",
    "name": "name, farmer name, member name, nombre, nom",
    "phone": "phone, telephone, mobile, teléfono, celular, téléphone",
    "account": "account, mobile money, iban, cuenta, compte",
    "language": "language, idioma, langue",
    "plots": "plots, plot, parcelas, parcela, parcelles, parcelle",
    "uri": "uri, party",
}
_DELIVERY_COLUMNS: Final = {
    "member": _MEMBER_COLUMNS["number"],
    "day": "date, day, fecha, jour",
    "gross": "gross, gross kg, gross weight, kg, cherry kg, peso bruto, bruto, brut, poids brut",
    "tare": "tare, tare kg, tara, tara kg",
    "price": "price, price per kg, precio, precio por kg, prix, prix par kg",
    "deduction": "deduction, descuento, retenue",
    "plot": "plot, parcela, parcelle",
    "brought_by": "brought by, delivered by, entregado por, apporté par",
    "paper": "receipt, receipt no, paper receipt, recibo, reçu",
}
_CALENDAR: Final = Calendar({}, frozenset())
_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class ImportedMembers:
    """What became of a sheet of members; `notes` say what a person should look at."""

    added: int
    changed: int
    same: int
    notes: list[str]


@dataclass(frozen=True, slots=True)
class ImportedDeliveries:
    """What became of a sheet of deliveries; `known` stood in the book before."""

    taken: Taken | None
    known: list[Delivery]


def import_members(workspace: Workspace, cooperative: Party, path: Path) -> ImportedMembers:
    """Take in a sheet of members: new ones added, known numbers brought up to date, in one transaction.

    Raises InvalidInput with every wrong cell's place, Conflict when a number is another member's.
    """
    now = workspace.members.members(cooperative.uri)
    by_number = {number: member for member in now for number in member.numbers}
    by_name = {same_person(member.record): member.record.number for member in now}
    changes: dict[str, Change] = {}
    rows: dict[str, int] = {}
    errors: list[str] = []
    found = ImportedMembers(0, 0, 0, [])
    added = changed = same = 0
    for row, cells in _cells(path, _MEMBER_COLUMNS, ("number", "name")):
        try:
            record, uri = _record_of(cells)
            if record.number in rows:
                raise InvalidInput(f"the number {record.number} stands in row {rows[record.number]} already")
            rows[record.number] = row.number
            member = by_number.get(record.number)
            if member is None:
                own = uri or member_uri(workspace, record.number)
                check_new_uri(workspace, own)
                if own in changes:
                    raise InvalidInput(f"the URI {own} stands in the sheet already")
                twin = by_name.setdefault(same_person(record), record.number)
                if twin != record.number:
                    found.notes.append(
                        f"{row.table.line(row.number)}: {record.number} has the name and telephone of member "
                        f"{twin}; if they are one, `firsthand member merge {record.number} {twin}`"
                    )
                changes[own] = Change(own, record, number=record.number)
                added += 1
            elif (update := _update(member, record)) is not None:
                changes[member.uri] = update
                by_name.setdefault(same_person(update.record), record.number)
                changed += 1
            else:
                same += 1
        except (InvalidInput, Conflict) as error:
            errors.append(f"{row.table.line(row.number)}: {error}")
    _raise(errors)
    if changes:
        state_members(workspace, cooperative, list(changes.values()))
    return ImportedMembers(added, changed, same, found.notes)


def import_deliveries(
    workspace: Workspace,
    cooperative: Party,
    terms: Terms,
    path: Path,
    *,
    price: Decimal | None = None,
    day: str | None = None,
) -> ImportedDeliveries:
    """Take in a sheet of deliveries as one capture; `price` and `day` stand where the sheet has none.

    Raises InvalidInput with every wrong cell's place.
    """
    deliveries = DeliveryBook(workspace.engine)
    lines: list[Line] = []
    known: list[Delivery] = []
    errors: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    for row, cells in _cells(path, _DELIVERY_COLUMNS, ("member", "gross")):
        try:
            line = _line_of(cells, row, price, day)
            family = workspace.members.family(workspace.members.find(line.member, cooperative.uri))
            key = _twin_key(line, family)
            if key in seen:
                raise InvalidInput(f"is the same delivery as row {seen[key]}")
            seen[key] = row.number
            twin = find_twin(deliveries, cooperative.uri, line, family)
            if twin is None:
                lines.append(line)
            else:
                known.append(twin)
        except (InvalidInput, Conflict, NotFound) as error:
            errors.append(f"{row.table.line(row.number)}: {error}")
    _raise(errors)
    return ImportedDeliveries(take(workspace, cooperative, terms, lines) if lines else None, known)


def _record_of(cells: dict[str, str]) -> tuple[MemberRecord, str | None]:
    plots = tuple(
        part.strip() for part in cells.get("plots", "").replace(";", ",").split(",") if part.strip()
    )
    record = MemberRecord(
        number=cells["number"],
        name=cells["name"],
        phone=cells.get("phone", ""),
        account=cells.get("account", ""),
        language=cells.get("language", "").lower(),
        plots=plots,
    )
    return check_record(record), cells.get("uri") or None


def _update(member: Member, record: MemberRecord) -> Change | None:
    """The change that a row means for a known member: blank cells and old numbers change nothing."""
    given = {
        name: value
        for name in ("name", "phone", "account", "language", "plots")
        if (value := getattr(record, name))
    }
    wanted = msgspec.structs.replace(member.record, **given)
    return None if wanted == member.record else Change.of(member, record=wanted)


def _line_of(cells: dict[str, str], row: Row, price: Decimal | None, day: str | None) -> Line:
    mark = row.table.decimal_mark
    stated = cells.get("day", "")
    if not stated and day is None:
        raise InvalidInput("it has no date; add a column, or give --date")
    if not cells.get("price") and price is None:
        raise InvalidInput("it has no price; add a column, or give --price")
    return Line(
        member=cells["member"],
        gross=decimal_of(cells["gross"], "gross", mark),
        tare=decimal_of(cells.get("tare") or "0", "tare", mark),
        price=decimal_of(cells["price"], "price", mark) if cells.get("price") else price or Decimal(0),
        day=read_date(stated, _CALENDAR).isoformat() if stated else str(day),
        deduction=units_of(decimal_of(cells.get("deduction") or "0", "deduction", mark)),
        plot=cells.get("plot", ""),
        brought_by=cells.get("brought_by", ""),
        paper=cells.get("paper", ""),
    )


def _twin_key(line: Line, family: list[Member]) -> tuple[str, ...]:
    if line.paper:
        return ("paper", line.paper)
    return (family[0].uri, line.day, f"{line.gross.normalize():f}", f"{line.tare.normalize():f}")


def _cells(
    path: Path, columns: dict[str, str], required: tuple[str, ...]
) -> Iterator[tuple[Row, dict[str, str]]]:
    """Each row with the cells that we know the headings of. Raises InvalidInput when one is missing."""
    names = {header_key(word): name for name, words in columns.items() for word in words.split(", ")}
    places: dict[str, int] = {}
    if not path.is_file():
        raise UnreadableInput(f"{path}: there is no such file")
    for row in read_rows(path):
        if not places:
            for at, heading in enumerate(row.table.columns):
                name = names.get(header_key(heading))
                if name is not None and places.setdefault(name, at) != at:
                    raise InvalidInput(
                        f"two columns are headed as {name}", row.table.cell(row.table.header_row, at)
                    )
            missing = [name for name in required if name not in places]
            if missing:
                raise InvalidInput(f"no column is headed {' or '.join(missing)}", str(path))
        if len(row.values) != len(row.table.columns):
            raise InvalidInput(
                f"has {len(row.values)} cells, the header {len(row.table.columns)}",
                row.table.line(row.number),
            )
        yield row, {name: read_text(row.values[at]) for name, at in places.items()}


def _raise(errors: list[str]) -> None:
    if errors:
        more = f"\n  and {len(errors) - _SHOWN} more" if len(errors) > _SHOWN else ""
        shown = "\n  ".join(errors[:_SHOWN])
        raise InvalidInput(f"{len(errors)} rows cannot be taken in, so none is:\n  {shown}{more}")
