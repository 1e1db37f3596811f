"""The pages and scripts for browsers, which `web-ui/build.py` builds into the package (ADR 0006)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Final

import firsthand
from firsthand.errors import NotFound

__all__ = ["VERIFIER", "BuiltPage", "built_page"]

VERIFIER: Final = "verify.html"
"""The verifier as one file, which needs no server."""

_STATIC: Final = Path(firsthand.__file__).parent / "web" / "static"
_POLICY: Final = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')


@dataclass(frozen=True, slots=True)
class BuiltPage:
    """A page, the Content-Security-Policy that it carries itself, and its entity tag."""

    body: bytes
    policy: str
    etag: str


def built_page(name: str) -> BuiltPage:
    """A built page. Raises NotFound with how to build it when that was not done."""
    path = _STATIC / name
    try:
        return _read(path, path.stat().st_mtime_ns)
    except FileNotFoundError:
        raise NotFound(
            f"{name} is not built: run `make pages` in the source tree (`make demo` and `make test` do)"
        ) from None


@lru_cache(maxsize=8)
def _read(path: Path, _changed: int) -> BuiltPage:
    body = path.read_bytes()
    found = _POLICY.search(body[:4096].decode(errors="replace"))
    policy = found[1].replace("&#39;", "'") if found else "default-src 'none'"
    return BuiltPage(body, policy, f'"{sha256(body).hexdigest()[:32]}"')
