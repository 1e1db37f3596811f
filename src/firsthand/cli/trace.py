"""`trace`, `recall` and `balance`: where a lot came from, where it went, and whether the sums add up."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, progress, table, write_json
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.service.balance import Balanced
    from firsthand.service.recall import Recall
    from firsthand.service.trace import Reader, Trace
    from firsthand.service.workspace import Workspace
    from firsthand.trace.findings import Finding

__all__ = ["register"]

_SHOWN = 30
_EVENTS = 5


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(trace)
    app.command()(recall)
    app.command()(balance)


def trace(
    lot: Annotated[str, typer.Argument(help="The URI of a lot, item or container.")],
    forward: Annotated[
        bool, typer.Option("--forward", help="Where it went, not what it is made of.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(help="Also draw it into this file.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Trace a lot back to its origins, with custody, claims and each maker's share; or forward to every pack.

    Example:  firsthand trace https://coop.example/id/item/pack:S25-1-00001 --svg pack.svg
    Example:  firsthand trace https://coop.example/id/lot/delivery:S25-0001 --forward --json
    """
    from firsthand.service.trace import trace_back, trace_forward
    from firsthand.service.trace_output import trace_document

    workspace = open_workspace()
    found = (trace_forward if forward else trace_back)(workspace, lot)
    if svg is not None:
        _draw(workspace, found, svg)
    if as_json:
        write_json(trace_document(found))
    else:
        emit(False, None, _trace_text(workspace, found))


def recall(
    lot: Annotated[str, typer.Argument(help="The URI of a lot, item or container.")],
    hold: Annotated[
        bool, typer.Option("--hold", help="Record that what is still somewhere is held (recalled).")
    ] = False,
    as_party: Annotated[str | None, typer.Option("--as", help="The party that records it.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """List every pack and holder that a lot reached, as a sheet to telephone from; with --hold, record it.

    Example:  firsthand recall https://coop.example/id/lot/green:S25-A
    Example:  firsthand recall https://coop.example/id/lot/green:S25-A --hold --as "Sample Street Roasters"
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.recall import hold as hold_lots
    from firsthand.service.recall import recall as service
    from firsthand.service.trace_output import recall_document

    if hold and as_party is None:
        raise InvalidInput("--hold needs --as PARTY, who signs it")
    workspace = open_workspace()
    found = service(workspace, lot)
    names = _names(workspace)
    value = recall_document(found, names)
    text = _recall_text(found, names)
    if hold and as_party is not None:
        captured = hold_lots(workspace, found, as_party)
        value["hold"] = {"place": captured.place, "events": captured.count, "receipt": captured.receipt}
        text += f"\n\nRecorded as recalled: {captured.count} events, at place {captured.place} in the log."
    emit(as_json, value, text)


def balance(
    lot: Annotated[str | None, typer.Argument(help="A lot's URI; without it, a whole season.")] = None,
    since: Annotated[str | None, typer.Option(help="From this time on: 2025-10-01 or RFC 3339.")] = None,
    until: Annotated[str | None, typer.Option(help="Before this time.")] = None,
    party: Annotated[str | None, typer.Option(help="Only this party: its name or URI.")] = None,
    claim: Annotated[str | None, typer.Option(help="Only this claim, such as organic.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Add up what came in and went out, against yields, areas and claims. Exit 1 on a finding of severity
    error.

    Example:  firsthand balance --since 2025-10-01 --until 2026-10-01
    Example:  firsthand balance --party "Sample Street Roasters" --claim organic
    Example:  firsthand balance https://coop.example/id/lot/green:S25-A
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.balance import balance as season
    from firsthand.service.balance import lot_balance, time_of
    from firsthand.service.trace import Reader
    from firsthand.service.trace_output import balance_document

    workspace = open_workspace()
    if lot is not None:
        if any(value is not None for value in (since, until, party, claim)):
            raise InvalidInput("a lot's balance takes no --since, --until, --party or --claim")
        found = lot_balance(workspace, lot)
    else:
        uri = workspace.parties.find(party).uri if party is not None else None
        with progress("Balancing") as told:
            found = season(
                workspace,
                since=time_of(since),
                until=time_of(until),
                party=uri,
                claim=claim,
                told=told,
            )
        if claim is not None and not any(one.claim == claim for one in found.claims):
            _say_unknown(workspace, claim)
    reader = Reader(workspace)
    if as_json:
        write_json(balance_document(found, reader))
    else:
        emit(False, None, _balance_text(found, reader))
    if found.errors:
        raise typer.Exit(1)


def _say_unknown(workspace: Workspace, claim: str) -> None:
    """Say that a claim without any lot is none that a craft knows, where that is so."""
    known = {one for craft in workspace.profile_names() for one in workspace.profile(craft).claims}
    if claim not in known:
        names = ", ".join(sorted(known))
        note(f"no lot has the claim {claim}, and no craft knows it; the crafts know {names}")


def _draw(workspace: Workspace, found: Trace, path: Path) -> None:
    from firsthand.service.prove import write_whole
    from firsthand.trace.picture import picture

    title = f"{'Where' if found.direction == 'forward' else 'What'} {found.lot} "
    title += "went" if found.direction == "forward" else "is made of"
    drawn = picture(found.graph, found.nodes, found.links, title, _names(workspace), frozenset([found.lot]))
    write_whole(path, iter([drawn.encode()]), lambda done: None)
    note(f"Drew {path}.")


def _names(workspace: Workspace) -> dict[str, str]:
    return {party.uri: party.name for party in workspace.parties.current().parties()}


def _trace_text(workspace: Workspace, found: Trace) -> str:
    names = _names(workspace)
    verb = "went into" if found.direction == "forward" else "is made of"
    parts = [f"{found.lot} {verb} {len(found.lots) - 1} lots."]
    links = [
        (link.source.lot, link.target.lot, link.quantity or "not stated", link.kind)
        for link in found.links[:_SHOWN]
    ]
    if links:
        parts.append(table("", ("from", "to", "quantity", "how"), links))
    if len(found.links) > _SHOWN:
        parts.append(f"… and {len(found.links) - _SHOWN} more; --json has all")
    if found.direction == "back" and found.starts:
        custody = found.custody()
        parts.append(f"Custody: {custody.model}: {custody.reason}.")
        claims = [
            (
                claim,
                one.level.word,
                ", ".join(f"{level.word} {float(part):.1%}" for level, part in one.parts.items()),
            )
            for claim, one in found.evidence().items()
        ]
        parts.append(table("", ("claim", "evidence", "parts by mass"), claims))
        shares = [
            (names.get(maker, maker), f"{float(part):.4%}", part) for maker, part in found.shares().items()
        ]
        parts.append(table("", ("maker", "share", "exactly"), shares))
    holders = [
        (names.get(one.party, one.party), one.lot, one.left or "not known")
        for one in found.holders()
        if not one.gone
    ]
    if holders:
        parts.append(table("", ("holder", "lot", "left"), holders[:_SHOWN]))
    if found.corrections:
        corrected = [(one.withdrawn, one.reason or "no reason given") for one in found.corrections.values()]
        parts.append(table("Declared wrong, and left out:", ("event", "reason"), corrected))
    return "\n\n".join([*parts, _findings_text(found.findings(), found.reader)])


def _recall_text(found: Recall, names: dict[str, str]) -> str:
    lines = [f"RECALL of {found.lot}", f"It reached {len(found.lots) - 1} other lots."]
    holder = ""
    for one in found.held:
        if one.party != holder:
            holder = one.party
            lines += ["", f"{names.get(holder, holder)}  ({holder})", "  phone: ____________  time: ________"]
        lines.append(f"  [ ] {one.lot}  {one.left or 'quantity not known'}")
    if not found.held:
        lines += ["", "Nobody has any of it left, as far as it was recorded."]
    if found.sold:
        lines += ["", "Sold to consumers:"]
        lines += [f"  {one.lot}  by {names.get(one.party, one.party)}" for one in found.sold]
    return "\n".join(lines)


def _balance_text(found: Balanced, reader: Reader) -> str:
    def listed(quantities: list[object]) -> str:
        return ", ".join(map(str, quantities)) or "nothing"

    rows = [
        ("events", f"{found.events:,}"),
        ("lots", f"{found.lots:,}"),
        ("came in", listed([*found.came])),
        ("went out", listed([*found.went])),
        ("in stock", listed([*found.stock])),
    ]
    parts = [table("", ("what", "value"), rows)]
    if found.steps:
        steps = [
            (
                one.step,
                one.count,
                one.inputs,
                one.outputs,
                "-" if one.ratio is None else f"{float(one.ratio):.4f}",
            )
            for one in found.steps
        ]
        parts.append(table("", ("step", "times", "in", "out", "yield"), steps))
    if found.claims:
        claims = [(one.party, one.claim, one.made, one.sold) for one in found.claims]
        parts.append(table("", ("party", "claim", "stated of what was made", "of what was shipped"), claims))
    return "\n\n".join([*parts, _findings_text(found.findings, reader)])


def _findings_text(findings: list[Finding], reader: Reader) -> str:
    from firsthand.service.trace import event_ids

    if not findings:
        return "Findings: none."
    ids = event_ids(reader, {number for one in findings[:_SHOWN] for number in one.events[:_EVENTS]})
    lines = [f"Findings: {len(findings)}"]
    for one in findings[:_SHOWN]:
        lines.append(f"  {one.severity.upper():<8} {one.kind}: {one.text}")
        lines += [f"           {ids[number]}" for number in one.events[:_EVENTS] if number in ids]
    if len(findings) > _SHOWN:
        lines.append(f"  … and {len(findings) - _SHOWN} more; --json has all")
    return "\n".join(lines)
