"""The events of the sample season, file by file, from the plots to the shop. Everything is invented.

Eight farmers are organic, four are not, and both kinds are kept apart down to the shelf; all sell as
Fairtrade. Yields stay within the ranges of the coffee profile.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sample_season import Event, Party, Season, price, quantity, spread

SEASON = Season("coffee", "https://coop.example")
uri, event, mass, moved = SEASON.uri, SEASON.event, SEASON.amount, SEASON.moved

NUMBERS = "One Two Three Four Five Six Seven Eight Nine Ten Eleven Twelve".split()
FARMERS = [f"F{number:02d}" for number in range(1, 13)]
VARIETIES = ("SL28", "Bourbon", "Batian", "Ruiru 11")
HARVEST_DAYS = [date(2025, 10, 6) + timedelta(days=4 * number) for number in range(10)]
ORGANIC_FARMERS = FARMERS[:8]
ORGANIC, CONVENTIONAL = ["organic", "fairtrade"], ["fairtrade"]
COOPERATIVE, WET_MILL, DRY_MILL = "cooperative", "processor-wet-mill", "dry-mill"
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
PARTIES = [
    Party(COOPERATIVE, *NAMES[COOPERATIVE]),
    *(
        Party(f"farmer-{number}", f"Sample Farmer {NUMBERS[at]}", "maker")
        for at, number in enumerate(FARMERS)
    ),
    *(Party(key, *found) for key, found in NAMES.items() if key != COOPERATIVE),
]

GREEN_LOTS = {"A": range(4), "B": range(4, 10), "C": range(10, 15)}
"""Which parchment lots each green lot is milled from: A and B are organic, C is not."""

BAGS_OF = {"A": 8, "B": 12, "C": 4}


def claims(green: str) -> list[str]:
    """What may be said of a green lot."""
    return CONVENTIONAL if green == "C" else ORGANIC


def moisture(percent: float) -> list[dict[str, Any]]:
    """A moisture reading."""
    return [{"sensorReport": [{"type": "fh:moisture", "value": percent, "uom": "P1"}]}]


def altitude(farmer: int) -> int:
    """Of a farmer's plot, in metres."""
    return 1480 + spread(farmer, 0, 40) * 10


def plots() -> dict[str, list[Event]]:
    """Each farmer's own statement of the plot. The points lie in the Gulf of Guinea, where nobody farms."""
    return {f"plot-{number}.json": [plot(farmer, number)] for farmer, number in enumerate(FARMERS, 1)}


def plot(farmer: int, number: str) -> Event:
    """A point, and for the one plot above four hectares its boundary as well."""
    longitude, latitude = spread(farmer, 1000, 90000) / 1e6, spread(farmer + 40, 1000, 90000) / 1e6
    large = farmer == len(FARMERS)
    side = 0.00205 if large else 0
    corners = [(0, 0), (side, 0), (side, side), (0, side), (0, 0)]
    ring = ", ".join(f"{longitude + x:.6f} {latitude + y:.6f}" for x, y in corners)
    height = {"type": "Altitude", "value": altitude(farmer), "uom": "MTR"}
    return event(
        "2025-09-01T08:00",
        "plot",
        f"plot:{number}:P1",
        **{
            "sensorElementList": [{"sensorReport": [height]}],
            "cbvmda:countryOfOrigin": "ZZ",
            "fh:plotLocation": f"POINT ({longitude + side / 2:.6f} {latitude + side / 2:.6f})",
            **({"fh:plotBoundary": f"POLYGON (({ring}))"} if large else {}),
            "fh:area": quantity(5.2 if large else spread(farmer, 4, 30) / 10, "HAR"),
            "fh:variety": VARIETIES[farmer % 4],
            "fh:shadeCover": quantity(spread(farmer, 20, 60), "P1"),
        },
    )


def deliveries() -> list[dict[str, Any]]:
    """The clerk's book: organic farmers deliver on every harvest day, the others on the last five."""
    book = []
    for day_number, day in enumerate(HARVEST_DAYS):
        for farmer, number in enumerate(FARMERS, 1):
            if number in ORGANIC_FARMERS or day_number >= 5:
                book.append(receipt(len(book) + 1, day_number, day, farmer, number))
    return book


def receipt(seed: int, day_number: int, day: date, farmer: int, number: str) -> dict[str, Any]:
    """One row of the book."""
    return {
        "Receipt": f"S25-{seed:04d}",
        "Farmer no": number,
        "Farmer name": f"Sample Farmer {NUMBERS[farmer - 1]}",
        "Date": day.isoformat(),
        "Station": "Sample Hills",
        "Received by": WET_MILL.removeprefix("processor-"),
        "Plot": "P1",
        "Variety": VARIETIES[farmer % 4],
        "Altitude m": altitude(farmer),
        "Cherry kg": spread(seed, 840, 1260) / 10,
        "Ripe %": spread(seed + 500, 88, 98),
        "Brix": spread(seed + 900, 180, 235) / 10,
        "Claims": "organic, Fairtrade" if number in ORGANIC_FARMERS else "Fairtrade",
        "Price per kg": "0.62" if day_number < 5 else "0.66",
        "Currency": "USD",
        "Picking wage per kg": "0.14",
    }


def pulped(book: list[dict[str, Any]]) -> list[tuple[date, bool, list[dict[str, Any]]]]:
    """What the wet mill pulps together: each day's organic cherries, then each day's others."""
    found = []
    for organic in (True, False):
        for day in HARVEST_DAYS:
            rows = [
                row
                for row in book
                if row["Date"] == day.isoformat() and (row["Farmer no"] in ORGANIC_FARMERS) is organic
            ]
            found += [(day, organic, rows)] if rows else []
    return found


def wet_mill(book: list[dict[str, Any]]) -> tuple[list[Event], list[tuple[date, float]]]:
    """The parchment lots; returned with the harvest day and the kilograms of each."""
    events: list[Event] = []
    parchment = []
    for number, (day, organic, rows) in enumerate(pulped(book)):
        cherry = sum(row["Cherry kg"] for row in rows)
        parchment.append((day, round(cherry * spread(number, 196, 206) / 1000, 1)))
        lot = mass(f"parchment:S25-{number + 1:02d}", parchment[-1][1])
        events += parchment_lot(number, day, organic, rows, lot, cherry)
    return events, parchment


def parchment_lot(
    number: int, day: date, organic: bool, rows: list[dict[str, Any]], lot: dict[str, Any], cherry: float
) -> list[Event]:
    """Pulped, fermented and washed, dried for two weeks, sent to the dry mill."""
    station, dried = "station:Sample%20Hills", day + timedelta(days=14)
    said = {
        "fh:process": "washed",
        "fh:fermentation": quantity(spread(number, 18, 36), "HUR"),
        "fh:claims": ORGANIC if organic else CONVENTIONAL,
    }
    return [
        event(
            f"{day}T{'18:30' if organic else '20:10'}",
            "wetMilling",
            station,
            inputQuantityList=[mass(f"delivery:{row['Receipt']}", row["Cherry kg"]) for row in rows],
            outputQuantityList=[lot],
            ilmd=said,
        )
        | {"fh:water": quantity(round(cherry * 4.5), "LTR"), "fh:wage": price(9.5, "DAY")},
        event(
            f"{dried}T16:00",
            "drying",
            station,
            quantityList=[lot],
            sensorElementList=moisture(spread(number, 108, 116) / 10),
        )
        | {"fh:dryingMethod": "raised beds", "fh:dryingDays": quantity(14, "DAY")},
        event(
            f"{dried + timedelta(days=2)}T07:15",
            "shipping",
            station,
            quantityList=[lot],
            **moved(WET_MILL, DRY_MILL),
        ),
    ]


def dry_mill(
    parchment: list[tuple[date, float]],
) -> tuple[list[Event], dict[str, float], dict[str, str]]:
    """Three green lots and their bags of 60 kg; returned with each lot's kilograms and each bag's lot."""
    events: list[Event] = []
    green: dict[str, float] = {}
    bags: dict[str, str] = {}
    lots = [
        mass(f"parchment:S25-{number + 1:02d}", kilograms) for number, (_, kilograms) in enumerate(parchment)
    ]
    for (day, _), lot in zip(parchment, lots, strict=True):
        handed = {"quantityList": [lot], **moved(WET_MILL, DRY_MILL)}
        events.append(event(f"{day + timedelta(days=16)}T13:40", "receiving", "dry-mill", **handed))
    for letter, numbers in GREEN_LOTS.items():
        inputs = [lots[number] for number in numbers]
        share = spread(ord(letter), 785, 800) / 1000
        green[letter] = round(sum(lot["quantity"] for lot in inputs) * share, 1)
        events += green_lot(letter, inputs, green[letter], bags)
    handed = {"epcList": [uri("item", bag) for bag in bags], **moved(DRY_MILL, EXPORTER)}
    events.append(event("2026-01-20T07:00", "shipping", "dry-mill", **handed))
    return events, green, bags


def green_lot(
    letter: str, inputs: list[dict[str, Any]], kilograms: float, bags: dict[str, str]
) -> list[Event]:
    """Hulled, sorted and put into bags, which are added to `bags`."""
    lot = f"green:S25-{letter}"
    said = {"fh:screenSize": "16 and above", "fh:process": "washed", "fh:claims": claims(letter)}
    events = [
        event(
            f"2026-01-{ord(letter) - 52}T15:00",
            "dryMilling",
            "dry-mill",
            inputQuantityList=inputs,
            outputQuantityList=[mass(lot, kilograms)],
            ilmd=said,
        )
        | {"fh:energy": quantity(round(kilograms * 0.11), "KWH"), "fh:wage": price(11, "DAY")}
    ]
    for _ in range(BAGS_OF[letter]):
        bag = f"bag:S25-{len(bags) + 1:03d}"
        bags[bag] = letter
        packed = {"parentID": uri("item", bag), "childQuantityList": [mass(lot, 60)]}
        when = f"2026-01-{ord(letter) - 51}T10:{len(bags):02d}"
        events.append(event(when, "packing", "dry-mill", **packed))
    return events


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
            "fh:claims": ["fairtrade"],
            "fh:fairtradePremium": price(0.2, "LBR"),
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
        events += roast_batch(batch, own, bags[own[0]], numbered)
        packs += numbered
    cartons = [uri("item", f"carton:S25-{batch + 1}") for batch in range(6)]
    events.append(event("2026-04-15T08:00", "shipping", "roastery", epcList=cartons, **moved(ROASTER, SHOP)))
    return events, packs


def roast_batch(batch: int, bags: list[str], letter: str, numbered: list[str]) -> list[Event]:
    """Four bags opened, roasted and packed; two packs of each roast carry a number, the others a lot."""
    day = date(2026, 4, 7) + timedelta(days=batch)
    green, said = f"green:S25-{letter}", {"fh:claims": claims(letter)}
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
            ilmd={"fh:roastDegree": "medium", **said},
        )
        | {"fh:carbonFootprint": quantity(52, "KGM")},
        event(
            f"{day}T14:00",
            "retailPacking",
            "roastery",
            inputQuantityList=[mass(roasted, kilograms)],
            outputEPCList=numbered,
            outputQuantityList=[{"epcClass": pack_lot, "quantity": unnumbered}],
            ilmd={"fh:netWeight": quantity(250, "GRM"), "cbvmda:bestBeforeDate": best_before, **said},
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
