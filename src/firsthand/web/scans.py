"""Scans over HTTP, for everybody: send one and hear what to think of the piece, or only ask.

Neither needs a key. An address may do so many of them a minute (`scans.per_minute`); it is not stored.
"""

from __future__ import annotations

from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.service.scans import look_at, record_scan, verdict_value
from firsthand.service.tags import Message, parse_message
from firsthand.web.calls import Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = ["get_scans", "post_scan", "slow_down"]

_TEXTS: Final = ("piece", "device", "picc", "cmac")


def post_scan(call: Call) -> Answer:
    """Keep a scan of a piece's label and say what to think of it"""
    slow_down(call)
    call.only()
    body = call.json_body()
    for name, value in body.items():
        if name not in (*_TEXTS, "place"):
            raise InvalidInput(f"a scan has no field {name[:40]!r}")
        if name in _TEXTS and (type(value) is not str or not value or "\0" in value):
            raise InvalidInput("expected a text", f"$.{name}")
    if "piece" not in body and "picc" not in body:
        raise InvalidInput("expected `piece`, or the message of its tag")
    # Whoever sends no name for the device is told apart by address and browser, both of them hashed.
    device = body.get("device") or f"{call.client}\0{call.headers.get('user-agent', '')}"[:500]
    uri, verdict = record_scan(
        call.server.access, body.get("piece"), device=device, place=_place(body), message=_message(body)
    )
    return json_answer(verdict_value(uri, verdict))


def get_scans(call: Call) -> Answer:
    """What the scans of a piece tell so far; nothing is kept of this question"""
    slow_down(call)
    call.only()
    return json_answer(verdict_value(*look_at(call.server.access, call.names["piece"])))


def slow_down(call: Call) -> None:
    """Refuse an address that has scanned, or asked, too often in the last minute. Raises Problem."""
    wait = call.server.scans.wait(call.client)
    if wait:
        raise Problem(429, "", "too many scans from your address", {"Retry-After": str(wait)})
    call.server.scans.add(call.client)


def _place(body: dict[str, Any]) -> tuple[float, float] | None:
    if "place" not in body:
        return None
    place = body["place"]
    if type(place) is not list or len(place) != 2 or any(type(one) not in (int, float) for one in place):
        raise InvalidInput("expected latitude and longitude, two numbers", "$.place")
    return place[0], place[1]


def _message(body: dict[str, Any]) -> Message | None:
    if "picc" not in body and "cmac" not in body:
        return None
    return parse_message(body.get("picc", ""), body.get("cmac", ""))
