"""Crafts: the profiles at hand, one of them in words, and one more for this workspace."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from firsthand.errors import InvalidInput
from firsthand.profiles import Profile, load_profile, profile_names
from firsthand.profiles.profile_file import own_profile_names, parse_profile, read_limited
from firsthand.service.prove import write_whole
from firsthand.service.workspace import Workspace

__all__ = ["Craft", "add_profile", "crafts"]


@dataclass(frozen=True, slots=True)
class Craft:
    """A profile and whose it is: the workspace's own, or one that ships."""

    profile: Profile
    own: bool


def crafts(folder: Path) -> list[Craft]:
    """All crafts for a workspace that keeps its own profiles in this folder, by name.

    Raises UnreadableInput or InvalidInput when a file in it is wrong.
    """
    own = own_profile_names(folder)
    return [Craft(load_profile(name, folder), name in own) for name in profile_names(folder)]


def add_profile(workspace: Workspace, path: Path, *, replace: bool = False) -> Craft:
    """Check a profile and keep a copy of it in the workspace, under its own name.

    Raises NotFound, UnreadableInput, or InvalidInput: with the place inside the file when it is wrong, and
    when there is a craft of this name already and `replace` is not said.
    """
    data = read_limited(path, "profile")
    try:
        profile = parse_profile(data)
    except InvalidInput as error:
        raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
    folder = workspace.profiles_folder
    if profile.name in profile_names(folder) and not replace:
        raise InvalidInput(
            f'there is a craft "{profile.name}" already: give this one another name, or say --replace',
            str(path),
        )
    folder.mkdir(exist_ok=True)
    write_whole(folder / f"{profile.name}.toml", iter([data]), lambda done: None)
    return Craft(workspace.profile(profile.name), own=True)
