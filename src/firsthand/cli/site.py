"""`publish-site` and `photo`: passports as files for any web host, and the photographs in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, note
from firsthand.cli.session import folder, open_access

__all__ = ["register"]

photo = typer.Typer(no_args_is_help=True, help="Photographs that records name by their hash.")


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("publish-site")(publish_site)
    photo.command("add")(add)
    app.add_typer(photo, name="photo")


def publish_site(
    directory: Annotated[
        Path, typer.Argument(help="The folder to write; an earlier site there is replaced.")
    ],
    items: Annotated[
        list[str] | None, typer.Argument(help="URIs of lots and pieces; without them, all that was sold.")
    ] = None,
    headers: Annotated[
        str, typer.Option(help="A header service that readers' phones ask, for sandbox and regtest.")
    ] = "",
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Write passports, proofs, the log's tiles and the verifier as files that any web host can serve.

    Example:  firsthand publish-site site/
    Example:  firsthand publish-site site/ https://coop.example/id/item/pack:S25-1-00001
    """
    from firsthand.service import site
    from firsthand.web.site_pages import page_writer, shared_files

    access = open_access()
    uris = items or site.sold_items(access)
    made = site.publish_site(
        access,
        directory,
        uris,
        page_writer(access.workspace.folder, headers),
        shared_files(),
        lambda uri: note(f"… {uri}"),
    )
    text = f"{len(made.passports)} passports in {directory}, under a log of {made.log_size} entries."
    emit(as_json, {"passports": made.passports, "log_size": made.log_size}, text)


def add(
    files: Annotated[list[Path], typer.Argument(help="JPEG, PNG, WebP or SVG files.")],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Keep photographs, so that passports show them; prints the hash by which a record names each.

    Example:  firsthand photo add ring-001.jpg
    """
    from firsthand.service.photographs import add_photograph

    hashes = {str(path): add_photograph(folder(), path) for path in files}
    emit(as_json, {"photographs": hashes}, "\n".join(f"{one}  {path}" for path, one in hashes.items()))
