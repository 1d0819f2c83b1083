"""Ways: how long making a plan's graph, one route and a list of twenty take, on the demo shop and on a real mall of many levels.

Goals: a route at most 50 ms at p95, a list of 20 at most 200 ms. Yardsticks: extremitypathfinder (MIT) on the same floor and pairs where it
is installed (it asks for an older numpy, so it is no dependency); the list as it was written, for what ordering saves.
"""

import importlib
import importlib.util
import os
import random
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import shapely
from shapely.geometry.polygon import orient

from aislecast.twin.shop import GROUND, demo_plan
from benchmarks.table import Figure, Table, spread
from floorplans.directions import directions
from floorplans.importing import read_file
from floorplans.level_links import Spot
from floorplans.merge import plan_of
from floorplans.model import Plan
from floorplans.route import NoRoute, Stop
from floorplans.wayfinding import Wayfinder
from groundwork.contracts.ids import LevelId, TenantId, VenueId

SEED = 11
LISTED = 20
DATA = Path(os.environ.get("AISLECAST_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def measured(quick: bool = False) -> Table:
    """Medians over a seed's random places; the mall is left out where its plan is not there."""
    pairs = 50 if quick else 200
    figures = _shop(pairs)
    mall = DATA / "mall-hangzhou"
    figures += _mall(mall, pairs) if mall.is_dir() else []
    return Table("wayfinding", f"{pairs} random pairs, lists of {LISTED}", figures)


def _shop(pairs: int) -> list[Figure]:
    plan = demo_plan(TenantId("default"), VenueId("souq"))
    ways = Wayfinder(plan)
    made = [_seconds(lambda: Wayfinder(plan)) for _ in range(5)]
    chance = random.Random(SEED)
    asked = [(_spot(ways, GROUND, chance), _spot(ways, GROUND, chance)) for _ in range(pairs)]
    routed = [_seconds(lambda a=a, b=b: ways.route(a, b)) for a, b in asked]  # type: ignore[misc] # the defaults bind them now
    told = [_seconds(lambda a=a, b=b: directions(plan, ways.route(a, b))) for a, b in asked]  # type: ignore[misc] # as above
    lists = [[_spot(ways, GROUND, chance) for _ in range(LISTED)] for _ in range(10)]
    start, end = Spot(GROUND, 4.0, 2.5), Spot(GROUND, 20.0, 1.0)
    ordered = [_seconds(lambda one=one: ways.errand(start, one, end)) for one in lists]  # type: ignore[misc] # as above
    lengths = [ways.errand(start, one, end).metres for one in lists]
    written = [sum(ways.route(a, b).metres for a, b in pairwise((ways.stop(start), *one, ways.stop(end)))) for one in lists]
    other = _other(ways.area(GROUND), asked)
    return [
        Figure("shop: making the graph", 1e3 * spread(made).p50, "ms"),
        _in_ms("shop: a route", routed, "p95 <= 50", other),
        _in_ms("shop: a route with directions", told, "p95 <= 50"),
        _in_ms(f"shop: a list of {LISTED}", ordered, "<= 200"),
        Figure(f"shop: metres of a list of {LISTED}", spread(lengths).p50, "m", "as written", spread(written).p50),
    ]


def _mall(folder: Path, pairs: int) -> list[Figure]:
    plan = plan_of(read_file(folder).drawn)
    made: list[Wayfinder] = []
    seconds = _seconds(lambda: made.append(Wayfinder(plan)))
    (ways,) = made
    chance = random.Random(SEED)
    levels = [level.id for level in plan.levels if not level.id.startswith("site2")]
    asked = [(_spot(ways, chance.choice(levels), chance), _spot(ways, chance.choice(levels), chance)) for _ in range(pairs)]
    routed = [_seconds(lambda a=a, b=b: _tried(ways, a, b)) for a, b in asked]  # type: ignore[misc] # the defaults bind them now
    return [
        Figure(f"mall of {len(plan.levels)} levels: making the graph", seconds, "s"),
        _in_ms("mall: a route over levels", routed, "p95 <= 50"),
        _in_ms("mall: the same with directions", [_seconds(lambda a=a, b=b: _tried(ways, a, b, plan)) for a, b in asked[:30]]),  # type: ignore[misc] # as above
    ]


def _tried(ways: Wayfinder, a: Stop, b: Stop, plan: Plan | None = None) -> None:
    try:
        route = ways.route(a, b)
    except NoRoute:
        return
    if plan is not None:
        directions(plan, route)


def _spot(ways: Wayfinder, level: LevelId, chance: random.Random) -> Stop:
    left, bottom, right, top = ways.area(level).bounds
    return ways.stop(Spot(level, chance.uniform(left, right), chance.uniform(bottom, top)))


def _other(area: Any, asked: list[tuple[Stop, Stop]]) -> float | None:
    """The other solver's median for the pairs it takes: those that are not on an edge."""
    if importlib.util.find_spec("extremitypathfinder") is None:
        return None
    part, other = orient(area, 1.0), importlib.import_module("extremitypathfinder").PolygonEnvironment()
    other.store(shapely.get_coordinates(part.exterior)[:-1], [shapely.get_coordinates(hole)[:-1] for hole in part.interiors])
    inside = [(a.at, b.at) for a, b in asked if not a.off_m and not b.off_m]
    return spread([_seconds(lambda a=a, b=b: other.find_shortest_path(a, b)) for a, b in inside[:50]]).p50  # type: ignore[misc] # as above


def _in_ms(name: str, seconds: list[float], goal: str = "", beside_s: float | None = None) -> Figure:
    p50, p95 = spread(seconds)
    beside = None if beside_s is None else 1e3 * beside_s
    return Figure(name, 1e3 * p50, "ms", "extremitypathfinder" if beside else "", beside, 1e3 * p95, goal)


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
