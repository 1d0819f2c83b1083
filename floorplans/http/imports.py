"""Routes of imports: a plan file into the draft, as one command, or what that would do; and how far the reading is.

A file is read in a process of its own and only what was drawn in it is kept: nothing that was sent is ever served again. A picture to draw
over is encoded anew and lies under its level (`sheets.py`). What a file changes is reckoned before the transaction that others wait for.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec
from aiohttp import web

from floorplans import drafts, queries
from floorplans.check import Noted, finding_noted, remark_noted
from floorplans.commands import Change, applied
from floorplans.drafts import Asked
from floorplans.drawing import Choice, PlanFileError
from floorplans.findings import elsewhere, findings
from floorplans.http.reach import WRITE_PLANS, CommandId, asked_of
from floorplans.importing import LARGEST_FILE, Import, read_file
from floorplans.model import Plan
from floorplans.queries.sheets import note_step, step_of
from floorplans.reasons import (
    BAD_PLAN_FILE,
    COMMAND_ID_TAKEN,
    DRAFT_CONFLICT,
    REVISION_AHEAD,
    REVISION_OLD,
    TOO_MANY_IMPORTS,
    UNKNOWN_IMPORT,
    UNKNOWN_VENUE,
)
from floorplans.sentences import said
from floorplans.versions import Tally, difference_of, tallies
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, body, language, query_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

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
_NUL: Final = b"\\u0000"
_STEP_S: Final = 5.0
"""How long the reading waits until a step is written down; nothing hangs on it."""


class ImportAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to take the file in the body in."""

    id: CommandId
    revision: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
    format: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """Empty: recognised by what is in it."""
    page: Annotated[int, msgspec.Meta(ge=1, le=2_000)] = 1
    layer: list[str] = []
    unit: Literal["", "mm", "cm", "m", "in", "ft"] = ""
    level: Annotated[str, msgspec.Meta(pattern="^[^/\\x00]{0,64}$", max_length=64)] = ""
    """Of a picture or drawing: the level it shows."""
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


class ImportRoutes:
    """The handlers. `at_once` files are read at a time by this process; how far one is, every process can tell."""

    def __init__(self, parts: Parts, at_once: int) -> None:
        self._parts = parts
        self._at_once = at_once
        self._reading = 0

    def routes(self) -> Sequence[Route]:
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
                refusals=(UNKNOWN_VENUE, DRAFT_CONFLICT, REVISION_AHEAD, REVISION_OLD, COMMAND_ID_TAKEN, BAD_PLAN_FILE, TOO_MANY_IMPORTS),
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
            answer = await self._done(asked, how, found)
            step = "done"
        finally:
            self._reading -= 1
            await self._note(asked, step)
        return answered(answer)

    async def progress(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft/imports/{id}: from the database, whichever process reads the file."""
        asked = asked_of(request, self._parts, request.match_info["id"])
        step = await self._parts.db.read(lambda conn: step_of(conn, asked.tenant, asked.venue, asked.id))
        if step is None:
            raise Refusal(UNKNOWN_IMPORT, value=asked.id)
        return answered(ImportStep(id=asked.id, step=step))

    async def _read(self, asked: Asked, how: ImportAsked, raw: bytes, spoken: str) -> Import:
        """The body, read in a process of its own. Raises Refusal with the sentence of what is wrong with it."""
        loop = asyncio.get_running_loop()

        def tell(step: str) -> None:  # in the reading thread, and in order
            with contextlib.suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self._note(asked, step), loop).result(_STEP_S)

        def work() -> Import:
            with tempfile.TemporaryDirectory(prefix="import-") as folder:
                path = Path(folder) / (how.level or "file").replace("/", "-")  # a picture's level is called by its file
                path.write_bytes(raw)
                choice = Choice(page=how.page, layers=tuple(how.layer), unit=how.unit, level=how.level)
                return read_file(path, choice, how.format, progress=tell)

        try:
            found = await asyncio.to_thread(work)
        except PlanFileError as fault:
            raise Refusal(BAD_PLAN_FILE, problem=said(fault.remark, spoken)) from None
        if _NUL in msgspec.json.encode(found.drawn):
            raise Refusal(BAD_PLAN_FILE, problem="NUL (U+0000)")
        return found

    async def _done(self, asked: Asked, how: ImportAsked, found: Import) -> ImportDone:
        """What taking it in did, or would do."""
        kept = await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))
        offer = await asyncio.to_thread(drafts.offered, kept, found.drawn)
        changes, revision, plan = offer.changes, kept.revision, applied(kept.sketch, offer.changes).plan
        if not how.dry_run:
            done = await self._parts.db.write(lambda conn: drafts.take_in(conn, asked, how.revision, offer))
            changes, revision = done.changes, done.revision
            if done.repeat or done.revision != kept.revision + 1:  # another command came first
                plan = (await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))).sketch.plan
        return await self._told(asked, found, changes, plan, revision, dry_run=how.dry_run)

    async def _told(
        self, asked: Asked, found: Import, changes: Sequence[Change], plan: Plan, revision: int, *, dry_run: bool
    ) -> ImportDone:
        counts = tallies([difference_of(one.key, one.before, one.after) for one in changes])
        remarks = [remark_noted(one) for one in found.drawn.remarks]
        problems = await problems_of(self._parts, asked, plan)
        return ImportDone(revision=revision, dry_run=dry_run, format=found.format, counts=counts, remarks=remarks, problems=problems)

    async def _note(self, asked: Asked, step: str) -> None:
        now_ms = self._parts.clock.now_ms()
        await self._parts.db.write(lambda conn: note_step(conn, asked.tenant, asked.venue, asked.id, step, now_ms))


async def problems_of(parts: Parts, asked: Asked, plan: Plan) -> list[Noted]:
    """What to look at in a plan of the venue, errors first; looked for in a thread, as a mall takes a second."""
    subjects = {one.subject for one in plan.placements}

    def look(conn: Connection) -> dict[tuple[str, str], str]:
        return {**queries.placed_elsewhere(conn, asked.tenant, asked.venue, subjects)}

    twice = elsewhere(plan, await parts.db.read(look))
    return [finding_noted(one) for one in [*await asyncio.to_thread(findings, plan), *twice]]
