"""Header chains: real mainnet headers pass, any changed one fails, the most work wins."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from bitcoinx import BitcoinRegtest, Headers
from bitcoinx import bits_to_target as reference
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.chain.headers import HEADERS_METADATA, HeaderStore, check_headers
from firsthand.chain.networks import NETWORKS, SANDBOX_GENESIS_MESSAGE
from firsthand.chain.sandbox import SandboxChain
from firsthand.errors import InvalidInput, NotFound, WrongNetwork
from firsthand.proof.headers import bits_to_target, header_work, parse_header
from firsthand.proof.transaction import double_sha256
from tests.made import new_engine

MAINNET = NETWORKS["mainnet"]


@pytest.fixture(scope="module")
def early(shared: Path) -> bytes:
    return (shared / "bsv" / "mainnet-headers-2016.raw").read_bytes()


@pytest.fixture(scope="module")
def late(shared: Path) -> bytes:
    return (shared / "bsv" / "mainnet-headers-900000.raw").read_bytes()


def test_real_headers_pass_from_the_genesis_and_from_the_shipped_start(early: bytes, late: bytes) -> None:
    assert check_headers(early, MAINNET).tip_height == len(early) // 80 - 1 == 2016
    view = check_headers(late, MAINNET)
    assert (view.start, view.tip_height) == (900_000, 916_817)
    assert view.hash_at(910_000) == MAINNET.pins[910_000]
    assert view.hash_at(899_999) is None


def test_any_changed_header_fails(early: bytes, late: bytes) -> None:
    draw = random.Random(2)
    for raw, span in ((early, len(early)), (late[: 80 * 1000], 80 * 1000)):
        for _ in range(40):
            at = draw.randrange(span)
            changed = raw[:at] + bytes((raw[at] ^ (1 << draw.randrange(8)),)) + raw[at + 1 : span]
            with pytest.raises((InvalidInput, WrongNetwork)):
                check_headers(changed, MAINNET)


def test_a_start_that_no_pin_binds_is_refused(late: bytes) -> None:
    with pytest.raises(InvalidInput, match="must reach block 900200"):
        check_headers(late[: 80 * 150], MAINNET)
    with pytest.raises(WrongNetwork):
        check_headers(late[80:], MAINNET)


@pytest.mark.parametrize("raw", [b"", b"x" * 79, bytes(80), bytes(160)])
def test_what_is_no_header_chain(raw: bytes) -> None:
    with pytest.raises((InvalidInput, WrongNetwork)):
        check_headers(raw, MAINNET)


def test_the_sandbox_genesis_is_its_own() -> None:
    genesis = NETWORKS["sandbox"].genesis
    assert genesis.merkle_root == double_sha256(SANDBOX_GENESIS_MESSAGE)
    assert int.from_bytes(genesis.hash, "little") <= bits_to_target(genesis.bits)
    assert len({network.genesis.hash for network in NETWORKS.values()}) == 4
    for name in NETWORKS:
        if name != "sandbox":
            with pytest.raises(WrongNetwork):
                check_headers(genesis.raw, NETWORKS[name])


@given(st.integers(0, 0xFFFFFFFF))
def test_targets_equal_the_reference(bits: int) -> None:
    try:
        expected = reference(bits)
    except ValueError:
        return
    if bits:
        assert bits_to_target(bits) == expected
        assert header_work(bits) == (1 << 256) // (expected + 1)


class Copy:
    """A header source that says what it was given."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def tip(self) -> tuple[int, bytes]:
        return len(self.raw) // 80 - 1, parse_header(self.raw[-80:]).hash

    def headers(self, start: int, count: int) -> bytes:
        return self.raw[start * 80 : (start + count) * 80]


def store(folder: Path, network: str = "sandbox") -> HeaderStore:
    engine = new_engine(folder / "headers.db", HEADERS_METADATA)
    return HeaderStore(engine, NETWORKS[network])


def snapshot(chain: SandboxChain) -> bytes:
    return chain.headers(0, 10_000)


def test_the_branch_with_the_most_work_wins_and_says_what_left(tmp_path: Path) -> None:
    chain = SandboxChain(tmp_path / "chain.db")
    headers = store(tmp_path)
    chain.mine(10)
    first = snapshot(chain)
    assert headers.sync(Copy(first)) is None
    chain.reorganise(4)
    second = snapshot(chain)
    reorg = headers.sync(Copy(second))
    assert reorg is not None
    assert reorg.height == 6
    assert reorg.left == tuple(parse_header(first[at * 80 : at * 80 + 80]).hash for at in (10, 9, 8, 7))
    assert b"".join(headers.raw_chain()) == second
    # The old branch, longer by now, wins back; a shorter one never does.
    assert headers.sync(Copy(first)) is None
    assert b"".join(headers.raw_chain()) == second
    longer = SandboxChain(tmp_path / "chain.db")
    longer.mine(3)
    assert headers.sync(Copy(snapshot(longer))) is None
    assert headers.tip_height == 14


def test_headers_that_break_a_rule_leave_the_store_as_it_was(tmp_path: Path) -> None:
    chain = SandboxChain(tmp_path / "chain.db")
    chain.mine(20)
    raw = snapshot(chain)
    headers = store(tmp_path)
    headers.sync(Copy(raw[: 80 * 11]))
    broken = raw[: 80 * 15 + 40] + b"\xff" + raw[80 * 15 + 41 :]
    with pytest.raises(InvalidInput):
        headers.sync(Copy(broken))
    assert headers.tip_height == 10
    with pytest.raises(NotFound):
        headers.add(raw[80 * 15 :])
    with pytest.raises((InvalidInput, NotFound)):
        headers.add(bytes(80))
    headers.sync(Copy(raw))
    assert b"".join(headers.raw_chain()) == raw


def test_headers_of_another_network_are_refused(tmp_path: Path, early: bytes) -> None:
    with pytest.raises((NotFound, WrongNetwork, InvalidInput)):
        store(tmp_path).sync(Copy(early))


def test_real_headers_through_the_store(tmp_path: Path, early: bytes) -> None:
    """From the genesis, as testnet's rules are not mainnet's, by a network that starts there."""
    engine = new_engine(tmp_path / "headers.db", HEADERS_METADATA)
    headers = HeaderStore(engine, replace(MAINNET, start=0))
    headers.sync(Copy(early))
    assert headers.tip_height == 2016
    assert b"".join(headers.raw_chain()) == early


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5))
def test_equals_the_reference_store(tmp_path_factory: pytest.TempPathFactory, depths: list[int]) -> None:
    folder = tmp_path_factory.mktemp("oracle")
    chain = SandboxChain(folder / "chain.db")
    headers = store(folder)
    genesis = NETWORKS["sandbox"].genesis.raw
    network = type("Sandbox", (), {**vars(BitcoinRegtest), "genesis_header": genesis, "name": "sandbox"})
    reference = Headers(network)
    chain.mine(6)
    for depth in depths:
        raw = snapshot(chain)
        headers.sync(Copy(raw))
        reference.connect_many(raw, check_work=True)
        best = reference.longest_chain()
        assert headers.tip() == (best.height, best.tip().hash)
        chain.reorganise(depth)
