"""A small workspace with hostile texts in it, published, and its passports."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.publish import publish
from tests.made import new_access, record

PIECE = "https://coop.example/id/item/shawl:1"
LOT = "https://coop.example/id/lot/fibre:1"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
TURNED = "\u202egro.live\u202c"


def hostile_workspace(folder: Path) -> ChainAccess:
    """A maker whose every text is an attack, and a buyer who confirms."""
    access = new_access(folder)
    maker = add_party(access.workspace, HOSTILE[:60], ("maker",)).party
    made = {
        "type": "ObjectEvent",
        "eventTime": "2026-03-01T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "ADD",
        "bizStep": "commissioning",
        "readPoint": {"id": f"https://coop.example/id/place/{'%3Cscript%3Ealert(3)%3C%2Fscript%3E'}"},
        "fh:profile": "coffee",
        "fh:step": "harvest",
        "fh:claims": ["<b>organic</b>"],
        "epcList": [PIECE],
        "ilmd": {
            "fh:variety": HOSTILE,
            "fh:region": TURNED,
            "fh:altitude": {"fh:value": 1500, "fh:uom": "MTR"},
        },
        "certificationInfo": ["javascript:alert(4)"],
    }
    named = {**made, "epcList": ["javascript:alert(5)"], "ilmd": {}}
    record(access, maker, made, named)
    anchor(access)
    publish(access)
    wait_until_mined(access, timeout=60)
    return access


@pytest.fixture(scope="session")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> ChainAccess:
    return hostile_workspace(tmp_path_factory.mktemp("hostile") / "workspace")
