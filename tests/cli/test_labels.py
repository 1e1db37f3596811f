"""`firsthand label` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from firsthand.cli.app import app
from firsthand.service.parties import add_party
from tests.made import LOT, event, new_access, record


def test_labels_from_the_command_line(tmp_path: Path) -> None:
    access = new_access(tmp_path / "ws")
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    record(access, maker, event(1), event(2))
    (tmp_path / "list.csv").write_text(f"item\n{LOT}/2\n")
    output = tmp_path / "labels.pdf"
    arguments = ["-C", str(tmp_path / "ws"), "label", f"{LOT}/1", "--list", str(tmp_path / "list.csv")]
    done = CliRunner().invoke(app, [*arguments, "-o", str(output), "--json"])
    assert done.exit_code == 0, done.output
    value = json.loads(done.stdout)
    assert value["files"] == [str(output)]
    assert [one["item"] for one in value["labels"]] == [f"{LOT}/1", f"{LOT}/2"]
    assert output.read_bytes().startswith(b"%PDF")
    again = CliRunner().invoke(app, [*arguments, "-o", str(output), "--json"])
    assert json.loads(again.stdout) == value
    text = CliRunner().invoke(app, [*arguments, "--format", "zpl", "-o", str(tmp_path / "a.zpl")])
    assert text.stdout == f"Wrote 2 labels to {tmp_path / 'a.zpl'}.\n"
