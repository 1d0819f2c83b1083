"""Routes of files and pictures: take a plan file into the draft, write a plan as a file, draw a level.

A file is read in a process of its own and only what was drawn in it is kept: nothing that was sent is ever served again.
"""

import asyncio
import tempfile
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import hdrs, web

from floorplans import drafts, queries
from floorplans.check import Noted, finding_noted, remark_noted
from floorplans.commands import Change, applied
from floorplans.drafts import Asked
from floorplans.drawing import Choice, PlanFileError
from floorplans.findings import findings
from floorplans.formats import WRITERS
from floorplans.http.reach import READ_STATUS, WRITE_PLANS, CommandId, asked_of
from floorplans.importing import LARGEST_FILE, Import, read_file
from floorplans.model import Level, Plan
from floorplans.reasons import (
    BAD_PLAN_FILE,
    COMMAND_ID_TAKEN,
    DRAFT_CONFLICT,
    NO_PUBLISHED_PLAN,
    REVISION_AHEAD,
    TOO_MANY_IMPORTS,
    UNKNOWN_IMPORT,
    UNKNOWN_LEVEL,
    UNKNOWN_PLAN_FORMAT,
    UNKNOWN_VENUE,
    UNKNOWN_VERSION,
)
from floorplans.render.png import png
from floorplans.render.scene import scene_of
from floorplans.render.svg import svg
from floorplans.sentences import said
from floorplans.versions import Tally, difference_of, taken_in, tallies
from groundwork.contracts.ids import PlanVersionId
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, body, language, query_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

DRAFT: Final = "draft"
"""Stands for the draft where a version is asked for."""
MEDIA: Final = (
    "application/octet-stream",
    "application/zip",
    "application/geo+json",
    "application/pdf",
    "application/dxf",
    "text/csv",
    "image/svg+xml",
    "image/png",
    "image/jpeg",
)
_LONGEST_SIDE_PX: Final = 2_400
"""Of a picture over HTTP; PNG takes 12 bytes of memory a pixel while it is drawn."""
_KEPT_STEPS: Final = 64
"""Imports whose progress is remembered, of this process."""
_NUL: Final = b"\\u0000"
_MEDIA_OF: Final = {".zip": "application/zip", ".geojson": "application/geo+json", ".csv": "text/csv"}


class ImportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to take the file in the body in."""

    id: CommandId
    revision: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
    format: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """Empty: recognised by what is in it."""
    page: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 1
    layer: list[str] = []
    unit: Literal["", "mm", "cm", "m", "in", "ft"] = ""
    dry_run: bool = False


class ImportDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a file came to, or would come to; `remarks` are about the file row by row, `problems` about the draft with it."""

    version: int = 1
    revision: int
    dry_run: bool
    format: str
    counts: Mapping[str, Tally]
    remarks: list[Noted]
    problems: list[Noted]


class ImportStep(msgspec.Struct, frozen=True, kw_only=True):
    """How far the reading of a file is: `reading`, its format, `drawn`, `done` or `refused`."""

    version: int = 1
    id: str
    step: str


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
    """The handlers. `at_once` files are read at a time; the steps of an import are this process's memory and nothing hangs on them."""

    def __init__(self, parts: Parts, at_once: int) -> None:
        self._parts = parts
        self._at_once = at_once
        self._reading = 0
        self._steps: OrderedDict[tuple[str, str, str], str] = OrderedDict()

    def routes(self) -> Sequence[Route]:
        return (*self._taking(), *self._giving())

    def _taking(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/venues/{venue}/draft/imports",
                self.import_,
                Words("Takes a plan file into the draft, or says what that would do.", "استيراد ملف مخطط في المسودة، أو بيان ما سيغيّره."),
                grant=WRITE_PLANS,
                request=bytes,
                answer=ImportDone,
                query=ImportAsked,
                media=MEDIA,
                max_body=LARGEST_FILE,
                stream=True,  # reading has limits of its own, longer than a request's
                refusals=(UNKNOWN_VENUE, DRAFT_CONFLICT, REVISION_AHEAD, COMMAND_ID_TAKEN, BAD_PLAN_FILE, TOO_MANY_IMPORTS),
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/draft/imports/{id}",
                self.progress,
                Words("How far the reading of a file is.", "مدى تقدم قراءة ملف."),
                grant=WRITE_PLANS,
                answer=ImportStep,
                refusals=(UNKNOWN_VENUE, UNKNOWN_IMPORT),
            ),
        )

    def _giving(self) -> Sequence[Route]:
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

    async def import_(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/draft/imports: one command, all of the file or nothing; its remarks are told either way."""
        how = query_of(request, ImportAsked)
        asked = asked_of(request, self._parts, how.id)
        await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))
        if self._reading >= self._at_once:
            raise Refusal(TOO_MANY_IMPORTS, count=self._reading, headers={"Retry-After": "20"})
        self._reading += 1
        step = "refused"
        try:
            found = await self._read(asked, how, await body(request), language(request))
            answer = await (self._tried(asked, found) if how.dry_run else self._taken_in(asked, how, found))
            step = "done"
        finally:
            self._reading -= 1
            self._at(asked, step)
        return answered(answer)

    async def progress(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft/imports/{id}: of files this process reads."""
        asked = asked_of(request, self._parts, request.match_info["id"])
        step = self._steps.get((asked.tenant, asked.venue, asked.id))
        if step is None:
            raise Refusal(UNKNOWN_IMPORT, value=asked.id)
        return answered(ImportStep(id=asked.id, step=step))

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

    async def _read(self, asked: Asked, how: ImportAsked, raw: bytes, spoken: str) -> Import:
        """The body, read in a process of its own. Raises Refusal with the sentence of what is wrong with it."""
        self._at(asked, "reading")
        loop = asyncio.get_running_loop()

        def tell(step: str) -> None:
            loop.call_soon_threadsafe(self._at, asked, step)

        def work() -> Import:
            with tempfile.TemporaryDirectory(prefix="import-") as folder:
                path = Path(folder) / "file"
                path.write_bytes(raw)
                choice = Choice(page=how.page, layers=tuple(how.layer), unit=how.unit)
                return read_file(path, choice, how.format, progress=tell)

        try:
            found = await asyncio.to_thread(work)
        except PlanFileError as fault:
            raise Refusal(BAD_PLAN_FILE, problem=said(fault.remark, spoken)) from None
        if _NUL in msgspec.json.encode(found.drawn):
            raise Refusal(BAD_PLAN_FILE, problem="NUL (U+0000)")
        return found

    async def _tried(self, asked: Asked, found: Import) -> ImportDone:
        """What taking it in would do."""
        kept = await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))
        changes = await asyncio.to_thread(taken_in, kept.sketch, found.drawn)
        plan = applied(kept.sketch, changes).plan
        return await _import_done(kept.revision, found, changes, plan, dry_run=True)

    async def _taken_in(self, asked: Asked, how: ImportAsked, found: Import) -> ImportDone:
        def work(conn: Connection) -> tuple[drafts.Done, Plan]:
            done = drafts.take_in(conn, asked, how.revision, found.drawn)
            return done, drafts.current(conn, asked.tenant, asked.venue).sketch.plan

        done, plan = await self._parts.db.write(work)
        return await _import_done(done.revision, found, done.changes, plan, dry_run=False)

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

    def _at(self, asked: Asked, step: str) -> None:
        self._steps[asked.tenant, asked.venue, asked.id] = step
        self._steps.move_to_end((asked.tenant, asked.venue, asked.id))
        while len(self._steps) > _KEPT_STEPS:
            self._steps.popitem(last=False)


async def _import_done(revision: int, found: Import, changes: Sequence[Change], plan: Plan, *, dry_run: bool) -> ImportDone:
    counts = tallies([difference_of(one.key, one.before, one.after) for one in changes])
    remarks = [remark_noted(one) for one in found.drawn.remarks]
    problems = [finding_noted(one) for one in await asyncio.to_thread(findings, plan)]
    return ImportDone(revision=revision, dry_run=dry_run, format=found.format, counts=counts, remarks=remarks, problems=problems)


def _drawn(plan: Plan, level: Level, wanted: PictureAsked, spoken: str) -> bytes:
    scene = scene_of(plan, level, spoken)
    left, bottom, right, top = scene.box
    scale = min(wanted.px_per_m, _LONGEST_SIDE_PX / max(right - left, top - bottom, 0.1))
    return png(scene, scale) if wanted.format == "png" else svg(scene, scale).encode()
