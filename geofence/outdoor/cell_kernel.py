"""The cell index's loops, compiled: which cells a fence touches, the table of cells, and which fences hold which points.

Pure. A point is in a polygon when a ray from it crosses the outline oddly often. Where rounding could turn a sign, and wherever the point
might be on an edge, the kernel says "unsure" and answers nothing: `cell_index.py` then asks shapely, so that its answer is everybody's.
Source of the bound: Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997), figure 21, stage A of orient2d.
"""

from typing import Any, Final

import numpy as np

from geofence.outdoor.compiled import compiled, f8, f8_1, f8_2, i8, i8_1, u1_1, u1_2, u8_1
from geofence.outdoor.earth import arc_m

GUARD_DEG: Final = 1e-9
"""Cells count this much wider when fences are put into them (0.1 mm): no point can round into a cell that does not know its fence."""
ROUNDING: Final = 3.4e-16
"""Twice the share of its two products by which a cross product of differences may be off; 3 eps + 16 eps^2 is 3.33e-16 with eps 2^-53."""
OUT, IN, EDGE = 0, 1, 2
"""What a cell is to a fence, and what a point is to a polygon: EDGE stands for "unsure"."""
_SPREAD: Final = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: Knuth's multiplicative hash."""


@compiled(i8(f8_2, i8, i8, f8, f8))
def _held(edges: Any, first: int, last: int, lon: float, lat: float) -> int:
    """OUT, IN, or EDGE where only exact arithmetic can tell. An edge is (lon, lat, lon, lat)."""
    inside = False
    for at in range(first, last):
        x1, y1, x2, y2 = edges[at, 0], edges[at, 1], edges[at, 2], edges[at, 3]
        if (y1 < lat and y2 < lat) or (y1 > lat and y2 > lat) or (x1 < lon and x2 < lon):
            continue
        straddles = (y1 <= lat) != (y2 <= lat)
        if x1 > lon and x2 > lon:
            inside = inside != straddles
            continue
        left, right = (x2 - x1) * (lat - y1), (y2 - y1) * (lon - x1)
        turn = left - right
        if abs(turn) <= ROUNDING * (abs(left) + abs(right)):
            return EDGE
        if straddles and (turn < 0) != (y2 > y1):  # the edge lies to the east of the point
            inside = not inside
    return IN if inside else OUT


@compiled(i8(f8_2, i8, i8, i8, i8, f8, u1_2))
def mark(edges: Any, first: int, last: int, column: int, row: int, size: float, cells: Any) -> int:
    """Marks what each cell of a box is to a polygon, the box's first cell being (row, column) of a grid of `size` degrees."""
    rows, columns = cells.shape
    for at in range(first, last):
        x1, y1, x2, y2 = edges[at, 0], edges[at, 1], edges[at, 2], edges[at, 3]
        low, high = min(y1, y2) - GUARD_DEG, max(y1, y2) + GUARD_DEG
        for r in range(max(0, int(np.floor((low + 90.0) / size)) - row), min(rows, int(np.floor((high + 90.0) / size)) - row + 1)):
            south, north = (r + row) * size - 90.0 - GUARD_DEG, (r + row + 1) * size - 90.0 + GUARD_DEG
            a, b = 0.0, 1.0
            if y1 != y2:
                p, q = (south - y1) / (y2 - y1), (north - y1) / (y2 - y1)
                a, b = min(max(min(p, q), 0.0), 1.0), max(min(max(p, q), 1.0), 0.0)
            west, east = min(x1 + a * (x2 - x1), x1 + b * (x2 - x1)), max(x1 + a * (x2 - x1), x1 + b * (x2 - x1))
            begin = int(np.floor((west - 2 * GUARD_DEG + 180.0) / size)) - column
            end = int(np.floor((east + 2 * GUARD_DEG + 180.0) / size)) - column
            for c in range(max(0, begin), min(columns - 1, end) + 1):
                cells[r, c] = EDGE
    for r in range(rows):
        for c in range(columns):
            if cells[r, c] != EDGE:
                lon, lat = (c + column + 0.5) * size - 180.0, (r + row + 0.5) * size - 90.0
                cells[r, c] = _held(edges, first, last, lon, lat)
    return 0


@compiled(i8(f8_1, f8, i8, i8, f8, u1_2))
def mark_circle(middle: Any, radius_m: float, column: int, row: int, size: float, cells: Any) -> int:
    """The same for a circle: a cell is in where its four corners are; so small and so far from the poles, a circle is convex in degrees."""
    rows, columns = cells.shape
    for r in range(rows):
        for c in range(columns):
            inside = True
            for corner in range(4):
                lon = (c + column + corner % 2) * size - 180.0 + (2 * (corner % 2) - 1) * GUARD_DEG
                lat = (r + row + corner // 2) * size - 90.0 + (2 * (corner // 2) - 1) * GUARD_DEG
                inside = inside and arc_m(middle, lon, lat) <= radius_m - 1e-3
            cells[r, c] = IN if inside else EDGE
    return 0


@compiled(i8(u8_1, i8_1, u8_1))
def fill(table: Any, places: Any, keys: Any) -> int:
    """Puts each key into the table, which has a power of 2 of places, more than there are keys; `places` gets the keys' numbers."""
    size = np.uint64(len(table) - 1)
    for at in range(len(keys)):
        slot = ((keys[at] * _SPREAD) >> np.uint64(20)) & size
        while table[slot] != np.uint64(0):
            slot = (slot + np.uint64(1)) & size
        table[slot] = keys[at]
        places[slot] = at
    return 0


@compiled(
    i8(f8_1, f8_1, i8, f8_1, u8_1, i8_1, i8_1, i8_1, u1_1, i8_1, f8_2, i8_1, f8_2, f8_1, i8_1, i8_1, u1_1, i8_1)
)  # fmt: skip
def find(
    lon: Any, lat: Any, begin: int, sizes: Any, table: Any, places: Any, starts: Any, fences: Any, kinds: Any,
    edge_starts: Any, edges: Any, circle_of: Any, circles: Any, radii: Any, point_out: Any, fence_out: Any, unsure_out: Any, reached: Any,
) -> int:  # fmt: skip
    """Pairs of points from `begin` on and fences that hold them, unsure ones among them; returns how many.

    Ends early, before a point for which there might not be room; `reached[0]` says at which. An empty place in the table holds 0.
    """
    mask, found = np.uint64(len(table) - 1), 0
    reached[0] = len(lon)
    for at in range(begin, len(lon)):
        before = found
        for level in range(len(sizes)):
            size = sizes[level]
            around = int(np.round(360.0 / size))
            row, column = int(np.floor((lat[at] + 90.0) / size)), int(np.floor((lon[at] + 180.0) / size)) % around
            key = np.uint64((((level + 1) << 24 | row) << 24) | column)
            slot = ((key * _SPREAD) >> np.uint64(20)) & mask
            while table[slot] != key and table[slot] != np.uint64(0):
                slot = (slot + np.uint64(1)) & mask
            if table[slot] != key:
                continue
            cell = places[slot]
            if found + starts[cell + 1] - starts[cell] > len(point_out):
                reached[0] = at
                return before
            for one in range(starts[cell], starts[cell + 1]):
                fence, held = fences[one], int(kinds[one])
                if held == EDGE and circle_of[fence] >= 0:
                    held = IN if arc_m(circles[circle_of[fence]], lon[at], lat[at]) <= radii[circle_of[fence]] else OUT
                elif held == EDGE:
                    held = _held(edges, edge_starts[fence], edge_starts[fence + 1], lon[at], lat[at])
                if held != OUT:
                    point_out[found], fence_out[found], unsure_out[found] = at, fence, held == EDGE
                    found += 1
    return found
