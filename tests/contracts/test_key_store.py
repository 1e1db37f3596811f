"""The contract of every store of sealing keys."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from firsthand.errors import NotFound, WorkspaceError
from firsthand.identity.key_stores import FileKeyStore, key_store
from firsthand.identity.keystore import Keystore
from firsthand.identity.sealing_keys import SealingKeys, field_box, field_salt, open_box

ONE, TWO = b"1" * 16, b"2" * 16


@pytest.fixture(params=["file", "postgresql"])
def setting(request: pytest.FixtureRequest) -> str:
    return "keys.db" if request.param == "file" else str(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore.create(tmp_path / "keystore.json", "")


@pytest.fixture
def keys(tmp_path: Path, setting: str, keystore: Keystore) -> SealingKeys:
    return SealingKeys(key_store(setting, tmp_path), keystore)


def test_a_secret_is_found_until_it_is_erased(keys: SealingKeys) -> None:
    with pytest.raises(NotFound):
        keys.secret(ONE, 0)
    keys.erase(ONE)
    secret = keys.new(ONE)
    assert keys.secret(ONE, 0) == secret
    with pytest.raises(NotFound):
        keys.secret(ONE, 1)
    keys.erase(ONE)
    with pytest.raises(NotFound, match="erased"):
        keys.secret(ONE, 0)


def test_the_same_event_has_the_same_keys_until_one_is_erased(keys: SealingKeys) -> None:
    first, other = keys.of_events([(b"event", 3), (b"other", 1)])
    assert keys.of_events([(b"event", 3)]) == [first]
    assert len({*first.secrets, *other.secrets}) == 4
    keys.erase(first.id, [1])
    assert keys.secret(first.id, 0) == first.secrets[0]
    with pytest.raises(NotFound):
        keys.secret(first.id, 1)
    (again,) = keys.of_events([(b"event", 3)])
    assert again.id != first.id
    keys.erase(first.id, [0, 2])
    with pytest.raises(NotFound):
        keys.secret(first.id, 2)
    assert keys.secret(other.id, 0) == other.secrets[0]


def test_two_writers_agree(keys: SealingKeys) -> None:
    found: list[bytes] = []

    def ask() -> None:
        found.extend(one.secrets[0] for one in keys.of_events([(b"same", 1), (b"same", 1)]))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(found), len(set(found))) == (16, 1)


def test_it_opens_with_its_own_keystore_alone(
    tmp_path: Path, setting: str, keystore: Keystore, keys: SealingKeys
) -> None:
    secret = keys.new(ONE)
    assert SealingKeys(key_store(setting, tmp_path), keystore).secret(ONE, 0) == secret
    other = Keystore.create(tmp_path / "other.json", "")
    with pytest.raises(WorkspaceError, match="do not belong together"):
        SealingKeys(key_store(setting, tmp_path), other).secret(ONE, 0)


def test_the_file_is_its_owners_and_holds_no_secret(tmp_path: Path, keystore: Keystore) -> None:
    path = tmp_path / "keys.db"
    keys = SealingKeys(FileKeyStore(path), keystore)
    assert not path.exists()
    secret = keys.new(ONE)
    keys.new(TWO)
    assert path.stat().st_mode & 0o777 == 0o600
    assert secret not in path.read_bytes()
    with sqlite3.connect(path) as connection:
        (box,) = connection.execute("SELECT box FROM event_key WHERE id = ?", (ONE,)).fetchone()
    assert box in path.read_bytes()
    keys.erase(ONE)
    assert box not in path.read_bytes()
    assert [one.name for one in tmp_path.iterdir() if one.name.startswith("keys.")] == ["keys.db"]
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 40)
    with pytest.raises(WorkspaceError, match="cannot be used"):
        keys.secret(TWO, 0)


def test_a_database_that_cannot_be_had_is_named_without_its_password(
    tmp_path: Path, keystore: Keystore
) -> None:
    keys = SealingKeys(key_store("postgresql://who:secret@127.0.0.1:1/keys", tmp_path), keystore)
    with pytest.raises(WorkspaceError, match=r"127\.0\.0\.1:1/keys") as caught:
        keys.new(ONE)
    assert "secret" not in str(caught.value)


def test_boxes_are_bound_to_their_digests() -> None:
    secret = bytes(32)
    box = field_box(secret, b"value", b"digest")
    assert open_box(secret, box, b"digest") == b"value"
    changed = box[:-1] + bytes((box[-1] ^ 1,))
    for wrong in ((secret, box, b"other"), (b"x" * 32, box, b"digest"), (secret, changed, b"digest")):
        with pytest.raises(WorkspaceError, match="tampered"):
            open_box(*wrong)
    assert len(field_salt(secret)) == 16
    assert field_salt(secret) != field_salt(b"x" * 32)
