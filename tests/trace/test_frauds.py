"""The example seasons have no findings; each planted fraud has its own, and no other error."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest

from firsthand.profiles import profile_names
from firsthand.service.balance import Balanced, balance
from firsthand.service.parties import add_party
from firsthand.service.record import record_file
from firsthand.service.setup import initialise
from firsthand.service.workspace import Workspace

SEASONS = Path(__file__).parents[2] / "examples"


def season_workspace(name: str, folder: Path) -> tuple[Workspace, dict[str, Any]]:
    """A workspace in which a season was recorded, without a chain."""
    season = SEASONS / f"{name}-season"
    plan = tomllib.loads((season / "season.toml").read_text())
    workspace = initialise(
        folder,
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri=plan["base"],
        passphrase="",
        database="",
    )
    for party in plan["parties"]:
        add_party(workspace, party["name"], (party["role"],), uri=party["uri"])
    for file in plan["files"]:
        record_file(
            workspace,
            season / file["path"],
            file["signed_by"],
            profile=plan["profile"],
            mapping=file.get("mapping"),
        )
    return workspace, plan


@pytest.fixture(scope="module", params=profile_names())
def season(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("season") / "workspace"
    season_workspace(request.param, folder)
    return request.param, folder


def test_a_season_balances(season: tuple[str, Path]) -> None:
    found = balance(Workspace.open(season[1], lambda: ""))
    assert found.events > 20
    assert [(one.kind, one.text) for one in found.findings if one.severity != "info"] == []


def test_each_fraud_is_found_and_no_other(season: tuple[str, Path], tmp_path: Path) -> None:
    name, folder = season
    frauds = SEASONS / f"{name}-season" / "frauds"
    missed = []
    for number, fraud in enumerate(tomllib.loads((frauds / "frauds.toml").read_text())["frauds"]):
        copy = tmp_path / str(number)
        shutil.copytree(folder, copy)
        workspace = Workspace.open(copy, lambda: "")
        end = workspace.journal.size()
        for file in fraud["files"]:
            record_file(workspace, frauds / file["path"], file["signed_by"])
        found = balance(workspace)
        if not _explains(found, fraud, workspace, end):
            missed.append((fraud["finding"], [(one.severity, one.kind, one.text) for one in found.findings]))
    assert missed == []


def _explains(found: Balanced, fraud: dict[str, Any], workspace: Workspace, end: int) -> bool:
    """Whether the findings are of the fraud's kind, and name its events."""
    (first,) = [entry.first_event for entry in workspace.journal.entries(end, end + 1)]
    told = [one for one in found.findings if one.severity != "info"]
    return {one.kind for one in told} == {fraud["finding"]} and all(
        any(number >= first for number in one.events) for one in told
    )
