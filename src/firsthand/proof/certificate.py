"""The certificate of authenticity: what a token's inscription says of its piece, and how it is inscribed.

The token is a 1Sat Ordinal (docs.1satordinals.com): one satoshi in an output whose script is the inscription
envelope `OP_FALSE OP_IF "ord" OP_1 <content type> OP_0 <data> OP_ENDIF` and then P2PKH. The data is the
certificate as canonical JSON, so that one certificate has one inscription.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeVar

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.did_key import decode_did_key
from firsthand.proof.fields import base64_text, from_base64, member, only_members, place_of
from firsthand.proof.transaction import Reader, encode_push

__all__ = [
    "CERTIFICATE_TYPE",
    "CONTENT_TYPE",
    "Certificate",
    "Dimension",
    "Fingerprint",
    "Photograph",
    "Stone",
    "certificate_document",
    "fingerprint_document",
    "inscribed_certificate",
    "inscription_script",
    "p2pkh_owner",
    "parse_certificate",
    "parse_fingerprint",
]

CERTIFICATE_TYPE: Final = "CertificateOfAuthenticity"
CONTENT_TYPE: Final = b"application/json"
VERSION: Final = 1

MAX_CERTIFICATE: Final = 64_000
"""Bytes of one certificate's JSON; a photograph goes in by its hash, not itself."""

# UN/CEFACT Recommendation 20: whole numbers of these hold a scale's, a caliper's and a carat balance's steps.
MILLIGRAM: Final = "MGM"
MICROGRAM: Final = "MC"
MICROMETRE: Final = "4H"

_ENVELOPE: Final = b"\x00\x63" + encode_push(b"ord") + b"\x51" + encode_push(CONTENT_TYPE) + b"\x00"
_ENDIF: Final = b"\x68"
_P2PKH: Final = (b"\x76\xa9\x14", b"\x88\xac")
_P2PKH_SIZE: Final = 25

_MEMBERS: Final = frozenset(
    ("type", "firsthand", "piece", "name", "maker", "key", "events", "photographs", "fingerprint")
)
_STONE: Final = frozenset(("species", "kind", "weight", "treatment", "report"))
_KINDS: Final = ("natural", "synthetic", "imitation")
"""CIBJO: synthetic and imitation stones are always stated."""

_MOST: Final = 1_000
_LONGEST: Final = 500

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph by its SHA-256; the picture itself is kept elsewhere."""

    digest: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Dimension:
    """One measured length, in whole micrometres."""

    name: str
    micrometres: int


@dataclass(frozen=True, slots=True)
class Stone:
    """One stone, `kind` natural, synthetic or imitation; a carat is 200,000 micrograms."""

    species: str
    kind: str
    micrograms: int
    treatment: str = ""
    report: str = ""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells the piece from a copy: its weight in whole milligrams, dimensions, stones, struck marks."""

    milligrams: int
    dimensions: tuple[Dimension, ...] = ()
    stones: tuple[Stone, ...] = ()
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Certificate:
    """What is inscribed: `events` are the leaf hashes of the events that brought the piece into being."""

    piece: str
    name: str
    maker: str
    key: str
    events: tuple[bytes, ...]
    fingerprint: Fingerprint
    photographs: tuple[Photograph, ...] = ()


def certificate_document(certificate: Certificate) -> dict[str, Any]:
    """The certificate as JSON; the inverse of `parse_certificate`."""
    return {
        "type": CERTIFICATE_TYPE,
        "firsthand": VERSION,
        "piece": certificate.piece,
        "name": certificate.name,
        "maker": certificate.maker,
        "key": certificate.key,
        "events": [base64_text(leaf) for leaf in certificate.events],
        "photographs": [
            {"sha256": base64_text(photograph.digest), "mediaType": photograph.media_type}
            for photograph in certificate.photographs
        ],
        "fingerprint": fingerprint_document(certificate.fingerprint),
    }


def fingerprint_document(fingerprint: Fingerprint) -> dict[str, Any]:
    """A fingerprint as JSON; the inverse of `parse_fingerprint`."""
    return {
        "weight": _quantity(fingerprint.milligrams, MILLIGRAM),
        "dimensions": [
            {"name": item.name, **_quantity(item.micrometres, MICROMETRE)} for item in fingerprint.dimensions
        ],
        "stones": [
            {
                "species": stone.species,
                "kind": stone.kind,
                "weight": _quantity(stone.micrograms, MICROGRAM),
                "treatment": stone.treatment,
                "report": stone.report,
            }
            for stone in fingerprint.stones
        ],
        "marks": list(fingerprint.marks),
    }


def parse_certificate(document: Any, path: str = "$") -> Certificate:
    """Read a certificate. Raises InvalidInput with the path of the member that is wrong."""
    if type(document) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(document, _MEMBERS, path)
    if document.get("type") != CERTIFICATE_TYPE or document.get("firsthand") != VERSION:
        raise InvalidInput(f"expected a {CERTIFICATE_TYPE} of version {VERSION}", f"{path}.type")
    key = member(document, "key", str, path)
    decode_did_key(key)
    events = tuple(
        from_base64({"leaf": item}, "leaf", where, 32) for item, where in _items(document, "events", path)
    )
    if not events or len(set(events)) != len(events):
        raise InvalidInput("expected one or more leaf hashes, none twice", f"{path}.events")
    photographs = tuple(_photograph(item, where) for item, where in _items(document, "photographs", path))
    return Certificate(
        piece=_text(document, "piece", path, least=1),
        name=_text(document, "name", path, least=1),
        maker=_text(document, "maker", path, least=1),
        key=key,
        events=events,
        fingerprint=parse_fingerprint(member(document, "fingerprint", dict, path), f"{path}.fingerprint"),
        photographs=photographs,
    )


def parse_fingerprint(document: Any, path: str = "$") -> Fingerprint:
    """Read a fingerprint. Raises InvalidInput with the path of the member that is wrong."""
    if type(document) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(document, frozenset(("weight", "dimensions", "stones", "marks")), path)
    return Fingerprint(
        milligrams=_measured(member(document, "weight", dict, path), MILLIGRAM, f"{path}.weight"),
        dimensions=tuple(_dimension(item, where) for item, where in _items(document, "dimensions", path)),
        stones=tuple(_stone(item, where) for item, where in _items(document, "stones", path)),
        marks=tuple(
            _text({"mark": item}, "mark", where, least=1) for item, where in _items(document, "marks", path)
        ),
    )


def inscription_script(certificate: Certificate, owner: bytes) -> bytes:
    """The token's first locking script: the inscription, then P2PKH to the key hash `owner` (20 bytes).

    Raises InvalidInput when the certificate has more than MAX_CERTIFICATE bytes or cannot be read back.
    """
    data = canonical(certificate_document(certificate))
    if len(data) > MAX_CERTIFICATE:
        raise InvalidInput(f"a certificate has at most {MAX_CERTIFICATE} bytes, got {len(data)}")
    parse_certificate(parse_canonical(data))
    return _ENVELOPE + encode_push(data) + _ENDIF + owner.join(_P2PKH)


def inscribed_certificate(script: bytes) -> tuple[Certificate, bytes]:
    """The certificate that a locking script is inscribed with, and the key hash that owns it.

    Raises InvalidInput when it is not exactly what `inscription_script` makes.
    """
    owner = p2pkh_owner(script[-_P2PKH_SIZE:])
    if not script.startswith(_ENVELOPE) or owner is None:
        raise InvalidInput("the output is not inscribed with a certificate under P2PKH")
    reader = Reader(script[len(_ENVELOPE) : -_P2PKH_SIZE], "the inscription")
    opcode = reader.integer(1)
    width = {0x4C: 1, 0x4D: 2, 0x4E: 4}.get(opcode, 0)
    data = reader.take(reader.integer(width) if width else opcode)
    if len(data) > MAX_CERTIFICATE:
        raise InvalidInput(f"a certificate has at most {MAX_CERTIFICATE} bytes, got {len(data)}")
    try:
        certificate = parse_certificate(parse_canonical(data))
    except InvalidInput as error:
        raise InvalidInput(f"the inscription is no certificate: {error}") from None
    if inscription_script(certificate, owner) != script:
        raise InvalidInput("the inscription is not in its one canonical form")
    return certificate, owner


def p2pkh_owner(script: bytes) -> bytes | None:
    """The key hash of a P2PKH locking script, or None when it is none."""
    head, tail = _P2PKH
    if len(script) == _P2PKH_SIZE and script.startswith(head) and script.endswith(tail):
        return script[3:23]
    return None


def _quantity(value: int, uom: str) -> dict[str, Any]:
    return {"value": value, "uom": uom}


def _measured(document: Any, uom: str, path: str, *more: str) -> int:
    if type(document) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(document, frozenset(("value", "uom", *more)), path)
    if document.get("uom") != uom:
        raise InvalidInput(f"expected {uom} (UN/CEFACT Rec. 20), got {document.get('uom')!r}", f"{path}.uom")
    value = place_of(document, "value", path)
    if not value:
        raise InvalidInput("expected more than nothing", f"{path}.value")
    return value


def _dimension(item: Any, path: str) -> Dimension:
    return Dimension(micrometres=_measured(item, MICROMETRE, path, "name"), name=_text(item, "name", path, 1))


def _stone(item: Any, path: str) -> Stone:
    if type(item) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(item, _STONE, path)
    kind = _text(item, "kind", path)
    if kind not in _KINDS:
        raise InvalidInput(f"expected one of {', '.join(_KINDS)}, got {kind!r}", f"{path}.kind")
    return Stone(
        species=_text(item, "species", path, least=1),
        kind=kind,
        micrograms=_measured(member(item, "weight", dict, path), MICROGRAM, f"{path}.weight"),
        treatment=_text(item, "treatment", path),
        report=_text(item, "report", path),
    )


def _photograph(item: Any, path: str) -> Photograph:
    if type(item) is not dict:
        raise InvalidInput("expected an object", path)
    only_members(item, frozenset(("sha256", "mediaType")), path)
    return Photograph(from_base64(item, "sha256", path, 32), _text(item, "mediaType", path, least=1))


def _items(document: dict[str, Any], name: str, path: str) -> list[tuple[Any, str]]:
    values = member(document, name, list, path)
    if len(values) > _MOST:
        raise InvalidInput(f"expected at most {_MOST}, got {len(values)}", f"{path}.{name}")
    return [(item, f"{path}.{name}[{at}]") for at, item in enumerate(values)]


def _text(document: dict[str, Any], name: str, path: str, least: int = 0) -> str:
    value = member(document, name, str, path)
    if not least <= len(value) <= _LONGEST or not value.isprintable():
        raise InvalidInput(f"expected {least} to {_LONGEST} printable characters", f"{path}.{name}")
    return value
