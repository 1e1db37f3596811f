"""How certificates are told: for people in lines, for programs as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from firsthand.proof.certificate_verify import CertificateReport
    from firsthand.service.certificate_book import Certified
    from firsthand.service.certificate_check import Checked

__all__ = [
    "certificate_text",
    "certified_text",
    "plain_certificate",
    "plain_certified",
    "plain_standing",
    "standing_text",
]


def standing_text(checked: Checked) -> str:
    """How a certificate stands for an event."""
    report = checked.report
    assert report.credential is not None
    name = checked.kind.name if checked.kind else ", ".join(report.credential.types[1:]) or "credential"
    judgement = checked.judgement
    lines = [f"Certificate {name} of {_subjects(report)}: {judgement.standing.value.upper()}"]
    lines.append(f"  {report.credential.id}, stated by {_issuer(report)}: {judgement.detail}")
    lines += [f"  since then: {later}" for later in judgement.later]
    if judgement.valid and not judgement.later:
        lines.append("  as far as the proof tells: no later change is shown")
    return "\n".join(lines)


def certificate_text(report: CertificateReport) -> str:
    """The eight steps over a certificate, and the verdict on its proof."""
    what = report.credential.id if report.credential else "that cannot be read"
    lines = [f"Certificate: {what}"]
    for number, step in enumerate(report.steps, 1):
        lines.append(f"  {number}. {step.name:<11} {step.outcome.value:<12} {step.detail}")
    if not report.proven:
        return "\n".join([*lines, "NOT PROVEN: not every step passed."])
    from firsthand.service.certificate_check import fixed

    changes = {
        state.place: entry.purpose if state.set else f"end of {entry.purpose}"
        for entry, states in report.states.items()
        for state in states
    }
    lines += [
        f"  -  the {changes.get(place, 'change')} at place {place} was signed after block {seen.height}"
        for place, seen in sorted(report.after.items())
    ]
    verdict = (
        f"PROVEN: {_issuer(report)} stated this of {_subjects(report)}; on record since {fixed(report)}."
    )
    return "\n".join([*lines, verdict])


def certified_text(one: Certified) -> str:
    """How a certificate of this workspace stands."""
    name = one.kind.name if one.kind else one.kept.type or "credential"
    lines = [
        f"Certificate {name} of {', '.join(one.credential.subjects)}: {one.judgement.standing.value.upper()}",
        f"  {one.kept.id}, stated by {one.kept.issuer}: {one.judgement.detail}",
    ]
    return "\n".join(lines + [f"  since then: {later}" for later in one.judgement.later])


def plain_certificate(report: CertificateReport) -> dict[str, Any]:
    """A report for programs."""
    return {
        "proven": report.proven,
        "credential": report.credential.document if report.credential else None,
        "key": report.key,
        "place": report.place,
        "recorded_by": report.recorded_by.uri if report.recorded_by else None,
        "network": report.network,
        "log": report.log,
        "block_height": report.block_height,
        "block_time": report.block_time,
        "depth": report.depth,
        "steps": [
            {"name": step.name, "outcome": step.outcome.value, "detail": step.detail} for step in report.steps
        ],
        "status": [
            {
                "purpose": entry.purpose,
                "list": entry.list,
                "changes": [{"place": state.place, "set": state.set} for state in states],
            }
            for entry, states in report.states.items()
        ],
    }


def plain_standing(checked: Checked) -> dict[str, Any]:
    """A certificate's standing for programs."""
    credential = checked.report.credential
    return {
        "id": credential.id if credential else None,
        "type": checked.kind.name if checked.kind else None,
        "issuer": credential.issuer if credential else None,
        "subjects": credential.subjects if credential else (),
        "claims": checked.kind.claims if checked.kind else (),
        "standing": checked.judgement.standing.value,
        "detail": checked.judgement.detail,
        "later": checked.judgement.later,
        "place": checked.report.place,
    }


def plain_certified(one: Certified) -> dict[str, Any]:
    """The same for one of this workspace."""
    return {
        "id": one.kept.id,
        "type": one.kept.type or None,
        "profile": one.kept.profile or None,
        "issuer": one.kept.issuer,
        "subjects": one.credential.subjects,
        "claims": one.kind.claims if one.kind else (),
        "validFrom": one.credential.document.get("validFrom"),
        "validUntil": one.credential.document.get("validUntil"),
        "confidential": one.kept.confidential,
        "standing": one.judgement.standing.value,
        "detail": one.judgement.detail,
        "later": one.judgement.later,
        "place": one.kept.place,
    }


def _issuer(report: CertificateReport) -> str:
    if report.issuer is not None:
        return f"{report.issuer.name} ({report.issuer.uri})"
    return report.credential.issuer if report.credential else ""


def _subjects(report: CertificateReport) -> str:
    return ", ".join(report.credential.subjects) if report.credential else ""
