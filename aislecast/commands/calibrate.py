"""`aislecast calibrate`: from a recorded walk with known places, a file that says how a venue's radios read."""

import argparse
import re
import shlex
from pathlib import Path

from aislecast.arguments import Parser
from aislecast.exits import BAD_INPUT, OK, Stop
from aislecast.progress import Progress, add_progress, wanted
from aislecast.words import Voice
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

SUMMARY = Words("learn from a recorded walk how a venue's radios read", "تعلّم من جولة مسجلة كيف تقرأ أجهزة المتجر")
_RECORDING = Words("the recording's folder", "مجلد التسجيل")
_PART = Words("the part to learn from (default: the only one there is)", "الجزء الذي يُتعلَّم منه (الافتراضي: الجزء الوحيد الموجود)")
_SESSIONS = Words("names of the sessions, `*` and `?` allowed (default: all)", "أسماء الجلسات، ويُقبل `*` و`?` (الافتراضي: الكل)")
_PHONES = Words(
    "shoppers carry phones that gateways hear, one louder than another; without it, tags of one kind",
    "يحمل المتسوقون هواتف تسمعها البوابات وتختلف قوة إرسالها؛ ودون هذا الخيار: بطاقات من نوع واحد",
)
_OUT = Words("the file to write", "الملف الذي يُكتب")
_NO_RECORDING = Words(
    "{path} is not a folder; a recording is a folder with `anchors.csv` and one folder per part.",
    "{path} ليس مجلدًا؛ التسجيل مجلد فيه `anchors.csv` ومجلد لكل جزء.",
)
_NO_PLACE = Words("The folder for {path} does not exist; make it first.", "المجلد الذي سيوضع فيه {path} غير موجود؛ أنشئه أولًا.")
_NOTHING = Words(
    "Nothing can be learned from {path}: {why}.",
    "لا يمكن تعلم شيء من {path}: {why}.",
)
_DONE = Words(
    "{path}: {anchors} radios, exponent {exponent}, noise {noise} dB, radio map on {maps} levels.",
    "{path}: عدد الأجهزة {anchors}، الأس {exponent}، الضجيج {noise} ديسيبل، خريطة الإشارة على {maps} من الطوابق.",
)
_NEXT = Words("Put it to use in a running venue with:", "للعمل بها في متجر قيد التشغيل:")
_READING = Words("reading {path}", "قراءة {path}")
_LEARNING = {
    "samples": Words("looking where she was in each window", "تحديد مكان حامل الجهاز في كل نافذة"),
    "places": Words("finding where the listed beacons hang", "البحث عن أماكن المنارات المدرجة"),
    "prints": Words("learning what is heard where", "تعلّم ما يُسمع في كل مكان"),
    "radios": Words("learning how the radios read; this may take a minute", "تعلّم قراءة الأجهزة؛ وقد يستغرق ذلك دقيقة"),
    "door": Words("learning on which side of the door what is heard", "تعلّم ما يُسمع على كل جانب من الباب"),
}
"""What is said of each step of `surveying/calibration.py`."""
_ONE_WAY = "الجولة كلها باتجاه واحد: فروق الأجهزة وخريطة الإشارة ستحمل ظل حامل الهاتف، ولذلك تُركت"
_MAP_DOES_NOT_PAY = "لا تتنبأ خريطة الإشارة بالجلسات الأخرى أفضل من نموذج خفوت الإشارة، ولذلك تُركت"


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # every command is asked in the same way
    parser.argument("recording", _RECORDING, metavar="RECORDING", type=Path)
    parser.argument("--part", _PART, metavar="NAME")
    parser.argument("--sessions", _SESSIONS, metavar="GLOB", default="*")
    parser.flag("--phones", _PHONES)
    parser.argument("--out", _OUT, metavar="FILE", type=Path, required=True)
    add_progress(parser)


def run(args: argparse.Namespace, voice: Voice) -> int:
    """Fits and writes; the notes of the fit go to the screen, too. Raises Stop and RecordingError."""
    if not args.recording.is_dir():
        raise Stop(_NO_RECORDING, BAD_INPUT, path=args.recording)
    if not args.out.absolute().parent.is_dir():
        raise Stop(_NO_PLACE, BAD_INPUT, path=args.out)
    from aislecast.surveying.calibration import calibration_of
    from aislecast.twin.recording import read_recording
    from geofence.positioning.anchors import write_calibration
    from groundwork.plumbing.clock import SystemClock

    progress = Progress(voice, wanted(args.progress), SystemClock().monotonic_s)
    progress.step(_READING, path=args.recording)
    recording = read_recording(args.recording, args.part, args.sessions)
    try:
        found = calibration_of(recording, args.sessions, lambda learning: progress.step(_LEARNING[learning]), phones=args.phones)
    except ValueError as error:
        raise Stop(_NOTHING, BAD_INPUT, path=args.recording, why=phrase_of(error)) from error
    args.out.write_bytes(write_calibration(found))
    print(voice.say(_DONE, path=args.out, anchors=len(found.gains_db), exponent=found.exponent, noise=found.noise_db, maps=len(found.maps)))
    for note in found.notes:
        print(f"  {_said(note, voice)}")
    print(voice.say(_NEXT))
    print(f"  aislecast calibration put {shlex.quote(str(args.out))} --venue VENUE --use")  # bare, to be copied into a shell
    return OK


def _said(note: str, voice: Voice) -> str:
    """A note of the fit, which the file has in English, in the operator's language."""
    from aislecast.surveying.calibration import FOUND_SOME
    from geofence.positioning.calibrate import MAP_DOES_NOT_PAY, ONE_WAY

    some = re.fullmatch(re.escape(FOUND_SOME.en).replace(r"\{found\}", r"(\d+)").replace(r"\{listed\}", r"(\d+)"), note)
    if some:
        return voice.say(FOUND_SOME, found=some[1], listed=some[2])
    arabic = {ONE_WAY: _ONE_WAY, MAP_DOES_NOT_PAY: _MAP_DOES_NOT_PAY}
    return voice.say(Words(note, arabic[note])) if note in arabic else note
