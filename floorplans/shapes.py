"""Shapes made of shapes: a level's outline from its rooms, a door's line from its drawing, polygons that were drawn twice.

Pure; shapely does the geometry. Everything is in metres of one level's frame.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import Polygon as Shape

from floorplans.earth import PLACES_M
from floorplans.model import Point, Polygon, Ring, Zone

GAP_M: Final = 0.6
"""Walls between rooms that nobody drew: gaps up to twice this belong to the floor."""
DOOR_M: Final = 0.9
"""How wide a door is that was drawn as a point; DIN 18101 has 0.86 m for the common leaf."""
NEAR_M: Final = 1.0
"""How far a door may be drawn from its wall."""
SAME: Final = 0.7
"""Share of the larger polygon that the smaller must cover to be the same shape drawn again."""


def shape_of(polygons: Iterable[Polygon]) -> Any:
    """One shapely geometry, mended where rings cross themselves."""
    return shapely.union_all([shapely.make_valid(Shape(one.outer, one.holes)) for one in polygons])


def is_sound(polygons: Sequence[Polygon]) -> bool:
    """Whether no ring crosses itself or another, and no two polygons lie over one another."""
    shapes = [Shape(one.outer, one.holes) for one in polygons]
    return all(one.is_valid and one.area > 0 for one in shapes) and (len(shapes) < 2 or bool(shapely.MultiPolygon(shapes).is_valid))


def polygons_of(shape: Any) -> tuple[Polygon, ...]:
    """The polygons in a shapely geometry; lines and points in it are dropped."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and not part.is_empty]
    nested = [
        one for part in shapely.get_parts(shape) if part.geom_type in ("MultiPolygon", "GeometryCollection") for one in polygons_of(part)
    ]
    return (*(Polygon(_ring(part.exterior), tuple(_ring(hole) for hole in part.interiors)) for part in parts), *nested)


def outline_of(polygons: Iterable[Polygon]) -> tuple[Polygon, ...]:
    """The floor under these rooms: their union with the walls between them, courtyards filled."""
    rooms = shape_of(polygons)
    closed = rooms.buffer(GAP_M, join_style="mitre").buffer(-GAP_M, join_style="mitre").union(rooms)
    return tuple(Polygon(part.outer) for part in polygons_of(closed))


def thick(line: Sequence[Point], width_m: float = 0.1) -> tuple[Polygon, ...]:
    """A wall that was drawn as a line."""
    return polygons_of(shapely.LineString(line).buffer(width_m / 2, cap_style="flat", join_style="mitre"))


def long_axis(polygon: Polygon) -> tuple[Point, Point]:
    """A door that was drawn as its leaf: the line along the middle of the smallest box around it."""
    box = shapely.minimum_rotated_rectangle(Shape(polygon.outer))
    if box.geom_type != "Polygon":
        return polygon.outer[0], polygon.outer[1]
    corners = [(float(x), float(y)) for x, y in shapely.get_coordinates(box)[:4]]
    first, second = math.dist(corners[0], corners[1]), math.dist(corners[1], corners[2])
    a, b, c, d = corners if first < second else (*corners[1:], corners[0])
    return _halfway(a, b), _halfway(c, d)


class Walls:
    """The sides of a level's rooms, to lay doors into."""

    def __init__(self, polygons: Iterable[Polygon]) -> None:
        sides = [
            (start, end)
            for one in polygons
            for ring in (one.outer, *one.holes)
            for start, end in zip(ring, (*ring[1:], ring[0]), strict=True)
        ]
        self._sides = np.array(sides, dtype=float).reshape(-1, 2, 2)
        self._tree = shapely.STRtree(shapely.linestrings(self._sides))

    def door_at(self, at: Point, width_m: float = DOOR_M) -> tuple[Point, Point]:
        """The line of a door that was drawn as a point: along the nearest side, or left to right where none is near."""
        found = self._tree.query_nearest(shapely.Point(at), max_distance=NEAR_M, all_matches=False)
        along = (1.0, 0.0)
        if len(found):
            (x, y), (u, v) = self._sides[found[0]].tolist()
            length = math.hypot(u - x, v - y) or 1.0
            along = ((u - x) / length, (v - y) / length)
        half = width_m / 2
        return _rounded(at[0] - half * along[0], at[1] - half * along[1]), _rounded(at[0] + half * along[0], at[1] + half * along[1])


def drawn_twice(zones: Sequence[Zone]) -> list[tuple[int, int]]:
    """Pairs of positions (the first kept, the second drawn again): same level and English name, one over the other by SAME or more."""
    shapes = np.array([shape_of(zone.polygons) for zone in zones], dtype=object)
    if len(shapes) < 2:
        return []
    firsts, seconds = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    areas = shapely.area(shapes)
    dropped: set[int] = set()
    pairs = []
    for first, second in sorted((int(a), int(b)) for a, b in zip(firsts, seconds, strict=True) if a < b):
        alike = zones[first].level == zones[second].level and zones[first].names.en == zones[second].names.en
        if not alike or first in dropped or second in dropped:
            continue
        if shapely.intersection(shapes[first], shapes[second]).area >= SAME * max(areas[first], areas[second]):
            dropped.add(second)
            pairs.append((first, second))
    return pairs


def box_of(points: Iterable[Point]) -> tuple[float, float, float, float] | None:
    """Left, bottom, right, top; None around nothing."""
    kept = list(points)
    if not kept:
        return None
    xs, ys = zip(*kept, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _ring(line: Any) -> Ring:
    return tuple(_rounded(x, y) for x, y in shapely.get_coordinates(line)[:-1].tolist())


def _rounded(x: float, y: float) -> Point:
    return (round(x, PLACES_M) + 0.0, round(y, PLACES_M) + 0.0)


def _halfway(a: Point, b: Point) -> Point:
    return _rounded((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)
