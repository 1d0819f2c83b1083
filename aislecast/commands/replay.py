"""`aislecast replay`: a recorded walk through the same code as a live shop, and, where the truth is known, its score."""

import argparse
from pathlib import Path

from aislecast.arguments import Parser, whole_number
from aislecast.commands.options import add_json
from aislecast.exits import BAD_INPUT, Stop
from aislecast.progress import add_progress, wanted
from aislecast.settings import ReplayOptions
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words("run a recorded walk through the whole flow", "مرّر تسجيلًا لجولة حقيقية عبر المسار كله")
_RECORDING = Words("the recording's folder", "مجلد التسجيل")
_PART = Words("the part to replay (default: the only one there is)", "الجزء المطلوب (الافتراضي: الجزء الوحيد الموجود)")
_SESSIONS = Words("names of the sessions, `*` and `?` allowed (default: all)", "أسماء الجلسات، ويُقبل `*` و`?` (الافتراضي: الكل)")
_CALIBRATION = Words("a calibration file made for this place", "ملف معايرة لهذا المكان")
_WINDOW = Words(
    "condense adverts over this many milliseconds (default: 500)", "اجمع الإعلانات كل هذا العدد من أجزاء الألف من الثانية (الافتراضي: 500)"
)
_SPEED = Words("`max` (default), or how many times as fast as it was recorded", "`max` (الافتراضي)، أو عدد أضعاف سرعة التسجيل")
_SCORE = Words("compare with the recording's truth", "قارن بالحقيقة المعروفة في التسجيل")
_PREDICTIONS = Words("write every fix to this CSV file", "اكتب كل تحديد للموضع في ملف CSV هذا")
_NO_RECORDING = Words(
    "{path} is not a folder; a recording is a folder with `anchors.csv` and one folder per part.",
    "{path} ليس مجلدًا؛ التسجيل مجلد فيه `anchors.csv` ومجلد لكل جزء.",
)
_NO_CALIBRATION = Words("The calibration file {path} does not exist.", "ملف المعايرة {path} غير موجود.")
_NO_PLACE = Words("The folder for {path} does not exist; make it first.", "المجلد الذي سيوضع فيه {path} غير موجود؛ أنشئه أولًا.")
_NO_FILE = Words("{path} is a folder; name a file in it.", "{path} مجلد؛ اذكر اسم ملف داخله.")
_BAD_SPEED = Words("`--speed` takes `max` or a number above 0; got {got}.", "الخيار `--speed` يقبل `max` أو عددًا أكبر من 0؛ والمعطى {got}.")


def add_arguments(parser: Parser, voice: Voice) -> None:
    parser.argument("recording", _RECORDING, metavar="RECORDING", type=Path)
    parser.argument("--part", _PART, metavar="NAME")
    parser.argument("--sessions", _SESSIONS, metavar="GLOB", default="*")
    parser.argument("--calibration", _CALIBRATION, metavar="FILE", type=Path)
    parser.argument("--window-ms", _WINDOW, metavar="N", type=whole_number(voice, 100, 1_000), default=500)
    parser.argument("--speed", _SPEED, metavar="max|N", default="max")
    parser.flag("--score", _SCORE)
    parser.argument("--predictions", _PREDICTIONS, metavar="FILE", type=Path)
    add_json(parser)
    add_progress(parser)


def run(args: argparse.Namespace, voice: Voice) -> int:
    options = options_of(args, voice)
    from aislecast.replaying import replay

    return replay.run(options)


def options_of(args: argparse.Namespace, voice: Voice) -> ReplayOptions:
    """The options, checked. Raises Stop with exit code 2."""
    check_speed(args.speed)
    if not args.recording.is_dir():
        raise Stop(_NO_RECORDING, BAD_INPUT, path=args.recording)
    if args.calibration is not None and not args.calibration.is_file():
        raise Stop(_NO_CALIBRATION, BAD_INPUT, path=args.calibration)
    if args.predictions is not None and not args.predictions.absolute().parent.is_dir():
        raise Stop(_NO_PLACE, BAD_INPUT, path=args.predictions)
    if args.predictions is not None and args.predictions.is_dir():
        raise Stop(_NO_FILE, BAD_INPUT, path=args.predictions)
    return ReplayOptions(
        recording=args.recording,
        part=args.part,
        sessions=args.sessions,
        calibration=args.calibration,
        window_ms=args.window_ms,
        speed=args.speed,
        score=args.score,
        predictions=args.predictions,
        json=args.json,
        language=voice.language,
        progress=wanted(args.progress),
    )


def check_speed(speed: str) -> None:
    """Raises Stop unless `speed` is `max` or a number above 0."""
    try:
        fine = speed == "max" or 0 < float(speed) < float("inf")
    except ValueError:
        fine = False
    if not fine:
        raise Stop(_BAD_SPEED, BAD_INPUT, got=speed)
