"""The plot that an origin lot came from: the newest standing `plot` event of its place, as a Plot to judge.

A plot's event has `fh:step` = `plot`, the place as its readPoint, and `fh:plotLocation` (a point) or
`fh:plotBoundary` (a polygon), each as WKT in WGS 84 or as a GeoJSON geometry; beside it `fh:area`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from urllib.parse import unquote

from firsthand.errors import InvalidInput
from firsthand.events.units import convert
from firsthand.proof.canonical import parse_canonical
from firsthand.service.eudr.countries import country_code
from firsthand.service.eudr.geojson import read_geojson
from firsthand.service.eudr.plots import Finding, Plot, Shape
from firsthand.service.eudr.sheet import wkt_shape
from firsthand.service.workspace import Workspace

__all__ = ["Opened", "PlotEvents", "StatedPlot", "shape_of", "stated"]

Opened = Callable[[int, dict[str, Any]], dict[str, Any]]
"""An event of that number with every sealed value that this workspace can open."""

_NAMES: Final = ("fh:plot", "fh:farm", "fh:parcel")
COUNTRY: Final = ("cbvmda:countryOfOrigin", "fh:countryCode")
BOUNDARY: Final = "fh:plotBoundary"
LOCATION: Final = "fh:plotLocation"


@dataclass(frozen=True, slots=True)
class StatedPlot:
    """A plot as its event states it, whose event that is, and what of it could not be read."""

    plot: Plot
    number: int
    event: dict[str, Any]
    issuer: str
    findings: tuple[Finding, ...] = ()


class PlotEvents:
    """The plots of a workspace by place URI."""

    def __init__(self, workspace: Workspace, stands: Callable[[int], bool], opened: Opened) -> None:
        self._workspace = workspace
        self._stands = stands
        self._opened = opened
        self._known: dict[str, StatedPlot | None] = {}

    def at(self, place: str) -> StatedPlot | None:
        """The plot at a place as it was stated last; None when nobody stated one."""
        if place not in self._known:
            self._known[place] = self._find(place)
        return self._known[place]

    def event(self, number: int) -> dict[str, Any]:
        """The event of that number, opened."""
        return self._opened(number, parse_canonical(self._workspace.journal.event(number)[2]))

    def _find(self, place: str) -> StatedPlot | None:
        for number in reversed(self._workspace.index.by_item(place)):
            entry, _, body = self._workspace.journal.event(number)
            if b'"fh:step":"plot"' not in body or not self._stands(number):
                continue
            event = self._opened(number, parse_canonical(body))
            if event.get("fh:step") == "plot" and "errorDeclaration" not in event:
                return _stated_plot(place, number, event, entry.issuer)
        return None


def _stated_plot(place: str, number: int, event: dict[str, Any], issuer: str) -> StatedPlot:
    findings: list[Finding] = []
    shapes: tuple[Shape, ...] = ()
    # A boundary says more than a point, so it is taken where both are stated.
    name = BOUNDARY if BOUNDARY in event else LOCATION
    if name in event:
        try:
            shapes = shape_of(event[name])
        except InvalidInput as error:
            findings.append(Finding("error", "position", place, f"{name}: {error.reason}", place))
    else:
        sealed = "; what was sealed this workspace cannot open" if "fh:sealed" in str(event) else ""
        reason = f"the plot's event states neither {LOCATION} nor {BOUNDARY}{sealed}"
        findings.append(Finding("error", "no-geometry", place, reason, place))
    country = next((str(event[key]) for key in COUNTRY if isinstance(event.get(key), str)), "")
    plot = Plot(
        place,
        place,
        shapes,
        country_code(country) if country else None,
        _hectares(event.get("fh:area")),
        sample=event.get("fh:sample") is True,
    )
    return StatedPlot(plot, number, event, issuer, tuple(findings))


def shape_of(value: Any) -> tuple[Shape, ...]:
    """The shapes of WKT text or a GeoJSON geometry. Raises InvalidInput."""
    if isinstance(value, str):
        return (wkt_shape(value),)
    if not isinstance(value, dict):
        raise InvalidInput("expected WKT text or a GeoJSON geometry")
    feature = {"type": "Feature", "id": "plot", "properties": {}, "geometry": value}
    file = read_geojson(json.dumps({"type": "FeatureCollection", "features": [feature]}).encode())
    if file.findings:
        raise InvalidInput(file.findings[0].message)
    return file.plots[0].shapes


def stated(event: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of these texts that an event states, on itself or in its ilmd."""
    ilmd = event.get("ilmd")
    for source in (event, ilmd if isinstance(ilmd, dict) else {}):
        for name in names:
            value = source.get(name)
            if isinstance(value, str) and value.strip():
                return value.strip()
    return None


def place_name(place: str, *events: Mapping[str, Any]) -> str:
    """What people call the plot: as an event names it, else the end of its URI."""
    for event in events:
        if (name := stated(event, _NAMES)) is not None:
            return name
    return unquote(place.rstrip("/").rpartition("/")[2])


def _hectares(value: Any) -> Decimal | None:
    if not isinstance(value, dict):
        return None
    amount, uom = value.get("fh:value"), value.get("fh:uom")
    if isinstance(amount, bool) or not isinstance(amount, (int, float)) or not isinstance(uom, str):
        return None
    hectares = convert(Fraction(str(amount)), uom, "HAR")
    if hectares is None or hectares <= 0:
        return None
    return Decimal(hectares.numerator) / Decimal(hectares.denominator)
