"""The planted frauds of the jewellery season: each on top of the honest events, each with one finding.

There is none of harvest above what land bears: the profile has no such limit.
"""

from __future__ import annotations

from typing import Any

from sample_season import Event, Fraud, quantity
from season_events import (
    DORE,
    NAMES,
    ONE,
    REFINERY,
    TWO,
    Ring,
    event,
    grams,
    made,
    moved,
    uri,
)

WHEN = "2026-02-05T17:00"
FIRST, SECOND, REFINER = NAMES[ONE][0], NAMES[TWO][0], NAMES[REFINERY][0]


def alloyed(out: str, claims: list[str], *inputs: dict[str, Any], weight: float) -> Event:
    """The refinery melts some of the silver that it has left into a new lot."""
    said = {"fh:metal": "silver", "fh:fineness": 950} | ({"fh:claims": claims} if claims else {})
    out_of_it = {"outputQuantityList": [grams(f"alloy:J26-{out}", weight)]}
    return event(WHEN, "alloying", "refinery", inputQuantityList=list(inputs), **out_of_it, ilmd=said)


def handed(step: str, place: str, when: str, weight: float) -> Event:
    """Fine silver on its way from the refinery to the first goldsmith."""
    return event(when, step, place, quantityList=[grams("fine:J26-F1", weight)], **moved(REFINERY, ONE))


TEN = grams("fine:J26-F1", 10)
STONE_TWICE = made(Ring(901, ONE, "fine:J26-F1", 10.4, "sapphire-1", 1.02, 8.2, 2.26)) | {
    "eventTime": "2026-02-23T17:00:00Z"
}
VANISHED = made(Ring(902, ONE, "fine:J26-F1", 20, "sapphire-4", 0.88, 6.1, 2.0)) | {
    "eventTime": "2026-02-23T17:00:00Z"
}
CERTIFIED_RING = made(Ring(903, TWO, "sterling:J26-R1", 11.2, "garnet-2", 1.35, 8.9, 2.43)) | {
    "eventTime": "2026-02-23T17:00:00Z",
    "ilmd": {
        "fh:metal": "silver",
        "fh:fineness": 925,
        "fh:netWeight": quantity(8.9, "GRM"),
        "fh:claims": ["kimberley"],
    },
}
SEEN_BY_A_MINER = event(
    "2026-01-08T18:30", "mining", "river", quantityList=[grams("dore:J26-D1", DORE["D1"])]
)

FRAUDS = [
    Fraud(
        "claim-exceeds-input",
        "claim-exceeds-input",
        "20 g of Fairmined and 20 g of recycled silver are melted together; all of it is called Fairmined",
        [
            (
                REFINER,
                [
                    alloyed(
                        "X",
                        ["fairmined"],
                        grams("fine:J26-F1", 20),
                        grams("sterling:J26-R1", 20),
                        weight=39.8,
                    )
                ],
            )
        ],
    ),
    Fraud(
        "claim-from-nowhere",
        "claim-from-nowhere",
        "a finished ring with a garnet claims a Kimberley certificate, which covers rough diamonds only",
        [(SECOND, [CERTIFIED_RING])],
    ),
    Fraud(
        "negative-stock",
        "negative-stock",
        "a sapphire that is in one ring already is set into another",
        [(FIRST, [STONE_TWICE])],
    ),
    Fraud(
        "yield-out-of-range",
        "yield-out-of-range",
        "20 g of silver give a ring of 6.1 g and 2 g of scrap; the rest is gone",
        [(FIRST, [VANISHED])],
    ),
    Fraud(
        "shipped-received-differ",
        "shipped-received-differ",
        "the refinery ships 100 g of fine silver, the goldsmith receives 90 g",
        [
            (REFINER, [handed("shipping", "refinery", "2026-02-06T08:00", 100)]),
            (FIRST, [handed("receiving", ONE, "2026-02-07T10:00", 90)]),
        ],
    ),
    Fraud(
        "used-before-made",
        "used-before-made",
        "silver is melted two months before it was refined",
        [(REFINER, [alloyed("X", [], TEN, weight=9.9) | {"eventTime": "2025-12-01T09:00:00Z"}])],
    ),
    Fraud(
        "cycle",
        "cycle",
        "two alloys, each made from the other",
        [
            (
                REFINER,
                [
                    alloyed("X", [], TEN, grams("alloy:J26-Y", 10), weight=19.9),
                    alloyed("Y", [], grams("alloy:J26-X", 12), weight=11.9),
                ],
            )
        ],
    ),
    Fraud(
        "quantity-without-unit",
        "quantity-without-unit",
        "10 of a lot of silver are melted, and nobody says 10 of what",
        [
            (
                REFINER,
                [alloyed("X", [], {"epcClass": uri("lot", "fine:J26-F1"), "quantity": 10}, weight=9.9)],
            )
        ],
    ),
    Fraud(
        "incompatible-units",
        "incompatible-units",
        "10 metres of a lot of silver that was weighed in grams",
        [
            (
                REFINER,
                [
                    alloyed(
                        "X",
                        [],
                        {"epcClass": uri("lot", "fine:J26-F1"), "quantity": 10, "uom": "MTR"},
                        weight=9.9,
                    )
                ],
            )
        ],
    ),
    Fraud(
        "delivery-recorded-twice",
        "delivery-recorded-twice",
        "a miner records a lot again that the cooperative has recorded",
        [("Sample Miner One", [SEEN_BY_A_MINER])],
    ),
]
