"""Statements that say the same twice: the clerk's and the farmer's of one delivery, one event captured again.

The same event (CBV 2.0 event hash ID) of two issuers is one event with a confirmation. Different events of
different issuers that bring the same lot into being, in the same quantity and on the same day (UTC), speak
of one thing, too: it counts once, and that is a finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from firsthand.errors import InvalidInput
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.trace.findings import Finding
from firsthand.trace.statement import Statement

__all__ = ["Doubles", "identity", "likeness"]

_DAY: Final = 86_400_000_000


class Doubles:
    """Statements in the order of time, each thing once; `confirming` are the others, by the kept number."""

    def __init__(self, statements: Sequence[Statement]) -> None:
        self.findings: list[Finding] = []
        self.confirming: dict[int, tuple[Statement, ...]] = {}
        kept = self._same_events(statements)
        self.kept = self._same_origins(kept)

    def _same_events(self, statements: Sequence[Statement]) -> list[Statement]:
        groups: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
        for one in statements:
            groups[likeness(one)].append(one)
        dropped: set[int] = set()
        for group in groups.values():
            if len(group) > 1:
                by_id: dict[str, list[Statement]] = defaultdict(list)
                for one in group:
                    by_id[identity(one)].append(one)
                for same in by_id.values():
                    if len(same) > 1:
                        dropped.update(self._keep_one(same))
        return [one for one in statements if one.number not in dropped]

    def _same_origins(self, statements: list[Statement]) -> list[Statement]:
        groups: dict[tuple[object, ...], list[Statement]] = defaultdict(list)
        for one in statements:
            if one.creates and one.things:
                groups[(one.time // _DAY, one.things)].append(one)
        dropped: set[int] = set()
        for group in groups.values():
            # One issuer may well make the same quantity twice a day.
            if len({one.issuer for one in group}) < 2:
                continue
            dropped.update(self._keep_one(group))
            lots = tuple(part.lot for part in group[0].things)
            issuers = sorted({one.issuer for one in group})
            text = (
                f"{', '.join(issuers)} each recorded that {', '.join(lots)} came into being; it counts once"
            )
            quantities = tuple((part.lot, part.quantity) for part in group[0].things if part.quantity)
            numbers = tuple(sorted(one.number for one in group))
            kind = "delivery-recorded-twice"
            self.findings.append(Finding(kind, "warning", text, quantities, lots, numbers, tuple(issuers)))
        return [one for one in statements if one.number not in dropped]

    def _keep_one(self, group: list[Statement]) -> list[int]:
        """Keep the statement that names the makers, else the first by issuer; the others confirm it."""
        group = sorted(group, key=lambda one: (not one.makers, not one.on_behalf_of, one.issuer, one.number))
        kept, *others = group
        self.confirming[kept.number] = (*self.confirming.get(kept.number, ()), *others)
        return [one.number for one in others]


def likeness(statement: Statement) -> tuple[object, ...]:
    """What two statements of one event share: hashing is slow, so only such are compared by `identity`."""
    parts = statement.things or statement.inputs or statement.outputs
    lot = parts[0].lot if parts else None
    return statement.time, statement.type, statement.action, statement.parent, lot


def identity(statement: Statement) -> str:
    """The event hash ID (CBV 2.0 §8.9): the same however an event is written and whoever captures it."""
    event = msgspec.json.decode(statement.body)
    try:
        return event_hash_id(event, HashContext.of(event.get("@context", ())))
    except InvalidInput:
        return statement.body.decode(errors="replace")
