"""Upkeep: what a box does for itself now and then, beside hearing and sending: changes its key in time, asks what the site has decided.

A loop (see `plumbing/service.py`) that nothing else waits for; the server's absence costs it a pause and the box nothing.
"""

import random
from typing import Final

import structlog

from beacon_gateway.exits import Stop
from beacon_gateway.pull import Pull
from beacon_gateway.rotate import Rotation
from groundwork.plumbing.clock import Clock

_LOOK_S: Final = 30.0
"""How often it looks whether anything is due; a key that another process has changed is followed as late as this."""
_FIRST_S: Final = 5.0
"""Boxes that come back from one power cut ask for their configuration spread over this long."""
_RETRY_S: Final = 600.0
"""Between attempts to change the key; the present one is good meanwhile."""
_log = structlog.get_logger("gateway")


class Upkeep:
    """The loop. `rotation` is None where the settings name the key; `pull` where no deployment's key is pinned."""

    name = "gateway.upkeep"

    def __init__(self, rotation: Rotation | None, pull: Pull | None, clock: Clock, rng: random.Random, pull_every_s: int) -> None:
        self._clock = clock
        self._rng = rng
        self._pull_every_s = pull_every_s
        self._rotate_s = 0.0
        self._pull_s = clock.monotonic_s() + rng.uniform(0, _FIRST_S)
        self.rotation = rotation
        self.pull = pull

    async def step(self) -> bool:
        """Does what is due; always False, for there is never more at once."""
        now_s = self._clock.monotonic_s()
        if self.rotation is not None:
            await self._look_after_key(self.rotation, now_s)
        if self.pull is not None and now_s >= self._pull_s:
            self._pull_s = now_s + self._pull_every_s * self._rng.uniform(0.8, 1.2)
            await self.pull.turn()
        return False

    async def wait(self) -> None:
        """Until the next look."""
        left_s = self._pull_s - self._clock.monotonic_s() if self.pull is not None else _LOOK_S
        await self._clock.sleep(min(max(left_s, 0.1), _LOOK_S))

    async def close(self) -> None:
        return None

    async def _look_after_key(self, rotation: Rotation, now_s: float) -> None:
        rotation.follow()
        if now_s < self._rotate_s or not rotation.due():
            return
        self._rotate_s = now_s + _RETRY_S
        try:
            if await rotation.turn():
                _log.info("key changed", key=rotation.key_id)
            else:
                _log.warning("key not changed", trouble=rotation.trouble)
        except Stop as stop:
            rotation.trouble = stop.said("en")
            _log.error("key not changed", trouble=rotation.trouble)
