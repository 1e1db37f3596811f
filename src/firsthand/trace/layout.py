"""Where the boxes of a trace stand: layers from left to right, few crossings (after Sugiyama et al. 1981)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

__all__ = ["layers"]

Box = TypeVar("Box", bound=Hashable)


def layers(boxes: Sequence[Box], arrows: Iterable[tuple[Box, Box]]) -> list[list[Box]]:
    """The boxes of each layer from left to right, each layer from top to bottom.

    A box stands right of all that leads to it, and as near as it can to what it leads to. An arrow that would
    close a circle is left out of account.
    """
    ahead: dict[Box, list[Box]] = defaultdict(list)
    behind: dict[Box, list[Box]] = defaultdict(list)
    for source, target in _forward_arrows(boxes, list(arrows)):
        ahead[source].append(target)
        behind[target].append(source)
    order = _topological(boxes, ahead, behind)
    rank: dict[Box, int] = {}
    for box in order:
        rank[box] = max((rank[one] + 1 for one in behind[box]), default=0)
    for box in reversed(order):
        if ahead[box]:
            rank[box] = min(rank[one] for one in ahead[box]) - 1
    found: list[list[Box]] = [[] for _ in range(max(rank.values(), default=-1) + 1)]
    for box in boxes:
        found[rank[box]].append(box)
    _untangle(found, ahead, behind)
    return found


def _forward_arrows(boxes: Sequence[Box], arrows: list[tuple[Box, Box]]) -> list[tuple[Box, Box]]:
    """The arrows without those that lead back to a box on their own way (depth first, iterative)."""
    ahead: dict[Box, list[Box]] = defaultdict(list)
    for source, target in arrows:
        ahead[source].append(target)
    state: dict[Box, int] = {}
    back: set[tuple[Box, Box]] = set()
    for start in boxes:
        if start in state:
            continue
        state[start] = 1
        work = [(start, iter(ahead[start]))]
        while work:
            box, rest = work[-1]
            for target in rest:
                if state.get(target) == 1:
                    back.add((box, target))
                elif target not in state:
                    state[target] = 1
                    work.append((target, iter(ahead[target])))
                    break
            else:
                state[box] = 2
                work.pop()
    return [arrow for arrow in arrows if arrow not in back]


def _topological(
    boxes: Sequence[Box], ahead: Mapping[Box, list[Box]], behind: Mapping[Box, list[Box]]
) -> list[Box]:
    waiting = {box: len(behind.get(box, ())) for box in boxes}
    ready = [box for box in boxes if not waiting[box]]
    order: list[Box] = []
    while ready:
        box = ready.pop(0)
        order.append(box)
        for target in ahead.get(box, ()):
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    return order


def _untangle(
    found: list[list[Box]], ahead: Mapping[Box, list[Box]], behind: Mapping[Box, list[Box]]
) -> None:
    """Sort each layer by the middle of its neighbours, forth and back, a few times."""
    place = {box: float(at) for layer in found for at, box in enumerate(layer)}
    for sweep in range(6):
        neighbours, run = (behind, found) if sweep % 2 == 0 else (ahead, found[::-1])
        for layer in run:
            middle = {
                box: sum(place[one] for one in near) / len(near)
                if (near := neighbours.get(box))
                else place[box]
                for box in layer
            }
            layer.sort(key=lambda box: middle[box])
            place.update({box: float(at) for at, box in enumerate(layer)})
