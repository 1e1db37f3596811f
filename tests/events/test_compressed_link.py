"""Compressed Digital Links: read as GS1's own toolkit wrote them, and whatever else comes is refused."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.compressed_link import looks_compressed, read_path
from firsthand.events.digital_link import parse_path

VECTORS = Path(__file__).parent.parent / "vectors" / "digital_link" / "compressed.json"
PAIRS: list[list[str]] = json.loads(VECTORS.read_text())["compressed"]
BASE64 = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
LOT = "AQnYUc1gmiERBhQ0ytiyZuAGOLc1TQ"


def pressed(bits: str) -> str:
    """The base64url text of these bits, filled with zeros."""
    bits = bits.replace(" ", "")
    bits += "0" * (-len(bits) % 6)
    return "".join(BASE64[int(bits[at : at + 6], 2)] for at in range(0, len(bits), 6))


GTIN = f"00000001{5412345000013:047b}"


@pytest.mark.parametrize(("compressed", "expected"), PAIRS)
def test_the_links_of_gs1s_toolkit_are_read(compressed: str, expected: str) -> None:
    found = read_path(compressed)
    path, _, query = found.reference.partition("?")
    assert found.compressed
    assert path == expected.partition("?")[0]
    # The toolkit sorts what it compresses: the same pairs, perhaps in another order.
    assert sorted(query.split("&")) == sorted(expected.partition("?")[2].split("&"))


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("AQnYUc1gmiERBhQ0ytiyZuAGOLc1T", "ends at bit"),
        ("AQnYUc1gmiERBhQ0ytiyZuAGOLc1TQ==", "'=' at place 31"),
        ("AQnYUc1gmiERBhQ0+tiyZuAGOLc1TQ", "'.' at place 17"),
        ("é" * 12, "place 1"),
        ("A" * 1_001, "at most 1000 characters"),
        ("", "at least one element"),
        ("A", "at least one element"),
        (pressed("11111111111"), "ends at bit"),
        (pressed(GTIN + "00001"), "bits that are not 0"),
        (pressed(GTIN + GTIN), "twice"),
        (pressed(f"00000001{10**14:047b}"), "more than 14 digits"),
        (pressed(GTIN + "00010000 000 11111" + "0" * 200), "at most 20"),
        (pressed(GTIN + "00010000 101 00001" + "0" * 20), "encoding 5"),
        (pressed(GTIN + "00010000 100 00001 0000000"), "characters of GS1's"),
        (pressed(GTIN + "00010000 100 00000"), "characters of GS1's"),
        (pressed(GTIN + "00110001 0111 0000" + "0" * 30), "no application identifier"),
        (pressed(GTIN + "00110001 1010 0000" + "0" * 30), "no application identifier"),
        (pressed(GTIN + "11101110" + "0" * 30), "no application identifier begins with EE"),
        (pressed(GTIN + "1111 0000000 000 0000000 0"), "no key"),
        (pressed(GTIN + "1111 0000001 110100 000 0000000 0"), "digits are GS1's"),
        (pressed(f"00010001{260101:020b}"), "one primary key, got none"),
        (pressed(f"{GTIN}00000000{340123453111111115:060b}"), "one primary key, got 01, 00"),
        (pressed(f"00000001{5412345000014:047b}"), "check digit"),
    ],
)
def test_what_is_no_compressed_link_is_refused_by_name(segment: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        read_path(f"/{segment}")


def test_a_partly_compressed_link_has_its_key_before() -> None:
    assert read_path("/gtin/5412345000013/Fz-Os/").reference == "/01/05412345000013?17=260331"
    for path in (f"/01/05412345000013/{LOT}", "/01/05412345000013/foo", f"/01/05412345000014/{LOT}"):
        with pytest.raises(InvalidInput):
            read_path(path)


def test_what_is_not_compressed_is_read_as_before() -> None:
    path = "/01/05412345000013/10/A%2F7"
    assert (read_path(path).link, read_path(path).compressed) == (parse_path(path), False)


@given(st.text(BASE64, max_size=60) | st.text(max_size=30).filter(lambda text: "/" not in text))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        found = read_path(text)
    except InvalidInput:
        return
    assert parse_path(found.link.path) == found.link
    assert found.reference.isascii()
    assert not set(found.reference) & set(' \r\n<>"')


@given(st.sampled_from([pair[0] for pair in PAIRS]), st.data())
def test_one_wrong_character_is_refused_or_another_link(compressed: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(compressed.rindex("/") + 1, len(compressed) - 1))
    wrong = compressed[:at] + data.draw(st.sampled_from(BASE64)) + compressed[at + 1 :]
    try:
        found = read_path(wrong)
    except InvalidInput:
        return
    # Encoding is not unique (small hex may be written as text), but a link never has two readings.
    assert read_path(wrong) == found


def test_an_identifier_after_a_key_is_no_compressed_link() -> None:
    for name in ("10", "21", "22", "235", "8011", "lot", "ser", "cpv"):
        with pytest.raises(InvalidInput, match=f"'{name}' has no value"):
            read_path(f"/01/05412345000013/{name}/")


def test_names_of_files_are_not_taken_for_links() -> None:
    for name in ("favicon.ico", "robots.txt", "wp-login.php", "foo", "a b c d e f g"):
        assert not looks_compressed(name)
    for name in (
        "vocabularies",
        "consignments",
        "event-types-of",
        "eventTypes",
        "+AAAAAAAAAAA",
        "é1234567890",
    ):
        assert not looks_compressed(name)
    assert looks_compressed(LOT)
    assert looks_compressed(f"{LOT}==")
