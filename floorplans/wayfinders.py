"""Guides through plans, by version: made once in a thread, kept while they are asked for, shared by whoever asks at the same time.

A version never changes, so nothing here goes stale; what is in force is asked of the database each time.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TypeVar

from floorplans import queries
from floorplans.errands import Guide
from floorplans.reasons import NO_PUBLISHED_PLAN, UNKNOWN_VENUE
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.reasons import Refusal

T = TypeVar("T")
_Key = tuple[TenantId, PlanVersionId]


class _Kept:
    """One guide, being made or made; it is asked by one thread at a time, since shapely's prepared shapes are not for two."""

    def __init__(self, made: "asyncio.Task[Guide]") -> None:
        self.made = made
        self.asking = asyncio.Lock()


class Wayfinders:
    """At most `most` of them, the one that was not asked for the longest given up first."""

    def __init__(self, db: Database, most: int) -> None:
        self._db, self._most = db, most
        self._kept: OrderedDict[_Key, _Kept] = OrderedDict()
        self._making = asyncio.Semaphore(1)
        """Making one takes a processor for seconds: the others wait rather than slow everything."""

    def __len__(self) -> int:
        return len(self._kept)

    async def ask(self, tenant: TenantId, venue: VenueId, question: Callable[[Guide], T]) -> T:
        """What `question` finds on the plan in force, in a thread. Raises Refusal where there is none."""
        version = await self._db.read(lambda conn: _in_force(conn, tenant, venue))
        kept = self._of(tenant, version)
        guide = await asyncio.shield(kept.made)  # who goes away does not take it from the others
        async with kept.asking:
            return await asyncio.to_thread(question, guide)

    async def close(self) -> None:
        """Waits for what is being made."""
        await asyncio.gather(*(one.made for one in self._kept.values()), return_exceptions=True)
        self._kept.clear()

    def _of(self, tenant: TenantId, version: PlanVersionId) -> _Kept:
        key = (tenant, version)
        kept = self._kept.get(key)
        if kept is None or (kept.made.done() and kept.made.exception() is not None):
            kept = self._kept[key] = _Kept(asyncio.create_task(self._make(*key)))
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return kept

    async def _make(self, tenant: TenantId, version: PlanVersionId) -> Guide:
        async with self._making:
            plan = await self._db.read(lambda conn: queries.plan(conn, tenant, version))
            assert plan is not None  # versions are never taken away
            return await asyncio.to_thread(Guide, plan)


def _in_force(conn: Connection, tenant: TenantId, venue: VenueId) -> PlanVersionId:
    version = queries.published_version(conn, tenant, venue)
    if version is not None:
        return version
    raise Refusal(UNKNOWN_VENUE if queries.venue(conn, tenant, venue) is None else NO_PUBLISHED_PLAN, value=venue)
