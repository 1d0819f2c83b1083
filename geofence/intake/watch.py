"""The watch: brings what a batch heard of known tokens and tags to `people/clones.py`, with where it was heard.

What is flagged is dropped in `admit.py` under the code `cloned`, and counted.
"""

import hashlib
from collections.abc import Mapping, Sequence
from zlib import crc32

import numpy as np

from floorplans.model import Plan
from geofence.columns import NONE, Flags, Indices, Tracks
from geofence.intake.admit import Batch
from groundwork.contracts.ids import BeaconKey, PlanVersionId, TenantId, Track, VenueId
from groundwork.people.clones import Clones, Heard, Site

_SEALED = "token:"
"""How the beacon key of a phone begins."""

Spot = tuple[int, float, float]
"""The number of a level's frame, and a place in it in metres."""


def identity(track: Track, beacon: BeaconKey) -> int:
    """The number of what was heard, 64 bits: her phone by whatever token it sends, each of her tags by its own key.

    Her cart may stand in one aisle and her phone be in another, so they are not one.
    """
    return track if beacon.startswith(_SEALED) else track ^ (crc32(beacon.encode()) << 20 | 1)


class Watch:
    """Flags rows of clones; one for a process."""

    def __init__(self) -> None:
        self._clones = Clones()
        self._sites: dict[tuple[TenantId, VenueId], tuple[PlanVersionId, Site, dict[str, Spot]]] = {}

    def flagged(self, plan: Plan, batch: Batch, who: Tracks, anchor: Indices, anchors: Sequence[str]) -> Flags:
        """Which of the batch's rows are clones'. `who` is 0 where a row is nobody's, `anchor` -1 where its gateway hangs nowhere."""
        flags = np.zeros(len(batch), np.bool_)
        rows = np.flatnonzero((who != 0) & (anchor != NONE) & (batch.rssi_dbm < 0))
        if not len(rows):
            return flags
        site, spots = self._site(plan)
        where = [spots.get(name, (0, 0.0, 0.0)) for name in anchors]
        at = anchor[rows]
        frame, x_m, y_m = np.array([spot[0] for spot in where], np.int64), *(np.array([spot[n] for spot in where]) for n in (1, 2))
        rssi = batch.rssi_dbm[rows].astype(np.float64)
        flags[rows] = self._clones.flagged(Heard(who[rows], batch.end_ms[rows], x_m[at], y_m[at], frame[at], rssi), site)
        return flags

    def _site(self, plan: Plan) -> tuple[Site, Mapping[str, Spot]]:
        venue = plan.venue
        known = self._sites.get((venue.tenant, venue.id))
        if known is None or known[0] != plan.version:
            spots = {p.subject: (_number(venue.tenant, venue.id, p.level), p.x_m, p.y_m) for p in plan.placements}
            known = self._sites[venue.tenant, venue.id] = (plan.version, _site_of(plan), spots)
        return known[1], known[2]


def _site_of(plan: Plan) -> Site:
    number = _number(plan.venue.tenant, plan.venue.id)
    for level in plan.levels:
        if level.anchor is not None:
            return Site(number, level.anchor.lon, level.anchor.lat)
    return Site(number, *plan.venue.outline[0].outer[0]) if plan.venue.outline else Site(number)


def _number(*names: str) -> int:
    """63 bits that stand for the names."""
    return int.from_bytes(hashlib.blake2b("\0".join(names).encode(), digest_size=8).digest(), "big") >> 1
