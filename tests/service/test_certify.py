"""Issuing, withdrawing and trusting, on both stores; the journal tells nothing of what certificates say."""

from __future__ import annotations

import json
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from firsthand.errors import FirsthandError, InvalidInput, NotFound, Unauthorized
from firsthand.events.instants import microseconds
from firsthand.proof.canonical import canonical, parse_canonical
from firsthand.proof.certificate_verify import verify_certificate
from firsthand.proof.credential import StatusEntry, parse_credential, verify_credential
from firsthand.proof.data_integrity import verify_proof
from firsthand.proof.standing import Occasion, Standing
from firsthand.proof.status_list import LEAST, bit_of, decode_bits, parse_status_list
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.certify import find_credential, issue_certificates, set_status
from firsthand.service.migrate import reindex
from firsthand.service.parties import add_party, rotate_key
from firsthand.service.prove_certificates import certificates_for
from firsthand.service.status_lists import published, take_seats
from firsthand.service.trust_lists import believe, disbelieve, known_schemes, set_schemes, trust_schemes
from tests.certified import ORGANIC, Certified
from tests.made import LOT

SUMMER = microseconds("2026-07-01T00:00:00Z")
SCOPE = {
    "gotsScopeNumber": "SC-1",
    "standard": "GOTS",
    "standardVersion": "7.0",
    "certifiedProducts": "yarn",
    "processSteps": "spinning, dyeing",
    "certifiedSites": "dye house",
}
TRANSACTION = {
    "gotsTransactionNumber": "TC-7",
    "gotsScopeNumber": "SC-1",
    "shipmentDates": "2026-06-30",
    "certifiedWeight": "120.5 KGM",
    "consignee": "Secret Buyer",
}


@pytest.fixture
def made(tmp_path: Path, database: str) -> Certified:
    return Certified(tmp_path, database)


def test_a_certificate_is_issued_suspended_and_revoked(made: Certified) -> None:
    workspace, name = made.workspace, made.certifier.uri
    issued = made.issue()
    (kept,) = issued.credentials
    credential, verified = verify_credential(parse_canonical(kept.document))
    assert verified.did == kept.key == made.certifier.keys[0]
    assert credential.id == kept.id == find_credential(workspace, kept.id.rpartition("/")[2]).id
    assert [entry.purpose for entry in credential.status] == ["revocation", "suspension"]

    def standing() -> Standing:
        return CertificateBook(workspace).judge(kept, Occasion(SUMMER)).judgement.standing

    assert standing() is Standing.VALID
    set_status(workspace, name, [kept.id], "suspension", True)
    assert standing() is Standing.SUSPENDED
    with pytest.raises(InvalidInput, match=f"suspended already, .*: {kept.id}"):
        set_status(workspace, name, [kept.id], "suspension", True)
    set_status(workspace, name, [kept.id], "suspension", False)
    assert standing() is Standing.VALID
    (change,) = set_status(workspace, name, [kept.id], "revocation", True)
    assert change.receipt["place"] == change.place
    assert standing() is Standing.REVOKED
    with pytest.raises(InvalidInput, match=f"revoked already, .*: {kept.id}"):
        set_status(workspace, name, [kept.id], "revocation", True)
    with pytest.raises(InvalidInput, match="was revoked: a revocation is for good"):
        set_status(workspace, name, [kept.id], "suspension", False)
    with pytest.raises(InvalidInput, match="for good"):
        set_status(workspace, name, [kept.id], "revocation", False)


def test_a_trust_list_takes_names_of_parties_and_days(made: Certified) -> None:
    with pytest.raises(InvalidInput, match='no party here has the name "Nobody Known"'):
        believe(made.workspace, "organic", "Nobody Known")
    believe(made.workspace, "organic", "did:web:x.example", since="2026-01-01", until="2026-02-01")
    (entry,) = [
        one for one in trust_schemes(made.workspace)["organic"] if one["issuer"] == "did:web:x.example"
    ]
    assert (entry["from"], entry["until"]) == ("2026-01-01T00:00:00Z", "2026-02-01T23:59:59Z")
    assert "organic" in known_schemes(made.workspace)


def test_the_published_list_says_what_the_journal_says(made: Certified) -> None:
    workspace = made.workspace
    kept = [made.issue().credentials[0] for _ in range(3)]
    set_status(workspace, made.certifier.uri, [kept[1].id], "revocation", True)
    entries = [parse_credential(parse_canonical(one.document)).status[0] for one in kept]
    name = entries[0].list.rpartition("/")[2]
    document = json.loads(published(workspace, name))
    assert verify_proof(document).did == made.certifier.keys[0]
    bits = decode_bits(parse_status_list(document).encoded)
    assert [bit_of(bits, entry.index) for entry in entries] == [False, True, False]
    assert published(workspace, name) == canonical(document)
    workspace.now = lambda: "2030-01-01T00:00:00Z"
    assert json.loads(published(workspace, name))["validFrom"] == "2030-01-01T00:00:00Z"
    with pytest.raises(NotFound):
        published(workspace, "nothing")


def test_filled_anew_the_lists_are_the_same(made: Certified) -> None:
    workspace = made.workspace
    ids = [made.issue().credentials[0].id for _ in range(4)]
    set_status(workspace, made.certifier.uri, ids[:3], "suspension", True)
    set_status(workspace, made.certifier.uri, ids[1:2], "suspension", False)
    before = workspace.credentials.lists()
    assert before
    reindex(workspace)
    assert workspace.credentials.lists() == before
    set_status(workspace, made.certifier.uri, ids[3:], "suspension", True)


def test_all_of_a_request_or_none(made: Certified) -> None:
    workspace, size = made.workspace, made.workspace.journal.size()
    good = {"type": "organic", "subject": made.maker.uri, "elements": ORGANIC, "validUntil": "2026-12-31"}
    for wrong, path in (
        ({**good, "type": "halal"}, "$[1]"),
        ({**good, "elements": {"certificateNumber": "1"}}, "$[1].credentialSubject"),
        ({**good, "elements": {**ORGANIC, "colour": "green"}}, "$[1].elements.colour"),
        ({**good, "elements": {**ORGANIC, "certifiedWeight": "much"}}, "$[1].elements.certifiedWeight"),
        ({**good, "validUntil": "soon"}, "$[1].validUntil"),
        ({**good, "subject": 7}, "$[1].subject"),
        ({**good, "extra": 7}, "$[1].extra"),
    ):
        with pytest.raises(InvalidInput) as caught:
            issue_certificates(workspace, made.certifier.uri, "coffee", [good, wrong])
        assert caught.value.path.startswith(path), caught.value.path
    assert workspace.journal.size() == size
    assert workspace.credentials.all() == []
    made_now = issue_certificates(workspace, made.certifier.uri, "coffee", [good] * 3)
    assert [one.position for one in made_now.credentials] == [0, 1, 2]
    assert len({one.id for one in made_now.credentials}) == 3


def test_only_a_certifier_issues_and_only_the_issuer_withdraws(made: Certified) -> None:
    workspace = made.workspace
    request = {"type": "organic", "subject": made.maker.uri, "elements": ORGANIC}
    with pytest.raises(Unauthorized, match="is no certifier"):
        issue_certificates(workspace, made.maker.uri, "coffee", [request])
    kept = made.issue().credentials[0]
    other = add_party(workspace, "Other", ("certifier",)).party
    with pytest.raises(Unauthorized, match="was issued by"):
        set_status(workspace, other.uri, [kept.id], "revocation", True)
    with pytest.raises(NotFound):
        set_status(workspace, made.certifier.uri, ["nothing"], "revocation", True)


def test_a_rotated_key_does_not_unmake_certificates(made: Certified) -> None:
    issued = made.issue()
    kept = issued.credentials[0]
    rotate_key(made.workspace, "Sample Organic")
    book = CertificateBook(made.workspace)
    assert book.judge(kept, Occasion(SUMMER)).judgement.valid
    set_status(made.workspace, made.certifier.uri, [kept.id], "revocation", True)
    made.anchored()
    report = verify_certificate(made.line(issued), made.headers())
    assert report.proven
    assert report.judge("organic", Occasion(SUMMER)).standing is Standing.REVOKED


def test_the_journal_tells_nothing_of_what_certificates_say(made: Certified) -> None:
    workspace = made.workspace
    request = {"type": "gotsTransaction", "subject": f"{LOT}/1", "elements": TRANSACTION}
    scope = {"type": "gotsScope", "subject": made.maker.uri, "elements": SCOPE, "validUntil": "2026-12-31"}
    issue_certificates(workspace, made.certifier.uri, "textile", [scope, request])
    journaled = b"".join(entry.document for entry in workspace.journal.entries())
    for secret in (b"TC-7", b"SC-1", b"Secret Buyer", b"120.5", f"{LOT}/1".encode()):
        assert secret not in journaled
    place = made.harvest(1)
    number = workspace.index.by_item(f"{LOT}/1")
    assert [kept.type for kept, _ in certificates_for(made.access, number)] == ["gotsScope"]
    both = certificates_for(made.access, number, confidential=True)
    assert {(kept.type, tuple(places)) for kept, places in both} == {
        ("gotsScope", (place,)),
        ("gotsTransaction", (place,)),
    }


def test_claims_are_backed_by_certificates_that_count(made: Certified) -> None:
    workspace = made.workspace
    before = workspace.index.by_item(f"{LOT}/1")
    assert before == []
    made.issue()
    made.harvest(1)
    set_status(workspace, made.certifier.uri, [workspace.credentials.all()[0].id], "revocation", True)
    made.harvest(2)
    book = CertificateBook(workspace)
    (first,) = workspace.index.by_item(f"{LOT}/1")
    (second,) = workspace.index.by_item(f"{LOT}/2")
    mine = made.maker.uri
    assert len(book.backing("organic", None, mine, SUMMER, first)) == 1
    assert book.backing("organic", None, mine, SUMMER, second) == []
    assert book.backing("organic", None, mine, SUMMER) == []
    assert book.backing("fairtrade", None, mine, SUMMER, first) == []
    assert book.backing("organic", f"{LOT}/1", None, SUMMER, first) == []
    assert book.backing("organic", None, None, SUMMER) == []
    late = microseconds("2027-07-01T00:00:00Z")
    assert book.backing("organic", None, mine, late, first) == []


def test_a_transaction_certificate_needs_its_scope_certificate(made: Certified) -> None:
    workspace, name = made.workspace, made.certifier.uri
    believe(workspace, "gots", name)
    transaction = {
        "type": "gotsTransaction",
        "subject": f"{LOT}/1",
        "elements": TRANSACTION,
        "validFrom": "2026-01-01",
    }
    issue_certificates(workspace, name, "textile", [transaction])

    def backed() -> bool:
        return bool(CertificateBook(workspace).backing("organic", f"{LOT}/1", None, SUMMER))

    assert not backed()
    scope = {
        "type": "gotsScope",
        "subject": made.maker.uri,
        "elements": {**SCOPE, "gotsScopeNumber": "SC-2"},
        "validFrom": "2026-01-01",
        "validUntil": "2026-12-31",
    }
    issue_certificates(workspace, name, "textile", [scope])
    assert not backed()
    issued = issue_certificates(workspace, name, "textile", [{**scope, "elements": SCOPE}])
    assert backed()
    set_status(workspace, name, [issued.credentials[0].id], "suspension", True)
    assert not backed()


def test_certified_volumes_add_up(made: Certified) -> None:
    year = microseconds("2026-01-01T00:00:00Z"), microseconds("2026-12-31T00:00:00Z")
    mine = made.maker.uri

    def certified(**more: Any) -> Any:
        return CertificateBook(made.workspace).certified("organic", mine, *year, **more)

    assert certified() is None
    made.issue()
    made.issue(elements={**ORGANIC, "certifiedWeight": "28200 GRM"})
    assert certified() == (Fraction(600), "KGM")
    assert certified(uom="GRM") == (Fraction(600_000), "GRM")
    assert CertificateBook(made.workspace).certified("organic", mine, year[1] * 2, year[1] * 3) is None
    unlimited = {name: value for name, value in ORGANIC.items() if name != "certifiedWeight"}
    made.issue(elements=unlimited)
    assert certified() is None


def test_the_trust_list_is_kept_by_one_party(made: Certified) -> None:
    workspace = made.workspace
    found = workspace.credentials.trust()
    assert found is not None
    assert (found[0].number, found[0].issuer) == (0, made.coop.uri)
    did = made.certifier.keys[0]
    version = believe(workspace, "gots", "did:web:certifier.example", name="GOTS", keys=(did,)).trust
    assert version.number == 1
    assert trust_schemes(workspace)["gots"] == [
        {"issuer": "did:web:certifier.example", "name": "GOTS", "keys": [did]}
    ]
    with pytest.raises(NotFound):
        disbelieve(workspace, "gots", "did:web:other.example")
    disbelieve(workspace, "gots", "GOTS")
    assert list(trust_schemes(workspace)) == ["organic"]
    with pytest.raises(InvalidInput, match="keeps the trust list"):
        believe(workspace, "gots", did, keeper=made.maker.uri)
    for wrong in (
        {"organic": [{"issuer": "no uri"}]},
        {"organic": [{"issuer": did, "x": 1}]},
        {"organic": 1},
    ):
        with pytest.raises(InvalidInput):
            set_schemes(workspace, wrong)
    set_schemes(workspace, {})
    assert trust_schemes(workspace) == {}


def test_seats_are_given_once(made: Certified) -> None:
    workspace = made.workspace
    key = workspace.held_key(made.certifier.keys)
    taken: list[tuple[StatusEntry, ...]] = []
    lock = threading.Lock()

    def take() -> None:
        seats = take_seats(workspace, made.certifier.uri, key, 700)
        with lock:
            taken.extend(seats)

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({seats[0] for seats in taken}) == 2800
    assert all(seats[0].index == seats[1].index < LEAST for seats in taken)


def test_certifiers_who_withdraw_at_once_do_not_undo_each_other(made: Certified) -> None:
    workspace, name = made.workspace, made.certifier.uri
    ids = [one.id for one in issue_many(made, 8)]
    errors: list[BaseException] = []

    def revoke(credential: str) -> None:
        try:
            set_status(workspace, name, [credential], "revocation", True)
        except FirsthandError as error:
            errors.append(error)

    threads = [threading.Thread(target=revoke, args=(credential,)) for credential in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    book = CertificateBook(workspace)
    for credential in ids:
        judged = book.judge(find_credential(workspace, credential), Occasion(SUMMER))
        assert judged.judgement.standing is Standing.REVOKED


def issue_many(made: Certified, count: int) -> tuple[Any, ...]:
    request = {"type": "organic", "subject": made.maker.uri, "elements": ORGANIC, "validFrom": "2026-01-01"}
    return issue_certificates(made.workspace, made.certifier.uri, "coffee", [request] * count).credentials
