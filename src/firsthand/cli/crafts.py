"""`profile`: the crafts that this workspace knows, and one more as a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import folder

if TYPE_CHECKING:
    from firsthand.profiles import Profile

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the group."""
    group = typer.Typer(no_args_is_help=True, help="Crafts: their steps, elements, yields and certificates.")
    group.command("list")(list_profiles)
    group.command("show")(show)
    group.command("add")(add)
    app.add_typer(group, name="profile")


def list_profiles(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List the crafts: those that ship, and those in the workspace's folder `profiles`.

    Example:  firsthand profile list
    """
    from firsthand.profiles import mapping_names
    from firsthand.service.profiles import crafts

    found = crafts(folder())
    plain = [
        {
            "name": craft.profile.name,
            "version": craft.profile.version,
            "own": craft.own,
            "languages": list(craft.profile.label),
            "mappings": mapping_names(craft.profile.name),
        }
        for craft in found
    ]
    rows = [
        (one["name"], one["version"], "this workspace's" if one["own"] else "ships", *map(_listed, lists))
        for one in plain
        for lists in [(one["languages"], one["mappings"])]
    ]
    emit(as_json, {"profiles": plain}, table("", ("name", "version", "whose", "languages", "mappings"), rows))


def show(
    name: Annotated[str, typer.Argument(help="The craft.")],
    language: Annotated[str, typer.Option(help="Labels in this language (BCP 47).")] = "en",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show a craft: its steps with their elements, yields, limits, claims and certificates.

    Example:  firsthand profile show textile --language es
    """
    import msgspec

    from firsthand.profiles import load_profile
    from firsthand.service.profiles import FOLDER

    profile = load_profile(name, folder() / FOLDER)
    emit(as_json, msgspec.to_builtins(profile), "\n\n".join(_sections(profile, language)))


def add(
    file: Annotated[Path, typer.Argument(help="A profile as a TOML file; docs/profiles.md describes it.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Stand instead of a craft of the same name.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Check a profile and keep it in this workspace: from then on its craft can be recorded.

    Example:  firsthand profile add honey.toml
    """
    from firsthand.service.profiles import add_profile

    profile = add_profile(folder(), file, replace=replace).profile
    counts = {"steps": len(profile.steps), "elements": len(profile.elements), "yields": len(profile.yields)}
    said = ", ".join(f"{count} {what}" for what, count in counts.items())
    emit(as_json, {"name": profile.name, **counts}, f"Added the craft {profile.name}: {said}.")


def _sections(profile: Profile, language: str) -> list[str]:
    from firsthand.profiles import word

    def label(entry: Any) -> str:
        return word(entry.label, language)

    def labels(names: tuple[str, ...], entries: dict[str, Any]) -> str:
        return ", ".join(label(entries[name]) for name in names)

    return [
        table(
            f"{label(profile)} (version {profile.version})",
            ("step", "", "event", "elements"),
            [
                (name, label(step), f"{step.type} {step.biz_step}", labels(step.elements, profile.elements))
                for name, step in profile.steps.items()
            ],
        ),
        table(
            "Sealed by default",
            ("element", ""),
            [(name, label(profile.elements[name])) for name in sorted(profile.sealed_by_default)],
        ),
        table(
            "Yields, by mass",
            ("yield", "of", "to", "range", "source"),
            [
                (name, one.origin, one.result, f"{one.low:g}–{one.high:g}", _source(one))
                for name, one in profile.yields.items()
            ],
        ),
        table(
            "What land can bear in a season",
            ("limit", "", "at most", "source"),
            [
                (name, label(one), f"{one.high:g} {one.uom} / {one.per}", _source(one))
                for name, one in profile.limits.items()
            ],
        ),
        table(
            "Claims",
            ("claim", "", "begins with", "backed by"),
            [
                (
                    name,
                    label(one),
                    labels(one.begins, profile.steps),
                    labels(one.certificates, profile.certificates),
                )
                for name, one in profile.claims.items()
            ],
        ),
        table(
            "Certificates",
            ("certificate", "", "of", "states"),
            [
                (name, label(one), _listed(one.subject), labels(one.elements, profile.elements))
                for name, one in profile.certificates.items()
            ],
        ),
    ]


def _source(figure: Any) -> str:
    unchecked = "" if figure.checked else ", not checked at its source"
    return f"{figure.source} ({figure.as_of}{unchecked})"


def _listed(values: Any) -> str:
    return ", ".join(values)
