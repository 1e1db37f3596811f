"""The TypeScript verifier and the Python one say the same of certificates, and of how they stand."""

from __future__ import annotations

import copy
import gzip
import json
import random
import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.cli.certificate_text import plain_standing
from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events.identifiers import canonical as canonical_identifier
from firsthand.events.instants import microseconds, timestamp_text
from firsthand.proof.bundle import bundle_lines
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import entry_leaf
from firsthand.proof.certificate_proof import is_certificate
from firsthand.proof.certificate_verify import CertificateReport, verify_certificate
from firsthand.proof.credential import CONTEXT, credential_leaf
from firsthand.proof.data_integrity import CRYPTOSUITES, hash_data
from firsthand.proof.did_key import base58_text, from_base58, verification_method
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import tree_root
from firsthand.proof.standing import Evidence, Occasion, judge
from firsthand.proof.status_list import LEAST, bit_proof, bits_root, decode_bits, encode_bits
from firsthand.proof.verify import verify
from firsthand.service.certificate_check import for_event, standing, types_by_name
from firsthand.service.prove import event_numbers, prove_events
from tests.events.test_identifiers import PAIRS
from tests.made import LOT, Proven
from tests.proof.test_certificate_verify import Season
from tests.webui.conftest import Ask
from tests.webui.test_agreement import (
    ADELA,
    ODD,
    ORDER,
    Signer,
    anchored,
    changed_bytes,
    drawn,
    statement,
    variants,
    without_decoders_words,
    written,
)

VECTORS = Path(__file__).parent.parent / "vectors" / "certificates"
SUMMER = "2026-07-01T00:00:00Z"
ORDER_P256 = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
MOST_UNPACKED = 50_000

SIGNED = [one for one in ODD if one != "\ud83d\ude00"]
"""Those that a document can hold that is signed: lone surrogates are in no canonical JSON."""

Asked = dict[str, Any]


def occasions(subject: str = ADELA, places: Iterable[int | None] = (None, *range(2, 10))) -> list[Asked]:
    """What is asked of each certificate: all places, then other times, subjects and schemes."""
    asked = [{"place": place, "time": SUMMER, "subject": subject, "scheme": "organic"} for place in places]
    asked += [
        {**one, "time": time}
        for one in asked
        for time in ("2025-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000001Z")
    ]
    for more in (
        *({"time": time} for time in ("0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-10:00")),
        *({"subject": one} for one in (None, LOT, f"{subject}#x")),
        *({"scheme": one} for one in (None, "fairtrade", "constructor", "__proto__")),
    ):
        asked.append({**asked[0], **more})
    return asked


def answered(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except InvalidInput as error:
        refused = "unreadable" if isinstance(error, UnreadableInput) else "invalid"
        return {"refused": refused, "path": error.path}


def said(line: bytes, headers: RawHeaders | None, asked: list[Asked]) -> Any:
    """What proof/certificate_verify.py says, in the form in which agree.ts tells it."""

    def tell() -> Any:
        report = verify_certificate(line, headers)
        return {
            "proven": report.proven,
            **anchored(report),
            "states": [
                [
                    {"purpose": entry.purpose, "list": entry.list, "index": entry.index},
                    [
                        {
                            "place": state.place,
                            "until": state.until,
                            "set": state.set,
                            "freshUntil": None if state.fresh_until is None else str(state.fresh_until),
                        }
                        for state in report.states.get(entry, ())
                    ],
                ]
                for entry in (report.credential.status if report.credential else ())
            ],
            "steps": [[step.name, str(step.outcome), step.detail] for step in report.steps],
            "recordedBy": report.recorded_by.uri if report.recorded_by else None,
            "issuer": report.issuer.uri if report.issuer else None,
            "trust": report.trust.number if report.trust else None,
            "after": [[place, seen.height] for place, seen in report.after.items()],
            "standings": [answered(lambda one=one: judged(report, one)) for one in asked]
            if report.credential
            else [],
            "standing": plain(plain_standing(standing(report, types_by_name()))),
        }

    return answered(tell)


def judged(report: CertificateReport, asked: Asked) -> Any:
    """How it stands by all that is known of it, even if it is not proven."""
    assert report.credential is not None
    bound = report.issuer is not None and report.key in report.issuer.keys
    evidence = Evidence(report.credential, report.key, bound, report.place, report.states)
    subjects = None if asked["subject"] is None else frozenset((asked["subject"],))
    occasion = Occasion(microseconds(asked["time"]), asked["place"], subjects)
    found = judge(evidence, asked["scheme"], report.trust, occasion)
    return {"standing": found.standing.value, "detail": found.detail, "later": list(found.later)}


def plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: list(one) if type(one) is tuple else one for name, one in value.items()}


def compare(
    ask: Ask, lines: list[bytes], headers: RawHeaders | None = None, asked: list[Asked] | None = None
) -> list[Any]:
    asked = occasions() if asked is None else asked
    theirs = ask([(line, headers, None, None) for line in lines], mode="certificate", occasions=asked)
    assert len(theirs) == len(lines)
    ours = []
    for line, found in zip(lines, theirs, strict=True):
        if found.get("blockHeight") is not None:
            found["blockHeight"] = float(found["blockHeight"])
        ours.append(without_decoders_words(said(line, headers, asked)))
        assert without_decoders_words(found) == ours[-1], line[:3000]
    return ours


def outcomes(found: list[Any]) -> set[tuple[str, str]]:
    return {(name, outcome) for one in found if "steps" in one for name, outcome, _ in one["steps"]}


def vector() -> tuple[bytes, RawHeaders]:
    headers = check_headers((VECTORS / "headers.raw").read_bytes(), NETWORKS["sandbox"])
    return (VECTORS / "certificate.jsonl").read_bytes()[:-1], headers


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return Season(tmp_path_factory.mktemp("season"))


# --- Proofs of a workspace, whole and changed ---


def test_the_vectors(ask: Ask) -> None:
    line, headers = vector()
    answers = json.loads((VECTORS / "standings.json").read_bytes())
    asked = [{name: one[name] for name in ("place", "time", "subject", "scheme")} for one in answers]
    (found,) = compare(ask, [line], headers, asked)
    assert found["proven"]
    assert [(one["standing"], one["later"]) for one in found["standings"]] == [
        (one["standing"], one["later"]) for one in answers
    ]
    (without,) = compare(ask, [line], None, asked)
    assert not without["proven"]
    lists = json.loads((VECTORS / "roots.json").read_bytes())
    texts = [one["encodedList"] for one in lists]
    assert values(ask, "bits", texts) == [sha256(decode_bits(text)).hexdigest() for text in texts]


def test_single_changed_bytes(ask: Ask) -> None:
    line, headers = vector()
    chosen = random.Random(1)
    lines = [
        line[:at] + bytes((line[at] ^ chosen.randrange(1, 256),)) + line[at + 1 :]
        for at in range(0, len(line), 6)
    ]
    assert len(lines) > 2500
    assert not any(found.get("proven") for found in compare(ask, lines, headers, []))


def test_structured_changes(ask: Ask) -> None:
    line, headers = vector()
    # Each fifth, so that of every member some changes come up, and of every change some members.
    lines = list(islice(variants(line), 0, None, 5))
    assert len(lines) > 2500
    found = compare(ask, lines, headers, occasions()[:2])
    assert {name for name, outcome in outcomes(found) if outcome == "failed"} >= {
        *("credential", "signatures", "status", "log", "checkpoint", "anchor", "block")
    }


def test_changes_left_out_doubled_and_reordered(ask: Ask, season: Season) -> None:
    whole = json.loads(season.line)
    status, lines = whole["status"], []

    def add(**more: Any) -> None:
        lines.append(canonical({**copy.deepcopy(whole), **more}))

    for at, one in enumerate(status):
        add(status=status[:at] + status[at + 1 :])
        add(status=[*status, one])
        add(status=[one])
        for other in status:
            add(
                status=[
                    *status[:at],
                    {**one, "chunk": other["chunk"], "path": other["path"]},
                    *status[at + 1 :],
                ]
            )
            add(status=[*status[:at], {**one, "change": other["change"]}, *status[at + 1 :]])
        for change in changed_bytes(one["chunk"])[:12]:
            add(status=[*status[:at], {**one, "chunk": change}, *status[at + 1 :]])
        add(status=[*status[:at], {**one, "published": {}}, *status[at + 1 :]])
        document = {**one["change"]["document"], "observed": base64_text(bytes(32))}
        observed = {name: value for name, value in document.items() if name not in ("set", "cleared")}
        for shown in ({}, {"published": {}}, {"published": whole["credential"]}):
            changed = {**one, "change": {**one["change"], "document": observed}, **shown}
            add(status=[*status[:at], changed, *status[at + 1 :]])
    add(status=status[::-1])
    add(status=[])
    for at in range(len(whole["statements"])):
        add(
            record=whole["statements"][at],
            statements=[*whole["statements"][:at], *whole["statements"][at + 1 :]],
        )
        add(statements=whole["statements"][:at] + whole["statements"][at + 1 :])
        add(trust=whole["statements"][at])
    add(record=whole["trust"], trust=whole["record"])
    add(trust=whole["record"])
    lines.append(canonical({name: value for name, value in whole.items() if name != "trust"}))
    places = (None, *range(season.revoked + 3))
    asked = occasions(season.made.maker.uri, places)
    found = compare(ask, [season.line, *lines], season.headers, asked)
    assert {one["standing"] for one in found[0]["standings"]} == {
        *("valid", "suspended", "revoked", "not yet valid", "expired"),
        *("of another subject", "unrecognised issuer"),
    }
    assert any(one["proven"] for one in found[1:])


def test_a_files_certificates_stand_alike_for_its_events(ask: Ask, season: Season) -> None:
    access = season.made.access
    lots = [f"{LOT}/{at}" for at in range(1, 6)]
    events = list(prove_events(access, event_numbers(access, lots)))
    proof = json.loads(season.line)
    changed = canonical({**proof, "status": proof["status"][:1]}) + b"\n"
    data = b"".join([*events, season.line + b"\n", changed])
    cases = [(data, season.headers, None, None), (data, None, None, None)]
    theirs = ask(cases, mode="file")
    for (file, headers, _, _), found in zip(cases, theirs, strict=True):
        lines = list(bundle_lines(file))
        certificates = [verify_certificate(one, headers) for one in lines if is_certificate(one)]
        reports = [verify(one, headers) for one in lines if not is_certificate(one)]
        ours = [
            [plain(plain_standing(one)) for one in for_event(report, certificates, types_by_name())]
            for report in reports
        ]
        assert found == ours
    standings = {one["standing"] for held in theirs[0] for one in held}
    assert standings >= {"valid", "suspended", "revoked", "unknown"}
    assert theirs[1] == [[]] * len(events)


# --- Proofs that a stranger's software may make ---

CERTIFIER = "https://certifier.example/"
COOP = "https://coop.example/id/party/coop"
LIST = "https://certifier.example/status/1"
TIME = "2026-01-01T00:00:00Z"


def sign_as(signer: Signer, document: dict[str, Any], method: str = "", **more: Any) -> dict[str, Any]:
    """Signed under any name that its issuer has for the key."""
    context = {"@context": document["@context"]} if "@context" in document else {}
    options = {
        **context,
        "type": "DataIntegrityProof",
        "cryptosuite": CRYPTOSUITES[signer.kind],  # type: ignore[index]
        "created": TIME,
        "verificationMethod": method or verification_method(signer.did),
        "proofPurpose": "assertionMethod",
        **more,
    }
    signature = signer.signature(hash_data(document, options))
    return {**document, "proof": {**options, "proofValue": base58_text(signature)}}


def credential_document(issuer: str = CERTIFIER, **more: Any) -> dict[str, Any]:
    return {
        "@context": [CONTEXT],
        "id": "https://certifier.example/credentials/1",
        "type": ["VerifiableCredential", "OrganicCertificate"],
        "issuer": issuer,
        "credentialSubject": {"id": ADELA, "fh:standard": "x"},
        "validFrom": "2026-01-01T00:00:00Z",
        "validUntil": "2026-12-31T00:00:00Z",
        "credentialStatus": status_entry(),
        **more,
    }


def status_entry(**more: Any) -> dict[str, Any]:
    return {
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": "7",
        "statusListCredential": LIST,
        **more,
    }


def bits_with(*found: int, length: int = LEAST) -> bytes:
    bits = bytearray(length // 8)
    for index in found:
        bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def list_document(bits: bytes, issuer: str = CERTIFIER, **more: Any) -> dict[str, Any]:
    subject = {
        "id": f"{LIST}#list",
        "type": "BitstringStatusList",
        "statusPurpose": "revocation",
        "encodedList": encode_bits(bits),
        **more.pop("subject", {}),
    }
    return {
        "@context": [CONTEXT],
        "id": LIST,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": issuer,
        "credentialSubject": {name: value for name, value in subject.items() if value is not None},
        **more,
    }


class Stranger:
    """A certifier with its key, and a cooperative that brings its certificate in, in a log of nobody's.

    The documents stand at places of their own; what shows them in a log is another bundle's, and fails.
    """

    def __init__(self, proven: Proven, kind: str = "Ed25519", issuer: str = CERTIFIER) -> None:
        self.whole = json.loads(proven.line)
        self.key, self.coop = Signer(kind, 7), Signer("P-256", 8)
        self.issuer = self.key.did if issuer == "did:key" else issuer
        self.method = f"{issuer}#k" if issuer.startswith("did:web:") else ""
        self.resolved = {self.method: self.key.did} if self.method else {}

    def sign(self, document: dict[str, Any], **more: Any) -> dict[str, Any]:
        return sign_as(self.key, document, self.method, **more)

    def change(self, at: int, bits: bytes, before: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
        document: dict[str, Any] = {
            "type": "StatusList",
            "issuer": COOP,
            "created": f"2026-06-{at + 1:02d}T00:00:00Z",
            "list": LIST,
            "purpose": "revocation",
            "number": at,
            "length": len(bits) * 8,
            "root": base64_text(bits_root(bits)),
            **({"previous": base64_text(entry_leaf(before))} if before else {}),
            **more,
        }
        return sign_as(self.coop, {name: value for name, value in document.items() if value is not None})

    def observed(
        self, *lists: dict[str, Any], bits: bytes | None = None, **more: Any
    ) -> list[tuple[dict[str, Any], dict[str, Any], bytes]]:
        """Changes that observed these published lists, one after the other."""
        found: list[tuple[dict[str, Any], dict[str, Any], bytes]] = []
        for number, published in enumerate(lists):
            held = decode_bits(published["credentialSubject"]["encodedList"]) if bits is None else bits
            leaf = base64_text(credential_leaf(published))
            before = found[-1][0] if found else None
            found.append((self.change(number, held, before, observed=leaf, **more), published, held))
        return found

    def line(
        self,
        credential: dict[str, Any],
        status: Iterable[tuple[dict[str, Any], dict[str, Any] | None, bytes]] = (),
        *,
        trust: dict[str, Any] | None = None,
        index: int = 7,
        **record: Any,
    ) -> bytes:
        """Registrations at 0 and 1, the record at 2, each change two places on, the trust list last."""
        whole = {name: self.whole[name] for name in ("firsthand", "checkpoint", "genesis", "anchor", "block")}
        documents = [
            self.coop.sign(statement(COOP, [self.coop.did], name="Coop", roles=["cooperative"])),
            self.key.sign(statement(CERTIFIER, [self.key.did], name="Certifier", roles=["certifier"])),
        ]
        recorded = {
            "type": "CredentialRecord",
            "issuer": COOP,
            "created": TIME,
            "credentials": {"count": 1, "root": base64_text(tree_root([credential_leaf(credential)]))},
            **({"resolved": self.resolved} if self.resolved else {}),
            **record,
        }
        shown = []
        for number, (change, published, bits) in enumerate(status):
            proof = bit_proof(bits, min(index, len(bits) * 8 - 1))
            one: dict[str, Any] = {
                "change": placed(change, 4 + 2 * number),
                "chunk": base64_text(proof.chunk),
                "path": base64_text(b"".join(proof.path)),
            }
            shown.append(one if published is None else {**one, "published": published})
        value = {
            **whole,
            "credential": credential,
            "credentialProof": {"index": 0, "path": ""},
            "record": placed(sign_as(self.coop, recorded), 2),
            "statements": [placed(document, place) for place, document in enumerate(documents)],
            "status": shown,
            "trust": placed(trust or self.trust({"organic": [{"issuer": self.issuer}]}), 100),
        }
        return written(value)

    def trust(self, schemes: Any, **more: Any) -> dict[str, Any]:
        document = {
            "type": "TrustList",
            "issuer": COOP,
            "created": TIME,
            "number": 0,
            "schemes": schemes,
            **more,
        }
        return sign_as(self.coop, document)


def placed(document: dict[str, Any], place: int) -> dict[str, Any]:
    return {"document": document, "place": place, "path": ""}


def step(found: Any, name: str) -> tuple[str, str]:
    return next((outcome, detail) for at, outcome, detail in found["steps"] if at == name)


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
@pytest.mark.parametrize("issuer", [CERTIFIER, "did:web:certifier.example", "did:key"])
def test_observed_lists_of_every_kind_of_issuer(ask: Ask, proven: Proven, kind: str, issuer: str) -> None:
    stranger = Stranger(proven, kind, issuer)
    credential = stranger.sign(credential_document(stranger.issuer))
    lists = [
        stranger.sign(list_document(bits, stranger.issuer))
        for bits in (bits_with(), bits_with(7), bits_with())
    ]
    status = stranger.observed(*lists)
    lines = [
        stranger.line(credential, status),
        stranger.line(credential, status[:2]),
        stranger.line(credential, status[::2]),
        stranger.line(credential, []),
    ]
    # By somebody else, under another name of the key, by another key of another curve.
    other = Stranger(proven, "P-256" if kind == "Ed25519" else "Ed25519", issuer)
    foreign = (
        other.sign(list_document(bits_with(), stranger.issuer)),
        stranger.sign(list_document(bits_with(), "https://nobody.example/")),
        sign_as(stranger.key, list_document(bits_with(), stranger.issuer), "did:web:nobody.example#k"),
        stranger.sign(list_document(bits_with(), stranger.issuer), cryptosuite=CRYPTOSUITES[other.key.kind]),  # type: ignore[index]
    )
    lines += [stranger.line(credential, stranger.observed(one)) for one in foreign]
    resolved = (
        *(
            {},
            {"did:web:certifier.example#k": other.key.did},
            {"did:web:certifier.example": stranger.key.did},
        ),
        *({"10": 1, "9": "x"}, {"9": "x", "10": stranger.key.did}, {"__proto__": "x"}, [], None),
    )
    lines += [stranger.line(credential, status, resolved=one) for one in resolved]
    long = f"did:web:{'é' * 120}\U0001f600{'x' * 120}#k"
    lines.append(stranger.line(sign_as(stranger.key, credential_document(stranger.issuer), long), status))
    found = compare(ask, lines)
    assert [step(found[0], name)[0] for name in ("credential", "signatures", "status")] == ["passed"] * 3
    assert {one["standing"] for one in found[0]["standings"]} >= {"valid", "revoked", "unknown"}
    assert all(step(one, "status")[0] == "failed" for one in found[4:8])


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_signatures_that_are_not_canonical(ask: Ask, proven: Proven, kind: str) -> None:
    stranger = Stranger(proven, kind)
    document = stranger.sign(credential_document())
    value = document["proof"]["proofValue"]
    signature = from_base58(value)
    big, order = ("little", ORDER) if kind == "Ed25519" else ("big", ORDER_P256)
    s = int.from_bytes(signature[32:], big)  # type: ignore[arg-type]
    changes = [
        signature[:32] + (s + order).to_bytes(33, big)[-32:],  # type: ignore[arg-type]
        signature[:32] + ((order - s) % order).to_bytes(32, big),  # type: ignore[arg-type]
        *(signature[:32] + bytes(32), bytes(32) + signature[32:], bytes(64), b"\xff" * 64),
        *(signature + b"\0", signature[:63], b"", signature[32:] + signature[:32]),
        *(signature[:at] + bytes((signature[at] ^ 1,)) + signature[at + 1 :] for at in range(0, 64, 9)),
    ]
    spellings = [base58_text(one) for one in changes] + [
        value + "1",
        value[1:],
        value.lower(),
        "z",
        "",
        value * 2,
    ]
    lines = []
    for spelling in [value, *spellings]:
        signed = {**document, "proof": {**document["proof"], "proofValue": spelling}}
        lines.append(stranger.line(signed))
    found = compare(ask, lines)
    assert step(found[0], "credential")[0] == "passed"
    passed = [step(one, "credential")[0] for one in found[1:]].count("passed")
    assert passed == (1 if kind == "P-256" else 0)


def test_what_a_credential_may_say(ask: Ask, proven: Proven) -> None:
    stranger = Stranger(proven)
    changes: list[dict[str, Any]] = [
        *({"@context": one} for one in ([], CONTEXT, [1], [CONTEXT, "x"], {}, None)),
        *(
            {"type": one}
            for one in ("VerifiableCredential", [], ["X"], ["VerifiableCredential"] * 65, [1], None)
        ),
        *(
            {"type": ["VerifiableCredential", one]}
            for one in ("constructor", "__proto__", "GotsScopeCertificate")
        ),
        *({"issuer": one} for one in ({"id": CERTIFIER}, {}, {"id": 1}, [], 1, "x", f"x:{'y' * 1998}")),
        *({"issuer": f"x:{'y' * 1999}"}, {"issuer": f"x:{'𝄞' * 1998}"}, {"issuer": f"x:{'𝄞' * 1999}"}),
        *({"id": one} for one in (None, 1, "", "x y:z", "x:", "x:y z", "x:\u2028", "did:key:z")),
        *({"credentialSubject": one} for one in ([], {}, [{}], [{}, 1], [{"id": 1}], None, "x", [[]])),
        *({"credentialSubject": one} for one in ([{"id": ADELA}, {"id": LOT}], [{"id": LOT}, {}])),
        *({name: time} for name in ("validFrom", "validUntil") for time in TIMES),
        {"validFrom": "2026-12-31T00:00:00Z", "validUntil": "2026-01-01T00:00:00Z"},
        {"validUntil": "2026-01-01T00:00:00.0000009Z"},
        *(
            {"credentialStatus": one}
            for one in ([], {}, None, "x", [status_entry()] * 64, [status_entry()] * 65)
        ),
        *({"credentialStatus": status_entry(statusSize=one)} for one in (1, True, 2, "1", None, 1.5, [])),
        *({"credentialStatus": status_entry(statusListIndex=one)} for one in SIGNED),
        *(
            {"credentialStatus": status_entry(statusListIndex=one)}
            for one in ("0", "007", "131071", "131072", "999999999", "1000000000", "٧", "7\n", "+7", "1e3")
        ),
        *(
            {"credentialStatus": status_entry(statusPurpose=one)}
            for one in (*SIGNED, "suspension", "constructor")
        ),
        *({"credentialStatus": status_entry(statusListCredential=one)} for one in SIGNED),
        *({"credentialStatus": status_entry(type=one)} for one in (None, "X", 1)),
        {"credentialStatus": [status_entry(), status_entry(statusPurpose="suspension")]},
        {"fh:big": "x" * 65_000},
        {"fh:big": "x" * 66_000},
        {},
    ]
    lines = []
    for change in changes:
        signed = stranger.sign(credential_document(**change))
        lines.append(stranger.line(signed, stranger.observed(stranger.sign(list_document(bits_with(9))))))
        lines.append(stranger.line(signed))
    found = compare(ask, lines)
    assert {outcome for name, outcome in outcomes(found) if name == "credential"} == {"passed", "failed"}


TIMES = [
    *("2026-01-01T00:00:00Z", "2026-01-01t00:00:00Z", "2026-01-01T00:00:00z", "2026-01-01T24:00:00Z"),
    *("2026-01-01T00:00:00+05:99", "2026-01-01T00:00:00+24:00", "2026-01-01T00:00:00-23:59"),
    *("2026-01-01T00:00:00.1234567Z", "2026-01-01T00:00:00.9999999999Z", "2026-01-01T00:00:00.Z"),
    *("2026-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2000-02-29T00:00:00Z"),
    *("0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "0099-12-31T00:00:00Z"),
    *("9999-12-31T23:59:60Z", "9999-12-31T23:59:59-10:00", "9999-12-31T23:59:59.999999Z"),
    *("2026-12-31T23:59:60Z", "2026-12-31T23:59:60.5+14:00", "2026-12-31T23:59:61Z", "2026-00-10T00:00:00Z"),
    *("2026-13-01T00:00:00Z", "2026-01-32T00:00:00Z", "2026-01-00T00:00:00Z", "2026-04-31T00:00:00Z", ""),
    *(
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-01-01T00:00Z",
        " 2026-01-01T00:00:00Z",
        "1969-12-31T23:59:59.5Z",
    ),
    *("2026-01-01T00:00:00Z\n", "٢٠٢٦-01-01T00:00:00Z", "2026-W01-1T00:00:00Z", "20260101T000000Z", "'\"\\"),
]


def test_what_a_record_may_say(ask: Ask, proven: Proven) -> None:
    stranger = Stranger(proven)
    credential = stranger.sign(credential_document())
    root = base64_text(tree_root([credential_leaf(credential)]))
    block = {"height": 7, "hash": "0" * 64}
    lines = [
        stranger.line(credential, [], **change)
        for change in (
            *(
                {name: odd}
                for name in ("issuer", "created", "credentials", "resolved", "after", "x")
                for odd in SIGNED
            ),
            *({"credentials": {"count": odd, "root": root}} for odd in SIGNED),
            *({"credentials": {"count": 1, "root": odd}} for odd in SIGNED),
            *({"after": {**block, name: odd}} for name in block for odd in SIGNED),
            *({"type": "Capture"}, {"type": "PartyStatement"}, {"issuer": CERTIFIER}, {"after": block}),
        )
    ]
    compare(ask, lines)


def test_what_a_change_may_say(ask: Ask, proven: Proven) -> None:
    stranger = Stranger(proven)
    credential = stranger.sign(credential_document())
    clear = bits_with()
    lines = []

    def add(*changes: dict[str, Any], bits: bytes = clear, index: int = 7) -> None:
        lines.append(stranger.line(credential, [(one, None, bits) for one in changes], index=index))

    own = {"issuer": CERTIFIER, "set": [], "cleared": []}
    first = stranger.change(0, clear, None, **own)
    for name in ("type", "issuer", "created", "list", "purpose", "number", "length", "root", "previous"):
        for odd in SIGNED:
            add(stranger.change(0, clear, None, **{**own, name: odd}))
            add(first, stranger.change(1, clear, first, **{**own, name: odd}))
    for name in ("set", "cleared", "observed", "after", "x"):
        for odd in (*SIGNED, [1, 2], [2, 1], [1, 1], [0, LEAST - 1], [LEAST], [-1], [1.5], [True], [10**20]):
            add(stranger.change(0, clear, None, **{**own, name: odd}))
    for length in (LEAST - 8, LEAST + 1, LEAST + 8, 16_777_216, 16_777_224, 139_272):
        add(stranger.change(0, clear, None, **{**own, "length": length}))
    for bits in (bits_with(7), bits_with(7, length=139_272), bits_with(length=LEAST + 8)):
        add(stranger.change(0, bits, None, **own), bits=bits)
        add(stranger.change(0, bits, None, **own), bits=bits, index=5000)
        add(first, stranger.change(1, bits, first, **own), bits=bits)
    for follows in (
        {"number": 2},
        {"previous": base64_text(bytes(32))},
        {"issuer": COOP},
        {"observed": base64_text(bytes(32)), "set": None, "cleared": None},
        {"length": LEAST + 8},
    ):
        add(first, stranger.change(1, clear, first, **{**own, **follows}))
    found = compare(ask, lines)
    assert {outcome for name, outcome in outcomes(found) if name == "status"} == {"passed", "failed"}


def test_what_an_observed_list_may_say(ask: Ask, proven: Proven) -> None:
    stranger = Stranger(proven)
    credential = stranger.sign(credential_document())
    clear = bits_with()
    whole = gzip.compress(clear, mtime=0)
    changes: list[dict[str, Any]] = [
        *({"subject": {"ttl": one}} for one in (*SIGNED, 1000, 2**40 - 1, 2**40, 10**18, 604_800_000)),
        *(
            {"subject": {"ttl": one}, "validUntil": "2026-06-01T12:00:00Z"}
            for one in (0, 1, 10**9, 2**40, "x")
        ),
        *({"validUntil": time} for time in TIMES),
        *(
            {"subject": {"statusPurpose": one}}
            for one in (*SIGNED, ["revocation"], ["x", "revocation"], "suspension")
        ),
        *({"subject": {"type": one}} for one in SIGNED),
        *({"type": one} for one in (["VerifiableCredential"], "BitstringStatusListCredential")),
        *({"id": one} for one in (f"{LIST}0", "x")),
        {"credentialSubject": []},
        *(
            {"subject": {"encodedList": one}}
            for one in SIGNED
            if type(one) is not str or not one.startswith("u")
        ),
        *({"subject": {"encodedList": one}} for one in encodings(whole)),
    ]
    lines = [
        stranger.line(
            credential, stranger.observed(stranger.sign(list_document(clear, **change)), bits=clear)
        )
        for change in changes
    ]
    for number in range(3):
        published = stranger.sign(list_document(clear))
        ((change, _, _),) = stranger.observed(published)
        created = stranger.change(
            0, clear, None, observed=change["observed"], created=f"2026-02-3{number}T00:00:00Z"
        )
        lines.append(stranger.line(credential, [(created, published, clear)]))
    found = compare(ask, lines)
    assert {outcome for name, outcome in outcomes(found) if name == "status"} == {"passed", "failed"}
    details = {step(one, "status")[1] for one in found}
    assert any("one whole gzip" in detail for detail in details)
    assert any("base64url" in detail for detail in details)


def encodings(whole: bytes) -> list[str]:
    """Of a gzip, several texts that are none of its encoding, and some of what is no gzip."""
    text = encode_bits(gzip.decompress(whole))

    def encoded(data: bytes) -> str:
        return "u" + b64encode(data, altchars=b"-_").rstrip(b"=").decode()

    return [
        *(
            text,
            f"{text}=",
            f"{text}==",
            f"{text} ",
            f"{text}\n",
            text[:-1],
            f"u{text}",
            "u",
            "uA",
            "uAA",
            "u====",
        ),
        *(
            f"u{text[1:-1]}~",
            text.replace("A", "+", 1),
            text.replace("A", "/", 1),
            "u\U0001f600",
            "u" * 4_000_001,
        ),
        *(
            encoded(whole),
            encoded(whole + b"\0"),
            encoded(whole * 2),
            encoded(whole[:-1]),
            encoded(whole[2:]),
        ),
        *(encoded(zlib.compress(gzip.decompress(whole))), encoded(gzip.compress(b"", mtime=0)), encoded(b"")),
        *(
            encoded(gzip.compress(bytes(size), mtime=0))
            for size in (LEAST // 8 - 1, LEAST // 8 + 1, 2_097_153)
        ),
    ]


def test_whom_a_trust_list_believes(ask: Ask, proven: Proven) -> None:
    schemes: list[Any] = [
        *({"organic": one} for one in SIGNED),
        *({"organic": [one]} for one in SIGNED),
        *(
            {"organic": [{"issuer": CERTIFIER, name: odd}]}
            for name in ("name", "keys", "from", "until", "x")
            for odd in SIGNED
        ),
        *({"organic": [{"issuer": CERTIFIER, name: time}]} for name in ("from", "until") for time in TIMES),
        *(
            {"organic": [{"issuer": CERTIFIER, "name": name}]}
            for name in ("a" * 200, "a" * 201, "𝄞" * 200, "𝄞" * 201)
        ),
        *(
            {"organic": [{"issuer": CERTIFIER, "name": chr(code)}]}
            for code in (0, 0x7F, 0x85, 0x200E, 0x378, 0xE000)
        ),
        *({"organic": [{"issuer": one}]} for one in SIGNED),
        {"organic": [{"issuer": CERTIFIER}, {"issuer": CERTIFIER}]},
        {"organic": [{"issuer": CERTIFIER}] * 1001},
        {"10": [1], "9": [2], "organic": []},
        {"__proto__": [{"issuer": CERTIFIER}], "constructor": [{"issuer": CERTIFIER}]},
        *SIGNED,
    ]
    stranger = Stranger(proven)
    outside = Stranger(proven, issuer="https://outside.example/")
    inside = stranger.sign(credential_document())
    foreign = outside.sign(credential_document(outside.issuer))
    lines = [stranger.line(inside, trust=stranger.trust(one)) for one in schemes]
    for keys in ([], [outside.key.did], [stranger.coop.did], ["x"], [1], outside.key.did):
        believed = stranger.trust({"organic": [{"issuer": outside.issuer, "keys": keys}]})
        lines.append(outside.line(foreign, trust=believed))
    for more in (
        *({"number": odd} for odd in SIGNED),
        *({"previous": odd} for odd in SIGNED),
        *({"number": 1, "previous": odd} for odd in (base64_text(bytes(32)), base64_text(bytes(31)), None)),
        *({"issuer": CERTIFIER}, {"created": "x"}, {"type": "X"}, {"x": 1}),
    ):
        trust = stranger.trust({"organic": [{"issuer": CERTIFIER}]}, **more)
        lines.append(stranger.line(inside, trust=trust))
    found = compare(ask, lines)
    assert {outcome for name, outcome in outcomes(found) if name == "signatures"} == {"passed", "failed"}


def test_structured_changes_of_an_observed_list(ask: Ask, proven: Proven) -> None:
    stranger = Stranger(proven, issuer="did:web:certifier.example")
    credential = stranger.sign(credential_document(stranger.issuer))
    lists = [stranger.sign(list_document(bits, stranger.issuer)) for bits in (bits_with(), bits_with(7))]
    line = stranger.line(credential, stranger.observed(*lists))
    lines = list(islice(variants(line), 0, None, 5))
    assert len(lines) > 1000
    compare(ask, lines, None, occasions()[:3])


def test_lines_that_are_no_proofs(ask: Ask, proven: Proven) -> None:
    lines = [b"", b"{}", b'{"credential":{}}', b'{"credential":1,"firsthand":1}', b"\xff", b"[]", proven.line]
    found = compare(ask, lines, proven.headers)
    assert all("refused" in one for one in found)


# --- Values ---


def values(ask: Ask, kind: str, texts: list[str]) -> list[Any]:
    cases = [json.dumps({"kind": kind, "text": text}).encode() for text in texts]
    return ask([(case, None, None, None) for case in cases], mode="value")


def refused_or(work: Callable[[], Any]) -> Any:
    found = answered(work)
    return "refused" if isinstance(found, dict) else found


def same(ask: Ask, kind: str, texts: list[str], ours: Callable[[str], Any]) -> list[Any]:
    theirs = ["refused" if isinstance(one, dict) else one for one in values(ask, kind, texts)]
    expected = [refused_or(lambda text=text: ours(text)) for text in texts]
    different = [(text, o, t) for text, o, t in zip(texts, expected, theirs, strict=True) if o != t]
    assert not different, (len(different), different[:3])
    return expected


def test_times(ask: Ask) -> None:
    def ours(text: str) -> Any:
        told = answered(lambda: timestamp_text(microseconds(text)))
        return [str(microseconds(text)), told]

    chosen = random.Random(4)

    def one(*bounds: int) -> list[int]:
        return [chosen.randrange(bound) for bound in bounds]

    made = []
    for _ in range(1500):
        year, month, day, hour, minute, second, fraction = one(10_000, 14, 33, 25, 61, 62, 10**8)
        zone = chosen.choice(("Z", "{}{:02d}:{:02d}".format(chosen.choice("+-"), *one(25, 61))))
        part = chosen.choice(("", f".{fraction}"))
        made.append(f"{year:04d}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}{part}{zone}")
    years = [
        f"{year:04d}-{month:02d}-{day:02d}T12:30:00.000001Z"
        for year in (1, 99, 100, 1969, 2100)
        for month in (2, 12)
        for day in (1, 28, 29, 31)
    ]
    assert len({str(one) for one in same(ask, "time", [*TIMES, *made, *years], ours)}) > 300


URIS = [
    *r"""
    urn:epc:id:sgtin:4012345.011111.987 urn:epc:id:sgtin:4012345.011111.a%2Fb
    urn:epc:id:sgtin:4012345.011111.% urn:epc:class:lgtin:4012345.012345.998877
    urn:epc:id:upui:1234567.089456.51qIgY)%3C%26Jp3*j7'SDB urn:epc:id:itip:4012345.012345.01.02.987
    urn:epc:id:sscc:4012345.1234567890 urn:epc:id:sgln:4012345.11111.400 urn:epc:id:sgln:4012345.11111.0
    urn:epc:id:sgln:4012345.11111.00 urn:epc:id:pgln:4012345.11111 urn:epc:id:grai:4012345.55555.987
    urn:epc:id:gdti:4012345.55555.987 urn:epc:id:sgcn:4012345.67890.04711 urn:epc:id:gsrn:4012345.1234567890
    urn:epc:id:gsrnp:4012345.1234567890 urn:epc:id:gsin:4012345.123456789 urn:epc:id:giai:4012345.98%23765
    urn:epc:id:ginc:4012345.xyz3311cba urn:epc:id:cpi:4012345.PQ7VZ4.37 urn:epc:idpat:sgtin:4012345.011111.*
    urn:epc:idpat:sgtin:4012345.*.* urn:epc:idpat:cpi:4012345.PQ7VZ4.*
    urn:epc:idpat:itip:4012345.012345.01.02.* urn:epc:id:giai:4012345.a.b.c
    urn:epc:id:sgtin:4012345.011111.a.b https://id.gs1.org/01/04012345111118/21/987
    HTTP://x.example/a/b/01/4012345111118?x=/01/1#y https://x/gtin/40123455
    https://x/01/04012345111118/22/2A/10/A%2f7/21/b https://x/01/04012345111118/21/b/10/a
    https://x/414/4012345111118/254/1 https://x/cpid/4012345PQ7%2FVZ4/cpsn/37 https://x/8010/4012345PQ7/8011/a
    https://x/8017/401234512345678901/srin/1 https:///01/04012345111118 https://x/00/340123451111111119
    https://x/lot/1 https://x/01/04012345111118/ ftp://x/01/40123455 https://x/8004/401234598%23765
    https://x/8003/04012345555554987 https://x/255/401234567890104711 https://x/401/4012345%C3%A9
    https://x/a/b/c/d/e/f/g/h/i/01/04012345111118 https://x/01/40123455/01/04012345111118 x urn:epc: http://
    https://x/01/04012345111118/10/%zz https://x/01/constructor https://x/id/01/04012345111118
    https://x/id/lot/2026/01/20260118 https://x/lot/2026/01/20260118 https://x/lot/2026/01/20260115
    https://x/id https://x//id/01/04012345111118 https://x?/id/01/04012345111118
    """.split(),
    *(f"https://x{path}" for _, path in PAIRS),
    *(ADELA, LOT, "", "https://x/01/04012345111118/10/é", "https://x/01/04012345111118/10/\n"),
]


def test_identifiers_in_canonical_spelling(ask: Ask) -> None:
    chosen = random.Random(3)
    letters = "0123456789./:%*#?-'_aA\u00e9\U0001f600"
    texts = list(URIS)
    for uri in URIS:
        for _ in range(60):
            place = chosen.randrange(len(uri) + 1)
            texts.append(uri[:place] + chosen.choice(letters) + uri[place + chosen.randrange(2) :])
        texts += [uri[:place] + uri[place + 1 :] for place in range(len(uri))]
    texts += drawn(
        st.from_regex(
            r"https?://x(/(01|10|21|22|00|414|254|8010|gtin|lot|[0-9A-Z]{1,3}|[0-9]{13,14}|40123455)){2,7}\Z"
        ),
        500,
    )
    found = same(ask, "identifier", texts, canonical_identifier)
    assert sum(text != one for text, one in zip(texts, found, strict=True)) > 500


def unpacked(text: str) -> str:
    unpacker = zlib.decompressobj(wbits=31)
    try:
        data = unpacker.decompress(b64decode(text), MOST_UNPACKED + 1)
    except zlib.error:
        raise InvalidInput("not gzip") from None
    if not unpacker.eof or unpacker.unused_data or len(data) > MOST_UNPACKED:
        raise InvalidInput("not one whole gzip")
    return sha256(data).hexdigest()


def wrapped(raw: bytes) -> bytes:
    """A deflate stream as gzip, with the sum and size of what zlib makes of it, if that is something."""
    unpacker = zlib.decompressobj(wbits=-15)
    try:
        data = unpacker.decompress(raw, MOST_UNPACKED + 1)
    except zlib.error:
        data = b""
    return (
        b"\x1f\x8b\x08"
        + bytes(7)
        + raw
        + zlib.crc32(data).to_bytes(4, "little")
        + len(data).to_bytes(4, "little")
    )


def deflated(data: bytes) -> list[bytes]:
    """By every level and strategy, in one block and in several."""
    found = []
    for level, strategy in [
        *((level, 0) for level in range(10)),
        *((6, strategy) for strategy in (1, 2, 3, 4)),
    ]:
        packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
        found.append(packer.compress(data) + packer.flush())
        packer = zlib.compressobj(level, zlib.DEFLATED, -15, 8, strategy)
        half = len(data) // 2
        found.append(
            packer.compress(data[:half])
            + packer.flush(zlib.Z_FULL_FLUSH)
            + packer.compress(data[half:])
            + packer.flush()
        )
    return found


def test_gzip_of_every_make_and_damage(ask: Ask) -> None:
    chosen = random.Random(5)
    samples = [
        *(
            b"",
            b"a",
            b"abc" * 50,
            bytes(40_000),
            bytes(MOST_UNPACKED),
            bytes(MOST_UNPACKED + 1),
            bytes(range(256)) * 8,
        ),
        *(chosen.randbytes(3000), bytes(chosen.choice(b"aaaaaaaabc") for _ in range(20_000))),
        bytes(chosen.choice((0, 0, 0, 0, 128, 1, 64)) for _ in range(5_000)),
    ]
    streams = list(dict.fromkeys(stream for data in samples for stream in deflated(data)))
    cases = [wrapped(stream) for stream in streams]
    for stream in (one for one in streams if len(one) < 4000):
        for _ in range(60):
            place = chosen.randrange(min(len(stream), chosen.choice((4, 80, 4000))))
            cases.append(
                wrapped(
                    stream[:place] + bytes((stream[place] ^ 1 << chosen.randrange(8),)) + stream[place + 1 :]
                )
            )
        cases += [wrapped(stream[: chosen.randrange(len(stream))]), wrapped(stream + b"\0")]
    # What random bits stand for as a block with codes of its own, or with the fixed ones.
    for _ in range(3000):
        raw = bytearray(chosen.randbytes(chosen.randrange(2, 90)))
        raw[0] = raw[0] & 0xF8 | chosen.choice((3, 5, 5, 5, 1, 7))
        if chosen.randrange(2):
            raw[1] = 0xE0 | raw[1] & 0x1F
        cases.append(wrapped(bytes(raw)))
    whole = gzip.compress(b"abc" * 50, mtime=0)
    body = whole[10:]
    for flags in range(256):
        name, extra = b"name\0" if flags & 8 else b"", b"\x03\x00abc" if flags & 4 else b""
        head = (
            whole[:3] + bytes((flags,)) + whole[4:10] + extra + name + (b"comment\0" if flags & 16 else b"")
        )
        check = (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little") if flags & 2 else b""
        cases += [head + check + body, head + bytes(one ^ 1 for one in check) + body]
    for place in range(len(whole)):
        for bit in range(8):
            cases.append(whole[:place] + bytes((whole[place] ^ 1 << bit,)) + whole[place + 1 :])
        cases.append(whole[:place])
    cases += [whole + one for one in (b"\0", whole, b"\x1f\x8b")]
    texts = [b64encode(one).decode() for one in cases]
    found = same(ask, "gzip", texts, unpacked)
    assert found.count("refused") > 2000
    assert len(found) - found.count("refused") > 300


def test_lists_of_bits(ask: Ask) -> None:
    whole = gzip.compress(bits_with(1, 7, 99), mtime=0)
    texts = encodings(whole)
    texts += [encode_bits(bytes(2_097_152)), encode_bits(random.Random(9).randbytes(20_000))]
    found = same(ask, "bits", texts, lambda text: sha256(decode_bits(text)).hexdigest())
    assert "refused" in found
    assert len(set(found)) > 3
