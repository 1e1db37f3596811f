"""The server's OpenAPI 3.1 document, built from the routes and the query parameters that it really has."""

from __future__ import annotations

import re
from typing import Any, Final

from firsthand import __version__
from firsthand.events import query_names
from firsthand.events.vocabulary import ACTIONS
from firsthand.service.capture_jobs import Limits
from firsthand.service.epcis_output import EPC_FORMATS
from firsthand.web.epcis_capture import ENVELOPE_MEDIA, SEAL_HEADERS
from firsthand.web.epcis_resources import TOP_LEVEL
from firsthand.web.gate import LONGEST_NAME
from firsthand.web.openapi_payments import KEY_HASH
from firsthand.web.openapi_schemas import TIME, URI, ref, schemas
from firsthand.web.pages import HTML
from firsthand.web.routes import ROUTES, Route
from firsthand.web.traces import LONGEST_CLAIM

__all__ = ["openapi_document"]

_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"
_MIN: Final = r"^([01](\.\d{1,3}){0,2}|2(\.0){0,2})$"
_MAX: Final = r"^[2-9](\.\d{1,3}){0,2}$"
"""Versions that include 2.0.0 from below and from above."""

_PROBLEMS: Final = {
    400: "The request is not valid",
    401: "An API key is missing or wrong",
    403: "The API key may not do this",
    404: "There is no such thing that the sender may see",
    406: "The answer cannot be given in the form asked for",
    408: "The body comes too slowly",
    409: "It exists already",
    413: "The request or its result is too large",
    414: "The URL is too long",
    415: "The body is of an unsupported type",
    429: "Too many attempts from one address",
    500: "The server failed",
    503: "Not ready",
}

_PASSPORTS: Final = ("/passport", "/passport.json", "/passport.fhproof")
_SEALING: Final[dict[str, dict[str, Any]]] = {
    "Firsthand-Seal": {"type": "string", "example": "$.fh:pickerWage, $.readPoint"},
    "Firsthand-Seal-Defaults": {"type": "string", "enum": ["on", "off"], "default": "on"},
    "Firsthand-Open": {"type": "string", "example": "pickerWage"},
    "Firsthand-Coarse": {"type": "string", "example": "$.readPoint=1"},
}


def openapi_document(limits: Limits) -> dict[str, Any]:
    """The document; `limits` are announced with /capture."""
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, limits)
    for path, item in paths.items():
        names = re.findall(r"\{(\w+)\}", path)
        if names:
            item["parameters"] = [_path_parameter(name) for name in names]
        missing = {"404": _problem(404)} if names else {}
        item["options"] = {
            "summary": "What can be done here",
            "operationId": f"options{_camel(path)}",
            "security": [],
            "responses": {
                "204": {"description": "See the headers", "headers": _headers("Allow")},
                **missing,
                "414": _problem(414),
            },
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Firsthand, an EPCIS 2.0 repository",
            "version": __version__,
            "description": "EPCIS 2.0 REST bindings; see docs/epcis-conformance.md for what is offered.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"apiKey": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas(),
        },
        "security": [{"apiKey": []}],
    }


def _operation(route: Route, limits: Limits) -> dict[str, Any]:
    summary = (route.endpoint.__doc__ or "").partition("\n")[0].rstrip(".")
    found: dict[str, Any] = {
        "summary": summary,
        "operationId": f"{route.method.lower()}{_camel(route.path)}",
        "responses": _responses(route),
    }
    if route.access == "public":
        found["security"] = []
    elif route.access == "open":
        found["security"] = [{"apiKey": []}, {}]
    parameters = _parameters(route)
    if parameters:
        found["parameters"] = parameters
    if route.has_body:
        found["requestBody"] = _body(route, limits)
    return found


def _camel(path: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"\W+", path) if part) or "Root"


def _path_parameter(name: str) -> dict[str, Any]:
    text = {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME}
    return {"name": name, "in": "path", "required": True, "schema": text}


def _parameters(route: Route) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    listing = route.method == "GET" and (
        route.path.endswith(("/events", "/subscriptions"))
        or route.path.strip("/") in (*TOP_LEVEL, "members", "links")
    )
    if route.path == "/find":
        found.append(_query("code", {"type": "string", "example": "K7Q2-9XHM4"}))
    if route.path in _PASSPORTS:
        found.append({**_query("uri", URI), "required": True})
    if route.path in ("/passport", "/claim") or route[:2] == ("GET", "/pay"):
        found.append(_query("lang", {"type": "string", "example": "fr"}))
    if route.path == "/tokens/place":
        found.append({**_query("owner", KEY_HASH), "required": True})
    if route.path in ("/pay", "/paid", "/claim") and route.method == "GET":
        found.append({**_query("item", URI), "required": True})
    if route[:2] == ("GET", "/pay"):
        found.append(_query("currency", {"type": "string", "minLength": 1, "maxLength": 3}))
    if route[:2] == ("GET", "/links"):
        found.append(_query("item", {**URI, "maxLength": 500}))
    if route[:2] == ("GET", "/credentials"):
        found.append(_query("subject", URI))
        listing = True
    if listing or (
        route.method == "GET" and route.path.count("/") == 2 and route.path.split("/")[1] in TOP_LEVEL[1:7]
    ):
        found.append(_query("perPage", {"type": "integer", "minimum": 1, "default": 30}))
        found.append(_query("nextPageToken", {"type": "string", "minLength": 1}))
    if route.method == "GET" and route.path.endswith("/events") and not route.path.startswith("/queries"):
        found += [_event_parameter(name) for name in _parameter_names()]
    if route.method == "GET" and route.path.endswith(("/deliveries", "/account")):
        found.append(_query("season", {"type": "string", "minLength": 1, "maxLength": 40}))
    if route.access != "public":
        for name in ("GS1-EPCIS-Min", "GS1-EPCIS-Max", "GS1-CBV-Min", "GS1-CBV-Max"):
            found.append(_header(name, {"type": "string", "pattern": _MIN if "Min" in name else _MAX}))
    if (
        route.path.endswith("/events")
        or route.path == "/events/{eventID}"
        or route.path.endswith("/subscriptions")
    ):
        found.append(_header("GS1-EPC-Format", {"type": "string", "enum": list(EPC_FORMATS)}))
    if route.path.startswith("/trace"):
        found.append(_query("direction", {"type": "string", "enum": ["back", "forward"], "default": "back"}))
    if route.path == "/balance":
        found += [_query("since", TIME), _query("until", TIME), _query("party", URI)]
        found.append(_query("claim", {"type": "string", "minLength": 1, "maxLength": LONGEST_CLAIM}))
    if (route.method, route.path) == ("POST", "/capture"):
        behaviour = {"type": "string", "enum": ["rollback", "proceed"], "default": "rollback"}
        found.append(_header("GS1-Capture-Error-Behaviour", behaviour))
    if route.method == "POST" and route.path in ("/capture", "/events"):
        found += [_header(name, _SEALING[name]) for name in SEAL_HEADERS]
    return found


def _query(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "schema": schema}


def _header(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": schema}


def _parameter_names() -> list[str]:
    """The parameters with fixed names; those with flexible ones cannot be listed in OpenAPI."""
    return [*query_names.FIXED_NAMES, *query_names.CONTROLS]


def _event_parameter(name: str) -> dict[str, Any]:
    controls: dict[str, dict[str, Any]] = {
        "orderBy": {"type": "string", "enum": ["eventTime", "recordTime"]},
        "orderDirection": {"type": "string", "enum": ["ASC", "DESC"]},
        "eventCountLimit": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
        "maxEventCount": {"type": "integer", "minimum": 1, "maximum": 2**53 - 1},
    }
    if name in controls:
        return _query(name, controls[name])
    parameter = query_names.parameter_of(name)
    assert parameter is not None
    schemas: dict[str, dict[str, Any]] = {
        "words": {"type": "string", "enum": sorted(parameter.words)},
        "uris": URI,
        "texts": {"type": "string", "minLength": 1, "maxLength": 200},
        "times": TIME,
        "numbers": {"type": "number"},
        "flag": {"type": "boolean"},
        "exists": {"type": "boolean"},
    }
    schema = schemas[parameter.values]
    if name == "EQ_action":
        schema = {"type": "string", "enum": sorted(ACTIONS)}
    if parameter.one:
        return _query(name, schema)
    listed = {"type": "array", "minItems": 1, "items": schema}
    return {**_query(name, listed), "style": "pipeDelimited", "explode": False}


def _body(route: Route, limits: Limits) -> dict[str, Any]:
    schemas = {
        "/capture": "EPCISDocument",
        "/events": "BareEvent",
        "/queries": "NewQuery",
        "/countersignatures": "Countersignature",
        "/queries/{queryName}/subscriptions": "NewSubscription",
        "/scans": "NewScan",
        "/links": "NewLink",
        "/pay": "NewPayment",
        "/tokens/claims": "NewClaim",
        "/pay/{paymentID}/transactions": "PaymentTransaction",
        "/credentials": "NewCertificates",
        "/credentials/{credentialID}/status": "StatusWanted",
    }
    content: dict[str, Any] = {_JSON: {"schema": ref(schemas[route.path])}}
    if route.path == "/pay/{paymentID}/transactions":
        content["application/octet-stream"] = {"schema": {"type": "string", "format": "binary"}}
    if route.path == "/capture":
        content[ENVELOPE_MEDIA] = {"schema": ref("SignedCapture")}
    note = f"At most {limits.events} events and {limits.size} bytes" if route.path == "/capture" else ""
    return {"required": True, "description": note, "content": content}


_ANSWERS: Final = {
    "/": "Collection",
    "/capture": "CaptureJobs",
    "/capture/{captureID}": "CaptureJob",
    "/events/{eventID}": "EPCISQueryDocument",
    "/events/{eventID}/disclosures": "Disclosed",
    "/queries": "Queries",
    "/queries/{queryName}": "Query",
    "/queries/{queryName}/subscriptions": "Subscriptions",
    "/queries/{queryName}/subscriptions/{subscriptionID}": "Subscription",
    "/queries/{queryName}/subscriptions/{subscriptionID}/redelivery": "Redelivery",
    "/find/{code}": "Found",
    "/members": "Members",
    "/members/{member}": "Member",
    "/members/{member}/deliveries": "Deliveries",
    "/members/{member}/account": "AccountStatement",
    "/links": "Links",
    "/links/{linkID}": "Link",
    "/credentials": "Certificates",
    "/credentials/{credentialID}": "Anything",
    "/credentials/{credentialID}/standing": "Standing",
    "/credentials/{credentialID}/status": "StatusMade",
    "/status/{statusListID}": "Anything",
    "/pay": "PaymentOptions",
    "/pay/{paymentID}": "Payment",
    "/pay/{paymentID}/transactions": "Payment",
    "/paid": "Paid",
    "/passport": "Passport",
    "/passport.json": "Passport",
    "/tokens/place": "TokenPlace",
    "/payments": "Payments",
    "/payments/{party}": "PartyPayments",
    "/scans": "ScanVerdict",
    "/scans/{piece}": "ScanVerdict",
    "/trace/{lot}": "Trace",
    "/recall/{lot}": "Recall",
    "/balance": "Balance",
    "/balance/{lot}": "Balance",
    "/healthz": "Status",
    "/readyz": "Status",
    "/openapi.json": "Anything",
}
_CREATED: Final = {
    "/capture": (202, "CaptureJob"),
    "/events": (201, "Event"),
    "/countersignatures": (201, "Countersigned"),
    "/queries": (201, "Query"),
    "/queries/{queryName}/subscriptions": (201, "Subscription"),
    "/links": (201, "Link"),
    "/pay": (201, "Payment"),
    "/tokens/claims": (202, "Claimed"),
    "/pay/{paymentID}/transactions": (202, "Payment"),
    "/credentials": (201, "IssuedCertificates"),
}


def _responses(route: Route) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if route.method == "DELETE":
        found["204"] = {"description": "Done"}
    elif route.method == "POST" and route.path in _CREATED:
        status, name = _CREATED[route.path]
        found[str(status)] = {
            "description": "Taken",
            "headers": _headers("Location"),
            "content": {_JSON: {"schema": ref(name)}},
        }
    elif route.media in ("image/svg+xml", "image/*", "application/jsonl"):
        found["200"] = {"description": "Found", "content": {route.media: {"schema": {"type": "string"}}}}
    elif route.path == "/metrics":
        found["200"] = {"description": "Metrics", "content": {"text/plain": {"schema": {"type": "string"}}}}
    elif route.path in ("/find", "/p/{code}"):
        page = {route.media: {"schema": {"type": "string"}}}
        found["200"] = {"description": "The page", "content": page}
        found["307"] = {"description": "The label's item", "headers": _headers("Location")}
        found["404"] = {"description": "No label has this code", "content": page}
    elif route.media == HTML:
        content = {route.media: {"schema": {"type": "string"}}}
        if _JSON in route.also:
            content[_JSON] = {"schema": ref(_ANSWERS[route.path])}
        found["200"] = {"description": "The page", "content": content}
        found["304"] = {"description": "It has not changed"}
    else:
        name = _ANSWERS.get(
            route.path, "EPCISQueryDocument" if route.path.endswith("/events") else "Collection"
        )
        found["200"] = {"description": "Found", "content": {route.media: {"schema": ref(name)}}}
    if route.path in ("/countersignatures", "/pay/{paymentID}/transactions", "/tokens/claims"):
        del found["202" if "202" in found else "201"]["headers"]
    for status in _problem_statuses(route):
        found[str(status)] = _problem(status)
    if route.path == "/pay" and route.method == "POST":
        found["303"] = {"description": "To the payment's page, after a form", "headers": _headers("Location")}
    if route.path in ("/find", "/p/{code}"):
        for code in ("400", "404"):
            found[code]["content"] |= {route.media: {"schema": {"type": "string"}}}
    if route.path == "/passport":
        found["404"]["content"] |= {route.media: {"schema": {"type": "string"}}}
    if route.kept:
        found["304"] = {"description": "It has not changed"}
    return found


def _problem(status: int) -> dict[str, Any]:
    return {"description": _PROBLEMS[status], "content": {_PROBLEM: {"schema": ref("Problem")}}}


def _problem_statuses(route: Route) -> list[int]:
    statuses = {400, 406, 414, 500}
    if route.access != "public":
        statuses |= {401, 403, 429}
    if route.path.startswith(("/pay/", "/paid", "/tokens/", "/claim")) or route.path == "/pay":
        statuses |= {404, 409, 429}
    if "{" in route.path or any(one["name"] == "nextPageToken" for one in _parameters(route)):
        statuses.add(404)
    if route.has_body:
        statuses |= {408, 413, 415}
    if route.path in _PASSPORTS:
        statuses.add(404)
    if route.path.endswith("/events") or route.path == "/passport.fhproof":
        statuses.add(413)
    if route.path.startswith("/scans"):
        statuses |= {404, 429}
    if route.path == "/countersignatures":
        statuses.add(404)
    makes = route.method == "POST" and route.path in ("/events", "/queries", "/links")
    if makes or route.path.endswith("/redelivery"):
        statuses.add(409)
    if route.path in ("/readyz", "/verify"):
        statuses.add(503)
    return sorted(statuses)


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"schema": {"type": "string"}} for name in names}
