"""Whether an event fits a condition: each condition becomes one function of the event."""

from __future__ import annotations

import operator as compare
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.events.epc_patterns import parse_pattern
from firsthand.events.identifiers import canonical
from firsthand.events.instants import microseconds
from firsthand.events.query_names import Parameter, bare_word
from firsthand.events.units import convert

__all__ = [
    "Predicate",
    "equal_to",
    "event_prefixes",
    "extension_values",
    "instant_of",
    "number_in",
    "number_of",
    "predicate",
]

Predicate = Callable[[dict[str, Any], Sequence[str], int], bool]
"""Of an event, its event IDs and its record time in microseconds."""

Prefixes = Mapping[str, str]

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "EQ": compare.eq,
    "GT": compare.gt,
    "GE": compare.ge,
    "LT": compare.lt,
    "LE": compare.le,
}
_LISTS: Final = {
    "epc": ("epcList", "childEPCs"),
    "inputEPC": ("inputEPCList",),
    "outputEPC": ("outputEPCList",),
    "anyEPC": ("epcList", "childEPCs", "inputEPCList", "outputEPCList"),
}
_QUANTITIES: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_CLASSES: Final = {
    "epcClass": _QUANTITIES[:2],
    "inputEPCClass": _QUANTITIES[2:3],
    "outputEPCClass": _QUANTITIES[3:],
    "anyEPCClass": _QUANTITIES,
}
_TYPED: Final = ("bizTransaction", "source", "destination")


def predicate(parameter: Parameter, values: tuple[Any, ...], prefixes: Prefixes) -> Predicate:
    """The function that decides one condition."""
    field = parameter.field
    if parameter.operator == "EXISTS" and not values[0]:
        return lambda event, ids, recorded: True
    if parameter.operator in ("HASATTR", "EQATTR"):
        # Master data was not asked (`Query.with_master_data`): no element has an attribute.
        return lambda event, ids, recorded: False
    if field.startswith("extension."):
        return _extension(parameter, values, prefixes)
    if field.startswith("sensor."):
        return _sensor(parameter, values, prefixes)
    if field.partition(".")[0] in _TYPED:
        return _typed(field, values)
    if field in _LISTS or field in _CLASSES or field == "parentID":
        return _matching(field, values)
    if field in ("readPoint", "bizLocation"):
        places = frozenset(canonical(value) for value in values)
        return lambda event, ids, recorded: _place(event.get(field)) in places
    if parameter.values == "times":
        return _time(parameter, values[0])
    return _plain(parameter, values, prefixes)


def _plain(parameter: Parameter, values: tuple[Any, ...], prefixes: Prefixes) -> Predicate:
    field = parameter.field
    if field == "eventID":
        return lambda event, ids, recorded: any(value in ids for value in values)
    if field == "quantity":
        return _quantity(parameter, values)
    if field in ("errorDeclaration", "sensorElementList"):
        return lambda event, ids, recorded: field in event
    if field == "correctiveEventID":
        wanted = frozenset(values)
        return lambda event, ids, recorded: (
            not wanted.isdisjoint(_texts(_dict(event.get("errorDeclaration")).get("correctiveEventIDs")))
        )
    words = _Words(values, prefixes)
    if field == "errorReason":
        return lambda event, ids, recorded: words.has(
            event, _dict(event.get("errorDeclaration")).get("reason")
        )
    if field.startswith("persistentDisposition."):
        part = field.rpartition(".")[2]
        return lambda event, ids, recorded: any(
            words.has(event, word) for word in _texts(_dict(event.get("persistentDisposition")).get(part))
        )
    key = "type" if field == "eventType" else field
    return lambda event, ids, recorded: words.has(event, event.get(key))


def _time(parameter: Parameter, value: int) -> Predicate:
    holds = _COMPARE[parameter.operator]
    field = parameter.field
    if field == "recordTime":
        return lambda event, ids, recorded: holds(recorded, value)
    if field == "errorDeclarationTime":
        return lambda event, ids, recorded: _holds(
            holds, instant_of(_dict(event.get("errorDeclaration")).get("declarationTime")), value
        )
    return lambda event, ids, recorded: _holds(holds, instant_of(event.get(field)), value)


def _matching(field: str, values: tuple[Any, ...]) -> Predicate:
    patterns = [parse_pattern(value) for value in values]
    exact = frozenset(uri for pattern in patterns if not pattern.scheme for uri in pattern.exact)
    several = [pattern for pattern in patterns if pattern.scheme]

    def found(uri: Any) -> bool:
        if type(uri) is not str:
            return False
        return canonical(uri) in exact or any(pattern.matches(uri) for pattern in several)

    lists = _LISTS.get(field, ())
    classes = _CLASSES.get(field, ())
    parent = field in ("parentID", "anyEPC")

    def matches(event: dict[str, Any], ids: Sequence[str], recorded: int) -> bool:
        if parent and found(event.get("parentID")):
            return True
        for name in lists:
            if name in event and any(map(found, _texts(event[name]))):
                return True
        return any(found(element.get("epcClass")) for name in classes for element in _dicts(event.get(name)))

    return matches


def _typed(field: str, values: tuple[Any, ...]) -> Predicate:
    name, _, kind = field.partition(".")
    wanted = frozenset(canonical(value) for value in values)

    def matches(event: dict[str, Any], ids: Sequence[str], recorded: int) -> bool:
        for element in _dicts(event.get(f"{name}List")):
            value, given = element.get(name), element.get("type")
            if (
                type(value) is str
                and type(given) is str
                and bare_word(given) == kind
                and canonical(value) in wanted
            ):
                return True
        return False

    return matches


def _quantity(parameter: Parameter, values: tuple[Any, ...]) -> Predicate:
    def matches(event: dict[str, Any], ids: Sequence[str], recorded: int) -> bool:
        elements = (element for name in _QUANTITIES for element in _dicts(event.get(name)))
        return any(_measure(parameter, values, element, "quantity") for element in elements)

    return matches


def _measure(parameter: Parameter, values: tuple[Any, ...], element: dict[str, Any], name: str) -> bool:
    number = number_of(element.get(name))
    if number is None:
        return False
    if parameter.uom:
        uom = element.get("uom")
        number = convert(number, uom, parameter.uom) if type(uom) is str else None
    holds = _COMPARE[parameter.operator]
    return number is not None and any(holds(number, value) for value in values)


def _sensor(parameter: Parameter, values: tuple[Any, ...], prefixes: Prefixes) -> Predicate:
    name = parameter.field.removeprefix("sensor.")
    holds = _COMPARE[parameter.operator]
    words = _Words(values, prefixes) if parameter.values == "words" else None
    # The digits of bytes may be written in either case (xsd:hexBinary).
    spelling = str.lower if name == "hexBinaryValue" else str
    wanted = frozenset(map(spelling, values)) if parameter.values in ("uris", "texts") else frozenset()

    def fits(event: dict[str, Any], part: dict[str, Any]) -> bool:
        if name not in part:
            return False
        if parameter.values == "numbers":
            return _measure(parameter, values, part, name)
        if parameter.values == "times":
            return _holds(holds, instant_of(part[name]), values[0])
        if words is not None:
            return words.has(event, part[name])
        if parameter.values == "flag":
            return part[name] is values[0]
        return type(part[name]) is str and spelling(part[name]) in wanted

    def matches(event: dict[str, Any], ids: Sequence[str], recorded: int) -> bool:
        return any(fits(event, part) for part in _sensor_parts(event))

    return matches


def _sensor_parts(event: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for element in _dicts(event.get("sensorElementList")):
        if type(element.get("sensorMetadata")) is dict:
            yield element["sensorMetadata"]
        yield from _dicts(element.get("sensorReport"))


def _extension(parameter: Parameter, values: tuple[Any, ...], prefixes: Prefixes) -> Predicate:
    if parameter.operator == "EXISTS":
        fits: Callable[[Any], bool] = _anything
    elif parameter.values == "uris":
        fits = partial(_names_one, frozenset(values))
    else:
        fits = partial(_any, [_comparison(parameter.operator, value) for value in values])
    return lambda event, ids, recorded: any(map(fits, extension_values(event, parameter, prefixes)))


def _anything(value: Any) -> bool:
    return True


def _names_one(elements: frozenset[str], value: Any) -> bool:
    """Whether a value is one of these elements of a vocabulary, or a list with one of them."""
    return any(canonical(uri) in elements for uri in _texts(value))


def equal_to(values: tuple[Any, ...]) -> Callable[[Any], bool]:
    """Whether a value, or one of a list, is equal to one of these as the values of extension fields are."""
    return partial(_any, [_comparison("EQ", value) for value in values])


def extension_values(event: dict[str, Any], parameter: Parameter, prefixes: Prefixes) -> Iterator[Any]:
    """The values of an extension field in the part of the event that the parameter speaks of."""
    theirs = event_prefixes(event)
    names = _Names((parameter.name,), prefixes)
    where = parameter.field.removeprefix("extension.")
    inner = where.startswith("INNER_")
    for part in _parts(event, where.removeprefix("INNER_")):
        for key, value in part.items():
            if ":" not in key and "#" not in key:
                continue
            if inner:
                yield from _nested(value, names, theirs)
            elif names.has(key, theirs):
                yield value


def _parts(event: dict[str, Any], where: str) -> Iterable[dict[str, Any]]:
    if where == "event":
        return [event]
    if where in ("ILMD", "ERROR_DECLARATION", "readPoint", "bizLocation"):
        key = {"ILMD": "ilmd", "ERROR_DECLARATION": "errorDeclaration"}.get(where, where)
        return [_dict(event.get(key))]
    elements = list(_dicts(event.get("sensorElementList")))
    if where == "SENSORELEMENT":
        return elements
    if where == "SENSORMETADATA":
        return [_dict(element.get("sensorMetadata")) for element in elements]
    return [report for element in elements for report in _dicts(element.get("sensorReport"))]


def _nested(value: Any, names: _Names, theirs: Prefixes) -> Iterator[Any]:
    """Fields of that name at any depth within a value; without recursion, for a stranger's depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if type(one) is list:
            waiting.extend(one)
        elif type(one) is dict:
            for key, inner in one.items():
                if names.has(key, theirs):
                    yield inner
                waiting.append(inner)


def _comparison(operator: str, value: str | Decimal | int) -> Callable[[Any], bool]:
    """The test of one extension value: a text is equal as text, and greater or less as the number it is.

    Times are compared as instants where both are such.
    """
    holds = _COMPARE[operator]
    number = number_of(value) if type(value) is not str else number_in(value)
    instant = instant_of(value)

    def test(found: Any) -> bool:
        if operator == "EQ" and type(found) is str:
            return found == value or (instant is not None and instant_of(found) == instant)
        if number is not None:
            other = number_in(found) if type(found) is str else number_of(found)
            return other is not None and holds(other, number)
        return instant is not None and _holds(holds, instant_of(found), instant)

    return test


def _any(tests: list[Callable[[Any], bool]], value: Any) -> bool:
    if type(value) is list:
        return any(_any(tests, one) for one in value if type(one) is not list)
    if type(value) is dict and "@value" in value:
        value = value["@value"]
    if type(value) is bool:
        value = "true" if value else "false"
    return any(test(value) for test in tests)


class _Names:
    """Names that a query asks for: namespaces decide, an equal prefix where one side declares none for it."""

    def __init__(self, names: Iterable[str], prefixes: Prefixes) -> None:
        self._given = frozenset(names)
        self._full = frozenset(_expand(name, prefixes) for name in self._given)

    def has(self, name: str, theirs: Prefixes) -> bool:
        """Whether an event's name is one of them; `theirs` are the prefixes that the event declares."""
        full = _expand(name, theirs)
        return full in self._full or (name in self._given and (name == full or name in self._full))


class _Words:
    """Words in any of their spellings: bare, URN, web URI, CURIE or URI."""

    def __init__(self, values: tuple[Any, ...], prefixes: Prefixes) -> None:
        self._names = _Names(map(bare_word, values), prefixes)

    def has(self, event: dict[str, Any], word: Any) -> bool:
        if type(word) is not str:
            return False
        plain = bare_word(word)
        return self._names.has(plain, event_prefixes(event) if ":" in plain else {})


def event_prefixes(event: dict[str, Any]) -> dict[str, str]:
    """The namespace prefixes that an event's own `@context` declares."""
    context = event.get("@context")
    found: dict[str, str] = {}
    for part in context if type(context) is list else [context]:
        if type(part) is dict:
            found |= {key: value for key, value in part.items() if type(value) is str}
    return found


def _expand(name: str, prefixes: Prefixes) -> str:
    prefix, colon, local = name.partition(":")
    if colon and not local.startswith("//") and prefix in prefixes:
        return prefixes[prefix] + local
    return name


def number_of(value: Any) -> Fraction | None:
    """A JSON number as it was written, exactly."""
    if type(value) is int or type(value) is Decimal or type(value) is Fraction:
        return Fraction(value)
    if type(value) is float:
        return Fraction(repr(value)) if value - value == 0 else None
    return None


@lru_cache(maxsize=1024)
def number_in(text: str) -> Fraction | None:
    """The number that a text is, if it is one."""
    if len(text) > 60:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return Fraction(number) if number.is_finite() and abs(number.adjusted()) < 400 else None


def instant_of(value: Any) -> int | None:
    """The time that a text is, in microseconds, if it is one."""
    if type(value) is not str:
        return None
    try:
        return microseconds(value)
    except InvalidInput:
        return None


def _holds(holds: Callable[[Any, Any], bool], found: int | None, value: int) -> bool:
    return found is not None and holds(found, value)


def _place(value: Any) -> str | None:
    uri = value.get("id") if type(value) is dict else None
    return canonical(uri) if type(uri) is str else None


def _dict(value: Any) -> dict[str, Any]:
    return value if type(value) is dict else {}


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if type(one) is dict] if type(value) is list else []


def _texts(value: Any) -> list[str]:
    if type(value) is str:
        return [value]
    return [one for one in value if type(one) is str] if type(value) is list else []
