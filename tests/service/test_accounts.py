"""Accounts: exact, append-only, two-sided, and provable; paying out; what pooling spares."""

from __future__ import annotations

import csv
import io
import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import Conflict, InvalidInput, NotFound, UnreadableInput
from firsthand.ledger.accounts import AGAINST, AccountEntry, amount_of, units_of
from firsthand.proof.account_bundle import verify_statement
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.verify import Outcome
from firsthand.service.accounts import Posting, open_season, post, reverse_entry
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.export import export_headers
from firsthand.service.intake import reverse_delivery
from firsthand.service.members import merge_members, part_members
from firsthand.service.money import amount_text, check_currency, decimal_of, read_amount, read_price, rounded
from firsthand.service.payouts import (
    carry_over,
    pay_out,
    payment_file,
    payments_due,
    second_payment,
)
from firsthand.service.pooling import by_member
from firsthand.service.statements import account_statement, statement_lines
from tests.service.cooperatives import DAY, Coop, new_coop


@pytest.fixture
def coop(tmp_path: Path, database: str) -> Coop:
    made = new_coop(tmp_path, database)
    made.add("17", phone="+51 900 000 017", account="PE12 3456")
    made.add("18")
    return made


@given(st.decimals("-9999999999999", "9999999999999", places=4))
def test_amounts_are_exact(amount: Decimal) -> None:
    assert amount_of(units_of(amount)) == amount


@pytest.mark.parametrize(
    ("text", "currency", "units"),
    [("12.50", "USD", 125_000), ("12,5", "EUR", 125_000), ("1500", "UGX", 15_000_000), ("0.001", "KWD", 10)],
)
def test_amounts_are_read_in_their_currency(text: str, currency: str, units: int) -> None:
    assert read_amount(text, currency) == units


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("12.505", "USD"),
        ("12.5", "UGX"),
        ("0", "USD"),
        ("-1", "USD"),
        ("1e3", "USD"),
        ("1,234", "USD"),
        ("", "USD"),
    ],
)
def test_what_is_no_amount_is_refused(text: str, currency: str) -> None:
    with pytest.raises(InvalidInput):
        read_amount(text, currency)


def test_a_price_names_its_currency() -> None:
    assert read_price("1200 eur") == "1200.00 EUR"
    assert read_price(" 1.200,50  EUR ") == "1200.50 EUR"
    with pytest.raises(InvalidInput, match=r"such as 1200\.00 EUR"):
        read_price("bananas")
    with pytest.raises(InvalidInput, match="ISO 4217"):
        read_price("5 bananas")


def test_money_is_rounded_half_up_and_written_with_its_decimals() -> None:
    assert rounded(Decimal("0.125"), "USD") == 1_300
    assert rounded(Decimal("0.5"), "UGX") == 10_000
    assert amount_text(-125_000, "USD") == "-12.50"
    assert amount_text(15_000_000, "UGX") == "1500"
    with pytest.raises(InvalidInput, match="ISO 4217"):
        check_currency("dollars")
    with pytest.raises(InvalidInput):
        decimal_of("NaN", "rate")


def sum_of(entries: list[AccountEntry]) -> int:
    return sum(entry.amount for entry in entries)


POSTINGS = st.lists(
    st.tuples(
        st.sampled_from(["1", "2", "3"]),
        st.sampled_from([kind for kind in AGAINST if kind != "carried"]),
        st.integers(1, 10**9),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(POSTINGS)
def test_balances_are_the_sums_of_their_entries_and_the_book_is_even(postings: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        coop = new_coop(Path(folder))
        for number in ("1", "2", "3"):
            coop.add(number)
        for member, kind, amount, undo in postings:
            signed = Posting(coop.find(member).uri, kind, amount * AGAINST[kind][1], DAY)
            (entry,) = post(coop.workspace, coop.party, coop.season, lambda signed=signed: [signed])
            if undo:
                reverse_entry(coop.workspace, coop.party, entry.id, "slip")
        against: dict[str, int] = {}
        for number in ("1", "2", "3"):
            entries = coop.book.entries([coop.find(number).uri])
            assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
            running = 0
            for entry in entries:
                running += entry.amount
                assert entry.balance == running
                against[entry.against] = against.get(entry.against, 0) - entry.amount
            assert account_statement(coop.workspace, coop.find(number)).balance == running
        assert sum_of(coop.book.entries()) + sum(against.values()) == 0
        kept = [one for one in postings if not one[3]]
        assert sum_of(coop.book.entries()) == sum(one[2] * AGAINST[one[1]][1] for one in kept)
        coop.workspace.engine.dispose()


def test_an_entry_is_reversed_once_and_never_changed(coop: Coop) -> None:
    entry = coop.post("17", "advance", -20)
    undone = reverse_entry(coop.workspace, coop.party, entry.id, "wrong member")
    assert (undone.amount, undone.reverses, undone.balance) == (200_000, entry.id, 0)
    assert coop.book.entry(entry.id) == entry
    with pytest.raises(Conflict, match="reversed already"):
        reverse_entry(coop.workspace, coop.party, entry.id, "again")
    with pytest.raises(Conflict, match="reversal itself"):
        reverse_entry(coop.workspace, coop.party, undone.id, "undo")
    coop.take(coop.line("17"))
    with pytest.raises(Conflict, match="delivery reverse"):
        reverse_entry(coop.workspace, coop.party, coop.book.entries()[-1].id, "x")
    with pytest.raises(NotFound):
        reverse_entry(coop.workspace, coop.party, 99, "x")


@pytest.mark.parametrize(("kind", "amount"), [("dues", 5), ("delivery", -5), ("gift", 5), ("dues", 0)])
def test_a_wrong_kind_or_sign_is_refused(tmp_path: Path, kind: str, amount: int) -> None:
    coop = new_coop(tmp_path)
    coop.add("17")
    before = coop.workspace.journal.size()
    with pytest.raises(InvalidInput):
        coop.post("17", kind, amount)
    assert coop.workspace.journal.size() == before


def test_the_log_tells_nothing_of_an_account(coop: Coop) -> None:
    coop.post("17", "advance", -4321)
    log = b"".join(entry.document for entry in coop.workspace.journal.entries(kind="AccountEntries"))
    for secret in (b"4321", b"advance", b"member-17", b"2025-26", b'"USD"'):
        assert secret not in log


def test_a_season_has_one_currency(coop: Coop) -> None:
    with pytest.raises(Conflict, match="open already, in USD"):
        open_season(coop.workspace, coop.party, "2025-26", "EUR")
    with pytest.raises(InvalidInput):
        open_season(coop.workspace, coop.party, "2026-27", "XYZQ")
    other = open_season(coop.workspace, coop.party, "2026-27", "EUR")
    assert coop.book.season(coop.party.uri, "2026-27") == other
    with pytest.raises(NotFound, match="no season '2030'"):
        coop.book.season(coop.party.uri, "2030")
    with pytest.raises(InvalidInput, match="one currency"):
        carry_over(coop.workspace, coop.party, coop.season, other)


def test_the_second_payment_goes_by_what_stands_delivered(coop: Coop) -> None:
    coop.take(coop.line("17", "48.5"), coop.line("18", "30.25"), coop.line("17", "20"))
    reverse_delivery(coop.workspace, coop.party, 3, "did not come")
    rate = Decimal("0.083")
    shown = second_payment(coop.workspace, coop.party, coop.season, rate, dry_run=True)
    assert [(one.member.record.number, one.quantity, one.amount) for one in shown] == [
        ("17", Decimal("48.0"), 39_800),
        ("18", Decimal("29.75"), 24_700),
    ]
    assert second_payment(coop.workspace, coop.party, coop.season, rate) == shown
    with pytest.raises(Conflict, match="made for season"):
        second_payment(coop.workspace, coop.party, coop.season, rate)
    second_payment(coop.workspace, coop.party, coop.season, rate, reference="third payment")
    for entry in coop.book.entries(reference="second payment"):
        reverse_entry(coop.workspace, coop.party, entry.id, "wrong rate")
    second_payment(coop.workspace, coop.party, coop.season, Decimal("0.1"))


def test_paying_out_leaves_every_account_even(coop: Coop) -> None:
    coop.post("18", "advance", -100)
    coop.take(coop.line("17"), coop.line("18"))
    entries = pay_out(coop.workspace, coop.party, coop.season, "run 1")
    assert [(entry.amount, entry.balance) for entry in entries] == [(-297_600, 0)]
    data = payment_file(coop.workspace, coop.party, coop.season, "run 1")
    (row,) = csv.DictReader(io.StringIO(data.decode()))
    assert row == {
        "number": "17",
        "name": "Sample Farmer 17",
        "phone": "+51 900 000 017",
        "account": "PE12 3456",
        "amount": "29.76",
        "currency": "USD",
        "reference": "run 1",
        "entry": str(entries[0].id),
    }
    with pytest.raises(Conflict, match="used before"):
        pay_out(coop.workspace, coop.party, coop.season, "run 1")
    with pytest.raises(NotFound, match="nothing is due"):
        pay_out(coop.workspace, coop.party, coop.season, "run 2")
    reverse_entry(coop.workspace, coop.party, entries[0].id, "refused by the bank")
    assert payment_file(coop.workspace, coop.party, coop.season, "run 1").count(b"\r\n") == 1
    assert [due.amount for due in payments_due(coop.workspace, coop.party, coop.season)] == [297_600]
    with pytest.raises(NotFound):
        payment_file(coop.workspace, coop.party, coop.season, "run 9")


def test_balances_are_carried_into_the_next_season(coop: Coop) -> None:
    coop.post("17", "advance", -20)
    coop.take(coop.line("18"))
    new = open_season(coop.workspace, coop.party, "2026-27", "USD")
    assert carry_over(coop.workspace, coop.party, coop.season, new) == 2
    for number, balance in (("17", -200_000), ("18", 297_600)):
        assert account_statement(coop.workspace, coop.find(number), "2025-26").balance == 0
        assert account_statement(coop.workspace, coop.find(number), "2026-27").balance == balance
    with pytest.raises(NotFound, match="even"):
        carry_over(coop.workspace, coop.party, coop.season, new)


def test_a_merged_member_has_one_account_and_parting_restores_both(coop: Coop) -> None:
    coop.take(coop.line("17"), coop.line("18"))
    before = [account_statement(coop.workspace, coop.find(number)).entries for number in ("17", "18")]
    merge_members(coop.workspace, coop.find("18"), coop.find("17"))
    together = account_statement(coop.workspace, coop.find("18"))
    assert together.member.record.number == "17"
    assert together.balance == 2 * 297_600
    part_members(coop.workspace, coop.find("18"))
    after = [account_statement(coop.workspace, coop.find(number)).entries for number in ("17", "18")]
    assert after == before


def test_a_statement_is_proven_to_others(tmp_path: Path, database: str) -> None:
    coop = new_coop(tmp_path, database)
    coop.add("17")
    coop.add("18")
    coop.post("17", "advance", -20)
    coop.take(coop.line("17"), coop.line("18"))
    statement = account_statement(coop.workspace, coop.find("17"))
    with pytest.raises(NotFound, match="not anchored"):
        list(statement_lines(coop.access, statement))
    anchor(coop.access)
    wait_until_mined(coop.access, timeout=60)
    data = b"".join(statement_lines(coop.access, statement))
    headers = check_headers(b"".join(export_headers(coop.access)), NETWORKS["sandbox"])
    report = verify_statement(data, headers)
    assert report.valid
    assert [(one.kind, one.amount, one.balance) for one in report.entries] == [
        ("advance", Decimal(-20), Decimal(-20)),
        ("delivery", Decimal("29.76"), Decimal("9.76")),
    ]
    assert b"member-18" not in data
    first, second = data.splitlines(keepends=True)
    assert verify_statement(first, headers).valid, "the account up to then"
    gap = verify_statement(second, headers)
    assert not gap.valid
    assert "entry 1 is missing" in gap.whole.detail
    assert not verify_statement(data, None).valid
    wrong = parse_canonical(first[:-1])
    wrong["entries"][0]["disclosure"] = parse_canonical(second[:-1])["entries"][0]["disclosure"]
    found = verify_statement(canonical(wrong) + b"\n", headers)
    assert found.documents[0].steps[1].outcome is Outcome.FAILED
    for broken in (b"", b"{}\n", first[:-1], b"[]\n", first.replace(b"disclosure", b"disclosurf")):
        with pytest.raises((UnreadableInput, InvalidInput)):
            verify_statement(broken, headers)


def test_pooling_costs_each_member_less(coop: Coop) -> None:
    members = [str(number) for number in range(20, 30)]
    for number in members:
        coop.add(number)
    for at in range(2):
        coop.take(*(coop.line(number, str(20 + at)) for number in members))
        anchor(coop.access)
    coop.take(coop.line("17"))
    found = by_member(
        coop.access,
        coop.party,
        shares=lambda uris: {uri: Fraction(1, 10) for uri in uris if uri.endswith("20")},
        payments=lambda uris: {uri: 700 for uri in uris if uri.endswith("21")},
    )
    states = {one.member.record.number: one for one in found.members}
    assert len(states) == 12
    one = states["20"]
    assert (one.records, one.deliveries, one.delivered) == (4, 2, {"KGM": "40.0"})
    assert (one.share, one.paid) == (Fraction(1, 10), 0)
    assert (states["21"].share, states["21"].paid) == (Fraction(0), 700)
    assert one.earned == one.balance == {"USD": 248_000}
    assert one.usd_pooled is not None
    assert one.usd_alone is not None
    assert one.usd_alone / one.usd_pooled == pytest.approx(10)
    assert states["17"].usd_pooled is None, "not anchored yet"
    assert states["18"].records == 0
    spent = coop.access.outbox.fees()
    assert found.pooled_satoshis == pytest.approx(sum(fee for _, fee in spent.values()), rel=0.5)
    assert found.alone_satoshis == pytest.approx(10 * found.pooled_satoshis)
