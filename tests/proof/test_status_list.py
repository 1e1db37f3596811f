"""Status lists: the standard's own example, bits as a law, bounded unpacking, and the chain of changes."""

from __future__ import annotations

import gzip
import zlib
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.identity.credentials import published_list
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.proof.status_list import (
    CHUNK,
    LEAST,
    MOST,
    BitProof,
    StatusChange,
    bit_of,
    bit_proof,
    bits_root,
    change_document,
    changed_bits,
    check_follows,
    decode_bits,
    encode_bits,
    parse_change,
    parse_status_list,
    proven_bit,
)

TIME = "2026-01-01T00:00:00Z"
KEY = SigningKey("Ed25519", bytes(32))
EMPTY = "uH4sIAAAAAAAAA-3BMQEAAADCoPVPbQwfoAAAAAAAAAAAAAAAAAAAAIC3AYbSVKsAQAAA"
"""W3C, Bitstring Status List v1.0, example 4: a list of 131,072 entries, none set."""

indexes = st.sets(st.integers(0, LEAST - 1), max_size=40)


def with_bits(found: set[int], length: int = LEAST) -> bytes:
    bits = bytearray(length // 8)
    for index in found:
        bits[index // 8] |= 0x80 >> index % 8
    return bytes(bits)


def change(bits: bytes, **more: Any) -> StatusChange:
    fields: dict[str, Any] = {
        "issuer": "https://certifier.example/",
        "list": "https://certifier.example/status/1",
        "purpose": "revocation",
        "number": 0,
        "previous": None,
        "length": len(bits) * 8,
        "root": bits_root(bits),
        "set": (),
        "cleared": (),
        "observed": None,
    }
    return StatusChange(**{**fields, **more})


def test_the_example_of_the_standard() -> None:
    assert decode_bits(EMPTY) == bytes(LEAST // 8)
    assert decode_bits(encode_bits(bytes(LEAST // 8))) == bytes(LEAST // 8)


def test_the_first_entry_is_the_leftmost_bit() -> None:
    bits = b"\x80" + bytes(LEAST // 8 - 2) + b"\x01"
    assert [index for index in range(LEAST) if bit_of(bits, index)] == [0, LEAST - 1]
    for index in (-1, LEAST):
        with pytest.raises(InvalidInput, match="there is no entry"):
            bit_of(bits, index)


@settings(max_examples=60)
@given(indexes, indexes)
def test_changes_make_the_list(first: set[int], second: set[int]) -> None:
    bits = changed_bits(bytes(LEAST // 8), change(bytes(LEAST // 8), set=tuple(sorted(first))))
    assert bits == with_bits(first)
    moved = change(bits, set=tuple(sorted(second - first)), cleared=tuple(sorted(first - second)))
    assert changed_bits(bits, moved) == with_bits(second)
    if first:
        with pytest.raises(InvalidInput, match="stands so already"):
            changed_bits(bits, change(bits, set=(min(first),)))


@settings(max_examples=60)
@given(indexes, st.integers(0, LEAST - 1), st.sampled_from([LEAST, LEAST + 8, LEAST + 8 * CHUNK]))
def test_one_bit_is_proven_by_its_chunk(found: set[int], index: int, length: int) -> None:
    bits = with_bits(found, length)
    shown = bit_proof(bits, index)
    assert proven_bit(shown, change(bits), index) is (index in found)
    flipped = bytearray(shown.chunk)
    flipped[index // 8 % CHUNK] ^= 0x80 >> index % 8
    with pytest.raises(InvalidInput, match="leads to root"):
        proven_bit(BitProof(bytes(flipped), shown.path), change(bits), index)
    with pytest.raises(InvalidInput):
        proven_bit(BitProof(shown.chunk + b"\0", shown.path), change(bits), index)
    with pytest.raises(InvalidInput, match="there is no entry"):
        proven_bit(shown, change(bits), length)


def encoded(data: bytes) -> str:
    return "u" + urlsafe_b64encode(data).rstrip(b"=").decode()


def packed(size: int) -> bytes:
    return gzip.compress(bytes(size), mtime=0)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("u", "base64url"),
        ("u!!!", "base64url"),
        (encoded(packed(LEAST // 8)) + "=", "base64url"),
        ("uAB", "canonical base64url"),
        ("uAAAA", "one whole gzip"),
        (encoded(packed(LEAST // 8 - 1)), "one whole gzip of 131072 to"),
        (encoded(packed(LEAST // 8)[:-9]), "one whole gzip"),
        (encoded(packed(LEAST // 8) + b"more"), "one whole gzip"),
        (encoded(packed(LEAST // 8) * 2), "one whole gzip"),
        (encoded(zlib.compress(bytes(LEAST // 8))), "one whole gzip"),
        (encoded(packed(MOST // 8 + 1)), "to 16777216 entries"),
    ],
    ids=[
        *("empty", "letters", "padded", "last bits", "nothing", "short list", "cut"),
        *("longer", "twice", "zlib", "large list"),
    ],
)
def test_what_is_no_encoded_list(text: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        decode_bits(text)


def test_a_bomb_is_not_unpacked() -> None:
    """A gigabyte of zeros in a megabyte: refused after two."""
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(1_000_000)) for _ in range(1000)) + packer.flush()
    with pytest.raises(InvalidInput, match="to 16777216 entries"):
        decode_bits(encoded(packed))


def test_a_published_list_is_read() -> None:
    url = "https://certifier.example/status/1"
    document = published_list(
        url, "revocation", with_bits({5}), "https://certifier.example/", KEY, TIME, "2026-01-08T00:00:00Z"
    )
    published = parse_status_list(document)
    assert (published.credential.id, published.purposes) == (url, ("revocation",))
    assert bit_of(decode_bits(published.encoded), 5)
    for wrong in ({"type": "Other"}, {"statusPurpose": 1}, {"encodedList": "H4s"}):
        subject = {**document["credentialSubject"], **wrong}
        with pytest.raises(InvalidInput):
            parse_status_list({**document, "credentialSubject": subject})


def test_changes_are_read_as_they_are_written() -> None:
    first = change(with_bits({1, 9}), set=(1, 9))
    second = replace(first, number=1, previous=bytes(32), set=(), cleared=(1,))
    observed = replace(first, set=None, cleared=None, observed=bytes(32))
    for one in (first, second, observed):
        assert parse_change(secure(change_document(one, TIME), KEY, TIME)) == one


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"type": "Other"}, "type"),
        ({"extra": 1}, "extra"),
        ({"length": 8}, "length"),
        ({"number": 1}, "previous"),
        ({"set": [2, 1]}, "set"),
        ({"set": [1, 1]}, "set"),
        ({"cleared": [LEAST]}, "cleared"),
        ({"set": [True]}, "set"),
        ({"observed": "A" * 43 + "="}, "observed"),
        ({"list": "no uri"}, "list"),
    ],
)
def test_what_is_no_change(wrong: dict[str, Any], path: str) -> None:
    document = change_document(change(bytes(LEAST // 8)), TIME)
    with pytest.raises(InvalidInput) as caught:
        parse_change({**document, **wrong})
    assert path in caught.value.path


def test_a_change_follows_the_last_one() -> None:
    first = change(bytes(LEAST // 8))
    check_follows(first, None, None)
    leaf = b"\1" * 32
    second = replace(first, number=1, previous=leaf)
    check_follows(second, first, leaf)
    for wrong, before, its_leaf in (
        (second, None, None),
        (second, first, bytes(32)),
        (replace(second, number=2), first, leaf),
        (replace(second, length=LEAST * 2), first, leaf),
        (replace(second, purpose="suspension"), first, leaf),
        (replace(second, observed=leaf), first, leaf),
    ):
        with pytest.raises(InvalidInput):
            check_follows(wrong, before, its_leaf)
