"""`aislecast plan check|import|export|render|route|coverage`: floor plans from files and into files, without a server running.

A file is read in a process of its own with limits, whatever it is. Where a plan is asked for, a file or the venue's plan in force will do.
"""

import argparse
import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec

from aislecast import plan_ways
from aislecast.arguments import Parser, number, whole_number
from aislecast.commands.options import add_data, add_database, add_json, database_of, database_url, folder_of
from aislecast.exits import BAD_INPUT, ENVIRONMENT, FAILED, OK, Stop
from aislecast.plan_files import NO_DATABASE_YET, REFUSED, check_picture, level_of, picture, plan_of_source, read_plan, stop_of, write_out
from aislecast.words import Voice
from groundwork.contracts.ids import VenueId
from groundwork.plumbing.reasons import Refusal, Words

if TYPE_CHECKING:
    from floorplans.check import Noted
    from floorplans.importing import Import
    from floorplans.taking import Taken
    from groundwork.plumbing.db import Connection

T = TypeVar("T")

SUMMARY = Words("check, import, export and draw floor plans", "افحص مخططات الطوابق واستوردها وصدّرها وارسمها")
_CHECK = Words("say what is on a plan and what is wrong with it", "اعرض ما في المخطط وما فيه من أخطاء")
_IMPORT = Words("put a plan file into a venue's draft", "أدخل ملف مخطط في مسودة متجر")
_EXPORT = Words("write a plan to a file of another format", "اكتب مخططًا في ملف بصيغة أخرى")
_RENDER = Words("draw a level as SVG or PNG", "ارسم طابقًا بصيغة SVG أو PNG")
_FILE = Words("a plan file, or a recording's folder", "ملف مخطط أو مجلد تسجيل")
_SOURCE = Words("a plan file, or the id of a venue", "ملف مخطط أو معرّف متجر")
_FORMAT = Words("its format (default: recognised by what is in it)", "صيغته (الافتراضي: تُعرف من محتواه)")
_PAGE = Words("the page of a PDF (default: 1)", "صفحة ملف PDF (الافتراضي: 1)")
_LAYER = Words(
    "a layer of a DXF or SVG; repeat it (default: all that are shown)", "طبقة من DXF أو SVG؛ ويمكن تكراره (الافتراضي: كل الظاهر)"
)
_UNIT = Words("the unit of a DXF that does not say: mm, cm, m, in, ft", "وحدة ملف DXF لا يذكرها: mm أو cm أو m أو in أو ft")
_VENUE = Words("the venue's id", "معرّف المتجر")
_TENANT = Words("the tenant, where several have a venue of that id", "المستأجر، إن كان المتجر بهذا المعرّف لدى أكثر من واحد")
_DRY = Words("say what would change, and change nothing", "اعرض ما سيتغير دون تغيير شيء")
_TO = Words("the format to write (default: by the file's name)", "الصيغة المطلوبة (الافتراضي: بحسب اسم الملف)")
_OUT = Words("the file to write", "الملف المطلوب كتابته")
_LEVEL = Words("the level's id (default: the one nearest the ground)", "معرّف الطابق (الافتراضي: الأقرب إلى الأرض)")
_SCALE = Words("pixels for a metre (default: 20)", "عدد البكسلات لكل متر (الافتراضي: 20)")
_FONT = Words("a font file with Arabic letters", "ملف خط فيه حروف عربية")
_NO_WRITER = Words("{name} cannot be written; known are: {known}.", "لا تمكن الكتابة بصيغة {name}؛ الصيغ المعروفة: {known}.")
_SIZE = Words("{width} x {height} m", "{width} × {height} م")
_NO_SIZE = Words("size unknown: measure two distances on it", "المقاس غير معروف: قِس مسافتين عليه")
_COUNTED = Words(
    "{file} ({format}): levels {levels}, units {units}, doors {doors}, zones {zones}, fixtures {fixtures}, "
    "placements {placements}; {size}.",
    "{file} ({format}): الطوابق {levels}، الوحدات {units}، الأبواب {doors}، المناطق {zones}، التجهيزات {fixtures}، "
    "المواضع {placements}؛ {size}.",
)
_IN_FORCE = Words("the plan in force", "المخطط المعمول به")
_MORE = Words("... and {count} more; see them all with `--json`.", "... و{count} أخرى؛ اعرضها كلها بالخيار `--json`.")
_CHANGE = Words("{part}: {added} added, {changed} changed", "{part}: أُضيف {added}، تغيّر {changed}")
_SAME = Words("Everything in the file is in the draft already.", "كل ما في الملف موجود في المسودة أصلًا.")
_PUBLISH = Words("publish the draft with the file in it", "انشر المسودة وفيها الملف")
_DRAFTED = Words(
    "Draft of venue {venue}, revision {revision}; `--publish` puts it in force.",
    "مسودة المتجر {venue}، المراجعة {revision}؛ الخيار `--publish` ينشرها.",
)
_PUBLISHED = Words("Published as version {version} of venue {venue}.", "نُشر بالإصدار {version} للمتجر {venue}.")
_WOULD = Words("Nothing was changed; without `--dry-run` this would be done.", "لم يتغير شيء؛ ودون `--dry-run` كان سيُنفَّذ.")
SHOWN = 20
"""Problems that are printed; a mall has hundreds of one kind."""


def add_arguments(parser: Parser, voice: Voice) -> None:
    summaries = {"check": _CHECK, "import": _IMPORT, "export": _EXPORT, "render": _RENDER}
    actions = parser.commands("action", {**summaries, "route": plan_ways.ROUTE, "coverage": plan_ways.COVERAGE})
    actions["import"].argument("file", _FILE, metavar="FILE", type=Path)
    for name in ("check", "export", "render", "route", "coverage"):
        actions[name].argument("source", _SOURCE, metavar="FILE|VENUE")
    for name in ("export", "render"):
        actions[name].argument("--out", _OUT, metavar="FILE", type=Path, required=True)
    for action in actions.values():
        action.argument("--format", _FORMAT, metavar="NAME", default="")
        action.argument("--page", _PAGE, metavar="N", type=whole_number(voice, 1, 2_000), default=1)
        action.argument("--layer", _LAYER, metavar="NAME", action="append", default=[])
        action.argument("--unit", _UNIT, choices=("mm", "cm", "m", "in", "ft"), default="")
    for name in ("check", "import", "export", "render"):
        add_data(actions[name])
        add_database(actions[name])
    for action in actions.values():
        action.argument("--tenant", _TENANT, metavar="ID")
    for name in ("check", "import"):
        add_json(actions[name])
    actions["import"].argument("--venue", _VENUE, metavar="ID", required=True)
    actions["import"].flag("--publish", _PUBLISH)
    actions["import"].flag("--dry-run", _DRY)
    actions["export"].argument("--to", _TO, metavar="FORMAT", default="")
    actions["render"].argument("--level", _LEVEL, metavar="ID", default="")
    actions["render"].argument("--scale", _SCALE, metavar="N", type=number(voice, 0.1, 500), default=20.0)
    actions["render"].argument("--font", _FONT, metavar="FILE", type=Path)
    plan_ways.add_arguments(actions["route"], actions["coverage"], voice)


def run(args: argparse.Namespace, voice: Voice) -> int:
    actions: dict[str, Callable[[argparse.Namespace, Voice], int]] = {
        "check": check,
        "import": import_,
        "export": export,
        "render": render,
        "route": plan_ways.route,
        "coverage": plan_ways.coverage,
    }
    return actions[args.action](args, voice)


def check(args: argparse.Namespace, voice: Voice) -> int:
    """Exit code 1 where the plan has errors, 2 where the file is refused or there is no such venue."""
    from floorplans.check import IN_FORCE, checked, checked_plan

    path = Path(args.source)
    if path.exists():
        found = checked(path.name, read_plan(path, args, voice))
    else:
        found = checked_plan(VenueId(args.source), plan_of_source(args, voice))
    if args.json:
        print(msgspec.json.encode(found).decode())
        return FAILED if found.errors else OK
    size = voice.say(_NO_SIZE) if found.width_m is None else voice.say(_SIZE, width=found.width_m, height=found.height_m)
    counts = {key: found.counts[key] for key in ("levels", "units", "doors", "zones", "fixtures", "placements")}
    form = voice.say(_IN_FORCE) if found.format == IN_FORCE else found.format
    print(voice.say(_COUNTED, file=found.file, format=form, size=size, **counts))
    _tell(found.problems, voice)
    return FAILED if found.errors else OK


def import_(args: argparse.Namespace, voice: Voice) -> int:
    """Takes the file into the venue's draft, and with `--publish` puts the draft in force; a dry run says what that would do."""
    read = read_plan(args.file, args, voice)
    try:
        if database_of(args) is not None:
            told = asyncio.run(_imported(args, read))
        else:
            folder = folder_of(args)
            if not folder.database.exists():
                raise Stop(NO_DATABASE_YET, ENVIRONMENT, folder=folder.root)
            with folder.locked():
                told = asyncio.run(_imported(args, read))
    except Refusal as refusal:
        said = refusal.reason.words.said(voice.language, **{"at": refusal.at, **refusal.values})
        raise Stop(REFUSED, FAILED, problem=said) from None
    if args.json:
        print(msgspec.json.encode(told).decode())
    else:
        _tell_import(told, args, voice)
    return FAILED if told.errors and args.dry_run else OK


def _tell_import(told: "Taken", args: argparse.Namespace, voice: Voice) -> None:
    for part, tally in told.changes.items():
        print(voice.say(_CHANGE, part=part, added=tally.added, changed=tally.changed))
    if not told.changes:
        print(voice.say(_SAME))
    _tell([*told.remarks, *told.problems], voice)
    if args.dry_run:
        print(voice.say(_WOULD))
    elif told.version:
        print(voice.say(_PUBLISHED, version=told.version, venue=args.venue))
    else:
        print(voice.say(_DRAFTED, revision=told.revision, venue=args.venue))


def _tell(noted: "Sequence[Noted]", voice: Voice) -> None:
    for one in noted[:SHOWN]:
        text, fix = (one.ar, one.fix_ar) if voice.language == "ar" else (one.en, one.fix_en)
        print(" ".join(part for part in (f"  {one.at}:", text, fix) if part))
    if len(noted) > SHOWN:
        print(voice.say(_MORE, count=len(noted) - SHOWN))


async def _imported(args: argparse.Namespace, read: "Import") -> "Taken":
    """What became of the draft. A server on the same database polls for versions, so it need not be told."""
    from aislecast.venues import tenant_of
    from floorplans.drafts import Asked
    from floorplans.taking import ACTOR, take
    from groundwork.plumbing.clock import SystemClock
    from groundwork.plumbing.db import open_database

    def work(conn: "Connection") -> "Taken":
        asked = Asked(tenant_of(conn, args.venue, args.tenant), VenueId(args.venue), ACTOR, now_ms, "")
        return take(conn, asked, read, publish=args.publish, dry_run=args.dry_run)

    now_ms = SystemClock().now_ms()
    db = await open_database(database_url(args))
    try:
        return await db.write(work)
    finally:
        await db.close()


def export(args: argparse.Namespace, voice: Voice) -> int:
    from floorplans.drawing import PlanFileError
    from floorplans.formats import WRITERS

    name = args.to or {".zip": "imdf", ".imdf": "imdf", ".geojson": "geojson", ".json": "geojson", ".csv": "csv-zones"}.get(
        args.out.suffix, ""
    )
    if name not in WRITERS:
        raise Stop(_NO_WRITER, BAD_INPUT, name=name or args.out.suffix or "-", known=", ".join(WRITERS))
    try:
        raw = WRITERS[name].write(plan_of_source(args, voice))
    except PlanFileError as fault:
        raise stop_of(fault, voice) from None
    return write_out(args.out, raw, voice)


def render(args: argparse.Namespace, voice: Voice) -> int:
    from floorplans.render.scene import scene_of

    check_picture(args.out)
    plan = plan_of_source(args, voice)
    scene = scene_of(plan, level_of(plan, args.level), voice.language)
    return write_out(args.out, picture(scene, args.out, args.scale, args.font), voice)
