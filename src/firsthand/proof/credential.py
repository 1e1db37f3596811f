"""W3C Verifiable Credentials 2.0, the checking half: read one, check its proof, hold it to its type.

A credential is secured by one Data Integrity proof (`data_integrity`). What it says of its subject stands in
`credentialSubject` under the same names as in events. A type says which key data elements a certificate of
its kind has, whom or what it may be of, for how long, and which claims it can back; types are data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any, Final, Literal

import msgspec

from firsthand.errors import InvalidInput
from firsthand.events.instants import microseconds
from firsthand.proof.canonical import canonical
from firsthand.proof.data_integrity import Keys, Verified, verify_proof
from firsthand.proof.fields import member, shown
from firsthand.proof.merkle import leaf_hash
from firsthand.proof.parties import is_uri

__all__ = [
    "CONTEXT",
    "CREDENTIAL",
    "ENTRY",
    "MAX_CREDENTIAL",
    "CertificateType",
    "Credential",
    "ElementKind",
    "Quantity",
    "StatusEntry",
    "check_type",
    "credential_leaf",
    "parse_credential",
    "verify_credential",
]

CONTEXT: Final = "https://www.w3.org/ns/credentials/v2"
CREDENTIAL: Final = "VerifiableCredential"
ENTRY: Final = "BitstringStatusListEntry"

MAX_CREDENTIAL: Final = 65_535
"""Bytes of a credential's canonical form: what a document of the log may have."""

_MOST: Final = 64
_DAY: Final = 86_400_000_000

SubjectKind = Literal["party", "place", "lot", "piece"]
ElementKind = str
"""How an element stands in JSON, as in events: text, choice, number, quantity, date, list, uri and others."""


class StatusEntry(msgspec.Struct, frozen=True, gc=False):
    """Where a credential's status stands: bit `index` of the list at that URL, for one purpose."""

    purpose: str
    list: str
    index: int


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity in a unit of UN/CEFACT Recommendation 20, exactly as it was written."""

    value: Fraction
    uom: str


class Credential(msgspec.Struct, frozen=True, gc=False):
    """A credential as it was read; times in microseconds since 1970, None where it names none."""

    document: dict[str, Any]
    id: str
    types: tuple[str, ...]
    issuer: str
    subjects: tuple[str, ...]
    valid_from: int | None
    valid_until: int | None
    status: tuple[StatusEntry, ...]

    def element(self, term: str) -> Any:
        """What it states of its subject under that name; None where it states nothing."""
        for subject in _objects(self.document["credentialSubject"]):
            if term in subject:
                return subject[term]
        return None

    def quantity(self, term: str) -> Quantity | None:
        """A quantity that it states. Raises InvalidInput when it is none."""
        value = self.element(term)
        if value is None:
            return None
        _check_quantity(value, f"$.credentialSubject.{term}")
        return Quantity(Fraction(repr(value["fh:value"])), value["fh:uom"])


@dataclass(frozen=True, slots=True)
class CertificateType:
    """A kind of certificate, as a craft's profile defines it.

    `type` is its W3C credential type, `scheme` the word by which a trust list says whom it believes.
    `elements` are the names that may stand in the subject, with their kinds; `required` of them must.
    `choices` are the words of each element that takes no others. `quantity` names the element that limits how
    much may be claimed, `valid_days` the longest validity, `claims` what a certificate of it can back. What a
    `confidential` one says is for issuer, subject and those to whom they hand it.
    """

    name: str
    type: str
    scheme: str
    subject: tuple[SubjectKind, ...] = ("party",)
    elements: Mapping[str, ElementKind] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    quantity: str | None = None
    valid_days: int | None = None
    needs: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    confidential: bool = False


def credential_leaf(document: dict[str, Any]) -> bytes:
    """SHA-256(0x00 ‖ JCS(credential)), its proof included.

    Nobody can guess it from what a credential may say: the signature in it is known to those alone who have
    the credential, or its issuer's key.
    """
    return leaf_hash(canonical(document))


def parse_credential(document: dict[str, Any], path: str = "$") -> Credential:
    """Read a credential by the data model (VC-DATA-MODEL-2.0 §4); its proof is not checked here.

    Stricter where the model leaves it open: it has an `id`. Raises InvalidInput with the path.
    """
    context = document.get("@context")
    if type(context) is not list or context[:1] != [CONTEXT]:
        raise InvalidInput(f"expected a list that begins with {CONTEXT}", f"{path}.@context")
    types = _texts(document, "type", path)
    if CREDENTIAL not in types:
        raise InvalidInput(f"expected {CREDENTIAL} among the types", f"{path}.type")
    issuer = document.get("issuer")
    if type(issuer) is dict:
        issuer = issuer.get("id")
    subjects = []
    for number, subject in enumerate(_objects(document.get("credentialSubject"))):
        if "id" in subject:
            subjects.append(_uri(subject["id"], f"{path}.credentialSubject[{number}].id"))
    if not _objects(document.get("credentialSubject")):
        raise InvalidInput("expected an object or a list of objects", f"{path}.credentialSubject")
    valid_from, valid_until = _instant(document, "validFrom", path), _instant(document, "validUntil", path)
    if valid_from is not None and valid_until is not None and valid_until < valid_from:
        raise InvalidInput("is before validFrom", f"{path}.validUntil")
    return Credential(
        document=document,
        id=_uri(document.get("id"), f"{path}.id"),
        types=types,
        issuer=_uri(issuer, f"{path}.issuer"),
        subjects=tuple(subjects),
        valid_from=valid_from,
        valid_until=valid_until,
        status=_status(document, path),
    )


def verify_credential(document: dict[str, Any], keys: Keys | None = None) -> tuple[Credential, Verified]:
    """Read a credential and check its proof; an issuer that is a DID must be the one that signed.

    Whether a key speaks for an issuer that is no DID is for the party statements of a log to say. Raises
    InvalidInput.
    """
    size = len(canonical(document))
    if size > MAX_CREDENTIAL:
        raise InvalidInput(f"a credential has at most {MAX_CREDENTIAL} bytes, got {size}")
    credential = parse_credential(document)
    verified = verify_proof(document, keys=keys)
    if credential.issuer.startswith("did:") and credential.issuer != verified.controller:
        raise InvalidInput(
            f"signed by {verified.controller}, expected its issuer {credential.issuer}",
            "$.proof.verificationMethod",
        )
    return credential, verified


def check_type(credential: Credential, kind: CertificateType) -> None:
    """Hold a certificate to its type. Raises InvalidInput with the path of what is missing or not fitting."""
    if kind.type not in credential.types:
        raise InvalidInput(f"expected {kind.type} among the types", "$.type")
    if not credential.subjects:
        raise InvalidInput("a certificate names whom or what it is of", "$.credentialSubject.id")
    if kind.valid_days is not None:
        _check_validity(credential, kind.valid_days)
    stated = set[str]()
    for subject in _objects(credential.document["credentialSubject"]):
        for name, value in subject.items():
            if name in ("id", "type"):
                continue
            path = f"$.credentialSubject.{name}"
            if name not in kind.elements:
                raise InvalidInput(f"is no key data element of {kind.name}", path)
            _check_element(value, kind.elements[name], kind.choices.get(name), path)
            if value is not None:
                stated.add(name)
    for name in kind.required:
        if name not in stated:
            raise InvalidInput(
                f"is missing; a certificate {kind.name} states it", f"$.credentialSubject.{name}"
            )


def _check_validity(credential: Credential, days: int) -> None:
    if credential.valid_from is None or credential.valid_until is None:
        raise InvalidInput(
            "a certificate of this type says from when and until when it holds", "$.validUntil"
        )
    if credential.valid_until - credential.valid_from > days * _DAY:
        raise InvalidInput(f"a certificate of this type holds {days} days at the most", "$.validUntil")


def _check_element(value: Any, kind: ElementKind, choices: frozenset[str] | None, path: str) -> None:
    if kind == "quantity":
        _check_quantity(value, path)
    elif kind == "number":
        if type(value) not in (int, float):
            raise InvalidInput("expected a number", path)
    elif kind == "date":
        _date(value, path)
    elif kind == "uri":
        _uri(value, path)
    elif kind == "list":
        if type(value) is not list or not value or any(type(one) is not str for one in value):
            raise InvalidInput("expected a list of texts", path)
    elif kind in ("text", "choice", "hash") and (type(value) is not str or not value.strip()):
        raise InvalidInput("expected a text", path)
    said = value if kind == "list" else [value]
    if choices and any(one not in choices for one in said):
        raise InvalidInput(f"expected one of {', '.join(sorted(choices))}", path)


def _check_quantity(value: Any, path: str) -> None:
    if type(value) is not dict or set(value) != {"fh:value", "fh:uom"}:
        raise InvalidInput('expected a quantity such as {"fh:value": 571.8, "fh:uom": "KGM"}', path)
    number, uom = value["fh:value"], value["fh:uom"]
    if type(number) not in (int, float) or not 0 <= number < 1e15:
        raise InvalidInput("expected a number from 0 up", f"{path}.fh:value")
    if type(uom) is not str or not 2 <= len(uom) <= 3:
        raise InvalidInput("expected a code of UN/CEFACT Recommendation 20", f"{path}.fh:uom")


def _status(document: dict[str, Any], path: str) -> tuple[StatusEntry, ...]:
    """The entries of `credentialStatus` (VC-BITSTRING-STATUS-LIST §2.1); another kind cannot be judged."""
    if "credentialStatus" not in document:
        return ()
    entries = _objects(document["credentialStatus"])
    if not entries or len(entries) > _MOST:
        raise InvalidInput(f"expected an object or up to {_MOST} of them", f"{path}.credentialStatus")
    found = []
    for number, entry in enumerate(entries):
        where = f"{path}.credentialStatus[{number}]"
        if entry.get("type") != ENTRY:
            raise InvalidInput(f"expected {ENTRY}, got {shown(entry.get('type'))}", f"{where}.type")
        size = entry.get("statusSize", 1)
        if type(size) is not int or size != 1:
            raise InvalidInput("only entries of one bit can be read", f"{where}.statusSize")
        index = member(entry, "statusListIndex", str, where)
        if not (index.isascii() and index.isdigit() and len(index) < 10):
            raise InvalidInput("expected a whole number as text", f"{where}.statusListIndex")
        url = _uri(entry.get("statusListCredential"), f"{where}.statusListCredential")
        found.append(StatusEntry(member(entry, "statusPurpose", str, where), url, int(index)))
    return tuple(found)


def _instant(document: dict[str, Any], name: str, path: str) -> int | None:
    if name not in document:
        return None
    text = member(document, name, str, path)
    try:
        return microseconds(text)
    except InvalidInput:
        reason = f"expected a time with zone, such as 2026-03-01T12:00:00Z, got {shown(text)}"
        raise InvalidInput(reason, f"{path}.{name}") from None


def _date(value: Any, path: str) -> None:
    try:
        date.fromisoformat(value)
    except (TypeError, ValueError):
        raise InvalidInput("expected a date such as 2026-03-01", path) from None


def _uri(value: Any, path: str) -> str:
    if type(value) is not str or not is_uri(value):
        raise InvalidInput("expected an absolute URI", path)
    return value


def _texts(document: dict[str, Any], name: str, path: str) -> tuple[str, ...]:
    value = document.get(name)
    values = [value] if type(value) is str else value
    if type(values) is not list or len(values) > _MOST or any(type(one) is not str for one in values):
        raise InvalidInput("expected a text or a list of them", f"{path}.{name}")
    return tuple(values)


def _objects(value: Any) -> list[dict[str, Any]]:
    """One object or a list of objects, as the data model lets them stand; empty for anything else."""
    values = value if type(value) is list else [value]
    return values if all(type(one) is dict for one in values) else []
