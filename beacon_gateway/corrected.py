"""The corrected clock: the box's own, moved by what the backend has told of its. Boxes start in 1970 and drift.

Adverts are stamped and windows cut by it; waiting is by the box's own. What was sealed before the correction keeps its old times.
"""

from groundwork.plumbing.clock import Clock


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
