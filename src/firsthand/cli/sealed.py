"""`disclose`, `erase` and `consent`: what becomes of sealed values after they were recorded."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_access, open_workspace

if TYPE_CHECKING:
    from firsthand.service.consents import Consent

__all__ = ["register"]

consent = typer.Typer(help="What makers agreed to disclose.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(disclose)
    app.command()(erase)
    app.add_typer(consent, name="consent")


def disclose(
    event: Annotated[
        str, typer.Argument(help="An event ID, or the URI of a lot or item for all its events.")
    ],
    paths: Annotated[list[str], typer.Argument(help="The sealed fields, such as $.fh:pickerWage.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The bundle file to write.")],
    to: Annotated[str | None, typer.Option(help="The party that may see them: its name or URI.")] = None,
    public: Annotated[bool, typer.Option("--public", help="Anybody may see them.")] = False,
    purpose: Annotated[str | None, typer.Option("--for", help="What for.")] = None,
    until: Annotated[str | None, typer.Option(help="The last day of the consent, YYYY-MM-DD (UTC).")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write a proof bundle that discloses sealed fields, and journal the maker's consent to it.

    Example:  firsthand disclose ni:///sha-256;… '$.fh:pickerWage' --to Roaster --for audit -o wage.fhproof
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.consents import PUBLIC, Terms
    from firsthand.service.disclose import disclose as run

    if (to is None) != public:
        raise InvalidInput("say to whom: --to PARTY or --public")
    access = open_access()
    access.sync_headers()
    whom = PUBLIC if to is None else to if ":" in to else access.workspace.parties.find(to).uri
    given = run(access, [event], paths, Terms(whom, purpose, until), output)
    value = {
        "file": str(output),
        "bytes": given.size,
        "to": whom,
        "events": list(given.fields.values()),
        "consents": given.consents,
    }
    fields = sorted({path for named in given.fields.values() for path in named})
    places = ", ".join(map(str, given.consents))
    emit(
        as_json,
        value,
        f"Wrote {output}: discloses {', '.join(fields)} of {len(given.fields)} events to {whom}. "
        f"Consent journaled at place {places}; what was handed out cannot be called back.",
    )


def erase(
    event: Annotated[str | None, typer.Argument(help="An event ID, or the URI of a lot or item.")] = None,
    paths: Annotated[
        list[str] | None, typer.Argument(help="The fields; by default all of the event.")
    ] = None,
    party: Annotated[
        str | None, typer.Option(help="All sealed values of the events of this party: its name or URI.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Destroy the keys of sealed values: they are gone for good, and every proof stays valid.

    Example:  firsthand erase ni:///sha-256;… '$.fh:pickerWage' --yes
    Example:  firsthand erase --party "Adela Quispe"
    """
    from firsthand.errors import InvalidInput
    from firsthand.service.prove import event_numbers
    from firsthand.service.sealed_values import erase_fields, erase_party

    if (event is None) == (party is None):
        raise InvalidInput("say what to erase: an EVENT, or --party")
    access = open_access()
    workspace = access.workspace
    if not yes:
        if not sys.stdin.isatty():
            raise InvalidInput("erasing cannot be undone; say --yes")
        typer.confirm(f"Erase the sealed values of {event or party} for good?", abort=True, err=True)
    if party is not None:
        done = erase_party(workspace, party if ":" in party else workspace.parties.find(party).uri)
    else:
        assert event is not None
        done = erase_fields(workspace, event_numbers(access, [event]), paths or [])
    emit(
        as_json,
        {"erased": done, "keys": workspace.sealing_keys.name},
        f"Erased {done} sealed values. Copies of {workspace.sealing_keys.name} made before still open them, "
        "and so do disclosures that were handed out.",
    )


@consent.command("list")
def list_(
    party: Annotated[str | None, typer.Option(help="Only of this maker: its name or URI.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show what was agreed to be disclosed: what, to whom, for what, until when, and what was withdrawn.

    Example:  firsthand consent list --party "Adela Quispe"
    """
    from firsthand.service.consents import consents

    workspace = open_workspace()
    whose = None if party is None else party if ":" in party else workspace.parties.find(party).uri
    found = list(consents(workspace, whose))
    today = workspace.now()[:10]
    columns = ("place", "given", "fields", "to", "for", "until", "state", "event")
    rows = [
        (
            one.place,
            one.created,
            " ".join(one.paths),
            one.terms.to,
            one.terms.purpose or "",
            one.terms.until or "",
            one.state(today),
            one.event_id,
        )
        for one in found
    ]
    text = table("Consents", columns, rows) if rows else "No consents."
    emit(as_json, {"consents": [_plain(one, today) for one in found]}, text)


def _plain(one: Consent, today: str) -> dict[str, Any]:
    return {
        "place": one.place,
        "issuer": one.issuer,
        "created": one.created,
        "event": one.event_id,
        "fields": one.paths,
        "to": one.terms.to,
        "for": one.terms.purpose,
        "until": one.terms.until,
        "state": one.state(today),
        "withdrawn": one.withdrawn,
    }


@consent.command("withdraw")
def withdraw(
    place: Annotated[int, typer.Argument(help="The consent's place in the log; see `consent list`.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Journal that a consent is withdrawn: from now on nothing is shown by it.

    Example:  firsthand consent withdraw 41
    """
    from firsthand.service.consents import withdraw as run

    at = run(open_workspace(), place)
    emit(
        as_json,
        {"consent": place, "withdrawn": at},
        f"The consent at place {place} is withdrawn at place {at}. Who holds a copy still holds it.",
    )
