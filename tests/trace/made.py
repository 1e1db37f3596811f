"""Events and statements that the tests of `trace` make for themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from firsthand.events.instants import microseconds
from firsthand.proof.canonical import canonical
from firsthand.trace.gather import Direction, Gathered, gather
from firsthand.trace.statement import Statement, read_statement

BASE = "https://coop.example/id"
ADELA, BELA, COOP = (f"{BASE}/party/{name}" for name in ("adela", "bela", "coop"))


def lot(name: object) -> str:
    return f"{BASE}/lot/{name}"


def item(name: object) -> str:
    return f"{BASE}/item/{name}"


def mass(name: object, value: float | None, uom: str | None = "KGM") -> dict[str, Any]:
    element: dict[str, Any] = {"epcClass": name if ":" in str(name) else lot(name)}
    if value is not None:
        element["quantity"] = value
        if uom is not None:
            element["uom"] = uom
    return element


def event(kind: str, minute: int = 0, **fields: Any) -> dict[str, Any]:
    return {
        "@context": [
            "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
            {"fh": "https://firsthand.example/ns/"},
        ],
        "type": kind,
        "eventTime": f"2026-03-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00Z",
        "eventTimeZoneOffset": "+00:00",
        **fields,
    }


def made(
    name: object, value: float | None, minute: int = 0, uom: str | None = "KGM", **more: Any
) -> dict[str, Any]:
    return event(
        "ObjectEvent",
        minute,
        action="ADD",
        bizStep="commissioning",
        quantityList=[mass(name, value, uom)],
        **more,
    )


def seen(name: object, value: float, minute: int, step: str = "receiving", **more: Any) -> dict[str, Any]:
    return event(
        "ObjectEvent", minute, action="OBSERVE", bizStep=step, quantityList=[mass(name, value)], **more
    )


def turned(
    inputs: Sequence[tuple[object, float | None]],
    outputs: Sequence[tuple[object, float | None]],
    minute: int = 10,
    **more: Any,
) -> dict[str, Any]:
    return event(
        "TransformationEvent",
        minute,
        bizStep="commissioning",
        inputQuantityList=[mass(*one) for one in inputs],
        outputQuantityList=[mass(*one) for one in outputs],
        **more,
    )


def packed(
    parent: str, children: Sequence[tuple[object, float]], minute: int, action: str = "ADD"
) -> dict[str, Any]:
    return event(
        "AggregationEvent",
        minute,
        action=action,
        bizStep="packing" if action == "ADD" else "unpacking",
        parentID=parent,
        childQuantityList=[mass(*one) for one in children],
    )


def moved(giver: str, taker: str) -> dict[str, Any]:
    return {
        "sourceList": [{"type": "possessing_party", "source": giver}],
        "destinationList": [{"type": "possessing_party", "destination": taker}],
    }


def statement(number: int, value: dict[str, Any], issuer: str = ADELA) -> Statement:
    found = read_statement(number, issuer, microseconds(value["eventTime"]), canonical(value))
    assert found is not None
    return found


def statements(*events: dict[str, Any] | tuple[str, dict[str, Any]]) -> list[Statement]:
    """Statements by Adela, or by the issuer in front of the event, numbered from 0."""
    return [
        statement(number, one[1], one[0]) if isinstance(one, tuple) else statement(number, one)
        for number, one in enumerate(events)
    ]


def gathered(everything: Iterable[Statement], starts: Iterable[str], direction: Direction) -> Gathered:
    """What a trace would read of these statements, one level after the other."""
    kept = list(everything)

    def of(lots: Collection[str], known: Collection[int]) -> list[Statement]:
        return [
            one
            for one in kept
            if one.number not in known
            and (
                one.parent in lots
                or any(part.lot in lots for part in one.things)
                or any(part.lot in lots for part in (one.outputs if direction == "back" else one.inputs))
            )
        ]

    def otherwise(lots: Collection[str], known: Collection[int]) -> list[Statement]:
        return [
            one
            for one in kept
            if one.number not in known
            and any(part.lot in lots for part in (one.inputs if direction == "back" else one.outputs))
        ]

    def of_transformations(ids: Collection[str], known: Collection[int]) -> list[Statement]:
        return [one for one in kept if one.number not in known and one.transformation in ids]

    return gather(starts, direction, of, otherwise, of_transformations)
