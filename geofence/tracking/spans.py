"""Spans: when each device was followed, for as long as late rows may come. What a late row tells of such a time is known already.

Pure but for its own columns. A span goes from a fix to the last one before a silence, and that silence with it; the spans of a device do
not overlap. Bounded: what ended before the horizon is dropped once a minute, and of more than MOST the oldest; from then on rows of that
time are too old. What is held does not depend on when it was asked for, so that snapshots are the same however entries were cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Columns, Indices, Longs, Tracks
from geofence.device_columns import NEVER_MS, DeviceColumns

MOST: Final = 1 << 15
"""2.6 MB a venue; some thousand shoppers an hour have less."""


class Span(NamedTuple):
    """Stretches of time in which devices were followed; columns of shape (n,), both ends included."""

    track: Tracks
    shopper: Columns
    visit_start_ms: Longs
    from_ms: Longs
    to_ms: Longs
    """The last fix and the silence after it."""

    def where(self, chosen: Indices | Columns) -> "Span":
        """The chosen ones, in order."""
        return Span._make(column[chosen] for column in self)

    def by_end(self) -> "Span":
        return self.where(np.lexsort((self.from_ms, self.track, self.to_ms)))

    def by_device(self) -> "Span":
        return self.where(np.lexsort((self.from_ms, self.track)))


def no_spans() -> Span:
    """Columns of length 0."""
    longs = np.empty(0, np.int64)
    return Span(np.empty(0, np.uint64), np.empty(0, "S32"), longs, longs, longs)


def together(parts: list[Span]) -> Span:
    """The parts one after the other."""
    return Span._make(np.concatenate(columns) for columns in zip(*parts, strict=True)) if parts else no_spans()


@dataclass(slots=True)
class Spans:
    """One venue's, closed ones; those that still last are in the devices' own columns."""

    silence_ms: int
    floor_ms: int = NEVER_MS
    """Up to here nothing is remembered any more."""
    _parts: list[Span] = field(default_factory=list)

    def close(self, devices: DeviceColumns, slots: Indices, until_ms: Longs | int) -> None:
        """Closes the spans of those of `slots` whose silence was over by `until_ms`."""
        over = (devices["since_ms"][slots] != NEVER_MS) & (devices["last_ms"][slots] + self.silence_ms <= until_ms)
        if over.any():
            self._parts.append(_lasting(devices, slots[over], self.silence_ms))
            devices["since_ms"][slots[over]] = NEVER_MS

    def add(self, spans: Span) -> None:
        """Spans that were found elsewhere."""
        if len(spans.track):
            self._parts.append(spans)

    def of(self, tracks: Tracks, devices: DeviceColumns) -> Span:
        """The spans of some devices, those that still last included, by device and time."""
        live = np.array([devices.slots[track] for track in tracks.tolist() if track in devices.slots], np.int64)
        live = live[devices["since_ms"][live] != NEVER_MS]
        known = self.closed()
        return together([known.where(np.isin(known.track, tracks)), _lasting(devices, live, self.silence_ms)]).by_device()

    def trim(self, before_ms: int) -> None:
        """Drops what ended before `before_ms`, and the oldest of too many. To be called where the log alone says, not batches."""
        known = self.closed()
        known = known.where(known.to_ms >= before_ms).by_end()
        if len(known.track) > MOST:
            self.floor_ms = max(self.floor_ms, int(known.to_ms[-MOST - 1]))
            known = known.where(known.to_ms > self.floor_ms)
        self._parts = [known] if len(known.track) else []

    def forget(self, shopper: bytes) -> None:
        """Drops the shopper's."""
        known = self.closed()
        self._parts = [known.where(known.shopper != shopper)]

    def columns(self) -> dict[str, Columns]:
        """For keeping, by end."""
        return self.closed().by_end()._asdict()

    def load(self, columns: Mapping[str, Columns]) -> None:
        """Becomes what `columns` held."""
        self._parts = [Span(**columns)] if columns else []

    def closed(self) -> Span:
        """All that do not last any more."""
        known = together(self._parts)
        self._parts = [known] if len(known.track) else []
        return known


def _lasting(devices: DeviceColumns, slots: Indices, silence_ms: int) -> Span:
    track, shopper, visit_start_ms, since_ms, last_ms = (
        devices[name][slots] for name in ("track", "shopper", "visit_start_ms", "since_ms", "last_ms")
    )
    return Span(track, shopper, visit_start_ms, since_ms, last_ms + silence_ms)
