"""EPC patterns against the identifiers that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.epc_patterns import parse_pattern
from firsthand.events.identifiers import to_digital_link
from firsthand.events.units import convert, dimension

COMPANIES = ("0614141", "0614142", "061414")
DIGITS = st.text("0123456789", min_size=1, max_size=4)


@st.composite
def sgtins(draw: st.DrawFn) -> tuple[str, str, str]:
    company = draw(st.sampled_from(COMPANIES))
    item = draw(st.integers(0, 30))
    return company, f"{item:0{13 - len(company)}d}", draw(DIGITS)


@given(sgtins(), sgtins(), st.integers(0, 3))
def test_sgtin_patterns_match_as_fields_do(
    one: tuple[str, str, str], other: tuple[str, str, str], wild: int
) -> None:
    fields = [*one[: 3 - wild], *["*"] * wild]
    pattern = parse_pattern("urn:epc:idpat:sgtin:" + ".".join(fields))
    link = to_digital_link("urn:epc:id:sgtin:" + ".".join(other))
    expected = all(field in ("*", value) for field, value in zip(fields, other, strict=True))
    if expected:
        assert pattern.matches(link)
    elif wild != 2 or not other[0].startswith(one[0]):
        # A Digital Link does not say where the company prefix ends: 061414 also stands for 0614141.
        assert not pattern.matches(link)


@pytest.mark.parametrize(
    ("pattern", "urn", "matches"),
    [
        ("urn:epc:idpat:sscc:0614141.*", "urn:epc:id:sscc:0614141.1234567890", True),
        ("urn:epc:idpat:sgln:0614141.*.*", "urn:epc:id:sgln:0614141.00777.5", True),
        ("urn:epc:idpat:sgln:0614141.00777.*", "urn:epc:id:sgln:0614141.00777.0", True),
        ("urn:epc:idpat:sgln:0614141.00777.*", "urn:epc:id:sgln:0614141.00778.0", False),
        ("urn:epc:idpat:grai:0614141.12345.*", "urn:epc:id:grai:0614141.12345.400", True),
        ("urn:epc:idpat:grai:0614141.*.*", "urn:epc:id:grai:0614142.12345.400", False),
        ("urn:epc:idpat:giai:0614141.*", "urn:epc:id:giai:0614141.12345400", True),
        ("urn:epc:idpat:lgtin:4012345.012345.*", "urn:epc:class:lgtin:4012345.012345.998877", True),
        ("urn:epc:idpat:sgtin:4012345.012345.*", "urn:epc:class:lgtin:4012345.012345.998877", False),
        ("urn:epc:idpat:sgtin:4012345.*.*", "urn:epc:class:lgtin:4012345.012345.998877", False),
        ("urn:epc:idpat:sgtin:4012345.012345.*", "urn:epc:idpat:sgtin:4012345.012345.*", True),
        ("urn:epc:idpat:sgtin:*.*.*", "urn:epc:id:sgtin:0614141.107346.2018", True),
    ],
)
def test_schemes(pattern: str, urn: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(to_digital_link(urn)) is matches


@pytest.mark.parametrize(
    "text",
    [
        "urn:epc:idpat:sgtin:0614141.*.5",
        "urn:epc:idpat:sgtin:0614141.*",
        "urn:epc:idpat:what:1.2",
        "urn:epc:idpat:sscc:1.*",
        "urn:epc:idpat:sgtin:0614141.1.*",
    ],
)
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_pattern(text)


def test_units() -> None:
    assert convert(1, "LBR", "GRM") == convert(45359237, "GRM", "GRM") / 100_000  # type: ignore[operator]
    assert convert(0, "CEL", "FAH") == 32
    assert convert(5, "KGM", "MTR") is None
    assert convert(5, "XYZ", "XYZ") == 5
    assert dimension("CTM") == "mass"
    assert dimension("XYZ") is None
