"""The audit workbook, opened again: what it says, where it comes from, and that nothing in it computes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from firsthand.errors import InvalidInput
from firsthand.events.event_hash import event_hash_id
from firsthand.proof.parties import Party
from firsthand.service.audit import write_audit
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_events
from firsthand.service.parties import add_party
from tests.made import record
from tests.service.test_eudr_export import BASE, harvest, milling, plot

SHEETS = ["About", "Lots", "Balances", "Claims", "Findings", "Events"]


@pytest.fixture
def maker(access: ChainAccess) -> Party:
    return add_party(access.workspace, "Adela", ("maker",)).party


def opened(path: Path) -> dict[str, list[dict[str, Any]]]:
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == SHEETS
    found = {}
    for sheet in book.worksheets[1:]:
        head, *lines = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(head, line, strict=True)) for line in lines]
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == f"A1:{sheet.cell(1, len(head)).column_letter}{len(lines) + 1}"
        assert all(dimension.width >= 7 for dimension in sheet.column_dimensions.values())
    return found


def test_lots_balances_and_findings_name_their_events(
    access: ChainAccess, maker: Party, tmp_path: Path
) -> None:
    harvested, milled = harvest("a", "p1"), milling({"a": 50}, "green", 45)
    record(access, maker, plot("p1"), harvested, milled)
    found = write_audit(access.workspace, tmp_path / "a.xlsx")
    sheets = opened(tmp_path / "a.xlsx")
    assert (found.events, found.lots) == (3, 2)
    assert [lot["Lot"] for lot in sheets["Lots"]] == [f"{BASE}/lot/a", f"{BASE}/lot/green"]
    raw, green = sheets["Lots"]
    assert (raw["Came"], raw["Went"], raw["Left"], raw["Unit"]) == (50, 50, 0, "KGM")
    assert green["Custody model"] == "identity preserved"
    assert raw["Event IDs"].split("\n") == [event_hash_id(harvested), event_hash_id(milled)]
    # 45 kg of 50 is more than wet milling yields.
    (finding,) = [one for one in sheets["Findings"] if one["Kind"] == "yield-out-of-range"]
    assert event_hash_id(milled) in finding["Event IDs"]
    assert any(row["What"] == "step wetMilling" and row["Out"] == 45 for row in sheets["Balances"])
    assert [row["Event ID"] for row in sheets["Events"]][1:] == [
        event_hash_id(harvested),
        event_hash_id(milled),
    ]


def test_times_and_parties_narrow_it(access: ChainAccess, maker: Party, tmp_path: Path) -> None:
    other = add_party(access.workspace, "Other", ("maker",)).party
    record(access, maker, harvest("a", "p1"))
    record(access, other, milling({"a": 50}, "green", 9))
    assert write_audit(access.workspace, tmp_path / "a.xlsx", until="2025-10-08T00:00:00Z").events == 1
    assert write_audit(access.workspace, tmp_path / "b.xlsx", party=other.uri).events == 1
    with pytest.raises(InvalidInput):
        write_audit(access.workspace, tmp_path / "c.xlsx", since="yesterday")
    assert not (tmp_path / "c.xlsx").exists()


def test_no_cell_computes(access: ChainAccess, maker: Party, tmp_path: Path) -> None:
    evil = harvest("a", "p1", **{"fh:step": "=cmd|' /C calc'!A0"})
    record(access, maker, evil, harvest("b", "p1", **{"fh:step": "@SUM(1)" * 10_000}))
    write_audit(access.workspace, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert any(str(cell.value).startswith("'=cmd") for cell in cells)
    assert not any(cell.data_type == "f" for cell in cells)


def test_an_empty_workspace_has_an_empty_audit(access: ChainAccess, tmp_path: Path) -> None:
    assert write_audit(access.workspace, tmp_path / "a.xlsx").events == 0
    assert opened(tmp_path / "a.xlsx")["Lots"] == []


def test_events_are_exported_by_lot_party_and_time(access: ChainAccess, maker: Party) -> None:
    other = add_party(access.workspace, "Other", ("maker",)).party
    record(access, maker, harvest("a", "p1"), harvest("b", "p1"))
    record(access, other, milling({"a": 50}, "green", 9))

    def exported(**more: Any) -> int:
        return b"".join(export_events(access, **more)).count(b'"eventTime"')

    assert exported() == 3
    assert exported(lot=f"{BASE}/lot/a") == 2
    assert exported(lot=f"{BASE}/lot/a", party=other.uri) == 1
    assert exported(party=maker.uri) == 2
    assert exported(since="2025-10-08T00:00:00Z") == 1
    assert exported(until="2025-10-06T08:00:00Z") == 0
    with pytest.raises(InvalidInput):
        exported(since="soon")
