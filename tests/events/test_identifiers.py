"""EPC URN and Digital Link: known pairs, round trips, the reference normaliser, bad and hostile input."""

from __future__ import annotations

import time
from urllib.parse import unquote

import pytest
from epcis_event_hash_generator.dl_normaliser import normaliser
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.events.identifiers import canonical, check_digit, hashed_spelling, to_digital_link, to_urn

GS1 = "https://id.gs1.org"
CHARSET_82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CHARSET_39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

PAIRS = [
    ("urn:epc:id:sgtin:4012345.011111.987", "/01/04012345111118/21/987"),
    (
        "urn:epc:id:sgtin:0614141.812345.6789%2F%26%25%22!%3F()",
        "/01/80614141123458/21/6789%2F%26%25%22%21%3F%28%29",
    ),
    ("urn:epc:id:sgtin:415056789012.0.987654", "/01/04150567890128/21/987654"),
    ("urn:epc:id:sgtin:4012345.011111.a.b-c", "/01/04012345111118/21/a.b-c"),
    ("urn:epc:class:lgtin:4012345.012345.Lot987", "/01/04012345123456/10/Lot987"),
    ("urn:epc:idpat:sgtin:4054739.099914.*", "/01/04054739999148"),
    (
        "urn:epc:id:upui:1234567.098765.51qIgY)%3C%26Jp3*j7'SDB",
        "/01/01234567987651/235/51qIgY%29%3C%26Jp3%2Aj7'SDB",
    ),
    ("urn:epc:id:itip:4012345.011111.01.02.987", "/8006/040123451111180102/21/987"),
    ("urn:epc:idpat:itip:4012345.012345.01.02.*", "/8006/040123451234560102"),
    ("urn:epc:id:sscc:4012345.3111111111", "/00/340123451111111111"),
    ("urn:epc:id:sgln:4012345.00005.122", "/414/4012345000054/254/122"),
    ("urn:epc:id:sgln:4012345.00005.0", "/414/4012345000054"),
    ("urn:epc:id:pgln:4000001.00000", "/417/4000001000005"),
    ("urn:epc:id:pgln:999999999999.", "/417/9999999999994"),
    ("urn:epc:id:grai:4012345.00022.334455", "/8003/04012345000221334455"),
    ("urn:epc:idpat:grai:4012345.66666.*", "/8003/04012345666663"),
    ("urn:epc:id:giai:4012345.ABC345", "/8004/4012345ABC345"),
    ("urn:epc:id:gdti:4012345.00009.PO-4711", "/253/4012345000092PO-4711"),
    ("urn:epc:id:gdti:987659999999..9", "/253/98765999999929"),
    ("urn:epc:idpat:gdti:4012345.55555.*", "/253/4012345555554"),
    ("urn:epc:id:sgcn:4012345.99999.44", "/255/401234599999044"),
    ("urn:epc:idpat:sgcn:4012345.99999.*", "/255/4012345999990"),
    ("urn:epc:id:gsrn:4012345.0000006765", "/8018/401234500000067657"),
    ("urn:epc:id:gsrnp:4012345.0000000007", "/8017/401234500000000074"),
    ("urn:epc:id:cpi:0614141.11111111111111-A%23%2F.1234", "/8010/061414111111111111111-A%23%2F/8011/1234"),
    ("urn:epc:idpat:cpi:4012345.ABC.*", "/8010/4012345ABC"),
    ("urn:epc:id:ginc:0614141.xyz47%2F11", "/401/0614141xyz47%2F11"),
    ("urn:epc:id:gsin:4012345.222333444", "/402/40123452223334442"),
]

PLAIN = [
    "https://weavers.example/piece/7",
    "https://coop.example/lots/01/2024-0001",
    "https://coop.example/01/",
    "https://coop.example/00/12345678901234567",
    "https://coop.example/01/04012345111118/21/",
    "https://coop.example/01/04012345111118/99/x",
    "https://coop.example/01/04012345111118/21/a/10/b",
    "https://coop.example/414/4012345000054/254/" + "x" * 21,
    "https:///01/04012345111118",
    "https://coop.example/01/04012345111118/21/%zz",
    "https://coop.example/01/04012345111118/21/caf%C3%A9",
    "https://coop.example/01/04012345111118/21/café",
    "urn:uuid:374d95fc-9457-4a51-bd6a-0bba133845a8",
    "urn:epcglobal:cbv:bt:5200001000008:4711",
    "urn:epc:raw:96.x3F",
    "urn:epc:idpat:sgtin:4012345.*.*",
    "did:key:z6Mk",
    "tag:weaver@example.org,2026:loom-3",
    "ftp://id.gs1.org/01/04012345111118",
    "",
]

MALFORMED = [
    "urn:epc:id:sgtin:4012345.11111.987",
    "urn:epc:id:sgtin:4012345.0111111.987",
    "urn:epc:id:sgtin:40123.01111111.987",
    "urn:epc:id:sgtin:4012345.011111.",
    "urn:epc:id:sgtin:4012345.011111",
    "urn:epc:id:sgtin:4012345.011111." + "x" * 21,
    "urn:epc:id:sgtin:4012345.011111.a#b",
    "urn:epc:id:sgtin:4012345.011111.a%2",
    "urn:epc:id:sgtin:4012345.01111a.987",
    "urn:epc:id:sgtin:٤٠١٢٣٤٥.011111.987",
    "urn:epc:id:sscc:4012345.311111111",
    "urn:epc:id:sscc:4012345.3111111111.1",
    "urn:epc:id:cpi:4012345.abc.123",
    "urn:epc:id:cpi:4012345.ABC.12x",
    "urn:epc:id:itip:4012345.011111.1.02.987",
    "urn:epc:id:itip:4012345.011111.0a.02.987",
    "urn:epc:id:giai:4012345." + "1" * 24,
    "urn:epc:idpat:sgtin:4012345.011111.987",
    "URN:EPC:ID:SGTIN:4012345.011111.987",
    "urn:epc:id:sgtin",
    "urn:epc:id:adi:2S194..12345678901",
]


def prefix_length(urn: str) -> int:
    return len(urn.split(":")[4].split(".")[0])


@pytest.mark.parametrize(("urn", "path"), PAIRS)
def test_known_pairs_both_ways(urn: str, path: str) -> None:
    assert to_digital_link(urn) == GS1 + path
    assert canonical(urn) == GS1 + path
    assert canonical(GS1 + path) == GS1 + path
    assert to_urn(GS1 + path, prefix_length(urn)) == urn


@pytest.mark.parametrize("uri", PLAIN)
def test_other_uris_pass_untouched(uri: str) -> None:
    assert canonical(uri) == uri
    with pytest.raises(InvalidInput):
        to_digital_link(uri)
    with pytest.raises(InvalidInput):
        to_urn(uri, 7)


@pytest.mark.parametrize("urn", MALFORMED)
def test_malformed_urns_are_refused_and_never_translated(urn: str) -> None:
    assert canonical(urn) == urn
    with pytest.raises(InvalidInput, match="no Digital Link: "):
        to_digital_link(urn)


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://id.gs1.org/01/04012345111118", "/01/04012345111118"),
        ("HTTPS://ID.GS1.ORG/01/04012345111118/21/987", "/01/04012345111118/21/987"),
        ("https://shop.example/some/path/01/04012345111118/21/987?17=261231#x", "/01/04012345111118/21/987"),
        ("https://shop.example:8443/gtin/04012345111118/lot/A/ser/987", "/01/04012345111118/21/987"),
        ("https://id.gs1.org/01/04012345111118/22/2A/10/ABC/21/987", "/01/04012345111118/21/987"),
        ("https://id.gs1.org/01/04012345111118/22/2A/10/ABC", "/01/04012345111118/10/ABC"),
        ("https://id.gs1.org/01/04012345111118/22/2A", "/01/04012345111118"),
        ("https://id.gs1.org/01/4012345111118", "/01/04012345111118"),
        ("https://id.gs1.org/01/614141123452/21/x", "/01/00614141123452/21/x"),
        ("https://id.gs1.org/01/12345670", "/01/00000012345670"),
        ("https://id.gs1.org/8006/040123451111180102/10/L/21/987", "/8006/040123451111180102/21/987"),
        ("https://id.gs1.org/8018/401234500000067657/8019/12", "/8018/401234500000067657"),
        ("https://id.gs1.org/gln/4012345000054/glnx/122", "/414/4012345000054/254/122"),
        ("https://id.gs1.org/01/04012345111118/21/a!b", "/01/04012345111118/21/a%21b"),
        ("https://id.gs1.org/01/04012345111118/21/a%2fb%41", "/01/04012345111118/21/a%2FbA"),
        ("https://shop.example/00/340123451111111111?x", "/00/340123451111111111"),
        ("https://shop.example/8004/4012345ABC%2F1", "/8004/4012345ABC%2F1"),
    ],
)
def test_digital_links_become_canonical(link: str, expected: str) -> None:
    assert canonical(link) == GS1 + expected


def test_equivalent_escapes_in_a_urn_have_one_link() -> None:
    spellings = ["a%2Fb!", "a%2fb%21", "%61%2Fb!"]
    links = {canonical(f"urn:epc:id:sgtin:4012345.011111.{spelling}") for spelling in spellings}
    assert links == {f"{GS1}/01/04012345111118/21/a%2Fb%21"}


@pytest.mark.parametrize(
    ("digits", "expected"),
    [("629104150021", "3"), ("0401234511111", "8"), ("0000000000000", "0"), ("1", "7")],
)
def test_check_digit(digits: str, expected: str) -> None:
    assert check_digit(digits) == expected


@pytest.mark.parametrize("digits", ["", "12a", "١٢٣", "1 2", "-1", "²"])
def test_check_digit_of_no_number(digits: str) -> None:
    with pytest.raises(InvalidInput, match="decimal digits"):
        check_digit(digits)


@given(st.text("0123456789", min_size=1, max_size=17), st.data())
def test_check_digit_finds_every_single_wrong_digit(digits: str, data: st.DataObject) -> None:
    total = sum((3 if i % 2 == 0 else 1) * int(d) for i, d in enumerate(reversed(digits)))
    assert (total + int(check_digit(digits))) % 10 == 0
    at = data.draw(st.integers(0, len(digits) - 1))
    wrong = data.draw(st.sampled_from([d for d in "0123456789" if d != digits[at]]))
    assert check_digit(digits[:at] + wrong + digits[at + 1 :]) != check_digit(digits)


@pytest.mark.parametrize(
    "path", ["/01/04012345111117/21/987", "/00/340123451111111112", "/414/4012345000055"]
)
def test_a_wrong_check_digit_names_no_key_but_hashes_as_by_the_reference(path: str) -> None:
    with pytest.raises(InvalidInput, match=r"check digit .* expected"):
        to_urn(GS1 + path, 7)
    shop = "https://shop.example" + path
    assert hashed_spelling(shop) == normaliser(shop) == GS1 + path
    assert canonical(shop) == shop


@pytest.mark.parametrize("path", ["/2026/01/20260115", "/lot/2026/01/20260118", "/party/4012345000054"])
def test_makers_own_uris_are_never_taken_for_anothers(path: str) -> None:
    for own in ("https://coop.example/id" + path, "http://127.0.0.1:8000/id" + path + "/10/7"):
        assert canonical(own) == own
    # 20260118 has a right check digit, 20260115 has not.
    elsewhere = "https://adela.example/harvest" + path
    assert (canonical(elsewhere) == elsewhere) is path.endswith("20260115")


@given(st.text("0123456789/ab%", max_size=40), st.sampled_from(["01", "party", "gtin", "00", "414"]))
def test_nothing_below_id_is_a_key(rest: str, name: str) -> None:
    own = f"https://coop.example/id/{name}/{rest}"
    assert canonical(own) == own


@pytest.mark.parametrize("length", [-1, 0, 5, 13])
def test_to_urn_refuses_impossible_prefix_lengths(length: int) -> None:
    with pytest.raises(InvalidInput, match="6 to 12"):
        to_urn(f"{GS1}/01/04012345111118", length)


@pytest.mark.parametrize(
    ("path", "length"),
    [
        ("/8006/040123451111180102/10/L", 7),
        ("/8004/4012345ABC", 8),
        ("/8004/401234567890", 12),
        ("/401/4012x", 6),
    ],
)
def test_to_urn_refuses_what_has_no_urn(path: str, length: int) -> None:
    with pytest.raises(InvalidInput):
        to_urn(GS1 + path, length)


def escaped(raw: str) -> str:
    """As TDS 2.0 §6.3.1 writes a serial in a URN."""
    return "".join(f"%{ord(c):02X}" if c in '"#%&/<>?' else c for c in raw)


KINDS = sorted({":".join(urn.split(":")[2:4]) for urn, _ in PAIRS} | {"idpat:upui"})


@st.composite
def urns(draw: st.DrawFn) -> str:
    length = draw(st.integers(6, 12))

    def digits(n: int) -> str:
        return draw(st.text("0123456789", min_size=n, max_size=n))

    def alphanumeric(most: int, charset: str = CHARSET_82) -> str:
        return escaped(draw(st.text(charset, min_size=1, max_size=most)))

    prefix = digits(length)
    kind = draw(st.sampled_from(KINDS))
    name = kind.split(":")[1]
    totals = {
        "sscc": 17,
        "gsrn": 17,
        "gsrnp": 17,
        "gsin": 16,
        "sgtin": 13,
        "lgtin": 13,
        "upui": 13,
        "itip": 13,
    }
    serials = {"sgtin": 20, "lgtin": 20, "upui": 28, "itip": 20, "sgln": 20, "grai": 16, "gdti": 17}
    if name == "cpi":
        reference = alphanumeric(30 - length, CHARSET_39)
    elif name in ("giai", "ginc"):
        reference = alphanumeric(30 - length)
    else:
        reference = digits(totals.get(name, 12) - length)
    body = f"{prefix}.{reference}"
    if name == "itip":
        body += f".{digits(2)}.{digits(2)}"
    if kind.startswith("idpat"):
        return f"urn:epc:{kind}:{body}.*"
    if name in ("cpi", "sgcn"):
        body += "." + draw(st.text("0123456789", min_size=1, max_size=12))
    elif name in serials:
        body += "." + alphanumeric(serials[name])
    return f"urn:epc:{kind}:{body}"


@settings(max_examples=500)
@given(urns())
def test_round_trip_and_agreement_with_the_reference(urn: str) -> None:
    link = to_digital_link(urn)
    assert canonical(urn) == link == canonical(link)
    # The reference wants a third dot behind a company prefix that leaves no digit for the reference.
    assert link == normaliser(urn) or (".." in urn and normaliser(urn) is None)
    pattern = urn.replace(":idpat:upui:", ":idpat:sgtin:")  # both are the GTIN: one link, one way back
    assert to_urn(link, prefix_length(urn)) == pattern


@given(urns(), st.sampled_from(["https://brand.example", "http://a.b:80/shop/x", "https://user@h/00"]))
def test_any_domain_and_path_is_the_same_key(urn: str, domain: str) -> None:
    link = to_digital_link(urn)
    assert canonical(domain + link.removeprefix(GS1) + "?linkType=gs1:pip") == link


@settings(max_examples=500)
@given(
    st.text() | st.from_regex(r"(urn:epc:(id|idpat|class):|https?://[a-z]{1,3}/)[\x00-\x7f]*", fullmatch=True)
)
def test_canonical_takes_anything_and_is_idempotent(text: str) -> None:
    once = canonical(text)
    assert canonical(once) == once
    if once != text:
        assert once.startswith(GS1)
        assert all(c in CHARSET_82 + "#" for c in unquote(once.removeprefix(GS1)))


@settings(max_examples=500)
@given(st.text() | urns(), st.integers())
def test_translations_answer_or_refuse(text: str, length: int) -> None:
    for translate in (
        to_digital_link,
        lambda uri: to_urn(uri, length),
        lambda uri: to_urn(canonical(uri), length),
    ):
        try:
            answer = translate(text)
        except InvalidInput as error:
            answer = error.reason
        assert answer


@pytest.mark.parametrize(
    "hostile",
    [
        "https://a/" + "01/" * 300_000,
        "https://a" + "/01/04012345111118" * 50_000,
        "urn:epc:id:sgtin:" + "4012345." * 100_000,
        "urn:epc:id:giai:4012345." + "%41" * 300_000,
        "https://a/01/04012345111118/21/" + "%" * 900_000,
    ],
    ids=["segments", "keys", "dots", "escapes", "percents"],
)
def test_hostile_lengths_take_linear_time(hostile: str) -> None:
    begun = time.perf_counter()
    canonical(hostile)
    assert time.perf_counter() - begun < 1.0
