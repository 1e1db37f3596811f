"""Spreadsheets, good and hostile: what is read as rows, and what is refused with its place and a way out."""

from __future__ import annotations

import csv
import io
import re
import tracemalloc
import zipfile
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.service import workbook as workbooks
from firsthand.service.spreadsheet import is_spreadsheet, read_rows


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def cells(path: Path) -> list[tuple[str, ...]]:
    return [row.values for row in read_rows(path)]


def workbook(path: Path, *rows: list[object], title: str = "Sheet1") -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = title
    for row in rows:
        book.active.append(row)
    book.save(path)
    return path


def repacked(path: Path, changes: dict[str, bytes | None]) -> Path:
    """The workbook with parts replaced, added, or taken out (None)."""
    with zipfile.ZipFile(path) as archive:
        parts: dict[str, bytes | None] = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (parts | changes).items():
            if content is not None:
                archive.writestr(name, content)
    return path


# --- CSV ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\n1,2\n",
        b"\xef\xbb\xbfa,b\r\n1,2\r\n",
        b"a;b\n1;2",
        b"a\tb\n1\t2\n",
        b'"a","b"\n"1","2"\n',
        b"\n\na,b\n,\n1,2\n\n",
        b"a,b,,\n1,2,,\n",
    ],
)
def test_csv(tmp_path: Path, content: bytes) -> None:
    (row,) = read_rows(written(tmp_path / "x.csv", content))
    assert row.table.columns == ("a", "b")
    assert row.values == ("1", "2")


def test_rows_are_numbered_as_a_spreadsheet_shows_them(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", b'\na,b\n"two\nlines",1\n\nx,2\n')
    rows = list(read_rows(path))
    assert [(row.number, row.values) for row in rows] == [(3, ("two\nlines", "1")), (5, ("x", "2"))]
    assert rows[0].table.header_row == 2
    assert rows[0].table is rows[1].table
    assert rows[0].table.cell(5, 1) == 'row 5, column "b"'


def test_a_semicolon_in_quotes_parts_nothing(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", b'"a;b;c;d",e\n1,2\n')
    assert next(read_rows(path)).table.columns == ("a;b;c;d", "e")


def test_semicolons_come_with_decimal_commas(tmp_path: Path) -> None:
    assert next(read_rows(written(tmp_path / "x.csv", b"a;b\n1,5;2\n"))).table.decimal_mark == ","
    assert next(read_rows(written(tmp_path / "y.csv", b"a,b\n1.5,2\n"))).table.decimal_mark == "."


def test_ragged_rows_stay_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", b"a,b,c\n1,2\n1,2,3,4\n1,2,3,,\n")
    assert cells(path) == [("1", "2"), ("1", "2", "3", "4"), ("1", "2", "3")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"\n \n,,\n", "empty"),
        ("a,b\n1,2\n".encode("utf-16"), "UTF-16"),
        (b"a,b\n1,caf\xe9\n", r'row 2: byte 0xe9 is not UTF-8: save the sheet as "CSV UTF-8"'),
        (b"a,b\n1,\0\n", "row 2: .*NUL"),
        (b'a,b\n1,"2\n', "row 2: .*well-formed"),
        (b'a,b\n1,"2"3\n', "row 2: .*well-formed"),
        (b"a,b\r1,2\r", "row 1: .*well-formed"),
        (b"a,b\n" + b"x" * 1_100_000, "row 2: .*quotation mark"),
        (b'a,b\n"' + b"x\n" * 100_000, "row 2"),
        (b'a,b\n"x\n"' + b',"x\n"' * 1_000_000, "row 2: .*quotation mark"),
        (b"," * 2_000, "row 1: .*2,001 cells"),
    ],
)
def test_csv_that_cannot_be_read(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(UnreadableInput, match=reason):
        cells(written(tmp_path / "x.csv", content))


@pytest.mark.parametrize("header", [b"a,b,a", b"Lot.Number,b,lot number", b"a,A"])
def test_doubled_columns_are_named(tmp_path: Path, header: bytes) -> None:
    with pytest.raises(
        InvalidInput, match=r"row 1: doubled column: .* column 1 and again, as .* column [23];"
    ):
        cells(written(tmp_path / "x.csv", header + b"\n1,2,3\n"))


def test_a_sheet_without_rows_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no rows below the header"):
        cells(written(tmp_path / "x.csv", b"a,b\n,\n"))


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_a_file_that_is_not_there(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableInput, match="cannot be read"):
        cells(tmp_path / name)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(
            st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=8),
            min_size=3,
            max_size=3,
        ),
        min_size=1,
        max_size=6,
    ),
    st.sampled_from(",;\t"),
)
def test_what_a_csv_writer_wrote_reads_back(tmp_path: Path, rows: list[list[str]], delimiter: str) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows([["a", "b", "c"], *rows])
    path = written(tmp_path / "x.csv", text.getvalue().encode())
    expected = [tuple(row) for row in rows if any(cell.strip() for cell in row)]
    if expected:
        assert cells(path) == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail))
def test_no_bytes_break_it(tmp_path: Path, content: bytes) -> None:
    with suppress(InvalidInput):
        cells(written(tmp_path / "x", content))


def test_memory_does_not_grow_with_a_csv_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    line = b"1,2,3,abcdefgh\n"
    path.write_bytes(b"a,b,c,d\n" + line * 200_000)
    tracemalloc.start()
    count = sum(1 for _ in read_rows(path))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 1_000_000


# --- XLSX --------------------------------------------------------------------------------------------


def test_a_workbook(tmp_path: Path) -> None:
    path = workbook(
        tmp_path / "x.xlsx",
        ["text", "whole", "number", "day", "time", "truth", "none"],
        [
            " a ",
            300,
            0.1 + 0.2,
            date(2025, 10, 6),
            datetime(2025, 10, 6, 7, 30, tzinfo=UTC).replace(tzinfo=None),
            True,
            None,
        ],
        [],
        ["b", 1e20, 8.67, None, None, False, "x"],
    )
    first, second = read_rows(path)
    assert first.values == (" a ", "300", "0.3", "2025-10-06", "2025-10-06T07:30:00", "TRUE", "")
    assert (second.number, second.values[:3]) == (4, ("b", "100000000000000000000", "8.67"))
    assert first.table.cell(12, 2) == "Sheet1!C12"


def test_a_workbook_reads_as_its_csv_does(tmp_path: Path, shared: Path) -> None:
    with (shared / "cqi" / "arabica_data_cleaned.csv").open(encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))[:40]
    text = io.StringIO()
    csv.writer(text).writerows(lines)
    from_csv = cells(written(tmp_path / "x.csv", text.getvalue().encode()))
    assert cells(workbook(tmp_path / "x.xlsx", *lines)) == from_csv


def test_a_sheets_own_statement_of_its_size_is_not_believed(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["a", "b"], [1, 2])
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(part)
    for claimed in (b"A1:XFD1048576", b"A1:A1"):
        repacked(path, {part: sheet.replace(b'ref="A1:B2"', b'ref="%s"' % claimed)})
        assert cells(path) == [("1", "2")]


def test_only_the_first_sheet_is_read_and_said_so(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    book = openpyxl.Workbook()
    for title in ("Hidden", "Intake", "Notes"):
        sheet = book.create_sheet(title)
        sheet.append(["a"])
        sheet.append([title])
    book["Hidden"].sheet_state = "hidden"
    del book["Sheet"]
    book.active = 1
    book.save(path)
    (row,) = read_rows(path)
    assert row.values == ("Intake",)
    assert row.table.remarks == ('the worksheet "Notes" is not read: only the first is',)


def test_an_encrypted_workbook_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(504))
    with pytest.raises(UnreadableInput, match=r"encrypted workbook, or one in the old \.xls format: open it"):
        cells(path)


def test_a_workbook_with_macros_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsm", ["a"], [1])
    with zipfile.ZipFile(path) as archive:
        types = archive.read("[Content_Types].xml")
    kind = types.replace(
        b"openxmlformats-officedocument.spreadsheetml.sheet.main", b"ms-excel.sheet.macroEnabled.main"
    )
    assert kind != types
    with pytest.raises(UnreadableInput, match=r"can hold macros \(.xlsm\).*save it as .xlsx"):
        cells(repacked(path, {"[Content_Types].xml": kind}))
    with pytest.raises(UnreadableInput, match=r"holds macros.*without macros"):
        cells(repacked(path, {"[Content_Types].xml": types, "xl/vbaProject.bin": b"\0"}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["a"], [1])
    with pytest.raises(UnreadableInput, match=r"sharedStrings.xml' is larger than 64 MiB"):
        cells(repacked(path, {"xl/sharedStrings.xml": bytes(workbooks.LARGEST_STRINGS + 1)}))
    with pytest.raises(UnreadableInput, match=r"styles.xml' is larger than 16 MiB"):
        cells(
            repacked(path, {"xl/sharedStrings.xml": b"", "xl/styles.xml": bytes(workbooks.LARGEST_PART + 1)})
        )


def test_a_bomb_in_the_sheet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = workbook(tmp_path / "x.xlsx", ["a"], [1])
    monkeypatch.setattr(workbooks, "LARGEST_WORKBOOK", 2 * 1024 * 1024)
    with pytest.raises(UnreadableInput, match="unpacks to more than 2 MiB: save its sheet as CSV"):
        cells(repacked(path, {"xl/worksheets/sheet1.xml": bytes(2 * 1024 * 1024)}))


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("xl/workbook.xml", None),
        ("xl/workbook.xml", b"<workbook"),
        ("[Content_Types].xml", None),
        ("xl/worksheets/sheet1.xml", None),
        ("xl/worksheets/sheet1.xml", b""),
        ("xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row r='1'><c r='A1' t='s'><v>99</v></c></row>"),
        (
            "xl/worksheets/sheet1.xml",
            b"<worksheet><sheetData><row r='one'><c r='!'/></row></sheetData></worksheet>",
        ),
        ("xl/workbook.xml", b"<!DOCTYPE x [<!ENTITY a 'aaaa'>]><workbook>&a;</workbook>"),
        ("xl/_rels/workbook.xml.rels", b"<Relationships/>"),
    ],
)
def test_a_damaged_workbook_is_refused(tmp_path: Path, part: str, content: bytes | None) -> None:
    path = repacked(workbook(tmp_path / "x.xlsx", ["a"], ["b"]), {part: content})
    with pytest.raises(UnreadableInput):
        cells(path)


STRINGS = b"""<?xml version="1.0"?><sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">
<si><t>a</t></si><si><r><t>rich </t></r><r><t>text</t></r></si></sst>"""


def with_shared_strings(path: Path, strings: bytes) -> Path:
    """A workbook as Excel writes them: the texts of its cells in a part of their own."""
    workbook(path, ["a"], ["b"])
    with zipfile.ZipFile(path) as archive:
        types = archive.read("[Content_Types].xml")
        sheet = archive.read("xl/worksheets/sheet1.xml")
    kind = b"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    override = b'<Override PartName="/xl/sharedStrings.xml" ContentType="%s"/></Types>' % kind
    for number, text in enumerate((b"a", b"b")):
        inline = b't="inlineStr"><is><t>%s</t></is>' % text
        assert inline in sheet
        sheet = sheet.replace(inline, b't="s"><v>%d</v>' % number)
    changes = {
        "xl/sharedStrings.xml": strings,
        "[Content_Types].xml": types.replace(b"</Types>", override),
        "xl/worksheets/sheet1.xml": sheet,
    }
    return repacked(path, dict(changes))


def test_shared_strings(tmp_path: Path) -> None:
    assert cells(with_shared_strings(tmp_path / "x.xlsx", STRINGS)) == [("rich text",)]
    for damaged in (
        b"",
        STRINGS[:-20],
        STRINGS.replace(b"<si><r>", b"<no><r>").replace(b"</r></si>", b"</r></no>"),
    ):
        with pytest.raises(UnreadableInput, match="damaged"):
            cells(with_shared_strings(tmp_path / "x.xlsx", damaged))


def test_a_formula_without_its_value_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["a", "b"], [1, "=A2*2"])
    with pytest.raises(UnreadableInput, match=r"sheet1.xml, cell B2: the formula has no saved value: open"):
        cells(path)
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(part)
    saved = re.sub(rb"</f><v\s*/>|</f><v></v>", b"</f><v>2</v>", sheet)
    assert saved != sheet
    assert cells(repacked(path, {part: saved})) == [("1", "2")]
    blank = sheet.replace(b'r="B2"', b'r="B2" t="str"')
    assert cells(repacked(path, {part: blank})) == [("1", "")]


def test_a_truncated_workbook_is_refused(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "x.xlsx", ["a", "b"], ["c", 1]).read_bytes()
    for length in range(8, len(whole), 97):
        with pytest.raises(UnreadableInput):
            cells(written(tmp_path / "y.xlsx", whole[:length]))


def test_rows_far_down_and_far_right(tmp_path: Path) -> None:
    path = workbook(tmp_path / "x.xlsx", ["a"], [1])
    part = "xl/worksheets/sheet1.xml"
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read(part)
    far = b'<row r="%d"><c r="%s%d"><v>7</v></c></row></sheetData>'
    repacked(path, {part: sheet.replace(b"</sheetData>", far % (999_999_999, b"A", 999_999_999))})
    assert cells(path) == [("1",)]
    repacked(path, {part: sheet.replace(b"</sheetData>", far % (3, b"XFD", 3))})
    with pytest.raises(UnreadableInput, match="row 3: the row has 16,384 cells"):
        cells(path)


def test_what_is_a_spreadsheet(tmp_path: Path) -> None:
    assert is_spreadsheet(tmp_path / "X.CSV")
    assert is_spreadsheet(workbook(tmp_path / "no-suffix", ["a"]))
    assert not is_spreadsheet(written(tmp_path / "x.json", b"{}"))
    assert not is_spreadsheet(tmp_path / "missing")


def test_other_archives_are_no_workbooks(tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(UnreadableInput, match=r"no \.xlsx workbook"):
        cells(path)
