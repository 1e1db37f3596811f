"""What somebody without a workspace does with a token's file: the stored one, and its PDF."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pypdfium2
import pytest

from firsthand.chain.token import TokenReport, TokenState
from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.proof.certificate import Photograph
from firsthand.service.certificate_pdf import certificate_pdf
from firsthand.service.token_check import check_token, new_challenge
from tests.tokens import piece_uri

# The smallest PNG: one grey pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200"
    "81dd436af40000000049454e44ae426082"
)


@pytest.fixture
def stored(vectors: Path) -> Path:
    return vectors / "spec" / "token.fhtoken"


@pytest.fixture
def report(stored: Path) -> TokenReport:
    checked, _ = check_token(stored, headers=str(stored.with_name("token-headers.raw")))
    assert checked.stands
    return checked


def text_of(data: bytes) -> str:
    pages = list(pypdfium2.PdfDocument(data))
    return "".join("".join(page.get_textpage().get_text_range() for page in pages).split())


def test_the_pdf_says_what_was_certified_and_how_to_check_it(report: TokenReport, tmp_path: Path) -> None:
    photo = tmp_path / "ring.png"
    photo.write_bytes(PIXEL)
    assert report.certificate is not None
    drawn = Photograph(sha256(PIXEL).digest(), "image/png")
    report.certificate = replace(report.certificate, photographs=(drawn, *report.certificate.photographs))
    text = text_of(certificate_pdf(report, "ring-7.fhtoken", "2026-05-01T00:00:00Z", [photo]))
    for told in (
        "Ring7", piece_uri(), str(report.mint), "4.21g", "17.35mm", "1.02ct", "GRS2026-1", "heated", "AA,750",
        "Photograph1(shown)", "Photograph2(notshown)", sha256(PIXEL).hexdigest(), "repair,statedbyAurum",
        "Afterthelastworkonit", "firsthandtokenverifyring-7.fhtoken", "provesnothingbyitself", "seized",
        "2026-05-01T00:00:00Z:inforceasofblock", "tipunspentnotchecked",
    ):  # fmt: skip
        assert told in text, told


def test_the_pdf_says_in_red_what_is_wrong(report: TokenReport, stored: Path, tmp_path: Path) -> None:
    unchecked, _ = check_token(stored)
    assert "didNOTverify" in text_of(certificate_pdf(unchecked, "x", "now", []))
    report.state = TokenState.MELTED
    assert "hasended:melted" in text_of(certificate_pdf(report, "x", "now", []))
    report.certificate = None
    with pytest.raises(InvalidInput, match="no certificate"):
        certificate_pdf(report, "x", "now", [])
    broken = tmp_path / "broken.png"
    broken.write_bytes(PIXEL[:20])
    with pytest.raises(UnreadableInput, match="no such file"):
        certificate_pdf(check_token(stored)[0], "x", "now", [tmp_path / "nowhere.png"])


def test_a_photograph_that_cannot_be_drawn_is_still_named(report: TokenReport, tmp_path: Path) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(PIXEL[:20])
    assert report.certificate is not None
    report.certificate = replace(
        report.certificate, photographs=(Photograph(sha256(PIXEL[:20]).digest(), "image/png"),)
    )
    assert "notinaformthatcanbedrawn" in text_of(certificate_pdf(report, "x", "now", [broken]))


def test_names_cannot_write_into_the_page(report: TokenReport) -> None:
    assert report.certificate is not None
    report.certificate = replace(report.certificate, name="<b>Ring</b> & <img src='file:///etc/passwd'/>")
    assert "<b>Ring</b>&<img" in text_of(certificate_pdf(report, "<i>x", "now", []))


@pytest.mark.parametrize(
    "content", [b"", b"hello\n", b"{}\n", b"[" * 50_000 + b"\n", b"\xff\xfe\n", b'{"token":1}\n']
)
def test_what_is_no_token_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(UnreadableInput if b"1" not in content else InvalidInput):
        check_token(path)


def test_parts_of_a_token_file(stored: Path, tmp_path: Path) -> None:
    data = stored.read_bytes()
    lines = data.splitlines(keepends=True)
    for name, content, told in (
        ("cut", data[:-1], "not ended by LF"),
        ("a bundle", lines[1], "no token"),
        ("spaced", data.replace(b":", b": ", 1), "canonical"),
        ("vout", data.replace(b':0"}', b':1"}', 1), "TXID:0"),
        (
            "capitals",
            lines[0].replace(b'"token":"5', b'"token":"A', 1).upper() + lines[1],
            "not a token file",
        ),
        (
            "a member",
            lines[0].replace(b'"firsthand":1', b'"firsthand":1,"more":1') + lines[1],
            "unknown member",
        ),
        ("version", data.replace(b'"firsthand":1', b'"firsthand":2', 1), "version 2"),
        ("no bundle", lines[0] + b"{}\n", "line 2"),
    ):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InvalidInput, match=told):
            check_token(path)


def test_a_challenge_is_new_each_time(stored: Path) -> None:
    assert new_challenge(stored, "Insurer Ltd") != new_challenge(stored, "Insurer Ltd")
