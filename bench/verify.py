"""Verifying one bundle, headers loaded, against its bare signature checks and hashes.

The bare side does what no verifier can leave out: the Ed25519 checks of the capture, its party statement and
the checkpoint, the hashes of the three inclusion proofs and the block, and the transaction and header hashes.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from bench.capture import event
from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.proof.bundle import parse_bundle
from firsthand.proof.canonical import canonical
from firsthand.proof.checkpoint import parse_note
from firsthand.proof.data_integrity import hash_data
from firsthand.proof.did_key import decode_did_key, from_base58
from firsthand.proof.transaction import double_sha256
from firsthand.proof.verify import verify
from firsthand.service.anchor import anchor
from firsthand.service.capture import capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.parties import add_party
from firsthand.service.prove import event_numbers, prove_events
from firsthand.service.setup import initialise

__all__ = ["make_bundle", "measure"]

ROUNDS = 400


def make_bundle(folder: Path) -> tuple[bytes, ChainAccess]:
    """A bundle from a capture of 100 events in a log of 300 entries."""
    workspace = initialise(
        folder,
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri="https://coop.example",
        passphrase="",
    )
    access = ChainAccess(workspace)
    maker = add_party(workspace, "Maker", ("maker",)).party
    key = workspace.held_key(maker.keys)
    for number in range(300):
        size = 100 if number == 150 else 1
        events = [event(number * 1000 + at) for at in range(size)]
        capture_events(workspace, prepare(events), maker.uri, key)
    anchor(access)
    (line,) = prove_events(access, event_numbers(access, ["https://coop.example/id/lot/2026-0150050"]))
    return line[:-1], access


def measure() -> dict[str, float]:
    """Medians in milliseconds and their ratio, from alternating rounds."""
    with tempfile.TemporaryDirectory() as folder:
        line, access = make_bundle(Path(folder) / "workspace")
        headers = check_headers(b"".join(export_headers(access)), NETWORKS["sandbox"])
        assert verify(line, headers).valid
        checks, hashed = _bare_work(line)
        ours: list[float] = []
        bare: list[float] = []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            verify(line, headers)
            ours.append(time.perf_counter() - started)
            started = time.perf_counter()
            for key, signature, message in checks:
                key.verify(signature, message)
            for data in hashed:
                sha256(data).digest()
            bare.append(time.perf_counter() - started)
    median, least = statistics.median(ours), statistics.median(bare)
    return {"median_ms": median * 1000, "bare_ms": least * 1000, "ratio": median / least}


def _bare_work(line: bytes) -> tuple[list[tuple[Ed25519PublicKey, bytes, bytes]], list[bytes]]:
    bundle = parse_bundle(line)
    documents = [bundle.capture.document, *(statement.document for statement in bundle.statements)]
    checks = []
    hashed = [canonical(bundle.event)]
    for document in documents:
        proof = document["proof"]
        key = decode_did_key(proof["verificationMethod"].partition("#")[0])
        options = {name: value for name, value in proof.items() if name != "proofValue"}
        plain = {name: value for name, value in document.items() if name != "proof"}
        message = hash_data(plain, options)
        checks.append(
            (Ed25519PublicKey.from_public_bytes(key.raw), from_base58(proof["proofValue"]), message)
        )
        hashed += [canonical(options), canonical(plain), canonical(document)]
    note = parse_note(bundle.checkpoint)
    log_key = bundle.genesis[bundle.genesis.index(b"\x21\x01") + 2 :][:32]
    checks.append((Ed25519PublicKey.from_public_bytes(log_key), note.signature, note.checkpoint.body()))
    paths = [bundle.event_path, bundle.capture.path, *(statement.path for statement in bundle.statements)]
    hashed += [b"\x01" + node + node for path in paths for node in path]
    for raw in (bundle.genesis, bundle.anchor, bundle.header):
        hashed += [raw, double_sha256(raw)]
    return checks, hashed
