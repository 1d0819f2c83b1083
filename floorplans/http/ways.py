"""The route of ways: from here over a list of stops to there, for a shopper's phone and for operators.

Nothing of what is asked is kept: where she stands and what is on her list is hers.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from floorplans.errands import MOST_STOPS, ErrandAsked, ErrandTold, Guide
from floorplans.http.reach import FIND_WAYS, asked_of
from floorplans.reasons import NO_PUBLISHED_PLAN, OF_WAYS, UNKNOWN_VENUE
from floorplans.route import NoRoute
from floorplans.route_refusals import pointer_of, reason_of, stop_named
from floorplans.wayfinders import Wayfinders
from groundwork.plumbing.http import Route, answered, language, read
from groundwork.plumbing.problems import FIELD_MISSING
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts


class SpotAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A point on a level, in metres of its frame."""

    level: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    x_m: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
    y_m: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]


PlaceAsked = Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | SpotAsked
"""`LEVEL:x,y`, or the id of a zone, point, opening, shelf or product; `product:ID` says which is meant."""


class WayAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From where, what is fetched on the way, and to where; a list, an end, or both."""

    version: int = 1
    start: PlaceAsked = msgspec.field(name="from")
    to: PlaceAsked | None = None
    stops: Annotated[list[PlaceAsked], msgspec.Meta(max_length=MOST_STOPS)] = []
    """Fetched in the order that makes the walk short, unless `as_given`."""
    as_given: bool = False
    step_free: bool = False
    degrees: bool = False
    """The path in degrees (GeoJSON as it is meant) instead of metres of each level's frame; anchors have both."""
    every_m: Annotated[float, msgspec.Meta(ge=0.5, le=100)] = 2.0
    """At most so far from one anchor to the next."""


class WayRoutes:
    """The handler."""

    def __init__(self, parts: Parts, wayfinders: Wayfinders) -> None:
        self._parts, self._wayfinders = parts, wayfinders

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/venues/{venue}/routes",
                self.way,
                Words("The way through a venue, over a list of stops.", "الطريق داخل المتجر مرورًا بقائمة من المحطات."),
                grant=FIND_WAYS,
                request=WayAsked,
                answer=ErrandTold,
                refusals=(UNKNOWN_VENUE, NO_PUBLISHED_PLAN, *OF_WAYS),
            ),
        )

    async def way(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/routes: a stop that cannot be reached is refused by name, with the reason."""
        sent = await read(request, WayAsked)
        if sent.to is None and not sent.stops:
            raise Refusal(FIELD_MISSING, at="/to")
        asked, spoken = asked_of(request, self._parts), language(request)
        errand = ErrandAsked(
            start=_text(sent.start),
            stops=[_text(one) for one in sent.stops],
            end=None if sent.to is None else _text(sent.to),
            step_free=sent.step_free,
            as_given=sent.as_given,
            degrees=sent.degrees,
            every_m=sent.every_m,
        )

        def question(guide: Guide) -> ErrandTold:
            return guide.told(guide.found(errand), errand, spoken)

        try:
            return answered(await self._wayfinders.ask(asked.tenant, asked.venue, question))
        except NoRoute as fault:
            raise Refusal(reason_of(fault), at=pointer_of(fault, errand), value=stop_named(fault, errand)) from None


def _text(place: "str | SpotAsked") -> str:
    return place if isinstance(place, str) else f"{place.level}:{place.x_m:.6f},{place.y_m:.6f}"
