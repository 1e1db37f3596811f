"""Keys and proofs, by W3C's vectors; the keystore, by what could go wrong."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import secrets
import threading
from pathlib import Path
from typing import Any

import base58
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, NotFound, WorkspaceError, WrongPassphrase
from firsthand.identity.keys import SigningKey
from firsthand.identity.keystore import Keystore
from firsthand.identity.signing import secure
from firsthand.proof.canonical import canonical
from firsthand.proof.data_integrity import hash_data, verify_proof
from firsthand.proof.did_key import decode_did_key, encode_did_key

TIME = "2026-01-01T00:00:00Z"
DOCUMENT: dict[str, Any] = {"type": "Test", "n": 1.5, "list": [True, None, {"ü": "x"}]}


@pytest.fixture(scope="module")
def w3c(shared: Path) -> Path:
    return shared / "vc"


def w3c_key(folder: Path) -> SigningKey:
    pair = json.loads((folder / "keyPair.json").read_text())
    # Multicodec ed25519-priv is 0x1300: two bytes before the seed.
    return SigningKey("Ed25519", base58.b58decode(pair["privateKeyMultibase"][1:])[2:])


def test_each_step_of_the_w3c_vector(w3c: Path) -> None:
    key = w3c_key(w3c)
    unsigned = json.loads((w3c / "unsigned.json").read_text())
    options = json.loads((w3c / "proofConfigJCS.json").read_text())
    signed = json.loads((w3c / "signedJCS.json").read_text())
    assert json.loads((w3c / "keyPair.json").read_text())["publicKeyMultibase"] == key.did.removeprefix(
        "did:key:"
    )
    assert canonical(unsigned).decode() == (w3c / "canonDocJCS.txt").read_text().strip()
    assert canonical(options).decode() == (w3c / "proofCanonJCS.txt").read_text().strip()
    combined = hash_data(unsigned, options)
    assert combined[:32].hex() == (w3c / "proofHashJCS.txt").read_text().strip()
    assert combined[32:].hex() == (w3c / "docHashJCS.txt").read_text().strip()
    assert combined.hex() == (w3c / "combinedHashJCS.txt").read_text().strip()
    assert key.sign(combined).hex() == (w3c / "sigHexJCS.txt").read_text().strip()
    assert secure(unsigned, key, options["created"]) == signed
    assert verify_proof(signed).did == key.did


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_signed_documents_verify_and_keys_come_back(kind: Any) -> None:
    key = SigningKey.generate(kind, secrets.token_bytes)
    assert SigningKey.from_secret(key.to_secret()).did == key.did
    assert decode_did_key(key.did) == key.public
    assert verify_proof(secure(DOCUMENT, key, TIME)).did == key.did


KEYS = [SigningKey(kind, bytes(range(32))) for kind in ("Ed25519", "P-256")]  # type: ignore[arg-type]
SIGNED = {key.kind: canonical(secure(DOCUMENT, key, TIME)) for key in KEYS}


@settings(max_examples=600)
@given(st.sampled_from(KEYS), st.data())
def test_any_changed_byte_fails(key: SigningKey, data: st.DataObject) -> None:
    text = SIGNED[key.kind]
    at = data.draw(st.integers(0, len(text) - 1))
    byte = data.draw(st.integers(32, 126).filter(lambda value: value != text[at]))
    changed = text[:at] + bytes((byte,)) + text[at + 1 :]
    try:
        document = json.loads(changed)
    except ValueError:
        return
    if canonical(document) != text:
        with pytest.raises(InvalidInput):
            verify_proof(document if isinstance(document, dict) else {})


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("type", "Other"),
        ("cryptosuite", "eddsa-rdfc-2022"),
        ("cryptosuite", None),
        ("proofPurpose", "authentication"),
        ("created", "yesterday"),
        ("verificationMethod", "did:web:example.com#key"),
        ("verificationMethod", "did:key:zzz#zzz"),
        ("proofValue", "z"),
        ("proofValue", "u123"),
        ("challenge", "unchecked"),
        ("@context", ["https://example.com"]),
    ],
)
def test_malformed_proofs_name_the_member(key: SigningKey, member: str, value: object) -> None:
    document = copy.deepcopy(secure(DOCUMENT, key, TIME))
    document["proof"][member] = value
    with pytest.raises(InvalidInput):
        verify_proof(document)


def test_a_key_has_one_identifier() -> None:
    did = KEYS[0].did
    for other in (did + "1", did[:-1], did.replace("did:key:z", "did:key:z1"), did.upper(), did + "#x", ""):
        with pytest.raises(InvalidInput):
            decode_did_key(other)
    with pytest.raises(InvalidInput, match="no P-256 public key"):
        decode_did_key(encode_did_key("P-256", b"\x02" + b"\xff" * 32))


@given(st.text(max_size=80) | st.from_regex("did:key:z[1-9A-HJ-NP-Za-km-z]{0,60}", fullmatch=True))
def test_random_identifiers_raise_nothing_else(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        decode_did_key(text)


def test_secrets_come_back_only_by_the_passphrase(tmp_path: Path) -> None:
    store = Keystore.create(tmp_path / "keys.json", "correct horse")
    store.put("a", b"secret a")
    store.put("b", b"secret b")
    store.put("a", b"newer a")
    opened = Keystore.open(tmp_path / "keys.json", "correct horse")
    assert (opened.get("a"), opened.get("b"), opened.names()) == (b"newer a", b"secret b", ["a", "b"])
    with pytest.raises(WrongPassphrase, match="FIRSTHAND_PASSPHRASE"):
        Keystore.open(tmp_path / "keys.json", "wrong")
    opened.delete("b")
    with pytest.raises(NotFound):
        opened.get("b")
    assert b"newer a" not in (tmp_path / "keys.json").read_bytes()
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0
    with pytest.raises(WorkspaceError, match="never overwritten"):
        Keystore.create(tmp_path / "keys.json", "x")


def test_another_passphrase(tmp_path: Path) -> None:
    store = Keystore.create(tmp_path / "keys.json", "")
    assert Keystore.has_empty_passphrase(tmp_path / "keys.json")
    store.put("a", b"secret")
    store.change_passphrase("new")
    assert not Keystore.has_empty_passphrase(tmp_path / "keys.json")
    assert Keystore.open(tmp_path / "keys.json", "new").get("a") == b"secret"
    with pytest.raises(WrongPassphrase):
        Keystore.open(tmp_path / "keys.json", "")


def test_swapped_and_damaged_secrets_never_open(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    store = Keystore.create(path, "p")
    store.put("a", b"secret a")
    store.put("b", b"secret b")
    file = json.loads(path.read_text())
    file["secrets"]["a"], file["secrets"]["b"] = file["secrets"]["b"], file["secrets"]["a"]
    path.write_text(json.dumps(file))
    with pytest.raises(WorkspaceError, match="tampered"):
        Keystore.open(path, "p").get("a")
    for damage in (b"", b"{}", b"[]", path.read_bytes()[:-40]):
        path.write_bytes(damage)
        with pytest.raises(WorkspaceError):
            Keystore.open(path, "p")


def test_a_crash_while_writing_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Keystore.create(tmp_path / "keys.json", "p")
    store.put("a", b"1")

    def crash(*paths: object) -> None:
        raise OSError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", crash)
        with pytest.raises(OSError, match="disk"):
            store.put("a", b"2")
    assert Keystore.open(tmp_path / "keys.json", "p").get("a") == b"1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.lock"]


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    Keystore.create(tmp_path / "keys.json", "p")

    def work(number: int) -> None:
        store = Keystore.open(tmp_path / "keys.json", "p")
        for item in range(5):
            store.put(f"{number}-{item}", b"x")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(Keystore.open(tmp_path / "keys.json", "p").names()) == 20
