"""Cells: the walkable floor of a plan cut into squares, who can step where, and how much of each zone lies in each cell.

Pure. What a belief is spread over: `belief.py` moves it from cell to cell and `locate/grid.py` reads it out. A cell is walkable where its
middle is on the level's outline and on no obstacle; two cells are neighbours where the straight line between their middles stays there.

A zone in which nobody can walk (a shop of a mall, seen from the mall's corridor) stands for the cells before it: those within FRONT_M,
each for the nearest such zone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from floorplans.model import Level, Plan, Polygon, Zone
from geofence.columns import NONE, Floats, Indices, Singles
from groundwork.contracts.unfit import Wrong

CELLS: Final = 2_000
"""About how many a level gets: finer than any radio can tell apart in a shop, and some 30 microseconds a fix."""
SMALLEST_M: Final = 0.35
"""Half a shoulder's width: finer cells cost time squared and tell nothing."""
LARGEST_M: Final = 1.5
"""Coarser ones close the corridors of a mall: on its walks, the level given, 2.5 m cost .8 m of the median and .04 of the shops against
1 m, and 1.5 m, with less than half of its cells, .1 m and .01."""
FRONT_M: Final = 8.0
"""How far a zone without a floor reaches before its front; half a wide mall corridor."""
AT_ONCE: Final = 1_000_000
"""Distances that are looked at together."""
CLOSED: Final = 0.1
"""A zone with less than this part of its area walkable has no floor."""
HALF: Final = 0.5
"""A cell with this share in a zone has its middle in it, as good as."""
AROUND: Final = ((0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Neighbours as (row, column): the four beside, then the four across."""

Int32s = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cells:
    """All levels' cells, level after level, row by row; columns of shape (c,) in metres of the level's frame."""

    level: Indices
    x_m: Singles
    y_m: Singles
    size_m: float
    """Of every cell of every level."""
    around: Int32s
    """Shape (8, c): the neighbours in the order of AROUND, c (one past the last cell) where there is none."""
    zone_starts: Indices
    """Shape (c + 1,): cell i's shares of zones stand at zone_starts[i] to zone_starts[i + 1]."""
    zone: Indices
    """Places in the list of zones given."""
    share: Singles
    """How much of the cell lies in that zone, 0 to 1."""

    def __len__(self) -> int:
        return len(self.x_m)


def cells_of(plan: Plan, zones: tuple[Zone, ...]) -> Cells:
    """The plan's cells, with shares of `zones` in that order. Raises ValueError where a level has no area at all."""
    floors = [walkable(level) for level in plan.levels]
    size_m = float(np.clip(np.sqrt(max(floor.area for floor in floors) / CELLS), SMALLEST_M, LARGEST_M))
    levels = [_level_cells(floor, size_m) for floor in floors]
    starts = np.cumsum([0, *(len(x) for x, _, _ in levels)])
    total = int(starts[-1])
    around = [np.where(near >= 0, near + start, total) for (_, _, near), start in zip(levels, starts, strict=False)]
    floors_of = zip(plan.levels, floors, levels, strict=True)
    pairs = [_zone_pairs(level, floor, zones, x, y, size_m) for level, floor, (x, y, _) in floors_of]
    cell = np.concatenate([cells + start for (cells, _, _), start in zip(pairs, starts, strict=False)])
    order = np.argsort(cell, kind="stable")
    return Cells(
        level=np.repeat(np.arange(len(levels)), np.diff(starts)),
        x_m=np.concatenate([x for x, _, _ in levels]).astype(np.float32),
        y_m=np.concatenate([y for _, y, _ in levels]).astype(np.float32),
        size_m=size_m,
        around=np.concatenate(around, axis=1).astype(np.int32),
        zone_starts=np.searchsorted(cell[order], np.arange(total + 1)).astype(np.int64),
        zone=np.concatenate([zone for _, zone, _ in pairs])[order],
        share=np.concatenate([share for _, _, share in pairs])[order].astype(np.float32),
    )


def shape_of(polygons: tuple[Polygon, ...]) -> BaseGeometry:
    """The union of the polygons."""
    shape: BaseGeometry = shapely.union_all([shapely.Polygon(polygon.outer, polygon.holes) for polygon in polygons])
    return shape


def walkable(level: Level) -> BaseGeometry:
    """The level's outline less its obstacles; the whole outline where nothing would be left. Raises ValueError for one without area."""
    outline = shape_of(level.outline)
    if outline.area == 0:
        raise Wrong(
            f"level {level.id!r} has no area, expected an outline of at least a few square metres",
            f"الطابق {level.id!r} بلا مساحة، والمتوقع حدود مساحتها بضعة أمتار مربعة على الأقل",
        )
    free: BaseGeometry = outline.difference(shape_of(level.obstacles)) if level.obstacles else outline
    return outline if free.area == 0 else free


def _level_cells(area: BaseGeometry, size: float) -> tuple[Floats, Floats, Indices]:
    """The middles' x and y, and the neighbours of a level's cells, -1 where there is none."""
    left, bottom, right, top = area.bounds
    columns, rows = max(1, int(np.ceil((right - left) / size))), max(1, int(np.ceil((top - bottom) / size)))
    x, y = np.meshgrid(left + (np.arange(columns) + 0.5) * size, bottom + (np.arange(rows) + 0.5) * size)
    shapely.prepare(area)
    free = shapely.contains_xy(area, x, y)
    if not free.any():  # thinner than a cell everywhere
        middle = area.representative_point()
        return np.array([middle.x]), np.array([middle.y]), np.full((8, 1), -1, np.int64)
    place = np.full(free.shape, -1, np.int64)
    place[free] = np.arange(int(free.sum()))
    return x[free], y[free], _neighbours(area, place, x[free], y[free])


def _neighbours(area: BaseGeometry, place: Indices, x: Floats, y: Floats) -> Indices:
    """For each walkable cell the eight around it; -1 where that one is not walkable or a wall is between."""
    row, column = np.nonzero(place >= 0)
    padded = np.pad(place, 1, constant_values=-1)
    found = np.stack([padded[row + 1 + up, column + 1 + right] for up, right in AROUND])
    middles = np.stack([x, y], axis=1)
    for near in found:
        there = np.flatnonzero(near >= 0)
        lines = shapely.linestrings(np.stack([middles[there], middles[near[there]]], axis=1))
        near[there[~shapely.covers(area, lines)]] = -1
    return found


def _zone_pairs(
    level: Level, floor: BaseGeometry, zones: tuple[Zone, ...], x: Floats, y: Floats, size: float
) -> tuple[Indices, Indices, Floats]:
    """Cell, zone and share of every pair of the level with a share above 0."""
    numbers = [number for number, zone in enumerate(zones) if zone.level == level.id]
    shapes = [shape_of(zones[number].polygons) for number in numbers]
    squares = shapely.box(x - size / 2, y - size / 2, x + size / 2, y + size / 2)
    closed = [at for at, shape in enumerate(shapes) if shapely.intersection(shape, floor).area < CLOSED * shape.area]
    shares = [np.zeros(len(x)) if at in closed else _shares(shape, squares, x, y, size) for at, shape in enumerate(shapes)]
    inside = np.zeros(len(x), np.bool_)
    for share in shares:
        inside |= share >= HALF
    _add_fronts(shares, [shapes[at] for at in closed], closed, np.flatnonzero(~inside), np.stack([x, y], axis=1))
    found = [(np.flatnonzero(share), number, share[share > 0]) for number, share in zip(numbers, shares, strict=True)]
    empty = np.empty(0, np.int64)
    cell = np.concatenate([empty, *(cells for cells, _, _ in found)])
    zone = np.concatenate([empty, *(np.full(len(cells), number) for cells, number, _ in found)])
    return cell, zone, np.concatenate([np.empty(0), *(share for _, _, share in found)])


def _shares(shape: BaseGeometry, squares: NDArray[np.object_], x: Floats, y: Floats, size: float) -> Floats:
    """How much of each square lies in the zone."""
    shapely.prepare(shape)
    share = np.zeros(len(x))
    left, bottom, right, top = shape.bounds
    near = np.flatnonzero((x > left - size) & (x < right + size) & (y > bottom - size) & (y < top + size))
    whole = shapely.contains_properly(shape, squares[near])
    share[near[whole]] = 1.0
    rim = near[~whole]
    share[rim] = shapely.area(shapely.intersection(shape, squares[rim])) / size**2
    return share


def _add_fronts(shares: list[Floats], shapes: list[BaseGeometry], closed: list[int], free: Indices, middles: Floats) -> None:
    """Gives each free cell within FRONT_M to the nearest zone in which nobody can walk; writes `shares`."""
    if not shapes or not len(free):
        return
    tree = shapely.STRtree(shapes)
    (cells, nearest), _ = tree.query_nearest(shapely.points(middles[free]), max_distance=FRONT_M, return_distance=True, all_matches=False)
    for at, shape in enumerate(closed):
        shares[shape][free[cells[nearest == at]]] = 1.0


def nearest_of(x_m: Singles, y_m: Singles, place_x_m: Floats, place_y_m: Floats, reach_m: float, at_once: int = AT_ONCE) -> Indices:
    """For each cell the nearest of some places, the first of equally near ones; NONE where none is within reach. Shape (c,).

    In parts of `at_once` distances: all together are gigabytes for a large calibration on a large level.
    """
    found = np.full(len(x_m), NONE, np.int64)
    step = max(1, at_once // max(1, len(place_x_m)))
    for first in range(0, len(x_m) if len(place_x_m) else 0, step):
        part = slice(first, first + step)
        apart2 = (x_m[part, None] - place_x_m) ** 2 + (y_m[part, None] - place_y_m) ** 2
        best = apart2.argmin(axis=1)
        found[part] = np.where(apart2[np.arange(len(best)), best] <= reach_m**2, best, NONE)
    return found
