"""`serve` and `apikey`: the workspace over HTTP, and who may use it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, note, table
from firsthand.cli.session import ask_passphrase, folder, open_workspace

__all__ = ["register"]

apikey = typer.Typer(no_args_is_help=True, help="API keys: who may do what over HTTP.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(serve)
    apikey.command("create")(create)
    apikey.command("list")(list_)
    apikey.command("revoke")(revoke)
    apikey.command("audit")(audit)
    app.add_typer(apikey, name="apikey")


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")] = 8080,
    workers: Annotated[int, typer.Option(min=1, max=64, help="How many processes serve.")] = 1,
    tls_certificate: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A PEM file, to serve HTTPS without a proxy."),
    ] = None,
    tls_key: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Its key, a PEM file.")
    ] = None,
) -> None:
    """Serve the workspace over HTTP: an EPCIS 2.0 repository. Ctrl-C finishes what was begun, then stops.

    Example:  firsthand -C coop serve --port 8080
    Example:  FIRSTHAND_PASSPHRASE=… firsthand -C coop serve --host 0.0.0.0 --workers 4
    """
    from firsthand.service.workspace import Workspace
    from firsthand.web.serve import check_server, run_server

    passphrase = ask_passphrase(Workspace.needs_passphrase(folder()))
    if (tls_certificate is None) != (tls_key is None):
        raise typer.BadParameter("--tls-certificate and --tls-key belong together")
    tls = (
        {} if tls_certificate is None else {"ssl_certfile": str(tls_certificate), "ssl_keyfile": str(tls_key)}
    )
    port = check_server(folder(), passphrase, host, port)
    at = f"{'https' if tls else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
    said = f"Serving {folder().resolve()} at {at} (API: {at}/openapi.json)"
    run_server(folder(), passphrase, host, port, workers, tls, lambda: note(said))


def create(
    party: Annotated[
        str | None, typer.Option(help="The party that the key speaks for: its name or URI.")
    ] = None,
    scope: Annotated[
        str, typer.Option(help="Any of read, capture, certify, admin, divided by commas.")
    ] = "read",
    label: Annotated[str, typer.Option(help="What the key is for, in your words.")] = "",
    expires: Annotated[
        str | None, typer.Option(help="When it ends: a date, a time, or a duration such as 90d.")
    ] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Make an API key and show it, this once.

    Captures that come with it are signed with the party's key in this workspace and marked custodial.

    Example:  firsthand apikey create --party Adela --scope capture,read --expires 90d
    """
    from firsthand.service.api_keys import create_key

    scopes = tuple(dict.fromkeys(part.strip() for part in scope.split(",") if part.strip()))
    key, token = create_key(open_workspace(), party, scopes, label=label, expires=expires)
    emit(
        as_json,
        {"token": token, **asdict(key)},
        f"{token}\n\nKeep it now: it is not stored and not shown again.",
    )


def list_(as_json: Annotated[bool, JSON_OPTION] = False) -> None:
    """List the API keys, without their secrets.

    Example:  firsthand apikey list
    """
    from firsthand.service.api_keys import list_keys

    keys = list_keys(open_workspace())
    rows = [
        (
            key.id,
            key.party or "(operator)",
            ",".join(key.scopes),
            key.label,
            key.expires or "never",
            f"revoked {key.revoked}" if key.revoked else "",
        )
        for key in keys
    ]
    text = table("", ("id", "party", "scopes", "label", "expires", ""), rows)
    emit(as_json, {"keys": [asdict(key) for key in keys]}, text)


def revoke(
    key: Annotated[str, typer.Argument(help="The key's ID, or the key itself.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Withdraw an API key at once.

    Example:  firsthand apikey revoke h3k2m5n6p7q2
    """
    from firsthand.service.api_keys import revoke_key

    revoke_key(open_workspace(), key)
    emit(as_json, {"revoked": key}, "Revoked: no request with it is answered from now on.")


def audit(
    key: Annotated[str | None, typer.Argument(help="A key's ID; all keys without it.")] = None,
    last: Annotated[int, typer.Option(min=1, max=100_000, help="How many requests to show.")] = 100,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Show what API keys did, the newest first.

    Example:  firsthand apikey audit h3k2m5n6p7q2 --last 20
    """
    from firsthand.service.api_keys import trail

    rows = trail(open_workspace(), key, last)
    names = ("at", "api_key", "method", "target", "status", "client", "request_id")
    emit(as_json, {"requests": rows}, table("", names, [[str(row[name]) for name in names] for row in rows]))
