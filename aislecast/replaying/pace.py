"""Pace: holds a replay to a multiple of its recording's own speed."""

import math
from dataclasses import dataclass, field

from groundwork.plumbing.clock import Clock


@dataclass(slots=True)
class Pace:
    """Waits by the clock `wall` until a recording played at `speed` times its own would be as far; `max` never waits.

    Each session is held to its own beginning, so that what a step takes is made up for and no wait lasts from one day to the next.
    """

    wall: Clock
    speed: str
    _began_s: float = field(default=0.0, init=False)

    def begin(self, session_ms: int = 0) -> None:
        """A session goes on from here: it is `session_ms` milliseconds old by now."""
        self._began_s = self.wall.monotonic_s() - session_ms / 1000 / self._times

    async def reach(self, session_ms: int) -> None:
        """Returns when the session is `session_ms` milliseconds old."""
        left_s = self._began_s + session_ms / 1000 / self._times - self.wall.monotonic_s()
        if left_s > 0:
            await self.wall.sleep(left_s)

    @property
    def _times(self) -> float:
        return math.inf if self.speed == "max" else float(self.speed)
