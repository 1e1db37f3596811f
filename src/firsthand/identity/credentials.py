"""Making credentials and published status lists; `proof.credential` and `proof.status_list` check them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.credential import CONTEXT, CREDENTIAL, ENTRY, CertificateType, StatusEntry
from firsthand.proof.status_list import PUBLISHED_TYPE, encode_bits

__all__ = ["MEDIA_TYPE", "certificate_document", "published_list", "status_member"]

MEDIA_TYPE: Final = "application/vc"
"""VC-DATA-MODEL-2.0 §6.1."""


def certificate_document(
    kind: CertificateType,
    *,
    credential_id: str,
    issuer: str,
    subject: str,
    elements: Mapping[str, Any],
    prefixes: Mapping[str, str],
    valid_from: str,
    valid_until: str | None,
    status: Sequence[StatusEntry],
) -> dict[str, Any]:
    """A certificate, ready to be secured; times are RFC 3339, `prefixes` those of the elements' names."""
    document: dict[str, Any] = {
        "@context": [CONTEXT, {**prefixes, kind.type: f"fh:{kind.type}"}],
        "id": credential_id,
        "type": [CREDENTIAL, kind.type],
        "issuer": issuer,
        "validFrom": valid_from,
        "credentialSubject": {"id": subject, **elements},
    }
    if valid_until is not None:
        document["validUntil"] = valid_until
    return {**document, **status_member(status)}


def status_member(status: Sequence[StatusEntry]) -> dict[str, Any]:
    """The member `credentialStatus` (VC-BITSTRING-STATUS-LIST §2.1); nothing where there is no entry."""
    if not status:
        return {}
    entries = [
        {
            "id": f"{entry.list}#{entry.index}",
            "type": ENTRY,
            "statusPurpose": entry.purpose,
            "statusListIndex": str(entry.index),
            "statusListCredential": entry.list,
        }
        for entry in status
    ]
    return {"credentialStatus": entries}


def published_list(
    url: str, purpose: str, bits: bytes, issuer: str, key: SigningKey, valid_from: str, valid_until: str
) -> dict[str, Any]:
    """A status list as its issuer publishes it, signed (VC-BITSTRING-STATUS-LIST §2.2)."""
    document = {
        "@context": [CONTEXT],
        "id": url,
        "type": [CREDENTIAL, PUBLISHED_TYPE],
        "issuer": issuer,
        "validFrom": valid_from,
        "validUntil": valid_until,
        "credentialSubject": {
            "id": f"{url}#list",
            "type": "BitstringStatusList",
            "statusPurpose": purpose,
            "encodedList": encode_bits(bits),
        },
    }
    return secure(document, key, valid_from)
