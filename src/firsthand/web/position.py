"""What a kept page depends on: where journal, chain and the workspace's own files stand."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final

from sqlalchemy import func, select

from firsthand.chain.outbox import OUTBOX
from firsthand.journal.database import reading
from firsthand.service.chain_access import ChainAccess
from firsthand.service.links import links_state
from firsthand.service.photographs import FOLDER as PHOTOGRAPHS
from firsthand.service.profiles import FOLDER as PROFILES
from firsthand.service.tables import PAYMENT_TRANSACTION, TOKEN_MOVE

__all__ = ["Position", "position_of"]

_HELD_S: Final = 0.5
"""Seconds for which a position is believed before it is read again."""


class Position:
    """A position that is read at most twice a second, however many ask."""

    def __init__(self, read: Callable[[], Hashable]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._value: Hashable = None
        self._until = 0.0

    def held(self) -> Hashable | None:
        """The position when it was read just now, else None; reads nothing itself."""
        return self._value if time.monotonic() < self._until else None

    def now(self) -> Hashable:
        """The position, read anew when it was not read just now."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._value = self._read()
                self._until = time.monotonic() + _HELD_S
            return self._value


def position_of(access: ChainAccess, published: Callable[[], int]) -> Hashable:
    """What pages depend on, as a value that differs when any of it does.

    The journal, what of it is public, the chain's tip and what of ours is in a block, moves of tokens and
    payments, the resolver's links, the crafts and photographs in the workspace's folder, and the day.
    """
    workspace = access.workspace
    with reading(workspace.engine) as connection:
        mined = connection.execute(select(func.max(OUTBOX.c.block_height))).scalar()
        paid = connection.execute(select(func.count()).select_from(PAYMENT_TRANSACTION)).scalar()
        moves = connection.execute(select(func.count()).select_from(TOKEN_MOVE)).scalar()
    photographs = workspace.folder / PHOTOGRAPHS
    own_crafts = sorted(
        (one.name, one.stat().st_mtime_ns) for one in (workspace.folder / PROFILES).glob("*.toml")
    )
    return (
        workspace.journal.size(),
        published(),
        access.headers.tip(),
        mined,
        moves,
        paid,
        links_state(workspace),
        # A file that comes or goes is a change of its folder.
        photographs.stat().st_mtime_ns if photographs.is_dir() else 0,
        tuple(own_crafts),
        workspace.now()[:10],
    )
