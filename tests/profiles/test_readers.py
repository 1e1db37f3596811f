"""Cells as people write them: what is read, and what is refused because it could mean two things."""

from __future__ import annotations

import base64
import hashlib
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.profiles import load_profile
from firsthand.profiles.cells import words_of
from firsthand.profiles.readers import (
    Period,
    Quantity,
    read_date,
    read_geometry,
    read_hash,
    read_list,
    read_number,
    read_parts,
    read_period,
    read_quantities,
    read_text,
    read_uri,
)

WORDING, CALENDAR = words_of(load_profile("coffee"))


@pytest.mark.parametrize(
    ("cell", "low", "high", "uom"),
    [
        ("1400", "1400", "1400", None),
        ("1400 msnm", "1400", "1400", "MTR"),
        ("2000 ft.", "2000", "2000", "FOT"),
        ("1200-1800m", "1200", "1800", "MTR"),
        ("1520m - 2200m", "1520", "2200", "MTR"),
        ("1300~1400 m.s.l", "1300", "1400", "MTR"),
        ("de 1600 a 1950 msnm", "1600", "1950", "MTR"),
        ("1300 a 1800 metros sobre el nivel del mar", "1300", "1800", "MTR"),
        ("between 700 and 1400 meters", "700", "1400", "MTR"),
        ("1400 thru 1850", "1400", "1850", None),
        ("1900 a nivel del mar", "1900", "1900", None),
        ("above 1200 m", "1200", None, "MTR"),
        ("1600 + meters above sea level", "1600", None, "MTR"),
        ("800++", "800", None, None),
        ("meters above sea level: 1872", "1872", "1872", "MTR"),
        ("700m公尺", "700", "700", "MTR"),
        ("approx. 1'500 metres a.s.l.", "1500", "1500", "MTR"),
        ("100 lbs", "100", "100", "LBR"),
        ("12 %", "12", "12", "P1"),
    ],
)
def test_quantities(cell: str, low: str, high: str | None, uom: str | None) -> None:
    expected = Quantity(Decimal(low), None if high is None else Decimal(high), uom)
    assert read_quantities(cell, ".", WORDING) == [expected]


@pytest.mark.parametrize(
    "cell",
    [
        "12oo",
        "-1",
        "huanuco",
        "test",
        "",
        "m",
        "100/2000",
        "1800 meters (5900",
        "1200-",
        "1200 - 1300 - 1400",
        "1400 1500",
        "1900-1200",
        "2 kg,lbs",
        "2 kg lbs",
        "above 1200-1300 m",
        "1 2 3",
        "1e3",
        "١٢٠٠ m",
        "1200 m²",
        "9" * 40,
    ],
)
def test_quantities_that_cannot_be_read(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_quantities(cell, ".", WORDING)


def test_a_mark_before_three_digits_leaves_two_readings_only_where_the_column_says_so() -> None:
    assert [q.low for q in read_quantities("1.250 m", ".", WORDING)] == [Decimal("1.250")]
    both = [q.low for q in read_quantities("1.250 m", ".", WORDING, thousands=True)]
    assert both == [Decimal("1.250"), Decimal(1250)]
    ranges = read_quantities("de 1.600 a 1950 msnm", ".", WORDING, thousands=True)
    assert {(q.low, q.high) for q in ranges} == {
        (Decimal("1.6"), Decimal(1950)),
        (Decimal(1600), Decimal(1950)),
    }


@pytest.mark.parametrize(
    ("cell", "mark", "value"),
    [
        ("8.67", ".", "8.67"),
        ("8,67", ",", "8.67"),
        ("8,67", ".", "8.67"),
        ("-3", ".", "-3"),
        ("1.250", ".", "1.250"),
        ("1,250", ",", "1.250"),
        ("1,234.5", ".", "1234.5"),
        ("1.234,5", ".", "1234.5"),
        ("1,234,567", ".", "1234567"),
        ("0.30000000000000004", ".", "0.30000000000000004"),
    ],
)
def test_numbers(cell: str, mark: str, value: str) -> None:
    assert read_number(cell, mark) == Decimal(value)


@pytest.mark.parametrize(
    "cell", ["1,234", "1.2.3", "NaN", "inf", "1e9", "0x10", "1_000", "", "--1", "12 kg", "1" * 16]
)
def test_numbers_that_cannot_be_read(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_number(cell, ".")


@pytest.mark.parametrize(
    "cell",
    ["2013-06-29", "June 29th, 2013", "june 29 2013", "29 June 2013", "29 de junio de 2013", "29/06/2013",
     "06/29/2013", "29 juin 2013", "29.06.2013", "2013-06-29T00:00:00"],
)  # fmt: skip
def test_dates(cell: str) -> None:
    assert read_date(cell, CALENDAR) == date(2013, 6, 29)


@pytest.mark.parametrize(
    "cell",
    ["04/05/2013", "June 31st, 2013", "29/06/13", "June 2013", "2013", "0000-01-01", "9999-01-01", "soon"],
)
def test_dates_that_cannot_be_read(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_date(cell, CALENDAR)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("2014", "2014-01-01/2014-12-31"),
        ("2013/2014", "2013-01-01/2014-12-31"),
        ("2017 / 2018", "2017-01-01/2018-12-31"),
        ("2014/15", "2014-01-01/2015-12-31"),
        ("4T/10", "2010-10-01/2010-12-31"),
        ("1t/2011", "2011-01-01/2011-03-31"),
        ("March 2010", "2010-03-01/2010-03-31"),
        ("Sept 2009 - April 2010", "2009-09-01/2010-04-30"),
        ("December 2009-March 2010", "2009-12-01/2010-03-31"),
        ("Abril - Julio /2011", "2011-04-01/2011-07-31"),
        ("February 2012", "2012-02-01/2012-02-29"),
        ("23 July 2010", "2010-07-23"),
    ],
)
def test_periods(cell: str, text: str) -> None:
    assert read_period(cell, CALENDAR).text() == text


@pytest.mark.parametrize(
    "cell",
    ["Mayo a Julio", "May-August", "Fall 2009", "08/09 crop", "47/2010", "4T72010", "5T/2010", "2013/2015",
     "2014/2013", "mmm", "TEST", "November - February 2011", "March 2011 - March 2010", "1800"],
)  # fmt: skip
def test_periods_that_cannot_be_read(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_period(cell, CALENDAR)


def test_ico_marks() -> None:
    assert read_parts("13 / 111 / 053", 3) == "13/111/053"
    for cell in ("HDOA#210306", "Taiwan", "C47", "2014/2015", "1/2/3/4", "1//3"):
        with pytest.raises(InvalidInput):
            read_parts(cell, 3)


def test_text_is_one_printable_line() -> None:
    assert read_text(" Blossom  Valley\nInternational\n") == "Blossom Valley International"
    assert read_text("Cafe\u0301") == "Café"
    for cell in ("a\0b", "a\u202eb", "#REF!", "x" * 1001):
        with pytest.raises(InvalidInput):
            read_text(cell)


ANYTHING = st.text(max_size=40) | st.from_regex(r"[0-9 .,'/a-z~+%-]{0,20}", fullmatch=True)


@given(ANYTHING)
def test_no_cell_breaks_a_reader(cell: str) -> None:
    for read in (
        lambda: read_quantities(cell, ".", WORDING, thousands=True),
        lambda: read_number(cell, ","),
        lambda: read_date(cell, CALENDAR),
        lambda: read_period(cell, CALENDAR),
        lambda: read_parts(cell, 3),
        lambda: read_text(cell),
    ):
        with suppress(InvalidInput):
            read()


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_written_day_reads_back(day: date) -> None:
    assert read_date(day.isoformat(), CALENDAR) == day
    assert read_date(f"{day:%B} {day.day}th, {day.year}", CALENDAR) == day
    assert read_period(day.isoformat(), CALENDAR) == Period(day, day)


@given(st.decimals(0, 10**9, places=3))
def test_every_written_number_reads_back(value: Decimal) -> None:
    assert read_number(f"{value:f}", ".") == value
    assert read_number(f"{value:f}".replace(".", ","), ",") == value


def test_lists() -> None:
    assert read_list("organic, Fairtrade") == ("organic", "Fairtrade")
    assert read_list("80 % cotton; 20 % wool, washed;") == ("80 % cotton", "20 % wool, washed")
    assert read_list("organic") == ("organic",)
    for cell in ("", ";", " , ", "organic, organic", "a; \u202eb"):
        with pytest.raises(InvalidInput):
            read_list(cell)


@given(st.binary(max_size=50))
def test_a_digest_reads_the_same_in_hex_and_as_a_uri(data: bytes) -> None:
    digest = hashlib.sha256(data)
    uri = read_hash(digest.hexdigest())
    assert base64.urlsafe_b64decode(uri.removeprefix("ni:///sha-256;") + "=") == digest.digest()
    for spelling in (uri, digest.hexdigest().upper(), f"sha256:{digest.hexdigest()}"):
        assert read_hash(spelling) == uri


@pytest.mark.parametrize(
    "cell", ["", "abc", "0" * 63, "g" * 64, "md5:" + "0" * 64, "ni:///sha-512;" + "A" * 43]
)
def test_what_is_no_sha_256_digest(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_hash(cell)


def test_uris() -> None:
    for cell in ("https://coop.example/id/lot/7", "urn:epc:id:sgtin:1.2.3", "did:web:coop.example"):
        assert read_uri(cell) == cell
    for cell in (
        "coop.example",
        "javascript:alert(1)",
        "https://",
        "https://a b",
        "data:text/html,x",
        "did:",
    ):
        with pytest.raises(InvalidInput):
            read_uri(cell)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("POINT (0.003945 0.002623)", "POINT (0.003945 0.002623)"),
        ("point(-75.5   6.25)", "POINT (-75.5 6.25)"),
        ("POLYGON((0 0,1 0,1 1,0 0))", "POLYGON ((0 0, 1 0, 1 1, 0 0))"),
    ],
)
def test_geometry(cell: str, text: str) -> None:
    assert read_geometry(cell) == text


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "6.25, -75.5",
        "POINT (200 6)",
        "POINT (6 -91)",
        "POINT (1)",
        "POINT EMPTY",
        "POLYGON ((0 0, 1 0, 1 1))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0.1))",
        "LINESTRING (0 0, 1 1)",
        "POINT (1 2) POINT (1 2)",
    ],
)
def test_what_is_no_place(cell: str) -> None:
    with pytest.raises(InvalidInput):
        read_geometry(cell)
