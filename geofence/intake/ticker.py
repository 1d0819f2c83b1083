"""The ticker: puts time itself into the log of a venue where something falls due and nobody speaks.

Dwells, silent exits and visits' ends must come without a new sighting, and a replay must see them come at the same places: so time's
passing is an entry like any other. Only venues where the next thing to fall due has come get one, and none more often than `tick_ms`.
"""

from collections.abc import Callable, Mapping, Sequence

from geofence.admitted import tick
from geofence.intake.accept import log_key
from geofence.pipeline import Due
from geofence.places import VenueKey
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.plumbing.bus import Bus, Entry
from groundwork.plumbing.clock import Clock


class Ticker:
    """Loop over what the pipelines of this process say is due."""

    name = "geofence ticker"

    def __init__(self, bus: Bus, clock: Clock, tick_ms: int, due: Callable[[], Sequence[Mapping[VenueKey, Due]]]) -> None:
        self._bus = bus
        self._clock = clock
        self._tick_ms = tick_ms
        self._due = due
        self._ticked_ms: dict[VenueKey, int] = {}

    async def step(self) -> bool:
        now_ms = self._clock.now_ms()
        venues = sorted(venue for venue, at_ms in self._next().items() if at_ms <= now_ms)
        self._ticked_ms = {venue: at_ms for venue, at_ms in self._ticked_ms.items() if at_ms + self._tick_ms > now_ms}
        if not venues:
            return False
        await self._bus.put([Entry(SIGHTINGS, log_key(*venue), tick(*venue, now_ms)) for venue in venues])
        self._ticked_ms |= dict.fromkeys(venues, now_ms)
        return True

    async def wait(self) -> None:
        """Until the next tick is due; in between entries may come, so never longer than one period."""
        now_ms = self._clock.now_ms()
        soonest_ms = min(self._next().values(), default=now_ms + self._tick_ms)
        await self._clock.sleep(max(1, min(soonest_ms - now_ms, self._tick_ms)) / 1000)

    async def close(self) -> None:
        return None

    def _next(self) -> dict[VenueKey, int]:
        """When each venue may get its next tick: due, and nothing said for a while."""
        found = {}
        for of_shard in self._due():
            for venue, due in of_shard.items():
                said_ms = max(due.last_ms, self._ticked_ms.get(venue, due.last_ms))
                found[venue] = max(due.at_ms, said_ms + self._tick_ms)
        return found
