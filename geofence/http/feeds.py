"""Feeds: an operator says which third-party boxes of a venue are believed and where they publish; boxes that publish nowhere post here."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from floorplans import queries as places
from geofence import reasons
from geofence.feeding.feed import MOST_BYTES
from geofence.feeding.intake import Posted
from geofence.feeding.loop import LineState
from geofence.feeding.registry import FeedRegistry, place
from geofence.feeding.sieve import NOTHING_HEARD
from geofence.feeds import FEEDS
from geofence.queries import feeds as queries
from geofence.queries.feeds import StoredFeed
from groundwork.contracts.feed import (
    FeedAnswer,
    FeedBox,
    FeedBoxState,
    FeedBroker,
    FeedBrokerState,
    FeedRequest,
    Feeds,
    FeedState,
)
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.subjects import FEED_CHANGED
from groundwork.people import acts
from groundwork.people.model import MANAGE_GATEWAYS, SEND_FEEDS
from groundwork.people.reasons import BEYOND_SCOPE, NO_SUCH_VENUE
from groundwork.plumbing import problems
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, body, caller, query_of, read
from groundwork.plumbing.mqtt import broker_address, tls_of
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.rates import Rate
from groundwork.plumbing.reasons import Misfit, Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

_POSTS: Final = Rate(per_s=20, burst=60)
"""By one key. A box posts once a second, or ten times; a shop has some boxes behind one key."""
_FEED_ID: Final = re.compile("[A-Za-z0-9._-]{1,24}")
_ID_WORDS: Final = Words("1 to 24 letters, digits, `.`, `_` and `-`", "من 1 إلى 24 من الأحرف اللاتينية والأرقام و`.` و`_` و`-`")
_NO_FILTER: Final = Words(
    "expected a topic filter with `+` and `#` as whole levels, got {got}",
    "المتوقع مرشّح موضوعات فيه `+` و`#` مستويين كاملين، والمعطى {got}",
)

LineOf = Callable[[TenantId, str], LineState | None]


class Published(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Under which topic the payload would have been published; left out by boxes that name themselves in it."""

    topic: Annotated[str, msgspec.Meta(max_length=256)] = ""


class FeedRoutes:
    """The handlers. `line_of` tells how a feed's line does, as far as this process knows."""

    def __init__(self, parts: Parts, vault: Vault, registry: FeedRegistry, posted: Posted, line_of: LineOf) -> None:
        self._parts = parts
        self._vault = vault
        self._registry = registry
        self._posted = posted
        self._line_of = line_of

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/feeds",
                self.show,
                Words("Third-party boxes and how they are heard.", "صناديق الأطراف الأخرى وكيف تُسمع."),
                grant=MANAGE_GATEWAYS,
                answer=Feeds,
            ),
            Route(
                "PUT",
                "/v1/feeds/{feed}",
                self.put,
                Words("Sets up a feed, with the boxes that are believed.", "إعداد مصدر خارجي مع الصناديق الموثوق بها."),
                grant=MANAGE_GATEWAYS,
                request=FeedRequest,
                answer=Feeds,
                refusals=(BEYOND_SCOPE, NO_SUCH_VENUE, reasons.UNKNOWN_FEED_KIND, reasons.BAD_FEED_BROKER),
                max_body=128 * 1024,
            ),
            Route(
                "DELETE",
                "/v1/feeds/{feed}",
                self.remove,
                Words("Hears the feed no more.", "إيقاف الاستماع إلى المصدر الخارجي."),
                grant=MANAGE_GATEWAYS,
                status=204,
                refusals=(BEYOND_SCOPE, reasons.UNKNOWN_FEED),
            ),
            Route(
                "POST",
                "/v1/feeds/{feed}",
                self.post,
                Words("What a third-party box heard.", "ما سمعه صندوق طرف آخر."),
                grant=SEND_FEEDS,
                query=Published,
                answer=FeedAnswer,
                refusals=(BEYOND_SCOPE, reasons.UNKNOWN_FEED, reasons.FEED_UNREADABLE, reasons.NO_PLAN, reasons.BATCH_CHANGED),
                max_body=MOST_BYTES,
                basic=True,
                rate=_POSTS,
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/feeds: never with a password."""
        who = caller(request)
        return answered(await self._parts.db.read(lambda conn: self._shown(conn, who)))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/feeds/{feed}: in place of what stood; the password is sealed, and stays where none is given."""
        who, asked = caller(request), await read(request, FeedRequest)
        tenant, feed_id, now_ms = TenantId(who.tenant), _feed_id(request), self._parts.clock.now_ms()
        boxes = _checked(asked)
        client = f"aislecast-{self._parts.ids.new()}"

        def work(conn: Connection) -> Feeds:
            before = queries.feed(conn, tenant, feed_id)
            _check_reach(who, asked.venue, before)
            if places.venue(conn, tenant, VenueId(asked.venue)) is None:
                raise Refusal(NO_SUCH_VENUE, at="/venue", value=asked.venue)
            wanted = self._wanted(asked, before, tenant, feed_id, client)
            was = _in_chain(conn, before) if before else None
            queries.put_feed(conn, wanted, boxes, now_ms)
            told = _in_chain(conn, wanted)
            if was != told or (before is not None and before.password != wanted.password):
                record(conn, tenant, now_ms, Act(who.subject, acts.PUT_FEED, feed_id, was, told))
            return self._shown(conn, who, feed_id)

        return await self._changed(self._parts.db.write(work))

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/feeds/{feed}: its boxes are believed no more; a new feed of that name may list them again."""
        who, now_ms = caller(request), self._parts.clock.now_ms()
        tenant, feed_id = TenantId(who.tenant), request.match_info["feed"]

        def work(conn: Connection) -> None:
            found = queries.feed(conn, tenant, feed_id)
            if found is None:
                raise Refusal(reasons.UNKNOWN_FEED, value=feed_id)
            _check_reach(who, found.venue, None)
            was = _in_chain(conn, found)
            queries.remove_feed(conn, found, now_ms)
            record(conn, tenant, now_ms, Act(who.subject, acts.REMOVE_FEED, feed_id, was, None))

        return await self._changed(self._parts.db.write(work))

    async def post(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/feeds/{feed}: 200 once what is kept is durable; the answer says of every advert what became of it, in numbers."""
        who, feed_id, topic = caller(request), request.match_info["feed"], query_of(request, Published).topic
        tenant = TenantId(who.tenant)
        known = self._registry.feed(tenant, feed_id)
        if known is None:
            raise Refusal(reasons.UNKNOWN_FEED, value=feed_id)
        if not who.within(known.stored.venue):
            raise Refusal(BEYOND_SCOPE)
        if not topic and FEEDS[known.stored.kind].by_topic:
            raise Refusal(problems.FIELD_MISSING, at="/topic")
        sifted = await self._posted.take(known, topic, await body(request))
        if sifted.payload_refused and sifted.payload_refused != NOTHING_HEARD:
            raise Refusal(reasons.FEED_UNREADABLE, problem=Words(*sifted.problem))
        refused = dict(sorted(sifted.refused.items()))
        return answered(FeedAnswer(tenant=tenant, feed=feed_id, accepted=len(sifted.kept), refused=refused))

    async def _changed(self, change: Awaitable[Feeds | None]) -> web.Response:
        """The answer, once this process acts on the change and the others are told."""
        told = await change
        await self._registry.renew()
        await self._parts.bus.announce(FEED_CHANGED, b"")
        return web.Response(status=204) if told is None else answered(told)

    def _wanted(self, asked: FeedRequest, before: StoredFeed | None, tenant: TenantId, feed_id: str, client: str) -> StoredFeed:
        broker = asked.broker or FeedBroker(address="mqtt://none", topic="none")
        if broker.password is not None:
            password: bytes | None = self._vault.seal(broker.password.encode(), *place(tenant, feed_id))
        else:
            password = before.password if before and asked.broker else None
        return StoredFeed(
            tenant=tenant,
            id=feed_id,
            kind=asked.kind,
            venue=VenueId(asked.venue),
            times=asked.times,
            url=broker.address if asked.broker else "",
            topic=broker.topic if asked.broker else "",
            login=broker.login,
            password=password,
            authorities=broker.authorities,
            client=before.client if before else client,
        )

    def _shown(self, conn: Connection, who: Caller, only: str | None = None) -> Feeds:
        tenant = TenantId(who.tenant)
        found = [one for one in queries.feeds(conn, tenant) if who.within(one.venue) and only in (None, one.id)]
        return Feeds(tenant=tenant, feeds=[self._state(conn, one) for one in found])

    def _state(self, conn: Connection, one: StoredFeed) -> FeedState:
        listed = queries.named_boxes(conn, one.tenant, one.id)
        boxes = [FeedBoxState(box=box, gateway=gateway, name=name) for box, gateway, name in listed]
        line = self._line_of(one.tenant, one.id)
        broker = FeedBrokerState(
            address=one.url,
            topic=one.topic,
            login=one.login,
            has_password=one.password is not None,
            authorities=one.authorities,
            connected=line.connected if line else None,
            trouble=line.trouble if line else "",
        )
        return FeedState(id=one.id, kind=one.kind, venue=one.venue, times=one.times, broker=broker if one.url else None, boxes=boxes)


def _feed_id(request: web.Request) -> str:
    wanted = request.match_info["feed"]
    if not _FEED_ID.fullmatch(wanted):
        raise Refusal(problems.FIELD_WRONG, at="feed", value=wanted, expected=_ID_WORDS)
    return wanted


def _checked(asked: FeedRequest) -> list[FeedBox]:
    """The boxes by the names that payloads have for them, each once. Raises Refusal where the feed cannot be."""
    kind = FEEDS.get(asked.kind)
    if kind is None:
        raise Refusal(reasons.UNKNOWN_FEED_KIND, at="/kind", value=asked.kind, known=", ".join(FEEDS))
    if asked.broker is not None:
        try:
            broker_address(asked.broker.address)
            tls_of(asked.broker.authorities)
            _check_filter(asked.broker.topic)
        except ValueError as error:
            raise Refusal(reasons.BAD_FEED_BROKER, at="/broker", problem=phrase_of(error)) from None
    named = {kind.box(one.box): one.name for one in asked.boxes}
    return [FeedBox(box=box, name=name) for box, name in named.items()]


def _check_filter(topic: str) -> None:
    """Raises Misfit unless `topic` is a filter (MQTT 3.1.1, section 4.7)."""
    levels = topic.split("/")
    wrong = any("+" in level and level != "+" for level in levels) or any("#" in level for level in levels[:-1])
    if wrong or ("#" in levels[-1] and levels[-1] != "#"):
        raise Misfit(_NO_FILTER, got=repr(topic))


def _check_reach(who: Caller, venue: str, before: StoredFeed | None) -> None:
    """Raises Refusal unless the caller may hear in this venue: nobody takes a feed out of another's shop."""
    if not who.within(venue) or (before is not None and not who.within(before.venue)):
        raise Refusal(BEYOND_SCOPE, at="/venue")


def _in_chain(conn: Connection, one: StoredFeed) -> Mapping[str, Any]:
    """As the audit chain shows it: everything but the password itself."""
    told = {name: value for name, value in asdict(one).items() if name not in ("tenant", "password", "client")}
    boxes = {box: name for box, _, name in queries.named_boxes(conn, one.tenant, one.id)}
    return told | {"password_set": one.password is not None, "boxes": boxes}
