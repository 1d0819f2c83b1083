"""The box's two clocks beside its own: what is known of the time, and the time that adverts are stamped by.

Boxes start in 1970, drift, and are set while they run, by a time server or by what the backend tells. `CorrectedClock` says at every moment
what is known then; so it jumps. `SteadyClock` does not: it goes on by the machine's own count of time until whoever stamps by it has put
away what it stamped so far (`listen.py`), so that no batch ever holds times of two kinds. Waiting is by the box's own clock.
"""

from typing import Final

from groundwork.plumbing.clock import Clock

SAME_CLOCK_MS: Final = 1_000
"""A clock that moved less was slewed, not set; re-timing by so little would only cost writes."""
_AT_ONCE_S: Final = 0.05
_READS: Final = 5
"""Two clocks are read as one moment; if something came between, again."""


def lead_ms(clock: Clock) -> int:
    """How far `clock` is ahead of the machine's own count of time, which no setting of a clock moves."""
    for _ in range(_READS):
        before_s, now_ms, after_s = clock.monotonic_s(), clock.now_ms(), clock.monotonic_s()
        if after_s - before_s < _AT_ONCE_S:
            break
    return now_ms - round((before_s + after_s) * 500)


class CorrectedClock:
    """`clock` plus `offset_ms`, which the uplink learns."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.offset_ms = 0

    def correct(self, offset_ms: int) -> None:
        """From now on shows `offset_ms` more than the box's own clock."""
        self.offset_ms = offset_ms

    def now_ms(self) -> int:
        return self._clock.now_ms() + self.offset_ms

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class SteadyClock:
    """As `known` was when this was made, or last settled; a `known` that is slewed is followed."""

    def __init__(self, known: Clock) -> None:
        self._known = known
        self._lead_ms = lead_ms(known)

    @property
    def was_set(self) -> bool:
        """Whether `known` has jumped since, and this has not."""
        moved_ms = lead_ms(self._known) - self._lead_ms
        if abs(moved_ms) > SAME_CLOCK_MS:
            return True
        self._lead_ms += moved_ms
        return False

    def settle(self) -> None:
        """Jumps to where `known` is."""
        self._lead_ms = lead_ms(self._known)

    def now_ms(self) -> int:
        return round(self._known.monotonic_s() * 1000) + self._lead_ms

    def monotonic_s(self) -> float:
        return self._known.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        await self._known.sleep(seconds)
