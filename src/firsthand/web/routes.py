"""Every route of the server in one table: method, path, what answers it, and what its sender needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from firsthand.events.digital_link import KEY_SEGMENTS
from firsthand.web import (
    claims,
    credentials,
    epcis_capture,
    epcis_events,
    epcis_queries,
    epcis_resources,
    find,
    labels,
    links,
    members,
    operations,
    pages,
    passport,
    pay,
    payments,
    resolver,
    scans,
    sealed,
    traces,
)
from firsthand.web.calls import CORS, JSON, VERSION_HEADERS, Answer, Call, Endpoint

__all__ = ["PAGES", "ROUTES", "Route", "by_path"]


class Route(NamedTuple):
    """`scope`: what an API key must have; `public` routes ask for none, `open` ones may do without.

    `party` routes ask for one even where `server.public_read` lets anybody read.
    `media` is what it answers in, and `also` what else. The answers of `kept` ones depend on the server's
    position, the address and a few headers only, and are kept.
    Of `unlogged` ones neither the sender's address nor the names in the path are logged.
    Whatever a `cors` one answers, problems too, pages of any origin may read.
    """

    method: str
    path: str
    endpoint: Endpoint
    scope: str = "read"
    access: str = "key"
    has_body: bool = False
    media: str = JSON
    also: tuple[str, ...] = ()
    kept: bool = False
    unlogged: bool = False
    cors: bool = False

    @property
    def headers(self) -> dict[str, str]:
        """The headers that all its answers have."""
        return VERSION_HEADERS | CORS if self.cors else VERSION_HEADERS


def _resource_routes() -> Iterator[Route]:
    for resource, (name, _) in epcis_events.RESOURCE_PARAMETERS.items():
        yield Route("GET", f"/{resource}", epcis_resources.get_names)
        yield Route("GET", f"/{resource}/{{{name}}}", epcis_resources.get_one)
        yield Route("GET", f"/{resource}/{{{name}}}/events", epcis_events.get_resource_events)


_SUBSCRIPTIONS: Final = "/queries/{queryName}/subscriptions"

ROUTES: Final[tuple[Route, ...]] = (
    Route("GET", "/", epcis_resources.get_root),
    Route("GET", "/capture", epcis_capture.get_jobs, "capture"),
    Route("POST", "/capture", epcis_capture.post_capture, "capture", "open", True),
    Route("GET", "/capture/{captureID}", epcis_capture.get_job, "capture", "open"),
    Route("GET", "/events", epcis_events.get_events),
    Route("POST", "/events", epcis_capture.post_event, "capture", "key", True),
    Route("GET", "/events/{eventID}", epcis_events.get_event),
    Route("GET", "/events/{eventID}/disclosures", sealed.get_disclosures),
    *_resource_routes(),
    Route("GET", "/trace/{lot}", traces.get_trace),
    Route("GET", "/trace/{lot}/picture", traces.get_picture),
    Route("GET", "/recall/{lot}", traces.get_recall),
    Route("GET", "/balance", traces.get_balance),
    Route("GET", "/balance/{lot}", traces.get_lot_balance),
    Route("GET", "/queries", epcis_queries.get_queries),
    Route("POST", "/queries", epcis_queries.post_query, "read", "key", True),
    Route("GET", "/queries/{queryName}", epcis_queries.get_query),
    Route("DELETE", "/queries/{queryName}", epcis_queries.delete_query),
    Route("GET", "/queries/{queryName}/events", epcis_events.get_named_events),
    Route("GET", _SUBSCRIPTIONS, epcis_queries.get_subscriptions),
    Route("POST", _SUBSCRIPTIONS, epcis_queries.post_subscription, "read", "key", True),
    Route("GET", _SUBSCRIPTIONS + "/{subscriptionID}", epcis_queries.get_subscription),
    Route("DELETE", _SUBSCRIPTIONS + "/{subscriptionID}", epcis_queries.delete_subscription),
    Route("POST", _SUBSCRIPTIONS + "/{subscriptionID}/redelivery", epcis_queries.post_redelivery),
    Route("DELETE", "/nextPageToken/{token}", epcis_resources.delete_token),
    Route("GET", "/members", members.get_members, "read", "party"),
    Route("GET", "/members/{member}", members.get_member, "read", "party"),
    Route("GET", "/members/{member}/deliveries", members.get_member_deliveries, "read", "party"),
    Route("GET", "/members/{member}/account", members.get_member_account, "read", "party"),
    Route("POST", "/countersignatures", members.post_countersignature, "capture", "open", True),
    Route("GET", "/find", find.get_find, "read", "public", media=pages.HTML),
    Route("GET", "/find/{code}", find.find_code, "read", "public"),
    Route("GET", "/p/{code}", find.get_label, "read", "public", media=pages.HTML),
    Route("GET", "/verify", pages.get_verifier, "read", "public", media=pages.HTML, kept=True),
    Route("GET", "/links", links.get_links),
    Route("POST", "/links", links.post_link, "capture", "key", True),
    Route("GET", "/links/{linkID}", links.get_link),
    Route("DELETE", "/links/{linkID}", links.delete_link, "capture"),
    Route("GET", "/credentials", credentials.get_credentials, "read", "party"),
    Route("POST", "/credentials", credentials.post_credentials, "certify", "key", True),
    Route(
        "GET",
        "/credentials/{credentialID}",
        credentials.get_credential,
        "read",
        "open",
        media=credentials.MEDIA_TYPE,
    ),
    Route("GET", "/credentials/{credentialID}/standing", credentials.get_standing, "read", "open"),
    Route("POST", "/credentials/{credentialID}/status", credentials.post_status, "certify", "key", True),
    Route(
        "GET",
        "/status/{statusListID}",
        credentials.get_status_list,
        "read",
        "public",
        media=credentials.MEDIA_TYPE,
    ),
    Route("POST", "/scans", scans.post_scan, "read", "public", True, unlogged=True),
    Route("GET", "/scans/{piece}", scans.get_scans, "read", "public", unlogged=True),
    Route("GET", "/pay", pay.get_pay, "read", "public", media=pages.HTML, also=(JSON,), unlogged=True),
    Route("POST", "/pay", pay.post_pay, "read", "public", True, JSON, (pages.HTML,), unlogged=True),
    Route(
        "GET",
        "/pay/{paymentID}",
        pay.get_payment,
        access="public",
        media=pages.HTML,
        also=(JSON,),
        unlogged=True,
    ),
    Route(
        "POST", "/pay/{paymentID}/transactions", pay.post_transaction, "read", "public", True, unlogged=True
    ),
    Route("GET", "/pay/{paymentID}/qr.svg", pay.get_qr, access="public", media="image/svg+xml"),
    Route("GET", "/paid", pay.get_paid, access="public"),
    Route("GET", "/claim", claims.get_claim, access="public", media=pages.HTML, unlogged=True),
    Route("GET", "/tokens/place", claims.get_place, access="public", unlogged=True),
    Route("POST", "/tokens/claims", claims.post_claim, "read", "public", True, unlogged=True),
    Route("GET", "/payments", payments.get_payments, "read", "party", also=(pages.HTML,)),
    Route("GET", "/payments/{party}", payments.get_party_payments, "read", "party", also=(pages.HTML,)),
    Route(
        "GET",
        "/passport",
        passport.get_passport,
        access="public",
        media=pages.HTML,
        also=(JSON,),
        kept=True,
        unlogged=True,
    ),
    Route("GET", "/passport.json", passport.get_passport_data, access="public", kept=True, unlogged=True),
    Route(
        "GET",
        "/passport.fhproof",
        passport.get_passport_proofs,
        access="public",
        media="application/jsonl",
        also=(pages.HTML,),
        kept=True,
        unlogged=True,
    ),
    Route(
        "GET",
        "/photographs/{photograph}",
        passport.get_photograph,
        access="public",
        media="image/*",
        unlogged=True,
    ),
    Route("GET", "/healthz", operations.get_health, "read", "public"),
    Route("GET", "/readyz", operations.get_readiness, "read", "public"),
    Route("GET", "/metrics", operations.get_metrics, "admin"),
    Route("GET", "/openapi.json", operations.get_openapi, "read", "public"),
)


def _resolver_routes() -> Iterator[Route]:
    for segment in KEY_SEGMENTS:
        for method in ("GET", "HEAD"):
            path = f"/{segment}/{{link:path}}"
            yield Route(method, path, resolver.get_digital_link, access="public", media="*/*", cors=True)
    # The last that a path of one segment can be: a compressed link, or nothing.
    for method in ("GET", "HEAD"):
        yield Route(
            method, "/{compressed}", resolver.get_compressed_link, access="public", media="*/*", cors=True
        )


_PAGES: Final[tuple[Route, ...]] = (
    *_resolver_routes(),
    Route("GET", "/label", labels.get_label, access="public", media=pages.HTML),
    Route("POST", "/label", labels.post_label, "read", "public", True, pages.HTML, unlogged=True),
    Route("GET", "/.well-known/gs1resolver", resolver.get_description, access="public", cors=True),
    Route(
        "GET",
        "/id/{item:path}",
        passport.get_item,
        access="public",
        media=pages.HTML,
        also=("*/*",),
        kept=True,
        cors=True,
    ),
    Route("HEAD", "/id/{item:path}", passport.get_item, access="public", media="*/*", cors=True),
    Route(
        "GET",
        "/assets/{asset}",
        passport.get_asset,
        access="public",
        media="text/css",
        also=("text/javascript", "image/svg+xml"),
        kept=True,
    ),
)
PAGES: Final = tuple(page._replace(unlogged=True) for page in _PAGES)
"""What OpenAPI cannot describe, names with slashes, and what only our own pages load; no reader is logged."""


def by_path() -> dict[str, list[Route]]:
    """The routes of each path, with the OPTIONS that describes them."""
    paths: dict[str, list[Route]] = {}
    for route in (*ROUTES, *PAGES):
        paths.setdefault(route.path, []).append(route)
    for path, routes in paths.items():
        methods = ["OPTIONS", *(route.method for route in routes)]
        cors = any(route.cors for route in routes)
        routes.append(Route("OPTIONS", path, _options(path, methods), "read", "public", cors=cors))
    return paths


def _options(path: str, methods: list[str]) -> Endpoint:
    def options(call: Call) -> Answer:
        headers = {"Allow": ", ".join(methods), "GS1-EPC-Format": "No_Preference"}
        if path.endswith(":path}") or path == "/{compressed}":
            headers |= {"Link": resolver.linkset_link(call.base_url + call.path)}
        if path == "/capture":
            limits = call.server.limits
            headers |= {
                "GS1-EPCIS-Capture-Limit": str(limits.events),
                "GS1-EPCIS-Capture-File-Size-Limit": str(limits.size),
                "GS1-Capture-Error-Behaviour": "all",
            }
        return Answer(204, headers=headers | {"GS1-CBV-XML-Format": "No_Preference"})

    return options
