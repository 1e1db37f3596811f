"""Whether an item ever left its makers, by the records: alone, or in whatever it was packed into."""

from __future__ import annotations

from typing import Final, NamedTuple

from firsthand.ledger.lot_events import FORWARD
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.token import piece_event
from firsthand.service.trace import Reader
from firsthand.service.workspace import Workspace
from firsthand.trace.statement import Statement

__all__ = ["was_shipped"]

_SELLS: Final = frozenset(("retail_selling", "dispensing"))
_PASSED_ON: Final = frozenset(("transfer", "gift", "sale", "claim"))
_DEPTH: Final = 8
"""Packs in cartons on pallets in containers are four; what is nested deeper is not followed for ever."""

_ALWAYS: Final = (-(2**63), 2**63)


class _Stay(NamedTuple):
    """A lot, and from when until when (microseconds since 1970) its moves are those of the item."""

    lot: str
    since: int
    until: int


def was_shipped(workspace: Workspace, item: str) -> bool:
    """Whether a standing event ships, receives or sells this item (canonical URI), or what it was in then."""
    reader = Reader(workspace)
    level = [_Stay(item, *_ALWAYS)]
    seen = {item}
    for _ in range(_DEPTH):
        above: list[_Stay] = []
        for stay in level:
            found = sorted(
                (
                    one
                    for one in reader.of_lots(FORWARD, [stay.lot], ())
                    if reader.corrections.stands(one.number) and stay.since <= one.time <= stay.until
                ),
                key=lambda one: one.order,
            )
            found = _until_emptied(found, stay.lot)
            if any(_leaves(one, stay.lot) for one in found):
                return True
            above += _containers(found, stay)
        level = [stay for stay in above if stay.lot not in seen]
        seen.update(stay.lot for stay in level)
        if not level:
            break
    return False


def _leaves(one: Statement, lot: str) -> bool:
    if not any(part.lot == lot for part in one.things) and one.parent != lot:
        return False
    return (
        one.ships
        or one.receives
        or one.biz_step in _SELLS
        or piece_event(parse_canonical(one.body)) in _PASSED_ON
    )


def _until_emptied(found: list[Statement], lot: str) -> list[Statement]:
    """What happened to a container until an event took all out of it without listing what."""
    ends = (at for at, one in enumerate(found) if one.unpacks and one.parent == lot and not one.things)
    return found[: next(ends, len(found))]


def _containers(found: list[Statement], stay: _Stay) -> list[_Stay]:
    """What the lot was packed into, from then until it was taken out."""
    stays: list[_Stay] = []
    for at, one in enumerate(found):
        if one.packs and one.parent is not None and any(part.lot == stay.lot for part in one.things):
            out = (
                other.time
                for other in found[at + 1 :]
                if other.unpacks
                and other.parent == one.parent
                and any(part.lot == stay.lot for part in other.things)
            )
            stays.append(_Stay(one.parent, one.time, next(out, stay.until)))
    return stays
