"""Validating and hashing in other processes, for texts large enough to be worth it.

Reading, validating, hashing and canonicalising is all computation; the journal is one writer. So workers
prepare the next texts while the writer signs, journals and waits for its disk.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, TypeVar

from firsthand.events.document import EventReader, stand_alone
from firsthand.events.json_text import decode
from firsthand.journal.protocol import EventRow
from firsthand.service.capture import Prepared, prepare, rows_of

__all__ = ["PreparePool", "prepare_pool"]

T = TypeVar("T")
Packed = tuple[list[bytes], list[Any], list[Any], list[Any]]


class PreparePool:
    """Workers that prepare texts, a bounded number ahead of whoever takes the results, in order."""

    def __init__(self, executor: ProcessPoolExecutor, ahead: int) -> None:
        self._executor = executor
        self._ahead = ahead

    def captures(self, texts: Iterable[bytes]) -> Iterator[Prepared]:
        """Each EPCIS text prepared as one capture. Raises InvalidInput as `prepare` does."""
        for root, packed in self._ordered(_prepare_text, ((text,) for text in texts)):
            rows = list(map(EventRow, *packed))
            yield Prepared(len(rows), root, rows)

    def rows(self, reader: EventReader, size: int = 200) -> Iterator[EventRow]:
        """The rows of a large text's events. Raises InvalidInput with the path of the first that is wrong."""
        for packed in self._ordered(_prepare_events, reader.texts(size)):
            yield from map(EventRow, *packed)

    def _ordered(self, work: Callable[..., T], arguments: Iterable[tuple[Any, ...]]) -> Iterator[T]:
        waiting: deque[Future[T]] = deque()
        for given in arguments:
            waiting.append(self._executor.submit(work, *given))
            if len(waiting) > self._ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


@contextmanager
def prepare_pool() -> Iterator[PreparePool]:
    """A pool with a worker for every core: the writer mostly waits for its disk."""
    workers = len(os.sched_getaffinity(0))
    # Forking a process that has threads or an open database is not safe; spawning is.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as executor:
        yield PreparePool(executor, 2 * workers + 2)


def _prepare_text(text: bytes) -> tuple[bytes, Packed]:
    prepared = prepare(EventReader(lambda: [text]))
    return prepared.root, _packed(prepared.rows)


def _prepare_events(texts: list[bytes], context: Any, first: int, path: str) -> Packed:
    def events() -> Iterator[dict[str, Any]]:
        for number, text in enumerate(texts, first):
            yield stand_alone(decode(text, path.format(number)), context)

    return _packed(rows_of(events(), lambda number: path.format(first + number)))


def _packed(rows: Iterable[EventRow]) -> Packed:
    # Four lists of plain values cross the process boundary faster than a list of rows. None is sealed here.
    bodies, ids, keys, facts, _ = zip(*rows, strict=True)
    return list(bodies), list(ids), list(keys), list(facts)
