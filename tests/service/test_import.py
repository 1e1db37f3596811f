"""Sheets as clerks keep them: titles, units, totals, several sheets, the same again, and the marked copy."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.service.cell_text import LONGEST_CELL, safe_cell
from firsthand.service.chain_access import ChainAccess
from firsthand.service.marked_copy import write_marked_copy
from firsthand.service.parties import add_party
from firsthand.service.record import Recorded, record_file

HEADER = ["Receipt", "Farmer no", "Date", "Plot", "Cherry kg"]
Rows = list[list[Any]]


def rows(count: int, start: int = 1) -> Rows:
    return [
        [f"R-{number:03d}", f"F{number % 3}", f"2025-10-{number % 20 + 1:02d}", "P1", 50 + number]
        for number in range(start, start + count)
    ]


def workbook(path: Path, **sheets: Rows) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title.replace("_", " "))
        for line in lines:
            sheet.append(line)
    book.save(path)
    return path


def csv_file(path: Path, lines: Rows, delimiter: str = ",") -> Path:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(lines)
    path.write_text(text.getvalue())
    return path


@pytest.fixture
def clerk(access: ChainAccess) -> ChainAccess:
    add_party(access.workspace, "Coop", ("cooperative",))
    add_party(access.workspace, "Other", ("cooperative",))
    return access


def imported(
    clerk: ChainAccess, path: Path, party: str = "Coop", mapping: str = "deliveries", **more: Any
) -> Recorded:
    return record_file(clerk.workspace, path, party, profile="coffee", mapping=mapping, **more)


def events(clerk: ChainAccess) -> list[dict[str, Any]]:
    journal = clerk.workspace.journal
    return [
        json.loads(body)
        for entry in journal.entries()
        for body in journal.bodies(entry.first_event, entry.count)
    ]


def weights(clerk: ChainAccess) -> list[float]:
    return [event["quantityList"][0]["quantity"] for event in events(clerk) if event["fh:step"] == "delivery"]


# --- headers, units, decimal marks, sheets ------------------------------------------------------------


def test_a_title_above_the_header_and_a_total_below_are_no_rows(clerk: ChainAccess, tmp_path: Path) -> None:
    lines = [
        ["Cooperative: intake of October"],
        [],
        ["printed", "2025-10-31"],
        HEADER,
        *rows(3),
        ["TOTAL", "", "", "", 156],
    ]
    found = imported(clerk, workbook(tmp_path / "a.xlsx", Intake=lines))
    assert found.events == 6
    assert weights(clerk) == [51, 52, 53]
    said = "\n".join(found.problems)
    assert "row 1 stands above the header" in said
    assert "it adds up the rows above" in said


@pytest.mark.parametrize(
    ("header", "cell", "kilograms"),
    [
        ("Cherry (kg)", "50,5", 50.5),
        ("Cherry [lb]", "100", 45.359237),
        ("Cherry in g", "500", 0.5),
        ("Cereza (kg)", "1.050,5", 1050.5),
        ("CHERRY_KG", "50.5", 50.5),
        ("Cherry kg", "110 lb", None),
    ],
)
def test_units_stand_in_headers(
    clerk: ChainAccess, tmp_path: Path, header: str, cell: str, kilograms: float | None
) -> None:
    path = csv_file(tmp_path / "a.csv", [[*HEADER[:4], header], ["R-1", "F1", "2025-10-06", "P1", cell]], ";")
    if kilograms is None:
        with pytest.raises(InvalidInput, match="the cell says LBR, its header KGM"):
            imported(clerk, path)
    else:
        imported(clerk, path)
        assert weights(clerk) == [kilograms]


def test_units_may_stand_in_a_row_of_their_own(clerk: ChainAccess, tmp_path: Path) -> None:
    lines = [
        ["Receipt", "Farmer no", "Date", "Plot", "Cherry"],
        ["", "", "", "", "(lb)"],
        ["R-1", "F1", "2025-10-06", "P1", 100],
    ]
    imported(clerk, workbook(tmp_path / "a.xlsx", Intake=lines))
    assert weights(clerk) == [45.359237]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_decimal_commas_are_told_by_the_sheet_itself(
    clerk: ChainAccess, tmp_path: Path, delimiter: str
) -> None:
    cells = ["50,5", "51,25", "1,125"]
    lines = [[f"R-{at}", "F1", "2025-10-06", "P1", cell] for at, cell in enumerate(cells)]
    imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *lines], delimiter))
    assert weights(clerk) == [50.5, 51.25, 1.125]


def test_text_and_numbers_of_a_workbook_mix(clerk: ChainAccess, tmp_path: Path) -> None:
    lines = [
        [f"R-{at}", "F1", "2025-10-06", "P1", cell]
        for at, cell in enumerate(["50,5", 51.125, 1.125, "1,125"])
    ]
    imported(clerk, workbook(tmp_path / "a.xlsx", Intake=[HEADER, *lines]))
    assert weights(clerk) == [50.5, 51.125, 1.125, 1.125]


def test_what_may_be_either_is_still_refused(clerk: ChainAccess, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, ["R-1", "F1", "2025-10-06", "P1", "1,125"]])
    with pytest.raises(InvalidInput, match="cannot tell thousands from decimals"):
        imported(clerk, path)


def test_every_sheet_with_the_columns_is_read(clerk: ChainAccess, tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "a.xlsx",
        Week_40=[["Intake"], [], HEADER, *rows(2)],
        Prices=[["month", "USD"], ["October", 0.62]],
        Week_41=[HEADER, *rows(2, 3)],
    )
    found = imported(clerk, path)
    assert weights(clerk) == [51, 52, 53, 54]
    assert any(
        'worksheet "Prices" is not read: it has other columns' in problem for problem in found.problems
    )
    assert imported(clerk, path, sheet="Week 41").known_rows == ("Week 41!2:3",)
    with pytest.raises(NotFound, match='there is no worksheet "Week 42"; there are: "Week 40"'):
        imported(clerk, path, sheet="Week 42")


def test_one_receipt_on_two_sheets_is_refused(clerk: ChainAccess, tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", A=[HEADER, *rows(2)], B=[HEADER, *rows(1)])
    with pytest.raises(InvalidInput, match=r"B!2:2: .*R-001 stands in A!2:2 already"):
        imported(clerk, path)


# --- the same sheet again -----------------------------------------------------------------------------


def test_the_same_sheet_again_adds_nothing(clerk: ChainAccess, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, *rows(5)])
    assert imported(clerk, path).new
    again = imported(clerk, path)
    assert not again.new
    assert again.captures == []
    assert again.known_rows == ("rows 2 to 6",)
    assert len(events(clerk)) == 10


def test_a_grown_resorted_resaved_sheet_adds_its_new_rows(clerk: ChainAccess, tmp_path: Path) -> None:
    imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *rows(4)]))
    resaved = [
        [number, farmer, day, plot, f"{kilograms}.0"] for number, farmer, day, plot, kilograms in rows(6)
    ]
    found = imported(clerk, workbook(tmp_path / "b.xlsx", Intake=[["Intake"], HEADER, *reversed(resaved)]))
    assert found.known_rows == ("Intake!5:8",)
    assert found.events == 4
    assert sorted(weights(clerk)) == [51, 52, 53, 54, 55, 56]


def test_another_partys_sheet_is_its_own(clerk: ChainAccess, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, *rows(2)])
    imported(clerk, path)
    assert imported(clerk, path, party="Other").events == 4


def test_a_changed_row_is_an_error_that_says_what_changed(clerk: ChainAccess, tmp_path: Path) -> None:
    imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *rows(3)]))
    changed = rows(4)
    changed[1][4] = 99
    path = csv_file(tmp_path / "b.csv", [HEADER, *changed])
    with pytest.raises(
        InvalidInput, match=r"row 3: .*at place 2, otherwise: .*quantity was 52, is 99.*declare its error"
    ):
        imported(clerk, path)
    found = imported(clerk, path, skip_bad=True)
    assert (found.events, found.skipped_rows, found.known_rows) == (2, 1, ("row 2", "row 4"))


def test_a_row_may_be_recorded_anew_once_its_error_is_declared(clerk: ChainAccess, tmp_path: Path) -> None:
    imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *rows(1)]))
    declared = [
        event
        | {
            "errorDeclaration": {
                "declarationTime": "2025-11-01T00:00:00Z",
                "reason": "incorrect_data",
            }
        }
        for event in events(clerk)
    ]
    (tmp_path / "errors.json").write_text(json.dumps(declared))
    record_file(clerk.workspace, tmp_path / "errors.json", "Coop")
    corrected = rows(1)
    corrected[0][4] = 99
    assert imported(clerk, csv_file(tmp_path / "b.csv", [HEADER, *corrected])).events == 2


def test_equal_rows_without_a_number_are_two_lots_wherever_they_stand(
    clerk: ChainAccess, tmp_path: Path, mapping: str
) -> None:
    lines = [["2025-10-06", 50], ["2025-10-06", 50], ["2025-10-07", 51]]
    found = imported(clerk, csv_file(tmp_path / "a.csv", [["Date", "Net kg"], *lines]), mapping=mapping)
    assert found.events == 3
    assert len({event["quantityList"][0]["epcClass"] for event in events(clerk)}) == 3
    grown = [["2025-10-05", 49], *reversed(lines)]
    again = imported(clerk, csv_file(tmp_path / "b.csv", [["Date", "Net kg"], *grown]), mapping=mapping)
    assert (again.events, again.known_rows) == (1, ("rows 3 to 5",))


@pytest.fixture
def mapping(tmp_path: Path) -> str:
    """A mapping whose lots have no number of their own."""
    path = tmp_path / "own.toml"
    path.write_text(
        'name = "own"\nversion = 1\nabout = "weights"\nprofile = "coffee"\n[uris]\nlot = ["lot/w:{digest}"]\n'
        '[[events]]\nstep = "delivery"\nlot = "lot"\ntime = "date"\nquantity = ["cherryWeight"]\n'
        '[fields.date]\ncolumns = ["Date"]\nread = "date"\nrequired = true\n'
        '[fields.cherryWeight]\ncolumns = ["Net"]\nrequired = true\n'
    )
    return str(path)


# --- the marked copy ----------------------------------------------------------------------------------


def test_errors_are_marked_in_a_copy_of_the_workbook(clerk: ChainAccess, tmp_path: Path) -> None:
    bad = rows(3)
    bad[1][4], bad[2][2] = "heavy", "soon"
    path = workbook(tmp_path / "a.xlsx", Notes=[["hello"]], Intake=[["Intake"], HEADER, *bad])
    copy = tmp_path / "marked.xlsx"
    with pytest.raises(InvalidInput, match=r"(?s)2 rows cannot be recorded.*Intake!E4"):
        imported(clerk, path, mark=copy)
    book = openpyxl.load_workbook(copy)
    sheet = book["Intake"]
    assert sheet["E4"].value == "heavy"
    assert "cannot be taken" in sheet["E4"].comment.text
    assert sheet["E4"].fill.fgColor.rgb.endswith("FFC7CE")
    assert "C5" in sheet["F5"].value
    assert sheet["F2"].value.startswith('Firsthand: note: Intake!2:2: the worksheet "Notes" is not read')
    assert sheet["E3"].comment is None
    assert [cell.value for cell in book["Notes"][1]] == ["hello"]
    assert events(clerk) == []
    # Mended, the copy itself can be recorded.
    sheet["E4"], sheet["C5"] = 52, "2025-10-04"
    book.save(copy)
    assert imported(clerk, copy).events == 6


def test_errors_are_listed_in_a_copy_of_the_csv(clerk: ChainAccess, tmp_path: Path) -> None:
    bad = rows(2)
    bad[1][4] = "heavy; very"
    path = csv_file(tmp_path / "a.csv", [["Intake"], HEADER, *bad], ";")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    copy = tmp_path / "marked.csv"
    found = imported(clerk, path, mark=copy, skip_bad=True)
    assert found.marked == str(copy)
    assert copy.read_bytes().startswith(b"\xef\xbb\xbf")
    lines = list(csv.reader(copy.read_text(encoding="utf-8-sig").splitlines(), delimiter=";"))
    assert lines[3][:5] == ["R-002", "F2", "2025-10-03", "P1", "heavy; very"]
    assert 'row 4, column "Cherry kg"' in lines[3][5]
    assert "row 1 stands above" in lines[1][5]


def test_a_copy_never_takes_the_place_of_the_sheet(clerk: ChainAccess, tmp_path: Path) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, ["", "", "", "", ""], ["R-1", "F1", "never", "P1", 1]])
    with pytest.raises(InvalidInput, match="is the sheet itself"):
        imported(clerk, path, mark=path)
    with pytest.raises(InvalidInput, match=r"ends in \.csv"):
        write_marked_copy(path, tmp_path / "b.xlsx", [], {})


def test_without_problems_there_is_no_copy(clerk: ChainAccess, tmp_path: Path) -> None:
    found = imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *rows(1)]), mark=tmp_path / "b.csv")
    assert found.marked is None
    assert not (tmp_path / "b.csv").exists()


# --- hostile cells ------------------------------------------------------------------------------------

FORMULAS = ["=cmd|' /C calc'!A0", "@SUM(1)", "+cmd", "-2+3+cmd", "\t=1", "＝1+1", " =1", "\r=1"]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_compute_is_text(text: str) -> None:
    assert safe_cell(text).startswith("'")


@pytest.mark.parametrize("text", ["", "-", "–", "-12.5", "+50", "+00052.4kg", "1,5", "a=b", "R-1", "12 %"])
def test_plain_cells_stay_as_they_are(text: str) -> None:
    assert safe_cell(text) == text


@given(st.text(max_size=40))
def test_no_text_begins_a_formula(text: str) -> None:
    first = safe_cell(text).lstrip("\x00 \t\r\n\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0")[:1]
    assert first not in "=@＝＠" or not first


def test_huge_cells_are_cut() -> None:
    assert len(safe_cell("x" * 1_000_000)) == LONGEST_CELL


def test_formulas_of_a_clerks_csv_do_not_come_alive_in_the_copy(clerk: ChainAccess, tmp_path: Path) -> None:
    path = csv_file(
        tmp_path / "a.csv", [HEADER, *([formula, "F1", "never", "P1", 1] for formula in FORMULAS[:5])]
    )
    copy = tmp_path / "b.csv"
    imported(clerk, csv_file(tmp_path / "c.csv", [HEADER, *rows(1)]))
    with pytest.raises(InvalidInput):
        imported(clerk, path, mark=copy)
    with copy.open(newline="") as file:
        cells = [row[0] for row in csv.reader(file)]
    assert all(cell.startswith("'") for cell in cells[1:])


def test_a_text_that_looks_like_a_formula_stays_text_in_the_workbook(
    clerk: ChainAccess, tmp_path: Path
) -> None:
    path = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(HEADER)
    book.active.append(["x", "F1", "never", "P1", 1])
    book.active["A2"].value, book.active["A2"].data_type = "=1+1", "s"
    book.save(path)
    with pytest.raises(InvalidInput):
        imported(clerk, path, mark=tmp_path / "b.xlsx")
    assert openpyxl.load_workbook(tmp_path / "b.xlsx").active["A2"].data_type == "s"


def test_attachments_are_recorded_by_their_digest(clerk: ChainAccess, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    with pytest.raises(NotFound, match="no such folder"):
        imported(clerk, csv_file(tmp_path / "a.csv", [HEADER, *rows(1)]), attachments=tmp_path / "nowhere")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12),
            min_size=5,
            max_size=5,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_no_cells_break_an_import(clerk: ChainAccess, tmp_path: Path, cells: list[list[str]]) -> None:
    path = csv_file(tmp_path / "a.csv", [HEADER, *cells])
    before = len(events(clerk))
    try:
        imported(clerk, path, mark=tmp_path / "b.csv")
    except (InvalidInput, UnreadableInput):
        assert len(events(clerk)) == before


def test_sealed_prices_do_not_hide_that_a_row_was_recorded(clerk: ChainAccess, tmp_path: Path) -> None:
    header = [*HEADER, "Price per kg", "Currency"]
    lines = [[*line, price, "USD"] for line, price in zip(rows(2), (0.62, 0.63), strict=True)]
    imported(clerk, csv_file(tmp_path / "a.csv", [header, *lines]))
    assert "fh:sealed" in json.dumps(events(clerk))
    assert "0.62" not in json.dumps(events(clerk))
    assert imported(clerk, csv_file(tmp_path / "b.csv", [header, *lines])).known_rows == ("rows 2 to 3",)
    lines[0][5] = 0.7
    with pytest.raises(InvalidInput, match=r"farmGatePrice.*was 0.62, is 0.7"):
        imported(clerk, csv_file(tmp_path / "c.csv", [header, *lines]))
