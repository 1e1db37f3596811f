"""The planted frauds of the textile season: each on top of the honest events, each with one finding."""

from __future__ import annotations

from typing import Any

from sample_season import Event, Fraud, quantity
from season_events import (
    COOPERATIVE,
    DYER,
    GIN,
    LOOM_HOUSE,
    NAMES,
    ORGANIC,
    SPINNER,
    event,
    intake,
    mass,
    moved,
    uri,
)

WHEN = "2025-12-01T17:00"
CLERK, MILL, DYERS, HOUSE = (NAMES[key][0] for key in (COOPERATIVE, SPINNER, DYER, LOOM_HOUSE))
SPUN = {"fh:combing": "carded", "fh:spinningMethod": "ring"}


def spun(out: str, claims: list[str], *inputs: dict[str, Any], kilograms: float) -> Event:
    """The mill spins some of the lint that it has left."""
    said = SPUN | ({"fh:claims": claims} if claims else {})
    made = {"outputQuantityList": [mass(f"yarn:T25-{out}", kilograms)]}
    return event(WHEN, "spinning", "spinner", inputQuantityList=list(inputs), **made, ilmd=said)


def picked(receipt: str, kilograms: float) -> list[Event]:
    """A harvest on the first grower's field, and its delivery, as the clerk records them."""
    lot = {"quantityList": [mass(f"delivery:{receipt}", kilograms)]}
    on_behalf = {"fh:onBehalfOf": uri("party", "grower-G1")}
    handed = moved("grower-G1", GIN)
    return [
        event("2025-10-14T08:00", "harvest", "plot:G1:P1", **lot, **on_behalf),
        event("2025-10-14T15:00", "delivery", "station:Sample%20Plain", **lot, **on_behalf, **handed),
    ]


def handed(step: str, place: str, when: str, kilograms: float) -> Event:
    """Dyed yarn on its way from the dyer to the loom house."""
    lot = {"quantityList": [mass("dyed:T25-indigo", kilograms)]}
    return event(when, step, place, **lot, **moved(DYER, LOOM_HOUSE))


HEAVY = event(
    "2026-01-18T17:30",
    "weaving",
    "loom-house",
    inputQuantityList=[mass("dyed:T25-grey", 1.2)],
    outputEPCList=[uri("item", "shawl:T26-901")],
    ilmd={"fh:netWeight": quantity(1900, "GRM"), "fh:loom": "treadle", "fh:claims": ["handwoven"]},
)
FIRST = intake()[0]
SEEN_BY_THE_GROWER = event(
    f"{FIRST['Date']}T09:00",
    "harvest",
    "plot:G1:P1",
    quantityList=[mass(f"delivery:{FIRST['Receipt']}", FIRST["Weight kg"])],
)
TEN = mass("lint:T25-A", 10)

FRAUDS = [
    Fraud(
        "claim-exceeds-input",
        "claim-exceeds-input",
        "20 kg of organic and 20 kg of other lint are spun together; all of the yarn is called organic",
        [(MILL, [spun("X", ORGANIC, mass("lint:T25-A", 20), mass("lint:T25-C", 20), kilograms=35)])],
    ),
    Fraud(
        "claim-from-nowhere",
        "claim-from-nowhere",
        "lint that nobody called organic becomes organic yarn",
        [(MILL, [spun("X", ["organic"], mass("lint:T25-C", 20), kilograms=17.5)])],
    ),
    Fraud(
        "negative-stock",
        "negative-stock",
        "3,000 kg are taken out of a lot of lint that never had so much",
        [(MILL, [spun("X", [], mass("lint:T25-C", 3000), kilograms=2640)])],
    ),
    Fraud(
        "yield-out-of-range",
        "yield-out-of-range",
        "a shawl of 1,900 g comes from 1,200 g of yarn",
        [(HOUSE, [HEAVY])],
    ),
    Fraud(
        "harvest-above-limit",
        "harvest-above-limit",
        "12,000 kg of seed cotton from a field of 0.9 hectares",
        [(CLERK, picked("T25-902", 12000))],
    ),
    Fraud(
        "shipped-received-differ",
        "shipped-received-differ",
        "the dyer ships 4 kg of yarn, the loom house receives 3 kg",
        [
            (DYERS, [handed("shipping", "dyer", "2025-12-02T07:00", 4)]),
            (HOUSE, [handed("receiving", "loom-house", "2025-12-02T16:00", 3)]),
        ],
    ),
    Fraud(
        "used-before-made",
        "used-before-made",
        "lint is spun before it was ginned",
        [(MILL, [spun("X", [], TEN, kilograms=8.8) | {"eventTime": "2025-09-01T09:00:00Z"}])],
    ),
    Fraud(
        "cycle",
        "cycle",
        "two yarns, each spun from the other",
        [
            (
                MILL,
                [
                    spun("X", [], TEN, mass("yarn:T25-Y", 10), kilograms=17.6),
                    spun("Y", [], mass("yarn:T25-X", 12), kilograms=10.5),
                ],
            )
        ],
    ),
    Fraud(
        "quantity-without-unit",
        "quantity-without-unit",
        "10 of a lot of lint are spun, and nobody says 10 of what",
        [(MILL, [spun("X", [], {"epcClass": uri("lot", "lint:T25-A"), "quantity": 10}, kilograms=8.8)])],
    ),
    Fraud(
        "incompatible-units",
        "incompatible-units",
        "10 metres of a lot of lint that was weighed in kilograms",
        [(MILL, [spun("X", [], mass("lint:T25-A", 10, "MTR"), kilograms=8.8)])],
    ),
    Fraud(
        "delivery-recorded-twice",
        "delivery-recorded-twice",
        "a grower records a harvest again that the clerk has recorded for her",
        [("Sample Grower One", [SEEN_BY_THE_GROWER])],
    ),
]
