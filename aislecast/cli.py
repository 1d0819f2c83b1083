"""The command line `aislecast`: finds the language, parses, runs one command, and turns every ending into a sentence and an exit code.

Exit codes: 0 done; 1 the answer is no; 2 what was typed or a file that was named is wrong; 3 the machine is in the way (port, disk,
lock, network); 130 stopped with Ctrl-C. Each command is one file in `commands/` and one line in `commands.COMMANDS`.
"""

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from aislecast import __version__, exits
from aislecast.arguments import Parser
from aislecast.commands import COMMANDS
from aislecast.endings import ending_of, unexpected
from aislecast.folder import Folder
from aislecast.settings import default_home
from aislecast.words import Voice, language_of
from groundwork.plumbing.reasons import Words

_ABOUT = Words(
    "Aislecast finds which aisle a consenting shopper is in, sends at most one good offer a visit, and has its coupon redeemed once.",
    "يعرف Aislecast الممر الذي يقف فيه المتسوق الموافق على ذلك، ويرسل عرضًا مفيدًا واحدًا على الأكثر في الزيارة، وتُصرف قسيمته مرة واحدة.",
)
_CODES = Words(
    "Exit codes: 0 done, 1 the answer is no, 2 wrong input, 3 the machine is in the way (port, disk, lock, network), 130 stopped.",
    "رموز الخروج: 0 تم، 1 الجواب لا، 2 مدخلات خاطئة، 3 عائق في الجهاز (منفذ أو قرص أو قفل أو شبكة)، 130 أُوقف.",
)
_VERSION = Words("show the version and exit", "اعرض رقم الإصدار واخرج")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; the entry point of the `aislecast` script."""
    typed = list(sys.argv[1:] if argv is None else argv)
    voice = Voice(language_of(typed, os.environ))
    try:
        args = build_parser(voice).parse_args(typed)
    except SystemExit as ending:  # --help, --version and wrong arguments have said what there is to say
        return ending.code if isinstance(ending.code, int) else exits.BAD_INPUT
    return _ended(lambda: COMMANDS[args.command].run(args, voice), args, voice)


def build_parser(voice: Voice) -> Parser:
    """The whole command line in the voice's language."""
    parser = Parser(voice, prog="aislecast", about=voice.say(_ABOUT))
    parser.epilog = voice.say(_CODES)
    parser.options.add_argument("--version", action="version", version=f"aislecast {__version__}", help=voice.say(_VERSION))
    parsers = parser.commands("command", {name: command.SUMMARY for name, command in COMMANDS.items()})
    for name, command in COMMANDS.items():
        command.add_arguments(parsers[name], voice)
    return parser


def _ended(run: Callable[[], int], args: argparse.Namespace, voice: Voice) -> int:
    try:
        return run()
    except BrokenPipeError:  # the reader of our output went away, as `| head` does; nobody is left to tell
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except (Exception, KeyboardInterrupt) as error:
        folder = Folder(getattr(args, "data", None) or default_home(os.environ))
        sentence, code = ending_of(error, voice) or unexpected(error, folder, voice)
        print(sentence, file=sys.stderr)
        return code


if __name__ == "__main__":
    sys.exit(main())
