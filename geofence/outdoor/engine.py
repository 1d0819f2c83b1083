"""The outdoor engine: entries of the log of GPS reports in, zone events, visits and arrivals out, on event time.

Pure: no clock, no database, no bus; the same entries give the same outcome, however they are cut into batches and wherever a snapshot was
taken and restored between them. A shopper's phones are followed one by one; her visit is one, whichever of them was there first, and
the one she is on already where a gateway heard her before.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Floats, Indices
from geofence.outdoor import presence_kernel as kernel
from geofence.outdoor.fences import OUTLINE
from geofence.outdoor.memory import Device, Going, Shopper, ShopperKey, apart_m, loaded, stored
from geofence.outdoor.reported import FenceRef, Reported, ReportedHeader
from geofence.outdoor.settings import SECOND_MS, Settings
from groundwork.contracts.ids import LevelId, Pseudonym, TenantId, Track, VenueId, VisitId, ZoneEventId, ZoneId
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent, ZoneEventKind

KINDS: Final[tuple[ZoneEventKind, ...]] = ("exit", "enter", "dwell")
"""By the kernel's number."""
APPROACHING, ARRIVED, LEFT = "approaching", "arrived", "left"
NOWHERE: Final = LevelId("")
"""Level of what happens outside."""
_ROOM: Final = 64
_TOLD_MS: Final = 30_000
"""By how much an expected time must differ from what was told to be told again."""


class Arrival(NamedTuple):
    """How a visit stands as seen from outside, since `at_ms`."""

    tenant: TenantId
    venue: VenueId
    visit: VisitId
    shopper: Pseudonym
    track: Track
    state: str
    at_ms: int
    arrives_ms: int | None = None


@dataclass(slots=True)
class Outcome:
    """What some entries led to."""

    events: list[ZoneEvent] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    """Visits that began or ended here."""
    arrivals: list[Arrival] = field(default_factory=list)
    used: int = 0
    """Reports that were put to use."""
    refused: Counter[str] = field(default_factory=Counter)


class OutdoorEngine:
    """The shoppers of one shard. Not for several threads."""

    def __init__(self, settings: Settings, named: Callable[..., str]) -> None:
        """`named` makes an id of what it is given, the same in every process (`plumbing.ids.stable_id`)."""
        self.settings = settings
        self._named = named
        self.shoppers: dict[ShopperKey, Shopper] = {}
        second = float(SECOND_MS)
        self._rules = kernel.Rules(
            float(settings.enter_delay_ms),
            float(settings.exit_delay_ms),
            settings.exit_margin_m,
            float(settings.silence_ms),
            settings.smoothing_ms / second,
            settings.least_speed_m_s,
            settings.most_speed_m_s,
        )
        self._dwells = np.array(settings.dwell_s, np.float64)

    def feed(self, entry: Reported) -> Outcome:
        """Works off one entry."""
        header, outcome = entry.header, Outcome()
        key = (header.tenant, header.shopper)
        if header.kind == "forget":
            self.shoppers.pop(key, None)
        elif header.kind == "reports":
            self._report(self.shoppers.setdefault(key, Shopper()), entry, outcome)
        elif key in self.shoppers:
            self._pass(self.shoppers[key], header, outcome)
        if key in self.shoppers and not (self.shoppers[key].visits or any(one.refs for one in self.shoppers[key].devices.values())):
            del self.shoppers[key]
        return outcome

    def due_ms(self, key: ShopperKey) -> int | None:
        """What the clock must show for a tick to change something of hers; None while nothing waits for time."""
        found = [due for one in self.shoppers.get(key, Shopper()).devices.values() if (due := self._due_ms(one)) is not None]
        return int(min(found)) + self.settings.wait_ms if found else None

    def state(self) -> bytes:
        """Everything that `restore` needs to go on from here."""
        return stored(self.shoppers)

    def restore(self, state: bytes) -> None:
        """Becomes what `state` says; raises ValueError on what is none."""
        self.shoppers = loaded(state)

    # --- one phone ----------------------------------------------------------------------------------------------------------------

    def _report(self, hers: Shopper, entry: Reported, outcome: Outcome) -> None:
        device = hers.devices.setdefault(entry.header.track, Device())
        places = np.array(device.know(entry.header.fences), np.int64)
        signed_m = np.full((len(entry.at_ms), len(device.refs)), np.nan)
        signed_m[entry.report, places[entry.fence]] = entry.signed_m
        order = np.argsort(entry.at_ms, kind="stable")
        at_ms, accuracy_m = entry.at_ms[order].astype(np.float64), entry.accuracy_m[order].astype(np.float32)
        numbers = np.array([device.last_ms, device.jumps, -1.0, device.near_ms])
        outline_of, venue_of, venues = _told_apart(device.refs)
        if device.near is not None:
            numbers[kernel.DEVICE_NEAR] = next((at for at, ref in enumerate(venues) if ref.venue == device.near.venue), len(venues))
            venues = [*venues, device.near]
        apart = np.array([[apart_m(a, b) for b in venues] for a in venues], np.float64).reshape(len(venues), len(venues))
        counts, reached, begin = np.zeros(3, np.int64), np.zeros(1, np.int64), 0
        while begin < len(at_ms):
            changes = np.empty((_ROOM + len(device.refs) * (2 + len(self._dwells)), kernel.OUT_COLUMNS))
            found = kernel.advance(
                self._rules, numbers, device.cells, self._dwells, outline_of, venue_of, apart,
                at_ms, accuracy_m, signed_m[order], begin, changes, counts, reached,
            )  # fmt: skip
            self._changed(hers, device, entry.header, changes[:found], outcome)
            begin = int(reached[0])
        device.last_ms, device.jumps, device.near_ms = (float(numbers[at]) for at in (0, 1, 3))
        near = int(numbers[kernel.DEVICE_NEAR])
        device.near = venues[near] if near >= 0 else None
        self._estimate(hers, device, entry.header, outcome)
        device.drop_far()
        outcome.used += int(counts[kernel.USED])
        outcome.refused.update({code: int(counts[at]) for at, code in ((kernel.LATE, "late"), (kernel.JUMPED, "jump")) if counts[at]})

    def _pass(self, hers: Shopper, header: ReportedHeader, outcome: Outcome) -> None:
        """Time has passed: what falls due comes, but for what a report under way might still prevent."""
        for track, device in sorted(hers.devices.items()):
            numbers = np.array([device.last_ms, device.jumps, -1.0, device.near_ms])
            changes = np.empty((len(device.refs) * (2 + len(self._dwells)), kernel.OUT_COLUMNS))
            until_ms = float(header.admitted_ms - self.settings.wait_ms)
            found = kernel.settle(self._rules, numbers, device.cells, self._dwells, until_ms, changes, 0)
            device.last_ms = float(numbers[kernel.DEVICE_LAST_MS])
            self._changed(hers, device, _of(header, track), changes[:found], outcome)
            device.drop_far()

    def _due_ms(self, device: Device) -> float | None:
        if not len(device.cells):
            return None
        held = device.cells[device.cells[:, kernel.HELD] == 1.0]
        silent_ms = device.last_ms + self.settings.silence_ms
        dwells = held[held[:, kernel.DWELLS] < len(self._dwells)]
        if not len(dwells):
            return silent_ms
        due = dwells[:, kernel.STAY_MS] + SECOND_MS * self._dwells[dwells[:, kernel.DWELLS].astype(np.int64)]
        return min(silent_ms, float(np.maximum(due, dwells[:, kernel.ENTERED_MS]).min()))

    # --- what follows -------------------------------------------------------------------------------------------------------------

    def _changed(self, hers: Shopper, device: Device, header: ReportedHeader, changes: Floats, outcome: Outcome) -> None:
        for kind, cell, *row in changes[np.lexsort((changes[:, 1], changes[:, 0], changes[:, 2]))].tolist():
            ref = device.refs[int(cell)]
            going = hers.visits.get(ref.venue) or self._begin(hers, ref, header, int(row[1]), outcome)
            event = self._event(ref, going, header, KINDS[int(kind)], row)
            outcome.events.append(event)
            if event.kind == "enter":
                self._entered(going, ref, header, event, outcome)
            elif event.kind == "exit":
                going.held.discard((header.track, ref.zone))
                if not going.held:
                    self._end(hers, ref.venue, header, event.at_ms, outcome)

    def _entered(self, going: Going, ref: FenceRef, header: ReportedHeader, event: ZoneEvent, outcome: Outcome) -> None:
        going.held.add((header.track, ref.zone))
        if ref.kind == OUTLINE:
            going.arrived = True
        elif going.arrived:
            return
        going.arrives_ms = -1 if event.arrives_ms is None else event.arrives_ms
        state = ARRIVED if going.arrived else APPROACHING
        outcome.arrivals.append(_arrival(header, ref.venue, going, state, event.at_ms, event.arrives_ms))

    def _begin(self, hers: Shopper, ref: FenceRef, header: ReportedHeader, start_ms: int, outcome: Outcome) -> Going:
        """The visit she is on where a gateway heard her first, else one of her own."""
        on = next((visit for visit in header.visits if visit.venue == ref.venue), None)
        if on is not None:
            going = Going(on.visit, on.start_ms, header.track, own=False)
        else:
            made = VisitId(self._named(header.tenant, header.track, ref.venue, start_ms))
            going = Going(made, start_ms, header.track, own=True)
            outcome.visits.append(_visit(header, ref.venue, going, None))
        hers.visits[ref.venue] = going
        return going

    def _end(self, hers: Shopper, venue: VenueId, header: ReportedHeader, end_ms: int, outcome: Outcome) -> None:
        going = hers.visits.pop(venue)
        outcome.arrivals.append(_arrival(header, venue, going, LEFT, end_ms))
        if going.own:
            outcome.visits.append(_visit(header, venue, going, end_ms))

    def _event(self, ref: FenceRef, going: Going, header: ReportedHeader, kind: ZoneEventKind, row: list[float]) -> ZoneEvent:
        at_ms, stay_start_ms, dwell_s, arrives_ms = (round(value) for value in row[:4])
        place = f"{ref.venue}/{ref.zone}"  # one report may enter the rings of two venues at the same moment
        return ZoneEvent(
            id=ZoneEventId(self._named(header.tenant, header.track, place, kind, dwell_s, stay_start_ms)),
            tenant=header.tenant,
            venue=ref.venue,
            level=NOWHERE,
            zone=ZoneId(ref.zone),
            zone_kind=ref.kind,
            kind=kind,
            dwell_s=dwell_s,
            shopper=header.shopper,
            track=header.track,
            visit=going.visit,
            at_ms=at_ms,
            stay_start_ms=stay_start_ms,
            decided_ms=header.admitted_ms,
            probability=row[5],
            plan_version=ref.plan_version,
            late=header.admitted_ms - at_ms > self.settings.late_ms + self.settings.wait_ms,
            uncertain=bool(row[4]),
            arrives_ms=arrives_ms if arrives_ms >= 0 else None,
        )

    def _estimate(self, hers: Shopper, device: Device, header: ReportedHeader, outcome: Outcome) -> None:
        """Tells anew when she is expected, where that has changed since it was told."""
        for at, ref in enumerate(device.refs):
            going = hers.visits.get(ref.venue)
            if ref.kind != OUTLINE or going is None or going.arrived or going.track != header.track:
                continue
            expected = round(kernel.arrives_ms(device.cells[at], device.last_ms, self.settings.least_speed_m_s))
            same = abs(expected - going.arrives_ms) < _TOLD_MS  # -1, nothing told, is half a century from any time
            if not same and device.cells[at, kernel.WEIGHT] > 0.0:
                going.arrives_ms = expected
                told = expected if expected >= 0 else None
                outcome.arrivals.append(_arrival(header, ref.venue, going, APPROACHING, round(device.last_ms), told))


def _told_apart(refs: list[FenceRef]) -> tuple[Indices, Indices, list[FenceRef]]:
    """For each fence its venue's outline and its venue, and a fence of each venue."""
    venues: list[FenceRef] = []
    place: dict[VenueId, int] = {}
    for ref in refs:
        if ref.venue not in place:
            place[ref.venue] = len(venues)
            venues.append(ref)
    outlines = {ref.venue: at for at, ref in enumerate(refs) if ref.kind == OUTLINE}
    outline_of = np.array([outlines.get(ref.venue, at) for at, ref in enumerate(refs)], np.int64)
    return outline_of, np.array([place[ref.venue] for ref in refs], np.int64), venues


def _of(header: ReportedHeader, track: Track) -> ReportedHeader:
    return ReportedHeader(kind=header.kind, tenant=header.tenant, shopper=header.shopper, track=track, admitted_ms=header.admitted_ms)


def _visit(header: ReportedHeader, venue: VenueId, going: Going, end_ms: int | None) -> Visit:
    return Visit(
        id=going.visit, tenant=header.tenant, venue=venue, shopper=header.shopper, track=going.track, start_ms=going.start_ms, end_ms=end_ms
    )


def _arrival(header: ReportedHeader, venue: VenueId, going: Going, state: str, at_ms: int, arrives_ms: int | None = None) -> Arrival:
    return Arrival(header.tenant, venue, going.visit, header.shopper, going.track, state, at_ms, arrives_ms)
