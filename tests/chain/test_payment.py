"""Splits lose no satoshi; derived keys are those of BRC-42 and BRC-29."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS
from firsthand.chain.payment import (
    Derivation,
    child_public,
    child_secret,
    find_outputs,
    locking_script,
    offset,
    own_key,
    public_key,
    split,
)
from firsthand.errors import InvalidInput
from firsthand.proof.transaction import Transaction, TxOutput

SANDBOX = NETWORKS["sandbox"]

# BRC-42, "Test Vectors" (bitcoin-sv/BRCs, key-derivation/0042.md): for the recipient's private key …
PRIVATE = [
    (
        "6a1751169c111b4667a6539ee1be6b7cd9f6e9c8fe011a5f2fe31e03a15e0ede",
        "033f9160df035156f1c48e75eae99914fa1a1546bec19781e8eddb900200bff9d1",
        "f3WCaUmnN9U=",
        "761656715bbfa172f8f9f58f5af95d9d0dfd69014cfdcacc9a245a10ff8893ef",
    ),
    (
        "cab2500e206f31bc18a8af9d6f44f0b9a208c32d5cca2b22acfe9d1a213b2f36",
        "027775fa43959548497eb510541ac34b01d5ee9ea768de74244a4a25f7b60fae8d",
        "2Ska++APzEc=",
        "09f2b48bd75f4da6429ac70b5dce863d5ed2b350b6f2119af5626914bdb7c276",
    ),
    (
        "7a66d0896f2c4c2c9ac55670c71a9bc1bdbdfb4e8786ee5137cea1d0a05b6f20",
        "0338d2e0d12ba645578b0955026ee7554889ae4c530bd7a3b6f688233d763e169f",
        "cN/yQ7+k7pg=",
        "7114cd9afd1eade02f76703cc976c241246a2f26f5c4b7a3a0150ecc745da9f0",
    ),
    (
        "6e8c3da5f2fb0306a88d6bcd427cbfba0b9c7f4c930c43122a973d620ffa3036",
        "02830212a32a47e68b98d477000bde08cb916f4d44ef49d47ccd4918d9aaabe9c8",
        "m2/QAsmwaA4=",
        "f1d6fb05da1225feeddd1cf4100128afe09c3c1aadbffbd5c8bd10d329ef8f40",
    ),
    (
        "e9d174eff5708a0a41b32624f9b9cc97ef08f8931ed188ee58d5390cad2bf68e",
        "03f20a7e71c4b276753969e8b7e8b67e2dbafc3958d66ecba98dedc60a6615336d",
        "jgpUIjWFlVQ=",
        "c5677c533f17c30f79a40744b18085632b262c0c13d87f3848c385f1389f79a6",
    ),
]
# … and for the recipient's public key.
PUBLIC = [
    (
        "583755110a8c059de5cd81b8a04e1be884c46083ade3f779c1e022f6f89da94c",
        "02c0c1e1a1f7d247827d1bcf399f0ef2deef7695c322fd91a01a91378f101b6ffc",
        "IBioA4D/OaE=",
        "03c1bf5baadee39721ae8c9882b3cf324f0bf3b9eb3fc1b8af8089ca7a7c2e669f",
    ),
    (
        "2c378b43d887d72200639890c11d79e8f22728d032a5733ba3d7be623d1bb118",
        "039a9da906ecb8ced5c87971e9c2e7c921e66ad450fd4fc0a7d569fdb5bede8e0f",
        "PWYuo9PDKvI=",
        "0398cdf4b56a3b2e106224ff3be5253afd5b72de735d647831be51c713c9077848",
    ),
    (
        "d5a5f70b373ce164998dff7ecd93260d7e80356d3d10abf928fb267f0a6c7be6",
        "02745623f4e5de046b6ab59ce837efa1a959a8f28286ce9154a4781ec033b85029",
        "X9pnS+bByrM=",
        "0273eec9380c1a11c5a905e86c2d036e70cbefd8991d9a0cfca671f5e0bbea4a3c",
    ),
    (
        "46cd68165fd5d12d2d6519b02feb3f4d9c083109de1bfaa2b5c4836ba717523c",
        "031e18bb0bbd3162b886007c55214c3c952bb2ae6c33dd06f57d891a60976003b1",
        "+ktmYRHv3uQ=",
        "034c5c6bf2e52e8de8b2eb75883090ed7d1db234270907f1b0d1c2de1ddee5005d",
    ),
    (
        "7c98b8abd7967485cfb7437f9c56dd1e48ceb21a4085b8cdeb2a647f62012db4",
        "03c8885f1e1ab4facd0f3272bb7a48b003d2e608e1619fb38b8be69336ab828f37",
        "PPfDTTcl1ao=",
        "03304b41cfa726096ffd9d8907fe0835f888869eda9653bca34eb7bcab870d3779",
    ),
]


@pytest.mark.parametrize(("receiver", "sender", "invoice", "derived"), PRIVATE)
def test_a_private_key_of_brc_42(receiver: str, sender: str, invoice: str, derived: str) -> None:
    secret = bytes.fromhex(receiver)
    assert child_secret(secret, offset(secret, bytes.fromhex(sender), invoice)).hex() == derived


@pytest.mark.parametrize(("sender", "receiver", "invoice", "derived"), PUBLIC)
def test_a_public_key_of_brc_42(sender: str, receiver: str, invoice: str, derived: str) -> None:
    public = bytes.fromhex(receiver)
    assert child_public(public, offset(bytes.fromhex(sender), public, invoice)).hex() == derived


def test_a_payment_of_brc_29() -> None:
    # bsv-blockchain/ts-stack, conformance/vectors/wallet/brc29/payment-derivation.json, 1 to 3.
    sender, receiver = (1).to_bytes(32, "big"), (2).to_bytes(32, "big")
    public = WalletKey(receiver, SANDBOX).public
    first = Derivation("rBpqFxcNxkmqWBxU", "FDWH1mTbSBrC7yoW")
    other = Derivation("YmFzZTY0cmFuZG9t", "b3V0cHV0c3VmZml4")
    for derivation, key in (
        (first, "02e918a5972ece85499aabd64d12b4b051a53b258f71c58191dddfa094346d5b35"),
        (other, "026fe234ef613493eb403ac21d7d998fe1bab5e1a14546ab0d76b7a9ac10fffe42"),
    ):
        added = offset(sender, public, derivation.invoice)
        assert child_public(public, added).hex() == key
        mine = offset(receiver, WalletKey(sender, SANDBOX).public, derivation.invoice)
        derived = WalletKey(child_secret(receiver, mine), SANDBOX)
        assert derived.public.hex() == key
        assert derived.script == locking_script(sender, public, derivation)


def test_the_owner_of_both_sides_has_the_key() -> None:
    derivation = Derivation("YQ==", "Yg==")
    own = WalletKey(b"\x05" * 32, SANDBOX)
    assert own_key(own.secret, derivation, SANDBOX).script == locking_script(
        own.secret, own.public, derivation
    )


@pytest.mark.parametrize(
    "text",
    ["", "02", "zz" * 33, "04" + "11" * 32, "02" + "ff" * 32, "02" + "00" * 31 + "05", " " + "02" * 32],
)
def test_what_is_no_identity_key(text: str) -> None:
    with pytest.raises(InvalidInput, match="identity key"):
        public_key(text)


weights = st.dictionaries(
    st.text("abc:/", min_size=1, max_size=4), st.integers(0, 1000), min_size=1, max_size=40
).filter(lambda found: sum(found.values()) > 0)


@given(st.integers(0, 2**40), weights, st.integers(0, 1000))
def test_a_split_loses_nothing_and_is_as_near_as_whole_satoshis_allow(
    total: int, weighed: dict[str, int], smallest: int
) -> None:
    shares = {party: Fraction(weight, sum(weighed.values())) for party, weight in weighed.items()}
    done = split(total, shares, smallest)
    parts = done.paid | done.grouped
    assert sum(parts.values()) == total
    assert not done.paid.keys() & done.grouped.keys()
    for party, share in shares.items():
        assert abs(parts.get(party, 0) - total * share) < 1
    assert all(part >= max(1, smallest) for part in done.paid.values())
    assert all(0 < part < smallest for part in done.grouped.values())
    assert split(total, dict(reversed(shares.items())), smallest) == done


@given(st.integers(0, 10_000), weights)
def test_a_larger_share_never_gets_less(total: int, weighed: dict[str, int]) -> None:
    shares = {party: Fraction(weight, sum(weighed.values())) for party, weight in weighed.items()}
    paid = split(total, shares, 0).paid
    ordered = sorted(shares, key=lambda party: shares[party])
    for less, more in pairwise(ordered):
        assert shares[less] == shares[more] or paid.get(less, 0) <= paid.get(more, 0)


def test_equal_remainders_go_by_uri() -> None:
    thirds = {name: Fraction(1, 3) for name in ("c", "a", "b")}
    assert split(2, thirds, 0).paid == {"a": 1, "b": 1}


@pytest.mark.parametrize("shares", [{}, {"a": Fraction(1, 2)}, {"a": Fraction(2), "b": Fraction(-1)}])
def test_shares_that_are_none(shares: dict[str, Fraction]) -> None:
    with pytest.raises(InvalidInput, match="sum to exactly 1"):
        split(10, shares, 0)


def test_each_wanted_output_is_found_once() -> None:
    one, two = TxOutput(5, b"a"), TxOutput(5, b"b")
    there = Transaction(1, (), (two, one, one), 0, b"")
    assert find_outputs(there, [one, two, one]) == [1, 0, 2]
    with pytest.raises(InvalidInput, match="lacks output 2: 5 satoshis"):
        find_outputs(there, [one, one, one])
    with pytest.raises(InvalidInput, match="lacks output 0: 6"):
        find_outputs(there, [TxOutput(6, b"a")])
