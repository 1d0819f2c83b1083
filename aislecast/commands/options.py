"""Options that several commands share, so that they read and mean the same everywhere."""

import argparse
import os
import re
from pathlib import Path

from aislecast.arguments import Parser
from aislecast.exits import BAD_INPUT, Stop
from aislecast.folder import Folder
from aislecast.settings import DATABASE, default_home
from aislecast.words import NOT_THERE
from groundwork.plumbing.reasons import Words

_DATA = Words(
    "the data folder (default: AISLECAST_HOME, else ~/.local/share/aislecast)",
    "مجلد البيانات (الافتراضي: AISLECAST_HOME، وإلا ~/.local/share/aislecast)",
)
_DATABASE = Words(
    "a PostgreSQL address instead of the data folder's SQLite file; a password belongs in AISLECAST_DATABASE",
    "عنوان PostgreSQL بدلًا من ملف SQLite في مجلد البيانات؛ أما كلمة المرور فمكانها AISLECAST_DATABASE",
)
_BAD_URL = Words(
    "A database address starts with `sqlite:///` or `postgresql://`.", "يبدأ عنوان قاعدة البيانات بـ `sqlite:///` أو `postgresql://`."
)
_TENANT = Words("one tenant alone (default: all)", "مستأجر واحد فقط (الافتراضي: الكل)")
NO_TENANT = Words("There is no tenant {tenant}; known are: {known}.", "لا يوجد مستأجر باسم {tenant}؛ المعروفون: {known}.")
_BAD_END = Words(
    "An end has the form `{form}`, as this command prints it, and needs `--tenant`; got {got}.",
    "صيغة النهاية `{form}` كما يطبعها هذا الأمر، وتحتاج إلى `--tenant`؛ والمعطى {got}.",
)
_NOT_EMPTY = Words(
    "The folder {path} is not empty. Choose a new one with `--out`.", "المجلد {path} ليس فارغًا. اختر مجلدًا جديدًا بالخيار `--out`."
)
_JSON = Words("one JSON object instead of text", "مخرجات JSON بدلًا من النص")


def add_data(parser: Parser) -> None:
    """`--data DIR`."""
    parser.argument("--data", _DATA, metavar="DIR", type=Path)


def add_database(parser: Parser, name: str = "--database") -> None:
    """`--database URL`."""
    parser.argument(name, _DATABASE, metavar="URL", dest="database")


def add_tenant(parser: Parser) -> None:
    """`--tenant ID`, of commands that go through all of them otherwise."""
    parser.argument("--tenant", _TENANT, metavar="ID")


def add_json(parser: Parser) -> None:
    """`--json`."""
    parser.flag("--json", _JSON)


def new_folder(path: Path) -> Path:
    """`path`, where something new may be written. Raises Stop for a file and for a folder with something in it."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise Stop(_NOT_EMPTY, BAD_INPUT, path=path)
    return path


def end_of(rows: int, newest: bytes) -> str:
    """The end of a chain as it is printed, to be kept elsewhere."""
    return f"{rows}:{newest.hex()}"


def kept_end(args: argparse.Namespace, form: str) -> tuple[int, bytes] | None:
    """The end of a chain that `--end` says was kept elsewhere. Raises Stop, naming `form`, where `end_of` never printed that."""
    if args.end is None:
        return None
    said = re.fullmatch(r"([0-9]{1,15}):([0-9a-f]{64})", args.end)
    if said is None or not args.tenant:
        raise Stop(_BAD_END, BAD_INPUT, form=form, got=args.end)
    return int(said[1]), bytes.fromhex(said[2])


def folder_of(args: argparse.Namespace) -> Folder:
    """The data folder: what was typed, else the account's own."""
    typed: Path | None = args.data
    return Folder((typed if typed is not None else default_home(os.environ)).expanduser())


def database_of(args: argparse.Namespace) -> str | None:
    """The database's address: as typed, else AISLECAST_DATABASE; None for the folder's own SQLite file. Raises Stop on another form."""
    address: str | None = args.database or os.environ.get(DATABASE) or None
    if address is not None and not address.startswith(("sqlite:///", "postgresql://")):
        raise Stop(_BAD_URL, BAD_INPUT)
    return address


def database_url(args: argparse.Namespace) -> str:
    """The address of the database this command works on."""
    return database_of(args) or folder_of(args).database_url


def existing_database_url(args: argparse.Namespace) -> str:
    """The same, for commands that only look or mend: opening a file that is not there would make it. Raises Stop."""
    url = database_url(args)
    path = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not path.exists():
        raise Stop(NOT_THERE, BAD_INPUT, path=path)
    return url
