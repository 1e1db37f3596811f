"""Sealed fields from the command line, in this process: record, disclose, verify, consent, erase."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from firsthand.cli import main
from firsthand.service.parties import add_party
from tests.made import LOT, event, new_access


class Here:
    """Runs `firsthand` in this process, on a workspace with a cooperative and a maker."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys
        workspace = new_access(folder / "workspace").workspace
        add_party(workspace, "Coop", ("cooperative",))
        add_party(workspace, "Adela", ("maker",))
        workspace.engine.dispose()
        monkeypatch.chdir(folder)
        monkeypatch.setenv("FIRSTHAND_PASSPHRASE", "")

    def run(self, *arguments: str, code: int = 0) -> str:
        self._monkeypatch.setattr(sys, "argv", ["firsthand", "-C", "workspace", *arguments])
        ended = 0
        try:
            main()
        except SystemExit as end:
            ended = int(end.code or 0)
        output, errors = self._capsys.readouterr()
        assert ended == code, (ended, output, errors)
        return output + (errors if code else "")

    def json(self, *arguments: str, code: int = 0) -> Any:
        output = self.run(*arguments, "--json", code=code)
        return json.loads(output[: output.rindex("}") + 1])

    def write(self, name: str, content: Any) -> str:
        (self.folder / name).write_text(json.dumps(content))
        return name


@pytest.fixture
def ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(tmp_path, monkeypatch, capsys)


WAGE = {"fh:value": 2.718281, "fh:currency": "KES"}


def recorded(ready: Here, *options: str) -> str:
    harvest = event(
        1,
        **{
            "@context": {"fh": "https://firsthand.example/ns/"},
            "fh:pickerWage": WAGE,
            "fh:buyer": "Sample Buyer",
        },
    )
    name = ready.write("harvest.json", harvest)
    ready.run("record", name, "--as", "Adela", *options)
    ready.run("anchor", "--wait")
    return f"{LOT}/1"


def verified(ready: Here, name: str) -> Any:
    (bundle,) = ready.json("verify", name, code=1)["bundles"]
    assert [step["outcome"] for step in bundle["steps"][:7]] == ["passed"] * 7
    return bundle


def test_a_sealed_wage_is_disclosed_withdrawn_and_erased(ready: Here) -> None:
    lot = recorded(ready, "--profile", "coffee", "--seal", "$.fh:buyer")
    out = ready.json("disclose", lot, "fh:pickerWage", "--to", "Coop", "--for", "audit", "-o", "wage.fhproof")
    (place,) = out["consents"]
    bundle = verified(ready, "wage.fhproof")
    assert bundle["disclosed"] == [{"path": "$.fh:pickerWage", "value": WAGE}]
    assert bundle["undisclosed"] == 1
    shown = ready.run("verify", "wage.fhproof", code=1)
    assert '$.fh:pickerWage = {"fh:currency":"KES","fh:value":2.718281}' in shown
    assert "1 not disclosed" in shown
    (one,) = ready.json("consent", "list", "--party", "Adela")["consents"]
    assert (one["place"], one["for"], one["state"], one["fields"]) == (
        place,
        "audit",
        "in force",
        ["$.fh:pickerWage"],
    )
    ready.run("consent", "withdraw", str(place))
    assert "withdrawn" in ready.run("consent", "list")


def test_a_sealed_wage_is_erased(ready: Here) -> None:
    lot = recorded(ready, "--profile", "coffee", "--seal", "$.fh:buyer")
    assert "--yes" in ready.run("erase", lot, code=2)
    assert ready.json("erase", lot, "fh:pickerWage", "--yes")["erased"] == 1
    ready.run("prove", lot, "-o", "after.fhproof")
    assert verified(ready, "after.fhproof")["undisclosed"] == 2
    missing = ready.run("disclose", lot, "fh:pickerWage", "--public", "-o", "no", code=1)
    assert "it has $.fh:buyer" in missing
    assert not (ready.folder / "no").exists()
    assert ready.json("erase", "--party", "Adela", "--yes")["erased"] == 1
    assert "no sealed value" in ready.run("erase", "--party", "Adela", "--yes", code=1)


def test_the_doctor_looks_for_the_keys_of_sealed_values(ready: Here) -> None:
    def found(code: int = 0) -> dict[str, Any]:
        return {one["check"]: one for one in ready.json("doctor", code=code)["findings"]}

    assert "keys of sealed fields" not in found()
    lot = recorded(ready, "--profile", "coffee", "--seal", "$.fh:buyer")
    assert "2 sealed values 0 are erased, 0 have no key" in found()["keys of sealed fields"]["detail"]
    ready.run("erase", lot, "fh:pickerWage", "--yes")
    assert "1 are erased, 0 have no key" in found()["keys of sealed fields"]["detail"]
    (keys,) = ready.folder.rglob("sealing-keys.db")
    keys.chmod(0o644)
    assert found(1)["their file's mode"]["ok"] is False
    keys.rename(keys.with_name("away"))
    lost = found(1)["keys of sealed fields"]
    assert lost["ok"] is False
    assert "1 have no key" in lost["detail"]
    assert "backup" in lost["mend"]


def test_nothing_is_sealed_when_that_is_asked_for(ready: Here) -> None:
    lot = recorded(ready, "--profile", "coffee", "--no-seal-defaults")
    ready.run("prove", lot, "-o", "open.fhproof")
    assert verified(ready, "open.fhproof")["event"]["fh:pickerWage"] == WAGE


def test_commands_that_do_not_say_enough(ready: Here) -> None:
    for arguments in (
        ("disclose", "x", "fh:a", "-o", "o"),
        ("disclose", "x", "fh:a", "-o", "o", "--to", "Coop", "--public"),
        ("erase",),
        ("erase", "x", "--party", "Adela"),
        ("record", "harvest.json", "--as", "Adela", "--coarse", "x"),
        ("record", "harvest.json", "--as", "Adela", "--coarse", "x=9"),
    ):
        ready.run(*arguments, code=2)
