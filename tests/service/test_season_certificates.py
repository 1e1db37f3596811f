"""Every craft's season has its certificates, issued by certifiers of their own and proven in its one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.service.balance import balance
from firsthand.service.demo import play

SEASONS = {
    "coffee": ({"valid", "revoked"}, 8 + 5 + 1, 1),
    "textile": ({"valid"}, 4 + 4 + 8, 1),
    "jewellery": ({"valid", "not yet valid", "revoked"}, 1 + 3 + 6, 3),
}


@pytest.mark.parametrize("craft", SEASONS)
def test_a_seasons_certificates(craft: str, tmp_path: Path) -> None:
    standings, count, issuers = SEASONS[craft]
    played = play(craft, tmp_path / "workspace", lambda step: None)
    assert played.valid == played.bundles
    assert set(played.certificates) == standings
    issued = played.access.workspace.credentials.all()
    assert len(issued) == count
    assert len({one.issuer for one in issued}) == issuers
    # An honest season stays within what its certificates allow.
    assert balance(played.access.workspace).findings == []
