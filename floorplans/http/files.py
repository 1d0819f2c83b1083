"""Routes of files and pictures: write a plan as a file, draw a level. Taking files in is for `imports.py`."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import hdrs, web

from floorplans import drafts, queries
from floorplans.drafts import Asked
from floorplans.drawing import PlanFileError
from floorplans.formats import WRITERS
from floorplans.http.reach import READ_STATUS, asked_of
from floorplans.model import Level, Plan
from floorplans.reasons import (
    BAD_PLAN_FILE,
    NO_PUBLISHED_PLAN,
    UNKNOWN_LEVEL,
    UNKNOWN_PLAN_FORMAT,
    UNKNOWN_VENUE,
    UNKNOWN_VERSION,
)
from floorplans.render.png import png
from floorplans.render.scene import scene_of
from floorplans.render.svg import svg
from floorplans.sentences import said
from groundwork.contracts.ids import PlanVersionId
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, language, query_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

DRAFT: Final = "draft"
"""Stands for the draft where a version is asked for."""
_LONGEST_SIDE_PX: Final = 2_400
"""Of a picture over HTTP; PNG takes 12 bytes of memory a pixel while it is drawn."""
_MEDIA_OF: Final = {".zip": "application/zip", ".geojson": "application/geo+json", ".csv": "text/csv"}


class PlanAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plan, in which format."""

    format: Annotated[str, msgspec.Meta(max_length=32)] = "imdf"
    version: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: the one in force; `draft`: the draft."""


class PictureAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which picture of a level."""

    format: Literal["svg", "png"] = "svg"
    version: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: the one in force; `draft`: the draft."""
    px_per_m: Annotated[float, msgspec.Meta(ge=0.1, le=200)] = 20.0


class FileRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/export",
                self.export,
                Words("The plan as a file.", "المخطط في ملف."),
                grant=READ_STATUS,
                query=PlanAsked,
                answer_media="application/octet-stream",
                refusals=(UNKNOWN_VENUE, UNKNOWN_VERSION, NO_PUBLISHED_PLAN, UNKNOWN_PLAN_FORMAT),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/levels/{level}/picture",
                self.picture,
                Words("A level as a picture, drawn here.", "صورة طابق مرسومة هنا."),
                grant=READ_STATUS,
                query=PictureAsked,
                answer_media="image/svg+xml",
                refusals=(UNKNOWN_VENUE, UNKNOWN_VERSION, NO_PUBLISHED_PLAN, UNKNOWN_LEVEL),
            ),
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/export."""
        asked, wanted = asked_of(request, self._parts), query_of(request, PlanAsked)
        if wanted.format not in WRITERS:
            raise Refusal(UNKNOWN_PLAN_FORMAT, value=wanted.format, known=", ".join(WRITERS))
        plan = await self._plan(asked, wanted.version)
        writer = WRITERS[wanted.format]
        try:
            raw = await asyncio.to_thread(writer.write, plan)
        except PlanFileError as fault:
            raise Refusal(BAD_PLAN_FILE, problem=said(fault.remark, language(request))) from None
        headers = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="plan{writer.suffix}"'}
        return web.Response(body=raw, content_type=_MEDIA_OF[writer.suffix], headers=headers)

    async def picture(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/levels/{level}/picture: made of points, whatever file the plan came from."""
        asked, wanted = asked_of(request, self._parts), query_of(request, PictureAsked)
        plan = await self._plan(asked, wanted.version)
        level = next((one for one in plan.levels if one.id == request.match_info["level"]), None)
        if level is None:
            raise Refusal(UNKNOWN_LEVEL, value=request.match_info["level"])
        raw = await asyncio.to_thread(_drawn, plan, level, wanted, language(request))
        return web.Response(body=raw, content_type="image/png" if wanted.format == "png" else "image/svg+xml")

    async def _plan(self, asked: Asked, version: str) -> Plan:
        """The plan in force, the draft, or a version. Raises Refusal where there is none."""

        def look(conn: Connection) -> Plan | None:
            kept = drafts.current(conn, asked.tenant, asked.venue)
            if version == DRAFT:
                return kept.sketch.plan
            if version:
                return drafts.version_of(conn, asked.tenant, asked.venue, PlanVersionId(version))
            return queries.published_plan(conn, asked.tenant, asked.venue)

        found = await self._parts.db.read(look)
        if found is None:
            raise Refusal(NO_PUBLISHED_PLAN, value=asked.venue)
        return found


def _drawn(plan: Plan, level: Level, wanted: PictureAsked, spoken: str) -> bytes:
    scene = scene_of(plan, level, spoken)
    left, bottom, right, top = scene.box
    scale = min(wanted.px_per_m, _LONGEST_SIDE_PX / max(right - left, top - bottom, 0.1))
    return png(scene, scale) if wanted.format == "png" else svg(scene, scale).encode()
