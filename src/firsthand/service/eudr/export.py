"""The plots of lots, as the GeoJSON that the EU information system takes with a due diligence statement.

A lot goes in only whole: its custody is not mass balance, every origin of it is known, every origin's plot
was stated, and every plot passes the rules that other people's files are judged by. Else the lot is refused
by name, with every reason. Nothing is invented or repaired: coordinates are those that were signed, written
with six decimals at least, rings wound as RFC 7946 §3.1.6 asks.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from itertools import count
from typing import Any, Final

from sqlalchemy import select

from firsthand.errors import NotFound
from firsthand.journal.database import reading
from firsthand.ledger.event_index import EVENT_KEY, Kind
from firsthand.service.balance import whole_balance
from firsthand.service.eudr.countries import country_code
from firsthand.service.eudr.judge import judge_plots
from firsthand.service.eudr.plot_events import COUNTRY, Opened, PlotEvents, StatedPlot, place_name, stated
from firsthand.service.eudr.plots import Finding, Plot, PlotFile, Position, Ring, Shape
from firsthand.service.eudr.rules import twice_area
from firsthand.service.eudr.shapes import plot_hectares
from firsthand.service.sealed_values import opened as open_values
from firsthand.service.trace import Reader, trace_back
from firsthand.service.workspace import Workspace
from firsthand.trace.balance import Balance

__all__ = ["Export", "ExportedPlot", "Refusal", "export_eudr", "final_lots"]

_LEAST: Final = 6
_SAMPLE_COUNTRY: Final = "ZZ"
"""A user-assigned code of ISO 3166-1: no country has it, and none will."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A lot that does not go in, and why."""

    lot: str
    reasons: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.lot}: {'; '.join(self.reasons)}"


@dataclass(slots=True)
class ExportedPlot:
    """A plot that goes in, and the lots that come from it."""

    plot: Plot
    name: str
    producer: str
    country: str
    area: Decimal | None
    lots: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Export:
    """The document, its plots by URI, the lots that were refused, and warnings about what goes in."""

    document: bytes
    plots: dict[str, ExportedPlot]
    refused: list[Refusal]
    warnings: list[Finding]

    @property
    def sample(self) -> bool:
        """Whether any plot is an invented one."""
        return any(exported.plot.sample for exported in self.plots.values())


def final_lots(workspace: Workspace, kept: Balance | None = None) -> list[str]:
    """The lots that came into being and were not used up for another one, in the order of the journal.

    `kept` is the balance of the whole journal, where it is known already.
    """
    made = (Kind.CLASS, Kind.OUTPUT_CLASS)
    with reading(workspace.engine) as connection:
        used = set(
            connection.execute(
                select(EVENT_KEY.c.uri)
                .where(EVENT_KEY.c.kind.in_((Kind.INPUT_CLASS, Kind.INPUT_EPC)))
                .distinct()
            ).scalars()
        )
        rows = connection.execute(
            select(EVENT_KEY.c.uri).where(EVENT_KEY.c.kind.in_(made)).order_by(EVENT_KEY.c.number)
        ).scalars()
        made_lots = list(dict.fromkeys(rows))
    if not used.isdisjoint(made_lots):
        used -= (kept or whole_balance(workspace)).left_over()
    return [uri for uri in made_lots if uri not in used]


def export_eudr(
    workspace: Workspace,
    lots: Iterable[str],
    *,
    opened: Opened | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Export:
    """The plots of these lots; with refusals, the document holds the other lots' plots only.

    Sealed values are opened where this workspace can, or by `opened`; `told` hears how many lots are done.
    The document holds the producers' names, a cooperative's members' among them: the regulation asks for
    them. Raises InvalidInput for what is no URI.
    """
    collector = _Collector(workspace, opened or partial(open_values, workspace))
    refused: list[Refusal] = []
    for done, lot in enumerate(lots, 1):
        reasons = collector.take(lot)
        if reasons:
            refused.append(Refusal(lot, tuple(dict.fromkeys(reasons))))
        told(done)
    plots, together = collector.exported()
    refused += together
    warnings = judge_plots(PlotFile([one.plot for one in plots.values()])) if plots else []
    return Export(_document(plots), plots, refused, warnings)


class _Collector:
    """Lot by lot, the plots that they come from."""

    def __init__(self, workspace: Workspace, opened: Opened) -> None:
        self._workspace = workspace
        self._parties = workspace.parties.current()
        self._plots = PlotEvents(workspace, Reader(workspace).corrections.stands, opened)
        self._found: dict[str, ExportedPlot] = {}
        self._refused: dict[str, list[str]] = {}

    def take(self, lot: str) -> list[str]:
        """Add a lot's plots, all or, with reasons, none."""
        try:
            trace = trace_back(self._workspace, lot)
            custody = trace.custody()
        except NotFound as error:
            return [str(error)]
        reasons: list[str] = []
        if custody.model == "mass balance":
            reasons.append(f"its custody model is mass balance: {custody.reason}")
        mine: list[ExportedPlot] = []
        for origin in trace.composition.origins:
            statement = origin.statement
            if statement is None:
                reasons.append(f"nobody recorded where {origin.node.lot} came into being")
            elif statement.place is None:
                reasons.append(f"no place was recorded where {origin.node.lot} came into being")
            else:
                makers = [party for party, _ in statement.origin_makers]
                found = self._at(statement.place, statement.number, makers)
                if isinstance(found, ExportedPlot):
                    mine.append(found)
                else:
                    reasons += found
        if not reasons:
            for exported in mine:
                if lot not in exported.lots:
                    exported.lots.append(lot)
        return reasons

    def exported(self) -> tuple[dict[str, ExportedPlot], list[Refusal]]:
        """The plots that a lot goes in with, and the lots of plots that cannot stand beside one another."""
        plots = {place: exported for place, exported in self._found.items() if exported.lots}
        refused: dict[str, list[str]] = {}
        while plots and (errors := _errors([exported.plot for exported in plots.values()])):
            for error in errors:
                lots = set(plots[error.place].lots) if error.place in plots else set()
                for lot in lots:
                    refused.setdefault(lot, []).append(f"{error.place}: {error.message}")
                for exported in plots.values():
                    exported.lots = [lot for lot in exported.lots if lot not in lots]
            plots = {place: exported for place, exported in plots.items() if exported.lots}
        return plots, [Refusal(lot, tuple(dict.fromkeys(reasons))) for lot, reasons in refused.items()]

    def _at(self, place: str, number: int, makers: list[str]) -> ExportedPlot | list[str]:
        if place in self._found:
            return self._found[place]
        if place not in self._refused:
            stated_plot = self._plots.at(place)
            if stated_plot is None:
                return [f"no plot was recorded at {place}"]
            exported, reasons = self._exported(stated_plot, place, number, makers)
            if not reasons and exported is not None:
                self._found[place] = exported
                return exported
            self._refused[place] = reasons
        return self._refused[place]

    def _exported(
        self, found: StatedPlot, place: str, number: int, makers: list[str]
    ) -> tuple[ExportedPlot | None, list[str]]:
        origin = self._plots.event(number)
        plot = found.plot
        country = plot.country or country_code(stated(origin, COUNTRY) or "")
        if country is None and plot.sample:
            country = _SAMPLE_COUNTRY
        reasons = [f"{place}: {finding.message}" for finding in found.findings]
        if country is None:
            reasons.append(f"no country was recorded for the plot {place}")
        # What nobody stated is measured where there is a polygon; of a point alone no area is known.
        drawn = plot_hectares(plot)
        area = plot.area or (Decimal(str(round(drawn, 4))) if drawn else None)
        judged = _wound(replace(plot, country=None if plot.sample else country, area=area))
        reasons += [f"{place}: {one.message}" for one in _errors([judged])]
        if not plot.shapes or country is None:
            return None, reasons
        producer = ", ".join(dict.fromkeys(self._name(party) for party in makers))
        name = place_name(place, found.event, origin)
        return ExportedPlot(judged, name, producer, country, area), reasons

    def _name(self, party: str) -> str:
        registered = self._parties.party(party)
        if registered is not None:
            return registered.name
        return self._workspace.members.display_name(party) or party.rstrip("/").rpartition("/")[2]


def _errors(plots: Sequence[Plot]) -> list[Finding]:
    return [finding for finding in judge_plots(PlotFile(list(plots))) if finding.severity == "error"]


# --- the document -----------------------------------------------------------------------------------------


def _document(plots: dict[str, ExportedPlot]) -> bytes:
    features = ",\n".join(_feature(place, exported) for place, exported in plots.items())
    return f'{{"type":"FeatureCollection","features":[\n{features}\n]}}\n'.encode()


def _feature(place: str, exported: ExportedPlot) -> str:
    """The members that EUDR GeoJSON File Description 1.5 names; the plot's URI is the feature's id."""
    properties: dict[str, Any] = {
        "ProducerName": exported.producer,
        "ProducerCountry": exported.country,
        "ProductionPlace": exported.name,
    }
    if exported.area is not None:
        properties["Area"] = float(round(exported.area, 4))
    if exported.plot.sample:
        properties["Sample"] = True
    shape = exported.plot.shapes[0]
    return (
        f'{{"type":"Feature","id":{json.dumps(place)},'
        f'"properties":{json.dumps(properties, ensure_ascii=False)},"geometry":{_geometry(shape)}}}'
    )


def _geometry(shape: Shape) -> str:
    if shape.points:
        return f'{{"type":"Point","coordinates":{_written(shape.points[0])}}}'
    polygons = [f"[{','.join(_ring(ring) for ring in rings)}]" for rings in shape.polygons]
    if len(polygons) == 1:
        return f'{{"type":"Polygon","coordinates":{polygons[0]}}}'
    return f'{{"type":"MultiPolygon","coordinates":[{",".join(polygons)}]}}'


def _ring(ring: Ring) -> str:
    return f"[{','.join(map(_written, ring))}]"


def _written(position: Position) -> str:
    return f"[{_degrees(position[0])},{_degrees(position[1])}]"


def _degrees(number: Decimal) -> str:
    exponent = number.as_tuple().exponent
    decimals = max(_LEAST, -exponent if isinstance(exponent, int) else _LEAST)
    return f"{number:.{decimals}f}"


def _wound(plot: Plot) -> Plot:
    """The plot with its rings wound as RFC 7946 §3.1.6 writes them: outer ones counterclockwise."""
    shapes = tuple(
        replace(
            shape, wound=True, polygons=tuple(tuple(map(_turned, rings, count())) for rings in shape.polygons)
        )
        for shape in plot.shapes
    )
    return replace(plot, shapes=shapes)


def _turned(ring: Ring, number: int) -> Ring:
    area = twice_area(ring)
    return ring[::-1] if area and (area < 0) == (number == 0) else ring
