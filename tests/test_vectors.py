"""The vectors of docs/spec.md: made anew from fixed keys, times and random bytes, and compared.

`python -m tests.test_vectors` writes them; a change of theirs is a change of the format.
"""

from __future__ import annotations

import json
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from unittest.mock import patch

import pytest

from firsthand.chain.bearer import code_secret, encode_code
from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.chain.sandbox import SandboxChain
from firsthand.chain.signing import sign_single
from firsthand.chain.token import verify_token
from firsthand.errors import InvalidInput
from firsthand.proof.account_bundle import verify_statement
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import check_receipt, entry_leaf, event_leaf
from firsthand.proof.disclosure import open_event
from firsthand.proof.fields import base64_text
from firsthand.proof.merkle import consistency_proof, inclusion_proof, leaf_hash, tree_root
from firsthand.proof.parties import Party
from firsthand.proof.token import challenge_text
from firsthand.proof.transaction import TxOutput, data_script, parse_transaction
from firsthand.proof.verify import verify
from firsthand.service import workspace as workspace_module
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.confirm import acknowledge, countersign, receipt_code
from firsthand.service.export import export_checkpoint, export_headers
from firsthand.service.member_keys import link_key
from firsthand.service.parties import add_party, revoke_key, rotate_key
from firsthand.service.prove import event_numbers, prove_events, seals_file
from firsthand.service.publish import publish
from firsthand.service.statements import account_statement, statement_lines
from firsthand.service.token_files import token_status
from firsthand.service.token_moves import claim, fresh_code, place_of
from firsthand.service.token_reports import record_work
from firsthand.service.token_store import TokenKeys
from tests.made import LOT, event, new_access, record
from tests.sealed import sealed_vectors
from tests.service.cooperatives import new_coop
from tests.tokens import FINGERPRINT, atelier, exported, minted, piece_uri

FOLDER = Path(__file__).parent / "vectors" / "spec"
NOW = "2026-01-01T00:00:00Z"


@contextmanager
def fixed() -> Iterator[None]:
    """Random bytes from a counter, and the same time always."""
    drawn = iter(range(10**9))

    def token_bytes(size: int = 32) -> bytes:
        return b"".join(
            sha256(b"firsthand vectors %d" % next(drawn)).digest() for _ in range(size // 32 + 1)
        )[:size]

    with (
        patch.object(secrets, "token_bytes", token_bytes),
        patch.dict(SandboxChain.__init__.__kwdefaults__, clock=lambda: 1767225600.0),
        patch.object(workspace_module.create_workspace, "__defaults__", ((), lambda: NOW)),
    ):
        yield


def generate(folder: Path) -> dict[str, bytes]:
    """Every vector by its file name."""
    with fixed():
        access = new_access(folder / "workspace")
        access.workspace.now = lambda: NOW
        access.workspace.journal._now = lambda: NOW
        workspace = access.workspace
        made: dict[str, bytes] = {}
        add_party(workspace, "Coop", ("cooperative",))
        maker = add_party(workspace, "Adela", ("maker",)).party
        captured = record(access, maker, *[event(number) for number in range(5)])
        anchor(access)
        revoke_key(workspace, "Adela")
        rotate_key(workspace, "Adela", lost=True)
        anchor(access)
        published = publish(access)
        for entry in workspace.journal.entries():
            made[f"entry-{entry.place}.json"] = entry.document
        made["receipt.json"] = canonical(captured.receipt)
        made["checkpoint.txt"] = export_checkpoint(access)
        made["seals.jsonl"] = b"".join(seals_file(access))
        made["headers.raw"] = b"".join(export_headers(access))
        made["bundles.jsonl"] = b"".join(
            prove_events(access, event_numbers(access, [f"{LOT}/3", f"{LOT}/0"]))
        )
        for number, txid in enumerate(published):
            made[f"publication-{number}.raw"] = access.outbox.get(txid).raw
        for number, anchored in enumerate(workspace.anchors.all()):
            made[f"{'anchor' if number else 'genesis'}-{number}.raw"] = access.outbox.get(anchored.txid).raw
        made["hashes.json"] = hashes(workspace.log_key.did)
        made |= confirmed(folder)
    made |= tokens(folder)
    with fixed():
        made |= sealed_vectors(folder / "sealed", lambda: NOW)
    return made


def confirmed(folder: Path) -> dict[str, bytes]:
    """A cooperative's delivery, acknowledged and counter-signed, and the proof of its member's account."""
    coop = new_coop(folder, now=lambda: NOW)
    coop.add("17")
    (delivery,) = coop.take(coop.line("17", deduction=10_000)).deliveries
    acknowledge(coop.workspace, receipt_code(coop.workspace, delivery.subject), 1)
    link_key(coop.workspace, coop.find("17"))
    countersign(coop.workspace, coop.find("17"))
    anchor(coop.access)
    statement = account_statement(coop.workspace, coop.find("17"))
    return {
        "confirmed.jsonl": b"".join(prove_events(coop.access, [0, 1])),
        "statement.fhaccount": b"".join(statement_lines(coop.access, statement)),
        "confirmed-headers.raw": b"".join(export_headers(coop.access)),
    }


def tokens(folder: Path) -> dict[str, bytes]:
    """A ring minted under a bearer code, claimed, repaired, and claimed again from another code."""
    with fixed():
        return _tokens(*atelier(folder / "atelier", now=lambda: NOW))


def _tokens(access: ChainAccess, _: Party) -> dict[str, bytes]:
    done = minted(access, "code")
    assert done.code is not None
    fresh, address = fresh_code(access)
    claim(access, done.code, address)
    record_work(access, piece_uri(), "repair", "Aurum", "prong retipped", FINGERPRINT)
    file, _ = exported(access)
    keys, status = TokenKeys(access), token_status(access, piece_uri())
    place = place_of(access, keys.of_code(fresh).hash160)
    to = keys.own
    assert status.tip is not None
    challenge = challenge_text(done.token.outpoint, status.tip, "Insurer Ltd", bytes(range(16)))
    value = {
        "codes": {
            code: code_secret(code).hex() for code in (done.code, fresh, encode_code(bytes(range(16))))
        },
        "claim": {
            "code": fresh,
            "outpoint": str(place.coin.outpoint),
            "script": place.coin.script.hex(),
            "to": to.address,
            "unlocking": sign_single(place.coin, TxOutput(1, to.script), keys.of_code(fresh)).hex(),
        },
        "inscription": parse_transaction(access.outbox.get(done.token.mint).raw).outputs[0].script.hex(),
        "challenge": challenge,
        "response": base64_text(keys.of_code(fresh).sign_message(challenge)),
    }
    return {
        "token.fhtoken": file,
        "token-headers.raw": b"".join(export_headers(access)),
        "token.json": json.dumps(value, indent=1).encode() + b"\n",
    }


def hashes(log_key: str) -> bytes:
    """Small ones: leaf hashes, roots and proofs over one-byte leaves, data scripts."""
    leaves = [leaf_hash(bytes([number])) for number in range(7)]
    value = {
        "logKey": log_key,
        "eventLeaf": event_leaf(event(0)).hex(),
        "entryLeaf": entry_leaf({"type": "Test"}).hex(),
        "roots": [tree_root(leaves[:size]).hex() for size in range(8)],
        "inclusion": [[node.hex() for node in inclusion_proof(leaves, index)] for index in range(7)],
        "consistency": [[node.hex() for node in consistency_proof(leaves, first)] for first in range(1, 8)],
        "dataScripts": {
            "empty push": data_script([b""]).hex(),
            "75 bytes": data_script([bytes(75)]).hex(),
            "76 bytes": data_script([bytes(76)]).hex(),
            "256 bytes": data_script([bytes(256)]).hex(),
        },
    }
    return json.dumps(value, indent=1).encode() + b"\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return generate(tmp_path_factory.mktemp("vectors"))


def test_the_vectors_are_made_anew_byte_by_byte(made: dict[str, bytes]) -> None:
    stored = {path.name: path.read_bytes() for path in FOLDER.iterdir()}
    assert sorted(stored) == sorted(made)
    assert [name for name in made if stored[name] != made[name]] == []


def test_the_stored_vectors_verify() -> None:
    headers = check_headers((FOLDER / "headers.raw").read_bytes(), NETWORKS["sandbox"])
    seals, since = (FOLDER / "seals.jsonl").read_bytes(), (FOLDER / "checkpoint.txt").read_bytes()
    for line in (FOLDER / "bundles.jsonl").read_bytes().splitlines():
        report = verify(line, headers, seals=seals, since=since)
        assert report.valid
        left_out = ("signed after", "confirmations")
        assert {step.outcome for step in report.further if step.name not in left_out} == {"passed"}
    receipt = json.loads((FOLDER / "receipt.json").read_bytes())
    capture = json.loads((FOLDER / "entry-2.json").read_bytes())
    log_key = json.loads((FOLDER / "hashes.json").read_bytes())["logKey"]
    assert check_receipt(receipt, capture, log_key) == 2


def test_the_stored_confirmations_verify() -> None:
    headers = check_headers((FOLDER / "confirmed-headers.raw").read_bytes(), NETWORKS["sandbox"])
    for line in (FOLDER / "confirmed.jsonl").read_bytes().splitlines():
        report = verify(line, headers)
        assert report.valid
        assert {step.outcome for step in report.further if step.name == "confirmations"} == {"passed"}
    statement = verify_statement((FOLDER / "statement.fhaccount").read_bytes(), headers)
    assert statement.valid
    assert [str(entry.amount) for entry in statement.entries] == ["29.76", "-1"]


def test_the_stored_disclosures_verify_or_fail() -> None:
    headers = check_headers((FOLDER / "disclosures-headers.raw").read_bytes(), NETWORKS["sandbox"])
    opened = []
    for line in (FOLDER / "disclosures.jsonl").read_bytes().splitlines():
        report = verify(line, headers)
        assert report.valid
        assert report.opened is not None
        opened.append((len(report.opened.disclosed), report.opened.undisclosed))
    assert opened == [(3, 0), (3, 0), (1, 1), (0, 2)]
    for case in json.loads((FOLDER / "disclosures-bad.json").read_bytes()):
        with pytest.raises(InvalidInput, match=case["error"]):
            open_event(case["event"], case["disclosures"])


def test_the_stored_token_verifies() -> None:
    headers = check_headers((FOLDER / "token-headers.raw").read_bytes(), NETWORKS["sandbox"])
    value = json.loads((FOLDER / "token.json").read_bytes())
    report = verify_token(
        (FOLDER / "token.fhtoken").read_bytes(),
        headers,
        challenge=value["challenge"],
        response=value["response"],
    )
    assert report.stands
    assert {step.name: step.outcome for step in report.further} == {"theft": "passed", "ownership": "passed"}


if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        for name, data in generate(Path(temporary)).items():
            (FOLDER / name).write_bytes(data)
