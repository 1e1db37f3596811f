"""The events of the sample season, file by file, from the river to the gallery. Everything is invented.

Silver of small-scale miners and silver from old pieces are refined apart; stones are cut, or bought with no
more than a dealer's word for their origin; two goldsmiths make six rings, each with a serial, a drawing in
place of a photograph, and its scrap. Masses are in grams, stones in carats; yields stay within the profile's
ranges.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sample_season import Event, Party, Season, picture, price, quantity, sha256_uri, spread

SEASON = Season("jewellery", "https://bench.example")
uri, event, moved = SEASON.uri, SEASON.event, SEASON.moved

MINERS = [f"miner-M{number}" for number in range(1, 4)]
MINE, REFINERY, DIGGERS, LAPIDARY, LABORATORY = "miners", "refinery", "diggers", "lapidary", "gem-laboratory"
ONE, TWO, ASSAY, GALLERY = "goldsmith-one", "goldsmith-two", "assay-office", "gallery"
NAMES = {
    MINE: ("Sample River Miners", "cooperative"),
    REFINERY: ("Sample Refinery", "processor"),
    DIGGERS: ("Sample Hill Gem Diggers", "maker"),
    LAPIDARY: ("Sample Lapidary", "maker"),
    LABORATORY: ("Sample Gem Laboratory", "certifier"),
    ONE: ("Sample Goldsmith One", "maker"),
    TWO: ("Sample Goldsmith Two", "maker"),
    ASSAY: ("Sample Assay Office", "certifier"),
    GALLERY: ("Sample Gallery", "retailer"),
}
PARTIES = [
    *(Party(key, *found) for key, found in NAMES.items()),
    *(
        Party(key, f"Sample Miner {name}", "maker")
        for key, name in zip(MINERS, ("One", "Two", "Three"), strict=True)
    ),
]

FAIRMINED, RECYCLED = ["fairmined"], ["recycled"]
DORE = {"D1": 412.6, "D2": 388.1, "D3": 431.9}
FINE, STERLING = 1060.4, 574.2
"""Grams of fine silver from the miners' doré, and of sterling from the old pieces."""

CUT = {
    "sapphire": ("P1", 21.4, (1.02, 0.96, 0.91, 0.88), "corundum", "blue"),
    "garnet": ("P2", 26.2, (1.41, 1.35, 1.3, 1.22), "garnet", "red"),
}
"""Of each kind of stone: its parcel, the carats of rough, the carats of each cut stone, species, colour."""


class Ring(NamedTuple):
    """A ring: who makes it, of which metal and stone, in grams and carats."""

    number: int
    maker: str
    metal: str
    grams: float
    stone: str
    carats: float
    weight: float
    scrap: float

    @property
    def name(self) -> str:
        """Its serial."""
        return f"ring:J26-{self.number:03d}"


RINGS = [
    Ring(1, ONE, "fine:J26-F1", 10.4, "sapphire-1", 1.02, 8.21, 2.25),
    Ring(2, ONE, "fine:J26-F1", 10.9, "sapphire-2", 0.96, 8.64, 2.3),
    Ring(3, ONE, "fine:J26-F1", 9.8, "sapphire-3", 0.91, 7.98, 1.89),
    Ring(4, TWO, "sterling:J26-R1", 11.2, "garnet-1", 1.41, 8.9, 2.44),
    Ring(5, TWO, "sterling:J26-R1", 12.1, "bought:D-107", 2.1, 9.72, 2.66),
    Ring(6, TWO, "sterling:J26-R1", 14.3, "bought:D-112", 1.64, 11.4, 3.02),
]
TOGETHER = 6
"""The ring that both goldsmiths work on."""


def grams(lot: str, value: float) -> dict[str, Any]:
    """A quantity element in grams."""
    return SEASON.amount(lot, value, "GRM")


def carats(lot: str, value: float) -> dict[str, Any]:
    """A quantity element of a stone, in metric carats."""
    return SEASON.amount(f"stone:{lot}", value, "CTM")


def mine() -> list[Event]:
    """Three lots of doré, each the work of two or three miners, and their way to the refinery."""
    shares = {"D1": ("1/2", "1/2"), "D2": ("1/3", "2/3"), "D3": ("1/4", "1/4", "1/2")}
    events = []
    for at, (lot, weight) in enumerate(DORE.items()):
        crew = MINERS[at % 2 :] if len(shares[lot]) == 2 else MINERS
        mined = event(
            f"2026-01-{8 + 5 * at:02d}T16:00",
            "mining",
            "river",
            quantityList=[grams(f"dore:J26-{lot}", weight)],
            ilmd={
                "fh:metal": "silver",
                "fh:fineness": 870 + 5 * at,
                "cbvmda:countryOfOrigin": "ZZ",
                "fh:mine": "Sample River, invented",
                "fh:miningMethod": "artisanal",
                "fh:claims": FAIRMINED,
            },
        )
        who = [
            {"fh:party": uri("party", miner), "fh:share": share}
            for miner, share in zip(crew, shares[lot], strict=False)
        ]
        events.append(mined | {"fh:makers": who})
    lots = [grams(f"dore:J26-{lot}", weight) for lot, weight in DORE.items()]
    handed = {"quantityList": lots, **moved(MINE, REFINERY)}
    return [*events, event("2026-01-22T08:00", "shipping", "river", **handed)]


def refine() -> list[Event]:
    """Doré to fine silver, old pieces to sterling, kept apart; both go to the goldsmiths."""
    lots = [grams(f"dore:J26-{lot}", weight) for lot, weight in DORE.items()]
    old = grams("old:J26-S1", 640.0)
    silver = {"fh:metal": "silver"}
    return [
        event("2026-01-23T10:00", "receiving", "refinery", quantityList=lots, **moved(MINE, REFINERY)),
        event(
            "2026-01-26T09:00",
            "reclaiming",
            "refinery",
            quantityList=[old],
            ilmd=silver
            | {"fh:fineness": 835, "fh:reclaimedFrom": "old pieces, mixed", "fh:claims": RECYCLED},
        ),
        event(
            "2026-01-28T15:00",
            "refining",
            "refinery",
            inputQuantityList=lots,
            outputQuantityList=[grams("fine:J26-F1", FINE)],
            ilmd=silver | {"fh:fineness": 999, "fh:claims": FAIRMINED},
        )
        | {"fh:energy": quantity(64, "KWH")},
        event(
            "2026-01-29T15:00",
            "refining",
            "refinery",
            inputQuantityList=[old],
            outputQuantityList=[grams("sterling:J26-R1", STERLING)],
            ilmd=silver | {"fh:fineness": 925, "fh:claims": RECYCLED},
        ),
        *(
            event("2026-02-02T08:00", "shipping", "refinery", quantityList=[lot], **moved(REFINERY, smith))
            for smith, lot in sold().items()
        ),
    ]


def sold() -> dict[str, dict[str, Any]]:
    """What the refinery sells to each goldsmith."""
    return {ONE: grams("fine:J26-F1", 200), TWO: grams("sterling:J26-R1", 200)}


def dig() -> list[Event]:
    """Two parcels of rough, and their way to the lapidary."""
    events = []
    for at, (parcel, weight, _, species, _) in enumerate(CUT.values()):
        said = {
            "fh:species": species,
            "fh:creation": "natural",
            "cbvmda:countryOfOrigin": "ZZ",
            "fh:mine": "Sample Hill, invented",
            "fh:miningMethod": "artisanal",
            "fh:claims": ["untreatedStone"],
        }
        lot = {"quantityList": [carats(f"rough-{parcel}", weight)]}
        events.append(event(f"2025-12-{9 + at:02d}T14:00", "stoneMining", "hill", **lot, ilmd=said))
    return [
        *events,
        event("2025-12-15T08:00", "shipping", "hill", quantityList=rough(), **moved(DIGGERS, LAPIDARY)),
    ]


def rough() -> list[dict[str, Any]]:
    """Both parcels."""
    return [carats(f"rough-{parcel}", weight) for parcel, weight, *_ in CUT.values()]


def stones(kind: str) -> list[dict[str, Any]]:
    """The cut stones of a kind."""
    return [carats(f"{kind}-{at}", weight) for at, weight in enumerate(CUT[kind][2], 1)]


def cut() -> list[Event]:
    """Each parcel becomes four stones; the sapphires go to one goldsmith, the garnets to the other."""
    events = [
        event("2025-12-16T11:00", "receiving", "lapidary", quantityList=rough(), **moved(DIGGERS, LAPIDARY))
    ]
    for at, (kind, (parcel, weight, _, species, colour)) in enumerate(CUT.items()):
        events.append(
            event(
                f"2026-01-{12 + at:02d}T17:00",
                "cutting",
                "lapidary",
                inputQuantityList=[carats(f"rough-{parcel}", weight)],
                outputQuantityList=stones(kind),
                ilmd={
                    "fh:species": species,
                    "fh:stoneVariety": kind,
                    "fh:creation": "natural",
                    "fh:cut": "oval",
                    "fh:colour": colour,
                    "fh:treatments": ["noneKnown"],
                    "fh:claims": ["untreatedStone"],
                },
            )
            | {
                "fh:makers": [uri("party", LAPIDARY)],
                "fh:labourShare": "1/2",
                "fh:hours": quantity(22, "HUR"),
            }
        )
    return [
        *events,
        event(
            "2026-01-19T08:00",
            "shipping",
            "lapidary",
            quantityList=stones("sapphire"),
            **moved(LAPIDARY, ONE),
        ),
        event(
            "2026-01-19T08:05", "shipping", "lapidary", quantityList=stones("garnet"), **moved(LAPIDARY, TWO)
        ),
    ]


def report() -> list[Event]:
    """A laboratory's reports on three sapphires: an origin is what it states, and is said so."""
    return [
        event("2026-02-09T10:00", "gemTesting", "gem-laboratory", quantityList=[stone])
        | {
            "fh:species": "corundum",
            "fh:stoneVariety": "sapphire",
            "fh:creation": "natural",
            "fh:caratWeight": quantity(stone["quantity"], "CTM"),
            "fh:treatments": ["noneKnown"],
            "fh:originStated": "Sample Hill, invented",
            "fh:originStatedBy": NAMES[LABORATORY][0],
            "fh:reportNumber": f"SAMPLE-{number:04d}",
            "fh:gemLaboratory": NAMES[LABORATORY][0],
        }
        for number, stone in enumerate(stones("sapphire")[:3], 1)
    ]


def stone_book() -> list[dict[str, Any]]:
    """The second goldsmith's book of bought stones: of their origin there is a dealer's word."""
    bought = (
        ("D-107", "2026-01-20", "Quartz", "Amethyst", 2.1, "purple", "heating"),
        ("D-112", "2026-01-20", "Topaz", "Topaz", 1.64, "pale blue", "irradiation; heating"),
        ("D-115", "2026-01-21", "Quartz", "Citrine", 1.88, "yellow", "heating"),
    )
    return [
        {
            "Stone no": number,
            "Date": day,
            "Species": species,
            "Variety": variety,
            "Carat": weight,
            "Colour": colour,
            "Natural or made": "natural",
            "Treatments": treatments,
            "Origin": "not known",
            "Origin stated by": "Sample Stone Dealer",
            "Dealer": "sample",
        }
        for number, day, species, variety, weight, colour, treatments in bought
    ]


def drawing(ring: Ring) -> str:
    """A drawing of a ring, in place of its photograph."""
    colour = {"s": "#34508f", "g": "#8f1d2c", "b": "#8a62b8"}[ring.stone[0]]
    shape = (
        '<circle cx="60" cy="70" r="34" fill="none" stroke="#b9bcc2" stroke-width="8"/>'
        f'<ellipse cx="60" cy="32" rx="{8 + ring.number}" ry="9" fill="{colour}"/>'
    )
    return picture(f"Sample ring {ring.number}", shape)


def made(ring: Ring) -> Event:
    """Metal and a stone in; the ring, with the weight of its stone, and its scrap out."""
    silver = "999" if ring.metal.startswith("fine") else "925"
    said = {
        "fh:metal": "silver",
        "fh:fineness": int(silver),
        "fh:netWeight": quantity(ring.weight, "GRM"),
        "fh:dimensions": f"{18 + ring.number % 3} mm inside, {6 + ring.number % 2} mm high",
        "fh:ringSize": str(50 + ring.number),
        "fh:makersMark": "SG1" if ring.maker == ONE else "SG2",
        "fh:technique": "forged and bezel-set",
        "fh:photographs": [sha256_uri(drawing(ring))],
        "fh:claims": [*(FAIRMINED if silver == "999" else RECYCLED), "handmade"],
    }
    hours = spread(ring.number + 20, 9, 16)
    makers: list[Any] = [uri("party", ring.maker)]
    if ring.number == TOGETHER:
        makers = [
            {"fh:party": uri("party", TWO), "fh:share": "3/4"},
            {"fh:party": uri("party", ONE), "fh:share": "1/4"},
        ]
    return event(
        f"2026-02-{15 + ring.number:02d}T17:00",
        "making",
        ring.maker,
        inputQuantityList=[grams(ring.metal, ring.grams), carats(ring.stone, ring.carats)],
        outputEPCList=[uri("item", ring.name)],
        outputQuantityList=[grams(f"scrap:J26-{ring.number:03d}", ring.scrap)],
        ilmd=said,
    ) | {
        "fh:makers": makers,
        "fh:labourShare": "1/2",
        "fh:hours": quantity(hours, "HUR"),
        "fh:pieceRate": price(hours * 9, "H87"),
        "fh:livingWageBenchmark": price(540, "MON"),
        "fh:livingWageSource": "Sample benchmark, invented: Sample Town, 2025",
    }


def rings_of(smith: str) -> list[str]:
    """The URIs of a goldsmith's rings."""
    return [uri("item", ring.name) for ring in RINGS if ring.maker == smith]


def goldsmith(smith: str) -> list[Event]:
    """Metal and stones in; rings made, sent to be assayed, back, and on to the gallery."""
    rings = rings_of(smith)
    to_office, back = moved(smith, ASSAY), moved(ASSAY, smith)
    kind = "sapphire" if smith == ONE else "garnet"
    return [
        event("2026-01-21T10:00", "receiving", smith, quantityList=stones(kind), **moved(LAPIDARY, smith)),
        event("2026-02-03T10:00", "receiving", smith, quantityList=[sold()[smith]], **moved(REFINERY, smith)),
        *(made(ring) for ring in RINGS if ring.maker == smith),
        event("2026-02-25T08:00", "shipping", smith, epcList=rings, **to_office),
        event("2026-03-05T10:00", "receiving", smith, epcList=rings, **back),
        event("2026-03-09T08:00", "shipping", smith, epcList=rings, **moved(smith, GALLERY)),
    ]


def bench_scrap() -> list[Event]:
    """The first goldsmith's scrap goes back to the refinery; later a sold ring is made wider."""
    widened = event("2026-04-20T15:00", "repairing", ONE, epcList=[uri("item", RINGS[0].name)])
    return [
        event("2026-03-10T08:00", "shipping", ONE, quantityList=scrap(), **moved(ONE, REFINERY)),
        widened
        | {
            "fh:workDone": "made two sizes wider, polished",
            "fh:ringSize": "53",
            "fh:netWeight": quantity(8.29, "GRM"),
            "fh:hours": quantity(1.5, "HUR"),
        },
    ]


def scrap() -> list[dict[str, Any]]:
    """The scrap of the first goldsmith's rings."""
    return [grams(f"scrap:J26-{ring.number:03d}", ring.scrap) for ring in RINGS if ring.maker == ONE]


def refine_scrap() -> list[Event]:
    """Scrap in, fine silver out: of mixed origin now, so it carries no claim."""
    return [
        event("2026-03-12T10:00", "receiving", "refinery", quantityList=scrap(), **moved(ONE, REFINERY)),
        event(
            "2026-03-18T15:00",
            "refining",
            "refinery",
            inputQuantityList=scrap(),
            outputQuantityList=[grams("fine:J26-S1", 6.3)],
            ilmd={"fh:metal": "silver", "fh:fineness": 999},
        ),
    ]


def assay() -> list[Event]:
    """Each goldsmith's rings are tested and marked; a ring's own weight is on its own event."""
    events = []
    for at, smith in enumerate((ONE, TWO)):
        to_office, back = moved(smith, ASSAY), moved(ASSAY, smith)
        rings = rings_of(smith)
        events.append(event(f"2026-02-26T10:0{at}", "receiving", "assay-office", epcList=rings, **to_office))
        events += [hallmarked(ring) for ring in RINGS if ring.maker == smith]
        events.append(event(f"2026-03-04T08:0{at}", "shipping", "assay-office", epcList=rings, **back))
    return events


def hallmarked(ring: Ring) -> Event:
    """One ring's marks."""
    fineness = "999" if ring.metal.startswith("fine") else "925"
    tested = event(
        f"2026-03-02T{9 + ring.number:02d}:00", "assaying", "assay-office", epcList=[uri("item", ring.name)]
    )
    return tested | {
        "fh:metal": "silver",
        "fh:fineness": int(fineness),
        "fh:sponsorsMark": "SG1" if ring.maker == ONE else "SG2",
        "fh:finenessMark": fineness,
        "fh:assayOfficeMark": "SAMPLE",
        "fh:assayOffice": NAMES[ASSAY][0],
        "fh:reportNumber": f"SAMPLE-A-{ring.number:04d}",
        "fh:netWeight": quantity(ring.weight, "GRM"),
    }


def gallery() -> list[Event]:
    """All rings arrive; three are sold."""
    return [
        *(
            event(
                f"2026-03-11T10:0{at}",
                "receiving",
                "gallery",
                epcList=rings_of(smith),
                **moved(smith, GALLERY),
            )
            for at, smith in enumerate((ONE, TWO))
        ),
        *(
            event(f"2026-03-{20 + at}T15:00", "selling", "gallery", epcList=[uri("item", RINGS[ring].name)])
            | {"fh:salePrice": price(380 + 60 * at, "H87"), "fh:buyer": f"Sample Buyer {at + 1}"}
            for at, ring in enumerate((0, 3, 5))
        ),
    ]
