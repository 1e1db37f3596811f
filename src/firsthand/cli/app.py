"""The command tree: what each group is called and where its commands live."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Annotated

import typer

from firsthand import __version__
from firsthand.cli import (
    accounts,
    certify,
    chain,
    crafts,
    deliveries,
    demo,
    exports,
    intake,
    labels,
    links,
    members,
    parties,
    pay,
    proofs,
    records,
    scans,
    sealed,
    server,
    setup,
    site,
    tokens,
    trace,
)
from firsthand.cli.session import set_folder

__all__ = ["app"]

app = typer.Typer(
    name="firsthand",
    help="Provenance that the maker signs and anyone can check.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"firsthand {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    folder: Annotated[
        Path,
        typer.Option(
            "-C", "--directory", envvar="FIRSTHAND_HOME", help="The workspace's folder.", show_default=False
        ),
    ] = Path(),
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Provenance that the maker signs and anyone can check.

    Example:  firsthand init && firsthand party add Adela --role maker
    """
    set_folder(folder)


for module in (
    setup,
    parties,
    members,
    crafts,
    records,
    exports,
    intake,
    deliveries,
    accounts,
    trace,
    pay,
    certify,
    links,
    chain,
    proofs,
    sealed,
    site,
    tokens,
    scans,
    labels,
    server,
    demo,
):
    module.register(app)


def _set_examples_apart(group: typer.Typer) -> None:
    """Each example of a command's help is a paragraph: paragraphs are filled, and several are not joined."""
    for command in group.registered_commands:
        text = inspect.getdoc(command.callback) or ""
        command.help = re.sub(r"\n+(?=Example:)", "\n\n", text)
    for inner in group.registered_groups:
        if inner.typer_instance is not None:
            _set_examples_apart(inner.typer_instance)


_set_examples_apart(app)
