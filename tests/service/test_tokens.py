"""Minting, moving and following tokens, on both stores; and what a crash or a reorganisation leaves."""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from firsthand.chain.keys import WalletKey
from firsthand.chain.protocols import TxState
from firsthand.chain.signing import Coin, SignedInput, build, sign_single
from firsthand.chain.token import TokenState, verify_token
from firsthand.errors import (
    BroadcastRejected,
    Conflict,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    Unauthorized,
    WrongNetwork,
)
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.token import parse_token_file
from firsthand.proof.transaction import TxOutput, hash_hex, parse_transaction
from firsthand.proof.verify import Outcome
from firsthand.service import token_events
from firsthand.service.chain_access import ChainAccess
from firsthand.service.mint import mint
from firsthand.service.parties import add_party
from firsthand.service.token_check import check_receipt
from firsthand.service.token_events import FUNDING, PURPOSE, settle
from firsthand.service.token_files import export_token, import_token, token_status
from firsthand.service.token_moves import (
    Sale,
    claim,
    claim_signed,
    fresh_code,
    melt,
    place_of,
    receipts_of,
    sell,
    transfer,
)
from firsthand.service.token_reports import record_work, report_theft
from firsthand.service.token_store import TokenKeys, TokenStore
from firsthand.service.wallet import balance, receive
from tests.made import new_access, record
from tests.tokens import FINGERPRINT, atelier, exported, headers_of, made_event, minted, order, piece_uri

FIRSTHAND = str(Path(sys.executable).with_name("firsthand"))


def stranger(access: ChainAccess) -> WalletKey:
    return WalletKey(secrets.token_bytes(32), access.network)


def kinds(access: ChainAccess, number: int = 7) -> list[str]:
    return [kind for kind, _, _ in token_status(access, piece_uri(number)).events]


def test_a_piece_is_minted_once(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database)
    first = minted(access, "code")
    assert first.new
    assert first.code is not None
    again = minted(access, "code")
    assert (again.new, again.code, again.token) == (False, first.code, first.token)
    assert kinds(access) == ["commissioning", "mint"]
    data, headers = exported(access)
    assert verify_token(data, headers).stands
    with pytest.raises(Conflict, match="another certificate"):
        mint(access, [replace(order(), name="Another")], "Aurum")
    assert len(TokenStore(access).path(first.token)) == 1


def test_the_whole_life_of_a_piece(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database)
    done = minted(access, "code")
    assert done.code is not None
    assert claim(access, done.code, "workspace").state is TxState.MINED
    with pytest.raises(Conflict, match="used before"):
        claim(access, done.code, "workspace")
    moved, receipt = sell(access, piece_uri(), "code", Sale("1200.00 EUR", "Sample Buyer Ann"))
    assert receipts_of(access, done.token) == [receipt]
    assert moved.code not in (None, done.code)
    record_work(access, piece_uri(), "repair", "Aurum", "prong retipped")
    record_work(access, piece_uri(), "resize", "Aurum", "to 17.6", replace(FINGERPRINT, milligrams=4_190))
    report_theft(access, piece_uri(), "stolen", "Aurum")
    data, headers = exported(access)
    report = verify_token(data, headers)
    assert (report.valid, report.stands) == (True, False)
    assert report.stolen is not None
    assert report.stolen.by == "maker"
    report_theft(access, piece_uri(), "recovered", "Aurum")
    data, headers = exported(access)
    report = verify_token(data, headers)
    assert report.stands
    (tmp_path / "receipt.json").write_bytes(canonical(receipt))
    check_receipt(report, str(tmp_path / "receipt.json"))
    assert report.further[-1].outcome is Outcome.PASSED
    (tmp_path / "receipt.json").write_bytes(canonical({**receipt, "price": "9000.00 EUR"}))
    check_receipt(report, str(tmp_path / "receipt.json"))
    assert report.further[-1].outcome is Outcome.FAILED
    # Neither price nor buyer is in what others can see.
    beef = parse_token_file(data).beef
    for secret in (b"1200.00", b"Sample Buyer"):
        assert secret not in data
        assert secret not in beef
        for entry in access.workspace.journal.entries():
            assert secret not in entry.document
            assert not any(
                secret in body for body in access.workspace.journal.bodies(entry.first_event, entry.count)
            )
    melt(access, piece_uri(), code=moved.code)
    assert verify_token(*exported(access)).state is TokenState.MELTED
    assert kinds(access) == [
        "commissioning", "mint", "claim", "sale", "repair", "resize", "stolen", "recovered", "melt",
    ]  # fmt: skip
    with pytest.raises(Conflict, match="has ended"):
        transfer(access, piece_uri(), "workspace")
    with pytest.raises(Conflict, match="has ended"):
        record_work(access, piece_uri(), "repair", "Aurum", "x")
    # A wrong certificate is melted and the piece certified anew, under another token and other codes.
    anew = minted(access, "code")
    assert anew.new
    assert anew.token.generation == 1
    assert anew.code not in (done.code, moved.code)
    assert verify_token(*exported(access)).stands


def test_what_cannot_be_minted(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    before = balance(access)
    with pytest.raises(NotFound, match="no event that brings"):
        mint(access, [order(), order(99)], "Aurum")
    with pytest.raises(InvalidInput, match="named twice"):
        mint(access, [order(), order()], "Aurum")
    with pytest.raises(Unauthorized, match="no party"):
        mint(access, [order()], "Nobody")
    with pytest.raises(WrongNetwork):
        minted(access, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    with pytest.raises(InvalidInput, match="fees"):
        minted(access, access.wallet.address)
    other = add_party(access.workspace, "Other", ("maker",)).party
    record(access, other, made_event(8))
    with pytest.raises(NotFound, match="Aurum has recorded no event"):
        minted(access, number=8)
    assert (balance(access), TokenStore(access).count()) == (before, 0)


def test_a_wallet_without_coins_mints_nothing(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    empty = new_access(tmp_path / "empty")
    maker = add_party(empty.workspace, "Aurum", ("maker",)).party
    record(empty, maker, made_event())
    with empty.workspace.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM coin")
    with pytest.raises(InsufficientFunds, match="are missing"):
        minted(empty)
    assert TokenStore(empty).count() == 0
    # Many small coins pay, too.
    with access.workspace.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM coin")
    for _ in range(5):
        receive(access, str(access.sandbox.fund(access.wallet.script, 1)))
    assert minted(access).new


def test_tokens_are_never_spent_as_coins(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace", pieces=3)
    mint(access, [order(number) for number in (7, 8, 9)], "Aurum")
    held = access.coins.balance([])
    with access.workspace.engine.begin() as connection:
        chosen = access.coins.choose(connection, held.available, held.available)
        assert sum(coin.satoshis for coin in chosen) == held.available
        with pytest.raises(InsufficientFunds):
            access.coins.choose(connection, held.available + 1, held.available + 1)
    for number in (7, 8, 9):
        status = token_status(access, piece_uri(number), ask=True)
        assert status.unspent
        assert status.tip is not None
        assert status.tip not in [coin.outpoint for coin in chosen]
        raw = access.outbox.get(status.tip.txid).raw
        with pytest.raises(InvalidInput, match="pays nothing"):
            receive(access, str(status.tip))
        assert parse_transaction(raw).outputs[0].satoshis == 1


def test_only_the_holder_moves_a_token(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    done = minted(access, "code")
    other, _ = fresh_code(access)
    for attempt in (
        lambda: transfer(access, piece_uri(), "workspace"),
        lambda: transfer(access, piece_uri(), "workspace", code=other),
        lambda: melt(access, piece_uri(), code=other),
        lambda: report_theft(access, piece_uri(), "stolen", "Aurum", code=other),
    ):
        with pytest.raises(Unauthorized):
            attempt()
    with pytest.raises(NotFound, match="no token that is known here"):
        claim(access, other, "workspace", ready=pytest.fail)
    assert done.code is not None
    wrong = ("0" if done.code[0] != "0" else "1") + done.code[1:]
    with pytest.raises(InvalidInput, match="at place 1"):
        claim(access, wrong, "workspace", ready=pytest.fail)
    assert len(TokenStore(access).path(done.token)) == 1
    # The claimer is told when all is checked, and nothing is sent yet.
    at = done.token.outpoint
    unspent: list[bool | None] = []

    def look() -> None:
        unspent.append(access.sandbox.is_unspent(at.txid, at.vout))

    claim(access, done.code, "workspace", ready=look)
    look()
    assert unspent == [True, False]
    with pytest.raises(Conflict, match="used before"):
        claim(access, done.code, "workspace", ready=pytest.fail)


@pytest.mark.parametrize("price", ["bananas", "-5 EUR", "0 EUR", "1200", "1200.00 XYZ", "12.505 EUR"])
def test_a_sale_without_a_price_is_refused(tmp_path: Path, price: str) -> None:
    access, _ = atelier(tmp_path / "workspace")
    done = minted(access, "workspace")
    with pytest.raises(InvalidInput):
        sell(access, piece_uri(), "code", Sale(price))
    assert receipts_of(access, done.token) == []
    assert len(TokenStore(access).path(done.token)) == 1


def test_a_claim_signed_elsewhere(tmp_path: Path) -> None:
    """What the browser does: the code and its key are never told to the workspace."""
    access, _ = atelier(tmp_path / "workspace")
    done = minted(access, "code")
    assert done.code is not None
    key = TokenKeys(access).of_code(done.code)
    place = place_of(access, key.hash160)
    mine, thief = stranger(access), stranger(access)
    signed = sign_single(place.coin, TxOutput(1, mine.script), key)
    token = str(place.token.outpoint)
    before = balance(access)
    for to, unlocking in (
        (thief.address, signed),  # whoever pays the fee cannot send it elsewhere
        (mine.address, sign_single(place.coin, TxOutput(1, mine.script), thief)),
        (mine.address, signed[:-1] + bytes((signed[-1] ^ 1,))),
        (mine.address, b""),
        (mine.address, b"\x51"),
        (mine.address, bytes(111)),
    ):
        with pytest.raises((InvalidInput, NotFound)):
            claim_signed(access, token, to, unlocking)
    assert balance(access) == before
    moved = claim_signed(access, token, mine.address, signed)
    assert moved.state is TxState.MINED
    report = verify_token(*exported(access))
    assert report.stands
    assert report.tip is not None
    assert report.tip.owner == mine.hash160
    with pytest.raises(Conflict):
        place_of(access, key.hash160)
    with pytest.raises(Conflict, match="used before"):
        claim_signed(access, token, mine.address, signed)


def test_of_two_claims_at_once_one_is_made(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database)
    done = minted(access, "code")
    assert done.code is not None
    code, addresses = done.code, [stranger(access).address for _ in range(6)]

    def attempt(address: str) -> str:
        try:
            return hash_hex(claim(access, code, address).txid)
        except Conflict:
            return ""

    with ThreadPoolExecutor(6) as pool:
        made = [txid for txid in pool.map(attempt, addresses) if txid]
    assert len(made) == 1
    assert [move.kind for move in TokenStore(access).path(done.token)] == ["mint", "claim"]
    assert verify_token(*exported(access)).stands


def test_a_double_spent_claim_is_undone(tmp_path: Path) -> None:
    """The same code swept elsewhere first: the chain refuses ours, and nothing of it stays."""
    access, _ = atelier(tmp_path / "workspace")
    done = minted(access, "code")
    assert done.code is not None
    key = TokenKeys(access).of_code(done.code)
    place = place_of(access, key.hash160)
    thief = stranger(access)
    fund = Coin(access.sandbox.fund(thief.script, 100), 100, thief.script)
    output = TxOutput(1, thief.script)
    first = SignedInput(place.coin, sign_single(place.coin, output, key))
    elsewhere = build([fund], [output], thief.script, access.broadcaster.policy(), thief, first=first)
    (status,) = access.broadcaster.broadcast([elsewhere.extended])
    assert status.state is TxState.MINED
    before = balance(access)
    with pytest.raises(BroadcastRejected, match="second time"):
        claim(access, done.code, "workspace")
    assert balance(access) == before
    assert [move.kind for move in TokenStore(access).path(done.token)] == ["mint"]
    assert kinds(access) == ["commissioning", "mint"]
    assert token_status(access, piece_uri(), ask=True).unspent is False


def test_a_report_of_theft_by_a_holder(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    workspace = access.workspace
    insurer = add_party(workspace, "Insurer", ("retailer",)).party
    done = minted(access, "code")
    with pytest.raises(Unauthorized, match="by the maker"):
        report_theft(access, piece_uri(), "stolen", "Insurer")
    report_theft(access, piece_uri(), "stolen", "Insurer", code=done.code)
    data, headers = exported(access)
    report = verify_token(data, headers)
    assert report.stolen is not None
    assert report.stolen.by == "holder"
    # The thief, who has the code, moves it on: the report stays, and the thief cannot take it back.
    moved = transfer(access, piece_uri(), "code", code=done.code)
    report_theft(access, piece_uri(), "recovered", "Insurer", code=moved.code)
    assert verify_token(*exported(access)).stolen is not None
    assert token_status(access, piece_uri()).stolen is not None
    # The maker can.
    report_theft(access, piece_uri(), "recovered", "Aurum")
    assert verify_token(*exported(access)).stands
    # A former holder's report, made after they passed it on, does not count; nor one without a signature.
    event = token_events.theft_event(
        "stolen", done.token, "2026-06-01T00:00:00Z", done.token.outpoint,
        _signature(access, done.code, done.token.outpoint, done.token), "",
    )  # fmt: skip
    record(access, insurer, event)
    record(
        access,
        insurer,
        token_events.theft_event("stolen", done.token, "2026-06-02T00:00:00Z", None, None, ""),
    )
    report = verify_token(*exported(access))
    assert report.stands
    assert "2 reports by neither" in report.further[0].detail
    assert token_status(access, piece_uri()).stolen is None


def _signature(access: ChainAccess, code: str | None, held_at: Any, token: Any) -> str:
    from firsthand.proof.fields import base64_text

    assert code is not None
    text = token_events.holder_text("stolen", token, held_at, "2026-06-01T00:00:00Z")
    return base64_text(TokenKeys(access).of_code(code).sign_message(text))


def test_a_mint_that_was_orphaned_is_sent_again(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database)
    done = minted(access, "code")
    before, _ = exported(access)
    first = access.outbox.get(done.token.mint)
    access.sandbox.reorganise(2, keep_out=True)
    settle(access)
    assert access.outbox.get(done.token.mint).block_height is None
    with pytest.raises(NotFound, match="in no block yet"):
        list(export_token(access, piece_uri()))
    access.sandbox.mine()
    settle(access)
    again = access.outbox.get(done.token.mint)
    assert again.state is TxState.MINED
    assert again.raw == first.raw
    data, headers = exported(access)
    assert verify_token(data, headers).stands
    assert not verify_token(before, headers).valid


def test_a_refused_mint_takes_its_event_back(tmp_path: Path) -> None:
    """Its coin was spent by a transaction that won in a reorganisation: the piece can be minted anew."""
    access, _ = atelier(tmp_path / "workspace")
    done = minted(access, "code")
    assert done.code is not None
    moved = claim(access, done.code, "workspace")
    with access.workspace.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'unknown', block_height = NULL")
    access.outbox._refuse(done.token.mint, "its coin was spent by another")
    settle(access)
    assert [sent.txid for sent in access.outbox.all((TxState.REJECTED,))] == [done.token.mint, moved.txid]
    with pytest.raises(NotFound):
        token_status(access, piece_uri())
    withdrawn = [
        event
        for number in access.workspace.index.by_item(piece_uri())
        if "errorDeclaration" in (event := parse_canonical(access.workspace.journal.event(number)[2]))
    ]
    assert {event["fh:pieceEvent"] for event in withdrawn} == {"mint", "claim"}
    settle(access)
    assert len(access.workspace.index.by_item(piece_uri())) == 5


def test_a_piece_changes_workspaces(tmp_path: Path, database: str) -> None:
    """Sold to somebody with a workspace of their own on the same chain, and resold from there."""
    maker, _ = atelier(tmp_path / "maker")
    buyer = new_access(tmp_path / "buyer", database)
    buyer.__dict__["sandbox"] = maker.sandbox
    with buyer.workspace.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM coin")
        connection.exec_driver_sql("DELETE FROM header")
    buyer.sync_headers()
    receive(buyer, str(maker.sandbox.fund(buyer.wallet.script, 1_000)))
    minted(maker)
    sell(maker, piece_uri(), TokenKeys(buyer).own.address, Sale("1200.00 EUR"))
    data, _ = exported(maker)
    changed = data.splitlines(keepends=True)
    with pytest.raises(InvalidInput, match="does not verify"):
        import_token(buyer, b"".join(changed[:2]))
    import_token(buyer, data)
    assert import_token(buyer, data).stands
    with pytest.raises(Unauthorized):
        transfer(maker, piece_uri(), "workspace")
    # The buyer, who is no party here, passes it on under a bearer code: only the chain says so.
    moved = transfer(buyer, piece_uri(), "code")
    assert not moved.event
    assert moved.code is not None
    # The maker's proofs travel with the buyer's file.
    path = TokenStore(buyer).path(moved.token)
    assert [move.raw is None for move in path] == [False, False, True]
    longer = b"".join(export_token(buyer, piece_uri()))
    assert longer.splitlines()[1:] == data.splitlines()[1:]
    import_token(maker, longer)
    assert token_status(maker, piece_uri(), ask=True).unspent
    last = claim(maker, moved.code, "workspace")
    assert last.state is TxState.MINED
    assert verify_token(*exported(maker)).stands
    # The buyer's workspace now knows another end of the path than the chain: it learns from the newer file.
    import_token(buyer, exported(maker)[0])
    assert len(TokenStore(buyer).path(moved.token)) == 4
    # A reorganisation gives the imported moves other proofs; they are asked for anew.
    maker.sandbox.reorganise(maker.sandbox.tip()[0] - 2)  # all but the blocks that gave both their coins
    buyer.sync_headers()
    assert b"".join(export_token(buyer, piece_uri())).splitlines()[0] != longer.splitlines()[0]
    # Its events' proofs are the maker's to make anew: the old ones no longer hold, and say so.
    old = verify_token(b"".join(export_token(buyer, piece_uri())), headers_of(buyer))
    assert [step.outcome for step in old.steps[:3]] == ["passed"] * 3
    assert not old.valid
    settle(maker)
    import_token(buyer, b"".join(export_token(maker, piece_uri())))
    assert verify_token(b"".join(export_token(buyer, piece_uri())), headers_of(buyer)).stands


def test_another_path_is_a_conflict(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace")
    minted(access)
    transfer(access, piece_uri(), "workspace")
    data, _ = exported(access)
    store = TokenStore(access)
    token = store.find(piece_uri())
    with access.workspace.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE token_move SET txid = ? WHERE number = 1", (bytes(32),))
    with pytest.raises(Conflict, match="another path"):
        import_token(access, data)
    assert len(store.path(token)) == 2


def test_five_hundred_pieces_with_one_funding_transaction(tmp_path: Path, database: str) -> None:
    access, _ = atelier(tmp_path / "workspace", database, pieces=500)
    before = balance(access).available
    orders = [order(7 + number, "code") for number in range(500)]
    done = mint(access, orders, "Aurum")
    assert all(item.new for item in done)
    assert len({item.code for item in done}) == 500
    sent = access.outbox.all()
    assert [item.purpose for item in sent].count(FUNDING) == 1
    assert [item.purpose for item in sent].count(PURPOSE) == 500
    assert {item.state for item in sent} == {TxState.MINED}
    # Satoshis are conserved: one in each token, the fees, and what is left.
    fees = sum(item.fee for item in sent)
    assert balance(access).available == before - 500 - fees
    assert all(access.sandbox.is_unspent(item.token.mint, 0) for item in done)
    # One capture names them all.
    assert access.workspace.journal.size() == 3
    again = mint(access, orders, "Aurum")
    assert not any(item.new for item in again)
    assert [item.token for item in again] == [item.token for item in done]
    assert verify_token(*exported(access, 300)).stands


@pytest.mark.parametrize("seed", range(4))
def test_satoshis_are_conserved_and_paths_are_unique(tmp_path: Path, seed: int) -> None:
    """Any order of moves: each token lies in one place, and no satoshi comes or goes but as a fee."""
    chance = random.Random(seed)
    access, _ = atelier(tmp_path / "workspace", pieces=3)
    started = balance(access).available
    codes: dict[int, str] = {}
    for item in mint(access, [order(number, "code") for number in (7, 8, 9)], "Aurum"):
        assert item.code is not None
        codes[int(item.token.piece.rpartition("-")[2])] = item.code
    away: set[int] = set()
    melted: set[int] = set()
    for _ in range(14):
        number = chance.choice((7, 8, 9))
        to = chance.choice(("code", "workspace", "workspace", "address"))
        where = stranger(access).address if to == "address" else to
        code = codes.pop(number, None)
        if number in away | melted:
            with pytest.raises((Unauthorized, Conflict)):
                transfer(access, piece_uri(number), "workspace")
        elif code is not None and to != "code" and chance.random() < 0.5:
            claim(access, code, where)
            away |= {number} if to == "address" else set()
        elif chance.random() < 0.1:
            melt(access, piece_uri(number), code=code)
            melted.add(number)
        else:
            moved = transfer(access, piece_uri(number), where, code=code)
            if moved.code:
                codes[number] = moved.code
            away |= {number} if to == "address" else set()
    sent = access.outbox.all()
    fees = sum(item.fee for item in sent)
    assert balance(access).available == started - fees - (3 - len(melted))
    for number in (7, 8, 9):
        status = token_status(access, piece_uri(number))
        lying = [
            step.txid for step in status.path
            if access.sandbox.is_unspent(step.txid, 0) and step.keeper
        ]  # fmt: skip
        assert lying == ([] if number in melted else [status.path[-1].txid])
        report = verify_token(*exported(access, number))
        assert report.valid
        assert report.state is (TokenState.MELTED if number in melted else TokenState.LIVE)
        for item in sent:
            if item.purpose == PURPOSE:
                outputs = parse_transaction(item.raw).outputs
                assert outputs[0].satoshis == (0 if outputs[0].script[:2] == b"\0\x6a" else 1)


def test_a_batch_killed_at_random_moments_mints_nothing_twice(tmp_path: Path) -> None:
    access, _ = atelier(tmp_path / "workspace", pieces=60)
    access.workspace.engine.dispose()
    file = tmp_path / "pieces.jsonl"
    fingerprint = {"weight": {"value": 1, "uom": "MGM"}, "dimensions": [], "stones": [], "marks": []}
    orders = [
        {"piece": piece_uri(7 + at), "name": f"Ring {at}", "fingerprint": fingerprint} for at in range(60)
    ]
    file.write_text("".join(json.dumps(item) + "\n" for item in orders))
    environ = {**os.environ, "FIRSTHAND_HOME": str(tmp_path / "workspace")}
    command = [FIRSTHAND, "token", "batch", str(file), "--as", "Aurum", "--json"]
    chance = random.Random(5)
    counts = []
    for _ in range(7):
        process = subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)
        try:
            process.wait(chance.uniform(1.0, 4.0))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
        counts.append(TokenStore(access).count())
        access.workspace.engine.dispose()
    assert set(counts) <= {0, 60}, counts
    done = subprocess.run(command, env=environ, capture_output=True, check=True, timeout=120)
    tokens = json.loads(done.stdout)["tokens"]
    assert len({item["token"] for item in tokens}) == len({item["code"] for item in tokens}) == 60
    sent = access.outbox.all()
    assert len([item for item in sent if item.purpose == PURPOSE]) == 60
    assert len([item for item in sent if item.purpose == FUNDING]) == 1
    named = [
        event["fh:token"]
        for entry in access.workspace.journal.entries()
        for body in access.workspace.journal.bodies(entry.first_event, entry.count)
        if (event := parse_canonical(body)).get("fh:pieceEvent") == "mint"
    ]
    assert sorted(named) == sorted(item["token"] for item in tokens)
