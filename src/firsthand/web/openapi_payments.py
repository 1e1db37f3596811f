"""The schemas of payments in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["KEY_HASH", "payment_schemas"]

Schema = dict[str, Any]

KEY_HASH: Final = {"type": "string", "pattern": "^[0-9a-f]{40}$"}
_HEX: Final = {"type": "string", "pattern": "^([0-9A-Fa-f]{2})+$"}
_TEXT: Final = {"type": "string"}
_OBJECTS: Final = {"type": "array", "items": {"type": "object"}}
_URI: Final = {"type": "string", "format": "uri", "minLength": 1, "maxLength": 1000}


def payment_schemas() -> dict[str, Schema]:
    """All of them, by name."""
    satoshis = {"type": "integer", "minimum": 0}
    maybe: Schema = {"type": ["string", "null"]}
    new = _object(
        ["item", "path"],
        item=_URI,
        path={"enum": ["wallet", "direct", "cooperative"]},
        satoshis={"type": "integer", "minimum": 1, "maximum": 100_000_000_000},
        amount={"type": "string", "pattern": r"^[0-9]{1,9}(\.[0-9]{1,4})?$"},
        currency={"type": "string", "pattern": "^[A-Za-z]{3}$"},
    )
    receipt = _object(["txid", "satoshis", "state"], txid=_TEXT, satoshis=satoshis, state=_TEXT)
    payment = _object(
        ["id", "item", "path", "satoshis", "thanks", "fee", "state", "receipts", "passedOn"],
        id=_TEXT,
        item=_URI,
        path=_TEXT,
        satoshis=satoshis,
        thanks=satoshis,
        fee=_object(["service", "network"], service=satoshis, network=satoshis),
        state={"enum": ["waiting", "sent", "seen", "passed-on", "mined", "refused"]},
        outputs=_OBJECTS,
        address=_TEXT,
        receipts={"type": "array", "items": receipt},
        passedOn={"type": "array", "items": receipt},
    )
    line = _object(
        ["txid", "satoshis", "kind", "state"], txid=_TEXT, satoshis=satoshis, kind=_TEXT, state=_TEXT
    )
    party = _object(["uri", "name", "paid", "held"], paid=satoshis, held=satoshis, uri=maybe, name=maybe)
    sums: dict[str, Schema] = {"paid": satoshis, "held": satoshis, "notices": _OBJECTS}
    lines: Schema = {"type": "array", "items": line}
    return {
        "NewPayment": {
            **new,
            "additionalProperties": False,
            "oneOf": [{"required": ["satoshis"]}, {"required": ["amount", "currency"]}],
        },
        "Payment": payment,
        "PaymentTransaction": _object(["tx"], tx=_HEX),
        "TokenPlace": _object(
            ["token", "piece", "outpoint", "satoshis", "script", "addressVersion"],
            token=_TEXT,
            piece=_TEXT,
            outpoint=_TEXT,
            satoshis=satoshis,
            script=_HEX,
            addressVersion={"type": "integer", "minimum": 0, "maximum": 255},
        ),
        "NewClaim": {
            **_object(["token", "owner", "unlocking"], token=_TEXT, owner=KEY_HASH, unlocking=_HEX),
            "additionalProperties": False,
        },
        "Claimed": _object(["token", "txid", "state"], token=_TEXT, txid=_TEXT, state=_TEXT),
        "PaymentOptions": _object(
            ["item", "makers", "paths", "least"], item=_URI, makers=_OBJECTS, paths=_OBJECTS, least=satoshis
        ),
        "Paid": _object(
            ["item", "satoshis", "payments", "transactions"],
            item=_URI,
            satoshis=satoshis,
            payments={"type": "integer"},
            transactions=_OBJECTS,
        ),
        "Payments": _object(["parties", "paid", "held"], parties={"type": "array", "items": party}, **sums),
        "PartyPayments": _object(["lines", "paid", "held"], lines=lines, uri=maybe, name=maybe, **sums),
    }


def _object(required: list[str], **properties: Schema) -> Schema:
    return {"type": "object", "required": required, "properties": properties}
