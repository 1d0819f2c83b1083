"""Backup and restore of a data folder: one tar file with the database, the keys and the certificates, each with its checksum.

A backup may be taken while the server runs (SQLite's online backup API sees one moment of the database). A restore checks everything
before it touches the folder, and leaves a send fence: pushes made before the restore expire unsent, since they may have been sent
after the backup was made. What gateways were told was safe after the backup was made is lost with it; coupons spent since then could
be spent again, so restore what is newest.

Not in a backup: logs, cache, and the spool. A spool from the past would number new batches like batches the backend already has,
and they would be taken for repeats; a fresh spool starts a new boot instead.
PostgreSQL has better means of its own (pg_dump, base backups); see the operations guide.
"""

import hashlib
import io
import os
import re
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from aislecast import __version__
from aislecast.exits import BAD_INPUT, FAILED, Stop
from aislecast.folder import Folder, sync_folder, write_secret
from aislecast.words import NOT_THERE
from groundwork.plumbing.clock import Clock, SystemClock, as_datetime
from groundwork.plumbing.reasons import Words

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_DATABASE: Final = "aislecast.db"
_SECRET_FOLDERS: Final = ("keys", "tls")
_NAME: Final = re.compile(r"aislecast\.db|(?:keys|tls)/[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_KEPT: Final = ("lock", "backups")
"""What a forced restore leaves where it is."""
_COPY_BYTES: Final = 1 << 20

NOTHING = Words("There is no database in {folder}, so there is nothing to back up.", "لا توجد قاعدة بيانات في {folder}، فلا شيء لنسخه.")
EXISTS = Words(
    "{path} already exists. Choose another name; a backup is never overwritten.",
    "{path} موجود. اختر اسمًا آخر؛ لا تُكتب نسخة احتياطية فوق أخرى.",
)
NO_FOLDER = Words("The folder {path} does not exist; make it first.", "المجلد {path} غير موجود؛ أنشئه أولًا.")
NO_BACKUP = Words(
    "{path} is not an Aislecast backup: a backup is a tar file that begins with `manifest.json`.",
    "{path} ليس نسخة احتياطية من Aislecast: النسخة الاحتياطية ملف tar يبدأ بالملف `manifest.json`.",
)
OTHER_FORMAT = Words(
    "The backup {path} has format {found}; this version reads format {known}. Restore it with the version that made it.",
    "صيغة النسخة الاحتياطية {path} هي {found}؛ وهذه النسخة تقرأ الصيغة {known}. استعدها بالنسخة التي أنشأتها.",
)
STRANGE_PART = Words(
    "The backup {path} holds {name}, which no backup of ours does. Nothing was changed.",
    "تحتوي النسخة الاحتياطية {path} على {name}، ولا تحتوي نسخنا على مثله. لم يتغير شيء.",
)
BROKEN_DATABASE = Words(
    "The database in the backup {path} is damaged: {why}. Nothing was changed.",
    "قاعدة البيانات في النسخة الاحتياطية {path} تالفة: {why}. لم يتغير شيء.",
)
DAMAGED = Words(
    "The backup {path} is damaged: {name} does not match its checksum. Nothing was changed.",
    "النسخة الاحتياطية {path} تالفة: {name} لا يطابق بصمته. لم يتغير شيء.",
)
NOT_EMPTY = Words(
    "The data folder {folder} is not empty. With `--force` its contents are put aside in {aside} and the backup takes their place.",
    "مجلد البيانات {folder} ليس فارغًا. مع `--force` تُنقل محتوياته إلى {aside} وتحل النسخة الاحتياطية محلها.",
)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file of a backup."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds; its first file."""

    format: int
    made_ms: int
    version: str
    """Of the Aislecast that made it."""
    schema: str
    """The database's revision; empty for one that was never migrated."""
    parts: list[Part]


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """The send fence, as it is written."""

    pushes_made_before_ms: int


def back_up(folder: Folder, to: Path, clock: Clock | None = None) -> Path:
    """Writes a backup to the file `to`, or into the folder `to` under a name with the time; returns the file, which is durable by then."""
    if not folder.database.is_file():
        raise Stop(NOTHING, FAILED, folder=folder.root)
    now_ms = (clock or SystemClock()).now_ms()
    path = to / f"aislecast-{stamp(now_ms)}.tar" if to.is_dir() else to
    if path.exists():
        raise Stop(EXISTS, BAD_INPUT, path=path)
    if not path.absolute().parent.is_dir():
        raise Stop(NO_FOLDER, BAD_INPUT, path=path.absolute().parent)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=path.absolute().parent) as scratch:
        copy = Path(scratch) / _DATABASE
        copy_database(folder.database, copy)
        whole = Path(scratch) / "whole.tar"
        _write_tar(whole, {_DATABASE: copy, **_secrets(folder)}, now_ms)
        whole.replace(path)
    sync_folder(path.absolute().parent)
    return path


def restore(folder: Folder, backup: Path, *, force: bool = False, clock: Clock | None = None) -> Manifest:
    """Puts the backup's contents into `folder`, which the caller has locked. Raises Stop, having changed nothing, where that is wrong."""
    now_ms = (clock or SystemClock()).now_ms()
    taken = [entry for entry in sorted(folder.root.iterdir()) if not _is_empty(entry) and entry.name not in _KEPT]
    aside = folder.backups / f"before-restore-{stamp(now_ms)}"
    if taken and not force:
        raise Stop(NOT_EMPTY, BAD_INPUT, folder=folder.root, aside=aside)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=folder.backups) as scratch:
        manifest = unpack(backup, Path(scratch))
        check_database(Path(scratch) / _DATABASE, backup)
        _put_aside(taken, aside)
        folder.make()
        write_secret(folder.send_fence, msgspec.json.encode(Fence(pushes_made_before_ms=now_ms)))
        for part in sorted(manifest.parts, key=lambda part: part.name == _DATABASE):  # a folder with a database is a whole one
            (Path(scratch) / part.name).replace(folder.root / part.name)
    for each in (folder.keys, folder.tls, folder.root):
        sync_folder(each)
    return manifest


def stamp(ms: int) -> str:
    """`20261101T070000Z`, to the second."""
    return f"{as_datetime(ms):%Y%m%dT%H%M%SZ}"


def made_at(manifest: Manifest) -> datetime:
    """When the backup was made, UTC."""
    return as_datetime(manifest.made_ms)


def copy_database(source: Path, target: Path) -> None:
    """One consistent moment of `source` as one file without a write-ahead log; the server may go on writing meanwhile."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")


def read_manifest(backup: Path) -> Manifest:
    """What the backup says it holds. Raises Stop where it is none."""
    with _opened(backup) as tar:
        return _manifest(tar, backup)


def unpack(backup: Path, into: Path) -> Manifest:
    """Writes the backup's files below `into`, each durable and equal to its checksum. Raises Stop where one is not."""
    with _opened(backup) as tar:
        manifest = _manifest(tar, backup)
        for part in manifest.parts:
            target = into / part.name
            if not _NAME.fullmatch(part.name) or target.exists():
                raise Stop(STRANGE_PART, BAD_INPUT, path=backup, name=part.name)
            target.parent.mkdir(mode=0o700, exist_ok=True)
            if _extract(tar, part.name, target) != (part.bytes, part.sha256):
                raise Stop(DAMAGED, BAD_INPUT, path=backup, name=part.name)
        return manifest


def check_database(path: Path, backup: Path) -> None:
    """Raises Stop unless SQLite finds the file whole."""
    try:
        with closing(sqlite3.connect(path)) as conn:
            answer = conn.execute("PRAGMA integrity_check(1)").fetchone()[0]
    except sqlite3.DatabaseError as error:
        answer = str(error)
    if answer != "ok":
        raise Stop(BROKEN_DATABASE, BAD_INPUT, path=backup, why=answer)


def schema_of(database: Path) -> str:
    """The revision written in the file; empty where it was never migrated."""
    with closing(sqlite3.connect(database)) as conn:
        try:
            row = conn.execute("SELECT version_num FROM alembic_version").fetchone()
        except sqlite3.OperationalError:  # no such table
            return ""
    return str(row[0]) if row else ""


def _secrets(folder: Folder) -> dict[str, Path]:
    found = (path for name in _SECRET_FOLDERS for path in sorted((folder.root / name).glob("[A-Za-z0-9]*")) if path.is_file())
    return {f"{path.parent.name}/{path.name}": path for path in found}


def _write_tar(path: Path, files: dict[str, Path], now_ms: int) -> None:
    parts = [Part(name=name, bytes=file.stat().st_size, sha256=_digest(file)) for name, file in files.items()]
    manifest = Manifest(format=FORMAT, made_ms=now_ms, version=__version__, schema=schema_of(files[_DATABASE]), parts=parts)
    text = msgspec.json.format(msgspec.json.encode(manifest), indent=2)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
            _add(tar, MANIFEST, io.BytesIO(text), len(text), now_ms)
            for name, file in files.items():
                with file.open("rb") as content:
                    _add(tar, name, content, file.stat().st_size, now_ms)
        raw.flush()
        os.fsync(descriptor)


def _add(tar: tarfile.TarFile, name: str, content: io.BufferedIOBase, size: int, now_ms: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = size, 0o600, now_ms // 1000
    tar.addfile(entry, content)


def _opened(backup: Path) -> tarfile.TarFile:
    if not backup.exists():
        raise Stop(NOT_THERE, BAD_INPUT, path=backup)
    try:
        return tarfile.open(backup, mode="r:")
    except (tarfile.TarError, IsADirectoryError):
        raise Stop(NO_BACKUP, BAD_INPUT, path=backup) from None


def _manifest(tar: tarfile.TarFile, backup: Path) -> Manifest:
    try:
        first = tar.next()  # asking for it by name would read to the end, where a backup cut short has none
        content = tar.extractfile(first) if first and first.name == MANIFEST else None
        manifest = msgspec.json.decode(content.read() if content else b"", type=Manifest)
    except (msgspec.DecodeError, tarfile.TarError):
        raise Stop(NO_BACKUP, BAD_INPUT, path=backup) from None
    if manifest.format != FORMAT:
        raise Stop(OTHER_FORMAT, BAD_INPUT, path=backup, found=manifest.format, known=FORMAT)
    if not any(part.name == _DATABASE for part in manifest.parts):
        raise Stop(NO_BACKUP, BAD_INPUT, path=backup)
    return manifest


def _extract(tar: tarfile.TarFile, name: str, target: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of what was written; (0, "") where the tar has no such file."""
    try:
        content = tar.extractfile(name)
    except (KeyError, tarfile.ReadError):
        content = None
    if content is None:
        return 0, ""
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        try:
            while piece := content.read(_COPY_BYTES):
                digest.update(piece)
                size += file.write(piece)
        except tarfile.ReadError:  # cut short
            return 0, ""
        file.flush()
        os.fsync(descriptor)
    return size, digest.hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_empty(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _put_aside(taken: list[Path], aside: Path) -> None:
    if not taken:
        return
    aside.mkdir(mode=0o700)
    for path in taken:
        path.replace(aside / path.name)
    sync_folder(aside)
