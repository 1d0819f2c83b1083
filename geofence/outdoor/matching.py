"""Matching: which of a tenant's fences each point is in, and how far it is from the borders of those it is near.

Pure. A point within `WATCH_M` of a venue's fences is measured against all of that venue's; to all other fences it is elsewhere. What is
decided on these distances is for `engine.py`.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Floats, Indices, Singles
from geofence.outdoor import distance_kernel
from geofence.outdoor.cell_index import CellIndex
from geofence.outdoor.earth import plane
from geofence.outdoor.fences import Fence, Unusable, around
from geofence.outdoor.reported import FenceRef
from groundwork.contracts.ids import PlanVersionId, VenueId

WATCH_M: Final = 500.0
"""How far beyond a venue's fences a point is still measured; more than any accuracy that is let in, and than any exit margin."""


class VenueFences(NamedTuple):
    """One venue's fences, on the plan version in force."""

    venue: VenueId
    plan_version: PlanVersionId
    fences: tuple[Fence, ...]


class Near(NamedTuple):
    """Points measured against fences: positions of both, by point, then fence, and metres inside (over 0) or outside. Shape (n,)."""

    point: Indices
    fence: Indices
    signed_m: Singles


class FenceBook:
    """All fences of one tenant. Immutable; `refs` say what each position stands for."""

    def __init__(self, venues: Sequence[VenueFences]) -> None:
        self.problems: list[str] = []
        """Venues that were left out, and why."""
        self.refs: list[FenceRef] = []
        fences: list[Fence] = []
        firsts, counts = [], []
        for venue in venues:
            try:
                watch = around(venue.fences, WATCH_M)
            except Unusable as problem:
                self.problems.append(f"venue {venue.venue}: {problem}")
                continue
            firsts.append(len(fences))
            counts.append(len(venue.fences))
            for fence in (*venue.fences, Fence("", "", circle=watch)):
                fences.append(fence)
                self.refs.append(FenceRef(venue.venue, fence.zone, fence.kind, venue.plan_version, *watch))
        self._first, self._count = np.array(firsts, np.int64), np.array(counts, np.int64)
        self._planes = np.array([plane(ref.lat) for ref in self.refs]).reshape(-1, 2)
        self._venue_of_watch = np.full(len(fences), -1, np.int64)
        self._venue_of_watch[self._first + self._count] = np.arange(len(firsts))
        self._index = CellIndex(fences)

    def __len__(self) -> int:
        return len(self._first)

    def match(self, lon: Floats, lat: Floats) -> Near:
        """Every point against every fence of the venues it is near. Degrees; shapes (n,)."""
        if not len(self):
            return Near(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))
        pairs = self._index.find(lon, lat)
        venue = self._venue_of_watch[pairs.fence]
        watched = venue >= 0
        count = self._count[venue[watched]]
        point = np.repeat(pairs.point[watched], count)
        within = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
        fence = np.repeat(self._first[venue[watched]], count) + within
        signed_m = np.empty(len(point), np.float32)
        distance_kernel.measure(lon, lat, point, fence, *pairs, *self._index.shapes, self._planes, signed_m)
        return Near(point, fence, signed_m)
