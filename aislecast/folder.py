"""The data folder: where everything an installation keeps on disk is, who may read it, and that only one server uses it.

    aislecast.db        the database (SQLite), with -wal and -shm beside it while in use
    keys/               secret keys, one file each, 0600
    tls/                the local certificate authority and server certificate of `--tls self`, 0600
    spool/              what the built-in gateway has heard and the backend has not yet acknowledged
    logs/aislecast.log  JSON lines
    backups/            made before a schema change, and what a forced restore put aside
    cache/              may be deleted at any time
    send-fence          after a restore: pushes made before this moment expire instead of being sent
    lock                held (flock) by the process that uses the folder

The folder is 0700. Nothing here knows what is inside the database; `migrations` and `backup` do.
"""

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aislecast.exits import ENVIRONMENT, Stop
from aislecast.words import NO_ACCESS
from groundwork.plumbing.reasons import Words

NEEDED_BYTES = 200_000_000
"""Free space asked for at start: a migration backs up first, and a WAL may reach some tens of MB before it is folded in."""
_NOT_ALLOWED: Final = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT)
"""The last is what a file system says that holds no folders of ours, such as /proc."""

LOCKED = Words(
    "The data folder {folder} is in use by another Aislecast (process {pid}). Stop it first, or choose another folder with `--data`.",
    "مجلد البيانات {folder} تستخدمه نسخة أخرى من Aislecast (العملية {pid}). أوقفها أولًا، أو اختر مجلدًا آخر بالخيار `--data`.",
)
NOT_A_FOLDER = Words(
    "{folder} is a file, not a folder. Choose another data folder with `--data`.",
    "{folder} ملف وليس مجلدًا. اختر مجلد بيانات آخر بالخيار `--data`.",
)
LITTLE_SPACE = Words(
    "Only {free_mb} MB are free in {folder}, and {needed_mb} MB are needed to start safely. Free some space, or "
    "choose another folder with `--data`.",
    "المساحة الحرة في {folder} لا تتجاوز {free_mb} ميغابايت، والمطلوب للبدء بأمان {needed_mb} ميغابايت. أفرغ بعض "
    "المساحة، أو اختر مجلدًا آخر بالخيار `--data`.",
)
OPEN_KEY = Words(
    "Other accounts on this machine can read the key file {path}. Close it with `chmod 600`, and replace the key if you do not trust them.",
    "يمكن لحسابات أخرى على هذا الجهاز قراءة ملف المفتاح {path}. أغلقه بالأمر `chmod 600`، واستبدل المفتاح إن لم تكن تثق بها.",
)
BAD_FENCE = Words(
    "The file {path} cannot be read, so it is unknown which pushes a restore has called off. Restore again, or "
    "delete the file to send them all.",
    "تتعذر قراءة الملف {path}، فلا يُعرف أي الإشعارات ألغتها الاستعادة. أعد الاستعادة، أو احذف الملف لإرسالها كلها.",
)


@dataclass(frozen=True, slots=True)
class Folder:
    """One installation's files. Making the value touches nothing; `make` does."""

    root: Path

    @property
    def database(self) -> Path:
        return self.root / "aislecast.db"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.database.absolute()}"

    @property
    def keys(self) -> Path:
        return self.root / "keys"

    @property
    def tls(self) -> Path:
        return self.root / "tls"

    @property
    def spool(self) -> Path:
        return self.root / "spool"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def log(self) -> Path:
        return self.logs / "aislecast.log"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def cache(self) -> Path:
        return self.root / "cache"

    @property
    def send_fence(self) -> Path:
        return self.root / "send-fence"

    @property
    def demo_till(self) -> Path:
        """The demo shop's till: its token in the first line, its venue in the second."""
        return self.keys / "demo-till"

    @property
    def lock_file(self) -> Path:
        return self.root / "lock"

    def make(self) -> None:
        """Makes what is missing, 0700. Raises Stop where that is not allowed or a file stands in the way."""
        try:
            for folder in (self.root, self.keys, self.tls, self.spool, self.logs, self.backups, self.cache):
                folder.mkdir(mode=0o700, parents=folder == self.root, exist_ok=True)
        except (FileExistsError, NotADirectoryError) as error:
            raise Stop(NOT_A_FOLDER, ENVIRONMENT, folder=error.filename) from None
        except OSError as error:
            if error.errno not in _NOT_ALLOWED:
                raise
            raise Stop(NO_ACCESS, ENVIRONMENT, path=error.filename) from None

    def need_space(self, needed_bytes: int = NEEDED_BYTES) -> None:
        """Raises Stop where less than `needed_bytes` are free."""
        free = free_bytes(self.root)
        if free < needed_bytes:
            raise Stop(LITTLE_SPACE, ENVIRONMENT, folder=self.root, free_mb=free // 1_000_000, needed_mb=needed_bytes // 1_000_000)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the folder for this process. Raises Stop naming the process that holds it; a killed one holds nothing."""
        try:
            descriptor = os.open(self.lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except PermissionError as error:
            raise Stop(NO_ACCESS, ENVIRONMENT, path=error.filename) from None
        try:
            _take(descriptor, self.root)
            yield
        finally:
            os.close(descriptor)

    def key(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The key called `name`, from its file; made and stored durably (0600) at first asking. Raises Stop where others can read it."""
        path = self.keys / name
        if not path.exists():
            write_secret(path, make())
        elif path.stat().st_mode & 0o077:
            raise Stop(OPEN_KEY, ENVIRONMENT, path=path)
        return path.read_bytes()

    def send_fence_ms(self) -> int | None:
        """Pushes created before this moment expire unsent; None where nothing was ever restored."""
        if not self.send_fence.exists():
            return None
        try:
            return int(json.loads(self.send_fence.read_bytes())["pushes_made_before_ms"])
        except (ValueError, KeyError, TypeError):
            raise Stop(BAD_FENCE, ENVIRONMENT, path=self.send_fence) from None


def free_bytes(path: Path) -> int:
    """Bytes an ordinary account may still write where `path` is, or will be."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def write_secret(path: Path, content: bytes) -> None:
    """Writes `content` so that only this account can read it, and so that after a power cut it is there whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    beside.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes renames and new names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "?"
        raise Stop(LOCKED, ENVIRONMENT, folder=root, pid=holder) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
