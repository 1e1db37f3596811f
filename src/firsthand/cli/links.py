"""`link`: where the resolver leads from an item."""

from __future__ import annotations

from typing import Annotated

import typer

from firsthand.cli.output import JSON_OPTION, emit, table
from firsthand.cli.session import open_workspace

__all__ = ["register"]

_AS = typer.Option("--as", help="The party whose item it is: a name or URI.")


def register(app: typer.Typer) -> None:
    """Add the group."""
    link = typer.Typer(no_args_is_help=True, help="Where the resolver leads from an item.")
    link.command("add")(add)
    link.command("list")(list_links)
    link.command("remove")(remove)
    app.add_typer(link, name="link")


def add(
    item: Annotated[str, typer.Argument(help="A GS1 Digital Link, EPC URN or the item's own URI.")],
    target: Annotated[str, typer.Argument(help="An https URL.")],
    party: Annotated[str, _AS],
    title: Annotated[str, typer.Option(help="What is found there, in its own language.")],
    link_type: Annotated[str, typer.Option("--type", help="Of the GS1 Web Vocabulary.")] = "gs1:pip",
    media: Annotated[str, typer.Option(help="The media type, e.g. text/html.")] = "",
    language: Annotated[str, typer.Option(help="The language, e.g. en or en-GB.")] = "",
    context: Annotated[str, typer.Option(help="A word that requests may give as `context`.")] = "",
    is_default: Annotated[
        bool, typer.Option("--default", help="Lead here when nothing is asked for.")
    ] = False,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Set a link of an item; the same link again takes its new title.

    Example:  firsthand link add https://id.gs1.org/01/04012345111118 https://adela.example/bag
              --as "Adela Quispe" --title "About this coffee" --language en
    """
    from firsthand.service.links import NewLink, add_link, link_value

    wanted = NewLink(item, link_type, target, title, media, language, context, is_default)
    made = add_link(open_workspace(), party, wanted)
    emit(as_json, link_value(made), f"Link {made.id}: {made.item} leads to {made.href}")


def list_links(
    item: Annotated[str | None, typer.Argument(help="One item; by default all.")] = None,
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """List the links of an item, or all.

    Example:  firsthand link list https://id.gs1.org/01/04012345111118
    """
    from firsthand.service.links import item_uri, link_value, links_of, party_links

    workspace = open_workspace()
    found = party_links(workspace, None) if item is None else links_of(workspace, [item_uri(item)])
    rows = [
        (
            one.id,
            one.item,
            f"gs1:{one.link_type.rpartition('/')[2]}",
            one.href,
            "default" if one.is_default else "",
        )
        for one in found
    ]
    emit(
        as_json,
        {"links": [link_value(one) for one in found]},
        table("", ("link", "item", "type", "leads to", ""), rows),
    )


def remove(
    link: Annotated[str, typer.Argument(help="The link's ID, as `link list` shows it.")],
    party: Annotated[str, _AS],
    as_json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Remove a link.

    Example:  firsthand link remove 5f0c6f2e9a7b4d1c8e3a2b10 --as "Adela Quispe"
    """
    from firsthand.service.links import link_value, remove_link

    gone = remove_link(open_workspace(), party, link)
    emit(as_json, link_value(gone), f"Removed: {gone.item} no longer leads to {gone.href}")
