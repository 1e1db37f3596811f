"""Digital Links as a resolver reads them: rules of the URI syntax, and agreement with `identifiers`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.digital_link import check_pair, find_link, parse_path
from firsthand.events.identifiers import canonical, check_digit

GTIN = "04012345111118"
TEXT = st.text("!\"%&'()*+,-./09:;<=>?_AZaz", min_size=1, max_size=20)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/01/4012345111118", f"/01/{GTIN}"),
        ("/gtin/4012345111118/lot/A%2f7/ser/9/", f"/01/{GTIN}/10/A%2F7/21/9"),
        ("/01/40123455", "/01/00000040123455"),
        (f"/01/{GTIN}/22/2A/10/B", f"/01/{GTIN}/22/2A/10/B"),
        (f"/01/{GTIN}/235/X1", f"/01/{GTIN}/235/X1"),
        ("/00/340123453111111115", "/00/340123453111111115"),
        ("/414/4012345000009/254/32a", "/414/4012345000009/254/32a"),
        ("/party/4012345000009", "/417/4012345000009"),
        ("/415/4012345000009/8020/REF1", "/415/4012345000009/8020/REF1"),
        ("/253/4012345000009ABC", "/253/4012345000009ABC"),
        ("/255/4012345000009123", "/255/4012345000009123"),
        ("/401/4012345ABC", "/401/4012345ABC"),
        ("/402/", None),
        ("/8003/04012345111118X", "/8003/04012345111118X"),
        ("/8004/4012345X", "/8004/4012345X"),
        ("/8006/040123451111180102/21/1", "/8006/040123451111180102/21/1"),
        ("/8010/4012345P%23/8011/77", "/8010/4012345P%23/8011/77"),
        ("/8013/1987654Ad4X4bL5ttr2310c2K", "/8013/1987654Ad4X4bL5ttr2310c2K"),
        ("/8018/401234511111111115/8019/3", "/8018/401234511111111115/8019/3"),
    ],
)
def test_every_key_in_every_form(path: str, expected: str | None) -> None:
    if expected is None:
        body = "4012345000000001"
        path = expected = f"/402/{body}{check_digit(body)}"
    assert parse_path(path).path == expected
    found = find_link("https://shop.example/a/b" + path + "?linkType=all#x")
    assert found is not None
    assert found.path == expected


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (f"/02/{GTIN}", "no primary key"),
        ("/01", "no value"),
        (f"/01/{GTIN}/10", "no value"),
        ("/01/04012345111119", "check digit .* expected 8"),
        ("/00/340123453111111114", "check digit"),
        ("/8013/1987654Ad4X4bL5ttr2310c2J", "expected 2K|is 2J"),
        ("/01/123", "wrong length"),
        (f"/01/{GTIN}/21/1/10/2", "no order"),
        (f"/01/{GTIN}/10/1/10/2", "no order"),
        (f"/01/{GTIN}/10/1/235/2", "no order"),
        (f"/01/{GTIN}/17/261231", "does not qualify"),
        (f"/01/{GTIN}/10/{'x' * 21}", "1 to 20"),
        (f"/01/{GTIN}/10/%zz", "percent-encoding"),
        (f"/01/{GTIN}/10/%E2%82%AC", "GS1's characters"),
        ("/417/4012345000009/10/1", "does not qualify"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_name(path: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_path(path)


def test_the_levels_of_a_request() -> None:
    def paths(path: str) -> list[str]:
        return [one.path.removeprefix(f"/01/{GTIN}") for one in parse_path(path).levels()]

    assert paths(f"/01/{GTIN}/22/c/10/l/21/s") == ["/21/s", "/22/c/10/l", "/10/l", "/22/c", ""]
    assert paths(f"/01/{GTIN}/10/l") == ["/10/l", ""]
    assert paths(f"/01/{GTIN}/235/u") == ["/235/u", ""]
    assert paths(f"/01/{GTIN}/22/c") == ["/22/c", ""]
    assert paths(f"/01/{GTIN}") == [""]


def test_another_uri_is_no_digital_link() -> None:
    for uri in ("https://weavers.example/piece/7", "https://shop.example/01/123", "urn:epc:id:sgtin:1", "01"):
        assert find_link(uri) is None
    with pytest.raises(InvalidInput, match="check digit"):
        find_link("https://shop.example/01/04012345111119")


def test_the_check_pair_of_the_general_specifications() -> None:
    assert check_pair("1987654Ad4X4bL5ttr2310c") == "2K"
    with pytest.raises(InvalidInput):
        check_pair("€")


@given(st.integers(0, 10**13 - 1), TEXT, TEXT)
def test_the_finest_level_is_what_an_event_speaks_of(number: int, lot: str, serial: str) -> None:
    body = f"{number:013d}"
    from urllib.parse import quote

    path = f"/01/{body}{check_digit(body)}/10/{quote(lot, safe='')}/21/{quote(serial, safe='')}"
    link = parse_path(path)
    assert parse_path(link.path) == link
    assert link.levels()[0].uri == canonical("https://x.example" + path)
    assert link.levels()[1].uri == canonical("https://x.example" + link.levels()[1].path)
