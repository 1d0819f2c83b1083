"""Routes of webhooks: kept by an admin, with their log of deliveries. `telling/desk.py` does what is asked, docs/webhooks.md says how."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from geofence import reasons
from geofence.queries import Delivery, Webhook
from geofence.queries.webhooks import ACTIVE, Attempt
from geofence.telling.cloud_events import KINDS
from geofence.telling.desk import Wanted, WebhookDesk
from groundwork.contracts.ids import VenueId
from groundwork.contracts.operators import Name, Venues
from groundwork.people.model import MANAGE_WEBHOOKS
from groundwork.people.reasons import BEYOND_SCOPE
from groundwork.plumbing.http import Handler, Route, answered, caller, query_of, read
from groundwork.plumbing.reasons import Reason, Words

Kind = Annotated[str, msgspec.Meta(pattern=f"^({'|'.join(one.replace('.', '[.]') for one in KINDS)})$", max_length=64)]
Moment = Annotated[int, msgspec.Meta(ge=0, le=99_999_999_999_999)]
Url = Annotated[str, msgspec.Meta(min_length=8, max_length=2_000)]


class WebhookRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a webhook is to be."""

    version: int = 1
    name: Name
    url: Url
    kinds: Annotated[list[Kind], msgspec.Meta(min_length=1, max_length=len(KINDS))]
    venues: Venues = []
    """Empty for all of the caller's."""
    on: bool = True


class SecretRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks for a new secret; the old one signs too for so many hours."""

    version: int = 1
    overlap_h: Annotated[int, msgspec.Meta(ge=0, le=168)] = 24


class WebhookShown(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, without its secret."""

    id: str
    name: str
    url: str
    kinds: list[str]
    venues: list[VenueId]
    on: bool
    reason: str
    """Why it is off: `by_operator`, `gone` (it answered 410), `failing` (nothing was accepted for days)."""
    created_ms: int
    failing_since_ms: int | None
    old_secret_until_ms: int | None
    waiting: int | None = None
    """Deliveries that are not accepted yet."""


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """The webhooks in the caller's reach, oldest first."""

    version: int = 1
    webhooks: list[WebhookShown]


class WebhookState(msgspec.Struct, frozen=True, kw_only=True):
    """One webhook as it is now."""

    version: int = 1
    webhook: WebhookShown


class NewSecret(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook with the secret it signs with; nobody can show it again."""

    version: int = 1
    webhook: WebhookShown
    secret: str


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """It is gone."""

    version: int = 1
    id: str


class TryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One try."""

    at_ms: int
    attempt: int
    status: int
    """0 where there was no answer."""
    latency_ms: int
    problem: str
    """`timeout`, `unreachable`, `address_refused`, `redirect`, `gone` or `refused`; empty where it was accepted."""
    excerpt: str
    """How the answer began."""


class DeliveryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery, without what it tells."""

    id: str
    webhook_id: str
    """What the receiver sees as webhook-id."""
    kind: str
    venue: str
    state: str
    """`waiting`, `delivered`, `failed` or `stopped`."""
    reason: str
    at_ms: int
    created_ms: int
    next_ms: int | None
    done_ms: int | None
    tries: list[TryShown]


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the delivery log, the newest first."""

    version: int = 1
    deliveries: list[DeliveryShown]
    next_before: str | None
    """Asks for the next page; null on the last."""


class DeliveriesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which deliveries."""

    state: Literal["waiting", "delivered", "failed", "stopped"] | None = None
    before: Annotated[str, msgspec.Meta(pattern="^[0-9]{1,15}-[0-9a-f]{32}$", max_length=48)] | None = None
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class RedriveQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """A span of time in which things were true, its end left out, in ms since 1970."""

    from_: Moment
    to: Moment


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries are queued by this."""

    version: int = 1
    queued: int


_UNKNOWN: Final = (reasons.UNKNOWN_WEBHOOK,)
_WANTED: Final = (reasons.BAD_WEBHOOK_URL, reasons.UNKNOWN_VENUE, BEYOND_SCOPE)


class WebhookRoutes:
    """The handlers."""

    def __init__(self, desk: WebhookDesk) -> None:
        self._desk = desk

    def routes(self) -> Sequence[Route]:
        one, wanted = "/v1/webhooks/{id}", WebhookRequest
        return (
            _route("GET", "/v1/webhooks", self.list, _LIST, answer=Webhooks),
            _route("POST", "/v1/webhooks", self.add, _ADD, (*_WANTED, reasons.TOO_MANY_WEBHOOKS), wanted, NewSecret, 201),
            _route("GET", one, self.one, _ONE, _UNKNOWN, answer=WebhookState),
            _route("PUT", one, self.change, _CHANGE, (*_UNKNOWN, *_WANTED), wanted, WebhookState),
            _route("DELETE", one, self.remove, _REMOVE, _UNKNOWN, answer=Removed),
            _route("POST", f"{one}/secret", self.rotate, _ROTATE, _UNKNOWN, SecretRequest, NewSecret, 201),
            _route("POST", f"{one}/ping", self.ping, _PING, (*_UNKNOWN, reasons.WEBHOOK_OFF), answer=Queued, status=202),
            _route("GET", f"{one}/deliveries", self.deliveries, _LOG, _UNKNOWN, answer=Deliveries, query=DeliveriesQuery),
            _route(
                "POST",
                f"{one}/deliveries/{{delivery}}/redrive",
                self.redrive_one,
                _AGAIN,
                (*_UNKNOWN, reasons.UNKNOWN_DELIVERY, reasons.WEBHOOK_OFF),
                answer=Queued,
                status=202,
            ),
            _route(
                "POST",
                f"{one}/redrive",
                self.redrive,
                _REDRIVE,
                (*_UNKNOWN, reasons.WEBHOOK_OFF),
                answer=Queued,
                status=202,
                query=RedriveQuery,
            ),
        )

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/webhooks."""
        found = await self._desk.listed(caller(request))
        return answered(Webhooks(webhooks=[_shown(hook, waiting) for hook, waiting in found]))

    async def one(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/webhooks/{id}."""
        return answered(WebhookState(webhook=_shown(*await self._desk.one(caller(request), _id(request)))))

    async def add(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/webhooks."""
        hook, secret = await self._desk.add(caller(request), _wanted(await read(request, WebhookRequest)))
        return answered(NewSecret(webhook=_shown(hook), secret=secret), 201)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/webhooks/{id}."""
        hook = await self._desk.change(caller(request), _id(request), _wanted(await read(request, WebhookRequest)))
        return answered(WebhookState(webhook=_shown(hook)))

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/webhooks/{id}."""
        await self._desk.remove(caller(request), _id(request))
        return answered(Removed(id=_id(request)))

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/webhooks/{id}/secret."""
        asked = await read(request, SecretRequest)
        hook, secret = await self._desk.rotate(caller(request), _id(request), asked.overlap_h)
        return answered(NewSecret(webhook=_shown(hook), secret=secret), 201)

    async def ping(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/webhooks/{id}/ping."""
        await self._desk.ping(caller(request), _id(request))
        return answered(Queued(queued=1), 202)

    async def deliveries(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/webhooks/{id}/deliveries."""
        asked = query_of(request, DeliveriesQuery)
        at_ms, _, last = (asked.before or "").partition("-")
        before = (int(at_ms), last) if asked.before else None
        page = await self._desk.deliveries(caller(request), _id(request), asked.state, before, asked.limit)
        full = len(page) == asked.limit
        following = f"{page[-1][0].created_ms}-{page[-1][0].id}" if full else None
        return answered(Deliveries(deliveries=[_delivery(*one) for one in page], next_before=following))

    async def redrive_one(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/webhooks/{id}/deliveries/{delivery}/redrive."""
        queued = await self._desk.redrive_one(caller(request), _id(request), request.match_info["delivery"])
        return answered(Queued(queued=queued), 202)

    async def redrive(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/webhooks/{id}/redrive?from&to."""
        asked = query_of(request, RedriveQuery)
        return answered(Queued(queued=await self._desk.redrive(caller(request), _id(request), asked.from_, asked.to)), 202)


_LIST: Final = Words("The webhooks in the caller's reach.", "روابط الإبلاغ التي يصل إليها نطاق صاحب الطلب.")
_ADD: Final = Words("Makes a webhook; its secret is shown this once.", "إنشاء رابط إبلاغ؛ ويظهر سره هذه المرة فقط.")
_ONE: Final = Words("One webhook.", "رابط إبلاغ واحد.")
_CHANGE: Final = Words("Changes a webhook, switches it on or off.", "تعديل رابط إبلاغ أو تشغيله أو إيقافه.")
_REMOVE: Final = Words("Removes a webhook with everything queued for it.", "حذف رابط إبلاغ وكل ما ينتظر الإرسال إليه.")
_ROTATE: Final = Words("Gives a webhook a new secret; both sign for a while.", "إصدار سر جديد لرابط إبلاغ؛ ويوقّع السران معًا لمدة.")
_PING: Final = Words("Sends a webhook a test.", "إرسال رسالة تجربة إلى رابط إبلاغ.")
_LOG: Final = Words("What a webhook was told, and what came of it.", "ما أُبلغ به الرابط وما آل إليه.")
_AGAIN: Final = Words("Tells a webhook one thing again.", "إعادة إبلاغ الرابط بأمر واحد.")
_REDRIVE: Final = Words("Tells a webhook again what was true in a span.", "إعادة إبلاغ الرابط بما جرى خلال مدة.")


def _route(
    method: str,
    path: str,
    handler: Handler,
    words: Words,
    refusals: tuple[Reason, ...] = (),
    request: type | None = None,
    answer: type | None = None,
    status: int = 200,
    query: type | None = None,
) -> Route:
    return Route(
        method, path, handler, words, MANAGE_WEBHOOKS, request=request, answer=answer, status=status, refusals=refusals, query=query
    )


def _id(request: web.Request) -> str:
    return request.match_info["id"]


def _wanted(asked: WebhookRequest) -> Wanted:
    return Wanted(asked.name, asked.url, frozenset(asked.kinds), frozenset(asked.venues), asked.on)


def _shown(hook: Webhook, waiting: int | None = None) -> WebhookShown:
    return WebhookShown(
        id=hook.id,
        name=hook.name,
        url=hook.url,
        kinds=sorted(hook.kinds),
        venues=[VenueId(venue) for venue in sorted(hook.venues)],
        on=hook.state == ACTIVE,
        reason=hook.reason,
        created_ms=hook.created_ms,
        failing_since_ms=hook.failing_since_ms,
        old_secret_until_ms=hook.old_until_ms,
        waiting=waiting,
    )


def _delivery(one: Delivery, tries: Sequence[Attempt]) -> DeliveryShown:
    return DeliveryShown(
        id=one.id,
        webhook_id=one.told_id,
        kind=one.kind,
        venue=one.venue,
        state=one.state,
        reason=one.reason,
        at_ms=one.at_ms,
        created_ms=one.created_ms,
        next_ms=one.next_ms if one.done_ms is None else None,
        done_ms=one.done_ms,
        tries=[
            TryShown(
                at_ms=each.at_ms,
                attempt=each.attempt,
                status=each.status,
                latency_ms=each.latency_ms,
                problem=each.problem,
                excerpt=each.excerpt,
            )
            for each in tries
        ],
    )
