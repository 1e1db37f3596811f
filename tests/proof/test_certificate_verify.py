"""Certificate proofs: what stood when, and every way in which one is not what it seems."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events.instants import microseconds
from firsthand.proof.anchored import Outcome
from firsthand.proof.canonical import canonical
from firsthand.proof.certificate_proof import (
    is_certificate,
    parse_certificate_proof,
    write_certificate_proof,
)
from firsthand.proof.certificate_verify import CERTIFICATE_STEPS, CertificateReport, verify_certificate
from firsthand.proof.standing import Occasion, Standing
from firsthand.proof.trust_list import TrustList, parse_schemes
from firsthand.service.certify import issue_certificates, set_status
from firsthand.service.parties import add_party
from firsthand.service.trust_lists import believe, disbelieve
from tests.certified import ORGANIC, Certified
from tests.made import LOT

SUMMER = microseconds("2026-07-01T00:00:00Z")


class Season:
    """A certificate that is suspended, reinstated and revoked, with an event of its maker in between."""

    def __init__(self, folder: Any) -> None:
        self.made = Certified(folder)
        workspace, name = self.made.workspace, self.made.certifier.uri
        self.before = self.made.harvest(1)
        self.issued = self.made.issue()
        ids = [self.issued.credentials[0].id]
        self.held = self.made.harvest(2)
        set_status(workspace, name, ids, "suspension", True)
        self.suspended = self.made.harvest(3)
        set_status(workspace, name, ids, "suspension", False)
        self.reinstated = self.made.harvest(4)
        self.made.issue(LOT + "/9")
        (revoked,) = set_status(workspace, name, ids, "revocation", True)
        self.revocation = revoked.place
        self.revoked = self.made.harvest(5)
        self.made.anchored()
        self.line = self.made.line(self.issued, self.held, self.revoked)
        self.headers = self.made.headers()
        self.report = verify_certificate(self.line, self.headers)

    def judge(
        self, place: int | None, time: int = SUMMER, **more: Any
    ) -> tuple[Standing, str, tuple[str, ...]]:
        subjects = more.get("subjects", frozenset((self.made.maker.uri,)))
        found = self.report.judge("organic", Occasion(time, place, subjects), more.get("trust"))
        return found.standing, found.detail, found.later


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return Season(tmp_path_factory.mktemp("season"))


def failed(report: CertificateReport) -> list[str]:
    return [step.name for step in report.steps if step.outcome is not Outcome.PASSED]


def test_a_true_certificate_is_proven(season: Season) -> None:
    report = season.report
    assert report.proven, report.steps
    assert [step.name for step in report.steps] == list(CERTIFICATE_STEPS)
    assert report.issuer is not None
    assert report.recorded_by == report.issuer
    assert report.issuer.name == "Sample Organic"
    assert len(season.line) < 24_000
    without = verify_certificate(season.line, None)
    assert failed(without) == ["header"]
    with pytest.raises(InvalidInput, match="not proven"):
        without.judge("organic", Occasion(SUMMER))


def test_what_counts_is_the_place_of_the_event(season: Season) -> None:
    held, _, later = season.judge(season.held)
    assert held is Standing.VALID
    assert [text.partition(" since")[0] for text in later] == [
        "suspended",
        "no longer suspended",
        "revoked",
    ]
    assert season.judge(season.suspended)[0] is Standing.SUSPENDED
    assert season.judge(season.reinstated)[0] is Standing.VALID
    assert season.judge(season.reinstated)[2] == (f"revoked since place {season.revocation}",)
    assert season.judge(season.revoked)[0] is Standing.REVOKED
    assert season.judge(None)[0] is Standing.REVOKED


def test_a_backdated_event_does_not_escape_a_revocation(season: Season) -> None:
    """The thief of a date types March; the event stands in the log after the revocation."""
    assert season.judge(season.revoked, microseconds("2026-03-01T00:00:00Z"))[0] is Standing.REVOKED


def test_a_certificate_of_after_the_event_says_so(season: Season) -> None:
    standing, detail, _ = season.judge(season.before)
    assert standing is Standing.VALID
    assert "after the event" in detail


def test_dates_of_validity_are_held_against_the_event(season: Season) -> None:
    assert season.judge(season.held, microseconds("2025-12-31T23:59:59Z"))[0] is Standing.NOT_YET_VALID
    assert season.judge(season.held, microseconds("2027-01-01T00:00:00Z"))[0] is Standing.EXPIRED


def test_it_speaks_of_its_subject_only(season: Season) -> None:
    assert season.judge(season.held, subjects=frozenset((f"{LOT}/9",)))[0] is Standing.OTHER_SUBJECT


def test_an_issuer_outside_the_trust_list_is_not_recognised(season: Season) -> None:
    uri = season.made.certifier.uri
    nobody = TrustList("", 0, None, {})
    assert season.judge(season.held, trust=nobody)[0] is Standing.UNRECOGNISED
    for terms, standing in (
        ({"until": "2026-06-01T00:00:00Z"}, Standing.UNRECOGNISED),
        ({"from": "2026-08-01T00:00:00Z"}, Standing.UNRECOGNISED),
        ({"from": "2026-06-01T00:00:00Z"}, Standing.VALID),
    ):
        own = TrustList("", 0, None, parse_schemes({"organic": [{"issuer": uri, **terms}]}))
        assert season.judge(season.held, trust=own)[0] is standing
        assert season.report.judge("fairtrade", Occasion(SUMMER), own).standing is Standing.UNRECOGNISED
    assert season.report.judge(None, Occasion(SUMMER)).standing is Standing.UNRECOGNISED


@settings(max_examples=1500, deadline=None)
@given(st.data())
def test_no_single_changed_byte_is_proven(season: Season, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(season.line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != season.line[at]))
    changed = season.line[:at] + bytes((byte,)) + season.line[at + 1 :]
    with contextlib.suppress(InvalidInput):
        assert not verify_certificate(changed, season.headers).proven


def with_change(season: Season, change: Any) -> CertificateReport:
    proof = json.loads(season.line)
    change(proof)
    return verify_certificate(canonical(proof), season.headers)


def test_each_step_can_fail(season: Season) -> None:
    assert "credential" in failed(
        with_change(season, lambda p: p["credential"].update(validUntil="2030-01-01T00:00:00Z"))
    )
    assert "credential" in failed(with_change(season, lambda p: p["credentialProof"].update(index=1)))
    assert "signatures" in failed(with_change(season, lambda p: p.update(statements=[])))
    assert "log" in failed(with_change(season, lambda p: p["record"].update(place=p["record"]["place"] - 1)))
    assert "checkpoint" in failed(with_change(season, lambda p: p.update(genesis=p["anchor"])))
    assert "anchor" in failed(with_change(season, lambda p: p.update(anchor=p["genesis"])))


def test_members_missing_or_more_are_refused(season: Season) -> None:
    proof = json.loads(season.line)
    for name in proof:
        if name == "trust":
            continue
        less = {key: value for key, value in proof.items() if key != name}
        with pytest.raises(InvalidInput):
            verify_certificate(canonical(less), season.headers)
    with pytest.raises(InvalidInput):
        verify_certificate(canonical({**proof, "extra": 1}), season.headers)
    with pytest.raises(UnreadableInput):
        verify_certificate(b"{}\n", season.headers)
    assert is_certificate(season.line)
    assert not is_certificate(b'{"event":{"credential":1}}')
    assert write_certificate_proof(parse_certificate_proof(season.line)) == season.line + b"\n"


def test_a_statement_in_the_records_stead_is_no_record(season: Season) -> None:
    def change(proof: Any) -> None:
        proof["record"] = proof["statements"].pop(0)

    steps = {step.name: step for step in with_change(season, change).steps}
    assert steps["signatures"].outcome is Outcome.FAILED
    assert "the record is a party statement" in steps["signatures"].detail


def test_a_list_of_ones_own_is_not_shown_as_observed(season: Season) -> None:
    report = with_change(season, lambda proof: proof["status"][0].update(published={}))
    assert failed(report) == ["status"]


def test_changes_left_out_leave_the_status_unknown(season: Season) -> None:
    """Without the revocation it would look as if nothing had happened after: it is not known then."""

    def purposes(proof: Any, kept: Any) -> None:
        proof["status"] = [one for one in proof["status"] if kept(one["change"]["document"])]

    # The suspension left out of the middle: between what is left, others may lie.
    report = with_change(
        season, lambda p: purposes(p, lambda d: (d["purpose"], d["number"]) != ("suspension", 1))
    )
    assert report.proven
    mine = frozenset((season.made.maker.uri,))
    found = report.judge("organic", Occasion(SUMMER, season.suspended, mine))
    assert found.standing is Standing.UNKNOWN
    # A whole list left out.
    report = with_change(season, lambda p: purposes(p, lambda d: d["purpose"] == "suspension"))
    assert report.judge("organic", Occasion(SUMMER, season.revoked, mine)).standing is Standing.UNKNOWN


def test_the_bit_of_another_certificate_does_not_pass(season: Season) -> None:
    def swap(proof: Any) -> None:
        status = proof["status"]
        last = next(one for one in reversed(status) if one["change"]["document"]["purpose"] == "revocation")
        first = next(one for one in status if one["change"]["document"]["purpose"] == "revocation")
        last["chunk"], last["path"] = first["chunk"], first["path"]

    assert "status" in failed(with_change(season, swap))


def test_a_status_list_of_somebody_else_says_nothing(season: Season, tmp_path: Any) -> None:
    """Another certifier of the same log journals a list under the same URL, with all clear."""
    made = Certified(tmp_path)
    issued = made.issue()
    ids = [issued.credentials[0].id]
    rogue = add_party(made.workspace, "Rogue", ("certifier",)).party
    issue_certificates(
        made.workspace,
        rogue.uri,
        "coffee",
        [{"type": "organic", "subject": made.maker.uri, "elements": ORGANIC, "validUntil": "2026-12-31"}],
    )
    set_status(made.workspace, made.certifier.uri, ids, "revocation", True)
    made.anchored()
    proof = json.loads(made.line(issued))
    rogue_line = json.loads(
        made.line(type(issued)((made.workspace.credentials.all(rogue.uri)[0],), 0, True, {}))
    )
    forged = copy.deepcopy(proof)
    forged["status"] = rogue_line["status"]
    forged["statements"] = sorted(
        {one["place"]: one for one in (*proof["statements"], *rogue_line["statements"])}.values(),
        key=lambda one: one["place"],
    )
    assert "status" in failed(verify_certificate(canonical(forged), made.headers()))


def test_a_trust_list_has_versions(tmp_path: Any) -> None:
    made = Certified(tmp_path)
    issued, place = made.issue(), made.harvest(1)
    disbelieve(made.workspace, "organic", "Sample Organic")
    made.anchored()
    report = verify_certificate(made.line(issued, place), made.headers())
    assert report.trust is not None
    assert report.trust.number == 1
    mine = frozenset((made.maker.uri,))
    assert report.judge("organic", Occasion(SUMMER, place, mine)).standing is Standing.UNRECOGNISED
    believe(made.workspace, "organic", "Sample Organic", until="2026-08-01T00:00:00Z")
    made.anchored()
    report = verify_certificate(made.line(issued, place), made.headers())
    assert report.judge("organic", Occasion(SUMMER, place, mine)).standing is Standing.VALID
    autumn = microseconds("2026-10-01T00:00:00Z")
    assert report.judge("organic", Occasion(autumn, place, mine)).standing is Standing.UNRECOGNISED


def test_when_it_was_revoked_is_dated_by_the_earliest_anchor(tmp_path: Any) -> None:
    made = Certified(tmp_path)
    issued = made.issue()
    made.anchored()
    (revoked,) = set_status(
        made.workspace, made.certifier.uri, [issued.credentials[0].id], "revocation", True
    )
    made.anchored()
    for number in range(3):
        made.harvest(number)
        made.anchored()
    made.issue(f"{LOT}/1")
    set_status(made.workspace, made.certifier.uri, [made.issue().credentials[0].id], "revocation", True)
    made.anchored()
    loose = verify_certificate(made.line(issued), made.headers())
    tight = verify_certificate(made.line(issued, before=revoked.place + 1), made.headers())
    assert loose.proven
    assert tight.proven
    assert (tight.block_height or 0) < (loose.block_height or 0)
    assert tight.judge("organic", Occasion(SUMMER)).standing is Standing.REVOKED
