"""Importing the SDK without its side effect.

bsv-sdk 2.4 puts its own folder in front of `sys.path` (`bsv/utils/pushdata.py`), where its `base58`, `hash`
or `keys` would be found instead of others' modules of these names, also by processes spawned later.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["sdk_import"]


@contextmanager
def sdk_import() -> Iterator[None]:
    """Import from `bsv` inside of this; `sys.path` is afterwards as it was."""
    before = list(sys.path)
    try:
        yield
    finally:
        sys.path[:] = before
