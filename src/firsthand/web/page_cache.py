"""Answers kept for as long as what they were made from stays as it is: the position of journal and chain."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Final, Generic, Protocol, TypeVar

__all__ = ["PageCache"]

_HELD_S: Final = 0.5
"""Seconds for which a position is believed before it is read again."""

_MOST_BYTES: Final = 64_000_000

Key = tuple[str, str]


class Kept(Protocol):
    """What is kept: only what was found."""

    @property
    def status(self) -> int:
        """200 when it is to be kept."""

    @property
    def body(self) -> bytes:
        """What it weighs."""


K = TypeVar("K", bound=Kept)


class PageCache(Generic[K]):
    """Keeps answers by key; all go when the position moves, the least used when they grow too large."""

    def __init__(self, position: Callable[[], Any]) -> None:
        self._read = position
        self._lock = threading.Lock()
        self._position: Any = None
        self._until = 0.0
        self._answers: OrderedDict[Key, K] = OrderedDict()
        self._size = 0

    def fresh(self, key: Key) -> K | None:
        """A kept answer when the position was read just now; reads nothing itself."""
        if time.monotonic() > self._until:
            return None
        return self._answers.get(key)

    def get(self, key: Key, make: Callable[[], K]) -> K:
        """The answer of this key at the present position, made if it is not kept."""
        position = self._read()
        with self._lock:
            if position != self._position:
                self._answers.clear()
                self._position, self._size = position, 0
            self._until = time.monotonic() + _HELD_S
            if key in self._answers:
                self._answers.move_to_end(key)
                return self._answers[key]
        made = make()
        with self._lock:
            # What was made while the position moved may be of either; it is not kept.
            if made.status == 200 and position == self._position and key not in self._answers:
                self._answers[key] = made
                self._size += len(made.body)
                while self._size > _MOST_BYTES and len(self._answers) > 1:
                    self._size -= len(self._answers.popitem(last=False)[1].body)
        return made
