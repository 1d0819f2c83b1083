"""Between degrees on the earth and metres in a level's frame.

Pure. A level is small, so the earth is flat under it: degrees count for a fixed number of metres, those at the frame's origin. Over 300 m
that is off by under 4 mm. Fitting a frame to known points is for `georeference.py`.
"""

import math
from collections.abc import Iterable
from typing import Final, NamedTuple

from floorplans.model import Anchor, Point, Polygon, Ring

WGS84_M: Final = 6_378_137.0
"""Half the long axis of the WGS 84 ellipsoid; also the radius of the sphere that web maps are drawn on."""
_ECCENTRICITY_SQUARED: Final = 6.694379990141316e-3
"""Of the same ellipsoid (NIMA TR8350.2, table 3.3)."""

PLACES_M: Final = 6
"""Decimals of a metre that are kept: a micrometre, far under what 9 decimals of a degree tell apart, so that a plan that was read from
degrees is written to the same degrees again."""
PLACES_DEG: Final = 9
"""Decimals of a degree that are written: a tenth of a millimetre."""


class Degree(NamedTuple):
    """Metres that one degree counts for, to the east and to the north."""

    east_m: float
    north_m: float


def degree_at(lat: float, sphere_m: float | None = None) -> Degree:
    """A degree's metres at a latitude, on the WGS 84 ellipsoid or on a sphere of this radius."""
    phi = math.radians(lat)
    if sphere_m is not None:
        return Degree(math.radians(sphere_m) * math.cos(phi), math.radians(sphere_m))
    bend = 1.0 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    across = WGS84_M / math.sqrt(bend)
    along = WGS84_M * (1.0 - _ECCENTRICITY_SQUARED) / bend**1.5
    return Degree(math.radians(across) * math.cos(phi), math.radians(along))


class Frame:
    """A level's frame as its anchor ties it down."""

    __slots__ = ("_anchor", "_cos", "_degree", "_sin")

    def __init__(self, anchor: Anchor) -> None:
        self._anchor = anchor
        self._degree = degree_at(anchor.lat, anchor.sphere_m)
        turn = math.radians(anchor.rotation_deg)
        self._cos, self._sin = math.cos(turn), math.sin(turn)

    def to_metres(self, lon: float, lat: float) -> Point:
        """The point of the frame over this place."""
        east = (lon - self._anchor.lon) * self._degree.east_m / self._anchor.scale
        north = (lat - self._anchor.lat) * self._degree.north_m / self._anchor.scale
        x, y = east * self._cos + north * self._sin, north * self._cos - east * self._sin
        return (round(x, PLACES_M) + 0.0, round(y, PLACES_M) + 0.0)  # + 0.0 makes the -0.0 of rounding a plain zero

    def to_degrees(self, x_m: float, y_m: float) -> Point:
        """The place under this point: longitude, latitude."""
        east = (x_m * self._cos - y_m * self._sin) * self._anchor.scale
        north = (x_m * self._sin + y_m * self._cos) * self._anchor.scale
        lon, lat = self._anchor.lon + east / self._degree.east_m, self._anchor.lat + north / self._degree.north_m
        return (round(lon, PLACES_DEG) + 0.0, round(lat, PLACES_DEG) + 0.0)

    def ring_to_metres(self, ring: Ring) -> Ring:
        return tuple(self.to_metres(lon, lat) for lon, lat in ring)

    def ring_to_degrees(self, ring: Ring) -> Ring:
        return tuple(self.to_degrees(x, y) for x, y in ring)

    def polygons_to_metres(self, polygons: Iterable[Polygon]) -> tuple[Polygon, ...]:
        return tuple(Polygon(self.ring_to_metres(one.outer), tuple(map(self.ring_to_metres, one.holes))) for one in polygons)

    def polygons_to_degrees(self, polygons: Iterable[Polygon]) -> tuple[Polygon, ...]:
        return tuple(Polygon(self.ring_to_degrees(one.outer), tuple(map(self.ring_to_degrees, one.holes))) for one in polygons)


def anchor_under(rings: Iterable[Ring], sphere_m: float | None = None) -> Anchor:
    """A frame with x to the east whose origin is the south-western corner of what is drawn in degrees. Raises ValueError on nothing."""
    points = [point for ring in rings for point in ring]
    if not points:
        raise ValueError("no point to lay a frame under")
    west, south = min(lon for lon, _ in points), min(lat for _, lat in points)
    return Anchor(round(west, PLACES_DEG), round(south, PLACES_DEG), sphere_m=sphere_m)
