"""A route for those who draw it: GeoJSON for a map, and anchors for a phone that shows the way in its camera's picture.

Pure. Metres are those of each level's frame; degrees are given where the level is tied to the earth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from floorplans.earth import Frame
from floorplans.level_links import height_of
from floorplans.model import Plan, Point
from floorplans.route import Leg, Route
from groundwork.contracts.ids import LevelId

EVERY_M: Final = 2.0
"""Between two anchors on a straight walk: an arrow ahead is then always in a phone's picture."""


@dataclass(frozen=True, slots=True)
class PathAnchor:
    """A point of the way, and where one looks when one walks on from it."""

    kind: str
    """start, way, turn, or a link's kind where one leaves the level; goal."""
    level: LevelId
    x_m: float
    y_m: float
    z_m: float
    """Of the floor."""
    heading_deg: float
    """Counterclockwise from the frame's x."""
    bearing_deg: float | None = None
    """Clockwise from true north; None, as the degrees, where the level is not tied to the earth."""
    lon: float | None = None
    lat: float | None = None


def geojson(plan: Plan, route: Route, degrees: bool = False) -> dict[str, Any]:
    """A FeatureCollection with a line for each leg, in metres of its level's frame, or in degrees.

    In degrees it holds only the legs on levels that are tied to the earth. `metres` of a leg is its length on the floor.
    """
    frames = _frames(plan)
    ordinals = {level.id: level.ordinal for level in plan.levels}
    features = []
    for number, leg in enumerate(route.legs):
        if degrees and leg.level not in frames:
            continue
        points = [frames[leg.level].to_degrees(*at) if degrees else at for at in leg.points]
        onward = route.changes[number].kind if number < len(route.changes) else None
        known = {"level": leg.level, "ordinal": ordinals[leg.level], "metres": round(leg.metres, 3), "then": onward}
        features.append({"type": "Feature", "properties": known, "geometry": _geometry(points)})
    return {"type": "FeatureCollection", "features": features}


def anchors(plan: Plan, route: Route, every_m: float = EVERY_M) -> list[PathAnchor]:
    """The corners of the way, and points between them not farther than `every_m` apart. Raises ValueError unless that is above 0."""
    if not every_m > 0:
        raise ValueError(f"anchors must be some metres apart, got {every_m}")
    heights = {level.id: height_of(level) for level in plan.levels}
    frames = _frames(plan)
    found = []
    for number, leg in enumerate(route.legs):
        leaving = route.changes[number].kind if number < len(route.changes) else "goal"
        kinds = ["start" if number == 0 else "way", *("turn" for _ in leg.points[2:]), leaving]
        for kind, at, heading in _dense(leg, kinds, every_m):
            found.append(_anchor(kind, leg.level, at, heights[leg.level], heading, frames.get(leg.level), plan))
    return found


def _dense(leg: Leg, kinds: Sequence[str], every_m: float) -> list[tuple[str, Point, float]]:
    points = leg.points
    if len(points) == 1:
        return [(kinds[-1], points[0], 0.0)]
    found: list[tuple[str, Point, float]] = []
    heading = 0.0
    for n, (a, b) in enumerate(pairwise(points)):
        heading = math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))
        steps = max(1, math.ceil(math.dist(a, b) / every_m - 1e-9))
        found.append((kinds[n], a, heading))
        found += [("way", (a[0] + (b[0] - a[0]) * k / steps, a[1] + (b[1] - a[1]) * k / steps), heading) for k in range(1, steps)]
    return [*found, (kinds[-1], points[-1], heading)]


def _anchor(kind: str, level: LevelId, at: Point, z_m: float, heading: float, frame: Frame | None, plan: Plan) -> PathAnchor:
    x, y = round(at[0], 3), round(at[1], 3)
    if frame is None:
        return PathAnchor(kind, level, x, y, z_m, round(heading, 1))
    lon, lat = frame.to_degrees(*at)
    turned = next(one.anchor.rotation_deg for one in plan.levels if one.id == level and one.anchor is not None)
    return PathAnchor(kind, level, x, y, z_m, round(heading, 1), round((90.0 - heading - turned) % 360.0, 1), lon, lat)


def _frames(plan: Plan) -> dict[LevelId, Frame]:
    return {level.id: Frame(level.anchor) for level in plan.levels if level.anchor is not None}


def _geometry(points: Sequence[Point]) -> dict[str, Any]:
    rounded = [[round(x, 9), round(y, 9)] for x, y in points]
    return {"type": "LineString", "coordinates": rounded} if len(rounded) > 1 else {"type": "Point", "coordinates": rounded[0]}
