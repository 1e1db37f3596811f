"""The resolver as a phone and a machine meet it: a server process, both stores, no redirect followed."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import jsonschema
import pytest

from firsthand.events.digital_link import KEY_SEGMENTS
from firsthand.service.anchor import anchor
from firsthand.service.publish import publish
from tests.made import event
from tests.web.live import Live, captured, document

GTIN = "/01/04012345111118"
LOT = f"https://id.gs1.org{GTIN}/10/A7"
PIECE = "https://coop.example/id/piece/9"
UMLAUT = "https://coop.example/id/piece/%C3%BCmlaut"
SMALL = "https://coop.example/id/piece/%c3%a9"
SLASH = "https://coop.example/id/piece/slash/"
GS1 = "https://ref.gs1.org/voc/"
SHOP = "https://adela.example/bag"

# The rules of the standard's own schema, https://ref.gs1.org/standards/resolver/linkset-schema, restated.
LINKSET_RULES: dict[str, Any] = {
    "type": "object",
    "required": ["linkset"],
    "additionalProperties": False,
    "properties": {
        "linkset": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["anchor"],
                "properties": {
                    "anchor": {"type": "string", "pattern": "^https?://[A-Za-z0-9./]+"},
                    "description": {"type": "string"},
                },
                "patternProperties": {
                    "^https?://[A-Za-z0-9./]+$": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "required": ["href", "title"],
                            "additionalProperties": False,
                            "properties": {
                                "href": {"type": "string", "pattern": "^https?://[A-Za-z0-9./]+"},
                                "title": {"type": "string"},
                                "type": {"type": "string", "pattern": r"\w+/[-+.\w]+"},
                                "hreflang": {
                                    "type": "array",
                                    "items": {"type": "string", "pattern": r"^\w{2}(-\w{2})?$"},
                                },
                                "context": {"type": "array"},
                            },
                        },
                    }
                },
                "additionalProperties": False,
            },
        }
    },
}


@pytest.fixture(scope="module")
def known(live: Live) -> Live:
    """A server on which Adela recorded a lot of a product and a piece, and published them."""
    with live.client("adela") as client:
        events = [
            event(1, epcList=[], quantityList=[{"epcClass": LOT, "quantity": 5, "uom": "KGM"}]),
            event(2, epcList=[PIECE]),
            event(4, epcList=[UMLAUT, SMALL, SLASH]),
        ]
        captured(client.post("/capture", json=document(*events)))
    access = live.access()
    anchor(access)
    publish(access)
    access.workspace.engine.dispose()
    time.sleep(5.1)  # what is public is known five seconds late
    return live


@pytest.fixture
def phone(known: Live) -> Iterator[httpx.Client]:
    with closing(httpx.Client(base_url=known.url, timeout=30)) as client:
        yield client


@pytest.fixture
def links(known: Live) -> Iterator[Any]:
    """Sets links as Adela and removes them after the test."""
    made: list[str] = []
    with known.client("adela") as client:

        def add(item: str, href: str, **more: Any) -> str:
            body = {"item": item, "linkType": "gs1:pip", "href": href, "title": "About it", **more}
            answer = client.post("/links", json=body)
            assert answer.status_code == 201, answer.text
            made.append(answer.json()["id"])
            return made[-1]

        yield add
        for one in made:
            client.delete(f"/links/{one}")


def target(answer: httpx.Response) -> str:
    assert answer.status_code == 307, answer.text
    return answer.headers["location"]


def the_linkset(answer: httpx.Response, status: int = 200) -> list[dict[str, Any]]:
    assert answer.status_code == status, answer.text
    value = answer.json()
    jsonschema.validate(value, LINKSET_RULES)
    found: list[dict[str, Any]] = value["linkset"]
    return found


def test_a_known_lot_leads_to_its_passport(phone: httpx.Client) -> None:
    for path in (f"{GTIN}/10/A7", "/gtin/4012345111118/lot/A7/", f"{GTIN}/22/2A/10/A7/21/unknown"):
        place = target(phone.get(path))
        assert urlsplit(place).path == "/passport"
        assert dict(parse_qsl(urlsplit(place).query)) == {"uri": LOT}
    page = phone.get(place)
    assert page.status_code == 200
    assert "text/html" in page.headers["content-type"]


def test_every_primary_key_is_resolved(phone: httpx.Client) -> None:
    for segment in KEY_SEGMENTS:
        assert phone.get(f"/{segment}/x").status_code == 400, segment


@pytest.mark.parametrize(
    "path", ["/01/04012345111119", f"{GTIN}/21/1/10/2", f"{GTIN}/10", f"{GTIN}/10/%zz", "/01/1"]
)
def test_what_breaks_the_syntax_is_400(phone: httpx.Client, path: str) -> None:
    answer = phone.get(path)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["access-control-allow-origin"] == "*"


def test_what_nobody_knows_is_404(phone: httpx.Client, links: Any) -> None:
    assert phone.get("/01/09506000134352").status_code == 404
    assert phone.get(f"{GTIN}/10/other").status_code == 404
    answer = phone.get(f"{GTIN}/10/A7", params={"linkType": "gs1:recipeInfo"})
    assert answer.status_code == 404
    assert 'rel="linkset"' in answer.headers["link"]
    assert phone.get(f"{GTIN}/10/A7", params={"linkType": "javascript:alert(1)"}).status_code == 400


def test_link_types_by_curie_and_uri(phone: httpx.Client, links: Any) -> None:
    links(f"https://shop.example{GTIN}", SHOP, linkType="gs1:recipeInfo")
    for name in ("gs1:recipeInfo", f"{GS1}recipeInfo", "https://gs1.org/voc/recipeInfo"):
        place = target(phone.get(f"{GTIN}/10/A7", params={"linkType": name}))
        assert place.startswith(f"{SHOP}?linkType="), "a lot's request walks up to its product"
    assert phone.get(f"{GTIN}/10/A7", params={"linkType": "gs1:traceability"}).status_code == 307


def test_the_query_string_is_passed_on_whole(phone: httpx.Client, links: Any) -> None:
    links(LOT, f"{SHOP}?a=1#top", linkType="gs1:promotion")
    place = target(phone.get(f"{GTIN}/10/A7?linkType=gs1:promotion&17=261231&x=%20%2F"))
    assert place == f"{SHOP}?a=1&linkType=gs1:promotion&17=261231&x=%20%2F#top"
    page = phone.get(f"{GTIN}/10/A7?17=261231", follow_redirects=True)
    assert page.status_code == 200
    assert page.url.params["17"] == "261231"


def test_a_party_sets_the_default(phone: httpx.Client, links: Any) -> None:
    links(LOT, SHOP, default=True)
    assert target(phone.get(f"{GTIN}/10/A7")) == SHOP
    first = the_linkset(phone.get(f"{GTIN}/10/A7?linkType=linkset"))[0]
    assert first[f"{GS1}defaultLink"] == [{"href": SHOP, "title": "About it"}]
    assert len(first[f"{GS1}pip"]) == 2


def test_languages_media_types_and_contexts(phone: httpx.Client, links: Any) -> None:
    for language in ("en", "pt", "es"):
        links(LOT, f"{SHOP}/{language}", linkType="gs1:tutorial", hreflang=language, default=True)
        time.sleep(1.1)  # links are as old as seconds tell
    links(LOT, f"{SHOP}/data", linkType="gs1:masterData", type="application/json")
    links(LOT, f"{SHOP}/page", linkType="gs1:masterData", type="text/html")
    links(LOT, f"{SHOP}/trade", linkType="gs1:support", context="trade")
    links(LOT, f"{SHOP}/anyone", linkType="gs1:support")

    def led(kind: str, headers: dict[str, str], more: str = "") -> str:
        answer = phone.get(f"{GTIN}/10/A7?{f'linkType={kind}' if kind else ''}{more}", headers=headers)
        return urlsplit(target(answer)).path.removeprefix("/bag/")

    assert led("gs1:tutorial", {"Accept-Language": "es"}) == "es"
    assert led("gs1:tutorial", {"Accept-Language": "de, pt-BR;q=0.8, en;q=0.5"}) == "pt"
    assert led("", {"Accept-Language": "es-419"}) == "es", "one of several defaults"
    assert led("", {"Accept-Language": "ja"}) == "en", "the oldest default"
    assert led("gs1:masterData", {"Accept": "text/html,*/*;q=0.1"}) == "page"
    assert led("gs1:masterData", {"Accept": "application/json"}) == "data"
    assert led("gs1:support", {}, "&context=trade") == "trade"
    assert led("gs1:support", {}) == "anyone"
    several = the_linkset(
        phone.get(f"{GTIN}/10/A7?linkType=gs1:tutorial", headers={"Accept-Language": "ja"}), 300
    )
    assert len(several[0][f"{GS1}tutorial"]) == 3
    found = the_linkset(phone.get(f"{GTIN}/10/A7?linkType=linkset"))[0]
    assert len(found[f"{GS1}defaultLink"]) == 1
    assert [one["hreflang"] for one in found[f"{GS1}defaultLinkMulti"]] == [["en"], ["pt"], ["es"]]


def test_an_exact_language_goes_before_its_range(phone: httpx.Client, links: Any) -> None:
    tags = ("en", "es", "fr", "en-GB", "pt")
    for tag in tags:
        links(LOT, f"{SHOP}/{tag}", linkType="gs1:recipeInfo", hreflang=tag, type="text/html")
    links(LOT, f"{SHOP}/data", linkType="gs1:recipeInfo", hreflang="en", type="application/json")

    def led(languages: str, accept: str = "text/html") -> set[str]:
        answer = phone.get(
            f"{GTIN}/10/A7?linkType=gs1:recipeInfo",
            headers={"Accept": accept, "Accept-Language": languages},
        )
        if answer.status_code == 307:
            return {urlsplit(target(answer)).path.removeprefix("/bag/")}
        assert answer.status_code == 300
        return set(re.findall(f'"{SHOP}/([^"]+)"', answer.text))

    assert led("en-GB") == led("en-GB,en;q=0.9") == led("en;q=0.9, EN-gb") == {"en-GB"}
    assert led("en") == led("en,en-GB;q=0.9") == led("en-US,en;q=0.9") == led("en-US") == {"en"}
    assert led("en", "application/json") == {"data"}
    assert led("en;q=0.9,en-GB", "application/json") == {"en-GB"}, "the language goes first"
    assert led("fr;q=0, *;q=0.5") == {"en", "es", "en-GB", "pt"}
    assert led("es, *;q=0") == {"es"}
    assert led("en;q=0, en-GB, *;q=0") == {"en-GB"}, "the most specific range counts"
    assert led("en;q=0, *") == {"es", "fr", "pt"}, "a range is refused with all that is in it"
    assert led("*;q=0") == {*tags}, "where all is refused the header says nothing"
    assert led("ja", "text/html;q=0, */*") == {"data"}
    assert led("en", "text/*;q=0") == {"data"}


def test_the_linkset_in_each_form(phone: httpx.Client, known: Live, links: Any) -> None:
    links(f"https://id.gs1.org{GTIN}", SHOP, title='</script><script>alert("x")</script>', hreflang="en-GB")
    path = f"{GTIN}/10/A7"
    asked = [
        phone.get(path, headers={"Accept": "application/linkset+json"}),
        phone.get(f"{path}?linkType=linkset"),
        phone.get(f"{path}?linkType=all", headers={"Accept": "application/json"}),
    ]
    for answer in asked:
        found = the_linkset(answer)
        assert [one["anchor"] for one in found] == [f"{known.url}{path}", f"{known.url}{GTIN}"]
        assert {f"{GS1}{name}" for name in ("pip", "traceability", "epcis", "certificationInfo")} <= set(
            found[0]
        )
        assert 'rel="http://www.w3.org/ns/json-ld#context"' in answer.headers["link"]
    assert asked[0].headers["content-type"] == "application/linkset+json"
    assert asked[2].headers["content-type"] == "application/json"
    page = phone.get(f"{path}?linkType=all", headers={"Accept": "text/html"})
    data = re.search(r'<script type="application/ld\+json">(.*?)</script>', page.text, re.DOTALL)
    assert data is not None
    assert json.loads(data[1])["linkset"] == asked[0].json()["linkset"]
    assert "<script>alert" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    linked = phone.get(f"{path}?linkType=all", headers={"Accept": "application/ld+json"}).json()
    assert linked["@context"] == "https://ref.gs1.org/standards/resolver/linkset-context"


def test_the_logs_own_links_lead_somewhere(phone: httpx.Client, known: Live) -> None:
    with known.client("adela") as client:
        for kind in ("pip", "certificationInfo", "traceability", "epcis"):
            answer = client.get(f"{GTIN}/10/A7?linkType=gs1:{kind}", follow_redirects=True)
            assert answer.status_code == 200, (kind, answer.text)
        events = client.get(f"{GTIN}/10/A7?linkType=gs1:epcis", follow_redirects=True).json()
        assert len(events["epcisBody"]["queryResults"]["resultsBody"]["eventList"]) == 1


def test_plain_item_uris_resolve_the_same_way(phone: httpx.Client, known: Live, links: Any) -> None:
    assert phone.get("/id/piece/9").status_code == 200, "its passport itself"
    links(PIECE, SHOP, linkType="gs1:instructions")
    assert target(phone.get("/id/piece/9?linkType=gs1:instructions")).startswith(SHOP)
    assert phone.get("/id/piece/9?linkType=gs1:recipeInfo").status_code == 404
    found = the_linkset(phone.get("/id/piece/9", headers={"Accept": "application/linkset+json"}))
    assert found[0]["anchor"] == PIECE
    links(PIECE, f"{SHOP}/9", linkType="gs1:pip", default=True)
    end = time.monotonic() + 8
    while phone.get("/id/piece/9").status_code == 200 and time.monotonic() < end:
        time.sleep(0.5)
    assert target(phone.get("/id/piece/9")) == f"{SHOP}/9"


@pytest.mark.parametrize(
    ("path", "item"),
    [
        ("/id/piece/9/", PIECE),
        ("/id/piece/9", PIECE),
        ("/id/piece/%c3%bcmlaut", UMLAUT),
        ("/id/piece/%C3%bcmlaut/", UMLAUT),
        ("/id/piece/%C3%A9", SMALL),
        ("/id/piece/slash/", SLASH),
    ],
)
def test_a_plain_item_uri_is_found_with_a_slash_and_either_case_of_escapes(
    phone: httpx.Client, path: str, item: str
) -> None:
    page = phone.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert item in page.text
    assert the_linkset(phone.get(f"{path}?linkType=linkset"))[0]["anchor"] == item
    assert phone.get(path, headers={"Accept": "application/json"}).json()["uri"] == item


def test_head_options_and_cors(phone: httpx.Client) -> None:
    for path, status in ((f"{GTIN}/10/A7", 307), ("/id/piece/9", 200), ("/01/04012345111119", 400)):
        answer = phone.head(path)
        assert (answer.status_code, answer.content) == (status, b"")
        assert answer.headers["access-control-allow-origin"] == "*"
    for path, status in (
        (f"{GTIN}/10/A7?linkType=gs1:pip&linkType=gs1:epcis", 400),
        ("/id/piece/9?linkType=gs1:pip&linkType=gs1:epcis", 400),
        (f"{GTIN}/10/A%00", 404),
        ("/id/piece/%00", 404),
        ("/%00", 404),
        ("/id/piece/nobody", 404),
        (f"{GTIN}/10/{'A' * 9_000}", 414),
        ("/.well-known/gs1resolver", 200),
    ):
        for method in ("GET", "HEAD") if "gs1resolver" not in path else ("GET",):
            answer = phone.request(method, path)
            assert answer.status_code == status, path
            assert answer.headers["access-control-allow-origin"] == "*", path
            assert answer.headers["access-control-expose-headers"] == "Link, Location", path
    assert "access-control-allow-origin" not in phone.get("/healthz").headers
    answer = phone.options(f"{GTIN}/10/A7", headers={"Origin": "https://a.example"})
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    assert "Location" in answer.headers["access-control-expose-headers"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_an_answer_says_once_what_it_is(phone: httpx.Client) -> None:
    for path in (f"/passport?uri={PIECE}", "/id/piece/9", "/id/piece/nobody", "/find", "/verify"):
        for _ in range(2):  # the second may be a kept one
            answer = phone.get(path, headers={"Accept": "text/html"})
            assert answer.headers.get_list("content-type") == ["text/html; charset=utf-8"], path
    page = phone.get(f"{GTIN}/10/A7?linkType=linkset", headers={"Accept": "text/html"})
    assert page.headers.get_list("content-type") == ["text/html; charset=utf-8"]
    for method, path in (("GET", f"{GTIN}/10/A7"), ("HEAD", f"{GTIN}/10/A7"), ("OPTIONS", f"{GTIN}/10/A7")):
        answer = phone.request(method, path)
        assert answer.status_code in (204, 307)
        assert "content-type" not in answer.headers, "there is no body"


def test_the_description_file(phone: httpx.Client, known: Live) -> None:
    answer = phone.get("/.well-known/gs1resolver")
    assert answer.headers["access-control-allow-origin"] == "*"
    found = answer.json()
    assert (found["resolverRoot"], found["supportedPrimaryKeys"]) == (known.url, ["all"])
    assert found["supportedLinkType"] == [{"namespace": GS1, "prefix": "gs1:"}]
    assert found["linkTypeDefaultCanBeLinkset"] is False


def test_only_the_items_party_sets_links(known: Live, links: Any) -> None:
    body = {"item": LOT, "linkType": "gs1:pip", "href": SHOP, "title": "Mine"}
    with known.client("rosa") as client:
        captured(client.post("/capture", json=document(event(3, epcList=[PIECE]))))
        assert client.post("/links", json=body).status_code == 403
        assert client.post("/links", json={**body, "item": PIECE}).status_code == 403, "she was not the first"
        assert client.delete(f"/links/{links(LOT, SHOP)}").status_code == 403
    with known.client("admin") as client:
        assert client.post("/links", json=body).status_code == 403
    with known.client("reader") as client:
        assert client.post("/links", json=body).status_code == 403
    with known.client(None) as client:
        assert client.post("/links", json=body).status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"href": "http://adela.example/"},
        {"href": "javascript:alert(1)"},
        {"href": "//adela.example/"},
        {"href": "https://adela.example@evil.example/"},
        {"href": "https:///x"},
        {"href": "https://adela.example/\r\nSet-Cookie: a=b"},
        {"href": 'https://adela.example/">'},
        {"href": "https://adela.example:port/"},
        {"linkType": "gs1:defaultLink"},
        {"linkType": "iana:about"},
        {"title": " "},
        {"title": "a\u202eb"},
        {"hreflang": "english"},
        {"type": "html"},
        {"context": "a b"},
        {"item": "urn:uuid:1"},
        {"item": "https://id.gs1.org/01/04012345111119"},
        {"colour": "red"},
        {"default": 1},
        {"title": 5},
    ],
)
def test_links_that_are_refused(known: Live, change: dict[str, Any]) -> None:
    body = {"item": LOT, "linkType": "gs1:pip", "href": SHOP, "title": "Mine", **change}
    with known.client("adela") as client:
        assert client.post("/links", json=body).status_code == 400
        assert client.get("/links").json() == {"links": []}


def test_a_request_cannot_choose_where_it_leads(phone: httpx.Client) -> None:
    for more in (
        "?href=https://evil.example",
        "?uri=https://evil.example",
        "//evil.example",
        "?linkType=//evil.example",
    ):
        answer = phone.get(f"{GTIN}/10/A7{more}")
        place = answer.headers.get("location", "")
        assert not place or urlsplit(place).netloc == phone.base_url.netloc.decode(), more


def test_links_are_listed_in_pages_and_removed(known: Live, links: Any) -> None:
    made = sorted(links(LOT, f"{SHOP}/{number}", linkType="gs1:review") for number in range(3))
    with known.client("adela") as client:
        first = client.get("/links", params={"perPage": "2"})
        rest = client.get(first.links["next"]["url"]).json()["links"]
        assert [one["id"] for one in [*first.json()["links"], *rest]] == made
        assert (
            client.get("/links", params={"item": "urn:epc:class:lgtin:4012345.011111.A7"}).json()["links"]
            != []
        )
        assert client.get(f"/links/{made[0]}").json()["href"].startswith(SHOP)
        assert client.delete(f"/links/{made[0]}").status_code == 204
        assert client.get(f"/links/{made[0]}").status_code == 404
