"""The gateway's flow, in order: decode, gate, condense, seal. The first file to read here.

    source -> Pipeline.hear -> decode -> gate -> condense -> Pipeline.advance -> seal -> spool -> uplink

`hear` takes adverts as they come; `advance` closes the windows that have ended, and what it seals is durable when it returns, together
with the place in the source where reading goes on. So a restart after a crash repeats nothing and loses nothing that can be read again.
Every advert is counted once: sealed in a row, held in an open window, or refused with a reason that travels in the next batch.
Where adverts come from is for `sources/`; running all this in time, for `listen.py`; sending, for `uplink.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from beacon_gateway.batch import Batch, Sender, Stamp, seal
from beacon_gateway.condense import Closed, Columns, Condenser
from beacon_gateway.gate import Gate, possible
from beacon_gateway.spool import Progress, Spool, SpoolUnwritable
from beacon_gateway.spool_file import FULL
from groundwork.adverts.advert import Advert
from groundwork.adverts.decode import decode
from groundwork.adverts.frame import NO_OPTIONS, Options
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.plumbing.hops import Hops

STRANGER: Final = "stranger"
IMPOSSIBLE: Final = "impossible_rssi"
FOREIGN: Final = "unknown_radio"
DISK: Final = "disk_full"
_REMEMBERED: Final = 8_192
"""Payloads whose verdict is kept; a beacon repeats its bytes for months, so decoding is mostly a look-up. About 2 MB."""
_SET_BACK_MS: Final = 10_000
"""A clock that falls back further was corrected; waiting for it to catch up would mean hearing nothing for as long."""
_MOST_PENDING: Final = 50_000
"""Rows kept in memory while the disk refuses them: some minutes of a busy shop, under 30 MB."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a pipeline is for: who sends, which radios it listens to, what may pass, and how often it seals."""

    sender: Sender
    radios: frozenset[GatewayId]
    """The radios of this box; adverts of others are refused. Empty: the box is its own only radio."""
    gate: Gate
    options: Options = NO_OPTIONS
    window_ms: int = 500
    hold_ms: int = 10_000
    """For so long after the last row, each closed window is reported even if empty, so that the backend need not wait for this box."""
    max_rows: int = 2_000
    """Rows in a batch; 72 kB of frame, well under the backend's limit."""
    seal_every_ms: int = 0
    """Seal at most so often; 0 seals at each window's close. Replays that need no latency take more."""
    backlog_batches: int = 5
    """While more batches than this wait in the spool, seal only every `backlog_seal_ms`: fewer, larger ones catch up faster."""
    backlog_seal_ms: int = 2_000


class Pipeline:
    """The stages of one box. Not for two threads at once."""

    def __init__(self, plan: Plan, spool: Spool, hops: Hops, position: Callable[[int], str] = lambda _covered_until_ms: "") -> None:
        """`position` says where the source would read on if everything up to the given time had been dealt with."""
        self._plan = plan
        self._radios = plan.radios or frozenset({plan.sender.gateway})
        self._spool = spool
        self._position = position
        self._condenser = Condenser(plan.window_ms, spool.progress.covered_until_ms)
        self._gate_hop = hops.hop("gateway.gate", "adverts")
        self._condense_hop = hops.hop("gateway.condense", "adverts")
        self._spool_hop = hops.hop("gateway.spool", "sightings")
        self._spool_hop.take(spool.held.rows)
        self._spool_hop.held += spool.held.rows
        self._verdicts: dict[bytes, BeaconKey | None] = {}
        self._pending = Columns()
        self._refused: Counter[str] = Counter()
        self._read_on = spool.progress.position

    @property
    def window_ms(self) -> int:
        """How long a window is."""
        return self._plan.window_ms

    @property
    def next_close_ms(self) -> int:
        """When the next window ends: `advance` does nothing before."""
        return self._condenser.closed_until_ms + self._plan.window_ms

    @property
    def at_rest(self) -> bool:
        """Whether nothing heard waits for a window's end or for sealing."""
        return not self._pending and self._condenser.newest_end_ms <= self._condenser.closed_until_ms

    def hear(self, adverts: Iterable[Advert]) -> None:
        """Takes adverts in, in any order; those of windows already closed are refused as late."""
        for advert in adverts:
            self._gate_hop.take()
            beacon = self._beacon(advert.data)
            if beacon is None:
                self._refuse(advert.at_ms, STRANGER)
            elif not possible(advert.rssi_dbm):
                self._refuse(advert.at_ms, IMPOSSIBLE)
            elif advert.gateway not in self._radios:
                self._refuse(advert.at_ms, FOREIGN)
            else:
                self._gate_hop.give()
                self._condense(advert, beacon)

    def refuse(self, at_ms: int, code: str) -> None:
        """Counts an advert that its source could not hand over."""
        self._gate_hop.take()
        self._refuse(at_ms, code)

    def advance(self, now_ms: int) -> int:
        """Closes the windows that have ended and seals what is due; returns how many batches were sealed.

        When the disk refuses, rows wait in memory for the next call; see `disk_full` in the counts for what did not fit there.
        """
        if self.set_back(now_ms):
            self._condenser.turn_back(now_ms)
        closed = self._condenser.advance(now_ms)
        if closed is None:
            return 0
        self._collect(closed)
        return self._seal(now_ms) if self._due() else 0

    def finish(self, now_ms: int) -> int:
        """Closes and seals everything at once, open windows too; for a source that cannot be read again. Returns the batches sealed."""
        closed = self._condenser.advance(self._condenser.newest_end_ms)
        if closed is not None:
            self._collect(closed)
        return self._seal(now_ms) if self._pending or self._refused else 0

    def set_back(self, now_ms: int) -> bool:
        """Whether the clock was set back so far that windows must open again; `advance` sees to it."""
        return now_ms < self._condenser.closed_until_ms - _SET_BACK_MS

    def _beacon(self, data: bytes) -> BeaconKey | None:
        """The first admitted beacon key in `data`; None for a stranger's."""
        try:
            return self._verdicts[data]
        except KeyError:
            pass
        if len(self._verdicts) >= _REMEMBERED:
            self._verdicts.clear()
        frames = decode(data, self._plan.options)
        keys = (frame.beacon for frame in frames)
        verdict = next((key for key in keys if key is not None and self._plan.gate.admits(key)), None)
        self._verdicts[data] = verdict
        return verdict

    def _condense(self, advert: Advert, beacon: BeaconKey) -> None:
        self._condense_hop.take()
        code = self._condenser.add(advert.gateway, beacon, advert.at_ms, advert.rssi_dbm)
        if code:
            self._condense_hop.refuse(code)
            self._condenser.refuse(advert.at_ms, code)
        else:
            self._condense_hop.held += 1

    def _refuse(self, at_ms: int, code: str) -> None:
        self._gate_hop.refuse(code)
        self._condenser.refuse(at_ms, code)

    def _collect(self, closed: Closed) -> None:
        self._read_on = self._position(closed.until_ms)
        self._refused += closed.refused
        self._pending.extend(closed.columns)
        excess = len(self._pending) - _MOST_PENDING
        if excess > 0:
            lost = sum(self._pending.adverts[:excess])
            self._condense_hop.held -= lost
            self._condense_hop.refuse(DISK, lost)
            self._refused[DISK] += lost
            self._pending = self._pending.slice(excess, len(self._pending))

    def _due(self) -> bool:
        waited_ms = self._condenser.closed_until_ms - self._spool.progress.covered_until_ms
        every_ms = self._plan.seal_every_ms
        if self._spool.held.batches > self._plan.backlog_batches:
            every_ms = max(every_ms, self._plan.backlog_seal_ms)
        waited = not 0 <= waited_ms < every_ms  # below 0: the clock was set back, and what is covered starts again from there
        if self._pending:
            return waited or len(self._pending) >= self._plan.max_rows
        silent_ms = self._condenser.closed_until_ms - self._spool.progress.heard_until_ms
        return waited and 0 <= silent_ms <= self._plan.hold_ms

    def _seal(self, now_ms: int) -> int:
        rows = self._pending
        heard_ms = rows.window_start_ms[-1] + self._plan.window_ms if rows else self._spool.progress.heard_until_ms
        covered_ms = self._condenser.closed_until_ms
        batches = list(self._batches(now_ms))
        try:
            lost_rows = self._spool.seal(batches, Progress(covered_ms, heard_ms, self._read_on))
        except SpoolUnwritable:
            return 0
        self._count(rows, lost_rows)
        self._pending, self._refused = Columns(), Counter()
        return len(batches)

    def _batches(self, now_ms: int) -> Iterator[Batch]:
        """The pending rows in batches of `max_rows`; only the last may say that all is covered, for it completes the windows."""
        rows, most = self._pending, self._plan.max_rows
        refused = self._refused + self._spool.unreported
        starts = range(0, len(rows), most) if rows else range(1)
        for index, start in enumerate(starts):
            last = start + most >= len(rows)
            covered_ms = self._condenser.closed_until_ms if last else self._spool.progress.covered_until_ms
            stamp = Stamp(self._spool.boot, self._spool.next_number + index, now_ms, covered_ms, refused if last else {})
            yield seal(self._plan.sender, stamp, self._plan.window_ms, rows.slice(start, start + most))

    def _count(self, rows: Columns, lost_rows: int) -> None:
        adverts = sum(rows.adverts)
        self._condense_hop.held -= adverts
        self._condense_hop.give(adverts)
        self._spool_hop.take(len(rows))
        kept = len(rows) - lost_rows  # worked out first: the uplink changes `held` too, in another thread, between two calls
        self._spool_hop.held += kept
        self._spool_hop.refuse(FULL, lost_rows)
