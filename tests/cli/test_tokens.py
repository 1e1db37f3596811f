"""The jewellery season by the installed command: from stones and silver to a ring that a stranger verifies.

The certified step stands for an assay office's credential: it is an event that names one.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from firsthand.chain.bearer import ALPHABET
from firsthand.cli import main
from tests.cli.test_commands import FIRSTHAND, Shell, document

BASE = "https://aurum.example/id"
RING = f"{BASE}/item/ring-7"
STONE, SILVER = f"{BASE}/item/sapphire-3", f"{BASE}/lot/silver-12"
FINGERPRINT: dict[str, Any] = {
    "weight": {"value": 4_210, "uom": "MGM"},
    "dimensions": [{"name": "inner diameter", "value": 17_350, "uom": "4H"}],
    "stones": [
        {
            "species": "sapphire",
            "kind": "natural",
            "weight": {"value": 204_000, "uom": "MC"},
            "treatment": "heated",
            "report": "GRS 2026-1",
        }
    ],
    "marks": ["AA", "925"],
}
# The smallest PNG: one grey pixel.
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63680000008200"
    "81dd436af40000000049454e44ae426082"
)


class Session(Shell):
    """Runs the same commands within this process, which imports what they need but once."""

    def run(self, *arguments: str, code: int = 0, **environ: str) -> str:
        output, errors = io.TextIOWrapper(io.BytesIO()), io.StringIO()
        with (
            patch.dict(os.environ, {**self.environ, **environ}, clear=True),
            patch.object(sys, "argv", [FIRSTHAND, *arguments]),
            patch.object(sys, "stdin", io.StringIO()),
            chdir(self.folder),
            redirect_stdout(output),
            redirect_stderr(errors),
        ):
            try:
                main()
                ended: object = 0
            except SystemExit as error:
                ended = error.code or 0
        output.flush()
        told = output.buffer.getvalue().decode()  # type: ignore[attr-defined]
        assert ended == code, (ended, told, errors.getvalue())
        return told if code == 0 else told + errors.getvalue()


def moment(day: int, **more: Any) -> dict[str, Any]:
    return {
        "eventTime": f"2026-04-{day:02d}T10:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        **more,
    }


def received() -> list[dict[str, Any]]:
    """Stones and silver in."""
    return [
        moment(1, type="ObjectEvent", action="ADD", bizStep="receiving", epcList=[STONE]),
        moment(
            1, type="ObjectEvent", action="ADD", bizStep="receiving",
            quantityList=[{"epcClass": SILVER, "quantity": 100, "uom": "GRM"}],
        ),
    ]  # fmt: skip


def made() -> dict[str, Any]:
    """The ring made of both."""
    return moment(
        9, type="TransformationEvent", bizStep="assembling", inputEPCList=[STONE],
        inputQuantityList=[{"epcClass": SILVER, "quantity": 4.5, "uom": "GRM"}], outputEPCList=[RING],
    )  # fmt: skip


def assayed(report: str) -> dict[str, Any]:
    """The ring assayed; the event names the report that `certify` has issued."""
    return moment(
        12, type="ObjectEvent", action="OBSERVE", bizStep="inspecting", disposition="conformant",
        epcList=[RING], certificationInfo=[report],
    )  # fmt: skip


def elements(**values: str) -> list[str]:
    return [text for name, value in values.items() for text in ("--set", f"{name}={value}")]


def certified(shell: Shell) -> str:
    """The gem report of the stone and the hallmark of the ring, issued and believed; the hallmark's ID."""
    gem = elements(
        reportNumber="G-1", gemLaboratory="Gem Lab", species="corundum", creation="natural",
        caratWeight="1.02 CTM", treatments="heating",
    )  # fmt: skip
    mark = elements(metal="silver", fineness="925", sponsorsMark="AA", assayOfficeMark="LEOPARD")
    issued = []
    for kind, of, by, day, said in (
        ("gemReport", STONE, "Gem Lab", 1, gem),
        ("hallmark", RING, "Assay", 11, mark),
    ):
        shell.run("certify", "trust", "add", kind, by, "--as", "Aurum")
        made = shell.json(
            "certify", "issue", "--as", by, "--profile", "jewellery", "--type", kind, "--of", of,
            "--from", f"2026-04-{day:02d}", "--until", "2036-01-01", *said,
        )  # fmt: skip
        issued.append(made["credentials"][0]["id"])
    return str(issued[-1])


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """A workshop that has made a ring and had it assayed."""
    shell = Session(tmp_path_factory.mktemp("season"))
    shell.run("init", "--uri", "https://aurum.example")
    shell.run("party", "add", "Aurum", "--role", "maker")
    shell.run("party", "add", "Assay", "--role", "certifier")
    shell.run("record", shell.write("in.json", document(*received())), "--as", "Aurum")
    shell.run("record", shell.write("made.json", document(made())), "--as", "Aurum")
    shell.run("party", "add", "Gem Lab", "--role", "certifier")
    report = certified(shell)
    shell.run("record", shell.write("assay.json", document(assayed(report))), "--as", "Assay")
    (shell.folder / "ring.png").write_bytes(PIXEL)
    order = {
        "piece": RING,
        "name": "Ring 7",
        "fingerprint": FINGERPRINT,
        "photographs": [{"file": "ring.png"}],
    }
    shell.write("ring.json", order)
    return shell


def headers(shell: Shell) -> None:
    done = subprocess.run(
        [FIRSTHAND, "export", "headers"], env=shell.environ, capture_output=True, check=True
    )
    (shell.folder / "headers.raw").write_bytes(done.stdout)


def lone(shell: Shell, tmp_path: Path, *names: str) -> Shell:
    """A machine without the workspace: only these files."""
    other = Session(tmp_path)
    other.environ["FIRSTHAND_HOME"] = "/nonexistent"
    for name in names:
        shutil.copy(shell.folder / name, tmp_path / name)
    return other


def test_the_jewellery_season(season: Shell, tmp_path: Path) -> None:
    shell = season
    minted = shell.json("token", "mint", "ring.json", "--as", "Aurum")
    assert minted["new"]
    assert shell.json("token", "mint", "ring.json", "--as", "Aurum") == {**minted, "new": False}
    sale = ("token", "sell", RING, "-o", "none.json", "--price")
    assert "an amount and a currency" in shell.run(*sale, "bananas", code=2)
    assert "no minus" in shell.run(*sale, "-5 EUR", code=2)
    sold = shell.json("token", "sell", RING, "--price", "1200.00 EUR", "--buyer", "Ann", "-o", "receipt.json")
    code = sold["code"]
    # The first owner scratches the label and claims it, to a code of her own.
    wrong = ALPHABET[ALPHABET.index(code[8]) ^ 1]
    for entered, told, status in ((code[:8] + wrong + code[9:], "at place 8", 2), (code[:20], "left out", 2)):
        said = shell.run("token", "claim", entered, code=status)
        assert told in said
        assert "Write it down" not in said
    claimed = shell.json("token", "claim", code, "--to", "new")
    said = shell.run("token", "claim", code, code=1)
    assert "used before" in said
    assert "Write it down" not in said
    # She resells it: the next owner claims it from her code.
    resold = shell.json("token", "claim", claimed["code"], "--to", "new")
    shell.run(
        "token", "resize", RING, "--as", "Aurum", "--fingerprint", shell.write("after.json", FINGERPRINT)
    )
    shell.run("anchor", "--wait")
    shell.run("token", "export", RING, "-o", "ring-7.fhtoken")
    headers(shell)

    stranger = lone(shell, tmp_path, "ring-7.fhtoken", "headers.raw", "receipt.json", "ring.png")
    installed = Shell(tmp_path)
    installed.environ = stranger.environ
    assert "VALID" in installed.run("token", "verify", "ring-7.fhtoken", "--headers", "headers.raw")
    report = stranger.json("token", "verify", "ring-7.fhtoken", "--headers", "headers.raw")
    assert (report["valid"], report["stands"], report["state"]) == (True, True, "live")
    assert [step["outcome"] for step in report["steps"]] == ["passed"] * 6
    assert len(report["path"]) == 4
    kinds = [item["event"].get("fh:pieceEvent") or item["event"]["bizStep"] for item in report["events"]]
    assert kinds == ["assembling", "inspecting", "mint", "sale", "claim", "claim", "resize"]
    assert report["certificate"]["photographs"] == [
        {"sha256": _base64(sha256(PIXEL).digest()), "mediaType": "image/png"}
    ]
    # Who owns it: the one whose key answers a challenge.
    line = stranger.json("token", "challenge", "ring-7.fhtoken", "--as", "Insurer Ltd")["challenge"]
    answer = shell.json("token", "respond", line, "--code", resold["code"])["response"]
    check = ("token", "verify", "ring-7.fhtoken", "--headers", "headers.raw")
    asked = (*check, "--challenge", line, "--receipt", "receipt.json", "--response")
    text = stranger.run(*asked, answer)
    for told in (
        "VALID: https://aurum.example/id/party/aurum certified",
        "holds the token's key",
        "sold for 1200.00 EUR",
        "seized",
        "sandbox",
    ):
        assert told in text, told
    former = shell.json("token", "respond", line, "--code", claimed["code"])["response"]
    assert "not signed by the key" in stranger.run(*asked, former, code=1)
    # The live source is asked by the workspace, and named.
    live = shell.run(*check, "--live", "workspace")
    assert "unspent, says the sandbox of this workspace at height" in live
    made = stranger.json("token", "pdf", *check[2:], "--photo", "ring.png", "-o", "ring-7.pdf")
    assert made["stands"]
    assert (tmp_path / "ring-7.pdf").read_bytes().startswith(b"%PDF-")
    # One changed byte, no headers, no token file.
    data = (tmp_path / "ring-7.fhtoken").read_bytes()
    stranger.write("changed", data.replace(b'"bizStep":"inspecting"', b'"bizStep":"destroying"'))
    assert "NOT VALID" in stranger.run("token", "verify", "changed", "--headers", "headers.raw", code=1)
    assert "NOT VALID" in stranger.run("token", "verify", "ring-7.fhtoken", code=1)
    stranger.run("token", "verify", "receipt.json", code=2)
    _certificates_stand(shell, stranger)
    _stolen_and_melted(shell, resold["code"])


def _certificates_stand(shell: Shell, stranger: Shell) -> None:
    """Who has only a file sees the stone's report and the hallmark, and later that one was revoked."""
    (hallmark,) = shell.json("certify", "list", "--of", RING)["certificates"]
    for name in ("ring.fhproof", "revoked.fhproof"):
        shell.run("prove", RING, STONE, "-o", name, "--with-certificates")
        headers(shell)
        for file in (name, "headers.raw"):
            shutil.copy(shell.folder / file, stranger.folder / file)
        told = stranger.json("verify", name, "--headers", "headers.raw")
        assert all(one["valid"] for one in told["bundles"])
        by_step = {
            one["event"]["bizStep"]: {each["type"]: each for each in one["certificates"]}
            for one in told["bundles"]
            if "bizStep" in one["event"]
        }
        assert "hallmark" in by_step["inspecting"]
        assert "gemReport" in by_step["receiving"]
        if name == "ring.fhproof":
            shell.run("certify", "revoke", hallmark["id"], "--as", "Assay")
            shell.run("anchor", "--wait")
    later = by_step["inspecting"]["hallmark"]["later"]
    assert later[-1].startswith("revoked since place")
    assert "REVOKED" in shell.run("certify", "check", hallmark["id"], code=1)


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def _stolen_and_melted(shell: Shell, code: str) -> None:
    assert "by the maker" in shell.run("token", "stolen", RING, "--as", "Assay", code=1)
    shell.run("token", "stolen", RING, "--as", "Assay", "--code", code)
    assert "REPORTED STOLEN by its holder" in shell.run("token", "history", RING)
    shell.run("token", "recovered", RING, "--as", "Assay", "--code", code)
    assert "REPORTED STOLEN" not in shell.run("token", "history", RING, "--live")
    shell.run("token", "melt", RING, "--code", code, "--yes")
    shell.run("anchor", "--wait")
    shell.run("token", "export", RING, "-o", "melted.fhtoken")
    headers(shell)
    told = shell.run("token", "verify", "melted.fhtoken", "--headers", "headers.raw", code=1)
    assert "THE TOKEN HAS ENDED" in told
    assert shell.json("token", "history", RING)["ended"]


def test_bad_orders_name_the_place(season: Shell) -> None:
    good = json.loads((season.folder / "ring.json").read_text())
    for name, content, told in (
        ("not json", b"{", "line 1"),
        ("a number", b"1", "expected an object"),
        ("nothing", b"[]", "no piece"),
        ("unknown", {**good, "price": 1}, "$.price"),
        ("no weight", {**good, "fingerprint": {}}, "fingerprint.weight"),
        (
            "grams",
            {**good, "fingerprint": {**FINGERPRINT, "weight": {"value": 4, "uom": "GRM"}}},
            "weight.uom",
        ),
        ("two", [good, good], "token batch"),
        ("stone", {**good, "fingerprint": {**FINGERPRINT, "stones": [{"species": "x"}]}}, "stones[0].kind"),
    ):
        file = season.write(f"{name}.json", content)
        assert told in season.run("token", "mint", file, "--as", "Aurum", code=2), name
    missing = {**good, "photographs": [{"file": "nowhere.png"}]}
    assert "nowhere.png" in season.run(
        "token", "mint", season.write("m.json", missing), "--as", "Aurum", code=2
    )
    assert "follows no token" in season.run("token", "transfer", "urn:x", "--to", "workspace", code=1)
