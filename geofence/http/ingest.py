"""Routes of the geofence: gateways send sightings, phones send ranging reports. What is taken in is decided in `intake/accept.py`."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from geofence import reasons
from geofence.intake.accept import Accepted, Ingest
from groundwork.contracts.ranging import RangingAnswer, RangingReport
from groundwork.contracts.sighting import FRAME_TYPE, JSON_TYPE, BatchAnswer, SightingBatch
from groundwork.people.model import SEND_RANGING, SEND_SIGHTINGS
from groundwork.plumbing.http import Route, body, caller, decoded, read
from groundwork.plumbing.reasons import Words

REPEAT_HEADER: Final = "Aislecast-Repeat"
"""`true` where the batch was accepted before and this is that answer again."""

_SHARED: Final = (reasons.BAD_BATCH, reasons.TOO_MANY_ROWS, reasons.FOREIGN_TENANT, reasons.NO_PLAN, reasons.BATCH_CHANGED)


class IngestRoutes:
    """The handlers; tenant, sender and venue come from the credential alone."""

    def __init__(self, ingest: Ingest) -> None:
        self._ingest = ingest

    def routes(self) -> Sequence[Route]:
        limit = self._ingest.settings.max_body_bytes
        return (
            Route(
                "POST",
                "/v1/sightings",
                self.sightings,
                Words("A gateway's batch of sightings, as JSON or as a column frame.", "دفعة رصد من بوابة، بصيغة JSON أو إطار أعمدة."),
                grant=SEND_SIGHTINGS,
                request=SightingBatch,
                answer=BatchAnswer,
                refusals=(*_SHARED, reasons.FOREIGN_GATEWAY, reasons.FOREIGN_RADIO, reasons.NO_VENUE),
                signed=True,
                media=(JSON_TYPE, FRAME_TYPE),
                max_body=limit,
            ),
            Route(
                "POST",
                "/v1/ranging",
                self.ranging,
                Words("The fixed beacons a phone heard since its last report.", "المنارات الثابتة التي سمعها الهاتف منذ تقريره السابق."),
                grant=SEND_RANGING,
                request=RangingReport,
                answer=RangingAnswer,
                refusals=(*_SHARED, reasons.FOREIGN_VENUE, reasons.NO_POSITIONING_CONSENT),
                max_body=limit,
            ),
        )

    async def sightings(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/sightings: 200 once the batch is durable; the first answer again, byte for byte, where it was before."""
        raw = await body(request)
        batch = raw if request.content_type == FRAME_TYPE else decoded(raw, SightingBatch)
        return _answer(await self._ingest.sightings(caller(request), batch))

    async def ranging(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/ranging: 200 once the report is durable; the first answer again where it was before."""
        return _answer(await self._ingest.ranging(caller(request), await read(request, RangingReport)))


def _answer(accepted: Accepted) -> web.Response:
    headers = {REPEAT_HEADER: "true"} if accepted.repeat else None
    return web.Response(body=accepted.answer, content_type=JSON_TYPE, headers=headers)
