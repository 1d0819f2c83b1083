"""`aislecast support-bundle`: what we need to help, in one file, without secrets and without anybody's traces."""

import argparse
from pathlib import Path

from aislecast.arguments import Parser, whole_number
from aislecast.commands.options import add_data, add_database, database_of, folder_of
from aislecast.exits import OK
from aislecast.settings import DEFAULT_PORT
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words("collect what helps us help you, without secrets", "اجمع ما يساعدنا على مساعدتك، دون أي أسرار")
_OUT = Words(
    "the zip file to make (default: aislecast-support-TIME.zip here)",
    "ملف zip المطلوب (الافتراضي: aislecast-support-TIME.zip في المجلد الحالي)",
)
_PORT = Words("the port of the running server (default: 8000)", "منفذ الخادم العامل (الافتراضي: 8000)")
_DONE = Words(
    "Made {path}. Keys, tokens, codes and addresses were left out or blackened; please look through it before you send it.",
    "أُنشئ {path}. استُبعدت المفاتيح والرموز والعناوين أو حُجبت؛ نرجو مراجعته قبل إرساله.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:
    parser.argument("--out", _OUT, metavar="FILE", type=Path)
    add_data(parser)
    add_database(parser)
    parser.argument("--port", _PORT, type=whole_number(voice, 1, 65_535), default=DEFAULT_PORT, metavar="PORT")


def run(args: argparse.Namespace, voice: Voice) -> int:
    from aislecast.upkeep.support import make_bundle

    path = make_bundle(folder_of(args), database_of(args), args.out, port=args.port)
    print(voice.say(_DONE, path=path))
    return OK
