"""The spool's file: its tables and every statement on them, on the standard library's sqlite3 alone.

Opening checks the file; a damaged one is moved aside as `<name>.damaged-<ms>` and a new one begun. What it all means is in `spool.py`.
"""

import json
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Final

from beacon_gateway import words
from beacon_gateway.batch import Batch
from beacon_gateway.exits import Stop
from groundwork.contracts.ids import BootId
from groundwork.plumbing.ids import Ids

FULL: Final = "spool_full"
_VERSION: Final = 1
_BOOTS_KEPT: Final = 100
"""Ids of past runs, against a new one that repeats them; a box that restarts every minute must not fill its disk with them."""
_SCHEMA: Final = """
CREATE TABLE boot (seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, opened_ms INTEGER NOT NULL);
CREATE TABLE batch (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, boot TEXT NOT NULL, number INTEGER NOT NULL,
    rows INTEGER NOT NULL, adverts INTEGER NOT NULL, packed BLOB NOT NULL, UNIQUE (boot, number)
);
CREATE TABLE refused (
    seq INTEGER PRIMARY KEY, boot TEXT NOT NULL, number INTEGER NOT NULL, rows INTEGER NOT NULL,
    reason TEXT NOT NULL, at_ms INTEGER NOT NULL, packed BLOB NOT NULL
);
CREATE TABLE gap (
    seq INTEGER PRIMARY KEY, boot TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
    rows INTEGER NOT NULL, adverts INTEGER NOT NULL, reason TEXT NOT NULL, at_ms INTEGER NOT NULL
);
CREATE TABLE progress (
    one INTEGER PRIMARY KEY CHECK (one = 1), covered_until_ms INTEGER NOT NULL, heard_until_ms INTEGER NOT NULL,
    position TEXT NOT NULL, unreported TEXT NOT NULL
);
INSERT INTO progress VALUES (1, 0, 0, '', '{}');
"""


def open_file(path: str | Path, now_ms: int) -> tuple[sqlite3.Connection, Path | None]:
    """The open file, and where a damaged predecessor was moved to. Raises Stop where another process has it or the disk refuses."""
    try:
        return _connect(path), None
    except sqlite3.OperationalError as error:
        raise _unopened(path, error) from error
    except sqlite3.DatabaseError:
        aside = _move_aside(Path(path), now_ms)
    return _connect(path), aside


def _unopened(path: str | Path, error: sqlite3.OperationalError) -> Stop:
    if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
        return Stop(words.SPOOL_IN_USE, path=path)
    return Stop(words.SPOOL_UNREADABLE, path=path, problem=error)


def _connect(path: str | Path) -> sqlite3.Connection:
    # Exclusive locking keeps a second process out until this one ends, however it ends, and saves the -shm file.
    conn = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
    try:
        conn.execute("PRAGMA locking_mode=EXCLUSIVE")
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA journal_size_limit=4194304")
        version = conn.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            _create(conn)
        elif version != _VERSION:
            raise sqlite3.DatabaseError(f"spool version {version}, expected {_VERSION}")
        if (found := conn.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
    except sqlite3.Error:
        conn.close()
        raise
    return conn


def _create(conn: sqlite3.Connection) -> None:
    conn.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} PRAGMA user_version={_VERSION}; COMMIT;")


def _move_aside(path: Path, now_ms: int) -> Path:
    aside = path.with_name(f"{path.name}.damaged-{now_ms}")
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


def open_boot(conn: sqlite3.Connection, ids: Ids, now_ms: int) -> BootId:
    """A boot id that no earlier run of this file had, written down."""
    while True:
        boot = BootId(ids.new())
        try:
            conn.execute("INSERT INTO boot (id, opened_ms) VALUES (?, ?)", (boot, now_ms))
        except sqlite3.IntegrityError:
            continue
        conn.execute("DELETE FROM boot WHERE seq <= (SELECT max(seq) FROM boot) - ?", (_BOOTS_KEPT,))
        return boot


def read_progress(conn: sqlite3.Connection) -> tuple[int, int, str]:
    row: tuple[int, int, str] = conn.execute("SELECT covered_until_ms, heard_until_ms, position FROM progress").fetchone()
    return row


def write_progress(conn: sqlite3.Connection, progress: tuple[int, int, str]) -> None:
    conn.execute("UPDATE progress SET covered_until_ms = ?, heard_until_ms = ?, position = ?", progress)


def read_unreported(conn: sqlite3.Connection) -> Counter[str]:
    return Counter(json.loads(conn.execute("SELECT unreported FROM progress").fetchone()[0]))


def write_unreported(conn: sqlite3.Connection, adverts: Counter[str]) -> None:
    conn.execute("UPDATE progress SET unreported = ?", (json.dumps(adverts),))


def insert(conn: sqlite3.Connection, batch: Batch) -> None:
    conn.execute(
        "INSERT INTO batch (boot, number, rows, adverts, packed) VALUES (?, ?, ?, ?, ?)",
        (batch.boot, batch.number, batch.rows, batch.adverts, batch.packed),
    )


def delete(conn: sqlite3.Connection, batch: Batch) -> bool:
    """Whether the batch was there."""
    return conn.execute("DELETE FROM batch WHERE boot = ? AND number = ?", (batch.boot, batch.number)).rowcount == 1


def oldest(conn: sqlite3.Connection) -> Batch | None:
    row = conn.execute("SELECT boot, number, rows, adverts, packed FROM batch ORDER BY seq LIMIT 1").fetchone()
    return Batch(*row) if row else None


def totals(conn: sqlite3.Connection) -> tuple[int, int, int]:
    """How many batches, rows and packed bytes there are."""
    row: tuple[int, int, int] = conn.execute(
        "SELECT count(*), coalesce(sum(rows), 0), coalesce(sum(length(packed)), 0) FROM batch"
    ).fetchone()
    return row


def keep_refused(conn: sqlite3.Connection, batch: Batch, reason: str, now_ms: int) -> None:
    conn.execute(
        "INSERT INTO refused (boot, number, rows, reason, at_ms, packed) VALUES (?, ?, ?, ?, ?, ?)",
        (batch.boot, batch.number, batch.rows, reason, now_ms, batch.packed),
    )


def refused(conn: sqlite3.Connection) -> list[tuple[BootId, int, str]]:
    return conn.execute("SELECT boot, number, reason FROM refused ORDER BY seq").fetchall()


def refused_bytes(conn: sqlite3.Connection) -> int:
    return int(conn.execute("SELECT coalesce(sum(length(packed)), 0) FROM refused").fetchone()[0])


def forget_refused(conn: sqlite3.Connection) -> None:
    conn.execute("DELETE FROM refused")


def record_gap(conn: sqlite3.Connection, batch: Batch, reason: str, now_ms: int) -> None:
    """Notes a batch given up; it widens the last gap where it follows on, so that a long night offline is one row."""
    grown = conn.execute(
        "UPDATE gap SET last = ?, rows = rows + ?, adverts = adverts + ? WHERE seq = (SELECT max(seq) FROM gap) "
        "AND boot = ? AND last = ? AND reason = ?",
        (batch.number, batch.rows, batch.adverts, batch.boot, batch.number - 1, reason),
    ).rowcount
    if not grown:
        conn.execute(
            "INSERT INTO gap (boot, first, last, rows, adverts, reason, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (batch.boot, batch.number, batch.number, batch.rows, batch.adverts, reason, now_ms),
        )


def gaps(conn: sqlite3.Connection) -> list[tuple[BootId, int, int, int, int, str]]:
    return conn.execute("SELECT boot, first, last, rows, adverts, reason FROM gap ORDER BY seq").fetchall()
