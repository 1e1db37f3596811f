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
    urn = "urn:epc:id:sgtin:" + ".".join(other)
    link = to_digital_link(urn)
    expected = all(field in ("*", value) for field, value in zip(fields, other, strict=True))
    assert pattern.matches(urn) is expected
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
        ("urn:epc:idpat:sgtin:4012345.*.*", "urn:epc:idpat:sgtin:4012345.012345.*", True),
        ("urn:epc:idpat:sgtin:*.*.*", "urn:epc:id:sgtin:0614141.107346.2018", True),
        ("urn:epc:idpat:lgtin:4012345.098765.*", "urn:epc:idpat:sgtin:4012345.098765.*", False),
        ("urn:epc:idpat:lgtin:4012345.*.*", "urn:epc:idpat:sgtin:4012345.098765.*", False),
        ("urn:epc:idpat:lgtin:*.*.*", "urn:epc:class:lgtin:4012345.012345.998877", True),
        ("urn:epc:idpat:cpi:0614141.5PQ7%2fZ43.*", "urn:epc:id:cpi:0614141.5PQ7%2FZ43.12345", True),
        ("urn:epc:idpat:itip:4012345.012345.01.02.*", "urn:epc:id:itip:4012345.012345.01.02.987", True),
        ("urn:epc:idpat:itip:4012345.012345.01.02.*", "urn:epc:idpat:itip:4012345.012345.01.02.*", True),
        ("urn:epc:idpat:itip:4012345.012345.01.*.*", "urn:epc:id:itip:4012345.012345.01.02.987", True),
        ("urn:epc:idpat:itip:4012345.012345.02.*.*", "urn:epc:id:itip:4012345.012345.01.02.987", False),
        ("urn:epc:idpat:itip:4012345.012345.*.*.*", "urn:epc:id:itip:4012345.012345.01.02.987", True),
        ("urn:epc:idpat:itip:4012345.012346.*.*.*", "urn:epc:id:itip:4012345.012345.01.02.987", False),
        ("urn:epc:idpat:itip:4012345.*.*.*.*", "urn:epc:id:itip:4012345.012345.01.02.987", True),
        ("urn:epc:idpat:itip:4012345.*.*.*.*", "urn:epc:id:sgtin:4012345.012345.987", False),
        ("urn:epc:idpat:itip:4012345.012345.01.02.987", "urn:epc:id:itip:4012345.012345.01.02.987", True),
        ("urn:epc:idpat:ginc:0614141.*", "urn:epc:id:ginc:0614141.xyz3311cba", True),
        ("urn:epc:idpat:ginc:0614142.*", "urn:epc:id:ginc:0614141.xyz3311cba", False),
        ("urn:epc:idpat:ginc:0614141.xyz", "urn:epc:id:ginc:0614141.xyz", True),
        ("urn:epc:idpat:gsin:0614141.*", "urn:epc:id:gsin:0614141.123456789", True),
    ],
)
def test_schemes(pattern: str, urn: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(urn) is matches
    assert parse_pattern(pattern).matches(to_digital_link(urn)) is matches


@pytest.mark.parametrize(
    ("pattern", "urn", "matches"),
    [
        ("urn:epc:idpat:gid:95100000.12345.*", "urn:epc:id:gid:95100000.12345.400", True),
        ("urn:epc:idpat:gid:95100000.1234.*", "urn:epc:id:gid:95100000.12345.400", False),
        ("urn:epc:idpat:gid:95100000.*.*", "urn:epc:id:gid:95100000.12345.400", True),
        ("urn:epc:idpat:gid:9510000.*.*", "urn:epc:id:gid:95100000.12345.400", False),
        ("urn:epc:idpat:gid:*.*.*", "urn:epc:id:usdod:2S194.12345678901", False),
        ("urn:epc:idpat:gid:95100000.12345.40", "urn:epc:id:gid:95100000.12345.400", False),
        ("urn:epc:idpat:usdod:2S194.*", "urn:epc:id:usdod:2S194.12345678901", True),
        ("urn:epc:idpat:usdod:2S195.*", "urn:epc:id:usdod:2S194.12345678901", False),
        ("urn:epc:idpat:adi:W81X9C.3KL984PX1.*", "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", True),
        ("urn:epc:idpat:adi:W81X9C.3KL9.*", "urn:epc:id:adi:W81X9C.3KL984PX1.2WMA52", False),
        ("urn:epc:idpat:adi:W81X9C.A%2fB.*", "urn:epc:id:adi:W81X9C.A%2FB.2WMA52", True),
    ],
)
def test_schemes_without_a_digital_link(pattern: str, urn: str, matches: bool) -> None:
    assert parse_pattern(pattern).matches(urn) is matches


@pytest.mark.parametrize(
    ("pattern", "urn"),
    [
        ("urn:epc:idpat:sgtin:4012345.*.*", "urn:epc:id:sgtin:40123459.12345.1"),
        ("urn:epc:idpat:sscc:0614141.*", "urn:epc:id:sscc:06141419.123456789"),
        ("urn:epc:idpat:giai:0614141.*", "urn:epc:id:giai:06141419.400"),
    ],
)
def test_the_company_prefix_of_a_urn_is_known_and_of_a_digital_link_is_not(pattern: str, urn: str) -> None:
    assert not parse_pattern(pattern).matches(urn)
    assert parse_pattern(pattern).matches(to_digital_link(urn))


@pytest.mark.parametrize(
    "text",
    [
        "urn:epc:idpat:sgtin:0614141.*.5",
        "urn:epc:idpat:sgtin:0614141.*",
        "urn:epc:idpat:what:1.2",
        "urn:epc:idpat:sscc:1.*",
        "urn:epc:idpat:sgtin:0614141.1.*",
        "urn:epc:idpat:gid:95100000.12345",
        "urn:epc:idpat:gid:95100000..*",
        "urn:epc:idpat:itip:4012345.012345.*.02.*",
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
