"""Mappings proposed for sheets that nobody has seen before, in several languages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.profiles import Mapping, Row, Table, load_profile, mapping_names, profile_names
from firsthand.profiles.headers import decimal_mark_of, is_total, likely_header, read_header, words_in
from firsthand.profiles.mapping_file import read_mapping_file
from firsthand.profiles.proposal import Proposal, propose
from firsthand.profiles.proposal_match import date_order
from firsthand.profiles.uris import template_names

COFFEE = load_profile("coffee")
UNITS = {"kg": "KGM", "m": "MTR", "msnm": "MTR", "lb": "LBR", "%": "P1"}


def proposed(header: list[str], *lines: list[str], profile: str = "coffee", mark: str = ".") -> Proposal:
    table = Table(tuple(header), 1, "", mark)
    return propose(
        load_profile(profile), [Row(at, tuple(line), table) for at, line in enumerate(lines, 2)], "own"
    )


def fields(found: Proposal) -> dict[str, str]:
    return {found.columns[one.column]: one.concept for one in found.used}


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            [
                "Recibo Nº",
                "Código socio",
                "Nombre",
                "Fecha",
                "Parcela",
                "Variedad",
                "Altitud (msnm)",
                "Peso neto (kg)",
            ],
            ["receiptNumber", "farmerNumber", None, "date", "plot", "variety", "altitude", "cherryWeight"],
        ),
        (
            [
                "Receipt",
                "Member ID",
                "Farmer name",
                "Delivery date",
                "Parcel",
                "Variety",
                "Elevation m.a.s.l.",
                "Net weight kg",
            ],
            ["receiptNumber", "farmerNumber", None, "date", "plot", "variety", None, "cherryWeight"],
        ),
        (
            [
                "Reçu",
                "Code producteur",
                "Nom",
                "Date de livraison",
                "Parcelle",
                "Variété",
                "Altitude (m)",
                "Poids (kg)",
            ],
            ["receiptNumber", "farmerNumber", None, "date", "plot", "variety", "altitude", "cherryWeight"],
        ),
        (
            [
                "Recibo",
                "Código do produtor",
                "Nome",
                "Data",
                "Talhão",
                "Variedade",
                "Altitude m",
                "Peso líquido [kg]",
            ],
            ["receiptNumber", "farmerNumber", None, "date", "plot", "variety", "altitude", "cherryWeight"],
        ),
    ],
)
def test_an_intake_book_is_known_in_four_languages(header: list[str], expected: list[str | None]) -> None:
    lines = [
        [f"R-{at}", f"S{at}", "Persona Muestra", f"2025-10-0{at}", "P1", "Caturra", "1650", "50.5"]
        for at in range(1, 5)
    ]
    found = proposed(header, *lines)
    known = fields(found)
    for name, concept in zip(header, expected, strict=True):
        if concept is not None:
            assert known.get(name) == concept, (name, known)
    assert found.mapping.once == "lot"
    assert [rule.step for rule in found.mapping.events] == ["harvest", "delivery"]
    assert header[2] in found.left_out
    assert "who somebody is" in found.left_out[header[2]]
    table = Table(tuple(header))
    (row,) = Mapping(COFFEE, found.mapping).events([Row(2, tuple(lines[0]), table)], "https://coop.example")
    assert not row.refused
    assert "Persona" not in str(row.events)


def test_units_decide_between_columns_of_one_word() -> None:
    header = ["Receipt", "Farmer no", "Date", "Weight (kg)", "Area (ha)"]
    lines = [[f"R-{at}", "F1", f"2025-10-0{at}", "50", "1.5"] for at in range(1, 5)]
    assert fields(proposed(header, *lines))["Weight (kg)"] == "cherryWeight"


def test_what_the_cells_hold_overrules_the_header() -> None:
    header = ["Receipt", "Farmer no", "Date", "Cherry kg", "Altitude"]
    lines = [[f"R-{at}", "F1", f"2025-10-0{at}", "50", "north slope"] for at in range(1, 5)]
    found = proposed(header, *lines)
    assert "Altitude" not in fields(found)
    assert "not recognised: headed as altitude, but no cell" in found.left_out["Altitude"]


def test_dates_tell_their_order_or_are_asked_for() -> None:
    header = ["Receipt", "Farmer no", "Date", "Cherry kg"]
    clear = [["R-1", "F1", "13/10/2025", "50"], ["R-2", "F1", "01/10/2025", "50"]]
    assert proposed(header, *clear).mapping.date_order == "dmy"
    open_order = [["R-1", "F1", "03/03/2025", "50"], ["R-2", "F1", "01/01/2025", "50"]]
    assert any("date_order" in remark for remark in proposed(header, *open_order).remarks)
    assert date_order(["10/13/2025"]) == "mdy"
    assert date_order(["10/13/2025", "13/10/2025"]) is None


@pytest.mark.parametrize(
    ("header", "lines", "names"),
    [
        # A farmer alone is no lot, even one who came but once; nor is a weight, though no two are the same.
        ("Farmer no|Date|Cherry kg", ["1|2025-10-01|5", "2|2025-10-01|6"], ["farmerNumber", "date"]),
        ("Farmer no|Date|Cherry kg", ["1|2025-10-01|5", "1|2025-10-02|6"], ["farmerNumber", "date"]),
        (
            "Farmer no|Date|Plot|Cherry kg",
            ["1|2025-10-01|A|5", "1|2025-10-01|B|6", "1|2025-10-02|A|7"],
            ["date", "plot"],
        ),
        ("Receipt|Date|Cherry kg", ["1|2025-10-01|5", "2|2025-10-01|5"], ["receiptNumber"]),
        ("Receipt|Date|Cherry kg", ["1|2025-10-01|5", "1|2025-10-02|5"], ["receiptNumber", "date"]),
        ("Date|Cherry kg", ["2025-10-01|5", "2025-10-02|6"], ["digest"]),
        ("Farmer no|Date|Cherry kg", ["1|2025-10-01|5", "1|2025-10-01|6"], ["digest"]),
        # Totals and gaps are refused when they are recorded; they do not hide what names the other rows.
        ("Receipt|Date|Cherry kg", ["1|2025-10-01|5", "2|2025-10-01|5", "Total||10"], ["receiptNumber"]),
        (
            "Receipt|Date|Cherry kg",
            ["1|2025-10-01|5", "2|2025-10-01|5", "-|2025-10-01|10"],
            ["receiptNumber"],
        ),
    ],
)
def test_a_lot_is_named_by_what_tells_the_rows_apart(header: str, lines: list[str], names: list[str]) -> None:
    found = proposed(header.split("|"), *(line.split("|") for line in lines))
    (template,) = found.mapping.uris["lot"]
    assert template_names(template) == names
    assert any("named by" in remark for remark in found.remarks)
    if names == ["digest"]:
        assert found.mapping.once is None
        assert any("choose what names it" in remark for remark in found.remarks)
    else:
        assert found.mapping.once == "lot"
        assert all(found.mapping.fields[name].required for name in names)


def test_a_known_header_decides_and_bad_cells_are_told() -> None:
    header = ["Codigo de socio", "Fecha", "Peso (kg)"]
    lines = [
        ["F1", "13/02/2025", "120.5"],
        ["F2", "13/02/2025", "x"],
        ["F3", "31/02/2025", "80"],
        ["F4", "14/02/2025", "-4"],
    ]
    found = proposed(header, *lines)
    assert fields(found)["Peso (kg)"] == "cherryWeight"
    assert found.mapping.fields["date"].read == "date"
    assert found.mapping.fields["cherryWeight"].required
    told = " ".join(found.remarks)
    assert '1 of 4 cells of "Fecha" cannot be read as date: the first is "31/02/2025" (row 4,' in told
    assert '2 of 4 cells of "Peso (kg)" cannot be read as cherryWeight: the first is "x" (row 3,' in told
    table = Table(tuple(header))
    rows = [Row(at, tuple(line), table) for at, line in enumerate(lines, 2)]
    mapped = list(Mapping(COFFEE, found.mapping).events(rows, "https://coop.example"))
    assert [row.refused for row in mapped] == [False, True, True, True]
    (event,) = mapped[0].events
    (lot,) = event["quantityList"]
    assert lot == {
        "epcClass": "https://coop.example/id/lot/delivery:F1:2025-02-13",
        "quantity": 120.5,
        "uom": "KGM",
    }


def test_most_cells_say_whether_a_date_has_a_time() -> None:
    header = ["Receipt", "Farmer no", "Date", "Cherry kg"]
    times = ["2025-10-01 07:31", "2025-10-01 08:02", "2025-10-01"]
    timed = proposed(header, *(["R-1", "F1", cell, "50"] for cell in times)).mapping
    assert timed.fields["date"].read == "time"
    # What may be either day or month is a date all the same.
    found = proposed(header, ["R-1", "F1", "04/05/2025", "50"])
    assert found.mapping.fields["date"].read == "date"
    assert any("date_order" in remark for remark in found.remarks)


def test_an_unknown_kind_of_sheet_becomes_one_event_a_row() -> None:
    header = ["Sample", "Date", "Moisture %", "Screen size", "Cup score"]
    lines = [[f"S-{at}", f"2026-01-0{at}", "11.5", "16", "84.5"] for at in range(1, 5)]
    found = proposed(header, *lines)
    assert [rule.step for rule in found.mapping.events] == ["grading"]
    assert {"moisture", "screenSize"} <= set(fields(found).values())
    assert any("look whether" in remark for remark in found.remarks)


def test_without_a_date_there_is_no_mapping() -> None:
    with pytest.raises(InvalidInput, match="no column holds a date"):
        proposed(["Weight (kg)", "Variety"], ["50", "SL28"])
    with pytest.raises(InvalidInput, match="no rows"):
        propose(COFFEE, [], "own")


@pytest.mark.parametrize("profile", profile_names())
def test_a_packaged_mappings_own_columns_are_recognised(profile: str) -> None:
    loaded = load_profile(profile)
    for name in mapping_names(profile):
        mapping = read_mapping_file(loaded, name)
        if name == "cqi":
            continue
        header = [one.columns[0] for one in mapping.fields.values() if one.required]
        cell = "2025-10-06 07:31" if name == "weighings" else "2025-10-06"
        found = proposed([*dict.fromkeys(header)], [cell] * len(set(header)), profile=profile)
        assert found.mapping.profile == profile


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.text(max_size=12), min_size=1, max_size=6, unique=True),
    st.lists(
        st.lists(st.sampled_from(["", "1,5", "2025-10-06", "x", "13/10/2025", "F1"]), min_size=6, max_size=6),
        min_size=1,
        max_size=4,
    ),
)
def test_whatever_is_proposed_can_be_loaded(header: list[str], lines: list[list[str]]) -> None:
    header = ["Date", *(name for name in header if name.casefold() != "date")]
    cells = [[*line, *[""] * 6][: len(header)] for line in lines]
    try:
        found = proposed(header, *cells)
    except InvalidInput as error:
        assert "date" in str(error) or "doubled" in str(error)  # noqa: PT017
        return
    assert found.mapping.name == "own"


# --- headers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "name", "unit"),
    [
        ("Peso (kg)", "peso", "KGM"),
        ("Altitude [m]", "altitude", "MTR"),
        ("Altitud m.s.n.m.", "altitudmsnm", None),
        ("Altitud (m.s.n.m.)", "altitud", "MTR"),
        ("Peso en kg", "peso", "KGM"),
        ("Weight_kg", "weight", "KGM"),
        ("Plot m", "plotm", None),
        ("kg", "kg", None),
        ("(kg)", "kg", None),
        ("Weight (gross)", "weightgross", None),
        ("group/peso (kg)", "grouppeso", "KGM"),
    ],
)
def test_units_are_split_off_headers(header: str, name: str, unit: str | None) -> None:
    found = read_header(header, UNITS)
    assert (found.name, found.unit) == (name, unit)


def test_the_likely_header_is_the_first_wide_row_of_text() -> None:
    rows = [
        ["Intake of October"],
        ["printed", "2025-10-31"],
        ["Receipt", "Date", "kg"],
        ["R-1", "2025-10-01", "50"],
    ]
    assert likely_header(rows) == 2
    assert likely_header([["a", "b"], ["1", "2"]]) == 0
    assert likely_header([["1", "2"], ["3", "4"]]) == 0
    assert likely_header([]) == 0


def test_small_things_about_rows() -> None:
    assert words_in("Código_socio CherryWeight") == ["codigo", "socio", "cherry", "weight"]
    assert is_total(["", "TOTAL general"])
    assert not is_total(["Totora farm", "5"])
    assert decimal_mark_of(["1,5", "x"], ".") == ","
    assert decimal_mark_of(["1.5", "1,5"], ".") == "."
    assert decimal_mark_of(["1,500"], ".") == "."
    assert decimal_mark_of(["04.05.2025"], ",") == ","
