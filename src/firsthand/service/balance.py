"""Mass balance over the journal: of a lot, a party, a season or a claim, with its findings.

found = balance(workspace, since=…, until=…)
found.findings      # the worst first
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Final

from firsthand.events.instants import microseconds
from firsthand.ledger.event_index import Kind
from firsthand.ledger.event_sql import Viewer
from firsthand.service.certificate_book import CertificateBook
from firsthand.service.trace import EVERYTHING, Reader, lot_uri, trace_back
from firsthand.service.workspace import Workspace
from firsthand.trace.accounts import of_ticks
from firsthand.trace.balance import Balance
from firsthand.trace.circles import circle_findings
from firsthand.trace.claims import Certified
from firsthand.trace.findings import Finding, in_order
from firsthand.trace.graph import LotGraph
from firsthand.trace.quantity import KILOGRAM, Quantity
from firsthand.trace.statement import Statement

__all__ = ["Balanced", "ClaimVolume", "StepVolume", "balance", "lot_balance", "time_of", "whole_balance"]


_END_OF_TIME: Final = 253_402_300_799_000_000
"""The last second of the year 9999, in microseconds."""


@dataclass(frozen=True, slots=True)
class StepVolume:
    """The transformations of one step: how many, their mass in and out, and the yield."""

    step: str
    count: int
    inputs: Quantity
    outputs: Quantity

    @property
    def ratio(self) -> Fraction | None:
        """Mass out for mass in."""
        return self.outputs.amount / self.inputs.amount if self.inputs.amount else None


@dataclass(frozen=True, slots=True)
class ClaimVolume:
    """A party's mass with a claim: brought into being with it, and shipped with it."""

    party: str
    claim: str
    made: Quantity
    sold: Quantity


@dataclass(frozen=True, slots=True)
class Balanced:
    """The outcome; `came` is what came into being, `went` what was sold in retail or destroyed, by unit."""

    events: int
    lots: int
    came: list[Quantity]
    went: list[Quantity]
    stock: list[Quantity]
    steps: list[StepVolume]
    claims: list[ClaimVolume]
    findings: list[Finding] = field(default_factory=list)

    @property
    def errors(self) -> int:
        """How many findings are of severity error."""
        return sum(finding.severity == "error" for finding in self.findings)


def balance(
    workspace: Workspace,
    *,
    since: str | None = None,
    until: str | None = None,
    party: str | None = None,
    claim: str | None = None,
    viewer: Viewer = EVERYTHING,
    published: int = 0,
    certified: Certified | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Balanced:
    """The balance of a season (`since` up to, not including, `until`, RFC 3339), or of all that was recorded.

    A season is judged by all that came before it, which is therefore read, too. `party` (URI) narrows sums
    and findings to a party, `claim` findings and volumes to a claim. `told` hears how many events were
    read. Raises InvalidInput for what is no time.
    """
    start = None if since is None else microseconds(since)
    end = None if until is None else microseconds(until)
    reader = Reader(workspace, viewer, published)
    if certified is None:
        certified = _certified(workspace, start, end)
    kept = Balance(reader.crafts.of, party, start)
    for one in _season(reader, end, told):
        kept.take(one)
    if end is not None:
        _areas(reader, kept)
    found = _outcome(reader, kept, certified)
    if start is not None:
        found = replace(found, findings=_since(reader, found.findings, start))
    return _narrowed(reader, found, party, claim)


def lot_balance(
    workspace: Workspace,
    lot: str,
    *,
    viewer: Viewer = EVERYTHING,
    published: int = 0,
    certified: Certified | None = None,
) -> Balanced:
    """The balance of a lot and of everything that it is made of. Raises NotFound as a trace does."""
    uri = lot_uri(lot)
    trace = trace_back(workspace, uri, viewer=viewer, published=published)
    reader = trace.reader
    # What left a lot that it is made of may have left for elsewhere.
    used = reader.used(trace.lots)
    statements = {one.number: one for one in (*trace.graph.statements, *used)}
    kept = Balance(reader.crafts.of)
    for one in sorted(statements.values(), key=lambda one: one.order):
        kept.take(one)
    _areas(reader, kept)
    among = set(trace.lots)
    found = _outcome(reader, kept, certified)
    findings = [one for one in found.findings if not one.lots or among.intersection(one.lots)]
    account = kept.accounts.get(uri)
    if account is None or not account.unit:
        return Balanced(found.events, len(among), [], [], [], found.steps, found.claims, findings)
    came, went = of_ticks(account.came, account.unit), of_ticks(account.went, account.unit)
    left = Quantity(came.amount - went.amount, account.unit)
    return Balanced(found.events, len(among), [came], [went], [left], found.steps, found.claims, findings)


def time_of(text: str | None) -> str | None:
    """A time as RFC 3339, where a date alone begins at midnight UTC."""
    return f"{text}T00:00:00Z" if text is not None and len(text) == 10 else text


def _certified(workspace: Workspace, since: int | None, until: int | None) -> Certified:
    """What the certificates allow that the workspace knows, within that time."""
    book = CertificateBook(workspace)
    first, last = since or 0, _END_OF_TIME if until is None else until

    def certified(party: str, claim: str) -> Quantity | None:
        found = book.certified(claim, party, first, last, KILOGRAM)
        return None if found is None else Quantity(*found)

    return certified


def whole_balance(workspace: Workspace) -> Balance:
    """The books over all that was recorded and stands."""
    reader = Reader(workspace, EVERYTHING, 0)
    return Balance(reader.crafts.of).take_all(_season(reader, None, lambda done: None))


def _season(reader: Reader, until: int | None, told: Callable[[int], None]) -> Iterator[Statement]:
    stands = reader.corrections.stands
    for done, one in enumerate(reader.statements(reader.events.between(None, until)), 1):
        if done % 10_000 == 0:
            told(done)
        if stands(one.number):
            yield one


def _since(reader: Reader, findings: list[Finding], since: int) -> list[Finding]:
    """The findings that an event of that time or later has a part in."""
    stored = reader.events.by_number({number for one in findings for number in one.events})
    late = {one.number for one in stored if one.time >= since}
    return [one for one in findings if not one.events or not late.isdisjoint(one.events)]


def _areas(reader: Reader, kept: Balance) -> None:
    """The areas of plots that were stated outside of the time that is looked at."""
    plots = kept.harvests.without_area()
    told = {step for limit in plots.values() for step in limit.stated_in}
    if not told:
        return
    stated = reader.statements(reader.events.of(plots, (Kind.AREA,), ()))
    for one in sorted(stated, key=lambda one: one.order):
        if one.biz_step not in told or one.area is None or one.place is None:
            continue
        if reader.corrections.stands(one.number):
            kept.harvests.state_area(one.place, one.area)


def _outcome(reader: Reader, kept: Balance, certified: Certified | None) -> Balanced:
    findings = [*kept.findings(), *kept.claims.over(certified), *_circles(reader, kept.suspects)]
    steps = [
        StepVolume(step, one.count, of_ticks(one.inputs, KILOGRAM), of_ticks(one.outputs, KILOGRAM))
        for step, one in kept.steps.items()
    ]
    claims = [
        ClaimVolume(party, claim, of_ticks(one.made, KILOGRAM), of_ticks(one.sold, KILOGRAM))
        for (party, claim), one in sorted(kept.claims.sums.items())
    ]
    came, went, stock = (
        [of_ticks(amount, unit) for unit, amount in sorted(amounts.items())]
        for amounts in (kept.came, kept.went, kept.stock())
    )
    count = len(kept.accounts)
    return Balanced(kept.count, count, came, went, stock, steps, claims, in_order(findings))


def _circles(reader: Reader, suspects: dict[str, None]) -> Iterator[Finding]:
    """The circles among lots that were filled again after they had been used."""
    if not suspects:
        return
    graph = LotGraph(reader.gather(suspects, "back").standing)
    nodes = [node for lot in suspects for node in graph.nodes(lot)]
    yield from circle_findings(graph, nodes)


def _narrowed(reader: Reader, found: Balanced, party: str | None, claim: str | None) -> Balanced:
    findings, claims = found.findings, found.claims
    if party is not None:
        issuers = reader.events.issuers({number for one in findings for number in one.events})
        findings = [
            one
            for one in findings
            if party in one.parties or any(issuers.get(number) == party for number in one.events)
        ]
        claims = [one for one in claims if one.party == party]
    if claim is not None:
        findings = [one for one in findings if one.claim == claim]
        claims = [one for one in claims if one.claim == claim]
    return Balanced(
        found.events, found.lots, found.came, found.went, found.stock, found.steps, claims, findings
    )
