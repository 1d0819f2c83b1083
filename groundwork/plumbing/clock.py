"""Time as an argument: the wall clock, a clock that tests and replays set, and a clock that runs a rehearsal faster than the world.

This file is the one door to the wall clock; ruff bans `time.time`, `datetime.now` and their kin everywhere else.
"""

import asyncio
import heapq
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, Protocol

from groundwork.plumbing.reasons import Misfit, Words

_NO_CLOCK: Final = Words(
    "expected `system` or `START_MS@WALL_MSxSPEED`, got {got}", "المتوقع `system` أو `START_MS@WALL_MSxSPEED`، والمعطى {got}"
)
_NO_SPEED: Final = Words("a rehearsal's speed must be above 0, got {got}", "يجب أن تكون سرعة التجربة فوق 0، والمعطى {got}")


class Clock(Protocol):
    """Where time comes from. Milliseconds since 1970 UTC for what is stored, monotonic seconds for what is waited for."""

    def now_ms(self) -> int: ...

    def monotonic_s(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


def as_datetime(ms: int) -> datetime:
    """The aware UTC datetime of `ms` milliseconds since 1970."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _since_boot_s() -> float:
    """Counts on while the machine sleeps, where it can: a lid that was closed is no clock that was set."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic_s(self) -> float:
        return _since_boot_s()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told to: replays and tests own it. Sleepers wake, in order, when it passes them."""

    ms: int
    _sleepers: list[tuple[int, int, asyncio.Future[None]]] = field(default_factory=list)
    _count: int = 0

    def now_ms(self) -> int:
        return self.ms

    def monotonic_s(self) -> float:
        return self.ms / 1000

    @property
    def sleepers(self) -> int:
        """How many wait for this clock."""
        return len(self._sleepers)

    def set(self, ms: int) -> None:
        """Moves to `ms`; raises ValueError when that is in the past."""
        if ms < self.ms:
            raise ValueError(f"a clock does not run back: it shows {self.ms}, asked for {ms}")
        self.ms = ms
        while self._sleepers and self._sleepers[0][0] <= ms:
            sleeper = heapq.heappop(self._sleepers)[2]
            if not sleeper.done():
                sleeper.set_result(None)

    def advance(self, seconds: float) -> None:
        self.set(self.ms + round(seconds * 1000))

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        sleeper: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._count += 1
        heapq.heappush(self._sleepers, (self.ms + round(seconds * 1000), self._count, sleeper))
        await sleeper


@dataclass(frozen=True, slots=True)
class RehearsalClock:
    """Event time that starts at `start_ms` when the wall shows `wall_ms` and runs `speed` times as fast.

    Absolute, so that a process which dies and starts again, and every other process given the same three numbers, shows the same time.
    """

    start_ms: int
    wall_ms: int
    speed: float

    def now_ms(self) -> int:
        return self.start_ms + round((time.time_ns() / 1e6 - self.wall_ms) * self.speed)

    def monotonic_s(self) -> float:
        return _since_boot_s() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.speed)


async def set_or_after(told: asyncio.Event, clock: Clock, seconds: float) -> None:
    """Returns when `told` is set, and after `seconds` of the clock's at the latest."""
    waits = [asyncio.ensure_future(told.wait()), asyncio.ensure_future(clock.sleep(seconds))]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiting in waits:
            waiting.cancel()


def clock_from(text: str) -> Clock:
    """The clock a setting names: `system`, or `START_MS@WALL_MSxSPEED` for a rehearsal. Raises Misfit naming what was expected."""
    if text == "system":
        return SystemClock()
    try:
        start, rest = text.split("@")
        wall, speed = rest.split("x")
        clock = RehearsalClock(int(start), int(wall), float(speed))
    except ValueError:
        raise Misfit(_NO_CLOCK, got=repr(text)) from None
    if clock.speed <= 0:
        raise Misfit(_NO_SPEED, got=clock.speed)
    return clock
