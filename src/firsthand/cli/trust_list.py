"""`certify trust`: which certifiers a workspace believes, and for what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.session import open_workspace

if TYPE_CHECKING:
    from firsthand.service.trust_lists import TrustMade
    from firsthand.service.workspace import Workspace

__all__ = ["AS", "register"]

AS = typer.Option("--as", help="Who signs: a party's name or URI.")


def register(certify: typer.Typer) -> None:
    """Add the group."""
    trust = typer.Typer(no_args_is_help=True, help="The trust list: which certifiers are believed for what.")
    trust.command("add")(trust_add)
    trust.command("remove")(trust_remove)
    trust.command("list")(trust_list)
    certify.add_typer(trust, name="trust")


def trust_add(
    scheme: Annotated[str, typer.Argument(help="What for: organic, fairtrade, gots, hallmark …")],
    issuer: Annotated[str, typer.Argument(help="A DID, a party's URI or name.")],
    name: Annotated[str, typer.Option(help="What the certifier is called.")] = "",
    key: Annotated[
        list[str] | None, typer.Option(help="did:key of one that is neither a DID nor a party here.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", help="Believed from this date or time on.")] = None,
    until: Annotated[str | None, typer.Option(help="Believed until this date or time.")] = None,
    keeper: Annotated[str | None, AS] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Believe a certifier for a scheme, in a new signed version of the trust list.

    Example:  firsthand certify trust add organic "Sample Organic"
    Example:  firsthand certify trust add gots did:web:certifier.example --until 2027-01-01T00:00:00Z
    """
    from firsthand.service.trust_lists import believe, known_schemes

    workspace = open_workspace()
    known = known_schemes(workspace)
    if scheme not in known:
        names = ", ".join(sorted(known))
        note(f"no certificate of a craft here is of the scheme {scheme}; there are: {names}")
    keys = tuple(key or ())
    made = believe(workspace, scheme, issuer, name=name, keys=keys, since=since, until=until, keeper=keeper)
    _told_trust(as_json, workspace, made)


def trust_remove(
    scheme: Annotated[str, typer.Argument(help="What for.")],
    issuer: Annotated[str, typer.Argument(help="A DID, or the party's URI or name.")],
    keeper: Annotated[str | None, AS] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Believe a certifier no longer, whatever the date; to end it at one, see `trust add --until`.

    Example:  firsthand certify trust remove organic "Sample Organic"
    """
    from firsthand.service.trust_lists import disbelieve

    workspace = open_workspace()
    _told_trust(as_json, workspace, disbelieve(workspace, scheme, issuer, keeper=keeper))


def trust_list(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Print the trust list in force. Its `schemes` are a trust list for `verify --trust`.

    Example:  firsthand certify trust list --json
    """
    from firsthand.service.trust_lists import trust_schemes

    workspace = open_workspace()
    found, schemes = workspace.credentials.trust(), trust_schemes(workspace)
    value = {
        "version": found[0].number if found else None,
        "issuer": found[0].issuer if found else None,
        "place": found[2] if found else None,
        "schemes": schemes,
    }
    rows = [
        (scheme, one.get("name", ""), one["issuer"], one.get("from", ""), one.get("until", ""))
        for scheme, issuers in sorted(schemes.items())
        for one in issuers
    ]
    emit(as_json, value, table("", ("scheme", "name", "issuer", "from", "until"), rows))


def _told_trust(as_json: bool, workspace: Workspace, made: TrustMade) -> None:
    from firsthand.service.trust_lists import trust_schemes

    value = {
        "version": made.trust.number,
        "place": made.place,
        "receipt": made.receipt,
        "schemes": trust_schemes(workspace),
    }
    count = sum(len(issuers) for issuers in made.trust.schemes.values())
    text = f"Version {made.trust.number} of the trust list names {count} (place {made.place} in the log)."
    emit(as_json, value, text)
