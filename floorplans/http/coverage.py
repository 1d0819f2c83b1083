"""Routes of coverage: what gateways should hear on each level, where a further one helps, and how a walk test compares.

Both are computed in a thread, one at a time; a version's forecast never changes, so its ETag is known before it is computed.
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from aiohttp import web

from floorplans import drafts, queries
from floorplans.coverage import Air
from floorplans.drafts import Asked
from floorplans.hearing import CoverageAsked, CoverageTold, WalkTold, heard, walked
from floorplans.http.reach import READ_STATUS, asked_of, unchanged, with_tag
from floorplans.model import Plan
from floorplans.reasons import NO_PUBLISHED_PLAN, UNKNOWN_LEVEL, UNKNOWN_VENUE, UNKNOWN_VERSION
from floorplans.walk_test import Measured, compared
from groundwork.contracts.ids import LevelId, PlanVersionId
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, query_of, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

DRAFT: Final = "draft"
_KEPT: Final = 16
"""Answers that are remembered; one with its grid has a megabyte at most."""
_FORM: Final = "1"
"""Of the forecast: to be raised with whatever changes what is told of the same plan."""


class MeasuredAt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The median RSSI that one gateway had of a phone which stood at a point."""

    gateway: Annotated[str, msgspec.Meta(min_length=1, max_length=128)]
    level: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    x_m: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
    y_m: Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
    rssi_dbm: Annotated[float, msgspec.Meta(ge=-127, le=20)]


class WalkSent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A walk with a phone, and how that phone sends."""

    version: int = 1
    points: Annotated[list[MeasuredAt], msgspec.Meta(min_length=1, max_length=20_000)]
    power_dbm: Annotated[float, msgspec.Meta(ge=-100, le=0)] = Air().power_dbm
    """RSSI at 1 m."""
    at_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """When it was walked: gateways are taken where they hung then. None: where they hang last."""


class WalkedOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which plan the walk is compared on."""

    version: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: the one in force; `draft`: the draft."""


_OF_PLANS = (UNKNOWN_VENUE, UNKNOWN_VERSION, NO_PUBLISHED_PLAN)


class CoverageRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._computing = asyncio.Semaphore(1)
        self._answers: OrderedDict[str, bytes] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/coverage",
                self.coverage,
                Words(
                    "What the gateways should hear, and where a further one helps.", "ما يُتوقع أن تسمعه البوابات وأين تفيد بوابة إضافية."
                ),
                grant=READ_STATUS,
                answer=CoverageTold,
                query=CoverageAsked,
                refusals=(*_OF_PLANS, UNKNOWN_LEVEL),
            ),
            Route(
                "POST",
                "/v1/venues/{venue}/coverage/walk-test",
                self.walk_test,
                Words("A walk with a phone beside the forecast.", "مقارنة جولة بهاتف مع التوقع."),
                grant=READ_STATUS,
                request=WalkSent,
                answer=WalkTold,
                query=WalkedOn,
                max_body=4 << 20,
                refusals=_OF_PLANS,
            ),
        )

    async def coverage(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/coverage, with an ETag."""
        asked, wanted = asked_of(request, self._parts), query_of(request, CoverageAsked)
        revision, plan = await self._plan(asked, wanted.version)
        if wanted.level and all(level.id != wanted.level for level in plan.levels):
            raise Refusal(UNKNOWN_LEVEL, value=wanted.level)
        tag = _tag(asked, revision, wanted)
        if (known := unchanged(request, tag)) is not None:
            return known
        async with self._computing:
            raw = self._answers.get(tag)
            if raw is None:
                raw = await asyncio.to_thread(lambda: msgspec.json.encode(heard(plan, wanted)))
            self._remember(tag, raw)
        return with_tag(raw, tag)

    async def walk_test(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/coverage/walk-test: nothing is kept of it."""
        sent, wanted = await read(request, WalkSent), query_of(request, WalkedOn)
        _, plan = await self._plan(asked_of(request, self._parts), wanted.version)
        walk = [Measured(one.gateway, LevelId(one.level), one.x_m, one.y_m, one.rssi_dbm) for one in sent.points]
        async with self._computing:
            found = await asyncio.to_thread(compared, plan, walk, sent.at_ms, Air(power_dbm=sent.power_dbm))
        return answered(walked(plan, found))

    async def _plan(self, asked: Asked, version: str) -> tuple[str, Plan]:
        """What stands for the plan's state, and the plan. Raises Refusal where there is none."""

        def look(conn: Connection) -> tuple[str, Plan | None]:
            if version == DRAFT:
                kept = drafts.current(conn, asked.tenant, asked.venue)
                below = queries.published_version(conn, asked.tenant, asked.venue)  # what nobody has drawn on yet follows what is in force
                return f"{DRAFT} {kept.revision} {below}", kept.sketch.plan
            if version:
                return version, drafts.version_of(conn, asked.tenant, asked.venue, PlanVersionId(version))
            if queries.venue(conn, asked.tenant, asked.venue) is None:
                raise Refusal(UNKNOWN_VENUE, value=asked.venue)
            found = queries.published_plan(conn, asked.tenant, asked.venue)
            return (found.version if found else ""), found

        revision, plan = await self._parts.db.read(look)
        if plan is None:
            raise Refusal(NO_PUBLISHED_PLAN, value=asked.venue)
        return revision, plan

    def _remember(self, tag: str, raw: bytes) -> None:
        self._answers[tag] = raw
        self._answers.move_to_end(tag)
        while len(self._answers) > _KEPT:
            self._answers.popitem(last=False)


def _tag(asked: Asked, revision: str, wanted: CoverageAsked) -> str:
    of = msgspec.json.encode((_FORM, asked.tenant, asked.venue, revision, wanted))
    return hashlib.blake2b(of, digest_size=12).hexdigest()
