"""The engine of one venue: log entries in, zone changes and visits out, on event time.

Pure: no clock, no database, no bus; the same entries give the same outcome, however they are cut into batches and wherever a snapshot
was taken and restored between them. What is done with the outcome is for `pipeline.py`; what an outcome is, for `outcome.py`.

Sightings wait until the watermark has passed their window. A phone's ranging report is complete in itself and is worked off at once.
"""

from collections.abc import Callable

import numpy as np

from floorplans.model import Plan, Zone
from geofence import hearing, presence
from geofence.admitted import Admitted
from geofence.anchors import GENERIC, Calibration, anchors_of
from geofence.columns import NONE, Columns, Flags, Floats, Indices, Longs, Tracks
from geofence.device_columns import NEVER_MS, PER_LAYER, DeviceColumns
from geofence.locate import locator
from geofence.locator import Fixes, Standing
from geofence.match import Matches, ZoneMap
from geofence.outcome import Gathering, Observed, Observer, Outcome
from geofence.pending import Rows, Wave, joined, no_rows, waves
from geofence.settings import Settings
from geofence.snapshot import EngineState, from_bytes, loaded, stored, to_bytes
from geofence.watermark import Watermark
from groundwork.contracts.ids import Pseudonym


class Engine:
    """One venue, on one plan version at a time. Not for several threads."""

    def __init__(self, plan: Plan, settings: Settings, calibration: Calibration | None = None, observe: Observer | None = None) -> None:
        """Raises ValueError for an unknown locator or a zone without a valid shape."""
        self.settings = settings
        self.observe = observe
        self.watermark = Watermark(plan.venue.policy.allowed_lateness_ms)
        self.decided_ms = 0
        self._calibration = calibration
        self._radio = calibration or GENERIC
        self._maker = locator(settings.locator)
        self._use(plan)
        self.devices = DeviceColumns(len(self.anchors), self.zones.layers, self._locate.kinds)
        self._pending: list[Rows] = []
        self._reports: dict[int, Rows] = {}
        """Reports that were taken in and not yet worked off, by track."""
        self._moved = False
        """Whether sightings or ticks were taken in and not yet worked off."""
        self._unwell = False
        self._gathering = Gathering()

    # --- entries in, outcome out --------------------------------------------------------------------------------------------------

    def feed(self, entries: list[Admitted]) -> Outcome:
        """Works off the entries, in order; returns what followed from them (and from a `replan` before them)."""
        for entry in entries:
            self._absorb(entry)
        self._work_off(self.watermark.at_ms)
        return self._gathered(self.plan, self.zones.zones)

    def due_ms(self) -> int | None:
        """What the clock must show for a tick to change something here; None while nothing waits for time."""
        waits = [int(rows.end_ms.min()) for rows in self._pending]
        slots = self.devices.live()
        if len(slots):
            waits.append(presence.next_due_ms(self.devices, slots, self.settings))
        return min(waits) + self.watermark.lateness_ms if waits else None

    def _gathered(self, plan: Plan, zones: tuple[Zone, ...]) -> Outcome:
        gathering, self._gathering = self._gathering, Gathering()
        return gathering.outcome(plan, zones, self.decided_ms)

    def waiting(self) -> int:
        """Rows that wait for the watermark."""
        return sum(_readings(rows) for rows in self._pending)

    def _absorb(self, entry: Admitted) -> None:
        self.decided_ms = max(self.decided_ms, entry.header.admitted_ms)
        if entry.header.kind == "forget":
            self._forget(entry.header.forget)
            return
        rows = self._on_plan(entry)
        if entry.header.kind == "ranging":
            self._absorb_report(rows)
        else:
            self._absorb_timed(entry, rows)

    def _absorb_timed(self, entry: Admitted, rows: Rows) -> None:
        """Sightings and ticks: they move the watermark, and rows at or below it are late."""
        if self._reports:
            self._work_off(self.watermark.at_ms)
        self._moved = True
        before_ms = self.watermark.at_ms
        self._hold(rows, rows.end_ms > before_ms)
        if entry.header.kind == "tick":
            self.watermark.tick(entry.header.covered_until_ms)
        else:
            self.watermark.cover(entry.header.source, entry.header.covered_until_ms)
        unwell = self.watermark.unwell()
        if unwell != self._unwell:  # what fell due before this entry is judged by how things stood then
            self._work_off(before_ms)
            self._moved, self._unwell = True, unwell

    def _absorb_report(self, rows: Rows) -> None:
        """A phone's own rows are ready at once, unless presence has given the phone up by then. Reports of one phone go one by one."""
        if not len(rows.track):
            return
        track = int(rows.track[0])
        if self._moved or track in self._reports:
            self._work_off(self.watermark.at_ms)
        timely = rows.end_ms + self.settings.silence_ms > self.watermark.at_ms
        self._gathering.refuse("late", _readings(rows.where(~timely)))
        if timely.any():
            self._reports[track] = rows.where(timely)

    def _forget(self, shopper: Pseudonym) -> None:
        """Forgets the shopper: what waits of hers, what is remembered of her devices. Nothing is left to become an exit or a visit's end.

        What came before is worked off first, so that the outcome is the same however the entries were cut into batches.
        """
        self._work_off(self.watermark.at_ms)
        name = shopper.encode()
        slots = self.devices.live()
        self.devices.release(slots[self.devices["shopper"][slots] == name])
        waiting = joined(self._pending)
        hers = waiting.shopper == name
        if hers.any():
            self._gathering.refuse("erased", int(hers.sum()))
            self._pending = [waiting.where(~hers)]

    def _hold(self, rows: Rows, timely: Flags) -> None:
        self._gathering.refuse("late", len(timely) - int(timely.sum()))
        if timely.any():
            self._pending.append(rows.where(timely))

    def _on_plan(self, entry: Admitted) -> Rows:
        """The entry's rows whose anchor is on the plan; the others are refused as `unplaced`."""
        if not len(entry.device) and not len(entry.step_ms):
            return no_rows()
        place = np.array([self._anchor_at.get(subject, NONE) for subject in entry.header.anchors], np.int64)
        shoppers = np.array([shopper.encode() for shopper in entry.header.shoppers], "S32")
        anchor = place[entry.anchor]
        rows = Rows(entry.tracks[entry.device], shoppers[entry.device], entry.end_ms, anchor, entry.rssi_dbm)
        placed = anchor != NONE
        self._gathering.refuse("unplaced", len(placed) - int(placed.sum()))
        rows = rows if placed.all() else rows.where(placed)
        return joined([rows, self._steps(entry, shoppers)]) if len(entry.step_ms) and self._locate.follows_steps else rows

    def _steps(self, entry: Admitted, shoppers: Columns) -> Rows:
        who = Rows(entry.tracks[entry.step_device], shoppers[entry.step_device], entry.step_ms, entry.step_device, entry.heading_deg)
        return hearing.step_rows(who, entry.step_ms, entry.heading_deg, self.plan.venue.policy.window_ms)

    # --- one pass -----------------------------------------------------------------------------------------------------------------

    def _work_off(self, until_ms: int) -> None:
        """Applies what is ready: rows up to `until_ms`, all reports, and then every deadline up to `until_ms`."""
        ready = joined([self._ready(until_ms), *self._reports.values()])
        self._reports, self._moved = {}, False
        if len(ready.track):
            self._apply(ready.in_order())
        slots = self.devices.live()
        if len(slots):
            self._settle(slots, np.full(len(slots), until_ms, np.int64))
            gone = slots[self.devices["visit_start_ms"][slots] == NEVER_MS]
            if len(gone):
                self.devices.release(gone)

    def _ready(self, until_ms: int) -> Rows:
        if not self._pending:
            return no_rows()
        rows = joined(self._pending)
        due = rows.end_ms <= until_ms
        self._pending = [] if due.all() else [rows.where(~due)]
        return rows.where(due)

    def _apply(self, rows: Rows) -> None:
        first = np.concatenate(([True], rows.track[1:] != rows.track[:-1]))
        names = [name.decode() for name in rows.shopper[first].tolist()]
        slot = self.devices.slots_of(rows.track[first], names)[np.cumsum(first) - 1]
        fresh = rows.end_ms > self.devices["last_ms"][slot]
        if not fresh.all():  # the device also reports for itself, and was ahead
            self._gathering.refuse("late", _readings(rows.where(~fresh)))
            rows = rows.where(fresh)
        for wave in waves(rows):
            self._wave(wave)
        self._gathering.rows += _readings(rows)

    def _wave(self, wave: Wave) -> None:
        """One moment of each of some devices: what fell due before it, what was heard, the fix, its zones, presence."""
        devices = self.devices
        slots = self._slots(wave.track)
        self._settle(slots, wave.at_ms)
        known = hearing.known_moments(devices, slots, wave)
        if not known.all():  # steps of a phone that hears nobody: where it is, is unknown
            wave, slots = wave.where(known), slots[known]
        if not len(slots):
            return
        read = wave.rows.anchor != hearing.STEP
        hearing.take(devices, slots[wave.moment[read]], wave.rows.anchor[read], wave.rows.end_ms[read], wave.rows.rssi_dbm[read])
        estimates = self._locate(hearing.sort_out(devices, slots, wave, self._radio, self._rotation_deg), devices)
        fixes = Fixes(wave.at_ms, slots, *estimates.places)
        matches = self.zones.match(fixes, estimates.probability)
        begin = devices["visit_start_ms"][slots] == NEVER_MS
        self._gathering.begin(devices, slots[begin], wave.at_ms[begin])
        changes = presence.apply(devices, slots, wave.at_ms, matches.probability, self.zones.layer_starts, self.settings)
        self._gathering.change(devices, changes, self._unwell)
        self._gathering.fixes += len(slots)
        if self.observe is not None:
            self.observe(self._observed(wave.track, fixes, matches, slots))

    def _slots(self, tracks: Tracks) -> Indices:
        known = self.devices.slots
        return np.fromiter((known[track] for track in tracks.tolist()), np.int64, len(tracks))

    def _settle(self, slots: Indices, until_ms: Longs) -> None:
        changes, ends = presence.settle(self.devices, slots, until_ms, self.settings)
        self._gathering.change(self.devices, changes, self._unwell)
        self._gathering.end(self.devices, ends)

    def _observed(self, track: Tracks, fixes: Fixes, matches: Matches, slots: Indices) -> Observed:
        venue, zones = self.plan.venue, tuple(zone.id for zone in self.zones.zones)
        columns = (track, fixes.at_ms, fixes.level, fixes.x_m, fixes.y_m, fixes.radius_m)
        return Observed(
            venue.tenant,
            venue.id,
            self.zones.levels,
            zones,
            *columns,
            matches.best,
            matches.best_probability,
            *self._shown(slots, fixes, matches),
        )

    def _shown(self, slots: Indices, fixes: Fixes, matches: Matches) -> tuple[Indices, Floats, Indices]:
        """What each device holds, in the first layer in which it holds anything; every zone's probability; and the likely zone.

        Layers have small zones first. The likely zone is that of the first layer of the fix's level in which it is more probable than to be
        in none of them: an aisle before its department, but the department where she is in no aisle. Else it is the most probable of all.
        """
        held, likely = (self.devices[name][slots].astype(np.int64) for name in ("held", "likely"))
        if not held.shape[1]:
            nowhere = np.full(len(slots), NONE, np.int64)
            return nowhere, matches.probability, nowhere
        first = (held != NONE).argmax(axis=1)[:, None]
        own = np.where(likely != NONE, np.take_along_axis(matches.probability, np.maximum(likely, 0), axis=1), 0.0)
        none = 1.0 - np.add.reduceat(matches.probability, self.zones.layer_starts, axis=1)
        fits = (likely != NONE) & (own >= none) & (self.zones.layer_levels == fixes.level[:, None])
        shown = np.take_along_axis(likely, fits.argmax(axis=1)[:, None], axis=1)[:, 0]
        return np.take_along_axis(held, first, axis=1)[:, 0], matches.probability, np.where(fits.any(axis=1), shown, matches.best)

    # --- another plan -------------------------------------------------------------------------------------------------------------

    def _use(self, plan: Plan) -> None:
        self.plan = plan
        self.zones = ZoneMap(plan)
        self.anchors = anchors_of(plan, self._calibration)
        earth = plan.levels[0].anchor if plan.levels else None
        self._rotation_deg = earth.rotation_deg if earth else 0.0
        self._locate = self._maker(Standing(plan, self.zones.zones, self.anchors, self._calibration))
        self._anchor_at = {subject: at for at, subject in enumerate(self.anchors.subjects)}

    def replan(self, plan: Plan) -> Outcome:
        """Goes on with another plan version; returns what happened on the one before.

        What is held in a zone that is still there stays held; what is not is left, dated to the device's last fix.
        """
        self._work_off(self.watermark.at_ms)
        old_plan, old_zones, old_anchors, devices = self.plan, self.zones.zones, self.anchors.subjects, self.devices
        self._use(plan)
        place = {zone.id: at for at, zone in enumerate(self.zones.zones)}
        moved = np.array([*(place.get(zone.id, NONE) for zone in old_zones), NONE], np.int64)
        slots, layers, cells = self._carried(moved)
        outcome = self._gathered(old_plan, old_zones)
        at = {subject: column for column, subject in enumerate(old_anchors)}
        from_old = np.array([at.get(subject, NONE) for subject in self.anchors.subjects], np.int64)
        devices.reshape(from_old, self.zones.layers, self._locate.kinds)
        for name, values in cells.items():
            devices[name][slots, layers] = values
        self._pending = [rows for rows in map(self._repointed(old_anchors), self._pending) if len(rows.track)]
        return outcome

    def _carried(self, moved: Indices) -> tuple[Indices, Indices, dict[str, Columns]]:
        """What is held on the new plan: slots, layers there, and the cells' values. Leaves what has no place there."""
        devices = self.devices
        layer_of = np.searchsorted(self.zones.layer_starts, np.arange(len(self.zones.zones)), side="right") - 1
        slots, old_layers = np.nonzero(devices["held"] != NONE)
        zone = moved[devices["held"][slots, old_layers]]
        layer = np.where(zone != NONE, np.append(layer_of, NONE)[zone], NONE)
        _, first = np.unique(slots * (self.zones.layers + 1) + layer, return_index=True)
        stays = np.zeros(len(slots), np.bool_)
        stays[first] = True  # two zones of one device that now lie side by side: the first stays
        stays &= zone != NONE
        self._gathering.change(devices, [presence.leave(devices, slots[~stays], old_layers[~stays])], self._unwell)
        slots, old_layers, layer, zone = slots[stays], old_layers[stays], layer[stays], zone[stays]
        cells = {name: devices[name][slots, old_layers] for name in PER_LAYER if not name.startswith(("candidate", "likely"))}
        return slots, layer, {**cells, "held": zone}

    def _repointed(self, old_subjects: tuple[str, ...]) -> Callable[[Rows], Rows]:
        """Rows that wait get their anchors' places on the new plan; those that have none are refused as `unplaced`."""
        place = np.array([*(self._anchor_at.get(subject, NONE) for subject in old_subjects), NONE], np.int64)

        def repoint(rows: Rows) -> Rows:
            rows = rows._replace(anchor=place[rows.anchor])
            placed = rows.anchor != NONE
            self._gathering.refuse("unplaced", len(placed) - int(placed.sum()))
            return rows.where(placed)

        return repoint

    # --- snapshot -----------------------------------------------------------------------------------------------------------------

    def state(self) -> bytes:
        """Everything that `restore` needs to go on from here; to be asked for between two feeds."""
        columns = self.devices.columns
        by_track = self.devices.live()[np.argsort(columns["track"][self.devices.live()])]
        pending = joined(self._pending).in_order()
        return to_bytes(
            EngineState(
                plan_version=self.plan.version,
                watermark_ms=self.watermark.at_ms,
                newest_ms=self.watermark.newest_ms,
                covered_ms=self.watermark.covered_ms,
                decided_ms=self.decided_ms,
                columns={name: stored(column[by_track]) for name, column in columns.items()},
                pending={name: stored(column) for name, column in pending._asdict().items()},
            )
        )

    @staticmethod
    def plan_version_of(state: bytes) -> str:
        """Which plan version a state must be restored on."""
        return from_bytes(state).plan_version

    def restore(self, state: bytes) -> None:
        """Becomes what `state` says. The engine must stand on the state's plan version; raises ValueError otherwise."""
        said = from_bytes(state)
        if said.plan_version != self.plan.version:
            raise ValueError(f"the state is of plan version {said.plan_version!r}, the engine stands on {self.plan.version!r}")
        self.watermark.at_ms, self.watermark.newest_ms = said.watermark_ms, said.newest_ms
        self.watermark.covered_ms = dict(said.covered_ms)
        self.decided_ms, self._unwell = said.decided_ms, self.watermark.unwell()
        self.devices = DeviceColumns.holding({name: loaded(column) for name, column in said.columns.items()}, self._locate.kinds)
        rows = Rows(**{name: loaded(column) for name, column in said.pending.items()})
        self._pending = [rows] if len(rows.track) else []


def _readings(rows: Rows) -> int:
    """How many of the rows are readings: felt steps are counted nowhere, since nothing is decided by them alone."""
    return int((rows.anchor != hearing.STEP).sum())
