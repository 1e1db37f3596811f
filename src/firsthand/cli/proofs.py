"""`prove` and `verify`: making proof bundles, and checking those of others."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer

from firsthand.cli.output import JSON_OPTION, emit, progress
from firsthand.cli.session import open_access

if TYPE_CHECKING:
    from firsthand.proof.verify import Report

__all__ = ["register", "report_text"]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(prove)
    app.command()(verify)


def prove(
    identifiers: Annotated[
        list[str], typer.Argument(help="Event IDs, or URIs of lots and items for all their events.")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle file to write.")],
    with_certificates: Annotated[
        bool, typer.Option("--with-certificates", help="Add the proofs of certificates that bear on them.")
    ] = False,
    confidential: Annotated[
        bool, typer.Option("--confidential", help="Add confidential certificates, too.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write proof bundles, one a line: each proves one event to anyone, without this workspace.

    Example:  firsthand prove https://coop.example/id/lot/7 -o lot7.fhproof
    Example:  firsthand prove https://coop.example/id/lot/7 -o lot7.fhproof --with-certificates
    """
    from firsthand.service.prove import event_numbers, prove_events, write_whole
    from firsthand.service.prove_certificates import certificate_lines, certificates_for

    access = open_access()
    access.sync_headers()
    numbers = event_numbers(access, identifiers)
    wanted = certificates_for(access, numbers, confidential=confidential) if with_certificates else []
    lines = chain(prove_events(access, numbers), certificate_lines(access, wanted))
    with progress("Proving", len(numbers) + len(wanted)) as told:
        size = write_whole(output, lines, told)
    value = {"file": str(output), "bundles": len(numbers), "certificates": len(wanted), "bytes": size}
    beside = f" and {len(wanted)} certificates" if with_certificates else ""
    emit(as_json, value, f"Wrote {len(numbers)} proof bundles{beside} to {output} ({size:,} bytes).")


def verify(
    file: Annotated[Path, typer.Argument(help="A bundle file.")],
    headers: Annotated[
        str | None, typer.Option(help="Your block headers: a raw file, or a header service's URL.")
    ] = None,
    seals: Annotated[str | None, typer.Option(help="The log's seals file, or its URL.")] = None,
    since: Annotated[Path | None, typer.Option(help="A checkpoint of the log that you saw earlier.")] = None,
    trust: Annotated[
        str | None, typer.Option(help="Your own trust list, a JSON file; by default the proof's own.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Verify proof bundles in eight steps, without any workspace. Exit 0: valid, 1: not valid, 2: unreadable.

    Example:  firsthand verify lot7.fhproof --headers headers.raw
    """
    from firsthand.cli.certificate_text import (
        certificate_text,
        plain_certificate,
        plain_standing,
        standing_text,
    )
    from firsthand.proof.certificate_verify import CertificateReport
    from firsthand.service.certificate_check import for_event, read_trust, standing, types_by_name
    from firsthand.service.verification import verify_file

    reports: list[Report] = []
    certificates: list[CertificateReport] = []
    with progress("Verifying") as told:
        for report in verify_file(file, headers=headers, seals=seals, since=str(since) if since else None):
            if isinstance(report, CertificateReport):
                certificates.append(report)
            else:
                reports.append(report)
            told(len(reports) + len(certificates))
    valid = all(report.valid for report in reports) and all(one.proven for one in certificates)
    types, own = types_by_name(), read_trust(trust) if trust else None
    held = [for_event(report, certificates, types, own) for report in reports]
    # Without an event to hold them against, how they stand by all that the proof tells.
    alone = [] if reports else [standing(one, types, own) for one in certificates if one.proven]
    value = {
        "valid": valid,
        "bundles": [
            {**_plain(report), "certificates": [plain_standing(one) for one in checked]}
            for report, checked in zip(reports, held, strict=True)
        ],
        "certificates": [plain_certificate(report) for report in certificates],
        "standings": [plain_standing(one) for one in alone],
    }
    texts = [
        "\n".join([report_text(report), *(standing_text(one) for one in checked)])
        for report, checked in zip(reports, held, strict=True)
    ]
    texts += [certificate_text(report) for report in certificates]
    emit(as_json, value, "\n\n".join(texts + [standing_text(one) for one in alone]))
    if not valid:
        raise typer.Exit(1)


def report_text(report: Report) -> str:
    """A report for a person: the event, the eight steps, the further assurances, the verdict."""
    event = report.event
    what = " ".join(str(event[name]) for name in ("type", "action", "bizStep", "eventTime") if name in event)
    lines = [f"Event: {what}"]
    for number, step in enumerate(report.steps, 1):
        lines.append(f"  {number}. {step.name:<11} {step.outcome.value:<12} {step.detail}")
    lines += _disclosed(report)
    lines.append("Beside the verdict:")
    lines += [f"  -  {step.name:<17} {step.outcome.value:<12} {step.detail}" for step in report.further]
    return "\n".join([*lines, _verdict(report)])


def _disclosed(report: Report) -> list[str]:
    opened = report.opened
    if opened is None or not (opened.disclosed or opened.undisclosed):
        return []
    lines = ["Sealed fields:"]
    lines += [f"  -  {one} = {msgspec.json.encode(one.value).decode()}" for one in opened.disclosed]
    if opened.undisclosed:
        lines.append(f"  -  {opened.undisclosed} not disclosed")
    return lines


def _verdict(report: Report) -> str:
    if not report.valid:
        return "NOT VALID: not every step passed."
    assert report.party is not None
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(report.block_time or 0, UTC)
    sandbox = " This is a sandbox chain: it proves how the proof works, and nothing to others."
    return (
        f"VALID: {report.party.name} stated this{_for_whom(report)}; it is fixed "
        f"since block {report.block_height} of "
        f"{report.network} ({moment:%Y-%m-%d %H:%M} UTC), {report.depth} blocks deep, log {report.log}. "
        "Whether it is true, the chain cannot say."
        + (sandbox if report.network in ("sandbox", "regtest") else "")
    )


def _for_whom(report: Report) -> str:
    """`on behalf of`, and what that party itself says to it."""
    if report.on_behalf_of is None:
        return ""
    kinds = {stated.kind for stated, party in report.confirmations if party.uri == report.on_behalf_of}
    if "CounterSignature" in kinds:
        return f" on behalf of {report.on_behalf_of}, who signed it, too"
    acknowledged = any(stated.code is not None for stated, _ in report.confirmations)
    more = ", acknowledged by a one-time code" if acknowledged else ""
    return f" on behalf of {report.on_behalf_of}{more}"


def _plain(report: Report) -> dict[str, Any]:
    def steps(items: list[Any]) -> list[dict[str, str]]:
        return [{"name": step.name, "outcome": step.outcome.value, "detail": step.detail} for step in items]

    party = report.party
    return {
        "valid": report.valid,
        "network": report.network,
        "log": report.log,
        "place": report.place,
        "issuer": None if party is None else {"uri": party.uri, "name": party.name, "roles": party.roles},
        "key": report.key,
        "on_behalf_of": report.on_behalf_of,
        "confirmations": [
            {"type": stated.kind, "issuer": party.uri, "name": party.name, "created": stated.created}
            for stated, party in report.confirmations
        ],
        "created": None if report.manifest is None else report.manifest.created,
        "block_height": report.block_height,
        "block_time": report.block_time,
        "depth": report.depth,
        "steps": steps(report.steps),
        "further": steps(report.further),
        "event": report.event,
        "disclosed": [{"path": str(one), "value": one.value} for one in report.opened.disclosed]
        if report.opened
        else [],
        "undisclosed": report.opened.undisclosed if report.opened else None,
    }
