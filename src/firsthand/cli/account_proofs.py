"""`account prove` and `account verify`: a member's statement for others to check."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli.members import COOPERATIVE
from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_access

__all__ = ["SEASON", "prove", "verify"]

SEASON = typer.Option(help="The season; by default the one opened last.")


def prove(
    member: Annotated[str, typer.Argument(help="The member's number.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The file to write.")],
    season: Annotated[str | None, SEASON] = None,
    cooperative: Annotated[str | None, COOPERATIVE] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write a statement's proof: its entries disclosed, each shown to be in the log and in a block.

    It tells the member's account to whoever is given it, and nothing of others'.

    Example:  firsthand account prove 17 --season 2025-26 -o statement17.fhaccount
    """
    from firsthand.ledger.accounts import AccountBook
    from firsthand.service.members import cooperative_party
    from firsthand.service.prove import write_whole
    from firsthand.service.statements import account_statement, statement_lines

    access = open_access()
    access.sync_headers()
    workspace = access.workspace
    owner = cooperative_party(workspace, cooperative)
    found = AccountBook(workspace.engine).season(owner.uri, season)
    shown = account_statement(workspace, workspace.members.find(member, owner.uri), found.name)
    size = write_whole(output, statement_lines(access, shown), lambda done: None)
    value = {"file": str(output), "entries": len(shown.entries), "bytes": size}
    emit(as_json, value, f"Wrote the proof of {len(shown.entries)} entries to {output} ({size:,} bytes).")


def verify(
    file: Annotated[Path, typer.Argument(help="A statement's proof.")],
    headers: Annotated[
        str | None, typer.Option(help="Your block headers: a raw file, or a header service's URL.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Verify a statement's proof without any workspace. Exit 0: valid, 1: not valid, 2: unreadable.

    Example:  firsthand account verify statement17.fhaccount --headers headers.raw
    """
    from firsthand.service.verification import verify_statement_file

    report = verify_statement_file(file, headers=headers)
    entries = [
        {
            "number": one.number,
            "season": one.season,
            "kind": one.kind,
            "amount": _money(one.amount, one.currency),
            "balance": _money(one.balance, one.currency),
            "currency": one.currency,
            "day": one.day,
            "reference": one.reference,
        }
        for one in report.entries
    ]
    failed = [
        f"document {at}: {step.name} {step.outcome.value}: {step.detail}"
        for at, document in enumerate(report.documents, 1)
        for step in document.steps
        if step.outcome.value != "passed"
    ]
    issuers = sorted({one.party.name for one in report.documents if one.party is not None})
    value = {
        "valid": report.valid,
        "documents": len(report.documents),
        "issuers": issuers,
        "problems": failed,
        "whole": {"outcome": report.whole.outcome.value, "detail": report.whole.detail},
        "entries": entries,
    }
    rows = [
        (one["number"], one["day"], one["kind"], one["amount"], one["balance"], one["reference"])
        for one in entries
    ]
    lines = [table("", ("no", "day", "kind", "amount", "balance", "reference"), rows), *failed]
    lines.append(f"Accounts: {report.whole.outcome.value}: {report.whole.detail}")
    verdict = f"VALID: {', '.join(issuers)} booked this." if report.valid else "NOT VALID."
    emit(as_json, value, "\n".join([*lines, verdict]))
    if not report.valid:
        raise typer.Exit(1)


def _money(value: Decimal, currency: str) -> str:
    """An amount with its currency's decimals, or with all that it was stated with."""
    from firsthand.service.money import places_of

    places = places_of(currency)
    exponent = value.as_tuple().exponent
    return f"{value:.{places}f}" if isinstance(exponent, int) and exponent > -places else f"{value:f}"
