"""A plot of land as a file states it: identifier, country, area and shapes, with every number as written.

Coordinates are `Decimal`, because how many decimals were written counts (Regulation (EU) 2023/1115, article
2(28): at least six), and a float forgets the zeros at the end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, Literal

__all__ = [
    "LARGEST_FILE",
    "POINT_LIMIT",
    "Finding",
    "Plot",
    "PlotFile",
    "Position",
    "Ring",
    "Severity",
    "Shape",
]

POINT_LIMIT: Final = Decimal(4)
"""Hectares: up to here a single point is enough (article 2(28)); cattle establishments may always use one."""

LARGEST_FILE: Final = 25_000_000
"""Bytes that the EU information system takes for one statement (EUDR GeoJSON File Description 1.5)."""

Severity = Literal["error", "warning"]
Position = tuple[Decimal, Decimal]
"""Longitude, latitude, in degrees, WGS 84."""

Ring = tuple[Position, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong (`error`) or to be looked at (`warning`), at which place of the file.

    `code` is stable, for programs; `plot` is the plot's identifier where it has one.
    """

    severity: Severity
    code: str
    place: str
    message: str
    plot: str | None = None

    def __str__(self) -> str:
        named = f" ({self.plot})" if self.plot else ""
        return f"{self.severity}: {self.place}{named}: {self.message} [{self.code}]"


@dataclass(frozen=True, slots=True)
class Shape:
    """Points, or polygons with their rings (the outer one first)."""

    kind: Literal["point", "polygon"]
    points: tuple[Position, ...] = ()
    polygons: tuple[tuple[Ring, ...], ...] = ()
    wound: bool = False
    """Whether the format fixes the winding of rings, as RFC 7946 §3.1.6 does and KML and WKT do not."""

    def positions(self) -> Iterator[Position]:
        """Every position in it."""
        yield from self.points
        for rings in self.polygons:
            for ring in rings:
                yield from ring


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot. `country` is ISO 3166-1 alpha-2, None where it is not said; `area` in hectares."""

    place: str
    identifier: str | None
    shapes: tuple[Shape, ...]
    country: str | None = None
    area: Decimal | None = None
    commodity: str | None = None
    sample: bool = False


@dataclass(slots=True)
class PlotFile:
    """What a file holds: its plots, and what went wrong while reading it."""

    plots: list[Plot] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
