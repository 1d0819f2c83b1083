"""Outcome: what some log entries led to, as columns: zone changes, visits, counts. `engine.py` makes it, `geofence/pipeline.py` writes it.

Pure. Devices stand here by track and pseudonym, no longer by slot: a slot may be someone else's by the time this is read.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from floorplans.model import Plan, Zone
from geofence.columns import Columns, Flags, Floats, Indices, Longs, Smalls, Tracks
from geofence.device_columns import NEVER_MS, DeviceColumns
from geofence.zones.presence import EXIT, Changes, Ends
from groundwork.contracts.ids import LevelId, TenantId, VenueId, ZoneId


class Happened(NamedTuple):
    """Zone changes in the order they happened; columns of shape (n,). `zone` is a place in `Outcome.zones`.

    Of one moment and device exits come first, of inner zones before outer ones; then enters, of outer zones before inner ones; then dwells.
    """

    kind: Smalls
    """A place in `presence.KINDS`."""
    track: Tracks
    shopper: Columns
    zone: Indices
    dwell_s: Indices
    at_ms: Longs
    stay_start_ms: Longs
    visit_start_ms: Longs
    probability: Floats
    uncertain: Flags
    late: Flags

    def where(self, chosen: Flags | Indices) -> "Happened":
        """The chosen ones, in order."""
        return Happened._make(column[chosen] for column in self)


class Visits(NamedTuple):
    """Visits that began (`end_ms` is NEVER_MS) or ended; columns of shape (n,)."""

    track: Tracks
    shopper: Columns
    start_ms: Longs
    end_ms: Longs

    def where(self, chosen: Flags | Indices) -> "Visits":
        """The chosen ones, in order."""
        return Visits._make(column[chosen] for column in self)


class Outcome(NamedTuple):
    """What some entries led to, on one plan version."""

    plan: Plan
    zones: tuple[Zone, ...]
    """What the changes' zones are places in."""
    happened: Happened
    visits: Visits
    rows: int
    """Rows that were put to use."""
    fixes: int
    refused: dict[str, int]
    """Rows that were not, by reason code."""
    decided_ms: int
    """The server's clock when the last of these entries was admitted."""


class Observed(NamedTuple):
    """A batch of fixes of one venue with what was made of them, for predictions, live views and tests.

    Columns of shape (n,); levels and zones are places in `levels` and `zones`, -1 for none.
    """

    tenant: TenantId
    venue: VenueId
    levels: tuple[LevelId, ...]
    zones: tuple[ZoneId, ...]
    track: Tracks
    at_ms: Longs
    level: Indices
    x_m: Floats
    y_m: Floats
    radius_m: Floats
    zone_raw: Indices
    """The most probable zone of this fix alone."""
    probability: Floats
    """Of `zone_raw`."""
    zone: Indices
    """What presence holds after this fix; of several layers the first, which has the smallest zones."""
    shares: Floats
    """Shape (n, zones): the probability of every zone."""
    zone_likely: Indices
    """What a map would show: the most probable zone, given up only for one that is clearly more probable. Of the same layer as `zone`."""
    held: Indices
    """Shape (n, layers): what presence holds in each layer after this fix."""


Observer = Callable[[Observed], None]


@dataclass(slots=True)
class Gathering:
    """An outcome in the making."""

    rows: int = 0
    fixes: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    _happened: list[Happened] = field(default_factory=list)
    _visits: list[Visits] = field(default_factory=list)

    def refuse(self, code: str, count: int) -> None:
        if count:
            self.refused[code] = self.refused.get(code, 0) + count

    def change(self, devices: DeviceColumns, some: Changes, uncertain: Flags) -> None:
        """Notes what happened, and of which of it nobody can be sure."""
        who = devices["track"][some.slot], devices["shopper"][some.slot]
        when = (some.at_ms, some.stay_start_ms, some.visit_start_ms)
        late = np.zeros(len(some.slot), np.bool_)
        self._happened.append(Happened(some.kind, *who, some.zone, some.dwell_s, *when, some.probability, uncertain, late))

    def add(self, happened: Happened, visits: Visits, fixes: int) -> None:
        """Notes what was found out elsewhere."""
        self._happened.append(happened)
        self._visits.append(visits)
        self.fixes += fixes

    def columns(self) -> tuple[Happened, Visits]:
        """What was noted: changes by time, then device, then kind; visits by start, then device."""
        return self._in_time(), self._by_start()

    def begin(self, devices: DeviceColumns, slots: Indices, start_ms: Longs) -> None:
        """Notes visits that begin."""
        if len(slots):
            self._visits.append(Visits(devices["track"][slots], devices["shopper"][slots], start_ms, np.full(len(slots), NEVER_MS)))

    def end(self, devices: DeviceColumns, ends: Ends) -> None:
        """Notes visits that end."""
        if len(ends.slot):
            self._visits.append(Visits(devices["track"][ends.slot], devices["shopper"][ends.slot], ends.start_ms, ends.end_ms))

    def outcome(self, plan: Plan, zones: tuple[Zone, ...], decided_ms: int) -> Outcome:
        """What was gathered, in the order of `columns`."""
        return Outcome(plan, zones, *self.columns(), self.rows, self.fixes, self.refused, decided_ms)

    def _in_time(self) -> Happened:
        if not self._happened:
            longs = np.empty(0, np.int64)
            who = np.empty(0, np.uint64), np.empty(0, "S32")
            flags = np.empty(0, np.bool_)
            return Happened(np.empty(0, np.int16), *who, longs, longs, longs, longs, longs, np.empty(0), flags, flags)
        found = Happened._make(np.concatenate(columns) for columns in zip(*self._happened, strict=True))
        outwards = np.where(found.kind == EXIT, found.zone, -found.zone)  # zones of inner layers come first: they are left first
        return found.where(np.lexsort((found.dwell_s, outwards, found.kind, found.track, found.at_ms)))

    def _by_start(self) -> Visits:
        if not self._visits:
            longs = np.empty(0, np.int64)
            return Visits(np.empty(0, np.uint64), np.empty(0, "S32"), longs, longs)
        found = Visits._make(np.concatenate(columns) for columns in zip(*self._visits, strict=True))
        return found.where(np.lexsort((found.end_ms, found.track, found.start_ms)))
