"""Nobody is led elsewhere by a Host header: what it says counts only where it names this server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from firsthand.errors import WorkspaceError
from firsthand.service.settings import load_settings
from firsthand.web.base_url import base_url
from tests.made import event
from tests.web.live import Live, captured, document, make_live
from tests.web.test_resolver import GS1, GTIN, LOT, PIECE, known

__all__ = ["known"]

URI = "https://coop.example"
EVIL = "evil.example"


def base(*hosts: str, scheme: str = "http", server: Any = ("192.168.1.5", 8000), uri: str = URI) -> str:
    headers = [(b"accept", b"*/*"), *((b"host", host.encode("latin-1")) for host in hosts)]
    return base_url(
        {"scheme": scheme, "headers": headers, "server": server}, uri, {"shop.example", "2001:db8::7"}
    )


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8080",
        "127.0.0.1:8080",
        "127.9.9.9",
        "[::1]:8080",
        "192.168.1.5:8000",
        "192.168.1.5",
        "[::ffff:192.168.1.5]:8000",
        "shop.example",
        "shop.example:8443",
        "[2001:db8::7]:80",
        "coop.example:8080",
    ],
)
def test_hosts_that_name_this_server_are_its_own(host: str) -> None:
    assert base(host) == f"http://{host}"
    assert base(host.upper(), scheme="https") == f"https://{host}"


@pytest.mark.parametrize(
    "host",
    [
        EVIL,
        "evil.example:8000",
        "192.168.1.6:8000",
        "10.0.0.1",
        "coop.example.evil.example",
        "evilcoop.example",
        "coop.example@evil.example",
        "localhost:80@evil.example",
        "localhost/@evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "[::1].evil.example",
        "[::1",
        "localhost:",
        "localhost:8080\\evil.example",
        "localhost, evil.example",
        "shop.example:123456",
        "",
        " ",
        "1.2.3",
        "2130706433",
        "löcalhost",
    ],
)
def test_any_other_host_is_answered_under_the_workspaces_uri(host: str) -> None:
    assert base(host) == URI


def test_the_workspaces_own_host_has_its_own_scheme() -> None:
    assert base("coop.example") == base("COOP.example", scheme="https") == URI
    assert base("coop.example", uri="http://coop.example/") == "http://coop.example"
    assert base(EVIL, uri="https://coop.example/log/") == "https://coop.example/log"


def test_no_host_two_hosts_and_no_address() -> None:
    assert base() == base("localhost", EVIL) == base(EVIL, "localhost") == URI
    assert (
        base("192.168.1.5", server=None) == base("192.168.1.5", server=("/run/firsthand.sock", None)) == URI
    )
    mapped = ("::ffff:192.168.1.5", 8000, 0, 0)
    assert base("192.168.1.5", server=mapped) == "http://192.168.1.5", "a socket of both IPv4 and IPv6"


@pytest.mark.parametrize("host", ["https://shop.example", "shop.example:443", "shop.example/x", "*", ""])
def test_the_setting_has_hosts_only(host: str, tmp_path: Path) -> None:
    (tmp_path / "firsthand.toml").write_text(f'[server]\nhosts = ["localhost", "{host}"]\n')
    with pytest.raises(WorkspaceError, match=r"server\.hosts"):
        load_settings(tmp_path, {})


Ask = Callable[..., httpx.Response]


@pytest.fixture
def ask(known: Live) -> Iterator[Ask]:
    """Asks as Adela under another Host, as a proxy or an attacker may; the connection is the same."""
    with known.client("adela") as client, known.client(None) as stranger:

        def get(path: str, host: str = EVIL, method: str = "GET", **headers: str) -> httpx.Response:
            asks = client if path.startswith("/events") else stranger
            return asks.request(method, path, headers={"Host": host, **headers})

        yield get


def told(answer: httpx.Response) -> str:
    """All that an answer says: its headers and body."""
    return "\n".join([*(f"{name}: {value}" for name, value in answer.headers.items()), answer.text])


def test_a_hostile_host_is_in_no_answer(ask: Ask, known: Live) -> None:
    linkset = f"{GTIN}/10/A7?linkType=linkset"
    for path in (
        f"{GTIN}/10/A7",
        f"{GTIN}/10/A7?linkType=gs1:epcis",
        linkset,
        "/id/piece/9",
        "/id/piece/9?linkType=linkset",
        "/id/piece/9?linkType=gs1:traceability",
        "/.well-known/gs1resolver",
        f"/passport?uri={quote(PIECE, safe='')}",
        "/CwdMZM9knIVO",
        "/find",
        "/openapi.json",
        "/label?item=" + quote(PIECE, safe=""),
    ):
        for method in ("GET", "OPTIONS"):
            answer = ask(path, method=method, **{"X-Forwarded-Host": EVIL, "Forwarded": f"host={EVIL}"})
            assert answer.status_code in (200, 204, 307), (path, answer.text)
            assert EVIL not in told(answer), (method, path)
    assert ask(f"{GTIN}/10/A7").headers["location"] == f"{URI}/passport?uri={quote(LOT, safe='')}"
    found = ask(linkset).json()["linkset"][0]
    assert found["anchor"] == f"{URI}{GTIN}/10/A7"
    assert found[f"{GS1}epcis"][0]["href"].startswith(f"{URI}/events?")
    assert ask("/.well-known/gs1resolver").json()["resolverRoot"] == URI
    assert ask(f"{GTIN}/10/A7", "127.0.0.1:9").headers["location"].startswith("http://127.0.0.1:9/passport?")


def test_a_hostile_host_is_not_on_the_next_page(ask: Ask, known: Live) -> None:
    answer = ask("/events?perPage=1")
    assert answer.links["next"]["url"].startswith(f"{URI}/events?")
    assert ask("/events?perPage=1", f"127.0.0.1:{known.port}").links["next"]["url"].startswith(known.url)


def test_a_hostile_host_is_not_in_what_was_made(known: Live) -> None:
    with known.client("adela") as client:
        body = {"item": LOT, "linkType": "gs1:pip", "href": "https://adela.example/", "title": "Mine"}
        link = client.post("/links", json=body, headers={"Host": EVIL})
        assert link.headers["location"].startswith(f"{URI}/links/")
        client.delete(f"/links/{link.json()['id']}")
        job = client.post("/capture", json=document(event(70)), headers={"Host": EVIL})
        captured(job)
        assert job.headers["location"].startswith(f"{URI}/capture/")


def test_a_kept_page_is_of_its_own_host(ask: Ask, known: Live) -> None:
    """The linkset of a plain item URI is kept, and holds URLs of this server."""
    path, here = "/id/piece/9?linkType=linkset", f"127.0.0.1:{known.port}"
    for _ in range(3):
        for host, begins in (
            (EVIL, URI),
            (here, known.url),
            ("other.example", URI),
            ("localhost", "http://localhost"),
        ):
            answer = ask(path, host)
            assert f'"{begins}/passport?' in answer.text
            assert "Host" in answer.headers["vary"]


def test_forwarded_headers_count_only_from_a_proxy_that_was_named(
    ask: Ask, known: Live, tmp_path: Path
) -> None:
    sent = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    path = "/.well-known/gs1resolver"
    assert ask(path, "localhost", **sent).json()["resolverRoot"] == "http://localhost"
    live = make_live(tmp_path, HOSTS="shop.example mill.example")
    live.environ["FORWARDED_ALLOW_IPS"] = "127.0.0.1"
    try:
        live.start()
        with live.client(None) as client:
            for host, root in (("mill.example", "https://mill.example"), (EVIL, URI)):
                answer = client.get(path, headers={"Host": host, **sent})
                assert answer.json()["resolverRoot"] == root
    finally:
        live.stop()
