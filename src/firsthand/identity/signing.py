"""Securing a document with a W3C Data Integrity proof; `proof.data_integrity` is the checking half."""

from __future__ import annotations

from typing import Any

from firsthand.identity.keys import SigningKey
from firsthand.proof.data_integrity import CRYPTOSUITES, hash_data
from firsthand.proof.did_key import base58_text, verification_method

__all__ = ["secure"]


def secure(
    document: dict[str, Any], key: SigningKey, created: str, purpose: str = "assertionMethod"
) -> dict[str, Any]:
    """The document with one proof by this key, `created` being a UTC time written with `Z`.

    `eddsa-jcs-2022` for an Ed25519 key (VC-DI-EDDSA §3.3.1), `ecdsa-jcs-2019` for P-256. A `@context`
    of the document is bound into the proof, as the suites demand.
    """
    proof: dict[str, Any] = {
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITES[key.kind],
        "created": created,
        "verificationMethod": verification_method(key.did),
        "proofPurpose": purpose,
    }
    if "@context" in document:
        proof["@context"] = document["@context"]
    signature = key.sign(hash_data(document, proof))
    return {**document, "proof": {**proof, "proofValue": base58_text(signature)}}
