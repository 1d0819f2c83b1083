"""The spool: sealed batches on the gateway's own disk until the backend has acknowledged them.

Promises: a batch is durable when `seal` returns, together with how far time was covered and where its source stood; no (boot, number) is
ever used twice, because every run opens a boot of its own; what falls to the byte budget is recorded as a gap and reported; a damaged
file is moved aside, never read around. One process at a time; within it, any thread.
The file itself is for `spool_file.py`, encoding for `batch.py`, sending for `uplink.py`.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from beacon_gateway import spool_file
from beacon_gateway.batch import Batch
from groundwork.contracts.ids import BootId
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.ids import Ids

MEMORY: Final = ":memory:"
"""Instead of a path: a spool for replays, which nothing outlives."""
DEFAULT_BYTES: Final = 256 * 1024 * 1024
"""A day at 200 rows a second, as measured on real adverts; less and a long night offline becomes a gap."""
_ROW_OVERHEAD: Final = 64
"""What SQLite spends on a batch besides its body, roughly; without it empty batches would be free."""


class SpoolUnwritable(Exception):
    """The disk is full or failed; nothing of this call is kept, and what was sealed before still is."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the sealed batches reach."""

    covered_until_ms: int = 0
    """Every window that ends by then is sealed."""
    heard_until_ms: int = 0
    """When the newest sealed row's window ended."""
    position: str = ""
    """Where the source reads on after a restart; its own words, empty where it cannot go back."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Batches of one boot that were given up unsent, both numbers included."""

    boot: BootId
    first: int
    last: int
    rows: int
    adverts: int
    reason: str


@dataclass(slots=True)
class Held:
    """What waits to be sent."""

    batches: int = 0
    rows: int = 0
    bytes: int = 0

    def add(self, batch: Batch, sign: int = 1) -> None:
        """Counts `batch` in, or out with `sign` -1."""
        self.batches += sign
        self.rows += sign * batch.rows
        self.bytes += sign * (len(batch.packed) + _ROW_OVERHEAD)


class Spool:
    """An open spool. Raises Stop where another process has it or the disk refuses."""

    def __init__(self, path: str | Path, ids: Ids, clock: Clock, *, max_bytes: int = DEFAULT_BYTES, durable: bool = True) -> None:
        """Opens or makes the file at `path`. `durable=False` trades the promise above for speed, in replays."""
        self._lock = threading.RLock()
        self._clock = clock
        self._max_bytes = max_bytes
        self._conn, self.moved_aside = spool_file.open_file(path, clock.now_ms())
        self._sync, self._ack_sync = ("FULL", "NORMAL") if durable else ("OFF", "OFF")
        self.boot = spool_file.open_boot(self._conn, ids, clock.now_ms())
        self.next_number = 1
        self.progress = Progress(*spool_file.read_progress(self._conn))
        self.unreported = spool_file.read_unreported(self._conn)
        """Adverts that the next sealed batch must tell of: those given up, and those that given-up batches would have told of."""
        batches, rows, size = spool_file.totals(self._conn)
        self.held = Held(batches, rows, size + batches * _ROW_OVERHEAD)

    def seal(self, batches: Sequence[Batch], progress: Progress) -> int:
        """Keeps `batches`, numbered from `next_number` on, and `progress`, all or nothing; returns how many rows the budget cost.

        Whoever encodes them has said `unreported` in the first. Raises SpoolUnwritable, then nothing has changed.
        """
        expected = list(range(self.next_number, self.next_number + len(batches)))
        if [batch.number for batch in batches] != expected or any(batch.boot != self.boot for batch in batches):
            raise ValueError(f"boot {self.boot} goes on with batches {expected}, got {[(b.boot, b.number) for b in batches]}")
        with self._lock:
            held = replace(self.held)
            with _Transaction(self._conn, self._sync):
                for batch in batches:
                    spool_file.insert(self._conn, batch)
                    held.add(batch)
                given_up = self._make_room(held)
                spool_file.write_progress(self._conn, (progress.covered_until_ms, progress.heard_until_ms, progress.position))
                unreported = _untold(given_up)
                spool_file.write_unreported(self._conn, unreported)
            self.held, self.progress, self.unreported = held, progress, unreported
            self.next_number += len(batches)
        return sum(batch.rows for batch in given_up)

    def oldest(self) -> Batch | None:
        """The batch to send next; None when all is acknowledged."""
        with self._lock:
            return spool_file.oldest(self._conn)

    def acknowledge(self, batch: Batch) -> bool:
        """Forgets a batch that the backend has; False where the budget had given it up meanwhile.

        Not synced: should a power cut bring the batch back, it is sent again and recognised. Raises SpoolUnwritable.
        """
        with self._lock:
            with _Transaction(self._conn, self._ack_sync):
                known = spool_file.delete(self._conn, batch)
            if known:
                self.held.add(batch, -1)
        return known

    def set_aside(self, batch: Batch, reason: str) -> None:
        """Takes a batch that can never be accepted out of the way; it stays in the file, for people, until the budget wants its room.

        Raises SpoolUnwritable.
        """
        with self._lock:
            with _Transaction(self._conn, self._sync):
                known = spool_file.delete(self._conn, batch)
                if known:
                    spool_file.keep_refused(self._conn, batch, reason, self._clock.now_ms())
            if known:
                self.held.add(batch, -1)

    def refused(self) -> list[tuple[BootId, int, str]]:
        """What was set aside: boot, number, reason."""
        with self._lock:
            return spool_file.refused(self._conn)

    def gaps(self) -> list[Gap]:
        """What was given up unsent since the file was made, oldest first."""
        with self._lock:
            return [Gap(*row) for row in spool_file.gaps(self._conn)]

    def close(self) -> None:
        """Closes the file; what is sealed stays."""
        with self._lock:
            self._conn.close()

    def _make_room(self, held: Held) -> list[Batch]:
        """Gives up the oldest batches until the rest fits the budget, the newest excepted; refused ones go first."""
        if held.bytes + spool_file.refused_bytes(self._conn) > self._max_bytes:
            spool_file.forget_refused(self._conn)
        given_up = []
        while held.bytes > self._max_bytes and held.batches > 1:
            batch = spool_file.oldest(self._conn)
            assert batch is not None, "counted batches are in the file"
            spool_file.delete(self._conn, batch)
            spool_file.record_gap(self._conn, batch, spool_file.FULL, self._clock.now_ms())
            held.add(batch, -1)
            given_up.append(batch)
        return given_up


def _untold(given_up: Sequence[Batch]) -> Counter[str]:
    """What giving up these batches leaves to be told: their own adverts, and the refused ones they carried word of."""
    untold = Counter({spool_file.FULL: sum(batch.adverts for batch in given_up)})
    for batch in given_up:
        untold.update(batch.refused())
    return +untold


class _Transaction:
    """BEGIN IMMEDIATE to COMMIT with the wanted sync; any failure rolls back, and the disk's become SpoolUnwritable."""

    def __init__(self, conn: sqlite3.Connection, sync: str) -> None:
        self._conn = conn
        self._sync = sync

    def __enter__(self) -> None:
        try:
            self._conn.execute(f"PRAGMA synchronous={self._sync}")
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise SpoolUnwritable(str(error)) from error

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        if error is None:
            try:
                self._conn.execute("COMMIT")
            except sqlite3.OperationalError as failed:
                self._roll_back()
                raise SpoolUnwritable(str(failed)) from failed
            return
        self._roll_back()
        if isinstance(error, sqlite3.OperationalError):
            raise SpoolUnwritable(str(error)) from error

    def _roll_back(self) -> None:
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")
