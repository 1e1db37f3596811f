"""did:web: where the document of such a DID stands, and which key it names (W3C CCG did:web, DID Core §5.3).

Pure: fetching is the caller's. What the document says is as good as the connection that it came by.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from binascii import Error as Base64Error
from typing import Any, Final
from urllib.parse import unquote

from firsthand.errors import InvalidInput
from firsthand.proof.did_key import PublicKey, decode_did_key
from firsthand.proof.fields import shown

__all__ = ["did_web_url", "key_of_method"]

_DID: Final = "did:web:"


def did_web_url(did: str) -> str:
    """Where the document of a did:web is fetched: always by https. Raises InvalidInput."""
    parts = did.removeprefix(_DID).split(":")
    if not did.startswith(_DID) or not all(parts) or any(set(part) & set("/?#@\\") for part in parts):
        raise InvalidInput(f"expected a did:web identifier, got {did[:100]!r}")
    host = unquote(parts[0])
    if set(host) & set("/?#@\\[] "):
        raise InvalidInput(f"{did[:100]!r} names no host")
    path = "/".join(parts[1:]) or ".well-known"
    return f"https://{host}/{path}/did.json"


def key_of_method(document: dict[str, Any], method: str) -> PublicKey:
    """The key of a verification method that the DID's document allows for assertions.

    Raises InvalidInput when the document is of another DID, has no such method, or a key of another kind.
    """
    did = method.partition("#")[0]
    if document.get("id") != did:
        raise InvalidInput(f"the document is of {shown(document.get('id'))}, expected {did}", "$.id")
    allowed = document.get("assertionMethod")
    if type(allowed) is not list:
        raise InvalidInput("allows no method for assertions", "$.assertionMethod")
    embedded = [one for one in allowed if type(one) is dict]
    named = {_absolute(one, did) for one in allowed if type(one) is str}
    listed = document.get("verificationMethod")
    methods = listed if type(listed) is list else []
    candidates = [*embedded, *(one for one in methods if type(one) is dict and _id(one, did) in named)]
    for candidate in candidates:
        if _id(candidate, did) == method:
            if candidate.get("controller", did) != did:
                raise InvalidInput("the key is controlled by somebody else", "$.verificationMethod")
            return _key(candidate)
    raise InvalidInput(f"has no method {method[:200]} for assertions", "$.assertionMethod")


def _id(method: dict[str, Any], did: str) -> str:
    value = method.get("id")
    return _absolute(value, did) if type(value) is str else ""


def _absolute(text: str, did: str) -> str:
    return did + text if text.startswith("#") else text


def _key(method: dict[str, Any]) -> PublicKey:
    multibase, jwk = method.get("publicKeyMultibase"), method.get("publicKeyJwk")
    if type(multibase) is str:
        return decode_did_key(f"did:key:{multibase}")
    if type(jwk) is dict:
        return _of_jwk(jwk)
    raise InvalidInput("expected publicKeyMultibase or publicKeyJwk", "$.verificationMethod")


def _of_jwk(jwk: dict[str, Any]) -> PublicKey:
    """An Ed25519 (RFC 8037) or P-256 key (RFC 7518 §6.2) as a JSON Web Key."""
    x = _coordinate(jwk, "x")
    if (jwk.get("kty"), jwk.get("crv")) == ("OKP", "Ed25519"):
        return decode_did_key(PublicKey("Ed25519", x).did)
    if (jwk.get("kty"), jwk.get("crv")) == ("EC", "P-256"):
        y = _coordinate(jwk, "y")
        # Compressing keeps y's last bit; that the point is on the curve is checked when it is loaded.
        key = decode_did_key(PublicKey("P-256", bytes((2 + (y[-1] & 1),)) + x).did)
        if not key.is_point(y):
            raise InvalidInput("the point is not on the curve", "$.verificationMethod.publicKeyJwk")
        return key
    raise InvalidInput("expected an Ed25519 or a P-256 key", "$.verificationMethod.publicKeyJwk")


def _coordinate(jwk: dict[str, Any], name: str) -> bytes:
    text = jwk.get(name)
    try:
        data = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if type(text) is str else b""
    except (Base64Error, ValueError):
        data = b""
    if len(data) != 32:
        raise InvalidInput("expected 32 bytes in base64url", f"$.verificationMethod.publicKeyJwk.{name}")
    return data
