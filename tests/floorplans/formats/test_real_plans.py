"""Every real plan comes in with a sensible count of everything, and as large as its file says."""

from functools import cache
from pathlib import Path

import pytest
import shapely

from floorplans.check import checked
from floorplans.drawing import Choice
from floorplans.formats import reader, recognised
from floorplans.importing import Import
from floorplans.merge import plan_of
from floorplans.shapes import shape_of
from floorplans.validate import problems
from floorplans.walkable import walkable_area
from floorplans.wayfinding import Wayfinder
from tests.data import data_folder

PLANS = [
    # file, format, levels, units, doors, width and height in metres (None: the file does not know)
    ("plans/osm-indoor/caserne.geojson", "osm", 3, 67, 10, None),
    ("plans/osm-indoor/gare-de-l-est.geojson", "osm", 2, 116, 16, None),
    ("plans/wrld-westport-house/main.json", "wrld", 7, 99, 333, (59.02, 63.38)),
    ("plans/wrld-westport-house/main-paths.json", "wrld", 3, 0, 0, None),
    ("plans/wrld-westport-house/westport-house-floor-gf.geojson", "wrld", 1, 15, 36, (59.02, 63.38)),
    ("plans/wrld-westport-house/westport-house-floor-1.geojson", "wrld", 1, 11, 11, (59.02, 63.38)),
    ("plans/wrld-westport-house/westport-house-floor-2.geojson", "wrld", 1, 21, 25, (50.02, 63.38)),
    ("plans/wrld-westport-house/westport-house-floor-3.geojson", "wrld", 1, 21, 122, (47.43, 63.38)),
    ("plans/wrld-westport-house/westport-house-floor-4.geojson", "wrld", 1, 22, 114, (47.43, 60.13)),
    ("plans/wrld-westport-house/westport-house-floor-5.geojson", "wrld", 1, 4, 15, (23.22, 22.75)),
    ("plans/wrld-westport-house/westport-house-floor-6.geojson", "wrld", 1, 5, 10, (23.22, 17.89)),
    ("plans/wrld-westport-house/westport-house-floor-gf-paths.geojson", "wrld", 1, 0, 0, None),
    ("plans/wrld-westport-house/westport-house-floor-2-paths.geojson", "wrld", 1, 0, 0, None),
    ("plans/wrld-cad/office.dxf", "dxf", 1, 0, 104, (57.9, 27.9)),
    ("plans/wrld-cad/office.pdf", "pdf", 1, 0, 0, None),
    ("plans/wrld-cad/office.png", "picture", 1, 0, 0, None),
    ("mall-hangzhou/plans/site1-B1.geojson_map.json", "mall", 1, 695, 0, (320.077, 231.766)),
    ("mall-hangzhou/plans/site1-F1.geojson_map.json", "mall", 1, 167, 0, (239.817, 176.441)),
    ("mall-hangzhou/plans/site2-F6.geojson_map.json", "mall", 1, 155, 0, (236.712, 219.747)),
    ("mall-hangzhou/plans/site1-F1.floor_info.json", "mall", 1, 0, 0, (239.817, 176.441)),
    ("mall-hangzhou/plans/site1-F1.floor_image.png", "picture", 1, 0, 0, (239.817, 176.441)),
]


@cache
def _read(path: Path) -> Import:
    name = recognised(path)
    return Import(name, reader(name)(path, Choice()))


@pytest.mark.parametrize(("file", "kind", "levels", "units", "doors", "size"), PLANS, ids=[plan[0] for plan in PLANS])
def test_a_real_plan_comes_in_whole(file: str, kind: str, levels: int, units: int, doors: int, size: tuple[float, float] | None) -> None:
    folder, _, name = file.partition("/")
    read = _read(data_folder(folder) / name)
    found = checked(file, read)
    assert (found.format, found.counts["levels"], found.counts["units"], found.counts["doors"]) == (kind, levels, units, doors)
    if size is not None:
        assert found.width_m == pytest.approx(size[0], abs=0.1)
        assert found.height_m == pytest.approx(size[1], abs=0.1)
    assert problems(plan_of(read.drawn)) == []


def test_what_a_mall_stores_twice_comes_in_once() -> None:
    read = _read(data_folder("mall-hangzhou") / "plans" / "site2-F6.geojson_map.json")
    assert (len(read.drawn.zones), read.drawn.found["polygon"], read.drawn.found["drawn_twice"]) == (157, 301, 144)
    assert {remark.code for remark in read.drawn.remarks} == {"drawn_twice"}


def test_a_drawing_is_read_by_the_layers_that_were_chosen() -> None:
    path = data_folder("plans") / "wrld-cad" / "office.dxf"
    drawn = reader("dxf")(path, Choice(layers=("wall", "doors")))
    assert {detail.layer for detail in drawn.details} == {"wall", "doors"}
    assert {fixture.kind for fixture in drawn.fixtures} == {"wall"}
    assert "Furniture" in drawn.layers


def test_doors_lie_in_walls() -> None:
    """A door that is drawn as a point becomes a line along the wall it is in."""
    drawn = _read(data_folder("plans") / "osm-indoor" / "gare-de-l-est.geojson").drawn
    assert all(len(opening.line) == 2 for opening in drawn.openings)
    assert {opening.kind for opening in drawn.openings} == {"entrance"}


@pytest.mark.parametrize(
    ("file", "level", "share"),
    [
        ("plans/osm-indoor/caserne.geojson", "0", 0.95),
        ("plans/osm-indoor/gare-de-l-est.geojson", "0", 0.95),
        ("plans/osm-indoor/gare-de-l-est.geojson", "-1", 0.95),
        ("plans/wrld-cad/office.dxf", "office", 0.95),
        ("plans/wrld-westport-house/main.json", "westport-house-floor-gf", 0.99),
        ("plans/wrld-westport-house/main.json", "westport-house-floor-3", 0.95),
        ("mall-hangzhou/plans/site1-B1.geojson_map.json", "B1", 0.95),
    ],
)
def test_one_gets_nearly_everywhere_on_a_real_floor(file: str, level: str, share: float) -> None:
    folder, _, name = file.partition("/")
    plan = plan_of(_read(data_folder(folder) / name).drawn)
    found = next(one for one in plan.levels if one.id.endswith(level))
    assert Wayfinder(plan).area(found.id).area >= share * walkable_area(plan, found).area


def test_a_real_drawing_s_doors_lie_in_its_walls() -> None:
    """Of the office's doors seven in ten go from wall to wall, though their leaves are drawn open; the others stand in glass."""
    plan = plan_of(_read(data_folder("plans") / "wrld-cad" / "office.dxf").drawn)
    walls = shape_of(polygon for one in plan.fixtures for polygon in one.polygons)
    near = [one for one in plan.openings if all(walls.distance(shapely.Point(end)) < 0.3 for end in (one.line[0], one.line[-1]))]
    assert len(near) >= 0.7 * len(plan.openings)
