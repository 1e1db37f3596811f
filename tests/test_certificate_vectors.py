"""The vectors of docs/spec.md §8: certificates and how they stand, made anew from fixed keys and compared.

`python -m tests.test_certificate_vectors` writes them; a change of theirs is a change of the format.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.events.instants import microseconds
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.certificate_verify import CertificateReport, verify_certificate
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.standing import Occasion
from firsthand.proof.status_list import bits_root, decode_bits, encode_bits, parse_status_list
from firsthand.service.certify import set_status
from firsthand.service.export import export_headers
from firsthand.service.status_lists import published
from tests.certified import Certified
from tests.test_vectors import NOW, fixed

FOLDER = Path(__file__).parent / "vectors" / "certificates"
SUMMER = "2026-07-01T00:00:00Z"


def generate(folder: Path) -> dict[str, bytes]:
    """Every vector by its file name."""
    with fixed():
        made = Certified(folder, now=NOW)
        workspace, certifier = made.workspace, made.certifier.uri
        issued = made.issue()
        ids = [issued.credentials[0].id]
        places = [made.harvest(1)]
        set_status(workspace, certifier, ids, "suspension", True)
        places.append(made.harvest(2))
        set_status(workspace, certifier, ids, "suspension", False)
        set_status(workspace, certifier, ids, "revocation", True)
        places.append(made.harvest(3))
        made.anchored()
        line = made.line(issued, *places)
        headers = b"".join(export_headers(made.access))
        report = verify_certificate(line, check_headers(headers, NETWORKS["sandbox"]))
        name = report.credential.status[0].list.rpartition("/")[2] if report.credential else ""
        return {
            "certificate.jsonl": line + b"\n",
            "headers.raw": headers,
            "revocation-list.json": published(workspace, name),
            "standings.json": json.dumps(standings(report, places, made), indent=1).encode() + b"\n",
            "roots.json": roots(),
        }


def standings(report: CertificateReport, places: list[int], made: Certified) -> list[dict[str, Any]]:
    """What is asked of the certificate, and the answer."""
    other = "https://coop.example/id/lot/9"
    asked: list[tuple[int | None, str, str, str]] = [
        *((place, SUMMER, made.maker.uri, "organic") for place in (*places, None)),
        (places[0], "2025-12-31T00:00:00Z", made.maker.uri, "organic"),
        (places[0], "2027-01-01T00:00:00Z", made.maker.uri, "organic"),
        (places[0], SUMMER, other, "organic"),
        (places[0], SUMMER, made.maker.uri, "fairtrade"),
    ]
    return [
        {
            "place": place,
            "time": time,
            "subject": subject,
            "scheme": scheme,
            "standing": (
                judged := report.judge(scheme, Occasion(microseconds(time), place, frozenset((subject,))))
            ).standing.value,
            "later": list(judged.later),
        }
        for place, time, subject, scheme in asked
    ]


def roots() -> bytes:
    """Lists with some entries set, their encoding and their root."""
    made = []
    for length, found in ((131_072, []), (131_072, [0, 4095, 4096, 131_071]), (139_272, [139_271])):
        bits = bytearray(length // 8)
        for index in found:
            bits[index // 8] |= 0x80 >> index % 8
        value = {
            "length": length,
            "set": found,
            "encodedList": encode_bits(bytes(bits)),
            "root": bits_root(bytes(bits)).hex(),
        }
        made.append(value)
    return json.dumps(made, indent=1).encode() + b"\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return generate(tmp_path_factory.mktemp("vectors"))


def test_the_vectors_are_made_anew_byte_by_byte(made: dict[str, bytes]) -> None:
    stored = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert sorted(stored) == sorted(made)
    # How zlib packs may differ from one of its releases to the next; what it packs may not.
    packed = ("revocation-list.json", "roots.json")
    assert [name for name in made if name not in packed and stored[name] != made[name]] == []


def test_the_stored_vectors_hold() -> None:
    headers = check_headers((FOLDER / "headers.raw").read_bytes(), NETWORKS["sandbox"])
    report = verify_certificate((FOLDER / "certificate.jsonl").read_bytes()[:-1], headers)
    assert report.proven
    for asked in json.loads((FOLDER / "standings.json").read_bytes()):
        occasion = Occasion(microseconds(asked["time"]), asked["place"], frozenset((asked["subject"],)))
        judged = report.judge(asked["scheme"], occasion)
        assert (judged.standing.value, list(judged.later)) == (asked["standing"], asked["later"])
    for one in json.loads((FOLDER / "roots.json").read_bytes()):
        bits = decode_bits(one["encodedList"])
        assert (len(bits) * 8, bits_root(bits).hex()) == (one["length"], one["root"])
        assert [index for index in range(len(bits) * 8) if bits[index // 8] & 0x80 >> index % 8] == one["set"]
    document = parse_canonical((FOLDER / "revocation-list.json").read_bytes())
    verify_proof(document)
    assert parse_status_list(document).purposes == ("revocation",)
    assert canonical(document) == (FOLDER / "revocation-list.json").read_bytes()


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name, data in generate(Path(temporary)).items():
            (FOLDER / name).write_bytes(data)
