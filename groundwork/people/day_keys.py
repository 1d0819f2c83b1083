"""Day keys: made before they are needed and destroyed when nothing that is still to come can need them.

A loop looks at every quarter of an hour, the rhythm of the tokens. A destroyed key is gone from the database at that moment and from the
memory of every process within its refresh period; from then on the tokens of its day mean nothing to anybody, wherever copies lie.
"""

from typing import Final

from groundwork.contracts.ids import TenantId
from groundwork.people import queries
from groundwork.people.model import DayKey
from groundwork.people.tokens import DAY_MS, DRIFT, WINDOW_MS
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

AHEAD_DAYS: Final = 2
"""Keys of today, of tomorrow (phones fetch a day ahead), and one day more, should this not run for a day."""


def oldest_needed(now_ms: int, memory_ms: int) -> int:
    """The first day whose tokens a sighting that is still to come may carry, when gateways keep sightings for `memory_ms`."""
    return (now_ms - memory_ms - (DRIFT + 1) * WINDOW_MS) // DAY_MS


class DayKeys:
    """The loop (see `plumbing/service.py`)."""

    name = "day keys"

    def __init__(self, parts: Parts, memory_s: int) -> None:
        """Keys live on for `memory_s` after their day."""
        self._parts = parts
        self._memory_ms = memory_s * 1000
        self._due_ms = 0

    async def step(self) -> bool:
        """Looks once in a quarter of an hour; True when a key was made or destroyed."""
        now_ms = self._parts.clock.now_ms()
        if now_ms < self._due_ms:
            return False
        changed = await self.renew()
        self._due_ms = (now_ms // WINDOW_MS + 1) * WINDOW_MS
        return changed

    async def renew(self) -> bool:
        """Makes what is missing and destroys what is old, for every tenant; True when that was anything."""
        now_ms = self._parts.clock.now_ms()
        today = now_ms // DAY_MS
        wanted, oldest = range(today, today + AHEAD_DAYS + 1), oldest_needed(now_ms, self._memory_ms)
        days = await self._parts.db.read(queries.days_of_keys)
        missing = {tenant: [day for day in wanted if day not in known] for tenant, known in days.items()}
        made = [(tenant, self._new(day)) for tenant, lacking in missing.items() for day in lacking]
        old = [tenant for tenant, known in days.items() if any(live and day < oldest for day, live in known.items())]
        if not made and not old:
            return False

        def work(conn: Connection) -> None:
            for tenant, day_key in made:
                queries.make_day_key(conn, tenant, day_key)
            for tenant in old:
                queries.destroy_day_keys(conn, tenant, oldest, now_ms)

        await self._parts.db.write(work)
        return True

    async def of_day(self, tenant: TenantId, day: int) -> DayKey:
        """The tenant's key of a day in reach; made now where the tenant is newer than the last look."""
        for _ in range(2):
            found = await self._parts.db.read(lambda conn: queries.day_keys(conn, tenant))
            for day_key in found:
                if day_key.day == day:
                    return day_key
            await self.renew()
        raise LookupError(f"tenant {tenant!r} has no key of day {day}: it was destroyed, or lies beyond the next days")

    async def wait(self) -> None:
        await self._parts.clock.sleep(max(0, self._due_ms - self._parts.clock.now_ms()) / 1000)

    async def close(self) -> None:
        """Holds nothing."""

    def _new(self, day: int) -> DayKey:
        return DayKey(day, self._parts.randbytes(16), int.from_bytes(self._parts.randbytes(4), "big"))
