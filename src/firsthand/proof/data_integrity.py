"""W3C Data Integrity proofs with JCS: `eddsa-jcs-2022` and `ecdsa-jcs-2019` (VC-DI-EDDSA, VC-DI-ECDSA §3.3).

The checking half. A proof may hold only the members that are checked here. Its verification method is a
did:key, so that a document needs nothing but itself to be checked; the keys of other methods, such as those
of did:web, are for the caller to hand in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical
from firsthand.proof.did_key import (
    KeyKind,
    PublicKey,
    decode_did_key,
    from_base58,
    verification_method,
)
from firsthand.proof.fields import member, only_members, shown, timestamp

__all__ = ["CRYPTOSUITES", "Keys", "Verified", "hash_data", "verify_proof"]

Keys = Callable[[str], PublicKey]
"""The public key of a verification method that is no did:key. Raises InvalidInput when it has none."""

CRYPTOSUITES: Final[dict[KeyKind, str]] = {"Ed25519": "eddsa-jcs-2022", "P-256": "ecdsa-jcs-2019"}

_MEMBERS: Final = frozenset(
    ("@context", "type", "cryptosuite", "created", "verificationMethod", "proofPurpose", "proofValue")
)


@dataclass(frozen=True, slots=True)
class Verified:
    """Which key signed (as its did:key), when it says it did, and the DID that names the key."""

    did: str
    created: str
    controller: str


def hash_data(document: dict[str, Any], options: dict[str, Any]) -> bytes:
    """SHA-256(JCS(options)) ‖ SHA-256(JCS(document)): what is signed (VC-DI-EDDSA §3.3.4).

    `document` is without its proof, `options` the proof without its value.
    """
    return sha256(canonical(options)).digest() + sha256(canonical(document)).digest()


def verify_proof(
    secured: dict[str, Any], purpose: str = "assertionMethod", keys: Keys | None = None
) -> Verified:
    """Check a document's one proof (VC-DI-EDDSA §3.3.2); `keys` finds those that no did:key names.

    Raises InvalidInput naming the member that is missing, unknown or does not hold.
    """
    path = "$.proof"
    proof = member(secured, "proof", dict, "$")
    only_members(proof, _MEMBERS, path)
    if proof.get("type") != "DataIntegrityProof":
        raise InvalidInput(f"expected DataIntegrityProof, got {shown(proof.get('type'))}", f"{path}.type")
    if proof.get("proofPurpose") != purpose:
        raise InvalidInput(
            f"expected {purpose}, got {shown(proof.get('proofPurpose'))}", f"{path}.proofPurpose"
        )
    # As text: Python holds 1, 1.0 and True for equal.
    if canonical(proof.get("@context")) != canonical(secured.get("@context")):
        raise InvalidInput("is not the document's own", f"{path}.@context")
    created = timestamp(proof, "created", path)
    method = member(proof, "verificationMethod", str, path)
    did = method.partition("#")[0]
    if keys is not None and not did.startswith("did:key:"):
        key = keys(method)
    else:
        key = decode_did_key(did)
        if method != verification_method(did):
            raise InvalidInput("expected did:key:K#K", f"{path}.verificationMethod")
    if proof.get("cryptosuite") != CRYPTOSUITES[key.kind]:
        raise InvalidInput(
            f"a {key.kind} key signs by {CRYPTOSUITES[key.kind]}, got {shown(proof.get('cryptosuite'))}",
            f"{path}.cryptosuite",
        )
    signature = from_base58(member(proof, "proofValue", str, path))
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    document = {name: value for name, value in secured.items() if name != "proof"}
    if not key.verify(signature, hash_data(document, options)):
        raise InvalidInput("the signature does not fit the document", f"{path}.proofValue")
    return Verified(key.did, created, did)
