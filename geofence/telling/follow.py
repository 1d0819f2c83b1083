"""Following: one look at all chronicles at a time, on behalf of everybody who waits for something to happen.

Whoever follows a venue reads its rows herself; this only says when there may be some, so a hundred listeners cost one small read.
"""

import asyncio

from geofence import queries
from geofence.queries import Happening
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries as people
from groundwork.people.model import POSITIONING
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database, DatabaseTrouble


class Follow:
    """Loop that looks while anybody listens."""

    name = "geofence chronicles"

    def __init__(self, db: Database, clock: Clock, every_ms: int) -> None:
        self.listeners = 0
        self.closed = False
        self._db = db
        self._clock = clock
        self._every_ms = every_ms
        self._look_at_ms = 0
        self._heads: dict[tuple[TenantId, VenueId], int] = {}
        self._more: dict[tuple[TenantId, VenueId], asyncio.Event] = {}

    def change(self, tenant: TenantId, venue: VenueId) -> asyncio.Event:
        """What is set when something happens there. Ask for it before reading, so that nothing is missed."""
        return self._more.setdefault((tenant, venue), asyncio.Event())

    async def step(self) -> bool:
        """Looks, if it is time to and anybody listens; wakes those for whom there is something new."""
        now_ms = self._clock.now_ms()
        if not self.listeners or now_ms < self._look_at_ms:
            return False
        self._look_at_ms = now_ms + self._every_ms
        try:
            heads = await self._db.read(queries.heads)
        except DatabaseTrouble:  # readiness tells of it; listeners just hear nothing
            return False
        for key, number in heads.items():
            if number > self._heads.get(key, 0):
                self._wake(key)
        self._heads = heads
        return False

    async def wait(self) -> None:
        soonest_ms = 0 if self.listeners else self._every_ms
        await self._clock.sleep(max(soonest_ms, self._look_at_ms - self._clock.now_ms()) / 1000)

    async def close(self) -> None:
        """Ends every stream."""
        self.closed = True
        for key in list(self._more):
            self._wake(key)

    def _wake(self, key: tuple[TenantId, VenueId]) -> None:
        woken = self._more.pop(key, None)
        if woken is not None:
            woken.set()


def allowed(conn: Connection, tenant: TenantId, some: list[Happening]) -> list[Happening]:
    """What may leave this deployment: of shoppers who consent to positioning now, do not pause and are not being erased."""
    may = people.consenting(conn, tenant, {one.what.shopper for one in some}, POSITIONING)
    return [one for one in some if one.what.shopper in may]
