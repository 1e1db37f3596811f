"""What does not add up: each finding with its severity, its numbers and the events that it rests on.

A finding says what was stated and what was expected; it never blocks and never accuses. The kinds:

| kind | says |
| --- | --- |
| claim-exceeds-input | a party stated a claim of more than came to it with that claim |
| claim-from-nowhere | a lot has a claim that nothing it was made of has |
| negative-stock | more left a lot, or a party's part of it, than had come in |
| yield-out-of-range | a step's output is outside of what its inputs can yield |
| harvest-above-limit | a plot bore more than its area can |
| certified-volume-exceeded | a claim was stated of more than the certificate covers |
| shipped-received-differ | what arrived is not what was sent |
| used-before-made | a lot was used before it came into being |
| cycle | a lot is made of itself |
| quantity-missing | a quantity is needed and not stated |
| quantity-without-unit | a number has no unit where the lot is measured elsewhere |
| incompatible-units | quantities that cannot be added were mixed |
| delivery-recorded-twice | two parties recorded the same; it counts once |
| made-by-several | parties who do not name each other both brought a lot into being |
| unpacked-not-packed | something came out of a container that nobody had put in |
| foreign-declaration | a party declared another's event wrong; it has no effect |
| malformed | a field of ours cannot be read |
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

from firsthand.trace.quantity import Quantity

__all__ = ["KINDS", "SEVERITIES", "Finding", "Severity", "in_order"]

Severity = Literal["info", "warning", "error"]
SEVERITIES: Final[tuple[Severity, ...]] = ("error", "warning", "info")

KINDS: Final = tuple(
    line.split("|")[1].strip()
    for line in (__doc__ or "").splitlines()
    if line.startswith("| ") and not line.startswith(("| kind", "| ---"))
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not add up.

    `numbers` are exact, each with its name; `lots` and `parties` are URIs; `events` numbers in the journal.
    """

    kind: str
    severity: Severity
    text: str
    numbers: tuple[tuple[str, Quantity | Fraction], ...] = ()
    lots: tuple[str, ...] = ()
    events: tuple[int, ...] = ()
    parties: tuple[str, ...] = ()
    claim: str = ""


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Each once, the worst first, then by kind and lot."""
    unique = dict.fromkeys(findings)
    return sorted(
        unique, key=lambda one: (SEVERITIES.index(one.severity), one.kind, one.lots, one.text, one.events)
    )
