"""OpenStreetMap: levels as tags write them, and rooms, doors and points from them."""

import json
from pathlib import Path
from typing import Any

import pytest

from floorplans.check import counts
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.formats import osm, recognised
from floorplans.formats.osm import levels_in
from floorplans.level_links import Spot
from floorplans.merge import plan_of
from floorplans.wayfinding import Wayfinder
from groundwork.contracts.ids import LevelId

LON, LAT = 5.724, 45.184
STEP = 1e-4
"""Degrees: 11 m to the north, 8 m to the east."""


def _read(path: Path, *features: dict[str, Any]) -> Drawn:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    assert recognised(path) == "osm"
    return osm.read(path, Choice())


def _room(number: int, tags: dict[str, str], left: int = 0) -> dict[str, Any]:
    west, east = LON + left * STEP, LON + (left + 1) * STEP
    ring = [[west, LAT], [east, LAT], [east, LAT + STEP], [west, LAT + STEP], [west, LAT]]
    return {"type": "Feature", "id": f"way/{number}", "properties": tags, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def _node(number: int, tags: dict[str, str], lon: float, lat: float) -> dict[str, Any]:
    return {
        "type": "Feature",
        "id": f"node/{number}",
        "properties": {"tags": tags},
        "geometry": {"type": "Point", "coordinates": [lon, lat]},
    }


@pytest.mark.parametrize(
    ("text", "levels"),
    [("0", [0]), ("0;1", [0, 1]), ("1; 0", [0, 1]), ("-1-2", [-1, 0, 1, 2]), ("-3--1", [-3, -2, -1]), ("0.5", [0.5]), ("0,2", [0, 2])],
)
def test_levels_are_read_as_the_wiki_writes_them(text: str, levels: list[float]) -> None:
    assert levels_in(text) == levels


@pytest.mark.parametrize("text", ["ground", "0-99999", "2-1", "1-", "--", "0;x"])
def test_levels_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(PlanFileError, match="wrong_value"):
        levels_in(text)


@pytest.mark.parametrize(
    ("tags", "kind"),
    [
        ({"indoor": "room"}, "room"),
        ({"indoor": "room", "shop": "shoes"}, "shop"),
        ({"indoor": "corridor"}, "corridor"),
        ({"indoor": "area"}, "corridor"),
        ({"indoor": "room", "amenity": "toilets"}, "restroom"),
        ({"indoor": "room", "room": "stairs"}, "stairs"),
        ({"indoor": "room", "highway": "elevator"}, "elevator"),
        ({"indoor": "area", "highway": "steps", "conveying": "forward"}, "escalator"),
        ({"indoor": "room", "access": "private"}, "staff"),
    ],
)
def test_tags_say_what_a_room_is(tmp_path: Path, tags: dict[str, str], kind: str) -> None:
    assert [zone.kind for zone in _read(tmp_path / "a.geojson", _room(1, {"level": "0", **tags})).zones] == [kind]


def test_a_lift_over_three_levels_is_one_unit_on_three(tmp_path: Path) -> None:
    drawn = _read(tmp_path / "a.geojson", _room(1, {"indoor": "room", "level": "-1-1", "room": "elevator", "name:ar": "مصعد الشمال"}))
    assert [(zone.id, zone.level) for zone in drawn.zones] == [("way/1", "-1"), ("way/1@0", "0"), ("way/1@1", "1")]
    assert [level.ordinal for level in drawn.levels] == [-1, 0, 1]
    assert counts(plan_of(drawn))["units"] == 1
    assert drawn.zones[0].names.ar == "مصعد الشمال"


def test_a_door_lies_along_its_wall(tmp_path: Path) -> None:
    """The rooms meet in a wall that runs north; the door in it is drawn as a point."""
    rooms = [_room(1, {"indoor": "room", "level": "0"}), _room(2, {"indoor": "room", "level": "0"}, left=1)]
    drawn = _read(tmp_path / "a.geojson", *rooms, _node(3, {"door": "yes", "level": "0", "width": "2"}, LON + STEP, LAT + STEP / 2))
    ((x, y), (u, v)) = drawn.openings[0].line
    assert x == pytest.approx(u, abs=1e-4)
    assert abs(v - y) == pytest.approx(2.0, abs=1e-4)


def test_the_street_outside_is_passed_over(tmp_path: Path) -> None:
    road = _room(9, {"highway": "service"}, left=500)
    drawn = _read(tmp_path / "a.geojson", _room(1, {"indoor": "room", "level": "0"}), road, _node(8, {"amenity": "atm"}, LON, LAT))
    assert (len(drawn.zones), drawn.points, drawn.remarks) == (1, (), ())


def test_a_room_without_a_level_is_on_the_ground_and_said_to_be(tmp_path: Path) -> None:
    drawn = _read(tmp_path / "a.geojson", _room(1, {"indoor": "room"}))
    assert [(zone.level, remark.code) for zone, remark in zip(drawn.zones, drawn.remarks, strict=True)] == [("0", "no_level_tag")]


def _line(number: int, tags: dict[str, str]) -> dict[str, Any]:
    at = [[LON + 0.5 * STEP, LAT + 0.3 * STEP], [LON + 0.5 * STEP, LAT + 0.7 * STEP]]
    return {"type": "Feature", "id": f"way/{number}", "properties": tags, "geometry": {"type": "LineString", "coordinates": at}}


@pytest.mark.parametrize(
    ("feature", "kind", "apart"),
    [
        (_line(9, {"highway": "steps", "level": "0;1", "incline": "up"}), "stairs", True),
        (_line(9, {"highway": "steps", "level": "0-1"}), "stairs", False),
        (_line(9, {"highway": "steps", "level": "0;1", "conveying": "forward"}), "escalator", False),
        (_node(9, {"highway": "elevator", "level": "0;1"}, LON + 0.5 * STEP, LAT + 0.5 * STEP), "elevator", False),
    ],
)
def test_steps_that_are_a_line_and_lifts_that_are_a_point_lead_up(tmp_path: Path, feature: dict[str, Any], kind: str, apart: bool) -> None:
    floors = [_room(number, {"indoor": "corridor", "level": str(number)}) for number in (0, 1)]
    plan = plan_of(_read(tmp_path / "stairs.geojson", *floors, feature))
    (link,) = plan.links
    assert (link.kind, link.origin, link.destination) == (kind, *(point.id for point in plan.points))
    low, high = plan.points
    assert ((low.x_m, low.y_m) != (high.x_m, high.y_m)) is apart
    route = Wayfinder(plan).route(Spot(LevelId("0"), 1, 1), Spot(LevelId("1"), 1, 1))
    assert [change.kind for change in route.changes] == [kind]


def test_a_lift_that_is_a_room_and_a_point_is_one_lift(tmp_path: Path) -> None:
    floors = [_room(number, {"indoor": "corridor", "level": str(number)}) for number in (0, 1)]
    shaft = _room(5, {"indoor": "room", "room": "elevator", "level": "0;1"})
    point = _node(9, {"highway": "elevator", "level": "0;1"}, LON + 0.5 * STEP, LAT + 0.5 * STEP)
    assert plan_of(_read(tmp_path / "lift.geojson", *floors, shaft, point)).links == ()
