"""The spool: sealed batches on the gateway's own disk until the backend has acknowledged them, and a quarter of an hour longer.

Promises: a batch is durable when `seal` returns, together with how far time was covered and where its source stood; no (boot, number) is
ever used twice, because every run opens a boot of its own; what falls to the byte budget is recorded as a gap and reported; a damaged
file is moved aside, never read around. Batches that were stamped by a clock now known to have been wrong are re-timed before they are
sent, and rewritten, so that every send of one is the same bytes. One process at a time; within it, any thread.
The file itself is for `spool_file.py`, encoding for `batch.py`, the order of sending for `uplink.py`.
"""

import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import msgspec

from beacon_gateway import spool_file
from beacon_gateway.batch import Batch
from beacon_gateway.corrected import SAME_CLOCK_MS, lead_ms
from beacon_gateway.torn import torn_bytes
from groundwork.contracts.ids import BootId
from groundwork.contracts.sighting import SpoolGap
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.ids import Ids

MEMORY: Final = ":memory:"
"""Instead of a path: a spool for replays, which nothing outlives."""
DEFAULT_BYTES: Final = 256 * 1024 * 1024
"""A day at 200 rows a second, as measured on real adverts; less and a long night offline becomes a gap."""
KEPT_MS: Final = 15 * 60_000
"""How long what is acknowledged is kept: a backend that is restored from its backup can be sent this much again."""
CLOCK_NEVER_SET: Final = "clock_never_set"
_EARLIEST_MS: Final = 1_704_067_200_000
"""2024-01-01, before this program was written: an older time was never told by a clock that had been set."""
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


@dataclass(slots=True)
class Held:
    """Batches counted."""

    batches: int = 0
    rows: int = 0
    bytes: int = 0

    @property
    def packed_bytes(self) -> int:
        """The bodies alone."""
        return self.bytes - self.batches * _ROW_OVERHEAD

    def add(self, batches: int, rows: int, packed_bytes: int, sign: int = 1) -> None:
        """Counts so many in, or out with `sign` -1."""
        self.batches += sign * batches
        self.rows += sign * rows
        self.bytes += sign * (packed_bytes + batches * _ROW_OVERHEAD)

    def add_one(self, batch: Batch, sign: int = 1) -> None:
        self.add(1, batch.rows, len(batch.packed), sign)


class Spool:
    """An open spool. Raises Stop where another process has it or the disk refuses."""

    def __init__(
        self,
        path: str | Path,
        ids: Ids,
        clock: Clock,
        *,
        known: Clock | None = None,
        max_bytes: int = DEFAULT_BYTES,
        durable: bool = True,
        machine: str = "",
    ) -> None:
        """Opens or makes the file at `path`. `durable=False` trades the promise above for speed, in replays.

        `clock` is the one that batches are stamped by, `known` what they are re-timed by, where that is another.
        `machine` names this run of the operating system: within one, monotonic time says what a wrong clock should have shown. Empty:
        times are left as they are.
        """
        self._lock = threading.RLock()
        self._clock = clock
        self._known = known or clock
        self._machine = machine
        self._max_bytes = max_bytes
        self.torn_bytes = 0 if path == MEMORY else torn_bytes(Path(f"{path}-wal"))
        """What the last power cut left half written and SQLite does not read; it had not been acknowledged to anybody."""
        self._conn, self.moved_aside = spool_file.open_file(path, clock.now_ms())
        self._sync, self._ack_sync = ("FULL", "NORMAL") if durable else ("OFF", "OFF")
        try:
            self.boot = spool_file.open_boot(self._conn, ids, clock.now_ms())
        except sqlite3.OperationalError as error:
            self._conn.close()
            raise spool_file.unopened(path, error) from error
        self.next_number = 1
        self.progress = Progress(*spool_file.read_progress(self._conn))
        self.unreported, self.unreported_gaps = spool_file.read_unreported(self._conn)
        """Adverts and gaps that the next sealed batch must tell of: those given up, and those that given-up batches would have told of."""
        self.held, self.kept = Held(), Held()
        """What waits to be sent, and what is acknowledged and not yet deleted."""
        self.held.add(*spool_file.totals(self._conn))
        self.kept.add(*spool_file.totals(self._conn, kept=True))

    def seal(self, batches: Sequence[Batch], progress: Progress) -> int:
        """Keeps `batches`, numbered from `next_number` on, and `progress`, all or nothing; returns how many rows the budget cost.

        Whoever encodes them has said `unreported` and `unreported_gaps` in the last. Raises SpoolUnwritable, then nothing has changed.
        """
        expected = list(range(self.next_number, self.next_number + len(batches)))
        if [batch.number for batch in batches] != expected or any(batch.boot != self.boot for batch in batches):
            raise ValueError(f"boot {self.boot} goes on with batches {expected}, got {[(b.boot, b.number) for b in batches]}")
        with self._lock:
            held, kept, stamp_ms = replace(self.held), replace(self.kept), lead_ms(self._clock)
            with _Transaction(self._conn, self._sync):
                for batch in batches:
                    spool_file.insert(self._conn, batch, stamp_ms, self._machine)
                    held.add_one(batch)
                kept.add(*spool_file.forget_acknowledged(self._conn, self._clock.now_ms() - KEPT_MS), sign=-1)
                given_up = self._make_room(held, kept)
                spool_file.write_progress(self._conn, (progress.covered_until_ms, progress.heard_until_ms, progress.position))
                unreported, gaps = _untold(given_up)
                spool_file.write_unreported(self._conn, unreported, gaps)
            self.held, self.kept, self.progress = held, kept, progress
            self.unreported, self.unreported_gaps = unreported, gaps
            self.next_number += len(batches)
        return sum(batch.rows for batch in given_up)

    def oldest(self, since_ms: int = -(1 << 62)) -> Batch | None:
        """The oldest batch that waits, of those sealed at `since_ms` or later by their own clock; None when there is none."""
        with self._lock:
            return spool_file.oldest(self._conn, since_ms)

    def timed(self, batch: Batch) -> Batch | None:
        """The batch as its times should read by the clock as it goes now: itself, or re-timed and rewritten.

        None where its clock was never set and nothing is left to tell by. Raises ValueError as `Batch.body` does, and SpoolUnwritable.
        """
        with self._lock:
            stamp = spool_file.stamp_of(self._conn, batch)
            if stamp is None or not self._machine:
                return batch
            known_ms = lead_ms(self._known)
            if stamp[1] != self._machine:
                return batch if batch.sent_ms >= _EARLIEST_MS else None
            if abs(known_ms - stamp[0]) <= SAME_CLOCK_MS:
                return batch
            moved = batch.moved(known_ms - stamp[0])
            with _Transaction(self._conn, self._sync):
                spool_file.rewrite(self._conn, moved, known_ms)
            self.held.add_one(batch, -1)
            self.held.add_one(moved)
            return moved

    def acknowledge(self, boot: BootId, first: int, last: int) -> int:
        """Takes note that the backend has these batches, both numbers included; returns how many rows of them were waiting.

        Not synced: should a power cut make them wait again, they are sent again and recognised. Raises SpoolUnwritable.
        """
        with self._lock:
            with _Transaction(self._conn, self._ack_sync):
                told = spool_file.acknowledge(self._conn, boot, first, last, self._clock.now_ms())
            self.held.add(*told, sign=-1)
            self.kept.add(*told)
        return told[1]

    def wait_again(self) -> int:
        """What is acknowledged and still kept waits to be sent once more, for a backend that has lost it; returns how many rows."""
        with self._lock:
            with _Transaction(self._conn, self._sync):
                spool_file.wait_again(self._conn)
            rows = self.kept.rows
            self.held.add(self.kept.batches, self.kept.rows, self.kept.packed_bytes)
            self.kept = Held()
        return rows

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
                self.held.add_one(batch, -1)

    def refused(self) -> list[tuple[BootId, int, str]]:
        """What was set aside: boot, number, reason."""
        with self._lock:
            return spool_file.refused(self._conn)

    def gaps(self) -> list[SpoolGap]:
        """What was given up unsent since the file was made, oldest first."""
        with self._lock:
            return spool_file.gaps(self._conn)

    def close(self) -> None:
        """Closes the file; what is sealed stays."""
        with self._lock:
            self._conn.close()

    def _make_room(self, held: Held, kept: Held) -> list[Batch]:
        """Gives up the oldest batches until the rest fits the budget, the newest excepted; what is acknowledged or refused goes first."""
        if held.bytes + kept.packed_bytes + spool_file.refused_bytes(self._conn) > self._max_bytes:
            kept.add(*spool_file.forget_acknowledged(self._conn, 1 << 62), sign=-1)
            spool_file.forget_refused(self._conn)
        given_up = []
        while held.bytes > self._max_bytes and held.batches > 1:
            batch = spool_file.oldest(self._conn, -(1 << 62))
            assert batch is not None, "counted batches are in the file"
            spool_file.delete(self._conn, batch)
            held.add_one(batch, -1)
            given_up.append(batch)
        for gap in _joined(_gap(batch) for batch in given_up):
            spool_file.record_gap(self._conn, gap, self._clock.now_ms())
        return given_up


def _gap(batch: Batch) -> SpoolGap:
    number = batch.number
    return SpoolGap(boot=batch.boot, first=number, last=number, rows=batch.rows, adverts=batch.adverts, reason=spool_file.FULL)


def _joined(gaps: Iterable[SpoolGap]) -> list[SpoolGap]:
    """The gaps, those that follow on from one another as one."""
    joined: list[SpoolGap] = []
    for gap in gaps:
        before = joined[-1] if joined else None
        if before is None or (before.boot, before.last + 1, before.reason) != (gap.boot, gap.first, gap.reason):
            joined.append(gap)
            continue
        sums = {"rows": before.rows + gap.rows, "adverts": before.adverts + gap.adverts}
        joined[-1] = msgspec.structs.replace(before, last=gap.last, **sums)
    return joined


def _untold(given_up: Sequence[Batch]) -> tuple[Counter[str], list[SpoolGap]]:
    """What giving up these batches leaves to be told: their own adverts and numbers, and what they carried word of."""
    untold = Counter({spool_file.FULL: sum(batch.adverts for batch in given_up)})
    for batch in given_up:
        untold.update(batch.refused())
    carried = [gap for batch in given_up for gap in batch.gaps()]
    return +untold, _joined([*carried, *(_gap(batch) for batch in given_up)])


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
