"""What pooling spares: each member's records and earnings, and what a record would cost them alone.

One anchor covers what all members recorded. Without pooling a member would keep a log of their own: its
genesis, and an anchor each time that the pooled log was anchored with something new of theirs in it. Both are
reckoned from the sizes of the transactions that were really made, at the broadcaster's fee policy of now.
Publications are left out: they carry the same bytes for a member alone as in the pool.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import select

from firsthand.chain.protocols import FeePolicy
from firsthand.journal.database import reading
from firsthand.journal.store import ENTRY
from firsthand.ledger.accounts import AccountBook
from firsthand.ledger.deliveries import DeliveryBook
from firsthand.ledger.event_index import EVENT_FACT
from firsthand.ledger.members import Member
from firsthand.proof.confirmation import ACKNOWLEDGEMENT, COUNTER_SIGNATURE
from firsthand.proof.parties import Party
from firsthand.service.chain_access import ChainAccess
from firsthand.service.status import usd

__all__ = ["MemberStatus", "Pooling", "by_member"]

_EARNED = ("delivery", "second-payment", "premium", "deduction")


@dataclass(frozen=True, slots=True)
class MemberStatus:
    """One member: counts, decimal quantities by unit, amounts in `UNITS` by currency, dollars a record.

    `share` is what the callable of `by_member` gave for them; `paid` what shoppers sent.
    """

    member: Member
    records: int
    deliveries: int
    delivered: dict[str, str]
    acknowledged: int
    counter_signed: int
    share: Fraction | None
    earned: dict[str, int]
    balance: dict[str, int]
    paid: int | None
    usd_pooled: float | None
    usd_alone: float | None


@dataclass(frozen=True, slots=True)
class Pooling:
    """The cooperative's members, and what anchoring cost and would cost, in satoshis.

    `pooled` is reckoned for the records of members alone: their part of what the log anchored.
    """

    members: list[MemberStatus]
    anchors: int
    anchor_bytes: int
    pooled_satoshis: float
    alone_satoshis: float


def by_member(
    access: ChainAccess,
    cooperative: Party,
    *,
    shares: Callable[[Sequence[str]], Mapping[str, Fraction]] | None = None,
    payments: Callable[[Sequence[str]], Mapping[str, int]] | None = None,
) -> Pooling:
    """The state of every member of a cooperative.

    `shares` gives each maker's part of what was traced, `payments` what was paid to them directly in
    satoshis, both by party URI for the URIs handed in; without them they are left unknown.
    """
    workspace = access.workspace
    roots = workspace.members.roots(cooperative.uri)
    members = {member.uri: member for member in roots.values()}
    uris: dict[str, list[str]] = {uri: [] for uri in members}
    for member in workspace.members.members(cooperative.uri):
        uris[roots[member.uri].uri] += member.identifiers
    every = [uri for group in uris.values() for uri in group]
    found_shares = shares(every) if shares else None
    found_payments = payments(every) if payments else None
    numbers = _recorded(access, uris)
    costs = _Costs(access)
    books = _Books(access, cooperative, {uri: root.uri for uri, root in roots.items()})
    listed = [
        MemberStatus(
            member=member,
            records=len(numbers[uri]),
            **books.of(uri),
            share=_sum(found_shares, uris[uri]),
            paid=None if found_payments is None else sum(found_payments.get(one, 0) for one in uris[uri]),
            usd_pooled=costs.each(costs.pooled(numbers[uri]), numbers[uri]),
            usd_alone=costs.each(costs.alone(numbers[uri]), numbers[uri]),
        )
        for uri, member in members.items()
    ]
    return Pooling(
        sorted(listed, key=lambda one: one.member.record.number),
        costs.anchors,
        costs.anchor_bytes,
        sum(costs.pooled(group) for group in numbers.values()),
        sum(costs.alone(group) for group in numbers.values()),
    )


def _sum(shares: Mapping[str, Fraction] | None, uris: Sequence[str]) -> Fraction | None:
    return None if shares is None else sum((shares.get(uri, Fraction(0)) for uri in uris), Fraction(0))


def _recorded(access: ChainAccess, uris: dict[str, list[str]]) -> dict[str, list[int]]:
    """For each member the events recorded for them, and those that they recorded themselves."""
    of = {uri: root for root, group in uris.items() for uri in group}
    found = {root: set(access.workspace.index.on_behalf_of(group)) for root, group in uris.items()}
    registered = [party.uri for party in access.workspace.parties.current().parties() if party.uri in of]
    query = select(EVENT_FACT.c.issuer, EVENT_FACT.c.number).where(EVENT_FACT.c.issuer.in_(registered))
    with reading(access.workspace.engine) as connection:
        for issuer, number in connection.execute(query):
            found[of[issuer]].add(number)
    return {root: sorted(numbers) for root, numbers in found.items()}


class _Costs:
    """What anchoring cost, and would cost, from the anchors that were made; satoshis."""

    def __init__(self, access: ChainAccess) -> None:
        workspace = access.workspace
        self._settings = workspace.settings
        made = workspace.anchors.all()
        raw = [access.outbox.get(anchor.txid).raw for anchor in made]
        self.anchors = max(0, len(made) - 1)
        self.anchor_bytes = round(sum(map(len, raw[1:])) / self.anchors) if self.anchors else 0
        self._anchor = self._genesis = 0
        if made:
            policy: FeePolicy = access.broadcaster.policy()
            self._anchor, self._genesis = policy.fee(self.anchor_bytes), policy.fee(len(raw[0]))
        query = select(ENTRY.c.place, ENTRY.c.first_event, ENTRY.c.count).where(ENTRY.c.count > 0)
        with reading(workspace.engine) as connection:
            rows = connection.execute(query.order_by(ENTRY.c.place)).all()
        self._places = [row.place for row in rows]
        self._firsts = [row.first_event for row in rows]
        self._ends = [anchor.size for anchor in made[1:]]
        end = self._ends[-1] if self._ends else 0
        self._events: int = sum(count for place, _, count in rows if place < end)

    def pooled(self, numbers: Sequence[int]) -> float:
        """These records' part of what the log's genesis and anchors cost together."""
        anchored = self._anchored(numbers)
        if not anchored:
            return 0.0
        total: float = self._genesis + self._anchor * self.anchors
        return total * anchored / self._events

    def alone(self, numbers: Sequence[int]) -> int:
        """A genesis and an anchor for each time that something of these was new."""
        anchors = {anchor for number in numbers if (anchor := self._anchor_of(number)) is not None}
        return self._genesis + self._anchor * len(anchors) if anchors else 0

    def each(self, satoshis: float, numbers: Sequence[int]) -> float | None:
        """Dollars for each anchored record; None where none is anchored."""
        anchored = self._anchored(numbers)
        return usd(satoshis, self._settings) / anchored if anchored else None

    def _anchored(self, numbers: Sequence[int]) -> int:
        return len([number for number in numbers if self._anchor_of(number) is not None])

    def _anchor_of(self, number: int) -> int | None:
        """Which anchor is the first to cover an event."""
        place = self._places[bisect_right(self._firsts, number) - 1]
        at = bisect_right(self._ends, place)
        return at if at < len(self._ends) else None


class _Books:
    """Deliveries, confirmations and accounts of a cooperative, each read once."""

    def __init__(self, access: ChainAccess, cooperative: Party, roots: dict[str, str]) -> None:
        workspace = access.workspace
        self._of: dict[str, dict[str, Any]] = {root: _nothing() for root in roots.values()}
        deliveries = [
            one
            for one in DeliveryBook(workspace.engine).all(cooperative=cooperative.uri)
            if one.reversed is None
        ]
        confirmed = workspace.confirmations.of([one.leaf for one in deliveries])
        for one in deliveries:
            counts = self._of[roots[one.member]]
            kinds = {kind for _, kind, _ in confirmed.get(one.leaf, ())}
            counts["deliveries"] += 1
            counts["acknowledged"] += int(ACKNOWLEDGEMENT in kinds)
            counts["counter_signed"] += int(COUNTER_SIGNATURE in kinds)
            before = Decimal(counts["delivered"].get(one.uom, "0"))
            counts["delivered"][one.uom] = f"{before + one.net:f}"
        accounts = AccountBook(workspace.engine)
        for season in accounts.seasons(cooperative.uri):
            for (uri, kind), total in accounts.sums(season.name).items():
                if uri in roots:
                    self._add(roots[uri], season.currency, kind, total)

    def _add(self, root: str, currency: str, kind: str, total: int) -> None:
        for name in ("earned", "balance") if kind in _EARNED else ("balance",):
            sums = self._of[root][name]
            sums[currency] = sums.get(currency, 0) + total

    def of(self, root: str) -> dict[str, Any]:
        """What there is of one member, as the fields of `MemberStatus`."""
        return self._of[root]


def _nothing() -> dict[str, Any]:
    counts = {"deliveries": 0, "acknowledged": 0, "counter_signed": 0}
    return {**counts, "delivered": {}, "earned": {}, "balance": {}}
