"""What sees what on a walkable floor: the corners that shortest ways bend at, and the straight lines between them.

Pure, in metres of one level's frame. A shortest way among polygons bends only at reflex corners, and only so that it leans on them: lines
that do not are left out, which costs nothing of exactness. Joining levels and finding the ways is for `wayfinding.py`.
Source: de Berg et al., Computational Geometry, 3rd ed., chapter 15.
"""

from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.polygon import orient

from floorplans.model import Point

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SLACK_M: Final = 1e-6
"""How far a line may dip into what is not walkable: far over what rounding does to a point laid on an edge, far under what one can draw."""
BLOCK: Final = 128
"""Corners whose pairs are looked at together: all at once, a hall with thousands of them would take gigabytes."""
_FLAT: Final = 1e-9
"""Square metres of the parallelogram under which three points lie on one line."""


class Seen(NamedTuple):
    """Corners that are seen from a point, and how far they are, in metres; both of shape (n,)."""

    corners: Ints
    metres: Floats


class Sight:
    """The walkable floor of one level, prepared for asking what is seen from where."""

    def __init__(self, area: Any) -> None:
        self.area = area
        self._seen_through = area.buffer(SLACK_M, join_style="mitre")
        shapely.prepare(self.area)
        shapely.prepare(self._seen_through)
        bends = _reflex(area)
        self.corners: Floats = bends[:, 1]
        """Where ways can bend, shape (n, 2)."""
        self._before, self._after = bends[:, 0], bends[:, 2]

    def straight(self, starts: Floats, ends: Floats) -> NDArray[np.bool_]:
        """Whether one can walk straight from each start to its end; both of shape (n, 2)."""
        if not len(starts):
            return np.zeros(0, dtype=np.bool_)
        lines = shapely.linestrings(np.stack([starts, ends], axis=1))
        return np.asarray(shapely.covers(self._seen_through, lines), dtype=np.bool_)

    def seen_from(self, point: Point) -> Seen:
        """The corners a way from `point` may bend at first."""
        at = np.asarray(point, dtype=float)
        leaning = np.flatnonzero(self._leans(np.broadcast_to(at, self.corners.shape), np.arange(len(self.corners))))
        found = leaning[self.straight(np.broadcast_to(at, (len(leaning), 2)), self.corners[leaning])]
        return Seen(found, np.hypot(*(self.corners[found] - at).T))

    @cached_property
    def pairs(self) -> tuple[Ints, Ints, Floats]:
        """Every pair of corners (first below second) a way may lead between straight, and the metres."""
        blocks = [self._pairs_of(start) for start in range(0, len(self.corners), BLOCK)]
        empty = np.empty(0, np.int64)
        first, second = (np.concatenate([empty, *column]) for column in zip(*blocks, strict=True)) if blocks else (empty, empty)
        return first, second, np.hypot(*(self.corners[first] - self.corners[second]).T)

    def _pairs_of(self, start: int) -> tuple[Ints, Ints]:
        """Those pairs whose first corner is in one block."""
        count = len(self.corners)
        rows = np.arange(start, min(start + BLOCK, count))
        first, second = np.repeat(rows, count), np.tile(np.arange(count), len(rows))
        later = second > first
        first, second = first[later], second[later]
        leaning = self._leans(self.corners[first], second) & self._leans(self.corners[second], first)
        first, second = first[leaning], second[leaning]
        seen = self.straight(self.corners[first], self.corners[second])
        return first[seen], second[seen]

    def _leans(self, points: Floats, corners: Ints) -> NDArray[np.bool_]:
        """Whether the line from each point to its corner has what stands there on one side, so that a way can wrap around it."""
        at = self.corners[corners]
        sight, before, after = at - points, self._before[corners] - at, self._after[corners] - at
        one, other = _cross(sight, before), _cross(sight, after)
        return np.asarray((np.minimum(one, other) >= -_FLAT) | (np.maximum(one, other) <= _FLAT))


def _reflex(area: Any) -> Floats:
    """The corners of which more than half is walkable, each between its neighbours: shape (n, 3, 2)."""
    found = [np.empty((0, 3, 2))]
    for part in shapely.get_parts(area):
        walked = orient(part, 1.0)  # the floor is now on the left of every ring
        for ring in (walked.exterior, *walked.interiors):
            at = shapely.get_coordinates(ring)[:-1]
            bends = np.stack([np.roll(at, 1, axis=0), at, np.roll(at, -1, axis=0)], axis=1)
            found.append(bends[_cross(bends[:, 1] - bends[:, 0], bends[:, 2] - bends[:, 1]) < -_FLAT])
    return np.concatenate(found)


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], dtype=np.float64)
