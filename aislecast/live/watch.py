"""Watching one venue: puts what happens there into the state that the terminal shows. Reads only; the flow does not know of it."""

from collections import Counter, deque
from collections.abc import Hashable
from typing import Final, NamedTuple

from aislecast.live.state import Line, LiveState, PushLine, RedemptionLine, ZoneLine
from aislecast.live.view import View
from floorplans.model import Venue
from geofence import queries as geofence
from geofence.tracking.outcome import Observed
from groundwork.contracts.ids import ShopperId
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database, DatabaseTrouble
from notifier.queries import recent

LOOK_S: Final = 0.25
"""How often the database is asked; three small reads."""
BACK_MS: Final = 30_000
"""How far back each look reaches: commits come out of order, and events carry the time at which they became true."""
GONE_MS: Final = 15_000
"""Without a fix for this long a shopper is no longer counted, as presence does by default."""
_REMEMBERED: Final = 5_000


class _Fresh(NamedTuple):
    events: list[ZoneEvent]
    pushes: list[tuple[recent.EndedPush, str]]
    redeemed: list[recent.Redeemed]


class Watch:
    """A Loop (see `plumbing/service.py`) that keeps a LiveState of `venue` up to date and has the view drawn."""

    name = "watch"

    def __init__(self, db: Database, clock: Clock, venue: Venue, state: LiveState, view: View) -> None:
        self._db, self._clock, self._venue, self._state, self._view = db, clock, venue, state, view
        self._began_ms = clock.now_ms()
        self._places: dict[int, tuple[str, int]] = {}
        self._seen: deque[Hashable] = deque(maxlen=_REMEMBERED)
        self._looked_s = float("-inf")

    def observe(self, seen: Observed) -> None:
        """An Observer of the geofence: where everybody is."""
        if (seen.tenant, seen.venue) != (self._venue.tenant, self._venue.id):
            return
        zones = (*seen.zones, "")
        for track, at_ms, zone in zip(seen.track.tolist(), seen.at_ms.tolist(), seen.zone.tolist(), strict=True):
            self._places[track] = (zones[zone], at_ms)
            self._state.set_lag("locate", (self._clock.now_ms() - at_ms) / 1000)

    async def step(self) -> bool:
        now_s = self._clock.monotonic_s()
        if now_s - self._looked_s < LOOK_S:
            return False
        self._looked_s = now_s
        now_ms = self._clock.now_ms()
        self._places = {track: place for track, place in self._places.items() if now_ms - place[1] < GONE_MS}
        self._state.set_counts(Counter(zone for zone, _ in self._places.values() if zone))
        try:
            fresh = await self._db.read(lambda conn: self._read(conn, now_ms))
        except DatabaseTrouble:  # readiness tells of it; the view just stands still
            return False
        for line in self._lines(fresh):
            self._state.add(line)
        self._view.refresh(now_ms, now_s)
        return True

    async def wait(self) -> None:
        await self._clock.sleep(LOOK_S)

    async def close(self) -> None:
        self._view.close()

    def _read(self, conn: Connection, now_ms: int) -> _Fresh:
        tenant, venue, after_ms = self._venue.tenant, self._venue.id, max(self._began_ms, now_ms - BACK_MS)
        pushes = recent.ended_pushes(conn, tenant, venue, after_ms)
        shoppers = {push.shopper_id for push in pushes}
        pseudonyms = {her: people.devices_of(conn, tenant, ShopperId(her)) for her in sorted(shoppers)}
        named = [(push, pseudonyms[push.shopper_id][0].pseudonym if pseudonyms[push.shopper_id] else "") for push in pushes]
        events = geofence.zone_events(conn, tenant, venue, after_ms=after_ms, limit=500)
        return _Fresh(events, named, recent.redeemed(conn, tenant, venue, after_ms))

    def _lines(self, fresh: _Fresh) -> list[Line]:
        """What was not shown yet, by time."""
        lines: list[tuple[str, Line]] = [
            (event.id, ZoneLine(event.at_ms, event.kind, event.shopper, event.zone, event.dwell_s, event.zone_kind, event.arrives_ms))
            for event in fresh.events
        ]
        lines += [
            (push.id, PushLine(push.ended_ms, shopper, push.language, push.title, push.channel, push.state, push.reason))
            for push, shopper in fresh.pushes
        ]
        lines += [(one.id, RedemptionLine(one.redeemed_ms, one.discount_minor, one.currency, one.receipt)) for one in fresh.redeemed]
        known = set(self._seen)
        new = [(key, line) for key, line in lines if key not in known]
        self._seen.extend(key for key, _ in new)
        return sorted((line for _, line in new), key=_by_time)


def _by_time(line: Line) -> tuple[int, bool]:
    """By time; who moves on leaves before she enters."""
    return line.at_ms, not (isinstance(line, ZoneLine) and line.kind == "exit")
