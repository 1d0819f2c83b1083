"""Pending rows: what was admitted and waits for its moment, and the order in which moments are worked off.

Pure. Devices do not see one another, so what matters is each device's own order: rows are worked off in waves, in each of which a device
stands at most once, with all rows of its next moment. That keeps columns long where many phones report windows that do not line up.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from geofence.columns import Columns, Flags, Indices, Longs, Singles, Tracks


class Rows(NamedTuple):
    """Admitted rows with their anchor's place in the engine's plan; columns of shape (n,)."""

    track: Tracks
    shopper: Columns
    """Pseudonyms, as bytes."""
    end_ms: Longs
    """When the window closed."""
    anchor: Indices
    rssi_dbm: Singles

    def where(self, chosen: Flags | Indices) -> "Rows":
        """The chosen rows, in order."""
        return Rows._make(column[chosen] for column in self)

    def in_order(self) -> "Rows":
        """By device, moment, anchor; of doubles the louder one last, so that it is the one that stays."""
        return self.where(np.lexsort((self.rssi_dbm, self.anchor, self.end_ms, self.track)))


class Wave(NamedTuple):
    """Rows of moments that can be worked off together, and their moments: `moment` says which one each row belongs to."""

    rows: Rows
    moment: Indices
    track: Tracks
    """Of each moment; each track once."""
    at_ms: Longs
    """Of each moment."""

    def where(self, chosen: Flags) -> "Wave":
        """The chosen moments with their rows."""
        kept = chosen[self.moment]
        return Wave(self.rows.where(kept), (np.cumsum(chosen) - 1)[self.moment[kept]], self.track[chosen], self.at_ms[chosen])


def no_rows() -> Rows:
    """Columns of length 0."""
    longs = np.empty(0, np.int64)
    return Rows(np.empty(0, np.uint64), np.empty(0, "S32"), longs, longs, np.empty(0, np.float32))


def joined(parts: list[Rows]) -> Rows:
    """The parts one after the other."""
    return Rows._make(np.concatenate(columns) for columns in zip(*parts, strict=True)) if parts else no_rows()


def waves(rows: Rows) -> Iterator[Wave]:
    """The waves of `rows`, which must be `in_order`: each device's first moments, then its second ones, and so on."""
    if not len(rows.track):
        return
    new_device = np.concatenate(([True], rows.track[1:] != rows.track[:-1]))
    new_moment = new_device | np.concatenate(([True], rows.end_ms[1:] != rows.end_ms[:-1]))
    moment = np.cumsum(new_moment) - 1
    first_of_device = np.maximum.accumulate(np.where(new_device, moment, 0))
    wave = moment - first_of_device
    order = np.argsort(wave, kind="stable")
    for chosen in np.split(order, np.flatnonzero(np.diff(wave[order])) + 1):
        of_wave = rows.where(chosen)
        starts = new_moment[chosen]
        yield Wave(of_wave, np.cumsum(starts) - 1, of_wave.track[starts], of_wave.end_ms[starts])
