"""Recordings: their real plans are read, and a bad file is refused with its name, the feature and the expectation."""

import json
from pathlib import Path
from typing import Any

import pytest

from floorplans.drawing import Choice, PlanFileError
from floorplans.formats import reader, recording
from floorplans.model import Plan, Polygon
from floorplans.validate import problems
from groundwork.contracts.ids import PlanVersionId
from tests.data import data_folder
from tests.floorplans.shop import venue

SQUARE = [[0, 0], [2, 0], [2, 2], [0, 2], [0, 0]]


def _feature(properties: dict[str, Any], geometry: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry or {"type": "Polygon", "coordinates": [SQUARE]}}


def _write(path: Path, *features: dict[str, Any]) -> Path:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    return path


@pytest.mark.parametrize(
    ("name", "zones", "levels", "outlines", "obstacles"),
    [
        ("tetam-office", 20, ["F1"], 1, 1),
        ("uji-library", 32, ["F1"], 0, 33),
        ("warsaw-flat", 6, ["F1"], 1, 0),
        ("mall-hangzhou", 2907, None, 17, 0),
        ("sal-door", 0, [], 0, 0),
    ],
)
def test_the_recordings_plans_are_read_and_sound(name: str, zones: int, levels: list[str] | None, outlines: int, obstacles: int) -> None:
    drawn = reader("recording")(data_folder(name), Choice())
    assert len(drawn.zones) == zones
    assert levels is None or [level.id for level in drawn.levels] == levels
    assert sum(len(level.outline) for level in drawn.levels) == outlines
    assert sum(len(level.obstacles) for level in drawn.levels) == obstacles
    assert problems(Plan(venue(), PlanVersionId("v"), drawn.levels, drawn.zones)) == []


def test_levels_stand_in_their_order_over_the_ground() -> None:
    levels = recording.read_levels(data_folder("mall-hangzhou") / "floor.geojson")
    assert [level.ordinal for level in levels] == [-1, -1, 0, 0, 1, 1, 2, 2, 3, 3, 4, 5, 6, 7]


def test_holes_and_several_polygons_are_kept_without_the_closing_point(tmp_path: Path) -> None:
    hole = [[0.5, 0.5], [1, 0.5], [1, 1], [0.5, 0.5]]
    many = {"type": "MultiPolygon", "coordinates": [[SQUARE, hole], [[[5, 5, 9], [6, 5, 9], [6, 6, 9], [5, 5, 9]]]]}
    (zone,) = recording.read_zones(_write(tmp_path / "z", _feature({"zone": "a", "floor": "F1", "kind": "aisle", "name_ar": "ممر"}, many)))
    assert zone.names.ar == "ممر"
    first = Polygon(((0, 0), (2, 0), (2, 2), (0, 2)), (((0.5, 0.5), (1, 0.5), (1, 1)),))
    assert zone.polygons == (first, Polygon(((5, 5), (6, 5), (6, 6))))


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (_feature({"floor": "F1"}), "feature 1: .*missing required field `zone`"),
        (_feature({"zone": "b"}), "feature 1: .*missing required field `floor`"),
        (_feature({"zone": "b", "floor": 1}), "feature 1: .*Expected `str`, got `int`"),
        (_feature({"zone": "b", "floor": "F1", "kind": "ailse"}), "feature 1: unknown_kind .found ailse, known aisle"),
        (_feature({"zone": "b", "floor": "F1"}, {"type": "Point", "coordinates": [0, 0]}), "feature 1: .*Invalid value 'Point'"),
        (_feature({"zone": "b", "floor": "F1"}, {"type": "Polygon", "coordinates": [SQUARE[:3]]}), "feature 1: .*length >= 4"),
        (_feature({"zone": "b", "floor": "F1"}, {"type": "Polygon", "coordinates": [[["x", 0]]]}), "feature 1: .*Expected"),
    ],
)
def test_a_bad_feature_is_named_with_its_file_and_number(tmp_path: Path, bad: dict[str, Any], words: str) -> None:
    path = _write(tmp_path / "zones.geojson", _feature({"zone": "a", "floor": "F1"}), bad)
    with pytest.raises(PlanFileError, match=words) as caught:
        recording.read(tmp_path, Choice())
    assert str(caught.value).startswith(path.name)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{", b'{"type":"Feature","features":[]}', b"\xff\xfe", b'{"type":"FeatureCollection","features":[{"\xff":1}]}']
)
def test_a_file_that_is_no_geojson_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "floor.geojson"
    path.write_bytes(content)
    with pytest.raises(PlanFileError, match=path.name):
        recording.read(tmp_path, Choice())


def test_a_zone_on_an_undrawn_level_brings_the_level(tmp_path: Path) -> None:
    _write(tmp_path / "zones.geojson", _feature({"zone": "a", "floor": "B2"}))
    (level,) = recording.read(tmp_path, Choice()).levels
    assert (level.id, level.ordinal, level.outline) == ("B2", -2, ())


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown plan format 'dwg': known are imdf, geojson"):
        reader("dwg")
