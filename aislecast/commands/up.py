"""`aislecast up`: the whole product in one process, with or without the demo shop.

Everything that can be wrong on this machine (address, TLS files, folder, disk, port, schema) is found here, before the server starts.
"""

import argparse
import errno
import gc
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path

from aislecast import words
from aislecast.arguments import Parser, whole_number
from aislecast.commands.options import add_data, add_database, database_of, folder_of
from aislecast.exits import BAD_INPUT, ENVIRONMENT, Stop
from aislecast.folder import Folder
from aislecast.runner import runner
from aislecast.settings import CLOCK, DEFAULT_HOST, DEFAULT_PORT, UpOptions
from aislecast.upkeep.ports import why_not
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words(
    "start everything in one process; with the demo shop there is something to watch at once",
    "شغّل كل شيء في عملية واحدة؛ ومع المتجر التجريبي تجد ما تشاهده فورًا",
)
_DEMO = Words("run the demo shop with simulated shoppers", "شغّل المتجر التجريبي بمتسوقين محاكَين")
_NO_DEMO = Words("start with your own venues only (default)", "ابدأ بمتاجرك وحدها (الافتراضي)")
_PORT = Words("port of the server (default: 8000)", "منفذ الخادم (الافتراضي: 8000)")
_HOST = Words("address to listen on (default: 127.0.0.1, this machine only)", "عنوان الاستماع (الافتراضي: 127.0.0.1، هذا الجهاز فقط)")
_TLS = Words(
    "`off`, `self` (makes a certificate authority of its own and says how a phone trusts it) or `CERT,KEY` (two PEM files)",
    "`off` بلا تشفير، أو `self` لإنشاء سلطة شهادات خاصة مع بيان كيفية وثوق الهاتف بها، أو `CERT,KEY` لملفي PEM",
)
_INSECURE = Words(
    "allow plain HTTP on an address that others can reach",
    "اسمح باتصال HTTP غير مشفّر على عنوان يمكن للآخرين الوصول إليه",
)
_PLAIN = Words("plain lines instead of the live view", "أسطر نصية بدلًا من العرض الحي")
_CLOCK = Words(
    "`system`, or `START_MS@WALL_MSxSPEED` to rehearse at another time and speed",
    "`system`، أو `START_MS@WALL_MSxSPEED` للتجربة في وقت آخر وبسرعة أخرى",
)
_REACHABLE = Words(
    "{host} can be reached from other machines, and without TLS coupon codes would travel unencrypted. "
    "Add `--tls self`, or `--insecure` if you are sure.",
    "يمكن الوصول إلى {host} من أجهزة أخرى، وبدون TLS تنتقل رموز القسائم غير مشفّرة. أضف `--tls self`، أو `--insecure` إن كنت متأكدًا.",
)
_BAD_TLS = Words(
    "`--tls` takes `off`, `self` or two files as `CERT,KEY`; got {got}.",
    "الخيار `--tls` يقبل `off` أو `self` أو ملفين بالصيغة `CERT,KEY`؛ والمعطى {got}.",
)
_NO_TLS_FILE = Words("The TLS file {path} does not exist or cannot be read.", "ملف TLS في {path} غير موجود أو تتعذر قراءته.")
_BAD_CLOCK = Words(
    "`--clock` takes `system` or `START_MS@WALL_MSxSPEED`; got {got}.",
    "الخيار `--clock` يقبل `system` أو `START_MS@WALL_MSxSPEED`؛ والمعطى {got}.",
)
_NO_ADDRESS = Words(
    "{host} is not an address of this machine. Try 127.0.0.1 for this machine only, or 0.0.0.0 for all.",
    "العنوان {host} ليس من عناوين هذا الجهاز. جرّب 127.0.0.1 لهذا الجهاز فقط، أو 0.0.0.0 لجميع العناوين.",
)
_LOW_PORT = Words(
    "Port {port} needs more rights than this account has. Choose one from 1024 upwards with `--port`.",
    "المنفذ {port} يتطلب صلاحيات لا يملكها هذا الحساب. اختر منفذًا من 1024 فصاعدًا بالخيار `--port`.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:
    parser.argument("--demo", _DEMO, action="store_true", default=False)
    parser.argument("--no-demo", _NO_DEMO, action="store_false", dest="demo")
    parser.argument("--port", _PORT, type=whole_number(voice, 1, 65_535), default=DEFAULT_PORT, metavar="PORT")
    parser.argument("--host", _HOST, default=DEFAULT_HOST, metavar="HOST")
    add_data(parser)
    add_database(parser)
    parser.argument("--tls", _TLS, default="off", metavar="off|self|CERT,KEY")
    parser.flag("--insecure", _INSECURE)
    parser.flag("--plain", _PLAIN)
    parser.argument("--clock", _CLOCK, metavar="CLOCK")


def run(args: argparse.Namespace, voice: Voice) -> int:
    _place_threads()
    with _uncollected():
        from aislecast.migrations.prepare import prepare

    options = options_of(args, voice)
    folder = Folder(options.data)
    folder.make()
    with folder.locked():
        folder.need_space()
        check_port(options.host, options.port)
        prepare(options.database or folder.database_url, folder, lambda sentence: print(sentence, file=sys.stderr), voice)
        _place_compiled(folder)
        return runner()(_all_in_one(options))


def _place_compiled(folder: Folder) -> None:
    """Has numba keep what it compiles in the data folder where it may not write beside the program's files, as it does of itself.

    To be called before numba is imported. Compiling takes some twenty seconds, reading it again less than one.
    """
    if not os.access(Path(__file__).parent, os.W_OK):
        os.environ.setdefault("NUMBA_CACHE_DIR", str(folder.cache / "numba"))


def _place_threads() -> None:
    """Has linear algebra work on one thread, unless whoever starts us says otherwise. To be called before numpy is imported.

    Its matrices are small here. Where the machine is busy, its threads wait for one another by spinning: calibrating the demo shop took
    ten seconds of two processors in place of two of one.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def options_of(args: argparse.Namespace, voice: Voice) -> UpOptions:
    """The options, checked as far as possible without starting. Raises Stop with exit code 2."""
    from groundwork.plumbing.lifecycle import is_loopback

    clock = args.clock or os.environ.get(CLOCK) or "system"
    check_clock(clock)
    check_tls(args.tls)
    if args.tls == "off" and not args.insecure and not is_loopback(args.host):
        raise Stop(_REACHABLE, BAD_INPUT, host=args.host)
    return UpOptions(
        demo=args.demo,
        port=args.port,
        host=args.host,
        data=folder_of(args).root,
        tls=args.tls,
        insecure=args.insecure,
        language=voice.language,
        plain=args.plain or not sys.stdout.isatty(),
        database=database_of(args),
        clock=clock,
    )


def check_tls(tls: str) -> None:
    """Raises Stop unless `tls` is `off`, `self`, or two readable files."""
    if tls in ("off", "self"):
        return
    files = tls.split(",")
    if len(files) != 2 or not all(files):
        raise Stop(_BAD_TLS, BAD_INPUT, got=tls)
    for name in files:
        if not (Path(name).is_file() and os.access(name, os.R_OK)):
            raise Stop(_NO_TLS_FILE, BAD_INPUT, path=name)


def check_clock(clock: str) -> None:
    """Raises Stop unless the clock can be made."""
    from groundwork.plumbing.clock import clock_from

    try:
        clock_from(clock)
    except ValueError:
        raise Stop(_BAD_CLOCK, BAD_INPUT, got=clock) from None


def check_port(host: str, port: int) -> None:
    """Raises Stop where the server will not be able to listen; the port is free again on return."""
    error = why_not(host, port)
    if error is None:
        return
    if error.errno == errno.EADDRINUSE:
        raise Stop(words.PORT_IN_USE, ENVIRONMENT, port=port, host=host)
    if isinstance(error, PermissionError):
        raise Stop(_LOW_PORT, ENVIRONMENT, port=port)
    raise Stop(_NO_ADDRESS, BAD_INPUT, host=host)


def _all_in_one(options: UpOptions) -> Coroutine[None, None, int]:
    """The server, ready to be run. What its modules are made of lives as long as it does, so no later collection looks among it."""
    with _uncollected():
        from aislecast import all_in_one
    gc.freeze()
    return all_in_one.run(options)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Imports under this take a quarter less time: hardly anything of a module is garbage, and Python would look for some all along."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
