"""Crafts: the profiles at hand, one of them in words, and one more for this workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from firsthand.errors import InvalidInput
from firsthand.profiles import Profile, load_profile, profile_names
from firsthand.profiles.profile_file import own_profile_names, parse_profile, read_limited
from firsthand.service.settings import load_settings

__all__ = ["FOLDER", "Craft", "add_profile", "crafts"]

FOLDER: Final = "profiles"
"""Where a workspace keeps crafts of its own, one `NAME.toml` each."""


@dataclass(frozen=True, slots=True)
class Craft:
    """A profile and whose it is: the workspace's own, or one that ships."""

    profile: Profile
    own: bool


def crafts(workspace: Path) -> list[Craft]:
    """All crafts that a workspace, by its folder, knows, by name; without one, those that ship.

    Raises UnreadableInput or InvalidInput when a file in it is wrong.
    """
    folder = workspace / FOLDER
    own = own_profile_names(folder)
    return [Craft(load_profile(name, folder), name in own) for name in profile_names(folder)]


def add_profile(workspace: Path, path: Path, *, replace: bool = False) -> Craft:
    """Check a profile and keep a copy of it in the workspace in this folder, under its own name.

    Raises WorkspaceError when there is none; NotFound, UnreadableInput, or InvalidInput with the place inside
    the file when it is wrong, and InvalidInput when there is a craft of this name and `replace` is not said.
    """
    load_settings(workspace)
    data = read_limited(path, "profile")
    try:
        profile = parse_profile(data)
    except InvalidInput as error:
        raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
    folder = workspace / FOLDER
    if profile.name in profile_names(folder) and not replace:
        raise InvalidInput(
            f'there is a craft "{profile.name}" already: give this one another name, or say --replace',
            str(path),
        )
    folder.mkdir(exist_ok=True)
    beside = folder / f".{profile.name}"
    beside.write_bytes(data)
    beside.replace(folder / f"{profile.name}.toml")
    return Craft(profile, own=True)
