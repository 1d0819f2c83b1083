"""Walkways: the part of a level where a person's middle can be, and short ways through it.

The floor less its obstacles, drawn in by half a person's width, on a grid; ways are found on the grid and then pulled straight.
Pure geometry in plan-frame metres. Who walks where, and how fast, is for `shoppers.py`.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray

from aislecast.twin.columns import Floats, Ints
from floorplans.model import Level, Point, Polygon

CLEARANCE_M = 0.25
"""Half the width of a person with a basket. Above 0.45 the library's aisles (0.9 m between shelves) close."""
CELL_M = 0.25
"""Finer than the narrowest way left by CLEARANCE_M (0.4 m); coarser grids lose it, finer ones cost time squared."""

PULLS = 4
"""How often a way is pulled straight, from either end in turn; each end moves the corners that the other cannot. Even: it ends forwards."""


def shape_of(polygons: Sequence[Polygon]) -> shapely.Geometry:
    """The union of `polygons` as one geometry."""
    return shapely.union_all([shapely.Polygon(polygon.outer, polygon.holes) for polygon in polygons])


class Walkways:
    """Where one can walk on `level`: the largest connected part. Raises ValueError where nobody can walk."""

    def __init__(self, level: Level) -> None:
        floor, self.obstacles = shape_of(level.outline), shape_of(level.obstacles)
        self.area = floor.difference(self.obstacles).buffer(-CLEARANCE_M)
        shapely.prepare(self.area)
        left, bottom, right, top = floor.bounds
        self._columns, self._rows = int(np.ceil((right - left) / CELL_M)), int(np.ceil((top - bottom) / CELL_M))
        x = left + (np.arange(self._columns) + 0.5) * CELL_M
        y = bottom + (np.arange(self._rows) + 0.5) * CELL_M
        self.points: Floats = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
        """The middle of every cell, shape (cells, 2), row by row from below."""
        self._free = shapely.contains_xy(self.area, self.points).reshape(self._rows, self._columns)
        self.walkable: NDArray[np.bool_] = self._largest_part()
        """Which cells one can walk on, shape (cells,)."""
        self._fields: dict[int, Ints] = {}
        self._ways: dict[tuple[int, int], list[Point]] = {}

    def within(self, polygons: Sequence[Polygon]) -> Ints:
        """The walkable cells inside `polygons`."""
        return np.flatnonzero(self.walkable & shapely.contains_xy(shape_of(polygons), self.points))

    def way(self, start: int, goal: int) -> list[Point]:
        """The corners of a short way between two walkable cells, both ends included; it never leaves the walkable area."""
        if (start, goal) not in self._ways:
            self._ways[start, goal] = self._found(start, goal)
        return self._ways[start, goal]

    def _found(self, start: int, goal: int) -> list[Point]:
        field = self._field(goal)
        cells = [start]
        while cells[-1] != goal:
            around = self._around(cells[-1])
            cells.append(int(around[np.argmin(field[around])]))
        way = [(float(x), float(y)) for x, y in self.points[cells]]
        for _ in range(PULLS):
            way = self._pulled(_dense(way[::-1]))
        return way

    def _around(self, cell: int) -> Ints:
        """The walkable cells beside, below and above `cell`."""
        column = cell % self._columns
        beside = (
            cell - 1 if column else cell,
            cell + 1 if column < self._columns - 1 else cell,
            cell - self._columns,
            cell + self._columns,
        )
        return np.array([other for other in beside if 0 <= other < len(self.points) and other != cell and self.walkable[other]])

    def _field(self, goal: int) -> Ints:
        """Steps to `goal` from every cell, found once per goal; unreachable cells are farther than any other."""
        if goal not in self._fields:
            steps = np.full((self._rows, self._columns), np.iinfo(np.int32).max, dtype=np.int64)
            for distance, front in enumerate(self._fronts(goal)):
                steps[front] = distance
            self._fields[goal] = steps.reshape(-1)
        return self._fields[goal]

    def _fronts(self, goal: int) -> list[NDArray[np.bool_]]:
        """The cells 0, 1, 2 ... steps from `goal`, as masks."""
        reached = np.zeros((self._rows, self._columns), dtype=np.bool_)
        reached.reshape(-1)[goal] = True
        fronts = [reached.copy()]
        while fronts[-1].any():
            spread = reached.copy()
            spread[1:] |= reached[:-1]
            spread[:-1] |= reached[1:]
            spread[:, 1:] |= reached[:, :-1]
            spread[:, :-1] |= reached[:, 1:]
            fronts.append(spread & self._free & ~reached)
            reached |= fronts[-1]
        return fronts

    def _largest_part(self) -> NDArray[np.bool_]:
        left = self._free.copy()
        largest = np.zeros_like(left)
        while left.any():
            part = np.any(self._fronts(int(np.argmax(left))), axis=0)
            left &= ~part
            largest = part if part.sum() > largest.sum() else largest
        if not largest.any():
            raise ValueError(f"nobody can walk on this level: nothing is left of its floor {CLEARANCE_M} m from walls and obstacles")
        walkable: NDArray[np.bool_] = largest.reshape(-1)
        return walkable

    def _pulled(self, corners: list[Point]) -> list[Point]:
        """The way with every corner left out that is not needed to stay inside."""
        kept = [corners[0]]
        for before, after in pairwise(corners[1:]):
            if not self._sees(kept[-1], after):
                kept.append(before)
        return [*kept, corners[-1]] if len(corners) > 1 else kept

    def _sees(self, here: Point, there: Point) -> bool:
        return bool(shapely.covers(self.area, shapely.linestrings([here, there])))


def _dense(way: Sequence[Point]) -> list[Point]:
    """The same way with a corner at least every other cell, so that pulling can cut between corners."""
    corners = [way[0]]
    for (x, y), (to_x, to_y) in pairwise(way):
        steps = max(1, int(np.ceil(np.hypot(to_x - x, to_y - y) / (2 * CELL_M))))
        corners += [(x + (to_x - x) * n / steps, y + (to_y - y) * n / steps) for n in range(1, steps)]
        corners.append((to_x, to_y))
    return corners
