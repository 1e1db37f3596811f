"""What goes in and out at the command line: mapping, recording, EUDR plots, the audit, filtered events."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.cli.test_commands import Shell, document
from tests.service.test_eudr_check import collection, feature, point
from tests.service.test_eudr_export import AREA, BASE, POINT, harvest, milling, plot


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shell = Shell(tmp_path_factory.mktemp("made"))
    shell.run("init", "--uri", "https://coop.example")
    shell.run("party", "add", "Coop", "--role", "cooperative")
    return shell.folder / "workspace"


@pytest.fixture
def shell(tmp_path: Path, made: Path) -> Shell:
    shutil.copytree(made, tmp_path / "workspace")
    return Shell(tmp_path)


def intake(path: Path) -> Path:
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in (
        ["Entregas de cereza"],
        [],
        ["Recibo Nº", "Código socio", "Nombre", "Fecha", "Parcela", "Peso neto (kg)", "Precio (USD/kg)"],
        ["R-1", "S01", "Persona Muestra", "13/10/2025", "P1", "50,5", "0,62"],
        ["R-2", "S02", "Persona Muestra", "14/10/2025", "P1", "51,5", "0,62"],
        ["TOTAL", "", "", "", "", "102", ""],
    ):
        book.active.append(line)
    book.save(path)
    return path


def test_a_sheet_is_mapped_recorded_and_known_again(shell: Shell) -> None:
    intake(shell.folder / "entregas.xlsx")
    lone = Shell(shell.folder)
    lone.environ["FIRSTHAND_HOME"] = "/nonexistent"
    text = lone.run("map", "entregas.xlsx", "-o", "own.toml")
    assert "cherryWeight" in text
    assert "https://example.org/id/lot/delivery:R-1 50.5 KGM" in text
    assert "Nombre: who somebody is" in text
    found = lone.json("map", "entregas.xlsx")
    assert found["rows"][0]["events"][0]["fh:step"] == "harvest"
    assert {"field": "farmerNumber", "column": "Código socio"}.items() <= found["fields"][1].items()
    arguments = ("record", "entregas.xlsx", "--as", "Coop", "--profile", "coffee", "--mapping", "./own.toml")
    (first,) = shell.json(*arguments)["files"]
    assert (first["events"], first["known_rows"]) == (4, [])
    assert "recorded before and left out: Sheet!4:5" in shell.run(*arguments)


def test_errors_are_marked(shell: Shell) -> None:
    path = intake(shell.folder / "entregas.xlsx")
    shell.run("map", "entregas.xlsx", "-o", "own.toml")
    book = openpyxl.load_workbook(path)
    book.active["F4"] = "mucho"
    book.save(path)
    arguments = ("record", "entregas.xlsx", "--as", "Coop", "--profile", "coffee", "--mapping", "./own.toml")
    said = shell.run(*arguments, "--mark", "marked.xlsx", code=2)
    assert "Sheet!F4" in said
    assert openpyxl.load_workbook(shell.folder / "marked.xlsx").active["F4"].comment
    assert "goes with one file" in shell.run(*arguments, "entregas.xlsx", "--mark", "m.xlsx", code=2)


@pytest.fixture
def season(shell: Shell) -> Shell:
    shell.write("plots.json", document(plot("p1", **POINT), plot("p2", **AREA)))
    lots = [harvest("a", "p1"), harvest("b", "p2"), harvest("c", "p3")]
    mixed = [milling({"a": 50, "b": 50}, "green", 20), milling({"c": 50}, "other", 10)]
    shell.write("lots.json", document(*lots, *mixed))
    shell.run("record", "plots.json", "lots.json", "--as", "Coop", "--no-seal-defaults", code=0) if _seals(
        shell
    ) else shell.run("record", "plots.json", "lots.json", "--as", "Coop")
    return shell


def _seals(shell: Shell) -> bool:
    return "--no-seal-defaults" in shell.run("record", "--help", COLUMNS="200")


def test_plots_go_out_and_pass_the_check(season: Shell) -> None:
    found = season.json("export", "eudr", f"{BASE}/lot/green", "-o", "green.geojson")
    assert [one["country"] for one in found["plots"]] == ["KE", "KE"]
    assert found["refused"] == []
    assert "valid, 2 plots" in season.run("eudr", "check", "green.geojson")
    said = season.run("export", "eudr", "-o", "all.geojson", code=1)
    assert f"refused: {BASE}/lot/other: no plot was recorded at {BASE}/place/p3" in said
    assert not (season.folder / "all.geojson").exists()
    season.run("export", "eudr", "-o", "all.geojson", "--skip-refused")
    assert len(json.loads((season.folder / "all.geojson").read_bytes())["features"]) == 2


def test_the_check_needs_no_workspace_and_says_what_is_wrong(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    shell.write("good.geojson", collection(feature(point())).encode())
    shell.write("bad.geojson", collection(feature(point(), Area=9)).encode())
    shell.write("cut.geojson", b"{")
    assert "good.geojson: valid, 1 plots" in shell.run("eudr", "check", "good.geojson")
    assert "[point-over-4-ha]" in shell.run("eudr", "check", "good.geojson", "bad.geojson", code=1)
    report = shell.json("eudr", "check", "good.geojson", "bad.geojson", "cut.geojson", code=2)
    assert [one["valid"] for one in report["files"]] == [True, False, False]
    shell.run("eudr", "check", "missing.geojson", code=1)


def test_the_audit_and_the_filtered_events(season: Shell) -> None:
    found = season.json("export", "audit", "-o", "audit.xlsx")
    assert (found["events"], found["lots"]) == (7, 5)
    assert openpyxl.load_workbook(season.folder / "audit.xlsx").sheetnames[1] == "Lots"
    assert len(_events(season.run("export", "events"))) == 7
    assert len(_events(season.run("export", "events", "--lot", f"{BASE}/lot/a"))) == 2
    assert len(_events(season.run("export", "events", "--party", "Coop", "--since", "2025-10-09"))) == 2
    assert "yesterday" in season.run("export", "events", "--since", "yesterday", code=2)
    assert "nobody" in season.run("export", "events", "--party", "nobody", code=1)


def _events(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)["epcisBody"]["eventList"]
    return found


@pytest.mark.skipif(os.name != "posix", reason="a folder that cannot be written needs POSIX modes")
def test_what_cannot_be_written_is_said_so(season: Shell) -> None:
    for command in (("export", "audit"), ("export", "eudr", f"{BASE}/lot/green")):
        assert "cannot write" in season.run(*command, "-o", "missing/folder/x.xlsx", code=1)
