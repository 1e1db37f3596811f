"""The events of the sample season, file by file, from the fields to the shop. Everything is invented.

Four growers are organic, two are not; both kinds are kept apart. A shawl is woven by one weaver, and one by
three together; each has a serial of its own from the loom on. Yields stay within the profile's ranges.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sample_season import Event, Party, Season, picture, price, quantity, sha256_uri, spread

SEASON = Season("textile", "https://loom.example")
uri, event, mass, moved = SEASON.uri, SEASON.event, SEASON.amount, SEASON.moved

NUMBERS = "One Two Three Four Five Six".split()
GROWERS = [f"G{number}" for number in range(1, 7)]
ORGANIC_GROWERS = GROWERS[:4]
WEAVERS = [f"weaver-W{number}" for number in range(1, 7)]
PICKING_DAYS = [date(2025, 9, 15) + timedelta(days=9 * number) for number in range(4)]
COOPERATIVE, GIN, SPINNER, DYER = "growers", "processor-gin", "spinner", "dyer"
LOOM_HOUSE, INSPECTOR, BRAND, SHOP = "loom-house", "inspector", "brand", "shop"
NAMES = {
    COOPERATIVE: ("Sample Plain Growers", "cooperative"),
    GIN: ("Sample Plain Gin", "processor"),
    SPINNER: ("Sample Thread Mill", "processor"),
    DYER: ("Sample Vat Dyers", "maker"),
    LOOM_HOUSE: ("Sample Loom House", "cooperative"),
    INSPECTOR: ("Sample Textile Inspection", "certifier"),
    BRAND: ("Sample Plain Clothes", "brand"),
    SHOP: ("Sample Cloth Shop", "retailer"),
}
PARTIES = [
    *(Party(key, *found) for key, found in NAMES.items()),
    *(Party(f"grower-{key}", f"Sample Grower {NUMBERS[at]}", "maker") for at, key in enumerate(GROWERS)),
    *(Party(key, f"Sample Weaver {NUMBERS[at]}", "maker") for at, key in enumerate(WEAVERS)),
]

ORGANIC = ["organic", "gots"]
SCOPE, TRANSACTION = "SAMPLE-SC-0001", "SAMPLE-TC-0001"
FROM_THE_FIELD = "Sample Plain, invented"
PIECES = [f"shawl:T26-{number:03d}" for number in range(1, 11)]
ORGANIC_PIECES = PIECES[:8]
TOGETHER = 6
"""The piece on which three weavers work."""


def plots() -> dict[str, list[Event]]:
    """Each grower's own statement of the field, in the Gulf of Guinea, where nobody grows cotton."""
    files = {}
    for grower, key in enumerate(GROWERS, 1):
        longitude, latitude = spread(grower + 7, 1000, 90000) / 1e6, spread(grower + 70, 1000, 90000) / 1e6
        area = spread(grower, 8, 30) / 10
        measured = {"type": "Area", "value": area, "uom": "HAR"}
        files[f"plot-{key}.json"] = [
            event(
                "2025-05-02T08:00",
                "plot",
                f"plot:{key}:P1",
                **{
                    "sensorElementList": [{"sensorReport": [measured]}],
                    "cbvmda:countryOfOrigin": "ZZ",
                    "fh:plotLocation": f"POINT ({longitude:.6f} {latitude:.6f})",
                    "fh:area": quantity(area, "HAR"),
                    "fh:variety": "Gossypium hirsutum",
                },
            )
        ]
    return files


def intake() -> list[dict[str, Any]]:
    """The clerk's book of seed cotton: every grower delivers on every picking day."""
    book = []
    for day_number, day in enumerate(PICKING_DAYS):
        for grower, key in enumerate(GROWERS, 1):
            seed = day_number * len(GROWERS) + grower
            book.append(
                {
                    "Receipt": f"T25-{seed:03d}",
                    "Grower no": key,
                    "Grower name": f"Sample Grower {NUMBERS[grower - 1]}",
                    "Date": day.isoformat(),
                    "Station": "Sample Plain",
                    "Received by": GIN.removeprefix("processor-"),
                    "Plot": "P1",
                    "Fibre": "cotton",
                    "Variety": "Gossypium hirsutum",
                    "Weight kg": spread(seed, 1150, 1890) / 10,
                    "Claims": "organic" if key in ORGANIC_GROWERS else "",
                    "Price per kg": "0.71" if key in ORGANIC_GROWERS else "0.58",
                    "Currency": "USD",
                    "Picking wage per kg": "0.09",
                }
            )
    return book


LINT_LOTS = {"A": (True, PICKING_DAYS[:2]), "B": (True, PICKING_DAYS[2:]), "C": (False, PICKING_DAYS)}
"""Of each lint lot: whether it is organic, and the days whose seed cotton it is ginned from."""


def gin(book: list[dict[str, Any]]) -> tuple[list[Event], dict[str, float]]:
    """Seed cotton becomes three lots of lint; returned with the kilograms of each."""
    events: list[Event] = []
    lint: dict[str, float] = {}
    for letter, (organic, days) in LINT_LOTS.items():
        dates = {day.isoformat() for day in days}
        rows = [
            row for row in book if row["Date"] in dates and (row["Grower no"] in ORGANIC_GROWERS) is organic
        ]
        share = spread(ord(letter), 338, 362) / 1000
        lint[letter] = round(sum(row["Weight kg"] for row in rows) * share, 1)
        said = {"fh:fibre": "cotton", "fh:stapleLength": quantity(28, "MMT")}
        ginned = event(
            f"2025-10-{ord(letter) - 43}T16:00",
            "ginning",
            "gin",
            inputQuantityList=[mass(f"delivery:{row['Receipt']}", row["Weight kg"]) for row in rows],
            outputQuantityList=[mass(f"lint:T25-{letter}", lint[letter])],
            ilmd=said | ({"fh:claims": ORGANIC} if organic else {}),
        )
        events.append(ginned | {"fh:energy": quantity(round(lint[letter] * 0.2), "KWH")})
    lots = [mass(f"lint:T25-{letter}", kilograms) for letter, kilograms in lint.items()]
    handed = {"quantityList": lots, **moved(GIN, SPINNER)}
    return [*events, event("2025-10-28T07:30", "shipping", "gin", **handed)], lint


def spin(lint: dict[str, float]) -> tuple[list[Event], dict[str, float]]:
    """Carded, ring-spun yarn of two lots, most of the lint used; returned with the kilograms of each."""
    lots = [mass(f"lint:T25-{letter}", kilograms) for letter, kilograms in lint.items()]
    events = [event("2025-10-28T15:10", "receiving", "spinner", quantityList=lots, **moved(GIN, SPINNER))]
    yarn: dict[str, float] = {}
    recipes = (("organic", {"A": 150.0, "B": 150.0}, ORGANIC), ("plain", {"C": 150.0}, []))
    for at, (name, used, claims) in enumerate(recipes):
        yarn[name] = round(sum(used.values()) * spread(at + 3, 864, 892) / 1000, 1)
        said = {
            "fh:fibreContent": ["100 % cotton"],
            "fh:fibreOrigin": FROM_THE_FIELD,
            "fh:spinningMethod": "ring",
            "fh:combing": "carded",
            "fh:yarnCount": 20,
            "fh:yarnCountSystem": "Ne",
            "fh:ply": 2,
            "fh:twist": "S, 480 turns a metre",
        }
        events.append(
            event(
                f"2025-11-{10 + at}T17:00",
                "spinning",
                "spinner",
                inputQuantityList=[mass(f"lint:T25-{letter}", amount) for letter, amount in used.items()],
                outputQuantityList=[mass(f"yarn:T25-{name}", yarn[name])],
                ilmd=said | ({"fh:claims": claims} if claims else {}),
            )
            | {"fh:energy": quantity(round(yarn[name] * 3.4), "KWH"), "fh:wage": price(8.2, "DAY")}
        )
    sold = [mass("yarn:T25-organic", 80), mass("yarn:T25-plain", 30)]
    handed = {"quantityList": sold, **moved(SPINNER, DYER)}
    return [*events, event("2025-11-17T07:00", "shipping", "spinner", **handed)], yarn


BATHS = {
    "indigo": ("organic", 40, 39.8, "Indigofera tinctoria", "leaf", "none", "blue"),
    "madder": ("organic", 40, 40.4, "Rubia tinctorum", "root", "alum", "red"),
    "grey": ("plain", 30, 29.7, "", "", "", "grey"),
}
"""Of each bath: its yarn, kilograms in and out, the plant and its part, the mordant, the colour."""


def dye() -> list[Event]:
    """Two baths of plants and one reactive one; the recipes are the dyer's own and sealed by default."""
    bought = [mass("yarn:T25-organic", 80), mass("yarn:T25-plain", 30)]
    events = [event("2025-11-17T14:00", "receiving", "dyer", quantityList=bought, **moved(SPINNER, DYER))]
    for at, (name, bath) in enumerate(BATHS.items()):
        yarn, before, after, plant, part, mordant, colour = bath
        said: dict[str, Any] = {
            "fh:dyeClass": "natural" if plant else "reactive",
            **({"fh:dyeSource": plant, "fh:dyePlantPart": part, "fh:mordant": mordant} if plant else {}),
            "fh:dyeLot": f"BATH-{at + 1:02d}",
            "fh:dyeRecipe": f"Sample recipe {at + 1}, invented: {before} kg at {55 + 5 * at} °C",
            "fh:restrictedSubstances": "ZDHC MRSL, level 1",
            "fh:colour": colour,
        }
        if plant:
            said["fh:claims"] = [*ORGANIC, "naturalDye"]
        events.append(
            event(
                f"2025-11-{20 + at}T18:00",
                "dyeing",
                "dyer",
                inputQuantityList=[mass(f"yarn:T25-{yarn}", before)],
                outputQuantityList=[mass(f"dyed:T25-{name}", after)],
                ilmd=said,
            )
            | {
                "fh:makers": [uri("party", DYER)],
                "fh:labourShare": "1/5",
                "fh:hours": quantity(14, "HUR"),
                "fh:water": quantity(before * 40, "LTR"),
            }
        )
    handed = {"quantityList": given(), **moved(DYER, LOOM_HOUSE)}
    return [*events, event("2025-11-26T07:00", "shipping", "dyer", **handed)]


def given() -> list[dict[str, Any]]:
    """The dyed yarn that goes to the loom house; five kilograms of each bath stay with the dyer."""
    return [mass(f"dyed:T25-{name}", round(bath[2] - 5, 1)) for name, bath in BATHS.items()]


def shawl(number: int) -> str:
    """A drawing of a shawl, in place of its photograph."""
    colours = ("#34508f", "#a33c2f") if PIECES[number] in ORGANIC_PIECES else ("#777777", "#aaaaaa")
    stripes = "".join(
        f'<rect x="{10 + 10 * at}" y="10" width="10" height="100" fill="{colours[(at + number) % 2]}"/>'
        for at in range(10)
    )
    return picture(f"Sample shawl {number + 1}", stripes)


def weave() -> dict[str, list[Event]]:
    """Each weaver's pieces in a file of her own; the one that three wove is recorded by the loom house."""
    files: dict[str, list[Event]] = {}
    for number in range(len(PIECES)):
        signer = LOOM_HOUSE if number == TOGETHER else WEAVERS[number % len(WEAVERS)]
        files.setdefault(signer, []).append(woven(number))
    return files


def woven(number: int) -> Event:
    """One shawl: yarn in, a piece with a serial out, the hours and the piece rate of those who wove it."""
    organic = PIECES[number] in ORGANIC_PIECES
    inputs = (
        [mass("dyed:T25-indigo", 0.62), mass("dyed:T25-madder", 0.58)]
        if organic
        else [mass("dyed:T25-grey", 1.2)]
    )
    weight = spread(number + 11, 1120, 1175)
    hours = spread(number + 5, 26, 38)
    makers: list[Any] = [uri("party", WEAVERS[number % len(WEAVERS)])]
    if number == TOGETHER:
        shares = ("1/2", "1/3", "1/6")
        makers = [
            {"fh:party": uri("party", weaver), "fh:share": share}
            for weaver, share in zip(WEAVERS, shares, strict=False)
        ]
    said = {
        "fh:fibreContent": ["100 % cotton"],
        "fh:fibreOrigin": FROM_THE_FIELD,
        "fh:loom": "treadle",
        "fh:weave": "plain weave, striped",
        "fh:reed": 8,
        "fh:picks": 9,
        "fh:width": quantity(70, "CMT"),
        "fh:length": quantity(2.1, "MTR"),
        "fh:netWeight": quantity(weight, "GRM"),
        "fh:photographs": [sha256_uri(shawl(number))],
        "fh:claims": [*(ORGANIC if organic else []), *(["naturalDye"] if organic else []), "handwoven"],
    }
    return event(
        f"2026-01-{6 + number:02d}T17:30",
        "weaving",
        "loom-house",
        inputQuantityList=inputs,
        outputEPCList=[uri("item", PIECES[number])],
        ilmd=said,
    ) | {
        "fh:makers": makers,
        "fh:labourShare": "2/5",
        "fh:hours": quantity(hours, "HUR"),
        "fh:pieceRate": price(round(hours * 2.4, 2), "H87"),
        "fh:livingWageBenchmark": price(310, "MON"),
        "fh:livingWageSource": "Sample benchmark, invented: Sample Plain, 2025",
    }


def loom_house(together: list[Event]) -> list[Event]:
    """Yarn in; the piece that three wove; all pieces washed and pressed, and sent to the brand."""
    pieces = [uri("item", piece) for piece in PIECES]
    organic = [uri("item", piece) for piece in ORGANIC_PIECES]
    finished = event("2026-01-20T15:00", "finishing", "loom-house", epcList=pieces)
    shipped = event(
        "2026-01-26T07:00",
        "shipping",
        "loom-house",
        epcList=organic,
        bizTransactionList=[{"type": "cert", "bizTransaction": uri("document", TRANSACTION)}],
        **moved(LOOM_HOUSE, BRAND),
    )
    weight = sum(spread(number + 11, 1120, 1175) for number in range(len(ORGANIC_PIECES))) / 1000
    rest = [piece for piece in pieces if piece not in organic]
    return [
        event("2025-11-26T16:00", "receiving", "loom-house", quantityList=given(), **moved(DYER, LOOM_HOUSE)),
        *together,
        finished | {"fh:finish": "washed and pressed", "fh:water": quantity(240, "LTR")},
        shipped
        | {
            "fh:claims": ORGANIC,
            "fh:gotsScopeNumber": SCOPE,
            "fh:gotsTransactionNumber": TRANSACTION,
            "fh:grossShippingWeight": quantity(round(weight + 0.8, 3), "KGM"),
            "fh:netShippingWeight": quantity(round(weight, 3), "KGM"),
            "fh:certifiedWeight": quantity(round(weight, 3), "KGM"),
        },
        event("2026-01-26T07:10", "shipping", "loom-house", epcList=rest, **moved(LOOM_HOUSE, BRAND)),
    ]


def inspect() -> list[Event]:
    """An inspector looks at every piece before it leaves the loom house."""
    pieces = [uri("item", piece) for piece in PIECES]
    seen = event("2026-01-23T10:00", "inspection", "loom-house", epcList=pieces)
    return [seen | {"fh:inspectionOutcome": "conforms", "fh:defects": "none found"}]


def brand() -> list[Event]:
    """Pieces in; one is cut into two scarves; the others go into a carton and to the shop."""
    pieces = [uri("item", piece) for piece in PIECES]
    organic = [uri("item", piece) for piece in ORGANIC_PIECES]
    rest = [piece for piece in pieces if piece not in organic]
    handed = moved(LOOM_HOUSE, BRAND)
    scarves = [uri("item", f"scarf:T26-{number:03d}") for number in (1, 2)]
    cut = event(
        "2026-02-03T16:00",
        "cutting",
        "brand",
        inputEPCList=pieces[-1:],
        outputEPCList=scarves,
        ilmd={"fh:netWeight": quantity(520, "GRM"), "fh:claims": ["handwoven"]},
    )
    sent = [*pieces[:-1], *scarves]
    carton = uri("item", "carton:T26-1")
    return [
        event("2026-01-28T11:00", "receiving", "brand", epcList=organic, **handed),
        event("2026-01-28T11:05", "receiving", "brand", epcList=rest, **handed),
        cut | {"fh:hours": quantity(2, "HUR"), "fh:pieceRate": price(6, "H87")},
        event("2026-02-05T09:00", "packing", "brand", parentID=carton, childEPCs=sent),
        event("2026-02-05T17:00", "shipping", "brand", epcList=[carton], **moved(BRAND, SHOP)),
    ]


def shop() -> list[Event]:
    """The carton arrives and is opened; four pieces are sold."""
    carton = uri("item", "carton:T26-1")
    scarves = [uri("item", f"scarf:T26-{number:03d}") for number in (1, 2)]
    sent = [*(uri("item", piece) for piece in PIECES[:-1]), *scarves]
    sold = [PIECES[0], PIECES[TOGETHER], PIECES[8], "scarf:T26-001"]
    return [
        event("2026-02-09T09:30", "receiving", "shop", epcList=[carton], **moved(BRAND, SHOP)),
        event("2026-02-09T10:00", "unpacking", "shop", parentID=carton, childEPCs=sent),
        *(
            event(f"2026-02-{14 + at}T12:{at:02d}", "selling", "shop", epcList=[uri("item", piece)])
            for at, piece in enumerate(sold)
        ),
    ]
