"""Clocks: how far each box's clock is off, and what it says moved to the server's time before anything is made of it.

A batch says when it was sealed, by the box's clock; the server knows when it came. The difference, the **lag**, is what the clock is off
plus the time the batch was under way, which is never below nothing. So the least lag of the last minute is nearest to the clock:
* Below -AHEAD_MS, nothing but a clock that runs ahead explains it: corrected from the first batch on.
* Above BEHIND_MS it may be backlog. Backlog is worked off, so its lag falls, or comes between batches of now; a lag that has been the same
  for STEADY_MS is a clock that runs behind. Until then such rows are late (`tracking/late.py`), and lost to nobody.
Only a batch sealed after all others counts, so that an old one that is sent again or comes late teaches nothing; a clock that is set back,
or a box that was away for a minute, is judged anew. Corrections are whole windows, so that windows of one venue stay side by side.

The correction stands in the log entry, with the rows already moved: a replay asks no clock. Boxes of ours also learn the server's time
themselves (`beacon_gateway/line.py`), within what a signature may be off; this is for what that leaves, and for boxes of others.
Pure but for its own memory, which `accept.py` keeps in rows: a restart knows what was known.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from geofence.intake.admit import LATEST_MS, Batch
from geofence.intake.faults import BatchError, Said
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.contracts.sighting import SightingHeader

AHEAD_MS: Final = 2_000
"""A batch that comes so long before it was sealed; servers' own clocks differ by less."""
BEHIND_MS: Final = 10_000
"""A slow link may take seconds; a lag beyond this is a clock or backlog."""
STEADY_MS: Final = 10_000
"""For so long a lag must have stayed the same, and STEADIES batches with it, to be a clock's."""
STEADIES: Final = 5
WOBBLE_MS: Final = 5_000
"""What is still the same. Backlog that is sent twice as fast as it was heard falls by twice as much in that time."""
MEMORY_MS: Final = 60_000
DRIFT_MS: Final = 1_000
"""A correction that is off by less is left as it is: rows of a box should not jump for nothing."""
_MOST: Final = 64
"""Lags remembered of a box, at most one a second."""

Key = tuple[TenantId, GatewayId]


class Skew(NamedTuple):
    """A box's clock, off by so much: what is added to its times."""

    tenant: TenantId
    gateway: GatewayId
    offset_ms: int
    since_ms: int
    """When that was found out, by the server's clock."""


@dataclass(slots=True)
class _Clock:
    """What is known of one box's clock."""

    offset_ms: int = 0
    boot: str = ""
    batch: int = 0
    sent_ms: int = -1
    seen_ms: int = -1
    """When the newest batch came."""
    lags: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=_MOST))
    """When, and how much; at most one a second."""


class Clocks:
    """The boxes' clocks, as far as this process has heard of them."""

    def __init__(self) -> None:
        self._clocks: dict[Key, _Clock] = {}
        self._loaded = False

    def wanting(self, said: SightingHeader, now_ms: int) -> bool:
        """Whether what was known before a restart would matter now: a clock looks off, and it has not been loaded."""
        return not self._loaded and not -AHEAD_MS <= now_ms - said.sent_ms <= BEHIND_MS

    def load(self, skews: Iterable[Skew]) -> None:
        """What was known before a restart; where a box's clock is known to be off by now, nothing changes."""
        self._loaded = True
        for skew in skews:
            clock = self._clocks.setdefault((skew.tenant, skew.gateway), _Clock())
            clock.offset_ms = clock.offset_ms or skew.offset_ms

    def skewed(self) -> Mapping[Key, int]:
        """The boxes whose clocks are off, and by how much, in ms to be added to their times."""
        return {key: clock.offset_ms for key, clock in sorted(self._clocks.items()) if clock.offset_ms}

    def read(self, said: SightingHeader, now_ms: int, window_ms: int) -> tuple[int, bool]:
        """What to add to the batch's times, a multiple of `window_ms`, and whether that changed with this batch."""
        clock = self._clocks.setdefault((said.tenant, said.gateway), _Clock())
        if self._teaches(clock, said, now_ms):
            clock.boot, clock.batch, clock.sent_ms, clock.seen_ms = said.boot, said.batch, said.sent_ms, now_ms
            _remember(clock, now_ms, now_ms - said.sent_ms)
        before_ms = clock.offset_ms
        estimate_ms = _estimate(clock)
        if estimate_ms == 0 or abs(estimate_ms - before_ms) > DRIFT_MS:
            clock.offset_ms = round(estimate_ms / window_ms) * window_ms
        return clock.offset_ms, clock.offset_ms != before_ms

    @staticmethod
    def _teaches(clock: _Clock, said: SightingHeader, now_ms: int) -> bool:
        if now_ms - clock.seen_ms > MEMORY_MS:
            clock.lags.clear()
            return True
        if said.sent_ms >= clock.sent_ms:
            return True
        set_back = said.boot == clock.boot and said.batch > clock.batch
        if set_back and clock.sent_ms - said.sent_ms > AHEAD_MS:
            clock.lags.clear()
        return set_back


def _remember(clock: _Clock, now_ms: int, lag_ms: int) -> None:
    while clock.lags and now_ms - clock.lags[0][0] > MEMORY_MS:
        clock.lags.popleft()
    if clock.lags and now_ms // 1_000 == clock.lags[-1][0] // 1_000:
        lag_ms = min(lag_ms, clock.lags.pop()[1])
    clock.lags.append((now_ms, lag_ms))


def _estimate(clock: _Clock) -> int:
    """What the clock is off by, as far as its lags tell; what was known before holds until they do."""
    if not clock.lags:
        return clock.offset_ms
    lags = [lag_ms for _, lag_ms in clock.lags]
    least, most = min(lags), max(lags)
    if least < -AHEAD_MS:
        return least
    if least <= BEHIND_MS:
        return 0
    steady = clock.lags[-1][0] - clock.lags[0][0] >= STEADY_MS and len(lags) >= STEADIES and most - least <= WOBBLE_MS
    return least if steady else min(clock.offset_ms, least) if clock.offset_ms > 0 else 0


def moved(batch: Batch, by_ms: int) -> Batch:
    """The batch with its times moved. Raises BatchError where that leads out of all time."""
    if not by_ms:
        return batch
    earliest_ms = int(batch.window_start_ms.min(initial=batch.covered_until_ms)) + by_ms
    if earliest_ms < 0 or batch.covered_until_ms + by_ms > LATEST_MS:
        expected = Said(f"a time by a clock that is {by_ms} ms off", f"وقت بساعة فرقها {by_ms} ملّي ثانية")
        raise BatchError("/covered_until_ms", batch.covered_until_ms, expected)
    return replace(batch, covered_until_ms=batch.covered_until_ms + by_ms, window_start_ms=batch.window_start_ms + by_ms)
