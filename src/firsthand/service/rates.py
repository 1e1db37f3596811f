"""What a satoshi is worth: from the settings or a source of the operator's choice, never without its age."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Final

from firsthand.errors import Conflict, InvalidInput, NotFound, UnreadableInput
from firsthand.ledger.accounts import amount_of
from firsthand.service.fetch import Fetcher, HttpFetcher
from firsthand.service.money import check_currency, read_amount
from firsthand.service.workspace import Workspace

__all__ = ["SATOSHIS", "Rate", "Rates", "amount_of_satoshis", "pointed", "satoshis_of"]

SATOSHIS: Final = 100_000_000
"""Satoshis in one BSV."""

_FIXED: Final = re.compile(r"([A-Za-z]{3})=(\d{1,9}(?:\.\d{1,9})?)@(\S+)")
_FRESH_S: Final = 60
"""A fetched rate is not fetched again for so long."""

_HIGHEST: Final = Decimal(10**12)


@dataclass(frozen=True, slots=True)
class Rate:
    """Units of a currency for one BSV, as of a time (RFC 3339), and who says so."""

    currency: str
    value: Decimal
    as_of: str
    source: str

    def age(self, now: str) -> int:
        """Seconds between the rate and `now`, at least 0."""
        passed = datetime.fromisoformat(now) - datetime.fromisoformat(self.as_of)
        return max(0, int(passed.total_seconds()))


class Rates:
    """The workspace's rates; a fetched one is kept for a minute."""

    def __init__(self, workspace: Workspace, fetcher: Fetcher | None = None) -> None:
        self._workspace = workspace
        self._fetcher = fetcher or HttpFetcher(workspace.settings.server.webhook_networks)
        self._fetched: Rate | None = None

    def currencies(self) -> list[str]:
        """The currencies that there may be a rate of."""
        pay = self._workspace.settings.pay
        found = [_fixed(text).currency for text in pay.rates]
        if pay.rate_url:
            found.append(check_currency(pay.rate_currency))
        if not found and self._workspace.settings.chain.network == "sandbox":
            found.append("USD")
        return sorted(set(found))

    def current(self, currency: str) -> Rate:
        """The rate of a currency now.

        Raises NotFound when there is none, Conflict when the newest is older than `pay.rate_max_age`,
        InvalidInput or UnreadableInput for what the source gives.
        """
        wanted = check_currency(currency)
        pay, now = self._workspace.settings.pay, self._workspace.now()
        for text in pay.rates:
            fixed = _fixed(text)
            if fixed.currency == wanted:
                return fixed
        if pay.rate_url and check_currency(pay.rate_currency) == wanted:
            rate = self._fetch(wanted, now)
            if rate.age(now) > pay.rate_max_age:
                raise Conflict(
                    f"the newest rate of {wanted} is {rate.age(now)} seconds old, "
                    f"more than {pay.rate_max_age}; pay in satoshis, or later"
                )
            return rate
        if wanted == "USD" and self._workspace.settings.chain.network == "sandbox":
            value = Decimal(str(self._workspace.settings.cost.usd_per_bsv))
            return Rate("USD", value, now, "an example rate (sandbox)")
        raise NotFound(f"there is no rate of {wanted}; set pay.rates or pay.rate_url")

    def _fetch(self, currency: str, now: str) -> Rate:
        if self._fetched is not None and self._fetched.age(now) < _FRESH_S:
            return self._fetched
        pay = self._workspace.settings.pay
        try:
            document = json.loads(self._fetcher.fetch(pay.rate_url), parse_float=Decimal)
            self._fetched = Rate(currency, _value(pointed(document, pay.rate_pointer)), now, pay.rate_url)
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(f"{pay.rate_url}: no JSON: {error}"[:300]) from None
        except NotFound:
            # The last one is better than none, until it is too old.
            if self._fetched is None:
                raise
        return self._fetched


def satoshis_of(amount: str, rate: Rate) -> int:
    """What an amount of the rate's currency is in satoshis, rounded, at least 1. Raises InvalidInput."""
    exact = amount_of(read_amount(amount, rate.currency)) / rate.value * SATOSHIS
    if exact > 21_000_000 * SATOSHIS:
        raise InvalidInput(f"{amount.strip()} {rate.currency} is more than there is")
    return max(1, int(exact.quantize(Decimal(1), ROUND_HALF_UP)))


def amount_of_satoshis(satoshis: int, rate: Rate) -> Decimal:
    """What so many satoshis are in the rate's currency, exactly."""
    return rate.value * satoshis / SATOSHIS


def pointed(document: Any, pointer: str) -> Any:
    """What a JSON Pointer (RFC 6901) points at. Raises InvalidInput when there is nothing."""
    found = document
    if pointer and not pointer.startswith("/"):
        raise InvalidInput(f"a JSON Pointer begins with /, got {pointer[:80]!r}")
    for part in pointer.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and re.fullmatch(r"0|[1-9]\d{0,6}", name) and int(name) < len(found):
            found = found[int(name)]
        else:
            raise InvalidInput(f"the answer has nothing at {pointer[:200]!r}")
    return found


def _fixed(text: str) -> Rate:
    """`USD=25.10@2026-11-01T00:00:00Z`."""
    match = _FIXED.fullmatch(text)
    try:
        if match is None:
            raise ValueError("another form")
        if datetime.fromisoformat(match[3]).tzinfo is None:
            raise ValueError("no time zone")
    except ValueError:
        raise InvalidInput(f"pay.rates: expected USD=25.10@2026-11-01T00:00:00Z, got {text[:80]!r}") from None
    return Rate(check_currency(match[1]), _value(match[2]), match[3], "the operator's setting")


def _value(found: Any) -> Decimal:
    try:
        if isinstance(found, bool) or not isinstance(found, str | int | Decimal):
            raise InvalidOperation
        value = Decimal(found)
    except InvalidOperation:
        raise InvalidInput(f"the rate is no number: {str(found)[:80]!r}") from None
    if not value.is_finite() or not 0 < value <= _HIGHEST:
        raise InvalidInput(f"the rate is a number above 0, got {str(found)[:80]!r}")
    return value
