"""Erasure in the geofence: every engine of the tenant forgets the shopper, and then nothing written of her is left.

An engine's state follows from its log, so forgetting is an entry of that log like any other: first one for the outdoor engine, which might
still tell venues of her; once that has forgotten her, one for each venue, appended once. The commit
that works it off removes her rows and stores a snapshot without her, which lets go of the entries before it. Whatever her last rows had
led to is left out as it is written (`pipeline.py`), and ingest lets none of her rows into the log after that entry (`intake/accept.py`).
"""

from functools import partial
from typing import Final

from floorplans import queries as floorplan_queries
from geofence import queries
from geofence.admitted import forget
from geofence.intake.accept import log_key
from geofence.outdoor import reported
from geofence.outdoor.reported import OUTSIDE
from geofence.queries import Forgetting
from groundwork.contracts.subjects import GPS_REPORTS, SIGHTINGS
from groundwork.people import queries as people
from groundwork.people.queries import Erasure
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

SERVICE: Final = "geofence"


class Eraser:
    """Carries out this service's part of erasures; `run` is called by a Refresh loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def run(self) -> bool:
        """Takes every open erasure as far as it can go now; True when one moved."""
        moved = False
        for erasure, told in await self._parts.db.read(_open):
            if not told:
                await self._tell_outside(erasure)
                moved = True
            elif any(venue.done_ms is None for venue in told):
                continue
            elif [venue.venue for venue in told] == [OUTSIDE]:
                await self._tell(erasure)
                moved = True
            else:
                await self._parts.db.write(partial(_finish, erasure=erasure, now_ms=self._parts.clock.now_ms()))
                moved = True
        return moved

    async def _tell_outside(self, erasure: Erasure) -> None:
        """Appends the entry for the outdoor engine. Once, whoever else does the same."""
        now_ms = self._parts.clock.now_ms()

        def admit(conn: Connection) -> Append:
            queries.tell_to_forget(conn, erasure.tenant, erasure.id, [OUTSIDE], now_ms)
            told = reported.forget(erasure.tenant, erasure.pseudonym, erasure.id, now_ms)
            return Append(b"", [Entry(GPS_REPORTS, erasure.pseudonym, told)])

        await self._parts.bus.append((erasure.tenant, "erasure", erasure.id, OUTSIDE), admit)

    async def _tell(self, erasure: Erasure) -> None:
        """Appends one entry for each venue that ever had a plan: only those have engines. Once, whoever else does the same."""
        now_ms = self._parts.clock.now_ms()

        def admit(conn: Connection) -> Append:
            tenant = erasure.tenant
            venues = sorted(venue for of_tenant, venue in floorplan_queries.published_versions(conn) if of_tenant == tenant)
            queries.tell_to_forget(conn, tenant, erasure.id, venues, now_ms)
            told = [(log_key(tenant, venue), forget(tenant, venue, erasure.id, erasure.pseudonym, now_ms)) for venue in venues]
            return Append(b"", [Entry(SIGHTINGS, key, payload) for key, payload in told])

        await self._parts.bus.append((erasure.tenant, "erasure", erasure.id), admit)


def _open(conn: Connection) -> list[tuple[Erasure, list[Forgetting]]]:
    return [(erasure, queries.forgettings(conn, erasure.tenant, erasure.id)) for erasure in people.open_erasures(conn, SERVICE)]


def _finish(conn: Connection, erasure: Erasure, now_ms: int) -> None:
    """Says that nothing is left here; removes once more what is not there any more, so that it is true in this very transaction."""
    rows = sum(told.rows for told in queries.forgettings(conn, erasure.tenant, erasure.id))
    rows += queries.erase(conn, erasure.tenant, erasure.pseudonym)
    people.add_erasure_part(conn, erasure.tenant, erasure.id, SERVICE, rows, now_ms)
    queries.end_forgetting(conn, erasure.tenant, erasure.id)
