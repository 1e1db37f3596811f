"""Amounts as people write them: exact decimals in a currency of ISO 4217, rounded where money is."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from firsthand.errors import InvalidInput
from firsthand.ledger.accounts import amount_of, units_of
from firsthand.profiles.readers import read_number
from firsthand.profiles.rows import shown

__all__ = ["amount_text", "check_currency", "decimal_of", "places_of", "read_amount", "read_price", "rounded"]


def check_currency(code: str) -> str:
    """The currency's code in capitals. Raises InvalidInput when the CLDR knows none of that code."""
    from babel.numbers import list_currencies

    upper = code.strip().upper()
    if upper not in list_currencies():
        raise InvalidInput(f"{code[:20]!r} is no currency code of ISO 4217, such as USD or UGX")
    return upper


def places_of(currency: str) -> int:
    """Decimals that amounts of a currency are paid in (CLDR): 2 for USD, 0 for UGX."""
    from babel.numbers import get_currency_precision

    return min(4, int(get_currency_precision(currency)))


def decimal_of(text: str, what: str, decimal_mark: str = ".") -> Decimal:
    """An exact decimal that is not negative. Raises InvalidInput, also where a mark may be either."""
    try:
        value = read_number(text, decimal_mark)
    except InvalidInput as error:
        raise InvalidInput(f"{what}: {error.reason}, such as 48.5; got {shown(text.strip())}") from None
    if value < 0 or len(value.as_tuple().digits) > 15:
        raise InvalidInput(f"{what}: expected at most 15 digits and no minus, got {shown(text.strip())}")
    return value


def read_amount(text: str, currency: str) -> int:
    """An amount above zero, in `UNITS`. Raises InvalidInput when it has more decimals than the currency."""
    value = decimal_of(text, "amount")
    places = places_of(currency)
    if value != value.quantize(Decimal(1).scaleb(-places)):
        raise InvalidInput(f"{text.strip()} has more than the {places} decimals of {currency}")
    if not value:
        raise InvalidInput("an amount is above zero")
    return units_of(value)


def read_price(text: str) -> str:
    """An amount above zero with its currency, with that currency's decimals: `1200.00 EUR`.

    Raises InvalidInput.
    """
    amount, _, code = " ".join(text.split()).rpartition(" ")
    if not amount:
        raise InvalidInput(
            f"price: expected an amount and a currency, such as 1200.00 EUR; got {shown(text.strip())}"
        )
    currency = check_currency(code)
    return f"{amount_text(read_amount(amount, currency), currency)} {currency}"


def rounded(value: Decimal, currency: str) -> int:
    """A product of quantity and price in `UNITS`, half a smallest coin rounded up."""
    return units_of(value.quantize(Decimal(1).scaleb(-places_of(currency)), ROUND_HALF_UP))


def amount_text(units: int, currency: str) -> str:
    """An amount with the currency's decimals, without its code: `-12.50`."""
    value = amount_of(units)
    exact = value.quantize(Decimal(1).scaleb(-places_of(currency)))
    return f"{exact if exact == value else value.normalize():f}"
