"""`aislecast backup`: the whole data folder in one file; the server may be running."""

import argparse
from pathlib import Path

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, database_of, folder_of
from aislecast.exits import BAD_INPUT, OK, Stop
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words(
    "copy the data folder into one file; the server may be running", "انسخ مجلد البيانات في ملف واحد؛ ويمكن أن يكون الخادم عاملًا"
)
_TO = Words("the file to make, or a folder to make it in", "الملف المطلوب إنشاؤه، أو مجلد يُنشأ فيه")
_ELSEWHERE = Words(
    "The database is on PostgreSQL; back it up with `pg_dump`, and keep a copy of the folder's keys.",
    "قاعدة البيانات على PostgreSQL؛ خذ نسختها بالأداة `pg_dump`، واحتفظ بنسخة من مفاتيح المجلد.",
)
_DONE = Words(
    "The backup is {path} ({mb:.1f} MB). It holds secret keys: keep it as safe as the data folder itself.",
    "النسخة الاحتياطية في {path} ({mb:.1f} ميغابايت). وفيها مفاتيح سرية: احفظها كما تحفظ مجلد البيانات نفسه.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    parser.argument("to", _TO, metavar="FILE|DIR", type=Path)
    add_data(parser)
    parser.set_defaults(database=None)


def run(args: argparse.Namespace, voice: Voice) -> int:
    from aislecast.upkeep.backup import back_up

    if database_of(args) is not None:
        raise Stop(_ELSEWHERE, BAD_INPUT)
    path = back_up(folder_of(args), args.to.expanduser())
    print(voice.say(_DONE, path=path, mb=path.stat().st_size / 1e6))
    return OK
