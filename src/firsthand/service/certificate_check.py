"""Checking certificates without a workspace: a file's certificates held against the file's events.

The types are those of the profiles that ship with the verifier. The trust list is the verifier's own where it
has one (a JSON object of schemes), else the one that the proof carries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from firsthand.errors import InvalidInput
from firsthand.events.instants import microseconds
from firsthand.events.subjects import certificates_named, event_subjects
from firsthand.proof.certificate_verify import CertificateReport
from firsthand.proof.credential import CertificateType
from firsthand.proof.standing import Judgement, Occasion, Standing
from firsthand.proof.trust_list import TrustList, parse_schemes
from firsthand.proof.verify import Report
from firsthand.service.certificate_types import packaged_types
from firsthand.service.fetch import read_json
from firsthand.service.verification import read_source

__all__ = ["Checked", "fixed", "for_event", "read_trust", "standing", "types_by_name"]

Types = Mapping[str, CertificateType]


@dataclass(frozen=True, slots=True)
class Checked:
    """A certificate with how it stands on one occasion; `kind` is None for one of a stranger's type."""

    report: CertificateReport
    kind: CertificateType | None
    judgement: Judgement


def types_by_name() -> dict[str, CertificateType]:
    """The packaged certificate types by their W3C names."""
    return {kind.type: kind for _, kind in packaged_types()}


def read_trust(source: str) -> TrustList:
    """A verifier's own trust list: a file or URL with `{SCHEME: [{"issuer": …}]}`. Raises InvalidInput."""
    return TrustList("", 0, None, parse_schemes(read_json(read_source(source), source)))


def for_event(
    event: Report, certificates: Iterable[CertificateReport], types: Types, trust: TrustList | None = None
) -> list[Checked]:
    """How the certificates stand for one event: those that it names, or that speak of something in it.

    One that it names and that speaks of something else is told as such. None for an event that is not valid,
    or names no time.
    """
    time = _time_of(event.event)
    if not event.valid or event.party is None or time is None:
        return []
    subjects = event_subjects(event.event, event.party.uri)
    named = certificates_named(event.event)
    occasion = Occasion(time, event.place, subjects)
    found = []
    for report in certificates:
        if report.credential is None or (report.network, report.log) != (event.network, event.log):
            continue
        checked = _checked(report, occasion, types, trust)
        if checked.judgement.standing is not Standing.OTHER_SUBJECT or report.credential.id in named:
            found.append(checked)
    return found


def standing(
    report: CertificateReport, types: Types, trust: TrustList | None = None, at: str | None = None
) -> Checked:
    """How a certificate stood when its proof was fixed, or at a time, by all that the proof tells."""
    if at is not None:
        time = microseconds(at)
    else:
        time = (report.block_time or 0) * 1_000_000
    return _checked(report, Occasion(time), types, trust)


def fixed(report: CertificateReport) -> str:
    """Since when it is fixed, as people read it."""
    moment = datetime.fromtimestamp(report.block_time or 0, UTC)
    return f"block {report.block_height} of {report.network} ({moment:%Y-%m-%d %H:%M} UTC)"


def _time_of(event: Mapping[str, Any]) -> int | None:
    text = event.get("eventTime")
    try:
        return microseconds(text) if type(text) is str else None
    except InvalidInput:
        return None


def _checked(report: CertificateReport, occasion: Occasion, types: Types, trust: TrustList | None) -> Checked:
    names = report.credential.types if report.credential is not None else ()
    kind = next((types[name] for name in names if name in types), None)
    try:
        judgement = report.judge(kind.scheme if kind else None, occasion, trust)
    except InvalidInput as error:
        judgement = Judgement(Standing.UNKNOWN, error.reason)
    return Checked(report, kind, judgement)
