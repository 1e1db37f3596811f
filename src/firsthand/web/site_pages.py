"""The pages of a published site: the same templates as the server's, with links that need no server."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath

from firsthand.errors import NotFound
from firsthand.service.pages import VERIFIER, built_page
from firsthand.service.passport_model import Passport
from firsthand.service.photographs import key_of, photograph
from firsthand.service.site import PROOFS
from firsthand.web.passport_page import ASSETS, Links, asset, passport_data, passport_page
from firsthand.web.words import LOCALES

__all__ = ["page_writer", "shared_files"]

_DATA = "passport.json"


def shared_files() -> dict[str, bytes]:
    """What every passport loads, and the verifier; by path. Raises NotFound when they are not built."""
    return {f"assets/{name}": asset(name)[0] for name in ASSETS} | {"verify.html": built_page(VERIFIER).body}


def page_writer(
    workspace: Path, headers: str = ""
) -> Callable[[Passport, PurePosixPath], Mapping[str, bytes]]:
    """What writes the files of a passport that lies at a path; `headers` as in Links."""

    def write(found: Passport, path: PurePosixPath) -> Mapping[str, bytes]:
        up = "../" * len(path.parts)
        pictures = _pictures(workspace, found)
        named = {key: file for key, (file, _) in pictures.items()}
        links = Links(
            page=_page_name,
            data=_DATA,
            proofs=PROOFS,
            verifier=f"{up}verify.html",
            asset=lambda name: f"{up}assets/{name}",
            headers=headers,
            shown=lambda name: named.get(key_of(name) or ""),
        )
        pages = {_page_name(tag): passport_page(found, tag, links) for tag in LOCALES}
        return {**pages, **dict(pictures.values()), _DATA: passport_data(found, PROOFS)}

    return write


def _page_name(tag: str) -> str:
    return "index.html" if tag == "en" else f"index.{tag}.html"


def _pictures(workspace: Path, found: Passport) -> dict[str, tuple[str, bytes]]:
    """By hash, a photograph's file name, with the ending that tells a web host its type, and its bytes."""
    kept = {}
    for key in filter(None, map(key_of, found.photographs)):
        try:
            body, media = photograph(workspace, key)
        except NotFound:
            continue
        kept[key] = f"{key}.{media.rpartition('/')[2].removesuffix('+xml')}", body
    return kept
