"""Calibrations: an operator hands in what `aislecast calibrate` wrote, puts it in force in a running venue, and can go back."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from aiohttp import web

from geofence import reasons
from geofence.calibrating import drop, keep
from geofence.calibrating.keep import MOST_BYTES, Asked, file_of
from geofence.places import Places
from geofence.positioning.anchors import Calibration
from groundwork.contracts.calibration import CalibrationHeld, UseCalibrationRequest, VenueCalibrations
from groundwork.contracts.ids import CalibrationId, TenantId, VenueId
from groundwork.contracts.subjects import CALIBRATION_CHANGED
from groundwork.people.model import MANAGE_GATEWAYS
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, body, caller, decoded, query_of, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

T = TypeVar("T")


class HowToKeep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the file is to be in force at once."""

    use: bool = False


class CalibrationRoutes:
    """The handlers."""

    def __init__(self, parts: Parts, places: Places, most: int) -> None:
        """`most` calibrations are kept of one venue."""
        self._parts = parts
        self._places = places
        self._most = most

    def routes(self) -> Sequence[Route]:
        return (*self._readings(), *self._changes())

    def _readings(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/calibrations",
                self.show,
                Words("The venue's calibrations, and which one is in force.", "معايرات المتجر، وأيها معمول بها."),
                grant=MANAGE_GATEWAYS,
                answer=VenueCalibrations,
                refusals=(reasons.UNKNOWN_VENUE,),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/calibrations/{id}",
                self.file,
                Words("One calibration, as a file.", "معايرة واحدة في صورة ملف."),
                grant=MANAGE_GATEWAYS,
                answer=Calibration,
                refusals=(reasons.UNKNOWN_VENUE, reasons.UNKNOWN_CALIBRATION),
            ),
        )

    def _changes(self) -> Sequence[Route]:
        return (
            Route(
                "DELETE",
                "/v1/venues/{venue}/calibrations/{id}",
                self.remove,
                Words("Drops a calibration that is not in force and that nothing needs any more.", "حذف معايرة لا يُعمل بها ولم تعد تلزم."),
                grant=MANAGE_GATEWAYS,
                answer=VenueCalibrations,
                refusals=(
                    reasons.UNKNOWN_VENUE,
                    reasons.UNKNOWN_CALIBRATION,
                    reasons.CALIBRATION_IN_FORCE,
                    reasons.CALIBRATION_NEEDED,
                ),
            ),
            Route(
                "POST",
                "/v1/venues/{venue}/calibrations",
                self.post,
                Words("Keeps a calibration file, and with `use` puts it in force.", "حفظ ملف معايرة، والعمل به مع `use`."),
                grant=MANAGE_GATEWAYS,
                request=Calibration,
                query=HowToKeep,
                answer=CalibrationHeld,
                status=201,
                refusals=(
                    reasons.UNKNOWN_VENUE,
                    reasons.CALIBRATION_OF_ELSEWHERE,
                    reasons.CALIBRATION_TOO_LARGE,
                    reasons.TOO_MANY_CALIBRATIONS,
                ),
                max_body=MOST_BYTES,
            ),
            Route(
                "PUT",
                "/v1/venues/{venue}/calibration",
                self.put,
                Words("Puts a calibration in force, an earlier one or none.", "العمل بمعايرة، أو بسابقة، أو دون معايرة."),
                grant=MANAGE_GATEWAYS,
                request=UseCalibrationRequest,
                answer=VenueCalibrations,
                refusals=(reasons.UNKNOWN_VENUE, reasons.UNKNOWN_CALIBRATION, reasons.CALIBRATION_OF_ELSEWHERE),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/calibrations."""
        asked = self._asked(request)
        return answered(await keep.shown(self._parts.db, asked))

    async def file(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/calibrations/{id}: what was handed in, field for field."""
        asked, wanted = self._asked(request), CalibrationId(request.match_info["id"])
        raw = await self._parts.db.read(lambda conn: keep.file_bytes(conn, asked, wanted))
        return web.Response(body=raw, content_type="application/json")

    async def post(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/calibrations: 201 for a repeat too, with the same id."""
        asked, how = self._asked(request), query_of(request, HowToKeep)
        raw = await body(request)
        found = await asyncio.to_thread(lambda: file_of(decoded(raw, Calibration)))

        def work(conn: Connection) -> CalibrationHeld:
            keep.keep(conn, asked, found, self._most)
            if how.use:
                keep.use(conn, asked, found.known)
            return keep.held(conn, asked, found.known)

        return answered(await self._changed(work), 201)

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/venues/{venue}/calibrations/{id}: the file is gone; from when on it was in force stays in the history."""
        asked, wanted = self._asked(request), CalibrationId(request.match_info["id"])
        named = await drop.needed(self._parts.bus, asked)
        await self._parts.db.write(lambda conn: drop.drop(conn, asked, wanted, named))
        return answered(await keep.shown(self._parts.db, asked))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/venues/{venue}/calibration: who was in a zone stays in it."""
        asked, sent = self._asked(request), await read(request, UseCalibrationRequest)
        found = await keep.find(self._parts.db, asked, CalibrationId(sent.id)) if sent.id is not None else None

        def work(conn: Connection) -> VenueCalibrations:
            keep.use(conn, asked, found)
            return keep.listed(conn, asked, found)

        return answered(await self._changed(work))

    async def _changed(self, work: Callable[[Connection], T]) -> T:
        """What `work` answers, once this process acts on it and the others are told."""
        told = await self._parts.db.write(work)
        await self._places.calibrations.renew()
        await self._parts.bus.announce(CALIBRATION_CHANGED, b"")
        return told

    def _asked(self, request: web.Request) -> Asked:
        """Raises Refusal alike for a venue that is out of the caller's reach and for one that is not there."""
        who, venue = caller(request), VenueId(request.match_info["venue"])
        if not who.within(venue):
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        return Asked(TenantId(who.tenant), venue, who.subject, self._parts.clock.now_ms())
