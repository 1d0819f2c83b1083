"""Zone share: how much of a fix's belief falls into each zone of its level.

Pure. The belief is an isotropic Gaussian whose 68 % radius is the fix's. A zone is cut into strips along y, half a
metre at most, each with the intervals of x it covers there; the share of a strip is the product of two one-dimensional masses. That is
exact for rectangles and takes slanted sides as steps. Strips of disjoint zones are disjoint, hence their shares sum to at most 1.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geofence.columns import Floats, Indices

STRIP_M = 0.5
"""A tenth of a usual radius; half of it doubles the work and moves no probability by more than .01."""
THINNEST_M = 0.02
"""Corners closer than this to an edge of the rows get no edge of their own: a round zone would else be cut to slivers."""
SIGMA_PER_RADIUS = 1.0 / np.sqrt(-2.0 * np.log(1.0 - 0.68))
"""P(r <= R) = 1 - exp(-R^2 / 2 sigma^2) for a two-dimensional Gaussian; at .68 this gives sigma = .66 R."""


@dataclass(frozen=True, slots=True)
class _Strips:
    """All zones' strips, zone after zone: which y row, and which of the sorted x edges they span."""

    x_edges: Floats
    y_edges: Floats
    row: Indices
    left: Indices
    right: Indices
    zone_starts: Indices
    zones: Indices
    """The zones that have strips, as positions in the list given; `zone_starts[i]` is where the i-th of them begins."""


class ZoneShare:
    """The zones of one level, by their position in the list given. Immutable."""

    __slots__ = ("_strips", "zones")

    def __init__(self, polygons: list[BaseGeometry]) -> None:
        self.zones = len(polygons)
        self._strips = _cut(polygons)

    def of(self, x_m: Floats, y_m: Floats, radius_m: Floats) -> Floats:
        """The share of each fix in each zone, shape (n, zones), each 0 to 1. `radius_m` must be above 0."""
        shares = np.zeros((len(x_m), self.zones))
        strips = self._strips
        if len(strips.row) == 0 or len(x_m) == 0:
            return shares
        sigma = (radius_m * SIGMA_PER_RADIUS)[:, None]
        below_x = normal_cdf((strips.x_edges - x_m[:, None]) / sigma)
        below_y = normal_cdf((strips.y_edges - y_m[:, None]) / sigma)
        in_row = np.diff(below_y, axis=1)
        mass = (below_x[:, strips.right] - below_x[:, strips.left]) * in_row[:, strips.row]
        shares[:, strips.zones] = np.add.reduceat(mass, strips.zone_starts, axis=1)
        return np.clip(shares, 0.0, 1.0)


def normal_cdf(z: Floats) -> Floats:
    """P(Z <= z) of the standard normal, absolute error below 1e-7; monotone enough to difference.

    Source: Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.17.
    """
    size = np.abs(z)
    t = 1.0 / (1.0 + 0.2316419 * size)
    poly = t * (0.319381530 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))))
    tail = np.exp(-0.5 * size * size) * poly * 0.3989422804014327
    below: Floats = np.where(z >= 0, 1.0 - tail, tail)
    return below


def _cut(polygons: list[BaseGeometry]) -> _Strips:
    """Cuts every polygon along the middle lines of one set of rows that covers them all."""
    y_edges = _rows(polygons)
    pieces = [(zone, *piece) for zone, polygon in enumerate(polygons) for piece in _intervals(polygon, y_edges)]
    zone, row = np.array([p[0] for p in pieces], np.int64), np.array([p[1] for p in pieces], np.int64)
    ends = np.array([p[2:] for p in pieces], np.float64).reshape(-1, 2)
    x_edges, edge = np.unique(ends, return_inverse=True)
    edge = edge.reshape(-1, 2)
    zones, starts = np.unique(zone, return_index=True)
    return _Strips(x_edges, y_edges, row, edge[:, 0], edge[:, 1], starts.astype(np.int64), zones.astype(np.int64))


def _rows(polygons: list[BaseGeometry]) -> Floats:
    """The edges of the rows: half metres, and where corners are, so that a rectangle is cut exactly."""
    if not polygons:
        return np.zeros(2)
    corners = shapely.get_coordinates(polygons)[:, 1]
    lowest, highest = int(np.floor(corners.min() / STRIP_M)), int(np.ceil(corners.max() / STRIP_M))
    edges = np.unique(np.concatenate([corners, np.arange(lowest, highest + 1, dtype=np.float64) * STRIP_M]))
    kept: Floats = edges[np.concatenate(([True], np.diff(edges) > THINNEST_M))]
    return kept


def _intervals(polygon: BaseGeometry, y_edges: Floats) -> list[tuple[int, float, float]]:
    """(row, x from, x to) of each piece of `polygon` on each row's middle line."""
    x_min, y_min, x_max, y_max = polygon.bounds
    middles = (y_edges[1:] + y_edges[:-1]) / 2
    rows = np.flatnonzero((middles > y_min) & (middles < y_max))
    ends = np.empty((len(rows), 2, 2))
    ends[:, 0, 0], ends[:, 1, 0], ends[:, :, 1] = x_min - 1.0, x_max + 1.0, middles[rows, None]
    found = []
    for row, cut in zip(rows.tolist(), shapely.intersection(shapely.linestrings(ends), polygon), strict=True):
        for piece in shapely.get_parts(cut):
            left, _, right, _ = shapely.bounds(piece).tolist()
            if right > left:
                found.append((row, left, right))
    return found
