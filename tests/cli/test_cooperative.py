"""A clerk's day at the command line: members, intake by pipe and at a terminal, correction, payment."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from firsthand.cli.app import app
from firsthand.errors import FirsthandError


class Desk:
    """Runs commands on one workspace, in this process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def run(self, *arguments: str, typed: str | None = None, code: int = 0) -> Any:
        done = CliRunner().invoke(app, ["-C", str(self.folder), *arguments], input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        assert done.exit_code == code, done.output
        return done

    def json(self, *arguments: str, typed: str | None = None, code: int = 0) -> Any:
        return json.loads(self.run(*arguments, "--json", typed=typed, code=code).stdout)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    made = Desk(tmp_path_factory.mktemp("desk") / "coop")
    os.environ["FIRSTHAND_PASSPHRASE"] = ""
    made.run("init", "--uri", "https://coop.example")
    made.run("party", "add", "Sample Hills Cooperative", "--role", "cooperative")
    made.run("account", "season", "2025-26", "--currency", "usd")
    for number in ("17", "18"):
        made.run("member", "add", number, "--name", f"Sample Farmer {number}", "--plot", "Alta")
    return made


def test_lines_from_a_pipe_are_taken_one_by_one(desk: Desk) -> None:
    typed = "17 48.5 0.5\n17 48.5 0.5\n=17 48,5 0.5\n99 10\n18 thirty\n18 30 0.5 0.7 1.25\n\n17 5\n"
    done = desk.run("intake", "--price", "0.62", "--date", "2026-03-01", typed=typed, code=1)
    assert done.stdout.count("Sample Hills Cooperative") == 3
    assert "number 1" in done.stderr
    assert re.search(r"^! line 4, \"99 10\": .*no member '99'", done.stderr, re.MULTILINE)
    assert "gross: expected a number" in done.stderr
    assert "3 lines were not taken" in done.stderr
    listed = desk.json("delivery", "list")["deliveries"]
    assert [(one["member"], one["net"], one["amount"], one["deduction"]) for one in listed] == [
        ("17", "48.0", "29.76", "0.00"),
        ("17", "48.0", "29.76", "0.00"),
        ("18", "29.5", "20.65", "1.25"),
    ]


def test_the_day_goes_on(desk: Desk, tmp_path: Path) -> None:
    (taken,) = desk.json("intake", "17", "10", "--price", "1", "--date", "2026-03-02")["deliveries"]
    assert (taken["net"], taken["place"] > 0, len(taken["code"])) == ("10", True, 20)
    (doubled,) = desk.json("intake", "=17", "10", "--price", "1", "--date", "2026-03-02")["deliveries"]
    desk.run("delivery", "reverse", str(doubled["number"]), "--reason", "it was the same")
    again = desk.json("delivery", "receipt", str(taken["number"]))
    assert {**again, "reason": ""} == taken
    assert desk.json("delivery", "acknowledge", taken["scanned"])["delivery"] == taken["number"]
    undone = desk.json("delivery", "reverse", str(taken["number"]), "--reason", "slip", "--instead", "17 11")
    assert undone["instead"][0]["net"] == "11"
    desk.run("member", "link", "17")
    assert desk.json("member", "countersign", "17")["events"] == 6
    card = desk.json("delivery", "card", "18", "--codes", "2", "--pdf", str(tmp_path / "card.pdf"))
    assert len(card["codes"]) == 2
    desk.run("account", "post", "17", "advance", "20", "--reference", "voucher 88")
    statement = desk.json("account", "statement", "17")
    assert statement["balance"] == "50.52"
    assert statement["totals"] == {"advance": "-20.00", "delivery": "70.52"}
    total = desk.json("account", "second-payment", "--rate", "0.1", "--dry-run")["total"]
    assert total == desk.json("account", "second-payment", "--rate", "0.1")["total"] == "13.65"
    bank = tmp_path / "bank.csv"
    assert desk.json("account", "pay", "--reference", "A", "-o", str(bank))["payments"] == 2
    written = bank.read_bytes()
    desk.run("account", "pay", "--reference", "A", "--again", "-o", str(bank))
    assert bank.read_bytes() == written
    desk.run("anchor", "--wait")
    states = desk.json("status", "--by-member")["members"]
    assert [(one["number"], one["balance"]) for one in states] == [
        ("17", {"USD": "0.00"}),
        ("18", {"USD": "0.00"}),
    ]
    lot = desk.json("delivery", "list")["deliveries"][0]["lot"]
    of_lot = desk.json("status", "--by-member", "--lot", lot)["members"]
    assert sorted(str(one["share"]) for one in of_lot) == ["0", "1"]
    proof, headers = tmp_path / "17.fhaccount", tmp_path / "headers.raw"
    desk.run("account", "prove", "17", "-o", str(proof))
    assert desk.json("account", "verify", str(proof), code=1)["valid"] is False
    headers.write_bytes(desk.run("export", "headers").stdout_bytes)
    report = desk.json("account", "verify", str(proof), "--headers", str(headers))
    assert report["valid"]
    assert report["issuers"] == ["Sample Hills Cooperative"]
    assert all(re.fullmatch(r"-?\d+\.\d\d", one["amount"]) for one in report["entries"])


@pytest.mark.parametrize(
    "arguments",
    [
        ("member", "add", "17", "--name", "Again"),
        ("member", "show", "404"),
        ("member", "merge", "17", "17"),
        ("member", "import", "missing.csv"),
        ("intake", "17", "5"),
        ("intake", "--csv", "missing.csv", "--price", "1"),
        ("intake", "17", "5", "--price", "1", "--profile", "nothing"),
        ("intake", "17", "5", "--price", "1", "--season", "1999"),
        ("delivery", "receipt", "404"),
        ("delivery", "acknowledge", "WRONG"),
        ("delivery", "reverse", "404", "--reason", "x"),
        ("account", "post", "17", "dues", "1.005"),
        ("account", "reverse", "404", "--reason", "x"),
        ("account", "season", "2025-26", "--currency", "USD"),
        ("account", "verify", "missing"),
    ],
)
def test_what_cannot_be_is_an_error_and_changes_nothing(desk: Desk, arguments: tuple[str, ...]) -> None:
    before = desk.json("status")["entries"]
    with pytest.raises(FirsthandError):
        desk.run(*arguments)
    assert desk.json("status")["entries"] == before


def test_at_a_terminal_it_asks(desk: Desk) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "firsthand", "-C", str(desk.folder), "intake", "--price", "0.5"]
    with subprocess.Popen(
        [*command, "--date", "2026-03-09"], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs
    ) as process:
        os.close(theirs)
        seen = b""
        end = time.monotonic() + 90
        while b"MEMBER GROSS" not in seen and time.monotonic() < end:
            seen += os.read(ours, 1000)
        os.write(ours, b"17 12.5\n\n")
        output, _ = process.communicate(timeout=90)
    os.close(ours)
    assert process.returncode == 0
    assert "6.25 USD" in output.decode()


def test_an_added_member_of_one_name_and_telephone_is_pointed_out(desk: Desk) -> None:
    person = ("--name", "Ana Invento", "--phone")
    assert desk.run("member", "add", "31", *person, "+51 900 000 031").stderr == ""
    told = desk.run("member", "add", "32", *person, "+51900000031").stderr
    assert "member merge 32 31" in told


def test_a_claim_that_nobody_knows_is_said_so(desk: Desk) -> None:
    assert "no craft knows it" in desk.run("balance", "--claim", "nonsense").stderr
    assert "knows it" not in desk.run("balance", "--claim", "organic").stderr
