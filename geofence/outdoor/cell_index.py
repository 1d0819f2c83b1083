"""Cell index: which fences on the earth hold a point, exactly and in bulk.

Pure. The earth is cut into cells, small ones for small fences; a table of the cells that any fence touches says which fences to look at,
and where a cell lies wholly within one, there is nothing to look at. For polygons the answer equals `shapely.intersects_xy` in degrees (a
boundary counts as inside) for every point, vertices and their 1-ulp neighbours included; a circle holds what is within its radius along
the ellipsoid (`earth.arc_m`), across the antimeridian too.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geofence.columns import Flags, Floats, Indices
from geofence.outdoor import cell_kernel
from geofence.outdoor.cell_kernel import GUARD_DEG
from geofence.outdoor.earth import CENTRE_COLUMNS, centre
from geofence.outdoor.fences import Circle, Fence

CELL_DEG: Final = (0.0005, 0.002, 0.008, 0.032)
"""Sides of cells, 55 m to 3.5 km on a meridian: each divides 360, and a fence is put into the smallest that need not cut it often."""
_MOST_CELLS: Final = 16
"""A side of a fence's box; more cells leave fewer points to arithmetic, and take more room."""
_ROOM: Final = 1.5e-7
"""Radians a metre on the earth stands for at most, rounded down to a smaller earth."""


class Pairs(NamedTuple):
    """Point in fence: positions of both, by point, then fence. Shape (n,)."""

    point: Indices
    fence: Indices


class _Box(NamedTuple):
    """What a fence may touch, in degrees."""

    west: float
    south: float
    east: float
    north: float


class CellIndex:
    """Fences by their position in the list given. Immutable."""

    def __init__(self, fences: Sequence[Fence]) -> None:
        self._shapes = [fence.shape for fence in fences]
        self._edge_starts, self._edges = _edges(self._shapes)
        rims = [fence.circle for fence in fences if fence.circle is not None]
        self._circles = np.array([centre(rim.lon, rim.lat) for rim in rims]).reshape(-1, CENTRE_COLUMNS)
        self._radii = np.array([rim.radius_m for rim in rims], np.float64)
        of_circle = np.array([fence.circle is not None for fence in fences], np.bool_)
        self._circle_of: Indices = np.where(of_circle, np.cumsum(of_circle) - 1, -1).astype(np.int64)
        levels = [_level(_box(fence)) for fence in fences]
        used = sorted(set(levels))
        self._sizes = np.array([CELL_DEG[level] for level in used], np.float64)
        parts = [self._cells(at, fence, used.index(levels[at]), CELL_DEG[levels[at]]) for at, fence in enumerate(fences)]
        self._fill(np.concatenate([np.empty((0, 3), np.int64), *parts]))

    @property
    def shapes(self) -> tuple[Indices, Floats, Indices, Floats, Floats]:
        """What the kernels take of the fences: starts of edges, edges, which circle, circles, radii."""
        return self._edge_starts, self._edges, self._circle_of, self._circles, self._radii

    def find(self, lon: Floats, lat: Floats) -> Pairs:
        """Which fences hold which points, in degrees; coordinates must be within -180..180 and -90..90."""
        room = max(1_024, 4 * len(lon))
        done: list[tuple[Indices, Indices, Flags]] = []
        begin, reached = 0, np.zeros(1, np.int64)
        while begin < len(lon):
            points, fences, unsure = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.uint8)
            index = (self._sizes, self._table, self._places, self._starts, self._fences, self._kinds)
            found = cell_kernel.find(lon, lat, begin, *index, *self.shapes, points, fences, unsure, reached)
            done.append((points[:found], fences[:found], unsure[:found].astype(np.bool_)))
            room = room if int(reached[0]) > begin else 4 * room
            begin = int(reached[0])
        if not done:
            return Pairs(np.empty(0, np.int64), np.empty(0, np.int64))
        point, fence, unsure_of = (np.concatenate(columns) for columns in zip(*done, strict=True))
        return self._sure(lon, lat, point, fence, unsure_of)

    def _sure(self, lon: Floats, lat: Floats, point: Indices, fence: Indices, unsure: Flags) -> Pairs:
        """Asks shapely where rounding could decide, and puts the pairs in order."""
        stays = ~unsure
        for at in np.flatnonzero(unsure).tolist():
            stays[at] = shapely.intersects_xy(self._shapes[fence[at]], lon[point[at]], lat[point[at]])
        point, fence = (point, fence) if stays.all() else (point[stays], fence[stays])
        if len(self._sizes) > 1:  # each point's fences come size by size
            order = np.argsort(point * len(self._shapes) + fence, kind="stable")
            point, fence = point[order], fence[order]
        return Pairs(point, fence)

    # --- making it ----------------------------------------------------------------------------------------------------------------

    def _cells(self, at: int, fence: Fence, level: int, size: float) -> Indices:
        """Keys of the cells a fence touches, with the fence and what the cell is to it. Shape (cells, 3)."""
        box = _box(fence)
        column, row = math.floor((box.west + 180) / size), math.floor((box.south + 90) / size)
        columns, rows = math.floor((box.east + 180) / size) + 1 - column, math.floor((box.north + 90) / size) + 1 - row
        cells = np.zeros((rows, columns), np.uint8)
        if fence.circle is not None:
            cell_kernel.mark_circle(self._circles[self._circle_of[at]], fence.circle.radius_m, column, row, size, cells)
        else:
            cell_kernel.mark(self._edges, self._edge_starts[at], self._edge_starts[at + 1], column, row, size, cells)
        r, c = np.nonzero(cells)
        around = round(360 / size)
        keys = (((level + 1) << 24 | (r + row)) << 24) | ((c + column) % around)
        return np.stack([keys, np.full(len(keys), at), cells[r, c].astype(np.int64)], axis=1)

    def _fill(self, cells: Indices) -> None:
        order = np.lexsort((cells[:, 1], cells[:, 0]))
        cells = cells[order]
        keys, first = np.unique(cells[:, 0], return_index=True)
        self._starts: Indices = np.append(first, len(cells)).astype(np.int64)
        self._fences, self._kinds = np.ascontiguousarray(cells[:, 1]), cells[:, 2].astype(np.uint8)
        size = 1 << max(4, (2 * len(keys)).bit_length())
        self._table, self._places = np.zeros(size, np.uint64), np.zeros(size, np.int64)
        cell_kernel.fill(self._table, self._places, keys.astype(np.uint64))


def _edges(shapes: Sequence[BaseGeometry | None]) -> tuple[Indices, Floats]:
    """Where each shape's edges start, and all edges (lon, lat, lon, lat)."""
    counts, found = [0], [np.empty((0, 4))]
    for shape in shapes:
        parts = [] if shape is None else [np.hstack([ring[:-1], ring[1:]]) for ring in _rings(shape)]
        counts.append(counts[-1] + sum(map(len, parts)))
        found += parts
    return np.array(counts, np.int64), np.ascontiguousarray(np.concatenate(found))


def _rings(shape: BaseGeometry) -> Iterator[Floats]:
    for part in getattr(shape, "geoms", [shape]):
        for ring in (part.exterior, *part.interiors):
            yield np.asarray(ring.coords, np.float64)[:, :2]


def _box(fence: Fence) -> _Box:
    if fence.circle is not None:
        return _box_of(fence.circle)
    assert fence.shape is not None  # one of the two is there
    west, south, east, north = fence.shape.bounds
    return _Box(west - GUARD_DEG, south - GUARD_DEG, east + GUARD_DEG, north + GUARD_DEG)


def _box_of(circle: Circle) -> _Box:
    """Wide enough for any bend of the earth; it may reach across the antimeridian."""
    high = math.degrees(circle.radius_m * 1.01 * _ROOM) * 1.06 + GUARD_DEG
    wide = high / math.cos(math.radians(min(abs(circle.lat) + high, 89.9)))
    return _Box(circle.lon - wide, circle.lat - high, circle.lon + wide, circle.lat + high)


def _level(box: _Box) -> int:
    side = max(box.east - box.west, box.north - box.south)
    return next((level for level, size in enumerate(CELL_DEG) if side <= _MOST_CELLS * size), len(CELL_DEG) - 1)
