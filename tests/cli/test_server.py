"""`serve`, `apikey`, `upgrade` and `reindex` at the command line."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from firsthand.service.schema import HEAD


def run(folder: Path, *arguments: str, passphrase: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "firsthand", "-C", str(folder), *arguments]
    environ = {**os.environ, "FIRSTHAND_PASSPHRASE": passphrase}
    return subprocess.run(command, capture_output=True, text=True, env=environ, timeout=60)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    assert run(folder, "init").returncode == 0
    assert run(folder, "party", "add", "Adela", "--role", "maker").returncode == 0
    return folder


def test_a_key_from_making_to_revoking(workspace: Path) -> None:
    made = json.loads(
        run(
            workspace,
            "apikey",
            "create",
            "--party",
            "Adela",
            "--scope",
            "capture,read",
            "--expires",
            "90d",
            "--json",
        ).stdout
    )
    assert made["token"].startswith(f"fh_{made['id']}_")
    (listed,) = json.loads(run(workspace, "apikey", "list", "--json").stdout)["keys"]
    assert listed["scopes"] == ["capture", "read"]
    assert "token" not in listed
    assert run(workspace, "apikey", "revoke", made["id"]).returncode == 0
    assert "revoked" in run(workspace, "apikey", "list").stdout
    assert json.loads(run(workspace, "apikey", "audit", "--json").stdout) == {"requests": []}
    for wrong in (["create", "--party", "Nobody"], ["revoke", "nothing"], ["create", "--scope", "read"]):
        refused = run(workspace, "apikey", *wrong)
        assert refused.returncode in (1, 2)
        assert refused.stderr.startswith("firsthand: ")


def test_serve_says_at_once_what_is_wrong(workspace: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run(workspace, "serve", "--port", str(taken.getsockname()[1]))
    assert refused.returncode == 1
    assert "Address already in use" in refused.stderr
    assert "Serving" not in refused.stderr
    assert "no Firsthand workspace" in run(tmp_path, "serve").stderr
    secret = tmp_path / "secret"
    assert run(secret, "init", passphrase="right").returncode == 0
    assert "does not open with this passphrase" in run(secret, "serve", passphrase="wrong").stderr


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_says_where_once_it_answers_there(workspace: Path, workers: str) -> None:
    command = [sys.executable, "-m", "firsthand", "-C", str(workspace), "serve", "--port", "0"]
    environ = {**os.environ, "FIRSTHAND_PASSPHRASE": ""}
    process = subprocess.Popen(
        [*command, "--workers", workers], stderr=subprocess.PIPE, text=True, env=environ
    )
    try:
        assert process.stderr is not None
        said = next(line for line in process.stderr if line.startswith("Serving "))
        found = re.search(r" at (http://127\.0\.0\.1:[1-9]\d*) ", said)
        assert found is not None, said
        assert httpx.get(f"{found[1]}/readyz").status_code == 200, "no second attempt is needed"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
        rest = process.stderr.read() if process.stderr is not None else ""
    assert "Serving" not in rest, "it is said once"


def test_a_database_that_cannot_be_had_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    refused = run(folder, "init", "--database", "postgresql://coop:secret@127.0.0.1:1/coop")
    assert refused.returncode == 1
    assert "secret" not in refused.stderr
    assert list(folder.iterdir()) == []
    assert run(folder, "init").returncode == 0


def test_a_workspace_in_postgresql(tmp_path: Path, postgresql_url: str) -> None:
    folder = tmp_path / "coop"
    assert run(folder, "init", "--database", postgresql_url).returncode == 0
    assert "postgresql://postgres@/" in (folder / "firsthand.toml").read_text()
    assert run(folder, "party", "add", "Adela", "--role", "maker").returncode == 0
    assert json.loads(run(folder, "status", "--json").stdout)["parties"] == 1
    assert run(folder, "doctor").returncode == 0
    assert json.loads(run(folder, "reindex", "--json").stdout) == {"events": 0}
    assert json.loads(run(folder, "upgrade", "--json").stdout)["before"] == HEAD
    again = run(tmp_path / "other", "init", "--database", postgresql_url)
    assert again.returncode == 1
    assert "holds tables already" in again.stderr
