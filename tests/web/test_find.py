"""`/find`: a code typed from a label leads to the item, for people and for programs; nothing else does."""

from __future__ import annotations

import re
from urllib.parse import quote

import pytest

from firsthand.service.short_codes import item_of, short_codes
from tests.web.live import Live
from tests.web.test_capture import lot

URN = "urn:uuid:0f2a5b8e-3e1b-4d67-9a3c-2f6f5b1f9c11"


@pytest.fixture
def codes(live: Live) -> dict[str, str]:
    """Codes of an item with a web address, of one without, and of one that tries to break out."""
    workspace = live.access().workspace
    return short_codes(
        workspace, [lot("find"), URN, 'https://evil.example/"\r\nX-Evil: 1', "javascript:alert(1)"]
    )


def test_a_code_leads_to_its_item(live: Live, codes: dict[str, str]) -> None:
    with live.client(None) as client:
        for typed in (codes[lot("find")], codes[lot("find")].lower().replace("-", " ")):
            answer = client.get("/find", params={"code": typed})
            assert (answer.status_code, answer.headers["Location"]) == (307, lot("find"))
            label = client.get(f"/p/{quote(typed)}")
            assert (label.status_code, label.headers["Location"]) == (307, lot("find"))
            told = client.get(f"/find/{quote(typed)}")
            assert (told.status_code, told.json()) == (200, {"item": lot("find")})


def test_the_code_of_a_gs1_key_leads_to_this_servers_resolver(live: Live) -> None:
    lot_of = "https://id.gs1.org/01/10614141123459/10/L1"
    urn = "urn:epc:id:sgtin:0614141.812345.6789"
    found = short_codes(live.access().workspace, [lot_of, urn])
    with live.client(None) as client:
        for item, path in ((lot_of, "/01/10614141123459/10/L1"), (urn, "/01/80614141123458/21/6789")):
            answer = client.get(f"/p/{found[item]}")
            assert (answer.status_code, answer.headers["Location"]) == (307, live.url + path)
            assert client.get(f"/find/{found[item]}").json() == {"item": item}


def test_an_item_without_a_web_address_is_shown(live: Live, codes: dict[str, str]) -> None:
    with live.client(None) as client:
        answer = client.get("/find", params={"code": codes[URN]})
        assert answer.status_code == 200
        assert f"<bdi>{URN}</bdi>" in answer.text
        for item in ("javascript:alert(1)",):
            answer = client.get("/find", params={"code": codes[item]})
            assert answer.status_code == 200
            assert "Location" not in answer.headers
            # It is text and no link: the page's only addresses are its own stylesheet, icon and form.
            assert "<a" not in answer.text
            assert set(re.findall(r'(?:href|src|action)="([^"]*)"', answer.text)) == {
                "/assets/icon.svg",
                "/assets/passport.css",
                "/find",
            }


def test_a_header_cannot_be_added(live: Live, codes: dict[str, str]) -> None:
    item = next(one for one in codes if "evil" in one)
    with live.client(None) as client:
        answer = client.get("/find", params={"code": codes[item]})
    assert answer.headers["Location"] == "https://evil.example/%22%0D%0AX-Evil:%201"
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("typed", ["K7Q2", "<script>alert(1)</script>", "\"' onfocus=alert(1)", "x" * 3000])
def test_what_is_no_code_is_said_and_escaped(typed: str, live: Live) -> None:
    with live.client(None) as client:
        answer = client.get("/find", params={"code": typed})
        assert answer.status_code == 400
        assert 'role="alert"' in answer.text
        assert "<script" not in answer.text
        assert "\"'" not in answer.text
        assert client.get(f"/find/{quote(typed[:500], safe='')}").status_code == 400
        label = client.get(f"/p/{quote(typed[:500], safe='')}")
        assert label.status_code == 400
        assert 'role="alert"' in label.text
        assert "<script" not in label.text


def test_a_code_of_nobody_is_not_found(live: Live, codes: dict[str, str]) -> None:
    from firsthand.errors import NotFound
    from firsthand.proof.one_time_code import code_of

    code = code_of(bytes(5), 40)
    with pytest.raises(NotFound):
        item_of(live.access().workspace, code)
    with live.client(None) as client:
        answer = client.get("/find", params={"code": code}, headers={"Accept-Language": "ar"})
        assert answer.status_code == 404
        assert '<html lang="ar" dir="rtl">' in answer.text
        assert client.get(f"/find/{code}").status_code == 404
        assert client.get(f"/p/{code}").status_code == 404
        assert client.get("/find", params={"to": "https://evil.example"}).status_code == 400


def test_the_page_asks_for_a_code_and_loads_nothing(live: Live) -> None:
    with live.client(None) as client:
        answer = client.get("/find", headers={"Accept": "text/html", "Accept-Language": "fr"})
    assert answer.status_code == 200
    assert "Tapez le code" in answer.text
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "<script" not in answer.text
