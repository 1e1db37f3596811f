"""The installed command, run as a person would: its output, its exit codes, and how it takes bad input."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from firsthand.chain.keys import address_script
from firsthand.chain.networks import NETWORKS
from firsthand.chain.sandbox import SandboxChain
from tests.made import event
from tests.web.live import free_port

FIRSTHAND = str(Path(sys.executable).with_name("firsthand"))


class Shell:
    """Runs `firsthand` in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith("FIRSTHAND_")},
            "FIRSTHAND_HOME": str(folder / "workspace"),
        }

    def run(self, *arguments: str, code: int = 0, **environ: str) -> str:
        done = subprocess.run(
            [FIRSTHAND, *arguments],
            cwd=self.folder,
            env={**self.environ, **environ},
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=120,
            check=False,
        )
        output, errors = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
        assert "Traceback" not in errors, errors
        assert done.returncode == code, (done.returncode, output, errors)
        return output if code == 0 else output + errors

    def json(self, *arguments: str, code: int = 0) -> Any:
        output = self.run(*arguments, "--json", code=code)
        return json.loads(output[: output.rindex("}") + 1])

    def write(self, name: str, content: Any) -> str:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        (self.folder / name).write_bytes(data)
        return name


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a cooperative and a maker, made once and copied."""
    shell = Shell(tmp_path_factory.mktemp("template"))
    shell.run("init", "--uri", "https://coop.example")
    shell.run("party", "add", "Coop", "--role", "cooperative")
    shell.run("party", "add", "Adela", "--role", "maker")
    return shell.folder / "workspace"


@pytest.fixture
def ready(shell: Shell, template: Path) -> Shell:
    shutil.copytree(template, shell.folder / "workspace")
    return shell


def document(*events: dict[str, Any]) -> dict[str, Any]:
    return {
        "@context": "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }


def test_the_whole_way(ready: Shell) -> None:
    file = ready.write("events.json", document(*[event(number) for number in range(20)]))
    recorded = ready.json("record", file, "--as", "Adela")
    (capture,) = recorded["files"][0]["captures"]
    assert (capture["place"], capture["new"], capture["events"]) == (2, True, 20)
    assert capture["receipt"]["place"] == 2
    again = ready.json("record", file, "--as", "Adela")
    assert again["files"][0]["captures"][0]["new"] is False
    assert ready.json("anchor", "--wait")["waiting"] == 0
    assert ready.json("anchor", "--wait")["anchor"] is None
    hashes = ready.run("event-hash", file).split()
    assert len(hashes) == 20
    ready.run("prove", hashes[7], "-o", "one.fhproof")
    ready.run("prove", *hashes, "-o", "all.fhproof")
    for what, name in (("headers", "headers.raw"), ("seals", "seals"), ("checkpoint", "checkpoint")):
        exported = subprocess.run(
            [FIRSTHAND, "export", what], cwd=ready.folder, env=ready.environ, capture_output=True, check=True
        )
        (ready.folder / name).write_bytes(exported.stdout)
    # Verification needs no workspace.
    lone = Shell(ready.folder)
    lone.environ["FIRSTHAND_HOME"] = "/nonexistent"
    report = lone.json(
        "verify", "one.fhproof", "--headers", "headers.raw", "--seals", "seals", "--since", "checkpoint"
    )
    assert report["valid"]
    assert [step["outcome"] for step in report["bundles"][0]["steps"]] == ["passed"] * 8
    further = {step["name"]: step["outcome"] for step in report["bundles"][0]["further"]}
    assert further.pop("confirmations") == "not checked"
    assert list(further.values()) == ["passed"] * 4
    assert "VALID: Adela stated this" in lone.run("verify", "all.fhproof", "--headers", "headers.raw")
    lone.run("verify", "one.fhproof", code=1)
    found = ready.json("status")
    assert (found["events"], found["parties"], found["anchored_entries"]) == (20, 2, 3)
    assert found["usd_per_event"] < 0.00011
    exported_events = json.loads(ready.run("export", "events"))
    assert [item["epcList"] for item in exported_events["epcisBody"]["eventList"]] == [
        event(number)["epcList"] for number in range(20)
    ]
    ready.write("exported.json", exported_events)
    assert ready.run("event-hash", "exported.json").split() == hashes
    assert ready.json("doctor")["findings"]


def test_a_changed_bundle_exits_1_and_an_unreadable_one_2(ready: Shell) -> None:
    ready.run("record", ready.write("e.json", document(event(1))), "--as", "Adela")
    ready.run("anchor", "--wait", "--publish")
    ready.run("prove", event(1)["epcList"][0], "-o", "p")
    headers = subprocess.run(
        [FIRSTHAND, "export", "headers"], env=ready.environ, capture_output=True, check=True
    )
    (ready.folder / "h").write_bytes(headers.stdout)
    line = (ready.folder / "p").read_bytes()
    ready.write("changed", line.replace(b"inspecting", b"destroying"))
    assert "NOT VALID" in ready.run("verify", "changed", "--headers", "h", code=1)
    for name, content in {
        "cut": line[:-100],
        "no newline": line[:-1],
        "text": b"hello\n",
        "empty": b"",
        "latin": b"\xff\xfe\n",
        "deep": b"[" * 100_000 + b"\n",
        "number": b"1\n",
        "missing": line.replace(b'"genesis"', b'"xenesis"'),
        "spaced": line.replace(b":", b": ", 1),
    }.items():
        ready.run("verify", ready.write(name, content), "--headers", "h", code=2)
    (ready.folder / "h2").write_bytes(headers.stdout[:-1])
    ready.run("verify", "p", "--headers", "h2", code=2)
    for missing in (("verify", "p", "--headers", "nowhere"), ("verify", "nowhere")):
        assert "firsthand: nowhere: there is no such file" in ready.run(*missing, code=2)
    assert "no such file" in ready.run("record", "nowhere", "--as", "Adela", code=2)
    empty = ready.run("verify", "p", "--headers", ready.write("empty", b""), code=2)
    assert "firsthand: empty: expected raw headers" in empty


BAD_FILES: dict[str, tuple[bytes, str]] = {
    "truncated": (json.dumps(document(event())).encode()[:-9], "line 1"),
    "not utf-8": (b'{"type": "\xff"}', "not UTF-8"),
    "doubled key": (b'{"type": "ObjectEvent", "type": "ObjectEvent"}', "'type' stands twice"),
    "nan": (b'{"type": NaN}', "not JSON"),
    "deep": (b'{"a":' * 5000 + b"1" + b"}" * 5000, "nested"),
    "huge number": (b'{"type": "ObjectEvent", "x": 1e999}', "number"),
    "big integer": (json.dumps({**event(), "@context": "ex:c", "ex:n": 2**60}).encode(), "ex:n"),
    "surrogate": (b'{"type": "\\ud800"}', "surrogate"),
    "empty": (b"", "line 1"),
    "a number": (b"1", "$"),
    "no events": (json.dumps(document()).encode(), "no events"),
    "wrong type": (json.dumps(document(event(epcList="x"))).encode(), "$.epcisBody.eventList[0].epcList"),
    "unknown type": (json.dumps(document(event(type="FooEvent"))).encode(), "eventList[0].type"),
    "no zone": (
        json.dumps(document(event(), event(eventTime="2026-01-01T00:00:00"))).encode(),
        "[1].eventTime",
    ),
    "header": (json.dumps({**document(event()), "schemaVersion": 2}).encode(), "$.schemaVersion"),
    "no list": (json.dumps({**document(), "epcisBody": {}}).encode(), "$.epcisBody.eventList"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_files_name_the_place_and_leave_nothing(ready: Shell, name: str) -> None:
    data, told = BAD_FILES[name]
    assert told in ready.run("record", ready.write("bad.json", data), "--as", "Adela", code=2)
    assert ready.json("status")["entries"] == 2


def test_a_batch_is_not_recorded_in_half(ready: Shell) -> None:
    events = [event(number) for number in range(30)]
    bad = document(*events, event(action="SEE"))
    assert "eventList[30].action" in ready.run(
        "record", ready.write("bad.json", bad), "--as", "Adela", "--batch", "10", code=2
    )
    assert ready.json("status")["events"] == 0
    good = ready.json("record", ready.write("good.json", document(*events)), "--as", "Adela", "--batch", "12")
    assert [capture["events"] for capture in good["files"][0]["captures"]] == [12, 12, 6]


def test_spreadsheets(ready: Shell, shared: Path) -> None:
    file = str(shared / "cqi" / "arabica_data_cleaned.csv")
    assert "--profile" in ready.run("record", file, "--as", "Adela", code=2)
    result = ready.json("record", file, "--as", "Adela", "--profile", "coffee", "--mapping", "cqi")
    (recorded,) = result["files"]
    assert recorded["events"] == 3 * 1311
    assert any("Altitude" in problem or "altitude" in problem for problem in recorded["problems"])
    ready.run("anchor", "--wait")
    lot = ready.run("export", "events").partition('"epcClass":"')[2].partition('"')[0]
    ready.run("prove", lot, "-o", "lot")
    headers = subprocess.run(
        [FIRSTHAND, "export", "headers"], env=ready.environ, capture_output=True, check=True
    )
    (ready.folder / "h").write_bytes(headers.stdout)
    assert len(ready.json("verify", "lot", "--headers", "h")["bundles"]) == 3
    ready.write("bad.csv", b"Lot,Lot\n1,2\n")
    ready.run("record", "bad.csv", "--as", "Adela", "--profile", "coffee", "--mapping", "cqi", code=2)
    ready.run("record", "bad.csv", "--as", "Adela", "--profile", "tea", "--mapping", "cqi", code=1)


def test_keys(ready: Shell) -> None:
    file = ready.write("e.json", document(event(1)))
    other = ready.write("f.json", document(event(2)))
    ready.run("record", file, "--as", "Adela")
    ready.run("key", "revoke", "Adela")
    assert "none" in ready.run("record", other, "--as", "Adela", code=1)
    assert "revoked" in ready.run("party", "list")
    ready.run("key", "rotate", "Adela", code=1)
    ready.run("key", "rotate", "Adela", "--lost")
    ready.run("record", other, "--as", "adela")
    assert len(ready.json("party", "list")["parties"]) == 2


def test_passphrase_and_settings(shell: Shell) -> None:
    shell.run("init", FIRSTHAND_PASSPHRASE="right")
    assert "passphrase" in shell.run("wallet", "address", code=1)
    assert "does not open" in shell.run("wallet", "address", code=1, FIRSTHAND_PASSPHRASE="wrong")
    assert shell.run("wallet", "address", FIRSTHAND_PASSPHRASE="right").startswith("S")
    assert "names no setting" in shell.run("status", code=1, FIRSTHAND_CHAIN__COLOUR="red")
    assert "expected" in shell.run("status", code=1, FIRSTHAND_FINALITY__FINAL="many").lower()
    assert "already" in shell.run("init", code=1, FIRSTHAND_PASSPHRASE="x")
    assert "no Firsthand workspace" in shell.run("-C", "elsewhere", "status", code=1)
    assert "needs a passphrase" in shell.run(
        "-C", "real", "init", "--network", "mainnet", "--url", "https://x", code=1
    )
    shell.run("init", "--network", "moon", code=2)


def test_credentials_go_to_the_keystore(shell: Shell) -> None:
    url = "http://user:hidden@127.0.0.1:9"
    shell.run("init", "--network", "regtest", "--broadcaster", "node", "--url", url)
    for path in (shell.folder / "workspace").iterdir():
        assert b"hidden" not in path.read_bytes()
    assert shell.json("wallet", "address")["address"][0] in "mn"
    file = shell.write("e.json", document(event(1)))
    shell.run("party", "add", "Adela", "--role", "maker")
    shell.run("record", file, "--as", "Adela")
    assert "does not answer" in shell.run("anchor", code=1)
    assert "WRONG" in shell.run("doctor", code=1)
    shell.run("wallet", "receive", "zz", code=2)
    shell.run("wallet", "receive", "00" * 32 + ":0", code=1)


def test_a_coin_is_taken_in_once(ready: Shell) -> None:
    chain = SandboxChain(ready.folder / "workspace" / "sandbox.db")
    address = ready.json("wallet", "address")["address"]
    outpoint = chain.fund(address_script(address, NETWORKS["sandbox"]), 777)
    before = ready.json("wallet", "balance")["available"]
    ready.run("wallet", "receive", str(outpoint))
    assert ready.json("wallet", "balance")["available"] == before + 777
    assert "already" in ready.run("wallet", "receive", str(outpoint), code=2)
    stranger = chain.fund(b"\x51", 5)
    assert "pays nothing" in ready.run("wallet", "receive", str(stranger), code=2)
    raw = chain.transaction(outpoint.txid)
    assert raw is not None
    assert "already" in ready.run("wallet", "receive", raw.hex(), code=2)


def test_arc_over_http_is_the_same_path(ready: Shell) -> None:
    """A second workspace anchors through the first one's sandbox, and verifies by the headers it serves."""
    port = free_port()
    server = subprocess.Popen(
        [FIRSTHAND, "sandbox", "serve", "--port", str(port)], env=ready.environ, stderr=subprocess.DEVNULL
    )
    try:
        url = f"http://127.0.0.1:{port}"
        other = Shell(ready.folder)
        other.environ["FIRSTHAND_HOME"] = str(ready.folder / "other")
        other.run("init", "--broadcaster", "arc", "--url", url)
        other.run("party", "add", "Bela", "--role", "maker")
        other.run("record", other.write("e.json", document(event(1))), "--as", "Bela")
        chain = SandboxChain(ready.folder / "workspace" / "sandbox.db")
        address = other.json("wallet", "address")["address"]
        outpoint = chain.fund(address_script(address, NETWORKS["sandbox"]), 5000)
        raw = chain.transaction(outpoint.txid)
        assert raw is not None
        other.run("wallet", "receive", raw.hex())
        for _ in range(50):
            if (
                "does not answer"
                not in subprocess.run(
                    [FIRSTHAND, "doctor"], env=other.environ, capture_output=True, text=True, check=False
                ).stdout
            ):
                break
            time.sleep(0.2)
        assert other.json("anchor", "--wait", "--timeout", "60")["waiting"] == 0
        other.run("prove", event(1)["epcList"][0], "-o", "p")
        assert "VALID" in other.run("verify", "p", "--headers", url)
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(10)


def test_every_command_has_help_with_an_example(shell: Shell) -> None:
    def commands(*path: str) -> list[tuple[str, ...]]:
        text = shell.run(*path, "--help")
        listed = re.search(r"Commands:\n((?:  .*\n)+)", text)
        if not listed:
            assert "Example:" in text, path
            assert not re.search(r"\S.*Example:", text), text
            return [path]
        names = [line.split()[0] for line in listed[1].splitlines() if re.match(r"  \S", line)]
        return [found for name in names for found in commands(*path, name)]

    found = commands()
    assert len(found) >= 18


def test_kill_9_in_the_middle_of_recording(ready: Shell) -> None:
    file = ready.write("many.json", document(*[event(number) for number in range(20_000)]))
    for delay in (0.6, 1.2, 1.8):
        process = subprocess.Popen(
            [FIRSTHAND, "record", file, "--as", "Adela"], cwd=ready.folder, env=ready.environ
        )
        time.sleep(delay)
        process.kill()
        process.wait()
        assert ready.json("status")["events"] in (0, 20_000)
    ready.run("record", file, "--as", "Adela")
    assert ready.json("status")["events"] == 20_000
