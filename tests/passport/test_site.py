"""A published site: paths that stay inside it, and a folder of somebody else's that stays as it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import NotFound, WorkspaceError
from firsthand.service.chain_access import ChainAccess
from firsthand.service.site import MARK, publish_site, site_path
from tests.passport.conftest import PIECE

OWN = "https://coop.example"


@given(st.text(st.sampled_from("ab./\\%20F\0?#:\u202e"), max_size=40))
def test_no_uri_leads_out_of_the_folder(rest: str) -> None:
    for uri in (f"{OWN}/id/{rest}", rest):
        path = site_path(uri, OWN)
        assert not path.is_absolute()
        assert not {"..", ".", ""} & set(path.parts)
        assert path.parts[0] in ("id", "passport")


def test_an_item_of_ours_lies_at_its_own_path() -> None:
    assert str(site_path(f"{OWN}/id/item/pack:S25%201", OWN)) == "id/item/pack:S25 1"
    assert site_path("https://id.gs1.org/01/09506000134352", OWN).parts[0] == "passport"


def test_a_folder_of_others_is_left_alone(hostile: ChainAccess, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter").write_text("x")
    with pytest.raises(WorkspaceError, match="no site"):
        publish_site(hostile, tmp_path / "mine", [PIECE], lambda *_: {}, {})
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["letter"]


def test_what_cannot_be_written_leaves_the_old_site(hostile: ChainAccess, tmp_path: Path) -> None:
    publish_site(hostile, tmp_path / "site", [PIECE], lambda *_: {}, {})
    with pytest.raises(NotFound):
        publish_site(hostile, tmp_path / "site", [f"{OWN}/id/item/none"], lambda *_: {}, {})
    assert (tmp_path / "site" / MARK).is_file()
    assert [one.name for one in tmp_path.iterdir()] == ["site"]
