"""GeoJSON: ours holds a whole plan both ways, anybody's gives what its shapes say."""

import dataclasses
import json
from pathlib import Path

import pytest

from floorplans.drawing import Choice, PlanFileError
from floorplans.formats import geojson, recognised
from floorplans.formats.geojson import Crs
from floorplans.merge import plan_of
from floorplans.model import Plan, Polygon
from tests.floorplans.mall import box, full_plan

SQUARE = [[0, 0], [20, 0], [20, 20], [0, 20], [0, 0]]


def _back(path: Path, raw: bytes) -> Plan:
    path.write_bytes(raw)
    assert recognised(path) == "geojson"
    return plan_of(geojson.read(path, Choice()), version="v1")


def test_a_plan_in_metres_comes_back_equal(tmp_path: Path) -> None:
    assert _back(tmp_path / "plan.geojson", geojson.write(full_plan())) == full_plan()


@pytest.mark.parametrize("crs", ["local", "wgs84"])
def test_writing_reading_and_writing_again_gives_the_same_bytes(tmp_path: Path, crs: Crs) -> None:
    first = geojson.write(full_plan(), crs)
    assert geojson.write(_back(tmp_path / "plan.geojson", first), crs) == first


def test_degrees_are_longitude_first_and_on_the_spot(tmp_path: Path) -> None:
    written = json.loads(geojson.write(full_plan(), "wgs84"))
    (gateway, _) = [one["geometry"]["coordinates"] for one in written["features"] if one["properties"]["feature"] == "placement"]
    assert gateway == pytest.approx([46.6753, 24.7136], abs=1e-4)
    assert written["aislecast"]["crs"] == "wgs84"


def test_a_level_without_an_anchor_goes_out_in_metres_only() -> None:
    loose = dataclasses.replace(full_plan(), levels=tuple(dataclasses.replace(level, anchor=None) for level in full_plan().levels))
    geojson.write(loose)
    with pytest.raises(PlanFileError, match="G: no_anchor"):
        geojson.write(loose, "wgs84")


def test_anybodys_shapes_become_rooms_lines_and_points(tmp_path: Path) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {"name": "Cafe", "level": "1", "kind": "shop"},
            "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        },
        {"type": "Feature", "properties": {"level": 1}, "geometry": {"type": "LineString", "coordinates": SQUARE[:2]}},
        {"type": "Feature", "properties": {"level": 2, "name": "ATM"}, "geometry": {"type": "Point", "coordinates": [3, 4]}},
        {"type": "Feature", "properties": {}, "geometry": None},
    ]
    path = tmp_path / "any.json"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    drawn = geojson.read(path, Choice())
    assert [(zone.kind, zone.level, zone.names.ar, zone.polygons) for zone in drawn.zones] == [("shop", "1", "Cafe", (box(0, 0, 20, 20),))]
    assert [(level.id, level.ordinal) for level in drawn.levels] == [("1", 1), ("2", 2)]
    assert [(point.x_m, point.y_m) for point in drawn.points] == [(3, 4)]
    assert [remark.code for remark in drawn.remarks] == ["no_geometry"]


def test_anybodys_small_numbers_are_degrees(tmp_path: Path) -> None:
    ring = [[2.35, 48.87], [2.351, 48.87], [2.351, 48.871], [2.35, 48.87]]
    path = tmp_path / "any.json"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"features": [feature]}))
    (zone,) = geojson.read(path, Choice()).zones
    assert zone.polygons[0].outer[1] == pytest.approx((73.35, 0.0), abs=0.1)


def test_a_ring_that_crosses_itself_is_split_there(tmp_path: Path) -> None:
    bow_tie = [[0, 0], [20, 20], [20, 0], [0, 20], [0, 0]]
    path = tmp_path / "any.json"
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [bow_tie]}}
    path.write_text(json.dumps({"features": [feature]}))
    drawn = geojson.read(path, Choice())
    assert len(drawn.zones[0].polygons) == 2
    assert [remark.code for remark in drawn.remarks] == ["mended"]


def test_one_of_ours_that_was_broken_is_named(tmp_path: Path) -> None:
    written = json.loads(geojson.write(full_plan()))
    written["features"][2]["properties"]["level"] = "nowhere"
    written["features"].append(
        {"type": "Feature", "properties": {"feature": "zone", "level": "G"}, "geometry": {"type": "Point", "coordinates": [0, 0]}}
    )
    path = tmp_path / "plan.geojson"
    path.write_text(json.dumps(written))
    drawn = geojson.read(path, Choice())
    assert [remark.code for remark in drawn.remarks] == ["unknown_reference", "wrong_geometry"]
    written["aislecast"]["levels"] = 7
    path.write_text(json.dumps(written))
    with pytest.raises(PlanFileError, match="wrong_value"):
        geojson.read(path, Choice())


def test_holes_are_kept(tmp_path: Path) -> None:
    (outline,) = _back(tmp_path / "plan.geojson", geojson.write(full_plan())).levels[0].outline
    assert isinstance(outline, Polygon)
    assert len(outline.holes) == 1
