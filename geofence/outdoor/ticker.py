"""The outdoor ticker: puts time itself into a shopper's log where something falls due and her phones are silent.

As `geofence/intake/ticker.py` does for venues. Only shoppers for whom the next dwell or silence has come get an entry.
"""

from collections.abc import Callable, Mapping, Sequence

from geofence.outdoor.memory import ShopperKey
from geofence.outdoor.pipeline import Due
from geofence.outdoor.reported import tick
from groundwork.contracts.subjects import GPS_REPORTS
from groundwork.plumbing.bus import Bus, Entry
from groundwork.plumbing.clock import Clock


class OutdoorTicker:
    """Loop over what the pipelines of this process say is due."""

    name = "geofence outdoor ticker"

    def __init__(self, bus: Bus, clock: Clock, tick_ms: int, due: Callable[[], Sequence[Mapping[ShopperKey, Due]]]) -> None:
        self._bus = bus
        self._clock = clock
        self._tick_ms = tick_ms
        self._due = due
        self._ticked_ms: dict[ShopperKey, int] = {}

    async def step(self) -> bool:
        now_ms = self._clock.now_ms()
        self._ticked_ms = {key: at_ms for key, at_ms in self._ticked_ms.items() if at_ms + self._tick_ms > now_ms}
        due = {key: one for of_shard in self._due() for key, one in of_shard.items() if one.at_ms <= now_ms}
        keys = sorted(key for key, one in due.items() if max(one.last_ms, self._ticked_ms.get(key, 0)) + self._tick_ms <= now_ms)
        if not keys:
            return False
        await self._bus.put([Entry(GPS_REPORTS, shopper, tick(tenant, shopper, now_ms)) for tenant, shopper in keys])
        self._ticked_ms |= dict.fromkeys(keys, now_ms)
        return True

    async def wait(self) -> None:
        await self._clock.sleep(self._tick_ms / 1000)

    async def close(self) -> None:
        return None
