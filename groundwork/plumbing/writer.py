"""SQLite with one writer thread and group commit: an acknowledged write is fsynced, and many writes share one fsync.

Each call runs under its own savepoint, so a failing call undoes only itself. Calls that queue up while a commit is under way share the
next one. WAL with synchronous=FULL: NORMAL would lose acknowledged commits at a power cut. After a failed write to disk nothing is
acknowledged again, because the kernel may have dropped the pages that an fsync failed on; a full disk is different, it may get room.
Reads run on connections of their own, each in one consistent snapshot, and never wait for the writer.
"""

import asyncio
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool, QueuePool

from groundwork.plumbing.db import DatabaseBroken, DatabaseTrouble
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

T = TypeVar("T")

_BATCH_CALLS: Final = 256
_BATCH_S: Final = 0.005
"""Most calls and most work that share a commit: bounds how long the first caller of a batch waits for the others."""
_READERS: Final = 4
_NOT_OPENED: Final = Words("cannot open the SQLite database {path}: {why}", "تعذر فتح قاعدة بيانات SQLite في {path}: {why}")
_CLOSED: Final = Words("the database {path} is closed", "قاعدة البيانات {path} مغلقة")
_UNDONE: Final = Words("SQLite undid the transaction: {why}", "تراجع SQLite عن العملية: {why}")
_NOT_COMPACTED: Final = Words("the database could not be written anew: {why}", "تعذرت كتابة قاعدة البيانات من جديد: {why}")
_UNUSABLE: Final = Words("the database cannot be used now: {why}", "لا يمكن استعمال قاعدة البيانات الآن: {why}")
_BUSY_MS: Final = 5_000
"""Another process (a backup, an operator's shell) may hold the write lock for this long before writes fail."""
_CHECKPOINT_BYTES: Final = 4 << 20
"""Above this the log is copied into the file after the batch; reading slows down with the log's length."""
_TRUNCATE_BYTES: Final = 64 << 20
"""Above this the writer waits a moment for readers, so that the log starts over instead of filling the disk."""
_CHECKPOINT_S: Final = 30.0
_PRAGMAS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA wal_autocheckpoint=0",  # its errors are swallowed; `_checkpoint` looks at them
    "PRAGMA cache_size=-65536",
)


@dataclass(slots=True)
class _Call:
    """One `write`: the work, who waits for it, and how it ended."""

    work: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Answers the caller; runs in the caller's event loop."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


@dataclass(slots=True)
class _Compaction:
    """One `compact`: who waits for it."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[bool]


class SqliteDatabase:
    """One SQLite file. Made and opened in any thread; used from event loops."""

    dialect: Final = "sqlite"

    def __init__(self, path: str, durable: bool = True) -> None:
        """Opens or makes the file (readable by its owner alone); raises DatabaseTrouble where that cannot be done.

        Not `durable`, nothing waits for the disk: for what is thrown away at the end.
        """
        self._path = Path(path)
        self._queue: queue.SimpleQueue[_Call | _Compaction | None] = queue.SimpleQueue()
        self._compaction: _Compaction | None = None
        """To be done once the batch under way is committed."""
        self._broken: str = ""
        self._closed = False
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writing = _engine(path, NullPool, "BEGIN IMMEDIATE", synchronous="FULL" if durable else "OFF")
            self._reading = _engine(path, QueuePool, "BEGIN", query_only=True)
            self._conn = self._writing.connect()
        except (OSError, DBAPIError, sqlite3.Error) as error:
            raise DatabaseTrouble(_NOT_OPENED, path=path, why=phrase_of(_driver_error(error) or error)) from error
        self._raw: sqlite3.Connection = self._conn.connection.driver_connection  # type: ignore[assignment] # typed Any by SQLAlchemy
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-read")
        self._thread = threading.Thread(target=self._run, name="sqlite-write", daemon=True)
        self._thread.start()

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise DatabaseTrouble(_CLOSED, path=self._path)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put(_Call(work, loop, future))
        return await future

    async def read(self, work: Callable[[Connection], T]) -> T:
        if self._closed:
            raise DatabaseTrouble(_CLOSED, path=self._path)
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._reading.connect() as conn:
                return work(conn)
        except SQLAlchemyError as error:
            trouble = None if _error_name(error).startswith("SQLITE_READONLY") else _trouble(error)  # read-only is how it was opened
            if trouble is None:
                raise
            raise trouble from error

    async def compact(self) -> bool:
        if self._closed:
            raise DatabaseTrouble(_CLOSED, path=self._path)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[bool] = loop.create_future()
        self._queue.put(_Compaction(loop, future))
        return await future

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._shut)

    def _shut(self) -> None:
        self._thread.join()
        self._readers.shutdown()
        self._reading.dispose()
        self._conn.close()
        self._writing.dispose()

    # What follows runs in the writer thread.

    def _run(self) -> None:
        checkpointed = time.perf_counter()
        while True:
            try:
                first = self._queue.get(timeout=_CHECKPOINT_S)
            except queue.Empty:
                self._checkpoint("PASSIVE")
                continue
            if first is None:
                return
            if isinstance(first, _Compaction):
                self._compact(first)
                continue
            last = self._batch(first)
            if self._compaction is not None:
                self._compact(self._compaction)
            if self._wal_bytes() > _CHECKPOINT_BYTES or time.perf_counter() - checkpointed > _CHECKPOINT_S:
                self._checkpoint("TRUNCATE" if self._wal_bytes() > _TRUNCATE_BYTES else "PASSIVE")
                checkpointed = time.perf_counter()
            if last:
                return

    def _batch(self, first: _Call) -> bool:
        """Runs `first` and what is queued behind it, commits, answers; True when the closing mark was among them."""
        calls = [first]
        closing = False
        try:
            with self._conn.begin():
                closing = self._run_all(calls)
        except Exception as error:  # whatever broke the transaction, its callers must hear of it
            self._undo()
            self._failed(calls, error)
        _answer(calls)
        return closing

    def _run_all(self, calls: list[_Call]) -> bool:
        """Runs the first of `calls`, then queued ones, adding each to `calls`, up to the batch's limits; True at the closing mark."""
        until = time.perf_counter() + _BATCH_S
        self._one(calls[0])
        while len(calls) < _BATCH_CALLS and time.perf_counter() < until:
            try:
                call = self._queue.get_nowait()
            except queue.Empty:
                return False
            if call is None:
                return True
            if isinstance(call, _Compaction):  # not inside a transaction
                self._compaction = call
                return False
            calls.append(call)
            self._one(call)
        return False

    def _undo(self) -> None:
        """Leaves no transaction open after a failed one, whatever state SQLAlchemy and SQLite think it is in."""
        try:
            self._conn.rollback()
            if self._raw.in_transaction:
                self._raw.execute("ROLLBACK")
        except (sqlite3.Error, SQLAlchemyError) as error:
            self._broken = f"a transaction of {self._path} could be neither committed nor undone ({error})"

    def _one(self, call: _Call) -> None:
        """Runs one call under its savepoint. Raises only where SQLite rolled the whole transaction back."""
        if self._broken:
            raise DatabaseBroken(self._broken)
        self._raw.execute("SAVEPOINT call")
        try:
            call.result = call.work(self._conn)
            self._raw.execute("RELEASE call")
        except BaseException as error:  # the caller gets it, whatever it is; the writer goes on
            if not self._raw.in_transaction:
                raise DatabaseTrouble(_UNDONE, why=error) from error
            self._raw.execute("ROLLBACK TO call")
            self._raw.execute("RELEASE call")
            call.error = _trouble(error) or error

    def _failed(self, calls: list[_Call], error: Exception) -> None:
        """Nothing of this batch was applied: each of its callers gets an error, its own if it has one."""
        if _is_io_error(error):
            self._broken = f"a write to {self._path} failed ({error}); nothing is acknowledged until the process starts anew"
        told = _trouble(error) or error
        if self._broken:
            told = DatabaseBroken(self._broken)
        for call in calls:
            call.error = call.error or told

    def _compact(self, asked: _Compaction) -> None:
        """Writes the file anew and empties the log; a reader that still looks at the log keeps it from being emptied this time."""
        self._compaction = None
        emptied, trouble = False, None
        try:
            if self._broken:
                raise DatabaseBroken(self._broken)
            self._raw.execute("VACUUM")
            self._raw.execute("PRAGMA busy_timeout=100")  # writes wait for us, so we do not wait long for a reader
            emptied = self._raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
            self._raw.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
        except (DatabaseTrouble, sqlite3.Error) as error:
            trouble = _trouble(error) or DatabaseTrouble(_NOT_COMPACTED, why=phrase_of(_driver_error(error) or error))
            if _is_io_error(error):
                self._broken = f"a write to {self._path} failed ({error}); nothing is acknowledged until the process starts anew"
        try:
            asked.loop.call_soon_threadsafe(_tell, asked.future, emptied, trouble)
        except RuntimeError:
            return  # that event loop has ended, nobody waits any more

    def _wal_bytes(self) -> int:
        try:
            return Path(f"{self._path}-wal").stat().st_size
        except OSError:
            return 0

    def _checkpoint(self, mode: str) -> None:
        self._raw.execute("PRAGMA busy_timeout=100")
        try:
            self._raw.execute(f"PRAGMA wal_checkpoint({mode})")
        except sqlite3.Error as error:
            if _is_io_error(error):
                self._broken = f"a checkpoint of {self._path} failed ({error}); nothing is acknowledged until the process starts anew"
        finally:
            self._raw.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def _engine(path: str, pool: type[NullPool] | type[QueuePool], begin: str, query_only: bool = False, synchronous: str = "FULL") -> Engine:
    """An engine whose transactions start with `begin`: the driver's own habit is to start none before a SELECT."""

    def connect() -> sqlite3.Connection:
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000, cached_statements=512)
        for pragma in _PRAGMAS:
            raw.execute(pragma)
        raw.execute(f"PRAGMA synchronous={synchronous}")
        if query_only:
            raw.execute("PRAGMA query_only=ON")
        return raw

    options: dict[str, Any] = {"pool_size": _READERS} if pool is QueuePool else {}
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=pool, hide_parameters=True, **options)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql(begin))
    return engine


def _driver_error(error: BaseException) -> sqlite3.Error | None:
    """The driver's error inside `error`, however it was wrapped."""
    inner: BaseException | None = error
    while inner is not None and not isinstance(inner, sqlite3.Error):
        inner = inner.orig if isinstance(inner, DBAPIError) else inner.__cause__
    return inner


def _error_name(error: BaseException) -> str:
    """SQLite's name for what went wrong (`SQLITE_FULL`); empty where it was not SQLite."""
    return getattr(_driver_error(error), "sqlite_errorname", "")


def _is_io_error(error: BaseException) -> bool:
    return _error_name(error).startswith(("SQLITE_IOERR", "SQLITE_CORRUPT"))


def _trouble(error: BaseException) -> DatabaseTrouble | None:
    """`error` as the database's own trouble; None where the work was at fault."""
    if isinstance(error, DatabaseTrouble):
        return error
    if _error_name(error).startswith(("SQLITE_FULL", "SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_READONLY")):
        return DatabaseTrouble(_UNUSABLE, why=phrase_of(_driver_error(error) or error))
    return None


def _answer(calls: list[_Call]) -> None:
    """Answers all callers, with one wake-up of each event loop."""
    loops: dict[asyncio.AbstractEventLoop, list[_Call]] = {}
    for call in calls:
        loops.setdefault(call.loop, []).append(call)
    for loop, theirs in loops.items():
        try:
            loop.call_soon_threadsafe(_settle, theirs)
        except RuntimeError:
            continue  # that event loop has ended, nobody waits any more


def _tell(future: asyncio.Future[bool], emptied: bool, trouble: DatabaseTrouble | None) -> None:
    if future.done():
        return
    if trouble is not None:
        future.set_exception(trouble)
    else:
        future.set_result(emptied)


def _settle(calls: list[_Call]) -> None:
    for call in calls:
        call.settle()
