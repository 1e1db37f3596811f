"""Payments to makers: offered, taken in, passed on, held, journaled; no satoshi lost, none sent twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.chain.beef import parse_beef
from firsthand.chain.keys import WalletKey
from firsthand.chain.payment import Derivation, child_secret, offset
from firsthand.chain.protocols import TxState
from firsthand.chain.signing import Coin, build
from firsthand.errors import Conflict, InvalidInput, NotFound, WrongNetwork
from firsthand.ledger.payouts import PayoutRecord
from firsthand.proof.transaction import TxOutput, parse_transaction
from firsthand.service.paid import accrued, books, paid_to_makers, party_lines, remittances
from firsthand.service.pay import options, quote
from firsthand.service.pay_out import pass_on
from firsthand.service.pay_receive import receive, watch
from firsthand.service.pay_store import PaymentStore
from firsthand.service.payout_addresses import payment_identity, set_payout
from tests.made import record
from tests.paying import PACK, SHARES, Village, new_village, outputs_of
from tests.trace.made import lot, made


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return new_village(tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Village:
    url = "" if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    return new_village(tmp_path, url)


def thank(village: Village, path: str, satoshis: int = 60_000, *, mine: bool = True) -> bytes:
    payment = quote(village.access, options(village.access, PACK), path, satoshis=satoshis)
    txid = receive(village.access, payment, village.shopper.pay(outputs_of(payment)))
    if mine:
        settle(village)
    return txid


def settle(village: Village) -> None:
    pass_on(village.access)
    village.access.sandbox.mine()
    pass_on(village.access)


def test_a_wallet_pays_every_maker_in_one_transaction(stores: Village) -> None:
    village = stores
    secrets = [village.has_wallet(at) for at in range(3)]
    found = options(village.access, PACK)
    assert [maker.share for maker in found.makers] == [
        share for _, share in sorted(zip(village.parties, SHARES, strict=True))
    ]
    assert found.unavailable == {"direct": "not-one-maker", "cooperative": "no-cooperative"}
    payment = quote(village.access, found, "wallet", satoshis=60_000)
    assert sorted(one.satoshis for one in payment.quote.outputs) == [10_000, 20_000, 30_000]
    txid = receive(village.access, payment, village.shopper.pay(outputs_of(payment)))
    settle(village)
    paid = paid_to_makers(village.access, PACK)
    assert (paid.satoshis, paid.pending, paid.held, paid.payments) == (60_000, 0, 0, 1)
    assert paid.by_maker == {}
    village.check_books()
    sender = payment_identity(village.access.workspace).public
    for party, secret in zip(village.parties, secrets, strict=True):
        (one,) = remittances(village.access, [party])
        beef = parse_beef(one.atomic_beef)
        assert beef.subject == txid
        derived = child_secret(secret, offset(secret, sender, Derivation(one.prefix, one.suffix).invoice))
        output = beef.transactions[txid].outputs[one.vout]
        assert output == TxOutput(one.satoshis, WalletKey(derived, village.access.network).script)


def test_a_cooperative_passes_on_and_holds_for_who_has_no_address(stores: Village) -> None:
    village = stores
    village.receives()
    village.has_wallet(0)
    thank(village, "cooperative")
    found = books(village.access)
    assert (
        found.held
        == accrued(village.access)[village.parties[1]] + accrued(village.access)[village.parties[2]]
    )
    assert accrued(village.access)[village.parties[1]] >= 20_000
    assert found.paid == sum(one.line.satoshis for one in party_lines(village.access, [village.parties[0]]))
    village.check_books()
    # An address is set: new payments go there at once, what had accrued after the delay.
    village.has_wallet(1)
    before = accrued(village.access)[village.parties[1]]
    settle(village)
    assert accrued(village.access)[village.parties[1]] == before
    village.clock.pass_hours(72)
    settle(village)
    assert village.parties[1] not in accrued(village.access)
    assert village.parties[2] in accrued(village.access)
    village.check_books()


def test_nobody_can_be_paid_before_anybody_says_where(village: Village) -> None:
    found = options(village.access, PACK)
    assert set(found.unavailable) == {"wallet", "direct", "cooperative"}
    with pytest.raises(Conflict, match="by wallet: a maker of it has given no address"):
        quote(village.access, found, "wallet", satoshis=60_000)
    with pytest.raises(InvalidInput, match=r"\$\.path"):
        quote(village.access, found, "bank", satoshis=60_000)


def test_too_little_is_refused_where_nobody_could_hold_it_and_grouped_where_somebody_can(
    village: Village,
) -> None:
    for at in range(3):
        village.has_wallet(at)
    with pytest.raises(InvalidInput, match="the least is 6 satoshis"):
        quote(village.access, options(village.access, PACK), "wallet", satoshis=5)
    village.receives()
    village.set(smallest_output=11_000)
    payment = quote(village.access, options(village.access, PACK), "wallet", satoshis=60_000)
    assert payment.quote.grouped == {village.parties[2]: 10_000}
    receive(village.access, payment, village.shopper.pay(outputs_of(payment)))
    settle(village)
    assert accrued(village.access) == {village.parties[2]: 10_000}
    # Together with the next it is enough.
    thank(village, "wallet")
    village.clock.pass_hours(72)
    settle(village)
    assert accrued(village.access) == {}
    village.check_books()


def test_one_maker_is_paid_at_a_fresh_address_of_their_own(village: Village) -> None:
    record(village.access, village.maker, made("bag", 5))
    secret = village.has_wallet(0)
    found = options(village.access, lot("bag"))
    assert "direct" not in found.unavailable
    first, second = (quote(village.access, found, "direct", satoshis=9_000) for _ in range(2))
    assert first.script != second.script
    raw, _ = village.shopper.sign(outputs_of(first))
    village.access.sandbox.broadcast([raw.extended])
    assert watch(village.access, [first, second]) == 1
    assert watch(village.access, [first, second]) == 0
    settle(village)
    assert paid_to_makers(village.access, lot("bag")).satoshis == 9_000
    (one,) = remittances(village.access, [village.maker.uri])
    sender = payment_identity(village.access.workspace).public
    derived = child_secret(secret, offset(secret, sender, Derivation(one.prefix, one.suffix).invoice))
    assert WalletKey(derived, village.access.network).script == first.script
    village.check_books()


def test_the_same_transaction_counts_once_and_another_counts_too(village: Village) -> None:
    village.receives()
    village.has_wallet(0)
    payment = quote(village.access, options(village.access, PACK), "cooperative", satoshis=60_000)
    beef = village.shopper.pay(outputs_of(payment))
    assert receive(village.access, payment, beef) == receive(village.access, payment, beef)
    assert sum(one.kind == "fanout" for one in PaymentStore(village.access).standings()) == 1
    less = village.shopper.pay([TxOutput(1_234, outputs_of(payment)[0].script)])
    receive(village.access, payment, less)
    settle(village)
    assert paid_to_makers(village.access, PACK).payments == 2
    assert books(village.access).arrived == payment.quote.satoshis + 1_234
    village.check_books()


def test_hostile_transactions(village: Village) -> None:
    for at in range(3):
        village.has_wallet(at)
    found = options(village.access, PACK)
    payment, other = (quote(village.access, found, "wallet", satoshis=60_000) for _ in range(2))
    good = outputs_of(payment)
    strange = [one.script[:-3] + bytes((one.script[-3] ^ 1,)) + one.script[-2:] for one in good]
    for outputs, why in (
        ([TxOutput(one.satoshis - 1, one.script) for one in good], "lacks output 0"),
        (good[:-1], "lacks output 2"),
        (outputs_of(other), "lacks output 0"),
        ([TxOutput(one.satoshis, script) for one, script in zip(good, strange, strict=True)], "lacks"),
    ):
        with pytest.raises(InvalidInput, match=why):
            receive(village.access, payment, village.shopper.pay(outputs))
    beef = village.shopper.pay(good)
    for spoiled in (beef[:-5], beef + b"\0", b"\x01\x01\x01\x01" + bytes(32) + beef[36:], b"", b"hello"):
        with pytest.raises(InvalidInput):
            receive(village.access, payment, spoiled)
    forged = bytearray(beef)
    forged[len(beef) - len(village.shopper.sent[-1]) + 60] ^= 1  # in the signature
    with pytest.raises(InvalidInput):
        receive(village.access, payment, bytes(forged))
    with pytest.raises(InvalidInput, match="at most"):
        receive(village.access, payment, bytes(4_000_001))
    assert books(village.access).arrived == 0
    receive(village.access, payment, beef)
    village.check_books()


def test_a_double_spend_never_was(village: Village) -> None:
    village.receives()
    village.has_wallet(0)
    payment = quote(village.access, options(village.access, PACK), "cooperative", satoshis=60_000)
    beef = village.shopper.pay(outputs_of(payment))
    subject = parse_transaction(village.shopper.sent[-1])
    # The network has another spend of the same coin before ours is sent.
    coin = Coin(subject.inputs[0].outpoint, payment.quote.satoshis + 10_000, village.shopper.key.script)
    theft = build(
        [coin], [], village.shopper.key.script, village.access.broadcaster.policy(), village.shopper.key
    )
    village.access.sandbox.broadcast([theft.extended])
    receive(village.access, payment, beef)
    settle(village)
    (standing,) = PaymentStore(village.access).standings()
    assert standing.state in (TxState.REJECTED, TxState.DOUBLE_SPENT)
    assert paid_to_makers(village.access, PACK).satoshis == 0
    assert paid_to_makers(village.access, PACK).pending == 0
    village.check_books()


def test_a_payment_stands_in_the_journal_once_it_is_in_a_block(village: Village) -> None:
    for at in range(3):
        village.has_wallet(at, public=at == 0)
    size = village.access.workspace.journal.size()
    thank(village, "wallet", mine=False)
    assert village.access.workspace.journal.size() == size
    settle(village)
    settle(village)
    assert village.access.workspace.journal.size() == size + 1
    (entry,) = village.access.workspace.journal.entries(size)
    assert entry.kind == "PaymentRecord"
    for party in village.parties:
        assert party.encode() not in entry.document
    assert paid_to_makers(village.access, PACK).by_maker == {village.parties[0]: 30_000}


def test_an_operators_fee_is_on_top_and_said(village: Village) -> None:
    village.receives()
    village.has_wallet(0)
    village.set(fee_permille=20, fee_address=WalletKey(b"\x31" * 32, village.access.network).address)
    for path in ("wallet", "cooperative"):
        payment = quote(village.access, options(village.access, PACK), path, satoshis=50_000)
        assert payment.quote.fee == 1_000
        receive(village.access, payment, village.shopper.pay(outputs_of(payment)))
        settle(village)
        village.check_books()
    assert books(village.access).service_fees == 2_000


def test_a_lot_that_is_not_there(village: Village) -> None:
    with pytest.raises(NotFound):
        options(village.access, "https://coop.example/id/lot/none")
    village.set(enabled=False)
    with pytest.raises(NotFound, match="no payments"):
        options(village.access, PACK)


def test_an_address_is_of_this_network_and_an_identity_key_of_the_curve(village: Village) -> None:
    for payout, why in (
        (PayoutRecord(address="1BitcoinEaterAddressDontSendf59kuE"), "address"),
        (PayoutRecord(identity_key="02" + "ff" * 32), "identity key"),
        (PayoutRecord(identity_key="02" + "11" * 32, address="x"), "not both"),
        (PayoutRecord(identity_key=village.shopper.key.public.hex(), for_members=True), "only a cooperative"),
    ):
        with pytest.raises((InvalidInput, WrongNetwork), match=why):
            set_payout(village.access.workspace, village.maker.uri, payout)
