"""Event hash IDs: the name of an EPCIS event that anyone computes alike (CBV 2.0 §8.9).

The pre-hash string lists the event's fields in one fixed order, each value in one normal form;
its SHA-256 makes `ni:///sha-256;…?ver=CBV2.0`. The event ID, the record time and the error
declaration stay out, so that a declared error keeps the ID of the event it speaks of.

Every object of the standard is a `_Shape`: which field renders how, at which place. What is in no
place (transactions, sources, destinations, ILMD, user extensions) follows, sorted by code point.

An ID is a name, not a proof: numbers, also those in strings, pass through a double (the published
vectors do so), so two long numbers may share an ID. What a bundle proves is the event itself.

Where the published vectors, the reference generator and the text differ, the vectors win, then the text:
- vectors: `type` precedes its transaction, source or destination; these lists, sorted with ILMD and
  extensions, follow the sensor elements, and so does a sensor report's `bizRules`; `rdfs:comment`
  is no content; a boolean is written as in XML.
- text, against the generator: `epcList` precedes `parentID`; half a millisecond rounds up; an
  extension stays in its own parent whatever its namespace ends in, and no list of its is renamed;
  a bare CBV word is expanded in its own field only; the prefixes of the EPCIS context need no
  declaration, and a context may be a single map.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from firsthand.errors import InvalidInput
from firsthand.events import normal_form
from firsthand.events.hash_context import EPCIS_CONTEXT, HashContext, Memo, Names
from firsthand.events.normal_form import full_name, identifier, kind_of, scalar, string

__all__ = ["MAX_DEPTH", "HashContext", "event_hash_id", "pre_hash"]

MAX_DEPTH = 100
"""How deep a user extension may nest; deeper is InvalidInput, long before Python's own limit."""

_Renderer = Callable[[object, Names], str]
_Field = tuple[str, _Renderer]


def event_hash_id(event: object, context: object = EPCIS_CONTEXT) -> str:
    """`ni:///sha-256;{64 hex digits}?ver=CBV2.0` of one event decoded from JSON (CBV 2.0 §8.9).

    `context` is the enclosing document's `@context`, or a HashContext made from it once for many
    events; an event's own `@context` adds to it.
    Raises InvalidInput with the JSON path of what has no normal form.
    """
    try:
        octets = pre_hash(event, context).encode()
    except UnicodeEncodeError:
        raise InvalidInput("half a surrogate pair is no Unicode text and has no UTF-8", "$") from None
    return f"ni:///sha-256;{hashlib.sha256(octets).hexdigest()}?ver=CBV2.0"


def pre_hash(event: object, context: object = EPCIS_CONTEXT) -> str:
    """The string that is hashed; arguments and errors as `event_hash_id`."""
    names = context if type(context) is HashContext else HashContext.of(context)
    if type(event) is not dict:
        raise InvalidInput(f"an event is a JSON object, got {kind_of(event)}", "$")
    if "@context" in event and event["@context"] is not names.source:
        names = names.extended(event["@context"])
    if names.ignored:
        event = {k: v for k, v in event.items() if full_name(k, names.names.prefixes) not in names.ignored}
    if "type" not in event:
        raise InvalidInput("an event has a type, e.g. ObjectEvent; none is given", "$.type")
    try:
        return _render(_EVENT, event, names.names)
    except InvalidInput as error:
        raise InvalidInput(error.reason, "$" + error.path) from None


class _Shape:
    """The fields of one standard object: those with a place, and those that are sorted at its end."""

    __slots__ = ("at_end", "placed", "plan")

    def __init__(self, *placed: _Field, at_end: tuple[_Field, ...] = ()) -> None:
        self.placed = {name: (place, renderer) for place, (name, renderer) in enumerate(placed)}
        self.at_end = dict(at_end)
        self.plan = partial(_plan, self)


_Plan = tuple[list[tuple[str, _Renderer, Memo]], list[tuple[str, _Renderer]], list[tuple[str, str]]]


def _plan(shape: _Shape, keys: tuple[str, ...], names: Names) -> _Plan:
    """How objects of a shape with these keys are rendered; most objects have the keys of some other.

    The fields in their places, with what each made of its strings before; those at the end; the extensions
    with their full names.
    """
    placed = sorted((*shape.placed[key], key) for key in keys if key in shape.placed)
    extensions = [
        (key, name)
        for key in keys
        if key not in shape.placed and key not in shape.at_end and (name := names.full[key]) is not None
    ]
    return (
        [(key, renderer, names[renderer]) for _, renderer, key in placed],
        [(key, shape.at_end[key]) for key in keys if key in shape.at_end],
        extensions,
    )


def _render(shape: _Shape, value: object, names: Names) -> str:
    if type(value) is not dict:
        raise InvalidInput(f"expected an object, got {kind_of(value)}")
    placed, at_end, extensions = names[shape.plan][tuple(value)]
    parts: list[str] = []
    try:
        for key, renderer, memo in placed:
            item = value[key]
            parts.append(memo[item] if type(item) is str else renderer(item, names))
        if at_end or extensions:
            rest = [renderer(value[key], names) for key, renderer in at_end]
            for key, name in extensions:
                item = value[key]
                if type(item) is str:
                    rest.append(names.extensions[key][item])
                else:
                    _extend(rest, name, item, names, MAX_DEPTH)
            rest.sort()
            parts += rest
    except InvalidInput:
        _name_first_fault(shape, value, names)
        raise
    return "".join(parts)


def _name_first_fault(shape: _Shape, value: dict[str, Any], names: Names) -> None:
    """Raise InvalidInput for the first field, in the order of the JSON, that has no normal form."""
    for key, item in value.items():
        try:
            if key in shape.placed:
                shape.placed[key][1](item, names)
            elif key in shape.at_end:
                shape.at_end[key](item, names)
            elif (name := names.full[key]) is not None:
                _extend([], name, item, names, MAX_DEPTH)
        except InvalidInput as error:
            raise InvalidInput(error.reason, f".{key}{error.path}") from None


def _each(value: object, renderer: _Renderer, names: Names) -> list[str]:
    """The rendered items of a list, empty ones dropped, sorted."""
    if type(value) is not list:
        raise InvalidInput(f"expected a list, got {kind_of(value)}")
    rendered: list[str] = []
    try:
        for item in value:
            rendered.append(renderer(item, names))  # noqa: PERF401 (its length is the failing index)
    except InvalidInput as error:
        raise InvalidInput(error.reason, f"[{len(rendered)}]{error.path}") from None
    if len(rendered) == 1 and rendered[0]:
        return rendered
    return sorted(filter(None, rendered))


def _extend(rest: list[str], name: str, value: object, names: Names, depth: int) -> None:
    """A user extension or ILMD element: its name, then its value or sorted content.

    A list repeats the name for each item; null is absence, as in JSON-LD.
    """
    if depth == 0:
        raise InvalidInput(f"nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, dict):
        rest.append(name + _content(value, names, depth))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            content: list[str] = []
            try:
                _extend(content, "" if isinstance(item, list) else name, item, names, depth - 1)
            except InvalidInput as error:
                raise InvalidInput(error.reason, f"[{index}]{error.path}") from None
            if isinstance(item, list):
                content = [name + "".join(sorted(content))]
            rest += content
    elif value is not None:
        text = scalar(value, names.prefixes)
        rest.append(f"{name}={text}" if text else name)


def _content(value: dict[str, Any], names: Names, depth: int) -> str:
    """What is within an extension: its own, sorted."""
    content: list[str] = []
    extensions = names.extensions
    try:
        for key, item in value.items():
            if type(item) is str and depth > 1:
                content.append(extensions[key][item])
            elif (name := names.full[key]) is not None:
                _extend(content, name, item, names, depth - 1)
    except InvalidInput as error:
        raise InvalidInput(error.reason, f".{key}{error.path}") from None
    content.sort()
    return "".join(content)


def _leaf(name: str) -> _Field:
    def render(value: object, names: Names) -> str:
        text = scalar(value, names.prefixes)
        return start + text if text else ""

    start = f"{name}="
    return name, render


def _time(name: str) -> _Field:
    start = f"{name}="
    return name, lambda value, names: start + normal_form.time(value)


def _leaves(names: str) -> Iterable[_Field]:
    return (
        _time(name) if name in ("time", "startTime", "endTime") else _leaf(name) for name in names.split()
    )


def _word(name: str, vocabulary: dict[str, str]) -> _Field:
    """A CBV word, bare or as a URI or URN, or a user's own URI."""

    def render(value: object, names: Names) -> str:
        text = string(value, names.prefixes)
        return start + vocabulary.get(text, text) if text else ""

    start = f"{name}="
    return name, render


def _words(name: str, vocabulary: dict[str, str]) -> _Field:
    _, word = _word(name, vocabulary)
    return name, lambda value, names: "".join(_each(value, word, names))


def _list(name: str, child: str, renderer: _Renderer) -> _Field:
    """A list: its name once, then the sorted items, each behind the name of its element."""

    def render(value: object, names: Names) -> str:
        items = _each(value, renderer, names)
        return start + child.join(items) if items else ""

    start = name + child
    return name, render


def _epcs(name: str) -> _Field:
    return _list(name, "epc=", lambda value, names: identifier(value, names.prefixes))


def _object(name: str, shape: _Shape) -> _Field:
    def render(value: object, names: Names) -> str:
        text = _render(shape, value, names)
        return name + text if text else ""

    return name, render


def _objects(name: str, child: str, shape: _Shape) -> _Field:
    return _list(name, child, partial(_render, shape))


def _typed(kind: str, vocabulary: dict[str, str]) -> _Field:
    return _objects(f"{kind}List", "", _Shape(_word("type", vocabulary), _leaf(kind)))


def _unhashed(name: str) -> _Field:
    return name, lambda value, names: ""


def _event_type(value: object, names: Names) -> str:
    text = string(value, names.prefixes)
    if not text:
        raise InvalidInput("an event has a type, e.g. ObjectEvent; it is empty")
    return f"eventType={text}"


def _string(value: object, names: Names) -> str:
    return string(value, names.prefixes)


def _certificates(value: object, names: Names) -> str:
    """A single URI or a list of them."""
    items = _each(value if type(value) is list else [value], _string, names)
    return "".join(f"certificationInfo={item}" for item in items)


def _ilmd(value: object, names: Names) -> str:
    content: list[str] = []
    _extend(content, "ilmd", value, names, MAX_DEPTH)
    return "".join(content)


def _biz_rules_of_reports(value: Any, names: Names) -> str:
    """CBV 2.0 gives a sensor report's `bizRules` no place: the vectors hash it at the end, with its path."""
    elements = []
    for element in value:
        reports = [
            f"sensorReportbizRules={rules}"
            for report in element.get("sensorReport", ())
            if (rules := scalar(report.get("bizRules", ""), names.prefixes))
        ]
        if reports:
            elements.append("sensorElement" + "".join(sorted(reports)))
    return "sensorElementList" + "".join(sorted(elements)) if elements else ""


_PLACE = _Shape(_leaf("id"))
_QUANTITY = _Shape(*_leaves("epcClass quantity uom"))
_DEVICE = "deviceID deviceMetadata rawData dataProcessingMethod"
_SENSOR_ELEMENT = _Shape(
    _object("sensorMetadata", _Shape(*_leaves(f"time startTime endTime {_DEVICE} bizRules"))),
    (
        "sensorReport",
        _objects(
            "",
            "sensorReport",
            _Shape(
                _word("type", normal_form.MEASUREMENTS),
                _word("exception", normal_form.ALERTS),
                *_leaves(f"{_DEVICE} time microorganism chemicalSubstance value"),
                _word("component", normal_form.COMPONENTS),
                *_leaves("stringValue booleanValue hexBinaryValue uriValue minValue maxValue meanValue sDev"),
                *_leaves("percRank percValue uom coordinateReferenceSystem"),
                ("bizRules", lambda value, names: scalar(value, names.prefixes) and ""),
            ),
        )[1],
    ),
)
_EVENT = _Shape(
    ("type", _event_type),
    _time("eventTime"),
    _leaf("eventTimeZoneOffset"),
    ("certificationInfo", _certificates),
    _epcs("epcList"),
    _leaf("parentID"),
    _epcs("inputEPCList"),
    _epcs("childEPCs"),
    _objects("quantityList", "quantityElement", _QUANTITY),
    _objects("childQuantityList", "quantityElement", _QUANTITY),
    _objects("inputQuantityList", "quantityElement", _QUANTITY),
    _epcs("outputEPCList"),
    _objects("outputQuantityList", "quantityElement", _QUANTITY),
    *_leaves("action transformationID"),
    _word("bizStep", normal_form.BIZ_STEPS),
    _word("disposition", normal_form.DISPOSITIONS),
    _object(
        "persistentDisposition",
        _Shape(_words("set", normal_form.DISPOSITIONS), _words("unset", normal_form.DISPOSITIONS)),
    ),
    _object("readPoint", _PLACE),
    _object("bizLocation", _PLACE),
    _objects("sensorElementList", "sensorElement", _SENSOR_ELEMENT),
    *(_unhashed(name) for name in ("@context", "eventID", "recordTime", "errorDeclaration")),
    at_end=(
        _typed("bizTransaction", normal_form.TRANSACTION_TYPES),
        _typed("source", normal_form.PARTY_TYPES),
        _typed("destination", normal_form.PARTY_TYPES),
        ("ilmd", _ilmd),
        ("sensorElementList", _biz_rules_of_reports),
    ),
)
