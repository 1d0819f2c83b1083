"""Routes of venues: those a caller may see, what one of them is, and the plan in force for it."""

import re
from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from aiohttp import web

from floorplans import queries
from floorplans.http.reach import READ_STATUS, WRITE_PLANS, asked_of, tagged
from floorplans.model import Names, Plan, Policy, Polygon, Venue
from floorplans.reasons import NO_PUBLISHED_PLAN, UNKNOWN_VENUE
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, query_of, read
from groundwork.plumbing.problems import FIELD_WRONG
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_ID = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_ID_WORDS = Words("1 to 64 Latin letters, digits and . _ : -", "من 1 إلى 64 من الأحرف اللاتينية والأرقام و. _ : -")
_ZONE_WORDS = Words("a time zone such as Asia/Riyadh", "منطقة زمنية مثل Asia/Riyadh")
_Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_TimeOfDay = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", max_length=5)]


class Venues(msgspec.Struct, frozen=True, kw_only=True):
    """The venues a caller may see, by id."""

    version: int = 1
    venues: list[Venue]
    next_after: str | None = None
    """What to ask for next; None where nothing follows."""


class VenuesAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the venues."""

    after: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 1_000


class BothNames(msgspec.Struct, frozen=True, kw_only=True):
    """What it is called in both languages."""

    ar: _Name
    en: _Name


class PutPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the venue decides for itself."""

    window_ms: Annotated[int, msgspec.Meta(ge=100, le=1_000)] = 500
    allowed_lateness_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 1_000
    quiet_from: _TimeOfDay = "22:00"
    quiet_until: _TimeOfDay = "09:00"
    pushes_per_visit: Annotated[int, msgspec.Meta(ge=0, le=2)] = 1


class PutVenue(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A venue as it is from now on; its id is in the path, and its plan is drawn in its draft."""

    version: int = 1
    names: BothNames
    time_zone: Annotated[str, msgspec.Meta(max_length=64)]
    """Of the IANA list: `Asia/Riyadh`."""
    country: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$", max_length=2)] = "SA"
    policy: PutPolicy = PutPolicy()
    outline: tuple[Polygon, ...] = ()
    """On the earth: degrees, longitude first."""
    hours: Annotated[str, msgspec.Meta(max_length=500)] = ""
    category: Annotated[str, msgspec.Meta(max_length=64)] = "retailstore"
    address: Annotated[str, msgspec.Meta(max_length=500)] = ""


class VenueRoutes:
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
                grant=READ_STATUS,
                answer=Venues,
                query=VenuesAsked,
            ),
            Route(
                "GET",
                "/v1/venues/{venue}",
                self.venue,
                Words("One venue.", "متجر واحد."),
                grant=READ_STATUS,
                answer=Venue,
                refusals=(UNKNOWN_VENUE,),
            ),
            Route(
                "PUT",
                "/v1/venues/{venue}",
                self.put,
                Words("Adds a venue or changes what it is.", "إضافة متجر أو تغيير بياناته."),
                grant=WRITE_PLANS,
                request=PutVenue,
                answer=Venue,
                refusals=(UNKNOWN_VENUE,),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/plan",
                self.plan,
                Words("The plan in force for one venue.", "المخطط المعمول به في متجر واحد."),
                grant=READ_STATUS,
                answer=Plan,
                refusals=(UNKNOWN_VENUE, NO_PUBLISHED_PLAN),
            ),
        )

    async def venues(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues: a page at a time, by id."""
        who, page = caller(request), query_of(request, VenuesAsked)
        found = await self._parts.db.read(lambda conn: queries.venues(conn, TenantId(who.tenant), who.scopes, page.after, page.limit + 1))
        more = found[page.limit - 1].id if len(found) > page.limit else None
        return answered(Venues(venues=found[: page.limit], next_after=more))

    async def venue(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}: 404 alike for a venue that is not there and for one out of the caller's reach."""
        asked = asked_of(request, self._parts)
        found = await self._parts.db.read(lambda conn: queries.venue(conn, asked.tenant, asked.venue))
        if found is None:
            raise Refusal(UNKNOWN_VENUE, value=asked.venue)
        return tagged(request, found)

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/venues/{venue}: at once, not with the next version; whoever is limited to some venues adds no other."""
        sent, asked = await read(request, PutVenue), asked_of(request, self._parts)
        made = _venue(asked.tenant, asked.venue, sent)

        def put(conn: Connection) -> None:
            before = queries.venue(conn, asked.tenant, asked.venue)
            if before == made:
                return
            queries.add_venue(conn, made, asked.at_ms)
            record(conn, asked.tenant, asked.at_ms, Act(asked.actor, "venue.put", asked.venue, before, made))

        await self._parts.db.write(put)
        return answered(made)

    async def plan(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/plan: 404 alike for a venue that is not there and for one out of the caller's reach."""
        asked = asked_of(request, self._parts)
        known = await self._parts.db.read(lambda conn: queries.venue(conn, asked.tenant, asked.venue))
        if known is None:
            raise Refusal(UNKNOWN_VENUE, value=asked.venue)
        plan = await self._parts.db.read(lambda conn: queries.published_plan(conn, asked.tenant, asked.venue))
        if plan is None:
            raise Refusal(NO_PUBLISHED_PLAN, value=asked.venue)
        return tagged(request, plan)


def _venue(tenant: TenantId, venue: VenueId, sent: PutVenue) -> Venue:
    if not _ID.fullmatch(venue):
        raise Refusal(FIELD_WRONG, at="path", value=venue, expected=_ID_WORDS)
    try:
        ZoneInfo(sent.time_zone)
    except (ValueError, OSError, KeyError):
        raise Refusal(FIELD_WRONG, at="/time_zone", value=sent.time_zone, expected=_ZONE_WORDS) from None
    policy = Policy(**msgspec.structs.asdict(sent.policy))
    names = Names(sent.names.ar, sent.names.en)
    return Venue(venue, tenant, names, sent.time_zone, sent.country, policy, sent.outline, sent.hours, sent.category, sent.address)
