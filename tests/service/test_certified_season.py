"""The organic coffee season with a revoked certificate, played whole and checked from its file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from firsthand.chain.headers import check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.events.instants import microseconds
from firsthand.proof.bundle import bundle_lines
from firsthand.proof.certificate_proof import is_certificate
from firsthand.proof.certificate_verify import CertificateReport, verify_certificate
from firsthand.proof.standing import Standing
from firsthand.proof.trust_list import TrustList
from firsthand.proof.verify import Report, verify
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.certificate_check import Checked, for_event, types_by_name
from firsthand.service.demo import BUNDLES, HEADERS, play

EIGHT = "https://coop.example/id/party/farmer-F08"
ONE = "https://coop.example/id/party/farmer-F01"


class Season:
    def __init__(self, folder: Path) -> None:
        self.played = play("coffee", folder, lambda step: None)
        headers = check_headers((folder / HEADERS).read_bytes(), NETWORKS["sandbox"])
        self.events: list[Report] = []
        self.certificates: list[CertificateReport] = []
        for line in bundle_lines((folder / BUNDLES).read_bytes()):
            if is_certificate(line):
                self.certificates.append(verify_certificate(line, headers))
            else:
                self.events.append(verify(line, headers))

    def of(self, step: str, party: str, trust: TrustList | None = None) -> list[Checked]:
        """How a party's organic certificate stands for the events of a step that speak of it."""
        return [
            one
            for event in self.events
            if event.event.get("fh:step") == step
            for one in for_event(event, self.certificates, types_by_name(), trust)
            if one.report.credential is not None
            and one.report.credential.subjects == (party,)
            and one.kind is not None
            and one.kind.name == "organic"
        ]


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> Season:
    return Season(tmp_path_factory.mktemp("season") / "workspace")


def test_all_is_proven(season: Season) -> None:
    assert all(report.valid for report in season.events)
    assert all(report.proven for report in season.certificates)
    assert len(season.certificates) == 14


def test_the_revoked_certificate_counts_before_and_not_after(season: Season) -> None:
    (plot,) = season.of("plot", EIGHT)
    assert plot.judgement.valid
    assert plot.judgement.later[0].startswith("revoked since place")
    deliveries = season.of("delivery", EIGHT)
    assert deliveries
    assert {one.judgement.standing for one in deliveries} == {Standing.REVOKED}
    assert {one.judgement.standing for one in season.of("delivery", ONE)} == {Standing.VALID}


def test_the_roaster_was_suspended_when_the_season_was_over(season: Season) -> None:
    roasts = season.of("roasting", "https://coop.example/id/party/roaster")
    assert roasts
    assert all(one.judgement.valid and one.judgement.later for one in roasts)


def test_who_believes_nobody_sees_unrecognised_issuers(season: Season) -> None:
    for one in season.of("delivery", ONE, TrustList("", 0, None, {})):
        assert one.judgement.standing is Standing.UNRECOGNISED


def test_the_workspace_says_the_same(season: Season) -> None:
    workspace = season.played.access.workspace
    book = CertificateBook(workspace)
    for step, party in (("plot", EIGHT), ("delivery", EIGHT), ("delivery", ONE)):
        for one in season.of(step, party):
            assert one.report.credential is not None
        event = next(
            report
            for report in season.events
            if report.event.get("fh:step") == step
            and any(
                checked.report.credential is not None and checked.report.credential.subjects == (party,)
                for checked in for_event(report, season.certificates, types_by_name())
            )
        )
        (number,) = workspace.index.by_event_id(event_id(event.event))[:1]
        backing = book.backing("organic", None, party, microseconds(event.event["eventTime"]), number)
        assert bool(backing) is season.of(step, party)[0].judgement.valid


def event_id(event: dict[str, object]) -> str:
    from firsthand.events.event_hash import HashContext, event_hash_id

    return event_hash_id(event, HashContext.of(event.get("@context", ())))
