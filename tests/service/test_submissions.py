"""Submissions of KoboToolbox and ODK, as JSON and CSV, and what hostile ones do."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.profiles import load_mapping, load_profile
from firsthand.profiles.geometry import as_wkt, odk_points
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.record import Recorded, record_file
from firsthand.service.row_sources import rows_in
from firsthand.service.sealed_values import opened
from firsthand.service.submissions import looks_like_submissions, read_submissions

PLOTS = load_mapping(load_profile("coffee"), "plots")
SHAPE = (
    "-0.520001 36.810001 1790 3;-0.520001 36.813001 1790 3;-0.523001 36.813001 1790 3;"
    "-0.523001 36.810001 1790 3;-0.520001 36.810001 1790 3"
)


def submission(number: int = 1, **more: Any) -> dict[str, Any]:
    uuid = f"{number:08d}-1111-4111-8111-111111111111"
    return {
        "_id": number,
        "_uuid": uuid,
        "meta/instanceID": f"uuid:{uuid}",
        "formhub/uuid": "f",
        "today": "2025-09-02",
        "grower/farmer_number": f"F{number}",
        "plot/plot": "P1",
        "plot/location": "-0.512345 36.812340 1820.5 4.2",
        "plot/area_ha": "0.8",
        "_geolocation": [-0.512345, 36.81234],
        "_attachments": [],
        **more,
    }


def written(path: Path, value: Any) -> Path:
    path.write_text(json.dumps(value))
    return path


def rows(path: Path, **more: Any) -> list[dict[str, str]]:
    return [dict(zip(row.table.columns, row.values, strict=True)) for row in rows_in(path, **more)]


# --- JSON ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrap", [list, lambda found: {"count": 1, "results": found}, lambda found: {"value": found}]
)
def test_submissions_become_rows(tmp_path: Path, wrap: Any) -> None:
    (row,) = rows(written(tmp_path / "a.json", wrap([submission()])))
    assert row["submission"] == "00000001-1111-4111-8111-111111111111"
    assert row["grower/farmer_number"] == "F1"
    assert row["plot/location"] == "-0.512345 36.812340 1820.5 4.2"
    assert (row["plot/location/latitude"], row["plot/location/altitude"]) == ("-0.512345", "1820.5")


def test_nested_groups_are_headed_by_their_path(tmp_path: Path) -> None:
    nested = {"__id": "uuid:x", "plot": {"owner": {"number": 7}, "planted": True, "tags": ["a", "b"]}}
    (row,) = rows(written(tmp_path / "a.json", {"value": [nested]}))
    assert (row["plot/owner/number"], row["plot/planted"], row["plot/tags"]) == ("7", "true", "a b")


def test_odk_central_writes_geojson(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [36.812345, -0.512345, 1820], "properties": {"accuracy": 4}}
    ring = [[36.81, -0.52, 0], [36.82, -0.52, 0], [36.82, -0.51, 0], [36.81, -0.52, 0]]
    found = {"__id": "uuid:x", "here": point, "around": {"type": "Polygon", "coordinates": [ring]}}
    (row,) = rows(written(tmp_path / "a.json", {"value": [found]}))
    assert as_wkt(row["here"]) == "POINT (36.812345 -0.512345)"
    assert as_wkt(row["around"]).startswith("POLYGON ((36.81 -0.52, 36.82 -0.52")


def test_an_edited_submission_keeps_its_identity(tmp_path: Path) -> None:
    first = submission()
    edited = submission() | {"meta/instanceID": "uuid:new", "meta/deprecatedID": first["meta/instanceID"]}
    rooted = submission() | {"meta/instanceID": "uuid:newer", "meta/rootUuid": first["meta/instanceID"]}
    found = rows(written(tmp_path / "a.json", [first, edited, rooted]))
    assert len({row["submission"] for row in found}) == 1


def test_a_repeat_is_a_table_whose_rows_know_their_submission(tmp_path: Path) -> None:
    bags = [{"bags/weight": "50.5"}, {"bags/weight": "49"}]
    path = written(tmp_path / "a.json", [submission(bags=bags), submission(2, bags=bags[:1]), submission(3)])
    assert len(rows(path)) == 3

    def finder(table: Any) -> int | None:
        return 0 if "bags/weight" in table[0] else None

    found = rows(path, finder=finder)
    assert [(row["grower/farmer_number"], row["entry"], row["bags/weight"]) for row in found] == [
        ("F1", "1", "50.5"),
        ("F1", "2", "49"),
        ("F2", "1", "50.5"),
    ]


def test_repeats_within_repeats(tmp_path: Path) -> None:
    trees = [{"trees": [{"height": 2}, {"height": 3}]}]
    path = written(tmp_path / "a.json", {"value": [{"__id": "uuid:x", "rows": trees}]})
    found = rows(path, finder=lambda table: 0 if "rows/trees/height" in table[0] else None)
    assert [(row["entry"], row["rows/trees/height"]) for row in found] == [("1.1", "2"), ("1.2", "3")]


# --- recorded -----------------------------------------------------------------------------------------


@pytest.fixture
def coop(access: ChainAccess) -> ChainAccess:
    add_party(access.workspace, "Coop", ("cooperative",))
    return access


def recorded(coop: ChainAccess, path: Path, mapping: str = "plots", **more: Any) -> Recorded:
    return record_file(coop.workspace, path, "Coop", profile="coffee", mapping=mapping, **more)


def events(coop: ChainAccess) -> list[dict[str, Any]]:
    """The events as this workspace can open them: exact places are sealed."""
    journal = coop.workspace.journal
    count = sum(entry.count for entry in journal.entries())
    found = [json.loads(journal.event(number)[2]) for number in range(count)]
    return [opened(coop.workspace, number, event) for number, event in enumerate(found)]


def test_plots_are_recorded_once(coop: ChainAccess, tmp_path: Path) -> None:
    walked = submission(2, **{"plot/boundary": SHAPE, "plot/area_ha": "11"})
    path = written(tmp_path / "a.json", [submission(), walked])
    assert recorded(coop, path).events == 2
    first, second = events(coop)
    assert first["fh:plotLocation"] == "POINT (36.812340 -0.512345)"
    assert first["fh:area"] == {"fh:value": 0.8, "fh:uom": "HAR"}
    assert second["fh:plotBoundary"].startswith("POLYGON ((36.810001 -0.520001, ")
    again = recorded(coop, written(tmp_path / "b.json", [walked, submission(3), submission()]))
    assert (again.events, again.known_rows) == (1, ("row 1", "row 3"))


def test_the_csv_export_gives_the_same_events(coop: ChainAccess, tmp_path: Path) -> None:
    recorded(coop, written(tmp_path / "a.json", [submission()]))
    names = [
        "_id",
        "_uuid",
        "today",
        "grower/farmer_number",
        "plot/plot",
        "plot/location",
        "_plot/location_altitude",
    ]
    kobo = ";".join([*names, "plot/area_ha"])
    cells = "1;u;2025-09-02;F1;P1;-0.512345 36.812340 1820.5 4.2;1820.5;0.8"
    path = tmp_path / "kobo.csv"
    path.write_text(f"{kobo}\n{cells}\n")
    assert recorded(coop, path).known_rows == ("row 2",)


def test_a_walk_that_does_not_come_back_is_left_out_and_said_so(coop: ChainAccess, tmp_path: Path) -> None:
    open_walk = ";".join(SHAPE.split(";")[:-1])
    found = recorded(coop, written(tmp_path / "a.json", [submission(**{"plot/boundary": open_walk})]))
    assert any("does not come back" in problem for problem in found.problems)
    assert "fh:plotBoundary" not in events(coop)[0]


def test_answers_and_attachments_become_lists_and_digests(coop: ChainAccess, tmp_path: Path) -> None:
    mapping = tmp_path / "pieces.toml"
    steps = load_profile("jewellery").steps
    step = next(name for name, one in steps.items() if one.type == "ObjectEvent")
    mapping.write_text(
        'name = "pieces"\nversion = 1\nabout = "pieces"\nprofile = "jewellery"\nonce = "piece"\n'
        '[uris]\npiece = ["item/piece:{submission}"]\n'
        f'[[events]]\nstep = "{step}"\nlot = "piece"\ntime = "today"\nelements = ["photographs"]\n'
        '[fields.submission]\ncolumns = ["submission"]\nrequired = true\n'
        '[fields.today]\ncolumns = ["today"]\nread = "date"\nrequired = true\n'
        '[fields.photographs]\ncolumns = ["photo"]\nattachment = true\noptional = true\n'
    )
    folder = tmp_path / "media"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "ring.jpg").write_bytes(b"a ring")
    path = written(
        tmp_path / "a.json",
        [
            submission(photo="ring.jpg"),
            submission(2, photo="../../etc/passwd"),
            submission(3, photo="lost.jpg"),
        ],
    )
    found = record_file(
        coop.workspace, path, "Coop", profile="jewellery", mapping=str(mapping), attachments=folder
    )
    first, second, third = events(coop)
    digest = urlsafe_b64encode(sha256(b"a ring").digest()).decode().rstrip("=")
    assert first["fh:photographs"] == [f"ni:///sha-256;{digest}"]
    assert "fh:photographs" not in second
    assert "fh:photographs" not in third
    assert sum("not among the attachments" in problem for problem in found.problems) == 2


# --- geometry -----------------------------------------------------------------------------------------


def test_odk_geometry() -> None:
    assert odk_points("-0.5 36.8") == [("-0.5", "36.8", None, None)]
    assert odk_points("-0.5 36.8 1820 4.5;") == [("-0.5", "36.8", "1820", "4.5")]
    assert odk_points("north") is None
    assert odk_points("1 2 3 4 5") is None
    assert as_wkt("POINT (1 2)") == "POINT (1 2)"
    assert as_wkt('{"type":"Point","coordinates":[36.812340,-0.5]}') == "POINT (36.812340 -0.5)"
    with pytest.raises(InvalidInput, match="without holes"):
        as_wkt('{"type":"LineString","coordinates":[]}')


# --- hostile ------------------------------------------------------------------------------------------


def test_other_json_is_no_submission(tmp_path: Path) -> None:
    assert not looks_like_submissions(
        written(tmp_path / "a.json", {"type": "EPCISDocument", "epcisBody": {}})
    )
    assert not looks_like_submissions(tmp_path / "missing.json")
    assert looks_like_submissions(written(tmp_path / "b.json", [submission()]))


@pytest.mark.parametrize("text", ["[", "[1]", '{"results": 5}', "[" * 100_000, "\xff", '[{"a":' * 5_000])
def test_what_cannot_be_read_is_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    if text == '{"results": 5}':
        assert len(list(read_submissions(path))) == 1
        return
    with pytest.raises(UnreadableInput):
        list(read_submissions(path))


def test_an_empty_export_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no submissions"):
        list(read_submissions(written(tmp_path / "a.json", [])))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "_uuid",
                    "today",
                    "plot",
                    "grower/farmer_number",
                    "location",
                    "_geolocation",
                    "_attachments",
                    "bags",
                ]
            ),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(
                        st.sampled_from(["type", "coordinates", "properties", "a"]), inner, max_size=3
                    )
                ),
                max_leaves=6,
            ),
        ),
        max_size=3,
    )
)
def test_no_submissions_break_it(tmp_path: Path, value: list[dict[str, Any]]) -> None:
    path = written(tmp_path / "a.json", value)
    with suppress(InvalidInput):
        for row in PLOTS.events(read_submissions(path, PLOTS.header), "https://coop.example"):
            assert row.events or row.problems
