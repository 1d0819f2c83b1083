"""Radio health: an installer asks which of a venue's radios are in doubt, and what was learned of their gains."""

from collections.abc import Mapping, Sequence

from aiohttp import web

from geofence import reasons
from geofence.identities import Boots
from geofence.pipeline import Told
from geofence.places import Places, VenueKey
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.radio_health import Doubt, RadioHealth
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.http import Route, answered, caller
from groundwork.plumbing.reasons import Refusal, Words

_NOTHING = Told({}, {})


class RadioHealthRoutes:
    """The handler. `told` is what the engines of this process said last."""

    def __init__(self, places: Places, boots: Boots, told: Mapping[VenueKey, Told], clock: Clock) -> None:
        self._places = places
        self._boots = boots
        self._told = told
        self._clock = clock

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/radio-health",
                self.show,
                Words("Radios in doubt, and gains learned while running.", "أجهزة راديو مشكوك فيها، وفروق الاستقبال المتعلَّمة أثناء العمل."),
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
        shared = [name for name in self._boots.of(tenant, self._clock.now_ms()) if name in boxes and boxes[name].venue == venue]
        doubts = [Doubt(kind="gateway", id=name, why="shared") for name in shared]
        doubts += [Doubt(kind="beacon", id=name, why=why) for name, why in told.doubted.items()]
        return answered(RadioHealth(venue=venue, doubts=doubts, gains_db=dict(told.gains_db)))
