"""`demo`: sample seasons from the first cherry to the last pack, in a few seconds, and their passports."""

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
    profile: Annotated[
        str | None,
        typer.Option(help="One craft; without it all are played and served, or coffee with --no-serve."),
    ] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep the workspace in this new folder.")] = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help="Do not serve passports and chain.")] = False,
    port: Annotated[
        int, typer.Option(help="Where to serve the sandbox chain; one port a craft from it.")
    ] = 9090,
    passports: Annotated[
        int, typer.Option(help="Where to serve passports; one port a craft from it.")
    ] = 8080,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Play sample seasons, show what one changed byte does, and serve the passports of what was sold.

    Example:  firsthand demo
    Example:  firsthand demo --profile textile --no-serve
    Example:  firsthand demo --no-serve --keep season && firsthand -C season status
    """
    from firsthand.cli.demo_serve import serve_seasons
    from firsthand.service.demo import BUNDLES, HEADERS, crafts, play

    chosen = [profile] if profile else ["coffee"] if no_serve or keep else crafts()
    seasons = []
    with tempfile.TemporaryDirectory() as temporary:
        for craft in chosen:
            folder = keep or Path(temporary) / craft
            played = play(craft, folder, lambda step: note(f"… {step}"))
            emit(as_json, _plain(played), _text(played))
            seasons.append((craft, folder, played))
        if keep:
            note(f"\nKept in {keep}. Try:\n  firsthand verify {keep / BUNDLES} --headers {keep / HEADERS}")
        if not no_serve:
            serve_seasons(seasons, passports, port)
    if any(played.valid != played.bundles or played.tampered.valid for _, _, played in seasons):
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
