"""One-time codes, salted digests and confirmations: what anyone can check of them."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical
from firsthand.proof.capture import event_leaf
from firsthand.proof.confirmation import (
    acknowledgement_member,
    check_confirmation,
    commitment,
    parse_card,
    parse_confirmation,
)
from firsthand.proof.disclosure import digest_bytes, make_disclosure, parse_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.one_time_code import code_of, read_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODES = st.binary(min_size=10, max_size=10)


@given(CODES)
def test_a_code_is_read_back_however_it_is_typed(random: bytes) -> None:
    code = code_of(random)
    assert read_code(code) == code
    assert read_code(f"  {code.lower().replace('-', ' ')} ") == code
    assert read_code(code.replace("0", "o").replace("1", "l")) == code


@given(CODES, st.integers(0, 16), st.sampled_from(ALPHABET))
def test_one_symbol_read_wrong_is_always_found(random: bytes, at: int, other: str) -> None:
    plain = code_of(random).replace("-", "")
    changed = plain[:at] + other + plain[at + 1 :]
    if changed != plain:
        with pytest.raises(InvalidInput, match="read or typed wrong"):
            read_code(changed)


def test_nearly_all_swapped_neighbours_are_found() -> None:
    found = tried = 0
    for number in range(400):
        plain = code_of(sha256(b"%d" % number).digest()[:10]).replace("-", "")
        for at in range(16):
            swapped = plain[:at] + plain[at + 1] + plain[at] + plain[at + 2 :]
            if swapped != plain:
                tried += 1
                try:
                    read_code(swapped)
                except InvalidInput:
                    found += 1
    assert found / tried > 0.95


@pytest.mark.parametrize("text", ["", "K7Q2", "U" * 17, "K7Q2-9XHM-41TA-WZ8C!", "0" * 18, "é" * 17])
def test_what_is_no_code_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        read_code(text)


@given(
    st.binary(min_size=16, max_size=16),
    st.text(min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=5), st.integers(0, 9)),
)
def test_a_disclosure_is_that_of_rfc_9901(salt: bytes, name: str, value: dict[str, int]) -> None:
    disclosure = make_disclosure(salt, name, value).text
    read = parse_disclosure(disclosure)
    assert (read.name, read.value) == (name, value)
    assert "=" not in disclosure
    raw = urlsafe_b64decode(disclosure + "=" * (-len(disclosure) % 4))
    assert raw == canonical([raw[2:24].decode(), name, value])
    assert digest_bytes(disclosure) == sha256(disclosure.encode()).digest()


@pytest.mark.parametrize("text", ["", "e30", "WyJhIl0", "not base64!", "WyJhIiwiYiIsMV0="])
def test_what_is_no_disclosure_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_disclosure(text)


CODE = code_of(bytes(range(10)))
SUBJECT = "https://coop.example/id/delivery/1"
CREATED = "2026-03-01T00:00:00Z"


def event(**more: Any) -> dict[str, Any]:
    member = acknowledgement_member(SUBJECT, commitment(SUBJECT, CODE))
    return {
        "type": "ObjectEvent",
        "fh:onBehalfOf": "https://coop.example/id/party/member-1",
        "fh:acknowledgement": member,
        **more,
    }


def document(**more: Any) -> dict[str, Any]:
    leaf = base64_text(event_leaf(event()))
    return {
        "type": "Acknowledgement",
        "issuer": "https://coop.example",
        "created": CREATED,
        "event": leaf,
        "code": CODE,
        "proof": {},
        **more,
    }


def test_the_commitment_is_what_the_specification_says() -> None:
    assert (
        commitment(SUBJECT, CODE) == sha256(canonical(["firsthand acknowledgement", SUBJECT, CODE])).digest()
    )


def test_the_right_code_acknowledges_its_event_and_no_other() -> None:
    stated = parse_confirmation(document())
    assert "acknowledged" in check_confirmation(stated, event())
    with pytest.raises(InvalidInput, match="other events"):
        check_confirmation(stated, event(more=1))
    other = parse_confirmation(document(code=code_of(bytes(10))))
    with pytest.raises(InvalidInput, match="not the one that the event commits to"):
        check_confirmation(other, event())


def test_a_code_for_one_delivery_is_none_for_another() -> None:
    elsewhere = event(
        **{"fh:acknowledgement": acknowledgement_member(SUBJECT + "2", commitment(SUBJECT, CODE))}
    )
    stated = parse_confirmation(document(event=base64_text(event_leaf(elsewhere))))
    with pytest.raises(InvalidInput, match="not the one"):
        check_confirmation(stated, elsewhere)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"code": CODE.lower()}, "code"),
        ({"event": "AAAA"}, "event"),
        ({"extra": 1}, "extra"),
        ({"created": "now"}, "created"),
        ({"issuer": 7}, "issuer"),
        ({"type": "Else"}, "type"),
    ],
)
def test_a_malformed_acknowledgement_is_refused_by_its_member(more: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_confirmation(document(**more))
    assert caught.value.path == f"$.{path}"


def test_a_counter_signature_says_whether_the_signer_is_whom_it_was_recorded_for() -> None:
    leaf = base64_text(event_leaf(event()))
    base = {"type": "CounterSignature", "created": CREATED, "events": [leaf], "proof": {}}
    own = parse_confirmation({**base, "issuer": "https://coop.example/id/party/member-1"})
    assert check_confirmation(own, event()).endswith("the party it was recorded for")
    other = parse_confirmation({**base, "issuer": "https://coop.example/id/party/other"})
    assert "another party" in check_confirmation(other, event())
    for wrong in ([], [leaf, leaf], [leaf] * 101, ["x"], [7]):
        with pytest.raises(InvalidInput):
            parse_confirmation({**base, "issuer": "https://x.example", "events": wrong})


def test_a_card_lists_distinct_commitments() -> None:
    digests = [base64_text(bytes([number]) * 32) for number in range(3)]
    card = {
        "type": "AcknowledgementCard",
        "issuer": "a",
        "created": CREATED,
        "member": "m",
        "card": "c",
        "proof": {},
    }
    assert len(parse_card({**card, "commitments": digests})) == 3
    with pytest.raises(InvalidInput, match="twice"):
        parse_card({**card, "commitments": [*digests, digests[0]]})
