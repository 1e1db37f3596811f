"""What goes in and out of the server, as JSON schemas for its OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

from firsthand.proof.confirmation import COUNTER_SIGNATURE, MAX_LEAVES
from firsthand.service.schedule import FIELDS
from firsthand.web.calls import LONGEST_URI
from firsthand.web.openapi_passport import passport_schemas
from firsthand.web.openapi_payments import payment_schemas

__all__ = ["TIME", "URI", "ref", "schemas"]

Schema = dict[str, Any]

URI: Final = {"type": "string", "format": "uri", "minLength": 1, "maxLength": LONGEST_URI}
TIME: Final = {"type": "string", "format": "date-time"}

_TEXT: Final = {"type": "string"}
_FLAG: Final = {"type": "boolean"}
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_CONTEXT: Final = {"anyOf": [_TEXT, {"type": "array"}, {"type": "object"}]}
_NAME: Final = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._~-]{0,99}$"}
_EVENT: Final[Schema] = {
    "type": "object",
    "required": ["type", "eventTime", "eventTimeZoneOffset"],
    "properties": {"type": _TEXT, "eventTime": TIME, "eventTimeZoneOffset": _TEXT},
    "description": "An EPCIS 2.0 event: https://ref.gs1.org/standards/epcis/2.0.0/epcis-json-schema.json",
}
_SCHEDULE: Final = {
    "type": "object",
    "minProperties": 1,
    "properties": dict.fromkeys(FIELDS, _TEXT),
    "additionalProperties": False,
}


def schemas() -> dict[str, Schema]:
    """All of them, by name."""
    return {
        **_general(),
        **_documents(),
        **_jobs(),
        **_queries(),
        **_members(),
        **_certificates(),
        **_traces(),
        **_scans(),
        **_links(),
        **passport_schemas(),
        **payment_schemas(),
    }


def ref(name: str) -> dict[str, str]:
    """A reference to one."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: list[str], **properties: Any) -> Schema:
    return {"type": "object", "required": required, "properties": properties}


def _list(name: str) -> Schema:
    return {"type": "array", "items": ref(name)}


def _general() -> dict[str, Schema]:
    return {
        "Anything": {"type": "object"},
        "Problem": _object(
            ["type", "title"], type=URI, title=_TEXT, status={"type": "integer"}, detail=_TEXT
        ),
        "Status": _object(["status"], status=_TEXT),
        "Collection": _object(
            ["@context", "type", "member"],
            **{"@context": _CONTEXT},
            type={"enum": ["Collection"]},
            member={"type": "array", "items": _TEXT, "uniqueItems": True},
        ),
    }


def _documents() -> dict[str, Schema]:
    events = _list("Event")
    required = ["@context", "type", "schemaVersion", "creationDate", "epcisBody"]
    common = {"@context": _CONTEXT, "schemaVersion": _TEXT, "creationDate": TIME}
    body = _object(["eventList"], eventList=events)
    return {
        "Event": _EVENT,
        "BareEvent": {**_EVENT, "required": [*_EVENT["required"], "@context"]},
        "EPCISDocument": _object(required, **common, type={"enum": ["EPCISDocument"]}, epcisBody=body),
        "EPCISQueryDocument": _object(
            required, **common, type={"enum": ["EPCISQueryDocument"]}, epcisBody={"type": "object"}
        ),
        "SignedCapture": _object(
            ["capture", "events"],
            capture={"type": "object"},
            events=events,
            disclosures={"type": "array", "items": _TEXT},
        ),
        "Disclosed": _object(["disclosed"], disclosed=_OBJECTS),
        "Found": _object(["item"], item=_TEXT),
    }


def _jobs() -> dict[str, Schema]:
    job = _object(
        ["captureID", "createdAt", "running", "success", "captureErrorBehaviour", "errors"],
        captureID=_TEXT,
        createdAt=TIME,
        finishedAt=TIME,
        running=_FLAG,
        success=_FLAG,
        captureErrorBehaviour={"enum": ["rollback", "proceed"]},
        errors=_list("Problem"),
        receipts=_OBJECTS,
    )
    return {"CaptureJob": job, "CaptureJobs": _list("CaptureJob")}


def _members() -> dict[str, Schema]:
    texts = {"type": "array", "items": _TEXT}
    number = {"type": "integer"}
    member = _object(
        ["uri", "cooperative", "number", "numbers", "name"],
        uri=URI,
        cooperative=URI,
        number=_TEXT,
        numbers=texts,
        name=_TEXT,
        plots=texts,
        has_key=_FLAG,
        place=number,
    )
    weights = dict.fromkeys(("gross", "tare", "net", "uom", "price", "currency", "amount", "balance"), _TEXT)
    delivery = _object(["number", "day", "net"], number=number, uri=URI, day=_TEXT, lot=URI, **weights)
    statement = _object(
        ["season", "currency", "entries", "totals", "balance"],
        season=_TEXT,
        currency=_TEXT,
        entries=_OBJECTS,
        totals={"type": "object", "additionalProperties": _TEXT},
        balance=_TEXT,
    )
    leaves = {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": MAX_LEAVES}
    signed = _object(
        ["type", "issuer", "created", "events", "proof"],
        type={"enum": [COUNTER_SIGNATURE]},
        issuer=URI,
        created=TIME,
        events=leaves,
        proof={"type": "object"},
    )
    return {
        "Member": member,
        "Members": _list("Member"),
        "Delivery": delivery,
        "Deliveries": _list("Delivery"),
        "AccountStatement": statement,
        "Countersignature": {**signed, "additionalProperties": False},
        "Countersigned": _object(["place", "events", "receipt"], place=number, events=number),
    }


def _queries() -> dict[str, Schema]:
    conditions = {"type": "object", "additionalProperties": {"type": "array"}}
    new_query = _object(["name", "query"], name=_NAME, query=conditions)
    terms = {"dest": URI, "reportIfEmpty": _FLAG, "schedule": _SCHEDULE, "initialRecordTime": TIME}
    new_subscription = _object(["dest"], **terms, signatureToken=_TEXT, stream={"enum": [True]})
    subscription = _object(
        ["subscriptionID", "dest", "createdAt", "deadLetters"],
        **terms,
        subscriptionID=_TEXT,
        queryName=_TEXT,
        createdAt=TIME,
        lastNotifiedAt=TIME,
        stream=_FLAG,
        deadLetters=_OBJECTS,
    )
    return {
        "NewQuery": {**new_query, "additionalProperties": False},
        "Query": _object(["name", "query"], name=_TEXT, query={"type": "object"}),
        "Queries": _list("Query"),
        "NewSubscription": {**new_subscription, "additionalProperties": False},
        "Subscription": subscription,
        "Subscriptions": _list("Subscription"),
        "Redelivery": _object(["deadLetters"], deadLetters={"type": "integer"}),
    }


def _certificates() -> dict[str, Schema]:
    wanted = _object(
        ["type", "subject"],
        type=_TEXT,
        subject=URI,
        elements={"type": "object"},
        validFrom=_TEXT,
        validUntil=_TEXT,
    )
    many = {"type": "array", "minItems": 1, "items": {**wanted, "additionalProperties": False}}
    asked = _object(["profile", "certificates"], profile=_TEXT, certificates=many)
    status = _object(["purpose", "set"], purpose={"enum": ["revocation", "suspension"]}, set=_FLAG)
    return {
        "NewCertificates": {**asked, "additionalProperties": False},
        "IssuedCertificates": _object(
            ["place", "receipt", "credentials"],
            place={"type": "integer"},
            receipt={"type": "object"},
            credentials=_OBJECTS,
        ),
        "Certificates": _object(["credentials"], credentials=_OBJECTS),
        "Standing": _object(["id", "standing", "detail"], id=_TEXT, standing=_TEXT, detail=_TEXT),
        "StatusWanted": {**status, "additionalProperties": False},
        "StatusMade": _object(["changes"], changes=_OBJECTS),
    }


def _traces() -> dict[str, Schema]:
    return {
        "Finding": _object(
            ["kind", "severity", "text", "events"],
            kind=_TEXT,
            severity={"type": "string", "enum": ["error", "warning", "info"]},
            text=_TEXT,
            numbers={"type": "object"},
            lots={"type": "array", "items": _TEXT},
            parties={"type": "array", "items": _TEXT},
            events={"type": "array", "items": _TEXT},
        ),
        "Trace": _object(
            ["lot", "direction", "lots", "links", "holders", "findings"],
            lot=_TEXT,
            direction=_TEXT,
            lots={"type": "array", "items": _TEXT},
            links=_OBJECTS,
            holders=_OBJECTS,
            corrections=_OBJECTS,
            custody={"type": "object"},
            origins={"type": "object"},
            shares={"type": "object"},
            claims={"type": "object"},
            findings=_list("Finding"),
        ),
        "Recall": _object(
            ["lot", "reached", "held", "sold"],
            lot=_TEXT,
            reached={"type": "array", "items": _TEXT},
            held=_OBJECTS,
            sold=_OBJECTS,
            passedOn=_OBJECTS,
        ),
        "Balance": _object(
            ["events", "lots", "came", "went", "stock", "findings"],
            events={"type": "integer"},
            lots={"type": "integer"},
            came=_OBJECTS,
            went=_OBJECTS,
            stock=_OBJECTS,
            steps=_OBJECTS,
            claims=_OBJECTS,
            findings=_list("Finding"),
        ),
    }


def _scans() -> dict[str, Schema]:
    degrees = {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}
    new = {
        **_object(
            [],
            piece=URI,
            device={"type": "string", "minLength": 1, "maxLength": 500},
            place={**degrees, "description": "Latitude and longitude; kept to a tenth of a degree"},
            picc={"type": "string", "pattern": "^[0-9A-Fa-f]{32}$"},
            cmac={"type": "string", "pattern": "^[0-9A-Fa-f]{16}$"},
        ),
        "additionalProperties": False,
        "anyOf": [{"required": ["piece"]}, {"required": ["picc", "cmac"]}],
        "dependentRequired": {"picc": ["cmac"], "cmac": ["picc"]},
    }
    reason = _object(["kind", "text"], kind=_TEXT, text=_TEXT)
    verdict = _object(
        ["piece", "word", "text", "reasons", "scans", "tag"],
        piece=URI,
        word={"enum": ["first-scan", "seen-before", "claimed", "be-careful"]},
        text=_TEXT,
        reasons={"type": "array", "items": reason},
        scans={"type": "integer"},
        tag=_FLAG,
    )
    return {"NewScan": new, "ScanVerdict": verdict}


def _links() -> dict[str, Schema]:
    texts = dict.fromkeys(("item", "linkType", "href", "title", "type", "hreflang", "context"), _TEXT)
    needed = ["item", "linkType", "href", "title"]
    link = _object(["id", *needed], id=_TEXT, party=_TEXT, default=_FLAG, created=TIME, **texts)
    asked = {
        **texts,
        "item": URI,
        "linkType": {"type": "string", "example": "gs1:pip", "minLength": 1},
        "href": {"type": "string", "format": "uri", "pattern": "^https://"},
        "title": {"type": "string", "minLength": 1, "maxLength": 200},
    }
    new = _object(needed, default=_FLAG, **asked)
    return {
        "NewLink": {**new, "additionalProperties": False},
        "Link": link,
        "Links": _object(["links"], links=_list("Link")),
    }
