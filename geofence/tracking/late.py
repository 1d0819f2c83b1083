"""Late rows: what they would have changed is recorded as late and pushed to nobody.

A row that comes when the watermark has passed its moment cannot undo what was decided without it. The rules, all on event time:
* A row of a time in which its device was followed (`spans.py`) tells of nothing that was missed: refused as `late`.
* A row of another time waits until no more came for `late_wait_ms` (ten times that at the longest, or MOST rows), then those of a device
  between two of its spans are followed by themselves: a stay begins and ends within that gap, with all that presence says of it, and every
  zone event of it is `late`. It belongs to the visit that lasted then, else to one of its own.
* That gap is a span from then on, so no row of another gateway can make the same stay once more; and since stays of gaps begin and end at
  other moments than those that were acknowledged, none of those is repeated or rewritten.
* A row older than `late_horizon_ms`, or of a time of which nothing is remembered, is refused as `too_old`.

Pure. What is worked off when follows from the log alone, not from how its entries are cut into batches.
"""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import NONE, Columns, Flags, Indices, Longs
from geofence.device_columns import NEVER_MS
from geofence.settings import Settings
from geofence.tracking import moments
from geofence.tracking.following import Following, Lane
from geofence.tracking.outcome import Gathering, Happened, Visits
from geofence.tracking.pending import Rows, joined
from geofence.tracking.spans import Spans
from geofence.zones.presence import DWELL, LATEST_MS

MOST: Final = 50_000
"""Late rows that wait at most: 3 MB; a box that was away for an hour beside 50 devices has more, and is then worked off in parts."""
LONGEST_WAITS: Final = 10
"""Where something late comes all the time, it waits for so many `late_wait_ms`."""
TOGETHER: Final = 256
"""Gaps followed at once: the grid locator keeps 16 KiB for each."""


@dataclass(slots=True)
class LateRows:
    """One venue's, which wait to be worked off."""

    settings: Settings
    first_ms: int = NEVER_MS
    """Where the watermark stood when the first of them came."""
    newest_ms: int = NEVER_MS
    """Where it stood when the last one came."""
    rows: list[Rows] = field(default_factory=list)

    def take(self, rows: Rows, watermark_ms: int, lane: Lane) -> None:
        """Keeps those that are not too old."""
        wanted = rows.end_ms > max(watermark_ms - self.settings.late_horizon_ms, lane.spans.floor_ms)
        if wanted.any():
            self.first_ms = watermark_ms if not self.rows else self.first_ms
            self.newest_ms = watermark_ms
            self.rows.append(rows.where(wanted))
        lane.gathering.refuse("too_old", len(wanted) - int(wanted.sum()))

    @property
    def reach_ms(self) -> int:
        """How far back something that comes now may reach by the time it is worked off."""
        return self.settings.late_horizon_ms + LONGEST_WAITS * self.settings.late_wait_ms + self.settings.visit_end_ms

    def due_ms(self) -> int:
        """Which watermark they wait for; LATEST_MS where there are none."""
        wait_ms = self.settings.late_wait_ms
        return min(self.newest_ms + wait_ms, self.first_ms + LONGEST_WAITS * wait_ms) if self.rows else LATEST_MS

    def ripe(self, watermark_ms: int) -> bool:
        return bool(self.rows) and (watermark_ms >= self.due_ms() or len(self) >= MOST)

    def take_all(self) -> Rows:
        """Takes them out, in order."""
        rows, self.rows = joined(self.rows).in_order(), []
        return rows

    def __len__(self) -> int:
        return sum(len(rows.track) for rows in self.rows)


class _Gaps(NamedTuple):
    """Times between two spans of a device; columns of shape (gaps,)."""

    track: Columns
    shopper: Columns
    until_ms: Longs
    """When the next span begins."""
    visit_start_ms: Longs
    """Of the visit that lasted before it; NEVER_MS where none did."""
    last_ms: Longs
    """That visit's last fix before it."""


def missed(rows: Rows, lane: Lane) -> Rows:
    """Those of late `rows`, which are `in_order`, that tell of a time in which nobody followed their device; the others are refused.

    Felt steps decide nothing by themselves and are left out.
    """
    rows = rows.where(rows.anchor != moments.STEP)
    gap, _ = _gaps(rows, lane)
    lane.gathering.refuse("late", int((gap == NONE).sum()))
    return rows.where(gap != NONE)


def work_off(following: Following, rows: Rows, lane: Lane) -> None:
    """Follows late `rows`, which are `in_order`, and adds what happened to the lane's gathering, and when that was to its spans."""
    rows = missed(rows, lane)  # once more: they waited
    gap, gaps = _gaps(rows, lane)
    lane.gathering.rows += len(gap)
    for first in range(0, len(gaps.track), TOGETHER):
        chosen = (gap >= first) & (gap < first + TOGETHER)
        _follow(following, rows.where(chosen)._replace(track=gap[chosen].astype(np.uint64)), gaps, lane)


def _gaps(rows: Rows, lane: Lane) -> tuple[Indices, _Gaps]:
    """Which gap each row lies in, -1 where its device was followed at its moment; and the gaps. `rows` are by device and time."""
    tracks, starts, counts = np.unique(rows.track, return_index=True, return_counts=True)
    known, silence_ms = lane.spans.of(tracks, lane.devices), lane.spans.silence_ms
    gap = np.full(len(rows.track), NONE, np.int64)
    found: list[tuple[int, bytes, int, int, int]] = []
    for track, first, end in zip(tracks.tolist(), starts.tolist(), (starts + counts).tolist(), strict=True):
        of_device = known.where(known.track == np.uint64(track))
        moments = rows.end_ms[first:end]
        before = np.searchsorted(of_device.from_ms, moments, side="right") - 1
        free = (before == NONE) | (moments > np.append(of_device.to_ms, 0)[before])
        for at in np.unique(before[free]).tolist():
            mine = free & (before == at)
            gap[first:end][mine] = len(found)
            until_ms = int(of_device.from_ms[at + 1]) if at + 1 < len(of_device.from_ms) else LATEST_MS
            visit_ms, last_ms = (int(of_device.visit_start_ms[at]), int(of_device.to_ms[at]) - silence_ms) if at != NONE else (NEVER_MS, 0)
            found.append((track, rows.shopper[first], until_ms, visit_ms, last_ms))
    columns = list(zip(*found, strict=True)) or [()] * 5
    longs = (np.array(column, np.int64) for column in columns[2:])
    return gap, _Gaps(np.array(columns[0], np.uint64), np.array(columns[1], "S32"), *longs)


def _follow(following: Following, rows: Rows, gaps: _Gaps, lane: Lane) -> None:
    """Some gaps by themselves: each is a device that nobody remembers, but for the visit it is on. `rows.track` is the gap's number."""
    silence_ms = following.settings.silence_ms
    alone = Lane(following.nobody(), Gathering(), Spans(silence_ms))
    numbers = np.unique(rows.track)
    slots = alone.devices.slots_of(numbers, [name.decode() for name in gaps.shopper[numbers.astype(np.int64)].tolist()])
    on_visit = gaps.visit_start_ms[numbers.astype(np.int64)] != NEVER_MS
    for name in ("visit_start_ms", "last_ms"):
        alone.devices[name][slots[on_visit]] = getattr(gaps, name)[numbers[on_visit].astype(np.int64)]
    following.apply(alone, rows)
    end_ms = int(rows.end_ms.max()) + following.settings.visit_end_ms
    following.settle(alone, slots, np.full(len(slots), end_ms, np.int64))
    happened, visits = alone.gathering.columns()
    lane.gathering.add(_late(happened, gaps), _of_their_own(visits, gaps), alone.gathering.fixes)
    spans = alone.spans.closed()
    at = spans.track.astype(np.int64)
    lane.spans.add(spans._replace(track=gaps.track[at], to_ms=np.minimum(spans.to_ms, gaps.until_ms[at])))


def _late(happened: Happened, gaps: _Gaps) -> Happened:
    """What happened in the gaps, of their devices, and not beyond them."""
    at = happened.track.astype(np.int64)
    within: Flags = (happened.kind != DWELL) | (happened.at_ms < gaps.until_ms[at])
    late = np.ones(len(at), np.bool_)
    ended = np.minimum(happened.at_ms, gaps.until_ms[at])
    return happened._replace(track=gaps.track[at], at_ms=ended, late=late).where(within)


def _of_their_own(visits: Visits, gaps: _Gaps) -> Visits:
    """Visits that began in the gaps; those that lasted before have ends of their own."""
    at = visits.track.astype(np.int64)
    own: Flags = visits.start_ms != gaps.visit_start_ms[at]
    ended = np.where(visits.end_ms == NEVER_MS, NEVER_MS, np.minimum(visits.end_ms, gaps.until_ms[at]))
    return visits._replace(track=gaps.track[at], end_ms=ended).where(own)
