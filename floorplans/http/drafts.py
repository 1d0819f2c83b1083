"""Routes of a venue's draft: as it stands, what was done to it, commands, undo and redo, what it would change, what is wrong with it."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import msgspec
from aiohttp import web

from floorplans import drafts, queries
from floorplans.check import Noted
from floorplans.commands import Change, Sketch, registered
from floorplans.drafts import Asked, Done
from floorplans.http.edits import AnyEdit, edit_of
from floorplans.http.imports import problems_of
from floorplans.http.reach import READ_STATUS, WRITE_PLANS, CommandId, asked_of, tagged
from floorplans.merge import empty_plan
from floorplans.model import Plan
from floorplans.queries import drafts as rows
from floorplans.reasons import COMMAND_ID_TAKEN, DRAFT_CONFLICT, NO_SUCH_THING, NOTHING_TO_UNDO, REVISION_AHEAD, REVISION_OLD, UNKNOWN_VENUE
from floorplans.versions import Difference, Tally, difference, difference_of, tallies
from groundwork.contracts.ids import PlanVersionId
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, query_of, read
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Parts


class DraftCommand(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Edits that are done together or not at all, on the draft as the sender saw it."""

    version: int = 1
    id: CommandId
    revision: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)]
    """Of the draft the sender drew on; whoever has changed the same things since gets in the way, other changes do not."""
    edits: Annotated[list[AnyEdit], msgspec.Meta(min_length=1, max_length=5_000)]


class TurnBack(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Undo or redo, of the caller's own commands."""

    version: int = 1
    id: CommandId


class CommandDone(msgspec.Struct, frozen=True, kw_only=True):
    """What is durable now."""

    version: int = 1
    revision: int
    changes: list[Difference]
    repeat: bool = False


class DraftShown(msgspec.Struct, frozen=True, kw_only=True):
    """The draft as it stands; `revision` is what the next command names."""

    version: int = 1
    revision: int
    published: PlanVersionId | None
    plan: Plan
    can_undo: bool
    can_redo: bool


class CommandShown(msgspec.Struct, frozen=True, kw_only=True):
    """One command of the log."""

    revision: int
    id: str
    kind: str
    actor: str
    at_ms: int
    of_revision: int | None
    changes: list[Difference]


class DraftLog(msgspec.Struct, frozen=True, kw_only=True):
    """What was done to the draft, in order."""

    version: int = 1
    commands: list[CommandShown]
    next_after: int | None


class LogAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the log: what came after a revision."""

    after: Annotated[int, msgspec.Meta(ge=0, le=2_000_000_000)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class DraftDiff(msgspec.Struct, frozen=True, kw_only=True):
    """What publishing would change."""

    version: int = 1
    revision: int
    published: PlanVersionId | None
    counts: Mapping[str, Tally]
    differences: list[Difference]


class DraftProblems(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at, errors first; with an error the draft is not published."""

    version: int = 1
    revision: int
    errors: int
    problems: list[Noted]


_OF_COMMANDS = (UNKNOWN_VENUE, DRAFT_CONFLICT, REVISION_AHEAD, REVISION_OLD, COMMAND_ID_TAKEN, NO_SUCH_THING)
_OF_TURNS = (UNKNOWN_VENUE, DRAFT_CONFLICT, COMMAND_ID_TAKEN, NOTHING_TO_UNDO)


class DraftRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (*self._readings(), *self._changes())

    def _readings(self) -> Sequence[Route]:
        path = "/v1/venues/{venue}/draft"
        shown: tuple[tuple[str, Any, Words, type, type | None], ...] = (
            ("", self.draft, Words("The venue's draft as it stands.", "مسودة مخطط المتجر كما هي الآن."), DraftShown, None),
            ("/commands", self.log, Words("What was done to the draft.", "ما جرى على المسودة."), DraftLog, LogAsked),
            ("/diff", self.diff, Words("What publishing would change.", "ما الذي سيغيّره النشر."), DraftDiff, None),
            ("/problems", self.problems, Words("What to look at in the draft.", "ما ينبغي النظر فيه في المسودة."), DraftProblems, None),
        )
        return [
            Route("GET", path + end, handler, words, grant=READ_STATUS, answer=answer, query=query, refusals=(UNKNOWN_VENUE,))
            for end, handler, words, answer, query in shown
        ]

    def _changes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/venues/{venue}/draft/commands",
                self.command,
                Words("Draws on the draft.", "تنفيذ أمر على المسودة."),
                grant=WRITE_PLANS,
                request=DraftCommand,
                answer=CommandDone,
                refusals=_OF_COMMANDS,
                max_body=8 << 20,
            ),
            Route(
                "POST",
                "/v1/venues/{venue}/draft/undo",
                self.undo,
                Words("Takes the caller's newest command back.", "التراجع عن آخر أمر لصاحب الطلب."),
                grant=WRITE_PLANS,
                request=TurnBack,
                answer=CommandDone,
                refusals=_OF_TURNS,
            ),
            Route(
                "POST",
                "/v1/venues/{venue}/draft/redo",
                self.redo,
                Words("Does again what the caller undid last.", "إعادة آخر ما تراجع عنه صاحب الطلب."),
                grant=WRITE_PLANS,
                request=TurnBack,
                answer=CommandDone,
                refusals=_OF_TURNS,
            ),
        )

    async def draft(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft, with an ETag."""
        asked = asked_of(request, self._parts)

        def look(conn: Connection) -> DraftShown:
            kept = drafts.current(conn, asked.tenant, asked.venue)
            done, undone = drafts.stacks(conn, asked.tenant, asked.venue, asked.actor)
            published = queries.published_version(conn, asked.tenant, asked.venue)
            plan = _as_published(kept.sketch)
            return DraftShown(revision=kept.revision, published=published, plan=plan, can_undo=bool(done), can_redo=bool(undone))

        return tagged(request, await self._parts.db.read(look))

    async def log(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft/commands: what came after a revision, so that a conflict can be looked at."""
        asked, page = asked_of(request, self._parts), query_of(request, LogAsked)

        def look(conn: Connection) -> list[rows.Command]:
            drafts.current(conn, asked.tenant, asked.venue)
            return rows.commands(conn, asked.tenant, asked.venue, page.after, page.limit + 1)

        found = await self._parts.db.read(look)
        more = found[page.limit - 1].revision if len(found) > page.limit else None
        return answered(DraftLog(commands=[_shown(one) for one in found[: page.limit]], next_after=more))

    async def diff(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft/diff."""
        asked = asked_of(request, self._parts)

        def look(conn: Connection) -> DraftDiff:
            kept = drafts.current(conn, asked.tenant, asked.venue)
            before = queries.published_plan(conn, asked.tenant, asked.venue)
            found = difference(before or empty_plan(kept.sketch.plan.venue, ""), kept.sketch)
            version = before.version if before else None
            return DraftDiff(revision=kept.revision, published=version, counts=tallies(found), differences=list(found))

        return answered(await self._parts.db.read(look))

    async def problems(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/draft/problems."""
        asked = asked_of(request, self._parts)
        kept = await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))
        found = await problems_of(self._parts, asked, kept.sketch.plan)
        errors = sum(one.severity == "error" for one in found)
        return answered(DraftProblems(revision=kept.revision, errors=errors, problems=found))

    async def command(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/draft/commands: durable when it is answered; 409 names who changed what meanwhile."""
        sent = await read(request, DraftCommand)
        edits = [edit_of(one) for one in sent.edits]
        return await self._done(asked_of(request, self._parts, sent.id), lambda conn, asked: drafts.edit(conn, asked, sent.revision, edits))

    async def undo(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/draft/undo."""
        sent = await read(request, TurnBack)
        return await self._done(asked_of(request, self._parts, sent.id), drafts.undo)

    async def redo(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/venues/{venue}/draft/redo."""
        sent = await read(request, TurnBack)
        return await self._done(asked_of(request, self._parts, sent.id), drafts.redo)

    async def _done(self, asked: Asked, work: Callable[[Connection, Asked], Done]) -> web.Response:
        done = await self._parts.db.write(lambda conn: work(conn, asked))
        return answered(CommandDone(revision=done.revision, changes=_differences(done.changes), repeat=done.repeat))


def _as_published(sketch: Sketch) -> Plan:
    """The draft's plan with the venue as it would be."""
    return dataclasses.replace(sketch.plan, venue=registered(sketch, sketch.plan.venue))


def _shown(one: rows.Command) -> CommandShown:
    changes = _differences(one.changes)
    return CommandShown(
        revision=one.revision, id=one.id, kind=one.kind, actor=one.actor, at_ms=one.at_ms, of_revision=one.of_revision, changes=changes
    )


def _differences(changes: Sequence[Change]) -> list[Difference]:
    return [difference_of(one.key, one.before, one.after) for one in changes]
