"""Plot files judged: everyone's fixtures, and what else goes wrong in suppliers' files."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.errors import NotFound, UnreadableInput
from firsthand.service.eudr import countries
from firsthand.service.eudr.judge import Verdict, judge_file, judge_geojson
from firsthand.service.eudr.plots import LARGEST_FILE

SQUARE = ((36.812345, -0.512345), (36.814345, -0.512345), (36.814345, -0.510345), (36.812345, -0.510345))
"""Some five hectares in Kenya, counterclockwise, not closed."""

Ring = Sequence[tuple[float, float]]


def number(value: float) -> str:
    return f"{value:.6f}"


def position(longitude: float, latitude: float) -> str:
    return f"[{number(longitude)},{number(latitude)}]"


def ring(*positions: tuple[float, float], closed: bool = True) -> str:
    whole = [*positions, positions[0]] if closed else list(positions)
    return f"[{','.join(position(*one) for one in whole)}]"


def polygon(*rings: str) -> str:
    return f'{{"type":"Polygon","coordinates":[{",".join(rings)}]}}'


def point(longitude: float = 36.812345, latitude: float = -0.512345) -> str:
    return f'{{"type":"Point","coordinates":{position(longitude, latitude)}}}'


def feature(geometry: str, **properties: Any) -> str:
    named = {"plot_id": "KE-01", "Area": 3.5} | properties
    given = {name: value for name, value in named.items() if value is not None}
    return f'{{"type":"Feature","properties":{json.dumps(given)},"geometry":{geometry}}}'


def collection(*features: str, **members: Any) -> str:
    more = "".join(f',"{name}":{json.dumps(value)}' for name, value in members.items())
    return f'{{"type":"FeatureCollection","features":[{",".join(features)}]{more}}}'


def codes(text: str) -> set[str]:
    """The codes of the errors."""
    return {found.code for found in judge_geojson(text.encode()) if found.severity == "error"}


def warnings(text: str) -> set[str]:
    return {found.code for found in judge_geojson(text.encode()) if found.severity == "warning"}


# --- the shared fixtures ------------------------------------------------------------------------------


EXPECTED = {
    "duplicate-ring.geojson": {"hole"},
    "feature-without-geometry.geojson": {"no-geometry"},
    "latitude-out-of-range.geojson": {"out-of-range"},
    "malformed.kml": {"unreadable"},
    "missing-plot-id.geojson": {"missing-plot-id"},
    "reversed-lat-lon.geojson": {"swapped-axes"},
    "self-intersecting-polygon.geojson": {"self-crossing"},
    "swapped-coordinate-columns.csv": {"out-of-range"},
    "unclosed-ring.geojson": {"unclosed-ring"},
}


def test_every_shared_fixture_is_judged_rightly(shared: Path) -> None:
    folder = shared / "eudr" / "fixtures"
    valid = {path.name: judge_file(path) for path in sorted((folder / "valid").iterdir())}
    assert len(valid) == 3
    assert {name for name, verdict in valid.items() if not verdict.valid} == set()
    invalid = {path.name: judge_file(path) for path in sorted((folder / "invalid").iterdir())}
    assert invalid.keys() == EXPECTED.keys()
    for name, verdict in invalid.items():
        assert not verdict.valid, name
        assert EXPECTED[name] <= {found.code for found in verdict.findings}, name


def test_swapped_columns_are_named_as_such(shared: Path) -> None:
    verdict = judge_file(shared / "eudr" / "fixtures" / "invalid" / "swapped-coordinate-columns.csv")
    assert all("swapped" in found.message for found in verdict.findings if found.severity == "error")


# --- valid files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        collection(feature(point())),
        collection(feature(polygon(ring(*SQUARE)), Area=None)),
        collection(
            feature(point(), ProducerCountry="KE", ProducerName="A", ProductionPlace="B", plot_id=None)
        ),
        collection(feature(point(179.9, -16.8), plot_id="FJ-1", ProducerCountry="FJ")),
        collection(feature(point(-60.812345, 5.512345), plot_id="GY-1", ProducerCountry="GY")),
        collection(feature(point(55.512345, -21.112345), plot_id="RE-1", ProducerCountry="RE")),
        collection(feature(point(), Area=400, commodity="cattle")),
        collection(
            '{"type":"Feature","id":"p1","properties":{"Area":1},"geometry":'
            '{"type":"Point","coordinates":[36.812345,-0.512345,1820.5]}}'
        ),
    ],
)
def test_what_is_right_is_valid(text: str) -> None:
    assert codes(text) == set()


def test_multipoint_and_geometry_collection_are_read() -> None:
    several = f'{{"type":"MultiPoint","coordinates":[{position(*SQUARE[0])},{position(*SQUARE[2])}]}}'
    assert codes(collection(feature(several, Area=7.5))) == set()
    assert codes(collection(feature(several, Area=8.5))) == {"point-over-4-ha"}
    nested = f'{{"type":"GeometryCollection","geometries":[{point()},{polygon(ring(*SQUARE))}]}}'
    assert codes(collection(feature(nested, Area=5.0))) == set()


def test_a_single_feature_is_judged_and_said_to_be_no_collection() -> None:
    assert codes(feature(point())) == set()
    assert warnings(feature(point())) == {"no-feature-collection"}


# --- invalid files ------------------------------------------------------------------------------------

BOW_TIE = ring(SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3])
SPIKE = ring(*SQUARE, (36.812345, -0.500345), (36.812345, -0.510345))
SLIVER = ring((36.812345, -0.512345), (36.822345, -0.512345), (36.822345, -0.512343), (36.812345, -0.512343))
HOLE = ring((36.813000, -0.511500), (36.813000, -0.511000), (36.813500, -0.511000), (36.813500, -0.511500))


@pytest.mark.parametrize(
    ("geometry", "expected"),
    [
        (polygon(BOW_TIE), "self-crossing"),
        (polygon(SPIKE), "self-crossing"),
        (polygon(ring(*SQUARE, closed=False)), "unclosed-ring"),
        (polygon(ring(*reversed(SQUARE))), "wrong-winding"),
        (polygon(ring(*SQUARE), HOLE), "hole"),
        (polygon(ring(*SQUARE[:2])), "short-ring"),
        (polygon(SLIVER), "sliver"),
        (polygon(ring(SQUARE[0], SQUARE[1], SQUARE[0])), "short-ring"),
        (polygon(), "no-geometry"),
        ('{"type":"Polygon","coordinates":[[]]}', "short-ring"),
        (
            polygon(ring((179.99, -16.8), (-179.99, -16.8), (-179.99, -16.79), (179.99, -16.79))),
            "antimeridian",
        ),
        (polygon(ring(*SQUARE[:3], (-0.510345, 36.812345))), "too-wide"),
        (point(36.812345, 190.0), "out-of-range"),
        (point(236812.345, 9942345.678), "out-of-range"),
        (point(0.0, 0.0), "null-island"),
        (point(-25.0, 10.0), "not-on-land"),
        ('{"type":"Point","coordinates":[36.8123,-0.5123]}', "too-few-decimals"),
        ('{"type":"Point","coordinates":[36.812345,-0.51]}', "too-few-decimals"),
        ('{"type":"Point","coordinates":[36,-1]}', "too-few-decimals"),
        ('{"type":"Point","coordinates":["36.812345","-0.512345"]}', "position"),
        ('{"type":"Point","coordinates":[36.812345]}', "position"),
        ('{"type":"Point","coordinates":[true,false]}', "position"),
        ('{"type":"Point","coordinates":null}', "position"),
        (
            '{"type":"LineString","coordinates":[[36.812345,-0.512345],[36.812346,-0.512345]]}',
            "geometry-type",
        ),
        ('{"type":"Circle"}', "geometry-type"),
        ('{"type":"GeometryCollection","geometries":[]}', "no-geometry"),
        ('"POINT (1 1)"', "geometry-type"),
        ("null", "no-geometry"),
    ],
)
def test_a_bad_geometry_is_an_error(geometry: str, expected: str) -> None:
    assert expected in codes(collection(feature(geometry, Area=None)))


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"Area": 4.01}, "point-over-4-ha"),
        ({"Area": "many"}, "area"),
        ({"Area": -1}, "area"),
        ({"Area": 0}, "area"),
        ({"plot_id": ""}, "missing-plot-id"),
        ({"plot_id": None}, "missing-plot-id"),
        ({"ProducerCountry": "Kenya"}, "country-code"),
        ({"ProducerCountry": "KEN"}, "country-code"),
        ({"ProducerCountry": "ke"}, "country-code"),
        ({"ProducerCountry": "XX"}, "country-code"),
        ({"ProducerCountry": "ET"}, "country-mismatch"),
        ({"country": "Ethiopia"}, "country-mismatch"),
        ({"country": "Atlantis"}, "country-code"),
    ],
)
def test_a_bad_property_is_an_error(properties: dict[str, Any], expected: str) -> None:
    assert expected in codes(collection(feature(point(), **properties)))


def test_a_point_of_exactly_four_hectares_is_enough() -> None:
    assert codes(collection(feature(point(), Area=4))) == set()
    assert codes(collection(feature(point(), Area=4.0))) == set()


def test_the_country_of_the_whole_file_counts() -> None:
    assert codes(
        collection(feature(point(0.312345, 32.512345), plot_id="7"), metadata={"country": "UG"})
    ) == {"swapped-axes"}


def test_the_country_that_an_identifier_begins_with_tells_swapped_axes() -> None:
    # Swapped, this point of Uganda lies in Algeria, on land.
    assert codes(collection(feature(point(0.312345, 32.512345), plot_id="UG-7"))) == {"swapped-axes"}
    assert codes(collection(feature(point(0.312345, 32.512345), plot_id="7"))) == set()
    assert "country-mismatch" in warnings(collection(feature(point(), plot_id="BR-7")))


def test_doubles_are_errors_and_overlaps_are_said() -> None:
    same = feature(polygon(ring(*SQUARE)), Area=None)
    assert codes(collection(same, same)) == {"doubled-plot-id", "doubled-geometry"}
    assert codes(collection(feature(point()), feature(point(), plot_id="KE-02"))) == {"doubled-geometry"}
    shifted = ring(*[(longitude + 0.0018, latitude) for longitude, latitude in SQUARE])
    beside = collection(same, feature(polygon(shifted), plot_id="KE-02", Area=None))
    assert codes(beside) == set()
    assert "overlap" in warnings(beside)
    touching = ring(*[(longitude + 0.002, latitude) for longitude, latitude in SQUARE])
    assert warnings(collection(same, feature(polygon(touching), plot_id="KE-02", Area=None))) == set()


def test_a_stated_area_is_held_against_the_polygon() -> None:
    assert "area-mismatch" in warnings(collection(feature(polygon(ring(*SQUARE)), Area=50)))
    assert "area-mismatch" not in warnings(collection(feature(polygon(ring(*SQUARE)), Area=4.95)))


def test_zeros_at_the_end_may_have_been_dropped() -> None:
    text = collection(feature('{"type":"Point","coordinates":[36.81234,-0.512345]}'))
    assert codes(text) == set()
    assert "dropped-zeros" in warnings(text)


def test_another_coordinate_system_is_refused() -> None:
    utm = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32637"}}
    assert "not-wgs84" in codes(collection(feature(point()), crs=utm))
    for name in ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326", "urn:ogc:def:crs:EPSG::4326"):
        crs = {"type": "name", "properties": {"name": name}}
        assert codes(collection(feature(point()), crs=crs)) == set()
        assert "crs" in warnings(collection(feature(point()), crs=crs))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "1",
        '{"type":"Topology"}',
        '{"type":"FeatureCollection"}',
        '{"type":"FeatureCollection","features":{}}',
        '{"type":"FeatureCollection","features":[NaN]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_geojson_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableInput):
        judge_geojson(text.encode())


def test_a_file_without_plots_is_an_error() -> None:
    assert codes(collection()) == {"no-plots"}
    assert codes('{"type":"FeatureCollection","features":[{"type":"Point"}]}') == {"no-feature"}


def test_a_member_that_is_named_twice_is_an_error() -> None:
    text = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"plot_id":"a","plot_id":"b",'
        f'"Area":1}},"geometry":{point()}}}]}}'
    )
    assert codes(text) == {"doubled-member"}


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(
                    ["type", "coordinates", "geometries", "features", "properties", "geometry", "id"]
                ),
                inner,
                max_size=4,
            )
        ),
    )
)
def test_no_json_breaks_it(value: Any) -> None:
    text = json.dumps(
        {
            "type": "FeatureCollection",
            "features": [{"type": "Feature", "properties": value, "geometry": value}, value],
        }
    )
    try:
        assert judge_geojson(text.encode())
    except UnreadableInput:
        assert "NaN" in text or "Infinity" in text


# Plots of all kinds of places where the commodities of the regulation grow: longitude, latitude, country.
PLACES = [
    (-75.6, 4.8, "CO"), (-87.2, 14.2, "HN"), (-45.1, -21.3, "BR"), (38.5, 6.2, "ET"), (37.4, -0.4, "KE"),
    (32.6, 1.1, "UG"), (30.1, -2.0, "RW"), (108.2, 11.9, "VN"), (98.9, 2.6, "ID"), (145.1, -6.0, "PG"),
    (-5.6, 6.9, "CI"), (-1.6, 6.7, "GH"), (75.7, 12.4, "IN"), (-72.6, -13.2, "PE"), (24.5, 47.9, "RO"),
]  # fmt: skip


@given(st.sampled_from(PLACES), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1))
def test_swapped_axes_are_found_wherever_the_country_is_known(
    place: tuple[float, float, str], east: float, north: float
) -> None:
    longitude, latitude, country = place[0] + east, place[1] + north, place[2]
    assert codes(collection(feature(point(longitude, latitude), ProducerCountry=country))) == set()
    swapped = codes(collection(feature(point(latitude, longitude), ProducerCountry=country)))
    assert swapped
    assert swapped <= {"swapped-axes", "out-of-range"}


@given(st.integers(3, 12), st.floats(0.0005, 0.01), st.floats(0, 6.28))
def test_any_regular_polygon_is_valid_and_its_mirror_wound_wrongly(
    corners: int, radius: float, turn: float
) -> None:
    from math import cos, pi, sin

    angles = [turn + 2 * pi * corner / corners for corner in range(corners)]
    around = [(37.4 + radius * cos(angle), -0.4 + radius * sin(angle)) for angle in angles]
    assert codes(collection(feature(polygon(ring(*around)), Area=None))) == set()
    assert codes(collection(feature(polygon(ring(*reversed(around))), Area=None))) == {"wrong-winding"}


# --- other formats ------------------------------------------------------------------------------------


def judged(path: Path, content: bytes) -> Verdict:
    path.write_bytes(content)
    return judge_file(path)


KML = """<?xml version="1.0" encoding="UTF-8"?>
<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>KE-01</name>
<ExtendedData><Data name="Area"><value>5</value></Data></ExtendedData>%s</Placemark></Document></kml>"""
KML_RING = " ".join(f"{number(x)},{number(y)},1800" for x, y in (*SQUARE, SQUARE[0]))
KML_POLYGON = (
    "<Polygon><outerBoundaryIs><LinearRing><coordinates>%s</coordinates></LinearRing>"
    "</outerBoundaryIs></Polygon>"
)


def test_kml_and_kmz(tmp_path: Path) -> None:
    good = KML % (KML_POLYGON % KML_RING)
    assert judged(tmp_path / "a.kml", good.encode()).valid
    with zipfile.ZipFile(tmp_path / "a.kmz", "w") as archive:
        archive.writestr("doc.kml", good)
    assert judge_file(tmp_path / "a.kmz").valid
    # KML says nothing of the winding of an outer ring.
    turned = KML % (KML_POLYGON % " ".join(reversed(KML_RING.split())))
    assert judged(tmp_path / "b.kml", turned.encode()).valid


@pytest.mark.parametrize(
    ("inner", "code"),
    [
        (KML_POLYGON % " ".join(KML_RING.split()[:-1]), "unclosed-ring"),
        ("<Point><coordinates>36.812345 -0.512345</coordinates></Point>", "position"),
        (
            "<LineString><coordinates>36.812345,-0.512345 36.9,-0.5</coordinates></LineString>",
            "geometry-type",
        ),
        ("<Point><coordinates>-0.512345,36.812345</coordinates></Point>", "point-over-4-ha"),
        ("", "no-geometry"),
    ],
)
def test_bad_kml(tmp_path: Path, inner: str, code: str) -> None:
    verdict = judged(tmp_path / "a.kml", (KML % inner).encode())
    assert code in {found.code for found in verdict.findings}
    assert not verdict.valid


def test_hostile_kml_and_archives_are_refused(tmp_path: Path) -> None:
    bomb = b'<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml><name>&b;</name></kml>'
    assert not judged(tmp_path / "a.kml", bomb).readable
    assert not judged(tmp_path / "b.kmz", b"PK\x03\x04garbage").readable
    with zipfile.ZipFile(tmp_path / "c.kmz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("doc.kml", bytes(5 * LARGEST_FILE))
    assert not judge_file(tmp_path / "c.kmz").readable
    with zipfile.ZipFile(tmp_path / "d.kmz", "w") as archive:
        archive.writestr("readme.txt", "x")
    assert not judge_file(tmp_path / "d.kmz").readable


def test_sheets_of_plots(tmp_path: Path) -> None:
    head = b"plot_id,latitude,longitude,area_ha,country\n"
    assert judged(tmp_path / "a.csv", head + b"KE-1,-0.512345,36.812345,1.2,KE\n").valid
    swapped = judged(tmp_path / "b.csv", head + b"KE-1,36.812345,-0.512345,1.2,KE\n")
    assert {found.code for found in swapped.findings} == {"swapped-axes"}
    assert not judged(tmp_path / "c.csv", head + b"KE-1,,36.812345,1.2,KE\n").valid
    assert not judged(tmp_path / "d.csv", head + b"KE-1,north,36.812345,1.2,KE\n").valid
    semicolons = b"plot_id;latitud;longitud;area_ha\nKE-1;-0,512345;36,812345;1,2\n"
    assert judged(tmp_path / "e.csv", semicolons).valid
    corners = ", ".join(f"{x} {y}" for x, y in (*SQUARE, SQUARE[0]))
    corners = ", ".join(f"{x} {y}" for x, y in (*SQUARE, SQUARE[0]))
    wkt = f'plot_id,wkt\nKE-1,"POLYGON (({corners}))"\n'
    assert judged(tmp_path / "f.csv", wkt.encode()).valid
    assert not judged(tmp_path / "g.csv", b"plot_id,wkt\nKE-1,POLYGON\n").valid
    assert not judged(tmp_path / "h.csv", b"name,crop\na,b\n").readable
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["plot_id", "latitude", "longitude", "area_ha"])
    book.active.append(["KE-1", -0.512345, 36.812345, 1.2])
    book.save(tmp_path / "i.xlsx")
    assert judge_file(tmp_path / "i.xlsx").valid


def test_a_file_that_is_too_large_is_said_so(tmp_path: Path) -> None:
    text = collection(feature(point())).encode()
    verdict = judged(tmp_path / "a.geojson", text + b" " * LARGEST_FILE)
    assert {found.code for found in verdict.findings} == {"too-large"}
    with pytest.raises(NotFound):
        judge_file(tmp_path / "missing.geojson")
    assert not judged(tmp_path / "a.shp", b"\0\0\x27\x0a").readable


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.sampled_from([".geojson", ".kml", ".kmz", ".csv", ".bin"]))
def test_no_bytes_break_it(tmp_path: Path, content: bytes, suffix: str) -> None:
    assert not judged(tmp_path / f"x{suffix}", content).valid


# --- countries ----------------------------------------------------------------------------------------


def test_countries_are_known_by_code_and_name() -> None:
    assert countries.country_code("gh") == "GH"
    assert countries.country_code("Côte d’Ivoire") == "CI"
    assert countries.country_code("Etiopía") == "ET"
    assert countries.country_code("Brésil") == "BR"
    assert countries.country_code("ZZ") is None
    assert countries.country_code("Europe") is None


def test_outlines_hold_where_cities_are() -> None:
    for longitude, latitude, country in (
        *PLACES,
        (2.35, 48.85, "FR"),
        (-52.3, 4.9, "GF"),
        (31.6, 4.85, "SS"),
    ):
        assert countries.lies_in(country, longitude, latitude), country
    assert countries.countries_at(-30.0, 0.0) == frozenset()
    assert countries.countries_at(0.0, -80.0) == frozenset()
