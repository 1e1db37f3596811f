"""Which workspace a command works on, and the passphrase that opens its keys."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from firsthand.errors import WrongPassphrase

if TYPE_CHECKING:
    from firsthand.service.chain_access import ChainAccess
    from firsthand.service.workspace import Workspace

__all__ = [
    "PASSPHRASE",
    "ask_passphrase",
    "folder",
    "new_passphrase",
    "open_access",
    "open_workspace",
    "set_folder",
]

PASSPHRASE: Final = "FIRSTHAND_PASSPHRASE"

_folder = Path()


def set_folder(path: Path) -> None:
    """Remember the folder of `-C`."""
    global _folder
    _folder = path


def folder() -> Path:
    """The workspace's folder."""
    return _folder


def open_workspace(*, any_version: bool = False) -> Workspace:
    """The workspace of this command."""
    from firsthand.service.workspace import Workspace

    return Workspace.open(_folder, _passphrase, any_version=any_version)


def open_access() -> ChainAccess:
    """The workspace of this command with its chain, which takes longer to import."""
    from firsthand.service.chain_access import ChainAccess

    return ChainAccess(open_workspace())


def ask_passphrase(needed: bool) -> str:
    """The passphrase, where the keystore needs one."""
    return _passphrase() if needed else ""


def _passphrase() -> str:
    given = os.environ.get(PASSPHRASE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        raise WrongPassphrase(f"the keystore needs its passphrase: set {PASSPHRASE}")
    return str(typer.prompt("Passphrase", hide_input=True, err=True))


def new_passphrase(*, may_be_empty: bool) -> str:
    """The passphrase of a new keystore: from the environment, or typed twice at a terminal."""
    given = os.environ.get(PASSPHRASE)
    if given is None and sys.stdin.isatty():
        hint = " (empty for none)" if may_be_empty else ""
        prompt = f"Passphrase for the new keystore{hint}"
        default = "" if may_be_empty else None
        given = str(
            typer.prompt(
                prompt,
                hide_input=True,
                confirmation_prompt=True,
                default=default,
                show_default=False,
                err=True,
            )
        )
    if not given and not may_be_empty:
        raise WrongPassphrase(f"a keystore for a real chain needs a passphrase: set {PASSPHRASE}")
    return given or ""
