"""Where makers are paid: stated by themselves, changed only after a delay, told, and in no journaled byte."""

from __future__ import annotations

import json
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.chain.keys import WalletKey
from firsthand.errors import Conflict, InvalidInput, Unauthorized
from firsthand.identity.signing import secure
from firsthand.journal.protocol import NewEntry
from firsthand.ledger.payouts import PayoutRecord
from firsthand.proof.canonical import canonical
from firsthand.proof.disclosure import digest_bytes
from firsthand.proof.fields import base64_text
from firsthand.proof.parties import Party
from firsthand.proof.payout import parse_payout_statement
from firsthand.service import payout_addresses
from firsthand.service.members import tie_party
from firsthand.service.migrate import reindex
from firsthand.service.payout_addresses import notices, payouts_of, set_payout
from firsthand.service.webhooks import Answer, check_signature
from tests.paying import Village, new_village


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return new_village(tmp_path)


def record(village: Village, number: int, **more: bool) -> PayoutRecord:
    key = WalletKey(bytes([number]) * 32, village.access.network)
    return PayoutRecord(identity_key=key.public.hex(), **more)


def key_of(village: Village, uri: str) -> str:
    found = payouts_of(village.access.workspace, [uri])
    return found[uri].record.identity_key if uri in found else ""


def test_the_first_counts_at_once_and_a_change_after_the_delay(village: Village) -> None:
    workspace, maker = village.access.workspace, village.maker.uri
    one, two = record(village, 1), record(village, 2)
    assert set_payout(workspace, maker, one).state == "in force"
    assert key_of(village, maker) == one.identity_key
    assert set_payout(workspace, maker, two).state == "waiting"
    village.clock.pass_hours(72 - 1 / 3600)
    assert key_of(village, maker) == one.identity_key
    village.clock.pass_hours(1 / 3600)
    assert key_of(village, maker) == two.identity_key
    assert [one.state for one in notices(workspace, [maker])] == ["in force", "former"]


def test_an_owner_undoes_a_thiefs_change_while_it_waits(village: Village) -> None:
    workspace, maker = village.access.workspace, village.maker.uri
    own, thief = record(village, 1), record(village, 2)
    set_payout(workspace, maker, own)
    set_payout(workspace, maker, thief)
    village.clock.pass_hours(71)
    set_payout(workspace, maker, own)
    village.clock.pass_hours(1000)
    assert key_of(village, maker) == own.identity_key
    assert [one.state for one in notices(workspace, [maker])] == ["in force", "replaced", "former"]


def test_who_stops_and_begins_again_waits_too(village: Village) -> None:
    workspace, maker = village.access.workspace, village.maker.uri
    set_payout(workspace, maker, record(village, 1))
    set_payout(workspace, maker, PayoutRecord())
    village.clock.pass_hours(72)
    assert key_of(village, maker) == ""
    assert set_payout(workspace, maker, record(village, 2)).state == "waiting"
    assert key_of(village, maker) == ""


def test_a_members_payout_is_the_cooperatives_to_state_until_they_have_a_key(village: Village) -> None:
    workspace, member = village.access.workspace, village.members[0]
    stated = set_payout(workspace, member.uri, record(village, 1)).stated
    assert stated.issuer == village.coop.uri
    tie_party(workspace, member, village.maker)
    statement = _statement(village, member.uri, village.coop, stated.leaf)
    with pytest.raises(Unauthorized, match="has a key"):
        workspace.journal.append([statement])
    with pytest.raises(Unauthorized, match="has a key"):
        workspace.journal.append([_statement(village, village.maker.uri, village.coop)])
    with pytest.raises(Unauthorized, match="no member"):
        workspace.journal.append([_statement(village, "https://elsewhere.example/id/party/1", village.coop)])


def _statement(village: Village, party: str, issuer: Party, previous: bytes | None = None) -> NewEntry:
    key = village.access.workspace.held_key(issuer.keys)
    document = {
        "type": "PayoutStatement",
        "issuer": issuer.uri,
        "created": "2026-03-01T00:00:00Z",
        "party": party,
        "payout": base64_text(digest_bytes("x")),
    }
    if previous is not None:
        document["previous"] = base64_text(previous)
    signed = canonical(secure(document, key, "2026-03-01T00:00:00Z"))
    return NewEntry("PayoutStatement", issuer.uri, signed, key.did)


def test_a_statement_follows_the_one_before(village: Village) -> None:
    workspace, maker = village.access.workspace, village.maker
    set_payout(workspace, maker.uri, record(village, 1))
    for previous in (None, bytes(32)):
        with pytest.raises(Conflict, match="changed meanwhile"):
            workspace.journal.append([_statement(village, maker.uri, maker, previous)])


def test_the_journal_ties_no_key_to_a_person_and_is_read_anew(village: Village) -> None:
    workspace, maker = village.access.workspace, village.maker.uri
    stated = record(village, 1, public=True)
    set_payout(workspace, maker, stated)
    documents = b"".join(entry.document for entry in workspace.journal.entries(kind="PayoutStatement"))
    assert stated.identity_key.encode() not in documents
    reindex(workspace)
    assert key_of(village, maker) == stated.identity_key
    (one,) = workspace.payouts.of([maker])[maker]
    parsed = parse_payout_statement(json.loads(documents))
    assert parsed.payout == digest_bytes(one.disclosure() or "")


def test_a_change_is_told_signed(village: Village) -> None:
    workspace = village.access.workspace
    village.set(notify_url="https://hooks.example/payouts")
    told: list[tuple[str, bytes, str, int]] = []

    def call(url: str, body: bytes, token: str, now: int, allowed: tuple[str, ...]) -> Answer:
        told.append((url, body, token, now))
        return Answer(500, "broken")

    with patch.object(payout_addresses, "call", call):
        set_payout(workspace, village.maker.uri, record(village, 1))
    ((url, body, token, _now),) = told
    assert url == "https://hooks.example/payouts"
    assert json.loads(body)["party"] == village.maker.uri
    assert not check_signature("", token, body, 0)
    assert token.encode() == workspace.keystore.get("pay-notify")


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6))
def test_what_is_no_statement_is_refused_with_its_place(document: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"^\$"):
        parse_payout_statement({**document})


def test_a_cooperative_receives_only_under_the_workspaces_key(village: Village) -> None:
    with pytest.raises(InvalidInput, match="workspace's own key"):
        set_payout(village.access.workspace, village.coop.uri, record(village, 1, for_members=True))
