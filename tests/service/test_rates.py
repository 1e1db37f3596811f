"""Rates: fixed or fetched, never without their age, and nothing else than a number above zero."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from firsthand.errors import Conflict, FirsthandError, InvalidInput, NotFound
from firsthand.service.fetch import HttpFetcher
from firsthand.service.rates import Rate, Rates, pointed, satoshis_of
from tests.paying import Village, new_village

URL = "https://rates.example/bsv"


class Source:
    def __init__(self, body: bytes | None) -> None:
        self.body = body
        self.asked = 0

    def fetch(self, url: str) -> bytes:
        assert url == URL
        self.asked += 1
        if self.body is None:
            raise NotFound("nothing")
        return self.body


@pytest.fixture
def village(tmp_path: Path) -> Village:
    return new_village(tmp_path)


def rates(village: Village, source: Source) -> Rates:
    village.set(rate_url=URL, rate_pointer="/data/0/usd")
    return Rates(village.access.workspace, source)


def test_a_fetched_rate_is_kept_for_a_minute_and_then_until_it_is_too_old(village: Village) -> None:
    source = Source(b'{"data": [{"usd": 25.104}]}')
    found = rates(village, source)
    assert found.current("usd").value == Decimal("25.104")
    assert found.current("USD").source == URL
    assert source.asked == 1
    source.body = None
    village.clock.pass_hours(1)
    assert found.current("USD").age(village.clock()) == 3600
    village.clock.pass_hours(1 / 3600)
    with pytest.raises(Conflict, match="3601 seconds old"):
        found.current("USD")
    source.body = b'{"data": [{"usd": "30"}]}'
    assert found.current("USD").value == 30


@pytest.mark.parametrize(
    "body",
    [b"", b"no json", b"[]", b'{"data": []}', b"[" * 100_000]
    + [
        b'{"data": [{"usd": %s}]}' % value
        for value in (b"0", b"-1", b"null", b"true", b'"x"', b"NaN", b"Infinity", b"1e99", b"[1]")
    ],
)
def test_what_is_no_rate(village: Village, body: bytes) -> None:
    with pytest.raises(FirsthandError):
        rates(village, Source(body)).current("USD")


def test_a_source_inside_is_not_asked(village: Village) -> None:
    village.set(rate_url="https://127.0.0.1/rate", rate_pointer="/a")
    with pytest.raises(InvalidInput, match="private"):
        Rates(village.access.workspace, HttpFetcher()).current("USD")


def test_fixed_rates(village: Village) -> None:
    village.set(rates=("EUR=20.5@2026-02-01T00:00:00Z",))
    found = Rates(village.access.workspace)
    assert found.current("EUR") == Rate(
        "EUR", Decimal("20.5"), "2026-02-01T00:00:00Z", "the operator's setting"
    )
    assert found.currencies() == ["EUR"]
    with pytest.raises(NotFound, match="no rate of JPY"):
        found.current("JPY")
    for wrong in ("EUR", "EUR=x@2026-02-01T00:00:00Z", "EUR=1@yesterday", "EUR=0@2026-02-01T00:00:00Z"):
        village.set(rates=(wrong,))
        with pytest.raises(InvalidInput):
            found.current("EUR")


def test_json_pointers() -> None:
    # RFC 6901 §5.
    document = {"foo": ["bar", "baz"], "": 0, "a/b": 1, "m~n": 8}
    expected = {"": document, "/foo/0": "bar", "/": 0, "/a~1b": 1, "/m~0n": 8}
    for pointer, value in expected.items():
        assert pointed(document, pointer) == value
    for wrong in ("foo", "/foo/2", "/foo/01", "/foo/-", "/none"):
        with pytest.raises(InvalidInput):
            pointed(document, wrong)


def test_amounts() -> None:
    rate = Rate("USD", Decimal("25"), "2026-02-01T00:00:00Z", "x")
    assert satoshis_of("1.00", rate) == satoshis_of(" 1,00 ", rate) == 4_000_000
    assert satoshis_of("0.01", Rate("USD", Decimal(10**12), "2026-02-01T00:00:00Z", "x")) == 1
    for wrong in ("0", "-1", "1.001", "x", "", "9" * 30):
        with pytest.raises(InvalidInput):
            satoshis_of(wrong, rate)
