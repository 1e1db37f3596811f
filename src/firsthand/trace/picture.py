"""A trace as a picture that a person can read: left to right, one colour a party, quantities on the edges.

Many lots that are alike (same party, same ways in and out) are drawn as one stack, with their number and sum.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote
from xml.sax.saxutils import escape

from firsthand.events.instants import timestamp_text
from firsthand.trace.graph import Link, LotGraph, Node
from firsthand.trace.layout import layers
from firsthand.trace.quantity import Quantity, total

__all__ = ["picture"]

# Okabe & Ito's colours that people with any colour vision tell apart, lightened for black text.
_COLOURS: Final = (
    "#f0c36d", "#9fd3f2", "#8fd8bf", "#f4ec9a", "#8db6d9", "#eeb08a", "#e0b6cd", "#c9c9c9",
    "#d7e4a3", "#c4b5e3", "#f2c9c9", "#b5d8d8",
)  # fmt: skip
_WIDTH: Final = 190
_HEIGHT: Final = 52
_ACROSS: Final = 120
_DOWN: Final = 16
_MARGIN: Final = 24
_STACK: Final = 5
"""From so many lots that are alike on, they are drawn as one."""

_LETTER: Final = 6.3
"""Width of a letter of 11 pixels, about."""


@dataclass(frozen=True, slots=True)
class _Box:
    name: str
    detail: str
    party: str
    count: int


def picture(
    graph: LotGraph,
    nodes: Sequence[Node],
    links: Sequence[Link],
    title: str,
    names: Mapping[str, str],
    marked: frozenset[str] = frozenset(),
) -> str:
    """The SVG of these nodes and links; `names` are the parties', `marked` lots get a strong border."""
    groups = _groups(graph, nodes, links, marked)
    of = {node: at for at, group in enumerate(groups) for node in group}
    arrows: dict[tuple[int, int], list[Link]] = defaultdict(list)
    for link in links:
        if of[link.source] != of[link.target]:
            arrows[of[link.source], of[link.target]].append(link)
    places = _places(layers(list(range(len(groups))), list(arrows)))
    boxes = [_box(graph, group, links) for group in groups]
    parties = list(dict.fromkeys(box.party for box in boxes))
    colours = {party: _COLOURS[at % len(_COLOURS)] for at, party in enumerate(parties)}
    width = max((x for x, _ in places.values()), default=0) + _WIDTH + _MARGIN
    height = max((y for _, y in places.values()), default=0) + _HEIGHT + _MARGIN
    legend, legend_height = _legend(parties, colours, names, height, width)
    parts = [
        _arrow(places[source], places[target], several, arrows, (source, target))
        for (source, target), several in arrows.items()
    ]
    parts += [
        _drawn(places[at], box, colours[box.party], any(node.lot in marked for node in groups[at]))
        for at, box in enumerate(boxes)
    ]
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {width} {height + legend_height}" '
        f'width="{width}" height="{height + legend_height}" font-family="system-ui, sans-serif" '
        'font-size="11">'
        f"<title>{escape(title)}</title>"
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto"><path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>'
        f'<rect width="100%" height="100%" fill="#fff"/>'
        f'<text x="{_MARGIN}" y="20" font-size="14" font-weight="600">{escape(title)}</text>'
    )
    return head + "".join(parts) + legend + "</svg>\n"


def _groups(
    graph: LotGraph, nodes: Sequence[Node], links: Sequence[Link], marked: frozenset[str]
) -> list[list[Node]]:
    into: dict[Node, set[Node]] = defaultdict(set)
    onto: dict[Node, set[Node]] = defaultdict(set)
    for link in links:
        into[link.target].add(link.source)
        onto[link.source].add(link.target)
    alike: dict[tuple[object, ...], list[Node]] = {}
    for node in nodes:
        key: tuple[object, ...] = (_party(graph, node), frozenset(into[node]), frozenset(onto[node]))
        alone = node.lot in marked or not (into[node] or onto[node])
        alike.setdefault((node,) if alone else key, []).append(node)
    groups: list[list[Node]] = []
    for group in alike.values():
        groups += [group] if len(group) >= _STACK else [[node] for node in group]
    return groups


def _party(graph: LotGraph, node: Node) -> str:
    inflows = graph.inflows.get(node)
    if inflows:
        return inflows[0].statement.issuer
    statements = graph.of(node.lot)
    return statements[0].issuer if statements else ""


def _box(graph: LotGraph, group: list[Node], links: Sequence[Link]) -> _Box:
    amounts = [_amount(graph, node) for node in group]
    whole = total(amounts)
    time = min((one.time for node in group for one in graph.of(node.lot)[:1]), default=0)
    name = _short(group[0].lot)
    if len(group) > 1:
        name = f"{len(group)} lots, {name} …"
    detail = " · ".join(part for part in (str(whole or ""), timestamp_text(time)[:10]) if part)
    return _Box(name, detail, _party(graph, group[0]), len(group))


def _amount(graph: LotGraph, node: Node) -> Quantity | None:
    """What came into a node; of one that nothing came into, what is first stated of it."""
    inflows = graph.inflows.get(node, [])
    if inflows:
        return total(graph.measure(one.node or node, one.quantity) for one in inflows)
    for statement in graph.of(node.lot):
        for part in (*statement.inputs, *statement.things, *statement.outputs):
            if part.lot == node.lot:
                return graph.measure(node, part.quantity)
    return None


def _places(found: list[list[int]]) -> dict[int, tuple[int, int]]:
    tallest = max((len(layer) for layer in found), default=0)
    places: dict[int, tuple[int, int]] = {}
    for across, layer in enumerate(found):
        top = 40 + (tallest - len(layer)) * (_HEIGHT + _DOWN) // 2
        for down, box in enumerate(layer):
            places[box] = (_MARGIN + across * (_WIDTH + _ACROSS), top + down * (_HEIGHT + _DOWN))
    return places


def _arrow(
    source: tuple[int, int],
    target: tuple[int, int],
    several: list[Link],
    arrows: Mapping[tuple[int, int], list[Link]],
    ends: tuple[int, int],
) -> str:
    x1, y1 = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    x2, y2 = target[0], target[1] + _HEIGHT // 2
    bend = max(40, (x2 - x1) // 2)
    path = f"M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"
    dashed = ' stroke-dasharray="4 3"' if all(link.kind == "contents" for link in several) else ""
    whole = total(link.quantity for link in several)
    label = str(whole) if whole is not None else ""
    if not label:
        return f'<path d="{path}" fill="none" stroke="#777"{dashed} marker-end="url(#tip)"/>'
    # Where many arrows meet, the label stands at the other end.
    gather = sum(1 for _, to in arrows if to == ends[1]) >= sum(1 for one, _ in arrows if one == ends[0])
    along = 0.3 if gather else 0.78
    x, y = _on_curve((x1, y1), (x1 + bend, y1), (x2 - bend, y2), (x2, y2), along)
    wide = len(label) * _LETTER + 6
    return (
        f'<path d="{path}" fill="none" stroke="#777"{dashed} marker-end="url(#tip)"/>'
        f'<rect x="{x - wide / 2:.0f}" y="{y - 8:.0f}" width="{wide:.0f}" height="15" rx="3" fill="#fff" '
        f'fill-opacity=".9"/><text x="{x:.0f}" y="{y + 4:.0f}" text-anchor="middle" fill="#333">'
        f"{escape(label)}</text>"
    )


def _on_curve(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float], t: float
) -> tuple[float, float]:
    u = 1 - t
    weights = (u**3, 3 * u * u * t, 3 * u * t * t, t**3)
    x, y = (sum(w * point[at] for w, point in zip(weights, (a, b, c, d), strict=True)) for at in (0, 1))
    return x, y


def _drawn(place: tuple[int, int], box: _Box, colour: str, marked: bool) -> str:
    x, y = place
    stroke, thick = ("#000", 2) if marked else ("#555", 1)
    behind = ""
    if box.count > 1:
        behind = "".join(
            f'<rect x="{x + off}" y="{y - off}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{colour}" '
            'stroke="#555"/>'
            for off in (6, 3)
        )
    return (
        f"<g>{behind}"
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="6" fill="{colour}" stroke="{stroke}" '
        f'stroke-width="{thick}"/>'
        f'<text x="{x + 10}" y="{y + 22}" font-weight="600">{escape(_fit(box.name))}</text>'
        f'<text x="{x + 10}" y="{y + 40}" fill="#333">{escape(_fit(box.detail))}</text></g>'
    )


def _legend(
    parties: Sequence[str], colours: Mapping[str, str], names: Mapping[str, str], top: int, width: int
) -> tuple[str, int]:
    parts, x, y = [], _MARGIN, top + 6
    for party in parties:
        name = names.get(party, _short(party)) or "not stated"
        wide = int(len(name) * _LETTER) + 40
        if x + wide > width - _MARGIN and x > _MARGIN:
            x, y = _MARGIN, y + 22
        parts.append(
            f'<rect x="{x}" y="{y}" width="14" height="14" rx="3" fill="{colours[party]}" stroke="#555"/>'
            f'<text x="{x + 20}" y="{y + 11}">{escape(name)}</text>'
        )
        x += wide
    note = "Solid: made of. Dashed: packed into. A stack is several lots that are alike."
    y += 34
    parts.append(f'<text x="{_MARGIN}" y="{y}" fill="#555">{note}</text>')
    return "".join(parts), y - top + 16


def _short(uri: str) -> str:
    return unquote(uri.rstrip("/").rpartition("/")[2]) or uri


def _fit(text: str) -> str:
    most = int((_WIDTH - 16) / _LETTER)
    return text if len(text) <= most else text[: most - 1] + "…"
