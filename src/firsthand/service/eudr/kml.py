"""Plots from KML 2.2 (OGC 12-007r2) and KMZ, its zipped form. Entities and external parts are refused."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from firsthand.errors import UnreadableInput
from firsthand.service.eudr.geojson import PropertyReader
from firsthand.service.eudr.plots import LARGEST_FILE, Plot, PlotFile, Position, Ring, Shape

__all__ = ["read_kml", "read_kmz"]

_LARGEST: Final = 4 * LARGEST_FILE
_DEEPEST: Final = 50


def read_kmz(data: bytes) -> PlotFile:
    """The plots of the first .kml file in a KMZ archive. Raises UnreadableInput."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [part for part in archive.infolist() if part.filename.lower().endswith(".kml")]
            if not names:
                raise UnreadableInput("this is a zip archive, but no KMZ: it holds no .kml file")
            if names[0].file_size > _LARGEST:
                raise UnreadableInput(f"{names[0].filename[:80]} unpacks to more than {_LARGEST:,} bytes")
            if names[0].flag_bits & 1:
                raise UnreadableInput("the archive is encrypted: save it without a password")
            with archive.open(names[0]) as part:
                return read_kml(part.read(_LARGEST))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise UnreadableInput(f"this archive is damaged: {str(error)[:100]}") from None


def read_kml(data: bytes) -> PlotFile:
    """The plots of a KML document, one a Placemark. Raises UnreadableInput when it is not well-formed."""
    try:
        root = fromstring(data, forbid_dtd=True)
    except ParseError as error:
        raise UnreadableInput(f"this is not well-formed KML: {error}") from None
    except (DefusedXmlException, ValueError, RecursionError, LookupError) as error:
        raise UnreadableInput(f"this KML is not read: {str(error)[:100] or type(error).__name__}") from None
    if _name(root) not in ("kml", "Document", "Folder", "Placemark"):
        raise UnreadableInput(f"expected a KML document, got <{_name(root)[:40]}>")
    file = PlotFile()
    placemarks = [element for element in root.iter() if _name(element) == "Placemark"]
    for number, placemark in enumerate(placemarks, 1):
        _read_placemark(placemark, f"Placemark {number}", file)
    return file


def _read_placemark(placemark: Element, place: str, file: PlotFile) -> None:
    properties: dict[str, Any] = {}
    for element in placemark.iter():
        match _name(element):
            case "Data":
                value = next((child.text for child in element if _name(child) == "value"), None)
                properties[element.get("name", "")] = value or ""
            case "SimpleData":
                properties[element.get("name", "")] = element.text or ""
    name = next((child.text for child in placemark if _name(child) == "name"), None)
    # In KML a Placemark's name is all that most programs let people give.
    reader = PropertyReader(place, {"Placemark name": name or "", **properties}, {}, file)
    identifier = reader.identifier(placemark.get("id"), "placemarkname")
    shapes = tuple(_shapes(placemark, place, reader, 0))
    if not shapes and not any(found.place == place and found.severity == "error" for found in file.findings):
        reader.say("error", "no-geometry", "the Placemark has no geometry, so the plot lies nowhere")
    file.plots.append(Plot(place, identifier, shapes, reader.country(), reader.area(), reader.commodity()))


def _shapes(parent: Element, place: str, reader: PropertyReader, depth: int) -> Iterator[Shape]:
    for element in parent:
        kind = _name(element)
        try:
            if kind == "Point":
                yield Shape("point", points=_coordinates(element))
            elif kind == "Polygon":
                yield Shape("polygon", polygons=(tuple(_rings(element)),))
            elif kind == "MultiGeometry" and depth < _DEEPEST:
                yield from _shapes(element, place, reader, depth + 1)
            elif kind in ("LineString", "LinearRing", "Track", "MultiTrack", "Model", "MultiGeometry"):
                reader.say("error", "geometry-type", f"expected a Point or Polygon, got a {kind}")
        except _Malformed as error:
            reader.say("error", "position", str(error))


class _Malformed(Exception):
    pass


def _rings(polygon: Element) -> Iterator[Ring]:
    outer = [element for element in polygon if _name(element) == "outerBoundaryIs"]
    inner = [element for element in polygon if _name(element) == "innerBoundaryIs"]
    if len(outer) != 1:
        raise _Malformed(f"expected one outerBoundaryIs, got {len(outer)}")
    for boundary in (*outer, *inner):
        for ring in boundary:
            yield _coordinates(ring)


def _coordinates(element: Element) -> tuple[Position, ...]:
    text = next((child.text for child in element if _name(child) == "coordinates"), None)
    positions: list[Position] = []
    for part in (text or "").split():
        numbers = part.split(",")
        try:
            longitude, latitude = Decimal(numbers[0]), Decimal(numbers[1])
        except (InvalidOperation, IndexError):
            raise _Malformed(f"expected longitude,latitude, got {part[:40]!r}") from None
        if not (longitude.is_finite() and latitude.is_finite()) or len(numbers) > 3:
            raise _Malformed(f"expected longitude,latitude, got {part[:40]!r}")
        positions.append((longitude, latitude))
    if not positions:
        raise _Malformed("there are no coordinates")
    return tuple(positions)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
