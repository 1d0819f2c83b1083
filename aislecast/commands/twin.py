"""`aislecast twin run`: a simulated shop, written as a recording with its ground truth.

It is the demo shop, its gateways named as there: a calibration learned from such a recording has its effect in `aislecast up --demo`.
"""

import argparse
import shlex
from pathlib import Path

from aislecast.arguments import Parser, number, whole_number
from aislecast.commands.options import new_folder
from aislecast.exits import OK
from aislecast.settings import TwinOptions
from aislecast.words import Voice
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.reasons import Words

SUMMARY = Words("simulate a shop and record what its gateways hear", "حاكِ متجرًا وسجّل ما تسمعه بواباته")
_RUN = Words("make a recording with its ground truth", "أنشئ تسجيلًا مع مواضعه الحقيقية")
_SEED = Words("the same seed makes the same recording (default: 1)", "البذرة نفسها تعطي التسجيل نفسه (الافتراضي: 1)")
_SHOPPERS = Words("how many shoppers (default: 12)", "عدد المتسوقين (الافتراضي: 12)")
_MINUTES = Words("how many minutes (default: 10)", "عدد الدقائق (الافتراضي: 10)")
_OUT = Words("a new folder for the recording (default: twin-SEED)", "مجلد جديد للتسجيل (الافتراضي: twin-SEED)")
_DONE = Words(
    "The recording is in {path}. Replay it with:",
    "التسجيل في {path}. أعد تشغيله بالأمر:",
)


def add_arguments(parser: Parser, voice: Voice) -> None:
    run_parser = parser.commands("action", {"run": _RUN})["run"]
    run_parser.argument("--seed", _SEED, metavar="N", type=whole_number(voice, 0, 2**63 - 1), default=1)
    run_parser.argument("--shoppers", _SHOPPERS, metavar="N", type=whole_number(voice, 1, 1_000), default=12)
    run_parser.argument("--minutes", _MINUTES, metavar="N", type=number(voice, 0.1, 1_440), default=10.0)
    run_parser.argument("--out", _OUT, metavar="DIR", type=Path)


def run(args: argparse.Namespace, voice: Voice) -> int:
    out = new_folder(args.out if args.out is not None else Path(f"twin-{args.seed}"))
    options = TwinOptions(seed=args.seed, shoppers=args.shoppers, minutes=args.minutes, out=out, language=voice.language)
    from aislecast.twin.record import run_to_recording
    from aislecast.twin.shop import demo_plan, products

    plan = demo_plan(TenantId("demo"), VenueId("palm-market"))  # not asked of `aislecast.demo.shop`, which loads every service
    run_to_recording(plan, options.seed, options.shoppers, options.minutes, options.out, shelved=products())
    print(voice.say(_DONE, path=out))
    print(f"  aislecast replay {shlex.quote(str(out))} --score")  # a line of its own and bare, to be copied into a shell
    return OK
