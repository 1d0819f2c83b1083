"""Routes of sheets: the pictures that levels are drawn over, how they lie, and what two or more known distances say of their scale.

A picture comes in by an import and is served as we encoded it, never as it was sent; its type is one of two, and no browser guesses.
"""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from aiohttp import web

from floorplans import queries
from floorplans.georeference import KnownDistance, Scale, scale_of
from floorplans.http.reach import READ_STATUS, WRITE_PLANS, asked_of, tagged, unchanged, with_tag
from floorplans.queries import sheets as rows
from floorplans.queries.sheets import KeptSheet
from floorplans.reasons import BAD_DISTANCES, UNKNOWN_SHEET, UNKNOWN_VENUE
from floorplans.sheets import Placing
from groundwork.contracts.ids import LevelId, TenantId, VenueId
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, read
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_Metres = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
_On: Final = "/v1/venues/{venue}/sheets/{level}"


class Measured(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Two points on the sheet, in its own unit from its lower left corner, and the metres between them on the floor."""

    a: tuple[_Metres, _Metres]
    b: tuple[_Metres, _Metres]
    metres: Annotated[float, msgspec.Meta(gt=0, le=1e5)]


class PlaceSheet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sheet is to lie. With `distances` its scale follows from them, whatever `metres_per_unit` says."""

    version: int = 1
    x_m: _Metres = 0.0
    y_m: _Metres = 0.0
    """Of its lower left corner, in the level's frame."""
    rotation_deg: Annotated[float, msgspec.Meta(ge=-360, le=360)] = 0.0
    metres_per_unit: Annotated[float, msgspec.Meta(gt=0, le=1e5)] | None = None
    distances: Annotated[list[Measured], msgspec.Meta(max_length=20)] = []


class SheetShown(msgspec.Struct, frozen=True, kw_only=True):
    """One sheet; its picture is at its own address."""

    level: LevelId
    media: str
    digest: str
    unit: str
    """Of width and height: px, pt or mm."""
    width: float
    height: float
    placing: Placing
    actor: str
    at_ms: int


class Sheets(msgspec.Struct, frozen=True, kw_only=True):
    """The venue's sheets, by level."""

    version: int = 1
    sheets: list[SheetShown]


class ScaleShown(msgspec.Struct, frozen=True, kw_only=True):
    """What the distances say."""

    metres_per_unit: float
    disagreement_percent: float
    """Between the largest and the smallest scale that one of them alone would give."""
    errors_m: list[float]
    """What each distance would measure too much."""
    warnings: list[str]


class SheetPlaced(msgspec.Struct, frozen=True, kw_only=True):
    """How the sheet lies now, and how well the distances agree, where any were given."""

    version: int = 1
    sheet: SheetShown
    scale: ScaleShown | None


class SheetRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        none = (UNKNOWN_VENUE, UNKNOWN_SHEET)
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/sheets",
                self.sheets,
                Words("The pictures that levels are drawn over.", "الصور التي تُرسم الطوابق فوقها."),
                grant=READ_STATUS,
                answer=Sheets,
                refusals=(UNKNOWN_VENUE,),
            ),
            Route(
                "GET",
                _On,
                self.picture,
                Words("The picture under a level, as we encoded it.", "الصورة تحت طابق كما رمّزناها."),
                grant=READ_STATUS,
                answer_media="image/png",
                refusals=none,
            ),
            Route(
                "PUT",
                _On,
                self.place,
                Words("Says how the picture under a level lies.", "تحديد موضع الصورة تحت طابق."),
                grant=WRITE_PLANS,
                request=PlaceSheet,
                answer=SheetPlaced,
                refusals=(*none, BAD_DISTANCES),
            ),
            Route(
                "DELETE",
                _On,
                self.drop,
                Words("Takes the picture under a level away.", "إزالة الصورة من تحت طابق."),
                grant=WRITE_PLANS,
                status=204,
                refusals=none,
            ),
        )

    async def sheets(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/sheets, with an ETag."""
        asked = asked_of(request, self._parts)

        def look(conn: Connection) -> list[KeptSheet]:
            if queries.venue(conn, asked.tenant, asked.venue) is None:
                raise Refusal(UNKNOWN_VENUE, value=asked.venue)
            return rows.sheets(conn, asked.tenant, asked.venue)

        return tagged(request, Sheets(sheets=[_shown(one) for one in await self._parts.db.read(look)]))

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/sheets/{level}, with an ETag."""
        asked, level = asked_of(request, self._parts), LevelId(request.match_info["level"])
        kept = await self._parts.db.read(lambda conn: _one(conn, asked.tenant, asked.venue, level))
        if (known := unchanged(request, kept.digest)) is not None:
            return known
        raw = await self._parts.db.read(lambda conn: rows.picture(conn, asked.tenant, asked.venue, level))
        if raw is None:  # taken away in between
            raise Refusal(UNKNOWN_SHEET, value=level)
        return with_tag(raw, kept.digest, kept.media)

    async def place(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/venues/{venue}/sheets/{level}: the same again changes nothing."""
        sent = await read(request, PlaceSheet)
        asked, level = asked_of(request, self._parts), LevelId(request.match_info["level"])
        scale = _scale(sent)
        per_unit = scale.metres_per_unit if scale else sent.metres_per_unit
        placing = Placing(sent.x_m, sent.y_m, sent.rotation_deg, per_unit)

        def put(conn: Connection) -> KeptSheet:
            before = _one(conn, asked.tenant, asked.venue, level)
            if before.placing != placing:
                rows.place(conn, asked.tenant, asked.venue, level, placing)
                record(conn, asked.tenant, asked.at_ms, Act(asked.actor, "sheet.place", asked.venue, before.placing, placing))
            return before._replace(placing=placing)

        return answered(SheetPlaced(sheet=_shown(await self._parts.db.write(put)), scale=_told(scale)))

    async def drop(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/venues/{venue}/sheets/{level}."""
        asked, level = asked_of(request, self._parts), LevelId(request.match_info["level"])

        def take(conn: Connection) -> None:
            if not rows.drop(conn, asked.tenant, asked.venue, level):
                raise Refusal(UNKNOWN_SHEET, value=level)
            record(conn, asked.tenant, asked.at_ms, Act(asked.actor, "sheet.drop", asked.venue, before={"level": level}))

        await self._parts.db.write(take)
        return web.Response(status=204)


def _one(conn: Connection, tenant: TenantId, venue: VenueId, level: LevelId) -> KeptSheet:
    found = next((one for one in rows.sheets(conn, tenant, venue) if one.level == level), None)
    if found is None:
        raise Refusal(UNKNOWN_SHEET, value=level)
    return found


def _scale(sent: PlaceSheet) -> Scale | None:
    if not sent.distances:
        return None
    try:
        return scale_of([KnownDistance(one.a, one.b, one.metres) for one in sent.distances])
    except ValueError as error:
        raise Refusal(BAD_DISTANCES, at="/distances", problem=phrase_of(error)) from None


def _told(scale: Scale | None) -> ScaleShown | None:
    if scale is None:
        return None
    errors = [round(error, 3) for error in scale.errors_m]
    percent = round(scale.disagreement_percent, 2)
    return ScaleShown(metres_per_unit=scale.metres_per_unit, disagreement_percent=percent, errors_m=errors, warnings=list(scale.warnings))


def _shown(one: KeptSheet) -> SheetShown:
    return SheetShown(**one._asdict())
