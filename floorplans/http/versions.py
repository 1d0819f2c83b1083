"""Routes of versions: publish the draft now or later, take that back, look at earlier versions, go back to one."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from floorplans import drafts, queries
from floorplans.drafts import Asked
from floorplans.http.reach import READ_STATUS, WRITE_PLANS, CommandId, Note, asked_of, tagged
from floorplans.model import Plan
from floorplans.publishing import Publishing
from floorplans.queries import drafts as rows
from floorplans.queries.drafts import Publication, Version
from floorplans.reasons import (
    COMMAND_ID_TAKEN,
    DRAFT_CONFLICT,
    NOTHING_TO_PUBLISH,
    PLAN_HAS_ERRORS,
    PUBLICATION_WAITS,
    REVISION_AHEAD,
    UNKNOWN_PUBLICATION,
    UNKNOWN_VENUE,
    UNKNOWN_VERSION,
)
from groundwork.contracts.ids import PlanVersionId
from groundwork.contracts.plan import PublicationState
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, query_of, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_YEAR_10000_MS = 253_402_300_800_000


class Publish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The draft as it is at `revision` is to be in force, now or from a time on."""

    version: int = 1
    id: CommandId
    revision: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
    """What was looked at; a draft that has moved on is not published unseen."""
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=_YEAR_10000_MS)] = 0
    """When, in ms since 1970 UTC; a time that is past means now."""
    note: Note = ""


class RollBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The version in the path is to be in force again, as a new one."""

    version: int = 1
    id: CommandId
    note: Note = ""


class PublicationShown(msgspec.Struct, frozen=True, kw_only=True):
    """A version that waits for its time, is in force since it, or was taken back before."""

    version: int = 1
    id: str
    plan_version: PlanVersionId
    state: PublicationState
    due_ms: int
    actor: str
    asked_ms: int
    done_ms: int | None
    note: str
    restores: PlanVersionId | None


class VersionShown(msgspec.Struct, frozen=True, kw_only=True):
    """One version; `published_ms` is when it last came into force, None where it never did."""

    id: PlanVersionId
    created_ms: int
    published_ms: int | None
    in_force: bool
    actor: str
    note: str
    restores: PlanVersionId | None


class Versions(msgspec.Struct, frozen=True, kw_only=True):
    """A page of versions, the newest first, and the one that waits for its time."""

    version: int = 1
    versions: list[VersionShown]
    waiting: PublicationShown | None
    next_after: PlanVersionId | None


class VersionsAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the versions."""

    after: Annotated[str, msgspec.Meta(max_length=64)] = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


_OF_PUBLISHING = (UNKNOWN_VENUE, COMMAND_ID_TAKEN, NOTHING_TO_PUBLISH, PUBLICATION_WAITS, PLAN_HAS_ERRORS)


class VersionRoutes:
    """The handlers."""

    def __init__(self, parts: Parts, publishing: Publishing) -> None:
        self._parts = parts
        self._publishing = publishing

    def routes(self) -> Sequence[Route]:
        return (*self._readings(), *self._changes())

    def _readings(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/versions",
                self.versions,
                Words("The venue's plan versions, the newest first.", "إصدارات مخطط المتجر، الأحدث أولًا."),
                grant=READ_STATUS,
                answer=Versions,
                query=VersionsAsked,
                refusals=(UNKNOWN_VENUE,),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/versions/{version}",
                self.version,
                Words("The plan of one version.", "مخطط إصدار واحد."),
                grant=READ_STATUS,
                answer=Plan,
                refusals=(UNKNOWN_VENUE, UNKNOWN_VERSION),
            ),
        )

    def _changes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/venues/{venue}/publications",
                self.publish,
                Words("Publishes the draft, now or at a time.", "نشر المسودة الآن أو في وقت لاحق."),
                grant=WRITE_PLANS,
                request=Publish,
                answer=PublicationShown,
                status=201,
                refusals=(*_OF_PUBLISHING, DRAFT_CONFLICT, REVISION_AHEAD),
            ),
            Route(
                "DELETE",
                "/v1/venues/{venue}/publications/{publication}",
                self.cancel,
                Words("Takes a version back before its time.", "إلغاء نشر إصدار قبل موعده."),
                grant=WRITE_PLANS,
                answer=PublicationShown,
                refusals=(UNKNOWN_VENUE, UNKNOWN_PUBLICATION),
            ),
            Route(
                "POST",
                "/v1/venues/{venue}/versions/{version}/restore",
                self.roll_back,
                Words("Puts an earlier version in force again, as a new one.", "إعادة العمل بإصدار سابق في صورة إصدار جديد."),
                grant=WRITE_PLANS,
                request=RollBack,
                answer=PublicationShown,
                status=201,
                refusals=(*_OF_PUBLISHING, UNKNOWN_VERSION),
            ),
        )

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/versions."""
        asked, page = asked_of(request, self._parts), query_of(request, VersionsAsked)

        def look(conn: Connection) -> Versions:
            if queries.venue(conn, asked.tenant, asked.venue) is None:
                raise Refusal(UNKNOWN_VENUE, value=asked.venue)
            after = PlanVersionId(page.after) if page.after else None
            found = rows.versions(conn, asked.tenant, asked.venue, after, page.limit + 1)
            in_force = queries.published_version(conn, asked.tenant, asked.venue)
            waiting = rows.waiting(conn, asked.tenant, asked.venue)
            return Versions(
                versions=[_version(one, in_force) for one in found[: page.limit]],
                waiting=_publication(waiting) if waiting else None,
                next_after=found[page.limit - 1].id if len(found) > page.limit else None,
            )

        return tagged(request, await self._parts.db.read(look))

    async def version(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/versions/{version}: for looking at it before going back."""
        asked, version = asked_of(request, self._parts), PlanVersionId(request.match_info["version"])
        return tagged(request, await self._parts.db.read(lambda conn: drafts.version_of(conn, asked.tenant, asked.venue, version)))

    async def publish(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/publications: 201 for a repeat too, with the same version."""
        sent = await read(request, Publish)
        made = await self._publishing.publish(self._asked(request, sent.id), sent.revision, sent.at_ms, sent.note)
        return answered(_publication(made), 201)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/venues/{venue}/publications/{publication}."""
        asked, publication = asked_of(request, self._parts), request.match_info["publication"]
        return answered(_publication(await self._parts.db.write(lambda conn: drafts.cancel(conn, asked, publication))))

    async def roll_back(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/versions/{version}/restore."""
        sent, version = await read(request, RollBack), PlanVersionId(request.match_info["version"])
        return answered(_publication(await self._publishing.roll_back(self._asked(request, sent.id), version, sent.note)), 201)

    def _asked(self, request: web.Request, command_id: str) -> Asked:
        return asked_of(request, self._parts, command_id)


def _publication(made: Publication) -> PublicationShown:
    shown = {name: value for name, value in made._asdict().items() if name not in ("version", "digest", "premises")}
    return PublicationShown(plan_version=made.version, **shown)


def _version(one: Version, in_force: PlanVersionId | None) -> VersionShown:
    return VersionShown(**one._asdict(), in_force=one.id == in_force)
