"""`prove` and `verify`: making proof bundles, and checking those of others."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

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
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write proof bundles, one a line: each proves one event to anyone, without this workspace.

    Example:  firsthand prove https://coop.example/id/lot/7 -o lot7.fhproof
    """
    from firsthand.service.prove import event_numbers, prove_events, write_whole

    access = open_access()
    access.sync_headers()
    numbers = event_numbers(access, identifiers)
    with progress("Proving", len(numbers)) as told:
        size = write_whole(output, prove_events(access, numbers), told)
    value = {"file": str(output), "bundles": len(numbers), "bytes": size}
    emit(as_json, value, f"Wrote {len(numbers)} proof bundles to {output} ({size:,} bytes).")


def verify(
    file: Annotated[Path, typer.Argument(help="A bundle file.")],
    headers: Annotated[
        str | None, typer.Option(help="Your block headers: a raw file, or a header service's URL.")
    ] = None,
    seals: Annotated[str | None, typer.Option(help="The log's seals file, or its URL.")] = None,
    since: Annotated[Path | None, typer.Option(help="A checkpoint of the log that you saw earlier.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Verify proof bundles in eight steps, without any workspace. Exit 0: valid, 1: not valid, 2: unreadable.

    Example:  firsthand verify lot7.fhproof --headers headers.raw
    """
    from firsthand.service.verification import verify_file

    reports = []
    with progress("Verifying") as told:
        for report in verify_file(file, headers=headers, seals=seals, since=str(since) if since else None):
            reports.append(report)
            told(len(reports))
    valid = all(report.valid for report in reports)
    value = {"valid": valid, "bundles": [_plain(report) for report in reports]}
    emit(as_json, value, "\n\n".join(report_text(report) for report in reports))
    if not valid:
        raise typer.Exit(1)


def report_text(report: Report) -> str:
    """A report for a person: the event, the eight steps, the further assurances, the verdict."""
    event = report.event
    what = " ".join(str(event[name]) for name in ("type", "action", "bizStep", "eventTime") if name in event)
    lines = [f"Event: {what}"]
    for number, step in enumerate(report.steps, 1):
        lines.append(f"  {number}. {step.name:<11} {step.outcome.value:<12} {step.detail}")
    lines.append("Beside the verdict:")
    lines += [f"  -  {step.name:<17} {step.outcome.value:<12} {step.detail}" for step in report.further]
    return "\n".join([*lines, _verdict(report)])


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
    }
