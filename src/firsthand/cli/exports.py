"""`export`, `eudr`: everything out, for other programs, other verifiers, auditors and authorities."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, progress
from firsthand.cli.session import open_access, open_workspace

if TYPE_CHECKING:
    from firsthand.service.eudr.export import Export
    from firsthand.service.eudr.judge import Verdict

__all__ = ["register"]

_SHOWN = 20

_Since = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only events from this time on (RFC 3339, or a day).")
]
_Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only events before this time (RFC 3339, or a day).")
]
_PartyOption = Annotated[
    str | None, typer.Option("--party", help="Only what this party recorded: its name or URI.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    export = typer.Typer(
        no_args_is_help=True, help="Take things out: events, plots, an audit, proofs' headers."
    )
    for command in (events, eudr, audit, headers, seals, checkpoint, verifier):
        export.command(command.__name__)(command)
    app.add_typer(export, name="export")
    plots = typer.Typer(no_args_is_help=True, help="Plot files for the EU deforestation regulation.")
    plots.command("check")(check)
    app.add_typer(plots, name="eudr")


def events(
    lot: Annotated[
        str | None, typer.Option(metavar="URI", help="Only events that speak of this lot, item or place.")
    ] = None,
    party: _PartyOption = None,
    since: _Since = None,
    until: _Until = None,
) -> None:
    """Write one EPCISDocument of all events, or of some, to standard output; each event as it was signed.

    Example:  firsthand export events > events.json
    Example:  firsthand export events --party Coop --since 2025-10-01 --until 2026-01-01 > season.json
    """
    from firsthand.service.export import export_events

    access = open_access()
    uri = access.workspace.parties.find(party).uri if party is not None else None
    _write(export_events(access, lot=lot, party=uri, since=_instant(since), until=_instant(until)))


def headers() -> None:
    """Write the raw block headers, from the network's start on, to standard output.

    Example:  firsthand export headers > headers.raw
    """
    from firsthand.service.export import export_headers

    _write(export_headers(open_access()))


def seals() -> None:
    """Write the seals file, one line an anchor, to standard output.

    Example:  firsthand export seals > seals
    """
    from firsthand.service.prove import seals_file

    _write(seals_file(open_access()))


def checkpoint() -> None:
    """Write the last signed checkpoint to standard output, to be kept for `verify --since`.

    Example:  firsthand export checkpoint > checkpoint
    """
    from firsthand.service.export import export_checkpoint

    _write([export_checkpoint(open_access())])


def verifier() -> None:
    """Write the verifier for browsers, one HTML file that works by itself, to standard output.

    Needs no workspace.

    Example:  firsthand export verifier > verify.html
    """
    from firsthand.service.pages import VERIFIER, built_page

    _write([built_page(VERIFIER).body])


def eudr(
    lots: Annotated[
        list[str] | None, typer.Argument(help="URIs of lots; without any, all lots that were not used up.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The GeoJSON file to write.")] = Path(
        "plots.geojson"
    ),
    skip_refused: Annotated[
        bool, typer.Option("--skip-refused", help="Write the plots of the other lots when some are refused.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write the plots of lots as GeoJSON for an EUDR due diligence statement; refuse what cannot go into one.

    Each lot is traced back to its plots. It is refused by name when its custody is mass balance, when an
    origin or its plot is not known, or when a plot does not pass `firsthand eudr check`. Exits 1 then.

    Example:  firsthand export eudr https://coop.example/id/lot/green:S25-1 -o plots.geojson
    """
    from firsthand.service.eudr.export import export_eudr, final_lots
    from firsthand.service.prove import write_whole

    workspace = open_workspace()
    wanted = lots or final_lots(workspace)
    with progress("Tracing lots to their plots", len(wanted)) as told:
        found = export_eudr(workspace, wanted, told=told)
    written = bool(found.plots) and (skip_refused or not found.refused)
    if written:
        write_whole(output, iter([found.document]), lambda done: None)
    emit(as_json, _plain_export(found, output if written else None), _said(found, output, written))
    if not written or (found.refused and not skip_refused):
        raise typer.Exit(1)


def _said(found: Export, output: Path, written: bool) -> str:
    lines = [f"refused: {refusal}" for refusal in found.refused[:_SHOWN]]
    if len(found.refused) > _SHOWN:
        lines.append(f"and {len(found.refused) - _SHOWN} more lots; `--json` has them all")
    lines += [str(finding) for finding in found.warnings[:_SHOWN]]
    if found.sample:
        lines.append("some of these plots are samples, invented ones: not for submission")
    lots = len({lot for plot in found.plots.values() for lot in plot.lots})
    if written:
        lines.append(f"{output}: {len(found.plots)} plots of {lots} lots; {len(found.refused)} lots refused")
    else:
        hint = "; --skip-refused writes the others" if found.plots else ""
        lines.append(f"nothing written: {len(found.refused)} lots refused{hint}")
    return "\n".join(lines)


def _plain_export(found: Export, output: Path | None) -> dict[str, Any]:
    return {
        "file": None if output is None else str(output),
        "plots": [
            {
                "plot": place,
                "name": plot.name,
                "producer": plot.producer,
                "country": plot.country,
                "hectares": None if plot.area is None else float(plot.area),
                "sample": plot.plot.sample,
                "lots": plot.lots,
            }
            for place, plot in found.plots.items()
        ],
        "refused": [{"lot": one.lot, "reasons": list(one.reasons)} for one in found.refused],
        "warnings": [str(finding) for finding in found.warnings],
    }


def audit(
    output: Annotated[Path, typer.Option("-o", "--output", help="The workbook to write (.xlsx).")] = Path(
        "audit.xlsx"
    ),
    party: _PartyOption = None,
    since: _Since = None,
    until: _Until = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write a workbook for an auditor: lots, balances, claims and findings, each with its event IDs.

    Example:  firsthand export audit -o audit.xlsx --since 2025-10-01 --until 2026-10-01
    """
    from firsthand.service.audit import write_audit

    workspace = open_workspace()
    uri = workspace.parties.find(party).uri if party is not None else None
    with progress("Reading events") as told:
        found = write_audit(
            workspace, output, since=_instant(since), until=_instant(until), party=uri, told=told
        )
    text = (
        f"{output}: {found.lots} lots, {found.events} events, {found.findings} findings "
        f"({found.errors} of severity error)"
    )
    plain = {"file": str(output), "lots": found.lots, "events": found.events}
    emit(as_json, {**plain, "findings": found.findings, "errors": found.errors}, text)


def check(
    files: Annotated[list[Path], typer.Argument(help="GeoJSON, KML, KMZ, CSV or XLSX files of plots.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Judge plot files by the rules of Regulation (EU) 2023/1115 and RFC 7946. Needs no workspace.

    Exits 1 when a plot may not be handed in as it is, 2 when a file cannot be read.

    Example:  firsthand eudr check plots.geojson
    """
    from firsthand.service.eudr.judge import judge_file, plain

    verdicts = []
    with progress("Judging", len(files)) as told:
        for done, path in enumerate(files, 1):
            verdicts.append(judge_file(path))
            told(done)
    text = "\n".join(_verdict_text(verdict) for verdict in verdicts)
    emit(as_json, {"files": [plain(verdict) for verdict in verdicts]}, text)
    if not all(verdict.readable for verdict in verdicts):
        raise typer.Exit(2)
    if not all(verdict.valid for verdict in verdicts):
        raise typer.Exit(1)


def _verdict_text(verdict: Verdict) -> str:
    said = "valid" if verdict.valid else "NOT VALID"
    lines = [f"{verdict.file}: {said}, {verdict.plots} plots"]
    lines += [f"  {finding}" for finding in verdict.findings[: 5 * _SHOWN]]
    if len(verdict.findings) > 5 * _SHOWN:
        lines.append(f"  and {len(verdict.findings) - 5 * _SHOWN} more findings; `--json` has them all")
    return "\n".join(lines)


def _instant(text: str | None) -> str | None:
    """A day stands for its beginning in UTC."""
    return f"{text}T00:00:00Z" if text is not None and len(text) == 10 else text


def _write(parts: Iterable[bytes]) -> None:
    for part in _gathered(parts):
        sys.stdout.buffer.write(part)
    sys.stdout.buffer.flush()


def _gathered(parts: Iterable[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    held = bytearray()
    for part in parts:
        held += part
        if len(held) >= size:
            yield bytes(held)
            held.clear()
    yield bytes(held)
