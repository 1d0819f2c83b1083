"""Plans on the command line: read from a file, in a process of its own, or from the database; and files that are written."""

import argparse
import asyncio
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aislecast.commands.options import database_of, database_url, existing_database_url, folder_of
from aislecast.exits import BAD_INPUT, ENVIRONMENT, OK, Stop
from aislecast.words import Voice
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from floorplans.importing import Import
    from floorplans.model import Level, Plan
    from floorplans.render.scene import Scene
    from groundwork.plumbing.db import Connection

T = TypeVar("T")

PICTURES = (".svg", ".png")

_STEPS = {"reading": Words("looking what it is", "تحديد نوع الملف"), "drawn": Words("read", "تمت القراءة")}
_FORMAT = Words("reading it as {format}; a large drawing takes a while", "قراءته بصيغة {format}؛ الرسم الكبير يستغرق وقتًا")
REFUSED = Words("{problem}", "{problem}")
NO_PLAN = Words("{source} is neither a file nor a venue with a published plan.", "{source} ليس ملفًا ولا متجرًا له مخطط منشور.")
_NEITHER = Words(
    "{venue} is neither a file nor a venue; known venues are: {known}.", "{venue} ليس ملفًا ولا متجرًا؛ المتاجر المعروفة: {known}."
)
_UNPUBLISHED = Words(
    "Venue {venue} has no published plan; publish its draft first.", "لا يوجد مخطط منشور للمتجر {venue}؛ انشر مسودته أولًا."
)
NO_LEVEL = Words("There is no level {level}; there are: {known}.", "لا يوجد طابق {level}؛ الطوابق هي: {known}.")
NO_DATABASE_YET = Words(
    "There is no database in {folder} yet. Start `aislecast up` with that folder once, or name another with `--data`.",
    "لا توجد قاعدة بيانات في {folder} بعد. شغّل `aislecast up` على هذا المجلد مرة، أو اذكر مجلدًا آخر بالخيار `--data`.",
)
NOT_WRITTEN = Words("{path} cannot be written: {problem}.", "تعذرت الكتابة في {path}: {problem}.")
NO_PICTURE = Words(
    "{name} is no picture that can be drawn; the name ends on one of: {known}.",
    "{name} ليس اسم صورة يمكن رسمها؛ ينتهي الاسم بإحدى: {known}.",
)
WRITTEN = Words("Wrote {path}.", "كُتب {path}.")


def read_plan(path: Path, args: argparse.Namespace, voice: Voice) -> "Import":
    """The file, read in a process of its own. Raises Stop with the sentence of what is wrong with it."""
    from floorplans.drawing import Choice, PlanFileError
    from floorplans.importing import read_file

    choice = Choice(page=args.page, layers=tuple(args.layer), unit=args.unit)
    try:
        return read_file(path, choice, args.format, progress=_shown(voice))
    except PlanFileError as fault:
        raise stop_of(fault, voice) from None


def _shown(voice: Voice) -> Callable[[str], None]:
    """Says each step where somebody is watching: large drawings take ten seconds and more."""
    if not sys.stderr.isatty():
        return lambda _: None
    return lambda step: print("  " + voice.say(_STEPS.get(step, _FORMAT), format=step), file=sys.stderr)


def stop_of(fault: Any, voice: Voice) -> Stop:
    """A PlanFileError as the end of the command."""
    from floorplans.sentences import said

    return Stop(REFUSED, BAD_INPUT, problem=said(fault.remark, voice.language))


def plan_of_source(args: argparse.Namespace, voice: Voice) -> "Plan":
    """The plan in the file `args.source`, or the one in force at a venue of that id. Raises Stop where it is neither."""
    from floorplans.merge import plan_of

    if Path(args.source).exists():
        return plan_of(read_plan(Path(args.source), args, voice).drawn)
    if database_of(args) is None and not folder_of(args).database.exists():
        raise Stop(NO_PLAN, BAD_INPUT, source=args.source)
    return asyncio.run(_queried(args, lambda conn: _plan_in_force(conn, args.source, args.tenant)))


def published_plan(args: argparse.Namespace) -> "Plan":
    """The plan in force at the venue `args.venue`. Raises Stop where there is no database, no such venue, or no plan."""
    from aislecast.venues import NO_VENUE

    existing_database_url(args)
    return asyncio.run(_queried(args, lambda conn: _plan_in_force(conn, args.venue, args.tenant, NO_VENUE)))


def _plan_in_force(conn: "Connection", name: str, tenant: str | None, unknown: Words = _NEITHER) -> "Plan":
    """Any tenant's, where no `tenant` is named. Raises Stop where there is no such venue, more than one, or no plan."""
    from aislecast.venues import venue_named
    from floorplans import queries

    venue = venue_named(conn, name, tenant, unknown)
    found = queries.published_plan(conn, venue.tenant, venue.id)
    if found is None:
        raise Stop(_UNPUBLISHED, BAD_INPUT, venue=name)
    return found


def level_of(plan: "Plan", name: str) -> "Level":
    """The level of this id, or without one the nearest to the ground. Raises Stop."""
    levels = {level.id: level for level in plan.levels}
    nearest = min(plan.levels, key=lambda level: abs(level.ordinal), default=None)
    level = levels.get(name) if name else nearest  # type: ignore[call-overload] # an id is a str
    if level is None:
        raise Stop(NO_LEVEL, BAD_INPUT, level=name or "-", known=", ".join(levels))
    found: Level = level
    return found


async def _queried(args: argparse.Namespace, ask: Callable[[Any], T]) -> T:
    from groundwork.plumbing.db import open_database

    db = await open_database(database_url(args))
    try:
        return await db.read(ask)
    finally:
        await db.close()


def check_picture(path: Path) -> None:
    """Raises Stop unless the file's name says SVG or PNG; asked before anything is read or worked out."""
    if path.suffix.lower() not in PICTURES:
        raise Stop(NO_PICTURE, BAD_INPUT, name=path.name, known=", ".join(PICTURES))


def picture(scene: "Scene", path: Path, scale: float, font: Path | None = None) -> bytes:
    """The scene as the file's name says, `scale` pixels a metre. Raises Stop on a name that says neither."""
    from floorplans.render.png import png
    from floorplans.render.svg import svg

    check_picture(path)
    return png(scene, scale, font) if path.suffix.lower() == ".png" else svg(scene, scale).encode()


def write_out(path: Path, raw: bytes, voice: Voice) -> int:
    """Writes the file and says so. Raises Stop where it cannot."""
    try:
        path.write_bytes(raw)
    except OSError as error:
        raise Stop(NOT_WRITTEN, ENVIRONMENT, path=path, problem=phrase_of(error)) from None
    print(voice.say(WRITTEN, path=path))
    return OK
