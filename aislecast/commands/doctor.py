"""`aislecast doctor`: looks at everything that has to be right on this machine, and says what to do where it is not."""

import argparse

from aislecast.arguments import Parser, whole_number
from aislecast.commands.options import add_data, add_database, add_json, database_of, folder_of
from aislecast.exits import FAILED, OK
from aislecast.settings import DEFAULT_HOST, DEFAULT_PORT
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words("check this machine and this installation", "افحص هذا الجهاز وهذا التثبيت")
_PORT = Words("the port that `up` will use (default: 8000)", "المنفذ الذي سيستخدمه `up` (الافتراضي: 8000)")
_HOST = Words("the address that `up` will use (default: 127.0.0.1)", "العنوان الذي سيستخدمه `up` (الافتراضي: 127.0.0.1)")


def add_arguments(parser: Parser, voice: Voice) -> None:
    add_data(parser)
    add_database(parser)
    parser.argument("--port", _PORT, type=whole_number(voice, 1, 65_535), default=DEFAULT_PORT, metavar="PORT")
    parser.argument("--host", _HOST, default=DEFAULT_HOST, metavar="HOST")
    add_json(parser)


def run(args: argparse.Namespace, voice: Voice) -> int:
    from aislecast.upkeep import doctor

    patient = doctor.Patient(folder_of(args), database_of(args), args.host, args.port)
    findings = doctor.examine(patient)
    print(doctor.as_json(findings, voice) if args.json else doctor.as_text(findings, voice))
    return FAILED if any(finding.level == "bad" for finding in findings) else OK
