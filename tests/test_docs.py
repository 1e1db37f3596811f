"""The documentation says what is there: every setting, command and measure, and no command that is not."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import typer.main
from bench.__main__ import MEASURES

from firsthand.cli.app import app
from firsthand.service.settings import Settings

PROJECT = Path(__file__).parent.parent


def commands() -> set[str]:
    found: set[str] = set()

    def walk(command: click.Command, path: str) -> None:
        children = getattr(command, "commands", None)
        if children:
            for name, child in children.items():
                walk(child, f"{path} {name}")
        else:
            found.add(path)

    walk(typer.main.get_command(app), "firsthand")
    return found


def test_every_command_is_documented_and_no_other() -> None:
    text = (PROJECT / "docs" / "commands.md").read_text()
    documented = set(re.findall(r"^\| `(firsthand [a-z -]+)` \|", text, re.MULTILINE))
    assert documented == commands()


def test_every_setting_is_documented_with_its_default() -> None:
    text = (PROJECT / "docs" / "configuration.md").read_text()
    settings = Settings()
    for group in settings.__struct_fields__[1:]:
        values = getattr(settings, group)
        for name in values.__struct_fields__:
            row = next((line for line in text.splitlines() if line.startswith(f"| `{group}.{name}`")), "")
            assert f"`FIRSTHAND_{group}__{name}`".upper() in row.upper(), (group, name)
            default = getattr(values, name)
            assert (f"`{default}`" if default else "empty") in row, (group, name)
    assert settings.uri in text


def test_every_measure_has_its_module() -> None:
    modules = {path.stem for path in (PROJECT / "bench").glob("*.py")} - {"__init__", "__main__"}
    assert set(MEASURES) <= modules


def test_the_readme_names_only_commands_that_exist() -> None:
    text = (PROJECT / "README.md").read_text()
    names = {name.split()[1] for name in commands()}
    for name in re.findall(r"firsthand (?:-C \S+ )?([a-z-]+)", text):
        assert name in names, name


def test_links_lead_somewhere() -> None:
    for path in [PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *(PROJECT / "docs").rglob("*.md")]:
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
            assert (path.parent / link).exists(), (path.name, link)


@pytest.mark.parametrize(("name", "least"), [("epcis-conformance.md", 40), ("resolver-conformance.md", 20)])
def test_a_conformance_table_names_tests_that_exist(name: str, least: int) -> None:
    text = (PROJECT / "docs" / name).read_text()
    files = {path.name: path.read_text() for path in (PROJECT / "tests").rglob("test_*.py")}
    named = re.findall(r"`(?:tests/\w+/)?(test_\w+\.py|…)(?:::(test_\w+))?", text)
    assert len(named) > least
    current = ""
    for file, test in named:
        current = current if file == "…" else file
        assert current in files, current
        assert not test or f"def {test}(" in files[current], (current, test)
