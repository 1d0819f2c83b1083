"""Zone index: which zones of a level hold a point, exactly and in bulk.

Pure. A raster of 0.1 m cells answers for every cell that no boundary touches; in boundary cells shapely is asked. The answer equals
`shapely.intersects_xy` (a boundary counts as inside) for every point, vertices and 1-ulp neighbours included.
How likely a zone is, given an uncertain fix, is for `zone_share.py`.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geofence.columns import Columns, Flags, Floats, Indices

CELL_M = 0.1
"""Smaller cells leave fewer points to shapely and cost memory by the square: 40 x 25 m and 20 zones are 2 MB at this size."""
_GUARD_M = 1e-6
"""Outlines count this much thicker when cells are marked, so that no point on one can round into an unmarked cell."""
_BLOCK = 16
"""Cells a side of the squares that are tried first: only where one touches the outline are its cells looked at."""
_OUTSIDE, _INSIDE, _BOUNDARY = 0, 1, 2
_CHUNK = 10_000
"""Points a shapely call: above this the library's own objects fall out of the cache."""


@dataclass(frozen=True, slots=True)
class _ZoneRaster:
    """One zone's box of cells: outside, inside, or to be asked about."""

    polygon: BaseGeometry
    column: int
    row: int
    cells: Columns


class ZoneIndex:
    """The zones of one level, by their position in the list given. Immutable."""

    __slots__ = ("_rasters", "zones")

    def __init__(self, polygons: list[BaseGeometry]) -> None:
        """Raises ValueError where a polygon is empty or not valid."""
        for position, polygon in enumerate(polygons):
            if polygon.is_empty or not polygon.is_valid:
                raise ValueError(f"zone {position}: {shapely.is_valid_reason(polygon)}, expected a valid polygon with an area")
        self.zones = len(polygons)
        self._rasters = [_rasterise(polygon) for polygon in polygons]

    def inside(self, x_m: Floats, y_m: Floats) -> Flags:
        """Which zones hold which points: shape (n, zones). NaN and infinite points are in no zone."""
        answer = np.zeros((len(x_m), self.zones), np.bool_)
        for zone, raster in enumerate(self._rasters):
            answer[:, zone] = _inside(raster, x_m, y_m)
        return answer

    def first(self, x_m: Floats, y_m: Floats) -> Indices:
        """The first zone that holds each point, -1 where none does. Shape (n,)."""
        if not self.zones:
            return np.full(len(x_m), -1, np.int64)
        inside = self.inside(x_m, y_m)
        found: Indices = np.where(inside.any(axis=1), inside.argmax(axis=1), -1)
        return found


def _inside(raster: _ZoneRaster, x_m: Floats, y_m: Floats) -> Flags:
    rows, columns = raster.cells.shape
    with np.errstate(invalid="ignore"):
        column, row = np.floor(x_m / CELL_M) - raster.column, np.floor(y_m / CELL_M) - raster.row
    within = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    found = np.zeros(len(x_m), np.bool_)
    picked = np.flatnonzero(within)
    cell = raster.cells[row[picked].astype(np.int64), column[picked].astype(np.int64)]
    found[picked[cell == _INSIDE]] = True
    asked = picked[cell == _BOUNDARY]
    for start in range(0, len(asked), _CHUNK):
        chunk = asked[start : start + _CHUNK]
        found[chunk] = shapely.intersects_xy(raster.polygon, x_m[chunk], y_m[chunk])
    return found


def _rasterise(polygon: BaseGeometry) -> _ZoneRaster:
    """Marks cells: those the thickened outline touches are boundary, the others are what their centre is."""
    shapely.prepare(polygon)
    x_min, y_min, x_max, y_max = polygon.bounds
    column, row = int(np.floor(x_min / CELL_M)) - 1, int(np.floor(y_min / CELL_M)) - 1
    columns, rows = int(np.floor(x_max / CELL_M)) + 2 - column, int(np.floor(y_max / CELL_M)) + 2 - row
    xs: Floats = (column + np.arange(columns, dtype=np.float64)) * CELL_M
    ys: Floats = (row + np.arange(rows, dtype=np.float64)) * CELL_M
    centre_x, centre_y = np.meshgrid(xs + CELL_M / 2, ys + CELL_M / 2)
    cells = np.where(shapely.contains_xy(polygon, centre_x, centre_y), _INSIDE, _OUTSIDE).astype(np.uint8)
    outline = shapely.buffer(polygon.boundary, _GUARD_M, quad_segs=1)
    shapely.prepare(outline)
    near = _touched(outline, xs[::_BLOCK], ys[::_BLOCK], _BLOCK * CELL_M).repeat(_BLOCK, axis=0).repeat(_BLOCK, axis=1)
    near = near[:rows, :columns]
    at_row, at_column = np.nonzero(near)
    boxes = shapely.box(xs[at_column], ys[at_row], xs[at_column] + CELL_M, ys[at_row] + CELL_M)
    touched = shapely.intersects(outline, boxes)
    cells[at_row[touched], at_column[touched]] = _BOUNDARY
    return _ZoneRaster(polygon, column, row, cells)


def _touched(outline: BaseGeometry, xs: Floats, ys: Floats, side_m: float) -> Flags:
    """Which squares, given by their lower corners, the outline touches. Shape (ys, xs)."""
    x, y = np.meshgrid(xs, ys)
    touched: Flags = shapely.intersects(outline, shapely.box(x, y, x + side_m, y + side_m))
    return touched
