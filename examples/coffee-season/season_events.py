"""The events of the sample season, file by file, from the plots to the shop. Everything is invented.

No clock and no chance take part. Yields stay within the ranges of the coffee profile.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from firsthand.profiles import load_profile

BASE = "https://coop.example/id"
CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
STEPS = load_profile("coffee").steps
Event = dict[str, Any]

NUMBERS = "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()
FARMERS = [f"F{number:02d}" for number in range(1, 13)]
VARIETIES = ("SL28", "Bourbon", "Batian", "Ruiru 11")
HARVEST_DAYS = [date(2025, 10, 6) + timedelta(days=4 * number) for number in range(10)]
GREEN_LOTS = {"A": (0, 1, 2), "B": (3, 4, 5, 6), "C": (7, 8, 9)}
COOPERATIVE, WET_MILL, DRY_MILL = "cooperative", "wet-mill", "dry-mill"
LABORATORY, EXPORTER, ROASTER, SHOP = "laboratory", "exporter", "roaster", "shop"
NAMES = {
    COOPERATIVE: ("Sample Hills Cooperative", "cooperative"),
    WET_MILL: ("Sample Hills Wet Mill", "processor"),
    DRY_MILL: ("Sample Valley Dry Mill", "processor"),
    LABORATORY: ("Sample Cup Laboratory", "certifier"),
    EXPORTER: ("Sample Coffee Export", "processor"),
    ROASTER: ("Sample Street Roasters", "roaster"),
    SHOP: ("Sample Corner Shop", "retailer"),
}


def uri(kind: str, name: str) -> str:
    """A URI under the cooperative's base."""
    return f"{BASE}/{kind}/{name}"


def spread(seed: int, low: int, high: int) -> int:
    """A number from low to high that looks irregular and is always the same for a seed."""
    return low + (seed * 7919 + seed * seed * 104729) % 9973 % (high - low + 1)


def quantity(value: float, uom: str) -> dict[str, Any]:
    """A quantity as the coffee profile writes it."""
    return {"fh:value": value, "fh:uom": uom}


def price(value: float, per: str) -> dict[str, Any]:
    """A price as the coffee profile writes it."""
    return {"fh:value": value, "fh:currency": "USD", "fh:per": per}


def mass(lot: str, kilograms: float) -> dict[str, Any]:
    """A quantity element of so many kilograms of a lot."""
    return {"epcClass": uri("lot", lot), "quantity": kilograms, "uom": "KGM"}


def event(when: str, step: str, place: str, **fields: Any) -> Event:
    """An event of a step of the coffee profile, at a place, marked as a sample."""
    form = STEPS[step]
    action = {"action": form.action} if form.action else {}
    disposition = {"disposition": form.disposition} if form.disposition else {}
    return {
        "@context": CONTEXT,
        "type": form.type,
        "eventTime": f"{when}:00Z",
        "eventTimeZoneOffset": "+00:00",
        **action,
        "bizStep": form.biz_step,
        **disposition,
        "readPoint": {"id": uri("place", place)},
        "fh:step": step,
        "fh:sample": True,
        **fields,
    }


def moved(giver: str, taker: str) -> dict[str, Any]:
    """Who handed over to whom."""
    return {
        "sourceList": [{"type": "possessing_party", "source": uri("party", giver)}],
        "destinationList": [{"type": "possessing_party", "destination": uri("party", taker)}],
    }


def moisture(percent: float) -> list[dict[str, Any]]:
    """A moisture reading."""
    return [{"sensorReport": [{"type": "fh:moisture", "value": percent, "uom": "P1"}]}]


def altitude(farmer: int) -> int:
    """Of a farmer's plot, in metres."""
    return 1480 + spread(farmer, 0, 40) * 10


def plots() -> dict[str, list[Event]]:
    """Each farmer's own statement of the plot. The points lie in the Gulf of Guinea, where nobody farms."""
    files = {}
    for farmer, number in enumerate(FARMERS, 1):
        longitude, latitude = spread(farmer, 1000, 90000) / 1e6, spread(farmer + 40, 1000, 90000) / 1e6
        files[f"plot-{number}.json"] = [
            event(
                "2025-09-01T08:00",
                "plot",
                f"plot:{number}:P1",
                sensorElementList=[
                    {"sensorReport": [{"type": "Altitude", "value": altitude(farmer), "uom": "MTR"}]}
                ],
            )
            | {
                "fh:plotLocation": f"POINT ({longitude:.6f} {latitude:.6f})",
                "fh:area": quantity(spread(farmer, 4, 30) / 10, "HAR"),
                "fh:variety": VARIETIES[farmer % 4],
                "fh:shadeCover": quantity(spread(farmer, 20, 60), "P1"),
            }
        ]
    return files


def deliveries() -> list[dict[str, Any]]:
    """The clerk's book: every farmer delivers on every harvest day."""
    rows = []
    for day_number, day in enumerate(HARVEST_DAYS):
        for farmer, number in enumerate(FARMERS, 1):
            seed = day_number * 12 + farmer
            rows.append(
                {
                    "Receipt": f"S25-{seed:04d}",
                    "Farmer no": number,
                    "Farmer name": f"Sample Farmer {NUMBERS[farmer - 1]}",
                    "Date": day.isoformat(),
                    "Station": "Sample Hills",
                    "Plot": "P1",
                    "Variety": VARIETIES[farmer % 4],
                    "Altitude m": altitude(farmer),
                    "Cherry kg": spread(seed, 720, 1180) / 10,
                    "Ripe %": spread(seed + 500, 88, 98),
                    "Brix": spread(seed + 900, 180, 235) / 10,
                    "Price per kg": "0.62" if day_number < 5 else "0.66",
                    "Currency": "USD",
                    "Picking wage per kg": "0.14",
                }
            )
    return rows


def wet_mill(book: list[dict[str, Any]]) -> tuple[list[Event], list[float]]:
    """Each day's cherries become one parchment lot; returned with the kilograms of each."""
    events, parchment = [], []
    for number, day in enumerate(HARVEST_DAYS):
        inputs = [row for row in book if row["Date"] == day.isoformat()]
        cherry = sum(row["Cherry kg"] for row in inputs)
        parchment.append(round(cherry * spread(number, 196, 206) / 1000, 1))
        lot, dried = f"parchment:S25-{number + 1:02d}", day + timedelta(days=14)
        events += [
            event(
                f"{day}T18:30",
                "wetMilling",
                "station:Sample%20Hills",
                inputQuantityList=[mass(f"delivery:{row['Receipt']}", row["Cherry kg"]) for row in inputs],
                outputQuantityList=[mass(lot, parchment[-1])],
                ilmd={"fh:process": "washed", "fh:fermentation": quantity(spread(number, 18, 36), "HUR")},
            )
            | {"fh:water": quantity(round(cherry * 4.5), "LTR"), "fh:wage": price(9.5, "DAY")},
            event(
                f"{dried}T16:00",
                "drying",
                "station:Sample%20Hills",
                quantityList=[mass(lot, parchment[-1])],
                sensorElementList=moisture(spread(number, 108, 116) / 10),
            )
            | {"fh:dryingMethod": "raised beds", "fh:dryingDays": quantity(14, "DAY")},
            event(
                f"{dried + timedelta(days=2)}T07:15",
                "shipping",
                "station:Sample%20Hills",
                quantityList=[mass(lot, parchment[-1])],
                **moved(WET_MILL, DRY_MILL),
            ),
        ]
    return events, parchment


def dry_mill(parchment: list[float]) -> tuple[list[Event], dict[str, float], dict[str, str]]:
    """Three green lots and their bags of 60 kg; returned with each lot's kilograms and each bag's lot."""
    events, green, bags = [], {}, {}
    for number, kilograms in enumerate(parchment):
        arrived = HARVEST_DAYS[number] + timedelta(days=16)
        lot = mass(f"parchment:S25-{number + 1:02d}", kilograms)
        handed = {"quantityList": [lot], **moved(WET_MILL, DRY_MILL)}
        events.append(event(f"{arrived}T13:40", "receiving", "dry-mill", **handed))
    for letter, numbers in GREEN_LOTS.items():
        inputs = [mass(f"parchment:S25-{number + 1:02d}", parchment[number]) for number in numbers]
        share = spread(ord(letter), 785, 800) / 1000
        green[letter] = round(sum(parchment[number] for number in numbers) * share, 1)
        lot = f"green:S25-{letter}"
        events.append(
            event(
                f"2026-01-{ord(letter) - 52}T15:00",
                "dryMilling",
                "dry-mill",
                inputQuantityList=inputs,
                outputQuantityList=[mass(lot, green[letter])],
                ilmd={"fh:screenSize": "16 and above", "fh:process": "washed"},
            )
            | {"fh:energy": quantity(round(green[letter] * 0.11), "KWH"), "fh:wage": price(11, "DAY")}
        )
        for _ in range(8):
            bag = f"bag:S25-{len(bags) + 1:03d}"
            bags[bag] = letter
            events.append(
                event(
                    f"2026-01-{ord(letter) - 51}T10:{len(bags):02d}",
                    "packing",
                    "dry-mill",
                    parentID=uri("item", bag),
                    childQuantityList=[mass(lot, 60)],
                )
            )
    events.append(
        event(
            "2026-01-20T07:00",
            "shipping",
            "dry-mill",
            epcList=[uri("item", bag) for bag in bags],
            **moved(DRY_MILL, EXPORTER),
        )
    )
    return events, green, bags


def grading(green: dict[str, float]) -> list[Event]:
    """Cupping and grading of the green lots."""
    parts = ("aroma", "flavor", "aftertaste", "acidity", "body", "balance", "cupperPoints")
    events = []
    for letter, kilograms in green.items():
        score: dict[str, float] = {
            f"fh:{part}": spread(ord(letter) + at, 30, 35) / 4 for at, part in enumerate(parts)
        }
        score |= {"fh:uniformity": 10, "fh:cleanCup": 10, "fh:sweetness": 10}
        events.append(
            event(
                "2026-01-18T09:30",
                "grading",
                "laboratory",
                quantityList=[mass(f"green:S25-{letter}", kilograms)],
                sensorElementList=moisture(spread(ord(letter), 106, 114) / 10),
            )
            | {
                "fh:cupScore": {"fh:totalCupPoints": sum(score.values()), **score},
                "fh:categoryOneDefects": 0,
                "fh:categoryTwoDefects": spread(ord(letter), 0, 4),
                "fh:quakers": spread(ord(letter) + 3, 0, 1),
                "fh:certificationBody": NAMES[LABORATORY][0],
                "fh:validTo": "2027-01-18",
            }
        )
    return events


def export(bags: dict[str, str]) -> list[Event]:
    """The bags go into a container and to sea."""
    children = [uri("item", bag) for bag in bags]
    container = uri("item", "container:SAMPLE-0001")
    return [
        event(
            "2026-01-20T16:20",
            "receiving",
            "port-warehouse",
            epcList=children,
            **moved(DRY_MILL, EXPORTER),
        ),
        event("2026-01-26T11:00", "packing", "port-warehouse", parentID=container, childEPCs=children),
        event(
            "2026-01-28T06:00",
            "shipping",
            "port-warehouse",
            epcList=[container],
            bizTransactionList=[
                {"type": "bol", "bizTransaction": uri("document", "bill-of-lading:SAMPLE-0001")}
            ],
            **moved(EXPORTER, ROASTER),
        )
        | {
            "fh:icoMark": "999/0001/0001",
            "fh:fobPrice": price(6.4, "KGM"),
            "fh:carbonFootprint": quantity(610, "KGM"),
        },
    ]


def roast(bags: dict[str, str]) -> tuple[list[Event], list[str]]:
    """The container opened, six roasts, packs of 250 g in cartons; returned with the numbered packs."""
    container, names = uri("item", "container:SAMPLE-0001"), list(bags)
    children = [uri("item", bag) for bag in names]
    handed = moved(EXPORTER, ROASTER)
    events = [
        event("2026-03-09T10:00", "receiving", "roastery", epcList=[container], **handed),
        event("2026-03-09T14:00", "unpacking", "roastery", parentID=container, childEPCs=children),
    ]
    packs = []
    for batch in range(6):
        own = names[batch * 4 : batch * 4 + 4]
        numbered = [uri("item", f"pack:S25-{batch + 1}-{serial:05d}") for serial in (1, 2)]
        events += roast_batch(batch, own, f"green:S25-{bags[own[0]]}", numbered)
        packs += numbered
    cartons = [uri("item", f"carton:S25-{batch + 1}") for batch in range(6)]
    events.append(event("2026-04-15T08:00", "shipping", "roastery", epcList=cartons, **moved(ROASTER, SHOP)))
    return events, packs


def roast_batch(batch: int, bags: list[str], green: str, numbered: list[str]) -> list[Event]:
    """Four bags opened, roasted and packed; two packs of each roast carry a number, the others a lot."""
    day = date(2026, 4, 7) + timedelta(days=batch)
    roasted, pack_lot = f"roasted:S25-{batch + 1}", uri("lot", f"pack:S25-{batch + 1}")
    kilograms = round(240 * spread(batch, 838, 846) / 1000, 1)
    unnumbered = int(kilograms * 4) - len(numbered)
    events = []
    for minute, bag in enumerate(bags):
        contents = [mass(green, 60)]
        opened = {"parentID": uri("item", bag), "childQuantityList": contents}
        events.append(event(f"{day}T07:{minute:02d}", "unpacking", "roastery", **opened))
    best_before = str(day + timedelta(days=365))
    return [
        *events,
        event(
            f"{day}T09:00",
            "roasting",
            "roastery",
            inputQuantityList=[mass(green, 240)],
            outputQuantityList=[mass(roasted, kilograms)],
            ilmd={"fh:roastDegree": "medium"},
        )
        | {"fh:carbonFootprint": quantity(52, "KGM")},
        event(
            f"{day}T14:00",
            "retailPacking",
            "roastery",
            inputQuantityList=[mass(roasted, kilograms)],
            outputEPCList=numbered,
            outputQuantityList=[{"epcClass": pack_lot, "quantity": unnumbered}],
            ilmd={"fh:netWeight": quantity(250, "GRM"), "cbvmda:bestBeforeDate": best_before},
        ),
        event(
            f"{day}T15:30",
            "packing",
            "roastery",
            parentID=uri("item", f"carton:S25-{batch + 1}"),
            childEPCs=numbered,
            childQuantityList=[{"epcClass": pack_lot, "quantity": 22}],
        ),
    ]


def shop(packs: list[str]) -> list[Event]:
    """Cartons arrive, are opened, and the first pack of each is sold."""
    cartons = [uri("item", f"carton:S25-{batch + 1}") for batch in range(6)]
    handed = moved(ROASTER, SHOP)
    arrived = {"epcList": cartons, **handed}
    events = [event("2026-04-16T09:00", "receiving", "shop", **arrived)]
    for batch, carton in enumerate(cartons):
        own = packs[batch * 2 : batch * 2 + 2]
        children = [{"epcClass": uri("lot", f"pack:S25-{batch + 1}"), "quantity": 22}]
        opened = {"childEPCs": own, "childQuantityList": children}
        events.append(event(f"2026-04-16T10:{batch:02d}", "unpacking", "shop", parentID=carton, **opened))
        sold = event(
            f"2026-04-{17 + batch}T11:{batch * 7:02d}",
            "selling",
            "shop",
            epcList=own[:1],
        )
        events.append(sold)
    return events
