"""`record`, `map`, `event-hash`: events in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, progress, table
from firsthand.cli.session import folder, open_access, open_workspace
from firsthand.errors import InvalidInput

if TYPE_CHECKING:
    from firsthand.service.record import Recorded

__all__ = ["register"]

_SHOWN_PROBLEMS = 20


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(record)
    app.command("map")(map_sheet)
    app.command("event-hash")(event_hash)


def record(
    files: Annotated[
        list[Path],
        typer.Argument(help="EPCIS 2.0 JSON, CSV or XLSX, KoboToolbox or ODK submissions, scale logs."),
    ],
    party: Annotated[str, typer.Option("--as", help="The party that signs: its name or URI.")],
    profile: Annotated[str | None, typer.Option(help="The craft, for spreadsheets.")] = None,
    mapping: Annotated[
        str | None, typer.Option(help="How columns become events: a mapping of the profile, or a TOML file.")
    ] = None,
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help="Record the good rows even if others cannot be read.")
    ] = False,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Events a capture; by default one capture a file.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The only worksheet of a workbook to read.")] = None,
    mark: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a copy of the sheet with each problem marked.")
    ] = None,
    attachments: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the files are that the cells name, by name.")
    ] = None,
    seal: Annotated[
        list[str] | None, typer.Option("--seal", help="Seal this field of every event, such as $.readPoint.")
    ] = None,
    coarse: Annotated[
        list[str] | None,
        typer.Option("--coarse", help="Seal this place, and leave it rounded to N decimals: PATH=N."),
    ] = None,
    opened: Annotated[
        list[str] | None, typer.Option("--open", help="Leave this element of the profile in the open.")
    ] = None,
    no_seal_defaults: Annotated[
        bool, typer.Option("--no-seal-defaults", help="Seal nothing that is not named here.")
    ] = False,
    on_chain: Annotated[
        bool, typer.Option("--on-chain", help="Also put each capture on chain, in a transaction of its own.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Record events: validate all, sign them as one capture a file, and journal them. All of a file or none.

    Rows of a sheet that were recorded before are left out. Wages, prices, buyers and exact places are
    sealed where the events' profile says so.

    Example:  firsthand record harvest.json --as "Adela Quispe"
    Example:  firsthand record lots.csv --as Coop --profile coffee --mapping cqi
    Example:  firsthand record week.xlsx --as Coop --profile coffee --mapping my.toml --mark errors.xlsx
    Example:  firsthand record plots.json --as Coop --coarse '$.fh:plotLocation=1' --seal '$.fh:owner'
    """
    from firsthand.service.record import record_file
    from firsthand.service.sealing import SealRules, parse_coarse

    sealing = SealRules(
        paths=tuple(seal or ()),
        profile=profile,
        defaults=not no_seal_defaults,
        opened=tuple(opened or ()),
        coarse=tuple(map(parse_coarse, coarse or ())),
    )

    if mark is not None and len(files) > 1:
        raise InvalidInput("--mark goes with one file")
    workspace = open_workspace()
    results: list[Recorded] = []
    for path in files:
        with progress(f"Recording {path.name}") as told:
            result = record_file(
                workspace,
                path,
                party,
                profile=profile,
                mapping=mapping,
                skip_bad=skip_bad,
                batch=batch,
                sheet=sheet,
                mark=mark,
                attachments=attachments,
                sealing=sealing,
                told=told,
            )
        results.append(result)
        _show_problems(result)
    if on_chain:
        from firsthand.service.publish import put_on_chain

        new = [capture.place for result in results for capture in result.captures if capture.new]
        put_on_chain(open_access(), new)
    lines = [_said(result) for result in results]
    emit(as_json, {"files": [_plain(result) for result in results]}, "\n".join(lines))


def _said(result: Recorded) -> str:
    lines = []
    if result.known_rows:
        lines.append(f"{result.file}: recorded before and left out: {', '.join(result.known_rows)}")
    if result.marked:
        lines.append(f"{result.marked}: a copy of {result.file} with {len(result.problems)} problems marked")
    already = "" if result.new else ", all of them recorded before"
    places = ", ".join(str(capture.place) for capture in result.captures)
    skipped = f"; {result.skipped_rows} rows skipped" if result.skipped_rows else ""
    where = f" (place {places})" if places else ""
    lines.append(
        f"{result.file}: {result.events} events in {len(result.captures)} captures{already}{where}{skipped}"
    )
    return "\n".join(lines)


def _show_problems(result: Recorded) -> None:
    for problem in result.problems[:_SHOWN_PROBLEMS]:
        note(f"{result.file}: {problem}")
    if len(result.problems) > _SHOWN_PROBLEMS:
        rest = len(result.problems) - _SHOWN_PROBLEMS
        note(f"{result.file}: and {rest} more remarks; `--json` has them all")


def _plain(result: Recorded) -> dict[str, Any]:
    return {
        "file": result.file,
        "events": result.events,
        "skipped_rows": result.skipped_rows,
        "known_rows": list(result.known_rows),
        "marked": result.marked,
        "problems": result.problems,
        "captures": [
            {"place": capture.place, "new": capture.new, "events": capture.count, "receipt": capture.receipt}
            for capture in result.captures
        ],
    }


def map_sheet(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX, submissions, or a scale's log.")],
    profile: Annotated[str, typer.Option(help="The craft.")] = "coffee",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Write the mapping to this TOML file.")
    ] = None,
    sheet: Annotated[str | None, typer.Option(help="The worksheet to look at.")] = None,
    name: Annotated[str, typer.Option(help="What the mapping is called in the events.")] = "sheet",
    rows: Annotated[int, typer.Option(min=1, max=50, help="How many rows are shown through it.")] = 3,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Propose a mapping for an unknown sheet, and show its first rows through it. Records nothing.

    Needs no workspace. Look at every field of the proposal: it is made from headers, units and cells.

    Example:  firsthand map entregas.xlsx --profile coffee -o entregas.toml
    Example:  firsthand record entregas.xlsx --as Coop --profile coffee --mapping ./entregas.toml
    """
    from firsthand.profiles import load_profile
    from firsthand.service.profiles import FOLDER
    from firsthand.service.propose import preview, propose_for
    from firsthand.service.prove import write_whole

    craft = load_profile(profile, folder() / FOLDER)
    proposal = propose_for(file, craft, name, sheet)
    shown = preview(proposal, file, craft, rows, sheet)
    if output is not None:
        write_whole(output, iter([proposal.toml.encode()]), lambda done: None)
    found = [
        {
            "field": one.concept,
            "column": proposal.columns[one.column],
            "score": round(one.score, 2),
            "unit": one.unit,
            "readable": one.readable,
            "cells": one.cells,
        }
        for one in proposal.used
    ]
    plain = {
        "mapping": proposal.toml,
        "file": None if output is None else str(output),
        "fields": found,
        "left_out": proposal.left_out,
        "remarks": proposal.remarks,
        "rows": [{"row": row.row, "events": row.events, "problems": row.problems} for row in shown],
    }
    columns = table(
        "",
        ["column", "is", "unit", "cells read"],
        [
            [one["column"], one["field"], one["unit"] or "", f"{one['readable']}/{one['cells']}"]
            for one in found
        ],
    )
    left = "".join(f"\nleft out: {header}: {reason}" for header, reason in proposal.left_out.items())
    remarks = "".join(f"\nnote: {remark}" for remark in proposal.remarks)
    through = "\n".join(row.text for row in shown)
    written = (
        f"\n\n{output}: the mapping; look at it before recording with it"
        if output
        else f"\n\n{proposal.toml}"
    )
    emit(as_json, plain, f"{columns}{left}{remarks}\n\n{through}{written}")


def event_hash(
    file: Annotated[Path, typer.Argument(help="EPCIS 2.0 JSON.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Print one event hash ID (CBV 2.0 §8.9) a line, in document order. Needs no workspace.

    Example:  firsthand event-hash events.jsonld
    """
    from firsthand.service.record import event_hashes

    hashes = list(event_hashes(file))
    emit(as_json, {"hashes": hashes}, "\n".join(hashes))
