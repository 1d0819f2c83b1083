"""Following: rows of devices to what happened to them, on one plan version: hear, locate, match, presence, moment after moment.

Pure. It keeps nothing of a device; a `Lane` does. The engine has two kinds of lanes: the one in which everything runs on time, and those in
which late rows are worked off by themselves (`late.py`).
"""

from dataclasses import dataclass

import numpy as np

from floorplans.model import Plan
from geofence.columns import NONE, Floats, Indices, Longs, Tracks
from geofence.device_columns import NEVER_MS, DeviceColumns
from geofence.locate import locator
from geofence.positioning import hearing
from geofence.positioning.anchors import GENERIC, Calibration, anchors_of
from geofence.positioning.fitting import fitted
from geofence.positioning.locator import Fixes, Standing
from geofence.settings import Settings
from geofence.tracking import moments
from geofence.tracking.excess import ground_of, learns
from geofence.tracking.gains import Gains
from geofence.tracking.outcome import Gathering, Observed, Observer
from geofence.tracking.pending import Rows, Wave, waves
from geofence.tracking.sickness import Sickness
from geofence.tracking.spans import Spans
from geofence.zones import presence
from geofence.zones.match import Matches, ZoneMap
from geofence.zones.nesting import nesting_of


@dataclass(slots=True)
class Lane:
    """Devices that are followed together."""

    devices: DeviceColumns
    gathering: Gathering
    """What happens to them."""
    spans: Spans
    sickness: Sickness | None = None
    """Who is ill of those that should hear them; None where nobody asks."""
    observe: Observer | None = None
    gains: Gains | None = None
    """Who learns from what is read of them; None where nobody does."""


class Following:
    """One plan version, arranged for following devices."""

    def __init__(self, plan: Plan, settings: Settings, calibration: Calibration | None) -> None:
        """Raises ValueError for an unknown locator or a zone without a valid shape."""
        self.plan = plan
        self.settings = settings
        self.zones = ZoneMap(plan)
        calibration = fitted(calibration, plan) if calibration else None
        self.anchors = anchors_of(plan, calibration)
        self.anchor_at = {subject: at for at, subject in enumerate(self.anchors.subjects)}
        self.locate = locator(settings.locator)(Standing(plan, self.zones.zones, self.anchors, calibration))
        self._radio = calibration or GENERIC
        self._calibrated_db = self.anchors.gain_db.copy()
        self._ground = ground_of(plan, self.anchors, self._radio) if learns(settings.locator, calibration) else None
        earth = plan.levels[0].anchor if plan.levels else None
        self._rotation_deg = earth.rotation_deg if earth else 0.0
        self._dwell_s = presence.dwell_times([zone.kind for zone in self.zones.zones], settings)
        self._nesting = nesting_of(self.zones)

    def nobody(self) -> DeviceColumns:
        """Columns for devices on this plan."""
        return DeviceColumns(len(self.anchors), self.zones.layers, self.locate.kinds)

    def tune(self, gains: Gains) -> None:
        """Has the locator take off what was learned of each gateway, beside what calibration knows."""
        self.anchors.gain_db[:] = self._calibrated_db + gains.of(self.anchors)

    def apply(self, lane: Lane, rows: Rows) -> None:
        """Works `rows` off; they are `in_order`, their devices have slots, and none is of a moment that its device has passed."""
        for wave in waves(rows):
            self._wave(lane, wave)

    def settle(self, lane: Lane, slots: Indices, until_ms: Longs) -> None:
        """What falls due for `slots` up to `until_ms`; shapes (n,)."""
        lane.spans.close(lane.devices, slots, until_ms)
        changes, ends = presence.settle(lane.devices, slots, until_ms, self.settings, self._dwell_s, self._patience(lane))
        self.note(lane, changes)
        lane.gathering.end(lane.devices, ends)
        if len(ends.slot):  # not when slots are released: who comes back before that would be known still, or not, by how entries were cut
            lane.devices.begin_anew(ends.slot)

    def next_due_ms(self, lane: Lane, slots: Indices) -> int:
        """When, in event time, something falls due for `slots`, which are one or more."""
        return presence.next_due_ms(lane.devices, slots, self.settings, self._dwell_s, self._patience(lane))

    def note(self, lane: Lane, changes: list[presence.Changes]) -> None:
        """Gathers what happened; exits are uncertain where a gateway that should hear the device was ill."""
        for some in changes:
            uncertain = np.zeros(len(some.slot), np.bool_)
            exits = some.kind == presence.EXIT
            if lane.sickness is not None and lane.sickness.known and exits.any():
                slots, at_ms = some.slot[exits], some.at_ms[exits]
                uncertain[exits] = lane.sickness.doubted(lane.devices, self.anchors, slots, at_ms)
            lane.gathering.change(lane.devices, some, uncertain)

    def _patience(self, lane: Lane) -> presence.Patience | None:
        """Until when the silence of this lane's devices proves nothing; None where all that should hear them are well."""
        if lane.sickness is None or not lane.sickness.known:
            return None
        return lane.sickness.patience(lane.devices, self.anchors)

    def _wave(self, lane: Lane, wave: Wave) -> None:
        """One moment of each of some devices: what fell due before it, what was heard, the fix, its zones, presence."""
        devices = lane.devices
        slots = _slots(devices, wave.track)
        self.settle(lane, slots, wave.at_ms)
        known = moments.known_moments(devices, slots, wave)
        if not known.all():  # steps of a phone that hears nobody: where it is, is unknown
            wave, slots = wave.where(known), slots[known]
        if not len(slots):
            return
        read = wave.rows.anchor != moments.STEP
        hearing.take(devices, slots[wave.moment[read]], wave.rows.anchor[read], wave.rows.end_ms[read], wave.rows.rssi_dbm[read])
        heard = moments.sort_out(devices, slots, wave, self._radio, self._rotation_deg)
        estimates = self.locate(heard, devices)
        if lane.gains is not None and self._ground is not None:
            lane.gains.feel(heard, estimates.places, self._ground)
        fixes = Fixes(wave.at_ms, slots, *estimates.places)
        matches = self.zones.match(fixes, estimates.probability)
        begin = devices["visit_start_ms"][slots] == NEVER_MS
        lane.gathering.begin(devices, slots[begin], wave.at_ms[begin])
        fresh = devices["since_ms"][slots] == NEVER_MS
        devices["since_ms"][slots[fresh]] = wave.at_ms[fresh]
        starts = self.zones.layer_starts
        self.note(lane, presence.apply(devices, slots, wave.at_ms, matches.probability, starts, self.settings, self._nesting))
        lane.gathering.fixes += len(slots)
        if lane.observe is not None:
            lane.observe(self._observed(devices, wave.track, fixes, matches))

    # --- what an observer is shown ------------------------------------------------------------------------------------------------

    def _observed(self, devices: DeviceColumns, track: Tracks, fixes: Fixes, matches: Matches) -> Observed:
        venue, zones = self.plan.venue, tuple(zone.id for zone in self.zones.zones)
        columns = (track, fixes.at_ms, fixes.level, fixes.x_m, fixes.y_m, fixes.radius_m)
        shown, held = self._shown(devices, fixes, matches), devices["held"][fixes.slot].astype(np.int64)
        return Observed(venue.tenant, venue.id, self.zones.levels, zones, *columns, matches.best, matches.best_probability, *shown, held)

    def _shown(self, devices: DeviceColumns, fixes: Fixes, matches: Matches) -> tuple[Indices, Floats, Indices]:
        """What each device holds, in the first layer in which it holds anything; every zone's probability; and the likely zone.

        Layers have small zones first. The likely zone is that of the first layer of the fix's level in which it is more probable than to be
        in none of them: an aisle before its department, but the department where she is in no aisle. Else it is the most probable of all.
        """
        held, likely = (devices[name][fixes.slot].astype(np.int64) for name in ("held", "likely"))
        if not held.shape[1]:
            nowhere = np.full(len(fixes.slot), NONE, np.int64)
            return nowhere, matches.probability, nowhere
        first = (held != NONE).argmax(axis=1)[:, None]
        own = np.where(likely != NONE, np.take_along_axis(matches.probability, np.maximum(likely, 0), axis=1), 0.0)
        none = 1.0 - np.add.reduceat(matches.probability, self.zones.layer_starts, axis=1)
        fits = (likely != NONE) & (own >= none) & (self.zones.layer_levels == fixes.level[:, None])
        shown = np.take_along_axis(likely, fits.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.take_along_axis(held, first, axis=1)[:, 0], matches.probability, np.where(fits.any(axis=1), shown, matches.best)


def _slots(devices: DeviceColumns, tracks: Tracks) -> Indices:
    return np.fromiter((devices.slots[track] for track in tracks.tolist()), np.int64, len(tracks))
