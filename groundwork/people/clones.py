"""Clones: one token or tag heard where it cannot be twice. Whoever records one and sends it again elsewhere must not move anybody's dot.

Two hearings contradict one another
- in one venue, where the gateways are further apart than both can have heard it, plus the way somebody walked in between;
- in two venues, where nothing travels so fast.
Which of the two was the true one nobody can tell, so for a while neither has any effect. What contradicts nothing is left alone: a clone
within a few metres of the true one, in whose place it changes little, and one that is heard weakly.

Pure but for its own memory, on columns. The memory is a direct-mapped table: a fixed size, and a slot taken by another forgets the one
before, which can only let something through. A process remembers what came through it alone.
"""

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Flags = NDArray[np.bool_]

SLOTS: Final = 1 << 16
"""7 MB; of 10,000 people in the shops of one process, one in 13 shares a slot with another."""
LOUDEST_DBM: Final = -35.0
"""The most that a phone or tag is heard with at 1 m, in pairs of hearings. Recorded walks (four places, 2.4 million pairs of receivers more
than 5 m apart) needed -39.7 dBm to be possible; what is above is margin for louder radios. Higher misses clones, lower flags the honest."""
NEAR_DBM: Final = -65.0
"""Weaker hearings bound nobody's place: by the loudest radio they come from anywhere within 30 m."""
SLACK_M: Final = 6.0
"""For gateways' clocks, which are right to a second, and placements, which are to a metre or two."""
WALK_M_S: Final = 4.0
"""A run with a trolley."""
TRAVEL_M_S: Final = 70.0
"""Between venues; faster than any car or metro."""
VENUE_REACH_M: Final = 300.0
"""From the point that stands for a venue to where its radios can hear somebody. Twice this is free of suspicion."""
QUARANTINE_MS: Final = 60_000
"""Around a contradiction, how long what is heard of it has no effect."""
_EARTH_M: Final = 6_371_008.8
_SPREAD: Final = np.uint64(0x9E37_79B9_7F4A_7C15)
"""2^64 over the golden ratio: neighbouring numbers land far apart."""


class Heard(NamedTuple):
    """Rows of one venue's batch; shapes (n,)."""

    who: NDArray[np.uint64]
    """Which token or tag, by a number of its own."""
    at_ms: Longs
    x_m: Floats
    y_m: Floats
    """Where the gateway hangs, in its frame."""
    frame: Longs
    """Which flat frame that is; places in different ones are not compared."""
    rssi_dbm: Floats

    def taken(self, rows: NDArray[np.intp]) -> "Heard":
        """These rows in this order."""
        return Heard(self.who[rows], self.at_ms[rows], self.x_m[rows], self.y_m[rows], self.frame[rows], self.rssi_dbm[rows])


class Site(NamedTuple):
    """Where on the earth the venue is, in degrees; NaN where nobody has said."""

    venue: int
    lon: float = float("nan")
    lat: float = float("nan")


_AT_MS, _REACH_M = 2, 3
"""Columns of a point, after x and y."""


class Clones:
    """Watches what is heard, batch by batch."""

    __slots__ = ("_accused", "_clash_ms", "_frame", "_lat", "_lon", "_near", "_points", "_seen", "_seen_ms", "_venue")

    def __init__(self) -> None:
        # Where each was last heard from near.
        self._near, self._frame, self._points = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.int64), np.zeros((SLOTS, 4))
        # In which venue each was last heard, and when it last contradicted itself.
        self._seen, self._accused = np.zeros(SLOTS, np.uint64), np.zeros(SLOTS, np.uint64)
        self._seen_ms, self._venue, self._clash_ms = (np.zeros(SLOTS, np.int64) for _ in range(3))
        self._lon, self._lat = np.zeros(SLOTS), np.zeros(SLOTS)

    def flagged(self, heard: Heard, site: Site) -> Flags:
        """Which rows must have no effect; shape (n,). Remembers the batch."""
        slot = slots_of(heard.who)
        clash = self._elsewhere(heard, slot, site)
        near = np.flatnonzero(heard.rssi_dbm >= NEAR_DBM)
        if len(near):
            near = near[np.lexsort((heard.at_ms[near], heard.who[near]))]
            clash[near] |= self._too_far(heard.taken(near), slot[near])
        if clash.any():
            self._accused[slot[clash]], self._clash_ms[slot[clash]] = heard.who[clash], heard.at_ms[clash]
        flags: Flags = (self._accused[slot] == heard.who) & (np.abs(heard.at_ms - self._clash_ms[slot]) <= QUARANTINE_MS)
        return flags

    def _elsewhere(self, heard: Heard, slot: NDArray[np.intp], site: Site) -> Flags:
        """Which rows come from further away than one can have travelled since the last venue."""
        same = self._seen[slot] == heard.who
        clash: Flags = same & (self._venue[slot] != site.venue)
        if clash.any():
            was = slot[clash]
            from_m = distance_m(self._lon[was], self._lat[was], site) - 2 * VENUE_REACH_M
            since_s = np.abs(heard.at_ms[clash] - self._seen_ms[was]) / 1000
            clash[clash] = from_m > TRAVEL_M_S * since_s  # never true of NaN
        newer = ~same | (heard.at_ms >= self._seen_ms[slot])
        into = slot[newer]  # of a batch in disorder a moment is lost: nothing, in metres between venues
        self._seen[into], self._seen_ms[into] = heard.who[newer], heard.at_ms[newer]
        self._venue[into], self._lon[into], self._lat[into] = site
        return clash

    def _too_far(self, heard: Heard, slot: NDArray[np.intp]) -> Flags:
        """Which rows were heard too far from the hearing before them, of the batch or remembered; sorted by who, then by time."""
        points: Floats = np.column_stack((heard.x_m, heard.y_m, heard.at_ms.astype(np.float64), reach(heard.rssi_dbm)))
        edge = np.concatenate(([True], heard.who[1:] != heard.who[:-1], [True]))
        first, again, last = np.flatnonzero(edge[:-1]), np.flatnonzero(~edge[:-1]), np.flatnonzero(edge[1:])
        clash = np.empty(len(points), np.bool_)
        clash[again] = (heard.frame[again] == heard.frame[again - 1]) & _impossible(points[again], points[again - 1])
        was = slot[first]
        same = self._near[was] == heard.who[first]
        clash[first] = same & (self._frame[was] == heard.frame[first]) & _impossible(points[first], self._points[was])
        newest = last[~same | (points[last, _AT_MS] >= self._points[was, _AT_MS])]
        into = slot[newest]
        self._near[into], self._frame[into], self._points[into] = heard.who[newest], heard.frame[newest], points[newest]
        return clash


def _impossible(here: Floats, there: Floats) -> Flags:
    """Of pairs of points (x, y, ms, reach; shape (n, 4)), which are too far apart for both to be true."""
    apart = here - there
    walked_m = WALK_M_S * np.abs(apart[:, _AT_MS]) / 1000
    answer: Flags = np.hypot(apart[:, 0], apart[:, 1]) > here[:, _REACH_M] + there[:, _REACH_M] + SLACK_M + walked_m
    return answer


def reach(rssi_dbm: Floats) -> Floats:
    """Metres within which the loudest sender must be that is heard so; free space, as walls and bodies only bring it nearer."""
    metres: Floats = np.power(10.0, (LOUDEST_DBM - rssi_dbm) / 20.0)
    return metres


def distance_m(lon: Floats, lat: Floats, site: Site) -> Floats:
    """Great-circle metres from each place to the site; NaN where either is not known. Good to 0.5 %, on a sphere."""
    north, east = np.radians(lat - site.lat), np.radians(lon - site.lon)
    half = np.sin(north / 2) ** 2 + np.cos(np.radians(lat)) * np.cos(np.radians(site.lat)) * np.sin(east / 2) ** 2
    metres: Floats = 2 * _EARTH_M * np.arcsin(np.sqrt(half))
    return metres


def slots_of(who: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The slot of each."""
    return ((who * _SPREAD) >> np.uint64(48)).astype(np.intp)
