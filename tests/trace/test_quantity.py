"""Quantities are exact: UN/CEFACT Recommendation 20's factors, and decimals by their text."""

from __future__ import annotations

from fractions import Fraction

import pytest

from firsthand.trace.composition import shares
from firsthand.trace.graph import LotGraph
from firsthand.trace.quantity import Quantity, quantity, total
from tests.trace.made import event, item, lot, made, mass, statement, statements, turned


# Recommendation 20, revision 17, column "conversion factor".
@pytest.mark.parametrize(
    ("value", "uom", "expected"),
    [
        (0.1, "KGM", Quantity(Fraction(1, 10), "KGM")),
        (250, "GRM", Quantity(Fraction(1, 4), "KGM")),
        (1, "LBR", Quantity(Fraction("0.45359237"), "KGM")),
        (1, "ONZ", Quantity(Fraction("0.028349523125"), "KGM")),
        (2, "DTN", Quantity(Fraction(200), "KGM")),
        (1, "CWA", Quantity(Fraction("45.359237"), "KGM")),
        (1.02, "CTM", Quantity(Fraction("0.000204"), "KGM")),
        (7, "MGM", Quantity(Fraction("0.000007"), "KGM")),
        (1, "TNE", Quantity(Fraction(1000), "KGM")),
        (210, "CMT", Quantity(Fraction("2.1"), "MTR")),
        (3, None, Quantity(Fraction(3), "C62")),
        (3, "H87", Quantity(Fraction(3), "C62")),
        (3, "XBG", Quantity(Fraction(3), "XBG")),
        (1e-50, "KGM", None),
        (1e300, "KGM", None),
        (-1, "KGM", None),
        (float("nan"), "KGM", None),
    ],
)
def test_units(value: float, uom: str | None, expected: Quantity | None) -> None:
    assert quantity(value, uom) == expected


def test_sums() -> None:
    assert total([quantity(0.1, "KGM"), quantity(200, "GRM")]) == Quantity(Fraction(3, 10), "KGM")
    assert total([quantity(1, "KGM"), quantity(1, "LTR")]) is None
    assert total([quantity(1, "KGM"), None]) is None
    assert total([]) is None


def test_bags_and_pieces_count_by_the_mass_that_is_stated() -> None:
    bags = made(
        "bags", 2, uom="XBG", **{"fh:bagWeight": {"fh:value": 60, "fh:uom": "KGM"}, "fh:makers": ["a:1"]}
    )
    packs = made(
        "packs",
        160,
        uom=None,
        ilmd={"fh:netWeight": {"fh:value": 250, "fh:uom": "GRM"}},
        **{"fh:makers": ["a:2"]},
    )
    mixed = event(
        "TransformationEvent",
        10,
        inputQuantityList=[mass("bags", 1, "XBG"), mass("packs", 80, None)],
        outputQuantityList=[mass("p", 80)],
    )
    graph = LotGraph(statements(bags, packs, mixed))
    assert shares(graph, graph.nodes(lot("p"))) == {"a:1": Fraction(3, 4), "a:2": Fraction(1, 4)}


def test_labour_and_shares_of_makers() -> None:
    third = [{"fh:party": "a:1", "fh:share": "1/3"}, {"fh:party": "a:2", "fh:share": "2/3"}]
    graph = LotGraph(
        statements(
            made("wool", 9, **{"fh:makers": third}),
            turned([("wool", 9)], [("cloth", 8)], 10, **{"fh:makers": ["a:weaver"], "fh:labourShare": "2/5"}),
        )
    )
    assert shares(graph, graph.nodes(lot("cloth"))) == {
        "a:1": Fraction(1, 5),
        "a:2": Fraction(2, 5),
        "a:weaver": Fraction(2, 5),
    }


def test_an_urn_and_a_digital_link_are_one_lot() -> None:
    urn, link = "urn:epc:class:lgtin:4012345.011111.L7", "https://shop.example/01/04012345111118/10/L7"
    graph = LotGraph([statement(0, made(urn, 5)), statement(1, turned([(link, 5)], [("p", 5)], 10))])
    (origin,) = [node.lot for node in graph.back(graph.nodes(lot("p")))][1:]
    assert origin == "https://id.gs1.org/01/04012345111118/10/L7"
    assert graph.nodes(item("nothing")) == []
