"""What GS1's own test suite asks of a resolver, asked here: each check under the id that the suite gives it.

Source: https://github.com/gs1/GS1DL-resolver-testsuite at e3485a5 (2026-06-10),
GS1DigitalLinkResolverTestSuite.js and tester.php. The suite's checks of TLS and of names that only its own
site serves are left out; docs/resolver-conformance.md says so.
"""

from __future__ import annotations

from typing import Any

import httpx
import jsonschema
import pytest

from tests.web.live import Live
from tests.web.test_resolver import GS1, GTIN, LINKSET_RULES, LOT, SHOP, known, links, phone, target

__all__ = ["known", "links", "phone"]

LINK = f"{GTIN}/10/A7"
ORIGIN = {"Origin": "https://ref.gs1.org/test-suites/resolver/"}
# https://ref.gs1.org/standards/resolver/description-file-schema 1.2, restated.
KEYS = "all 01 8006 8013 8010 410 411 412 413 414 415 417 8017 8018 255 00 253 401 402 8003 8004".split()
DESCRIPTION_RULES: dict[str, Any] = {
    "type": "object",
    "required": ["resolverRoot", "supportedPrimaryKeys"],
    "properties": {
        "name": {"type": "string"},
        "resolverRoot": {"type": "string", "format": "uri"},
        "supportedPrimaryKeys": {"type": "array", "items": {"enum": KEYS}},
        "supportedLinkType": {
            "type": "array",
            "items": {"properties": {"prefix": {"pattern": "^[a-zA-Z_][A-Za-z0-9_-]*?:$"}}},
        },
        "linkTypeDefaultCanBeLinkset": {"type": "boolean"},
        "jsonLdContextLocation": {"type": "string", "format": "uri"},
    },
}


def ask(phone: httpx.Client, path: str, **headers: str) -> httpx.Response:
    return phone.get(path, headers={**ORIGIN, "Accept": "*/*", **headers})


def the_linkset(phone: httpx.Client) -> list[dict[str, Any]]:
    answer = ask(phone, LINK, Accept="application/linkset+json")
    assert answer.status_code == 200
    found: list[dict[str, Any]] = answer.json()["linkset"]
    return found


def test_rdFile(phone: httpx.Client) -> None:
    answer = ask(phone, "/.well-known/gs1resolver", Accept="application/json")
    jsonschema.validate(answer.json(), DESCRIPTION_RULES)


def test_httpVersion(phone: httpx.Client) -> None:
    assert ask(phone, "/").http_version == "HTTP/1.1"


def test_corsCheck_methodsCheck_linkOnRedirect_legacyLinkHeaders(phone: httpx.Client) -> None:
    answer = phone.options(LINK, headers=ORIGIN)
    assert answer.headers["access-control-allow-origin"]
    assert {"GET", "HEAD", "OPTIONS"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    # The suite asks OPTIONS for it; it is there when redirecting, too.
    for header in (answer.headers["link"], ask(phone, LINK).headers["link"]):
        assert 'rel="linkset"' in header
        assert header.count("rel=") == 1, "no other links: deprecated since 1.0.0"


def test_reportWith400_noErrorWith200(phone: httpx.Client) -> None:
    assert ask(phone, f"{LINK}/foo").status_code == 400
    assert ask(phone, f"{GTIN}/foo").status_code == 400


def test_trailingSlash(phone: httpx.Client) -> None:
    plain, slash = ask(phone, LINK), ask(phone, f"{LINK}/")
    assert (plain.status_code, target(plain)) == (slash.status_code, target(slash))


def test_basicWalkUp(phone: httpx.Client, links: Any) -> None:
    links(f"https://shop.example{GTIN}", SHOP, default=True)
    assert target(ask(phone, f"{GTIN}/10/KL8G")) == SHOP


def test_qsPassedOn(phone: httpx.Client) -> None:
    assert "foo=bar" in target(ask(phone, f"{LINK}?foo=bar"))


def test_ltLinksetNoRedirect_ltAllNoRedirect_ltAcceptHeader(phone: httpx.Client) -> None:
    for wanted, accept in (
        ("linkset", "*/*"),
        ("all", "*/*"),
        ("all", "application/linkset+json"),
    ):
        answer = ask(phone, f"{LINK}?linkType={wanted}", Accept=accept)
        assert answer.status_code == 200
        assert "location" not in answer.headers


def test_validLinkset_declaredContentType_linksetJsonldCheck(phone: httpx.Client) -> None:
    answer = ask(phone, LINK, Accept="application/linkset+json")
    jsonschema.validate(answer.json(), LINKSET_RULES)
    assert answer.headers["content-type"].startswith("application/linkset+json")
    context = [
        one
        for one in answer.headers["link"].split(",")
        if 'rel="http://www.w3.org/ns/json-ld#context"' in one and 'type="application/ld+json"' in one
    ]
    assert len(context) == 1


def test_defaultLinkExists_singleDefaulLink_defaultTarget(phone: httpx.Client, known: Live) -> None:
    (level,) = [one for one in the_linkset(phone) if one["anchor"] == known.url + LINK]
    (default,) = level[f"{GS1}defaultLink"]
    assert default.keys() == {"href", "title"}
    assert target(ask(phone, LINK)) == default["href"]


def same(place: str, href: str, asked: str) -> bool:
    """Whether a place is where a link leads, apart from the linkType that was passed on to it."""
    return place.removesuffix(f"?linkType={asked}").removesuffix(f"&linkType={asked}") == href


def test_loFor_every_single_link(phone: httpx.Client, links: Any) -> None:
    links(LOT, "https://adela.example/care?x=1", linkType="gs1:instructions")
    asked = set()
    for level in the_linkset(phone):
        for link_type, found in level.items():
            if link_type.startswith(GS1) and len(found) == 1 and not link_type.endswith("defaultLink"):
                name = link_type.replace(GS1, "gs1:")
                assert same(target(ask(phone, f"{LINK}?linkType={name}")), found[0]["href"], name), name
                asked.add(name)
    assert asked >= {"gs1:instructions", "gs1:pip", "gs1:traceability", "gs1:epcis", "gs1:certificationInfo"}


def test_loFor_several_links(phone: httpx.Client, links: Any) -> None:
    several = {
        "https://adela.example/a": {"type": "text/html", "hreflang": "en"},
        "https://adela.example/b": {"type": "text/html", "hreflang": "fr"},
        "https://adela.example/c": {"type": "application/pdf", "hreflang": "en"},
        "https://adela.example/d": {"type": "application/pdf", "hreflang": "en", "context": "LK"},
    }
    for href, more in several.items():
        links(LOT, href, linkType="gs1:recipeInfo", **more)
    for href, more in several.items():
        context = f"&context={more['context']}" if "context" in more else ""
        place = target(
            ask(
                phone,
                f"{LINK}?linkType=gs1%3ArecipeInfo{context}",
                **{"Accept": more["type"], "Accept-Language": more["hreflang"]},
            )
        )
        assert place.partition("?")[0] == href


def test_loFor_links_that_nothing_tells_apart(phone: httpx.Client, links: Any) -> None:
    for number in (1, 2):
        links(LOT, f"https://adela.example/same{number}", linkType="gs1:faqs", type="text/html")
    answer = ask(phone, f"{LINK}?linkType=gs1%3Afaqs", Accept="text/html")
    assert answer.status_code == 300


def test_linkTypesDefined(phone: httpx.Client) -> None:
    ours = {"pip", "certificationInfo", "traceability", "epcis", "defaultLink"}
    for level in the_linkset(phone):
        assert {name.removeprefix(GS1) for name in level if name != "anchor"} <= ours


def test_specificLinkTypeNotFound(phone: httpx.Client) -> None:
    assert ask(phone, f"{LINK}?linkType=gs1:nosuchlt").status_code == 404


# Checks of the standard's sections on compression, which the suite has and does not run yet.

COMPRESSED = "/CwdMZM9knIVO"


@pytest.mark.parametrize("path", [COMPRESSED, f"{COMPRESSED}/", f"{GTIN}/EEKn"])
def test_a_compressed_link_leads_where_the_other_does(phone: httpx.Client, known: Live, path: str) -> None:
    answer = ask(phone, path)
    assert target(answer) == target(ask(phone, LINK))
    assert f'<{known.url}{LINK}>; rel="owl:sameAs"' in answer.headers["link"]
    assert phone.head(path).status_code == 307
    assert phone.options(path).headers["access-control-allow-origin"] == "*"
    assert "owl:sameAs" not in ask(phone, LINK).headers["link"]


def test_the_linkset_of_a_compressed_link_is_of_the_uncompressed_one(
    phone: httpx.Client, known: Live
) -> None:
    for path in (f"{COMPRESSED}?linkType=linkset", "/CwdMZM9knIVP4iWKeRPKl5h5Yp5LHrQ"):
        answer = ask(phone, path)
        assert answer.status_code == 200
        assert answer.json()["linkset"] == the_linkset(phone)
        assert 'rel="owl:sameAs"' in answer.headers["link"]


def test_what_was_compressed_beside_is_passed_on(phone: httpx.Client, known: Live) -> None:
    answer = ask(phone, "/CwdMZM9knIVOLn8dY?foo=bar")
    assert target(answer).endswith("&17=260331&foo=bar")
    assert f'<{known.url}{LINK}?17=260331>; rel="owl:sameAs"' in answer.headers["link"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/CwdMZM9knIV", "ends at bit"),
        (f"{COMPRESSED}==", "no base64url"),
        ("/CwdMZM9knI+O", "no base64url"),
        ("/" + "A" * 1_500, "at most 1000 characters"),
        (f"{GTIN}/zzzz", "no application identifier"),
        (f"{GTIN}/21/", "'21' has no value"),
        (f"{GTIN}/lot", "'lot' has no value"),
        (f"{GTIN}/!!!", "no base64url"),
    ],
)
def test_what_is_compressed_wrongly_is_400(phone: httpx.Client, path: str, said: str) -> None:
    answer = ask(phone, path)
    assert answer.status_code == 400
    assert said in answer.json()["detail"]
    assert answer.headers["access-control-allow-origin"] == "*"


def test_other_names_are_still_not_found(phone: httpx.Client) -> None:
    for path in (
        "/favicon.ico",
        "/robots.txt",
        "/foo",
        "/.env",
        "/wp-admin",
        "/vocabularies",
        "/subscriptions/",
    ):
        answer = ask(phone, path)
        assert answer.status_code == 404, path
        assert answer.json()["detail"] == f"there is nothing at {path.rstrip('/')}"
    assert ask(phone, "/%00").status_code == 404
    assert ask(phone, "/ARFKk4XBoA").status_code == 404, "a valid link of an item that nobody knows"


def test_the_description_says_that_compressed_links_are_read(phone: httpx.Client) -> None:
    assert ask(phone, "/.well-known/gs1resolver").json()["supportsCompressedLinks"] is True
