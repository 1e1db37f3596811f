"""Corrections: which events stand after the error declarations of EPCIS 2.0 (§7.4.1.4).

An error declaration is the event once more, under the same event ID, with `errorDeclaration`: it says that
the event is wrong, and that the events of `correctiveEventIDs` are right instead. Later declarations win,
by their place in the journal, because a time that somebody typed proves nothing: an event is out when the
last word about it says that it is wrong.

So a correction can be **reversed**: a declaration of the corrective event that names the original as its
corrective event says that the correction is wrong and the original right. Then everything is as if neither
had been recorded. (The declaration itself cannot be declared wrong: it has the event ID of its event.)

A declaration counts only for what its own issuer has stated; about another's event it is a finding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["Correction", "Corrections", "Declaration", "corrections"]


@dataclass(frozen=True, slots=True)
class Declaration:
    """An event that declares others wrong.

    `declared` are the numbers of the events of the same ID, `corrective` those of the corrective event IDs.
    """

    number: int
    issuer: str
    reason: str
    declared: tuple[int, ...]
    corrective: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Correction:
    """An event that is out, by which declaration and for what reason, and what stands instead."""

    withdrawn: int
    declaration: int
    reason: str
    corrective: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Corrections:
    """The outcome: `withdrawn` by number; `declarations` state nothing themselves; `foreign` do nothing."""

    withdrawn: dict[int, Correction]
    declarations: frozenset[int]
    foreign: tuple[Declaration, ...]

    def stands(self, number: int) -> bool:
        """Whether this event counts."""
        return number not in self.withdrawn and number not in self.declarations


def corrections(declarations: Iterable[Declaration], issuer_of: Callable[[int], str]) -> Corrections:
    """What stands after these declarations; `issuer_of` tells who captured the event of a number."""
    withdrawn: dict[int, Correction] = {}
    foreign = []
    ordered = sorted(declarations, key=lambda one: one.number)
    numbers = frozenset(one.number for one in ordered)
    for one in ordered:
        own = [number for number in one.declared if number not in numbers and issuer_of(number) == one.issuer]
        if not own:
            foreign.append(one)
            continue
        for number in own:
            withdrawn[number] = Correction(number, one.number, one.reason, one.corrective)
        for number in one.corrective:
            if number not in own and issuer_of(number) == one.issuer:
                withdrawn.pop(number, None)
    return Corrections(withdrawn, numbers, tuple(foreign))
