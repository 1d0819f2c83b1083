"""The handler of one shard of the log of GPS reports: feeds the outdoor engine and writes down what follows.

Position, zone events, visits, arrivals and the venues' log entries commit together. Time in silence comes from `ticker.py`, as entries of
the same log. A visit that begins outside is told to its venue's log of sightings, so that the engine there goes on with it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from geofence import queries
from geofence.admitted import arrival
from geofence.barred import barred
from geofence.intake.accept import log_key
from geofence.outdoor.engine import LEFT, Outcome, OutdoorEngine
from geofence.outdoor.memory import ShopperKey
from geofence.outdoor.reported import OUTSIDE, ReportedHeader, decode
from geofence.outdoor.settings import Settings
from geofence.queries import arrivals
from geofence.queries.arrivals import Standing
from groundwork.contracts.ids import TenantId, VisitId
from groundwork.contracts.subjects import SIGHTINGS, ZONE_EVENTS
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.plumbing.bus import Entry, LogEntry
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.shards import Prepared

_encode = msgspec.json.Encoder().encode


class Due(NamedTuple):
    """When a shopper needs to hear of time: `at_ms` is what the clock must show, `last_ms` when she last had an entry."""

    at_ms: int
    last_ms: int


@dataclass(slots=True)
class _Batch:
    """What one `prepare` took in and made, to be counted once it is durable."""

    reports: int = 0
    used: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    outcomes: list[Outcome] = field(default_factory=list)
    forgets: list[ReportedHeader] = field(default_factory=list)
    keys: list[ShopperKey] = field(default_factory=list)

    def forget(self, told: ReportedHeader) -> None:
        """Leaves out what this very batch has made of her; what comes after a withdrawal is of one who agreed again."""
        self.forgets.append(told)
        gone = (told.tenant, told.shopper)
        for outcome in self.outcomes:
            outcome.events = [one for one in outcome.events if (one.tenant, one.shopper) != gone]
            outcome.visits = [one for one in outcome.visits if (one.tenant, one.shopper) != gone]
            outcome.arrivals = [one for one in outcome.arrivals if (one.tenant, one.shopper) != gone]


class OutdoorPipeline:
    """`plumbing.shards.Handler` of one shard."""

    def __init__(self, settings: Settings, hops: Hops, clock: Clock) -> None:
        self.due: dict[ShopperKey, Due] = {}
        """For the ticker: shoppers for whom something falls due by time alone."""
        self._settings = settings
        self._hops = hops
        self._clock = clock
        self._engine = OutdoorEngine(settings, stable_id)
        self._batch = _Batch()

    def restore(self, state: bytes | None) -> None:
        self.due, self._engine = {}, OutdoorEngine(self._settings, stable_id)
        if state:
            self._engine.restore(state)
        for key in self._engine.shoppers:
            self._note_due(key, 0)

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[None]:
        """Feeds the entries. Raises ReportedError on bytes that are none."""
        batch = self._batch = _Batch()
        for entry in entries:
            reported = decode(entry.payload)
            batch.reports += reported.header.reports
            outcome = self._engine.feed(reported)
            batch.used += outcome.used
            batch.refused.update(outcome.refused)
            batch.outcomes.append(outcome)
            batch.keys.append((reported.header.tenant, reported.header.shopper))
            if reported.header.kind == "forget":
                batch.forget(reported.header)
        if replaying:  # nobody will call `committed`, and yet time must go on from here for who stays silent
            for key in batch.keys:
                self._note_due(key, 0)
        events = [event for outcome in batch.outcomes for event in outcome.events]
        return Prepared(_effects(batch, events), self._entries(batch, events), snapshot=bool(batch.forgets))

    def state(self) -> bytes:
        return self._engine.state()

    def committed(self, result: None) -> None:  # noqa: ARG002 # the shard's protocol hands the effects' answer over; ours have none
        """Counts, and notes when each shopper needs to hear of time again."""
        batch, now_ms = self._batch, self._clock.now_ms()
        for key in batch.keys:
            self._note_due(key, now_ms)
        outside = self._hops.hop("outside", "GPS reports")
        outside.take(batch.reports)
        outside.give(batch.used)
        for code, count in batch.refused.items():
            outside.refuse(code, count)
        events = sum(len(outcome.events) for outcome in batch.outcomes)
        told = self._hops.hop("outside.zone_events", "zone events")
        told.take(events)
        told.give(events)

    def _note_due(self, key: ShopperKey, last_ms: int) -> None:
        self.due.pop(key, None)
        due_ms = self._engine.due_ms(key)
        if due_ms is not None:
            self.due[key] = Due(due_ms, last_ms)

    def _entries(self, batch: _Batch, events: Sequence[ZoneEvent]) -> list[Entry]:
        """The zone events for the notifier, and each visit that began for its venue."""
        entries = [Entry(ZONE_EVENTS, event.shopper, _encode(event)) for event in events]
        decided = {event.visit: event.decided_ms for event in events}
        for visit in (visit for outcome in batch.outcomes for visit in outcome.visits):
            if visit.end_ms is None:
                now_ms = decided[visit.id]
                until_ms = now_ms + self._settings.link_ms
                entries.append(Entry(SIGHTINGS, log_key(visit.tenant, visit.venue), arrival(visit, now_ms, until_ms)))
        return entries


def _effects(batch: _Batch, events: Sequence[ZoneEvent]) -> Callable[[Connection], None]:
    visits = [visit for outcome in batch.outcomes for visit in outcome.visits]
    standings = [Standing(*one) for outcome in batch.outcomes for one in outcome.arrivals]

    def effects(conn: Connection) -> None:
        """Keeps what happened, but of nobody who is barred: a visit of hers just ends."""
        for told in batch.forgets:  # first: of who withdrew, what is left of hers came after that
            if told.erasure:
                queries.forgotten(conn, told.tenant, told.erasure, OUTSIDE, told.shopper, told.admitted_ms)
            else:
                queries.withdrew(conn, told.tenant, None, told.shopper, told.admitted_ms)
        hers = {(one.tenant, one.shopper) for one in events} | {(one.tenant, one.shopper) for one in standings}
        gone = barred(conn, hers | {(one.tenant, one.shopper) for one in visits})
        queries.add_zone_events(conn, [event for event in events if (event.tenant, event.shopper) not in gone])
        arrivals.set_standings(conn, [one for one in standings if (one.tenant, one.shopper) not in gone])
        arrivals.set_left(conn, [one for one in standings if one.state == LEFT and (one.tenant, one.shopper) in gone])
        _keep_visits(conn, visits, gone)

    return effects


def _keep_visits(conn: Connection, visits: Sequence[Visit], gone: set[ShopperKey]) -> None:
    """A visit on which she was heard inside ends there; one of somebody who is gone is at most ended."""
    ended: dict[TenantId, set[VisitId]] = {}
    for visit in visits:
        if visit.end_ms is not None:
            ended.setdefault(visit.tenant, set()).add(visit.id)
    ours = {(tenant, visit) for tenant, some in sorted(ended.items()) for visit in arrivals.unheard(conn, tenant, some)}
    kept = [visit for visit in visits if visit.end_ms is None or (visit.tenant, visit.id) in ours]
    queries.add_visits(conn, [visit for visit in kept if (visit.tenant, visit.shopper) not in gone])
    queries.end_visits(conn, [visit for visit in kept if (visit.tenant, visit.shopper) in gone])
