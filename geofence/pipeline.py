"""The geofence, stage by stage. The first file to read.

    POST /v1/sightings, /v1/ranging
      -> admit      strangers, impossible values and unplaced radios end here                 intake/admit.py, intake/accept.py
      -> log        one entry a batch, keyed by venue; durable before the answer              admitted.py
      -> watermark  waits until every gateway has told its part, or is given up               tracking/watermark.py, tracking/pending.py
      -> hear       RSSI per device and anchor, smoothed                                      positioning/hearing.py, device_columns.py
      -> locate     a fix: level, point, 68 % radius                                          positioning/locator.py, locate/
      -> match      how probable each zone is                                                 zones/match.py, zones/zone_share.py
      -> presence   enter, dwell, exit; visits                                                zones/presence.py
         (what came too late for that goes the same way by itself, and is flagged)            tracking/late.py
      -> here       zone events and visits become rows, and zone events go to the log that the notifier reads

From the log on, one shard has one owner, and each venue in it an `Engine` (tracking/engine.py). Position, rows and zone events commit
together; the engines' snapshot carries the position it covers. Time in silence comes from `intake/ticker.py`, as entries of the same log.
"""

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import msgspec

from floorplans.model import Plan
from geofence import queries
from geofence.admitted import Admitted, decode
from geofence.barred import barred
from geofence.calibrating.known import CalibrationMissing, tell_taken_up
from geofence.device_columns import NEVER_MS
from geofence.places import Places, PlanMissing, VenueKey
from geofence.positioning.anchors import Calibration
from geofence.positioning.fitting import Known
from geofence.queries import arrivals
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.identities import Why
from geofence.tracking.outcome import Observed, Observer, Outcome
from geofence.tracking.visit_links import Heard, VisitLinks
from geofence.zones.presence import KINDS
from groundwork.contracts.ids import CalibrationId, Pseudonym, TenantId, Track, VenueId, VisitId, ZoneEventId
from groundwork.contracts.subjects import ZONE_EVENTS
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.plumbing.bus import Entry, LogEntry
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.shards import Prepared

_encode = msgspec.json.Encoder().encode
_pack = msgspec.msgpack.Encoder(order="sorted").encode
unpack = msgspec.msgpack.Decoder(dict[str, dict[str, bytes]]).decode
"""A pipeline's state: by tenant and venue the state of the engine."""
_LINKS: Final = ""
"""In a snapshot, where a tenant's id stands for engines: what is linked to visits that began outside, by tenant and venue."""
_BETWEEN: Final = "\0"


class Due(NamedTuple):
    """When a venue needs to hear of time: `at_ms` is what the clock must show, `last_ms` when it last had an entry."""

    at_ms: int
    last_ms: int


class Told(NamedTuple):
    """What an engine has found out about its venue's radios."""

    doubted: Mapping[str, Why]
    """By beacon key."""
    gains_db: Mapping[str, float]
    """By gateway."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """What the pipelines of one process share."""

    places: Places
    settings: Settings
    hops: Hops
    clock: Clock
    calibration: Calibration | None = None
    observe: Observer | None = None
    held: dict[int, int] = field(default_factory=dict)
    """Rows counted as held in the hop `locate`, by shard."""
    told: dict[VenueKey, Told] = field(default_factory=dict)
    """By venue, as of its last entry."""


@dataclass(frozen=True, slots=True)
class _Forget:
    """A shopper whom a venue's engine was told to forget, by which erasure; by none where she has withdrawn."""

    tenant: TenantId
    venue: VenueId
    erasure: str
    shopper: Pseudonym
    at_ms: int


@dataclass(slots=True)
class _Batch:
    """What one `prepare` took in and made, to be counted once it is durable."""

    rows: int = 0
    used: int = 0
    fixes: int = 0
    held_before: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    events: list[ZoneEvent] = field(default_factory=list)
    visits: list[Visit] = field(default_factory=list)
    venues: list[VenueKey] = field(default_factory=list)
    forgets: list[_Forget] = field(default_factory=list)
    parted: list[Visit] = field(default_factory=list)
    """Ends of devices whose shopper's visit goes on."""
    heard: list[Heard] = field(default_factory=list)
    observed: list[Observed] = field(default_factory=list)

    def take(self, outcome: Outcome, links: VisitLinks) -> None:
        self.used += outcome.rows
        self.fixes += outcome.fixes
        self.refused.update(outcome.refused)
        joined = links.joined(zone_events(outcome), visits(outcome))
        self.events += joined.events
        self.visits += joined.visits
        self.parted += joined.parted
        self.heard += joined.heard

    def forget(self, told: _Forget) -> None:
        """Leaves out what this very batch has made of her in the venue; what comes after a withdrawal is of one who agreed again."""
        self.forgets.append(told)
        gone = (told.tenant, told.venue, told.shopper)
        self.events = [event for event in self.events if (event.tenant, event.venue, event.shopper) != gone]
        self.visits = [visit for visit in self.visits if (visit.tenant, visit.venue, visit.shopper) != gone]

    def erase(self) -> None:
        """Leaves out whatever was made of shoppers whose erasure is in this very batch."""
        gone = {(told.tenant, told.shopper) for told in self.forgets if told.erasure}
        if gone:
            self.events = [event for event in self.events if (event.tenant, event.shopper) not in gone]
            self.visits = [visit for visit in self.visits if (visit.tenant, visit.shopper) not in gone]


class Pipeline:
    """The handler of one shard of the log of sightings (`plumbing.shards.Handler`): an engine for each venue in it."""

    def __init__(self, shard: int, workshop: Workshop) -> None:
        self.due: dict[VenueKey, Due] = {}
        """For the ticker: venues where something falls due by time alone."""
        self._shard = shard
        self._workshop = workshop
        self._replaying = False
        self._engines: dict[VenueKey, Engine] = {}
        self._stored: dict[VenueKey, bytes] = {}
        """Engines of a snapshot that do not stand yet, because their plans or calibrations were not in memory."""
        self._links: dict[VenueKey, VisitLinks] = {}
        self._batch = _Batch()

    # --- the shard's handler ------------------------------------------------------------------------------------------------------

    def restore(self, state: bytes | None) -> None:
        self.due, self._engines = {}, {}
        tenants = unpack(state) if state else {}
        linked = [(key.split(_BETWEEN, 1), raw) for key, raw in tenants.pop(_LINKS, {}).items()]
        self._links = {(TenantId(tenant), VenueId(venue)): VisitLinks(raw) for (tenant, venue), raw in linked}
        stored = {(TenantId(tenant), VenueId(venue)): raw for tenant, venues in tenants.items() for venue, raw in venues.items()}
        self._stored = stored

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[None]:
        """Feeds venues their entries. Raises AdmittedError on bytes that are none, a Trouble while something is not in memory."""
        for venue in list(self._stored):
            self._stand(venue)
        self._replaying = replaying
        batch = self._batch = _Batch(held_before=self._waiting())
        by_venue: dict[VenueKey, list[Admitted]] = {}
        for entry in entries:
            admitted = decode(entry.payload)
            batch.rows += admitted.header.rows
            by_venue.setdefault((admitted.header.tenant, admitted.header.venue), []).append(admitted)
        for venue, of_venue in by_venue.items():
            self._feed(venue, of_venue, batch)
        if replaying:  # nobody will call `committed`, and yet time must go on from here in venues that stay silent
            for venue in batch.venues:
                self._note_due(venue, NEVER_MS)
        batch.erase()
        events, forgets = sorted(batch.events, key=_at_ms), tuple(batch.forgets)

        def effects(conn: Connection) -> None:
            for heard in batch.heard:  # first: a visit that goes on may end in this very batch
                arrivals.set_heard(conn, heard.tenant, heard.visit, heard.at_ms)
            for told in forgets:
                _forgotten(conn, told)
            _write(conn, events, batch.visits, batch.parted)  # last: of who withdrew, what is left of hers came after that

        return Prepared(effects, [Entry(ZONE_EVENTS, event.shopper, _encode(event)) for event in events], snapshot=bool(forgets))

    def state(self) -> bytes:
        tenants: dict[str, dict[str, bytes]] = {}
        for (tenant, venue), raw in (*self._stored.items(), *((key, engine.state()) for key, engine in self._engines.items())):
            tenants.setdefault(tenant, {})[venue] = raw
        if linked := {_BETWEEN.join(key): links.state() for key, links in self._links.items() if links}:
            tenants[_LINKS] = linked
        return _pack(tenants)

    def committed(self, result: None) -> None:  # noqa: ARG002 # the shard's protocol hands the effects' answer over; ours have none
        """Counts, shows the fixes, and notes when each venue needs to hear of time again."""
        self._count(self._batch)
        if self._workshop.observe is not None:
            for observed in self._batch.observed:
                self._workshop.observe(observed)
        for venue in self._batch.venues:
            self._note_due(venue, self._workshop.clock.now_ms())
            engine = self._engines[venue]
            doubted, gains_db = engine.beacons.doubted(engine.watermark.at_ms), engine.gains.memory.gains_db
            self._workshop.told[venue] = Told(doubted, dict(gains_db))

    # --- engines ------------------------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Stands up the engines of a snapshot whose plans are in memory by now, so that time goes on in venues that are silent."""
        for venue in list(self._stored):
            with contextlib.suppress(PlanMissing, CalibrationMissing):  # asked for by this, and here the next time
                self._stand(venue)

    def _stand(self, venue: VenueKey) -> None:
        state = self._stored[venue]
        version, calibration = Engine.stood_on(state)
        plan = self._workshop.places.version(venue[0], version)
        engine = self._new(plan, self._calibrated(plan, calibration))
        engine.restore(state)
        self._engines[venue] = engine
        del self._stored[venue]
        self._note_due(venue, NEVER_MS)

    def _new(self, plan: Plan, known: Known) -> Engine:
        return Engine(plan, self._workshop.settings, known, self._observed if self._workshop.observe else None)

    def _calibrated(self, plan: Plan, calibration: CalibrationId) -> Known:
        """The venue's calibration of that id; where it had none in force, the process's own. A replay says nothing of it."""
        if not calibration:
            return Known(calibration=self._workshop.calibration)
        known = Known(calibration, self._workshop.places.calibrations.version(plan.venue.tenant, plan.venue.id, calibration))
        if not self._replaying:
            tell_taken_up(plan, known)
        return known

    def _feed(self, venue: VenueKey, entries: list[Admitted], batch: _Batch) -> None:
        """The venue's entries, in runs of one plan version and calibration. A tick without an engine speaks to nobody."""
        engine, links = self._engines.get(venue), self._links.setdefault(venue, VisitLinks())
        run: list[Admitted] = []
        for entry in entries:
            version = entry.header.plan_version
            if version is not None and (engine is None or (version, entry.header.calibration) != engine.stands_on):
                plan = self._workshop.places.version(venue[0], version)
                known = self._calibrated(plan, entry.header.calibration)
                if engine is None:
                    engine = self._engines[venue] = self._new(plan, known)
                else:
                    batch.take(engine.feed(run), links)
                    batch.take(engine.replan(plan, known), links)
                    run = []
            if entry.header.kind != "arrival":  # the engine knows nothing of outside: only what a visit is called hangs on it
                run.append(entry)
            if entry.header.kind in ("arrival", "forget"):
                if engine is not None:
                    batch.take(engine.feed(run), links)
                run = []
                _pass_on(entry, links, batch)
        if engine is not None:
            batch.take(engine.feed(run), links)
            batch.venues.append(venue)

    def _observed(self, observed: Observed) -> None:
        """What is replayed was shown before; the rest is shown when it is durable, from the loop."""
        if not self._replaying:
            self._batch.observed.append(observed)

    # --- counting -----------------------------------------------------------------------------------------------------------------

    def _waiting(self) -> int:
        return sum(engine.waiting() for engine in self._engines.values())

    def _note_due(self, venue: VenueKey, last_ms: int) -> None:
        due_ms = self._engines[venue].due_ms()
        others = {other: due for other, due in self.due.items() if other != venue}
        self.due = others if due_ms is None else {**others, venue: Due(due_ms, last_ms)}  # whole: the ticker may be reading it

    def _count(self, batch: _Batch) -> None:
        locate = self._workshop.hops.hop("locate", "sightings")
        counted, waiting = self._workshop.held.get(self._shard, 0), self._waiting()
        locate.take(batch.rows + batch.held_before - counted)  # a shard taken over brings rows along
        locate.give(batch.used)
        locate.held += waiting - counted
        self._workshop.held[self._shard] = waiting
        for code, count in batch.refused.items():
            locate.refuse(code, count)
        for name, unit, count in (("presence", "fixes", batch.fixes), ("zone_events", "zone events", len(batch.events))):
            hop = self._workshop.hops.hop(name, unit)
            hop.take(count)
            hop.give(count)


def _pass_on(entry: Admitted, links: VisitLinks, batch: _Batch) -> None:
    """What an entry says beside the engine, once that has worked it off."""
    header = entry.header
    if header.kind == "arrival":
        links.arrive(entry)
        return
    links.forget(header.forget)
    batch.forget(_Forget(header.tenant, header.venue, header.source, header.forget, header.admitted_ms))


def _forgotten(conn: Connection, told: _Forget) -> None:
    """What an erasure removes goes with the engine's memory; after a withdrawal what was kept stays, and her visits are over."""
    if told.erasure:
        queries.forgotten(conn, told.tenant, told.erasure, told.venue, told.shopper, told.at_ms)
        return
    for visit in queries.withdrew(conn, told.tenant, told.venue, told.shopper, told.at_ms):
        people.end_visit_bindings(conn, visit.tenant, visit.track, told.at_ms)


def _write(conn: Connection, events: Sequence[ZoneEvent], visits: Sequence[Visit], parted: Sequence[Visit]) -> None:
    """Keeps what happened, but of nobody who is barred: what her last rows led to may only come out now. A visit of hers just ends."""
    hers = {(event.tenant, event.shopper) for event in events} | {(visit.tenant, visit.shopper) for visit in visits}
    gone = barred(conn, hers)
    queries.add_zone_events(conn, [event for event in events if (event.tenant, event.shopper) not in gone])
    queries.add_visits(conn, [visit for visit in visits if (visit.tenant, visit.shopper) not in gone])
    queries.end_visits(conn, [visit for visit in visits if (visit.tenant, visit.shopper) in gone])
    for visit in (*visits, *parted):
        if visit.end_ms is not None:  # a cart that was lent for it is nobody's from then on
            people.end_visit_bindings(conn, visit.tenant, visit.track, visit.end_ms)


# --- columns to rows -----------------------------------------------------------------------------------------------------------------


def zone_events(outcome: Outcome) -> list[ZoneEvent]:
    """What happened, as the messages that leave this package: ids made of what happened, so a repeat is the same event."""
    tenant, venue = outcome.plan.venue.tenant, outcome.plan.venue.id
    events = []
    for row in zip(*(column.tolist() for column in outcome.happened), strict=True):
        kind_at, track, shopper, zone_at, dwell_s, at_ms, stay_start_ms, visit_start_ms, probability, uncertain, late = row
        zone, kind = outcome.zones[zone_at], KINDS[kind_at]
        events.append(
            ZoneEvent(
                id=ZoneEventId(stable_id(tenant, track, zone.id, kind, dwell_s, stay_start_ms)),
                tenant=tenant,
                venue=venue,
                level=zone.level,
                zone=zone.id,
                zone_kind=zone.kind,
                kind=kind,
                dwell_s=dwell_s,
                shopper=Pseudonym(shopper.decode()),
                track=Track(track),
                visit=visit_id(tenant, track, venue, visit_start_ms),
                at_ms=at_ms,
                stay_start_ms=stay_start_ms,
                decided_ms=outcome.decided_ms,
                probability=probability,
                plan_version=outcome.plan.version,
                uncertain=uncertain,
                late=late,
            )
        )
    return events


def visits(outcome: Outcome) -> list[Visit]:
    """Visits that began or ended."""
    tenant, venue = outcome.plan.venue.tenant, outcome.plan.venue.id
    return [
        Visit(
            id=visit_id(tenant, track, venue, start_ms),
            tenant=tenant,
            venue=venue,
            shopper=Pseudonym(shopper.decode()),
            track=Track(track),
            start_ms=start_ms,
            end_ms=None if end_ms == NEVER_MS else end_ms,
        )
        for track, shopper, start_ms, end_ms in zip(*(column.tolist() for column in outcome.visits), strict=True)
    ]


def visit_id(tenant: TenantId, track: int, venue: VenueId, start_ms: int) -> VisitId:
    """The same for the same visit in every process."""
    return VisitId(stable_id(tenant, track, venue, start_ms))


def _at_ms(event: ZoneEvent) -> int:
    return event.at_ms
