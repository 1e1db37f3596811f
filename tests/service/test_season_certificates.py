"""Every craft's season has its certificates, issued by certifiers of their own and proven in its one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.service.demo import play

SEASONS = {"textile": ({"valid"}, 4 + 4 + 8), "jewellery": ({"valid", "not yet valid", "revoked"}, 1 + 3 + 6)}


@pytest.mark.parametrize("craft", SEASONS)
def test_a_seasons_certificates(craft: str, tmp_path: Path) -> None:
    standings, count = SEASONS[craft]
    played = play(craft, tmp_path / "workspace", lambda step: None)
    assert played.valid == played.bundles
    assert set(played.certificates) == standings
    issued = played.access.workspace.credentials.all()
    assert len(issued) == count
    assert len({one.issuer for one in issued}) == (1 if craft == "textile" else 3)
