"""Credentials issued and journaled, against bare signature and JCS of the same; a large list checked.

One core, alternating rounds. Issued is the whole way: filled in, held to its type, seated on the status
lists, signed, its digest journaled (fsync on) and kept. The list has 1,000,000 entries, half of them set at
random: no list of that length is larger.
"""

from __future__ import annotations

import random
import secrets
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any, Final

from firsthand.identity.credentials import published_list
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.status_list import bit_of, decode_bits, parse_status_list
from firsthand.service.certify import issue_certificates
from firsthand.service.parties import add_party
from firsthand.service.setup import initialise
from firsthand.service.workspace import Workspace

__all__ = ["measure"]

ROUNDS: Final = 4
PER_ROUND: Final = 2_000
ENTRIES: Final = 1_000_000
TIME: Final = "2026-01-01T00:00:00Z"


def measure() -> dict[str, float]:
    """Credentials a second of both and the ratio; the list's size in bytes and milliseconds to check it."""
    with tempfile.TemporaryDirectory() as folder:
        return _issued(Path(folder)) | _checked()


def _issued(folder: Path) -> dict[str, float]:
    workspace = _workspace(folder)
    requests = [
        {
            "type": "organic",
            "subject": f"https://coop.example/id/party/farmer-{number}",
            "elements": {
                "certificateNumber": f"SO-2026-{number:05}",
                "standard": "Regulation (EU) 2018/848",
                "certifiedProducts": "coffee, cherry",
                "certifiedWeight": f"{number + 100.5} KGM",
            },
            "validFrom": "2026-01-01",
            "validUntil": "2026-12-31",
        }
        for number in range(PER_ROUND)
    ]
    key = workspace.held_key(workspace.parties.find("Certifier").keys)
    made = issue_certificates(workspace, "Certifier", "coffee", requests)
    documents: list[dict[str, Any]] = [parse_canonical(one.document) for one in made.credentials]
    for document in documents:
        del document["proof"]
    ours = reference = 0.0
    for _ in range(ROUNDS):
        started = time.perf_counter()
        issue_certificates(workspace, "Certifier", "coffee", requests)
        ours += time.perf_counter() - started
        started = time.perf_counter()
        for document in documents:
            canonical(secure(document, key, TIME))
        reference += time.perf_counter() - started
    total = ROUNDS * PER_ROUND
    return {"ours_per_s": total / ours, "reference_per_s": total / reference, "ratio": reference / ours}


def _checked() -> dict[str, float]:
    key = SigningKey.generate("Ed25519", secrets.token_bytes)
    chosen = random.Random(1).sample(range(ENTRIES), ENTRIES // 2)
    bits = bytearray(ENTRIES // 8)
    for index in chosen:
        bits[index >> 3] |= 0x80 >> (index & 7)
    body = canonical(
        published_list(
            "https://certifier.example/status/1", "revocation", bytes(bits), key.did, key, TIME, TIME
        )
    )
    seconds = []
    for index in chosen[:30]:
        started = time.perf_counter()
        document = parse_canonical(body)
        verify_proof(document)
        assert bit_of(decode_bits(parse_status_list(document).encoded), index)
        seconds.append(time.perf_counter() - started)
    return {"list_bytes": float(len(body)), "list_ms": median(seconds) * 1000}


def _workspace(folder: Path) -> Workspace:
    workspace = initialise(
        folder / "workspace",
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri="https://coop.example",
        passphrase="",
    )
    add_party(workspace, "Certifier", ("certifier",))
    return workspace
