"""Listening: brings source, pipeline and clock together, window after window.

Adverts wait in their source, stamped, until a window ends; so the box wakes twice a second, not two thousand times.
A source that knows what comes next is read window by window, however late we are: what is late, and so every row, then depends on the
recording alone and not on how fast this process was or whether it crashed.
"""

import asyncio
from collections.abc import Callable

from beacon_gateway.corrected import SteadyClock
from beacon_gateway.pipeline import Pipeline
from beacon_gateway.source import Source
from groundwork.plumbing.clock import Clock


class Listen:
    """A loop (see `plumbing/service.py`) over one source. `sealed` is called when there is something new in the spool."""

    name = "gateway.listen"

    def __init__(
        self,
        source: Source,
        pipeline: Pipeline,
        clock: Clock,
        sealed: Callable[[], None],
        barred: Callable[[], str] = str,
        steady: SteadyClock | None = None,
    ) -> None:
        """`barred` says why nothing may be heard at present; empty, and nothing hinders it.

        `steady` is `clock` where the source stamps by it, and not where adverts have times of their own.
        """
        self._source = source
        self._pipeline = pipeline
        self._clock = clock
        self._sealed = sealed
        self._barred = barred
        self._steady = steady
        self.drained = asyncio.Event()
        """Set once the source has ended and everything it gave is sealed."""

    async def step(self) -> bool:
        """Takes what the source has up to the open window's end, and closes windows whose time has passed."""
        if self.drained.is_set():
            return False
        if self._steady is not None and self._steady.was_set:
            self._turn(self._steady)
        now_ms = self._clock.now_ms()
        heard = self._take(min(now_ms, self._pipeline.next_close_ms))
        sealed = await self._close_windows(now_ms)
        if self._source.ended and self._pipeline.at_rest:
            sealed += await asyncio.to_thread(self._pipeline.finish, now_ms)
            self._tell(sealed)
            self.drained.set()
            return True
        self._tell(sealed)
        return heard or now_ms >= self._pipeline.next_close_ms

    async def wait(self) -> None:
        """Until the open window ends; a window's length at most, should the clock have been set back."""
        longest_ms = self._pipeline.window_ms
        left_ms = longest_ms if self.drained.is_set() else self._pipeline.next_close_ms - self._clock.now_ms()
        await self._clock.sleep(min(max(left_ms, 1), longest_ms) / 1000)

    async def close(self) -> None:
        """Stops the source and seals what it heard; what it can give again is left for the next run."""
        now_ms = self._clock.now_ms()
        if not self.drained.is_set() and not self._source.rewindable:
            self._take(now_ms)
            self._tell(await asyncio.to_thread(self._pipeline.finish, now_ms))
        await self._source.close()

    def _turn(self, steady: SteadyClock) -> None:
        """Follows a clock that was set: what is stamped by the old time is sealed by it, to be re-timed when it is sent.

        Without a pause, so that nothing is heard in between; where the disk refuses, the old time goes on until it does not.
        """
        now_ms = steady.now_ms()
        self._take(now_ms)
        self._tell(self._pipeline.finish(now_ms))
        if self._pipeline.empty:
            steady.settle()
            self._pipeline.turn(steady.now_ms())

    def _take(self, until_ms: int) -> bool:
        """Hands over what the source has up to `until_ms`; whether there was anything."""
        heard = self._source.read(until_ms)
        barred = self._barred()
        if barred:
            for advert in heard.adverts:
                self._pipeline.refuse(advert.at_ms, barred)
        else:
            self._pipeline.hear(heard.adverts)
        for at_ms, code in heard.refused:
            self._pipeline.refuse(at_ms, code)
        return bool(heard.adverts or heard.refused)

    async def _close_windows(self, now_ms: int) -> int:
        """Closes what has ended before the source's next advert; the disk's part in a thread. Returns the batches sealed."""
        next_ms = self._source.next_ms
        until_ms = now_ms if next_ms is None else min(now_ms, max(next_ms, self._pipeline.next_close_ms))
        if until_ms < self._pipeline.next_close_ms and not self._pipeline.set_back(now_ms):
            return 0
        return await asyncio.to_thread(self._pipeline.advance, until_ms)

    def _tell(self, sealed: int) -> None:
        if sealed:
            self._sealed()
