"""Intake, receipts, codes, cards and counter-signatures, on both stores."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import Conflict, InvalidInput, NotFound, Unauthorized
from firsthand.identity.keys import SigningKey
from firsthand.identity.signing import secure
from firsthand.ledger.deliveries import DeliveryBook
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.verify import Outcome, verify
from firsthand.service.anchor import anchor, wait_until_mined
from firsthand.service.confirm import (
    acknowledge,
    countersign,
    countersignatures_to_sign,
    issue_card,
    receipt_code,
    submit_countersignature,
)
from firsthand.service.cooperative_sheets import import_deliveries
from firsthand.service.export import export_headers
from firsthand.service.intake import AlreadyRecorded, Line, reverse_delivery
from firsthand.service.member_keys import link_key, link_party, link_statement
from firsthand.service.members import merge_members
from firsthand.service.paper import card_lines, card_pdf, receipt_lines, receipt_of, receipts_pdf
from firsthand.service.parties import add_party
from firsthand.service.prove import prove_events
from tests.service.cooperatives import DAY, Coop, new_coop


@pytest.fixture
def coop(tmp_path: Path, database: str) -> Coop:
    made = new_coop(tmp_path, database)
    made.add("17", plots=("Alta",))
    made.add("18")
    return made


def events_of(coop: Coop, number: int) -> list[dict[str, Any]]:
    delivery = DeliveryBook(coop.workspace.engine).get(number)
    bodies = coop.workspace.journal.bodies(delivery.first_event, delivery.events)
    return [parse_canonical(body) for body in bodies]


def test_a_delivery_is_two_events_on_behalf_of_the_member(coop: Coop) -> None:
    coop.post("17", "advance", -20)
    (delivery,) = coop.take(coop.line("17", deduction=10_000)).deliveries
    assert (delivery.net, delivery.amount, delivery.deduction) == (Decimal("48.0"), 297_600, 10_000)
    assert (delivery.advance, delivery.balance) == (200_000, 297_600 - 10_000 - 200_000)
    harvest, received = events_of(coop, 1)
    member = "https://coop.example/id/party/member-17"
    assert harvest["fh:onBehalfOf"] == received["fh:onBehalfOf"] == member
    assert (harvest["fh:step"], received["fh:step"]) == ("harvest", "delivery")
    assert (harvest["action"], received["action"]) == ("ADD", "OBSERVE")
    assert harvest["quantityList"] == [{"epcClass": delivery.lot, "quantity": 48, "uom": "KGM"}]
    assert harvest["readPoint"] == {"id": "https://coop.example/id/place/plot:17:Alta"}
    assert {"type": "possessing_party", "source": member} in received["sourceList"]
    assert coop.workspace.index.on_behalf_of([member]) == [0, 1]
    assert b"0.62" not in b"".join(coop.workspace.journal.bodies(0, 2)), "a price is in no event"


def test_the_receipt_is_the_book(coop: Coop) -> None:
    coop.post("17", "advance", -20)
    (delivery,) = coop.take(coop.line("17", deduction=10_000, brought_by="Rosa")).deliveries
    receipt = receipt_of(coop.workspace, delivery)
    lines = receipt_lines(receipt)
    for label, value in {
        "Gross": "48.5 kg",
        "Tare": "0.5 kg",
        "Net": "48.0 kg",
        "Price": "0.62 USD/kg",
        "Deduction": "1.00 USD",
        "Advance open": "20.00 USD",
        "Balance": "8.76 USD",
        "Brought by": "Rosa",
    }.items():
        assert label + value.rjust(32 - len(label)) in lines
    assert all(len(line) <= 32 for line in lines)
    assert receipt.code in lines
    coop.post("17", "dues", -1)
    again = receipt_of(coop.workspace, DeliveryBook(coop.workspace.engine).get(1), "es")
    assert again.code == receipt.code
    assert "Saldo" + "8.76 USD".rjust(27) in receipt_lines(again)


@pytest.mark.parametrize("width", [58, 80])
def test_the_printed_receipt_can_be_scanned(tmp_path: Path, width: int) -> None:
    coop = new_coop(tmp_path)
    coop.add("17", name="Adela Ñahuí")
    (delivery,) = coop.take(coop.line("17")).deliveries
    receipt = receipt_of(coop.workspace, delivery, "es")
    document = pypdfium2.PdfDocument(receipts_pdf([receipt, receipt], width))
    assert len(document) == 2
    page = document[0]
    assert abs(page.get_width() / 72 * 25.4 - width) < 0.1
    text = page.get_textpage().get_text_bounded()
    assert "Adela Ñahuí" in text
    assert receipt.code in text
    # 203 dpi is what receipt printers have.
    (found,) = zxingcpp.read_barcodes(page.render(scale=203 / 72).to_pil())
    assert found.text == receipt.scanned
    _, done = acknowledge(coop.workspace, found.text)
    assert done.events == 1
    with pytest.raises(InvalidInput, match="58 or 80"):
        receipts_pdf([receipt], 70)


def test_the_same_delivery_twice_is_noticed(coop: Coop) -> None:
    coop.take(coop.line("17"))
    with pytest.raises(AlreadyRecorded, match="number 1"):
        coop.take(coop.line("17"))
    with pytest.raises(InvalidInput, match="line 1"):
        coop.take(coop.line("18"), coop.line("18"))
    coop.take(coop.line("17", again=True))
    coop.take(coop.line("18", paper="A1"))
    with pytest.raises(Conflict, match="other values"):
        coop.take(coop.line("18", "50", paper="A1"))
    merge_members(coop.workspace, coop.find("18"), coop.find("17"))
    with pytest.raises(AlreadyRecorded):
        coop.take(coop.line("18"))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"gross": "0.5"}, "leaves nothing"),
        ({"gross": "1.2345"}, "3 decimals"),
        ({"gross": "40000"}, "impossible"),
        ({"deduction": 10**9}, "deduction is more"),
        ({"brought_by": "99"}, "no member has that number"),
    ],
)
def test_a_line_that_cannot_be_is_refused_and_nothing_is_recorded(
    tmp_path: Path, line: dict[str, Any], said: str
) -> None:
    coop = new_coop(tmp_path)
    coop.add("17")
    before = coop.workspace.journal.size()
    with pytest.raises(InvalidInput, match=said):
        coop.take(coop.line("17", "20", again=True), coop.line("17", **{"gross": "48.5", **line}))
    with pytest.raises(NotFound):
        coop.take(coop.line("99"))
    with pytest.raises(InvalidInput, match="expected a day"):
        coop.take(Line("17", Decimal(5), Decimal(0), Decimal(1), "yesterday"))
    assert coop.workspace.journal.size() == before
    assert coop.book.entries() == []


def test_a_delivery_is_acknowledged_by_its_code_once(coop: Coop) -> None:
    first, second = coop.take(coop.line("17"), coop.line("18")).deliveries
    code = receipt_of(coop.workspace, first).code
    with pytest.raises(NotFound, match="which delivery"):
        acknowledge(coop.workspace, code)
    with pytest.raises(InvalidInput, match="not the code of delivery 2"):
        acknowledge(coop.workspace, code, second.number)
    delivery, done = acknowledge(coop.workspace, code.lower(), 1)
    assert delivery == first
    with pytest.raises(Conflict, match=f"place {done.place}"):
        acknowledge(coop.workspace, receipt_of(coop.workspace, first).scanned)
    kinds = [kind for _, kind, _ in coop.workspace.confirmations.of([first.leaf])[first.leaf]]
    assert kinds == ["Acknowledgement"]


def test_what_was_reversed_is_not_acknowledged(coop: Coop) -> None:
    (delivery,) = coop.take(coop.line("17")).deliveries
    code = receipt_of(coop.workspace, delivery).scanned
    reverse_delivery(coop.workspace, coop.party, delivery.number, "not theirs")
    with pytest.raises(Conflict, match="was reversed"):
        acknowledge(coop.workspace, code)


def test_a_delivery_of_the_future_is_remarked_on(coop: Coop) -> None:
    coop.workspace.now = lambda: "2026-02-28T20:00:00Z"
    assert coop.take(coop.line("17")).remarks == []  # of 1 March, which it is already in the east
    coop.workspace.now = lambda: "2026-02-27T20:00:00Z"
    (remark,) = coop.take(coop.line("17", "9")).remarks
    assert "17: 2026-03-01 has not come yet" in remark


def test_the_code_of_a_card_is_kept_nowhere(coop: Coop) -> None:
    card = issue_card(coop.workspace, coop.find("17"), 2)
    first, second, third = coop.take(*(coop.line("17", gross) for gross in ("10", "11", "12"))).deliveries
    assert (first.by_card, second.by_card, third.by_card) == (True, True, False)
    assert receipt_of(coop.workspace, first).code == ""
    with pytest.raises(InvalidInput, match="on the card"):
        acknowledge(coop.workspace, card.codes[1], first.number)
    with pytest.raises(InvalidInput, match="on the card"):
        acknowledge(coop.workspace, receipt_code(coop.workspace, first.subject), first.number)
    acknowledge(coop.workspace, card.codes[0], first.number)
    acknowledge(coop.workspace, card.codes[1], second.number)
    stored = coop.workspace.folder / "firsthand.db"
    if stored.exists():
        raw = stored.read_bytes() + stored.with_name("firsthand.db-wal").read_bytes()
        unused = issue_card(coop.workspace, coop.find("18"), 1).codes[0]
        assert unused.encode() not in raw
    assert card.codes[1] in "\n".join(card_lines(card))
    assert pypdfium2.PdfDocument(card_pdf(card))[0].get_textpage().get_text_bounded().count("-") > 6


def test_a_correction_reverses_and_overwrites_nothing(coop: Coop) -> None:
    coop.take(coop.line("17"))
    before = events_of(coop, 1)
    line = coop.line("18", "47.5")
    done = reverse_delivery(coop.workspace, coop.party, 1, "wrong member", instead=(coop.terms, line))
    (instead,) = done.deliveries
    assert (instead.number, instead.amount) == (2, 291_400)
    wrong = DeliveryBook(coop.workspace.engine).get(1)
    assert (wrong.reversed, wrong.instead) == (done.captured.place, 2)
    assert events_of(coop, 1) == before
    declared = [parse_canonical(body) for body in coop.workspace.journal.bodies(instead.first_event + 2, 2)]
    for original, declaration in zip(before, declared, strict=True):
        error = declaration.pop("errorDeclaration")
        assert declaration == original
        assert error["reason"] == "incorrect_data"
        (corrective,) = error["correctiveEventIDs"]
        assert coop.workspace.index.by_event_id(corrective)
    book = coop.book.entries(season="2025-26")
    assert [(entry.member[-2:], entry.amount) for entry in book] == [
        ("17", 297_600),
        ("17", -297_600),
        ("18", 291_400),
    ]
    with pytest.raises(Conflict, match="reversed already"):
        reverse_delivery(coop.workspace, coop.party, 1, "again")
    assert "*** REVERSED ***" in "\n".join(receipt_lines(receipt_of(coop.workspace, wrong)))
    # What was reversed no longer stands in the way of the same weight.
    coop.take(coop.line("17"))


def test_a_sheet_is_taken_whole_and_once(coop: Coop, tmp_path: Path) -> None:
    sheet = tmp_path / "deliveries.csv"
    sheet.write_text(
        "Recibo;Socio;Fecha;Peso bruto;Tara;Precio\nA1;17;2026-03-01;48,5;0,5;0,62\n"
        "A2;18;2026-03-01;30;0,5;0,62\n"
    )
    done = import_deliveries(coop.workspace, coop.party, coop.terms, sheet)
    assert done.taken is not None
    assert [one.net for one in done.taken.deliveries] == [Decimal("48.0"), Decimal("29.5")]
    assert done.taken.captured.count == 4
    size = coop.workspace.journal.size()
    again = import_deliveries(coop.workspace, coop.party, coop.terms, sheet)
    assert (again.taken, len(again.known)) == (None, 2)
    assert coop.workspace.journal.size() == size
    sheet.write_text(
        "Member,Date,Gross,Price\n17,2026-03-02,x,0.62\n99,2026-03-02,1,0.62\n18,2026-03-02,5,0.62\n"
        '18,2026-03-02,5,0.62\n18,04/05/2026,5,0.62\n18,2026-03-02,"1,234",0.62\n'
    )
    with pytest.raises(InvalidInput) as caught:
        import_deliveries(coop.workspace, coop.party, coop.terms, sheet)
    for row in ("row 2", "row 3", "row 5: is the same delivery as row 4", "row 6", "row 7"):
        assert row in str(caught.value)
    assert coop.workspace.journal.size() == size


def test_a_member_signs_what_was_recorded_for_them(coop: Coop) -> None:
    coop.take(coop.line("17"), coop.line("18"))
    coop.take(coop.line("17", "12"))
    reverse_delivery(coop.workspace, coop.party, 3, "did not come")
    with pytest.raises(Unauthorized, match="no key yet"):
        countersign(coop.workspace, coop.find("17"))
    made = link_key(coop.workspace, coop.find("17"))
    assert made.party.uri == coop.find("17").uri
    assert made.party.name == "Member 17 of Sample Hills Cooperative"
    with pytest.raises(Conflict, match="registered already"):
        link_key(coop.workspace, coop.find("17"))
    (done,) = countersign(coop.workspace, coop.find("17"))
    assert done.events == 2, "not the other member's, not what was reversed"
    with pytest.raises(NotFound, match="nothing is left"):
        countersign(coop.workspace, coop.find("17"))


def test_a_key_that_never_was_here(coop: Coop) -> None:
    coop.take(coop.line("17"), coop.line("18"))
    member = coop.find("17")
    key = SigningKey.generate("P-256", os.urandom)
    created = "2026-03-02T00:00:00Z"
    statement = {
        "type": "PartyStatement",
        "party": member.uri,
        "name": "Member 17",
        "roles": ["maker"],
        "keys": [key.did],
        "voucher": coop.party.uri,
        "issuer": member.uri,
        "created": created,
    }
    link_statement(coop.workspace, member, secure(statement, key, created))
    (unsigned,) = countersignatures_to_sign(coop.workspace, member)
    signed = secure(unsigned, key, created)
    with pytest.raises(InvalidInput, match="does not fit"):
        submit_countersignature(coop.workspace, {**signed, "created": "2026-03-03T00:00:00Z"})
    assert submit_countersignature(coop.workspace, signed).events == 2
    (other,) = coop.take(coop.line("18", "9")).deliveries
    from firsthand.proof.fields import base64_text

    foreign = {**unsigned, "events": [base64_text(other.leaf)]}
    with pytest.raises(NotFound, match="not recorded for"):
        submit_countersignature(coop.workspace, secure(foreign, key, created))


def test_a_member_who_is_a_party_of_another_uri(coop: Coop) -> None:
    party = add_party(coop.workspace, "Adela", ("maker",), uri="https://coop.example/id/party/adela").party
    coop.take(coop.line("17"))
    link_party(coop.workspace, coop.find("17"), "Adela")
    coop.take(coop.line("17", "9"))
    assert events_of(coop, 2)[0]["fh:onBehalfOf"] == party.uri
    assert coop.workspace.members.get(party.uri) == coop.find("17")
    (done,) = countersign(coop.workspace, coop.find("17"))
    assert done.events == 4


def test_confirmations_are_in_the_proof(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    coop.add("17")
    (delivery,) = coop.take(coop.line("17")).deliveries
    anchor(coop.access)
    acknowledge(coop.workspace, receipt_of(coop.workspace, delivery).scanned)
    link_key(coop.workspace, coop.find("17"))
    countersign(coop.workspace, coop.find("17"))
    number = delivery.first_event + 1
    plain = next(prove_events(coop.access, [number]))
    assert b"confirmations" not in plain, "not anchored yet"
    anchor(coop.access)
    wait_until_mined(coop.access, timeout=60)
    line = next(prove_events(coop.access, [number]))[:-1]
    headers = check_headers(b"".join(export_headers(coop.access)), NETWORKS["sandbox"])
    report = verify(line, headers)
    assert report.valid
    assert report.on_behalf_of == coop.find("17").uri
    assert [stated.kind for stated, _ in report.confirmations] == ["Acknowledgement", "CounterSignature"]
    value = parse_canonical(line)
    from firsthand.proof.canonical import canonical

    for change in (
        lambda one: one["document"].update(code=receipt_code(coop.workspace, "other")),
        lambda one: one.update(place=one["place"] + 1),
        lambda one: one["document"].update(created="2026-01-01T00:00:00Z"),
    ):
        wrong = parse_canonical(line)
        change(wrong["confirmations"][0])
        found = verify(canonical(wrong), headers)
        step = next(one for one in found.further if one.name == "confirmations")
        assert step.outcome is Outcome.FAILED
        assert found.valid, "beside the verdict, never mixed into it"
    assert value["confirmations"]


def test_clerks_at_the_same_time_lose_nothing(coop: Coop) -> None:
    issue_card(coop.workspace, coop.find("18"), 5)
    errors: list[BaseException] = []

    def clerk(number: int) -> None:
        try:
            for at in range(4):
                member = "17" if at % 2 else "18"
                coop.take(coop.line(member, str(10 + number), again=True))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=clerk, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    deliveries = DeliveryBook(coop.workspace.engine).all()
    assert [one.number for one in deliveries] == list(range(1, 13))
    assert len({one.subject for one in deliveries}) == 12
    for member in ("17", "18"):
        entries = coop.book.entries([coop.find(member).uri])
        assert [entry.sequence for entry in entries] == list(range(1, 7))


def _clerk(folder: str) -> None:
    from firsthand.service.workspace import Workspace

    workspace = Workspace.open(Path(folder), lambda: "")
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.chain_access import ChainAccess

    party = workspace.parties.find("Sample Hills Cooperative")
    coop = Coop(ChainAccess(workspace), party, AccountBook(workspace.engine).season(party.uri))
    for number in range(10_000):
        coop.take(coop.line("17", f"{10 + number}", again=True, deduction=100))


def test_killed_in_the_middle_book_and_journal_agree(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    coop.add("17")
    process = multiprocessing.get_context("spawn").Process(target=_clerk, args=(str(coop.workspace.folder),))
    process.start()
    deadline = time.monotonic() + 120
    while DeliveryBook(coop.workspace.engine).last_number() < 5 and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join()
    deliveries = DeliveryBook(coop.workspace.engine).all()
    assert len(deliveries) >= 5
    documents = list(coop.workspace.journal.entries(kind="AccountEntries"))
    captures = list(coop.workspace.journal.entries(kind="Capture"))
    entries = coop.book.entries()
    assert len(deliveries) == len(documents) == len(captures) == len(entries) / 2
    assert [entry.sequence for entry in entries] == list(range(1, len(entries) + 1))
    assert {entry.leaf for entry in entries} == {document.leaf for document in documents}
    (after,) = coop.take(coop.line("17", "9.5")).deliveries
    assert after.number == len(deliveries) + 1
    assert after.day == DAY
