"""A picture of a trace: well-formed, left to right, with quantities and parties, whatever lots are called."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.trace.graph import LotGraph
from firsthand.trace.layout import layers
from firsthand.trace.picture import picture
from firsthand.trace.statement import Statement
from tests.trace.made import ADELA, BELA, lot, made, statements, turned
from tests.trace.test_laws import seasons, spoken_of

SVG = "{http://www.w3.org/2000/svg}"


def drawn(graph: LotGraph, name: str, names: dict[str, str] | None = None) -> ElementTree.Element:
    nodes = graph.back(graph.nodes(name))
    text = picture(graph, nodes, list(graph.links(nodes)), "<title> & more", names or {}, frozenset([name]))
    return ElementTree.fromstring(text)


def words(root: ElementTree.Element) -> list[str]:
    return ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]


def test_it_says_how_much_went_where_and_whose_it_was() -> None:
    many = [made(f"d{at}", 10) for at in range(7)]
    graph = LotGraph(statements(*many, (BELA, turned([(f"d{at}", 10) for at in range(7)], [("p", 60)], 10))))
    root = drawn(graph, lot("p"), {ADELA: "Adela <maker>", BELA: "Bela"})
    said = words(root)
    assert {"Adela <maker>", "Bela", "p", "60 kg · 2026-03-01", "70 kg"} <= set(said)
    assert any(text.startswith("7 lots, d0") for text in said)
    boxes = {one.get("fill") for one in root.iter(f"{SVG}rect")}
    assert len(boxes - {"#fff", "#ffffff"}) == 2


@given(seasons)
def test_anything_can_be_drawn(season: list[Statement]) -> None:
    graph = LotGraph(season)
    for name in spoken_of(season):
        drawn(graph, name)


@pytest.mark.parametrize("name", ['a:"<&>', "a:" + "x" * 300, "a:%F0%9F%92%8E"])
def test_names_cannot_break_it(name: str) -> None:
    drawn(LotGraph(statements(made(name, 1))), name)


arrows: Any = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda one: one[0] != one[1]))


@given(arrows)
def test_every_box_stands_in_one_layer_and_arrows_lead_to_the_right(found: list[tuple[int, int]]) -> None:
    boxes = list(range(10))
    placed = layers(boxes, found)
    rank = {box: at for at, layer in enumerate(placed) for box in layer}
    assert sorted(rank) == boxes == sorted(box for layer in placed for box in layer)
    if all(source < target for source, target in found):
        assert all(rank[source] < rank[target] for source, target in found)
