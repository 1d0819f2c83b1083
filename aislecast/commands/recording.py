"""`aislecast recording make`: from what the boxes of a venue heard on a walk, and where it went, the recording that `calibrate` reads.

Works on files and on the venue's plan in the database; the server may be running. Adverts of tags that were carried are kept, all others
are counted and nothing else.
"""

import argparse
import asyncio
import json
import math
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aislecast.arguments import Parser, number
from aislecast.commands.options import add_data, add_database, add_json, new_folder
from aislecast.exits import BAD_INPUT, ENVIRONMENT, OK, Stop
from aislecast.progress import Progress, add_progress, wanted
from aislecast.words import Voice
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from aislecast.surveying.kept_adverts import Box, Kept
    from aislecast.surveying.marks import Run
    from aislecast.surveying.own_walk import Walk
    from floorplans.model import Plan

SUMMARY = Words("make a recording from what your own boxes heard on a walk", "أنشئ تسجيلًا مما سمعته أجهزتك في جولة")
_MAKE = Words("make a recording for `aislecast calibrate`", "أنشئ تسجيلًا لأمر `aislecast calibrate`")
_VENUE = Words("the venue's id", "معرّف المتجر")
_TENANT = Words("the tenant, where several have a venue of that id", "المستأجر، إن كان المتجر بهذا المعرّف لدى أكثر من واحد")
_BOX = Words(
    "a gateway and the file it left, from `btmon -w` or `beacon-gateway survey --keep`; repeat it",
    "بوابة والملف الذي كتبه `btmon -w` أو `beacon-gateway survey --keep`؛ ويمكن تكراره",
)
_MARKS = Words("where the tags were and when: `tag,t,level,x_m,y_m[,session]`", "أين كانت البطاقات ومتى: `tag,t,level,x_m,y_m[,session]`")
_TAG = Words("a tag that was carried through all marks; repeat it", "بطاقة حُملت عند كل العلامات؛ ويمكن تكراره")
_BETWEEN = Words(
    "seconds between marks across which she went straight (default: 15)",
    "أطول مدة بالثواني بين علامتين يُفترض السير بينهما مستقيمًا (الافتراضي: 15)",
)
_SHIFT = Words("seconds to add to the times of a gateway; repeat it", "ثوانٍ تضاف إلى أوقات بوابة؛ ويمكن تكراره")
_OUT = Words("a new folder for the recording", "مجلد جديد للتسجيل")
_BAD_BOX = Words(
    "`--box` takes `GATEWAY=FILE` or `GATEWAY@hci1=FILE`; got {got}.",
    "الخيار `--box` يقبل بوابة وملفها: `GATEWAY=FILE` أو `GATEWAY@hci1=FILE`؛ والمعطى {got}.",
)
_BAD_SHIFT = Words(
    "`--shift` takes `GATEWAY=SECONDS` with a gateway that `--box` names; got {got}.",
    "الخيار `--shift` يقبل `GATEWAY=SECONDS` لبوابة مذكورة في `--box`؛ والمعطى {got}.",
)
_BAD_TAG = Words(
    "`--tag` takes a lasting beacon key, as ibeacon:<32 hex>:<major>:<minor> or address:<12 hex>; got {got}.",
    "الخيار `--tag` يقبل مفتاح منارة ثابتًا مثل ibeacon:<32 hex>:<major>:<minor> أو address:<12 hex>؛ والمعطى {got}.",
)
_NO_GATEWAY = Words(
    "There is no gateway {gateway} on the plan of venue {venue}; placed are: {known}.",
    "لا توجد بوابة {gateway} على مخطط المتجر {venue}؛ البوابات المثبتة: {known}.",
)
_UNHEARD = Words(
    "No box heard the tag {tag}, among {adverts} adverts. Is it written as `beacon-gateway survey` shows it?",
    "لم يسمع أي جهاز البطاقة {tag} بين {adverts} من الإعلانات. هل كُتبت كما يعرضها `beacon-gateway survey`؟",
)
_NOT_IN_TIME = Words(
    "The tags were heard from {first} to {last} UTC, the marks are from {begun} to {ended} UTC. "
    "Where a box's clock was wrong, `--shift GATEWAY=SECONDS` mends it.",
    "سُمعت البطاقات من {first} إلى {last} بتوقيت UTC، والعلامات من {begun} إلى {ended}. "
    "إن كانت ساعة الجهاز خاطئة فصحّحها بالخيار `--shift GATEWAY=SECONDS`.",
)
_NOT_WRITTEN = Words("{path} cannot be written: {problem}.", "تعذرت الكتابة في {path}: {problem}.")
_READING = Words("reading {path}", "قراءة {path}")
_WRITING = Words("writing {path}", "كتابة {path}")
_BOX_ROW = Words(
    "{gateway}: {adverts} adverts, {tags} of the tags, {kept} while marked",
    "{gateway}: الإعلانات {adverts}، منها للبطاقات {tags}، ووقت العلامات {kept}",
)
_BROKEN = Words("{gateway}: {count} records could not be read", "{gateway}: تعذرت قراءة {count} من السجلات")
_SILENT = Words("no box heard a tag in: {names}; left out", "لم يسمع أي جهاز بطاقة في: {names}؛ ولذلك تُركت")
_DONE = Words(
    "{path}: {sightings} sightings of {tags} tags in {sessions} runs, {minutes} minutes at known places. "
    "Adverts of others, {strangers}, were not kept. Learn from it with:",
    "{path}: الأرصاد {sightings}، البطاقات {tags}، المقاطع {sessions}، والدقائق في مواضع معروفة {minutes}. "
    "ولم تُحفظ إعلانات الآخرين وعددها {strangers}. للتعلم منه:",
)
_SHOWN: Final = 20


def add_arguments(parser: Parser, voice: Voice) -> None:
    make = parser.commands("action", {"make": _MAKE})["make"]
    make.argument("--venue", _VENUE, metavar="ID", required=True)
    make.argument("--tenant", _TENANT, metavar="ID")
    make.argument("--box", _BOX, metavar="GATEWAY=FILE", action="append", required=True)
    make.argument("--marks", _MARKS, metavar="CSV", type=Path, required=True)
    make.argument("--tag", _TAG, metavar="KEY", action="append", default=[])
    make.argument("--between", _BETWEEN, metavar="S", type=number(voice, 1, 600), default=15.0)
    make.argument("--shift", _SHIFT, metavar="GATEWAY=S", action="append", default=[])
    make.argument("--out", _OUT, metavar="DIR", type=Path, required=True)
    add_data(make)
    add_database(make)
    add_json(make)
    add_progress(make)


def run(args: argparse.Namespace, voice: Voice) -> int:
    """Reads everything before anything is written. Raises Stop and RecordingError."""
    out, boxes, tags = new_folder(args.out), _boxes(args), _tags(args.tag)
    from aislecast.plan_files import published_plan
    from aislecast.surveying.own_walk import tags_of
    from aislecast.twin.record import write_recording
    from groundwork.plumbing.clock import SystemClock

    progress = Progress(voice, wanted(args.progress), SystemClock().monotonic_s)
    plan = published_plan(args)
    runs = _runs(args, plan, boxes, tags)
    carried = tags_of(runs)
    heard = asyncio.run(_heard(boxes, carried, progress))
    walk = _walk(plan, heard, runs, carried, out)
    progress.step(_WRITING, path=out)
    try:
        write_recording(out, walk.recording)
    except OSError as error:
        raise Stop(_NOT_WRITTEN, ENVIRONMENT, path=out, problem=phrase_of(error)) from error
    _tell(args, walk, heard, voice)
    return OK


# --- what was typed --------------------------------------------------------------------------------------------------------------------


def _boxes(args: argparse.Namespace) -> "list[Box]":
    from aislecast.surveying.kept_adverts import Box

    boxes = []
    for text in args.box:
        radio, _, path = text.partition("=")
        gateway, _, adapter = radio.partition("@")
        if not gateway or not path:
            raise Stop(_BAD_BOX, BAD_INPUT, got=repr(text))
        boxes.append(Box(GatewayId(gateway), Path(path), adapter))
    shifts = dict(_shift(text, {box.gateway for box in boxes}) for text in args.shift)
    return [box._replace(shift_ms=shifts.get(box.gateway, 0)) for box in boxes]


def _shift(text: str, known: set[GatewayId]) -> tuple[GatewayId, int]:
    gateway, _, seconds = text.partition("=")
    try:
        shift_s = float(seconds)
    except ValueError:
        shift_s = math.nan
    if gateway not in known or not math.isfinite(shift_s):
        raise Stop(_BAD_SHIFT, BAD_INPUT, got=repr(text))
    return GatewayId(gateway), round(shift_s * 1000)


def _tags(typed: Sequence[str]) -> list[BeaconKey]:
    from groundwork.adverts.gate import lasting_key

    tags = []
    for text in typed:
        tag = lasting_key(text)
        if tag is None:
            raise Stop(_BAD_TAG, BAD_INPUT, got=repr(text))
        tags.append(tag)
    return list(dict.fromkeys(tags))


# --- the work --------------------------------------------------------------------------------------------------------------------------


def _runs(args: argparse.Namespace, plan: "Plan", boxes: "Sequence[Box]", tags: Sequence[BeaconKey]) -> "list[Run]":
    """The marks on the levels of the boxes. Raises Stop for a box that the plan does not place."""
    from aislecast.surveying.marks import read_runs
    from aislecast.twin.record import anchors_of
    from aislecast.twin.walkways import shape_of

    placed = {anchor.id: anchor.floor for anchor in anchors_of(plan)}
    unknown = next((box.gateway for box in boxes if box.gateway not in placed), None)
    if unknown is not None:
        raise Stop(_NO_GATEWAY, BAD_INPUT, gateway=unknown, venue=args.venue, known=", ".join(list(placed)[:_SHOWN]) or "-")
    levels = {placed[box.gateway] for box in boxes}
    floors = {str(level.id): shape_of(level.outline) for level in plan.levels if level.id in levels}
    return read_runs(args.marks, floors, tags, round(args.between * 1000))


async def _heard(boxes: "Sequence[Box]", tags: Sequence[BeaconKey], progress: Progress) -> "list[Kept]":
    """What each box heard of the tags. Raises Stop for a tag that none did."""
    from aislecast.surveying.kept_adverts import heard_by

    heard = []
    for box in boxes:
        progress.step(_READING, path=box.path)
        heard.append(await heard_by(box, tags))
    found = {number for kept in heard for number in kept.tag}
    silent = next((tag for number, tag in enumerate(tags) if number not in found), None)
    if silent is not None:
        raise Stop(_UNHEARD, BAD_INPUT, tag=silent, adverts=sum(kept.adverts for kept in heard))
    return heard


def _walk(plan: "Plan", heard: "Sequence[Kept]", runs: "Sequence[Run]", tags: Sequence[BeaconKey], out: Path) -> "Walk":
    from aislecast.surveying.own_walk import NothingInTimeError, walk_of

    try:
        return walk_of(plan, heard, runs, tags, out.name)
    except NothingInTimeError as error:
        (first, last), (begun, ended) = error.heard, error.marked
        raise Stop(_NOT_IN_TIME, BAD_INPUT, first=first, last=last, begun=begun, ended=ended) from None


# --- what is printed -------------------------------------------------------------------------------------------------------------------


def _tell(args: argparse.Namespace, walk: "Walk", heard: "Sequence[Kept]", voice: Voice) -> None:
    from aislecast.surveying.own_walk import minutes_known

    recording = walk.recording
    told = {
        "sightings": len(recording.sightings.t_ms),
        "tags": len(recording.devices),
        "sessions": len(recording.sessions),
        "minutes": round(minutes_known(recording), 1),
        "strangers": sum(kept.adverts - len(kept.at_ms) for kept in heard),
    }
    rows = [
        {
            "gateway": kept.box.gateway,
            "file": str(kept.box.path),
            "adverts": kept.adverts,
            "tags": len(kept.at_ms),
            "kept": walk.kept[kept.box.gateway],
            "broken": kept.broken,
        }
        for kept in heard
    ]
    if args.json:
        print(json.dumps({"folder": str(args.out), **told, "silent": walk.silent, "boxes": rows}, ensure_ascii=False))
        return
    for row in rows:
        print(voice.line("  " + voice.say(_BOX_ROW, **row)))
        if row["broken"]:
            print(voice.line("  " + voice.say(_BROKEN, gateway=row["gateway"], count=row["broken"])))
    if walk.silent:
        print("  " + voice.say(_SILENT, names=", ".join(walk.silent[:_SHOWN])))
    print(voice.say(_DONE, path=args.out, **told))
    out = args.out
    print(
        f"  aislecast calibrate {shlex.quote(str(out))} --out {shlex.quote(str(out / 'calibration.json'))}"
    )  # bare, to be copied into a shell
