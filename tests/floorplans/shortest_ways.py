"""The lengths of shortest ways as another solver finds them: extremitypathfinder 2.7.2 (MIT), on 200 random pairs for each floor.

Kept in `shortest_ways.json`, because that solver asks for an older numpy than this project. To make them anew, install it beside and run
`python -m tests.floorplans.shortest_ways`.
"""

import json
import random
from importlib import import_module
from pathlib import Path
from typing import Final

import shapely
from shapely.geometry.polygon import orient

from aislecast.twin.shop import GROUND, demo_plan
from floorplans.importing import read_file
from floorplans.merge import plan_of
from floorplans.model import Plan, Point
from floorplans.wayfinding import Wayfinder
from groundwork.contracts.ids import LevelId, TenantId, VenueId
from tests.data import data_folder

FILE: Final = Path(__file__).with_suffix(".json")
FLOORS: Final = ("demo", "uji-library", "mall-hangzhou")
PAIRS: Final = 200
Way = tuple[float, float, float, float, float]


def floor_of(name: str) -> tuple[Plan, LevelId]:
    """A plan and the level of it that is walked; skips a test whose recording is not there."""
    if name == "demo":
        return demo_plan(TenantId("default"), VenueId("souq")), GROUND
    plan = plan_of(read_file(data_folder(name)).drawn)
    return plan, LevelId({"uji-library": "F1", "mall-hangzhou": "site1-F1"}[name])


def kept_ways(name: str) -> list[Way]:
    """Start, goal and metres."""
    ways: list[Way] = [tuple(way) for way in json.loads(FILE.read_text())[name]]
    return ways


def found(name: str) -> list[Way]:
    """The ways of a floor's largest part, found by the other solver."""
    plan, level = floor_of(name)
    part = orient(max(shapely.get_parts(Wayfinder(plan).area(level)), key=lambda one: one.area), 1.0)
    other, chance = import_module("extremitypathfinder").PolygonEnvironment(), random.Random(7)
    other.store(shapely.get_coordinates(part.exterior)[:-1], [shapely.get_coordinates(hole)[:-1] for hole in part.interiors])
    ways: list[Way] = []
    while len(ways) < PAIRS:
        (x, y), (to_x, to_y) = _inside(part, chance), _inside(part, chance)
        metres = other.find_shortest_path((x, y), (to_x, to_y))[1]
        ways.append((x, y, to_x, to_y, round(float(metres), 6)))
    return ways


def _inside(part: shapely.Polygon, chance: random.Random) -> Point:
    left, bottom, right, top = part.bounds
    while True:
        at = (round(chance.uniform(left, right), 4), round(chance.uniform(bottom, top), 4))
        if part.contains(shapely.Point(at)):
            return at


if __name__ == "__main__":
    FILE.write_text(json.dumps({name: found(name) for name in FLOORS}, separators=(",", ":")).replace("],", "],\n") + "\n")
