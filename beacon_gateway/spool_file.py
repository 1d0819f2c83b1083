"""The spool's file: its tables and every statement on them, on the standard library's sqlite3 alone.

Opening checks the file; a damaged one is moved aside as `<name>.damaged-<ms>` and a new one begun. A batch waits while `acked_ms` is
null, and is kept some minutes more once it is not. What it all means is in `spool.py`.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from beacon_gateway import words
from beacon_gateway.batch import Batch
from beacon_gateway.exits import Stop
from groundwork.contracts.ids import BootId
from groundwork.contracts.sighting import SpoolGap
from groundwork.plumbing.ids import Ids

FULL: Final = "spool_full"
_VERSION: Final = 2
_BOOTS_KEPT: Final = 100
"""Ids of past runs, against a new one that repeats them; a box that restarts every minute must not fill its disk with them."""
_UPGRADES: Final = {
    1: """
ALTER TABLE batch ADD COLUMN sent_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN retimed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN lead_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE batch ADD COLUMN machine TEXT NOT NULL DEFAULT '?';
ALTER TABLE batch ADD COLUMN acked_ms INTEGER;
CREATE INDEX batch_waiting ON batch (sent_ms, seq) WHERE acked_ms IS NULL;
CREATE INDEX batch_kept ON batch (acked_ms) WHERE acked_ms IS NOT NULL;
ALTER TABLE progress ADD COLUMN gaps TEXT NOT NULL DEFAULT '[]';
""",
}
"""From each version to the next; a file of an older gateway keeps what waits in it."""
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
        raise unopened(path, error) from error
    except sqlite3.DatabaseError:
        aside = _move_aside(Path(path), now_ms)
    return _connect(path), aside


def unopened(path: str | Path, error: sqlite3.OperationalError) -> Stop:
    """What to end with where the file cannot be used."""
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
            _run(conn, _SCHEMA, 1)
            version = 1
        elif not 1 <= version <= _VERSION:
            raise sqlite3.DatabaseError(f"spool version {version}, expected 1 to {_VERSION}")
        for older in range(version, _VERSION):
            _run(conn, _UPGRADES[older], older + 1)
        if (found := conn.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise sqlite3.DatabaseError(found)
    except sqlite3.Error:
        conn.close()
        raise
    return conn


def _run(conn: sqlite3.Connection, script: str, version: int) -> None:
    conn.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version={version}; COMMIT;")


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


def read_unreported(conn: sqlite3.Connection) -> tuple[Counter[str], list[SpoolGap]]:
    adverts, gaps = conn.execute("SELECT unreported, gaps FROM progress").fetchone()
    return Counter(json.loads(adverts)), msgspec.json.decode(gaps, type=list[SpoolGap])


def write_unreported(conn: sqlite3.Connection, adverts: Counter[str], gaps: Sequence[SpoolGap]) -> None:
    conn.execute("UPDATE progress SET unreported = ?, gaps = ?", (json.dumps(adverts), msgspec.json.encode(gaps).decode()))


def insert(conn: sqlite3.Connection, batch: Batch, lead_ms: int, machine: str) -> None:
    conn.execute(
        "INSERT INTO batch (boot, number, rows, adverts, packed, sent_ms, lead_ms, machine) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (batch.boot, batch.number, batch.rows, batch.adverts, batch.packed, batch.sent_ms, lead_ms, machine),
    )


def rewrite(conn: sqlite3.Connection, batch: Batch, lead_ms: int) -> None:
    """Puts a batch whose times were moved in the place of the one it was."""
    conn.execute(
        "UPDATE batch SET packed = ?, sent_ms = ?, retimed = 1, lead_ms = ? WHERE boot = ? AND number = ?",
        (batch.packed, batch.sent_ms, lead_ms, batch.boot, batch.number),
    )


def stamp_of(conn: sqlite3.Connection, batch: Batch) -> tuple[int, str] | None:
    """How far the clock led the machine's own count of time as the batch was sealed, and in which run of the machine; None if gone."""
    row: tuple[int, str] | None = conn.execute(
        "SELECT lead_ms, machine FROM batch WHERE boot = ? AND number = ?", (batch.boot, batch.number)
    ).fetchone()
    return row


def delete(conn: sqlite3.Connection, batch: Batch) -> bool:
    """Whether the batch was there."""
    return conn.execute("DELETE FROM batch WHERE boot = ? AND number = ?", (batch.boot, batch.number)).rowcount == 1


def oldest(conn: sqlite3.Connection, since_ms: int) -> Batch | None:
    """The oldest batch that waits and was sealed at `since_ms` or later."""
    row = conn.execute(
        "SELECT boot, number, rows, adverts, packed, sent_ms, retimed FROM batch "
        "WHERE acked_ms IS NULL AND sent_ms >= ? ORDER BY sent_ms, seq LIMIT 1",
        (since_ms,),
    ).fetchone()
    if row is None:
        return None
    boot, number, rows, adverts, packed, sent_ms, retimed = row
    return Batch(boot, number, rows, adverts, packed, sent_ms, bool(retimed))


def acknowledge(conn: sqlite3.Connection, boot: BootId, first: int, last: int, now_ms: int) -> tuple[int, int, int]:
    """Marks a range of one boot's batches; how many that waited they were, with their rows and packed bytes."""
    which, values = "boot = ? AND number BETWEEN ? AND ? AND acked_ms IS NULL", (boot, first, last)
    told = _sums(conn, which, values)
    conn.execute(f"UPDATE batch SET acked_ms = ? WHERE {which}", (now_ms, *values))  # noqa: S608 # our own words only
    return told


def forget_acknowledged(conn: sqlite3.Connection, before_ms: int) -> tuple[int, int, int]:
    """Deletes what was acknowledged at `before_ms` or earlier; how many batches that were, with their rows and packed bytes."""
    gone = _sums(conn, "acked_ms <= ?", (before_ms,))
    conn.execute("DELETE FROM batch WHERE acked_ms <= ?", (before_ms,))
    return gone


def wait_again(conn: sqlite3.Connection) -> None:
    """Everything acknowledged that is still kept waits to be sent once more."""
    conn.execute("UPDATE batch SET acked_ms = NULL WHERE acked_ms IS NOT NULL")


def totals(conn: sqlite3.Connection, *, kept: bool = False) -> tuple[int, int, int]:
    """How many batches wait, with their rows and packed bytes; or, `kept`, are acknowledged and not yet deleted."""
    return _sums(conn, "acked_ms IS NOT NULL" if kept else "acked_ms IS NULL")


def _sums(conn: sqlite3.Connection, which: str, values: Sequence[str | int] = ()) -> tuple[int, int, int]:
    """Batches, rows and packed bytes of those that the condition `which`, words of our own, holds for."""
    sums = "count(*), coalesce(sum(rows), 0), coalesce(sum(length(packed)), 0)"
    row: tuple[int, int, int] = conn.execute(f"SELECT {sums} FROM batch WHERE {which}", values).fetchone()  # noqa: S608 # see above
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


def record_gap(conn: sqlite3.Connection, gap: SpoolGap, now_ms: int) -> None:
    """Notes batches given up; they widen the last gap where they follow on, so that a long night offline is one row."""
    grown = conn.execute(
        "UPDATE gap SET last = ?, rows = rows + ?, adverts = adverts + ? WHERE seq = (SELECT max(seq) FROM gap) "
        "AND boot = ? AND last = ? AND reason = ?",
        (gap.last, gap.rows, gap.adverts, gap.boot, gap.first - 1, gap.reason),
    ).rowcount
    if not grown:
        conn.execute(
            "INSERT INTO gap (boot, first, last, rows, adverts, reason, at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (gap.boot, gap.first, gap.last, gap.rows, gap.adverts, gap.reason, now_ms),
        )


def gaps(conn: sqlite3.Connection) -> list[SpoolGap]:
    names = ("boot", "first", "last", "rows", "adverts", "reason")
    found = conn.execute(f"SELECT {', '.join(names)} FROM gap ORDER BY seq")  # noqa: S608 # our own words only
    return [SpoolGap(**dict(zip(names, row, strict=True))) for row in found]
