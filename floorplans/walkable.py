"""The walkable floor of a level: where the middle of a body can be, and the parts of it that nothing joins.

Pure, in metres of the level's frame. The outline less what stands on it, drawn in by half a body's width; rooms that have doors are walled
and left by these, a room without one is closed where the level has doors at all. Ways over it are for `visibility.py`.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from floorplans.findings import BODY_M, ISLAND_M2, NEAR_DOOR_M, SOLID
from floorplans.model import Fixture, Level, Names, Opening, Plan, Point, Zone
from floorplans.shapes import long_axis, outline_of, polygons_of, shape_of

NOT_WALKED: Final = ("void", "staff")
"""Zones a shopper has no business in, or would fall through."""
ROOMS: Final = ("room", "shop", "restroom")
"""Units that are closed on a level with doors when none of these is theirs."""
WALLED: Final = (*ROOMS, "stairs", "elevator", "escalator", "ramp")
"""Units whose sides are walls when they have a door; two corridors run into one another."""
WALL_M: Final = 0.02
"""How thick a wall is where only the rooms' sides are drawn: enough to part them."""
REACH_M: Final = 0.3
"""How far beyond a body's half width a door leads, to either side: walls are drawn up to so thick, and doors on one side of them."""
NARROW_M: Final = 0.1
"""The width of the way through a door that was drawn too narrow for a body: it is there, so one gets through."""
MOST_CLOSED: Final = 0.5
"""A room without a door over more of its level than this is the sales floor itself."""


class Snapped(NamedTuple):
    """A point on the walkable floor, and how far from the one that was asked for."""

    at: Point
    off_m: float


class Island(NamedTuple):
    """A part of a level that cannot be reached from its main part."""

    level: str
    at: Point
    area_m2: float
    zone: str | None
    names: Names | None
    """Of the smallest zone it lies in, where it lies in one."""


def walkable_area(plan: Plan, level: Level, body_m: float = BODY_M, shut: Iterable[str] = ()) -> Any:
    """Where the middle of a body of radius `body_m` can be: a shapely geometry, empty where nobody can walk. `shut` are ids of openings."""
    doors = [one for one in plan.openings if one.level == level.id and len(one.line) > 1]
    units = [zone for zone in plan.zones if zone.level == level.id]
    floor = _floor(plan, level)
    solid = [polygon for one in plan.fixtures if one.level == level.id and one.kind in SOLID for polygon in one.polygons]
    closed, walled = _rooms(units, doors, floor.area)
    free = floor.difference(shape_of([*level.obstacles, *solid])).difference(shapely.union_all(closed))
    walls = shape_of(
        polygon for one in plan.fixtures if one.level == level.id and one.kind in ("wall", "window") for polygon in one.polygons
    )
    sides = shapely.union_all([shapely.boundary(room) for room in walled]).buffer(WALL_M / 2, cap_style="flat", join_style="mitre")
    inside = free.difference(walls).difference(sides).buffer(-body_m, join_style="mitre")
    shut = frozenset(shut)
    ways = [_doorway(door, body_m) for door in doors if door.id not in shut]
    return shapely.union_all([inside, shapely.union_all(ways).intersection(free)]) if ways else inside


def walled_rooms(plan: Plan, level: Level) -> list[Any]:
    """The rooms of a level that are walled: those that have a door."""
    doors = [one for one in plan.openings if one.level == level.id and len(one.line) > 1]
    return _rooms([zone for zone in plan.zones if zone.level == level.id], doors, np.inf)[1]


def parts_of(area: Any) -> list[Any]:
    """The joined parts of a walkable area, the largest first; corners between shelves that are too small to stand in are left out."""
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and part.area > 0]
    parts.sort(key=lambda part: (-part.area, part.bounds))
    return [part for part in parts if part.area >= ISLAND_M2] or parts[:1]


def snapped(area: Any, point: Point) -> Snapped:
    """The point of `area` nearest to `point`. Raises ValueError on an empty area or a point that is not finite."""
    if area.is_empty or not np.all(np.isfinite(point)):
        raise ValueError(f"no walkable point near {point}: {'nobody can walk there' if area.is_empty else 'it is not finite'}")
    asked = shapely.Point(point)
    if shapely.covers(area, asked):
        return Snapped((float(point[0]), float(point[1])), 0.0)
    x, y = shapely.get_coordinates(shapely.shortest_line(area, asked))[0].tolist()
    return Snapped((x, y), float(np.hypot(x - point[0], y - point[1])))


def within(area: Any, shape: Any) -> Snapped:
    """The walkable point nearest to the middle of `shape` and in it; where none is, the one nearest to it, and how far off that is."""
    middle = _middle(shape)
    shared = polygons_only(area.intersection(shape))
    if not shared.is_empty:
        return Snapped(snapped(shared, middle).at, 0.0)
    line = shapely.shortest_line(area, shape)
    if line is None:
        raise ValueError("no walkable point near a zone: nobody can walk there")
    x, y = shapely.get_coordinates(line)[0].tolist()
    return Snapped((x, y), float(line.length))


def before_bay(fixture: Fixture, bay: int, before_m: float) -> Point:
    """The point `before_m` metres before the middle of a shelf's bay; bays count from 1, left to right as one faces it.

    A fixture that is faced from all sides counts them along its long axis, and the point is inside: whoever snaps it gets the nearer side.
    """
    share = (min(max(1, bay), fixture.bays) - 0.5) / fixture.bays if fixture.bays else 0.5
    if fixture.facing_deg is None:
        (x, y), (u, v) = long_axis(fixture.polygons[0])
        return (x + (u - x) * share, y + (v - y) * share)
    turn = np.radians(fixture.facing_deg)
    ahead, right = np.array([np.cos(turn), np.sin(turn)]), np.array([np.sin(turn), -np.cos(turn)])
    corners = np.array([point for polygon in fixture.polygons for point in polygon.outer], dtype=float)
    depth, width = corners @ ahead, corners @ right
    x, y = (ahead * (depth.min() - before_m) + right * (width.min() + share * (width.max() - width.min()))).tolist()
    return (x, y)


def polygons_only(shape: Any) -> Any:
    """The shape without the lines and points that cutting leaves behind."""
    return shape_of(polygons_of(shape))


def island(level: Level, part: Any, zones: Sequence[Zone]) -> Island:
    """A part nobody reaches, by the name of the zone it is in."""
    at = part.representative_point()
    around = [(shape_of(zone.polygons), zone) for zone in zones if zone.level == level.id]
    holding = sorted(((shape.area, zone.id, zone) for shape, zone in around if shape.covers(at)), key=lambda one: one[:2])
    zone = holding[0][2] if holding else None
    return Island(level.id, (round(at.x, 2), round(at.y, 2)), round(part.area, 1), zone.id if zone else None, zone.names if zone else None)


def _floor(plan: Plan, level: Level) -> Any:
    drawn = (plan.zones, plan.fixtures)
    return shape_of(level.outline or outline_of(p for part in drawn for one in part if one.level == level.id for p in one.polygons))


def _rooms(units: Sequence[Zone], doors: Sequence[Opening], floor_m2: float) -> tuple[list[Any], list[Any]]:
    """The shapes of what is closed, and of what has walls and doors."""
    leaves = shapely.STRtree([shapely.LineString(door.line) for door in doors])
    closed, walled = [], []
    for unit in units:
        shape = shape_of(unit.polygons)
        if unit.kind in NOT_WALKED:
            closed.append(shape)
        elif unit.kind in WALLED and len(leaves.query(shapely.boundary(shape), predicate="dwithin", distance=NEAR_DOOR_M)):
            walled.append(shape)
        elif unit.kind in ROOMS and doors and shape.area < MOST_CLOSED * floor_m2:
            closed.append(shape)
    return closed, walled


def _doorway(door: Opening, body_m: float) -> Any:
    """Where a body's middle can be in a door: a strip across its line."""
    line = np.array(door.line, dtype=float)
    start, end = line[0], line[-1]
    width = float(np.hypot(*(end - start)))
    along = (end - start) / width if width else np.array([1.0, 0.0])
    across = np.array([-along[1], along[0]]) * (body_m + REACH_M)
    half = along * max(width / 2 - body_m, NARROW_M / 2)
    middle = (start + end) / 2
    return shapely.Polygon([middle - half - across, middle + half - across, middle + half + across, middle - half + across])


def _middle(shape: Any) -> Point:
    """The centroid where it lies in the shape, else a point that does."""
    at = shape.centroid
    at = at if shape.covers(at) else shape.representative_point()
    return float(at.x), float(at.y)
