"""The schemas of passports in the OpenAPI document, taken from the types that they are made of."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from firsthand.service.passport_model import Passport

__all__ = ["passport_schemas"]

Schema = dict[str, Any]


def passport_schemas() -> dict[str, Schema]:
    """All of them, by name: `Passport`, and its parts as `PassportMaker`, `PassportClaim` …"""
    _, parts = msgspec.json.schema_components(
        [Passport], schema_hook=_exact, ref_template="#/components/schemas/Passport{name}"
    )
    whole = parts.pop("Passport")
    whole["properties"]["proofs"] = {"type": "string", "description": "Where its proof bundles are"}
    whole["required"].append("proofs")
    return {"Passport": whole, **{f"Passport{name}": one for name, one in parts.items()}}


def _exact(kind: type) -> Schema:
    """Shares and quantities are exact: a fraction as text.

    Raises NotImplementedError for other types, by which msgspec's `schema_hook` says that it knows none.
    """
    if kind is not Fraction:
        raise NotImplementedError(kind)
    return {"type": "string", "pattern": "^-?[0-9]+(/[0-9]+)?$", "example": "1/3"}
