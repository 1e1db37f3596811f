"""The events of one delivery, through the craft's profile. Pure: the same delivery gives the same events.

The price is in none of them: what a cooperative pays its member stands in the accounts, where the journal
fixes it by a salted digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote

from firsthand.errors import InvalidInput
from firsthand.profiles import Profile
from firsthand.profiles.mapping import CONTEXT
from firsthand.profiles.profile import Element
from firsthand.proof.confirmation import ACKNOWLEDGED_BY, ON_BEHALF_OF, acknowledgement_member

__all__ = ["Weighed", "check_weight", "choose_steps", "delivery_events", "weight_unit"]

_STEPS: Final = ("harvest", "delivery")
_DECIMALS: Final = 3


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the events tell of a delivery; `base` begins every URI, `day` is an ISO date.

    `plot` is the plot's URI, `station` the name of the place where it was weighed; either may be empty.
    """

    base: str
    number: int
    member: str
    brought_by: str
    day: str
    utc_offset: str
    gross: Decimal
    tare: Decimal
    uom: str
    plot: str
    station: str
    subject: str
    committed: bytes

    @property
    def uri(self) -> str:
        """The delivery's own URI."""
        return f"{self.base}/id/delivery/{self.number}"

    @property
    def lot(self) -> str:
        """The lot that it brings, named as the shipped `deliveries` mapping names it."""
        return f"{self.base}/id/lot/delivery:{self.number}"


def choose_steps(profile: Profile, names: tuple[str, ...] = ()) -> tuple[str, ...]:
    """The steps that a delivery is recorded as: these, or the profile's `harvest` and `delivery`.

    The last one is the delivery itself. Raises InvalidInput when there are none or they are of another kind.
    """
    chosen = names or tuple(name for name in _STEPS if name in profile.steps)
    if not chosen:
        raise InvalidInput(
            f"the profile {profile.name} has no step delivery; choose with --step: {', '.join(profile.steps)}"
        )
    for name in chosen:
        if name not in profile.steps:
            raise InvalidInput(f"the profile {profile.name} has no step {name!r}")
        if profile.steps[name].type != "ObjectEvent":
            raise InvalidInput(f"the step {name} is a {profile.steps[name].type}: no intake makes one")
    return chosen


def weight_unit(profile: Profile, steps: tuple[str, ...]) -> str:
    """The unit (UN/CEFACT Rec. 20) of what the delivery's step weighs or counts; kilograms by default."""
    element = _weight(profile, steps)
    return element.uom if element is not None and element.uom is not None else "KGM"


def check_weight(profile: Profile, steps: tuple[str, ...], gross: Decimal, tare: Decimal) -> str:
    """A remark on an unusual weight, empty for a usual one. Raises InvalidInput for an impossible one."""
    net = gross - tare
    if net <= 0:
        raise InvalidInput(f"gross {gross} less tare {tare} leaves nothing")
    if net != round(net, _DECIMALS) or gross != round(gross, _DECIMALS):
        raise InvalidInput(f"weights have at most {_DECIMALS} decimals")
    element = _weight(profile, steps)
    if element is None:
        return ""
    if element.possible is not None and not element.possible[0] <= net <= element.possible[1]:
        low, high = element.possible
        raise InvalidInput(f"{net} {element.uom} is impossible here: expected {low:g} to {high:g}")
    if element.usual is not None and not element.usual[0] <= net <= element.usual[1]:
        low, high = element.usual
        return f"{net} {element.uom} is unusual ({low:g} to {high:g}); recorded as weighed"
    return ""


def delivery_events(profile: Profile, steps: tuple[str, ...], weighed: Weighed) -> list[dict[str, Any]]:
    """One event a step, in order; the last one carries the commitment to the one-time code."""
    events = [_event(profile, name, weighed, place=weighed.plot) for name in steps[:-1]]
    delivery = _event(profile, steps[-1], weighed, place=_station(weighed))
    delivery["sourceList"] = [
        {"type": "owning_party", "source": weighed.member},
        {"type": "possessing_party", "source": weighed.brought_by or weighed.member},
    ]
    delivery["bizTransactionList"] = [{"type": "recadv", "bizTransaction": weighed.uri}]
    delivery["fh:receiptNumber"] = str(weighed.number)
    delivery["fh:grossWeight"] = {"fh:value": _number(weighed.gross), "fh:uom": weighed.uom}
    delivery["fh:tareWeight"] = {"fh:value": _number(weighed.tare), "fh:uom": weighed.uom}
    delivery[ACKNOWLEDGED_BY] = acknowledgement_member(weighed.subject, weighed.committed)
    return [*events, delivery]


def _event(profile: Profile, name: str, weighed: Weighed, place: str) -> dict[str, Any]:
    step = profile.steps[name]
    zone = "Z" if weighed.utc_offset == "+00:00" else weighed.utc_offset
    event: dict[str, Any] = {
        "@context": [CONTEXT[0], dict(CONTEXT[1])],
        "type": step.type,
        "eventTime": f"{weighed.day}T00:00:00{zone}",
        "eventTimeZoneOffset": weighed.utc_offset,
        "action": step.action,
        "bizStep": step.biz_step,
        "quantityList": [
            {"epcClass": weighed.lot, "quantity": _number(weighed.gross - weighed.tare), "uom": weighed.uom}
        ],
        "fh:profile": profile.name,
        "fh:step": name,
        "fh:eventPeriod": weighed.day,
        ON_BEHALF_OF: weighed.member,
    }
    if step.disposition is not None:
        event["disposition"] = step.disposition
    if place:
        event["readPoint"] = {"id": place}
        event["bizLocation"] = {"id": place}
    return event


def _station(weighed: Weighed) -> str:
    return f"{weighed.base}/id/place/station:{quote(weighed.station, safe='')}" if weighed.station else ""


def _weight(profile: Profile, steps: tuple[str, ...]) -> Element | None:
    for name in profile.steps[steps[-1]].elements:
        if profile.elements[name].kind == "quantity":
            return profile.elements[name]
    return None


def _number(value: Decimal) -> int | float:
    """As JSON: at most 15 digits come back as the very same decimal text."""
    return int(value) if value == value.to_integral_value() else float(value)
