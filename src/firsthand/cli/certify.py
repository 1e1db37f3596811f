"""`certify`: certificates issued, brought in, withdrawn and checked, and whom a workspace believes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from firsthand.cli import certificates, trust_list
from firsthand.cli.certificates import CREDENTIALS
from firsthand.cli.output import JSON_OPTION, emit
from firsthand.cli.session import open_workspace
from firsthand.cli.trust_list import AS
from firsthand.errors import InvalidInput, UnreadableInput

if TYPE_CHECKING:
    from firsthand.service.fetch import HttpFetcher
    from firsthand.service.workspace import Workspace

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Add the group."""
    certify = typer.Typer(no_args_is_help=True, help="Certificates: verifiable credentials and their status.")
    certify.command("issue")(issue)
    certify.command("import")(import_)
    certify.command("revoke")(revoke)
    certify.command("suspend")(suspend)
    certify.command("reinstate")(reinstate)
    certify.command("refresh")(refresh)
    certificates.register(certify)
    trust_list.register(certify)
    app.add_typer(certify, name="certify")


def issue(
    issuer: Annotated[str, AS],
    profile: Annotated[str, typer.Option(help="The craft whose certificate it is.")],
    kind: Annotated[str | None, typer.Option("--type", help="The certificate's name in the profile.")] = None,
    subject: Annotated[
        str | None, typer.Option("--of", help="Whom or what it is of: a URI, or a party's name.")
    ] = None,
    element: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of a key data element; may be given again.")
    ] = None,
    valid_from: Annotated[str | None, typer.Option("--from", help="A date or time; by default now.")] = None,
    valid_until: Annotated[str | None, typer.Option("--until", help="A date or time.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="A JSON list of many: type, subject, elements, validFrom, validUntil of each."),
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Issue certificates: signed, with a seat on the status lists, their digest journaled.

    Example:  firsthand certify issue --as "Sample Organic" --profile coffee --type organic --of Adela
              --set certificateNumber=SO-17 --set standard="EU 2018/848" --set certifiedProducts=cherry
    Example:  firsthand certify issue --as "Sample Organic" --profile coffee --file season.json
    """
    from firsthand.service.capture import seen_block
    from firsthand.service.certify import issue_certificates

    workspace = open_workspace()
    requests = _requests(file, kind, subject, element, valid_from, valid_until)
    made = issue_certificates(workspace, issuer, profile, requests, after=seen_block(workspace))
    value = {
        "place": made.place,
        "receipt": made.receipt,
        "credentials": [_document(one.document) for one in made.credentials],
    }
    ids = "\n".join(f"  {one.id}" for one in made.credentials)
    emit(as_json, value, f"Issued {len(made.credentials)} (place {made.place} in the log):\n{ids}")


def import_(
    source: Annotated[str, typer.Argument(help="A JSON file, or an https URL.")],
    party: Annotated[str, AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Bring in a credential from elsewhere: verified, its status looked up, its digest journaled.

    Example:  firsthand certify import scope-certificate.json --as "Sample Hills Cooperative"
    """
    from firsthand.service.credential_import import import_credential

    workspace = open_workspace()
    fetcher = _fetcher(workspace)
    made = import_credential(workspace, party, _source(source, fetcher), fetcher)
    lists = [{"list": one.list, "place": one.place, "problem": one.problem or None} for one in made.lists]
    kept = made.issued.credentials[0]
    value = {
        "id": made.credential.id,
        "place": made.issued.place,
        "new": made.issued.new,
        "type": kept.type or None,
        "lists": lists,
        "receipt": made.issued.receipt,
    }
    text = [f"{'On record' if made.issued.new else 'Was on record'} at place {made.issued.place}: {kept.id}"]
    text.append(f"  stated by {kept.issuer} of {', '.join(made.credential.subjects)}")
    text += [f"  its status is unknown: {one.problem}" for one in made.lists if one.problem]
    emit(as_json, value, "\n".join(text))


def revoke(
    credentials: Annotated[list[str], CREDENTIALS],
    issuer: Annotated[str, AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Revoke credentials for good, from this place in the log on.

    Example:  firsthand certify revoke k3v… --as "Sample Organic"
    """
    _set_status(issuer, credentials, "revocation", True, "Revoked", as_json)


def suspend(
    credentials: Annotated[list[str], CREDENTIALS],
    issuer: Annotated[str, AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Suspend credentials, from this place in the log on, until they are reinstated.

    Example:  firsthand certify suspend k3v… --as "Sample Organic"
    """
    _set_status(issuer, credentials, "suspension", True, "Suspended", as_json)


def reinstate(
    credentials: Annotated[list[str], CREDENTIALS],
    issuer: Annotated[str, AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """End a suspension, from this place in the log on.

    Example:  firsthand certify reinstate k3v… --as "Sample Organic"
    """
    _set_status(issuer, credentials, "suspension", False, "Reinstated", as_json)


def refresh(
    party: Annotated[str, AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Look at the status lists of credentials from elsewhere anew, and journal what changed.

    Example:  firsthand certify refresh --as "Sample Hills Cooperative"
    """
    from firsthand.service.credential_import import observe_lists

    workspace = open_workspace()
    seen = observe_lists(workspace, party, _fetcher(workspace))
    value = {
        "lists": [{"list": one.list, "place": one.place, "problem": one.problem or None} for one in seen]
    }
    text = [
        f"{one.list}: "
        + (one.problem or ("unchanged" if one.place is None else f"journaled at place {one.place}"))
        for one in seen
    ]
    emit(as_json, value, "\n".join(text) or "No credential from elsewhere names a status list.")
    if any(one.problem for one in seen):
        raise typer.Exit(1)


def _set_status(
    issuer: str, credentials: list[str], purpose: str, value: bool, word: str, as_json: bool
) -> None:
    from firsthand.service.capture import seen_block
    from firsthand.service.certify import set_status

    workspace = open_workspace()
    made = set_status(workspace, issuer, credentials, purpose, value, after=seen_block(workspace))
    changes = [
        {"list": one.list, "place": one.place, "changed": one.changed, "receipt": one.receipt} for one in made
    ]
    places = ", ".join(str(one.place) for one in made)
    emit(
        as_json,
        {"purpose": purpose, "value": value, "changes": changes},
        f"{word} {sum(one.changed for one in made)}, from place {places} in the log on.",
    )


def _requests(
    file: Path | None,
    kind: str | None,
    subject: str | None,
    elements: list[str] | None,
    valid_from: str | None,
    valid_until: str | None,
) -> list[dict[str, Any]]:
    if file is not None:
        import msgspec

        try:
            requests = msgspec.json.decode(file.read_bytes(), type=list[dict[str, Any]])
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise UnreadableInput(f"expected a JSON list of objects: {error}", str(file)) from None
        return requests
    if kind is None or subject is None:
        raise InvalidInput("say what with --type and of whom with --of, or give many with --file")
    given = {}
    for text in elements or ():
        name, separator, value = text.partition("=")
        if not separator:
            raise InvalidInput(f"--set: expected NAME=VALUE, got {text!r}")
        given[name] = value
    request: dict[str, Any] = {"type": kind, "subject": subject, "elements": given}
    times = {"validFrom": valid_from, "validUntil": valid_until}
    return [{**request, **{name: value for name, value in times.items() if value is not None}}]


def _source(source: str, fetcher: HttpFetcher) -> bytes:
    if source.startswith(("http://", "https://")):
        return fetcher.fetch(source)
    from firsthand.service.verification import read_source

    return read_source(source)


def _fetcher(workspace: Workspace) -> HttpFetcher:
    from firsthand.service.fetch import HttpFetcher

    return HttpFetcher(workspace.settings.server.webhook_networks)


def _document(document: bytes) -> dict[str, Any]:
    import msgspec

    value: dict[str, Any] = msgspec.json.decode(document)
    return value
