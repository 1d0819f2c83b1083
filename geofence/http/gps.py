"""Routes of what happens outside: phones send GPS reports and see their own arrivals; operators see how many are on their way."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from floorplans import queries as places
from geofence import reasons
from geofence.http.ingest import REPEAT_HEADER
from geofence.intake.accept import Accepted
from geofence.outdoor.accept import GpsIntake
from geofence.outdoor.settings import Settings
from geofence.queries import arrivals
from groundwork.contracts.gps_report import GPS_FRAME_TYPE, Arrivals, ArrivalWindow, GpsAnswer, GpsBatch, OwnArrival, OwnArrivals
from groundwork.contracts.ids import DeviceId, TenantId, VenueId
from groundwork.contracts.sighting import JSON_TYPE
from groundwork.people.model import READ_AGGREGATES, SEND_RANGING
from groundwork.plumbing.http import Route, answered, body, caller, decoded
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

WINDOWS_MIN: Final = (2, 5, 10, 20)
_DAY_MS: Final = 86_400_000
_LATELY_MS: Final = 7_200_000
"""What has not been heard of for so long is not counted as outside any more."""


class GpsRoutes:
    """The handlers; tenant and phone come from the credential alone."""

    def __init__(self, parts: Parts, intake: GpsIntake, settings: Settings) -> None:
        self._parts = parts
        self._intake = intake
        self._settings = settings

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/gps-reports",
                self.reports,
                Words(
                    "Where a phone was since its last report, with its own accuracy: one, many, or a column frame.",
                    "مواقع الهاتف منذ تقريره السابق مع دقتها: موقع واحد أو عدة مواقع أو إطار أعمدة.",
                ),
                grant=SEND_RANGING,
                request=GpsBatch,
                answer=GpsAnswer,
                refusals=(
                    reasons.BAD_BATCH,
                    reasons.TOO_MANY_ROWS,
                    reasons.FOREIGN_TENANT,
                    reasons.NO_POSITIONING_CONSENT,
                    reasons.BATCH_CHANGED,
                ),
                media=(JSON_TYPE, GPS_FRAME_TYPE),
                max_body=self._settings.max_body_bytes,
            ),
            Route(
                "GET",
                "/v1/arrivals",
                self.own,
                Words("Her own visits of the last day as seen from outside.", "زياراتها خلال اليوم الأخير كما تُرى من خارج المتجر."),
                grant=SEND_RANGING,
                answer=OwnArrivals,
                refusals=(reasons.NO_POSITIONING_CONSENT,),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/arrivals",
                self.counts,
                Words(
                    "How many shoppers are on their way to a venue, and when they are expected; counts only.",
                    "كم متسوقًا في الطريق إلى المتجر ومتى يُتوقع وصولهم؛ أعداد فقط.",
                ),
                grant=READ_AGGREGATES,
                answer=Arrivals,
                refusals=(reasons.UNKNOWN_VENUE,),
            ),
        )

    async def reports(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/gps-reports: 200 once the batch is durable; the first answer again, byte for byte, where it was before."""
        raw = await body(request)
        batch = raw if request.content_type == GPS_FRAME_TYPE else decoded(raw, GpsBatch)
        return _accepted(await self._intake.reports(caller(request), batch))

    async def own(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/arrivals."""
        who = caller(request)
        subject = self._intake.people.resolver(TenantId(who.tenant)).device(DeviceId(who.subject))
        if subject is None:
            raise Refusal(reasons.NO_POSITIONING_CONSENT)
        since_ms = self._parts.clock.now_ms() - _DAY_MS
        found = await self._parts.db.read(lambda conn: arrivals.of_shopper(conn, subject.tenant, subject.pseudonym, since_ms))
        hers = [
            OwnArrival(venue=one.venue, visit=one.visit, state=one.state, since_ms=one.at_ms, arrives_ms=one.arrives_ms) for one in found
        ]
        return answered(OwnArrivals(tenant=subject.tenant, arrivals=hers))

    async def counts(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/arrivals: counts under the threshold are not told, and windows that would give them away neither."""
        who, venue, now_ms = caller(request), VenueId(request.match_info["venue"]), self._parts.clock.now_ms()
        tenant = TenantId(who.tenant)
        if not who.within(venue) or await self._parts.db.read(lambda conn: places.venue(conn, tenant, venue)) is None:
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        found = await self._parts.db.read(lambda conn: arrivals.counts(conn, tenant, venue, now_ms - _LATELY_MS))
        windows = [sum(ms <= now_ms + until * 60_000 for ms in found.arrives_ms) for until in WINDOWS_MIN]
        least = self._settings.hidden_under
        *told, approaching = rising([*windows, found.approaching], least)
        (arrived,) = rising([found.arrived], least)
        return answered(
            Arrivals(
                tenant=tenant,
                venue=venue,
                at_ms=now_ms,
                hidden_under=least,
                approaching=approaching,
                arrived=arrived,
                windows=[ArrivalWindow(within_min=until, expected=count) for until, count in zip(WINDOWS_MIN, told, strict=True)],
            )
        )


def rising(counts: Sequence[int], least: int) -> list[int | None]:
    """Counts of which each includes the one before; told where neither it nor what it adds to the last that was told is under `least`."""
    told: list[int | None] = []
    last = 0
    for count in counts:
        enough = count == last or count - last >= least
        told.append(count if enough else None)
        last = count if enough else last
    return told


def _accepted(accepted: Accepted) -> web.Response:
    headers = {REPEAT_HEADER: "true"} if accepted.repeat else None
    return web.Response(body=accepted.answer, content_type=JSON_TYPE, headers=headers)
