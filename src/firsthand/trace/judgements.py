"""What a balance makes of its sums: stocks below nothing, and yields that no step of the craft has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from firsthand.trace.accounts import Account, of_ticks
from firsthand.trace.craft import YieldRange
from firsthand.trace.findings import Finding, Severity
from firsthand.trace.quantity import Quantity
from firsthand.trace.statement import Statement

__all__ = ["stock_findings", "yield_finding"]


def yield_finding(
    one: Statement,
    expected: YieldRange,
    ratio: Fraction,
    sums: tuple[Quantity, Quantity],
    lots: tuple[str, ...],
    events: tuple[int, ...],
) -> Finding:
    """A step yielded less or more than its inputs can; `sums` are mass in and out."""
    numbers: tuple[tuple[str, Quantity | Fraction], ...] = (
        ("in", sums[0]),
        ("out", sums[1]),
        ("yield", ratio),
        ("low", expected.low),
        ("high", expected.high),
    )
    text = (
        f"{one.step or 'a transformation'} of {one.issuer} yielded {float(ratio):.3f}; "
        f"{float(expected.low):g} to {float(expected.high):g} is plausible ({expected.source})"
    )
    # More than came in is matter from nowhere; anything else may have a reason.
    severity: Severity = "error" if ratio > max(expected.high, Fraction(1)) else "warning"
    return Finding("yield-out-of-range", severity, text, numbers, lots, events, (one.issuer,))


def stock_findings(accounts: Mapping[str, Account]) -> Iterator[Finding]:
    """The lots, and parties' parts of lots, of which more went than came."""
    for lot, account in accounts.items():
        if account.made_at is not None and account.went > account.came and not account.packed_into:
            numbers = (
                ("came", of_ticks(account.came, account.unit)),
                ("went", of_ticks(account.went, account.unit)),
            )
            text = f"{numbers[1][1]} left {lot}, and {numbers[0][1]} had come in"
            events = _events(account)
            yield Finding("negative-stock", "error", text, numbers, (lot,), events)
        elif account.went_from is not None and not account.packed:
            yield from _of_parties(lot, account)


def _of_parties(lot: str, account: Account) -> Iterator[Finding]:
    """A party's own part of a lot, as far as it was recorded how it came to it."""
    for party, went in (account.went_from or {}).items():
        came = (account.came_to or {}).get(party, 0)
        if 0 < came < went:
            numbers = (("came", of_ticks(came, account.unit)), ("went", of_ticks(went, account.unit)))
            text = f"{party} gave away or used {numbers[1][1]} of {lot}, and had {numbers[0][1]}"
            events = _events(account)
            yield Finding("negative-stock", "error", text, numbers, (lot,), events, (party,))


def _events(account: Account) -> tuple[int, ...]:
    """The events that made a lot, first took more than there was, and took from it last."""
    named = (account.made_in, account.over_in, account.went_in)
    return tuple(dict.fromkeys(number for number in named if number >= 0))
