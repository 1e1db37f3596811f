"""SUN messages of NTAG 424 DNA: NXP's published examples, and messages that are not what they seem."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.identity.sun import Tap, check_mac, diversify, open_picc_data, sun_mac

ZERO = bytes(16)


def picc_data(key: bytes, tap: Tap, filling: bytes = bytes(5)) -> bytes:
    """What a tag encrypts."""
    plain = b"\xc7" + tap.uid + tap.counter.to_bytes(3, "little") + filling
    cipher = Cipher(algorithms.AES128(key), modes.CBC(bytes(16))).encryptor()
    return cipher.update(plain) + cipher.finalize()


taps = st.builds(Tap, st.binary(min_size=7, max_size=7), st.integers(0, 2**24 - 1))
keys = st.binary(min_size=16, max_size=16)


def test_the_examples_of_an12196() -> None:
    # NXP AN12196 rev. 1.9 §3.4.2.1 (table 2) and §3.4.4.2.1 (table 4): factory keys, empty MAC input.
    tap = open_picc_data(ZERO, bytes.fromhex("EF963FF7828658A599F3041510671E88"))
    assert tap == (bytes.fromhex("04DE5F1EACC040"), 61)
    check_mac(ZERO, tap, bytes.fromhex("94EED9EE65337086"))
    # §3.4.4.2.2 (table 5): the MAC also covers the encrypted file data as it stands in the link.
    tap = open_picc_data(ZERO, bytes.fromhex("FD91EC264309878BE6345CBE53BADF40"))
    assert tap == (bytes.fromhex("04958CAA5C5E80"), 8)
    signed = b"CEE9A53E3E463EF1F459635736738962&cmac="
    assert sun_mac(ZERO, tap, signed).hex().upper() == "ECC1E7F6C6C73BF6"


def test_the_example_of_an10922() -> None:
    # NXP AN10922 rev. 2.2 §2.2.1: AES-128, UID, application 3042F5, system "NXP Abu".
    master = bytes.fromhex("00112233445566778899AABBCCDDEEFF")
    own = diversify(master, bytes.fromhex("04782E21801D80"), bytes.fromhex("3042F5") + b"NXP Abu")
    assert own.hex().upper() == "A8DD63A3B89D54B37CA802473FDA9175"


def test_an_input_that_an10922_pads_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="16 to 31"):
        diversify(ZERO, bytes(7), b"short")
    with pytest.raises(ValueError, match="16 to 31"):
        diversify(ZERO, bytes(7), bytes(25))


@given(keys, keys, taps, st.binary(min_size=5, max_size=5))
def test_what_a_tag_writes_is_read_back(meta: bytes, file: bytes, tap: Tap, filling: bytes) -> None:
    assert open_picc_data(meta, picc_data(meta, tap, filling)) == tap
    check_mac(file, tap, sun_mac(file, tap))


@given(keys, taps, st.integers(0, 63))
def test_no_changed_bit_of_the_mac_passes(key: bytes, tap: Tap, bit: int) -> None:
    wrong = bytearray(sun_mac(key, tap))
    wrong[bit // 8] ^= 1 << bit % 8
    with pytest.raises(InvalidInput, match="CMAC"):
        check_mac(key, tap, bytes(wrong))


@given(keys, taps, taps)
def test_a_mac_is_of_one_tag_and_one_counter(key: bytes, tap: Tap, other: Tap) -> None:
    if tap != other:
        with pytest.raises(InvalidInput, match="CMAC"):
            check_mac(diversify(key, other.uid), other, sun_mac(diversify(key, tap.uid), tap))


def test_data_of_another_key_or_length_is_refused() -> None:
    with pytest.raises(InvalidInput, match="no tag of this workspace"):
        open_picc_data(b"k" * 16, bytes.fromhex("EF963FF7828658A599F3041510671E88"))
    with pytest.raises(InvalidInput, match="16 bytes, got 15"):
        open_picc_data(ZERO, bytes(15))
    with pytest.raises(InvalidInput, match="CMAC"):
        check_mac(ZERO, Tap(bytes(7), 0), b"")
