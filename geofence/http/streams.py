"""A venue's zone events as a stream of server-sent events, for the retailer's own systems: pseudonyms only, none lost over a break.

Each carries an id; who comes back with it in `Last-Event-ID` goes on right after it, in whatever process. A stream is read from the
database a page at a time, so a slow listener costs nothing but its own connection, which it loses; a stream is closed after some minutes,
so that whoever may no longer listen does not.
"""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from functools import partial
from typing import Final, NamedTuple

import msgspec
from aiohttp import web

from floorplans import queries as places
from geofence import queries, reasons
from geofence.queries import Happening
from geofence.settings import Settings
from geofence.telling.follow import Follow, allowed
from geofence.telling.shown import shown
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.model import READ_ZONE_EVENTS
from groundwork.plumbing.clock import set_or_after
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, caller
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.sse import HEARTBEAT_S

_ID: Final = re.compile(r"(\d{1,18})-(\d{1,15})")
_PAGE: Final = 200
_HEADERS: Final = {"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_encode = msgspec.json.Encoder().encode


class Page(NamedTuple):
    """What follows a number: those that may be shown, and up to where that is."""

    shown: list[Happening]
    reached: int


class StreamRoutes:
    """The handler."""

    def __init__(self, parts: Parts, settings: Settings, follow: Follow) -> None:
        self._parts = parts
        self._settings = settings
        self._follow = follow
        self._hop = parts.hops.hop("zone_event_streams", "streams")

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/zone-events",
                self.zone_events,
                Words(
                    "The venue's zone events as they come, as server-sent events; Last-Event-ID goes on where one stopped.",
                    "أحداث مناطق المتجر فور وقوعها، بثًّا من الخادم؛ ويُستأنف البث من Last-Event-ID.",
                ),
                grant=READ_ZONE_EVENTS,
                refusals=(reasons.UNKNOWN_VENUE, reasons.STREAM_TOO_OLD, reasons.TOO_MANY_STREAMS),
                stream=True,
                answer_media="text/event-stream",
            ),
        )

    async def zone_events(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/zone-events: until the listener leaves, is too slow, or its time is over."""
        who, venue = caller(request), VenueId(request.match_info["venue"])
        if not who.within(venue):
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        tenant, last = TenantId(who.tenant), request.headers.get("Last-Event-ID") or request.query.get("last_event_id", "")
        after = await self._parts.db.read(lambda conn: self._begin(conn, tenant, venue, last))
        if self._follow.listeners >= self._settings.streams:
            self._hop.take()
            self._hop.refuse(reasons.TOO_MANY_STREAMS.code)
            raise Refusal(reasons.TOO_MANY_STREAMS, limit=self._settings.streams)
        response = web.StreamResponse(headers=_HEADERS)
        await response.prepare(request)
        self._follow.listeners += 1
        self._hop.take()
        self._hop.held += 1
        kept_up = True
        try:
            with contextlib.suppress(ConnectionResetError):  # the listener left, which is how most streams end
                kept_up = await self._pump(response, tenant, venue, after)
        finally:
            self._follow.listeners -= 1
            self._end(request, kept_up)
        return response

    def _end(self, request: web.Request, kept_up: bool) -> None:
        self._hop.held -= 1
        if kept_up:
            self._hop.give()
            return
        self._hop.refuse("listener_too_slow")
        if request.transport is not None:
            request.transport.abort()

    def _begin(self, conn: Connection, tenant: TenantId, venue: VenueId, last: str) -> int:
        """The number to go on from. Raises Refusal for another's venue, and where something in between is not at hand."""
        if places.venue(conn, tenant, venue) is None:
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        head = queries.head(conn, tenant, venue)
        if not last:
            return head
        found = _ID.fullmatch(last)
        number, at_ms = (int(found[1]), int(found[2])) if found else (-1, 0)
        oldest_ms = self._parts.clock.now_ms() - self._settings.stream_age_s * 1000
        if not head - self._settings.stream_backlog <= number <= head or at_ms < oldest_ms:
            raise Refusal(reasons.STREAM_TOO_OLD, value=last)
        return number

    async def _pump(self, response: web.StreamResponse, tenant: TenantId, venue: VenueId, after: int) -> bool:
        """Writes what follows; False once the listener has not taken it for `stream_patience_s`."""
        clock, wrote_s = self._parts.clock, self._parts.clock.monotonic_s()
        until_s = wrote_s + self._settings.stream_life_s
        text = b"retry: 2000\nid: %s\n\n" % _id(after, clock.now_ms())
        while True:
            if text:
                if not await self._written(response, text):
                    return False
                wrote_s = clock.monotonic_s()
            if self._follow.closed or clock.monotonic_s() >= until_s:
                return True
            change, known = self._follow.change(tenant, venue), after
            page = await self._parts.db.read(partial(_page, tenant=tenant, venue=venue, after=known))
            now_ms, after = clock.now_ms(), page.reached
            text = b"".join(_lines(one, now_ms) for one in page.shown)
            if after == known:
                silent_s = wrote_s + HEARTBEAT_S - clock.monotonic_s()
                await set_or_after(change, clock, max(0.0, min(silent_s, until_s - clock.monotonic_s())))
                if clock.monotonic_s() >= wrote_s + HEARTBEAT_S:
                    text = b"id: %s\n: still here\n\n" % _id(after, clock.now_ms())

    async def _written(self, response: web.StreamResponse, text: bytes) -> bool:
        try:
            async with asyncio.timeout(self._settings.stream_patience_s):
                await response.write(text)
        except TimeoutError:
            return False
        return True


def _page(conn: Connection, tenant: TenantId, venue: VenueId, after: int) -> Page:
    found = queries.zone_events_after(conn, tenant, venue, after, _PAGE)
    reached = found[-1].number if len(found) == _PAGE else max(after, queries.head(conn, tenant, venue))
    return Page(allowed(conn, tenant, found), reached)


def _lines(one: Happening, now_ms: int) -> bytes:
    zone_event = one.zone_event
    assert zone_event is not None  # nothing else is read
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (_id(one.number, now_ms), zone_event.kind.encode(), _encode(shown(zone_event)))


def _id(number: int, now_ms: int) -> bytes:
    """Where a listener is, and when it was there: by the one it goes on, by the other one knows that it has been away for too long."""
    return b"%d-%d" % (number, now_ms)
