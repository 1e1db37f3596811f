"""The TypeScript verifier and the Python one say the same of the same bytes: each step, each word."""

from __future__ import annotations

import copy
import json
import random
import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator
from hashlib import sha512
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, utils
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import FirsthandError, InvalidInput, UnreadableInput
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import entry_leaf
from firsthand.proof.certificate_verify import CERTIFICATE_STEPS, CertificateReport
from firsthand.proof.data_integrity import CRYPTOSUITES, hash_data
from firsthand.proof.did_key import base58_text, encode_did_key, verification_method
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import tree_root
from firsthand.proof.parties import ROLES
from firsthand.proof.transaction import hash_hex
from firsthand.proof.verify import STEPS, Report, verify
from firsthand.service.certificate_check import types_by_name
from tests.made import Proven
from tests.webui.conftest import Ask, Case

SPEC = Path(__file__).parent.parent / "vectors" / "spec"
PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493


def said(line: bytes, headers: RawHeaders | None, seals: bytes | None, since: bytes | None) -> Any:
    """What proof/verify.py says, in the form in which agree.ts tells it."""
    try:
        report = verify(line, headers, seals=seals, since=since)
    except InvalidInput as error:
        refused = "unreadable" if isinstance(error, UnreadableInput) else "invalid"
        return {"refused": refused, "path": error.path}
    return {
        "valid": report.valid,
        **anchored(report),
        "party": report.party.uri if report.party else None,
        "steps": [[step.name, str(step.outcome), step.detail] for step in [*report.steps, *report.further]],
    }


def anchored(report: Report | CertificateReport) -> dict[str, Any]:
    """What reports of events and of certificates say alike."""
    return {
        "network": report.network,
        "log": report.log,
        "place": report.place,
        "key": report.key,
        # JSON in JavaScript has doubles only; the words of step 8 have the exact height.
        "blockHeight": None if report.block_height is None else float(report.block_height),
        "blockTime": report.block_time,
        "depth": report.depth,
    }


def without_decoders_words(said: Any) -> Any:
    """What is wrong with a text that is not JSON, each language's decoder says in its own words."""
    for step in said.get("steps", ()):
        step[2] = re.sub(r"(?<=not JSON): .*", "", step[2], flags=re.DOTALL)
    return said


def compare(
    ask: Ask,
    lines: list[bytes],
    headers: RawHeaders | None = None,
    seals: bytes | None = None,
    since: bytes | None = None,
) -> list[Any]:
    return compare_cases(ask, [(line, headers, seals, since) for line in lines])


def compare_cases(ask: Ask, cases: list[Case]) -> list[Any]:
    theirs = [without_decoders_words(one) for one in ask(cases)]
    for one in theirs:
        if one.get("blockHeight") is not None:
            one["blockHeight"] = float(one["blockHeight"])
    ours = [without_decoders_words(said(*case)) for case in cases]
    assert len(theirs) == len(ours)
    different = [at for at in range(len(cases)) if ours[at] != theirs[at]]
    if different:
        first = different[0]
        raise AssertionError(
            f"{len(different)} of {len(cases)} differ; of the first Python says\n{ours[first]}\n"
            f"TypeScript says\n{theirs[first]}\nof {cases[first][0][:1500]!r}"
        )
    return ours


def test_they_hold_the_same_constants(ask: Ask) -> None:
    (found,) = ask([], mode="constants")
    assert (tuple(found["steps"]), tuple(found["roles"])) == (STEPS, ROLES)
    assert tuple(found["certificateSteps"]) == CERTIFICATE_STEPS
    assert found["types"] == {
        name: {"name": kind.name, "scheme": kind.scheme, "claims": list(kind.claims)}
        for name, kind in types_by_name().items()
    }
    assert set(found["networks"]) == set(NETWORKS)
    for name, network in found["networks"].items():
        ours = NETWORKS[name]
        assert {int(height): pin for height, pin in network["pins"].items()} == {
            height: hash_hex(pin) for height, pin in ours.pins.items()
        }
        assert network["start"] == ours.start
        assert int(network["limitBits"], 16) == ours.genesis.bits


def test_the_vectors(ask: Ask) -> None:
    headers = check_headers((SPEC / "headers.raw").read_bytes(), NETWORKS["sandbox"])
    seals, since = (SPEC / "seals.jsonl").read_bytes(), (SPEC / "checkpoint.txt").read_bytes()
    lines = (SPEC / "bundles.jsonl").read_bytes().splitlines()
    found = compare(ask, lines, headers, seals, since)
    assert all(report["valid"] for report in found)
    assert not any(report["valid"] for report in compare(ask, lines, None))


def test_confirmations(ask: Ask) -> None:
    headers = check_headers((SPEC / "confirmed-headers.raw").read_bytes(), NETWORKS["sandbox"])
    lines = (SPEC / "confirmed.jsonl").read_bytes().splitlines()
    found = compare(ask, lines, headers)
    outcomes = [{name: outcome for name, outcome, _ in one["steps"]} for one in found]
    assert [one["confirmations"] for one in outcomes] == ["passed", "passed"]
    whole = json.loads(lines[1])
    changed = []
    for path in paths(whole["confirmations"]):
        for change in [*ODD, "K7Q2-9XHM-41TA-WZ8CR", "0000-0000-0000-00000", 10**6]:
            mutated = copy.deepcopy(whole)
            at(mutated["confirmations"], path[:-1])[path[-1]] = change
            changed.append(written(mutated))
        mutated = copy.deepcopy(whole)
        del at(mutated["confirmations"], path[:-1])[path[-1]]
        changed.append(written(mutated))
    listed = ([], {}, whole["confirmations"] * 2, whole["confirmations"][::-1], None)
    changed += [written({**whole, "confirmations": change}) for change in listed]
    for name in ("fh:subject", "fh:commitment"):
        mutated = copy.deepcopy(whole)
        mutated["event"]["fh:acknowledgement"][name] = "AAAA"
        changed.append(written(mutated))
    for one in compare(ask, changed, headers):
        # Beside the verdict: what is wrong with a confirmation makes no event invalid.
        assert "refused" in one or one["valid"] or one["steps"][1][1] == "failed"


def test_single_changed_bytes(ask: Ask, proven: Proven) -> None:
    chosen = random.Random(1)
    line = proven.line
    lines = []
    for at in range(len(line)):
        byte = chosen.choice([value for value in range(256) if value != line[at]])
        lines.append(line[:at] + bytes((byte,)) + line[at + 1 :])
        if at % 4 == 0:
            lines.append(line[:at] + bytes((line[at] ^ 1,)) + line[at + 1 :])
    assert len(lines) > 4000
    found = compare(ask, lines, proven.headers, proven.seals, proven.checkpoint)
    assert not any(report.get("valid") for report in found)


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, (*path, key))


def at(value: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        value = value[key]
    return value


ODD: list[Any] = [
    *(None, 0, 1, -1, 2**53 - 1, 2**53, 10**20, 1e21, 1.5, 5e-324, True, False),
    *("", " ", "x", "é", "\u2028", "\ud83d\ude00", "z", "z1", "did:key:z1", "AA==", "AB==", "A", "AAAA"),
    *("2026-01-01T00:00:00Z", "٢٠٢٦-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "a:b", "a:\x85", "\u00a0"),
    *([], {}, [[]], {"__proto__": 1}, {"": ""}, [1, "a"]),
]


def variants(line: bytes) -> Iterator[bytes]:
    """Each member missing, of another type, doubled, with one more, with its bytes changed."""
    whole = json.loads(line)
    for path in paths(whole):
        found = at(whole, path)
        changes: list[Any] = [*ODD]
        if isinstance(found, str):
            changes += [found + "A", found[:-1], found.swapcase(), found + "\n", found * 2, f"{found}#"]
            if len(found) % 4 == 0 and len(found) > 40 and " " not in found:
                changes += changed_bytes(found)
        if isinstance(found, int):
            changes += [found + 1, found - 1, found * 2, float(found) + 0.5]
        if isinstance(found, list):
            changes += [found[1:], found[:-1], found + found[:1], found[::-1]]
        if isinstance(found, dict):
            changes += [{**found, "extra": 1}, {**found, "@context": None}, {**found, "@context": [True]}]
        for change in changes:
            mutated = copy.deepcopy(whole)
            at(mutated, path[:-1])[path[-1]] = change
            yield written(mutated)
        mutated = copy.deepcopy(whole)
        del at(mutated, path[:-1])[path[-1]]
        yield written(mutated)


def changed_bytes(encoded: str) -> list[str]:
    try:
        data = b64decode(encoded, validate=True)
    except ValueError:
        return []
    chosen = random.Random(encoded)
    found = [data[1:], data[:-1], data + b"\0", data[:-1] + b"\xff", b"\0" * len(data), data[32:], data * 2]
    for _ in range(40):
        place = chosen.randrange(len(data))
        found.append(data[:place] + bytes((data[place] ^ chosen.randrange(1, 256),)) + data[place + 1 :])
    return [base64_text(one) for one in found]


def written(value: Any) -> bytes:
    try:
        return canonical(value)
    except FirsthandError:
        return json.dumps(value, ensure_ascii=True, separators=(",", ":"), sort_keys=True).encode()


def test_structured_changes(ask: Ask, proven: Proven) -> None:
    lines = list(variants(proven.line))
    assert len(lines) > 3000
    found = compare(ask, lines, proven.headers)
    outcomes = {(name, outcome) for one in found if "steps" in one for name, outcome, _ in one["steps"][:8]}
    # Of a line in canonical form the event has a leaf; every other step is seen to fail.
    assert {name for name, outcome in outcomes if outcome == "failed"} >= set(STEPS[1:])


def test_texts_that_are_no_canonical_json(ask: Ask, proven: Proven) -> None:
    line = proven.line
    deep = b'{"event":' + b"[" * 126 + b"]" * 126 + b"}"
    deeper = b'{"event":' + b"[" * 127 + b"]" * 127 + b"}"
    hostile = [
        *(
            b"",
            b" ",
            b"{}",
            b"[]",
            b"null",
            b"1",
            b'"a"',
            b"\xef\xbb\xbf" + line,
            line + b" ",
            b"\xff" + line,
        ),
        *(b'{"a":1,"a":1}', b'{"b":1,"a":1}', b'{"a":1.0}', b'{"a":-0}', b'{"a":1e400}', b'{"a":NaN}'),
        *(
            b'{"a":"\\ud800"}',
            b'{"a":"\xed\xa0\x80"}',
            b'{"a":"\\/"}',
            b'{"a":"\\u0041"}',
            b'{"a":"\xc0\x80"}',
        ),
        *(b'{"a":123456789012345678901}', b'{"a":100000000000000000000}', b'{"a":1e21}', b'{"a":1e+21}'),
        *(b'{"a":9007199254740992}', b'{"a":9007199254740993}', b'{"a":0.1}', b'{"a":0.10}', b'{"a":1E2}'),
        *(deep, deeper, b"[" * 5000 + b"]" * 5000, b"[" * 100_000, b'{"__proto__":1}', b'{"\\u0000":1}'),
        b'{"\xf0\x9f\x98\x80":1,"\xef\xbf\xbf":1}',
        b'{"\xef\xbf\xbf":1,"\xf0\x9f\x98\x80":1}',
        line.replace(b'"firsthand":1', b'"firsthand":1,"firsthand":1'),
        line.replace(b'"firsthand":1', b'"firsthand":2'),
    ]
    compare(ask, hostile)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**22), 10**22)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


def drawn(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """Many examples at once: node is started once for all of them."""
    found: list[Any] = []

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def draw(value: Any) -> None:
        found.append(value)

    draw()
    return found


def test_any_event_in_canonical_or_other_spelling(ask: Ask, proven: Proven) -> None:
    whole = json.loads(proven.line)
    lines = []
    for value in drawn(st.dictionaries(st.text(max_size=6), json_values, max_size=4), 500):
        whole["event"] = value
        lines.append(written(whole))
        lines.append(json.dumps(whole, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode())
    compare(ask, lines, proven.headers)


def test_any_text_in_any_member(ask: Ask, proven: Proven) -> None:
    whole = json.loads(proven.line)
    places = [path for path in paths(whole) if path[0] != "event"]
    lines = []
    for path, value in drawn(st.tuples(st.sampled_from(places), json_values), 1200):
        mutated = copy.deepcopy(whole)
        at(mutated, path[:-1])[path[-1]] = value
        lines.append(written(mutated))
    compare(ask, lines, proven.headers)


class Signer:
    """A key of either kind that signs documents, as a stranger's software may."""

    def __init__(self, kind: str, seed: int) -> None:
        if kind == "Ed25519":
            self.ed = ed25519.Ed25519PrivateKey.from_private_bytes(seed.to_bytes(32, "big"))
            self.did = encode_did_key("Ed25519", self.ed.public_key().public_bytes_raw())
        else:
            self.ec = ec.derive_private_key(seed + 1, ec.SECP256R1())
            numbers = self.ec.public_key().public_numbers()
            raw = bytes((2 + numbers.y % 2,)) + numbers.x.to_bytes(32, "big")
            self.did = encode_did_key("P-256", raw)
        self.kind = kind

    def signature(self, message: bytes) -> bytes:
        if self.kind == "Ed25519":
            return self.ed.sign(message)
        r, s = utils.decode_dss_signature(self.ec.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def sign(self, document: dict[str, Any], change: Callable[[bytes], bytes] = bytes) -> dict[str, Any]:
        return secured(document, self.did, CRYPTOSUITES[self.kind], lambda m: change(self.signature(m)))  # type: ignore[index]


def secured(document: dict[str, Any], did: str, suite: str, sign: Callable[[bytes], bytes]) -> dict[str, Any]:
    options = {
        "type": "DataIntegrityProof",
        "cryptosuite": suite,
        "created": "2026-01-01T00:00:00Z",
        "verificationMethod": verification_method(did),
        "proofPurpose": "assertionMethod",
    }
    value = base58_text(sign(hash_data(document, options)))
    return {**document, "proof": {**options, "proofValue": value}}


def bundle_of(proven: Proven, capture: dict[str, Any], statements: list[dict[str, Any]]) -> bytes:
    """A bundle whose first three steps are these documents'; the later steps are another's and fail."""
    whole = json.loads(proven.line)
    whole["event"] = {"type": "ObjectEvent"}
    whole["eventProof"] = {"index": 0, "path": ""}
    whole["capture"] = {"document": capture, "place": 100, "path": ""}
    whole["statements"] = [
        {"document": one, "place": place, "path": ""} for place, one in enumerate(statements)
    ]
    return canonical(whole)


def capture_document(issuer: str) -> dict[str, Any]:
    root = tree_root([entry_leaf({"type": "ObjectEvent"})])
    return {
        "type": "Capture",
        "issuer": issuer,
        "created": "2026-01-01T00:00:00Z",
        "events": {"count": 1, "root": base64_text(root)},
    }


def statement(uri: str, keys: list[str], **more: Any) -> dict[str, Any]:
    return {
        "type": "PartyStatement",
        "party": uri,
        "name": "Adela",
        "roles": ["maker"],
        "keys": keys,
        "issuer": uri,
        "created": "2026-01-01T00:00:00Z",
        **more,
    }


ADELA = "https://coop.example/id/party/adela"


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_signatures_of_both_kinds(ask: Ask, proven: Proven, kind: str) -> None:
    signer = Signer(kind, 7)
    register = signer.sign(statement(ADELA, [signer.did]))

    def line(change: Callable[[bytes], bytes] = bytes) -> bytes:
        return bundle_of(proven, signer.sign(capture_document(ADELA), change), [register])

    def high_s(signature: bytes) -> bytes:
        n = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
        return signature[:32] + (n - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")

    def plus_order(signature: bytes) -> bytes:
        s = int.from_bytes(signature[32:], "little") + ORDER
        return signature[:32] + (s % 2**256).to_bytes(32, "little")

    lines = [
        line(),
        line(high_s),
        line(plus_order),
        line(lambda found: found[:32] + bytes(32)),
        line(lambda found: bytes(32) + found[32:]),
        line(lambda found: bytes(64)),
        line(lambda found: b"\xff" * 64),
        line(lambda found: found + b"\0"),
        line(lambda found: found[:63]),
        line(lambda found: (PRIME + 1).to_bytes(32, "little") + found[32:]),
    ]
    found = compare(ask, lines, proven.headers)
    outcomes = [one["steps"][2][1] for one in found]
    assert outcomes[0] == "passed"
    assert outcomes[1] == ("passed" if kind == "P-256" else "failed")
    assert set(outcomes[2:]) == {"failed"}


def ed_add(p: tuple[int, int], q: tuple[int, int]) -> tuple[int, int]:
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    k = d * p[0] * q[0] * p[1] * q[1] % PRIME
    x = (p[0] * q[1] + q[0] * p[1]) * pow(1 + k, -1, PRIME) % PRIME
    return x, (p[1] * q[1] + p[0] * q[0]) * pow(1 - k, -1, PRIME) % PRIME


def ed_times(k: int, p: tuple[int, int]) -> tuple[int, int]:
    found = (0, 1)
    while k:
        if k & 1:
            found = ed_add(found, p)
        p, k = ed_add(p, p), k >> 1
    return found


def ed_point(y: int, odd: int) -> tuple[int, int]:
    d = -121665 * pow(121666, -1, PRIME) % PRIME
    x2 = (y * y - 1) * pow(d * y * y + 1, -1, PRIME) % PRIME
    x = pow(x2, (PRIME + 3) // 8, PRIME)
    if (x * x - x2) % PRIME:
        x = x * pow(2, (PRIME - 1) // 4, PRIME) % PRIME
    assert (x * x - x2) % PRIME == 0
    return (x if x % 2 == odd else PRIME - x), y


def ed_bytes(p: tuple[int, int]) -> bytes:
    return (p[1] | (p[0] % 2) << 255).to_bytes(32, "little")


EIGHTH = 2707385501144840649318225287225658788936804267575313519463743609750303402022
BASE_Y = 4 * pow(5, -1, PRIME) % PRIME


def test_points_of_small_order_in_signatures(ask: Ask, proven: Proven) -> None:
    """Signatures that hold with the cofactor and not without it, and keys of small order."""
    torsion = ed_point(EIGHTH, 0)
    base = ed_point(BASE_Y, 0)
    secret = 123456789
    mixed = ed_add(ed_times(secret, base), torsion)
    lines = []
    for key in (mixed, ed_times(secret, base)):
        for shift in ((0, 1), torsion, ed_times(4, torsion)):
            for nonce in range(1, 10):
                raw, r = ed_bytes(key), ed_bytes(ed_add(ed_times(nonce, base), shift))

                def sign(message: bytes, nonce: int = nonce, r: bytes = r, raw: bytes = raw) -> bytes:
                    k = int.from_bytes(sha512(r + raw + message).digest(), "little") % ORDER
                    return r + ((nonce + k * secret) % ORDER).to_bytes(32, "little")

                did = base_did(raw)
                register = secured(statement(ADELA, [did]), did, "eddsa-jcs-2022", sign)
                capture = secured(capture_document(ADELA), did, "eddsa-jcs-2022", sign)
                lines.append(bundle_of(proven, capture, [register]))
    for y in (0, 1, PRIME - 1, EIGHTH, PRIME - EIGHTH, PRIME, PRIME + 1, 2**255 - 1, 2, 7):
        for sign_bit in (0, 1 << 255):
            raw = (y | sign_bit).to_bytes(32, "little")
            did = base_did(raw)
            zero = secured(
                capture_document(ADELA), did, "eddsa-jcs-2022", lambda m: ed_bytes((0, 1)) + bytes(32)
            )
            register = secured(
                statement(ADELA, [did]), did, "eddsa-jcs-2022", lambda m: ed_bytes((0, 1)) + bytes(32)
            )
            lines.append(bundle_of(proven, zero, [register]))
    found = compare(ask, lines, proven.headers)
    outcomes = [one["steps"][2][1] for one in found]
    assert "passed" in outcomes[:54]
    assert "failed" in outcomes[:54]
    assert set(outcomes[54:]) == {"failed"}


def base_did(raw: bytes) -> str:
    return "did:key:" + base58_text(b"\xed\x01" + raw)


def test_keys_that_are_none(ask: Ask, proven: Proven) -> None:
    signer = Signer("Ed25519", 7)
    keys = [
        "did:key:" + base58_text(prefix + raw)
        for prefix in (b"\xed\x01", b"\x80\x24", b"\xe7\x01", b"")
        for raw in (bytes(32), bytes(33), b"\x02" + bytes(32), b"\x02" + b"\xff" * 32, b"\x04" + bytes(32))
    ]
    keys += [
        f"{signer.did} ",
        f"{signer.did}1",
        signer.did.replace("z", "z1"),
        "did:web:a",
        "did:key:",
        "did:key:z",
    ]
    keys += [
        signer.did.upper(),
        "did:key:z0OIl",
        "did:key:zé",
        "did:key:z" + "1" * 127,
        "did:key:z" + "1" * 128,
    ]
    lines = []
    for key in keys:
        register = signer.sign(statement(ADELA, [signer.did, key]))
        lines.append(bundle_of(proven, signer.sign(capture_document(ADELA)), [register]))
    compare(ask, lines, proven.headers)


def test_party_histories(ask: Ask, proven: Proven) -> None:
    """Rotations, vouchers, and what breaks each rule; then names and URIs of any characters."""
    old, new, coop, other = (Signer("Ed25519", seed) for seed in range(1, 5))
    coop_uri = "https://coop.example/id/party/coop"
    cooperative = coop.sign(statement(coop_uri, [coop.did], name="Coop", roles=["cooperative"]))
    first = old.sign(statement(ADELA, [old.did], voucher=coop_uri))

    def follow(signer: Signer, keys: list[str], **more: Any) -> dict[str, Any]:
        previous = base64_text(entry_leaf(first))
        return signer.sign(statement(ADELA, keys, voucher=coop_uri, previous=previous) | more)

    histories = [
        [],
        [first],
        [cooperative, first],
        [first, cooperative],
        [cooperative, first, follow(old, [new.did])],
        [cooperative, first, follow(new, [new.did])],
        [cooperative, first, follow(old, [])],
        [cooperative, first, follow(coop, [new.did], issuer=coop_uri)],
        [cooperative, first, follow(coop, [new.did], issuer=coop_uri, name="Eve")],
        [cooperative, first, follow(coop, [new.did], issuer=coop_uri, roles=["maker", "brand"])],
        [cooperative, first, follow(other, [new.did], issuer=coop_uri)],
        [cooperative, first, follow(old, [new.did], previous=base64_text(bytes(32)))],
        [cooperative, first, first],
        [cooperative, first, follow(old, [old.did, new.did])],
        [cooperative, follow(old, [new.did])],
        [cooperative, first, follow(old, [new.did], voucher="https://nobody.example/x")],
    ]
    lines = [
        bundle_of(proven, signer.sign(capture_document(ADELA)), history)
        for history in histories
        for signer in (old, new, other)
    ]
    strange = [*map(chr, range(0x100)), *"؀؜ ᠎​‍‮⁠　﻿￹￾\ufdd0\ue000\U000e0001\U000e0100\U000f0000\U0010ffff𝄞"]
    strange += [*drawn(st.text(max_size=3), 200), "a" * 200, "a" * 201, "𝄞" * 200, "𝄞" * 201, " " * 300]
    for one in strange:
        for document in (
            statement(ADELA, [old.did], name=one),
            statement(f"{ADELA}{one}", [old.did]),
            statement(f"x{one}:y", [old.did]),
        ):
            register = old.sign(document)
            lines.append(bundle_of(proven, old.sign(capture_document(document["party"])), [register]))
    found = compare(ask, lines, proven.headers)
    assert {one["steps"][2][1] for one in found} == {"passed", "failed"}


def test_seals_and_earlier_checkpoints(ask: Ask, proven: Proven) -> None:
    lines = proven.seals.splitlines(keepends=True)
    seals = [
        *(
            proven.seals,
            b"",
            b"\n",
            b"{}",
            b"not json",
            b"".join(lines[:1]),
            b"".join([lines[0], *lines[2:]]),
        ),
        *(b"".join(lines[::-1]), proven.seals * 2, proven.seals.replace(b"\n", b"\r\n"), proven.seals[:-1]),
        *(proven.seals + b"\n", b'{"genesis":1}', b'["genesis"]', b'{"genesis":"AA==","x":"y"}', b"\xff"),
        proven.seals.replace(b'{"', b'{ "'),
    ]
    since = [
        *(
            proven.checkpoint,
            b"",
            b"\n\n",
            proven.checkpoint[:-1],
            proven.checkpoint + b"\n",
            b"\xff\n\n\xff\n",
        ),
        *(proven.checkpoint.replace(b"\xe2\x80\x94", b"-"), proven.checkpoint.replace(b"\n", b"\r\n")),
        *(proven.checkpoint.replace(b"sandbox", b"mainnet"), proven.checkpoint[:-3] + b"\xff\xfe\n"),
    ]
    cases: list[Case] = [(proven.line, proven.headers, one, proven.checkpoint) for one in seals]
    cases += [(proven.line, proven.headers, proven.seals, one) for one in since]
    compare_cases(ask, cases)


def test_heights_at_the_edges(ask: Ask, proven: Proven) -> None:
    whole = json.loads(proven.line)
    bump = b64decode(whole["block"]["bump"])
    lines = []
    for height in (
        b"\x00",
        b"\xfc",
        b"\xfd\x00\x01",
        b"\xfe" + b"\xff" * 4,
        b"\xff" + b"\xff" * 8,
        b"\xfd\x01\x00",
    ):
        whole["block"]["bump"] = b64encode(height + bump[1:]).decode()
        lines.append(canonical(whole))
    views = [
        *(proven.headers, RawHeaders("mainnet", 0, proven.headers.raw)),
        *(
            RawHeaders("sandbox", 0, proven.headers.raw[:80]),
            RawHeaders("sandbox", 5, proven.headers.raw),
            None,
        ),
    ]
    compare_cases(ask, [(line, view, None, None) for view in views for line in [*lines, proven.line]])


def test_disclosures_of_sealed_fields(ask: Ask, proven: Proven) -> None:
    """The good ones and the bad ones of the vectors, each changed in many ways; step 1 says the same."""
    pytest.importorskip("firsthand.proof.disclosure")
    whole = json.loads(proven.line)
    cases = [
        *map(json.loads, (SPEC / "disclosures.jsonl").read_bytes().splitlines()),
        *json.loads((SPEC / "disclosures-bad.json").read_bytes()),
    ]
    lines = []
    for case in cases:
        bundle = {**whole, "event": case["event"], "disclosures": case.get("disclosures", [])}
        lines.append(written(bundle))
        part = {"event": case["event"], "disclosures": case.get("disclosures", [])}
        changes = list(variants(json.dumps(part).encode()))
        chosen = random.Random(len(lines)).sample(changes, min(len(changes), 150))
        lines += [written({**whole, **json.loads(changed)}) for changed in chosen]
    disclosed = [json.loads(line)["disclosures"] for line in lines[:1] if "disclosures" in json.loads(line)]
    for texts in disclosed:
        for number, found in enumerate(texts):
            for change in (found + "A", found[:-1], found.swapcase(), f"{found}=", "", "é", "W10", "WyIiXQ"):
                lines.append(
                    written({**whole, "disclosures": [*texts[:number], change, *texts[number + 1 :]]})
                )
    found = compare(ask, lines, proven.headers)
    outcomes = {one["steps"][0][1] for one in found if "steps" in one}
    assert outcomes == {"passed", "failed"}
