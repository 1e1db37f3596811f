"""A token's file from a stranger: what holds, and one test for each way to cheat."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.chain.beef import encode_beef, parse_beef
from firsthand.chain.headers import RawHeaders
from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import FeePolicy, TxState
from firsthand.chain.signing import Coin, SignedInput, SignedTransaction, build, sign_single
from firsthand.chain.token import STEPS, TokenReport, TokenState, verify_token
from firsthand.errors import InvalidInput
from firsthand.proof.canonical import canonical
from firsthand.proof.certificate import inscribed_certificate, inscription_script
from firsthand.proof.fields import base64_text
from firsthand.proof.token import challenge_text, melt_script, parse_token_file, write_token_file
from firsthand.proof.transaction import Outpoint, TxOutput, data_script, parse_transaction
from firsthand.proof.verify import Outcome
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.token_files import export_token
from firsthand.service.token_moves import transfer
from tests.made import record
from tests.tokens import atelier, exported, headers_of, made_event, minted, order, piece_uri

POLICY = FeePolicy(1, 1000)


@dataclass
class World:
    """A token passed from `keys[0]` to `keys[2]`, its file, and the chain that it is on."""

    access: ChainAccess
    keys: list[WalletKey]
    data: bytes
    headers: RawHeaders

    @property
    def parts(self) -> list[tuple[bytes, bytes | None]]:
        beef = parse_beef(parse_token_file(self.data).beef)
        return [(tx.raw, beef.bumps[txid].single(txid)) for txid, tx in beef.transactions.items()]

    @property
    def mint(self) -> Outpoint:
        return parse_token_file(self.data).mint

    def tip(self) -> Coin:
        last = parse_transaction(self.parts[-1][0])
        return Coin(Outpoint(last.txid, 0), 1, last.outputs[0].script)

    def with_path(self, parts: list[tuple[bytes, bytes | None]]) -> bytes:
        return self.file(encode_beef(parts))

    def file(self, beef: bytes | None = None, bundles: tuple[bytes, ...] | None = None) -> bytes:
        file = parse_token_file(self.data)
        lines = file.bundles if bundles is None else bundles
        return b"".join(write_token_file(file.mint, beef or file.beef, [line + b"\n" for line in lines]))

    def mined(self, signed: SignedTransaction) -> tuple[bytes, bytes]:
        (status,) = self.access.sandbox.broadcast([signed.extended])
        assert status.state is TxState.MINED, status
        assert status.bump is not None
        return signed.raw, status.bump

    def coin(self) -> Coin:
        key = self.keys[0]
        return Coin(self.access.sandbox.fund(key.script, 1_000), 1_000, key.script)

    def now(self) -> RawHeaders:
        return headers_of(self.access)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    access, _ = atelier(tmp_path_factory.mktemp("token") / "workspace", pieces=3)
    keys = [WalletKey(secrets.token_bytes(32), access.network) for _ in range(3)]
    minted(access)
    transfer(access, piece_uri(), keys[0].address)
    world = World(access, keys, *exported(access))
    parts = world.parts
    for before, after in ((0, 1), (1, 2)):
        token = Coin(Outpoint(parse_transaction(parts[-1][0]).txid, 0), 1, keys[before].script)
        parts.append(world.mined(moved(world, token, TxOutput(1, keys[after].script), keys[before])))
    world.data = world.with_path(parts)
    world.headers = world.now()
    return world


def moved(world: World, token: Coin, output: TxOutput, key: WalletKey) -> SignedTransaction:
    first = SignedInput(token, sign_single(token, output, key))
    return build([world.coin()], [output], world.keys[0].script, POLICY, world.keys[0], first=first)


def failed(report: TokenReport) -> dict[str, str]:
    return {step.name: step.detail for step in report.steps if step.outcome is not Outcome.PASSED}


def check(world: World, data: bytes, headers: RawHeaders | None = None) -> dict[str, str]:
    report = verify_token(data, headers or world.headers)
    assert not report.valid
    assert not report.stands
    return failed(report)


def test_a_true_file_passes(world: World) -> None:
    report = verify_token(world.data, world.headers)
    assert failed(report) == {}
    assert report.valid
    assert report.stands
    assert [step.name for step in report.steps] == list(STEPS)
    assert (len(report.hops), report.state) == (4, TokenState.LIVE)
    assert report.tip is not None
    assert report.tip.owner == world.keys[2].hash160
    assert [event.event.get("fh:pieceEvent") for event in report.events] == [None, "mint", "transfer"]


def test_without_headers_nothing_is_valid(world: World) -> None:
    report = verify_token(world.data, None)
    assert not report.valid
    outcomes = {step.name: step.outcome for step in report.steps}
    assert outcomes["path"] is Outcome.PASSED
    assert outcomes["blocks"] is Outcome.NOT_CHECKED
    assert report.state is TokenState.UNPROVEN


def test_every_byte_of_the_beef_counts(world: World) -> None:
    """The inscription is in it, too. Without bundles, so that the first three steps alone decide."""
    file = parse_token_file(world.data)
    for at in range(len(file.beef)):
        changed = bytearray(file.beef)
        changed[at] ^= 1 << at % 8
        report = verify_token(world.file(bytes(changed), ()), world.headers)
        assert {step.name for step in report.steps[:3] if step.outcome is not Outcome.PASSED}, at


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_of_the_file_verifies(world: World, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(world.data) - 1))
    changed = bytearray(world.data)
    changed[at] ^= data.draw(st.integers(1, 255))
    with suppress(InvalidInput):
        assert not verify_token(bytes(changed), world.headers).valid


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_garbage_is_refused_in_words(world: World, garbage: bytes) -> None:
    for data in (garbage, garbage + b"\n", world.data[: len(garbage) * 20] + garbage):
        if data == world.data:
            continue
        with suppress(InvalidInput):
            assert not verify_token(data, world.headers).valid


# The attacks of the issue.


def test_a_mint_of_a_stranger_for_the_same_piece(world: World) -> None:
    """The inscription repeats the true certificate; but the maker's event names another token."""
    script = parse_transaction(world.parts[0][0]).outputs[0].script
    certificate, _ = inscribed_certificate(script)
    output = TxOutput(1, inscription_script(certificate, world.keys[1].hash160))
    fake = world.mined(build([world.coin()], [output], world.keys[0].script, POLICY, world.keys[0]))
    mint = Outpoint(parse_transaction(fake[0]).txid, 0)
    lines = [line + b"\n" for line in parse_token_file(world.data).bundles]
    data = b"".join(write_token_file(mint, encode_beef([fake]), lines))
    assert "names another token" in check(world, data, world.now())["link"]


def test_a_mint_that_names_another_piece(world: World) -> None:
    """The maker's own event names the token, but its inscription speaks of another ring."""
    script = parse_transaction(world.parts[0][0]).outputs[0].script
    certificate, _ = inscribed_certificate(script)
    other = replace(certificate, piece=piece_uri(8))
    output = TxOutput(1, inscription_script(other, world.keys[1].hash160))
    fake = world.mined(build([world.coin()], [output], world.keys[0].script, POLICY, world.keys[0]))
    mint = Outpoint(parse_transaction(fake[0]).txid, 0)
    lines = [line + b"\n" for line in parse_token_file(world.data).bundles]
    told = check(world, b"".join(write_token_file(mint, encode_beef([fake]), lines)), world.now())
    assert "does not speak of" in told["commissioning"]
    assert "does not speak of" in told["events"]


@pytest.mark.parametrize("key", [0, 1])
def test_a_forged_transfer(world: World, key: int) -> None:
    """Signed by a former holder, or by none: the script fails before any block is looked at."""
    output = TxOutput(1, world.keys[0].script)
    forged = moved(world, world.tip(), output, world.keys[key])
    (status,) = world.access.sandbox.broadcast([forged.extended])
    assert status.state is TxState.REJECTED
    told = check(world, world.with_path([*world.parts, (forged.raw, world.parts[-1][1])]))
    assert "script of input 0 fails" in told["path"]


def test_a_transfer_that_pays_itself_more(world: World) -> None:
    """A valid signature, but two satoshis out of one; no block has it."""
    output = TxOutput(2, world.keys[0].script)
    first = SignedInput(world.tip(), sign_single(world.tip(), output, world.keys[2]))
    signed = build([world.coin()], [output], world.keys[0].script, POLICY, world.keys[0], first=first)
    report = verify_token(world.with_path([*world.parts, (signed.raw, None)]), world.headers)
    assert "in no block yet" in failed(report)["blocks"]
    assert not report.stands


def test_a_double_spend_that_no_block_has(world: World) -> None:
    """The holder signs two transfers; only the mined one is the path."""
    key = world.keys[2]
    mined, other = (
        moved(world, world.tip(), TxOutput(1, world.keys[to].script), key) for to in (0, 1)
    )  # fmt: skip
    part = world.mined(mined)
    (status,) = world.access.sandbox.broadcast([other.extended])
    assert status.state is TxState.REJECTED
    assert "is spent by" in status.detail
    headers = world.now()
    good = verify_token(world.with_path([*world.parts, part]), headers)
    assert good.stands
    assert "BUMP" in check(world, world.with_path([*world.parts, (other.raw, part[1])]), headers)["blocks"]
    # Who holds an older file still has a true one, of an older state: only a live source knows better.
    assert verify_token(world.data, headers).stands
    assert world.access.sandbox.is_unspent(world.tip().outpoint.txid, 0) is False


@pytest.fixture
def branch(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A token of its own, for tests that end it."""
    access, _ = atelier(tmp_path_factory.mktemp("branch") / "workspace")
    keys = [WalletKey(secrets.token_bytes(32), access.network) for _ in range(3)]
    minted(access, keys[2].address)
    data, headers = exported(access)
    return World(access, keys, data, headers)


OFF_PATH: dict[str, tuple[Callable[[World], TxOutput], str]] = {
    "two satoshis": (lambda world: TxOutput(2, world.keys[0].script), "holds 2 satoshis"),
    "no key hash": (lambda world: TxOutput(1, b"\x51"), "not under P2PKH"),
    "burnt as data": (lambda world: TxOutput(0, data_script([b"firsthand"])), "not under P2PKH"),
    "another's melt": (lambda world: TxOutput(0, melt_script(Outpoint(bytes(32), 0))), "not under P2PKH"),
}


@pytest.mark.parametrize("name", OFF_PATH)
def test_a_token_moved_off_output_0_is_lost(branch: World, name: str) -> None:
    make, told = OFF_PATH[name]
    part = branch.mined(moved(branch, branch.tip(), make(branch), branch.keys[2]))
    report = verify_token(branch.with_path([*branch.parts, part]), branch.now())
    assert report.valid
    assert not report.stands
    assert report.state is TokenState.LOST
    assert told in report.steps[1].detail


def test_a_token_spent_as_input_1_is_lost(branch: World) -> None:
    key = branch.keys[2]
    fund = Coin(branch.access.sandbox.fund(key.script, 1_000), 1_000, key.script)
    token = branch.tip()
    signed = build([fund, token], [TxOutput(1, key.script)], key.script, POLICY, key)
    report = verify_token(branch.with_path([*branch.parts, branch.mined(signed)]), branch.now())
    assert (report.valid, report.state) == (True, TokenState.LOST)
    assert "as input 1" in report.steps[1].detail
    # What is lost stays lost: nothing may follow it.
    after = Coin(Outpoint(signed.txid, 0), 1, key.script)
    more = branch.mined(moved(branch, after, TxOutput(1, key.script), key))
    beef = branch.with_path(
        [*branch.parts, (signed.raw, branch.access.sandbox.status(signed.txid).bump), more]
    )
    assert "after the token has ended" in check(branch, beef, branch.now())["path"]


def test_a_melted_token_ends(branch: World) -> None:
    signed = moved(branch, branch.tip(), TxOutput(0, melt_script(branch.mint)), branch.keys[2])
    report = verify_token(branch.with_path([*branch.parts, branch.mined(signed)]), branch.now())
    assert (report.valid, report.stands, report.state) == (True, False, TokenState.MELTED)


def test_a_missing_ancestor(world: World) -> None:
    parts = world.parts
    assert "does not spend" in check(world, world.with_path([*parts[:1], *parts[2:]]))["path"]
    assert "the token is minted by" in check(world, world.with_path(parts[1:]))["certificate"]
    assert "does not spend" in check(world, world.with_path([parts[0], parts[2], parts[1], parts[3]]))["path"]


def test_a_transaction_that_is_not_on_the_path(world: World) -> None:
    extra = world.mined(build([world.coin()], [], world.keys[0].script, POLICY, world.keys[0]))
    assert "does not spend" in check(world, world.with_path([*world.parts, extra]), world.now())["path"]


def test_a_bump_without_the_transaction_flag(world: World) -> None:
    raw, bump = world.parts[-1]
    assert bump is not None
    at = bump.index(parse_transaction(raw).txid) - 1
    unflagged = bump[:at] + b"\x00" + bump[at + 1 :]
    told = check(world, world.with_path([*world.parts[:-1], (raw, unflagged)]))
    assert "does not flag" in told["blocks"]


def test_a_bump_that_holds_more_than_needed(world: World) -> None:
    """The same bytes in another form would be a second file for one history."""
    beef = parse_token_file(world.data).beef
    spare = world.parts[0][1]
    assert spare is not None
    doubled = beef[:4] + bytes((beef[4] + 1,)) + b"".join(
        part for _, part in world.parts if part is not None
    ) + spare + beef[5 + sum(len(part or b"") for _, part in world.parts) :]  # fmt: skip
    assert "canonical form" in check(world, world.file(doubled))["blocks"]
    atomic = b"\x01\x01\x01\x01" + parse_transaction(world.parts[-1][0]).txid + beef
    assert "canonical form" in check(world, world.file(atomic))["blocks"]


def test_fake_headers(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another chain's headers, honest by themselves, do not hold the token's blocks."""
    other, _ = atelier(tmp_path_factory.mktemp("other") / "workspace")
    for _ in range(20):
        other.sandbox.mine()
    told = check(world, world.data, headers_of(other))
    assert "does not lead to block" in told["blocks"]
    assert "best chain" in told["commissioning"]
    short = replace(world.headers, raw=world.headers.raw[: 80 * 3])
    assert "which our headers do not have" in check(world, world.data, short)["blocks"]


def test_the_link_must_be_there_and_the_makers(world: World) -> None:
    made, link, passed = parse_token_file(world.data).bundles
    assert "does not prove event" in check(world, world.file(bundles=(link, passed)))["commissioning"]
    assert "no later event of" in check(world, world.file(bundles=(made, passed)))["link"]


def test_a_link_by_somebody_else(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another party of the same log names its own mint for the maker's ring."""
    from firsthand.service.token_events import plain_event

    access, _ = atelier(tmp_path_factory.mktemp("thief") / "workspace")
    done = minted(access)
    thief = add_party(access.workspace, "Thief", ("retailer",)).party
    event = plain_event("mint", piece_uri(), done.token.outpoint, "2026-05-01T00:00:00Z")
    record(access, thief, event)
    anchor(access)
    lines = list(export_token(access, piece_uri()))
    head, made, theirs = lines[0], lines[1], lines[3]
    report = verify_token(head + made + theirs, headers_of(access))
    assert "no later event of" in failed(report)["link"]
    # Beside the maker's own it changes nothing.
    assert verify_token(b"".join(lines), headers_of(access)).stands


def test_two_tokens_for_one_piece(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A maker who names a second token is found out by a file that holds both events."""
    from firsthand.service.token_events import plain_event

    access, maker = atelier(tmp_path_factory.mktemp("twice") / "workspace")
    minted(access)
    record(access, maker, plain_event("mint", piece_uri(), Outpoint(bytes(32), 0), "2026-05-01T00:00:00Z"))
    data, headers = exported(access)
    report = verify_token(data, headers)
    assert "names another token" in failed(report)["link"]


def test_ownership_is_shown_by_the_current_key_alone(world: World) -> None:
    tip = world.tip().outpoint
    challenge = challenge_text(world.mint, tip, "Insurer Ltd", bytes(16))

    def ownership(text: str, key: WalletKey) -> str:
        response = base64_text(key.sign_message(text))
        report = verify_token(world.data, world.headers, challenge=text, response=response)
        return next(step.outcome for step in report.further if step.name == "ownership")

    assert ownership(challenge, world.keys[2]) is Outcome.PASSED
    assert ownership(challenge, world.keys[1]) is Outcome.FAILED
    assert (
        ownership(challenge_text(world.mint, world.mint, "Insurer Ltd", bytes(16)), world.keys[2])
        is Outcome.FAILED
    )
    assert ownership("I hold everything", world.keys[2]) is Outcome.FAILED
    for response in ("", "AAAA", base64_text(bytes(65)), base64_text(b"\x1f" + bytes(64)), "é"):
        report = verify_token(world.data, world.headers, challenge=challenge, response=response)
        assert next(step for step in report.further if step.name == "ownership").outcome is Outcome.FAILED
    for name in ("", "a, nonce", "é", "x" * 101):
        with pytest.raises(InvalidInput):
            challenge_text(world.mint, tip, name, bytes(16))


def test_the_certificate_reads_back_and_refuses_what_it_does_not_name() -> None:
    from firsthand.proof.certificate import (
        Certificate,
        certificate_document,
        parse_certificate,
    )

    one = order()
    key = "did:key:z6MkhYAesD8EqUnNsUQrGwtmzmM6rW19E1hMBqeAkmeELPQB"
    maker, events = "https://aurum.example/id/party/aurum", (bytes(32),)
    certificate = Certificate(one.piece, one.name, maker, key, events, one.fingerprint, one.photographs)
    document = certificate_document(certificate)
    assert parse_certificate(msgspec.json.decode(canonical(document))) == certificate
    script = inscription_script(certificate, bytes(20))
    assert inscribed_certificate(script) == (certificate, bytes(20))
    bad = [
        {**document, "price": 5},
        {**document, "events": []},
        {**document, "events": document["events"] * 2},
        {**document, "key": "did:key:z0"},
        {**document, "name": ""},
        {**document, "name": "x\n"},
        {**document, "firsthand": 2},
        {**document, "fingerprint": {**document["fingerprint"], "weight": {"value": 1, "uom": "GRM"}}},
        {**document, "fingerprint": {**document["fingerprint"], "weight": {"value": 0, "uom": "MGM"}}},
        {**document, "fingerprint": {**document["fingerprint"], "weight": {"value": 1.5, "uom": "MGM"}}},
        {**document, "photographs": [{"sha256": "AA==", "mediaType": "image/png"}]},
        [],
        None,
    ]
    for wrong in bad:
        with pytest.raises(InvalidInput):
            parse_certificate(wrong)
    assert made_event()["epcList"] == [certificate.piece]
