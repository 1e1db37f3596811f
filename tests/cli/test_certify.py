"""`firsthand certify` as the command line takes it, run in this process: it is called some sixty times."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from firsthand.cli import main
from firsthand.cli.session import set_folder
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_headers
from firsthand.service.workspace import Workspace
from tests.made import LOT, event

SET = (
    *("--set", "certificateNumber=SO-1", "--set", "standard=EU 2018/848"),
    *("--set", "certifiedProducts=cherry"),
)


class Shell:
    """Runs `firsthand` on a workspace of its own, in this process."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capture = capture

    def other(self) -> Shell:
        """One in another folder."""
        folder = self.folder / "other"
        folder.mkdir()
        return Shell(folder, self._monkeypatch, self._capture)

    def run(self, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.chdir(self.folder)
        self._monkeypatch.setattr(sys, "argv", ["firsthand", "-C", "workspace", *arguments])
        try:
            main()
            ended: Any = 0
        except SystemExit as error:
            ended = error.code or 0
        finally:
            set_folder(Path())
        output, errors = self._capture.readouterr()
        assert ended == code, (ended, output, errors)
        return output if code == 0 else output + errors

    def json(self, *arguments: str, code: int = 0) -> Any:
        output = self.run(*arguments, "--json", code=code)
        return json.loads(output[: output.rindex("}") + 1])

    def write(self, name: str, content: Any) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (self.folder / name).write_bytes(data)
        return name


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    one = Shell(tmp_path, monkeypatch, capsys)
    # A local name: no status list of it is ever asked for over a network.
    one.run("init", "--uri", "https://localhost")
    one.run("party", "add", "Coop", "--role", "cooperative")
    one.run("party", "add", "Control", "--role", "certifier")
    one.run("party", "add", "Adela", "--role", "maker")
    return one


def test_the_life_of_a_certificate(shell: Shell) -> None:
    issue = (
        "certify",
        "issue",
        "--as",
        "Control",
        "--profile",
        "coffee",
        "--type",
        "organic",
        "--of",
        "Adela",
    )
    made = shell.json(*issue, *SET, "--from", "2026-01-01", "--until", "2026-12-31")
    name = made["credentials"][0]["id"].rpartition("/")[2]
    assert made["receipt"]["place"] == made["place"]
    unknown = shell.json("certify", "check", name, "--at", "2026-06-01", code=1)
    assert unknown["standing"] == "unrecognised issuer"
    trusted = shell.json("certify", "trust", "add", "organic", "Control")
    assert trusted["schemes"]["organic"][0]["name"] == "Control"
    assert shell.json("certify", "check", name, "--at", "2026-06-01")["standing"] == "valid"
    assert shell.json("certify", "check", name, "--at", "2027-06-01", code=1)["standing"] == "expired"
    assert "VALID" in shell.run("certify", "check", name, "--at", "2026-06-01")
    events = shell.write("events.json", [event(1)])
    shell.run("record", events, "--as", "Adela")
    shell.run("certify", "suspend", name, "--as", "Control")
    assert "SUSPENDED" in shell.run("certify", "check", name, "--at", "2026-06-01", code=1)
    shell.run("certify", "reinstate", name, "--as", "Control")
    shell.run("certify", "revoke", name, "--as", "Control")
    listed = shell.json("certify", "list", "--of", "Adela", "--at", "2026-06-01")
    assert [one["standing"] for one in listed["certificates"]] == ["revoked"]
    shell.run("anchor", "--wait")
    proved = shell.json("prove", f"{LOT}/1", "-o", "lot.fhproof", "--with-certificates")
    assert (proved["bundles"], proved["certificates"]) == (1, 1)
    access = ChainAccess(Workspace.open(shell.folder / "workspace", str))
    (shell.folder / "headers.raw").write_bytes(b"".join(export_headers(access)))
    verified = shell.json("verify", "lot.fhproof", "--headers", "headers.raw")
    (standing,) = verified["bundles"][0]["certificates"]
    assert standing["standing"] == "valid"
    assert standing["later"][-1].startswith("revoked since place")
    assert verified["certificates"][0]["proven"]
    checked = shell.json("certify", "check", "lot.fhproof", "--headers", "headers.raw")
    assert checked["counts"]
    nobody = shell.write("trust.json", {})
    text = shell.run("verify", "lot.fhproof", "--headers", "headers.raw", "--trust", nobody)
    assert "UNRECOGNISED ISSUER" in text
    shell.run("certify", "prove", name, "-o", "one.fhproof", "--dated", "--event", f"{LOT}/1")
    now = shell.json("certify", "check", "one.fhproof", "--headers", "headers.raw", code=1)
    assert now["standings"][0]["standing"] == "revoked"
    told = shell.run("verify", "one.fhproof", "--headers", "headers.raw")
    assert "REVOKED" in told
    assert "the revocation at place" in told
    shown = shell.json("certify", "show", name)
    assert shown["issuer"] == "https://localhost/id/party/control"


def test_credentials_come_and_go_as_files(shell: Shell) -> None:
    requests = [
        {
            "type": "organic",
            "subject": f"https://localhost/id/party/{number}",
            "elements": {"certificateNumber": "1", "standard": "EU", "certifiedProducts": ["cherry"]},
        }
        for number in range(3)
    ]
    file = shell.write("season.json", requests)
    issue = ("certify", "issue", "--as", "Control", "--profile", "coffee")
    made = shell.json(*issue, "--file", file)
    assert len(made["credentials"]) == 3
    other = shell.other()
    other.run("init", "--uri", "https://roaster.example")
    other.run("party", "add", "Roaster", "--role", "roaster")
    foreign = other.write("certificate.json", made["credentials"][0])
    brought = other.json("certify", "import", foreign, "--as", "Roaster")
    assert brought["new"]
    assert brought["lists"][0]["problem"]
    key = made["credentials"][0]["proof"]["verificationMethod"].partition("#")[0]
    other.run("certify", "trust", "add", "organic", "https://localhost/id/party/control", "--key", key)
    found = other.json("certify", "check", brought["id"], code=1)
    assert found["standing"] == "unknown"
    assert "localhost" in other.run("certify", "refresh", "--as", "Roaster", code=1)
    other.run("certify", "trust", "remove", "organic", "https://localhost/id/party/control")
    assert other.json("certify", "trust", "list")["version"] == 1


def test_bad_input_is_named(shell: Shell) -> None:
    issue = ("certify", "issue", "--as", "Control", "--profile", "coffee")
    for arguments, said in (
        ((*issue, "--type", "halal", "--of", "Adela"), "no such certificate"),
        ((*issue, "--type", "organic", "--of", "Adela"), "certificateNumber"),
        ((*issue, "--type", "organic"), "--of"),
        ((*issue, "--type", "organic", "--of", "Adela", "--set", "number"), "NAME=VALUE"),
        ((*issue, "--file", shell.write("no.json", b"[1]")), "JSON list"),
        (("certify", "import", shell.write("x.json", b"{}"), "--as", "Coop"), "@context"),
        (("certify", "check", shell.write("y.json", b"{}\n")), "line 1"),
        (("certify", "trust", "add", "organic", "nobody"), "URI"),
    ):
        assert said in shell.run(*arguments, code=2), arguments
    assert "no credential" in shell.run("certify", "revoke", "abc", "--as", "Control", code=1)
    wrong = ("certify", "issue", "--as", "Adela", "--profile", "coffee", "--type", "organic", "--of", "Adela")
    assert "is no certifier" in shell.run(*wrong, *SET, code=1)
    assert shell.json("certify", "list") == {"certificates": []}
