"""Lots out as EUDR plots: whole or refused by name, and never with a plot that nobody stated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from firsthand.proof.parties import Party
from firsthand.service.chain_access import ChainAccess
from firsthand.service.eudr.export import Export, export_eudr, final_lots
from firsthand.service.eudr.judge import judge_geojson
from firsthand.service.parties import add_party
from firsthand.service.record import record_file
from tests.made import record

BASE = "https://coop.example/id"
CONTEXT = [
    "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld",
    {"fh": "https://firsthand.example/ns/"},
]
SQUARE = (
    "POLYGON ((36.812345 -0.512345, 36.816345 -0.512345, 36.816345 -0.508345, 36.812345 -0.508345, "
    "36.812345 -0.512345))"
)
BOW_TIE = SQUARE.replace("36.816345 -0.512345", "36.812345 -0.508344", 1)


def base_event(**more: Any) -> dict[str, Any]:
    return {
        "@context": CONTEXT,
        "type": "ObjectEvent",
        "eventTime": "2025-10-06T08:00:00Z",
        "eventTimeZoneOffset": "+00:00",
        "fh:profile": "coffee",
        **more,
    }


def plot(name: str, **more: Any) -> dict[str, Any]:
    return base_event(
        action="OBSERVE",
        bizStep="sensor_reporting",
        readPoint={"id": f"{BASE}/place/{name}"},
        sensorElementList=[{"sensorReport": [{"type": "Altitude", "value": 1800, "uom": "MTR"}]}],
        **{"fh:step": "plot", "cbvmda:countryOfOrigin": "KE", **more},
    )


def harvest(lot: str, place: str | None, kilograms: float = 50.0, **more: Any) -> dict[str, Any]:
    where = {"readPoint": {"id": f"{BASE}/place/{place}"}} if place else {}
    return base_event(
        action="ADD",
        bizStep="commissioning",
        quantityList=[{"epcClass": f"{BASE}/lot/{lot}", "quantity": kilograms, "uom": "KGM"}],
        **{"fh:step": "harvest", **where, **more},
    )


def milling(inputs: dict[str, float], lot: str, kilograms: float, **more: Any) -> dict[str, Any]:
    event = base_event(
        type="TransformationEvent",
        bizStep="commissioning",
        inputQuantityList=[
            {"epcClass": f"{BASE}/lot/{name}", "quantity": amount, "uom": "KGM"}
            for name, amount in inputs.items()
        ],
        outputQuantityList=[{"epcClass": f"{BASE}/lot/{lot}", "quantity": kilograms, "uom": "KGM"}],
        **{"fh:step": "wetMilling", **more},
    )
    return event | {"eventTime": "2025-10-09T08:00:00Z"}


POINT = {"fh:plotLocation": "POINT (36.712345 -0.612340)", "fh:area": {"fh:value": 1.5, "fh:uom": "HAR"}}
AREA = {"fh:plotBoundary": SQUARE, "fh:area": {"fh:value": 19.7, "fh:uom": "HAR"}}


@pytest.fixture
def maker(access: ChainAccess) -> Party:
    add_party(access.workspace, "Coop", ("cooperative",))
    return add_party(access.workspace, "Adela Quispe", ("maker",)).party


def exported(access: ChainAccess, *lots: str, **more: Any) -> tuple[Export, dict[str, Any]]:
    found = export_eudr(access.workspace, [f"{BASE}/lot/{lot}" for lot in lots], **more)
    return found, json.loads(found.document)


def reasons(found: Export) -> str:
    return "; ".join(reason for refusal in found.refused for reason in refusal.reasons)


def test_a_mixed_lot_goes_out_with_all_its_plots(access: ChainAccess, maker: Party) -> None:
    record(access, maker, plot("p1", **POINT), plot("p2", **AREA))
    record(access, maker, harvest("a", "p1"), harvest("b", "p2", ilmd={"fh:plot": "Upper field"}))
    record(access, maker, milling({"a": 50, "b": 50}, "green", 20))
    found, document = exported(access, "green")
    assert found.refused == []
    first, second = document["features"]
    assert first["properties"] == {
        "ProducerName": "Adela Quispe",
        "ProducerCountry": "KE",
        "ProductionPlace": "p1",
        "Area": 1.5,
    }
    assert first["id"] == f"{BASE}/place/p1"
    assert second["properties"]["ProductionPlace"] == "Upper field"
    assert second["geometry"]["type"] == "Polygon"
    # As it was signed, zeros included.
    assert b'"coordinates":[36.712345,-0.612340]' in found.document
    assert [one for one in judge_geojson(found.document) if one.severity == "error"] == []


def test_a_lot_of_mass_balance_is_refused_with_the_reason(access: ChainAccess, maker: Party) -> None:
    record(access, maker, plot("p1", **POINT), harvest("a", "p1"))
    record(access, maker, milling({"a": 50, "unknown": 30}, "green", 16))
    found, document = exported(access, "green")
    assert document["features"] == []
    assert "mass balance" in reasons(found)
    assert "unknown" in reasons(found)


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        ([harvest("a", "p1")], "no plot was recorded at"),
        ([harvest("a", None)], "no place was recorded"),
        ([plot("p1"), harvest("a", "p1")], "neither fh:plotLocation nor fh:plotBoundary"),
        (
            [plot("p1", **POINT, **{"cbvmda:countryOfOrigin": "ET"}), harvest("a", "p1")],
            "said to be in Ethiopia",
        ),
        (
            [plot("p1", **POINT, **{"cbvmda:countryOfOrigin": 5}), harvest("a", "p1")],
            "no country was recorded",
        ),
        ([plot("p1", **(POINT | {"fh:area": AREA["fh:area"]})), harvest("a", "p1")], "needs its polygon"),
        ([plot("p1", **{"fh:plotLocation": "POINT (-0.612340 36.712345)"}), harvest("a", "p1")], "swapped"),
        ([plot("p1", **{"fh:plotLocation": "POINT (36.71 -0.61)"}), harvest("a", "p1")], "decimals"),
        ([plot("p1", **{"fh:plotLocation": "somewhere"}), harvest("a", "p1")], "not WKT"),
        ([plot("p1", **{"fh:plotLocation": 7}), harvest("a", "p1")], "expected WKT"),
        (
            [plot("p1", **{"fh:plotBoundary": BOW_TIE}), harvest("a", "p1")],
            "crosses or touches itself",
        ),
    ],
)
def test_a_lot_without_a_sound_plot_is_refused_by_name(
    access: ChainAccess, maker: Party, events: list[dict[str, Any]], reason: str
) -> None:
    record(access, maker, *events)
    found, document = exported(access, "a")
    assert document["features"] == []
    assert [refusal.lot for refusal in found.refused] == [f"{BASE}/lot/a"]
    assert reason in reasons(found)


def test_an_unknown_lot_is_refused(access: ChainAccess, maker: Party) -> None:
    found, _ = exported(access, "nowhere")
    assert "no event" in reasons(found)


def test_the_last_standing_statement_of_a_plot_counts(access: ChainAccess, maker: Party) -> None:
    record(access, maker, plot("p1", **POINT), harvest("a", "p1"))
    moved = POINT | {"fh:plotLocation": "POINT (36.722345 -0.622345)"}
    later = plot("p1", **moved) | {"eventTime": "2025-10-07T08:00:00Z"}
    record(access, maker, later)
    assert b"36.722345" in exported(access, "a")[0].document


def test_a_geojson_boundary_is_wound_and_written_with_six_decimals(access: ChainAccess, maker: Party) -> None:
    corners = [[36.812345, -0.512345], [36.812345, -0.508345], [36.816345, -0.508345], [36.816345, -0.512345]]
    boundary = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    record(access, maker, plot("p1", **{"fh:plotBoundary": boundary}), harvest("a", "p1"))
    found, document = exported(access, "a")
    assert found.refused == []
    assert document["features"][0]["properties"]["Area"] == pytest.approx(19.7, abs=0.2)
    assert [one for one in judge_geojson(found.document) if one.severity == "error"] == []


def test_the_same_land_under_two_names_is_refused(access: ChainAccess, maker: Party) -> None:
    record(access, maker, plot("p1", **AREA), plot("p2", **AREA), harvest("a", "p1"), harvest("b", "p2"))
    found, document = exported(access, "a", "b")
    assert [refusal.lot for refusal in found.refused] == [f"{BASE}/lot/b"]
    assert len(document["features"]) == 1


def test_samples_go_out_and_say_so(access: ChainAccess, maker: Party) -> None:
    sample = {"fh:sample": True, "cbvmda:countryOfOrigin": "ZZ", "fh:area": POINT["fh:area"]}
    record(access, maker, plot("p1", **sample, **{"fh:plotLocation": "POINT (0.003945 0.002623)"}))
    record(access, maker, harvest("a", "p1"))
    found, document = exported(access, "a")
    assert found.sample
    assert document["features"][0]["properties"]["Sample"] is True
    assert any(one.severity == "error" for one in judge_geojson(found.document))


def test_sealed_plots_are_opened_by_whoever_can(access: ChainAccess, maker: Party) -> None:
    record(access, maker, plot("p1", **{"fh:sealed": ["A" * 43]}), harvest("a", "p1"))
    found, _ = exported(access, "a")
    assert "this workspace cannot open" in reasons(found)
    opened, _ = exported(access, "a", opened=lambda number, event: event | POINT)
    assert opened.refused == []


def test_final_lots_are_those_that_were_not_used_up(access: ChainAccess, maker: Party) -> None:
    record(access, maker, harvest("a", "p1"), harvest("b", "p1"), milling({"a": 50}, "green", 9))
    assert final_lots(access.workspace) == [f"{BASE}/lot/b", f"{BASE}/lot/green"]
    record(access, maker, milling({"b": 20}, "green-2", 9))
    # Of b something is left.
    assert final_lots(access.workspace) == [f"{BASE}/lot/{name}" for name in ("b", "green", "green-2")]


def well_known_text(geometry: dict[str, Any]) -> str:
    def written(value: Any) -> str:
        if isinstance(value[0], str):
            return " ".join(value)
        return f"({', '.join(map(written, value))})"

    coordinates = geometry["coordinates"]
    inner = [coordinates] if geometry["type"] == "Point" else coordinates
    return f"{geometry['type'].upper()} {written(inner)}"


# --- real people's lots -------------------------------------------------------------------------------


@pytest.fixture
def cqi(access: ChainAccess, maker: Party, shared: Path) -> ChainAccess:
    sheet = shared / "cqi" / "arabica_data_cleaned.csv"
    record_file(access.workspace, sheet, "Coop", profile="coffee", mapping="cqi")
    return access


def test_the_cqi_lots_are_traced_and_each_refused_by_name(cqi: ChainAccess) -> None:
    lots = final_lots(cqi.workspace)
    assert len(lots) == 1311
    found = export_eudr(cqi.workspace, lots[:60])
    assert found.plots == {}
    assert [refusal.lot for refusal in found.refused] == lots[:60]
    for refusal in found.refused:
        assert len(refusal.reasons) == 1
        assert "no plot was recorded at https://coop.example/id/place/" in refusal.reasons[0]


def test_plots_of_the_fixtures_go_out_with_sample_lots_only(
    cqi: ChainAccess, maker: Party, shared: Path
) -> None:
    folder = shared / "eudr" / "fixtures"
    samples = []
    for path in sorted((folder / "valid").glob("*.geojson")):
        # As text: a number of canonical JSON forgets the zeros at its end, WKT does not.
        (one,) = json.loads(path.read_text(), parse_float=str)["features"]
        country = one["properties"]["plot_id"][:2]
        area = {"fh:value": float(one["properties"]["area_ha"]), "fh:uom": "HAR"}
        name = f"fixture-{path.stem}"
        statement = {
            "fh:plotBoundary": well_known_text(one["geometry"]),
            "cbvmda:countryOfOrigin": country,
            "fh:area": area,
        }
        record(cqi, maker, plot(name, **statement), harvest(f"sample-{path.stem}", name))
        samples.append(f"{BASE}/lot/sample-{path.stem}")
    real = final_lots(cqi.workspace)[:20]
    found = export_eudr(cqi.workspace, [*samples, *real])
    assert [refusal.lot for refusal in found.refused] == real
    assert sorted(lot for one in found.plots.values() for lot in one.lots) == sorted(samples)
    assert {one["geometry"]["type"] for one in json.loads(found.document)["features"]} == {
        "Point",
        "Polygon",
        "MultiPolygon",
    }
    assert [one for one in judge_geojson(found.document) if one.severity == "error"] == []
