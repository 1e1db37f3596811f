"""What was sent against what arrived, for each lot between two parties; and what each party has of a lot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from firsthand.trace.accounts import Account, Ticks, of_ticks
from firsthand.trace.findings import Finding, Severity
from firsthand.trace.statement import Statement

__all__ = ["ShipmentBook"]

_DAY: Final = 86_400_000_000
_SCALES: Final = Fraction(1, 200)
"""By so much it may differ before it is an error: scales do, moisture goes, pounds are rounded. Ours."""


@dataclass(slots=True)
class _Shipment:
    """One lot from one party to another; amounts in ticks, the last event of each side by number."""

    unit: str
    sent: Ticks = 0
    arrived: Ticks = 0
    sent_in: int = -1
    arrived_in: int = -1
    arrivals: tuple[tuple[str, int, Ticks], ...] = ()


class ShipmentBook:
    """All shipments of one balance."""

    def __init__(self) -> None:
        self._shipments: dict[tuple[str, str, str], _Shipment] = {}
        self._findings: list[Finding] = []

    def move(self, one: Statement, lot: str, account: Account, amount: Ticks) -> None:
        """So much of a lot was shipped or received."""
        giver = one.giver or (one.issuer if one.ships else "")
        taker = one.taker or ("" if one.ships else one.issuer)
        shipment = self._shipments.get((lot, giver, taker))
        if shipment is None:
            shipment = self._shipments[lot, giver, taker] = _Shipment(account.unit)
        if shipment.unit != account.unit:
            return
        if one.ships:
            shipment.sent += amount
            shipment.sent_in = one.number
            account.take_from(giver, amount)
            return
        if self._again(one, lot, shipment, amount):
            return
        shipment.arrived += amount
        shipment.arrived_in = one.number
        made_here = account.made_by == taker and (account.came_to or {}).get(taker) == amount
        # Whoever made a lot and took it in wrote down the same twice.
        if not made_here or (account.went_from or {}).get(taker):
            account.add_to(taker, amount)

    def _again(self, one: Statement, lot: str, shipment: _Shipment, amount: Ticks) -> bool:
        """Whether someone else has recorded the same arrival on the same day: it counts once."""
        day = one.time // _DAY
        for issuer, other_day, other in shipment.arrivals:
            if issuer != one.issuer and other_day == day and other == amount:
                text = f"{issuer} and {one.issuer} each recorded the arrival of {lot}; it counts once"
                numbers = (("stated", of_ticks(amount, shipment.unit)),)
                events, parties = (shipment.arrived_in, one.number), (issuer, one.issuer)
                self._findings.append(
                    Finding("delivery-recorded-twice", "warning", text, numbers, (lot,), events, parties)
                )
                return True
        shipment.arrivals = (*shipment.arrivals[-3:], (one.issuer, day, amount))
        return False

    def findings(self) -> Iterator[Finding]:
        """What arrived otherwise than it was sent; what is still under way is no finding."""
        yield from self._findings
        arrived_of: dict[int, bool] = defaultdict(bool)
        for shipment in self._shipments.values():
            arrived_of[shipment.sent_in] |= bool(shipment.arrived)
        for (lot, giver, taker), one in self._shipments.items():
            # Where a part of what was sent together has arrived, the rest should have.
            if one.sent_in < 0 or one.sent == one.arrived or not arrived_of[one.sent_in]:
                continue
            sent, arrived = of_ticks(one.sent, one.unit), of_ticks(one.arrived, one.unit)
            short = sent.amount - arrived.amount
            severity: Severity = "warning" if abs(short) <= sent.amount * _SCALES else "error"
            text = f"{giver} sent {sent} of {lot} to {taker}, and {arrived} arrived"
            events = tuple(number for number in (one.sent_in, one.arrived_in) if number >= 0)
            numbers = (("sent", sent), ("arrived", arrived))
            yield Finding("shipped-received-differ", severity, text, numbers, (lot,), events, (giver, taker))
