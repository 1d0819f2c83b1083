"""Routes of the notifier: a shopper's feed, and what tills ask for. A handler reads, calls one function, answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from aiohttp import web

from groundwork.contracts.ids import DeviceId, RedemptionId, ShopperId, TenantId
from groundwork.contracts.purchase import Purchase, PurchaseRequest
from groundwork.contracts.redemption import Redemption, RedemptionRequest, RollbackRequest
from groundwork.people import queries as people
from groundwork.people.model import READ_FEED, REDEEM, SEND_PURCHASES
from groundwork.plumbing import problems
from groundwork.plumbing.db import Database
from groundwork.plumbing.http import Handler, Route, answered, caller, query_of, read
from groundwork.plumbing.reasons import Refusal, Words
from notifier import reasons
from notifier.inbox import FeedEntry, FeedPage, Feeds, Following
from notifier.purchases import Purchases
from notifier.redeem import Coupons
from notifier.settings import Settings

EVENT_STREAM = "text/event-stream"
_SEQUENCE = Words("the last sequence seen, 0 or above", "رقم آخر ما وصل، 0 أو أكثر")
_OF_TILLS = (reasons.VENUE_OUT_OF_SCOPE, reasons.VENUE_UNKNOWN, problems.FIELD_WRONG)


@dataclass(frozen=True, slots=True)
class Handlers:
    """What the routes call."""

    db: Database
    feeds: Feeds
    coupons: Coupons
    purchases: Purchases
    settings: Settings

    async def redeem(self, request: web.Request) -> web.Response:
        """POST /v1/redemptions: 201, and 200 with the same receipt for a repeat. The code is in the body, so that no log keeps it."""
        redemption, repeat = await self.coupons.redeem(caller(request), await read(request, RedemptionRequest))
        return answered(redemption, 200 if repeat else 201)

    async def roll_back(self, request: web.Request) -> web.Response:
        """POST /v1/redemptions/{id}/rollback: the coupon can be spent again; a repeat gets the same answer."""
        body = await read(request, RollbackRequest)
        redemption = RedemptionId(request.match_info["id"])
        return answered(await self.coupons.roll_back(caller(request), redemption, body.receipt))

    async def purchase(self, request: web.Request) -> web.Response:
        """POST /v1/purchases: 201, 200 with the same answer for a repeat, 409 for other figures under a used number."""
        purchase, repeat = await self.purchases.take(caller(request), await read(request, PurchaseRequest))
        return answered(purchase, 200 if repeat else 201)

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/feed: a page as JSON, or where the caller accepts text/event-stream, entries as they come."""
        tenant, shopper = await self._shopper(request)
        after = _after(request)
        if EVENT_STREAM not in request.headers.get("Accept", ""):
            return answered(await self.feeds.page(tenant, shopper, after))
        async with self.feeds.following(tenant, shopper) as following:
            return await self._stream(request, tenant, shopper, after, following)

    async def _shopper(self, request: web.Request) -> tuple[TenantId, ShopperId]:
        """Whose feed the caller may read: that of its own device's shopper."""
        who = caller(request)
        tenant, device = TenantId(who.tenant), DeviceId(who.subject)
        subject = await self.db.read(lambda conn: people.subject_of_device(conn, tenant, device))
        if subject is None:
            raise Refusal(reasons.FEED_UNKNOWN)
        return tenant, subject.shopper

    async def _still_hers(self, request: web.Request, shopper: ShopperId) -> bool:
        """Whether the caller's device is still signed in for her: a stream outlives the check of the request that opened it."""
        who = caller(request)
        return await self.db.read(lambda conn: people.is_signed_in(conn, TenantId(who.tenant), DeviceId(who.subject), shopper))

    async def _stream(
        self, request: web.Request, tenant: TenantId, shopper: ShopperId, after: int, following: Following
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": EVENT_STREAM, "Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        await response.prepare(request)
        await response.write(b"retry: 2000\n\n")
        silent_s = 0.0
        while not self.feeds.closed:
            page = await self.feeds.page(tenant, shopper, after)
            silent_s = 0.0 if page.entries else silent_s + self.settings.feed_poll_s
            silent = silent_s >= self.settings.feed_heartbeat_s
            if (page.entries or silent) and not await self._still_hers(request, shopper):
                break
            for entry in page.entries:
                await response.write(_as_event(entry))
            if silent:
                await response.write(b": still here\n\n")
                silent_s = 0.0
            if page.last == after:
                await following.wait(self.settings.feed_poll_s)
            after = page.last
        return response

    def routes(self) -> Sequence[Route]:
        """All routes of this package."""
        return (
            Route(
                "GET",
                "/v1/feed",
                self.feed,
                Words("The caller's in-app inbox: a page, or a stream of what comes.", "صندوق عروض المتسوق: صفحة، أو بث مستمر لما يصل."),
                grant=READ_FEED,
                answer=FeedPage,
                refusals=(reasons.FEED_UNKNOWN, problems.FIELD_WRONG),
                query=FeedQuery,
                stream=True,
            ),
            Route(
                "POST",
                "/v1/redemptions",
                self.redeem,
                Words("Spends a coupon, once.", "صرف قسيمة مرة واحدة."),
                grant=REDEEM,
                request=RedemptionRequest,
                answer=Redemption,
                status=201,
                refusals=(*reasons.REDEEMING, *_OF_TILLS),
                max_body=4_096,
            ),
            Route(
                "POST",
                "/v1/redemptions/{id}/rollback",
                self.roll_back,
                Words("Takes a redemption back: its coupon can be spent again.", "إلغاء صرف: تصبح القسيمة صالحة للصرف مجددًا."),
                grant=REDEEM,
                request=RollbackRequest,
                answer=Redemption,
                refusals=(reasons.REDEMPTION_UNKNOWN, reasons.RECEIPT_DIFFERS),
                max_body=4_096,
            ),
            _purchases(self.purchase),
        )


def _purchases(handler: Handler) -> Route:
    return Route(
        "POST",
        "/v1/purchases",
        handler,
        Words("Reports a receipt.", "تسجيل إيصال شراء."),
        grant=SEND_PURCHASES,
        request=PurchaseRequest,
        answer=Purchase,
        status=201,
        refusals=(*_OF_TILLS, reasons.RECEIPT_USED),
        max_body=256 * 1024,
    )


class FeedQuery(msgspec.Struct, frozen=True):
    """The query of the feed."""

    after: Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)] = 0
    """The last sequence seen; a Last-Event-ID header says the same and wins."""


def _after(request: web.Request) -> int:
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return query_of(request, FeedQuery).after
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise Refusal(problems.FIELD_WRONG, at="Last-Event-ID", value=repr(text[:40]), expected=_SEQUENCE)
    return int(text)


def _as_event(entry: FeedEntry) -> bytes:
    """The entry as a server-sent event; JSON has no line breaks, so it is one data line."""
    return b"id: %d\nevent: push\ndata: %s\n\n" % (entry.sequence, msgspec.json.encode(entry))
