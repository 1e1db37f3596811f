"""Quantities are exact: UN/CEFACT Recommendation 20's factors, and decimals by their text."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from firsthand.trace.balance import Balance
from firsthand.trace.composition import shares
from firsthand.trace.graph import LotGraph
from firsthand.trace.quantity import Quantity, quantity, total
from tests.trace.made import (
    ADELA,
    BELA,
    COOP,
    event,
    item,
    lot,
    made,
    mass,
    moved,
    packed,
    statement,
    statements,
    turned,
)


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


def used(container: str, minute: int) -> dict[str, Any]:
    """What is in a container goes into the lot z."""
    return event(
        "TransformationEvent",
        minute,
        bizStep="commissioning",
        inputEPCList=[container],
        outputQuantityList=[mass("z", 30)],
    )


@pytest.mark.parametrize(
    ("out", "of_a"),
    [([("a", 30)], Fraction(0)), ([("a", 20)], Fraction(1, 4)), ([("a", None)], Fraction(0)), ([], None)],
)
def test_what_was_taken_out_of_a_container_is_not_in_what_is_made_of_it(
    out: list[tuple[object, float]], of_a: Fraction | None
) -> None:
    crate = item("crate")
    graph = LotGraph(
        statements(
            (ADELA, made("a", 30)),
            (BELA, made("b", 30, 1)),
            (COOP, packed(crate, [("a", 30), ("b", 30)], 2)),
            (COOP, packed(crate, out, 3, "DELETE")),
            (COOP, used(crate, 4)),
            (COOP, packed(crate, [("b", 30)], 5, "DELETE")),  # too late to change what z is made of
        )
    )
    nodes = graph.nodes(lot("z"))
    found = shares(graph, nodes)
    # What was emptied before it was used can only tell what it held.
    part = Fraction(1, 2) if of_a is None else of_a
    assert found == {uri: share for uri, share in ((ADELA, part), (BELA, 1 - part)) if share}
    assert (graph.nodes(lot("a"))[0] in graph.back(nodes)) is bool(part)
    assert (nodes[0] in graph.forward(graph.nodes(lot("a")))) is bool(part)


def test_an_emptied_container_keeps_what_it_held() -> None:
    crate = item("crate")
    graph = LotGraph(
        statements(
            made("a", 30),
            made("b", 10, 1),
            packed(crate, [("a", 30), ("b", 10)], 2),
            packed(crate, [("a", 30)], 3, "DELETE"),
            packed(crate, [("b", 10)], 4, "DELETE"),
        )
    )
    assert {node.lot for node in graph.back(graph.nodes(crate))} == {crate, lot("a"), lot("b")}


def test_an_urn_and_a_digital_link_are_one_lot() -> None:
    urn, link = "urn:epc:class:lgtin:4012345.011111.L7", "https://shop.example/01/04012345111118/10/L7"
    graph = LotGraph([statement(0, made(urn, 5)), statement(1, turned([(link, 5)], [("p", 5)], 10))])
    (origin,) = [node.lot for node in graph.back(graph.nodes(lot("p")))][1:]
    assert origin == "https://id.gs1.org/01/04012345111118/10/L7"
    assert graph.nodes(item("nothing")) == []


def test_an_event_captured_again_in_other_bytes_counts_once() -> None:
    first = turned([("a", 100)], [("p", 80)], 10)
    again = {**first, "eventTime": first["eventTime"].replace("Z", ".000Z")}
    late = {**first, "recordTime": "2026-03-02T00:00:00Z"}
    other = turned([("a", 0)], [("p", 5)], 10)
    balance = Balance().take_all(
        statements(made("a", 100), (COOP, first), (BELA, again), (BELA, late), (COOP, other))
    )
    assert balance.findings() == []
    assert balance.stock() == Balance().take_all(statements(made("a", 100), first, other)).stock()


@pytest.mark.parametrize(
    ("arrived", "severity"), [(45.36, "warning"), (45.2, "warning"), (45.7, "error"), (45, "error")]
)
def test_what_arrives_may_differ_by_what_scales_do(arrived: float, severity: str) -> None:
    sent = event(
        "ObjectEvent",
        5,
        action="OBSERVE",
        bizStep="shipping",
        quantityList=[mass("a", 100, "LBR")],
        **moved(ADELA, COOP),
    )
    got = event(
        "ObjectEvent",
        9,
        action="OBSERVE",
        bizStep="receiving",
        quantityList=[mass("a", arrived)],
        **moved(ADELA, COOP),
    )
    (found,) = Balance().take_all(statements(made("a", 100, 0, "LBR"), sent, (COOP, got))).findings()
    assert (found.kind, found.severity) == ("shipped-received-differ", severity)
