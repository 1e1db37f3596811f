"""Plots from a spreadsheet: a latitude and a longitude column, or one of WKT."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

import shapely

from firsthand.errors import InvalidInput
from firsthand.profiles import Table
from firsthand.profiles.rows import header_key, shown
from firsthand.service.eudr.geojson import PropertyReader
from firsthand.service.eudr.plots import Finding, Plot, PlotFile, Position, Shape
from firsthand.service.spreadsheet import read_rows

__all__ = ["read_sheet", "wkt_shape"]

LATITUDES: Final = ("latitude", "lat", "latitud", "latitudine", "y", "gpslatitude", "latitudewgs84", "ycoord")
LONGITUDES: Final = (
    "longitude",
    "lon",
    "lng",
    "long",
    "longitud",
    "x",
    "gpslongitude",
    "longitudewgs84",
    "xcoord",
)
GEOMETRIES: Final = ("wkt", "geometry", "geom", "polygon", "boundary", "poligono", "thegeom", "plotboundary")
NAMES: Final = ("plot", "parcela", "parcelle", "talhao", "plotcode", "plotname", "farmerid", "name")


def read_sheet(path: Path) -> PlotFile:
    """The plots of a CSV or XLSX file, one a row.

    Raises what reading it raises, and InvalidInput when it has no such columns.
    """
    file = PlotFile()
    columns: tuple[int | None, int | None, int | None] = (None, None, None)
    table: Table | None = None
    for row in read_rows(path):
        if row.table is not table:
            table = row.table
            columns = _columns(table)
        place = table.line(row.number)
        cells = dict(zip(table.columns, row.values, strict=False))
        reader = PropertyReader(place, cells, {}, file)
        identifier = reader.identifier(None, *NAMES[:-1])
        shapes: tuple[Shape, ...] = ()
        try:
            shapes = (_shape(row.values, columns, table.decimal_mark),)
        except InvalidInput as error:
            code = "no-geometry" if "blank" in error.reason else "position"
            file.findings.append(Finding("error", code, place, error.reason, identifier))
        file.plots.append(
            Plot(place, identifier, shapes, reader.country(), reader.area(), reader.commodity())
        )
    return file


def _columns(table: Table) -> tuple[int | None, int | None, int | None]:
    keys = [header_key(header) for header in table.columns]

    def find(names: tuple[str, ...]) -> int | None:
        return next((keys.index(name) for name in names if name in keys), None)

    latitude, longitude, wkt = find(LATITUDES), find(LONGITUDES), find(GEOMETRIES)
    if wkt is None and (latitude is None or longitude is None):
        raise InvalidInput(
            "expected the columns latitude and longitude, or wkt; the sheet has: "
            + ", ".join(map(shown, table.columns[:30])),
            table.line(table.header_row),
        )
    return latitude, longitude, wkt


def _shape(
    values: tuple[str, ...], columns: tuple[int | None, int | None, int | None], decimal_mark: str
) -> Shape:
    latitude, longitude, wkt = columns
    if wkt is not None and wkt < len(values) and values[wkt].strip():
        return wkt_shape(values[wkt])
    if latitude is None or longitude is None:
        raise InvalidInput("the geometry is blank, so the plot lies nowhere")
    return Shape(
        "point",
        points=((_degrees(values, longitude, decimal_mark), _degrees(values, latitude, decimal_mark)),),
    )


def _degrees(values: tuple[str, ...], column: int, decimal_mark: str) -> Decimal:
    text = values[column].strip() if column < len(values) else ""
    if not text:
        raise InvalidInput("latitude or longitude is blank, so the plot lies nowhere")
    plain = text.replace(",", ".") if decimal_mark == "," or ("," in text and "." not in text) else text
    try:
        number = Decimal(plain)
    except InvalidOperation:
        raise InvalidInput(f"expected decimal degrees such as -1.980012, got {shown(text)}") from None
    if not number.is_finite() or len(plain) > 40:
        raise InvalidInput(f"expected decimal degrees such as -1.980012, got {shown(text)}")
    return number


def wkt_shape(text: str) -> Shape:
    """A shape from WKT (OGC 06-103r4), its numbers as written. Raises InvalidInput for what is none."""
    words = text.strip().upper()
    kind = words.partition("(")[0].replace("Z", "").strip()
    try:
        shapely.from_wkt(text)
    except shapely.errors.ShapelyError as error:
        # An unclosed ring is well-formed WKT to everyone but the library; the rules name it.
        if "closed" not in str(error).lower() and "Invalid number of points" not in str(error):
            raise InvalidInput(f"this is not WKT: {str(error)[:100]}") from None
    body = text[text.find("(") :] if "(" in text else ""
    if kind == "POINT":
        return Shape("point", points=(_positions(body.strip("() \n\t"))[0],))
    if kind == "POLYGON":
        return Shape("polygon", polygons=(_wkt_rings(body),))
    if kind == "MULTIPOLYGON":
        inner = body.strip()[1:-1]
        polygons = tuple(_wkt_rings(part) for part in _groups(inner))
        return Shape("polygon", polygons=polygons)
    raise InvalidInput(f"expected POINT, POLYGON or MULTIPOLYGON, got {shown(kind or text)}")


def _wkt_rings(body: str) -> tuple[tuple[Position, ...], ...]:
    return tuple(_positions(part.strip()[1:-1]) for part in _groups(body.strip()[1:-1]))


def _groups(body: str) -> list[str]:
    """The parts in brackets, at the outermost level."""
    groups: list[str] = []
    depth = start = 0
    for at, character in enumerate(body):
        if character == "(":
            if depth == 0:
                start = at
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                groups.append(body[start : at + 1])
    return groups


def _positions(text: str) -> tuple[Position, ...]:
    found: list[Position] = []
    for part in text.split(","):
        numbers = part.split()
        try:
            found.append((Decimal(numbers[0]), Decimal(numbers[1])))
        except (InvalidOperation, IndexError):
            raise InvalidInput(f"expected longitude and latitude, got {shown(part.strip())}") from None
    return tuple(found)
