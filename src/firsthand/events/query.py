"""The EPCIS query language (SimpleEventQuery, EPCIS 2.0 §8.2.7.1): from parameters to a predicate.

A query comes as URL parameters or as the JSON body of a named query; both give the same `Query`. Conditions
hold together, the values of one condition are alternatives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from typing import Any, Final, Protocol

from firsthand.errors import InvalidInput
from firsthand.events.epc_patterns import parse_pattern
from firsthand.events.formats import is_uri
from firsthand.events.identifiers import canonical
from firsthand.events.instants import microseconds
from firsthand.events.query_match import (
    Predicate,
    equal_to,
    event_prefixes,
    extension_values,
    instant_of,
    number_in,
    number_of,
    predicate,
)
from firsthand.events.query_names import CONTROLS, Parameter, bare_word, parameter_of

__all__ = [
    "Condition",
    "MasterData",
    "Query",
    "QueryParameterError",
    "QueryTooComplex",
    "parse_parameters",
    "parse_query",
]

_MOST_VALUES: Final = 1_000
_MOST_CONDITIONS: Final = 100
_LARGEST: Final = 2**53
_OF_MASTER_DATA: Final = ("WD", "HASATTR", "EQATTR")


class QueryParameterError(InvalidInput):
    """A parameter that the standard does not know, or a value that is not one (QueryParameterException)."""


class QueryTooComplex(InvalidInput):
    """More conditions or values than a query may have (QueryTooComplexException)."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition. `values` are text, exact numbers, flags, or microseconds since 1970 for times."""

    name: str
    parameter: Parameter
    values: tuple[Any, ...]

    @property
    def field(self) -> str:
        """What it is about, such as `bizStep`, `source.owning_party` or `extension.ILMD`."""
        return self.parameter.field

    @property
    def operator(self) -> str:
        """EQ, GT, GE, LT, LE, MATCH, WD, EXISTS, HASATTR or EQATTR."""
        return self.parameter.operator


class MasterData(Protocol):
    """What master data says of the values of a field; elements are in canonical spelling."""

    def below(self, field: str, uri: str) -> Iterable[str]:
        """The places within this one, at any depth."""

    def attributes(self, field: str, attribute: str) -> Iterable[tuple[str, Any]]:
        """The elements that have this attribute, each with a value of it."""


@dataclass(frozen=True)
class Query:
    """Conditions, order and limits; `document` is the query as the JSON body of a named query."""

    conditions: tuple[Condition, ...] = ()
    order_by: str | None = None
    descending: bool = True
    event_count_limit: int | None = None
    max_event_count: int | None = None
    document: dict[str, Any] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def _predicates(self) -> list[Predicate]:
        return [predicate(one.parameter, one.values, self.prefixes) for one in self.conditions]

    def matches(self, event: dict[str, Any], event_ids: Sequence[str], record_time: int) -> bool:
        """Whether an event fits; `event_ids` are its hash ID and its own, `record_time` in microseconds."""
        return all(fits(event, event_ids, record_time) for fits in self._predicates)

    def also(self, name: str, *values: str) -> Query:
        """This query with one more condition, whose values stand as in a URL."""
        more = _condition(name, list(values))
        return replace(self, conditions=(*self.conditions, more))

    def with_master_data(self, data: MasterData) -> Query:
        """This query with what it asks of master data answered, by the values that fields may have."""
        if not any(one.operator in _OF_MASTER_DATA for one in self.conditions):
            return self
        return replace(self, conditions=tuple(_answered(one, data) for one in self.conditions))

    def sort_key(self, event: dict[str, Any], record_time: int) -> tuple[int, Fraction | int, str]:
        """What an event is ordered by: numbers, then times, then texts; events without the field first."""
        if self.order_by in (None, "recordTime"):
            return (1, record_time, "")
        if self.order_by == "eventTime":
            return (1, microseconds(event["eventTime"]), "")
        named = Parameter("EQ", "extension.event", "any", name=str(self.order_by))
        for value in extension_values(event, named, self.prefixes):
            number = number_of(value)
            if number is not None:
                return (1, number, "")
            instant = instant_of(value)
            return (3, 0, str(value)) if instant is None else (2, instant, "")
        return (0, 0, "")


def parse_parameters(pairs: Iterable[tuple[str, str]], prefixes: Mapping[str, str] | None = None) -> Query:
    """A query from URL parameters, already percent-decoded; lists are divided by `|`.

    Raises QueryParameterError naming the parameter, QueryTooComplex.
    """
    given: dict[str, Any] = {}
    for name, text in pairs:
        if name in given:
            raise QueryParameterError("is given twice; divide several values by |", name[:100])
        given[name] = text
    document: dict[str, Any] = {}
    for name, text in given.items():
        found = parameter_of(name)
        if name in CONTROLS or found is None:
            document[name] = _integer(text) if name in ("eventCountLimit", "maxEventCount") else text
        else:
            document[name] = _from_url(found, text)
    return _query(document, dict(prefixes or {}))


def parse_query(document: dict[str, Any], prefixes: Mapping[str, str] | None = None) -> Query:
    """A query from its JSON form, which may declare prefixes in an `@context`.

    Raises QueryParameterError naming the parameter, QueryTooComplex.
    """
    if type(document) is not dict:
        raise QueryParameterError("expected an object")
    known = dict(prefixes or {}) | event_prefixes(document)
    return _query(document, known)


def _query(document: dict[str, Any], prefixes: dict[str, str]) -> Query:
    conditions = [
        _condition(name, value) for name, value in document.items() if name not in (*CONTROLS, "@context")
    ]
    if len(conditions) > _MOST_CONDITIONS or sum(len(one.values) for one in conditions) > _MOST_VALUES:
        raise QueryTooComplex(f"a query has at most {_MOST_CONDITIONS} conditions and {_MOST_VALUES} values")
    order_by = document.get("orderBy")
    if order_by is not None and not _orderable(order_by):
        raise QueryParameterError("expected eventTime, recordTime or an extension field's name", "orderBy")
    direction = document.get("orderDirection", "DESC")
    if direction not in ("ASC", "DESC"):
        raise QueryParameterError("expected ASC or DESC", "orderDirection")
    limit, most = _count(document, "eventCountLimit"), _count(document, "maxEventCount")
    if limit is not None and most is not None:
        raise QueryParameterError("eventCountLimit and maxEventCount exclude each other", "maxEventCount")
    if limit is not None and order_by is None:
        raise QueryParameterError("needs orderBy, which says what events are the first", "eventCountLimit")
    return Query(tuple(conditions), order_by, direction == "DESC", limit, most, document, prefixes)


def _answered(condition: Condition, data: MasterData) -> Condition:
    """A condition on master data as one on the elements that meet it; any other as it is."""
    operator, field, values = condition.operator, condition.field, condition.values
    if operator == "WD":
        places = {canonical(value) for value in values}
        found = places.union(*(data.below(field, place) for place in places))
        return replace(condition, values=tuple(sorted(found)))
    if operator not in _OF_MASTER_DATA:
        return condition
    if operator == "HASATTR":
        found = {uri for attribute in values for uri, _ in data.attributes(field, attribute)}
    else:
        equal = equal_to(values)
        known = data.attributes(field, condition.parameter.attribute)
        found = {uri for uri, value in known if equal(value)}
    parameter = condition.parameter.by_value()
    if parameter.values == "words":
        found = {bare_word(uri) for uri in found}
    elif parameter.operator == "MATCH":
        found = {uri for uri in found if not uri.startswith("urn:epc:idpat:")}
    return Condition(condition.name, parameter, tuple(sorted(found)))


def _orderable(name: Any) -> bool:
    if name in ("eventTime", "recordTime"):
        return True
    found = parameter_of(f"EQ_{name}") if type(name) is str else None
    return found is not None and found.field == "extension.event"


def _count(document: dict[str, Any], name: str) -> int | None:
    if name not in document:
        return None
    value = document[name]
    if type(value) is not int or not 0 < value < _LARGEST:
        raise QueryParameterError(f"expected a whole number from 1, got {str(value)[:40]!r}", name)
    return value


def _integer(text: str) -> int | str:
    plain = text.isascii() and text.isdigit() and len(text) < 17
    return int(text) if plain else text


def _from_url(parameter: Parameter, text: str) -> Any:
    """A value of a URL as the JSON form has it."""
    if parameter.values in ("exists", "flag"):
        flags: dict[str, Any] = {"true": True, "false": False, "1": True, "0": False}
        return True if text == "" and parameter.values == "exists" else flags.get(text, text)
    if parameter.values == "numbers":
        numbers: list[Any] = [_plain_number(part) for part in text.split("|")]
        return numbers[0] if parameter.one and len(numbers) == 1 else numbers
    return text if parameter.one else text.split("|")


def _plain_number(text: str) -> Any:
    number = number_in(text)
    if number is None or text != text.strip():
        return text
    return int(text) if text.lstrip("-").isdigit() else Decimal(text)


def _condition(name: str, value: Any) -> Condition:
    """Read one condition. Raises QueryParameterError."""
    parameter = parameter_of(name) if type(name) is str else None
    if parameter is None:
        raise QueryParameterError("is no parameter of an EPCIS query", str(name)[:100])
    if type(value) is list:
        values = value
        if parameter.one and len(values) != 1:
            raise QueryParameterError("expected a single value", name)
    elif parameter.one or parameter.values in ("any", "numbers"):
        values = [value]
    else:
        raise QueryParameterError("expected a list", name)
    if not values:
        raise QueryParameterError("expected at least one value", name)
    return Condition(name, parameter, tuple(_value(name, parameter, one) for one in values))


def _value(name: str, parameter: Parameter, value: Any) -> Any:
    kind = parameter.values
    if kind == "exists":
        # The JSON schema has an integer or null here, the text of the standard a boolean.
        if value is None or type(value) is bool or (type(value) is int and value in (0, 1)):
            return value is None or bool(value)
        raise QueryParameterError("expected true or false", name)
    if kind == "flag":
        if type(value) is not bool:
            raise QueryParameterError("expected true or false", name)
        return value
    if kind == "numbers" or (kind == "any" and type(value) in (int, float, Decimal)):
        number = number_of(value)
        if number is None or abs(number) > 10**400:
            raise QueryParameterError(f"expected a number, got {str(value)[:40]!r}", name)
        return number
    if type(value) is not str or not value or len(value) > 2_000 or "\0" in value:
        raise QueryParameterError("expected a text of 1 to 2,000 characters", name)
    return _text_value(name, parameter, value)


def _text_value(name: str, parameter: Parameter, value: str) -> Any:
    kind = parameter.values
    if kind == "times":
        try:
            return microseconds(value)
        except InvalidInput as error:
            raise QueryParameterError(error.reason, name) from None
    if (
        kind == "any"
        and parameter.operator not in ("EQ", "EQATTR")
        and number_in(value) is None
        and instant_of(value) is None
    ):
        raise QueryParameterError(f"expected a number or a time, got {value[:40]!r}", name)
    if kind == "words":
        if bare_word(value) in parameter.words:
            return bare_word(value)
        if parameter.field == "action" or not is_uri(value):
            words = ", ".join(sorted(parameter.words)[:6])
            raise QueryParameterError(
                f"expected a word of the standard ({words} …) or a URI, got {value[:60]!r}", name
            )
    pattern = parameter.operator == "MATCH" and value.startswith("urn:epc:idpat:")
    if kind == "uris" and not pattern and not is_uri(value):
        raise QueryParameterError(f"expected a URI, got {value[:60]!r}", name)
    if parameter.operator == "MATCH":
        try:
            parse_pattern(value)
        except InvalidInput as error:
            raise QueryParameterError(error.reason, name) from None
    return value
