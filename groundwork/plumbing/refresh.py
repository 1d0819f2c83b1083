"""The loop that keeps something in memory in step with the database: at once when told of a change, and on time when not."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from groundwork.plumbing.bus import Bus
from groundwork.plumbing.clock import Clock, set_or_after
from groundwork.plumbing.service import Trouble


class Refresh:
    """Calls `renew`, which answers whether anything had changed, after an announcement on `topics` and at least every `every_ms`."""

    def __init__(
        self, name: str, renew: Callable[[], Awaitable[bool]], bus: Bus, topics: Iterable[str], clock: Clock, every_ms: int
    ) -> None:
        self._name = name
        self._renew = renew
        self._clock = clock
        self._every_ms = every_ms
        self._due_ms = clock.now_ms()
        self._told = asyncio.Event()
        self._stop = [bus.listen(topic, lambda _: self._told.set()) for topic in topics]

    @property
    def name(self) -> str:
        return self._name

    async def step(self) -> bool:
        """Renews if told or due; True when something had changed."""
        if not self._told.is_set() and self._clock.now_ms() < self._due_ms:
            return False
        self._told.clear()  # before reading, so that a change during the read is read again
        self._due_ms, due_ms = self._clock.now_ms() + self._every_ms, self._due_ms
        try:
            return await self._renew()
        except Trouble:
            self._due_ms = min(due_ms, self._clock.now_ms())  # still owed
            raise

    async def wait(self) -> None:
        """Returns when told of a change or when it is time to look."""
        await set_or_after(self._told, self._clock, max(0, self._due_ms - self._clock.now_ms()) / 1000)

    async def close(self) -> None:
        for stop in self._stop:
            stop()
