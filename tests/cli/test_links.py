"""`firsthand link` at the command line, in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.test_sealed import Here
from tests.made import event

LOT = "https://id.gs1.org/01/04012345111118/10/A7"


def test_links_are_added_listed_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here = Here(tmp_path, monkeypatch, capsys)
    add = ("link", "add", "https://shop.example/gtin/4012345111118/lot/A7", "https://adela.example/bag")
    told = ("--title", "About it", "--language", "en", "--default")
    assert "may not set links" in here.run(*add, "--as", "Adela", *told, code=1)
    here.run("record", here.write("events.json", [event(epcList=[LOT])]), "--as", "Adela")
    made = here.json(*add, "--as", "Adela", *told)
    assert (made["item"], made["linkType"]) == (LOT, "https://ref.gs1.org/voc/pip")
    assert here.json("link", "list", LOT) == {"links": [made]}
    assert "https://adela.example/bag  default" in here.run("link", "list")
    assert "may not set links" in here.run("link", "remove", made["id"], "--as", "Coop", code=1)
    here.run("link", "remove", made["id"], "--as", "Adela")
    assert here.json("link", "list") == {"links": []}
