"""How far points are from the borders of fences, compiled. Inside or not is the cell index's to say; this only measures.

Pure. Outlines are measured in the plane laid on their venue (0.1 % off a few kilometres away), circles along the earth.
"""

import math
from typing import Any

from geofence.outdoor.compiled import compiled, f4_1, f8, f8_1, f8_2, i8, i8_1
from geofence.outdoor.earth import arc_m


@compiled(f8(f8_2, i8, i8, f8, f8, f8, f8))
def _nearest_m(edges: Any, first: int, last: int, lon: float, lat: float, east_m: float, north_m: float) -> float:
    """Metres to the nearest edge."""
    least = math.inf
    for at in range(first, last):
        x, y = (edges[at, 0] - lon) * east_m, (edges[at, 1] - lat) * north_m
        dx, dy = (edges[at, 2] - edges[at, 0]) * east_m, (edges[at, 3] - edges[at, 1]) * north_m
        length2 = dx * dx + dy * dy
        along = 0.0 if length2 == 0.0 else min(max(-(x * dx + y * dy) / length2, 0.0), 1.0)
        x, y = x + along * dx, y + along * dy
        least = min(least, x * x + y * y)
    return math.sqrt(least)


@compiled(i8(f8_1, f8_1, i8_1, i8_1, i8_1, i8_1, i8_1, f8_2, i8_1, f8_2, f8_1, f8_2, f4_1))
def measure(
    lon: Any, lat: Any, point: Any, fence: Any, in_point: Any, in_fence: Any,
    edge_starts: Any, edges: Any, circle_of: Any, circles: Any, radii: Any, planes: Any, out: Any,
) -> int:  # fmt: skip
    """Metres from each point to each fence's border, over 0 inside and under 0 outside (-0 on the outside of the border itself).

    `in_point` and `in_fence` are the pairs that the cell index gave; both lists of pairs go by point, then fence.
    """
    pair = 0
    for at in range(len(point)):
        p, f = point[at], fence[at]
        while pair < len(in_point) and (in_point[pair] < p or (in_point[pair] == p and in_fence[pair] < f)):
            pair += 1
        inside = pair < len(in_point) and in_point[pair] == p and in_fence[pair] == f
        if circle_of[f] >= 0:
            metres = abs(arc_m(circles[circle_of[f]], lon[p], lat[p]) - radii[circle_of[f]])
        else:
            metres = _nearest_m(edges, edge_starts[f], edge_starts[f + 1], lon[p], lat[p], planes[f, 0], planes[f, 1])
        out[at] = metres if inside else -metres
    return 0
