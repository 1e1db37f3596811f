"""Scale logs: with a header, without one, and as indicators print them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.record import record_file
from firsthand.service.row_sources import rows_in
from firsthand.service.scale_log import COLUMNS, scale_table


def rows(path: Path, text: str) -> list[dict[str, str]]:
    path.write_text(text)
    return [dict(zip(row.table.columns, row.values, strict=True)) for row in rows_in(path)]


@pytest.mark.parametrize(
    ("text", "net", "unit"),
    [
        (
            "2025-10-06 07:31:22,T-001,52.9,0.5,52.4,kg\n2025-10-06 07:33:02,T-002,41.0,0.5,40.5,kg\n",
            "52.4",
            "kg",
        ),
        ("2025-10-06,07:31:22,52.4 kg\n2025-10-06,07:33:02,40.5 kg\n", "52.4", "kg"),
        ("13/10/2025 07:31;52,9;0,5;52,4;kg\n13/10/2025 07:33;41,0;0,5;40,5;kg\n", "52,4", "kg"),
        ("1,2025-10-06T07:31:22Z,52.4,lb,ST\n2,2025-10-06T07:33:02Z,40.5,lb,US\n", "52.4", "lb"),
        ("ST,GS,+00052.4kg\nUS,GS,+00040.5kg\n", "", "kg"),
        ("2025-10-06 07:31:22,ST,NT,+00052.4kg\n2025-10-06 07:33:02,ST,NT,+00040.5kg\n", "52.4", "kg"),
    ],
)
def test_logs_without_a_header(tmp_path: Path, text: str, net: str, unit: str) -> None:
    first, second = rows(tmp_path / "log.csv", text)
    assert tuple(first) == COLUMNS
    assert (first["Net"], first["Unit"]) == (net, unit)
    assert second["Net"] in ("40.5", "40,5", "")


def test_gross_tare_and_net_are_told_by_their_sum(tmp_path: Path) -> None:
    text = "2025-10-06 07:31,0.5,52.4,52.9,kg\n2025-10-06 07:33,0.5,40.5,41.0,kg\n"
    first, _ = rows(tmp_path / "log.csv", text)
    assert {first["Gross"], first["Net"]} == {"52.9", "52.4"}
    assert first["Tare"] == "0.5"


@pytest.mark.parametrize(
    "text",
    [
        "Receipt,Farmer no,Date\nR-1,F1,2025-10-06\n",
        "2025-10-06,F1,north\n2025-10-07,F2,south\n",
        "2025-10-06 07:31,1.0,2.0,5.0\n2025-10-06 07:32,1.5,2.5,9.0\n",
        "a,b\n1,2\n",
    ],
)
def test_other_files_are_no_scale_logs(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    cells = [(number, line.split(",")) for number, line in enumerate(text.splitlines(), 1)]
    assert scale_table(cells, ".") is None


def test_weighings_are_recorded_with_their_time(access: ChainAccess, tmp_path: Path) -> None:
    add_party(access.workspace, "Coop", ("cooperative",))
    log = tmp_path / "log.csv"
    log.write_text("2025-10-06 07:31:22,ST,NT,+00052.4kg\n2025-10-06 07:33:02,US,NT,+00012.4kg\n")
    with pytest.raises(InvalidInput, match='row 2, column "Status": "unstable"'):
        record_file(access.workspace, log, "Coop", profile="coffee", mapping="weighings")
    found = record_file(access.workspace, log, "Coop", profile="coffee", mapping="weighings", skip_bad=True)
    assert (found.events, found.skipped_rows) == (2, 1)
    journal = access.workspace.journal
    event = json.loads(journal.event(0)[2])
    assert event["eventTime"] == "2025-10-06T07:31:22Z"
    assert event["quantityList"][0]["quantity"] == 52.4
    grown = log.read_text() + "2025-10-06 07:34:02,ST,NT,+00042.1kg\n"
    log.write_text(grown)
    again = record_file(access.workspace, log, "Coop", profile="coffee", mapping="weighings", skip_bad=True)
    assert (again.events, again.known_rows) == (2, ("row 1",))


def test_a_log_with_a_header_is_a_sheet(access: ChainAccess, tmp_path: Path) -> None:
    add_party(access.workspace, "Coop", ("cooperative",))
    log = tmp_path / "log.csv"
    log.write_text("Timestamp,Ticket,Gross,Tare,Net (kg)\n2025-10-06 07:31,T-1,52.9,0.5,52.4\n")
    record_file(access.workspace, log, "Coop", profile="coffee", mapping="weighings")
    event = json.loads(access.workspace.journal.event(1)[2])
    assert event["quantityList"] == [
        {"epcClass": "https://coop.example/id/lot/weighing:T-1", "quantity": 52.4, "uom": "KGM"}
    ]


@given(st.lists(st.lists(st.text(max_size=10), min_size=1, max_size=6), max_size=6))
def test_no_cells_break_it(cells: list[list[str]]) -> None:
    numbered = [(number, row) for number, row in enumerate(cells, 1)]
    found = scale_table(numbered, ".")
    if found is not None:
        list(found)
