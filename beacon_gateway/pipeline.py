"""The gateway's flow, in order: decode, gate, condense, seal. The first file to read here.

    source -> Pipeline.hear -> read (decode, gate) -> condense -> Pipeline.advance -> seal -> spool -> uplink

`hear` takes adverts as they come; `advance` closes the windows that have ended, and what it seals is durable when it returns, together
with the place in the source where reading goes on. So a restart after a crash repeats nothing and loses nothing that can be read again.
Every advert is counted once: sealed in a row, held in an open window, or refused with a reason that travels in the next batch.
Where adverts come from is for `sources/`; running all this in time, for `listen.py`; sending, for `uplink.py`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from beacon_gateway.batch import Batch, Beside, Sender, Stamp, seal
from beacon_gateway.spool import Progress, Spool, SpoolUnwritable
from beacon_gateway.spool_file import FULL
from beacon_gateway.strangers import Strangers
from groundwork.adverts.advert import Advert
from groundwork.adverts.condense import Closed, Columns, Condenser
from groundwork.adverts.frame import NO_OPTIONS, Options
from groundwork.adverts.gate import Gate, possible
from groundwork.adverts.reader import PERSONAL, STRANGER, TELEMETRY_ONLY, Reader
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.plumbing.hops import Hops

IMPOSSIBLE: Final = "impossible_rssi"
FOREIGN: Final = "unknown_radio"
DISK: Final = "disk_full"
_SET_BACK_MS: Final = 10_000
"""A clock that falls back further was corrected; waiting for it to catch up would mean hearing nothing for as long."""
_MOST_PENDING: Final = 50_000
"""Rows kept in memory while the disk refuses them: some minutes of a busy shop, under 30 MB."""
_UNKNOWN: Final = (STRANGER, PERSONAL)
"""Refusals of devices that a box may be set to count."""


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
    heartbeat_ms: int = 0
    """In longer silence, still one empty batch so often: the box is alive and hears nothing. 0: none."""
    left_after_ms: int = 0
    """A beacon unheard for so long has left, and that is told once; 0: never."""
    max_rows: int = 2_000
    """Rows in a batch; 72 kB of frame, well under the backend's limit."""
    seal_every_ms: int = 0
    """Seal at most so often; 0 seals at each window's close. Replays that need no latency take more."""
    backlog_batches: int = 5
    """While more batches than this wait in the spool, seal only every `backlog_seal_ms`: fewer, larger ones catch up faster."""
    backlog_seal_ms: int = 2_000


class Pipeline:
    """The stages of one box. Not for two threads at once."""

    def __init__(
        self,
        plan: Plan,
        spool: Spool,
        hops: Hops,
        position: Callable[[int], str] = lambda _covered_until_ms: "",
        strangers: Strangers | None = None,
    ) -> None:
        """`position` says where the source would read on if everything up to the given time had been dealt with.

        `strangers` counts unknown devices; without it they are only dropped.
        """
        self._plan = plan
        self._radios = plan.radios or frozenset({plan.sender.gateway})
        self._spool = spool
        self._position = position
        self._strangers = strangers
        self._reader = Reader(plan.gate, plan.options)
        self._condenser = Condenser(plan.window_ms, spool.progress.covered_until_ms, plan.left_after_ms)
        self._gate_hop = hops.hop("gateway.gate", "adverts")
        self._condense_hop = hops.hop("gateway.condense", "adverts")
        self._spool_hop = hops.hop("gateway.spool", "sightings")
        self._spool_hop.take(spool.held.rows)
        self._spool_hop.held += spool.held.rows
        self._pending = Columns()
        self._beside = Beside()
        self._told_ms = spool.progress.covered_until_ms
        self._refused: Counter[str] = Counter()
        self._read_on = spool.progress.position
        self._following: Plan | None = None

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

    @property
    def empty(self) -> bool:
        """Whether nothing at all waits for sealing, neither rows nor what is told beside them."""
        return self.at_rest and not self._refused and not self._beside

    def hear(self, adverts: Iterable[Advert]) -> None:
        """Takes adverts in, in any order; those of windows already closed are refused as late."""
        for advert in adverts:
            self._gate_hop.take()
            beacon, telemetry, refusal = self._reader.read(advert.data, advert.address)
            wrong = refusal or self._wrong(advert)
            if beacon is None or wrong:
                self._refuse(advert.at_ms, wrong)
            else:
                self._gate_hop.give()
                self._condense(advert, beacon)
            if beacon is not None and telemetry is not None and wrong in ("", TELEMETRY_ONLY) and advert.gateway in self._radios:
                self._condenser.measure(advert.gateway, beacon, advert.at_ms, telemetry)
            elif self._strangers is not None and wrong in _UNKNOWN:
                self._strangers.hear(advert.address, advert.at_ms)

    def refuse(self, at_ms: int, code: str) -> None:
        """Counts an advert that its source could not hand over."""
        self._gate_hop.take()
        self._refuse(at_ms, code)

    def advance(self, now_ms: int) -> int:
        """Closes the windows that have ended and seals what is due; returns how many batches were sealed.

        When the disk refuses, rows wait in memory for the next call; see `disk_full` in the counts for what did not fit there.
        """
        if self.set_back(now_ms):
            self.turn(now_ms)
        closed = self._condenser.advance(now_ms)
        if closed is None:
            return 0
        self._collect(closed)
        sealed = self._seal(now_ms) if self._due() else 0
        self._turn_over()
        return sealed

    def follow(self, plan: Plan) -> None:
        """Goes on by another plan for the same box, from a window's end on at which everything heard before is sealed."""
        self._following = plan

    def finish(self, now_ms: int) -> int:
        """Closes and seals everything at once, open windows too; for a source that cannot be read again. Returns the batches sealed."""
        closed = self._condenser.advance(self._condenser.newest_end_ms)
        if closed is not None:
            self._collect(closed)
        sealed = 0
        while self._pending or self._refused or self._beside:
            now_sealed = self._seal(now_ms)
            if not now_sealed:
                break
            sealed += now_sealed
        return sealed

    def set_back(self, now_ms: int) -> bool:
        """Whether the clock was set back so far that windows must open again; `advance` sees to it."""
        return now_ms < self._condenser.closed_until_ms - _SET_BACK_MS

    def _turn_over(self) -> None:
        plan = self._following
        if plan is None or self._pending or not self._condenser.recut(plan.window_ms):
            return
        self._plan, self._reader, self._following = plan, Reader(plan.gate, plan.options), None

    def turn(self, now_ms: int) -> None:
        """Goes on from `now_ms`, by a clock that was set."""
        self._condenser.turn_back(now_ms)
        self._told_ms = self._condenser.closed_until_ms
        if self._strangers is not None:
            self._strangers.turn_back(now_ms)

    def _wrong(self, advert: Advert) -> str:
        """Why an admitted beacon's advert makes no sighting; empty where it does."""
        if not possible(advert.rssi_dbm):
            return IMPOSSIBLE
        return "" if advert.gateway in self._radios else FOREIGN

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
        self._beside.left += closed.left
        self._beside.telemetry += closed.telemetry
        if self._strangers is not None:
            self._beside.strangers += self._strangers.close(closed.until_ms)
        if not self._told_ms:
            self._told_ms = closed.until_ms
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
        if self._following is not None and self._pending:
            return True
        if self._pending or self._beside:
            return waited or len(self._pending) >= self._plan.max_rows
        silent_ms = self._condenser.closed_until_ms - self._spool.progress.heard_until_ms
        if waited and 0 <= silent_ms <= self._plan.hold_ms:
            return True
        return 0 < self._plan.heartbeat_ms <= self._condenser.closed_until_ms - self._told_ms

    def _seal(self, now_ms: int) -> int:
        rows = self._pending
        heard_ms = rows.window_start_ms[-1] + self._plan.window_ms if rows else self._spool.progress.heard_until_ms
        covered_ms = self._condenser.closed_until_ms
        beside, later = self._beside.split(self._plan.max_rows)
        batches = list(self._batches(now_ms, beside))
        try:
            lost_rows = self._spool.seal(batches, Progress(covered_ms, heard_ms, self._read_on))
        except SpoolUnwritable:
            return 0
        self._count(rows, lost_rows)
        self._pending, self._refused, self._beside, self._told_ms = Columns(), Counter(), later, covered_ms
        return len(batches)

    def _batches(self, now_ms: int, beside: Beside) -> Iterator[Batch]:
        """The pending rows in batches of `max_rows`; only the last may say that all is covered, for it completes the windows."""
        rows, most = self._pending, self._plan.max_rows
        refused = self._refused + self._spool.unreported
        starts = range(0, len(rows), most) if rows else range(1)
        for index, start in enumerate(starts):
            last = start + most >= len(rows)
            covered_ms = self._condenser.closed_until_ms if last else self._spool.progress.covered_until_ms
            stamp = Stamp(self._spool.boot, self._spool.next_number + index, now_ms, covered_ms, {})
            if last:
                stamp = replace(stamp, refused=refused, beside=beside, gaps=self._spool.unreported_gaps)
            yield seal(self._plan.sender, stamp, self._plan.window_ms, rows.slice(start, start + most))

    def _count(self, rows: Columns, lost_rows: int) -> None:
        adverts = sum(rows.adverts)
        self._condense_hop.held -= adverts
        self._condense_hop.give(adverts)
        self._spool_hop.take(len(rows))
        kept = len(rows) - lost_rows  # worked out first: the uplink changes `held` too, in another thread, between two calls
        self._spool_hop.held += kept
        self._spool_hop.refuse(FULL, lost_rows)
