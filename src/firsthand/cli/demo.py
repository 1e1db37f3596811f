"""`demo`: a sample season from the first cherry to the last pack, in a few seconds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.proofs import report_text

if TYPE_CHECKING:
    from firsthand.service.demo import Played

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    profile: Annotated[str, typer.Option(help="The craft whose sample season is played.")] = "coffee",
    keep: Annotated[Path | None, typer.Option(help="Keep the workspace in this new folder.")] = None,
    no_serve: Annotated[
        bool, typer.Option("--no-serve", help="Do not serve the sandbox chain afterwards.")
    ] = False,
    port: Annotated[int, typer.Option(help="Where to serve it.")] = 9090,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Play a sample season: record, sign, anchor, prove, verify, and show what one changed byte does.

    Example:  firsthand demo --no-serve
    Example:  firsthand demo --profile textile --no-serve
    Example:  firsthand demo --keep season && firsthand -C season status
    """
    from firsthand.service.demo import BUNDLES, HEADERS, play
    from firsthand.service.workspace import utc_now

    with tempfile.TemporaryDirectory() as temporary:
        folder = keep or Path(temporary) / "season"
        played = play(profile, folder, lambda step: note(f"… {step}"))
        emit(as_json, _plain(played), _text(played))
        if keep:
            note(f"\nKept in {keep}. Try:\n  firsthand verify {keep / BUNDLES} --headers {keep / HEADERS}")
        if not no_serve:
            from firsthand.web.sandbox_arc import run

            url = f"http://127.0.0.1:{port}"
            note(f"\nThe sandbox chain answers at {url} until you press Ctrl-C. In another terminal:")
            note(f"  firsthand verify {folder / BUNDLES} --headers {url}")
            run(played.access.sandbox, "127.0.0.1", port, utc_now)
    if played.valid != played.bundles or played.tampered.valid:
        raise typer.Exit(1)


def _text(played: Played) -> str:
    found = played.status
    cost = found.usd_per_event or 0.0
    before, after = played.changed
    rows: list[tuple[str, str]] = [
        ("parties, each with a key of its own", f"{found.parties}"),
        ("events", f"{found.events} in {found.captures} signed captures"),
        ("log", f"{found.anchored_entries} of {found.entries} entries anchored and in a block"),
        ("proof bundles that verify", f"{played.valid} of {played.bundles}"),
        *((f"certificates, by event: {word}", f"{count}") for word, count in played.certificates.items()),
        *((f"seconds: {name}", f"{value:.2f}") for name, value in played.seconds.items()),
        *((f"satoshis: {name}", f"{value}") for name, value in found.fees_satoshis.items()),
        (
            "dollars an event",
            f"{cost:.9f} (mission: below {found.mission_usd}, {found.mission_usd / cost:,.0f} times that)",
        ),
    ]
    rate = played.access.workspace.settings.cost.usd_per_bsv
    shown = f"One byte changed in the last bundle, its time from {before} to {after}. A verifier says:"
    terms = f"At ${rate:g} a coin (set in firsthand.toml); the chain is a sandbox, with a sandbox's fees."
    return "\n".join(
        [shown, report_text(played.tampered), "", table("The season", ("what", "value"), rows), terms]
    )


def _plain(played: Played) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "status": asdict(played.status),
        "bundles": played.bundles,
        "valid": played.valid,
        "tampered_valid": played.tampered.valid,
        "tampered_steps": {step.name: step.outcome for step in played.tampered.steps},
        "certificates": played.certificates,
        "seconds": played.seconds,
    }
