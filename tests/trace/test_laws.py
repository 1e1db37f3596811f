"""Laws of the lot graph and of balances, over seasons that nobody would write by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firsthand.proof.canonical import canonical
from firsthand.trace.balance import Balance
from firsthand.trace.composition import composition, shares
from firsthand.trace.custody import custody
from firsthand.trace.evidence import ORIGIN, evidence
from firsthand.trace.findings import KINDS
from firsthand.trace.graph import LotGraph
from firsthand.trace.holdings import holdings
from firsthand.trace.statement import Statement, read_statement
from tests.trace.made import (
    ADELA,
    BELA,
    COOP,
    event,
    gathered,
    item,
    lot,
    made,
    mass,
    packed,
    statement,
    turned,
)

LOTS = [lot(name) for name in "abcdefgh"]
BOXES = [item(name) for name in ("box", "crate")]
PARTIES = (ADELA, BELA, COOP)

names = st.sampled_from(LOTS)
amounts = st.one_of(st.none(), st.integers(0, 50), st.decimals("0.1", "90", places=1).map(float))
uoms = st.sampled_from(["KGM", "GRM", "LBR", "KGM", "KGM", "LTR", "C62", None])
minutes = st.integers(0, 5000)
elements = st.builds(mass, names, amounts, uoms)
makers = st.one_of(
    st.just({}),
    st.just({"fh:makers": [ADELA, BELA]}),
    st.just({"fh:makers": [{"fh:party": ADELA, "fh:share": "1/3"}, {"fh:party": BELA, "fh:share": "2/3"}]}),
    st.just({"fh:makers": [BELA], "fh:labourShare": "2/5"}),
    st.just({"fh:onBehalfOf": COOP}),
    st.just({"fh:makers": [], "fh:labourShare": 7, "fh:claims": {"a": 1}}),
    st.just({"fh:claims": ["organic"]}),
)
joined = st.one_of(
    st.just({}), st.sampled_from([{"transformationID": "urn:x:t1"}, {"transformationID": "urn:x:t2"}])
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["add", "turn", "turn", "turn", "pack", "unpack", "see", "delete", "fix"]))
    minute, more = draw(minutes), draw(makers)
    some = st.lists(elements, min_size=1, max_size=3)
    if kind == "turn":
        inputs = {
            "inputQuantityList": draw(some),
            "inputEPCList": draw(st.lists(st.sampled_from(BOXES), max_size=1)),
        }
        return event(
            "TransformationEvent", minute, **inputs, outputQuantityList=draw(some), **draw(joined), **more
        )
    if kind in ("pack", "unpack", "fix"):
        return event(
            "AssociationEvent" if kind == "fix" else "AggregationEvent",
            minute,
            action="DELETE" if kind == "unpack" else "ADD",
            parentID=draw(st.sampled_from([*BOXES, LOTS[0]])),
            childEPCs=draw(st.lists(st.sampled_from(BOXES), max_size=1)),
            childQuantityList=draw(st.lists(elements, max_size=2)),
            **more,
        )
    action = {"add": "ADD", "delete": "DELETE", "see": "OBSERVE"}[kind]
    step = draw(st.sampled_from(["shipping", "receiving", "inspecting", "commissioning", "retail_selling"]))
    return event("ObjectEvent", minute, action=action, bizStep=step, quantityList=draw(some), **more)


seasons = st.lists(st.tuples(st.sampled_from(PARTIES), events()), min_size=1, max_size=14).map(
    lambda found: [statement(number, one, issuer) for number, (issuer, one) in enumerate(found)]
)


def spoken_of(season: list[Statement]) -> list[str]:
    return sorted(LotGraph(season)._by_lot)


@given(seasons)
def test_shares_sum_to_exactly_one(season: list[Statement]) -> None:
    graph = LotGraph(season)
    for name in spoken_of(season):
        nodes = graph.nodes(name)
        found = shares(graph, nodes)
        assert sum(found.values()) == 1
        assert all(share >= 0 for share in found.values())
        made_of = composition(graph, nodes)
        assert sum(made_of.origins.values()) + sum(made_of.labour.values()) == 1
        assert sum(evidence(graph, nodes, "organic").parts.values()) == 1
        assert sum(evidence(graph, nodes, ORIGIN).parts.values()) == 1
        assert sum(custody(graph, nodes).origins.values()) == 1


@given(seasons)
def test_back_and_forward_are_inverse(season: list[Statement]) -> None:
    graph = LotGraph(season)
    nodes = [node for name in spoken_of(season) for node in graph.nodes(name)]
    back = {node: set(graph.back([node])) for node in nodes}
    forward = {node: set(graph.forward([node])) for node in nodes}
    for one in nodes:
        for other in nodes:
            assert (other in back[one]) == (one in forward[other])


@given(seasons)
def test_a_trace_reads_all_that_it_needs(season: list[Statement]) -> None:
    whole = LotGraph(season)
    for name in spoken_of(season):
        part = LotGraph(gathered(whole.statements, [name], "back").standing)
        assert set(part.back(part.nodes(name))) == set(whole.back(whole.nodes(name)))
        assert shares(part, part.nodes(name)) == shares(whole, whole.nodes(name))
        ahead = LotGraph(gathered(whole.statements, [name], "forward").standing)
        assert {one.lot for one in ahead.forward(ahead.nodes(name))} == {
            one.lot for one in whole.forward(whole.nodes(name))
        }


@given(seasons, st.randoms())
def test_the_order_of_captures_does_not_matter(season: list[Statement], random: Any) -> None:
    shuffled = list(season)
    random.shuffle(shuffled)
    again = [
        statement
        for number, one in enumerate(shuffled)
        if (statement := read_statement(number, one.issuer, one.time, one.body)) is not None
    ]
    first, second = LotGraph(season), LotGraph(again)
    for name in spoken_of(season):
        assert shares(first, first.nodes(name)) == shares(second, second.nodes(name))
        assert first.back(first.nodes(name)) == second.back(second.nodes(name))
        assert custody(first, first.nodes(name)) == custody(second, second.nodes(name))


@given(seasons)
def test_what_leaves_a_lot_never_exceeds_what_entered_without_a_finding(season: list[Statement]) -> None:
    balance = Balance().take_all(sorted(season, key=lambda one: one.order))
    findings = balance.findings()
    told = {name for one in findings if one.kind == "negative-stock" for name in one.lots}
    for name, account in balance.accounts.items():
        if account.made_at is not None and not account.packed_into:
            assert account.went <= account.came or name in told
    assert {one.kind for one in findings} <= set(KINDS)
    assert all(one.events or one.parties for one in findings)


@given(seasons)
def test_holdings_and_links_of_anything(season: list[Statement]) -> None:
    graph = LotGraph(season)
    everything = spoken_of(season)
    assert all(one.lot in everything for one in holdings(graph, everything))
    nodes = [node for name in everything for node in graph.nodes(name)]
    for link in graph.links(nodes):
        assert link.source in graph.sources(link.target)
        assert link.target in graph.targets(link.source)


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=6), st.integers(0, 100))
def test_loss_is_carried_proportionally(weights: list[int], lost: int) -> None:
    inputs = [made(f"d{at}", weight, **{"fh:makers": [f"{ADELA}{at}"]}) for at, weight in enumerate(weights)]
    whole = sum(weights)
    run = turned([(f"d{at}", weight) for at, weight in enumerate(weights)], [("p", whole)], 10)
    loss = event("ObjectEvent", 20, action="DELETE", bizStep="destroying", quantityList=[mass("p", lost)])
    graph = LotGraph([statement(n, one) for n, one in enumerate([*inputs, run, loss])])
    expected = {f"{ADELA}{at}": Fraction(weight, whole) for at, weight in enumerate(weights)}
    assert shares(graph, graph.nodes(lot("p"))) == expected


texts = st.text("ab:/1.-", max_size=5)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "fh:makers fh:labourShare fh:onBehalfOf fh:claims fh:area fh:netWeight fh:bagWeight fh:step fh:profile"
)


@given(
    st.dictionaries(
        st.sampled_from(FIELDS.split()),
        json_values,
    )
)
def test_our_own_fields_may_hold_anything(fields: dict[str, Any]) -> None:
    hostile = turned([("a", 1)], [("b", 1)], 10, **fields, ilmd=fields)
    graph = LotGraph([statement(0, made("a", 1, **fields)), statement(1, hostile)])
    assert sum(shares(graph, graph.nodes(lot("b"))).values()) == 1
    Balance().take_all(graph.statements).findings()


@pytest.mark.parametrize(
    "body",
    [b"{}", b"[]", b"5", b'{"type":"ObjectEvent","epcList":{}}', b'{"type":"x:Own","epcList":["a:b"]}'],
)
def test_what_is_no_event_of_the_standard_says_nothing(body: bytes) -> None:
    assert read_statement(0, ADELA, 0, body) is None
    assert read_statement(0, ADELA, 0, canonical(packed(BOXES[0], [("a", 1)], 0))) is not None
