"""The planted frauds of the coffee season: each on top of the honest events, each with one finding."""

from __future__ import annotations

from typing import Any

from sample_season import Event, Fraud
from season_events import (
    COOPERATIVE,
    DRY_MILL,
    EXPORTER,
    NAMES,
    WET_MILL,
    deliveries,
    event,
    mass,
    moved,
    uri,
)

WHEN = "2026-01-21T09:00"


def blend(out: str, claims: list[str] | None, *inputs: dict[str, Any], kilograms: float) -> Event:
    """The dry mill makes a new lot of green coffee from what it has left."""
    said = {"ilmd": {"fh:claims": claims}} if claims else {}
    made = {"outputQuantityList": [mass(f"green:S25-{out}", kilograms)]}
    return event(WHEN, "blending", "dry-mill", inputQuantityList=list(inputs), **made, **said)


def picked(receipt: str, kilograms: float) -> list[Event]:
    """A harvest on the first farmer's plot, and its delivery, as the clerk records them."""
    lot = {"quantityList": [mass(f"delivery:{receipt}", kilograms)]}
    on_behalf = {"fh:onBehalfOf": uri("party", "farmer-F01")}
    return [
        event("2025-11-20T08:00", "harvest", "plot:F01:P1", **lot, **on_behalf),
        event(
            "2025-11-20T15:00",
            "delivery",
            "station:Sample%20Hills",
            **lot,
            **on_behalf,
            **moved("farmer-F01", WET_MILL),
        ),
    ]


def handed(step: str, place: str, when: str, kilograms: float) -> Event:
    """Green coffee on its way from the dry mill to the exporter."""
    lot = {"quantityList": [mass("green:S25-A", kilograms)]}
    return event(when, step, place, **lot, **moved(DRY_MILL, EXPORTER))


MILL, CLERK = NAMES[DRY_MILL][0], NAMES[COOPERATIVE][0]
PULPED = event(
    "2025-11-20T19:00",
    "wetMilling",
    "station:Sample%20Hills",
    inputQuantityList=[mass("delivery:S25-9001", 100)],
    outputQuantityList=[mass("parchment:S25-91", 45)],
    ilmd={"fh:process": "washed"},
)
FIRST = deliveries()[0]
SEEN_BY_THE_FARMER = event(
    f"{FIRST['Date']}T09:00",
    "harvest",
    "plot:F01:P1",
    quantityList=[mass(f"delivery:{FIRST['Receipt']}", FIRST["Cherry kg"])],
)

FRAUDS = [
    Fraud(
        "claim-exceeds-input",
        "claim-exceeds-input",
        "30 kg organic and 30 kg other green coffee are blended; all 60 kg are called organic",
        [(MILL, [blend("X", ["organic"], mass("green:S25-A", 30), mass("green:S25-C", 30), kilograms=60)])],
    ),
    Fraud(
        "claim-from-nowhere",
        "claim-from-nowhere",
        "30 kg of green coffee that nobody called organic become an organic lot",
        [(MILL, [blend("X", ["organic"], mass("green:S25-C", 30), kilograms=30)])],
    ),
    Fraud(
        "negative-stock",
        "negative-stock",
        "500 kg are taken out of a green lot that has some 90 kg left",
        [(MILL, [blend("X", None, mass("green:S25-C", 500), kilograms=500)])],
    ),
    Fraud(
        "yield-out-of-range",
        "yield-out-of-range",
        "100 kg of cherries give 45 kg of dry parchment, where 25 kg would be a lot",
        [(CLERK, picked("S25-9001", 100)), (NAMES[WET_MILL][0], [PULPED])],
    ),
    Fraud(
        "harvest-above-limit",
        "harvest-above-limit",
        "20,000 kg of cherries from a plot of 0.6 hectares",
        [(CLERK, picked("S25-9002", 20000))],
    ),
    Fraud(
        "shipped-received-differ",
        "shipped-received-differ",
        "the dry mill ships 30 kg of green coffee, the exporter receives 20 kg",
        [
            (MILL, [handed("shipping", "dry-mill", "2026-01-21T07:00", 30)]),
            (NAMES[EXPORTER][0], [handed("receiving", "port-warehouse", "2026-01-21T16:00", 20)]),
        ],
    ),
    Fraud(
        "used-before-made",
        "used-before-made",
        "10 kg of green coffee are blended six weeks before the lot was milled",
        [
            (
                MILL,
                [
                    blend("X", None, mass("green:S25-A", 10), kilograms=10)
                    | {"eventTime": "2025-12-01T09:00:00Z"}
                ],
            )
        ],
    ),
    Fraud(
        "cycle",
        "cycle",
        "two blends, each made from the other",
        [
            (
                MILL,
                [
                    blend("X", None, mass("green:S25-A", 10), mass("green:S25-Y", 10), kilograms=20),
                    blend("Y", None, mass("green:S25-X", 10), kilograms=10),
                ],
            )
        ],
    ),
    Fraud(
        "quantity-without-unit",
        "quantity-without-unit",
        "30 of a green lot go into a blend, and nobody says 30 of what",
        [
            (
                MILL,
                [blend("X", None, {"epcClass": uri("lot", "green:S25-A"), "quantity": 30}, kilograms=30)],
            )
        ],
    ),
    Fraud(
        "incompatible-units",
        "incompatible-units",
        "30 litres of a green lot that was weighed in kilograms",
        [(MILL, [blend("X", None, mass("green:S25-A", 30, "LTR"), kilograms=30)])],
    ),
    Fraud(
        "delivery-recorded-twice",
        "delivery-recorded-twice",
        "a farmer records a harvest again that the clerk has recorded for her",
        [("Sample Farmer One", [SEEN_BY_THE_FARMER])],
    ),
]
