"""Plots from GeoJSON (RFC 7946), as strictly as the standard and as forgiving as people's files need.

What is malformed becomes a finding at its place; the rest of the file is still read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from firsthand.errors import UnreadableInput
from firsthand.service.eudr.countries import country_code
from firsthand.service.eudr.plots import Finding, Plot, PlotFile, Position, Ring, Shape

__all__ = ["PropertyReader", "hectares", "property_key", "read_geojson"]

_NESTING: Final = 100
_WGS84: Final = re.compile(r"(?i)(urn:ogc:def:crs:)?(OGC:(1\.3:|:)?CRS84|EPSG:(\d*:|:)?4326)")
_GEOMETRIES: Final = ("Point", "MultiPoint", "Polygon", "MultiPolygon")
_LINES: Final = ("LineString", "MultiLineString")

IDENTIFIERS: Final = (
    "plotid",
    "parcelid",
    "fieldid",
    "landid",
    "geoid",
    "idplot",
    "idparcela",
    "id",
    "productionplace",
)
COUNTRIES: Final = ("producercountry", "countrycode", "countryiso2", "iso2", "country", "pais", "pays")
AREAS: Final = (
    "area",
    "areaha",
    "areahectares",
    "areainhectares",
    "hectares",
    "ha",
    "sizeha",
    "superficie",
    "superficieha",
)
COMMODITIES: Final = ("commodity", "product", "crop")


class _Doubled(dict[str, Any]):
    """An object that names a member twice."""


def read_geojson(data: bytes) -> PlotFile:
    """The plots of a file. Raises UnreadableInput for what is no JSON, or no GeoJSON at all."""
    document = _document(data)
    file = PlotFile()
    _check_crs(document, file)
    features = _features(document, file)
    shared = _members(document.get("metadata")) | _members(document.get("properties"))
    for number, feature in enumerate(features):
        place = f"features[{number}]" if document.get("type") == "FeatureCollection" else "the file"
        _read_feature(feature, place, shared, file)
    return file


def _document(data: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            data.decode("utf-8-sig"),
            parse_float=Decimal,
            parse_constant=_refuse_constant,
            object_pairs_hook=_object,
        )
    except UnicodeDecodeError as error:
        raise UnreadableInput(f"this is not UTF-8: byte {error.start} is 0x{data[error.start]:02x}") from None
    except json.JSONDecodeError as error:
        raise UnreadableInput(
            f"this is not JSON: {error.msg}, line {error.lineno}, column {error.colno}"
        ) from None
    except (RecursionError, ValueError, ArithmeticError) as error:
        raise UnreadableInput(f"this JSON cannot be read: {str(error)[:100]}") from None
    if not isinstance(document, dict):
        raise UnreadableInput(f"expected a GeoJSON object, got {_kind(document)}")
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON number (RFC 8259 §6)")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    return members if len(members) == len(pairs) else _Doubled(members)


def _features(document: dict[str, Any], file: PlotFile) -> list[Any]:
    kind = document.get("type")
    if kind == "FeatureCollection":
        features = document.get("features")
        if not isinstance(features, list):
            raise UnreadableInput(f"expected a list of features, got {_kind(features)}", "features")
        return features
    if kind == "Feature" or kind in (*_GEOMETRIES, *_LINES, "GeometryCollection"):
        file.findings.append(
            Finding(
                "warning", "no-feature-collection", "the file", f"expected a FeatureCollection, got a {kind}"
            )
        )
        return [
            document if kind == "Feature" else {"type": "Feature", "properties": {}, "geometry": document}
        ]
    raise UnreadableInput(f"expected a GeoJSON FeatureCollection, got type {str(kind)[:40]!r}", "type")


def _check_crs(document: dict[str, Any], file: PlotFile) -> None:
    """RFC 7946 §4: WGS 84, longitude first, and no `crs` member any more."""
    if "crs" not in document or document["crs"] is None:
        return
    properties = _members(_members(document["crs"]).get("properties"))
    name = str(properties.get("name", document["crs"]))
    if _WGS84.fullmatch(name):
        file.findings.append(
            Finding(
                "warning",
                "crs",
                "crs",
                f"{name} is what GeoJSON always is: leave the crs member out (RFC 7946 §4)",
            )
        )
    else:
        file.findings.append(
            Finding(
                "error",
                "not-wgs84",
                "crs",
                f"the coordinates are in {name[:80]}, expected WGS 84: reproject them",
            )
        )


def _read_feature(feature: Any, place: str, shared: dict[str, Any], file: PlotFile) -> None:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        found = _kind(feature) if not isinstance(feature, dict) else f"type {str(feature.get('type'))[:40]!r}"
        file.findings.append(Finding("error", "no-feature", place, f"expected a Feature, got {found}"))
        return
    properties = feature.get("properties")
    reader = PropertyReader(place, _members(properties), shared, file)
    identifier = reader.identifier(feature.get("id"))
    for member in (feature, properties, feature.get("geometry")):
        if isinstance(member, _Doubled):
            reader.say("error", "doubled-member", "an object names one member twice: which of the two holds?")
    shapes = tuple(_shapes(feature.get("geometry"), f"{place}.geometry", reader, 0))
    file.plots.append(Plot(place, identifier, shapes, reader.country(), reader.area(), reader.commodity()))


class PropertyReader:
    """What a plot's properties say, under the spellings that are in use; findings go to the file."""

    def __init__(
        self, place: str, properties: dict[str, Any], shared: dict[str, Any], file: PlotFile
    ) -> None:
        self._place = place
        self._own = {property_key(name): (name, value) for name, value in properties.items()}
        self._shared = {property_key(name): (name, value) for name, value in shared.items()}
        self._file = file
        self._identifier: str | None = None

    def say(self, severity: Any, code: str, message: str, place: str = "") -> None:
        """Add a finding about this plot."""
        self._file.findings.append(Finding(severity, code, place or self._place, message, self._identifier))

    def identifier(self, member: Any = None, *others: str) -> str | None:
        """The plot's stable identifier: the feature's own `id` (RFC 7946 §3.2) or a property."""
        if isinstance(member, str) and member.strip():
            self._identifier = member.strip()
            return self._identifier
        for key in (*IDENTIFIERS, *others):
            text = _text(self._own.get(key, ("", None))[1])
            if text:
                self._identifier = text
                return text
        if isinstance(member, int) and not isinstance(member, bool):
            self._identifier = str(member)
            self.say(
                "warning",
                "numbered",
                "the only identifier is a number; programs number features anew when they save",
            )
            return self._identifier
        self.say(
            "error",
            "missing-plot-id",
            "nothing names this plot for good: give it a plot_id, an id or a ProductionPlace",
        )
        return None

    def country(self) -> str | None:
        """ISO 3166-1 alpha-2 of the plot, or of the whole file; a finding when what is stated is none."""
        for known in (self._own, self._shared):
            for key in COUNTRIES:
                name, value = known.get(key, ("", None))
                text = _text(value)
                if not text:
                    continue
                code = country_code(text)
                strict = key == "producercountry"
                if code is None or (strict and code != text):
                    hint = f": write {code}" if code else ""
                    self.say(
                        "error" if strict or code is None else "warning",
                        "country-code",
                        f"{name} is {text[:40]!r}, expected two letters of ISO 3166-1{hint}",
                    )
                return code
        return None

    def area(self) -> Decimal | None:
        """Hectares as stated; a finding when it is no positive number."""
        for key in AREAS:
            name, value = self._own.get(key, ("", None))
            if value is None or value == "":
                continue
            area = hectares(value)
            if area is None:
                self.say(
                    "error", "area", f"{name} is {str(value)[:40]!r}, expected hectares, a number above 0"
                )
            elif key == "area" and name != "Area":
                self.say("warning", "property-name", f'the EU information system reads "Area", not "{name}"')
            return area
        return None

    def commodity(self) -> str | None:
        """What is grown or kept there."""
        for known in (self._own, self._shared):
            for key in COMMODITIES:
                if text := _text(known.get(key, ("", None))[1]):
                    return text.casefold()
        return None


def property_key(name: str) -> str:
    """What spellings of one property share: `plot_id`, `PlotId`, `Plot ID`."""
    return re.sub(r"[\W_]+", "", name).casefold()


def hectares(value: Any) -> Decimal | None:
    """A positive, finite number; text is read with a decimal point or comma and an optional `ha`."""
    if isinstance(value, str):
        match = re.fullmatch(
            r"\s*([0-9]{1,9}(?:[.,][0-9]{1,9})?)\s*(?:ha\.?|hectares?)?\s*", value, re.IGNORECASE
        )
        value = Decimal(match[1].replace(",", ".")) if match else None
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        return None
    number = Decimal(value)
    return number if number.is_finite() and number > 0 else None


# --- geometries -------------------------------------------------------------------------------------------


def _shapes(geometry: Any, place: str, reader: PropertyReader, depth: int) -> Iterator[Shape]:
    if geometry is None:
        reader.say("error", "no-geometry", "the plot has no geometry, so it lies nowhere", place)
        return
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind == "GeometryCollection" and depth < _NESTING:
        geometries = geometry.get("geometries")
        if not isinstance(geometries, list) or not geometries:
            reader.say("error", "no-geometry", "the GeometryCollection is empty", place)
            return
        for number, member in enumerate(geometries):
            yield from _shapes(member, f"{place}.geometries[{number}]", reader, depth + 1)
        return
    if kind not in _GEOMETRIES:
        found = f"type {str(kind)[:40]!r}" if isinstance(geometry, dict) else _kind(geometry)
        reader.say(
            "error", "geometry-type", f"expected a Point or Polygon, or several of them, got {found}", place
        )
        return
    try:
        yield _shape(kind, geometry.get("coordinates"), f"{place}.coordinates")
    except _Malformed as error:
        reader.say("error", error.code, error.message, error.place)


class _Malformed(Exception):
    def __init__(self, place: str, message: str, code: str = "position") -> None:
        self.place, self.message, self.code = place, message, code
        super().__init__(message)


def _shape(kind: str, coordinates: Any, place: str) -> Shape:
    if kind == "Point":
        return Shape("point", points=(_position(coordinates, place),))
    parts = _listed(coordinates, place)
    if not parts:
        raise _Malformed(place, "there are no coordinates", "no-geometry")
    if kind == "MultiPoint":
        return Shape("point", points=_positions(parts, place))
    if kind == "Polygon":
        return Shape("polygon", polygons=(_rings(parts, place),), wound=True)
    polygons = tuple(
        _rings(_listed(part, f"{place}[{number}]"), f"{place}[{number}]") for number, part in enumerate(parts)
    )
    return Shape("polygon", polygons=polygons, wound=True)


def _rings(rings: list[Any], place: str) -> tuple[Ring, ...]:
    if not rings:
        raise _Malformed(place, "the polygon has no ring", "no-geometry")
    return tuple(
        _positions(_listed(ring, f"{place}[{number}]"), f"{place}[{number}]")
        for number, ring in enumerate(rings)
    )


def _positions(values: list[Any], place: str) -> tuple[Position, ...]:
    return tuple(_position(value, f"{place}[{number}]") for number, value in enumerate(values))


def _position(value: Any, place: str) -> Position:
    numbers = _listed(value, place)
    if not 2 <= len(numbers) <= 4:
        raise _Malformed(place, f"expected longitude and latitude, got {len(numbers)} numbers")
    for number in numbers:
        if isinstance(number, bool) or not isinstance(number, (int, Decimal)):
            raise _Malformed(place, f"expected numbers, got {_kind(number)} {str(number)[:40]!r}")
    longitude, latitude = Decimal(numbers[0]), Decimal(numbers[1])
    return longitude, latitude


def _listed(value: Any, place: str) -> list[Any]:
    if not isinstance(value, list):
        raise _Malformed(place, f"expected a list, got {_kind(value)}")
    return value


def _members(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else ""


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number")
