"""Answers kept for as long as what they were made from stays as it is."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, Protocol, TypeVar

from firsthand.web.position import Position

__all__ = ["PageCache"]

_MOST_BYTES: Final = 64_000_000
_OVERHEAD: Final = 2_000
"""Bytes that an answer takes beside its body, about."""


class Kept(Protocol):
    """What is kept."""

    @property
    def status(self) -> int:
        """200 when it is to be kept: only what was found is."""

    @property
    def body(self) -> bytes:
        """What it weighs."""


K = TypeVar("K", bound=Kept)


class PageCache(Generic[K]):
    """Keeps answers by key; all go when the position moves, the least used when they grow too large."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self._lock = threading.Lock()
        self._at: Hashable = None
        self._answers: OrderedDict[Hashable, K] = OrderedDict()
        self._size = 0

    def fresh(self, key: Hashable) -> K | None:
        """A kept answer when the position was read just now; reads nothing itself."""
        position = self.position.held()
        if position is None or position != self._at:
            return None
        return self._answers.get(key)

    def get(self, key: Hashable, make: Callable[[], K]) -> K:
        """The answer of this key at the present position, made if it is not kept."""
        position = self.position.now()
        with self._lock:
            if position == self._at and key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        made = make()
        self.keep(key, position, made)
        return made

    def keep(self, key: Hashable, position: Hashable, made: K) -> None:
        """Keep an answer that was begun at a position; not when it moved while the answer was made."""
        if made.status != 200 or position != self.position.now():
            return
        with self._lock:
            if position != self._at:
                self._answers.clear()
                self._at, self._size = position, 0
            if key in self._answers:
                return
            self._answers[key] = made
            self._size += len(made.body) + _OVERHEAD
            while self._size > _MOST_BYTES and len(self._answers) > 1:
                self._size -= len(self._answers.popitem(last=False)[1].body) + _OVERHEAD
