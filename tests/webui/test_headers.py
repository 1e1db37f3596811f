"""Headers files in the browser's verifier: the same ones are taken and refused as by chain/headers.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import FirsthandError
from tests.made import Proven
from tests.webui.conftest import Ask


def taken(raw: bytes) -> bool:
    for network in NETWORKS.values():
        try:
            check_headers(raw, network)
        except FirsthandError:
            continue
        return True
    return False


def agreed(ask: Ask, files: list[bytes]) -> list[bool]:
    theirs = ["refused" not in one for one in ask([(raw, None, None, None) for raw in files], mode="headers")]
    assert theirs == [taken(raw) for raw in files]
    return theirs


def flip(raw: bytes, at: int) -> bytes:
    return raw[:at] + bytes((raw[at] ^ 1,)) + raw[at + 1 :]


def test_sandbox_headers(ask: Ask, proven: Proven) -> None:
    raw = proven.headers.raw
    files = [
        *(raw, raw[:80], raw[:160], b"", raw[:79], raw + raw[:80], raw[80:], raw[:80] + raw[160:]),
        *(flip(raw, at) for at in range(len(raw))),
    ]
    found = agreed(ask, files)
    assert found[:3] == [True] * 3
    assert not any(found[3:8])


@pytest.mark.slow
def test_mainnet_headers_from_the_pinned_start(ask: Ask, shared: Path) -> None:
    raw = (shared / "bsv" / "mainnet-headers-900000.raw").read_bytes()
    count = len(raw) // 80
    (told,) = ask([(raw, None, None, None)], mode="headers")
    assert told == {"network": "mainnet", "start": 900_000, "tipHeight": 900_000 + count - 1}
    # The 144-block rule is the one that refuses another difficulty: a header whose bits are its neighbour's.
    files = [
        raw[: 80 * 201],
        raw[: 80 * 200],
        flip(raw[: 80 * 300], 80 * 250 + 72),
        flip(raw[: 80 * 300], 80 * 250),
    ]
    assert agreed(ask, files) == [True, False, False, False]
