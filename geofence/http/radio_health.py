"""Radio health: an installer asks which of a venue's radios are in doubt, what was learned of their gains, and whose clock is off."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from geofence import reasons
from geofence.pipeline import Told
from geofence.places import Places, VenueKey
from geofence.queries.clocks import skews
from geofence.tracking.identities import Boots
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.radio_health import Doubt, RadioHealth
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.http import Route, answered, caller
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_NOTHING = Told({}, {})


class RadioHealthRoutes:
    """The handler. `told` is what the engines of this process said last."""

    def __init__(self, places: Places, boots: Boots, told: Mapping[VenueKey, Told], parts: Parts) -> None:
        self._places = places
        self._boots = boots
        self._told = told
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/radio-health",
                self.show,
                Words(
                    "Radios in doubt, gains learned while running, and clocks that are off.",
                    "أجهزة راديو مشكوك فيها، وفروق الاستقبال المتعلَّمة أثناء العمل، والساعات غير المضبوطة.",
                ),
                grant=MANAGE_GATEWAYS,
                answer=RadioHealth,
                refusals=(reasons.UNKNOWN_VENUE,),
            ),
        )

    async def show(self, request: web.Request) -> web.Response:
        """GET /v1/venues/{venue}/radio-health."""
        who, venue = caller(request), VenueId(request.match_info["venue"])
        tenant = TenantId(who.tenant)
        if not who.within(venue) or self._places.published(tenant, venue) is None:
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        told = self._told.get((tenant, venue), _NOTHING)
        boxes = self._places.gateways(tenant)
        here = {name for name, box in boxes.items() if box.venue == venue}
        shared = [name for name in self._boots.of(tenant, self._parts.clock.now_ms()) if name in here]
        off = await self._parts.db.read(lambda conn: skews(conn, tenant))
        clocks_ms: dict[str, int] = {one.gateway: one.offset_ms for one in off if one.gateway in here}
        doubts = [Doubt(kind="gateway", id=name, why="shared") for name in shared]
        doubts += [Doubt(kind="beacon", id=name, why=why) for name, why in told.doubted.items()]
        return answered(RadioHealth(tenant=tenant, venue=venue, doubts=doubts, gains_db=dict(told.gains_db), clocks_ms=clocks_ms))
