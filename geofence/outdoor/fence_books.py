"""Fence books in memory: each tenant's fences as its published venues have them now. Kept fresh by a loop that `service.py` builds."""

import itertools
from typing import Final, NamedTuple

import structlog

from floorplans import queries as floorplan_queries
from floorplans.model import Approach, Polygon
from geofence.outdoor.fences import fences_of
from geofence.outdoor.matching import FenceBook, VenueFences
from geofence.places import Places
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database

_LOOK_MS: Final = 10_000
"""How often venues are read though no plan was published: their words can change without one."""
_log = structlog.get_logger()

Published = dict[tuple[TenantId, VenueId], PlanVersionId]


class _Said(NamedTuple):
    """What a venue's fences follow from."""

    venue: VenueId
    version: PlanVersionId
    outline: tuple[Polygon, ...]
    approaches: tuple[Approach, ...]


class FenceBooks:
    """Answers from memory; `renew` is run by a Refresh loop, after the one that loads plans."""

    def __init__(self, db: Database, clock: Clock, places: Places) -> None:
        self._db = db
        self._clock = clock
        self._places = places
        self._published: Published = {}
        self._looked_ms = -_LOOK_MS
        self._said: dict[TenantId, tuple[_Said, ...]] = {}
        self._books: dict[TenantId, FenceBook] = {}

    def of(self, tenant: TenantId) -> FenceBook:
        """The tenant's fences; an empty book where there are none."""
        return self._books.get(tenant) or FenceBook(())

    async def renew(self) -> bool:
        """Reads what venues say, where a plan was published or it is time to look; True when fences changed."""
        published = await self._db.read(floorplan_queries.published_versions)
        now_ms = self._clock.now_ms()
        if published == self._published and now_ms - self._looked_ms < _LOOK_MS:
            return False
        said = await self._db.read(lambda conn: _said(conn, published))
        self._published, self._looked_ms = published, now_ms
        changed = [tenant for tenant in sorted(said.keys() | self._said.keys()) if said.get(tenant) != self._said.get(tenant)]
        for tenant in changed:
            self._books[tenant] = self._book(tenant, said.get(tenant, ()))
        vague = {tenant for tenant in changed if not all(map(self._known, itertools.repeat(tenant), said.get(tenant, ())))}
        if vague:  # levels that are not in memory yet: look again
            self._published = {}
        self._said = {tenant: venues for tenant, venues in said.items() if tenant not in vague}
        return bool(changed)

    def _known(self, tenant: TenantId, one: _Said) -> bool:
        plan = self._places.published(tenant, one.venue)
        return plan is not None and plan.version == one.version

    def _book(self, tenant: TenantId, venues: tuple[_Said, ...]) -> FenceBook:
        drawn = []
        for one in venues:
            plan = self._places.published(tenant, one.venue)
            if plan is None:
                continue
            fences, problems = fences_of(one.outline, one.approaches, plan.levels)
            if fences:
                drawn.append(VenueFences(one.venue, one.version, tuple(fences)))
            for problem in problems:
                _log.warning("fence_left_out", tenant=tenant, venue=one.venue, problem=problem)
        book = FenceBook(drawn)
        for problem in book.problems:
            _log.warning("fence_left_out", tenant=tenant, problem=problem)
        return book


def _said(conn: Connection, published: Published) -> dict[TenantId, tuple[_Said, ...]]:
    found: dict[TenantId, list[_Said]] = {}
    for venue in floorplan_queries.all_venues(conn):
        version = published.get((venue.tenant, venue.id))
        if version is not None:
            found.setdefault(venue.tenant, []).append(_Said(venue.id, version, venue.outline, venue.approaches))
    return {tenant: tuple(venues) for tenant, venues in found.items()}
