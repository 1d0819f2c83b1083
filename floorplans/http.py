"""Routes of places: the venues a caller may see, and the plan in force for one."""

from collections.abc import Sequence

import msgspec
from aiohttp import web

from floorplans import queries
from floorplans.model import Plan, Venue
from floorplans.reasons import NO_PUBLISHED_PLAN, UNKNOWN_VENUE
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.http import Route, answered, caller
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_READ_STATUS = "status.read"


class Venues(msgspec.Struct, frozen=True, kw_only=True):
    """The venues a caller may see, by id."""

    version: int = 1
    venues: list[Venue]


class PlaceRoutes:
    """The handlers; a caller limited to some venues sees no other."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues",
                self.venues,
                Words("The venues the caller may see.", "المتاجر التي يحق للمُرسِل رؤيتها."),
                grant=_READ_STATUS,
                answer=Venues,
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/plan",
                self.plan,
                Words("The plan in force for one venue.", "المخطط المعمول به في متجر واحد."),
                grant=_READ_STATUS,
                answer=Plan,
                refusals=(UNKNOWN_VENUE, NO_PUBLISHED_PLAN),
            ),
        )

    async def venues(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues."""
        who = caller(request)
        found = await self._parts.db.read(lambda conn: queries.venues(conn, TenantId(who.tenant)))
        return answered(Venues(venues=[venue for venue in found if who.within(venue.id)]))

    async def plan(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/plan: 404 alike for a venue that is not there and for one out of the caller's reach."""
        who, venue = caller(request), VenueId(request.match_info["venue"])
        tenant = TenantId(who.tenant)
        if not who.within(venue):
            raise Refusal(UNKNOWN_VENUE, value=venue)
        known = await self._parts.db.read(lambda conn: queries.venue(conn, tenant, venue))
        if known is None:
            raise Refusal(UNKNOWN_VENUE, value=venue)
        plan = await self._parts.db.read(lambda conn: queries.published_plan(conn, tenant, venue))
        if plan is None:
            raise Refusal(NO_PUBLISHED_PLAN, value=venue)
        return answered(plan)
