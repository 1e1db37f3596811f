"""Credentials by W3C's vectors, held to their types, and what no credential may be."""

from __future__ import annotations

import contextlib
import copy
import json
import secrets
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.identity.credentials import certificate_document
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.canonical import canonical
from firsthand.proof.credential import (
    CertificateType,
    Quantity,
    StatusEntry,
    check_type,
    parse_credential,
    verify_credential,
)
from firsthand.proof.did_web import did_web_url, key_of_method

TIME = "2026-01-01T00:00:00Z"
KIND = CertificateType(
    name="organic",
    type="OrganicCertificate",
    scheme="organic",
    elements={"fh:number": "text", "fh:volume": "quantity", "fh:grade": "choice", "fh:visit": "date"},
    required=("fh:number",),
    choices={"fh:grade": frozenset(("a", "b"))},
    quantity="fh:volume",
    valid_days=365,
)


def certificate(**more: Any) -> dict[str, Any]:
    document = certificate_document(
        KIND,
        credential_id="https://certifier.example/credentials/1",
        issuer="https://certifier.example/",
        subject="https://coop.example/id/party/adela",
        elements={"fh:number": "17", "fh:volume": {"fh:value": 571.8, "fh:uom": "KGM"}},
        prefixes={"fh": "https://firsthand.example/ns/"},
        valid_from=TIME,
        valid_until="2026-12-31T00:00:00Z",
        status=[StatusEntry("revocation", "https://certifier.example/status/1", 7)],
    )
    return {**document, **more}


@pytest.mark.parametrize("suite", ["eddsa-jcs-2022", "ecdsa-jcs-2019"])
def test_the_vectors_of_the_w3c_verify(vectors: Path, suite: str) -> None:
    document = json.loads((vectors / "credentials" / f"{suite}-signed.json").read_text())
    credential, verified = verify_credential(document)
    assert credential.issuer == "https://vc.example/issuers/5678"
    assert credential.types == ("VerifiableCredential", "AlumniCredential")
    assert verified.did == verified.controller == document["proof"]["verificationMethod"].partition("#")[0]
    document["credentialSubject"]["alumniOf"] = "Another School"
    with pytest.raises(InvalidInput, match="signature"):
        verify_credential(document)


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_what_is_made_is_read(kind: Any) -> None:
    key = SigningKey.generate(kind, secrets.token_bytes)
    credential, verified = verify_credential(secure(certificate(), key, TIME))
    assert verified.did == key.did
    assert credential.status == (StatusEntry("revocation", "https://certifier.example/status/1", 7),)
    assert credential.quantity("fh:volume") == Quantity(Fraction("571.8"), "KGM")
    assert credential.quantity("fh:nothing") is None
    check_type(credential, KIND)


SIGNED = canonical(secure(certificate(), SigningKey("Ed25519", bytes(32)), TIME))


@settings(max_examples=600)
@given(st.data())
def test_no_single_changed_byte_verifies(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(SIGNED) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != SIGNED[at]))
    with contextlib.suppress(InvalidInput, ValueError, UnicodeDecodeError):
        document = json.loads(SIGNED[:at] + bytes((byte,)) + SIGNED[at + 1 :])
        if isinstance(document, dict) and canonical(document) != SIGNED:
            with pytest.raises(InvalidInput):
                verify_credential(document)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"@context": "https://www.w3.org/ns/credentials/v2"}, "@context"),
        ({"@context": ["https://www.w3.org/2018/credentials/v1"]}, "@context"),
        ({"type": "OrganicCertificate"}, "type"),
        ({"issuer": 7}, "issuer"),
        ({"id": "no uri"}, "id"),
        ({"credentialSubject": "adela"}, "credentialSubject"),
        ({"validFrom": "2026-01-01"}, "validFrom"),
        ({"validUntil": "2025-01-01T00:00:00Z"}, "validUntil"),
        ({"credentialStatus": {"type": "StatusList2021Entry"}}, "credentialStatus"),
        ({"credentialStatus": [{"type": "BitstringStatusListEntry", "statusSize": 2}]}, "statusSize"),
        (
            {"credentialStatus": [{"type": "BitstringStatusListEntry", "statusListIndex": "-1"}]},
            "statusListIndex",
        ),
    ],
)
def test_what_is_no_credential_is_refused_by_its_place(change: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_credential(certificate(**change))
    assert path in caught.value.path


@pytest.mark.parametrize(
    ("elements", "path"),
    [
        ({"fh:volume": {"fh:value": 1, "fh:uom": "KGM"}}, "fh:number"),
        ({"fh:number": "17", "fh:colour": "green"}, "fh:colour"),
        ({"fh:number": " "}, "fh:number"),
        ({"fh:number": "17", "fh:volume": 571.8}, "fh:volume"),
        ({"fh:number": "17", "fh:volume": {"fh:value": -1, "fh:uom": "KGM"}}, "fh:value"),
        ({"fh:number": "17", "fh:grade": "c"}, "fh:grade"),
        ({"fh:number": "17", "fh:visit": "yesterday"}, "fh:visit"),
    ],
)
def test_what_does_not_fit_the_type_is_refused_by_its_place(elements: dict[str, Any], path: str) -> None:
    document = certificate(credentialSubject={"id": "https://coop.example/id/party/adela", **elements})
    with pytest.raises(InvalidInput) as caught:
        check_type(parse_credential(document), KIND)
    assert path in caught.value.path


def test_a_type_bounds_validity() -> None:
    for change in ({"validUntil": "2027-06-01T00:00:00Z"}, {"type": ["VerifiableCredential"]}):
        with pytest.raises(InvalidInput):
            check_type(parse_credential(certificate(**change)), KIND)
    endless = certificate()
    del endless["validUntil"]
    with pytest.raises(InvalidInput, match="until when"):
        check_type(parse_credential(endless), KIND)


def test_an_issuer_that_is_a_did_has_signed_itself() -> None:
    key = SigningKey.generate("Ed25519", secrets.token_bytes)
    verify_credential(secure(certificate(issuer=key.did), key, TIME))
    other = SigningKey.generate("Ed25519", secrets.token_bytes)
    with pytest.raises(InvalidInput, match="expected its issuer"):
        verify_credential(secure(certificate(issuer=key.did), other, TIME))


def test_a_credential_is_bounded() -> None:
    large = certificate(description="x" * 70_000)
    with pytest.raises(InvalidInput, match="at most 65535"):
        verify_credential(secure(large, SigningKey("Ed25519", bytes(32)), TIME))


DID = "did:web:certifier.example"


def did_document(key: SigningKey, **more: Any) -> dict[str, Any]:
    method = {
        "id": f"{DID}#k",
        "type": "Multikey",
        "controller": DID,
        "publicKeyMultibase": key.did.removeprefix("did:key:"),
    }
    return {"id": DID, "verificationMethod": [method], "assertionMethod": [f"{DID}#k"], **more}


@pytest.mark.parametrize(
    ("did", "url"),
    [
        (DID, "https://certifier.example/.well-known/did.json"),
        ("did:web:certifier.example%3A8443", "https://certifier.example:8443/.well-known/did.json"),
        ("did:web:certifier.example:a:b", "https://certifier.example/a/b/did.json"),
    ],
)
def test_where_a_did_web_stands(did: str, url: str) -> None:
    assert did_web_url(did) == url


@pytest.mark.parametrize(
    "did", ["did:key:z6M", "did:web:", "did:web:a::b", "did:web:a/b", "did:web:a%2Fb", "did:web:u%40h"]
)
def test_what_is_no_did_web(did: str) -> None:
    with pytest.raises(InvalidInput):
        did_web_url(did)


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_the_key_of_a_did_document(kind: Any) -> None:
    key = SigningKey.generate(kind, secrets.token_bytes)
    document = did_document(key)
    assert key_of_method(document, f"{DID}#k") == key.public
    relative = copy.deepcopy(document)
    relative["verificationMethod"][0]["id"] = relative["assertionMethod"][0] = "#k"
    assert key_of_method(relative, f"{DID}#k") == key.public
    for change in ({"id": "did:web:other.example"}, {"assertionMethod": []}, {"verificationMethod": []}):
        with pytest.raises(InvalidInput):
            key_of_method({**document, **change}, f"{DID}#k")
    document["verificationMethod"][0]["controller"] = "did:web:other.example"
    with pytest.raises(InvalidInput, match="somebody else"):
        key_of_method(document, f"{DID}#k")


def test_the_key_of_a_did_document_as_jwk() -> None:
    # RFC 8037 appendix A.2, and RFC 7517 appendix A.1 (the P-256 key).
    ed = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ec = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
    }
    for jwk, kind in ((ed, "Ed25519"), (ec, "P-256")):
        method = {"id": f"{DID}#k", "type": "JsonWebKey", "controller": DID, "publicKeyJwk": jwk}
        document = {"id": DID, "assertionMethod": [method]}
        assert key_of_method(document, f"{DID}#k").kind == kind
    for wrong in ({**ec, "y": ec["x"]}, {**ec, "x": "AA"}, {**ed, "crv": "X25519"}):
        method = {"id": f"{DID}#k", "publicKeyJwk": wrong}
        with pytest.raises(InvalidInput):
            key_of_method({"id": DID, "assertionMethod": [method]}, f"{DID}#k")
