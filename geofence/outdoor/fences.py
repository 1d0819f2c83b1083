"""Fences: a venue's outline and its approach rings as shapes on the earth, and what makes one unusable.

Pure. Where a venue has no outline of its own, those of its levels that are tied to the earth stand in. A fence that cannot be right is
left out and named; the others stand. What is done with them is for `matching.py`.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from shapely import is_valid_reason
from shapely.geometry import MultiPolygon
from shapely.geometry import Polygon as Shape
from shapely.geometry.base import BaseGeometry

from floorplans.earth import Frame
from floorplans.model import Approach, Level, Point, Polygon, Ring
from geofence.outdoor.earth import FARTHEST_M, arc_m, centre

OUTLINE: Final = "venue"
"""Kind of the zone that a venue's outline makes, and its id."""
APPROACH: Final = "approach"
"""Kind of the zone that an approach ring makes; its id is this, a colon and the ring's own."""
MOST_LAT: Final = 85.0
"""Degrees from the equator up to which a venue may lie: further on, a degree of longitude is no measure any more. Nobody shops there."""
MOST_SPAN_DEG: Final = 1.0
"""A ring that is wider was most likely drawn across the antimeridian without being cut there."""
SHORTEST_M: Final = 1.0
LONGEST_ID: Final = 32


class Circle(NamedTuple):
    """Everything within `radius_m` of a place, along the earth; the rim is in."""

    lon: float
    lat: float
    radius_m: float


class Fence(NamedTuple):
    """One area on the earth; exactly one of `shape` and `circle` is there."""

    zone: str
    kind: str
    shape: BaseGeometry | None = None
    """A valid Polygon or MultiPolygon in degrees."""
    circle: Circle | None = None


class Unusable(ValueError):
    """A fence that cannot be right; says what was found and what was expected."""


def fences_of(drawn: Sequence[Polygon], rings: Sequence[Approach], levels: Sequence[Level] = ()) -> tuple[list[Fence], list[str]]:
    """A venue's fences, its outline first, and what is wrong with those that were left out. None at all without an outline."""
    outlines = tuple(drawn) or _of_levels(levels)
    if not outlines:
        return [], []
    try:
        outline = Fence(OUTLINE, OUTLINE, _shape("outline", outlines))
    except Unusable as problem:
        return [], [str(problem)]
    fences, problems = [outline], []
    for ring in rings:
        try:
            fences.append(_approach(ring, outline))
        except Unusable as problem:
            problems.append(str(problem))
    return fences, problems


def around(fences: Iterable[Fence], beyond_m: float) -> Circle:
    """A circle that holds all the fences and `beyond_m` more. Raises Unusable where it would be too large."""
    rims = [rim for fence in fences for rim in _rims(fence)]
    west, east = min(lon for lon, _, _ in rims), max(lon for lon, _, _ in rims)
    south, north = min(lat for _, lat, _ in rims), max(lat for _, lat, _ in rims)
    lon, lat = (west + east) / 2, (south + north) / 2
    middle = centre(lon, lat)
    radius = max(arc_m(middle, lon_of, lat_of) + more for lon_of, lat_of, more in rims) + beyond_m
    return Circle(lon, lat, _radius("all fences together", radius))


def _of_levels(levels: Sequence[Level]) -> tuple[Polygon, ...]:
    """The outline of the level nearest to the ground that is tied to the earth, in degrees."""
    tied = [(abs(level.ordinal), level.ordinal, level) for level in levels if level.anchor is not None and level.outline]
    if not tied:
        return ()
    level = min(tied, key=lambda one: one[:2])[2]
    assert level.anchor is not None  # it is tied
    frame = Frame(level.anchor)
    return tuple(Polygon(frame.ring_to_degrees(one.outer), tuple(map(frame.ring_to_degrees, one.holes))) for one in level.outline)


def _approach(ring: Approach, outline: Fence) -> Fence:
    if not 1 <= len(ring.id) <= LONGEST_ID:
        raise Unusable(f"approach: id is {ring.id[:80]!r}, expected 1 to {LONGEST_ID} characters")
    at = f"approach {ring.id}"
    zone = f"{APPROACH}:{ring.id}"
    if ring.polygons:
        return Fence(zone, APPROACH, _shape(at, ring.polygons))
    radius = _radius(at, ring.radius_m)
    if ring.centre is None:
        return Fence(zone, APPROACH, circle=around([outline], radius))
    _check_points(at, [ring.centre])
    return Fence(zone, APPROACH, circle=Circle(*ring.centre, radius))


def _radius(at: str, radius_m: float) -> float:
    if not SHORTEST_M <= radius_m <= FARTHEST_M:
        raise Unusable(f"{at}: the radius is {radius_m:g} m, expected {SHORTEST_M:g} to {FARTHEST_M:g}")
    return radius_m


def _shape(at: str, polygons: Sequence[Polygon]) -> BaseGeometry:
    for polygon in polygons:
        for ring in (polygon.outer, *polygon.holes):
            _check_ring(at, ring)
    parts = [Shape(polygon.outer, polygon.holes) for polygon in polygons]
    shape: BaseGeometry = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    if not shape.is_valid or shape.is_empty:
        raise Unusable(f"{at}: {is_valid_reason(shape)}, expected rings that neither cross themselves nor one another")
    return shape


def _check_ring(at: str, ring: Ring) -> None:
    if len(ring) < 3:  # corners of a triangle
        raise Unusable(f"{at}: a ring has {len(ring)} points, expected 3 at least")
    _check_points(at, ring)
    span = max(lon for lon, _ in ring) - min(lon for lon, _ in ring)
    if span > MOST_SPAN_DEG:
        raise Unusable(f"{at}: a ring is {span:g} degrees wide, expected {MOST_SPAN_DEG:g} at most (cut it at the antimeridian)")


def _check_points(at: str, points: Iterable[Point]) -> None:
    for lon, lat in points:
        if not (math.isfinite(lon) and -180 <= lon <= 180):  # degrees
            raise Unusable(f"{at}: a longitude is {lon!r}, expected -180 to 180")
        if not (math.isfinite(lat) and -MOST_LAT <= lat <= MOST_LAT):
            raise Unusable(f"{at}: a latitude is {lat!r}, expected -{MOST_LAT:g} to {MOST_LAT:g}")


def _rims(fence: Fence) -> list[tuple[float, float, float]]:
    """Places and how many metres the fence reaches beyond each."""
    if fence.circle is not None:
        return [fence.circle]
    assert fence.shape is not None  # one of the two is there
    parts = getattr(fence.shape, "geoms", [fence.shape])
    return [(lon, lat, 0.0) for part in parts for lon, lat in part.exterior.coords]
