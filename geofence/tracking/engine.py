"""The engine of one venue: log entries in, zone changes and visits out, on event time.

Pure: no clock, no database, no bus; the same entries give the same outcome, however they are cut into batches and wherever a snapshot
was taken and restored between them. How rows become zone changes is for `following.py`; what an outcome is, for `outcome.py`; what
is done with it, for `geofence/pipeline.py`.

Sightings wait until the watermark has passed their window. A phone's ranging report is complete in itself and is worked off at once.
What comes after the watermark has passed its window is late, and goes its own way (`late.py`).
"""

from collections.abc import Callable

import numpy as np

from floorplans.model import Plan, Zone
from geofence.admitted import Admitted
from geofence.columns import NONE, Columns, Flags, Indices
from geofence.device_columns import NEVER_MS, PER_LAYER, DeviceColumns
from geofence.positioning.fitting import Given, Known, known_of
from geofence.settings import Settings
from geofence.tracking import late, moments
from geofence.tracking.following import Following, Lane
from geofence.tracking.gains import Gains
from geofence.tracking.identities import Beacons
from geofence.tracking.late import LateRows
from geofence.tracking.outcome import Gathering, Observer, Outcome
from geofence.tracking.pending import Rows, joined, no_rows
from geofence.tracking.sickness import Sickness
from geofence.tracking.snapshot import Column, EngineState, from_bytes, loaded_all, stored_all, to_bytes
from geofence.tracking.spans import Spans
from geofence.tracking.watermark import Watermark
from geofence.zones import presence
from geofence.zones.match import ZoneMap
from groundwork.contracts.ids import CalibrationId, PlanVersionId, Pseudonym

MINUTE_MS = 60_000


class Engine:
    """One venue, on one plan version and one calibration at a time. Not for several threads."""

    def __init__(self, plan: Plan, settings: Settings, calibration: Given = None, observe: Observer | None = None) -> None:
        """Raises ValueError for an unknown locator or a zone without a valid shape."""
        self._known = known = known_of(calibration)
        self.settings = settings
        self.watermark = Watermark(plan.venue.policy.allowed_lateness_ms)
        self.sickness = Sickness(settings.silence_ms)
        self.gains, self.beacons = Gains(known.calibration), Beacons()
        self.decided_ms = 0
        self._following = Following(plan, settings, known.calibration)
        self._lane = Lane(self._following.nobody(), Gathering(), Spans(settings.silence_ms), self.sickness, observe, self.gains)
        self._pending: list[Rows] = []
        self._late = LateRows(settings)
        self._reports: dict[int, Rows] = {}
        """Reports that were taken in and not yet worked off, by track."""
        self._moved = False
        """Whether sightings or ticks were taken in and not yet worked off."""

    @property
    def plan(self) -> Plan:
        """The one it stands on."""
        return self._following.plan

    @property
    def stands_on(self) -> tuple[PlanVersionId, CalibrationId]:
        """Its plan version and its calibration."""
        return self.plan.version, self._known.id

    @property
    def zones(self) -> ZoneMap:
        return self._following.zones

    @property
    def devices(self) -> DeviceColumns:
        """All that are followed now."""
        return self._lane.devices

    @property
    def observe(self) -> Observer | None:
        """Who is shown every batch of fixes that are made on time."""
        return self._lane.observe

    @observe.setter
    def observe(self, observe: Observer | None) -> None:
        self._lane.observe = observe

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
            waits.append(self._following.next_due_ms(self._lane, slots))
        if len(self._late):
            waits.append(self._late.due_ms())
        return min(waits) + self.watermark.lateness_ms if waits else None

    def _gathered(self, plan: Plan, zones: tuple[Zone, ...]) -> Outcome:
        gathering, self._lane.gathering = self._lane.gathering, Gathering()
        return gathering.outcome(plan, zones, self.decided_ms)

    def waiting(self) -> int:
        """Rows that wait for the watermark, or for others that are late as they are."""
        return sum(_readings(rows) for rows in self._pending) + len(self._late)

    def _absorb(self, entry: Admitted) -> None:
        self.decided_ms = max(self.decided_ms, entry.header.admitted_ms)
        if entry.header.kind == "forget":
            self._forget(entry.header.forget)
            return
        rows = self._on_plan(entry)
        if entry.header.kind == "ranging":
            self._absorb_report(self._believed(rows))
        else:
            self._absorb_timed(entry, rows)

    def _absorb_timed(self, entry: Admitted, rows: Rows) -> None:
        """Sightings and ticks: they move the watermark, and rows at or below it are late."""
        if self._reports:
            self._work_off(self.watermark.at_ms)
        before_ms = self.watermark.at_ms
        self._hold(rows, rows.end_ms > before_ms)
        self._moved = True
        if entry.header.kind == "tick":
            self.watermark.tick(entry.header.covered_until_ms)
        else:
            self._cover(entry)
        ills = self.sickness.judge(self.watermark.at_ms, self.watermark.covered_ms, self.watermark.newest_ms)
        if ills != self.sickness.memory.ills:  # what fell due before this entry is judged by how things stood then
            self._work_off(before_ms)
            self._moved = True
            self.sickness.become(ills)
        self._keep_house(before_ms)

    def _cover(self, entry: Admitted) -> None:
        box, until_ms = entry.header.source, entry.header.covered_until_ms
        rows = np.bincount(entry.anchor, minlength=len(entry.header.anchors)).tolist()
        newest_ms = int(entry.end_ms.max()) if len(entry.anchor) else NEVER_MS
        heard = {radio: count for radio, count in zip(entry.header.anchors, rows, strict=True) if count}
        self.sickness.hear(box, until_ms, self.watermark.covered_ms.get(box, NEVER_MS), heard, newest_ms)
        self.watermark.cover(box, until_ms)
        self.gains.hear(entry.header.references)

    def _keep_house(self, before_ms: int) -> None:
        """Works off what came late, and once a minute drops what nothing late can need any more. Where that happens, the log alone says."""
        at_ms = self.watermark.at_ms
        ripe, minute = self._late.ripe(at_ms), at_ms // MINUTE_MS != before_ms // MINUTE_MS
        if not ripe and not minute:
            return
        self._work_off(at_ms)
        if ripe:
            late.work_off(self._following, self._late.take_all(), self._lane)
        if minute:
            self._lane.spans.trim(at_ms - self._late.reach_ms)
            self.gains.learn(self.plan, at_ms)
            self._following.tune(self.gains)

    def _believed(self, rows: Rows) -> Rows:
        """A phone's rows without those of beacons whose identity is in doubt."""
        if not len(rows.track):
            return rows
        anchors = self._following.anchors
        self.beacons.hear(rows.where(rows.anchor != moments.STEP), anchors)
        doubted = self.beacons.leave_out(rows, anchors, int(rows.end_ms.max()))
        self._lane.gathering.refuse("doubted_beacon", int(doubted.sum()))
        return rows.where(~doubted)

    def _absorb_report(self, rows: Rows) -> None:
        """A phone's own rows are ready at once, unless presence has given the phone up by then. Reports of one phone go one by one."""
        if not len(rows.track):
            return
        track = int(rows.track[0])
        if self._moved or track in self._reports:
            self._work_off(self.watermark.at_ms)
        timely = rows.end_ms + self.settings.silence_ms > self.watermark.at_ms
        if not timely.all():
            self._put_late(rows.where(~timely))
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
        self._lane.spans.forget(name)
        self._pending = self._without(name, self._pending)
        self._late.rows = self._without(name, self._late.rows)

    def _without(self, shopper: bytes, parts: list[Rows]) -> list[Rows]:
        """What waits, but for hers."""
        waiting = joined(parts)
        hers = waiting.shopper == shopper
        if not hers.any():
            return parts
        self._lane.gathering.refuse("erased", int(hers.sum()))
        return [] if hers.all() else [waiting.where(~hers)]

    def _hold(self, rows: Rows, timely: Flags) -> None:
        if not timely.all():
            self._put_late(rows.where(~timely))
        if timely.any():
            self._pending.append(rows.where(timely))

    def _put_late(self, rows: Rows) -> None:
        self._work_off(self.watermark.at_ms)
        missed = late.missed(rows.in_order(), self._lane)
        self._late.take(missed, self.watermark.at_ms, self._lane)

    def _on_plan(self, entry: Admitted) -> Rows:
        """The entry's rows whose anchor is on the plan; the others are refused as `unplaced`."""
        if not len(entry.device) and not len(entry.step_ms):
            return no_rows()
        place = np.array([self._following.anchor_at.get(subject, NONE) for subject in entry.header.anchors], np.int64)
        shoppers = np.array([shopper.encode() for shopper in entry.header.shoppers], "S32")
        anchor = place[entry.anchor]
        rows = Rows(entry.tracks[entry.device], shoppers[entry.device], entry.end_ms, anchor, entry.rssi_dbm)
        placed = anchor != NONE
        self._lane.gathering.refuse("unplaced", len(placed) - int(placed.sum()))
        rows = rows if placed.all() else rows.where(placed)
        return joined([rows, self._steps(entry, shoppers)]) if len(entry.step_ms) and self._following.locate.follows_steps else rows

    def _steps(self, entry: Admitted, shoppers: Columns) -> Rows:
        who = Rows(entry.tracks[entry.step_device], shoppers[entry.step_device], entry.step_ms, entry.step_device, entry.heading_deg)
        return moments.step_rows(who, entry.step_ms, entry.heading_deg, self.plan.venue.policy.window_ms)

    # --- one pass -----------------------------------------------------------------------------------------------------------------

    def _work_off(self, until_ms: int) -> None:
        """Applies what is ready: rows up to `until_ms`, all reports, and then every deadline up to `until_ms`."""
        ready = joined([self._ready(until_ms), *self._reports.values()])
        self._reports, self._moved = {}, False
        if len(ready.track):
            self._apply(ready.in_order())
        slots = self.devices.live()
        if len(slots):
            self._following.settle(self._lane, slots, np.full(len(slots), until_ms, np.int64))
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
            self._lane.gathering.refuse("late", _readings(rows.where(~fresh)))
            rows = rows.where(fresh)
        self._following.apply(self._lane, rows)
        self._lane.gathering.rows += _readings(rows)

    # --- another plan, another calibration ----------------------------------------------------------------------------------------

    def replan(self, plan: Plan, known: Known | None = None) -> Outcome:
        """Goes on with another plan version, another calibration, or both; returns what happened before.

        What is held in a zone that is still there stays held; what is not is left, dated to the device's last fix. A calibration ends and
        begins nothing: where the plan stays, a locator begins with what it believed of everybody's place, since the floor is the same; what
        was learned of handsets and gateways was learned against other expectations, and is learned anew.
        """
        self._work_off(self.watermark.at_ms)
        retuned = known is not None and known.id != self._known.id
        self._known = known or self._known
        old, self._following = self._following, Following(plan, self.settings, self._known.calibration)
        outcome = self._gathered(old.plan, old.zones.zones) if plan.version == old.plan.version else self._moved_over(old)
        if retuned:
            self.devices.adopt(self._following.locate.kinds)  # levels are weighed by themselves only where there are prints
            self.devices.forget_radios()
            self.gains = self._lane.gains = self.gains.anew(self._known.calibration, plan, self.watermark.at_ms)
        self._following.tune(self.gains)
        return outcome

    def _moved_over(self, old: Following) -> Outcome:
        """Takes all that is remembered from the old plan to the new one; returns what happened on the old."""
        place = {zone.id: at for at, zone in enumerate(self.zones.zones)}
        moved = np.array([*(place.get(zone.id, NONE) for zone in old.zones.zones), NONE], np.int64)
        slots, layers, cells = self._carried(moved)
        outcome = self._gathered(old.plan, old.zones.zones)
        at = {subject: column for column, subject in enumerate(old.anchors.subjects)}
        from_old = np.array([at.get(subject, NONE) for subject in self._following.anchors.subjects], np.int64)
        self.devices.reshape(from_old, self.zones.layers, self._following.locate.kinds)
        for name, values in cells.items():
            self.devices[name][slots, layers] = values
        repointed = self._repointed(old.anchors.subjects)
        waiting = (self._pending, self._late.rows)
        self._pending, self._late.rows = ([rows for rows in map(repointed, parts) if len(rows.track)] for parts in waiting)
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
        self._following.note(self._lane, [presence.leave(devices, slots[~stays], old_layers[~stays])])
        slots, old_layers, layer, zone = slots[stays], old_layers[stays], layer[stays], zone[stays]
        cells = {name: devices[name][slots, old_layers] for name in PER_LAYER if not name.startswith(("candidate", "likely"))}
        return slots, layer, {**cells, "held": zone}

    def _repointed(self, old_subjects: tuple[str, ...]) -> Callable[[Rows], Rows]:
        """Rows that wait get their anchors' places on the new plan; those that have none are refused as `unplaced`."""
        place = np.array([*(self._following.anchor_at.get(subject, NONE) for subject in old_subjects), NONE], np.int64)

        def repoint(rows: Rows) -> Rows:
            rows = rows._replace(anchor=place[rows.anchor])
            placed = rows.anchor != NONE
            self._lane.gathering.refuse("unplaced", len(placed) - int(placed.sum()))
            return rows.where(placed)

        return repoint

    # --- snapshot -----------------------------------------------------------------------------------------------------------------

    def state(self) -> bytes:
        """Everything that `restore` needs to go on from here; to be asked for between two feeds."""
        columns = self.devices.columns
        by_track = self.devices.live()[np.argsort(columns["track"][self.devices.live()])]
        return to_bytes(
            EngineState(
                plan_version=self.plan.version,
                calibration=self._known.id,
                watermark_ms=self.watermark.at_ms,
                newest_ms=self.watermark.newest_ms,
                covered_ms=self.watermark.covered_ms,
                decided_ms=self.decided_ms,
                columns=stored_all({name: column[by_track] for name, column in columns.items()}),
                pending=stored_all(joined(self._pending).in_order()._asdict()),
                late=stored_all(joined(self._late.rows).in_order()._asdict()),
                late_first_ms=self._late.first_ms,
                late_newest_ms=self._late.newest_ms,
                spans=stored_all(self._lane.spans.columns()),
                spans_floor_ms=self._lane.spans.floor_ms,
                gateways=self.sickness.memory,
                gains=self.gains.memory,
                beacons=self.beacons.memory,
            )
        )

    @staticmethod
    def stood_on(state: bytes) -> tuple[PlanVersionId, CalibrationId]:
        """The plan version and the calibration that a state must be restored on."""
        said = from_bytes(state)
        return PlanVersionId(said.plan_version), CalibrationId(said.calibration)

    def restore(self, state: bytes) -> None:
        """Becomes what `state` says. The engine must stand on the state's plan version and calibration; raises ValueError otherwise."""
        said = from_bytes(state)
        if (said.plan_version, said.calibration) != self.stands_on:
            raise ValueError(f"the state is of {said.plan_version!r} and {said.calibration!r}, the engine stands on {self.stands_on}")
        self.watermark.at_ms, self.watermark.newest_ms = said.watermark_ms, said.newest_ms
        self.watermark.covered_ms = dict(said.covered_ms)
        self.decided_ms = said.decided_ms
        self.sickness = Sickness(self.settings.silence_ms, said.gateways)
        self.gains, self.beacons = Gains(self._known.calibration, said.gains), Beacons(said.beacons)
        self._following.tune(self.gains)
        devices = DeviceColumns.holding(loaded_all(said.columns), self._following.locate.kinds)
        spans = Spans(self.settings.silence_ms, said.spans_floor_ms)
        spans.load(loaded_all(said.spans))
        self._lane = Lane(devices, Gathering(), spans, self.sickness, self._lane.observe, self.gains)
        self._late = LateRows(self.settings, said.late_first_ms, said.late_newest_ms, _parts(said.late))
        self._pending = _parts(said.pending)


def _parts(columns: dict[str, Column]) -> list[Rows]:
    rows = Rows(**loaded_all(columns)) if columns else no_rows()
    return [rows] if len(rows.track) else []


def _readings(rows: Rows) -> int:
    """How many of the rows are readings: felt steps are counted nowhere, since nothing is decided by them alone."""
    return int((rows.anchor != moments.STEP).sum())
