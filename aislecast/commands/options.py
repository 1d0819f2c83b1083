"""Options that several commands share, so that they read and mean the same everywhere."""

import argparse
import os
from pathlib import Path

from aislecast.arguments import Parser
from aislecast.exits import BAD_INPUT, Stop
from aislecast.folder import Folder
from aislecast.settings import DATABASE, default_home
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
_JSON = Words("one JSON object instead of text", "مخرجات JSON بدلًا من النص")


def add_data(parser: Parser) -> None:
    """`--data DIR`."""
    parser.argument("--data", _DATA, metavar="DIR", type=Path)


def add_database(parser: Parser, name: str = "--database") -> None:
    """`--database URL`."""
    parser.argument(name, _DATABASE, metavar="URL", dest="database")


def add_json(parser: Parser) -> None:
    """`--json`."""
    parser.flag("--json", _JSON)


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
